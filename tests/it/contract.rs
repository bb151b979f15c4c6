//! The names and shapes that other people's tools rely on. Added to, never renamed: a change here breaks somebody.

use vpclink_responder::alerts;

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use vpclink_responder::checks::{CODES, State};

use crate::alerts::golden::{account_of, explained};

const FAULTY: [&str; 63] = [
    "stage-variable-undefined",
    "vpc-link-id-dangling",
    "integration-not-deployed",
    "integration-missing",
    "execution-logging-off",
    "vpc-link-missing",
    "vpc-link-failed",
    "vpc-link-pending",
    "vpc-link-deleting",
    "vpc-link-inactive",
    "endpoint-service-missing",
    "endpoint-service-unavailable",
    "endpoint-connection-rejected",
    "endpoint-connection-pending",
    "endpoint-connection-failed",
    "endpoint-connection-expired",
    "endpoint-connection-missing",
    "cloud-map-service-missing",
    "cloud-map-no-instances",
    "cloud-map-instances-unhealthy",
    "load-balancer-missing",
    "load-balancer-failed",
    "load-balancer-provisioning",
    "load-balancer-impaired",
    "zone-without-targets",
    "listener-missing",
    "listener-protocol-mismatch",
    "listener-forwards-nowhere",
    "idle-timeout-mismatch",
    "target-group-empty",
    "target-group-unused",
    "targets-unhealthy",
    "targets-unused",
    "targets-draining",
    "targets-initial",
    "proxy-protocol-enabled",
    "load-balancer-security-group-blocks",
    "vpc-link-security-group-blocks",
    "target-security-group-blocks",
    "network-acl-blocks-request",
    "network-acl-blocks-response",
    "listener-certificate-name-mismatch",
    "listener-certificate-expired",
    "listener-certificate-not-yet-valid",
    "listener-certificate-untrusted",
    "target-resets-rising",
    "load-balancer-resets-rising",
    "security-group-drops-rising",
    "port-allocation-errors",
    "tls-negotiation-errors-rising",
    "target-not-listening",
    "target-silent",
    "target-speaks-tls",
    "target-speaks-plaintext",
    "target-refuses-tls",
    "target-demands-client-certificate",
    "target-answers-not-http",
    "target-certificate-name-mismatch",
    "target-certificate-expired",
    "target-certificate-not-yet-valid",
    "target-certificate-untrusted",
    "target-certificate-chain-incomplete",
    "target-certificate-key-mismatch",
];

const HEALTHY: [&str; 10] = [
    "cloud-map-instances-found",
    "vpc-link-available",
    "endpoint-connection-available",
    "load-balancer-active",
    "listener-found",
    "targets-healthy",
    "network-open",
    "listener-certificate-valid",
    "target-certificate-valid",
    "target-answers-http",
];

#[test]
fn the_codes_of_findings_are_these() {
    let of = |state| CODES.iter().filter(move |code| code.state() == state).map(|code| code.slug());
    assert_eq!(of(State::Faulty).collect::<BTreeSet<_>>(), FAULTY.into_iter().collect());
    assert_eq!(of(State::Healthy).collect::<BTreeSet<_>>(), HEALTHY.into_iter().collect());
    assert_eq!(of(State::Warning).collect::<Vec<_>>(), ["certificate-expires-soon"]);
    assert_eq!(CODES.len(), FAULTY.len() + HEALTHY.len() + 1, "each once");
}

#[test]
fn the_environments_variables_are_these() {
    let config = fs::read_to_string("src/functions/config.rs").unwrap();
    for name in [
        "ALERT_TOPIC_ARN",
        "REPEAT_INTERVAL",
        "RESOLVE_AFTER",
        "INVESTIGATION_BUDGET",
        "MAX_BATCH_BYTES",
        "LOG_GROUP_PREFIX",
        "DELIVERED_LOG_GROUPS",
        "CONTEXT_LOOKUP",
        "MAX_MESSAGES_PER_HOUR",
        "READ_ROLE_NAME",
        "READ_ROLE_EXTERNAL_ID",
        "RESPONDER_ARN",
        "SUBSCRIPTION_FILTER_NAME",
    ] {
        assert!(config.contains(&format!("\"{name}\"")), "{name}");
    }
}

/// The names of an object's fields.
#[track_caller]
fn fields(value: &Value, expected: &[&str]) {
    let names: BTreeSet<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    let missing: Vec<_> = expected.iter().filter(|name| !names.contains(**name)).collect();
    assert!(missing.is_empty(), "{missing:?} of {names:?}");
}

#[test]
fn the_machine_alert_has_these_fields() {
    let event = std::path::Path::new("events/vpc-link-failed.json");
    let explained = explained(fs::read(event).unwrap(), &account_of(event));
    let message = alerts::message(&explained.alerts[0]);
    let alert: Value = serde_json::from_str(&message.bodies["sqs"]).unwrap();
    assert_eq!(alert["schema"], "vpclink-responder/alert/1");
    fields(
        &alert,
        &[
            "schema",
            "incident",
            "severity",
            "account",
            "region",
            "api",
            "routes",
            "failed",
            "first_failure",
            "last_failure",
            "request_ids",
            "cause",
            "verdict",
            "findings",
            "not_checked",
            "path",
            "next_steps",
            "evidence",
            "links",
        ],
    );
    fields(&alert["incident"], &["id", "dedup_key", "status", "reason", "opened_at", "may_repeat"]);
    fields(&alert["api"], &["id", "name", "stage", "canary"]);
    fields(&alert["routes"][0], &["method", "resource", "failed"]);
    fields(&alert["cause"], &["slug", "title"]);
    fields(&alert["verdict"], &["tier", "code", "says"]);
    let finding =
        ["code", "state", "resource", "says", "detail", "action", "read_at", "seconds_after_failure"];
    fields(&alert["findings"][0], &finding);
    fields(&alert["path"][0], &["hop", "resource", "state"]);
    fields(&alert["next_steps"][0], &["do", "command", "verify"]);
    fields(&alert["evidence"][0], &["request_id", "at", "line"]);
    fields(&alert["links"], &["logs", "runbook"]);
}
