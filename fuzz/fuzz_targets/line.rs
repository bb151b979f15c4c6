//! Any message, parsed, quoted and judged: a line never fails, and a quote keeps its bounds.

#![no_main]

use vpclink_responder::causes;
use vpclink_responder::causes::redact;

use libfuzzer_sys::fuzz_target;
use vpclink_responder::logs::{correlate, Batch, LogEvent, Source};
use vpclink_responder::logs::line::LogLine;

const LONGEST: usize = 1024;

fuzz_target!(|message: &str| {
    let line = LogLine::parse(message);
    assert!(redact::line(&line, LONGEST).chars().count() <= LONGEST);
    let events = vec![LogEvent { number: 1, id: None, at: line.at, message: message.into() }];
    let batches = [Batch { source: Source::of_group("API-Gateway-Execution-Logs_a1b2c3d4e5/prod"), events, passed: 0 }];
    for execution in correlate(&batches) {
        if let Some(found) = causes::classify(&execution) {
            assert!(found.evidence.text().chars().count() <= LONGEST);
        }
    }
});
