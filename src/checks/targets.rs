//! The targets behind the called listener: are there any, and does the load balancer find them healthy?

use crate::checks::target_health::{describe, reasons, remedy, weigh};

use crate::aws::model::Target;
use crate::aws::{NotRead, ReadError, Reading};
use crate::causes::RouteContext;
use crate::checks::code::Code;
use crate::checks::finding::{Finding, State};
use crate::ids::Arn;
use crate::path::PrivatePath;

const ACTION: &str = "elasticloadbalancing:DescribeTargetHealth";

pub(crate) fn check(_: &RouteContext, topology: &PrivatePath) -> Vec<Finding> {
    let of_group = |(arn, reading): (&Arn, &Reading<Vec<Target>>)| match reading {
        Reading::Known { value, .. } => group(topology, arn, value, reading),
        Reading::NotRead(unavailable) => Finding::unknown(Code::TargetsUnhealthy, unavailable).of(arn),
        Reading::Absent { .. } => {
            let says = format!(
                "target group `{}`, which the listener forwards to, does not exist",
                name(topology, arn)
            );
            let finding = Finding::read(Code::TargetGroupEmpty, ACTION, reading, says).of(arn);
            if another_works(topology, arn) { finding.partial() } else { finding }
        }
    };
    let mut findings: Vec<Finding> = topology.targets.iter().map(of_group).collect();
    if topology.continues() && topology.listeners.unavailable().is_some() {
        let why = "which target groups the called listener forwards to is not known";
        let what = "the health of the targets";
        let unavailable =
            NotRead { what: what.to_owned(), action: ACTION, why: ReadError::NotAsked(why.to_owned()) };
        findings.push(Finding::unknown(Code::TargetsUnhealthy, &unavailable));
    }
    findings
}

fn group(topology: &PrivatePath, arn: &Arn, targets: &[Target], reading: &Reading<Vec<Target>>) -> Finding {
    let name = name(topology, arn);
    let healthy = targets.iter().filter(|target| target.state == "healthy").count();
    let (code, says) = match weigh(targets, healthy) {
        None => return unmeasured(arn, &name),
        Some(Code::TargetGroupEmpty) => {
            (Code::TargetGroupEmpty, format!("target group `{name}` has no registered target"))
        }
        Some(Code::TargetsHealthy) => {
            (Code::TargetsHealthy, format!("{healthy} of {} targets of `{name}` are healthy", targets.len()))
        }
        Some(code) => (code, describe(code, targets, healthy, &name)),
    };
    let finding = Finding::read(code, ACTION, reading, says)
        .of(arn)
        .detail("healthy", healthy)
        .detail("targets", targets.len());
    let finding = match reasons(targets) {
        reasons if reasons.is_empty() => finding,
        reasons => finding.detail("reason", reasons.into_iter().collect::<Vec<_>>().join(", ")),
    };
    let some_work = healthy > 0 || another_works(topology, arn);
    let finding = if some_work && code != Code::TargetsHealthy { finding.partial() } else { finding };
    match remedy(code, targets) {
        Some(what) => {
            let show =
                format!("aws elbv2 describe-target-health --target-group-arn {arn} --region {{region}}");
            finding.remedy(what + fails_open(topology, code, healthy), None, Some(show))
        }
        None => finding,
    }
}

/// Whether the listener forwards a share of the requests to another group that has a healthy target.
fn another_works(topology: &PrivatePath, arn: &Arn) -> bool {
    let mut others =
        topology.targets.iter().filter(|(other, _)| *other != arn).filter_map(|(_, r)| r.value());
    others.any(|targets| targets.iter().any(|target| target.state == "healthy"))
}

/// A network load balancer without a healthy target sends to all of them: unhealthy does not mean unreachable.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html>
fn fails_open(topology: &PrivatePath, code: Code, healthy: usize) -> &'static str {
    let network = topology.load_balancer.value().is_some_and(|balancer| balancer.kind == "network");
    let open = network && healthy == 0 && code == Code::TargetsUnhealthy;
    if open {
        " While none is healthy, the load balancer sends to all of them, so one that answers is reached."
    } else {
        ""
    }
}

/// Targets whose health nobody measures (health checks off, or a state that AWS added): not healthy, not faulty.
fn unmeasured(arn: &Arn, name: &str) -> Finding {
    Finding {
        state: State::Unknown,
        why: Some(ReadError::NotAsked(
            "health checks are off, so the load balancer itself does not know".to_owned(),
        )),
        ..Finding::read(
            Code::TargetsUnhealthy,
            ACTION,
            &Reading::<()>::not_asked("", ACTION, ""),
            format!("no state of the targets of `{name}` tells whether they work"),
        )
    }
    .of(arn)
}

fn name(topology: &PrivatePath, arn: &Arn) -> String {
    let known = topology.target_group(arn).map(|group| group.name.clone());
    known.unwrap_or_else(|| arn.resource().split('/').next().unwrap_or(arn.as_str()).to_owned())
}
