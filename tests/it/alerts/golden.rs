//! What a person and a machine see of every example, whole: log + recorded account + frozen clock → all bodies.

use vpclink_responder::alerts;
use vpclink_responder::alerts::terminal;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use vpclink_responder::aws::recorded::RecordedAccount;
use vpclink_responder::functions::{Explained, ReadFrom, explain};
use vpclink_responder::incidents::Alert;

use crate::alerts::bodies;

/// All examples under `events/`, by name.
pub(crate) fn events() -> Vec<PathBuf> {
    let entries = fs::read_dir("events").unwrap().map(|entry| entry.unwrap().path());
    let mut events: Vec<PathBuf> =
        entries.filter(|path| !path.to_string_lossy().ends_with(".account.json")).collect();
    events.sort();
    events
}

pub(crate) fn account_of(event: &Path) -> RecordedAccount {
    RecordedAccount::parse(&fs::read_to_string(event.with_extension("account.json")).unwrap()).unwrap()
}

/// Explains bytes over a recorded account at a frozen time.
pub(crate) fn explained(input: Vec<u8>, account: &RecordedAccount) -> Explained {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let reading = ReadFrom { account, budget: Duration::from_secs(5) };
    let now: Timestamp = "2026-11-22T14:04:03Z".parse().unwrap();
    runtime.block_on(explain(&[input], Some(reading), now)).unwrap()
}

/// Explains bytes without any account.
pub(crate) fn unread(input: Vec<u8>) -> Explained {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(explain(&[input], None, "2026-11-22T14:04:03Z".parse().unwrap())).unwrap()
}

/// The body that a scenario is about; the gallery shows one alert in all of them.
#[derive(Clone, Copy)]
enum Body {
    Terminal,
    Email,
    Chat,
    Html,
    /// Subject and text message.
    Short,
}

fn shown(alert: &Alert, body: Body) -> String {
    let message = alerts::message(alert);
    let body = match body {
        Body::Terminal => terminal::block(alert, terminal::Screen { color: false, width: 120 }),
        Body::Email => message.bodies["email"].clone(),
        Body::Chat => chat(&message.bodies["https"]),
        Body::Html => outline(&alerts::html_page(std::slice::from_ref(alert))),
        Body::Short => format!("{}\n{}", message.subject, message.bodies["sms"]),
    };
    format!("{}\n===\n{}\n", body.trim_end(), by_line(&message.bodies["sqs"]))
}

/// What a channel shows of a notification.
fn chat(json: &str) -> String {
    let notification: Value = serde_json::from_str(json).unwrap();
    let content = &notification["content"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let steps = content["nextSteps"].as_array().unwrap().iter().map(|step| format!("next: {}", text(step)));
    let shown = [text(&content["title"]), text(&content["description"])].into_iter().chain(steps);
    shown.chain([format!("keywords: {}", content["keywords"])]).collect::<Vec<_>>().join("\n")
}

/// JSON with a line for each member, and for each entry of a list.
pub(crate) fn by_line(json: &str) -> String {
    let members: serde_json::Map<String, Value> = serde_json::from_str(json).unwrap();
    let member = |(name, value): (&String, &Value)| match value {
        Value::Array(items) if !items.is_empty() => {
            let items: Vec<String> = items.iter().map(|item| format!("  {item}")).collect();
            format!("{name}:\n{}", items.join("\n"))
        }
        value => format!("{name}: {value}"),
    };
    members.iter().map(member).collect::<Vec<_>>().join("\n")
}

/// The words of a page, an element a line: its style, script and drawing are looked at in a browser.
pub(crate) fn outline(page: &str) -> String {
    let body = page.split_once("<body>").unwrap().1.split_once("<script>").unwrap().0;
    let mut lines = Vec::new();
    for piece in body.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap();
        let name = tag.split(' ').next().unwrap();
        let label = tag.split_once("aria-label=\"").map(|(_, rest)| rest.split('"').next().unwrap());
        lines.extend(label.map(|label| format!("{name} [{label}]")));
        lines.extend(Some(text.trim()).filter(|text| !text.is_empty()).map(|text| format!("{name} {text}")));
    }
    lines.join("\n")
}

#[test]
fn every_incident_reads_as_reviewed() {
    for (name, alert) in bodies::all() {
        let body = match name {
            "nothing-readable" | "long-lists" | "status-resolved" | "status-merged" | "digest" => Body::Email,
            "several-apis" | "cut-text" | "status-resolved-without-permissions" => Body::Chat,
            "several-stages" => Body::Html,
            "status-ongoing" | "status-escalated" | "status-regressed" | "status-ongoing-but-quiet" => {
                Body::Short
            }
            "status-quiet-without-permissions" => Body::Chat,
            _ => Body::Terminal,
        };
        insta::with_settings!({snapshot_suffix => name, prepend_module_to_snapshot => false}, {
            insta::assert_snapshot!("incident", shown(&alert, body));
        });
    }
}

#[test]
fn the_first_step_helps_now_and_none_promises_a_list() {
    let examples = events()
        .into_iter()
        .flat_map(|event| explained(fs::read(&event).unwrap(), &account_of(&event)).alerts.into_iter());
    for alert in examples.chain(bodies::all().into_iter().map(|(_, alert)| alert)) {
        let machine: Value = serde_json::from_str(&alerts::message(&alert).bodies["sqs"]).unwrap();
        let steps: Vec<&str> = machine["next_steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["do"].as_str().unwrap())
            .collect();
        assert!(steps.iter().all(|step| !step.ends_with(':')), "{steps:?}");
        // A prober takes minutes to deploy: it is for the next failure.
        let prober = steps.iter().position(|step| step.starts_with("Deploy a prober"));
        assert!(prober.is_none_or(|place| place + 1 == steps.len()), "{steps:?}");
    }
}

#[test]
fn every_example_reads_as_reviewed() {
    let events = events();
    assert!(events.len() >= 6, "{events:?}");
    for event in events {
        let explained = explained(fs::read(&event).unwrap(), &account_of(&event));
        let all: String = explained.alerts.iter().map(|alert| shown(alert, Body::Terminal)).collect();
        let name = event.file_stem().unwrap().to_str().unwrap().to_owned();
        insta::with_settings!({snapshot_suffix => name, prepend_module_to_snapshot => false}, {
            insta::assert_snapshot!("event", all + &terminal::summary(explained.summary));
        });
    }
}

#[test]
fn every_example_names_the_fault_that_it_is_named_after() {
    for (name, code) in [
        ("endpoint-connection-rejected", Some("endpoint-connection-rejected")),
        ("lambda-throttled", None),
        ("load-balancer-deleted", Some("endpoint-service-missing")),
        ("no-healthy-target", Some("targets-unhealthy")),
        ("no-listener-on-the-port", Some("listener-missing")),
        ("permission-missing", None),
        ("stage-variable-dangling", Some("vpc-link-id-dangling")),
        ("target-group-empty", Some("target-group-empty")),
        ("vpc-link-failed", Some("vpc-link-failed")),
        ("vpc-link-inactive", Some("vpc-link-inactive")),
    ] {
        let event = Path::new("events").join(format!("{name}.json"));
        let explained = explained(fs::read(&event).unwrap(), &account_of(&event));
        let verdict = &explained.alerts[0].judgement.verdict;
        assert_eq!(verdict.code.map(|code| code.slug()), code, "{name}");
        assert_eq!(explained.alerts.len(), 1, "{name}");
    }
}
