//! `There was an internal error while executing your request`: no usable connection to a private backend.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner};
use crate::causes::recognise::reason;
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "integration-unreachable",
    title: "API Gateway could not reach the backend",
    severity: Severity::Critical,
    status: Some(500),
    blames: Blames::Path,
    clue: clue::connecting,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise: |execution| reason(execution, &["There was an internal error while executing your request"]),
    text: "Execution failed due to configuration error: There was an internal error while executing your \
           request",
    happened: "API Gateway found no usable connection through the VPC link, so the backend never saw the \
               request.",
    why: "AWS logs this sentence for many faults, from the VPC link to the target's port. The VPC link is not \
          available, or its endpoint service or connection is gone or rejected. A stage variable names the \
          wrong link. The load balancer was deleted, or no listener has the port. A security group or \
          network ACL drops the packets. No target is healthy, or nothing listens on the target's port. Only \
          the live account shows which.",
    owner: Owner::Undecided,
    next_steps: &[
        NextStep {
            what: "Check that the VPC link is AVAILABLE. Replace a FAILED one: point the integration at the \
                   new link, and deploy the API. An INACTIVE one recovers within minutes once requests \
                   arrive.",
            command: Some("aws apigateway get-vpc-link --vpc-link-id {link} --region {region}"),
            verify: Some(commands::LINK_STATUS),
        },
        NextStep {
            what: "Where a stage variable names the link, check that its id is the right one.",
            command: Some(commands::STAGE_VARIABLES),
            verify: None,
        },
        NextStep {
            what: "Check that the link's endpoint connection is available, not rejected or deleted.",
            command: Some(
                "aws ec2 describe-vpc-endpoint-connections --filters \
                 Name=service-id,Values={endpoint_service} --region {region}",
            ),
            verify: None,
        },
        NextStep {
            what: "Check that the load balancer still exists and listens on port {port}, the port of the \
                   integration.",
            command: Some(commands::LISTENERS),
            verify: None,
        },
        NextStep {
            what: "Check that the targets are healthy. If they are not, see that the service runs and \
                   listens on the target's port: a closed port answers with a TCP reset.",
            command: Some(commands::TARGET_HEALTH),
            verify: Some(commands::TARGET_HEALTH),
        },
        NextStep {
            what: "Check that security groups and network ACLs of load balancer and targets let port {port} \
                   in, and that the ACLs let the responses out.",
            command: Some("aws ec2 describe-network-acls --region {region}"),
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://repost.aws/knowledge-center/api-gateway-500-error-vpc",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-private-integration.html",
    ],
};
