//! Bytes → records: Lambda's event, Kinesis and SQS records, gzip, the subscription document, a `filter-log-events` answer.
//!
//! Opening a payload undoes base64 and gzip, within a bound for all of its records together; reading a record borrows from
//! what was opened. Both are pure. A record that can't be decoded is one typed [`DecodeError`]; a *line* that can't be
//! understood is never an error.
//!
//! The formats are AWS's: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html>

#![expect(
    clippy::disallowed_types,
    reason = "the one place that inflates gzip, and it bounds what comes out"
)]

use std::borrow::Cow;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::MultiGzDecoder;
use serde::{Deserialize, de};
use serde_json::value::RawValue;

use crate::ids::Region;
use crate::logs::batch::{Batch, DecodeError, DecodeFault, digest};
use crate::logs::document::{group_in, not_json};
use crate::logs::{document, exported, scan};

/// One document of a payload, inflated but not parsed. A Kinesis payload holds many, any other one.
#[derive(Debug)]
pub struct Record {
    /// The Kinesis record's sequence number, or the SQS message's id; `None` where the payload was neither's event.
    pub id: Option<String>,
    /// The Region, where the record knows it.
    pub region: Option<Region>,
    content: Result<Content, DecodeError>,
}

#[derive(Debug)]
enum Content {
    /// A subscription document or a `filter-log-events` answer.
    Json(Vec<u8>),
    /// Lines of text.
    Text(String),
}

impl Content {
    fn len(&self) -> usize {
        match self {
            Self::Json(document) => document.len(),
            Self::Text(text) => text.len(),
        }
    }
}

impl Record {
    /// How many bytes it holds.
    pub fn len(&self) -> usize {
        self.content.as_ref().map_or(0, Content::len)
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A number for this delivery, the same when it comes again, alone or among others: of the document's length and of what
    /// it begins and ends with, which is where it comes from, and its first and last events with their ids.
    pub fn delivery(&self) -> u64 {
        const ENDS: usize = 4096;
        let bytes = match &self.content {
            Ok(Content::Json(document)) => document.as_slice(),
            Ok(Content::Text(text)) => text.as_bytes(),
            Err(_) => &[],
        };
        let length = bytes.len().to_le_bytes();
        let ends = ENDS.min(bytes.len());
        digest(&[&length, &bytes[..ends], &bytes[bytes.len() - ends..]])
    }

    /// Parses the record; `None` for a control message, by which CloudWatch Logs tries whether a destination answers.
    ///
    /// # Errors
    ///
    /// What went wrong while opening it, or [`DecodeError`] for a document that is not what CloudWatch Logs sends.
    pub fn read(&self) -> Result<Option<Batch<'_>>, DecodeError> {
        let mut batch = match &self.content {
            Ok(Content::Json(bytes)) => document::read(bytes)?,
            Ok(Content::Text(text)) => Some(document::read_text(text)?),
            Err(error) => return Err(error.clone()),
        };
        if let Some(batch) = &mut batch {
            batch.source.region = batch.source.region.take().or_else(|| self.region.clone());
        }
        Ok(batch)
    }
}

/// Parses the records of a payload as far as its failures need it: requests in which nothing can have failed are counted and
/// left out, and so are lines that nothing is read from.
///
/// Lines of a request may lie in any record, so that several are read in full.
pub fn sift(records: &[Record]) -> impl Iterator<Item = Result<Option<Batch<'_>>, DecodeError>> {
    let alone = records.len() == 1;
    records.iter().map(move |record| match &record.content {
        Ok(Content::Json(document))
            if alone && let Some(batch) = scan::sift(document, record.region.as_ref()) =>
        {
            Ok(Some(batch))
        }
        _ => record.read(),
    })
}

/// Opens a payload of any kind this program takes, inflating at most `max_bytes` in all.
///
/// Each document of a Kinesis event succeeds or fails by itself, so that a poison record does not hide its neighbours.
///
/// # Errors
///
/// [`DecodeFault::UnknownEvent`] for JSON of some other kind, [`DecodeFault::TooLarge`] for text above the limit, and for a single
/// document whatever is wrong with it is in the record.
pub fn open(raw: &[u8], max_bytes: usize) -> Result<Vec<Record>, DecodeError> {
    let raw = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    if raw.starts_with(&GZIP_MAGIC) {
        return Ok(vec![record(inflate(raw, max_bytes))]);
    }
    if raw.trim_ascii_start().first() != Some(&b'{') {
        return Ok(vec![of_text(raw, max_bytes)]);
    }
    if let Some(packed) = quick_subscription(raw) {
        return Ok(vec![record(unpacked(&packed, max_bytes))]);
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
fn event(raw: &[u8], max_bytes: usize, inside: Within) -> Result<Vec<Record>, DecodeError> {
    match serde_json::from_slice::<Event<'_>>(raw) {
        Ok(Event { awslogs: Some(Awslogs { data }), .. }) => Ok(vec![record(unpack(&data, max_bytes))]),
        Ok(Event { records: Some(records), .. }) => several(records, max_bytes, inside),
        // What Lambda sends to a failure queue: the event lies inside, whole.
        // https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
        Ok(Event { request_payload: Some(payload), .. }) if inside > Within::Failure => {
            event(payload.get().as_bytes(), max_bytes, Within::Failure)
        }
        Ok(Event { log: Some(log), .. }) => Ok(vec![of_string(exported::of_log(&log))]),
        Ok(Event { message_type: None, events: None, .. }) => Err(DecodeFault::UnknownEvent.into()),
        Ok(_) => Ok(vec![record(within(raw, max_bytes))]),
        Err(error) => Err(not_json(raw, &error)),
    }
}

/// Opens the records of a stream or a queue, which share what one payload may inflate to.
fn several(
    records: Vec<WireRecord<'_>>,
    max_bytes: usize,
    inside: Within,
) -> Result<Vec<Record>, DecodeError> {
    let (mut all, mut room) = (Vec::new(), max_bytes);
    for record in records {
        for mut record in record.open(room, inside)? {
            match &record.content {
                Ok(content) => room = room.saturating_sub(content.len()),
                Err(DecodeError { fault: DecodeFault::TooLarge { .. }, .. }) if room < max_bytes => {
                    record.content = Err(DecodeFault::Postponed.into());
                }
                Err(_) => {}
            }
            all.push(record);
        }
    }
    Ok(all)
}

/// An input as it is, or what it inflates to where it is gzip. The reader bounds what comes out.
///
/// # Errors
///
/// Its first bytes can't be read.
pub fn inflated<'r>(mut input: impl Read + 'r) -> std::io::Result<Box<dyn Read + 'r>> {
    let mut magic = Vec::with_capacity(2);
    input.by_ref().take(2).read_to_end(&mut magic)?;
    let is_gzip = magic == GZIP_MAGIC;
    let whole = std::io::Cursor::new(magic).chain(input);
    Ok(if is_gzip { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) })
}

/// Bytes as text; what is not UTF-8 becomes U+FFFD.
pub fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    scan::utf8(bytes).map_or_else(|| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

pub(crate) const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

fn record(content: Result<Vec<u8>, DecodeError>) -> Record {
    record_of(content.map(Content::Json))
}

fn record_of(content: Result<Content, DecodeError>) -> Record {
    Record { id: None, region: None, content }
}

/// A text, whatever it opens with.
pub(crate) fn of_text(raw: &[u8], max_bytes: usize) -> Record {
    record_of(text(raw, max_bytes).map(Content::Text))
}

/// The same of a text that was read already.
pub fn of_string(text: String) -> Record {
    record_of(Ok(Content::Text(text)))
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
        return Err(DecodeFault::TooLarge { limit }.into());
    }
    Ok(raw.to_vec())
}

fn unpack(data: &str, max_bytes: usize) -> Result<Vec<u8>, DecodeError> {
    let packed = STANDARD.decode(data.trim()).map_err(|error| DecodeFault::NotBase64(error.to_string()))?;
    unpacked(&packed, max_bytes)
}

fn unpacked(packed: &[u8], max_bytes: usize) -> Result<Vec<u8>, DecodeError> {
    match packed.first() {
        Some(b'{') => within(packed, max_bytes),
        _ if packed.starts_with(&GZIP_MAGIC) => inflate(packed, max_bytes),
        _ => Err(DecodeFault::NotGzip.into()),
    }
}

pub(crate) fn inflate(packed: &[u8], limit: usize) -> Result<Vec<u8>, DecodeError> {
    if let Some(out) = quick_gzip(packed, limit) {
        return Ok(out);
    }
    let mut out = Vec::with_capacity(packed.len().saturating_mul(4).min(limit));
    // One byte more than allowed: a batch of exactly the limit is not too large.
    let bound = u64::try_from(limit).map_or(u64::MAX, |limit| limit.saturating_add(1));
    match MultiGzDecoder::new(packed).take(bound).read_to_end(&mut out) {
        Ok(_) if out.len() > limit => {
            Err(DecodeError { fault: DecodeFault::TooLarge { limit }, log_group: group_in(&out) })
        }
        Ok(_) => Ok(out),
        Err(error) => Err(DecodeError {
            fault: DecodeFault::TornGzip { inflated: out.len(), reason: error.to_string() },
            log_group: group_in(&out),
        }),
    }
}

/// Just enough of each kind of event to tell them apart. Unknown fields are AWS's to add.
#[derive(Deserialize)]
struct Event<'a> {
    awslogs: Option<Awslogs<'a>>,
    #[serde(rename = "Records", borrow)]
    records: Option<Vec<WireRecord<'a>>>,
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
struct WireRecord<'a> {
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

impl WireRecord<'_> {
    fn open(self, max_bytes: usize, inside: Within) -> Result<Vec<Record>, DecodeError> {
        match self {
            Self { kinesis: Some(kinesis), region, .. } => Ok(vec![Record {
                id: Some(kinesis.sequence_number),
                region: region.map(Region::new),
                content: unpack(&kinesis.data, max_bytes).map(Content::Json),
            }]),
            Self { message_id: Some(id), body: Some(body), .. } if inside == Within::Lambda => {
                Ok(queued(&id, &body, max_bytes))
            }
            _ => Err(DecodeFault::UnknownEvent.into()),
        }
    }
}

/// The records of a queue's message. One that holds no event fails alone.
fn queued(id: &str, body: &str, max_bytes: usize) -> Vec<Record> {
    let inner = event(body.as_bytes(), max_bytes, Within::Queue);
    let mut records = inner.unwrap_or_else(|error| vec![record(Err(error))]);
    records.iter_mut().for_each(|record| record.id = Some(id.to_owned()));
    records
}

// The ordinary payload is unpacked by the fastest means there are: vector instructions for base64, libdeflate for gzip.
// Neither has the last word: what they refuse is `None`, and the general way decides and finds the words for it. Without
// the feature `quick` there is nothing but the general way, since libdeflate is C and a first diagnosis needs no C compiler.

/// The data of a subscription's event, written without blanks as Lambda hands it over. What decodes as base64 holds neither
/// quotes nor escapes: the event is what it looks like.
#[cfg(feature = "quick")]
fn quick_subscription(event: &[u8]) -> Option<Vec<u8>> {
    let data = event.strip_prefix(b"{\"awslogs\":{\"data\":\"")?.strip_suffix(b"\"}}")?;
    base64_simd::STANDARD.decode_to_vec(data).ok()
}

/// Inflates gzip of one member that ends with the data and inflates to at most `limit` bytes.
#[cfg(feature = "quick")]
fn quick_gzip(packed: &[u8], limit: usize) -> Option<Vec<u8>> {
    /// Magic number, the method, and no flags: a header of ten bytes without a name, a comment or a sum of its own.
    const PLAIN_HEADER: [u8; 4] = [0x1f, 0x8b, 8, 0];
    /// No byte of deflated data stands for more: <https://www.zlib.net/zlib_tech.html>
    const MOST_EXPANSION: usize = 1032;
    let (rest, size) = packed.split_last_chunk::<4>()?;
    let inflated = usize::try_from(u32::from_le_bytes(*size)).ok()?;
    // The size is the sender's claim: room is made for no more than is allowed and than the data can hold.
    if !packed.starts_with(&PLAIN_HEADER)
        || inflated > limit
        || inflated > rest.len().saturating_mul(MOST_EXPANSION)
    {
        return None;
    }
    // libdeflate reads one member and leaves what follows unread. It compares the size that ends the member with what came
    // out: where those four bytes stand nowhere but at the end of the data, that is where the member ended.
    if memchr::memmem::find(rest, size).is_some() {
        return None;
    }
    let mut out = vec![0; inflated];
    let length = libdeflater::Decompressor::new().gzip_decompress(packed, &mut out).ok()?;
    (length == inflated).then_some(out)
}

#[cfg(not(feature = "quick"))]
fn quick_subscription(_: &[u8]) -> Option<Vec<u8>> {
    None
}

#[cfg(not(feature = "quick"))]
fn quick_gzip(_: &[u8], _: usize) -> Option<Vec<u8>> {
    None
}
