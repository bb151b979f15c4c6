//! `There was an internal error while executing your request`: no usable connection to a private backend.

use super::{Cause, Family, NextStep, Side, reason};
use crate::vocabulary::Severity;

pub(super) static CAUSE: Cause = Cause {
    slug: "integration-unreachable",
    title: "API Gateway could not reach the backend",
    severity: Severity::Critical,
    family: Family::Path,
    recognise: |execution| reason(execution, &["There was an internal error while executing your request"]),
    text: "Execution failed due to configuration error: There was an internal error while executing your request",
    happened: "API Gateway found no usable connection through the VPC link, so the backend never saw the request.",
    why: "One sentence stands for many faults: the VPC link is not available, its endpoint service or connection is \
          gone or rejected, a stage variable names the wrong link, the load balancer was deleted, no listener has the \
          port, a security group or network ACL drops the packets, no target is healthy, or nothing listens on the \
          target's port. Which of them it is can be read from the account, not from the log.",
    side: Side::Undecided,
    next_steps: &[
        NextStep {
            what: "Check that the VPC link is AVAILABLE; a FAILED link has to be replaced, and the API redeployed.",
            command: Some("aws apigateway get-vpc-link --vpc-link-id {link} --region {region}"),
            verify: None,
        },
        NextStep {
            what: "Check that the load balancer has a listener on port {port} and that its targets are healthy.",
            command: Some(
                "aws elbv2 describe-listeners --load-balancer-arn {load_balancer} --region {region}",
            ),
            verify: Some(
                "aws elbv2 describe-target-health --target-group-arn {target_group} --region {region}",
            ),
        },
        NextStep {
            what: "Check that security groups and network ACLs of load balancer and targets let port {port} in and the \
                   answers out.",
            command: None,
            verify: None,
        },
    ],
    references: &["https://repost.aws/knowledge-center/api-gateway-500-error-vpc"],
};
