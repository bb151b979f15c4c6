//! `events/`: failures to try the program with, each with a recorded account that shows its fault.
//!
//! Made from `tests/logs` and the tests' AWS: the events are packed as CloudWatch Logs packs them, the accounts are
//! recorded by the real `vpclink explain --live --record`. A stale file fails here; `UPDATE_EVENTS=1 cargo test events`
//! writes them anew.

use vpclink_responder::logs;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use vpclink_responder::logs::LogEvent;

use crate::harness::{Account, Aws, event_of, subscription_document_at};

/// 2026-11-22T14:03:22Z, when the first line of every event was logged.
const FIRST_LINE_AT: i64 = 1_795_356_202_000;

/// When every account was read: 41 seconds later.
const READ_AT: &str = "2026-11-22T14:04:03Z";

struct Scenario {
    name: &'static str,
    log: &'static str,
    account: fn() -> Account,
    denied: Option<&'static str>,
}

const UNREACHABLE: &str = "integration-unreachable/orders.log";

const SCENARIOS: &[Scenario] = &[
    Scenario { name: "no-healthy-target", log: UNREACHABLE, account: no_healthy_target, denied: None },
    Scenario { name: "vpc-link-failed", log: UNREACHABLE, account: vpc_link_failed, denied: None },
    Scenario { name: "vpc-link-inactive", log: UNREACHABLE, account: vpc_link_inactive, denied: None },
    Scenario {
        name: "stage-variable-dangling",
        log: UNREACHABLE,
        account: stage_variable_dangling,
        denied: None,
    },
    Scenario {
        name: "endpoint-connection-rejected",
        log: UNREACHABLE,
        account: endpoint_connection_rejected,
        denied: None,
    },
    Scenario {
        name: "load-balancer-deleted",
        log: UNREACHABLE,
        account: load_balancer_deleted,
        denied: None,
    },
    Scenario {
        name: "no-listener-on-the-port",
        log: UNREACHABLE,
        account: no_listener_on_the_port,
        denied: None,
    },
    Scenario { name: "target-group-empty", log: UNREACHABLE, account: target_group_empty, denied: None },
    Scenario {
        name: "permission-missing",
        log: UNREACHABLE,
        account: no_healthy_target,
        denied: Some("elasticloadbalancing:DescribeTargetHealth"),
    },
    Scenario {
        name: "lambda-throttled",
        log: "lambda-throttled/info-with-data-trace.log",
        account: Account::healthy_v1,
        denied: None,
    },
];

fn no_healthy_target() -> Account {
    let mut account = Account::healthy_v1();
    for target in &mut account.target_group("orders-blue").targets {
        target.fails("Target.FailedHealthChecks", "Health checks failed");
    }
    account
}

fn vpc_link_failed() -> Account {
    let mut account = no_healthy_target();
    for link in account.vpc_links.values_mut() {
        link.status = "FAILED".to_owned();
        link.status_message = Some("NLB is already associated with another VPC Endpoint Service".to_owned());
    }
    account
}

fn vpc_link_inactive() -> Account {
    let mut account = Account::healthy_v2();
    account.vpc_links_v2.values_mut().for_each(|link| link.status = "INACTIVE".to_owned());
    account
}

fn stage_variable_dangling() -> Account {
    let mut account = Account::healthy_v1();
    for (path, verb) in [("/orders", "GET"), ("/orders/{id}", "GET")] {
        account.integration(path, verb).connection_id = Some("${stageVariables.vpcLinkId}".to_owned());
    }
    let stages = account.rest_apis.values_mut().flat_map(|api| api.stages.values_mut());
    stages.for_each(|stage| {
        stage.variables.insert("vpcLinkId".to_owned(), "abc124".to_owned());
    });
    account
}

fn endpoint_connection_rejected() -> Account {
    let mut account = Account::healthy_v1();
    account.endpoint_connections.iter_mut().for_each(|connection| connection.state = "Rejected".to_owned());
    account
}

fn load_balancer_deleted() -> Account {
    let mut account = Account::healthy_v1();
    account.load_balancers.clear();
    account.listeners.clear();
    account.endpoint_services.clear();
    account.endpoint_connections.clear();
    account
}

fn no_listener_on_the_port() -> Account {
    let mut account = Account::healthy_v1();
    account.listener(8443).port = 443;
    account
}

fn target_group_empty() -> Account {
    let mut account = Account::healthy_v1();
    account.target_group("orders-blue").targets.clear();
    account
}

#[test]
fn events_and_accounts_are_fresh() {
    for scenario in SCENARIOS {
        let event = Path::new("events").join(format!("{}.json", scenario.name));
        let log = fs::read_to_string(Path::new("tests/logs").join(scenario.log)).unwrap();
        let lines: Vec<&str> = log.lines().collect();
        let document =
            subscription_document_at("API-Gateway-Execution-Logs_a1b2c3d4e5/prod", &lines, FIRST_LINE_AT);
        let text = serde_json::to_string_pretty(&event_of(&document)).unwrap() + "\n";
        // Compared as they are read, since another version of the compressor may pack the same lines otherwise.
        keep(&event, &text, |kept, made| messages(kept) == messages(made));
        let account = Path::new("events").join(format!("{}.account.json", scenario.name));
        keep(&account, &recorded(scenario, &event), |kept, made| kept == made);
    }
}

#[expect(clippy::disallowed_methods, reason = "the switch of a generator, not of the program")]
fn keep(path: &Path, made: &str, same: fn(&str, &str) -> bool) {
    let kept = fs::read_to_string(path).unwrap_or_default();
    if same(&kept, made) {
        return;
    }
    let update = std::env::var_os("UPDATE_EVENTS").is_some();
    assert!(update, "{} is stale; `UPDATE_EVENTS=1 cargo test events` writes it anew", path.display());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, made).unwrap();
}

fn messages(event: &str) -> Option<Vec<(Option<jiff::Timestamp>, String)>> {
    let records = logs::open(event.as_bytes(), 1 << 20).ok()?;
    let Ok(Some(batch)) = records.first()?.read() else { return None };
    let dated = |event: &LogEvent<'_>| (event.at, event.message.clone().into_owned());
    Some(batch.events.iter().map(dated).collect())
}

/// What the real command line records of the scenario's account, dated as the examples are.
fn recorded(scenario: &Scenario, event: &Path) -> String {
    let aws = Aws::start((scenario.account)());
    if let Some(action) = scenario.denied {
        aws.deny(action);
    }
    let file: PathBuf =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.account.json", scenario.name));
    let ran = Command::new(env!("CARGO_BIN_EXE_vpclink"))
        .args(["explain", "--live", "--format", "json", "--record"])
        .args([&file, event])
        .env_clear()
        .env("AWS_ENDPOINT_URL", aws.url())
        .envs([("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(10), "{}", String::from_utf8_lossy(&ran.stderr));
    let mut account: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    for answer in account["answers"].as_array_mut().unwrap() {
        answer["read_at"] = READ_AT.into();
    }
    serde_json::to_string_pretty(&account).unwrap() + "\n"
}
