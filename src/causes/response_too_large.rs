//! `Integration response of reported length … is larger than allowed`: the answer does not fit.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner, Proof};
use crate::causes::recognise::{configuration_error, reason};
use crate::ids::Severity;
use crate::logs::Execution;

pub(crate) static CAUSE: Cause = Cause {
    slug: "response-too-large",
    title: "the backend's response is larger than API Gateway allows",
    severity: Severity::Medium,
    status: Some(500),
    blames: Blames::Elsewhere,
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise,
    text: "Execution failed due to configuration error: Integration response of reported length … is larger \
           than allowed maximum …",
    happened: "The backend answered, and API Gateway threw the answer away because body or headers are over \
               its limits.",
    why: "A REST API passes at most 10 MB of body, and the headers have a limit of their own. A growing \
          list without paging, a file download or a large cookie or token in the headers are the usual \
          ways there. A Lambda function is limited to 6 MB before that.",
    owner: Owner::Backend,
    next_steps: &[
        NextStep {
            what: "Find the route and what makes its answer grow: the log line names the length where it is \
                   known.",
            command: None,
            verify: None,
        },
        NextStep {
            what: "Page the answer, compress it, or return a link to the object (a presigned S3 URL) in \
                   place of the object.",
            command: None,
            verify: Some(commands::STILL_FAILING),
        },
        NextStep {
            what: "For headers: send fewer or shorter ones. Look for repeated Set-Cookie headers.",
            command: None,
            verify: None,
        },
    ],
    references: &[
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/ShareObjectPreSignedURL.html",
    ],
};

fn recognise(execution: &Execution<'_>) -> Option<Proof> {
    reason(execution, &["Integration response of reported length"]).or_else(|| {
        configuration_error(execution, |reason| {
            let reason = reason.to_ascii_lowercase();
            let about = ["header ", "headers ", "response header", "integration response "];
            about.iter().any(|opening| reason.starts_with(opening))
                && ["too long", "too large", "larger than allowed"].iter().any(|size| reason.contains(size))
        })
    })
}
