//! Whatever a log and an account say, every body keeps its protocol's limits and stays inside text.

use vpclink_responder::alerts;

use std::fs;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::Value;
use vpclink_responder::aws::recorded::RecordedAccount;
use vpclink_responder::incidents::Status;

use crate::alerts::golden::explained;
use crate::alerts::{bodies, schema};

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(schema::strict);

/// Text as an enemy would choose it: markup, mentions, escapes, direction marks, quotes, many bytes a character.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<!channel>".to_owned()),
        Just("`*_~".to_owned()),
        Just("\u{1b}]8;;https://evil\u{7}".to_owned()),
        Just("\u{202e}\u{200b}".to_owned()),
        Just("\"}],\\".to_owned()),
        Just("🦀".repeat(40)),
        "[ -~]{0,40}",
        any::<String>(),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat().replace(['\n', '\r'], " "))
}

/// A recorded account in which an outsider chose the names and reasons.
fn account(name: &str, reason: &str) -> RecordedAccount {
    let mut file: Value =
        serde_json::from_str(&fs::read_to_string("events/vpc-link-failed.account.json").unwrap()).unwrap();
    for answer in file["answers"].as_array_mut().unwrap() {
        for field in ["name", "message", "reason", "status"] {
            let text = if field == "name" { name } else { reason };
            if answer["answer"].get(field).is_some() {
                answer["answer"][field] = text.into();
            }
        }
    }
    RecordedAccount::parse(&file.to_string()).unwrap()
}

fn log(path: &str, reason: &str) -> Vec<u8> {
    let lines: Vec<String> = (0..40)
        .flat_map(|n| {
            [
                format!("(request-{n}) HTTP Method: GET, Resource Path: /{n}{path}"),
                format!("(request-{n}) Endpoint request URI: https://orders.internal.example:8443/{path}"),
                format!("(request-{n}) Execution failed due to configuration error: There was an internal error while executing your request {reason}"),
                format!("(request-{n}) Method completed with status: 500"),
            ]
        })
        .collect();
    let document = serde_json::json!({
        "messageType": "DATA_MESSAGE",
        "owner": "111122223333",
        "logGroup": "API-Gateway-Execution-Logs_a1b2c3d4e5/prod",
        "logStream": "s",
        "logEvents": lines.iter().zip(1..).map(|(line, n)| serde_json::json!({
            "id": n.to_string(), "timestamp": 1_795_356_202_000_i64 + n, "message": line,
        })).collect::<Vec<_>>(),
    });
    document.to_string().into_bytes()
}

/// Every text in a JSON value.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_marker(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_body_keeps_its_limits(
        path in hostile(), reason in hostile(), name in hostile(), says in hostile(),
        status in proptest::sample::select(&Status::ALL[..]), hits in 0..300_u64,
    ) {
        let mut explained = explained(log(&path, &reason), &account(&name, &says));
        prop_assert_eq!(explained.alerts.len(), 1);
        let alert = &mut explained.alerts[0];
        alert.status = status;
        alert.also_hit = bodies::several_apis(hits).also_hit;
        let message = alerts::message(alert);
        prop_assert_eq!(schema::faults(&SCHEMA, &message.bodies["sqs"]), Vec::<String>::new());
        let page = alerts::html_page(&explained.alerts);
        prop_assert_eq!(page.matches("<script").count(), 1, "ours");
        prop_assert!(!page.chars().any(|c| (c.is_control() && c != '\n') || is_marker(c)));
        prop_assert!(message.size() < 262_144, "{} bytes", message.size());
        prop_assert!(message.subject.chars().count() < 100);
        prop_assert!(!message.subject.is_empty() && !message.subject.chars().any(char::is_control));
        prop_assert!(message.bodies["sms"].len() <= 140 && message.bodies["sms"].is_ascii());
        for (name, value) in &message.attributes {
            prop_assert!(!value.is_empty() && value.chars().count() <= 256, "{}: {}", name, value);
            prop_assert!(!value.chars().any(char::is_control), "{}", name);
        }
        prop_assert!(message.attributes["dedup_key"].len() <= 250 && message.attributes["dedup_key"].is_ascii());
        let email = &message.bodies["email"];
        prop_assert!(!email.chars().any(|c| (c.is_control() && c != '\n') || is_marker(c)), "{:?}", email);

        let machine: Value = serde_json::from_str(&message.bodies["sqs"]).unwrap();
        let mut found = Vec::new();
        texts(&machine, &mut found);
        for text in &found {
            prop_assert!(!text.chars().any(|c| c.is_control() || is_marker(c)), "{:?}", text);
        }

        let chat: Value = serde_json::from_str(&message.bodies["https"]).unwrap();
        let content = &chat["content"];
        let length = |value: &Value| value.as_str().unwrap().chars().count();
        prop_assert!(length(&content["title"]) <= 250);
        prop_assert!(length(&content["description"]) <= 8_000);
        prop_assert!(content["nextSteps"].as_array().unwrap().iter().all(|step| length(step) <= 350));
        prop_assert!(content["keywords"].as_array().unwrap().iter().all(|word| length(word) <= 75));
        prop_assert!(!content["description"].as_str().unwrap().contains("<!"), "no one is mentioned");
    }
}

#[test]
fn what_does_not_fit_is_cut_and_says_so() {
    // Quotes grow fourfold on their way: escaped in the machine alert, and again in SNS's message of all bodies. An
    // account of which nothing is known leaves each path as it was logged.
    let unknown =
        RecordedAccount::parse(r#"{"format": "vpclink-responder/account/1", "answers": []}"#).unwrap();
    let explained = explained(log(&"\"".repeat(1_000), &"why ".repeat(300)), &unknown);
    let message = alerts::message(&explained.alerts[0]);
    assert!(message.structure().len() < 262_144);
    let machine: Value = serde_json::from_str(&message.bodies["sqs"]).unwrap();
    assert_eq!(machine["truncated"], true);
    assert!(message.bodies["email"].contains("This message was cut to fit"));
    assert_eq!(machine["cause"]["slug"], "integration-unreachable");
    assert_eq!(machine["failed"], 40, "counts are never cut");
}
