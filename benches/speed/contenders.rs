//! What is measured side by side: the machine's limit, this program, and what people use.

use vpclink_responder::logs::delivered;
use vpclink_responder::{causes, incidents, logs};

use std::collections::HashSet;
use std::hint::black_box;
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use aws_lambda_events::cloudwatch_logs::LogsEvent;
use vpclink_responder::logs::{Batch, MOST_EVENTS};

/// Far above any input.
pub(crate) const MOST_BYTES: usize = 1 << 30;

/// One way to learn what failed: how many lines or requests it finds says that it did its work.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&[u8]) -> usize,
}

/// The limit comes first: what follows is compared with it.
pub(crate) const ALL: [Contender; 4] = [
    Contender { name: "limit", run: limit },
    Contender { name: "this program", run: ours },
    Contender { name: IN_FULL, run: ours_in_full },
    Contender { name: "aws_lambda_events and a scan", run: aws_lambda_events },
];

/// Those that read a document of so many events: one that keeps every line refuses more than a payload may have.
pub(crate) fn for_events(events: usize) -> Vec<Contender> {
    let keeps = |contender: &Contender| contender.name != IN_FULL || events <= MOST_EVENTS;
    ALL.into_iter().filter(keeps).collect()
}

const IN_FULL: &str = "this program, every line";

/// Handlers in other languages: name, program, script.
pub(crate) const PROCESSES: [(&str, &str, &str); 2] = [
    ("Node handler", "node", concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/handler.mjs")),
    ("Python handler", "python3", concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/handler.py")),
];

/// Openings of what only failing requests have, as one scan over many patterns looks for them.
static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    // Leftmost first is the kind that vector instructions can search for.
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build([
            "Execution failed",
            "Lambda execution failed",
            "Lambda invocation failed",
            "Method completed with status: 5",
            "Gateway response type",
            "AuthorizerConfigurationException",
        ])
        .expect("the words are few and short")
});

/// Base64 by vector instructions, gzip by libdeflate, one scan: as little as anybody can do to see whether anything failed.
/// The buffer has the right size, which only the sender knows for sure.
fn limit(payload: &[u8]) -> usize {
    let data = payload.strip_prefix(b"{\"awslogs\":{\"data\":\"").and_then(|rest| rest.strip_suffix(b"\"}}"));
    let packed = base64_simd::STANDARD.decode_to_vec(data.expect("made here")).expect("made here");
    let size = packed.last_chunk::<4>().map(|size| u32::from_le_bytes(*size)).expect("made here");
    let mut document = vec![0; size as usize];
    libdeflater::Decompressor::new().gzip_decompress(&packed, &mut document).expect("made here");
    WORDS.find_iter(&document).count()
}

/// This program's way from a payload to what is new of each incident, its example quoted.
#[inline(never)]
pub(crate) fn ours(payload: &[u8]) -> usize {
    let records = logs::open(payload, MOST_BYTES).expect("made here");
    let mut passed = 0;
    let mut batches = Vec::new();
    for sifted in logs::sift(&records) {
        if let Some(batch) = sifted.expect("made here") {
            passed += batch.passed;
            batches.extend(delivered::unpack(batch).expect("few lines"));
        }
    }
    finish(&batches, passed)
}

/// The same without the first look: every line is read.
fn ours_in_full(payload: &[u8]) -> usize {
    let records = logs::open(payload, MOST_BYTES).expect("made here");
    let mut batches = Vec::new();
    for record in &records {
        if let Some(batch) = record.read().expect("made here") {
            batches.extend(delivered::unpack(batch).expect("few lines"));
        }
    }
    finish(&batches, 0)
}

fn finish(batches: &[Batch<'_>], passed: usize) -> usize {
    let executions = logs::correlate(batches);
    let failures: Vec<_> = executions.iter().filter_map(causes::failure_of).collect();
    black_box((incidents::gather(&failures), executions.len() + passed));
    failures.len()
}

/// The event type that Rust handlers take, and the same scan over each message.
fn aws_lambda_events(payload: &[u8]) -> usize {
    let event: LogsEvent = serde_json::from_slice(payload).expect("made here");
    let messages = event.aws_logs.data.log_events.iter().map(|entry| entry.message.as_str());
    let failed: HashSet<&str> = messages
        .filter(|message| WORDS.is_match(message))
        .filter_map(|message| message.split(')').next())
        .collect();
    failed.len()
}

/// A handler in another language, as a process that says how long each run took, in milliseconds.
pub(crate) fn process(program: &str, script: &str, payload: &Path, runs: usize) -> io::Result<Vec<f64>> {
    let output = Command::new(program).arg(script).arg(payload).arg(runs.to_string()).output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let nanoseconds = |line: &str| line.split_once(' ').and_then(|(_, time)| time.parse::<f64>().ok());
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let times: Option<Vec<f64>> = lines.lines().map(nanoseconds).collect();
    times
        .map(|times| times.into_iter().map(|time| time / 1e6).collect())
        .ok_or_else(|| io::Error::other(lines))
}
