//! A payload that could not be decoded: the one cause that no log line shows, since no line could be read.

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner};
use crate::causes::clue;
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "undecodable-batch",
    title: "a batch of log events could not be decoded",
    severity: Severity::High,
    status: None,
    blames: Blames::Elsewhere,
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    // No execution is made of such a payload; the responder's own error names the fault.
    recognise: |_| None,
    text: "the responder's own: cannot decode the batch …",
    happened: "A payload was malformed, truncated, or larger than the limit once decompressed. The invocation failed; after \
               Lambda's retries the failure queue holds the whole payload.",
    why: "A caller invokes the function with another event, a log transformer or a proxy rewrites the payload, or requests \
          log bodies larger than the limit. No alert covers the failures in such a batch until it is read.",
    owner: Owner::Responder,
    next_steps: &[
        NextStep {
            what: "Read the error in the function's own log: it names the fault, and the log group where that could be read.",
            command: Some(
                "aws logs tail /aws/lambda/STACK --since 1h --filter-pattern '\"cannot decode the batch\"' --region {region}",
            ),
            verify: None,
        },
        NextStep {
            what: "If real batches are too large, raise MAX_BATCH_BYTES together with the function's memory.",
            command: None,
            verify: None,
        },
        NextStep {
            what: "Take the payload out of the failure queue and explain it by hand: vpclink explain reads saved events.",
            command: None,
            verify: Some(
                "aws sqs get-queue-attributes --queue-url QUEUE_URL --attribute-names ApproximateNumberOfMessages \
                 --region {region}",
            ),
        },
    ],
    references: &["https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"],
};
