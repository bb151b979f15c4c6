//! The most memory that was resident: over large batches, over ten thousand invocations of one process, and over the worst
//! payloads that `MAX_BATCH_BYTES` admits.

use std::fmt::Write;
use std::time::{Duration, Instant};

use vpclink_responder::logs::MOST_EVENTS;

use super::function;
use super::harness::{Account, Aws, Outcome, Start};
use super::traffic::{ORDINARY, Traffic, payload};

/// After so many invocations it is read.
const READ_AFTER: [u64; 5] = [1, 10, 100, 1_000, 10_000];

pub(crate) fn measure(responder: &str) {
    for failing in [0, 2, 100] {
        let large = Traffic { requests: 2_000, failing, ..ORDINARY };
        let (document, _) = large.document();
        let payload = payload(&document);
        let says = format!("{failing} % of a batch of {:.1} MB failing", document.len() as f64 / 1e6);
        invoke(responder, &says, &[1, 2, 3], |_| payload.clone());
    }
    invoke(responder, "20 requests a batch, 5 % failing", &READ_AFTER, |number| {
        payload(&Traffic { requests: 20, failing: 5, seed: number, ..ORDINARY }.document().0)
    });
}

/// What `MAX_BATCH_BYTES` admits, less a little for the document's head.
const ADMITTED: usize = (64 << 20) - 1024;

/// The aims for any payload that is admitted: 256 MB, and ten seconds.
const MOST_MEMORY_MIB: u32 = 244;
const MOST_TIME: Duration = Duration::from_secs(10);

/// A document of at most so many of these events as are admitted, from a client that wants the function to run out of memory.
fn full(most: usize, event: impl Fn(usize, &mut String)) -> (Vec<u8>, usize) {
    let mut document = String::from(
        r#"{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"API-Gateway-Execution-Logs_a1b2c3d4e5/prod","logStream":"s","subscriptionFilters":["f"],"logEvents":["#,
    );
    let mut number = 0;
    while number < most {
        let before = document.len();
        if number > 0 {
            document.push(',');
        }
        event(number, &mut document);
        if document.len() > ADMITTED {
            document.truncate(before);
            break;
        }
        number += 1;
    }
    document.push_str("]}");
    (payload(document.as_bytes()), number)
}

/// What it is, how many events it has at most, and how each is written.
type Case<'a> = (&'a str, usize, &'a dyn Fn(usize, &mut String));

/// One payload each, to a process of its own: what it answered, the peak and the time.
#[expect(clippy::disallowed_methods, reason = "it measures time")]
pub(crate) fn measure_hostile(responder: &str) {
    /// An event's keys, and the words of its line.
    const FRAME: usize = 190;
    const FEWER_EVENTS: usize = 60_000;
    const REACHED_NOTHING: &str = "Execution failed due to configuration error: There was an internal error while executing your request";
    let event = |out: &mut String, number: usize, message: &str| {
        write!(out, r#"{{"id":"{number}","timestamp":1772446530123,"message":"{message}"}}"#).unwrap();
    };
    let own_address = |number: usize, out: &mut String, padding: &str| {
        let request = number / 2;
        let line = match number % 2 {
            0 => format!("({request:x}) Sending request to https://h{request:x}.example/{padding}"),
            _ => format!("({request:x}) {REACHED_NOTHING}{padding}"),
        };
        event(out, number, &line);
    };
    // The longest lines that fit so many events into the largest document.
    let padding = "x".repeat(ADMITTED / MOST_EVENTS - FRAME);
    // Fewer and longer ones: more is kept of each.
    let longer = "x".repeat(ADMITTED / FEWER_EVENTS - FRAME);
    let cases: [Case<'_>; 8] = [
        ("the smallest events", usize::MAX, &|_, out| {
            out.push_str(r#"{"id":"1","timestamp":1,"message":""}"#)
        }),
        ("a line each of as many requests", usize::MAX, &|number, out| {
            event(out, number, &format!("({number:x}) x"))
        }),
        ("failed requests", usize::MAX, &|number, out| {
            event(out, number, &format!("({number:x}) {REACHED_NOTHING}"))
        }),
        ("failed requests, each of an address of its own", usize::MAX, &|number, out| {
            own_address(number, out, "")
        }),
        ("failed requests", MOST_EVENTS, &|number, out| {
            event(out, number, &format!("({number:x}) {REACHED_NOTHING}{padding}"));
        }),
        ("failed requests, each of an address of its own", MOST_EVENTS, &|number, out| {
            own_address(number, out, "")
        }),
        ("the same with long lines", MOST_EVENTS, &|number, out| own_address(number, out, &padding)),
        ("the same with longer lines", FEWER_EVENTS, &|number, out| own_address(number, out, &longer)),
    ];
    for (says, most, case) in cases {
        let (payload, events) = full(most, case);
        let aws = Aws::start(Account::healthy_v1());
        let mut lambda = function(responder, &aws).timeout(Duration::from_secs(60)).start();
        assert_eq!(lambda.started(), Start::Ready, "{}", lambda.log());
        let began = Instant::now();
        let outcome = lambda.invoke_raw(&payload);
        let took = began.elapsed();
        // A process that was stopped because its time was up has no status to read any more.
        let peak = match outcome {
            Outcome::Response(_) => format!("answered, {} MiB", lambda.peak_memory_kib() / 1024),
            Outcome::Error { error_type, .. } => {
                format!("{error_type}, {} MiB", lambda.peak_memory_kib() / 1024)
            }
            Outcome::TimedOut | Outcome::Exited(_) => format!("{outcome:?}, peak unknown"),
        };
        println!(
            "hostile, {says}: {events} events, {:.1} MB packed; {peak} ({MOST_MEMORY_MIB} MiB allowed), {took:.1?} \
             ({MOST_TIME:?} allowed)",
            payload.len() as f64 / 1e6
        );
    }
}

/// Invokes one process again and again, and prints the peak along the way.
fn invoke(responder: &str, says: &str, read_after: &[u64], event: impl Fn(u64) -> Vec<u8>) {
    let aws = Aws::start(Account::healthy_v1());
    let mut lambda = function(responder, &aws).start();
    assert_eq!(lambda.started(), Start::Ready, "{}", lambda.log());
    for number in 1..=read_after.iter().copied().max().unwrap_or_default() {
        let outcome = lambda.invoke_raw(&event(number));
        assert!(matches!(outcome, Outcome::Response(_)), "{outcome:?}");
        if read_after.contains(&number) {
            let peak = lambda.peak_memory_kib() as f64 / 1024.0;
            println!("memory, {says}: at most {peak:.1} MiB after {number} invocations");
        }
    }
}
