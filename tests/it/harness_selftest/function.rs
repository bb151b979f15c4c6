//! The Runtime API, with this very test binary as the function.

use vpclink_responder::logs;

use std::env;
use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Function, Outcome, Start, kinesis_event, subscription_document, subscription_event};

const MYSELF: &str = "harness_selftest::function::the_function_itself";

fn function() -> Function {
    let test_binary = env::current_exe().unwrap();
    Function::new(test_binary).arg("--exact").arg(MYSELF).arg("--nocapture")
}

/// The function that the other tests start; run by itself it has nothing to do.
#[test]
#[expect(clippy::disallowed_methods, reason = "a function is configured by its environment")]
fn the_function_itself() {
    let Ok(api) = env::var("AWS_LAMBDA_RUNTIME_API") else {
        return;
    };
    match env::var("BEHAVIOUR").as_deref() {
        Ok("exit") => return,
        Ok("refuse") => return refuse_to_start(&api),
        _ => {}
    }
    let handler = lambda_runtime::service_fn(async |event: lambda_runtime::LambdaEvent<Value>| {
        println!("handling {}", event.context.request_id);
        handle(&event.payload, &event.context).await
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(lambda_runtime::run(handler)).unwrap();
}

async fn handle(
    event: &Value,
    context: &lambda_runtime::Context,
) -> Result<Value, lambda_runtime::Diagnostic> {
    match event["do"].as_str() {
        Some("fail") => Err(lambda_runtime::Diagnostic {
            error_type: "Poison".to_owned(),
            error_message: "no good".to_owned(),
        }),
        Some("hang") => std::future::pending().await,
        Some("abort") => std::process::abort(),
        Some("environment") => Ok(env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect()),
        Some("deadline") => Ok(json!(seconds_left(context))),
        _ => Ok(event.clone()),
    }
}

#[expect(clippy::disallowed_methods, reason = "a function compares its deadline with the real clock")]
fn seconds_left(context: &lambda_runtime::Context) -> u64 {
    context.deadline().duration_since(std::time::SystemTime::now()).unwrap().as_secs()
}

fn refuse_to_start(api: &str) {
    let body = r#"{"errorType":"Config","errorMessage":"`TOPIC_ARN` is not set"}"#;
    let request = format!(
        "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let stream = std::net::TcpStream::connect(api).unwrap();
    (&stream).write_all(request.as_bytes()).unwrap();
    std::io::copy(&mut &stream, &mut std::io::sink()).unwrap();
}

#[test]
fn a_function_answers_again_and_again() {
    let mut lambda = function().start();
    assert_eq!(lambda.started(), Start::Ready);
    for place in 1..4 {
        assert_eq!(lambda.invoke(&json!({ "place": place })), Outcome::Response(json!({ "place": place })));
    }
    let log = lambda.stop();
    assert_eq!(log.matches("handling 8f0c1d2e-0000-4000-8000-00000000000").count(), 3, "{log}");
}

#[test]
fn an_error_is_told_apart_and_ends_nothing() {
    let mut lambda = function().start();
    let expected = Outcome::Error { error_type: "Poison".to_owned(), message: "no good".to_owned() };
    assert_eq!(lambda.invoke(&json!({ "do": "fail" })), expected);
    assert_eq!(lambda.invoke(&json!(1)), Outcome::Response(json!(1)));
    assert!(matches!(lambda.invoke_raw(b"no json"), Outcome::Error { .. }));
}

#[test]
fn the_environment_is_lambdas_and_nothing_else() {
    let mut lambda = function().env("TOPIC_ARN", "arn").env("AWS_REGION", "us-east-1").start();
    let Outcome::Response(names) = lambda.invoke(&json!({ "do": "environment" })) else {
        panic!("an answer");
    };
    let names: Vec<&str> = names.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for expected in ["TOPIC_ARN", "AWS_REGION", "AWS_SESSION_TOKEN", "AWS_LAMBDA_LOG_GROUP_NAME"] {
        assert!(names.contains(&expected), "{expected} in {names:?}");
    }
    for leaked in ["HOME", "USER", "CARGO_MANIFEST_DIR", "PWD"] {
        assert!(!names.contains(&leaked), "{leaked} in {names:?}");
    }
}

#[test]
fn a_function_that_dies_or_hangs_is_noticed() {
    let mut lambda = function().start();
    assert!(matches!(lambda.invoke(&json!({ "do": "abort" })), Outcome::Exited(status) if !status.success()));
    assert!(matches!(lambda.invoke(&json!({})), Outcome::Exited(_)));
    let mut lambda = function().timeout(Duration::from_millis(200)).start();
    assert_eq!(lambda.started(), Start::Ready);
    assert_eq!(lambda.invoke(&json!({ "do": "hang" })), Outcome::TimedOut);
}

#[test]
fn a_start_that_fails_is_told_apart_from_an_end() {
    let mut lambda = function().env("BEHAVIOUR", "refuse").start();
    let message = "`TOPIC_ARN` is not set".to_owned();
    assert_eq!(lambda.started(), Start::Error { error_type: "Config".to_owned(), message });
    let mut lambda = function().env("BEHAVIOUR", "exit").start();
    assert!(matches!(lambda.started(), Start::Exited(status) if status.success()));
}

#[test]
fn the_deadline_is_the_time_limit_from_now() {
    let mut lambda = function().timeout(Duration::from_secs(900)).start();
    let Outcome::Response(left) = lambda.invoke(&json!({ "do": "deadline" })) else {
        panic!("an answer");
    };
    // The slowest machine answers within ten minutes.
    assert!((300..900).contains(&left.as_u64().unwrap()), "{left}");
}

#[test]
fn events_are_those_that_the_program_decodes() {
    let (group, lines) = ("API-Gateway-Execution-Logs_a1b2c3d4e5/prod", ["(r1) first", "(r1) second"]);
    let event = subscription_event(group, &lines);
    let documents = [subscription_document(group, &lines), subscription_document(group, &lines[..1])];
    assert_eq!(logs::open(event.to_string().as_bytes(), 1 << 20).unwrap().len(), 1);
    let records = logs::open(kinesis_event(&documents).to_string().as_bytes(), 1 << 20).unwrap();
    assert_eq!(records.len(), 2);
}
