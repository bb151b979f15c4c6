//! Errors that came over the path: made by an application load balancer, or by what it forwards to.

use super::targets::{all, empty, unhealthy};
use super::{beside, network, rules};
use crate::harness::Account;
use crate::harness::elbv2::Action;
use crate::matrix::{BOTH, Row, V1, V2, log, row};

pub(crate) const ROWS: &[Row] = &[
    row("503 from a balancer whose group is empty", BOTH, "target-group-empty", |a| {
        balanced(a);
        empty(a);
    })
    .logged(log::ANSWERED_503),
    row("503 from a balancer whose group is in use by no listener", BOTH, "target-group-unused", |a| {
        balanced(a);
        all(a, "unused", Some("Target.NotInUse"));
    })
    .logged(log::ANSWERED_503),
    row("503 from a balancer whose targets are stopped", BOTH, "targets-unused", |a| {
        balanced(a);
        all(a, "unused", Some("Target.InvalidState"));
    })
    .logged(log::TRACED_BALANCER),
    row("rule of the path answers 503, passed on", BOTH, "listener-forwards-nowhere", |a| {
        let port = balanced(a);
        rules::rule_on(a, port, 10, rules::path("/orders*"), Action::FixedResponse(503));
    })
    .logged(log::ANSWERED_503),
    row("502 from a balancer whose targets are dead", BOTH, "targets-unhealthy", |a| {
        balanced(a);
        unhealthy(a);
        own(a, 502);
    })
    .logged(log::ANSWERED_502),
    row("502 from a balancer, handshakes with targets fail", BOTH, "tls-negotiation-errors-rising", |a| {
        balanced(a);
        own(a, 502);
        count(a, "TargetTLSNegotiationErrorCount");
    })
    .logged(log::ANSWERED_502)
    .likely(),
    row("502 from a balancer, and nothing else wrong", BOTH, "load-balancer-answered", |a| {
        balanced(a);
        own(a, 502);
    })
    .logged(log::ANSWERED_502),
    row("503 from a balancer by its header, and nothing else wrong", BOTH, "load-balancer-answered", |a| {
        balanced(a);
    })
    .logged(log::TRACED_BALANCER),
    row(
        "504 from a balancer that the targets let nothing in from",
        BOTH,
        "target-security-group-blocks",
        |a| {
            balanced(a);
            network::group(a, network::TARGETS).inbound.clear();
            rules::time_out(a, "orders-blue");
            own(a, 504);
        },
    )
    .logged(log::ANSWERED_504),
    row("504 from a balancer, a network ACL before the targets", BOTH, "network-acl-blocks-request", |a| {
        balanced(a);
        network::deny(network::apart(a), false, 8080, 8080);
        rules::time_out(a, "orders-blue");
        own(a, 504);
    })
    .logged(log::ANSWERED_504),
    row("504 from a balancer whose targets time out", BOTH, "targets-unhealthy", |a| {
        balanced(a);
        rules::time_out(a, "orders-blue");
        own(a, 504);
    })
    .logged(log::ANSWERED_504),
    row("504 from a balancer that gives up before API Gateway", BOTH, "idle-timeout-mismatch", |a| {
        balanced(a);
        let idle = ("idle_timeout.timeout_seconds".to_owned(), "20".to_owned());
        a.load_balancer("orders-alb").attributes.extend([idle]);
        own(a, 504);
    })
    .logged(log::ANSWERED_504_LATE)
    .likely(),
    row("503 from the application, counted", BOTH, "target-answered-5xx", |a| {
        balanced(a);
        by_targets(a);
    })
    .logged(log::ANSWERED_503),
    row("503 from the application, its header traced", BOTH, "target-answered-5xx", |a| {
        balanced(a);
        beside::count_of(a, "orders-alb", "HTTPCode_ELB_503_Count", 90);
    })
    .logged(log::TRACED_APPLICATION),
    row("503 from the application, some from the balancer", BOTH, "target-answered-5xx", |a| {
        balanced(a);
        by_targets(a);
        beside::count_of(a, "orders-alb", "HTTPCode_ELB_503_Count", 3);
    })
    .logged(log::ANSWERED_503)
    .likely(),
    row("503 over a network load balancer alone", V1, "target-answered-5xx", |_| {})
        .logged(log::ANSWERED_503),
    row("464 from a group of HTTP/2", BOTH, "target-group-protocol-mismatch", |a| {
        balanced(a);
        a.target_group("orders-blue").version = Some("HTTP2".to_owned());
    })
    .logged(log::UNMAPPED_464),
    row("464 from a group of gRPC", V2, "target-group-protocol-mismatch", |a| {
        a.target_group("orders-blue").version = Some("GRPC".to_owned());
    })
    .logged(log::UNMAPPED_464),
    row("a TLS listener that agrees on HTTP/2 alone", V1, "target-group-protocol-mismatch", |a| {
        a.listener(8443).alpn = Some("HTTP2Only".to_owned());
    })
    .logged(log::NOT_HTTP)
    .likely(),
];

/// Puts `orders-alb` on the path, if it is not there; its listener's port.
pub(crate) fn balanced(account: &mut Account) -> u16 {
    if account.load_balancers.iter().any(|balancer| balancer.name == "orders-alb") {
        return 8443;
    }
    rules::chained(account);
    443
}

/// Answers of this status that the load balancer made itself.
fn own(account: &mut Account, status: u16) {
    count(account, &format!("HTTPCode_ELB_{status}_Count"));
}

/// Answers of 5xx that the targets of the group made, which CloudWatch counts of the group, too.
fn by_targets(account: &mut Account) {
    count(account, "HTTPCode_Target_5XX_Count");
    let group = account.target_group("orders-blue").arn.clone();
    let (_, resource) = group.split_once(":targetgroup/").expect("the ARN of a target group");
    let mut of_group = account.metrics.last().expect("just counted").clone();
    of_group.dimensions.insert("TargetGroup".to_owned(), format!("targetgroup/{resource}"));
    account.metrics.push(of_group);
}

fn count(account: &mut Account, name: &str) {
    beside::count_of(account, "orders-alb", name, 90);
}
