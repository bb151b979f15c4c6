//! The real `responder`, under Lambda's Runtime API, against an AWS that answers in AWS's own wire formats.

use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use vpclink_responder::aws::Query;

use crate::harness::{
    Account, Aws, Function, Lambda, Outcome, Start, ec2, elbv2, event_of, kinesis_event,
    subscription_document_at,
};

const GROUP: &str = "API-Gateway-Execution-Logs_a1b2c3d4e5/prod";
const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:alerts";

/// One request that found no usable connection, as it is logged at INFO.
fn unreachable(request: &str) -> Vec<String> {
    [
        &format!("Starting execution for request: {request}"),
        "HTTP Method: GET, Resource Path: /orders",
        "Method request headers: {Authorization=Bearer hunter2-token, Cookie=session=hunter2-cookie}",
        "Endpoint request URI: https://orders.internal.example:8443/orders?customer=hunter2-query",
        "Sending request to https://orders.internal.example:8443/orders?customer=hunter2-query",
        "Execution failed due to configuration error: There was an internal error while executing your request",
        "Method completed with status: 500",
    ]
    .iter()
    .map(|line| format!("({request}) {line}"))
    .collect()
}

fn document(requests: &[&str]) -> Value {
    let lines: Vec<String> = requests.iter().flat_map(|request| unreachable(request)).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    subscription_document_at(GROUP, &lines, now())
}

fn event(requests: &[&str]) -> Value {
    event_of(&document(requests))
}

#[expect(clippy::disallowed_methods, reason = "what just failed has to be dated now")]
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

fn responder(aws: &Aws) -> Function {
    Function::new(env!("CARGO_BIN_EXE_vpclink-lambda")).env("ALERT_TOPIC_ARN", TOPIC).calling(aws)
}

/// A running responder; both targets of the backend are down.
fn broken() -> (Aws, Lambda) {
    let mut account = Account::healthy_v1();
    for target in &mut account.target_group("orders-blue").targets {
        target.fails("Target.FailedHealthChecks", "Health checks failed");
    }
    let aws = Aws::start(account);
    let mut lambda = responder(&aws).start();
    let started = lambda.started();
    assert_eq!(started, Start::Ready, "{}", lambda.log());
    (aws, lambda)
}

#[track_caller]
fn answered(outcome: Outcome) -> Value {
    match outcome {
        Outcome::Response(value) => value,
        other => panic!("the invocation should have succeeded: {other:?}"),
    }
}

#[track_caller]
fn failed(outcome: Outcome) -> (String, String) {
    match outcome {
        Outcome::Error { error_type, message } => (error_type, message),
        other => panic!("the invocation should have failed: {other:?}"),
    }
}

/// The causes that were told, in order.
fn causes(aws: &Aws) -> Vec<String> {
    aws.published().iter().map(|published| published.attributes["cause"].clone()).collect()
}

/// The machine alert of the only publish.
#[track_caller]
fn only_alert(aws: &Aws) -> Value {
    let published = aws.published();
    assert_eq!(published.len(), 1, "exactly one publish");
    assert_eq!(published[0].topic, TOPIC);
    assert_eq!(published[0].structure.as_deref(), Some("json"));
    serde_json::from_str(&published[0].bodies["sqs"]).unwrap()
}

#[test]
fn one_fault_is_one_alert_that_names_the_broken_hop() {
    let (aws, mut lambda) = broken();
    let event = event(&["8f2f7a1e-0000-4000-8000-000000000001"]);
    let summary = answered(lambda.invoke(&event));
    assert_eq!(summary, json!({"batches": 1, "executions": 1, "failed": 1, "alerts": 1, "refused": 0}));
    let alert = only_alert(&aws);
    assert_eq!(alert["schema"], "vpclink-responder/alert/1");
    assert_eq!(alert["cause"]["slug"], "integration-unreachable");
    assert_eq!(alert["verdict"]["code"], "targets-unhealthy", "{alert:#}");
    assert_eq!(alert["verdict"]["tier"], "confirmed");
    assert_eq!(
        alert["api"],
        json!({"id": "a1b2c3d4e5", "name": "orders", "stage": "prod", "canary": false, "kind": "rest"})
    );
    assert_eq!(alert["routes"], json!([{"method": "GET", "resource": "/orders", "failed": 1}]));
    assert_eq!(alert["not_checked"], json!([]));
    let hops: Vec<(&str, &str)> = alert["path"].as_array().unwrap().iter().map(hop).collect();
    assert_eq!(
        hops,
        [
            ("stage", "healthy"),
            ("integration", "healthy"),
            ("vpc-link", "healthy"),
            ("endpoint-service", "healthy"),
            ("load-balancer", "healthy"),
            ("listener", "healthy"),
            ("target-group", "healthy"),
            ("target", "faulty"),
        ]
    );
    // The same event again: no second message.
    let again = answered(lambda.invoke(&event));
    assert_eq!(again["alerts"], 0);
    assert_eq!(aws.published().len(), 1);
    assert!(aws.calls().iter().all(|call| call.signed), "every call is signed");
}

fn hop(hop: &Value) -> (&str, &str) {
    (hop["hop"].as_str().unwrap(), hop["state"].as_str().unwrap())
}

#[test]
fn a_thousand_identical_failures_are_one_alert_and_one_walk() {
    let (aws, mut lambda) = broken();
    let ids: Vec<String> = (0..1000).map(|n| format!("8f2f7a1e-0000-4000-8000-{n:012}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let summary = answered(lambda.invoke(&event(&ids)));
    assert_eq!((&summary["failed"], &summary["alerts"]), (&json!(1000), &json!(1)));
    assert_eq!(only_alert(&aws)["failed"], 1000);
    let calls = aws.calls().len();
    assert!(calls <= 25, "one walk, however many requests failed: {calls} calls");
    answered(lambda.invoke(&event(&["8f2f7a1e-0000-4000-8000-999999999999"])));
    assert_eq!(aws.calls().len(), calls, "the next batch of the same incident asks nothing");
}

#[test]
fn a_missing_permission_is_said_and_accuses_nobody() {
    let (aws, mut lambda) = broken();
    aws.deny("elasticloadbalancing:DescribeTargetHealth");
    answered(lambda.invoke(&event(&["8f2f7a1e-0000-4000-8000-000000000001"])));
    let alert = only_alert(&aws);
    assert_eq!(alert["verdict"]["tier"], "unknown");
    assert_eq!(alert["verdict"]["code"], Value::Null);
    let finding =
        alert["findings"].as_array().unwrap().iter().find(|f| f["code"] == "targets-unhealthy").unwrap();
    assert_eq!(finding["state"], "unknown");
    assert_eq!(finding["action"], "elasticloadbalancing:DescribeTargetHealth");
    let missing: Vec<&Value> =
        alert["not_checked"].as_array().unwrap().iter().filter(|one| !one["action"].is_null()).collect();
    assert_eq!(missing.len(), 1, "{missing:#?}");
    assert_eq!(missing[0]["action"], "elasticloadbalancing:DescribeTargetHealth");
    assert_eq!(missing[0]["why"], "access denied");
}

#[test]
fn every_permission_may_be_missing_and_the_alert_still_goes_out() {
    for action in [
        "apigateway:GET",
        "ec2:DescribeVpcEndpointServiceConfigurations",
        "ec2:DescribeVpcEndpointConnections",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeTargetGroups",
    ] {
        let aws = Aws::start(Account::healthy_v1());
        aws.deny(action);
        let mut lambda = responder(&aws).start();
        answered(lambda.invoke(&event(&["8f2f7a1e-0000-4000-8000-000000000001"])));
        let alert = only_alert(&aws);
        assert_eq!(alert["verdict"]["tier"], "unknown", "{action}: {alert:#}");
        assert!(
            alert["findings"].as_array().unwrap().iter().all(|finding| finding["state"] != "faulty"),
            "{action}: nothing is accused"
        );
        if action != "elasticloadbalancing:DescribeTargetGroups" {
            let named =
                alert["not_checked"].as_array().unwrap().iter().any(|missing| missing["action"] == action);
            assert!(named, "{action} is named: {:#}", alert["not_checked"]);
        }
    }
}

#[test]
fn an_alert_that_is_not_delivered_fails_the_invocation() {
    let (aws, mut lambda) = broken();
    aws.fail("sns:Publish", "InternalError", 500);
    let event = event(&["8f2f7a1e-0000-4000-8000-000000000001"]);
    let (error_type, message) = failed(lambda.invoke(&event));
    assert_eq!(error_type, "AlertNotDelivered");
    assert!(message.contains(TOPIC), "{message}");
    // Lambda's retry, once SNS is back: the alert arrives.
    aws.heal();
    aws.forget();
    assert_eq!(answered(lambda.invoke(&event))["alerts"], 1);
    only_alert(&aws);
}

#[test]
fn throttled_slow_and_broken_answers_are_never_a_diagnosis() {
    type Break = fn(&Aws);
    let breaks: [(&str, Break); 4] = [
        ("throttled by AWS", |aws| aws.throttle("elasticloadbalancing:DescribeTargetHealth", 100)),
        ("not answered in time", |aws| aws.delay("elasticloadbalancing:DescribeTargetHealth", 3_000)),
        ("no answer", |aws| aws.reset("elasticloadbalancing:DescribeTargetHealth")),
        ("makes no sense", |aws| aws.garble("elasticloadbalancing:DescribeTargetHealth")),
    ];
    for (why, broken) in breaks {
        let aws = Aws::start(Account::healthy_v1());
        broken(&aws);
        let mut lambda = responder(&aws).env("INVESTIGATION_BUDGET", "1500ms").start();
        answered(lambda.invoke(&event(&["8f2f7a1e-0000-4000-8000-000000000001"])));
        let alert = only_alert(&aws);
        assert_eq!(alert["verdict"]["tier"], "unknown", "{why}");
        let said = alert["not_checked"][0]["why"].as_str().unwrap();
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn a_retried_throttle_still_finds_the_fault() {
    let (aws, mut lambda) = broken();
    aws.throttle("apigateway:GetVpcLink", 1);
    answered(lambda.invoke(&event(&["8f2f7a1e-0000-4000-8000-000000000001"])));
    assert_eq!(only_alert(&aws)["verdict"]["code"], "targets-unhealthy");
}

#[test]
fn pages_are_followed_to_the_end() {
    let mut account = Account { page_size: 1, ..Account::healthy_v1() };
    account.target_group("orders-blue").targets.clear();
    let aws = Aws::start(account);
    let mut lambda = responder(&aws).start();
    answered(lambda.invoke(&event(&["8f2f7a1e-0000-4000-8000-000000000001"])));
    assert_eq!(only_alert(&aws)["verdict"]["code"], "target-group-empty");
}

#[test]
fn a_v2_link_is_walked_too() {
    let mut account = Account::healthy_v2();
    account.vpc_links_v2.values_mut().for_each(|link| link.status = "INACTIVE".to_owned());
    let aws = Aws::start(account);
    let mut lambda = responder(&aws).start();
    answered(lambda.invoke(&event(&["8f2f7a1e-0000-4000-8000-000000000001"])));
    let alert = only_alert(&aws);
    assert_eq!(alert["verdict"]["code"], "vpc-link-inactive", "{alert:#}");
    assert_eq!(alert["verdict"]["tier"], "confirmed");
}

#[test]
fn every_protocol_of_the_topic_has_its_body() {
    let (aws, mut lambda) = broken();
    answered(lambda.invoke(&event(&["8f2f7a1e-0000-4000-8000-000000000001"])));
    let published = &aws.published()[0];
    for protocol in ["default", "email", "email-json", "sqs", "lambda", "firehose", "https", "sms"] {
        assert!(published.bodies.contains_key(protocol), "{protocol}");
    }
    assert!(published.bodies["sms"].chars().count() <= 140);
    assert!(published.subject.as_ref().unwrap().chars().count() < 100);
    let chat: Value = serde_json::from_str(&published.bodies["https"]).unwrap();
    assert_eq!((&chat["version"], &chat["source"]), (&json!("1.0"), &json!("custom")));
    assert_eq!(chat["content"]["textType"], "client-markdown");
    let alert: Value = serde_json::from_str(&published.bodies["sqs"]).unwrap();
    assert_eq!(chat["metadata"]["threadId"], alert["incident"]["id"]);
    let attributes: Vec<(&str, &str)> =
        published.attributes.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let expected = [
        ("api", "a1b2c3d4e5"),
        ("cause", "integration-unreachable"),
        ("dedup_key", alert["incident"]["dedup_key"].as_str().unwrap()),
        ("event_action", "trigger"),
        ("severity", "critical"),
        ("stage", "prod"),
        ("status", "open"),
    ];
    assert_eq!(attributes, expected);
}

#[test]
fn nothing_private_leaves_in_an_alert_or_a_log_line() {
    let (aws, mut lambda) = broken();
    answered(lambda.invoke(&event(&["8f2f7a1e-0000-4000-8000-000000000001"])));
    let bodies: String = aws.published()[0].bodies.values().cloned().collect();
    let log = lambda.stop();
    for text in [&bodies, &log] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert!(log.contains("published an alert"), "{log}");
}

#[test]
fn a_torn_payload_fails_the_invocation_and_says_whose_it_was() {
    let (aws, mut lambda) = broken();
    // CloudWatch Logs writes the group before the events, which is what lets a torn head tell whose it was.
    let ids: Vec<String> =
        (0..200_u64).map(|n| format!("{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let events = document(&ids)["logEvents"].to_string();
    let text =
        format!(r#"{{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"{GROUP}","logEvents":{events}}}"#);
    let packed = gzip(text.as_bytes());
    let torn = json!({"awslogs": {"data": STANDARD.encode(&packed[..packed.len() / 2])}});
    let (error_type, message) = failed(lambda.invoke(&torn));
    assert_eq!(error_type, "UndecodableBatch");
    assert!(message.contains(GROUP) && message.contains("gzip is torn"), "{message}");
    assert_eq!(causes(&aws), ["undecodable-batch"]);
    let body = &aws.published()[0].bodies["email"];
    assert!(body.contains("gzip is torn"), "{body}");
    // Lambda's own retries of it are not told again.
    failed(lambda.invoke(&torn));
    assert_eq!(aws.published().len(), 1);
    // The container is none the worse for it.
    assert_eq!(answered(lambda.invoke(&event(&["8f2f7a1e-0000-4000-8000-000000000001"])))["alerts"], 1);
}

#[test]
fn every_broken_payload_has_an_error_of_its_own() {
    let (_aws, mut lambda) = broken();
    let data = |bytes: &[u8]| json!({"awslogs": {"data": STANDARD.encode(gzip(bytes))}});
    for (payload, says) in [
        (json!({"awslogs": {"data": "!!!"}}), "not base64"),
        (json!({"awslogs": {"data": STANDARD.encode("plain")}}), "not gzip"),
        (data(b"\xff\xfe"), "not UTF-8"),
        (data(b"[1"), "not the JSON"),
        (data(b"{\"messageType\":\"DATA_MESSAGE\"}"), "`logGroup` is missing"),
        (data(b"{\"messageType\":\"DATA_MESSAGE\",\"logGroup\":\"g\"}"), "`logEvents` is missing"),
        (data(b"{\"logGroup\":\"g\",\"logEvents\":[]}"), "`messageType` is missing"),
        (data(b"{\"messageType\":\"NEWS\"}"), "messageType is `NEWS`"),
        (json!({"source": "aws.events"}), "neither a CloudWatch Logs nor a Kinesis event"),
        (json!("text"), "neither a CloudWatch Logs nor a Kinesis event"),
    ] {
        let (error_type, message) = failed(lambda.invoke(&payload));
        assert_eq!(error_type, "UndecodableBatch", "{payload}");
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn a_bomb_is_refused_within_bounded_memory() {
    let aws = Aws::start(Account::healthy_v1());
    let mut lambda = responder(&aws).env("MAX_BATCH_BYTES", "1MiB").start();
    let bomb = json!({"awslogs": {"data": STANDARD.encode(gzip(&vec![b' '; 64 << 20]))}});
    let (error_type, message) = failed(lambda.invoke(&bomb));
    assert_eq!(error_type, "UndecodableBatch");
    assert!(message.contains("more than 1048576 bytes"), "{message}");
    let peak = lambda.peak_memory_kib();
    assert!(peak < 48 << 10, "64 MiB of blanks took {peak} KiB at the peak");
}

#[test]
fn unknown_fields_and_several_gzip_members_are_no_fault() {
    let (aws, mut lambda) = broken();
    let mut document = document(&["8f2f7a1e-0000-4000-8000-000000000001"]);
    document["policyLevel"] = json!("ACCOUNT_LEVEL_POLICY");
    document["logEvents"][0]["extractedFields"] = json!({"a": "b"});
    let text = document.to_string();
    let (head, tail) = text.split_at(text.len() / 2);
    let members = [gzip(head.as_bytes()), gzip(tail.as_bytes())].concat();
    let event = json!({"awslogs": {"data": STANDARD.encode(members)}});
    assert_eq!(answered(lambda.invoke(&event))["alerts"], 1);
    only_alert(&aws);
}

#[test]
fn a_control_message_is_acknowledged() {
    let (aws, mut lambda) = broken();
    let mut document = document(&[]);
    document["messageType"] = json!("CONTROL_MESSAGE");
    let summary = answered(lambda.invoke(&event_of(&document)));
    assert_eq!(summary, json!({"batches": 0, "executions": 0, "failed": 0, "alerts": 0, "refused": 0}));
    assert!(aws.calls().is_empty());
}

#[test]
fn a_foreign_group_and_the_functions_own_are_refused() {
    let (aws, mut lambda) = broken();
    for group in ["/aws/lambda/test-function", "/ecs/orders", "API-Gateway-Execution-Logs_x"] {
        let lines = unreachable("8f2f7a1e-0000-4000-8000-000000000001");
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let document = subscription_document_at(group, &lines, now());
        let summary = answered(lambda.invoke(&event_of(&document)));
        assert_eq!((&summary["refused"], &summary["alerts"]), (&json!(1), &json!(0)), "{group}");
    }
    assert!(aws.calls().is_empty());
    assert!(lambda.stop().contains("refused a batch"));
}

#[test]
fn a_poison_record_of_a_stream_is_named_and_hides_nobody() {
    let (aws, mut lambda) = broken();
    let mut event = kinesis_event(&[document(&["8f2f7a1e-0000-4000-8000-000000000001"]), json!({})]);
    event["Records"][1]["kinesis"]["data"] = json!("!!!");
    let poisoned = event["Records"][1]["kinesis"]["sequenceNumber"].clone();
    let answer = answered(lambda.invoke(&event));
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": poisoned}]}));
    assert_eq!(causes(&aws), ["integration-unreachable", "undecodable-batch"]);
    // A stream hands the poison over again and again: that is told once.
    answered(lambda.invoke(&event));
    assert_eq!(aws.published().len(), 2);
}

/// Messages of the failure queue, as Lambda's event source mapping hands them over.
fn queue_event(bodies: &[String]) -> Value {
    let message = |(n, body): (usize, &String)| {
        json!({"messageId": format!("m-{n}"), "receiptHandle": "r", "body": body, "eventSource": "aws:sqs",
               "awsRegion": "eu-west-1"})
    };
    json!({"Records": bodies.iter().enumerate().map(message).collect::<Vec<_>>()})
}

/// What Lambda writes about an invocation that failed for good.
fn failure_record(payload: &Value) -> String {
    let record = json!({
        "version": "1.0", "timestamp": "2026-11-22T14:00:00.000Z",
        "requestContext": {"requestId": "x", "functionArn": "arn", "condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": payload, "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorType": "AlertNotDelivered", "errorMessage": "x"}
    });
    record.to_string()
}

#[test]
fn the_failure_queue_is_run_again() {
    let (aws, mut lambda) = broken();
    let payload = event(&["8f2f7a1e-0000-4000-8000-000000000001"]);
    let stream = json!({"requestContext": {}, "KinesisBatchInfo": {"shardId": "shardId-0", "startSequenceNumber": "1"}});
    let messages = queue_event(&[
        failure_record(&payload),
        payload.to_string(),
        failure_record(&json!({"awslogs": {"data": "!!!"}})),
        stream.to_string(),
    ]);
    let answer = answered(lambda.invoke(&messages));
    // What can't be read stays in the queue; what was told is told once, though it lies there twice.
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "m-2"}, {"itemIdentifier": "m-3"}]}));
    assert_eq!(causes(&aws), ["integration-unreachable", "undecodable-batch"]);
    let alert: Value = serde_json::from_str(&aws.published()[0].bodies["sqs"]).unwrap();
    assert_eq!(alert["failed"], 1);
}

#[test]
fn without_its_table_it_alerts_once_and_hands_the_payload_back() {
    let (aws, _) = broken();
    // The tests' AWS knows no DynamoDB: every call fails.
    let mut lambda = responder(&aws).env("INCIDENT_TABLE", "incidents").start();
    let (_, message) = failed(lambda.invoke(&event(&["8f2f7a1e-0000-4000-8000-000000000001"])));
    assert!(message.contains("failing the invocation so that Lambda retries the payload"), "{message}");
    assert_eq!(only_alert(&aws)["incident"]["may_repeat"], true);
    failed(lambda.invoke(&event(&["8f2f7a1e-0000-4000-8000-000000000002"])));
    only_alert(&aws);
}

#[test]
fn a_stream_without_faults_hands_nothing_back() {
    let (aws, mut lambda) = broken();
    let answer =
        answered(lambda.invoke(&kinesis_event(&[document(&["8f2f7a1e-0000-4000-8000-000000000001"])])));
    assert_eq!(answer, json!({"batchItemFailures": []}));
    only_alert(&aws);
}

#[test]
fn a_wrong_environment_stops_the_start_with_all_its_faults() {
    let aws = Aws::start(Account::healthy_v1());
    let function = Function::new(env!("CARGO_BIN_EXE_vpclink-lambda")).calling(&aws);
    let mut lambda = function.env("REPEAT_INTERVAL", "soon").env("MAX_BATCH_BYTES", "0").start();
    assert!(matches!(lambda.started(), Start::Exited(_)));
    let log = lambda.stop();
    for name in ["ALERT_TOPIC_ARN", "REPEAT_INTERVAL", "MAX_BATCH_BYTES"] {
        assert!(log.contains(name), "{log}");
    }
}

#[test]
fn a_bare_alert_goes_out_in_time_when_aws_does_not_answer() {
    let aws = Aws::start(Account::healthy_v1());
    for operation in ["apigateway:GetStage", "apigateway:GetResources", "apigateway:GetRestApi"] {
        aws.delay(operation, 3_000);
    }
    // Six seconds for the invocation leave one for reading beside the time kept for telling.
    let mut lambda = responder(&aws).timeout(Duration::from_secs(6)).start();
    assert!(matches!(lambda.started(), Start::Ready));
    assert_eq!(answered(lambda.invoke(&event(&["8f2f7a1e-0000-4000-8000-000000000001"])))["alerts"], 1);
    let alert = only_alert(&aws);
    assert_eq!(alert["verdict"]["tier"], "unknown");
    assert_eq!(alert["not_checked"][0]["why"], "not answered in time");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn incidents_that_share_a_root_share_its_readings_and_its_page() {
    let (aws, mut lambda) = broken();
    answered(lambda.invoke(&event(&["8f2f7a1e-0000-4000-8000-000000000001"])));
    let calls = aws.calls().len();
    // Another cause over the same link, in the same container, seconds later.
    let lines: Vec<String> = unreachable("8f2f7a1e-0000-4000-8000-000000000002")
        .iter()
        .map(|line| {
            line.replace(
                "configuration error: There was an internal error while executing your request",
                "a timeout error",
            )
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let summary = answered(lambda.invoke(&event_of(&subscription_document_at(GROUP, &lines, now()))));
    // The targets are told to be down; what else they fail is on that page.
    assert_eq!(summary["alerts"], 0);
    let asked: Vec<String> = aws.calls()[calls..].iter().map(|call| call.name()).collect();
    assert!(asked.is_empty(), "{asked:?}");
}

#[test]
fn what_was_changed_but_not_deployed_is_told() {
    let mut account = Account::healthy_v1();
    let api = account.rest_apis.get_mut("a1b2c3d4e5").unwrap();
    let mut deployed = api.resources.clone();
    for integration in deployed.iter_mut().flat_map(|resource| resource.methods.values_mut()).flatten() {
        integration.connection_id = Some("old123".to_owned());
    }
    api.deployed = Some(deployed);
    let aws = Aws::start(account);
    let mut lambda = responder(&aws).start();
    answered(lambda.invoke(&event(&["8f2f7a1e-0000-4000-8000-000000000001"])));
    let alert = only_alert(&aws);
    assert_eq!(alert["verdict"]["code"], "integration-not-deployed", "{alert:#}");
    let codes: Vec<_> =
        alert["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"vpc-link-missing"), "requests still run over the old link: {codes:?}");
}

/// `orders-nlb` forwards to an application load balancer, which forwards to `orders-blue`.
fn behind_an_application_load_balancer() -> Account {
    let mut account = Account::healthy_v1();
    let mut v2 = Account::healthy_v2();
    let (mut balancer, mut listener) = (v2.load_balancer("orders-alb").clone(), v2.listener(8443).clone());
    // It takes what comes from the VPC, as the network load balancer does.
    balancer.security_groups.clone_from(&account.load_balancer("orders-nlb").security_groups);
    listener.port = 443;
    let mut group = account.target_group("orders-blue").clone();
    group.arn = group.arn.replace("orders-blue", "orders-alb");
    (group.name, group.kind, group.port) = ("orders-alb".to_owned(), "alb".to_owned(), 443);
    group.targets.truncate(1);
    (group.targets[0].id, group.targets[0].port) = (balancer.arn.clone(), 443);
    account.listener(8443).protocol = "TCP".to_owned();
    account.listener(8443).certificates.clear();
    account.listener(8443).actions = vec![elbv2::Action::Plain(group.arn.clone())];
    account.load_balancers.push(balancer);
    account.listeners.push(listener);
    account.target_groups.push(group);
    // What the network load balancer may send to its target, the other balancer.
    let own = account.security_groups.iter_mut().find(|group| group.id == "sg-0balancer").unwrap();
    for rules in [&mut own.inbound, &mut own.outbound] {
        let onward = ec2::Permission { ports: Some((443, 443)), ..rules[0].clone() };
        rules.push(onward);
    }
    account
}

#[test]
fn a_load_balancer_that_is_the_target_is_walked_on_to() {
    let mut account = behind_an_application_load_balancer();
    for target in &mut account.target_group("orders-blue").targets {
        target.fails("Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]");
    }
    let aws = Aws::start(account);
    let mut lambda = responder(&aws).start();
    answered(lambda.invoke(&event(&["8f2f7a1e-0000-4000-8000-000000000001"])));
    let alert = only_alert(&aws);
    assert_eq!(alert["verdict"]["code"], "targets-unhealthy", "{alert:#}");
    assert!(alert["verdict"]["says"].as_str().unwrap().contains("orders-blue"));
    let hops: Vec<(&str, &str)> = alert["path"].as_array().unwrap().iter().map(hop).collect();
    let onward = [
        ("load-balancer", "healthy"),
        ("listener", "healthy"),
        ("target-group", "healthy"),
        ("target", "faulty"),
    ];
    assert_eq!(hops[hops.len() - 4..], onward);
}

#[test]
fn the_rule_that_takes_the_request_decides_where_it_goes() {
    let rule = |priority, path: &str, actions| elbv2::Rule {
        arn: format!(
            "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener-rule/app/orders-alb/{priority}"
        ),
        priority,
        conditions: vec![json!({"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}})],
        actions: vec![actions],
    };
    for (path, code) in [("/orders*", Some("listener-forwards-nowhere")), ("/customers*", None)] {
        let mut account = Account::healthy_v2();
        account.listener(8443).rules.push(rule(10, path, elbv2::Action::FixedResponse(503)));
        let aws = Aws::start(account);
        let mut lambda = responder(&aws).start();
        answered(lambda.invoke(&event(&["8f2f7a1e-0000-4000-8000-000000000001"])));
        let alert = only_alert(&aws);
        assert_eq!(alert["verdict"]["code"].as_str(), code, "{path}: {alert:#}");
    }
}

#[test]
fn an_api_that_is_gone_is_said_to_be() {
    let mut account = Account::healthy_v1();
    account.rest_apis.clear();
    let aws = Aws::start(account);
    let mut lambda = responder(&aws).start();
    answered(lambda.invoke(&event(&["8f2f7a1e-0000-4000-8000-000000000001"])));
    let verdict = &only_alert(&aws)["verdict"];
    assert_eq!(verdict["code"], "integration-missing");
    assert_eq!(verdict["says"], "API a1b2c3d4e5 does not exist in this account and Region");
}

/// Another try of the same message can't help, and would hold up the next one.
#[test]
fn a_message_that_is_refused_for_good_holds_up_no_other() {
    let aws = Aws::start(Account::healthy_v1());
    aws.fail("sns:Publish", "InvalidParameter", 400);
    let mut lambda = responder(&aws).start();
    let mut lines = unreachable("8f2f7a1e-0000-4000-8000-000000000001");
    lines.push(
        "(b) Lambda execution failed with status 200 due to customer function error: it broke".to_owned(),
    );
    lines.push("(b) Method completed with status: 502".to_owned());
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    failed(lambda.invoke(&event_of(&subscription_document_at(GROUP, &lines, now()))));
    let published = aws.calls_of("sns:Publish");
    let subjects: Vec<&str> = published.iter().map(|call| call.text("Subject")).collect();
    let log = lambda.stop();
    assert_ne!(subjects[0], subjects[1], "both are tried before either is tried again\n{log}");
    assert!(subjects.len() <= 4, "{subjects:#?}\n{log}");
}

/// A principal that may make log groups chooses an API's id, and as many of them as there are names.
#[test]
fn log_groups_of_made_up_apis() {
    let aws = Aws::start(Account::healthy_v1());
    let mut lambda = responder(&aws).start();
    let lines = [
        "(a) HTTP Method: GET, Resource Path: /victim",
        "(a) Lambda execution failed with status 200 due to customer function error: owned",
        "(a) Method completed with status: 502",
    ];
    for number in 1..=20 {
        let group = format!("API-Gateway-Execution-Logs_x{number}/prod");
        answered(lambda.invoke(&event_of(&subscription_document_at(&group, &lines, now()))));
    }
    let alert = only_alert(&aws);
    assert_eq!(alert["severity"], "low", "{alert:#}");
    assert_eq!(alert["findings"][0]["code"], "integration-missing");
    assert_eq!(alert["findings"][0]["says"], "API x1 does not exist in this account and Region");
    assert_eq!(aws.calls_of("apigateway:GetRestApi").len(), 20, "one read for each");
}

#[test]
fn an_api_that_cannot_be_read_is_not_made_up() {
    let aws = Aws::start(Account::healthy_v1());
    aws.deny("apigateway:GET");
    let mut lambda = responder(&aws).start();
    let lines = [
        "(a) Lambda execution failed with status 200 due to customer function error: owned",
        "(a) Method completed with status: 502",
    ];
    let group = "API-Gateway-Execution-Logs_x1/prod";
    answered(lambda.invoke(&event_of(&subscription_document_at(group, &lines, now()))));
    let alert = only_alert(&aws);
    assert_ne!(alert["severity"], "low");
    let unread = &alert["not_checked"][0];
    assert_eq!(
        (&unread["what"], &unread["action"]),
        (&"the name of API x1".into(), &"apigateway:GET".into()),
        "{alert:#}"
    );
}

#[test]
fn the_first_rung_of_permissions_finds_dead_targets() {
    let (aws, mut lambda) = broken();
    aws.fail("apigateway:GetExport", "AccessDeniedException", 403);
    let rung = [
        "apigateway:GET",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
    ];
    let actions = Query::samples().into_iter().map(|question| question.action());
    let denied: Vec<&str> = actions.filter(|action| !rung.contains(action)).collect();
    denied.iter().for_each(|action| aws.deny(action));
    answered(lambda.invoke(&event(&["8f2f7a1e-0000-4000-8000-000000000001"])));
    let alert = only_alert(&aws);
    assert_eq!(alert["verdict"]["code"], "targets-unhealthy", "{alert:#}");
    assert_eq!(alert["verdict"]["tier"], "confirmed");
    let faulty =
        alert["findings"].as_array().unwrap().iter().filter(|finding| finding["state"] == "faulty").count();
    assert_eq!(faulty, 1);
    let named = |action: &str| {
        alert["not_checked"].as_array().unwrap().iter().any(|missing| missing["action"] == action)
    };
    for call in aws.calls() {
        assert!(
            !denied.contains(&call.action().as_str()) || named(&call.action()),
            "{} is named",
            call.action()
        );
    }
}

#[test]
fn with_no_permission_at_all_the_text_still_speaks() {
    let (aws, mut lambda) = broken();
    Query::samples().iter().for_each(|question| aws.deny(question.action()));
    answered(lambda.invoke(&event(&["8f2f7a1e-0000-4000-8000-000000000001"])));
    let alert = only_alert(&aws);
    assert_eq!(alert["cause"]["slug"], "integration-unreachable");
    assert_eq!(alert["verdict"]["tier"], "unknown");
    assert_eq!(alert["not_checked"][0]["action"], "apigateway:GET");
    assert!(!alert["next_steps"].as_array().unwrap().is_empty());
}
