//! `Malformed Lambda proxy response`: the function answered, in a shape API Gateway cannot use.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner, Proof};
use crate::causes::recognise::{first, header, reason, with_answer};
use crate::ids::Severity;
use crate::logs::Execution;
use crate::logs::line::Kind;

pub(crate) static CAUSE: Cause = Cause {
    slug: "lambda-malformed-response",
    title: "the Lambda function's response has the wrong shape",
    severity: Severity::High,
    status: Some(502),
    blames: Blames::Elsewhere,
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise,
    text: "Execution failed due to configuration error: Malformed Lambda proxy response",
    happened: "The function ran and returned, and API Gateway could not make an HTTP response of what it \
               returned.",
    why: "A proxy integration wants an object with statusCode (a number), headers (an object) and body (a \
          string). Usual faults: body is an object, a bare string or list is returned, a field is wrong, or \
          the handler returns too early.",
    owner: Owner::Backend,
    next_steps: &[
        NextStep {
            what: "Look at the line Endpoint response body before transformations (data trace on): compare \
                   it with the shape that a proxy integration wants.",
            command: Some(commands::REQUEST_LINES),
            verify: None,
        },
        NextStep {
            what: "Return statusCode as a number and body as a string (JSON.stringify, json.dumps), and \
                   only the documented fields.",
            command: None,
            verify: Some(commands::STILL_FAILING),
        },
        NextStep {
            what: "If the headers show X-Amz-Function-Error, the function failed: read its own log instead.",
            command: Some(commands::FUNCTION_LOG),
            verify: None,
        },
        NextStep {
            what: "If the function is not written for proxy integration, use a non-proxy one with mappings.",
            command: Some(commands::INTEGRATION),
            verify: None,
        },
    ],
    references: &[
        "https://repost.aws/knowledge-center/malformed-502-api-gateway",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html",
    ],
};

fn recognise(execution: &Execution<'_>) -> Option<Proof> {
    let proof = reason(execution, &["Malformed Lambda proxy response"])?;
    let mut proof = with_answer(execution, proof);
    proof.also.extend(first(execution, |line| match line.kind {
        Kind::ResponseHeaders(headers) => header(headers, "x-amz-function-error").is_some(),
        _ => false,
    }));
    Some(proof)
}
