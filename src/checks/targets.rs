//! The targets behind the called listener: are there any, and does the load balancer find them healthy?
//!
//! States and reasons: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html>

use std::collections::BTreeSet;

use crate::aws::model::Target;
use crate::aws::{NotRead, QueryKind, Reading};
use crate::causes::RouteContext;
use crate::checks::code::Code;
use crate::checks::finding::Finding;
use crate::ids::Arn;
use crate::path::OnPath;
use crate::text::{counted, shell_word};

pub(crate) fn check(_: &RouteContext, on: OnPath<'_>) -> Vec<Finding> {
    let of_group = |(arn, reading): (&Arn, &Reading<Vec<Target>>)| match reading {
        Reading::Known { value, .. } => group(on, arn, value, reading),
        Reading::NotRead(unavailable) => Finding::unknown(Code::TargetsUnhealthy, unavailable).of(arn),
        Reading::Absent { .. } => {
            let says =
                format!("target group `{}`, which the listener forwards to, does not exist", name(on, arn));
            let finding = Finding::read(Code::TargetGroupEmpty, reading, says).of(arn);
            if another_works(on, arn) { finding.partial() } else { finding }
        }
    };
    let mut findings: Vec<Finding> = on.targets.iter().map(of_group).collect();
    findings.extend(unread(on));
    findings.extend(unfollowed(on));
    if on.listeners.unavailable().is_some() {
        let why = "which target groups the called listener forwards to is not known";
        let health: Reading<()> = Reading::not_asked(QueryKind::TargetHealth, why);
        findings
            .extend(health.unavailable().map(|not_read| Finding::unknown(Code::TargetsUnhealthy, not_read)));
    }
    findings
}

/// The groups of least weight, where there are too many to ask for all.
fn unread(on: OnPath<'_>) -> Option<Finding> {
    let groups = if on.targets.is_empty() { Vec::new() } else { on.unread_target_groups() };
    let names: Vec<String> = groups.iter().map(|arn| name(on, arn)).collect();
    let first = groups.first()?;
    let what = format!("the health of the targets in {}", names.join(", "));
    let why = format!(
        "the request may go to {} groups; those of most weight were read",
        on.targets.len() + groups.len()
    );
    let not_read = NotRead::not_asked(what, Some(QueryKind::TargetHealth), why);
    Some(Finding::unknown(Code::TargetsUnhealthy, &not_read).of(first))
}

/// Load balancers that take a share of the requests, and of which one alone is followed.
fn unfollowed(on: OnPath<'_>) -> Option<Finding> {
    let behind = on.balancers_behind();
    let (first, _) = behind.get(1).filter(|_| on.next.is_some())?;
    let names: Vec<String> =
        behind.iter().skip(1).map(|(arn, _)| format!("`{}`", arn.balancer_name())).collect();
    let what = format!("load balancer {} behind this one", names.join(", "));
    let why =
        format!("requests are shared among {} load balancers; the one of most weight was read", behind.len());
    let not_read = NotRead::not_asked(what, Some(QueryKind::LoadBalancer), why);
    Some(Finding::unknown(Code::LoadBalancerMissing, &not_read).of(first))
}

fn group(on: OnPath<'_>, arn: &Arn, targets: &[Target], reading: &Reading<Vec<Target>>) -> Finding {
    let name = name(on, arn);
    // Those that a zonal shift spares count where no other is left.
    let (shifted, serving): (Vec<Target>, Vec<Target>) =
        targets.iter().cloned().partition(|target| target.zonal_shift);
    let all_shifted = serving.is_empty();
    let targets = if all_shifted { &shifted } else { &serving };
    let healthy = targets.iter().filter(|target| target.state == "healthy").count();
    let (code, says) = match weigh(targets, healthy) {
        None => return unmeasured(arn, &name, targets),
        Some(Code::TargetGroupEmpty) => {
            (Code::TargetGroupEmpty, format!("target group `{name}` has no registered target"))
        }
        Some(Code::TargetsHealthy) => {
            (Code::TargetsHealthy, format!("{healthy} of {} targets of `{name}` are healthy", targets.len()))
        }
        Some(code) => (code, describe(code, targets, healthy, &name)),
    };
    let says = says + &aside(if all_shifted { 0 } else { shifted.len() }, targets);
    let finding = Finding::read(code, reading, says)
        .of(arn)
        .detail("healthy", healthy)
        .detail("targets", targets.len());
    let finding = match reasons(targets) {
        reasons if reasons.is_empty() => finding,
        reasons => finding.detail("reason", reasons.into_iter().collect::<Vec<_>>().join(", ")),
    };
    let some_work = healthy > 0 || another_works(on, arn) || only_checks_fail(on, arn, targets);
    let finding = if some_work && code != Code::TargetsHealthy { finding.partial() } else { finding };
    match remedy(code, targets, checked_port(on, arn)) {
        Some(what) => {
            let show = format!(
                "aws elbv2 describe-target-health --target-group-arn {} --region {{region}}",
                shell_word(arn.as_str())
            );
            finding.remedy(what + fails_open(on, code, healthy), None, Some(show))
        }
        None => finding,
    }
}

/// What keeps requests from targets, whatever their health.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/zonal-shift.html>
fn aside(shifted: usize, targets: &[Target]) -> String {
    let spared = targets.iter().filter(|target| target.spared).count();
    let shifted = (shifted > 0)
        .then(|| format!("; a zonal shift diverts requests from {}", counted(shifted, "more target")));
    let spared =
        (spared > 0).then(|| format!("; anomaly mitigation sends fewer requests to {spared} of them"));
    shifted.into_iter().chain(spared).collect()
}

/// Whether the listener forwards a share of the requests to another group that has a healthy target.
fn another_works(on: OnPath<'_>, arn: &Arn) -> bool {
    let mut others = on.targets.iter().filter(|(other, _)| *other != arn).filter_map(|(_, r)| r.value());
    others.any(|targets| targets.iter().any(|target| target.state == "healthy"))
        || !on.unread_target_groups().is_empty()
}

/// The port that health checks go to, where requests go to another.
fn checked_port(on: OnPath<'_>, arn: &Arn) -> Option<u16> {
    on.target_group(arn)?.health_port.as_deref()?.parse().ok()
}

/// Whether requests may be served although health checks fail: targets answer them, with another status than is wanted; or
/// they go to a port of their own. Without a healthy target, load balancers send to all of them.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html>
fn only_checks_fail(on: OnPath<'_>, arn: &Arn, targets: &[Target]) -> bool {
    let ill = || targets.iter().filter(|target| target.state.starts_with("unhealthy"));
    let checked = checked_port(on, arn);
    let elsewhere = |target: &Target| checked.is_some_and(|port| target.port.is_some_and(|own| own != port));
    let answers = |target: &Target| target.reason.as_deref() == Some("Target.ResponseCodeMismatch");
    ill().next().is_some() && ill().all(|target| answers(target) || elsewhere(target))
}

/// A network load balancer without a healthy target sends to all of them: unhealthy does not mean unreachable.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html>
fn fails_open(on: OnPath<'_>, code: Code, healthy: usize) -> &'static str {
    let network = on.load_balancer.value().is_some_and(|balancer| balancer.kind == "network");
    let open = network && healthy == 0 && code == Code::TargetsUnhealthy;
    if open {
        " With no healthy target, the Network Load Balancer fails open: it sends requests to every target."
    } else {
        ""
    }
}

/// Targets whose health is not measured (health checks off, or a state that AWS added): not healthy, not faulty.
fn unmeasured(arn: &Arn, name: &str, targets: &[Target]) -> Finding {
    let says = format!("the health of the targets of `{name}` is not measured");
    let added = targets.iter().map(|target| target.state.as_str()).find(|state| *state != "unavailable");
    let why = match added {
        Some(state) => format!("this version does not know the state `{state}`"),
        None if reasons(targets).contains("Elb.InternalError") => {
            "the load balancer's own health checks fail inside AWS".to_owned()
        }
        None => "health checks are off".to_owned(),
    };
    let unmeasured = NotRead::not_asked(&says, Some(QueryKind::TargetHealth), why);
    Finding::unknown(Code::TargetsUnhealthy, &unmeasured).saying(says).of(arn)
}

fn name(on: OnPath<'_>, arn: &Arn) -> String {
    let known = on.target_group(arn).map(|group| group.name.clone());
    known.unwrap_or_else(|| arn.resource().split('/').next().unwrap_or(arn.as_str()).to_owned())
}

/// What the targets' states come to; `None` where no state tells whether a target works.
fn weigh(targets: &[Target], healthy: usize) -> Option<Code> {
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

fn describe(code: Code, targets: &[Target], healthy: usize, name: &str) -> String {
    let why: Vec<&str> = reasons(targets).into_iter().collect();
    let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join(", ")) };
    let all = targets.len();
    match code {
        // A listener led to it.
        Code::TargetGroupUnused => {
            format!("no target of `{name}` is in a zone that the load balancer has enabled{why}")
        }
        Code::TargetsUnhealthy if healthy == 0 => {
            let unhealthy = targets.iter().filter(|target| target.state.starts_with("unhealthy")).count();
            format!("no target of `{name}` is healthy: {unhealthy} of {all} unhealthy{why}")
        }
        Code::TargetsUnhealthy => format!("only {healthy} of {all} targets of `{name}` are healthy{why}"),
        Code::TargetsInitial => {
            format!("no target of `{name}` is healthy yet: the first health checks still run{why}")
        }
        Code::TargetsDraining => {
            let draining = targets.iter().filter(|target| target.state == "draining").count();
            format!("no target of `{name}` takes new requests: {draining} of {all} draining{why}")
        }
        _ => format!("no target of `{name}` can be used{why}"),
    }
}

fn reasons(targets: &[Target]) -> BTreeSet<&str> {
    targets
        .iter()
        .filter(|target| target.state != "healthy")
        .filter_map(|target| target.reason.as_deref())
        .collect()
}

fn remedy(code: Code, targets: &[Target], checked_port: Option<u16>) -> Option<String> {
    let ill: Vec<String> = targets
        .iter()
        .filter(|target| target.state.starts_with("unhealthy"))
        .map(|target| match checked_port.or(target.port) {
            Some(port) => format!("{}:{port}", named(target)),
            None => named(target),
        })
        .take(6)
        .collect();
    Some(match code {
        Code::TargetGroupEmpty => {
            "Register the backend's targets, or find out what took them out.".to_owned()
        }
        Code::TargetGroupUnused => "Enable the targets' zones on the load balancer.".to_owned(),
        Code::TargetsUnused => unusable(targets).to_owned(),
        Code::TargetsDraining => "Register new targets; these are leaving.".to_owned(),
        Code::TargetsInitial => {
            "Wait for the first health checks; if they do not pass, look at the targets.".to_owned()
        }
        Code::TargetsUnhealthy => format!("{} on {}.", advice(targets), ill.join(", ")),
        _ => return None,
    })
}

/// What to do about targets that the load balancer does not use.
fn unusable(targets: &[Target]) -> &'static str {
    let reasons = reasons(targets);
    if reasons.contains("Target.IpUnusable") {
        "Register the backend's own addresses: a load balancer uses these."
    } else if targets.iter().any(Target::is_load_balancer) {
        "Register a load balancer that is active, and has a listener on the group's port."
    } else {
        "Start the stopped instances, or register targets that are running."
    }
}

/// A target as people call it: a load balancer by its name, not by its ARN.
fn named(target: &Target) -> String {
    match target.is_load_balancer() {
        true => format!("load balancer `{}`", Arn::new(&target.id).balancer_name()),
        false => target.id.clone(),
    }
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
