//! What the payload does not hold: a request's other lines, and an account that is not the function's own.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::harness::{
    ASSUMED, Account, Aws, Function, Lambda, Outcome, event_of, logs, subscription_document_at,
};

const GROUP: &str = "API-Gateway-Execution-Logs_a1b2c3d4e5/prod";
const STREAM: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:alerts";
const OWNER: &str = "444455556666";
const FAILURE: &str =
    "Execution failed due to configuration error: There was an internal error while executing your request";

#[expect(clippy::disallowed_methods, reason = "what just failed has to be dated now")]
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

/// What a narrow filter passes of so many requests.
fn narrow(requests: usize) -> Value {
    let lines: Vec<String> = (0..requests).map(|n| format!("(request-{n}) {FAILURE}")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    subscription_document_at(GROUP, &lines, now())
}

/// All lines of a request, as the log group keeps them.
fn kept(request: &str) -> Vec<logs::Event> {
    let texts = [
        "HTTP Method: GET, Resource Path: /orders",
        "Method request headers: {Authorization=Bearer hunter2-token}",
        "Endpoint request URI: https://orders.internal.example:8443/orders?customer=hunter2-query",
        FAILURE,
        "Method completed with status: 500",
    ];
    let event = |text: &&str| logs::Event {
        stream: STREAM.to_owned(),
        timestamp: now(),
        message: format!("({request}) {text}"),
    };
    texts.iter().map(event).collect()
}

fn account() -> Account {
    let mut account = Account::healthy_v1();
    for target in &mut account.target_group("orders-blue").targets {
        target.fails("Target.FailedHealthChecks", "Health checks failed");
    }
    let events = (0..50).flat_map(|n| kept(&format!("request-{n}"))).collect();
    account.log_groups.insert(GROUP.to_owned(), events);
    account
}

fn responder(aws: &Aws) -> Function {
    Function::new(env!("CARGO_BIN_EXE_vpclink-lambda")).env("ALERT_TOPIC_ARN", TOPIC).calling(aws)
}

/// The machine alert that an event leads to.
#[track_caller]
fn alert(aws: &Aws, lambda: &mut Lambda, document: &Value) -> Value {
    let outcome = lambda.invoke(&event_of(document));
    assert!(matches!(outcome, Outcome::Response(_)), "{outcome:?}: {}", lambda.log());
    let published = aws.published();
    assert_eq!(published.len(), 1, "exactly one alert");
    serde_json::from_str(&published[0].bodies["sqs"]).unwrap()
}

fn missing(alert: &Value, action: &str) -> usize {
    alert["not_checked"].as_array().unwrap().iter().filter(|missing| missing["action"] == action).count()
}

#[test]
fn the_other_lines_of_one_request_are_looked_up_once_an_incident() {
    let aws = Aws::start(account());
    let mut lambda = responder(&aws).start();
    let told = alert(&aws, &mut lambda, &narrow(50));
    assert_eq!(told["routes"], json!([{"method": "GET", "resource": "/orders", "failed": 1}]), "{told:#}");
    assert_eq!((&told["failed"], &told["verdict"]["code"]), (&json!(50), &json!("targets-unhealthy")));
    assert_eq!(told["not_checked"], json!([]));
    let lookups = aws.calls_of("logs:FilterLogEvents");
    assert_eq!(lookups.len(), 1);
    assert_eq!(lookups[0].texts("logStreamNames"), [STREAM]);
    assert_eq!(lookups[0].text("filterPattern"), "\"request-0\"");
    let [from, to] = ["startTime", "endTime"].map(|time| lookups[0].params[time].as_i64().unwrap());
    assert_eq!(to - from, 60_000);
    assert!(
        !aws.published()[0].bodies.values().any(|body| body.contains("hunter2")),
        "what is looked up is redacted too"
    );
    // The incident goes on: there is nothing to tell, so nothing is looked up.
    lambda.invoke(&event_of(&narrow(3)));
    assert_eq!(aws.calls_of("logs:FilterLogEvents").len(), 1);
    assert!(!lambda.stop().contains("hunter2"));
}

#[test]
fn a_request_whose_lines_are_all_there_is_not_looked_up() {
    let aws = Aws::start(account());
    let lines: Vec<String> = kept("request-0").into_iter().map(|event| event.message).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    alert(&aws, &mut responder(&aws).start(), &subscription_document_at(GROUP, &lines, now()));
    assert!(aws.calls_of("logs:FilterLogEvents").is_empty());
}

#[test]
fn where_nobody_may_look_the_alert_says_so_and_goes_out() {
    for hinder in [
        |aws: &Aws| aws.deny("logs:FilterLogEvents"),
        |aws: &Aws| aws.throttle("logs:FilterLogEvents", 1000),
        |aws: &Aws| aws.delay("logs:FilterLogEvents", 6000),
        |aws: &Aws| aws.garble("logs:FilterLogEvents"),
        |aws: &Aws| aws.reset("logs:FilterLogEvents"),
    ] {
        let aws = Aws::start(account());
        hinder(&aws);
        let told = alert(&aws, &mut responder(&aws).start(), &narrow(1));
        assert_eq!(told["routes"], json!([]), "{told:#}");
        let unread = told["not_checked"].as_array().unwrap();
        let lines = unread.iter().find(|one| one["what"] == "the request's other log lines").unwrap();
        // A permission is named where it would help.
        let denied = lines["why"] == "access denied";
        assert_eq!(missing(&told, "logs:FilterLogEvents"), usize::from(denied), "{told:#}");
        assert_eq!(told["cause"]["slug"], "integration-unreachable");
    }
}

#[test]
fn looking_up_can_be_switched_off() {
    let aws = Aws::start(account());
    let told = alert(&aws, &mut responder(&aws).env("CONTEXT_LOOKUP", "off").start(), &narrow(1));
    assert_eq!((missing(&told, "logs:FilterLogEvents"), aws.calls_of("logs:FilterLogEvents").len()), (0, 0));
}

#[test]
fn a_log_group_that_is_gone_is_no_permission_that_is_missing() {
    let aws = Aws::start(account());
    aws.change(|account| account.log_groups.clear());
    let told = alert(&aws, &mut responder(&aws).start(), &narrow(1));
    assert_eq!(missing(&told, "logs:FilterLogEvents"), 0, "{told:#}");
}

/// Logs of another account, in which the backend is down; in the function's own, nothing of it exists.
fn two_accounts() -> Aws {
    let mut own = Account::healthy_v1();
    own.rest_apis.clear();
    own.vpc_links.clear();
    let aws = Aws::start(own);
    aws.add(Account { id: OWNER.to_owned(), ..account() });
    aws
}

fn of_owner(mut document: Value) -> Value {
    document["owner"] = OWNER.into();
    document
}

#[test]
fn the_account_that_owns_the_logs_is_read_through_its_role() {
    let aws = two_accounts();
    let function =
        responder(&aws).env("READ_ROLE_NAME", "ops/VpcLinkRead").env("READ_ROLE_EXTERNAL_ID", "x-1");
    let mut lambda = function.start();
    let told = alert(&aws, &mut lambda, &of_owner(narrow(2)));
    assert_eq!(
        (&told["account"], &told["verdict"]["code"]),
        (&json!(OWNER), &json!("targets-unhealthy")),
        "{told:#}"
    );
    assert_eq!(told["routes"][0]["resource"], "/orders", "its log groups are read there too");
    let assumed = &aws.calls_of("sts:AssumeRole")[0];
    assert_eq!(assumed.text("RoleArn"), "arn:aws:iam::444455556666:role/ops/VpcLinkRead");
    assert_eq!((assumed.text("ExternalId"), assumed.text("RoleSessionName")), ("x-1", "vpclink-responder"));
    for call in aws.calls().iter().filter(|call| !["sts", "sns"].contains(&call.service.as_str())) {
        assert_eq!(call.access_key, format!("{ASSUMED}{OWNER}"), "{}", call.name());
    }
    assert!(aws.calls_of("sns:Publish").iter().all(|call| !call.access_key.starts_with(ASSUMED)));
}

#[test]
fn a_role_that_cannot_be_assumed_is_never_a_fault_found() {
    let aws = two_accounts();
    aws.deny("sts:AssumeRole");
    let told =
        alert(&aws, &mut responder(&aws).env("READ_ROLE_NAME", "VpcLinkRead").start(), &of_owner(narrow(2)));
    assert_eq!(told["verdict"]["tier"], "unknown", "{told:#}");
    assert!(missing(&told, "sts:AssumeRole") > 0, "{told:#}");
    assert!(told["findings"].as_array().unwrap().iter().all(|finding| finding["state"] != "faulty"));
    assert!(
        aws.calls().iter().all(|call| ["sts", "sns"].contains(&call.service.as_str())),
        "nothing else was asked"
    );
    assert!(aws.calls_of("sts:AssumeRole").len() <= 3, "one refusal is enough");
}

#[test]
fn without_a_role_another_accounts_ids_are_not_looked_for_in_ones_own() {
    let aws = two_accounts();
    let told = alert(&aws, &mut responder(&aws).start(), &of_owner(narrow(2)));
    assert_eq!(told["verdict"]["tier"], "unknown", "{told:#}");
    assert!(told["findings"].as_array().unwrap().iter().all(|finding| finding["state"] != "faulty"));
    assert!(told.to_string().contains("READ_ROLE_NAME"));
    assert!(aws.calls().iter().all(|call| call.service == "sns"));
}

#[test]
fn what_happened_is_measured_without_a_payload() {
    let aws = Aws::start(account());
    aws.deny("elasticloadbalancing:DescribeTargetHealth");
    let mut lambda = responder(&aws).start();
    alert(&aws, &mut lambda, &narrow(3));
    let document = subscription_document_at("/aws/lambda/other", &["x"], now());
    lambda.invoke(&event_of(&document));
    lambda.invoke(&json!({ "awslogs": { "data": "%%%" } }));
    let log = lambda.stop();
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let metrics: Vec<&Value> = lines.iter().filter(|line| line.get("_aws").is_some()).collect();
    let of = |name: &str| metrics.iter().filter(|line| line[name].as_u64() > Some(0)).count();
    for name in ["Failures", "Alerts", "Unknowns", "BatchesRefused", "Undecodable"] {
        assert!(of(name) > 0, "{name}: {log}");
    }
    let failures = metrics.iter().find(|line| line.get("Failures").is_some()).unwrap();
    assert_eq!((&failures["Cause"], &failures["Failures"]), (&json!("integration-unreachable"), &json!(3)));
    assert!(metrics.iter().any(|line| line["Action"] == "elasticloadbalancing:DescribeTargetHealth"));
    assert!(metrics.iter().any(|line| line.get("WalkLatency").is_some()));
    assert!(metrics.iter().all(|line| !line.to_string().contains("request-")));
}
