//! Faults of target groups and targets.

use crate::harness::Account;
use crate::harness::elbv2::{Action, TargetGroup};
use crate::matrix::{BOTH, Row, V1, log, row};

pub(crate) const ROWS: &[Row] = &[
    row("target group empty", BOTH, "target-group-empty", empty),
    row("target group empty, reset", BOTH, "target-group-empty", empty).logged(log::RESET),
    row("target group deleted", BOTH, "target-group-empty", |a| a.target_groups.clear()),
    row("target group in use by no listener", BOTH, "target-group-unused", |a| {
        all(a, "unused", Some("Target.NotInUse"));
    }),
    row("targets stopped", BOTH, "targets-unused", |a| all(a, "unused", Some("Target.InvalidState"))),
    row("targets are a load balancer's addresses", BOTH, "targets-unused", |a| {
        all(a, "unused", Some("Target.IpUnusable"));
    }),
    row("targets unused without a reason", BOTH, "targets-unused", |a| all(a, "unused", None)),
    row("targets stopped or in no zone", BOTH, "targets-unused", |a| {
        all(a, "unused", Some("Target.NotInUse"));
        a.target_group("orders-blue").targets[0].reason = Some("Target.InvalidState".to_owned());
    }),
    row("targets time out", BOTH, "targets-unhealthy", |a| all(a, "unhealthy", Some("Target.Timeout"))),
    row("targets answer with another status", BOTH, "targets-unhealthy", |a| {
        all(a, "unhealthy", Some("Target.ResponseCodeMismatch"));
    })
    .likely(),
    row("targets fail their health checks", BOTH, "targets-unhealthy", unhealthy),
    row("targets fail their health checks, timeout", BOTH, "targets-unhealthy", unhealthy)
        .logged(log::TIMEOUT),
    row("targets fail their health checks, network error", BOTH, "targets-unhealthy", unhealthy)
        .logged(log::NETWORK),
    row("targets fail their health checks, reset", BOTH, "targets-unhealthy", unhealthy).logged(log::RESET),
    row("health checks fail in the load balancer", BOTH, "targets-unhealthy", |a| {
        all(a, "unhealthy", Some("Elb.InternalError"));
    }),
    row("targets unhealthy without a reason", BOTH, "targets-unhealthy", |a| all(a, "unhealthy", None)),
    row("targets unhealthy for a new reason", BOTH, "targets-unhealthy", |a| {
        all(a, "unhealthy", Some("Target.NobodyKnowsYet"));
    }),
    row("targets UNHEALTHY, in upper case", BOTH, "targets-unhealthy", |a| {
        all(a, "UNHEALTHY", Some("Target.Timeout"));
    }),
    row("targets unhealthy and draining", BOTH, "targets-unhealthy", |a| {
        all(a, "unhealthy.draining", Some("Target.FailedHealthChecks"));
    }),
    row("one target unhealthy, one draining", BOTH, "targets-unhealthy", |a| {
        all(a, "draining", Some("Target.DeregistrationInProgress"));
        a.target_group("orders-blue").targets[0].fails("Target.Timeout", "Request timed out");
    }),
    row("targets draining", BOTH, "targets-draining", |a| {
        all(a, "draining", Some("Target.DeregistrationInProgress"));
    }),
    row("targets being registered", BOTH, "targets-initial", |a| {
        all(a, "initial", Some("Elb.RegistrationInProgress"));
    }),
    row("targets not yet checked", BOTH, "targets-initial", |a| {
        all(a, "initial", Some("Elb.InitialHealthChecking"));
    }),
    row("one target unhealthy", BOTH, "targets-unhealthy", |a| {
        a.target_group("orders-blue").targets[0].fails("Target.Timeout", "Request timed out");
    })
    .likely(),
    row("one of two weighted groups empty", BOTH, "target-group-empty", |a| {
        second_group(a).targets.clear();
    })
    .likely(),
    row("targets of one of two weighted groups unhealthy", BOTH, "targets-unhealthy", |a| {
        fail(second_group(a));
    })
    .likely(),
    row("targets of both weighted groups unhealthy", BOTH, "targets-unhealthy", |a| {
        fail(second_group(a));
        unhealthy(a);
    }),
    row("targets of the heaviest of fifteen groups unhealthy", BOTH, "targets-unhealthy", |a| {
        many_groups(a);
        unhealthy(a);
    })
    .likely(),
    row("targets behind a TCP listener unhealthy", V1, "targets-unhealthy", |a| {
        pass_through(a);
        unhealthy(a);
    }),
];

/// All targets in one state.
pub(crate) fn all(account: &mut Account, state: &str, reason: Option<&str>) {
    for target in &mut account.target_group("orders-blue").targets {
        target.state = state.to_owned();
        target.reason = reason.map(str::to_owned);
    }
}

pub(crate) fn empty(account: &mut Account) {
    account.target_group("orders-blue").targets.clear();
}

pub(crate) fn unhealthy(account: &mut Account) {
    fail(account.target_group("orders-blue"));
}

pub(crate) fn fail(group: &mut TargetGroup) {
    for target in &mut group.targets {
        target.fails("Target.FailedHealthChecks", "Health checks failed");
    }
}

/// The listener forwards to a second group too, `orders-green`, as healthy as the first.
pub(crate) fn second_group(account: &mut Account) -> &mut TargetGroup {
    let blue = account.target_group("orders-blue").clone();
    let arn = blue.arn.replace("orders-blue", "orders-green");
    account.listener(8443).actions = vec![Action::Forward(vec![(blue.arn.clone(), 9), (arn.clone(), 1)])];
    account.target_groups.push(TargetGroup { arn, name: "orders-green".to_owned(), ..blue });
    account.target_group("orders-green")
}

/// Fourteen groups of little weight beside the first, which comes last by name.
pub(crate) fn many_groups(account: &mut Account) {
    let blue = account.target_group("orders-blue").clone();
    let mut weights = vec![(blue.arn.clone(), 90)];
    for number in 10..24 {
        let name = format!("extra-{number}");
        let arn = blue.arn.replace("orders-blue", &name);
        weights.push((arn.clone(), 1));
        account.target_groups.push(TargetGroup { arn, name, ..blue.clone() });
    }
    account.listener(8443).actions = vec![Action::Forward(weights)];
}

/// TLS ends at the targets.
pub(crate) fn pass_through(account: &mut Account) {
    let listener = account.listener(8443);
    listener.protocol = "TCP".to_owned();
    listener.certificates.clear();
}
