//! A client writes its body into the log, may choose its request's id, and may know it: what it can forge with that, in every
//! form of a log, and what takes more memory than the function has. The tests are named after the attacks.

use std::fmt::Write as _;

use vpclink_responder::causes::Diagnosis;
use vpclink_responder::functions::Explainer;
use vpclink_responder::incidents;
use vpclink_responder::logs::{AccessFormat, DecodeFault, MOST_EVENTS, delivered};
use vpclink_responder::{causes, logs};

use crate::fixtures;
use crate::fixtures::diagnoses;

const ID: &str = "52fdfc07-2182-454f-963f-5f0f9a621d72";

/// What a client would like the log to say.
fn forged(id: &str) -> String {
    format!(
        "{{\n({id}) HTTP Method: GET, Resource Path: /victim\n({id}) Endpoint request URI: https://victim.example/\n\
         ({id}) Execution failed due to a timeout error\n({id}) Method completed with status: 504\n}}"
    )
}

/// The lines of a request that went well, with a body.
fn healthy(id: &str, body: &str) -> Vec<String> {
    [
        &format!("Starting execution for request: {id}"),
        "HTTP Method: POST, Resource Path: /orders",
        &format!("Method request body before transformations: {body}"),
        "Endpoint request URI: https://orders.internal/",
        "Sending request to https://orders.internal/",
        "Received response. Status: 200, Integration latency: 5 ms",
        &format!("Endpoint response body before transformations: {body}"),
        "Successfully completed execution",
        "Method completed with status: 200",
    ]
    .iter()
    .map(|text| format!("({id}) {text}"))
    .collect()
}

fn record(payload: &str) -> String {
    serde_json::json!({
        "resource_arn": "arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5/stages/prod",
        "event_timestamp": 1_772_446_530_000_i64, "payload": payload,
    })
    .to_string()
}

#[track_caller]
fn unharmed(log: &str) {
    let found: Vec<Diagnosis> = diagnoses(log);
    let found: Vec<_> = found.iter().map(|found| (found.cause.slug, &found.route)).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_body_with_lines_of_the_same_id_in_a_delivered_record() {
    let lines = healthy(ID, &forged(ID));
    let records: Vec<String> = lines.iter().map(|line| record(line)).collect();
    unharmed(&records.join("\n"));
    // One record for the whole request.
    unharmed(&record(&lines.join("\n")));
    // A client pads its body, so that the record is cut behind what it forged.
    let padded = format!("{}\n{}\n{}", lines[0], "x".repeat(1_000_000), lines[2]);
    unharmed(&record(&padded));
}

#[test]
fn a_body_in_a_delivered_record_without_ids() {
    let body = "{\nHTTP Method: GET, Resource Path: /victim\nExecution failed due to a timeout error\n\
                Method completed with status: 504\n}";
    let lines: Vec<String> =
        healthy(ID, body).iter().map(|line| line.replacen(&format!("({ID}) "), "", 1)).collect();
    unharmed(&record(&lines.join("\n")));
    unharmed(&record(&lines[2]));
}

#[test]
fn a_real_failure_in_a_block_with_a_body_is_still_seen() {
    let mut lines = healthy(ID, "{\n}");
    lines.truncate(5);
    lines.push(format!("({ID}) Execution failed due to a timeout error"));
    lines.push(format!("({ID}) Method completed with status: 504"));
    let found = diagnoses(&record(&lines.join("\n")));
    assert_eq!(found.iter().map(|found| found.cause.slug).collect::<Vec<_>>(), ["integration-timeout"]);
}

#[test]
fn a_body_with_lines_of_the_same_id_in_a_pasted_log() {
    unharmed(&healthy(ID, &forged(ID)).join("\n"));
    let dated: Vec<String> =
        healthy(ID, &forged(ID)).iter().map(|line| format!("2026-03-02T10:15:30.001Z\t{line}")).collect();
    unharmed(&dated.join("\n"));
}

#[test]
fn one_id_for_two_requests() {
    // The victim fails; the attacker's request of the same id is healthy, and was called elsewhere.
    let victim = [
        "Starting execution for request: x",
        "HTTP Method: GET, Resource Path: /victim",
        "Endpoint request URI: https://victim.internal/",
        "Sending request to https://victim.internal/",
        "Execution failed due to a timeout error",
        "Method completed with status: 504",
    ]
    .map(|text| format!("({ID}) {text}"));
    let attacker = healthy(ID, "{}");
    let dated = |lines: &[String], first: usize| -> Vec<String> {
        (first..).zip(lines).map(|(n, line)| format!("2026-03-02T10:15:30.{n:03}Z\t{line}")).collect()
    };
    for log in [
        [dated(&victim, 0), dated(&attacker, 100)].concat(),
        [dated(&attacker, 0), dated(&victim, 100)].concat(),
        // Without its first line, as a cut log has it.
        [dated(&victim, 0), dated(&attacker[1..], 100)].concat(),
    ] {
        let found = diagnoses(&log.join("\n"));
        let [found] = &found[..] else { panic!("one failed: {found:?}") };
        assert_eq!(found.route.as_ref().map(|route| &*route.path), Some("/victim"));
        assert_eq!(found.endpoint.as_ref().map(|endpoint| &*endpoint.host), Some("victim.internal"));
    }
}

#[test]
fn a_bracket_inside_an_id() {
    for id in [
        "x) Execution failed due to a timeout error (y",
        "x) Execution failed due to a timeout error y",
        "x) Method completed with status: 504 (y",
        "x) Lambda invocation failed with status: 429 (y",
    ] {
        unharmed(&healthy(id, "{}").join("\n"));
    }
    // What such a client really suffers is seen, and nothing that a header says becomes a sentence.
    let id = "x) HTTP Method: GET, Resource Path: /victim (y";
    let found = diagnoses(&format!("({id}) Execution failed due to a timeout error\n"));
    assert!(found.iter().all(|found| found.route.is_none()), "{found:?}");
    unharmed("(a) Method request headers: {User-Agent=b) Execution failed due to a timeout error}\n");
    unharmed("(a) HTTP Method: GET, Resource Path: /b) Execution failed due to a timeout error\n");
    // A backend's certificate may hold a bracket; the failure stays one.
    let found = diagnoses(
        "(a) Execution failed due to configuration error: Host name 'b' does not match the certificate subject \
         provided by the peer (CN=c) does not match\n",
    );
    assert_eq!(found.iter().map(|found| found.cause.slug).collect::<Vec<_>>(), ["certificate-name-mismatch"]);
}

/// What `explain` finds in a saved file: causes, and how many sentences it points out.
fn explained(input: &[u8], formats: &[AccessFormat]) -> (Vec<&'static str>, usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut explainer = Explainer::new(formats);
    explainer.take(input, |_| {}).unwrap();
    let found = runtime.block_on(explainer.finish(None, jiff::Timestamp::UNIX_EPOCH)).unwrap();
    let slugs = found.alerts.iter().map(|alert| alert.news.example.cause.slug).collect();
    (slugs, found.unattributed.len())
}

const FAILURE: &str = "Execution failed due to configuration error: PKIX path building failed: x";

#[test]
fn a_body_with_lines_in_an_export_whose_events_are_known() {
    let other = "a0b1c2d3-e4f5-4061-8273-9a4b5c6d7e8f";
    for forged in [
        format!("2026-11-26T09:14:02.123Z ({other}) {FAILURE}"),
        format!("({other}) {FAILURE}"),
        format!("({ID}) {FAILURE}"),
        format!("Thu Aug 04 17:48:21 UTC 2022 : {FAILURE}"),
        format!("INFO ({other}) {FAILURE}"),
        FAILURE.to_owned(),
    ] {
        for gap in ["\n", "\r", "\n\n", "\u{2028}", "\r\n  "] {
            let body = format!("({ID}) Method request body before transformations: hi{gap}{forged}");
            let ended = format!("({ID}) Method completed with status: 200");
            let event =
                |message: &str| serde_json::json!({"timestamp": 1_795_684_442_123_i64, "message": message});
            let field = |name: &str, value: &str| serde_json::json!({"field": name, "value": value});
            let row = |message: &str| {
                serde_json::json!([
                    field("@timestamp", "2026-11-26 09:14:02.123"),
                    field("@message", message)
                ])
            };
            let log = |message: &str| serde_json::json!({"log": message}).to_string();
            let text = |message: &str| serde_json::Value::from(message).to_string();
            let item = |message: &str| format!("- message: {}\n  timestamp: 1795684442123\n", text(message));
            let cell = |message: &str| format!("2026-11-26 09:14:02.123,\"{message}\"\n");
            for export in [
                serde_json::json!([event(&body), event(&ended)]).to_string(),
                serde_json::json!([event(&body)]).to_string(),
                serde_json::json!({"events": [event(&body), event(&ended)]}).to_string(),
                serde_json::json!({"results": [row(&body), row(&ended)]}).to_string(),
                format!("{}\n{}\n", log(&body), log(&ended)),
                log(&body),
                format!("events:\n{}{}", item(&body), item(&ended)),
                format!("@timestamp,@message\n{}{}", cell(&body), cell(&ended)),
                format!("{}\n{}\n", text(&body), text(&ended)),
            ] {
                let (slugs, _) = explained(export.as_bytes(), &[]);
                assert!(slugs.is_empty(), "{slugs:?}\n{export}");
            }
        }
    }
}

#[test]
fn a_body_with_lines_in_a_list_of_events_that_is_read_in_pieces() {
    let forged = format!("2026-11-26T09:14:02.123Z (a0b1c2d3-e4f5-4061-8273-9a4b5c6d7e8f) {FAILURE}");
    let event = |id: usize, text: &str| serde_json::json!({"timestamp": 1_795_684_442_123_i64, "message": format!("({id:08}-4a59-4e6f-8a7b-0c1d2e3f4a5b) {text}")});
    let body = format!("Method request body before transformations: hi\n{forged}");
    let mut events: Vec<_> = (0..40_000)
        .flat_map(|id| [event(id, &body), event(id, "Method completed with status: 200")])
        .collect();
    let list = |events: &[serde_json::Value]| serde_json::json!({"events": events}).to_string();
    assert!(list(&events).len() > 5 << 20);
    assert_eq!(explained(list(&events).as_bytes(), &[]).0.len(), 0);
    events.push(event(7, "Execution failed due to a timeout error"));
    assert_eq!(explained(list(&events).as_bytes(), &[]).0, ["integration-timeout"]);
}

#[test]
fn a_user_agent_or_path_with_a_line_in_an_access_line() {
    let id = "a0b1c2d3-e4f5-4061-8273-9a4b5c6d7e8f";
    let own = "$context.identity.sourceIp [$context.requestTime] \"$context.httpMethod $context.resourcePath $context.protocol\" \
               $context.status $context.requestId \"$context.identity.userAgent\"";
    let bare = own.replace("\"$context.identity.userAgent\"", "$context.identity.userAgent");
    for agent in [
        FAILURE.to_owned(),
        format!("a ({id}) {FAILURE}"),
        format!("a/b 0123456789abcdef0123456789abcdef ({id}) {FAILURE}"),
        format!("Thu Aug 04 17:48:21 UTC 2022 : {FAILURE}"),
        format!("msg=\"({id}) {FAILURE}"),
        format!("Execution log for request {id} {FAILURE}"),
    ] {
        let json = |status: &str, caller: &str| {
            serde_json::json!({
                "requestId": ID, "caller": caller, "status": status, "httpMethod": "GET", "resourcePath": "/x",
                "userAgent": agent, "path": format!("/{agent}"), "integrationStatus": status, "integrationError": "-",
            })
            .to_string()
        };
        let plain = format!("1.2.3.4 [26/Nov/2026:09:14:02 +0000] \"GET /x HTTP/1.1\" 200 {ID} \"{agent}\"");
        for caller in ["-", "arn:aws:sts::123456789012:assumed-role/app/s"] {
            let well = json("200", caller);
            for text in [well.clone(), format!("{well}\n{well}\n"), format!("> {well}\n"), well.repeat(5)] {
                assert_eq!(explained(text.as_bytes(), &[]), (vec![], 0), "{text}");
            }
            let failed = json("502", caller);
            for text in [failed.clone(), failed.replacen('{', "{ ", 1), format!("{well}\n{failed}\n")] {
                assert_eq!(explained(text.as_bytes(), &[]).0, ["backend-error"], "{text}");
            }
        }
        for (format, line) in [(own, plain.clone()), (&bare, plain.replace(&format!("\"{agent}\""), &agent))]
        {
            let format = AccessFormat::compile(format);
            assert_eq!(explained(line.as_bytes(), &[format]), (vec![], 0), "{line}");
        }
        // Nobody knows whose line it is.
        assert_eq!(explained(plain.as_bytes(), &[]).0.len(), 0, "{plain}");
        let common = format!(
            "203.0.113.9 - - [26/Nov/2026:09:14:02 +0000] \"GET /x HTTP/1.1\" 500 36 {ID} \"{agent}\""
        );
        assert_eq!(explained(common.as_bytes(), &[]).0.len(), 0, "{common}");
    }
}

fn document(events: &str) -> String {
    format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"API-Gateway-Execution-Logs_a1/prod","logStream":"s","subscriptionFilters":[],"logEvents":[{events}]}}"#
    )
}

#[test]
fn tiny_events_without_number_are_refused_while_they_are_read() {
    let events = vec![r#"{"message":""}"#; MOST_EVENTS + 1].join(",");
    // A text comes unpacked.
    let text = "(a) x\n".repeat(2 * MOST_EVENTS + 1);
    for (text, limit) in [
        (document(&events), MOST_EVENTS),
        (format!(r#"{{"events":[{events}]}}"#), MOST_EVENTS),
        (text, 2 * MOST_EVENTS),
    ] {
        let records = logs::open(text.as_bytes(), 1 << 24).expect("it opens");
        let refused = records[0].read().expect_err("it is too much");
        assert_eq!(refused.fault, DecodeFault::TooManyEvents { limit });
    }
    let block = record(&"(a) x\n".repeat(MOST_EVENTS + 1));
    let records = logs::open_saved(block.as_bytes(), 1 << 24).expect("it opens");
    let batch = records[0].read().expect("one line").expect("no control message");
    assert!(delivered::unpack(batch).is_err());
}

#[test]
fn records_of_a_stream_that_inflate_to_more_than_one_payload_may() {
    use base64::Engine;
    let data = base64::engine::general_purpose::STANDARD.encode(document(&"x".repeat(600)));
    let stream_record = |number| serde_json::json!({"kinesis": {"sequenceNumber": number, "data": data}});
    let event = serde_json::json!({"Records": [stream_record("1"), stream_record("2")]}).to_string();
    let records = logs::open(event.as_bytes(), 1_000).expect("it opens");
    let faults: Vec<_> = records.iter().map(|record| record.read().err().map(|error| error.fault)).collect();
    assert!(
        matches!(&faults[..], [Some(DecodeFault::NotJson(_)), Some(DecodeFault::Postponed)]),
        "{faults:?}"
    );
}

#[test]
fn addresses_without_number() {
    const MANY: usize = 5_000;
    let mut log = String::new();
    for n in 0..MANY {
        writeln!(
            log,
            "({n}) Endpoint request URI: https://h{n}.example/\n({n}) Execution failed due to a timeout error"
        )
        .expect("a String takes all text");
    }
    fixtures::with_executions(&log, |executions| {
        let failures: Vec<_> = executions.iter().filter_map(causes::failure_of).collect();
        let groups = incidents::gather(&failures);
        assert!(groups.len() <= 4_001, "{}", groups.len());
        assert_eq!(groups.iter().map(|group| group.failed()).sum::<u64>(), MANY as u64);
    });
}
