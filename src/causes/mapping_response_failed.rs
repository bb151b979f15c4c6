//! `Unable to transform response`: the response template failed after the backend had answered.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner};
use crate::causes::recognise::{reason, with_answer};
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "mapping-response-failed",
    title: "the mapping of the response failed",
    severity: Severity::Medium,
    status: Some(500),
    blames: Blames::BackendAnswer,
    clue: clue::none,
    masked_by: MaskedBy::BackendAnswer,
    names_reset: false,
    recognise: |execution| {
        Some(with_answer(execution, reason(execution, &["Unable to transform response"])?))
    },
    text: "Execution failed due to configuration error: Unable to transform response",
    happened: "The backend answered, and API Gateway could not turn its answer into the client's.",
    why: "The response template has a fault that this answer triggers: it is not JSON (an HTML error page, \
          an empty body), a field is missing, or the body is binary and not declared as such.",
    owner: Owner::Api,
    next_steps: &[
        NextStep {
            what: "Look at status and body that the backend sent: an error page in place of JSON points at \
                   the backend.",
            command: Some(commands::REQUEST_LINES),
            verify: None,
        },
        NextStep {
            what: "Read the response templates of the integration for this status and content type.",
            command: Some(commands::INTEGRATION),
            verify: None,
        },
        NextStep {
            what: "Make the template accept what the backend may send, and deploy the API.",
            command: Some(commands::REDEPLOY),
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings.html",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html",
    ],
};
