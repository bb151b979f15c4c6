//! The first look at a document leaves out what can't matter, and nothing else: whatever is sifted comes to the diagnoses
//! and counts of the same document read in full, and whatever is no document to the same error.

use vpclink_responder::logs::delivered;
use vpclink_responder::{causes, logs};

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use vpclink_responder::logs::{Batch, DecodeFault, Record};

use crate::fixtures;
use crate::traffic::{ORDINARY, Traffic, payload};

const MAX_BYTES: usize = 1 << 24;

/// What a payload comes to: its source, what failed (with the place of every quoted line), and how many requests it holds.
fn read(batch: Result<Option<Batch<'_>>, logs::DecodeError>) -> Result<(String, usize), logs::DecodeError> {
    let Some(batch) = batch? else { return Ok(("control".to_owned(), 0)) };
    let passed = batch.passed;
    let batches = delivered::unpack(batch)?;
    let executions = logs::correlate(&batches);
    let failed: Vec<_> = executions
        .iter()
        .filter_map(|execution| Some((causes::classify(execution)?, execution.is_tail())))
        .collect();
    // One id may be of several requests; those that went well are counted by their ids.
    let ids: BTreeSet<_> = executions.iter().map(|execution| execution.request_id).collect();
    Ok((format!("{failed:#?}"), ids.len() + passed))
}

/// Whether anything was left out, once both ways were found to agree.
#[track_caller]
fn check(document: &[u8]) -> bool {
    let records = logs::open(&payload(document), MAX_BYTES).expect("packed here");
    let [record]: &[Record] = &records else { panic!("one document") };
    let sifted = logs::sift(&records).next().expect("one a record");
    let left_out = sifted.as_ref().is_ok_and(|batch| batch.as_ref().is_some_and(|batch| batch.passed > 0));
    assert_eq!(read(sifted), read(record.read()), "{}", String::from_utf8_lossy(document));
    left_out
}

const HEAD: &str = r#"{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"API-Gateway-Execution-Logs_a1b2c3d4e5/prod","logStream":"s","subscriptionFilters":["f"],"logEvents":["#;

/// An event as CloudWatch Logs writes it; the message is JSON's text already.
fn event(number: usize, at: u64, message: &str) -> String {
    format!(r#"{{"id":"{number:056}","timestamp":{at},"message":"{message}"}}"#)
}

fn document(events: &[String]) -> String {
    format!("{HEAD}{}]}}", events.join(","))
}

/// Messages as JSON writes them: every kind of line, and such as try to hide one.
const TEXTS: [&str; 44] = [
    "Extended Request Id: x=",
    "Verifying Usage Plan for request: x. API Key:  API Stage: a1b2c3d4e5/prod",
    "API Key authorized because method 'GET /' does not require API Key.",
    "Usage Plan check succeeded for API Key  and API Stage a1b2c3d4e5/prod",
    "Starting execution for request: x",
    "HTTP Method: GET, Resource Path: /orders",
    "Method request headers: {Authorizer=arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/prod}",
    r#"Method request body before transformations: {\"a\":\"Execution failed due to a timeout error\"}"#,
    r"Method request body before transformations: \\ \n\t\r",
    r"Method request body before transformations: \\",
    r#"Endpoint response body before transformations: [\nMethod completed with status: 500\n\"},{\"id\":\"]"#,
    r#"Endpoint response body before transformations: \/\b\f\u00e9\\\"},{\"id\":\"\\"#,
    "Endpoint request URI: https://orders.internal.example.com:8443/orders",
    r#"Endpoint response headers: {ETag=W/\"0\", x-amzn-ErrorType=TooManyRequestsException}"#,
    "Sending request to https://orders.internal.example.com:8443/gr\u{fc}n",
    "Received response. Status: 503, Integration latency: 7 ms",
    "Received response. Status: 200, Integration latency: 7 ms",
    "Lambda invocation failed with status: 429. Lambda request id: 1",
    "Lambda execution failed with status 200 due to customer function error: \\\"boom\\\"",
    "Execution failed due to configuration error: There was an internal error while executing your request",
    "execution FAILED due to a timeout error",
    r"\u0045xecution failed due to a timeout error",
    r"Execution\u0020failed due to a timeout error",
    r"Method completed with status: \u0035\u0030\u0030",
    r"Method completed with status: 5\u00300",
    r"\tExecution failed due to a timeout error",
    "\u{2003}Execution failed due to a timeout error",
    "AuthorizerConfigurationException",
    "There was an error evaluating the AWS WAF rules",
    "Failed to call WAF",
    "Gateway response type: DEFAULT_5XX with status code: 500",
    "Gateway response type: THROTTLED with status code: 429",
    r#"Gateway response body: {\"message\": \"Internal server error\"}"#,
    "Successfully completed execution",
    "Method completed with status: 200",
    "Method completed with status: 404",
    "Method completed with status: 500",
    "Method completed with status: 0500",
    "Method completed with status: 2000",
    "Method completed with status: ",
    "METHOD COMPLETED WITH STATUS: 502",
    "AWS Integration Endpoint RequestId : x",
    "a line that nobody knows",
    "",
];

/// What may stand before the text: ids as they are, and what is none or only looks like one.
const PREFIXES: [&str; 14] = [
    "(8d116ece-1738-47d9-bd9c-172411e20b8f) ",
    "(6b0d549b-6f03-475a-9600-a35a099950d8) ",
    "(PDS1PEC4oAMFpyA=) ",
    "(PDS1PEC4oAMFpyA=)",
    "(PDS1PEC4oAMFpyA=)  ",
    "(a) ",
    "(ab Aug 04 17:48:21 UTC 2022 : ",
    "(a) Aug 04 17:48:21 UTC 2022 : ",
    "(two words) ",
    r"(escaped\u0041) ",
    "(gr\u{fc}n) ",
    "(",
    "2026-03-02T10:15:30Z (abc) ",
    "",
];

fn plain() -> impl Strategy<Value = Vec<String>> {
    let message = (0..3usize, select(&TEXTS[..]), 0..4u64);
    vec(message, 1..24).prop_map(|messages| {
        let numbered = messages.into_iter().enumerate();
        numbered
            .map(|(n, (prefix, text, at))| {
                event(n, 1_772_446_530_000 + at, &format!("{}{text}", PREFIXES[prefix]))
            })
            .collect()
    })
}

fn odd() -> impl Strategy<Value = String> {
    let message =
        (select(&PREFIXES[..]), select(&TEXTS[..])).prop_map(|(prefix, text)| format!("{prefix}{text}"));
    (message, 0..12usize).prop_map(|(message, shape)| match shape {
        0 => format!(r#"{{"id": "1","timestamp":1772446530000,"message":"{message}"}}"#),
        1 => format!(r#"{{"timestamp":1772446530000,"id":"1","message":"{message}"}}"#),
        2 => format!(
            r#"{{"id":"1","timestamp":1772446530000,"message":"{message}","extractedFields":{{"a":"b"}}}}"#
        ),
        3 => format!(r#"{{"id":"1","timestamp":1772446530000,"message":"{message}","message":"twice"}}"#),
        4 => format!(r#"{{"id":"1","timestamp":"1772446530000","message":"{message}"}}"#),
        5 => format!(r#"{{"id":"1","timestamp":0772446530000,"message":"{message}"}}"#),
        6 => format!(r#"{{"id":"\u0031","timestamp":177244653000,"message":"{message}"}}"#),
        7 => event(7, 1_772_446_530_000, &format!("{message}\\x")),
        8 => event(8, 1_772_446_530_000, &format!("{message}\\ud800")),
        9 => event(9, 1_772_446_530_000, &format!("{message}\\ud83d\\ude00 \u{1f600}")),
        10 => event(10, 1_772_446_530_000, &format!("{message}\u{1}\"")),
        _ => event(11, 1_772_446_530_000, &message),
    })
}

/// One member of gzip.
fn packed(document: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(document).expect("a vector takes all");
    gzip.finish().expect("a vector takes all")
}

/// What a payload of this gzip opens as, beside what the general inflater makes of it.
#[track_caller]
#[expect(clippy::disallowed_types, reason = "the general way, which others are compared with")]
fn check_gzip(gzip: &[u8], limit: usize) {
    let mut inflated = Vec::new();
    let sound = flate2::read::MultiGzDecoder::new(gzip).read_to_end(&mut inflated).is_ok();
    let event = format!(r#"{{"awslogs":{{"data":"{}"}}}}"#, STANDARD.encode(gzip));
    let records = logs::open(event.as_bytes(), limit).expect("the event is one");
    let fault = records[0].read().map_err(|error| error.fault);
    match (gzip.starts_with(&[0x1f, 0x8b]), sound, inflated.len() > limit) {
        (false, _, _) => {
            assert!(matches!(fault, Err(DecodeFault::NotGzip | DecodeFault::NotJson(_))), "{fault:?}")
        }
        (true, _, true) => {
            assert!(
                matches!(fault, Err(DecodeFault::TooLarge { .. } | DecodeFault::TornGzip { .. })),
                "{fault:?}"
            )
        }
        (true, false, false) => assert!(matches!(fault, Err(DecodeFault::TornGzip { .. })), "{fault:?}"),
        (true, true, false) => {
            let plain = logs::open(&inflated, limit).ok();
            let plain = plain
                .filter(|_| inflated.starts_with(b"{"))
                .map(|records| format!("{:?}", records[0].read()));
            assert!(plain.is_none_or(|plain| plain == format!("{:?}", records[0].read())), "{fault:?}");
        }
    }
}

#[test]
fn gzip_of_every_kind_comes_to_the_same() {
    let document = document(&[event(1, 1_772_446_530_000, "(abc) Method completed with status: 500")]);
    let document = document.as_bytes();
    let whole = packed(document);
    let halves = [packed(&document[..99]), packed(&document[99..])].concat();
    let with = |at: usize, byte: u8| {
        let mut changed = whole.clone();
        let at = if at < 16 { at } else { whole.len() - at + 16 };
        changed[at] ^= byte;
        changed
    };
    for gzip in [
        whole.clone(),
        halves,
        [&whole[..], &whole[..]].concat(),
        [&whole[..], b"garbage"].concat(),
        // Garbage that ends as the member did.
        [&whole[..], b"garbage", &whole[whole.len() - 8..]].concat(),
        [&whole[..], &[0; 64][..]].concat(),
        whole[..whole.len() - 1].to_vec(),
        whole[..whole.len() / 2].to_vec(),
        packed(b""),
        with(3, 8),
        with(3, 1),
        with(2, 1),
        // The size and the checksum at the end.
        with(17, 1),
        with(20, 0xff),
        with(24, 1),
    ] {
        for limit in [MAX_BYTES, document.len(), document.len() - 1] {
            check_gzip(&gzip, limit);
        }
    }
}

proptest! {
    #[test]
    fn changed_gzip_comes_to_the_same(events in plain(), places in vec((any::<prop::sample::Index>(), 1..=255u8), 1..3)) {
        let mut gzip = packed(document(&events).as_bytes());
        for (place, bits) in places {
            let place = place.index(gzip.len());
            gzip[place] ^= bits;
        }
        check_gzip(&gzip, MAX_BYTES);
    }

    #[test]
    fn usual_events_come_to_the_same(
        events in plain(),
        again in any::<prop::sample::Index>(),
        named in any::<bool>(),
    ) {
        let mut events = events;
        // CloudWatch Logs repeats events.
        events.push(events[again.index(events.len())].clone());
        let document = document(&events);
        // Where the log group does not name API and stage, lines may.
        let group = if named { "API-Gateway-Execution-Logs_a1b2c3d4e5/prod" } else { "/orders/delivered" };
        check(document.replacen("API-Gateway-Execution-Logs_a1b2c3d4e5/prod", group, 1).as_bytes());
    }

    #[test]
    fn odd_events_come_to_the_same(events in plain(), odd in odd(), place in any::<prop::sample::Index>()) {
        let mut events = events;
        events.insert(place.index(events.len() + 1), odd);
        check(document(&events).as_bytes());
    }

    #[test]
    fn torn_and_changed_documents_come_to_the_same(
        events in plain(),
        place in any::<prop::sample::Index>(),
        byte in select(&b"\"\\{}[],:( )u0\n\x7f\xc3"[..]),
        cut in any::<bool>(),
    ) {
        let mut document = document(&events).into_bytes();
        let place = place.index(document.len());
        if cut { document.truncate(place) } else { document[place] = byte }
        check(&document);
    }
}

#[test]
fn other_frames_come_to_the_same() {
    let events = [event(1, 1_772_446_530_000, "(abc) Method completed with status: 500")].join(",");
    let other = r#"{"id":"2","timestamp":1772446530000,"message":"(xyz) Method completed with status: 200"}"#;
    let group = r#""messageType":"DATA_MESSAGE","logGroup":"API-Gateway-Execution-Logs_a1/prod""#;
    for document in [
        format!(r#"{{{group},"logEvents":[{events}],"policyLevel":"ACCOUNT"}}"#),
        format!(r#"{{{group},"logEvents":[{events}],"logEvents":[{other}]}}"#),
        format!(r#"{{{group},"logEvents":[{events}]}} "#),
        format!(r#"{{{group},"logEvents":[{events}]}}x"#),
        format!(r#"{{{group},"logEvents":[{events}]"#),
        format!(r#"{{{group},"logEvents":[]}}"#),
        format!(r#"{{{group},"x":{{"logEvents":[{other}]}},"logEvents":[{events}]}}"#),
        format!(r#"{{{group},"x\"logEvents":[{other}],"logEvents":[{events}]}}"#),
        format!(r#"{{{group},"x":"\"logEvents\":[","logEvents":[{events}]}}"#),
        format!(r#"{{{group},"events":[{other}],"logEvents":[{events}]}}"#),
        format!(r#"{{"messageType":"CONTROL_MESSAGE","logGroup":"","logEvents":[{events}]}}"#),
        format!(r#"{{"messageType":"OTHER","logEvents":[{events}]}}"#),
        format!(r#"{{"logGroup":"x","logEvents":[{events}]}}"#),
    ] {
        check(document.as_bytes());
    }
}

#[test]
fn traffic_comes_to_the_same_and_is_sifted() {
    for (failing, body, interleaved) in
        [(0, 170, 12), (2, 170, 12), (50, 3000, 1), (100, 40, 3), (9, 40_000, 4)]
    {
        let requests = if body > 10_000 { 12 } else { 60 };
        let traffic = Traffic { requests, failing, body, interleaved, ..ORDINARY };
        assert_eq!(check(&traffic.document().0), failing < 100, "{traffic:?}");
    }
}

#[test]
fn every_fixture_comes_to_the_same() {
    let mut sifted = 0;
    for fixture in fixtures::all() {
        let text = fixture.text();
        let messages = text.lines().map(|line| serde_json::Value::from(line).to_string());
        let numbered = (0..).zip(messages);
        let events: Vec<_> = numbered
            .map(|(n, message)| event(n, 1_772_446_530_000 + n as u64, &message[1..message.len() - 1]))
            .collect();
        sifted += usize::from(check(document(&events).as_bytes()));
    }
    assert!(sifted > 10, "logs with requests that went well are among the fixtures");
}
