//! The wrappings: Lambda's event, Kinesis records, gzip, the subscription document, a `filter-log-events` answer.
//!
//! The formats are AWS's: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html>

#![expect(
    clippy::disallowed_types,
    reason = "the one place that inflates gzip, and it bounds what comes out"
)]

use crate::logs::quick;

use std::borrow::Cow;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, de};
use serde_json::value::RawValue;

use crate::ids::{AccountId, Region};
use crate::logs::record::{Content, DecodeError, Document, Fault, LogBatch, LogEvent, Parcel, Source};

/// Opens a payload of any kind this program takes, inflating at most `max_bytes` a document.
///
/// Each document of a Kinesis event succeeds or fails by itself, so that a poison record does not hide its neighbours.
///
/// # Errors
///
/// [`Fault::UnknownEvent`] for JSON of some other kind, [`Fault::TooLarge`] for text above the limit, and for a single
/// document whatever is wrong with it is in the parcel.
pub fn open(raw: &[u8], max_bytes: usize) -> Result<Vec<Parcel>, DecodeError> {
    let raw = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    if raw.starts_with(&GZIP_MAGIC) {
        return Ok(vec![parcel(inflate(raw, max_bytes))]);
    }
    if raw.trim_ascii_start().first() != Some(&b'{') {
        return Ok(vec![of_text(raw, max_bytes)]);
    }
    if let Some(packed) = quick::subscription(raw) {
        return Ok(vec![parcel(unpacked(&packed, max_bytes))]);
    }
    event(raw, max_bytes, Within::Lambda)
}

/// What an event may lie in: a queue's message, which may hold Lambda's record of a failure, which holds the event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Within {
    Failure,
    Queue,
    Lambda,
}

/// Opens an event.
fn event(raw: &[u8], max_bytes: usize, inside: Within) -> Result<Vec<Parcel>, DecodeError> {
    match serde_json::from_slice::<Event<'_>>(raw) {
        Ok(Event { awslogs: Some(Awslogs { data }), .. }) => Ok(vec![parcel(unpack(&data, max_bytes))]),
        Ok(Event { records: Some(records), .. }) => {
            let opened = records.into_iter().map(|record| record.open(max_bytes, inside));
            opened.collect::<Result<Vec<_>, _>>().map(|parcels| parcels.into_iter().flatten().collect())
        }
        // What Lambda sends to a failure queue: the event lies inside, whole.
        // https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
        Ok(Event { request_payload: Some(payload), .. }) if inside > Within::Failure => {
            event(payload.get().as_bytes(), max_bytes, Within::Failure)
        }
        Ok(Event { log: Some(log), .. }) => Ok(vec![parcel_of(Ok(Content::Text(log.into_owned())))]),
        Ok(Event { message_type: None, events: None, .. }) => Err(Fault::UnknownEvent.into()),
        Ok(_) => Ok(vec![parcel(within(raw, max_bytes))]),
        Err(error) => Err(not_json(raw, &error)),
    }
}

/// Parses one inflated document.
pub(crate) fn read(document: &[u8]) -> Result<Document<'_>, DecodeError> {
    let text = std::str::from_utf8(document).map_err(|error| DecodeError {
        fault: Fault::NotUtf8 { valid_up_to: error.valid_up_to() },
        log_group: group_in(document),
    })?;
    let wire: Wire<'_> = serde_json::from_str(text).map_err(|error| not_json(document, &error))?;
    let missing = |field| DecodeError {
        fault: Fault::MissingField(field),
        log_group: wire.log_group.as_deref().map(str::to_owned),
    };
    if let Some(events) = wire.events {
        return Ok(Document::Logs(LogBatch { source: Source::default(), events: numbered(events) }));
    }
    match wire.message_type.as_deref() {
        Some("DATA_MESSAGE") => {}
        Some("CONTROL_MESSAGE") => return Ok(Document::Control),
        Some(other) => return Err(Fault::UnknownMessageType(other.chars().take(64).collect()).into()),
        None => return Err(missing("messageType")),
    }
    let Some(group) = wire.log_group.as_deref() else {
        return Err(missing("logGroup"));
    };
    let events = wire.log_events.ok_or_else(|| missing("logEvents"))?;
    let source = Source {
        account: wire.owner.map(|owner| AccountId::new(owner.into_owned())),
        log_stream: wire.log_stream.map(Cow::into_owned),
        ..Source::of_group(group)
    };
    Ok(Document::Logs(LogBatch { source, events: numbered(events) }))
}

pub(crate) const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

fn parcel(content: Result<Vec<u8>, DecodeError>) -> Parcel {
    parcel_of(content.map(Content::Json))
}

fn parcel_of(content: Result<Content, DecodeError>) -> Parcel {
    Parcel { record: None, region: None, content }
}

/// A text, whatever it opens with.
pub(crate) fn of_text(raw: &[u8], max_bytes: usize) -> Parcel {
    parcel_of(text(raw, max_bytes).map(Content::Text))
}

/// The same of a text that was read already.
pub(crate) fn of_string(text: String) -> Parcel {
    parcel_of(Ok(Content::Text(text)))
}

/// Whether a text opens an object whose first key is one that an event has.
pub(crate) fn opens_with_key(json: &[u8]) -> bool {
    const KEYS: [&str; 12] = [
        "Records",
        "awslogs",
        "events",
        "log",
        "logEvents",
        "logGroup",
        "logStream",
        "messageType",
        "nextToken",
        "owner",
        "searchedLogStreams",
        "subscriptionFilters",
    ];
    let head = String::from_utf8_lossy(&json[..json.len().min(256)]);
    let inner =
        head.trim_start().strip_prefix('{').map(str::trim_start).and_then(|rest| rest.strip_prefix('"'));
    inner.and_then(|rest| rest.split_once('"')).is_some_and(|(key, _)| KEYS.contains(&key))
}

/// A person's file need not be UTF-8: what is not becomes U+FFFD.
fn text(raw: &[u8], max_bytes: usize) -> Result<String, DecodeError> {
    within(raw, max_bytes).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn within(raw: &[u8], limit: usize) -> Result<Vec<u8>, DecodeError> {
    if raw.len() > limit {
        return Err(Fault::TooLarge { limit }.into());
    }
    Ok(raw.to_vec())
}

fn unpack(data: &str, max_bytes: usize) -> Result<Vec<u8>, DecodeError> {
    let packed = STANDARD.decode(data.trim()).map_err(|error| Fault::NotBase64(error.to_string()))?;
    unpacked(&packed, max_bytes)
}

fn unpacked(packed: &[u8], max_bytes: usize) -> Result<Vec<u8>, DecodeError> {
    match packed.first() {
        Some(b'{') => within(packed, max_bytes),
        _ if packed.starts_with(&GZIP_MAGIC) => inflate(packed, max_bytes),
        _ => Err(Fault::NotGzip.into()),
    }
}

pub(crate) fn inflate(packed: &[u8], limit: usize) -> Result<Vec<u8>, DecodeError> {
    if let Some(out) = quick::gzip(packed, limit) {
        return Ok(out);
    }
    let mut out = Vec::with_capacity(packed.len().saturating_mul(4).min(limit));
    // One byte more than allowed: a batch of exactly the limit is not too large.
    let bound = u64::try_from(limit).map_or(u64::MAX, |limit| limit.saturating_add(1));
    match MultiGzDecoder::new(packed).take(bound).read_to_end(&mut out) {
        Ok(_) if out.len() > limit => {
            Err(DecodeError { fault: Fault::TooLarge { limit }, log_group: group_in(&out) })
        }
        Ok(_) => Ok(out),
        Err(error) => Err(DecodeError {
            fault: Fault::TornGzip { inflated: out.len(), reason: error.to_string() },
            log_group: group_in(&out),
        }),
    }
}

fn not_json(document: &[u8], error: &serde_json::Error) -> DecodeError {
    DecodeError { fault: Fault::NotJson(error.to_string()), log_group: group_in(document) }
}

/// The log group that the readable head of a broken document names, so that the error can say whose batch it was.
fn group_in(document: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&document[..document.len().min(1 << 20)]);
    let (_, rest) = head.split_once("\"logGroup\"")?;
    let (_, rest) = rest.split_once('"')?;
    let (group, _) = rest.split_once('"')?;
    // The pattern and length of a log group's name, from the CloudWatch Logs API reference.
    let named = |b: u8| b.is_ascii_alphanumeric() || b".-_/#".contains(&b);
    (group.len() <= 512 && !group.is_empty() && group.bytes().all(named)).then(|| group.to_owned())
}

fn numbered(events: Vec<WireEvent<'_>>) -> Vec<LogEvent<'_>> {
    let numbered = (1..).zip(events);
    numbered
        .map(|(number, event)| LogEvent {
            number,
            id: event.id.map(|Text(id)| id),
            at: event.timestamp.and_then(|ms| Timestamp::from_millisecond(ms).ok()),
            message: event.message,
        })
        .collect()
}

/// Just enough of each kind of event to tell them apart. Unknown fields are AWS's to add.
#[derive(Deserialize)]
struct Event<'a> {
    awslogs: Option<Awslogs<'a>>,
    #[serde(rename = "Records", borrow)]
    records: Option<Vec<Record<'a>>>,
    #[serde(rename = "messageType")]
    message_type: Option<de::IgnoredAny>,
    events: Option<de::IgnoredAny>,
    #[serde(rename = "requestPayload", borrow)]
    request_payload: Option<&'a RawValue>,
    /// The log of an `aws apigateway test-invoke-method` answer.
    log: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Awslogs<'a> {
    #[serde(borrow)]
    data: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(rename = "awsRegion")]
    region: Option<String>,
    #[serde(borrow)]
    kinesis: Option<Kinesis<'a>>,
    /// A message of an SQS queue: an event that failed, to be run again.
    #[serde(rename = "messageId")]
    message_id: Option<String>,
    #[serde(borrow)]
    body: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kinesis<'a> {
    sequence_number: String,
    #[serde(borrow)]
    data: Cow<'a, str>,
}

impl Record<'_> {
    fn open(self, max_bytes: usize, inside: Within) -> Result<Vec<Parcel>, DecodeError> {
        match self {
            Self { kinesis: Some(kinesis), region, .. } => Ok(vec![Parcel {
                record: Some(kinesis.sequence_number),
                region: region.map(Region::new),
                content: unpack(&kinesis.data, max_bytes).map(Content::Json),
            }]),
            Self { message_id: Some(id), body: Some(body), .. } if inside == Within::Lambda => {
                Ok(queued(&id, &body, max_bytes))
            }
            _ => Err(Fault::UnknownEvent.into()),
        }
    }
}

/// The parcels of a queue's message. One that holds no event fails alone.
fn queued(id: &str, body: &str, max_bytes: usize) -> Vec<Parcel> {
    let inner = event(body.as_bytes(), max_bytes, Within::Queue);
    let mut parcels = inner.unwrap_or_else(|error| vec![parcel(Err(error))]);
    parcels.iter_mut().for_each(|parcel| parcel.record = Some(id.to_owned()));
    parcels
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(borrow)]
    message_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    owner: Option<Cow<'a, str>>,
    #[serde(borrow)]
    log_group: Option<Cow<'a, str>>,
    #[serde(borrow)]
    log_stream: Option<Cow<'a, str>>,
    #[serde(borrow)]
    log_events: Option<Vec<WireEvent<'a>>>,
    #[serde(borrow)]
    events: Option<Vec<WireEvent<'a>>>,
}

#[derive(Deserialize)]
struct WireEvent<'a> {
    #[serde(borrow, alias = "eventId")]
    id: Option<Text<'a>>,
    timestamp: Option<i64>,
    #[serde(borrow)]
    message: Cow<'a, str>,
}

/// A text; some senders write the event's id as a number.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor).map(Self)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a text or a whole number")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }
}
