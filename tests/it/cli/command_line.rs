//! The real `vpclink`, its environment scrubbed: what it takes, what it prints, how it ends.

use std::process::Output;

use serde_json::Value;

use super::{ended, vpclink};

fn explain(args: &[&str], input: &str) -> Output {
    vpclink(&[&["explain"], args].concat(), input)
}

const FAILED: &str =
    "Execution failed due to configuration error: There was an internal error while executing your request";

#[test]
fn exit_codes_say_how_it_went() {
    ended(&explain(&[], FAILED), 10);
    ended(
        &explain(&[], "(id) Successfully completed execution\n(id) Method completed with status: 200\n"),
        0,
    );
    let (_, err) = ended(&explain(&[], "Dear diary,\ntoday nothing happened.\n"), 3);
    assert!(err.contains("no executions in the input"), "{err}");
    ended(&explain(&[], ""), 3);
    ended(&explain(&["--format", "smoke-signal"], FAILED), 2);
    ended(&explain(&["--account", "a.json", "--live"], FAILED), 2);
    ended(&vpclink(&[], ""), 2);
    let (_, err) = ended(&explain(&["no/such/file"], ""), 1);
    assert!(err.contains("cannot read `no/such/file`"), "{err}");
    let (_, err) = ended(&explain(&["--account", "Cargo.toml"], FAILED), 1);
    assert!(err.contains("not a recorded account"), "{err}");
}

#[test]
fn json_is_one_line_an_incident_and_nothing_where_nothing_failed() {
    let input = format!("(a) {FAILED}\n(b) Execution failed due to a timeout error\n(c) {FAILED}\n");
    let (out, _) = ended(&explain(&["--format", "json"], &input), 10);
    let alerts: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let causes: Vec<_> = alerts.iter().map(|alert| alert["cause"]["slug"].as_str().unwrap()).collect();
    assert_eq!(causes, ["integration-unreachable", "integration-timeout"]);
    assert_eq!(alerts[0]["failed"], 2);
    let (out, _) = ended(&explain(&["--format", "json"], "(id) Method completed with status: 403\n"), 0);
    assert_eq!(out, "");
}

#[test]
fn delivered_records_name_their_own_api() {
    let record = |api: &str, stage: &str| {
        let arn = format!("arn:aws:apigateway:eu-west-1:111122223333:/restapis/{api}/stages/{stage}");
        serde_json::json!({"resource_arn": arn, "event_timestamp": 1_772_446_530_012_i64, "payload": format!("(a) {FAILED}")})
    };
    let input = format!("{}\n{:#}\n", record("aaa", "prod"), record("bbb", "test"));
    let (out, _) = ended(&explain(&["--format", "json"], &input), 10);
    let alerts: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let apis: Vec<_> = alerts.iter().map(|alert| [&alert["api"]["id"], &alert["api"]["stage"]]).collect();
    assert_eq!(apis, [["aaa", "prod"], ["bbb", "test"]]);
    assert_eq!(alerts[0]["region"], "eu-west-1");
    assert_eq!(alerts[0]["account"], "111122223333");
    assert_eq!(alerts[0]["first_failure"], "2026-03-02T10:15:30.012Z");
}

#[test]
fn json_that_is_no_event_is_text() {
    ended(&explain(&[], "{\"level\": \"ERROR\"}\n{\"level\": \"ERROR\"}\n"), 3);
    ended(&explain(&[], &format!("{{\"the end\": \"of a body\"}}\n{FAILED}\n")), 10);
    let (_, err) = ended(&explain(&[], "{\"messageType\": \"DATA_MESSAGE\", \"logEvents\": [{\"id"), 1);
    assert!(err.contains("not the JSON that CloudWatch Logs sends"), "{err}");
}

#[test]
fn of_an_answer_it_says_no_more_than_the_log_does() {
    let answer = |headers: &str| {
        format!(
            "(a) Received response. Status: 503, Integration latency: 3 ms\n(a) Endpoint response headers: {{{headers}}}\n(a) Method completed with status: 503\n"
        )
    };
    for (headers, says) in [
        ("Server=awselb/2.0, Connection=keep-alive", "`Server` header shows that a load balancer sent it"),
        ("Server=nginx", "does not say who answered, the application or a load balancer"),
    ] {
        let (out, _) = ended(&explain(&["--format", "json"], &answer(headers)), 10);
        let alert: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(alert["cause"]["slug"], "backend-error");
        assert!(alert["verdict"]["says"].as_str().unwrap().contains(says), "{}", alert["verdict"]);
    }
}

#[test]
fn a_large_answer_is_read_in_pieces_and_a_sentence_beside_it_is_pointed_out() {
    let answer = |failed: bool, note: &str| {
        let lines = [
            "Method completed with status: 200",
            if failed { FAILED } else { "Method completed with status: 200" },
        ];
        let event = |number: usize| {
            let line = lines[usize::from(number == 50_000)];
            serde_json::json!({"eventId": "1", "ingestionTime": 1_772_446_530_200_i64, "logStreamName": "s", "timestamp": 1_772_446_530_012_i64, "message": format!("({number:08}) {line}")})
        };
        let events: Vec<Value> = (0..60_000).map(event).collect();
        serde_json::json!({"events": events, "note": note, "searchedLogStreams": []}).to_string()
    };
    let (out, _) = ended(&explain(&["--format", "json"], &answer(true, "")), 10);
    let alert: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&alert["cause"]["slug"], &alert["failed"]), (&"integration-unreachable".into(), &1.into()));
    assert_eq!(alert["request_ids"], serde_json::json!(["00050000"]));
    ended(&explain(&[], &answer(false, "")), 0);
    let (_, err) = ended(&explain(&[], &answer(false, FAILED)), 3);
    assert!(err.contains("looks like"), "{err}");
    let small = format!(
        "{{\"events\": [{{\"message\": \"(a) Method completed with status: 200\"}}], \"note\": \"{FAILED}\"}}"
    );
    let (_, err) = ended(&explain(&[], &small), 3);
    assert!(err.contains("looks like"), "{err}");
}

#[test]
fn what_a_failure_masks_is_shown() {
    let log = "(a) Sending request to https://x.example\n(a) Received response. Status: 403, Integration latency: 5 ms\n\
               (a) Execution failed due to configuration error: Output mapping refers to an invalid method response: 200\n";
    for (format, words) in [
        ("terminal", "masked:  the backend itself answered 403"),
        ("email", "Masked by this: the backend itself answered 403."),
        ("chat", "the backend itself answered 403"),
        ("json", "\"backend_status\":403"),
    ] {
        let (out, _) = ended(&explain(&["--format", format], log), 10);
        assert!(out.contains(words), "{out}");
    }
}

#[test]
fn what_the_input_does_not_say_is_null() {
    let (out, _) = ended(&explain(&["--format", "json"], FAILED), 10);
    let alert: Value = serde_json::from_str(&out).unwrap();
    for field in ["account", "region", "first_failure", "last_failure"] {
        assert_eq!(alert[field], Value::Null, "{field}");
    }
    for field in ["id", "name", "stage"] {
        assert_eq!(alert["api"][field], Value::Null, "{field}");
    }
    assert_eq!(alert["incident"]["opened_at"], Value::Null);
    assert_eq!(alert["verdict"]["tier"], "unknown");
    assert!(alert["not_checked"][0]["why"].as_str().unwrap().contains("no account was read"));
}

#[test]
fn a_reason_pasted_alone_is_recognised() {
    for (pasted, slug) in [
        ("There was an internal error while executing your request", "integration-unreachable"),
        ("Invalid VpcLink Id 96czbs referenced in integration\n", "vpc-link-id-invalid"),
    ] {
        let (out, _) = ended(&explain(&["--format", "json"], pasted), 10);
        let alert: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(alert["cause"]["slug"], slug);
    }
}

#[test]
fn every_form_of_input_is_told_apart() {
    let document = r#"{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"g","logStream":"s","logEvents":[{"id":"1","timestamp":1795356202000,"message":"(a) Execution failed due to a timeout error"}]}"#;
    let filtered = r#"{"events":[{"logStreamName":"s","timestamp":1795356202000,"message":"(a) Execution failed due to a timeout error","ingestionTime":1,"eventId":"1"}],"searchedLogStreams":[]}"#;
    let invoked = r#"{"status":504,"log":"Execution log for request a\nThu Aug 04 17:48:21 UTC 2022 : Execution failed due to a timeout error\n"}"#;
    let console = "Execution log for request a\nThu Aug 04 17:48:21 UTC 2022 : Execution failed due to a timeout error\n";
    let copied = "2026-11-22T14:03:22.000Z\t(a) Execution failed due to a timeout error\n";
    for input in [document, filtered, invoked, console, copied] {
        let (out, _) = ended(&explain(&["--format", "json"], input), 10);
        let alert: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(alert["cause"]["slug"], "integration-timeout", "{input}");
        assert_ne!(alert["first_failure"], Value::Null, "{input}");
        assert_eq!(alert["request_ids"][0], "a", "{input}");
    }
}

#[test]
fn results_go_where_they_are_asked_to() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("explained.txt");
    let (out, _) = ended(&explain(&["--output", file.to_str().unwrap(), "--format", "email"], FAILED), 10);
    assert_eq!(out, "");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("WHAT TO DO"), "{text}");
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let (out, _) = ended(&explain(&[], FAILED), 10);
    assert!(!out.contains('\u{1b}'), "a pipe gets none");
    let (out, _) = ended(&explain(&["--color", "always"], FAILED), 10);
    assert!(out.contains("\u{1b}["), "{out}");
}

#[test]
fn a_hostile_log_does_not_steer_the_terminal() {
    let line = format!("(a) HTTP Method: GET, Resource Path: /\u{1b}]0;owned\u{7}\n(a) {FAILED}\u{1b}[2J\n");
    let (out, _) = ended(&explain(&["--color", "never"], &line), 10);
    assert!(!out.contains('\u{1b}') && !out.contains('\u{7}'), "{out:?}");
}

#[test]
fn the_same_input_at_the_same_time_gives_the_same_output() {
    let run = || ended(&explain(&["--format", "json", "--now", "2026-11-22T14:00:00Z"], FAILED), 10).0;
    assert_eq!(run(), run());
}

#[test]
fn the_catalogue_is_listed_and_explained() {
    let (out, _) = ended(&vpclink(&["causes"], ""), 0);
    assert!(out.contains("integration-unreachable"), "{out}");
    let (out, _) = ended(&vpclink(&["causes", "integration-unreachable"], ""), 0);
    assert!(out.contains("What to do") && out.contains("aws elbv2 describe-listeners"), "{out}");
    let (_, err) = ended(&vpclink(&["causes", "gremlins"], ""), 2);
    assert!(err.contains("there is no cause `gremlins`"), "{err}");
}

#[test]
fn a_report_is_one_page_whatever_was_found() {
    let page = |input: &str, code| ended(&explain(&["--format", "html"], input), code).0;
    let two = page(&format!("(a) {FAILED}\n(b) Execution failed due to a timeout error\n"), 10);
    assert!(two.starts_with("<!doctype html>") && two.contains("<title>2 incidents</title>"), "{two}");
    assert_eq!(two.matches("<article ").count(), 2);
    assert!(two.contains("<nav aria-label=\"Incidents\">"));
    let none = page("(id) Method completed with status: 403\n", 0);
    assert!(none.contains("<title>No failure was found</title>") && !none.contains("<article"), "{none}");
}

#[test]
fn what_is_missing_of_a_replay_or_a_test_is_said() {
    let replay = vpclink(&["replay", "--api", "a", "--stage", "b", "--since", "soon"], "");
    let (_, err) = ended(&replay, 2);
    assert!(err.contains("durations are written"), "{err}");
    ended(&vpclink(&["replay", "--api", "a"], ""), 2);
    ended(&vpclink(&["test-alert"], ""), 2);
}

#[test]
fn access_logs_are_explained_in_the_stages_own_format() {
    let format = "$context.requestId|$context.httpMethod|$context.routeKey|$context.status|$context.integration.status";
    let line = "PDS1PEC4oAMFpyA=|GET|GET /orders|503|-\n";
    let (out, _) = ended(&explain(&["--access-log-format", format, "--format", "json"], line), 10);
    assert!(out.contains("\"slug\":\"integration-unreachable\""), "{out}");
    // Without the format, no failure is found, and none is denied.
    ended(&explain(&[], line), 3);
    ended(&explain(&["--access-log-format", format], &line.replace("503", "200")), 0);
}

#[test]
fn folders_are_read_with_all_that_is_in_them() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("exported");
    let inner = folder.join("aws-logs").join("stream");
    std::fs::create_dir_all(&inner).unwrap();
    std::fs::write(folder.join("aws-logs-write-test"), "Permission Check Successful").unwrap();
    std::fs::write(inner.join("000000"), format!("2026-11-24T16:57:08.123Z {FAILED}")).unwrap();
    let (out, _) = ended(&explain(&["--format", "json", folder.to_str().unwrap()], ""), 10);
    assert_eq!(out.lines().count(), 1, "{out}");
}

#[test]
fn what_could_not_be_read_is_told_with_an_example() {
    let (_, err) = ended(&explain(&[], "Dear diary,\ntoday nothing happened.\n"), 3);
    for word in
        ["no executions", "Logs Insights", "--access-log-format", "An example", "Execution failed due to"]
    {
        assert!(err.contains(word), "{err}");
    }
    let mention =
        "It said Execution failed due to a timeout error again.\n(1) Method completed with status: 200\n";
    let (_, err) = ended(&explain(&[], mention), 3);
    assert!(err.contains("line 1") && err.contains("`integration-timeout`"), "{err}");
}
