//! Alerts beyond the examples under `events/`: every cause family, every status, missing permissions, long lists, cut
//! text, and one fault that fails many APIs.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};
use vpclink_responder::aws::recorded::RecordedAccount;
use vpclink_responder::causes::{Cause, Diagnosis, MANY_INCIDENTS, Route};
use vpclink_responder::ids::{AccountId, ApiId, Region};
use vpclink_responder::incidents::{Alert, AlsoAffected, Status};
use vpclink_responder::logs::Source;

use crate::alerts::golden::explained;

const GROUP: &str = "API-Gateway-Execution-Logs_a1b2c3d4e5/prod";

/// 2026-11-22T14:03:22Z, when the examples' first lines were logged.
const FIRST_LINE_AT: i64 = 1_795_356_202_000;

/// Every incident that is snapshot beside the examples, by name.
pub(crate) fn all() -> Vec<(&'static str, Alert)> {
    let mut incidents = vec![
        ("family-link-id", of("vpc-link-id-invalid/error-level.log", "stage-variable-dangling")),
        ("family-protocol", of("invalid-http-response/info-with-data-trace.log", "healthy")),
        ("family-reset", of("target-reset/info-with-data-trace.log", "healthy")),
        ("family-tls", of("certificate-expired/info-with-data-trace.log", "certificate-expired")),
        ("family-any", of("unrecognised-failure/error-level.log", "no-healthy-target")),
        (
            "family-elsewhere-mapping",
            of("mapping-method-response-missing/info-with-data-trace.log", "healthy"),
        ),
        ("nothing-readable", of("integration-unreachable/orders.log", "nothing")),
        ("nothing-read", unread()),
        ("long-lists", long_lists()),
        ("cut-text", cut_text()),
        ("several-apis", several_apis(8)),
        ("several-stages", several_stages()),
    ];
    for status in Status::ALL {
        incidents.push(match status {
            Status::Open => continue,
            Status::Ongoing => (
                "status-ongoing",
                with(status, "still failing 4 h after the last alert", "no-healthy-target"),
            ),
            Status::Escalated => {
                ("status-escalated", with(status, "20 failures a minute, up from 2", "no-healthy-target"))
            }
            Status::Resolved => ("status-resolved", resolved("healthy")),
            Status::Regressed => {
                ("status-regressed", with(status, "back 40 min after it was resolved", "no-healthy-target"))
            }
            Status::Merged => (
                "status-merged",
                with(status, "it shares the broken target group of incident #b47f2859", "no-healthy-target"),
            ),
            Status::Test => ("status-test", with(status, "an engineer asked for a test", "nothing")),
        });
    }
    incidents.push((
        "status-ongoing-but-quiet",
        with(
            Status::Ongoing,
            "quiet for 20 min, and a fresh reading still finds the fault",
            "no-healthy-target",
        ),
    ));
    incidents.push(("status-resolved-without-permissions", resolved("nothing")));
    incidents.push(("digest", digest()));
    incidents
}

/// Log lines as CloudWatch Logs delivers them, a millisecond apart.
pub(crate) fn document(lines: &[String]) -> Vec<u8> {
    let event = |(line, n): (&String, i64)| json!({"id": n.to_string(), "timestamp": FIRST_LINE_AT + n, "message": line});
    let events: Vec<Value> = lines.iter().zip(0..).map(event).collect();
    json!({"messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": GROUP, "logStream": "s", "logEvents": events})
        .to_string()
        .into_bytes()
}

/// The alert of a fixture over an account.
fn of(fixture: &str, account: &str) -> Alert {
    let log = fs::read_to_string(format!("tests/logs/{fixture}")).unwrap();
    let lines: Vec<String> = log.lines().map(str::to_owned).collect();
    only(explained(document(&lines), &self::account(account)).alerts)
}

fn only(mut alerts: Vec<Alert>) -> Alert {
    assert_eq!(alerts.len(), 1);
    alerts.remove(0)
}

/// An example's account, or one made from it.
pub(crate) fn account(name: &str) -> RecordedAccount {
    let read = |name: &str| fs::read_to_string(format!("events/{name}.account.json")).unwrap();
    let text = match name {
        "nothing" => r#"{"format": "vpclink-responder/account/1", "answers": []}"#.to_owned(),
        "healthy" => {
            changed(&read("no-healthy-target"), "elasticloadbalancing:DescribeTargetHealth", |targets| {
                for target in targets.as_array_mut().unwrap() {
                    target["state"] = "healthy".into();
                    target["reason"] = Value::Null;
                    target["description"] = Value::Null;
                }
            })
        }
        "certificate-expired" => {
            changed(&read("no-healthy-target"), "acm:DescribeCertificate", |certificate| {
                certificate["not_after"] = "2026-11-21T23:59:59Z".into();
            })
        }
        name => read(name),
    };
    RecordedAccount::parse(&text).unwrap()
}

fn changed(account: &str, call: &str, change: impl Fn(&mut Value)) -> String {
    let mut account: Value = serde_json::from_str(account).unwrap();
    let answers = account["answers"].as_array_mut().unwrap();
    let mut found = answers.iter_mut().filter(|answer| answer["call"] == call).peekable();
    assert!(found.peek().is_some(), "{call}");
    found.for_each(|answer| change(&mut answer["answer"]));
    account.to_string()
}

fn with(status: Status, reason: &str, account: &str) -> Alert {
    Alert { status, reason: reason.to_owned(), ..of("integration-unreachable/orders.log", account) }
}

/// Quiet after two minutes of failures, and read again.
fn resolved(account: &str) -> Alert {
    let mut alert = with(Status::Resolved, "no failure for 15 min", account);
    alert.incident.failed = 42;
    alert
}

/// No account was read.
fn unread() -> Alert {
    let log = fs::read("tests/logs/integration-timeout/to-001.log").unwrap();
    only(crate::alerts::golden::unread(log).alerts)
}

/// More routes, request ids and minutes than a reader wants.
fn long_lists() -> Alert {
    let lines: Vec<String> = (0..80)
        .flat_map(|n| {
            [
                format!("(request-{n}) HTTP Method: GET, Resource Path: /shelf-{n}/books"),
                format!("(request-{n}) Execution failed due to configuration error: There was an internal error while executing your request"),
                format!("(request-{n}) Method completed with status: 500"),
            ]
        })
        .collect();
    only(explained(document(&lines), &account("nothing")).alerts)
}

/// A path and a reason that fill every limit.
fn cut_text() -> Alert {
    let path = format!("/{}", "a-very-long-resource-name/".repeat(30));
    let reason = "the function said a whole paragraph. ".repeat(60);
    let lines = [
        format!("(request-1) HTTP Method: DELETE, Resource Path: {path}"),
        format!(
            "(request-1) Lambda execution failed with status 200 due to customer function error: {reason}"
        ),
        "(request-1) Method completed with status: 502".to_owned(),
    ];
    only(explained(document(&lines), &account("nothing")).alerts)
}

fn hit(api: &str, stage: &str, failed: u64, cause: &str) -> AlsoAffected {
    let source = Source {
        account: Some(AccountId::new("111122223333")),
        region: Some(Region::new("eu-west-1")),
        api: Some(ApiId::new(api)),
        stage: Some(stage.to_owned()),
        ..Source::default()
    };
    let route = Route { method: "GET".to_owned(), path: "/".to_owned() };
    let cause = Cause::of_slug(cause).unwrap();
    AlsoAffected { source, cause, failed, routes: BTreeMap::from([(route, failed)]) }
}

/// One broken resource behind so many more APIs.
pub(crate) fn several_apis(more: u64) -> Alert {
    let mut alert = of("integration-unreachable/orders.log", "no-healthy-target");
    alert.also_hit = (0..more)
        .map(|n| {
            hit(
                &format!("b{n:09}"),
                "prod",
                3 + n,
                ["integration-unreachable", "network-error"][n as usize % 2],
            )
        })
        .collect();
    if let Some(last) = alert.also_hit.last_mut() {
        last.source.account = Some(AccountId::new("444455556666"));
        last.source.canary = true;
    }
    alert
}

/// Incidents beyond the hourly limit of messages: one message counts them all.
fn digest() -> Alert {
    let mut alert = unread();
    alert.reason = "60 messages were sent within the hour".to_owned();
    alert.news.example = Diagnosis::noted(
        MANY_INCIDENTS,
        Source::default(),
        None,
        "the hourly limit of 60 messages is reached",
    );
    alert.incident.routes.clear();
    alert.incident.failed = 250;
    alert.also_hit =
        vec![hit("a1b2c3d4e5", "prod", 200, "network-error"), hit("b000000001", "prod", 50, "target-reset")];
    alert
}

fn several_stages() -> Alert {
    let mut alert = of("integration-unreachable/orders.log", "no-healthy-target");
    alert.also_hit = vec![hit("a1b2c3d4e5", "test", 2, "integration-unreachable")];
    alert.also_hit[0].source.region = None;
    alert
}
