//! `Unable to base64 decode the body.`: a body was declared base64 and is not.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner};
use crate::causes::recognise::{reason, with_answer};
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "mapping-base64-failed",
    title: "a body that should be base64 could not be decoded",
    severity: Severity::Medium,
    status: Some(500),
    blames: Blames::BackendAnswer,
    clue: clue::none,
    masked_by: MaskedBy::BackendAnswer,
    names_reset: false,
    recognise: |execution| {
        Some(with_answer(execution, reason(execution, &["Unable to base64 decode the body"])?))
    },
    text: "Execution failed due to configuration error: Unable to base64 decode the body.",
    happened: "API Gateway was told to turn base64 text into bytes, and the text is not base64.",
    why: "A Lambda function returned isBase64Encoded: true with a plain body, or the content handling \
          CONVERT_TO_BINARY of an integration meets text. A broad binary media type such as */* makes this \
          more likely.",
    owner: Owner::Api,
    next_steps: &[
        NextStep {
            what: "See whether the function sets isBase64Encoded only where body is base64 without line \
                   breaks.",
            command: Some(commands::REQUEST_LINES),
            verify: None,
        },
        NextStep {
            what: "Read contentHandling of integration and integration response.",
            command: Some(commands::INTEGRATION),
            verify: None,
        },
        NextStep {
            what: "Compare them with the binary media types of the API, correct the one that is wrong, and \
                   deploy the API.",
            command: Some(
                "aws apigateway get-rest-api --rest-api-id {api} --query binaryMediaTypes \
                 --region {region}",
            ),
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings-workflow.html",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/lambda-proxy-binary-media.html",
    ],
};
