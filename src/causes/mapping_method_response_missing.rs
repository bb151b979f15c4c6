//! `Output mapping refers to an invalid method response: NNN`.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner};
use crate::causes::recognise::{reason, with_answer};
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "mapping-method-response-missing",
    title: "the method declares no response for the status it was mapped to",
    severity: Severity::Medium,
    status: Some(500),
    blames: Blames::BackendAnswer,
    clue: clue::none,
    masked_by: MaskedBy::BackendAnswer,
    names_reset: false,
    recognise: |execution| {
        Some(with_answer(
            execution,
            reason(execution, &["Output mapping refers to an invalid method response"])?,
        ))
    },
    text: "Execution failed due to configuration error: Output mapping refers to an invalid method \
           response: NNN",
    happened: "The backend answered, an integration response mapped the answer to status NNN, and the \
               method has no response NNN.",
    why: "An integration response and a method response must exist in pairs. NNN is the mapped status: the \
          backend itself may have said something else, such as a 403 behind a mapped 200. The line \
          Received response shows it.",
    owner: Owner::Api,
    next_steps: &[
        NextStep {
            what: "Look at what the backend answered: if it was a 4xx or 5xx, that is the true fault.",
            command: Some(commands::REQUEST_LINES),
            verify: None,
        },
        NextStep {
            what: "Declare the method response NNN, or correct the status of the integration response.",
            command: Some(
                "aws apigateway get-method --rest-api-id {api} --resource-id {resource_id} \
                 --http-method {method} --region {region}",
            ),
            verify: Some(
                "aws apigateway get-method-response --rest-api-id {api} --resource-id \
                 {resource_id} --http-method {method} --status-code NNN --region {region}",
            ),
        },
        NextStep {
            what: "Deploy the API.",
            command: Some(commands::REDEPLOY),
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://repost.aws/knowledge-center/api-gateway-internal-server-error",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-response.html",
    ],
};
