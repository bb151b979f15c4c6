//! Access lines of the recommended format, read beside a plain JSON parse of the same lines.

use std::hint::black_box;
use std::time::Instant;

use serde::Deserialize;
use vpclink_responder::causes;
use vpclink_responder::logs::{AccessFormat, AccessLog, Batch, LogEvent, RECOMMENDED_FORMAT, Source};

/// The fields that matter, as a handler in Rust would declare them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Typed<'a> {
    status: &'a str,
    request_id: &'a str,
    integration_status: &'a str,
    integration_error: std::borrow::Cow<'a, str>,
}

/// A format's line, each variable with a value of the usual length.
fn line(number: usize) -> String {
    let failed = number.is_multiple_of(50);
    let value = |name: &str| match name {
        "apiId" => "a1b2c3d4e5".to_owned(),
        "stage" => "prod".to_owned(),
        "requestId" => format!("0f0f0f0f-1111-4222-8333-{number:012}"),
        "extendedRequestId" => "PDS1PEC4oAMFpyA=".to_owned(),
        "requestTimeEpoch" => (1_795_539_428_000_usize + number).to_string(),
        "httpMethod" => "GET".to_owned(),
        "path" => format!("/prod/orders/{number}"),
        "status" => if failed { "504" } else { "200" }.to_owned(),
        "responseLatency" | "integration.latency" => "31".to_owned(),
        "integration.status" => if failed { "-" } else { "200" }.to_owned(),
        "integration.error" if failed => "Execution failed due to a timeout error".to_owned(),
        "error.responseType" if failed => "INTEGRATION_TIMEOUT".to_owned(),
        "error.message" if failed => "Endpoint request timed out".to_owned(),
        _ => "-".to_owned(),
    };
    let mut line = String::new();
    let mut rest = RECOMMENDED_FORMAT;
    while let Some((before, after)) = rest.split_once("$context.") {
        let end = after.find('"').unwrap_or(after.len());
        line += before;
        line += &value(&after[..end]);
        rest = &after[end..];
    }
    line + rest
}

fn ours(lines: &Batch<'_>, formats: &[AccessFormat]) -> usize {
    let log = AccessLog::read(lines, formats);
    let executions: Vec<_> = log.executions(0).collect();
    executions.iter().filter_map(causes::failure_of).count()
}

fn parsed(lines: &Batch<'_>) -> usize {
    let failed = |event: &&LogEvent<'_>| {
        let value: serde_json::Value = serde_json::from_str(&event.message).expect("made here");
        value["status"].as_str().is_some_and(|status| status.starts_with('5'))
    };
    lines.events.iter().filter(failed).count()
}

fn typed(lines: &Batch<'_>) -> usize {
    let failed = |event: &&LogEvent<'_>| {
        let line: Typed<'_> = serde_json::from_str(&event.message).expect("made here");
        black_box((line.request_id, line.integration_status, &line.integration_error));
        line.status.starts_with('5')
    };
    lines.events.iter().filter(failed).count()
}

/// Prints the table: megabytes a second on one core, the median of many runs in turn.
pub(crate) fn side_by_side(small: bool) {
    let (many, rounds) = if small { (500, 1) } else { (20_000, 41) };
    let events: Vec<_> = (1..=many)
        .map(|number| LogEvent { number, id: None, at: None, message: line(number).into() })
        .collect();
    let bytes: usize = events.iter().map(|event| event.message.len()).sum();
    let lines = Batch { source: Source::default(), events, passed: 0 };
    let formats = [AccessFormat::compile(RECOMMENDED_FORMAT)];
    type Contender<'c> = (&'static str, Box<dyn Fn() -> usize + 'c>);
    let contenders: [Contender<'_>; 4] = [
        ("this program, format known", Box::new(|| ours(&lines, &formats))),
        ("this program, by keys", Box::new(|| ours(&lines, &[]))),
        ("serde_json, four fields", Box::new(|| typed(&lines))),
        ("serde_json, any value", Box::new(|| parsed(&lines))),
    ];
    let mut times = contenders.each_ref().map(|_| Vec::with_capacity(rounds));
    for _ in 0..rounds {
        for ((_, run), times) in contenders.iter().zip(&mut times) {
            let began = Instant::now();
            assert_eq!(black_box(run()), many / 50, "all find the same failures");
            times.push(began.elapsed().as_secs_f64());
        }
    }
    println!(
        "\naccess lines of the recommended format: {many} lines, {:.2} MB, 2 % failing",
        bytes as f64 / 1e6
    );
    for ((name, _), times) in contenders.iter().zip(&mut times) {
        times.sort_by(f64::total_cmp);
        println!("{name:34} {:9.0} MB/s", bytes as f64 / times[times.len() / 2] / 1e6);
    }
}
