//! No failure line at all: API Gateway passed on a 5xx that the backend gave.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner, Proof};
use crate::causes::recognise::{first, last};
use crate::ids::Severity;
use crate::logs::Execution;
use crate::logs::line::{Kind, LogLine};

pub(crate) static CAUSE: Cause = Cause {
    slug: "backend-error",
    title: "the backend, or a load balancer in front of it, answered with a 5xx",
    severity: Severity::Medium,
    status: None,
    blames: Blames::BackendAnswer,
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise,
    text: "Received response. Status: 5xx, then Method completed with status: 5xx, and no failure line",
    happened: "API Gateway reached the backend and returned its 5xx, or the integration is configured to \
               return one.",
    why: "The application failed. Or an Application Load Balancer answered: 502 for a bad response, 503 for \
          no target, 504 for a timeout. A Lambda proxy function that returns a 5xx, and a mock integration \
          that is set to one, look the same.",
    owner: Owner::Backend,
    next_steps: &[
        NextStep {
            what: "Read the application's own log at this time. If it never saw the request, a load \
                   balancer answered.",
            command: None,
            verify: None,
        },
        NextStep {
            what: "Check that its targets are healthy.",
            command: Some(commands::TARGET_HEALTH),
            verify: Some(commands::TARGET_HEALTH),
        },
        NextStep {
            what: "For an Application Load Balancer, compare HTTPCode_ELB_5XX_Count (its own) with \
                   HTTPCode_Target_5XX_Count (the target's), or read its access log.",
            command: Some(
                "aws cloudwatch list-metrics --namespace AWS/ApplicationELB --metric-name \
                 HTTPCode_ELB_5XX_Count --region {region}",
            ),
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html",
        "https://repost.aws/knowledge-center/api-gateway-5xx-error",
    ],
};

fn recognise(execution: &Execution<'_>) -> Option<Proof> {
    // A gateway response, like a failure line, is API Gateway's own answer in place of the backend's.
    let refused = |line: &LogLine<'_>| {
        matches!(line.kind, Kind::Failure | Kind::LambdaRejected { .. } | Kind::GatewayResponse { .. })
    };
    let completed = last(execution, |line| matches!(line.kind, Kind::Completed { status: Some(500..=599) }));
    if first(execution, refused).is_some() {
        return None;
    }
    // What an authorizer's function answered is not the backend's; the execution leaves it out.
    let answered = execution.received.map(|received| received.status);
    let passed_on = match answered {
        Some(Some(500..=599) | None) => true,
        Some(Some(_)) | None => execution.is_successful(),
    };
    let answer = answered.and(last(execution, |line| matches!(line.kind, Kind::Received { .. })));
    let line = answer.filter(|_| matches!(answered, Some(Some(500..=599)))).or(completed)?;
    let also = [answer, completed].into_iter().flatten().filter(|other| *other != line).collect();
    (passed_on && completed.is_some()).then_some(Proof { line, also })
}
