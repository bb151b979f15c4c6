//! Faults behind the rules of an application load balancer, and of one that is the target of a network load balancer.

use serde_json::{Value, json};

use super::targets::{empty, pass_through, unhealthy};
use super::{beside, network};
use crate::harness::Account;
use crate::harness::ec2::SecurityGroup;
use crate::harness::elbv2::{Action, Rule};
use crate::matrix::{Row, V1, V2, log, row};

pub(crate) const ROWS: &[Row] = &[
    row("rule of the path answers by itself", V2, "listener-forwards-nowhere", |a| {
        rule(a, 10, path("/orders*"), Action::FixedResponse(503));
    }),
    row("rule of the host answers by itself", V2, "listener-forwards-nowhere", |a| {
        rule(a, 10, host("orders.*.example"), Action::FixedResponse(503));
    }),
    row("rule of the path forwards with weight 0", V2, "listener-forwards-nowhere", |a| {
        let group = a.target_group("orders-blue").arn.clone();
        rule(a, 10, path("/orders"), Action::Forward(vec![(group, 0)]));
    }),
    row("rule of the path forwards to an empty group", V2, "target-group-empty", |a| {
        let group = another_group(a);
        a.target_group("orders-green").targets.clear();
        rule(a, 10, path("/orders*"), Action::Plain(group));
    }),
    row("balancer behind the balancer failed", V1, "load-balancer-failed", |a| {
        chained(a);
        a.load_balancer("orders-alb").state = "failed".to_owned();
    }),
    row("balancer behind the balancer deleted", V1, "load-balancer-missing", |a| {
        chained(a);
        a.load_balancers.retain(|balancer| balancer.name != "orders-alb");
        a.listeners.retain(|listener| listener.port != 443);
    }),
    row("balancer behind the balancer listens on another port", V1, "listener-missing", |a| {
        chained(a);
        a.listener(443).port = 444;
    }),
    row("target group behind both balancers empty", V1, "target-group-empty", |a| {
        chained(a);
        empty(a);
    })
    .likely(),
    row("targets behind both balancers unhealthy", V1, "targets-unhealthy", |a| {
        chained(a);
        unhealthy(a);
    })
    .likely(),
    row("rule of the path behind the balancer answers by itself", V1, "listener-forwards-nowhere", |a| {
        chained(a);
        rule_on(a, 443, 10, path("/orders*"), Action::FixedResponse(503));
    })
    .likely(),
    row("rule of the path behind the balancer forwards to an empty group", V1, "target-group-empty", |a| {
        chained(a);
        let group = another_group(a);
        a.target_group("orders-green").targets.clear();
        rule_on(a, 443, 10, path("/orders*"), Action::Plain(group));
    })
    .likely(),
    row("certificate of another name behind the balancer", V1, "listener-certificate-name-mismatch", |a| {
        chained(a);
        beside::certificate(a).domain_name = "orders.example.net".to_owned();
        beside::certificate(a).alternative_names = vec!["orders.example.net".to_owned()];
    })
    .logged(log::NAME),
    row("certificate expired behind the balancer", V1, "listener-certificate-expired", |a| {
        chained(a);
        beside::expired(a);
    })
    .logged(log::EXPIRED),
    row(
        "certificate of a private authority behind the balancer",
        V1,
        "listener-certificate-untrusted",
        |a| {
            chained(a);
            beside::certificate(a).kind = "PRIVATE".to_owned();
        },
    )
    .logged(log::UNTRUSTED),
    row("failed handshakes rising behind the balancer", V1, "tls-negotiation-errors-rising", |a| {
        chained(a);
        beside::count_of(a, "orders-alb", "ClientTLSNegotiationErrorCount", 90);
    })
    .logged(log::HANDSHAKE)
    .likely(),
    row(
        "targets' security group lets nothing in behind both balancers",
        V1,
        "target-security-group-blocks",
        |a| {
            chained(a);
            network::group(a, network::TARGETS).inbound.clear();
            time_out(a, "orders-blue");
        },
    )
    .likely(),
    row("balancer behind the balancer lets nothing out", V1, "load-balancer-security-group-blocks", |a| {
        chained(a);
        guarded_alone(a).outbound.clear();
        time_out(a, "orders-blue");
    })
    .likely(),
    row("balancer behind the balancer lets nothing in", V1, "target-security-group-blocks", |a| {
        chained(a);
        guarded_alone(a).inbound.clear();
        time_out(a, "orders-alb");
    }),
    row(
        "targets' network ACL denies the port behind both balancers",
        V1,
        "network-acl-blocks-request",
        |a| {
            chained(a);
            network::deny(network::apart(a), false, 8080, 8080);
            time_out(a, "orders-blue");
        },
    )
    .likely(),
];

/// Health checks of a group's targets meet the same rules as requests.
fn time_out(account: &mut Account, group: &str) {
    for target in &mut account.target_group(group).targets {
        (target.state, target.reason) = ("unhealthy".to_owned(), Some("Target.Timeout".to_owned()));
    }
}

/// Gives `orders-alb` a security group of its own, as open as the one that it shared.
fn guarded_alone(account: &mut Account) -> &mut SecurityGroup {
    let own =
        SecurityGroup { id: "sg-0behind".to_owned(), ..network::group(account, network::BALANCER).clone() };
    account.security_groups.push(own);
    account.load_balancer("orders-alb").security_groups = vec!["sg-0behind".to_owned()];
    network::group(account, "sg-0behind")
}

pub(crate) fn path(pattern: &str) -> Value {
    json!({ "Field": "path-pattern", "PathPatternConfig": { "Values": [pattern] } })
}

pub(crate) fn host(pattern: &str) -> Value {
    json!({ "Field": "host-header", "HostHeaderConfig": { "Values": [pattern] } })
}

/// The called listener's rule of one condition.
pub(crate) fn rule(account: &mut Account, priority: u32, condition: Value, action: Action) {
    rule_on(account, 8443, priority, condition, action);
}

fn rule_on(account: &mut Account, port: u16, priority: u32, condition: Value, action: Action) {
    let listener = account.listener(port);
    let arn = format!("{}/{priority}", listener.arn.replace(":listener/", ":listener-rule/"));
    listener.rules.push(Rule { arn, priority, conditions: vec![condition], actions: vec![action] });
}

/// `orders-green`, as healthy as `orders-blue`; no listener forwards to it yet.
pub(crate) fn another_group(account: &mut Account) -> String {
    let mut green = account.target_group("orders-blue").clone();
    green.arn = green.arn.replace("orders-blue", "orders-green");
    green.name = "orders-green".to_owned();
    account.target_groups.push(green.clone());
    green.arn
}

/// `orders-nlb` passes TLS on to `orders-alb`, which forwards to `orders-blue`.
pub(crate) fn chained(account: &mut Account) {
    let mut v2 = Account::healthy_v2();
    let (mut balancer, mut listener) = (v2.load_balancer("orders-alb").clone(), v2.listener(8443).clone());
    balancer.security_groups.clone_from(&account.load_balancer("orders-nlb").security_groups);
    listener.port = 443;
    let mut group = account.target_group("orders-blue").clone();
    group.arn = group.arn.replace("orders-blue", "orders-alb");
    (group.name, group.kind, group.port) = ("orders-alb".to_owned(), "alb".to_owned(), 443);
    group.targets.truncate(1);
    (group.targets[0].id, group.targets[0].port) = (balancer.arn.clone(), 443);
    pass_through(account);
    let balancers = network::group(account, network::BALANCER);
    balancers.inbound.push(network::tcp(443, network::VPC));
    balancers.outbound.push(network::tcp(443, network::VPC));
    account.listener(8443).actions = vec![Action::Plain(group.arn.clone())];
    account.load_balancers.push(balancer);
    account.listeners.push(listener);
    account.target_groups.push(group);
}
