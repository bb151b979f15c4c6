//! One request's lines in several payloads of one container: its failure is one, whatever comes later.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use vpclink_responder::alerts::{Message, Publish, PublishError, Published};
use vpclink_responder::aws::Accounts;
use vpclink_responder::aws::recorded::RecordedAccount;
use vpclink_responder::functions::config::Config;
use vpclink_responder::functions::{Outcome, Responder};
use vpclink_responder::incidents::store::memory::MemoryStore;

const GROUP: &str = "API-Gateway-Execution-Logs_a1b2c3d4e5/prod";
const DELIVERED: &str = "/orders/execution-logs";
const FAILURE: &str = "Execution failed due to a timeout error";
const END: &str = "Method completed with status: 504";

/// A topic that refuses its first messages.
struct Topic {
    refusals: Mutex<u32>,
}

impl Publish for Topic {
    fn publish<'a>(&'a self, _: &'a Message) -> Published<'a> {
        let mut left = self.refusals.lock().unwrap();
        let refused = *left > 0;
        *left = left.saturating_sub(1);
        let error = || PublishError {
            target: "the topic".to_owned(),
            reason: "it is busy".to_owned(),
            is_final: false,
        };
        Box::pin(std::future::ready(if refused { Err(error()) } else { Ok(()) }))
    }
}

fn responder(refusals: u32) -> Responder {
    let config = Config::read(|name| match name {
        "ALERT_TOPIC_ARN" => Some("arn:aws:sns:eu-west-1:111122223333:alerts".to_owned()),
        "DELIVERED_LOG_GROUPS" => Some(DELIVERED.to_owned()),
        _ => None,
    });
    let topic = Box::new(Topic { refusals: Mutex::new(refusals) });
    let accounts = Accounts::new(Arc::new(RecordedAccount::default()), None);
    let store = Box::new(MemoryStore::default());
    let now = Box::new(|| jiff::Timestamp::UNIX_EPOCH);
    Responder::new(config.unwrap(), accounts, store, topic, now, "one".to_owned())
}

/// A subscription document as a Lambda is handed it.
fn event(group: &str, messages: &[String]) -> Vec<u8> {
    use base64::Engine;
    let events: Vec<Value> = (0..)
        .zip(messages)
        .map(|(n, message)| json!({"id": n.to_string(), "timestamp": 1_772_446_530_000_i64 + n, "message": message}))
        .collect();
    let document = json!({
        "messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": group, "logStream": "s",
        "subscriptionFilters": ["f"], "logEvents": events,
    });
    let data = base64::engine::general_purpose::STANDARD.encode(document.to_string());
    json!({"awslogs": {"data": data}}).to_string().into_bytes()
}

fn lines(id: &str, texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| format!("({id}) {text}")).collect()
}

fn respond(responder: &Responder, payload: &[u8]) -> anyhow::Result<Outcome> {
    respond_within(Duration::from_secs(60), responder, payload)
}

fn respond_within(time: Duration, responder: &Responder, payload: &[u8]) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    #[expect(clippy::disallowed_methods, reason = "an invocation has a deadline")]
    let deadline = std::time::Instant::now() + time;
    runtime.block_on(responder.respond(payload, Instant::from_std(deadline)))
}

#[track_caller]
fn check(responder: &Responder, group: &str, messages: &[String], failed: usize, alerts: usize) {
    let outcome = respond(responder, &event(group, messages)).unwrap();
    assert_eq!((outcome.failed, outcome.alerts), (failed, alerts), "{outcome:?}");
}

#[test]
fn the_end_of_a_told_request_is_no_failure_of_its_own() {
    let responder = responder(0);
    check(&responder, GROUP, &lines("a", &["Starting execution for request: a", FAILURE]), 1, 1);
    check(&responder, GROUP, &lines("a", &[END]), 0, 0);
    // Another request's end stays a failure: nothing is known of it.
    check(&responder, GROUP, &lines("b", &[END]), 1, 1);
}

#[test]
fn the_end_alone_is_told_once() {
    let responder = responder(0);
    check(
        &responder,
        GROUP,
        &lines("a", &["Gateway response type: DEFAULT_5XX with status code: 500"]),
        1,
        1,
    );
    check(&responder, GROUP, &lines("a", &["Method completed with status: 500"]), 0, 0);
}

#[test]
fn a_cause_that_comes_later_is_told() {
    let responder = responder(0);
    check(&responder, GROUP, &lines("a", &[END]), 1, 1);
    check(&responder, GROUP, &lines("a", &[FAILURE]), 1, 1);
}

#[test]
fn a_request_that_starts_anew_is_another() {
    let responder = responder(0);
    check(&responder, GROUP, &lines("a", &[FAILURE]), 1, 1);
    check(&responder, GROUP, &lines("a", &["Starting execution for request: a", END]), 1, 1);
}

#[test]
fn what_could_not_be_told_is_not_known() {
    let responder = responder(1);
    let payload = event(GROUP, &lines("a", &[END]));
    // No time is left for a second try.
    assert!(respond_within(Duration::from_millis(600), &responder, &payload).is_err());
    let again = respond(&responder, &payload).unwrap();
    assert_eq!((again.failed, again.alerts), (1, 1));
}

#[test]
fn a_topic_that_is_busy_is_tried_again() {
    check(&responder(1), GROUP, &lines("a", &[END]), 1, 1);
}

#[test]
fn a_delivered_group_tells_for_each_api() {
    let record = |api: &str, line: &str| {
        let arn = format!("arn:aws:apigateway:eu-west-1:111122223333:/restapis/{api}/stages/prod");
        json!({"resource_arn": arn, "event_timestamp": 1, "stage": "prod", "payload": line}).to_string()
    };
    let both = [record("aaa", &format!("(1) {FAILURE}")), record("bbb", &format!("(1) {FAILURE}"))];
    check(&responder(0), DELIVERED, &both, 2, 2);
    let outcome = respond(&responder(0), &event("/somebody/elses", &both)).unwrap();
    assert_eq!((outcome.refused, outcome.failed), (1, 0));
}

#[test]
fn a_payload_that_is_no_event_fails() {
    for payload in ["{\"payload\": \"x\", \"stage\": \"prod\"}", "{}", "[]", "text"] {
        assert!(respond(&responder(0), payload.as_bytes()).is_err(), "{payload}");
    }
}
