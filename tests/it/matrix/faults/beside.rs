//! Faults beside the path: certificates, settings, and what the load balancer counted.

use std::collections::BTreeMap;

use crate::harness::Account;
use crate::harness::acm::Certificate;
use crate::harness::cloudwatch::Metric;
use crate::matrix::{BOTH, Row, V1, log, row, walk};

use super::network;
use super::targets::pass_through;

pub(crate) const ROWS: &[Row] = &[
    row("certificate of another name", BOTH, "listener-certificate-name-mismatch", |a| {
        let certificate = certificate(a);
        certificate.domain_name = "orders.example.net".to_owned();
        certificate.alternative_names = vec!["orders.example.net".to_owned()];
    })
    .logged(log::NAME),
    row("certificate of a deeper name", BOTH, "listener-certificate-name-mismatch", |a| {
        let certificate = certificate(a);
        certificate.domain_name = "*.example".to_owned();
        certificate.alternative_names = vec!["*.example".to_owned()];
    })
    .logged(log::NAME),
    row("certificate expired", BOTH, "listener-certificate-expired", expired).logged(log::EXPIRED),
    row("certificate expired, handshake failed", BOTH, "listener-certificate-expired", expired)
        .logged(log::HANDSHAKE)
        .likely(),
    row("certificate not yet valid", BOTH, "listener-certificate-not-yet-valid", |a| {
        certificate(a).not_before = minutes_ago(-60 * 24);
    })
    .logged(log::EXPIRED),
    row("certificate of a private authority", BOTH, "listener-certificate-untrusted", |a| {
        certificate(a).kind = "PRIVATE".to_owned();
    })
    .logged(log::UNTRUSTED),
    row("idle timeout shorter than API Gateway's", V1, "idle-timeout-mismatch", |a| idle(a, "60"))
        .logged(log::RESET)
        .likely(),
    row("idle timeout longer than targets track", V1, "idle-timeout-mismatch", |a| idle(a, "3600"))
        .logged(log::RESET)
        .likely(),
    row("proxy protocol before HTTP", V1, "proxy-protocol-enabled", proxied).logged(log::NOT_HTTP).likely(),
    row("resets by targets rising", V1, "target-resets-rising", |a| {
        rising(a, "TCP_Target_Reset_Count");
    })
    .logged(log::RESET),
    row("resets by the load balancer rising", V1, "load-balancer-resets-rising", |a| {
        rising(a, "TCP_ELB_Reset_Count");
    })
    .logged(log::RESET)
    .likely(),
    row("connections kept out by security groups rising", V1, "security-group-drops-rising", |a| {
        network::enforce(a);
        rising(a, "SecurityGroupBlockedFlowCount_Inbound_TCP");
    })
    .likely(),
    row("no free port towards targets", V1, "port-allocation-errors", |a| {
        rising(a, "PortAllocationErrorCount");
    })
    .likely(),
    row("failed handshakes rising", V1, "tls-negotiation-errors-rising", |a| {
        rising(a, "ClientTLSNegotiationErrorCount");
    })
    .logged(log::HANDSHAKE)
    .likely(),
];

pub(crate) fn certificate(account: &mut Account) -> &mut Certificate {
    account.certificates.first_mut().expect("the listener's certificate")
}

pub(crate) fn expired(account: &mut Account) {
    let certificate = certificate(account);
    (certificate.not_after, certificate.status) = (minutes_ago(60), "EXPIRED".to_owned());
}

pub(crate) fn idle(account: &mut Account, seconds: &str) {
    pass_through(account);
    let timeout = ("tcp.idle_timeout.seconds".to_owned(), seconds.to_owned());
    account.listener(8443).attributes = BTreeMap::from([timeout]);
}

pub(crate) fn proxied(account: &mut Account) {
    let proxy = ("proxy_protocol_v2.enabled".to_owned(), "true".to_owned());
    account.target_group("orders-blue").attributes.extend([proxy]);
}

/// Counted often in the minute of the failure, and hardly before it.
fn rising(account: &mut Account, name: &str) {
    count(account, name, 90);
}

/// Counted as often in the minute of the failure as before it.
pub(crate) fn count(account: &mut Account, name: &str, now: u32) {
    let first = account.load_balancers[0].name.clone();
    count_of(account, &first, name, now);
}

/// Counted as often all day long.
pub(crate) fn count_all_along(account: &mut Account, name: &str, count: u32) {
    let first = account.load_balancers[0].name.clone();
    count_of(account, &first, name, count);
    let metric = account.metrics.last_mut().expect("it was just added");
    metric.datapoints = (0..28 * 60).map(|ago| (minutes_ago(ago) / 60 * 60, count.into())).collect();
}

/// The same of the load balancer of this name.
pub(crate) fn count_of(account: &mut Account, balancer: &str, name: &str, now: u32) {
    let balancer = account.load_balancer(balancer).arn.clone();
    let namespace = if balancer.contains("/net/") { "AWS/NetworkELB" } else { "AWS/ApplicationELB" };
    let (_, balancer) = balancer.split_once(":loadbalancer/").expect("the ARN of a load balancer");
    let datapoints = (0..15).map(|ago| (minutes_ago(ago) / 60 * 60, if ago < 2 { now.into() } else { 3.0 }));
    account.metrics.push(Metric {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        dimensions: BTreeMap::from([("LoadBalancer".to_owned(), balancer.to_owned())]),
        datapoints: datapoints.collect(),
    });
}

pub(crate) fn minutes_ago(minutes: i64) -> i64 {
    walk::now().as_second() - 60 * minutes
}
