//! What is measured side by side: the machine's limit, this program, and what people use.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use aws_lambda_events::cloudwatch_logs::LogsEvent;
use vpclink_responder::decode::{self, Document, LogBatch, delivered};
use vpclink_responder::{classify, correlate};

const LIMIT_BYTES: usize = 1 << 30;

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
pub(crate) fn limit(payload: &[u8]) -> usize {
    let data = payload.strip_prefix(b"{\"awslogs\":{\"data\":\"").and_then(|rest| rest.strip_suffix(b"\"}}"));
    let packed = base64_simd::STANDARD.decode_to_vec(data.expect("made here")).expect("made here");
    let size = packed.last_chunk::<4>().map(|size| u32::from_le_bytes(*size)).expect("made here");
    let mut document = vec![0; size as usize];
    libdeflater::Decompressor::new().gzip_decompress(&packed, &mut document).expect("made here");
    WORDS.find_iter(&document).count()
}

/// This program's way from a payload to diagnoses: `failed, executions`.
pub(crate) fn ours(payload: &[u8]) -> (usize, usize) {
    let parcels = decode::open(payload, LIMIT_BYTES).expect("made here");
    let mut passed = 0;
    let mut batches = Vec::new();
    for sifted in decode::sift(&parcels) {
        let sifted = sifted.expect("made here");
        passed += sifted.passed;
        if let Document::Logs(batch) = sifted.document {
            batches.extend(delivered::unpack(batch));
        }
    }
    finish(&batches, passed)
}

/// The same without the first look: every line is read.
pub(crate) fn ours_in_full(payload: &[u8]) -> (usize, usize) {
    let parcels = decode::open(payload, LIMIT_BYTES).expect("made here");
    let mut batches = Vec::new();
    for parcel in &parcels {
        if let Document::Logs(batch) = parcel.read().expect("made here") {
            batches.extend(delivered::unpack(batch));
        }
    }
    finish(&batches, 0)
}

fn finish(batches: &[LogBatch<'_>], passed: usize) -> (usize, usize) {
    let executions = correlate::correlate(batches);
    let diagnoses: Vec<_> = executions.iter().filter_map(classify::classify).collect();
    (diagnoses.len(), executions.len() + passed)
}

/// The event type that Rust handlers take, and the same scan over each message.
pub(crate) fn aws_lambda_events(payload: &[u8]) -> usize {
    let event: LogsEvent = serde_json::from_slice(payload).expect("made here");
    let messages = event.aws_logs.data.log_events.iter().map(|entry| entry.message.as_str());
    let failed: HashSet<&str> = messages
        .filter(|message| WORDS.is_match(message))
        .filter_map(|message| message.split(')').next())
        .collect();
    failed.len()
}

/// A handler in another language, as a process that says how long each run took: nanoseconds, and what it found.
pub(crate) fn process(command: &[&str], payload: &Path, runs: usize) -> io::Result<Vec<(f64, usize)>> {
    let output = Command::new(command[0]).args(&command[1..]).arg(payload).arg(runs.to_string()).output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let run =
        |line: &str| line.split_once(' ').and_then(|(n, time)| Some((time.parse().ok()?, n.parse().ok()?)));
    lines.lines().map(|line| run(line).ok_or_else(|| io::Error::other(line.to_owned()))).collect()
}
