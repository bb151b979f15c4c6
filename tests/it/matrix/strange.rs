//! Answers that AWS may give one day, or gives without a field: what is not understood is unknown, and never a fault.

use super::faults::{balancer, link, targets};
use super::walk::Level;
use super::{BOTH, Break, Generation, V1, V2, complain, integrations, log, walk};
use crate::harness::Account;

/// Each with the code under which it is said that nobody could tell.
const STRANGE: &[(&str, &[Generation], &str, Break)] = &[
    ("a link in a state of tomorrow", BOTH, "vpc-link-failed", |a| link::status(a, "MIGRATING")),
    ("a link without a state", BOTH, "vpc-link-failed", |a| link::status(a, "")),
    ("a link that names no load balancer", V1, "load-balancer-missing", |a| {
        a.vpc_links.values_mut().for_each(|link| link.target_arns.clear());
    }),
    ("an integration without a target over a V2 link", V2, "load-balancer-missing", |a| {
        integrations(a).for_each(|integration| integration.integration_target = None);
    }),
    ("an endpoint service in a state of tomorrow", V1, "endpoint-service-unavailable", |a| {
        a.endpoint_services.iter_mut().for_each(|service| service.state = "Migrating".to_owned());
    }),
    ("an endpoint service without a state", V1, "endpoint-service-unavailable", |a| {
        a.endpoint_services.iter_mut().for_each(|service| service.state = String::new());
    }),
    ("a connection in a state of tomorrow", V1, "endpoint-connection-failed", |a| {
        link::connection(a, "Migrating");
    }),
    ("a connection without a state", V1, "endpoint-connection-failed", |a| link::connection(a, "")),
    ("a load balancer in a state of tomorrow", BOTH, "load-balancer-failed", |a| {
        balancer::state(a, "migrating");
    }),
    ("a load balancer without a state", BOTH, "load-balancer-failed", |a| balancer::state(a, "")),
    ("a listener of a protocol of tomorrow", BOTH, "listener-protocol-mismatch", |a| {
        a.listener(8443).protocol = "HTTP9".to_owned();
    }),
    ("a listener without a protocol", BOTH, "listener-protocol-mismatch", |a| {
        a.listener(8443).protocol = String::new();
    }),
    ("targets in a state of tomorrow", BOTH, "targets-unhealthy", |a| targets::all(a, "pondering", None)),
    ("targets without a state", BOTH, "targets-unhealthy", |a| targets::all(a, "", None)),
    ("targets that nobody checks", BOTH, "targets-unhealthy", |a| {
        targets::all(a, "unavailable", Some("Target.HealthCheckDisabled"));
    }),
];

#[test]
fn what_is_not_understood_is_unknown() {
    let cases: Vec<_> = STRANGE.iter().flat_map(|case| case.1.iter().map(move |on| (case, *on))).collect();
    let wrong = walk::with_laptops(&cases, |laptop, ((name, _, code, disguise), on)| {
        let mut account = on.healthy();
        disguise(&mut account);
        let told = laptop.told(&account, &walk::event(&account, log::UNREACHABLE, Level::Info));
        let findings = told.alert["findings"].as_array().cloned().unwrap_or_default();
        let said = findings.iter().any(|finding| finding["code"] == *code && finding["state"] == "unknown");
        let right = told.code.is_none() && told.faulty.is_empty() && said;
        (!right).then(|| format!("{name} ({on:?}): {code} should be unknown: {told}"))
    });
    complain(&wrong.into_iter().flatten().collect::<Vec<_>>());
}

#[test]
fn an_account_without_the_api_is_told_nothing_about() {
    for on in BOTH {
        let mut account: Account = on.healthy();
        let event = walk::event(&account, log::UNREACHABLE, Level::Info);
        account.rest_apis.clear();
        let told = walk::told_over(&crate::harness::Aws::start(account), &event);
        assert_eq!(told.code.as_deref().unwrap_or("integration-missing"), "integration-missing", "{told}");
    }
}
