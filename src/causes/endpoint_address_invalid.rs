//! `Invalid endpoint address`: the host in the integration URI leads nowhere API Gateway may go.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner};
use crate::causes::recognise::{bare_message, logged_reason, opens, reason};
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "endpoint-address-invalid",
    title: "the host in the integration's URI cannot be used",
    severity: Severity::Critical,
    status: Some(500),
    blames: Blames::Configuration,
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise: |execution| {
        let unresolved = |text: &str| {
            let text = bare_message(text.trim());
            opens(text, "Name or service not known").is_some()
                || text.ends_with(": Name or service not known")
        };
        reason(execution, &["Invalid endpoint address"]).or_else(|| logged_reason(execution, unresolved))
    },
    text: "Execution failed due to configuration error: Invalid endpoint address",
    happened: "API Gateway could not turn the host of the integration URI into an address it may call. \
               Nothing was sent.",
    why: "The host does not resolve in public DNS: it is misspelt, or its stage variable is empty. Or it \
          resolves to a private address, which needs a VPC link. Or the URI's scheme is not http or https.",
    owner: Owner::Api,
    next_steps: &[
        NextStep {
            what: "See which URI API Gateway used, stage variables filled in.",
            command: Some(commands::INTEGRATION),
            verify: None,
        },
        NextStep {
            what: "Resolve the host from outside your VPC. No answer: correct the name or its DNS record.",
            command: Some("dig +short {host}"),
            verify: Some("dig +short {host}"),
        },
        NextStep {
            what: "If it resolves to a private address (10.…, 172.16 to 172.31.…, 192.168.…), use a private \
                   integration with a VPC link.",
            command: Some("aws apigateway get-vpc-links --region {region}"),
            verify: None,
        },
        NextStep {
            what: "Deploy the API after changing the integration.",
            command: Some(commands::REDEPLOY),
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &["https://repost.aws/knowledge-center/api-gateway-invalid-endpoint-address"],
};
