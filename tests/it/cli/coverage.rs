//! The real `vpclink coverage` against an account with watched and blind stages.

use std::process::Output;

use serde_json::{Value, json};

use crate::harness::apigateway::{HttpApi, Stage};
use crate::harness::logs::Filter;
use crate::harness::{Account, Aws};

use super::{ended, vpclink_at};

const RESPONDER: &str = "arn:aws:lambda:eu-west-1:111122223333:function:vpclink-responder";

fn coverage(aws: &Aws, args: &[&str]) -> Output {
    vpclink_at(aws, &[&["coverage", "--calls-per-second", "100"], args].concat())
}

fn group(stage: &str) -> String {
    format!("API-Gateway-Execution-Logs_a1b2c3d4e5/{stage}")
}

/// An API whose one stage logs and is watched.
fn watched() -> Account {
    let mut account = Account::healthy_v1();
    account.log_role = Some("arn:aws:iam::111122223333:role/logs".to_owned());
    account.rest_apis.get_mut("a1b2c3d4e5").unwrap().stages = [("prod".to_owned(), stage("INFO"))].into();
    account.log_groups.insert(group("prod"), Vec::new());
    account.filters.insert(group("prod"), vec![Filter::new("vpclink-responder", "", RESPONDER)]);
    account
}

fn stage(level: &str) -> Stage {
    let settings = json!({ "loggingLevel": level, "metricsEnabled": false, "dataTraceEnabled": false });
    Stage { method_settings: [("*/*".to_owned(), settings)].into(), ..Stage::default() }
}

/// The same with a stage that logs nothing, one whose group others have filled, one without a group, and an HTTP API.
fn partly_blind() -> Account {
    let mut account = watched();
    let stages = &mut account.rest_apis.get_mut("a1b2c3d4e5").unwrap().stages;
    stages.insert("silent".to_owned(), stage("OFF"));
    stages.insert("full".to_owned(), stage("ERROR"));
    stages.insert("new".to_owned(), stage("ERROR"));
    stages.insert("idle".to_owned(), stage("ERROR"));
    let foreign = |name| Filter::new(name, "", "arn:aws:kinesis:eu-west-1:111122223333:stream/s");
    account.log_groups.extend(["full", "idle"].map(|stage| (group(stage), Vec::new())));
    account.filters.insert(group("full"), vec![foreign("siem"), foreign("archive")]);
    let connection_types = vec!["VPC_LINK".to_owned()];
    account.http_apis.push(HttpApi {
        id: "h1".to_owned(),
        name: "web".to_owned(),
        connection_types,
        is_websocket: false,
        stages: [("live".to_owned(), json!({ "stageName": "live" }))].into(),
        ..HttpApi::default()
    });
    account
}

#[test]
fn an_account_that_is_watched_throughout_has_no_blind_spot() {
    let (out, err) = ended(&coverage(&Aws::start(watched()), &[]), 0);
    assert!(out.contains("✓ orders/prod (a1b2c3d4e5), 4 private routes, execution logging INFO"), "{out}");
    assert!(out.ends_with("1 of 1 private stages monitored, 0 gaps\n"), "{out}");
    assert_eq!(err, "", "no progress where there is no terminal");
}

#[test]
fn blind_spots_are_told_with_what_to_do() {
    let aws = Aws::start(partly_blind());
    let (out, _) = ended(&coverage(&aws, &["--responder", RESPONDER]), 10);
    for line in [
        "✗ orders/silent (a1b2c3d4e5), 4 private routes, execution logging OFF",
        "blind[execution-logging-off]: stage silent of orders logs nothing of its private routes",
        "aws apigateway update-stage --rest-api-id a1b2c3d4e5 --stage-name silent --patch-operations \
         'op=replace,path=/*/*/logging/loglevel,value=INFO' --region eu-west-1",
        "blind[log-group-full]: all of its subscription filters are taken, by siem and archive",
        "blind[log-group-missing]: stage new of orders has logging on, but no log group",
        "aws apigateway create-deployment --rest-api-id a1b2c3d4e5 --stage-name new --region eu-west-1",
        "blind[access-logging-off]: stage live of web writes no access log; an HTTP API has no other log",
        "aws apigatewayv2 update-stage --api-id h1 --stage-name live --access-log-settings",
        "--filter-name vpclink-responder --filter-pattern '' --destination-arn \
         arn:aws:lambda:eu-west-1:111122223333:function:vpclink-responder --region eu-west-1",
        "1 of 6 private stages monitored, 5 gaps",
    ] {
        assert!(out.contains(line), "{line}\nis not in\n{out}");
    }
    assert!(
        aws.calls().iter().all(|call| !["Put", "Delete"].iter().any(|verb| call.operation.starts_with(verb)))
    );
}

#[test]
fn machines_get_the_same() {
    let (out, _) = ended(&coverage(&Aws::start(partly_blind()), &["--format", "json"]), 10);
    let found: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&found["schema"], &found["complete"]),
        (&json!("vpclink-responder/coverage/1"), &json!(true))
    );
    assert_eq!(found["region"], "eu-west-1");
    let watched = found["stages"].as_array().unwrap().iter().filter(|stage| stage["watched"] == true).count();
    assert_eq!((found["stages"].as_array().map(Vec::len), watched), (Some(6), 1));
    assert_eq!(found["blind"][0]["kind"], "execution-logging-off");
    assert!(found["blind"][0]["command"].as_str().unwrap().starts_with("aws apigateway update-stage"));
}

#[test]
fn another_name_or_destination_of_the_filter_counts_where_it_is_named() {
    let mut account = watched();
    account.filters.insert(group("prod"), vec![Filter::new("mine", "", RESPONDER)]);
    let aws = Aws::start(account);
    ended(&coverage(&aws, &[]), 10);
    ended(&coverage(&aws, &["--filter-name", "mine"]), 0);
    ended(&coverage(&aws, &["--responder", RESPONDER]), 0);
}

#[test]
fn what_may_not_be_read_is_blind_too_and_no_stage_counts_as_watched() {
    for action in ["logs:DescribeLogGroups", "logs:DescribeSubscriptionFilters", "apigateway:GET"] {
        let aws = Aws::start(watched());
        aws.deny(action);
        let (out, _) = ended(&coverage(&aws, &[]), 10);
        assert!(out.contains(action) && !out.contains('✓'), "{action}: {out}");
    }
}

#[test]
fn a_stage_without_private_routes_is_not_ours_to_watch() {
    let mut account = watched();
    let api = account.rest_apis.get_mut("a1b2c3d4e5").unwrap();
    for integration in api.resources.iter_mut().flat_map(|resource| resource.methods.values_mut()).flatten() {
        integration.connection_type = Some("INTERNET".to_owned());
    }
    api.stages.insert("prod".to_owned(), stage("OFF"));
    account.filters.clear();
    let (out, _) = ended(&coverage(&Aws::start(account), &[]), 0);
    assert!(out.contains("0 of 0 private stages monitored"), "{out}");
}

#[test]
fn only_some_routes_that_log_nothing_are_named() {
    let mut account = watched();
    let stage = account.rest_apis.get_mut("a1b2c3d4e5").unwrap().stages.get_mut("prod").unwrap();
    stage.method_settings.insert("orders/GET".to_owned(), json!({ "loggingLevel": "OFF" }));
    let (out, _) = ended(&coverage(&Aws::start(account), &[]), 10);
    let says = "stage prod of orders logs nothing of 1 of its 4 private routes (GET /orders)";
    assert!(out.contains(says), "{out}");
}
