//! `Execution failed due to an vpc link error`: the link itself failed; AWS documents no more.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner};
use crate::causes::recognise::opening;
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "vpc-link-error",
    title: "the VPC link reported an error",
    severity: Severity::High,
    status: Some(500),
    blames: Blames::Path,
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise: |execution| {
        opening(
            execution,
            &["Execution failed due to an vpc link error", "Execution failed due to a vpc link error"],
        )
    },
    text: "Execution failed due to an vpc link error",
    happened: "The VPC link reported a failure of its own while the request was on its way.",
    why: "AWS does not document this text. The one public report shows it now and then, with every metric \
          of load balancer and targets clean; so look at the link and its path first, then suspect AWS.",
    owner: Owner::Undecided,
    next_steps: &[
        NextStep {
            what: "Check that the VPC link is AVAILABLE and says nothing in its status message.",
            command: Some(commands::LINK_STATUS),
            verify: None,
        },
        NextStep {
            what: "Check that the targets behind it are healthy, in every enabled zone.",
            command: Some(commands::TARGET_HEALTH),
            verify: Some(commands::TARGET_HEALTH),
        },
        NextStep {
            what: "If both are clean and it goes on, open an AWS Support case with the extended request ids \
                   and times of some failures.",
            command: None,
            verify: Some(commands::STILL_FAILING),
        },
        NextStep {
            what: "If it is rare, let clients retry requests that are safe to repeat, with back-off.",
            command: None,
            verify: None,
        },
    ],
    references: &[
        "https://repost.aws/knowledge-center/api-gateway-500-error-vpc",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-private-integration.html",
    ],
};
