//! Access logs and deliveries, from the caretaker that subscribes them to the responder's alert: the real functions against
//! an AWS in its own wire formats.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use vpclink_responder::logs::RECOMMENDED_FORMAT;

use crate::harness::apigateway::HttpApi;
use crate::harness::logs::Filter;
use crate::harness::{Account, Aws, Function, Lambda, Outcome, Start, event_of, subscription_document_at};

const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:alerts";
const RESPONDER: &str = "arn:aws:lambda:eu-west-1:111122223333:function:vpclink-responder";
const ACCESS: &str = "/aws/apigateway/web";
const REST_ID: &str = "8f2f7a1e-0000-4000-8000-000000000001";

/// `$context.status` and the reason, in a format of the owner's own.
const PLAIN: &str = r#"$context.identity.sourceIp [$context.requestTime] "$context.routeKey" $context.status $context.integration.status $context.requestId $context.integrationErrorMessage"#;

#[expect(clippy::disallowed_methods, reason = "what just failed has to be dated now")]
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

fn group_arn(name: &str) -> String {
    format!("arn:aws:logs:eu-west-1:111122223333:log-group:{name}")
}

fn access_log(group: &str, format: &str) -> Value {
    json!({ "destinationArn": group_arn(group), "format": format })
}

/// An HTTP API over a link, whose stages write access logs so.
fn http_api(stages: &[(&str, Value)]) -> HttpApi {
    HttpApi {
        id: "h1b2c3d4e5".to_owned(),
        name: "web".to_owned(),
        connection_types: vec!["VPC_LINK".to_owned()],
        stages: stages.iter().map(|(name, log)| ((*name).to_owned(), stage(name, log))).collect(),
        ..HttpApi::default()
    }
}

fn stage(name: &str, log: &Value) -> Value {
    if log.is_null() {
        json!({ "stageName": name })
    } else {
        json!({ "stageName": name, "accessLogSettings": log })
    }
}

fn account(stages: &[(&str, Value)]) -> Account {
    let mut account = Account::healthy_v1();
    account.log_role = Some("arn:aws:iam::111122223333:role/logs".to_owned());
    account.subscriptions = vec![("email".to_owned(), true)];
    account.http_apis = vec![http_api(stages)];
    account.log_groups.insert(ACCESS.to_owned(), Vec::new());
    account
}

fn function(aws: &Aws, role: &str) -> Function {
    Function::new(env!("CARGO_BIN_EXE_vpclink-lambda"))
        .env("_HANDLER", role)
        .env("ALERT_TOPIC_ARN", TOPIC)
        .env("RESPONDER_ARN", RESPONDER)
        .env("SUBSCRIPTION_FILTER_NAME", "vpclink")
        .env("SUBSCRIPTION_CALLS_PER_SECOND", "100")
        .calling(aws)
}

fn started(function: &Function) -> Lambda {
    let mut lambda = function.start();
    assert_eq!(lambda.started(), Start::Ready, "{}", lambda.log());
    lambda
}

#[track_caller]
fn answered(outcome: Outcome) -> Value {
    match outcome {
        Outcome::Response(value) => value,
        other => panic!("the invocation should have succeeded: {other:?}"),
    }
}

fn of_access(lines: &[&str]) -> Value {
    event_of(&subscription_document_at(ACCESS, lines, now()))
}

fn alerts(aws: &Aws) -> Vec<Value> {
    let bodies = aws.published().into_iter().map(|published| published.bodies["email-json"].clone());
    bodies.map(|body| serde_json::from_str(&body).unwrap()).collect()
}

fn schedule() -> Value {
    json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} })
}

fn filters(aws: &Aws) -> BTreeMap<String, Vec<Filter>> {
    let filters = aws.look(|account| account.filters.clone());
    filters.into_iter().filter(|(_, filters)| !filters.is_empty()).collect()
}

fn blind(summary: &Value) -> Vec<(String, String)> {
    let text = |spot: &Value, key: &str| spot[key].as_str().unwrap().to_owned();
    summary["blind"].as_array().unwrap().iter().map(|spot| (text(spot, "kind"), text(spot, "of"))).collect()
}

const FAILED: &str = r#"203.0.113.7 [30/Nov/2026:16:57:08 +0000] "GET /orders" 503 - JKJaXmPLvHcESHA= -"#;

#[test]
fn a_line_that_names_no_stage_is_of_the_stage_that_names_its_group() {
    let aws = Aws::start(account(&[("live", access_log(ACCESS, PLAIN))]));
    let mut lambda = started(&function(&aws, "responder"));
    let healthy = FAILED.replace(" 503 - ", " 200 200 ").replace("JKJ", "JKK");
    let odd = "a line that some other program wrote";
    let summary = answered(lambda.invoke(&of_access(&[FAILED, &healthy, odd])));
    assert_eq!(summary, json!({"batches": 1, "executions": 2, "failed": 1, "alerts": 1, "refused": 0}));
    let alert = &alerts(&aws)[0];
    assert_eq!(alert["cause"]["slug"], "integration-unreachable", "{alert:#}");
    assert_eq!(
        (&alert["source"], &alert["api"]["id"], &alert["api"]["stage"], &alert["api"]["kind"]),
        (&json!("access-log"), &json!("h1b2c3d4e5"), &json!("live"), &json!("http"))
    );
    assert_eq!(alert["routes"][0], json!({"method": "GET", "resource": "/orders", "failed": 1}));
    assert!(!alert.to_string().contains("203.0.113.7"), "a client's address is personal");
    let stages = |aws: &Aws| aws.calls_of("apigatewayv2:GetStages").len();
    let asked = stages(&aws);
    answered(lambda.invoke(&of_access(&[&FAILED.replace("JKJ", "JKL")])));
    assert_eq!(stages(&aws), asked, "who writes there is asked once a container");
    assert!(lambda.stop().contains("passed over lines of unknown shape"));
}

#[test]
fn lines_that_name_their_stage_need_no_asking_and_others_are_refused() {
    let aws = Aws::start(account(&[]));
    let mut lambda = started(&function(&aws, "responder"));
    let line = filled(&[
        ("apiId", "h1b2c3d4e5"),
        ("stage", "live"),
        ("requestId", "JKJaXmPLvHcESHA="),
        ("status", "504"),
    ]);
    assert_eq!(answered(lambda.invoke(&of_access(&[&line])))["failed"], 1);
    assert_eq!(aws.calls_of("apigatewayv2:GetApis").len(), 0);
    let foreign = r#"{"level":"error","status":500,"requestId":"r-1","path":"/orders","message":"boom"}"#;
    let summary = answered(lambda.invoke(&of_access(&[foreign])));
    assert_eq!((&summary["refused"], &summary["failed"]), (&json!(1), &json!(0)), "no stage writes there");
    let mut off = started(&function(&aws, "responder").env("ACCESS_LOGS", "off"));
    let summary = answered(off.invoke(&of_access(&[&line])));
    assert_eq!((&summary["refused"], &summary["failed"]), (&json!(1), &json!(0)));
}

#[test]
fn while_the_table_is_out_of_reach_nothing_is_thrown_away() {
    // The tests' AWS knows no DynamoDB: every call fails.
    let with_table = |aws: &Aws| started(&function(aws, "responder").env("INCIDENT_TABLE", "incidents"));
    let aws = Aws::start(account(&[("live", access_log(ACCESS, PLAIN))]));
    let mut lambda = with_table(&aws);
    let published_without_it = |outcome: Outcome| match outcome {
        Outcome::Error { message, .. } => {
            assert!(
                message.contains("failing the invocation so that Lambda retries the payload"),
                "{message}"
            )
        }
        other => panic!("what is not counted has to come again: {other:?}"),
    };
    published_without_it(lambda.invoke(&of_access(&[FAILED])));
    assert_eq!(alerts(&aws)[0]["api"]["stage"], "live");
    // Where AWS can't be asked either, the payload comes again; a line that names its stage needs neither.
    aws.deny("apigateway:GET");
    let mut lambda = with_table(&aws);
    let Outcome::Error { message, .. } = lambda.invoke(&of_access(&[FAILED])) else {
        panic!("it should have failed: {}", lambda.log())
    };
    assert!(message.contains(ACCESS), "{message}");
    let named = filled(&[
        ("apiId", "h1b2c3d4e5"),
        ("stage", "live"),
        ("requestId", "JKJaXmPLvHcESHB="),
        ("status", "504"),
    ]);
    published_without_it(lambda.invoke(&of_access(&[&named])));
    let causes: Vec<Value> = alerts(&aws).iter().map(|alert| alert["cause"]["slug"].clone()).collect();
    assert_eq!(causes, ["integration-unreachable", "integration-timeout"], "nothing is invented");
    // Without a table there is nothing to wait for: a line of no known shape is another program's.
    let mut alone = started(&function(&aws, "responder"));
    assert_eq!(answered(alone.invoke(&of_access(&[FAILED])))["refused"], 1);
}

#[test]
fn a_format_that_changed_under_way_loses_nothing() {
    let aws = Aws::start(account(&[("live", access_log(ACCESS, PLAIN))]));
    let mut lambda = started(&function(&aws, "responder"));
    answered(lambda.invoke(&of_access(&[FAILED])));
    // JSON is read by its keys, whatever format is known; the group's one stage is still whose it is.
    let json =
        r#"{"requestId":"JKJaXmPLvHcESHC=","routeKey":"GET /orders","status":"504","integrationStatus":"-"}"#;
    let summary = answered(lambda.invoke(&of_access(&[json])));
    assert_eq!((&summary["failed"], &summary["refused"]), (&json!(1), &json!(0)));
    let last = alerts(&aws).pop().unwrap();
    assert_eq!(
        (&last["api"]["stage"], &last["cause"]["slug"]),
        (&json!("live"), &json!("integration-timeout"))
    );
}

/// A line of the recommended format.
fn filled(values: &[(&str, &str)]) -> String {
    let mut line = String::new();
    let mut rest = RECOMMENDED_FORMAT;
    while let Some((before, after)) = rest.split_once("$context.") {
        let end = after.find('"').unwrap();
        let value = values.iter().find(|(name, _)| *name == &after[..end]);
        line += before;
        line += value.map_or("-", |(_, value)| value);
        rest = &after[end..];
    }
    line + rest
}

#[test]
fn one_request_in_both_logs_is_one_failure_whichever_comes_first() {
    let group = "API-Gateway-Execution-Logs_a1b2c3d4e5/prod";
    let reason = "Execution failed due to a timeout error";
    let of_log = [format!("({REST_ID}) {reason}"), format!("({REST_ID}) Method completed with status: 504")];
    let execution =
        || event_of(&subscription_document_at(group, &of_log.each_ref().map(String::as_str), now()));
    let values = [("apiId", "a1b2c3d4e5"), ("stage", "prod"), ("requestId", REST_ID), ("status", "504")];
    let with_reason = filled(&[&values[..], &[("integration.error", reason)]].concat());
    let without = filled(&values);
    for line in [&with_reason, &without] {
        for access_first in [true, false] {
            let aws = Aws::start(account(&[]));
            let mut lambda = started(&function(&aws, "responder"));
            let mut events = [of_access(&[line]), execution()];
            if !access_first {
                events.reverse();
            }
            let failed = events.map(|event| answered(lambda.invoke(&event))["failed"].clone());
            assert_eq!((failed, alerts(&aws).len()), ([json!(1), json!(0)], 1), "{line}");
        }
        // In one group, as some templates have it.
        let aws = Aws::start(account(&[]));
        let mut lambda = started(&function(&aws, "responder"));
        let lines = [&of_log[0], line, &of_log[1]].map(String::as_str);
        let summary = answered(lambda.invoke(&event_of(&subscription_document_at(group, &lines, now()))));
        assert_eq!((&summary["executions"], &summary["failed"]), (&json!(1), &json!(1)), "{line}");
        assert_eq!(alerts(&aws)[0]["cause"]["slug"], "integration-timeout");
    }
}

#[test]
fn the_caretaker_watches_one_log_of_every_stage_and_names_each_gap() {
    let mut account = account(&[
        ("live", access_log(ACCESS, RECOMMENDED_FORMAT)),
        ("poor", access_log("/aws/apigateway/poor", "$context.requestId $context.status")),
        ("gone", access_log("/aws/apigateway/gone", RECOMMENDED_FORMAT)),
        ("mute", Value::Null),
    ]);
    account.log_groups.insert("/aws/apigateway/poor".to_owned(), Vec::new());
    account.log_groups.insert("delivered/orders".to_owned(), Vec::new());
    let api = account.rest_apis.get_mut("a1b2c3d4e5").unwrap();
    let logging = api.stages.values().next().unwrap().clone();
    let of_rest = |name: &str, access: Option<Value>| {
        (name.to_owned(), {
            let mut stage = logging.clone();
            stage.access_log = access;
            stage
        })
    };
    // A stage whose execution log carries failures: its access log is left alone.
    api.stages = [
        of_rest("prod", Some(access_log("/aws/apigateway/left-alone", RECOMMENDED_FORMAT))),
        of_rest("sent", None),
        of_rest("lost", None),
        of_rest("saved", Some(access_log(ACCESS, RECOMMENDED_FORMAT))),
    ]
    .into();
    for stage in api.stages.values_mut() {
        stage.method_settings = [("*/*".to_owned(), json!({ "loggingLevel": "ERROR" }))].into();
    }
    account.log_groups.insert("API-Gateway-Execution-Logs_a1b2c3d4e5/prod".to_owned(), Vec::new());
    account.log_groups.insert("/aws/apigateway/left-alone".to_owned(), Vec::new());
    let arn = |stage: &str| format!("arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5/stages/{stage}");
    account.deliveries = vec![
        (arn("sent"), group_arn("delivered/orders")),
        (arn("lost"), "arn:aws:s3:::archive".to_owned()),
        (arn("saved"), "arn:aws:firehose:eu-west-1:111122223333:deliverystream/logs".to_owned()),
    ];
    let aws = Aws::start(account);
    let mut lambda = started(&function(&aws, "caretaker"));
    let summary = answered(lambda.invoke(&schedule()));
    let ours = |pattern: &str| vec![Filter::new("vpclink", pattern, RESPONDER)];
    let expected = BTreeMap::from([
        (ACCESS.to_owned(), ours("{ $.status = \"5*\" }")),
        ("/aws/apigateway/poor".to_owned(), ours("")),
        ("API-Gateway-Execution-Logs_a1b2c3d4e5/prod".to_owned(), ours("")),
        ("delivered/orders".to_owned(), ours("")),
    ]);
    assert_eq!(filters(&aws), expected, "{summary:#}");
    let spot = |kind: &str, of: &str| (kind.to_owned(), of.to_owned());
    assert_eq!(
        blind(&summary),
        [
            spot("execution-logs-delivered-elsewhere", "a1b2c3d4e5/lost"),
            spot("access-logging-off", "h1b2c3d4e5/mute"),
            spot("access-log-without-reason", "h1b2c3d4e5/poor"),
            spot("not-subscribed", "/aws/apigateway/gone"),
        ]
    );
    // A second round has nothing to do; a stage that goes takes its filter with it.
    aws.forget();
    answered(lambda.invoke(&schedule()));
    assert!(aws.calls_of("logs:PutSubscriptionFilter").is_empty());
    aws.change(|account| account.http_apis.clear());
    answered(lambda.invoke(&schedule()));
    let left = filters(&aws);
    assert!(
        left.contains_key(ACCESS) && !left.contains_key("/aws/apigateway/poor"),
        "a REST stage still writes there"
    );
    // With access logs off, only execution logs are watched.
    let mut off = started(&function(&aws, "caretaker").env("ACCESS_LOGS", "off"));
    let summary = answered(off.invoke(&schedule()));
    assert!(
        blind(&summary).contains(&spot("execution-logs-delivered-elsewhere", "a1b2c3d4e5/saved")),
        "{summary:#}"
    );
}

#[test]
fn a_reading_that_fails_takes_no_filter_away() {
    let aws = Aws::start(account(&[("live", access_log(ACCESS, RECOMMENDED_FORMAT))]));
    let mut lambda = started(&function(&aws, "caretaker"));
    answered(lambda.invoke(&schedule()));
    assert!(filters(&aws).contains_key(ACCESS));
    for action in ["apigateway:GET", "logs:DescribeDeliverySources"] {
        aws.heal();
        aws.deny(action);
        let summary = answered(lambda.invoke(&schedule()));
        assert!(filters(&aws).contains_key(ACCESS), "{action}: {summary:#}");
        assert!(blind(&summary).iter().any(|(kind, _)| kind == "not-read"), "{action}: {summary:#}");
    }
}

#[test]
fn a_saved_access_log_is_read_by_its_stages_own_format() {
    let aws = Aws::start(account(&[("live", access_log(ACCESS, PLAIN))]));
    let file = std::env::temp_dir().join(format!("vpclink-access-{}.log", std::process::id()));
    std::fs::write(&file, format!("{FAILED}\n")).unwrap();
    let explain = |stage: &str| {
        std::process::Command::new(env!("CARGO_BIN_EXE_vpclink"))
            .arg("explain")
            .arg(&file)
            .args(["--live", "--api", "h1b2c3d4e5", "--stage", stage, "--format", "json"])
            .env_clear()
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ENDPOINT_URL", aws.url())
            .output()
            .unwrap()
    };
    let found = explain("live");
    let (out, err) = (String::from_utf8_lossy(&found.stdout), String::from_utf8_lossy(&found.stderr));
    assert_eq!(found.status.code(), Some(10), "{out}{err}");
    let alert: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&alert["cause"]["slug"], &alert["api"]["stage"], &alert["api"]["kind"], &alert["source"]),
        (&json!("integration-unreachable"), &json!("live"), &json!("http"), &json!("access-log"))
    );
    let missing = explain("none");
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("there is no stage none"));
    std::fs::remove_file(&file).unwrap();
}
