//! The real `caretaker`, under Lambda's Runtime API, against an AWS whose log groups change while it works.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::http::Response;
use crate::harness::logs::{Filter, Meanwhile};
use crate::harness::{Account, Aws, Function, Lambda, Outcome, Start, apigateway, http};

const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:alerts";
const RESPONDER: &str = "arn:aws:lambda:eu-west-1:111122223333:function:vpclink-responder";
const STREAM: &str = "arn:aws:kinesis:eu-west-1:111122223333:stream/siem";
const NAME: &str = "vpclink";

fn group(number: usize) -> String {
    format!("API-Gateway-Execution-Logs_{number:010}/prod")
}

fn ours() -> Filter {
    Filter::new(NAME, "", RESPONDER)
}

fn foreign(name: &str) -> Filter {
    Filter::new(name, "ERROR", STREAM)
}

fn caretaker(aws: &Aws) -> Function {
    Function::new(env!("CARGO_BIN_EXE_vpclink-lambda"))
        .env("_HANDLER", "caretaker")
        .env("ALERT_TOPIC_ARN", TOPIC)
        .env("RESPONDER_ARN", RESPONDER)
        .env("SUBSCRIPTION_FILTER_NAME", NAME)
        .env("SUBSCRIPTION_CALLS_PER_SECOND", "100")
        .calling(aws)
}

fn started(function: &Function) -> Lambda {
    let mut lambda = function.start();
    let started = lambda.started();
    assert_eq!(started, Start::Ready, "{}", lambda.log());
    lambda
}

#[track_caller]
fn answered(outcome: Outcome) -> Value {
    match outcome {
        Outcome::Response(value) => value,
        other => panic!("the invocation should have succeeded: {other:?}"),
    }
}

/// What EventBridge sends on a schedule.
fn schedule() -> Value {
    json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} })
}

/// An account with so many execution log groups and nothing else.
fn with_groups(number: usize) -> Account {
    let mut account = Account::healthy_v1();
    account.rest_apis.clear();
    account.log_role = Some("arn:aws:iam::111122223333:role/logs".to_owned());
    account.subscriptions = vec![("email".to_owned(), true)];
    account.log_groups = (0..number).map(|number| (group(number), Vec::new())).collect();
    account.log_groups.insert("/aws/lambda/vpclink-responder".to_owned(), Vec::new());
    account
}

fn filters(aws: &Aws) -> BTreeMap<String, Vec<Filter>> {
    aws.look(|account| {
        account.filters.clone().into_iter().filter(|(_, filters)| !filters.is_empty()).collect()
    })
}

/// 120 groups in every state that a group can be in: what each is to end as, by its number.
fn turmoil(account: &mut Account) -> BTreeMap<String, Vec<Filter>> {
    let mut expected = BTreeMap::new();
    for number in 0..120 {
        let name = group(number);
        let (before, meanwhile, after) = match number % 12 {
            0 => (vec![ours()], None, vec![ours()]),
            1 => (vec![foreign("siem")], None, vec![foreign("siem"), ours()]),
            2 => (vec![foreign("siem"), foreign("archive")], None, vec![foreign("siem"), foreign("archive")]),
            3 => (vec![Filter::new(NAME, "ERROR", RESPONDER)], None, vec![ours()]),
            4 => (vec![foreign("siem"), Filter::new(NAME, "", STREAM)], None, vec![foreign("siem"), ours()]),
            5 => (
                vec![Filter::new("by-hand", "ERROR", RESPONDER)],
                None,
                vec![Filter::new("by-hand", "ERROR", RESPONDER)],
            ),
            6 => (vec![], Some(Meanwhile::VanishesOnceListed), vec![]),
            7 => (vec![], Some(Meanwhile::VanishesOnceDescribed), vec![]),
            8 => {
                let rival = Meanwhile::IsSubscribed(foreign("rival"));
                (vec![foreign("siem")], Some(rival), vec![foreign("siem"), foreign("rival")])
            }
            9 => (vec![], Some(Meanwhile::IsBusy(2)), vec![ours()]),
            10 => {
                account.log_classes.insert(name.clone(), "INFREQUENT_ACCESS".to_owned());
                (vec![], None, vec![])
            }
            _ => (vec![], None, vec![ours()]),
        };
        account.filters.insert(name.clone(), before);
        account.meanwhile.extend(meanwhile.map(|meanwhile| (name.clone(), meanwhile)));
        if !after.is_empty() {
            expected.insert(name, after);
        }
    }
    expected
}

#[test]
fn a_hundred_and_twenty_groups_end_exactly_where_they_should() {
    let mut account = with_groups(120);
    let expected = turmoil(&mut account);
    let aws = Aws::start(account);
    aws.throttle("logs:DescribeLogGroups", 2);
    aws.throttle("logs:DescribeSubscriptionFilters", 12);
    aws.throttle("logs:PutSubscriptionFilter", 12);
    let mut lambda = started(&caretaker(&aws).timeout(Duration::from_secs(300)));
    let summary = answered(lambda.invoke(&schedule()));
    assert_eq!(filters(&aws), expected, "{summary:#}");
    let numbers = [
        "groups",
        "watched",
        "subscribed",
        "replaced",
        "removed",
        "vanished",
        "left",
        "failed",
        "not_reached",
    ];
    let numbers: Vec<u64> = numbers.iter().map(|name| summary[name].as_u64().unwrap()).collect();
    assert_eq!(numbers, [100, 70, 30, 20, 0, 20, 30, 0, 0], "{summary:#}");
    assert_eq!(summary["complete"], true);
    // Every foreign filter was left alone, and our own log group above all.
    assert!(aws.calls_of("logs:DeleteSubscriptionFilter").is_empty());
    let puts = aws.calls_of("logs:PutSubscriptionFilter");
    assert!(
        puts.iter()
            .all(|put| put.text("filterName") == NAME && !put.text("logGroupName").starts_with("/aws/"))
    );
    // Once more: nothing is left to do.
    aws.forget();
    let again = answered(lambda.invoke(&schedule()));
    assert_eq!((filters(&aws), aws.calls_of("logs:PutSubscriptionFilter")), (expected, vec![]), "{again:#}");
    let kinds =
        |kind: &str| again["blind"].as_array().unwrap().iter().filter(|spot| spot["kind"] == kind).count();
    assert_eq!((kinds("log-group-full"), kinds("log-group-class")), (20, 10), "{again:#}");
}

#[test]
fn what_is_excluded_loses_our_filter_and_no_other() {
    let mut account = with_groups(3);
    account.filters.insert(group(1), vec![foreign("siem"), ours()]);
    let aws = Aws::start(account);
    let function =
        caretaker(&aws).env("EXCLUDE_LOG_GROUPS", "*_0000000001/*").env("INCLUDE_LOG_GROUPS", "*/prod");
    let summary = answered(started(&function).invoke(&schedule()));
    let expected = BTreeMap::from([
        (group(0), vec![ours()]),
        (group(1), vec![foreign("siem")]),
        (group(2), vec![ours()]),
    ]);
    assert_eq!(filters(&aws), expected, "{summary:#}");
    assert_eq!(summary["blind"], json!([{ "kind": "log-group-excluded", "of": group(1) }]));
}

#[test]
fn a_round_that_runs_out_of_time_says_how_far_it_came_and_the_next_goes_on() {
    let aws = Aws::start(with_groups(8));
    // Ten seconds are kept for the report, and one call a second leaves time for two groups or three.
    let function = caretaker(&aws).env("SUBSCRIPTION_CALLS_PER_SECOND", "1");
    let mut lambda = started(&function.timeout(Duration::from_secs(13)));
    let mut rounds = 0;
    while filters(&aws).len() < 8 && rounds < 40 {
        let summary = answered(lambda.invoke(&schedule()));
        assert_eq!(summary["complete"], summary["not_reached"] == 0, "{summary:#}");
        rounds += 1;
    }
    assert!(rounds > 1, "one round had no time for all");
    let calls = aws.calls_of("logs:DescribeSubscriptionFilters");
    let first: BTreeSet<&str> = calls[..8].iter().map(|call| call.text("logGroupName")).collect();
    assert_eq!(first.len(), 8, "each round goes on where the last one stopped");
}

#[test]
fn a_new_group_is_subscribed_at_once_and_a_foreign_one_is_not() {
    let aws = Aws::start(with_groups(2));
    let mut lambda = started(&caretaker(&aws));
    let created = |group: &str| {
        json!({ "source": "aws.logs", "detail-type": "AWS API Call via CloudTrail", "detail": {
            "eventSource": "logs.amazonaws.com", "eventName": "CreateLogGroup",
            "requestParameters": { "logGroupName": group },
        }})
    };
    assert_eq!(answered(lambda.invoke(&created(&group(1))))["subscribed"], 1);
    answered(lambda.invoke(&created("/aws/lambda/vpclink-responder")));
    assert_eq!(answered(lambda.invoke(&created(&group(7))))["vanished"], 1, "it is gone already");
    assert_eq!(filters(&aws), BTreeMap::from([(group(1), vec![ours()])]));
}

/// CloudFormation's end of a custom resource: what was put there.
fn cloudformation() -> (http::Server, Arc<Mutex<Vec<http::Request>>>) {
    let answers = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&answers);
    let server = http::serve(move |request| {
        kept.lock().unwrap().push(request);
        Some(Response::new(200, "text/plain", ""))
    });
    (server, answers)
}

const QUERY: &str = "/bucket/arn%3Aaws%3Acloudformation?X-Amz-Signature=a%2Fb&X-Amz-Expires=7200";

#[test]
fn the_stacks_resource_subscribes_and_its_deletion_leaves_no_filter_behind() {
    let mut account = with_groups(30);
    account.filters.insert(group(3), vec![foreign("siem")]);
    let aws = Aws::start(account);
    let (server, answers) = cloudformation();
    let mut lambda = started(&caretaker(&aws));
    let request = |kind: &str, physical: Value| {
        json!({
            "RequestType": kind, "ResponseURL": format!("http://{}{QUERY}", server.address()),
            "StackId": "arn:stack", "RequestId": "r1", "ResourceType": "Custom::Coverage",
            "LogicalResourceId": "Coverage", "PhysicalResourceId": physical, "ResourceProperties": {},
        })
    };
    answered(lambda.invoke(&request("Create", Value::Null)));
    assert_eq!(filters(&aws).len(), 30);
    // The id names another program's filter: ours go, and no other.
    answered(lambda.invoke(&request("Delete", "siem".into())));
    assert_eq!(filters(&aws), BTreeMap::from([(group(3), vec![foreign("siem")])]));
    answered(lambda.invoke(&request("Create", Value::Null)));
    // CloudFormation made the id up, since it got no answer to the creation.
    answered(lambda.invoke(&request("Delete", "vpclink-ExecutionLogSubscriptions-1X2Y3Z".into())));
    assert_eq!(filters(&aws), BTreeMap::from([(group(3), vec![foreign("siem")])]));
    let answers = answers.lock().unwrap();
    let bodies: Vec<Value> =
        answers.iter().map(|answer| serde_json::from_slice(&answer.body).unwrap()).collect();
    for (answer, body) in answers.iter().zip(&bodies) {
        assert_eq!((answer.method.as_str(), answer.target.as_str()), ("PUT", QUERY), "as it was signed");
        assert_eq!(answer.header("content-type"), "", "which the signature does not cover");
        assert_eq!(
            (&body["Status"], &body["StackId"], &body["RequestId"]),
            (&json!("SUCCESS"), &json!("arn:stack"), &json!("r1"))
        );
    }
    let ids: Vec<&str> = bodies.iter().map(|body| body["PhysicalResourceId"].as_str().unwrap()).collect();
    assert_eq!(ids, [NAME, "siem", NAME, "vpclink-ExecutionLogSubscriptions-1X2Y3Z"]);
}

#[test]
fn a_former_name_of_the_resource_goes_where_it_leads_to_us() {
    let mut account = with_groups(2);
    let former = |destination| Filter::new("former", "", destination);
    account.filters.insert(group(0), vec![former(RESPONDER), ours()]);
    account.filters.insert(group(1), vec![former(STREAM)]);
    let aws = Aws::start(account);
    let (server, answers) = cloudformation();
    let event = json!({
        "RequestType": "Delete", "ResponseURL": format!("http://{}{QUERY}", server.address()),
        "StackId": "s", "RequestId": "r", "LogicalResourceId": "Coverage", "PhysicalResourceId": "former",
        "ResourceProperties": { "FilterName": "former" },
    });
    answered(started(&caretaker(&aws)).invoke(&event));
    assert_eq!(filters(&aws), BTreeMap::from([(group(1), vec![former(STREAM)])]));
    assert_eq!(answers.lock().unwrap().len(), 1);
}

#[test]
fn an_answer_goes_to_aws_and_nowhere_else() {
    let aws = Aws::start(with_groups(1));
    let event = json!({
        "RequestType": "Create", "ResponseURL": "http://collector.example/x", "StackId": "s", "RequestId": "r",
        "LogicalResourceId": "Coverage",
    });
    let mut lambda = started(&caretaker(&aws));
    let Outcome::Error { error_type, message } = lambda.invoke(&event) else {
        panic!("it should have failed: {}", lambda.log())
    };
    assert_eq!(error_type, "CaretakerFailed");
    assert!(message.contains("not an https address of AWS's") && !message.contains("collector"), "{message}");
}

#[test]
fn a_deletion_that_could_not_remove_all_says_so() {
    let mut account = with_groups(2);
    account.filters.insert(group(1), vec![ours()]);
    let aws = Aws::start(account);
    aws.deny("logs:DeleteSubscriptionFilter");
    let (server, answers) = cloudformation();
    let event = json!({
        "RequestType": "Delete", "ResponseURL": format!("http://{}{QUERY}", server.address()),
        "StackId": "s", "RequestId": "r", "LogicalResourceId": "Coverage", "PhysicalResourceId": NAME,
    });
    answered(started(&caretaker(&aws)).invoke(&event));
    let body: Value = serde_json::from_slice(&answers.lock().unwrap()[0].body).unwrap();
    assert_eq!(body["Status"], "FAILED");
    assert!(body["Reason"].as_str().unwrap().contains(&group(1)), "{body:#}");
}

#[test]
fn blind_spots_are_named_counted_and_logged_once() {
    let mut account = Account::healthy_v1();
    account.subscriptions = vec![("email".to_owned(), false)];
    account.http_apis = vec![
        apigateway::HttpApi {
            id: "h1".to_owned(),
            name: "web".to_owned(),
            connection_types: vec!["INTERNET".to_owned(), "VPC_LINK".to_owned()],
            is_websocket: true,
            ..Default::default()
        },
        apigateway::HttpApi { id: "h2".to_owned(), name: "public".to_owned(), ..Default::default() },
    ];
    let stage = account.rest_apis.values_mut().next().unwrap().stages.values_mut().next().unwrap();
    stage.method_settings.clear();
    let aws = Aws::start(account);
    let mut lambda = started(&caretaker(&aws).env("DELIVERED_LOG_GROUPS", "delivered/orders"));
    let summary = answered(lambda.invoke(&schedule()));
    let spots: Vec<(&str, &str)> = summary["blind"]
        .as_array()
        .unwrap()
        .iter()
        .map(|spot| (spot["kind"].as_str().unwrap(), spot["of"].as_str().unwrap()))
        .collect();
    assert_eq!(
        spots,
        [
            ("log-role-missing", "account"),
            ("subscription-unconfirmed", "email"),
            ("execution-logging-off", "a1b2c3d4e5/prod"),
            ("delivered-not-subscribed", "delivered/orders"),
            ("websocket-api", "h1"),
        ]
    );
    answered(lambda.invoke(&schedule()));
    let log = lambda.stop();
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).expect("the log is JSON")).collect();
    let told = lines.iter().filter(|line| line["fields"]["message"] == "blind spot").count();
    assert_eq!(told, spots.len(), "each once, though two rounds saw it: {log}");
    let counted =
        lines.iter().filter(|line| line["Kind"] == "websocket-api" && line["BlindSpots"] == 1).count();
    assert_eq!(counted, 2, "counted at each round");
    assert!(!log.contains("somebody@example.com"), "no address is logged");
}

#[test]
fn a_filter_that_was_removed_comes_back_and_raises_the_alarm() {
    let aws = Aws::start(with_groups(2));
    let mut lambda = started(&caretaker(&aws));
    answered(lambda.invoke(&schedule()));
    assert!(!lambda.log().contains("CoverageGaps"), "nothing is to be mended: {}", lambda.log());
    aws.change(|account| account.filters.clear());
    let summary = answered(lambda.invoke(&schedule()));
    assert_eq!((filters(&aws).len(), &summary["blind"][0]["kind"]), (2, &json!("filter-removed")));
    let log = lambda.stop();
    let counted = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    assert_eq!(counted.filter(|line| line["CoverageGaps"] == 2).count(), 1, "{log}");
}

#[test]
fn an_alarm_topic_without_a_subscription_is_named() {
    let mut account = with_groups(0);
    account.subscriptions.clear();
    let aws = Aws::start(account);
    let topic = "arn:aws:sns:eu-west-1:111122223333:ops";
    let summary = answered(started(&caretaker(&aws).env("ALARM_TOPIC_ARN", topic)).invoke(&schedule()));
    let kinds: Vec<&str> =
        summary["blind"].as_array().unwrap().iter().map(|spot| spot["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["topic-without-subscriber", "alarm-topic-without-subscriber"]);
}

#[test]
fn without_a_permission_the_rest_goes_on_and_the_action_is_named() {
    for action in [
        "logs:DescribeLogGroups",
        "logs:DescribeSubscriptionFilters",
        "logs:PutSubscriptionFilter",
        "apigateway:GET",
        "sns:ListSubscriptionsByTopic",
    ] {
        let aws = Aws::start(with_groups(2));
        aws.deny(action);
        let mut lambda = started(&caretaker(&aws));
        let summary = answered(lambda.invoke(&schedule()));
        assert!(summary["blind_spots"].as_u64() > Some(0), "{action}: {summary:#}");
        assert!(lambda.stop().contains(action), "{action}");
    }
}

#[test]
fn a_faulty_environment_stops_the_start_with_all_its_faults() {
    let aws = Aws::start(Account::healthy_v1());
    let mut lambda =
        caretaker(&aws).env("RESPONDER_ARN", "").env("SUBSCRIPTION_FILTER_PATTERN", "some").start();
    assert!(matches!(lambda.started(), Start::Exited(_)));
    let log = lambda.stop();
    assert!(log.contains("RESPONDER_ARN") && log.contains("SUBSCRIPTION_FILTER_PATTERN"), "{log}");
}

#[test]
fn a_handler_that_is_no_role_stops_the_start_with_the_roles() {
    let aws = Aws::start(Account::healthy_v1());
    for handler in ["bootstrap", "", "Responder"] {
        let mut lambda = caretaker(&aws).env("_HANDLER", handler).start();
        assert!(matches!(lambda.started(), Start::Exited(_)));
        let log = lambda.stop();
        assert!(log.contains("responder, caretaker, prober") && log.lines().count() == 1, "{log}");
    }
}
