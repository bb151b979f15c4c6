//! Every other 5xx: it still alerts, with the line quoted.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner, Proof};
use crate::ids::Severity;
use crate::logs::Execution;
use crate::logs::line::Kind;

pub(crate) static CAUSE: Cause = Cause {
    slug: "unrecognised-failure",
    title: "a request failed with a text this catalogue does not know",
    severity: Severity::High,
    status: Some(500),
    blames: Blames::Anything,
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: true,
    recognise,
    text: "any other line of a request that ended with a 5xx",
    happened: "The request ended with a 5xx, and API Gateway gave a reason that is new to this catalogue or none at all.",
    why: "The reason behind a configuration error is often the bare message of a Java exception, so the set is open. At \
          level ERROR, or where the batch holds only the end of a request, the reason may not be among the lines.",
    owner: Owner::Undecided,
    next_steps: &[NextStep {
        what: "Read all lines of the request; at logging level INFO they show how far it came.",
        command: Some(commands::REQUEST_LINES),
        verify: Some(commands::STILL_FAILING),
    }],
    references: &[
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html",
        "https://repost.aws/knowledge-center/api-gateway-5xx-error",
    ],
};

fn recognise(execution: &Execution<'_>) -> Option<Proof> {
    let first =
        |wanted: fn(&Kind<'_>) -> bool| execution.entries.iter().position(|entry| wanted(&entry.line.kind));
    // The line that says most about the failure; any failed execution has one of them.
    first(|kind| matches!(kind, Kind::Failure))
        .or_else(|| first(|kind| matches!(kind, Kind::LambdaRejected { .. })))
        .or_else(|| first(|kind| matches!(kind, Kind::GatewayResponse { status, .. } if is_5xx(*status))))
        .or_else(|| first(|kind| matches!(kind, Kind::Completed { status } if is_5xx(*status))))
        .map(Proof::at)
}

fn is_5xx(status: Option<u16>) -> bool {
    status.is_some_and(|status| (500..600).contains(&status))
}
