//! The same secrets in the real `responder`'s own log, its answer and its alerts, and in what `--record` keeps.

use std::fs;
use std::path::Path;
use std::process::Command;

use vpclink_responder::ids::Region;

use super::{corpus, request};
use crate::harness::{Account, Aws, Function, event_of, subscription_document_at};

const GROUP: &str = "API-Gateway-Execution-Logs_a1b2c3d4e5/prod";
const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:alerts";

/// 2026-11-22T14:03:22Z.
const AT: i64 = 1_795_356_202_000;

/// Every secret, each in a request of its own.
fn planted() -> Vec<String> {
    let requests =
        (0..).zip(corpus()).map(|(n, secret)| request(&format!("request-{n}"), [secret.line.as_str()]));
    requests.collect::<Vec<_>>().concat()
}

#[test]
fn no_planted_secret_leaves_the_responder() {
    let aws = Aws::start(Account::healthy_v1());
    let responder = Function::new(env!("CARGO_BIN_EXE_vpclink-lambda")).env("ALERT_TOPIC_ARN", TOPIC);
    // As much as it can be made to say.
    let mut lambda = responder.env("RUST_LOG", "trace").calling(&aws).start();
    let lines = planted();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let outcome = lambda.invoke(&event_of(&subscription_document_at(GROUP, &lines, AT)));
    // A payload that can't be read makes an error of its own.
    let refused = lambda.invoke(&serde_json::json!({"awslogs": {"data": lines.join("\n")}}));
    let said = format!("{outcome:?}{refused:?}{}{:?}", lambda.stop(), aws.published());
    assert!(aws.published().len() > 3, "{}", aws.published().len());
    for secret in corpus() {
        assert!(!said.contains(&secret.text), "{}", secret.name);
    }
}

#[test]
fn no_secret_of_the_account_is_recorded() {
    let mut account = Account::healthy_v1();
    for stage in account.rest_apis.values_mut().flat_map(|api| api.stages.values_mut()) {
        stage.variables.insert("dbPassword".to_owned(), "stage-variable-secret".to_owned());
    }
    let orders = account.integration("/orders", "GET");
    orders.uri =
        Some("https://svc:uri-secret@orders.internal.example:8443/orders?key=query-secret".to_owned());
    let aws = Aws::start(account);
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("private.account.json");
    let region = Region::new("eu-west-1");
    let ran = Command::new(env!("CARGO_BIN_EXE_vpclink"))
        .args(["explain", "--live", "--format", "email", "events/no-healthy-target.json", "--record"])
        .arg(&file)
        .env_clear()
        .env("AWS_ENDPOINT_URL", aws.url())
        .envs([
            ("AWS_REGION", region.as_str()),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ])
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(10), "{}", String::from_utf8_lossy(&ran.stderr));
    let kept = fs::read_to_string(&file).unwrap();
    assert!(kept.contains("apigateway:GetStage") && kept.contains("orders.internal.example"), "{kept}");
    for said in [kept, String::from_utf8(ran.stdout).unwrap(), String::from_utf8(ran.stderr).unwrap()] {
        for secret in ["stage-variable-secret", "uri-secret", "query-secret"] {
            assert!(!said.contains(secret), "{secret}: {said}");
        }
    }
}
