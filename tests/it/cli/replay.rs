//! The commands that ask AWS by themselves: `vpclink replay` and `vpclink test-alert`.

use serde_json::Value;

use crate::harness::logs::Event;
use crate::harness::{Account, Aws};

use super::{ended, vpclink_at};

const GROUP: &str = "API-Gateway-Execution-Logs_a1b2c3d4e5/prod";
const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:alerts";

/// 2026-11-22T14:00:00Z.
const AT: i64 = 1_795_356_000_000;

/// Requests of a stage, each a minute after the one before; of the others every third fails.
fn history(requests: i64, page: usize) -> Aws {
    let events = (0..requests).flat_map(|n| {
        let line = |at: i64, text: &str| Event {
            stream: "s".to_owned(),
            timestamp: AT + n * 60_000 + at,
            message: format!("(request-{n}) {text}"),
        };
        let end = match n % 3 {
            0 => "Execution failed due to a timeout error",
            1 => "Execution failed due to configuration error: There was an internal error while executing your request",
            _ => "Successfully completed execution",
        };
        [line(0, "HTTP Method: GET, Resource Path: /orders"), line(5, end)]
    });
    let mut account = Account::healthy_v1();
    account.log_groups.insert(GROUP.to_owned(), events.collect());
    account.page_size = page;
    Aws::start(account)
}

const REPLAY: [&str; 8] =
    ["replay", "--api", "a1b2c3d4e5", "--stage", "prod", "--now", "2026-11-22T14:30:00Z", "--since=2h"];

#[test]
fn history_is_read_page_by_page_and_told_as_a_table() {
    let aws = history(20, 7);
    let (out, err) = ended(&vpclink_at(&aws, &REPLAY), 10);
    assert_eq!(err, "", "progress is for terminals");
    assert!(
        out.starts_with(
            "a1b2c3d4e5/prod, 2026-11-22 12:30 to 2026-11-22 14:30 UTC\n40 lines, 20 requests: 14 failed\n"
        ),
        "{out}"
    );
    assert!(out.contains("      7  integration-timeout"), "{out}");
    assert!(out.contains("      7  integration-unreachable"), "{out}");
    assert!(out.contains("GET /orders (7)"), "{out}");
    assert!(out.contains("11-22 14:00 ████"), "{out}");
    let pages = aws.calls_of("logs:FilterLogEvents").len();
    assert!(pages >= 6, "{pages} pages");
}

#[test]
fn history_without_failures_or_requests_says_so() {
    let aws = history(0, 7);
    let (out, err) = ended(&vpclink_at(&aws, &REPLAY), 3);
    assert!(
        out.contains("0 lines, 0 requests: 0 failed") && err.contains("is execution logging on"),
        "{out}{err}"
    );
}

#[test]
fn history_that_may_not_be_read_names_the_permission() {
    let aws = history(1, 7);
    aws.deny("logs:FilterLogEvents");
    let (_, err) = ended(&vpclink_at(&aws, &REPLAY), 1);
    assert!(err.contains(GROUP) && err.contains("logs:FilterLogEvents"), "{err}");
}

#[test]
fn a_test_alert_goes_the_real_way_and_says_what_it_is() {
    let mut account = Account::healthy_v1();
    account.topics.insert(TOPIC.to_owned());
    let aws = Aws::start(account);
    let (out, _) = ended(&vpclink_at(&aws, &["test-alert", "--topic", TOPIC]), 0);
    assert!(out.contains(TOPIC) && out.contains("status=test"), "{out}");
    let published = aws.published();
    assert_eq!(published.len(), 1);
    let message = &published[0];
    assert_eq!((message.topic.as_str(), message.structure.as_deref()), (TOPIC, Some("json")));
    assert_eq!(message.attributes["status"], "test");
    assert_eq!(message.attributes["event_action"], "resolve", "a pager opens nothing");
    assert!(message.subject.as_ref().unwrap().starts_with("[test/"), "{:?}", message.subject);
    assert!(message.bodies["email"].starts_with("TEST of vpclink-responder's alerts"));
    assert!(message.bodies["sms"].starts_with("TEST "));
    let chat: Value = serde_json::from_str(&message.bodies["https"]).unwrap();
    assert!(chat["content"]["title"].as_str().unwrap().contains("TEST"), "{chat}");
    let machine: Value = serde_json::from_str(&message.bodies["sqs"]).unwrap();
    assert_eq!(machine["incident"]["status"], "test");
    assert!(out.contains(message.subject.as_ref().unwrap()), "{out}");
}

#[test]
fn a_test_alert_needs_a_topic_that_takes_it() {
    let aws = Aws::start(Account::healthy_v1());
    let (_, err) = ended(&vpclink_at(&aws, &["test-alert"]), 2);
    assert!(err.contains("--topic"), "{err}");
    let (_, err) = ended(&vpclink_at(&aws, &["test-alert", "--topic", "alerts"]), 2);
    assert!(err.contains("not the ARN of an SNS topic"), "{err}");
    let gone = "arn:aws:sns:eu-west-1:111122223333:gone";
    let (_, err) = ended(&vpclink_at(&aws, &["test-alert", "--topic", gone]), 1);
    assert!(err.contains("cannot publish to") && err.contains(gone), "{err}");
}
