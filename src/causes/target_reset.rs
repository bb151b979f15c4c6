//! `Execution failed due to an internal error`, nothing after it: connections reset behind the load balancer.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner, Proof};
use crate::causes::recognise::{failure, is_blank, opens};
use crate::ids::Severity;
use crate::logs::Execution;

pub(crate) static CAUSE: Cause = Cause {
    slug: "target-reset",
    title: "the connection to the load balancer was reset",
    severity: Severity::Medium,
    status: Some(500),
    blames: Blames::Reset,
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: true,
    recognise,
    text: "Execution failed due to an internal error",
    happened: "API Gateway lost, or could not open, its connection through the VPC link to the load \
               balancer.",
    why: "AWS blames target resets at the load balancer: a target closes idle connections sooner than the \
          load balancer, which goes on using them. The default idle timeout of a Network Load Balancer is \
          350 seconds. The same text can also be a passing fault inside AWS.",
    owner: Owner::Backend,
    next_steps: &[
        NextStep {
            what: "Set the keep-alive or idle timeout of the target's server above the load balancer's, \
                   which is 350 seconds by default.",
            command: Some(
                "aws elbv2 describe-listener-attributes --listener-arn {listener} --region \
                 {region}",
            ),
            verify: None,
        },
        NextStep {
            what: "Compare the times of the failures with the resets sent by targets (metric \
                   TCP_Target_Reset_Count).",
            command: Some(
                "aws cloudwatch list-metrics --namespace AWS/NetworkELB --metric-name \
                 TCP_Target_Reset_Count --region {region}",
            ),
            verify: None,
        },
        NextStep {
            what: "Look for restarts, deployments and failing health checks of the targets at those times.",
            command: Some(commands::TARGET_HEALTH),
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://repost.aws/knowledge-center/api-gateway-500-error-vpc",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html",
    ],
};

fn recognise(execution: &Execution<'_>) -> Option<Proof> {
    failure(execution, |text| opens(text, "Execution failed due to an internal error").is_some_and(is_blank))
}
