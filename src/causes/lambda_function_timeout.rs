//! `… customer function error: … Task timed out …`: Lambda's own timeout ended the function.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner, Proof};
use crate::causes::recognise::{customer_function_error, failure, opens};
use crate::ids::Severity;
use crate::logs::Execution;

pub(crate) static CAUSE: Cause = Cause {
    slug: "lambda-function-timeout",
    title: "the Lambda function ran into its own timeout",
    severity: Severity::High,
    status: Some(502),
    blames: Blames::Elsewhere,
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise,
    text: "Lambda execution failed with status 200 due to customer function error: … Task timed out after \
           3.00 seconds. Lambda request id: …",
    happened: "The function ran longer than its configured timeout; Lambda stopped it, and the client got a \
               502.",
    why: "The timeout is short (default 3 seconds), or the function waits for a database, a service, a \
          network route or a cold start.",
    owner: Owner::Backend,
    next_steps: &[
        NextStep {
            what: "Read the function's log of this invocation: the failure line ends with the Lambda \
                   request id.",
            command: Some(commands::FUNCTION_LOG),
            verify: None,
        },
        NextStep {
            what: "Read its timeout, memory and network settings.",
            command: Some("aws lambda get-function-configuration --function-name FUNCTION --region {region}"),
            verify: None,
        },
        NextStep {
            what: "If it runs in a VPC and waits for the Internet or an AWS service, check that its subnets \
                   have a NAT gateway or VPC endpoint.",
            command: None,
            verify: None,
        },
        NextStep {
            what: "Remove the wait. If the work needs longer, raise the function's timeout, and keep it \
                   below the integration's.",
            command: Some(
                "aws lambda update-function-configuration --function-name FUNCTION --timeout 15 \
                 --region {region}",
            ),
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html",
        "https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html",
    ],
};

fn recognise(execution: &Execution<'_>) -> Option<Proof> {
    failure(execution, |text| match customer_function_error(text) {
        Some(said) => is_timeout(said),
        None => is_timeout(text),
    })
}

/// Before the words stand a time, ids and labels (`RequestId: … Error:`), never a sentence of the function's own.
fn is_timeout(said: &str) -> bool {
    let framing = |word: &&str| word.ends_with(':') || word.contains(|c: char| c.is_ascii_digit());
    let framed = said.split_inclusive(' ').take(6).take_while(|word| framing(&word.trim_end()));
    let start = framed.map(str::len).sum();
    opens(&said[start..], "Task timed out").is_some()
}
