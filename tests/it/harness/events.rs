//! The events that invoke the function, made from readable lines.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// When the first line was logged, in epoch milliseconds: 2026-09-01T00:00:00Z. Each next one is a millisecond later.
pub const FIRST_LINE_AT: i64 = 1_788_220_800_000;

/// What CloudWatch Logs sends to a subscriber, before it is packed.
pub fn subscription_document(group: &str, lines: &[&str]) -> Value {
    subscription_document_at(group, lines, FIRST_LINE_AT)
}

/// The same with the first line logged at this time, in epoch milliseconds.
pub fn subscription_document_at(group: &str, lines: &[&str], first_line_at: i64) -> Value {
    let events: Vec<Value> = (0..)
        .zip(lines)
        .map(|(place, line)| {
            let timestamp = first_line_at + place;
            json!({ "id": format!("{timestamp:056}"), "timestamp": timestamp, "message": line })
        })
        .collect();
    json!({
        "messageType": "DATA_MESSAGE",
        "owner": "111122223333",
        "logGroup": group,
        "logStream": "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "subscriptionFilters": ["vpclink-responder"],
        "logEvents": events,
    })
}

/// The event of a subscription to a log group.
pub fn subscription_event(group: &str, lines: &[&str]) -> Value {
    event_of(&subscription_document(group, lines))
}

/// The event that carries this document.
pub fn event_of(document: &Value) -> Value {
    json!({ "awslogs": { "data": packed(document) } })
}

/// The event of a stream with one document a record.
pub fn kinesis_event(documents: &[Value]) -> Value {
    let records: Vec<Value> =
        (1..).zip(documents).map(|(place, document)| record(place, &packed(document))).collect();
    json!({ "Records": records })
}

fn record(place: usize, data: &str) -> Value {
    let (sequence, stream) =
        (format!("{place:056}"), "arn:aws:kinesis:eu-west-1:111122223333:stream/execution-logs");
    json!({
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "partition",
            "sequenceNumber": sequence,
            "data": data,
            "approximateArrivalTimestamp": 1_788_220_800.5,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": format!("shardId-000000000000:{sequence}"),
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::111122223333:role/vpclink-responder",
        "awsRegion": "eu-west-1",
        "eventSourceARN": stream,
    })
}

/// Base64 of gzip of JSON.
fn packed(document: &Value) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(document.to_string().as_bytes()).expect("a vector takes all that is written");
    STANDARD.encode(encoder.finish().expect("a vector takes all that is written"))
}
