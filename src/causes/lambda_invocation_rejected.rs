//! `Lambda invocation failed with status: NNN`: Invoke itself was refused.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner, Proof};
use crate::causes::recognise::first;
use crate::ids::Severity;
use crate::logs::Execution;
use crate::logs::line::{Kind, LogLine};

pub(crate) static CAUSE: Cause = Cause {
    slug: "lambda-invocation-rejected",
    title: "Lambda refused API Gateway's call",
    severity: Severity::High,
    status: Some(500),
    blames: Blames::Elsewhere,
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise,
    text: "Lambda invocation failed with status: 403; the line Execution failed due to configuration error: \
           after it often gives no reason",
    happened: "API Gateway called Lambda's Invoke and got an error from Lambda, not from the function; its \
               code did not run.",
    why: "403: the integration's HTTP method is not POST, which Invoke demands, or its role may not invoke. \
          404: the function, alias or version does not exist. 400, 413: the payload is not what Lambda \
          takes. 5xx: the function's image, key, network interface or runtime could not be used, or Lambda \
          itself failed.",
    owner: Owner::Api,
    next_steps: &[
        NextStep {
            what: "Read the integration: its httpMethod must be POST, whatever the method of the client, \
                   and its URI must name an existing function.",
            command: Some(commands::INTEGRATION),
            verify: None,
        },
        NextStep {
            what: "Check that function and alias exist, that its State is Active, and that its last update \
                   succeeded.",
            command: Some("aws lambda get-function-configuration --function-name FUNCTION --region {region}"),
            verify: None,
        },
        NextStep {
            what: "Where the integration has credentials, check that the role may invoke the function.",
            command: Some("aws iam list-attached-role-policies --role-name ROLE"),
            verify: None,
        },
        NextStep {
            what: "Correct the integration and deploy the API. If the status is 5xx and passes, it was \
                   Lambda's: let clients retry.",
            command: Some(commands::REDEPLOY),
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://repost.aws/knowledge-center/api-gateway-lambda-integration-errors",
        "https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html",
    ],
};

fn recognise(execution: &Execution<'_>) -> Option<Proof> {
    let refused = |line: &LogLine<'_>| match line.kind {
        Kind::LambdaRejected { status } => (400..600).contains(&status) && status != 429,
        _ => false,
    };
    let failed = first(execution, |line| matches!(line.kind, Kind::Failure));
    first(execution, refused).map(|line| Proof { line, also: failed.into_iter().collect() })
}
