//! Lambda answered 429: no concurrency was left for the function.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner, Proof};
use crate::causes::recognise::{first, header, opens, reason};
use crate::ids::Severity;
use crate::logs::Execution;
use crate::logs::line::Kind;

pub(crate) static CAUSE: Cause = Cause {
    slug: "lambda-throttled",
    title: "Lambda throttled the function",
    severity: Severity::High,
    status: Some(500),
    blames: Blames::Elsewhere,
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise,
    text: "Lambda invocation failed with status: 429, or Execution failed due to configuration error: Rate \
           Exceeded., or the header x-amzn-ErrorType=TooManyRequestsException",
    happened: "API Gateway called Lambda's Invoke, and Lambda refused for lack of concurrency; the function \
               did not run.",
    why: "The function's reserved concurrency is used up (or is 0, which switches it off), or all of the \
          account's concurrency in this Region is. Calls that became slower use up concurrency without any \
          more traffic. Older logs show the same throttle as a malformed proxy response with status 502.",
    owner: Owner::Backend,
    next_steps: &[
        NextStep {
            what: "Read the function's reserved concurrency; 0 means that it is switched off.",
            command: Some("aws lambda get-function-concurrency --function-name FUNCTION --region {region}"),
            verify: None,
        },
        NextStep {
            what: "Read the account's limit, and what is left unreserved.",
            command: Some("aws lambda get-account-settings --region {region}"),
            verify: None,
        },
        NextStep {
            what: "See whether traffic grew or calls became slower (metrics ConcurrentExecutions, \
                   Throttles, Duration of AWS/Lambda).",
            command: Some(
                "aws cloudwatch list-metrics --namespace AWS/Lambda --metric-name Throttles \
                 --region {region}",
            ),
            verify: None,
        },
        NextStep {
            what: "Raise or free concurrency, shorten the calls, and limit clients with a usage plan so \
                   that they get a 429 and not a 5xx.",
            command: None,
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://repost.aws/knowledge-center/api-gateway-lambda-integration-errors",
        "https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html",
    ],
};

fn recognise(execution: &Execution<'_>) -> Option<Proof> {
    let refused = first(execution, |line| matches!(line.kind, Kind::LambdaRejected { status: 429 }));
    let headed = first(execution, |line| match line.kind {
        Kind::ResponseHeaders(headers) => {
            may_be_lambda(execution) && (names_throttle(headers) || line.rest.lines().any(names_throttle))
        }
        _ => false,
    });
    let said =
        reason(execution, &["Rate Exceeded", "x-amzn-ErrorType=TooManyRequestsException"]).map(|s| s.line);
    let mut lines = [refused, headed, said].into_iter().flatten();
    // The failure line goes along: it is what the reader of the log sees first.
    let failed = first(execution, |line| matches!(line.kind, Kind::Failure));
    lines.next().map(|line| Proof { line, also: lines.chain(failed).collect() })
}

fn names_throttle(headers: &str) -> bool {
    header(headers, "x-amzn-errortype").is_some_and(|name| opens(name, "TooManyRequestsException").is_some())
}

/// Any backend may write such a header; Lambda's counts, and where the lines do not say who answered.
fn may_be_lambda(execution: &Execution<'_>) -> bool {
    execution.endpoint_uri.is_none_or(|uri| uri.contains("/2015-03-31/functions/"))
}
