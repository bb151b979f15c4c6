//! A digest: more incidents at once than may be published separately. No log line shows it.

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner};
use crate::causes::clue;
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "many-incidents",
    title: "more incidents than may be published separately",
    severity: Severity::High,
    status: None,
    blames: Blames::Elsewhere,
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    // No request fails of it: the responder itself counts what it does not publish.
    recognise: |_| None,
    text: "the responder's own: more incidents in an hour than MAX_MESSAGES_PER_HOUR allows",
    happened: "So many incidents opened within an hour that their messages would bury each other. This one counts the rest \
               by API and cause.",
    why: "Many endpoints fail at once, or one client calls very many addresses through a proxy integration.",
    owner: Owner::Responder,
    next_steps: &[
        NextStep {
            what: "List what is counted here with `vpclink incidents`, which reads the incident table.",
            command: Some("vpclink incidents --table TABLE"),
            verify: Some("aws logs tail /aws/lambda/STACK --since 1h --region {region}"),
        },
        NextStep {
            what: "If you want that many messages, raise MAX_MESSAGES_PER_HOUR.",
            command: None,
            verify: None,
        },
    ],
    references: &[
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-proxy-integrations.html",
    ],
};
