//! What the states of a group's targets come to, and what a person should do about them.
//!
//! States and reasons: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html>

use std::collections::BTreeSet;

use crate::aws::model::Target;
use crate::checks::code::Code;

/// What the targets' states come to; `None` where no state tells whether a target works.
pub(crate) fn weigh(targets: &[Target], healthy: usize) -> Option<Code> {
    let some = |state: &str| targets.iter().any(|target| target.state == state);
    let all_unused = !targets.is_empty() && targets.iter().all(|target| target.state == "unused");
    let not_in_use = |target: &Target| target.reason.as_deref() == Some("Target.NotInUse");
    Some(if targets.is_empty() {
        Code::TargetGroupEmpty
    } else if all_unused && targets.iter().all(not_in_use) {
        Code::TargetGroupUnused
    } else if some("unhealthy") || some("unhealthy.draining") {
        Code::TargetsUnhealthy
    } else if healthy > 0 {
        Code::TargetsHealthy
    } else if some("initial") {
        Code::TargetsInitial
    } else if some("draining") {
        Code::TargetsDraining
    } else if some("unused") {
        Code::TargetsUnused
    } else {
        return None;
    })
}

pub(crate) fn describe(code: Code, targets: &[Target], healthy: usize, name: &str) -> String {
    let why: Vec<&str> = reasons(targets).into_iter().collect();
    let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join(", ")) };
    let all = targets.len();
    match code {
        Code::TargetGroupUnused => format!(
            "no listener of the load balancer uses target group `{name}`, or its zones are not enabled{why}"
        ),
        Code::TargetsUnhealthy if healthy == 0 => {
            format!("no target of `{name}` is healthy: {all} of {all} fail{why}")
        }
        Code::TargetsUnhealthy => format!("only {healthy} of {all} targets of `{name}` are healthy{why}"),
        Code::TargetsInitial => {
            format!("no target of `{name}` is healthy yet: the first health checks still run{why}")
        }
        Code::TargetsDraining => format!("all targets of `{name}` are being taken out{why}"),
        _ => format!("no target of `{name}` can be used{why}"),
    }
}

pub(crate) fn reasons(targets: &[Target]) -> BTreeSet<&str> {
    targets
        .iter()
        .filter(|target| target.state != "healthy")
        .filter_map(|target| target.reason.as_deref())
        .collect()
}

pub(crate) fn remedy(code: Code, targets: &[Target]) -> Option<String> {
    let ill: Vec<String> = targets
        .iter()
        .filter(|target| target.state.starts_with("unhealthy"))
        .map(|target| target.port.map_or(target.id.clone(), |port| format!("{}:{port}", target.id)))
        .take(6)
        .collect();
    Some(match code {
        Code::TargetGroupEmpty => {
            "Register the backend's targets, or find out what took them out.".to_owned()
        }
        Code::TargetGroupUnused => {
            "Let a listener forward to the group, and enable the targets' zones on the load balancer."
                .to_owned()
        }
        Code::TargetsUnused => {
            "Start the stopped instances, or register targets that are running.".to_owned()
        }
        Code::TargetsDraining => "Register new targets; these are leaving.".to_owned(),
        Code::TargetsInitial => {
            "Wait for the first health checks; if they do not pass, look at the targets.".to_owned()
        }
        Code::TargetsUnhealthy => format!("{} on {}.", advice(targets), ill.join(", ")),
        _ => return None,
    })
}

/// What the most telling reason asks for.
fn advice(targets: &[Target]) -> &'static str {
    let reasons = reasons(targets);
    if reasons.contains("Target.Timeout") {
        "Check that security groups let the health check in and that the service answers in time"
    } else if reasons.contains("Target.ResponseCodeMismatch") {
        "Check why the health check's path answers with another status than the group expects"
    } else if reasons.contains("Elb.InternalError") {
        "The load balancer itself fails; ask AWS Support, and check the service"
    } else {
        "Check that the service runs and listens"
    }
}
