//! `Lambda execution failed with status 200 due to customer function error: …`: the code failed.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner};
use crate::causes::recognise::{customer_function_error, failure};
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "lambda-function-error",
    title: "the Lambda function failed",
    severity: Severity::High,
    status: Some(502),
    blames: Blames::Elsewhere,
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise: |execution| failure(execution, |text| customer_function_error(text).is_some()),
    text: "Lambda execution failed with status 200 due to customer function error: …. Lambda request id: …",
    happened: "The function was invoked and ended with an error; API Gateway answered 502 on its behalf.",
    why: "The code threw an exception that it did not catch, its process exited, it ran out of memory, or it \
          could not be loaded (a missing module, a wrong handler name). The text after the colon is what \
          the runtime reported.",
    owner: Owner::Backend,
    next_steps: &[
        NextStep {
            what: "Read the function's log of this invocation: the failure line ends with the Lambda \
                   request id, unless it was cut off.",
            command: Some(commands::FUNCTION_LOG),
            verify: None,
        },
        NextStep {
            what: "See whether it began with a deployment.",
            command: Some("aws lambda list-versions-by-function --function-name FUNCTION --region {region}"),
            verify: None,
        },
        NextStep {
            what: "Correct the code, or route the alias back to the version before. Catch errors in the \
                   handler, and answer with a status of your own.",
            command: Some("aws lambda get-alias --function-name FUNCTION --name ALIAS --region {region}"),
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://repost.aws/knowledge-center/malformed-502-api-gateway",
        "https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html",
    ],
};
