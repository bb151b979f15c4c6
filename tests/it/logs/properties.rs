//! What must hold for any log: where batches are cut, how requests interleave and which comes first is all the same, and
//! no bytes make the program fail.

use vpclink_responder::logs::delivered;
use vpclink_responder::{causes, logs};

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use vpclink_responder::logs::{Batch, LogEvent, Source, correlate, pasted};

/// A line of a request: the millisecond in which it was logged, and its text.
type Line = (u16, String);

const MAX_BYTES: usize = 1 << 16;

/// What stands in the logs of requests: every kind of line, and hostile ones.
const TEXTS: [&str; 24] = [
    "Starting execution for request: x",
    "HTTP Method: GET, Resource Path: /orders",
    "Method request body before transformations: Execution failed due to a timeout error",
    "Endpoint request URI: https://orders.internal.example.com:8443/orders",
    "Sending request to https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/f/invocations",
    "Received response. Status: 503, Integration latency: 7 ms",
    "Received response. Status: 200, Integration latency: 7 ms",
    "Received response. Integration latency: 7 ms",
    "Endpoint response headers: {x-amzn-ErrorType=TooManyRequestsException}",
    "Endpoint response body before transformations: [\nExecution failed due to a timeout error\n]",
    "Lambda invocation failed with status: 429. Lambda request id: 1",
    "Lambda invocation failed with status: 403. Lambda request id: 1",
    "Lambda execution failed with status 200 due to customer function error: boom",
    "Execution failed due to configuration error: There was an internal error while executing your request",
    "Execution failed due to configuration error: PKIX path validation failed: a.B: validity check failed",
    "Execution failed due to configuration error: ",
    "Execution failed due to configuration error: Authorizer error",
    "Execution failed due to a timeout error",
    "Execution failed due to an internal error",
    "Gateway response type: AUTHORIZER_FAILURE with status code: 500",
    "Successfully completed execution",
    "Method completed with status: 200",
    "Method completed with status: 500",
    "a line that nobody knows",
];

/// Requests by id, each with its lines in the order of time.
fn requests() -> impl Strategy<Value = BTreeMap<String, Vec<Line>>> {
    let line = (0..9u16, proptest::sample::select(&TEXTS[..]).prop_map(str::to_owned));
    let lines = vec(line, 1..8).prop_map(|mut lines| {
        lines.sort_by_key(|(at, _)| *at);
        lines.dedup();
        lines
    });
    proptest::collection::btree_map("[a-f]{1,2}", lines, 1..6)
}

/// All lines as one stream: in each step the next line of the request that the die names.
fn woven(requests: &BTreeMap<String, Vec<Line>>, dice: &[usize]) -> Vec<(String, Line)> {
    let mut waiting: Vec<_> = requests.iter().map(|(id, lines)| (id, lines.iter())).collect();
    let mut dice = dice.iter().cycle();
    let mut stream = Vec::new();
    while !waiting.is_empty() {
        let next = dice.next().copied().unwrap_or(0) % waiting.len();
        let (id, lines) = &mut waiting[next];
        match lines.next() {
            Some(line) => stream.push((id.to_string(), line.clone())),
            None => drop(waiting.remove(next)),
        }
    }
    stream
}

/// What each request is given: the cause and the line that proves it.
fn verdicts(stream: &[(String, Line)], cuts: &[usize]) -> Verdicts {
    let events = events(stream);
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (events.len() + 1)).chain([0, events.len()]).collect();
    cuts.sort_unstable();
    let source = Source::of_group("API-Gateway-Execution-Logs_a1b2c3d4e5/prod");
    let batches: Vec<_> = cuts
        .windows(2)
        .map(|ends| Batch { source: source.clone(), events: events[ends[0]..ends[1]].to_vec(), passed: 0 })
        .collect();
    verdicts_of(&batches)
}

fn events(stream: &[(String, Line)]) -> Vec<LogEvent<'static>> {
    stream
        .iter()
        .map(|(id, (at, text))| LogEvent {
            number: 1,
            id: None,
            at: jiff::Timestamp::from_millisecond(1_772_446_530_000 + i64::from(*at)).ok(),
            message: format!("({id}) {text}").into(),
        })
        .collect()
}

fn own(event: &LogEvent<'_>, message: String) -> LogEvent<'static> {
    LogEvent { number: event.number, id: None, at: event.at, message: message.into() }
}

/// The same lines as records of a delivered group, each in the form that a die chooses.
fn delivered(events: &[LogEvent<'_>], dice: &[usize]) -> Vec<Batch<'static>> {
    const ARN: &str = "arn:aws:apigateway:eu-west-1:111122223333:/restapis/a1b2c3d4e5/stages/prod";
    // A delivery chooses its fields: all of its records name the route, or none does.
    let routed = dice[0].is_multiple_of(2);
    let record = |(event, die): (&LogEvent<'_>, &usize)| {
        let (line, at) = (&event.message, event.at.unwrap().as_millisecond());
        let mut record = match die % 4 {
            0 => {
                serde_json::json!({"resource_arn": ARN, "event_timestamp": at, "stage": "prod", "payload": line})
            }
            1 => serde_json::json!({"resource_arn": ARN, "event_timestamp": at.to_string(), "payload": line}),
            2 => serde_json::json!({
                "resource_arn": ARN, "api_id": "a1b2c3d4e5", "stage": "prod", "event_timestamp": at, "payload": line,
            }),
            _ => {
                let route = if routed { "\tGET\t/orders" } else { "" };
                return own(event, format!("{ARN}\t{at}\tprod{route}\t{line}"));
            }
        };
        if routed {
            record["http_method"] = "GET".into();
            record["resource_path"] = "/orders".into();
        }
        own(event, record.to_string())
    };
    let events = events.iter().zip(dice.iter().cycle()).map(record).collect();
    let source = Source { log_group: Some("/orders/execution-logs".to_owned()), ..Source::default() };
    delivered::unpack(Batch { source, events, passed: 0 }).expect("few lines")
}

/// The cause and the line that proves it, a request.
type Verdicts = BTreeMap<String, Option<(String, String)>>;

fn verdicts_of(batches: &[Batch<'_>]) -> Verdicts {
    let of_one = |execution: &logs::Execution<'_>| {
        let found = causes::classify(execution);
        let id = execution.entries[0].line.request.expect("every line above has an id").to_owned();
        (id, found.map(|found| (found.cause.slug.to_owned(), found.evidence.text().to_owned())))
    };
    correlate(batches).iter().map(of_one).collect()
}

/// Takes bytes through the first rooms, whatever they are.
fn swallow(bytes: &[u8]) {
    for opened in [logs::open(bytes, MAX_BYTES), logs::open_saved(bytes, MAX_BYTES)] {
        for record in opened.into_iter().flatten() {
            let Ok(Some(batch)) = record.read() else { continue };
            pasted(&batch).and_then(|execution| causes::classify_pasted(&execution));
            for execution in correlate(&delivered::unpack(batch).unwrap_or_default()) {
                let found = causes::classify(&execution);
                assert_eq!(found.is_some(), execution.is_failed(), "every failure has a diagnosis");
            }
        }
    }
}

/// Each would take minutes if any room read a line more than a few times.
#[test]
fn lines_without_an_end_are_read_at_once() {
    const LONG: usize = 1 << 18;
    let opening = "(a) Execution failed due to configuration error: ";
    for text in
        ["a.bException: ", "PKIX path ", "(", "x", ", ", " ", "7 ", "{a=b, ", "\u{1b}[31m", "\u{202e}ß"]
    {
        for line in
            [opening, "(a) Endpoint response headers: ", "(a) ", "", "Thu Aug 04 17:48:21 UTC 2022 : "]
        {
            let log = format!(
                "(b) first\n{line}{}\n(a) Method completed with status: 500",
                text.repeat(LONG / text.len())
            );
            let records = logs::open(log.as_bytes(), 4 * LONG).expect("text opens");
            let Ok(Some(batch)) = records[0].read() else { panic!("text reads") };
            let batches = [batch];
            let found: Vec<_> = correlate(&batches).iter().filter_map(causes::classify).collect();
            assert_eq!(found.len(), 1, "{line}{text}");
        }
    }
}

/// Half a million bytes of short lines: each would take minutes if any room looked back at all lines for each of them.
#[test]
fn lines_without_number_are_read_at_once() {
    const MOST: usize = 1 << 19;
    for line in [
        "(a) x\n",
        "Sending request to x\n",
        "Starting execution for request: a\n",
        "Execution failed\n",
        "Execution failed\nx\n",
        "X-ray Tracing ID : 1\n",
        "{\n",
        "{\"payload\":\"(a) x\",\"stage\":\"p\"}\n",
        "(a) Method completed with status: 500\n",
        "[",
    ] {
        let log = line.repeat((MOST / line.len()).min(logs::MOST_EVENTS));
        let records = logs::open_saved(log.as_bytes(), 2 * MOST).expect("text opens");
        let Ok(Some(batch)) = records[0].read() else { panic!("text reads") };
        let batches = delivered::unpack(batch).expect("fewer lines than the bound");
        correlate(&batches).iter().filter_map(causes::classify).for_each(drop);
    }
    let text = serde_json::json!({"stage": "p", "payload": "(a) x\n".repeat(MOST / 12)}).to_string();
    let records = logs::open_saved(text.as_bytes(), 4 * MOST).expect("text opens");
    let Ok(Some(batch)) = records[0].read() else { panic!("text reads") };
    assert!(delivered::unpack(batch).expect("fewer than the bound")[0].events.len() > MOST / 16);
}

proptest! {
    #[test]
    fn it_is_all_the_same_where_batches_are_cut(
        requests in requests(), dice in vec(0..6usize, 1..20), cuts in vec(any::<usize>(), 0..6),
    ) {
        let stream = woven(&requests, &dice);
        prop_assert_eq!(verdicts(&stream, &cuts), verdicts(&stream, &[]));
    }

    #[test]
    fn it_is_all_the_same_whether_lines_are_delivered(
        requests in requests(), dice in vec(0..6usize, 1..20), layout in vec(0..4usize, 1..8),
    ) {
        let stream = woven(&requests, &dice);
        prop_assert_eq!(verdicts_of(&delivered(&events(&stream), &layout)), verdicts(&stream, &[]));
    }

    #[test]
    fn it_is_all_the_same_how_requests_interleave(
        requests in requests(), one in vec(0..6usize, 1..20), other in vec(0..6usize, 1..20),
    ) {
        prop_assert_eq!(verdicts(&woven(&requests, &one), &[]), verdicts(&woven(&requests, &other), &[]));
    }

    #[test]
    fn it_is_all_the_same_which_request_comes_first(requests in requests(), first in 0..6usize) {
        let mut ids: Vec<_> = requests.keys().cloned().collect();
        ids.rotate_left(first % requests.len());
        let stream = |ids: &[String]| -> Vec<_> {
            ids.iter().flat_map(|id| requests[id].iter().map(|line| (id.clone(), line.clone()))).collect()
        };
        let sorted = stream(&requests.keys().cloned().collect::<Vec<_>>());
        prop_assert_eq!(verdicts(&stream(&ids), &[]), verdicts(&sorted, &[]));
    }

    #[test]
    fn no_bytes_make_it_fail(bytes in vec(any::<u8>(), 0..512)) {
        swallow(&bytes);
    }

    #[test]
    fn no_text_makes_it_fail(lines in vec(
        (proptest::sample::select(&TEXTS[..]), "\\PC{0,40}", any::<bool>()), 0..6,
    )) {
        let lines: Vec<_> = lines
            .iter()
            .map(|(text, noise, before)| if *before { format!("{noise}{text}") } else { format!("{text}{noise}") })
            .collect();
        swallow(lines.join("\n").as_bytes());
    }

    #[test]
    fn no_json_makes_it_fail(message in "\\PC{0,80}", at in any::<i64>()) {
        let event = serde_json::json!({
            "messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": message, "logStream": message,
            "logEvents": [{"id": message, "timestamp": at, "message": message}],
        });
        swallow(event.to_string().as_bytes());
    }
}
