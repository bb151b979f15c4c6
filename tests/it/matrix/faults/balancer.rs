//! Faults of the load balancer and of the listener that is called.

use serde_json::json;

use super::link::no_service;
use crate::harness::Account;
use crate::harness::elbv2::Action;
use crate::matrix::{BOTH, Row, V1, V2, log, name_the_balancer, readdress, row};

pub(crate) const BALANCERS: &[Row] = &[
    row("load balancer deleted", BOTH, "load-balancer-missing", no_balancer),
    row("load balancer deleted with its listeners", BOTH, "load-balancer-missing", nothing_balances),
    row("load balancer deleted with its endpoint service", V1, "endpoint-service-missing", |a| {
        no_service(a);
        nothing_balances(a);
    }),
    row("load balancer named by the integration deleted", V2, "load-balancer-missing", |a| {
        name_the_balancer(a);
        nothing_balances(a);
    }),
    row("load balancer failed", BOTH, "load-balancer-failed", |a| state(a, "failed")),
    row("load balancer FAILED, in upper case", BOTH, "load-balancer-failed", |a| state(a, "FAILED")),
    row("load balancer provisioning", BOTH, "load-balancer-provisioning", |a| state(a, "provisioning")),
    row("load balancer impaired", BOTH, "load-balancer-impaired", |a| state(a, "active_impaired")).likely(),
];

pub(crate) const LISTENERS: &[Row] = &[
    row("listener on another port", V1, "listener-missing", |a| a.listener(8443).port = 9443),
    row("listener on another port, timeout", V1, "listener-missing", |a| a.listener(8443).port = 9443)
        .logged(log::TIMEOUT),
    row("URI without a port, listener on 8443", V1, "listener-missing", |a| readdress(a, ":8443", "")),
    row("no listener at all", V1, "listener-missing", |a| a.listeners.clear()),
    row("named listener deleted", V2, "listener-missing", |a| a.listeners.clear()),
    row("named load balancer listens on another port", V2, "listener-missing", |a| {
        name_the_balancer(a);
        a.listener(8443).port = 9443;
    }),
    row("named load balancer has no listener", V2, "listener-missing", |a| {
        name_the_balancer(a);
        a.listeners.clear();
    }),
    row("http towards a TLS listener", V1, "listener-protocol-mismatch", plain).likely(),
    row("http towards an HTTPS listener", V2, "listener-protocol-mismatch", plain).likely(),
    row("http towards an HTTPS listener, not HTTP", V2, "listener-protocol-mismatch", plain)
        .logged(log::NOT_HTTP),
    row("https towards an HTTP listener", V2, "listener-protocol-mismatch", |a| speak(a, "HTTP")).likely(),
    row("https towards an HTTP listener, not TLS", V2, "listener-protocol-mismatch", |a| speak(a, "HTTP"))
        .logged(log::NOT_TLS),
    row("https towards the HTTP listener of a named load balancer", V2, "listener-protocol-mismatch", |a| {
        name_the_balancer(a);
        speak(a, "HTTP");
    })
    .likely(),
    row("https towards a UDP listener", V1, "listener-protocol-mismatch", |a| speak(a, "UDP")).likely(),
    row("listener without an action", V1, "listener-forwards-nowhere", |a| a.listener(8443).actions.clear()),
    row("listener forwards to no group", V1, "listener-forwards-nowhere", |a| {
        a.listener(8443).actions = vec![Action::Forward(Vec::new())];
    }),
    row("listener forwards with weight 0", V1, "listener-forwards-nowhere", weightless),
    row("listener forwards with weight 0", V2, "listener-forwards-nowhere", weightless),
    row("listener answers by itself", V2, "listener-forwards-nowhere", |a| {
        a.listener(8443).actions = vec![Action::FixedResponse(503)];
    }),
    row("listener redirects", V2, "listener-forwards-nowhere", |a| {
        let redirect = json!({ "Port": "443", "Protocol": "HTTPS", "StatusCode": "HTTP_301" });
        let action = json!({ "Type": "redirect", "Order": 1, "RedirectConfig": redirect });
        a.listener(8443).actions = vec![Action::Other(action)];
    }),
];

pub(crate) fn no_balancer(account: &mut Account) {
    account.load_balancers.clear();
}

pub(crate) fn nothing_balances(account: &mut Account) {
    no_balancer(account);
    account.listeners.clear();
}

pub(crate) fn state(account: &mut Account, state: &str) {
    account.load_balancers.iter_mut().for_each(|balancer| balancer.state = state.to_owned());
}

fn plain(account: &mut Account) {
    readdress(account, "https://", "http://");
}

fn speak(account: &mut Account, protocol: &str) {
    let listener = account.listener(8443);
    listener.protocol = protocol.to_owned();
    listener.certificates.clear();
}

pub(crate) fn weightless(account: &mut Account) {
    let group = account.target_group("orders-blue").arn.clone();
    account.listener(8443).actions = vec![Action::Forward(vec![(group, 0)])];
}
