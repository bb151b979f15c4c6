//! `No match for output mapping …`: no integration response fits what the backend answered.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner};
use crate::causes::recognise::{reason, with_answer};
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "mapping-no-match",
    title: "no integration response fits the backend's answer",
    severity: Severity::Medium,
    status: Some(500),
    blames: Blames::BackendAnswer,
    clue: clue::none,
    masked_by: MaskedBy::BackendAnswer,
    names_reset: false,
    recognise: |execution| Some(with_answer(execution, reason(execution, &["No match for output mapping"])?)),
    text: "Execution failed due to configuration error: No match for output mapping and no default output \
           mapping configured. Endpoint Response Status Code: NNN",
    happened: "The backend answered with status NNN, and the method has no integration response for it and \
               no default one, so the client got a 500.",
    why: "In a non-proxy integration every answer needs an integration response whose pattern fits, or a \
          default one. If NNN is a 4xx or 5xx, the backend's own refusal is the true fault, and the \
          missing mapping hides it.",
    owner: Owner::Api,
    next_steps: &[
        NextStep {
            what: "If NNN is a 4xx or 5xx, find out first why the backend answered so; the line Received \
                   response and the body line after it tell more.",
            command: Some(commands::REQUEST_LINES),
            verify: None,
        },
        NextStep {
            what: "Read the integration responses of the method: one of them should have no selection \
                   pattern, which makes it the default.",
            command: Some(commands::INTEGRATION),
            verify: None,
        },
        NextStep {
            what: "Add a default integration response and, for each status that the backend may send, one \
                   with a pattern; then deploy the API.",
            command: Some(commands::REDEPLOY),
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-integration-settings-integration-response.html",
        "https://repost.aws/knowledge-center/api-gateway-internal-server-error",
    ],
};
