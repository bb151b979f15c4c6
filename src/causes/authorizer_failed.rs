//! A specific failure, then `Authorizer error`: the authorizer itself could not be run or understood.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner, Proof};
use crate::causes::recognise::{first, last, reason};
use crate::ids::Severity;
use crate::logs::Execution;
use crate::logs::line::{Kind, LogLine};

pub(crate) static CAUSE: Cause = Cause {
    slug: "authorizer-failed",
    title: "the authorizer failed, so API Gateway rejected the request",
    severity: Severity::Critical,
    status: Some(500),
    blames: Blames::Elsewhere,
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise,
    text: "a specific failure line, then Execution failed due to configuration error: Authorizer error",
    happened: "API Gateway could not get a decision from the Lambda authorizer, and answered 500 before the \
               backend was asked.",
    why: "API Gateway may not invoke the authorizer's function, or cannot assume its role. Or the function \
          failed, timed out, or returned no valid policy. The request's first failure line says which.",
    owner: Owner::Api,
    next_steps: &[
        NextStep {
            what: "Read the first failure line of the request, not the line Authorizer error.",
            command: Some(commands::REQUEST_LINES),
            verify: None,
        },
        NextStep {
            what: "See which function and which role the API's authorizers use.",
            command: Some("aws apigateway get-authorizers --rest-api-id {api} --region {region}"),
            verify: None,
        },
        NextStep {
            what: "Invalid permissions: let the API's authorizers, not its methods, invoke the function.",
            command: Some(
                "aws lambda add-permission --function-name FUNCTION --statement-id \
                 apigateway-{api}-authorizer --action lambda:InvokeFunction --principal \
                 apigateway.amazonaws.com --source-arn \
                 'arn:aws:execute-api:{region}:{account}:{api}/authorizers/*' --region {region}",
            ),
            verify: Some("aws lambda get-policy --function-name FUNCTION --region {region}"),
        },
        NextStep {
            what: "A function error or a malformed policy: read the function's own log.",
            command: Some(commands::FUNCTION_LOG),
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://repost.aws/knowledge-center/api-gateway-rest-api-lambda-integrations",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html",
    ],
};

fn recognise(execution: &Execution<'_>) -> Option<Proof> {
    let blamed = reason(execution, &["Authorizer error", "AuthorizerConfigurationException"])
        .map(|proof| proof.line)
        .or_else(|| first(execution, names_exception_below))
        .or_else(|| last(execution, is_response))?;
    // The first line of the request that tells of a failure is the specific one.
    let specific = first(execution, |line| {
        matches!(line.kind, Kind::Failure)
            || matches!(line.kind, Kind::LambdaRejected { status } if status >= 400)
    });
    Some(Proof { line: specific.unwrap_or(blamed), also: vec![blamed] })
}

/// The console prints the exception bare, without a stamp: it then continues the failure line above.
fn names_exception_below(line: &LogLine<'_>) -> bool {
    let below = || line.rest.lines().next_back().map(str::trim);
    matches!(line.kind, Kind::Failure) && below() == Some("AuthorizerConfigurationException")
}

fn is_response(line: &LogLine<'_>) -> bool {
    let Kind::GatewayResponse { name, status: Some(500..=599) } = line.kind else { return false };
    matches!(name, "AUTHORIZER_CONFIGURATION_ERROR" | "AUTHORIZER_FAILURE")
}
