//! `statusCode should be an integer …`: a mock integration's request template gives no status to answer with.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner};
use crate::causes::recognise::reason;
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "mapping-mock-status-invalid",
    title: "the mock integration's request template gives no status code",
    severity: Severity::Medium,
    status: Some(500),
    blames: Blames::Configuration,
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise: |execution| {
        reason(execution, &["statusCode should be an integer which defined in request template"])
    },
    text: "Execution failed due to configuration error: statusCode should be an integer which defined in request \
           template",
    happened: "A mock integration answers with the status that its request template names, and the template gave none.",
    why: "No template fits the request's content type, the template's JSON has no `statusCode`, or its value is no \
          integer: a text in quotes, or a variable that is empty. Requests whose content type has a template of its own \
          go on working.",
    owner: Owner::Api,
    next_steps: &[
        NextStep {
            what: "Read the request templates of the integration: each needs a member statusCode, a number such as 200.",
            command: Some(commands::INTEGRATION),
            verify: None,
        },
        NextStep {
            what: "If a template uses a stage variable, check that the stage defines it.",
            command: Some(commands::STAGE_VARIABLES),
            verify: None,
        },
        NextStep {
            what: "Deploy the API after changing the template.",
            command: Some(commands::REDEPLOY),
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html",
    ],
};
