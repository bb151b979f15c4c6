//! `Execution failed due to a timeout error`: the integration took longer than it may.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner};
use crate::causes::recognise::{logged_reason, opening};
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "integration-timeout",
    title: "the backend did not answer within the integration timeout",
    severity: Severity::High,
    status: Some(504),
    blames: Blames::Delay,
    clue: clue::waiting,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise: |execution| {
        opening(execution, &["Execution failed due to a timeout error"])
            // "29,000 milliseconds timeout on connection …", as HttpCore words it.
            .or_else(|| {
                logged_reason(execution, |reason| reason.contains("milliseconds timeout on connection"))
            })
    },
    text: "Execution failed due to a timeout error",
    happened: "API Gateway sent the request, waited for the integration's timeout (29 seconds unless it was \
               changed) and gave up with a 504.",
    why: "The backend is slow, overloaded or stuck, a call further down hangs, or packets on the way are \
          dropped without an answer. The backend may still finish the work after the client has its 504.",
    owner: Owner::Backend,
    next_steps: &[
        NextStep {
            what: "Find out whether the backend saw the request, in its own log, at this time. If it did \
                   not, look at the way there: link, load balancer, targets, security groups.",
            command: Some(commands::TARGET_HEALTH),
            verify: None,
        },
        NextStep {
            what: "If it did, find what took the time and shorten it: slow queries, calls further down, \
                   cold starts, too few workers.",
            command: None,
            verify: None,
        },
        NextStep {
            what: "Move long work out of the request: accept it, answer at once, let the client ask for the \
                   result.",
            command: None,
            verify: None,
        },
        NextStep {
            what: "If the work must take longer, raise the integration timeout. Above 29 seconds a Regional \
                   or private REST API needs a quota increase first.",
            command: Some(commands::INTEGRATION),
            verify: Some(commands::STILL_FAILING),
        },
        NextStep {
            what: "If it was temporary, let clients retry, but only requests that are safe to repeat.",
            command: None,
            verify: None,
        },
    ],
    references: &[
        "https://repost.aws/knowledge-center/api-gateway-504-errors",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html",
    ],
};
