//! `Unable to transform request`: the request template failed before anything was sent.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner};
use crate::causes::recognise::reason;
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "mapping-request-failed",
    title: "the mapping of the request failed",
    severity: Severity::Medium,
    status: Some(500),
    blames: Blames::Elsewhere,
    clue: clue::none,
    masked_by: MaskedBy::BackendAnswer,
    names_reset: false,
    recognise: |execution| reason(execution, &["Unable to transform request"]),
    text: "Execution failed due to configuration error: Unable to transform request",
    happened: "API Gateway could not turn the body of the client into the body for the backend. Nothing was \
               sent.",
    why: "The template fails on this body. Or the body is binary (logged as [Binary Data]), and its type is \
          not a binary media type of the API.",
    owner: Owner::Api,
    next_steps: &[
        NextStep {
            what: "Read the template for the content type that the client sent.",
            command: Some(commands::INTEGRATION),
            verify: None,
        },
        NextStep {
            what: "If the body is binary, add its type to the binary media types of the API, or set the \
                   content handling of the integration to CONVERT_TO_TEXT.",
            command: Some(
                "aws apigateway get-rest-api --rest-api-id {api} --query binaryMediaTypes \
                 --region {region}",
            ),
            verify: None,
        },
        NextStep {
            what: "Try the template with the body of a failed request, correct it, and deploy the API.",
            command: Some(commands::REDEPLOY),
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings.html",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html",
    ],
};
