//! Large files are read in pieces: what is found in them is what is found in the whole.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read;

use jiff::Timestamp;
use serde_json::Value;
use vpclink_responder::functions::{Explained, Explainer, explain};

use crate::traffic::{ORDINARY, Traffic};

/// An execution log of more than one piece.
fn log(seed: u64, failing: usize) -> String {
    let traffic = Traffic { requests: 1700, failing, seed, ..ORDINARY };
    let document: Value = serde_json::from_slice(&traffic.document().0).unwrap();
    let mut log = String::new();
    for event in document["logEvents"].as_array().unwrap() {
        let at = Timestamp::from_millisecond(event["timestamp"].as_i64().unwrap()).unwrap();
        writeln!(log, "{at:.3} {}", event["message"].as_str().unwrap()).unwrap();
    }
    log
}

fn finished(explainer: Explainer<'_>) -> Explained {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(explainer.finish(None, Timestamp::UNIX_EPOCH)).unwrap()
}

fn in_pieces(input: impl Read) -> Explained {
    let mut explainer = Explainer::new(&[]);
    explainer.take(input, |_| {}).unwrap();
    finished(explainer)
}

/// Failures by cause, with the line and the text that prove the first of each.
fn found(explained: &Explained) -> BTreeMap<&'static str, (u64, usize, String)> {
    let alerts = explained.alerts.iter().map(|alert| {
        let evidence = &alert.news.example.evidence;
        (alert.news.example.cause.slug, (alert.news.failed(), evidence.number(), evidence.text().to_owned()))
    });
    alerts.collect()
}

#[test]
fn a_log_in_pieces_comes_to_the_same() {
    for (seed, failing) in [(8, 2), (9, 100), (10, 0)] {
        let log = log(seed, failing);
        assert!(log.len() > 5 << 20, "{}", log.len());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let whole =
            runtime.block_on(explain(&[log.clone().into_bytes()], None, Timestamp::UNIX_EPOCH)).unwrap();
        let pieces = in_pieces(log.as_bytes());
        assert_eq!(found(&pieces), found(&whole), "{failing} % failing");
        assert_eq!(
            (pieces.summary.failed, pieces.summary.read, pieces.summary.cut_off),
            (whole.summary.failed, whole.summary.read, whole.summary.cut_off),
            "{failing} % failing"
        );
    }
}

#[test]
fn utf_16_comes_in_pieces_too() {
    // A sign of two units, so that borders fall inside one.
    let log = format!("\u{feff}{}", log(12, 2).replace("Starting execution", "Starting 🦀 execution"));
    let whole = in_pieces(log.as_bytes());
    assert!(whole.summary.failed > 0);
    type Bytes = fn(u16) -> [u8; 2];
    for bytes in [u16::to_le_bytes as Bytes, u16::to_be_bytes as Bytes] {
        for skipped in [0, 1] {
            let units = log.encode_utf16().skip(skipped);
            let recoded: Vec<u8> = units.flat_map(bytes).collect();
            let pieces = in_pieces(&recoded[..]);
            assert_eq!(found(&pieces), found(&whole));
            assert_eq!(
                (pieces.summary.read, pieces.summary.failed),
                (whole.summary.read, whole.summary.failed)
            );
        }
    }
}

#[test]
fn any_number_of_lines_is_read() {
    // More events than one payload may hold, and a failure as the last of them.
    let mut log = String::new();
    for number in 0..200_000 {
        writeln!(log, "(0f0f0f0f-1111-4222-8333-{number:012}) Method completed with status: 200").unwrap();
    }
    let id = "(0f0f0f0f-1111-4222-8333-999999999999)";
    writeln!(log, "{id} HTTP Method: GET, Resource Path: /orders").unwrap();
    writeln!(log, "{id} Execution failed due to a timeout error").unwrap();
    let explained = in_pieces(log.as_bytes());
    assert_eq!((explained.summary.read, explained.summary.failed), (200_001, 1));
    let example = &explained.alerts[0].news.example;
    assert_eq!(example.evidence.number(), 200_002);
    assert_eq!(example.route.as_ref().map(|route| &*route.path), Some("/orders"));
}

#[test]
fn access_lines_and_gzip_come_in_pieces_too() {
    let line = |number: usize, status: &str| {
        format!(
            r#"{{"requestId":"r-{number:06}","apiId":"a1b2c3d4e5","stage":"prod","httpMethod":"GET","routeKey":"GET /orders","status":"{status}","integrationStatus":"-"}}"#
        )
    };
    let mut log = String::new();
    for number in 0..60_000 {
        writeln!(log, "{}", line(number, if number % 1000 == 7 { "503" } else { "200" })).unwrap();
    }
    let explained = in_pieces(log.as_bytes());
    assert_eq!((explained.summary.read, explained.summary.failed, explained.alerts.len()), (60_000, 60, 1));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, log.as_bytes()).unwrap();
    let explained = in_pieces(&packed.finish().unwrap()[..]);
    assert_eq!((explained.summary.read, explained.summary.failed), (60_000, 60));
}

#[test]
fn a_failure_that_no_request_owns_is_no_all_clear_in_a_large_file() {
    let mut log = log(11, 0);
    writeln!(log, "2026-03-02T10:16:00Z Execution failed due to a timeout error, says a colleague").unwrap();
    let explained = in_pieces(log.as_bytes());
    assert!(!explained.alerts.is_empty() || !explained.unattributed.is_empty());
}
