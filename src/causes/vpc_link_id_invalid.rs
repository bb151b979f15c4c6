//! `Invalid VpcLink Id … referenced in integration`: the id names no link that this API can use.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner};
use crate::causes::recognise::reason;
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "vpc-link-id-invalid",
    title: "the integration names a VPC link that does not exist or is not ready",
    severity: Severity::Critical,
    status: Some(500),
    blames: Blames::Link,
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise: |execution| reason(execution, &["Invalid VpcLink Id", "Invalid VPC Link Id"]),
    text: "Execution failed due to configuration error: Invalid VpcLink Id … referenced in integration",
    happened: "API Gateway looked up the VPC link of the integration and found none it could use. Nothing \
               was sent.",
    why: "The link was deleted, is not AVAILABLE yet, or is of the wrong generation (V1 or V2). Or its id, \
          stage variable, Region or account is wrong.",
    owner: Owner::Api,
    next_steps: &[
        NextStep {
            what: "Compare the id in the log line with the links that exist in this Region.",
            command: Some("aws apigateway get-vpc-links --region {region}"),
            verify: None,
        },
        NextStep {
            what: "Where the id comes from a stage variable, check its value on this stage.",
            command: Some(commands::STAGE_VARIABLES),
            verify: None,
        },
        NextStep {
            what: "A link that is PENDING needs up to ten minutes; wait until it is AVAILABLE.",
            command: Some(commands::LINK_STATUS),
            verify: Some(commands::LINK_STATUS),
        },
        NextStep {
            what: "Correct the connection id of the integration and deploy the API; a change without a \
                   deployment has no effect.",
            command: Some(commands::REDEPLOY),
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://repost.aws/questions/QUTm5i_IQiRu6RFb5YFu2nsQ",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-private-integration.html",
    ],
};
