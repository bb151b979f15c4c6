//! What a person saved: an event or several, delivered records, or lines of text, whatever they open with.

use crate::logs::{AccessFormat, access_keys, delivered, exported, pasted, record, utf16};

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::logs::batch::{DecodeError, DecodeFault};
use crate::logs::record::{Record, open};

/// Opens a saved file. What is no event is text, even where it opens like JSON: a file may begin inside a body.
///
/// # Errors
///
/// What [`open`] says of an event that is torn or too large.
pub fn open_saved(raw: &[u8], max_bytes: usize) -> Result<Vec<Record>, DecodeError> {
    open_saved_as(raw, max_bytes, &[])
}

/// The same where lines in one of these formats are access lines, whatever else they look like.
///
/// # Errors
///
/// The same.
pub fn open_saved_as(
    raw: &[u8],
    max_bytes: usize,
    formats: &[AccessFormat],
) -> Result<Vec<Record>, DecodeError> {
    if raw.starts_with(&record::GZIP_MAGIC) {
        return open_inflated(&record::inflate(raw, max_bytes)?, max_bytes, formats);
    }
    open_inflated(raw, max_bytes, formats)
}

/// Whether a large input can be read in pieces of whole lines: it is text, or each of its lines is a document.
pub fn is_divisible(head: &[u8]) -> bool {
    if utf16::is_utf16(head) || !head.contains(&b'\n') {
        return false;
    }
    let json = without_mark(head);
    match json.first() {
        Some(b'{' | b'[') => {
            let first = json.split(|byte| *byte == b'\n').next().unwrap_or_default();
            serde_json::from_slice::<&RawValue>(first).is_ok()
        }
        _ => true,
    }
}

fn open_inflated(raw: &[u8], max_bytes: usize, formats: &[AccessFormat]) -> Result<Vec<Record>, DecodeError> {
    if raw.len() > max_bytes {
        return Err(DecodeFault::TooLarge { limit: max_bytes }.into());
    }
    let recoded = utf16::is_utf16(raw).then(|| utf16::decoded(raw).into_bytes());
    let raw = recoded.as_deref().unwrap_or(raw);
    let json = without_mark(raw);
    if !json.starts_with(b"{") && !json.starts_with(b"[") {
        if let Some(packed) = data(raw) {
            return open_saved_as(&packed, max_bytes, formats);
        }
        return match behind_command(raw) {
            Some(answer) => open_inflated(answer, max_bytes, formats),
            None => Ok(vec![text(raw, formats)]),
        };
    }
    match open(json, max_bytes) {
        Err(DecodeError { fault: DecodeFault::UnknownEvent, .. }) => match messages(json) {
            Some(bodies) => {
                let opened = bodies.iter().map(|body| open_saved_as(body.as_bytes(), max_bytes, formats));
                Ok(opened.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
            }
            None => Ok(records_or_text(json, formats)),
        },
        Err(DecodeError { fault: DecodeFault::NotJson(_), .. }) if !opens_as_event(json, max_bytes) => {
            Ok(records_or_text(json, formats))
        }
        Err(DecodeError { fault: DecodeFault::NotJson(reason), log_group }) => {
            several(json, max_bytes).ok_or(DecodeError { fault: DecodeFault::NotJson(reason), log_group })?
        }
        // A list, which `open` takes for text.
        Ok(_) if json.starts_with(b"[") => Ok(records_or_text(json, formats)),
        Ok(mut records) => {
            records.extend(beside_events(json));
            Ok(records)
        }
        error => error,
    }
}

/// A sentence of a failure that stands beside the events of a document: it is of no request, and is pointed out.
fn beside_events(json: &[u8]) -> Option<Record> {
    const EVENTS: [&str; 2] = ["events", "logEvents"];
    let fields: BTreeMap<String, &RawValue> = serde_json::from_slice(json).ok()?;
    let has_events = EVENTS.iter().any(|key| fields.contains_key(*key));
    let mut others = fields.iter().filter(|(key, _)| has_events && !EVENTS.contains(&key.as_str()));
    let found = others.find_map(|(_, value)| pasted::mention(0, value.get()))?;
    Some(record::of_string(format!("beside: {}\n", found.text)))
}

/// A text that a person saved or pasted, whatever frames its lines.
fn text(raw: &[u8], formats: &[AccessFormat]) -> Record {
    let text = utf16::decoded(without_mark(raw));
    let events = exported::of_csv(&text).or_else(|| exported::of_yaml(&text));
    record::of_string(match events {
        Some(events) => pasted::tidied_events(&events, formats),
        None => pasted::tidied(text, formats),
    })
}

/// What the `data` of a subscription's event holds, where it was copied alone.
fn data(raw: &[u8]) -> Option<Vec<u8>> {
    // How the base64 of every gzip begins.
    let text = raw.trim_ascii().strip_prefix(b"\"").unwrap_or(raw.trim_ascii());
    if !text.starts_with(b"H4sI") {
        return None;
    }
    let text = text.strip_suffix(b"\"").unwrap_or(text);
    let bare: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(bare).ok()
}

/// The bodies of a queue's messages, as `aws sqs receive-message` answers them.
fn messages(json: &[u8]) -> Option<Vec<String>> {
    let answer: Value = serde_json::from_slice(json).ok()?;
    let body = |message: &Value| message.get("Body").and_then(Value::as_str).map(str::to_owned);
    answer.get("Messages")?.as_array()?.iter().map(body).collect()
}

/// The JSON that a command answered, where the command was copied with it.
fn behind_command(raw: &[u8]) -> Option<&[u8]> {
    const FIRST: usize = 4096;
    let head = &raw[..raw.len().min(FIRST)];
    let start =
        memchr::memchr_iter(b'\n', head).find(|end| matches!(raw.get(end + 1), Some(b'{' | b'[')))? + 1;
    let is_command = memchr::memmem::find(&head[..start], b"aws ").is_some();
    let mut values = serde_json::Deserializer::from_slice(&raw[start..]).into_iter::<&RawValue>();
    (is_command && values.next().is_some_and(|first| first.is_ok())).then_some(())?;
    Some(raw[start..start + values.byte_offset()].trim_ascii_end())
}

/// What follows blanks and byte order marks at the beginning.
pub(crate) fn without_mark(raw: &[u8]) -> &[u8] {
    let mut rest = raw.trim_ascii_start();
    while let Some(after) = rest.strip_prefix(b"\xef\xbb\xbf") {
        rest = after.trim_ascii_start();
    }
    // Blank lines before a text say nothing, but they count where a line is quoted by its number.
    let marked = rest.len() < raw.trim_ascii_start().len();
    if marked || matches!(rest.first(), Some(b'{' | b'[')) { rest } else { raw }
}

/// Events one after the other, as JSON Lines or pages; `None` where one of them is torn.
fn several(json: &[u8], max_bytes: usize) -> Option<Result<Vec<Record>, DecodeError>> {
    let values = serde_json::Deserializer::from_slice(json).into_iter::<&RawValue>();
    let events: Vec<&RawValue> = values.collect::<Result<_, _>>().ok()?;
    let mut records = Vec::new();
    for event in events {
        match open(event.get().as_bytes(), max_bytes) {
            Ok(opened) => records.extend(opened),
            Err(error) => return Some(Err(error)),
        }
    }
    Some(Ok(records))
}

/// Whether the first value of a file is one of the events that this program takes, or the head of a torn one.
fn opens_as_event(json: &[u8], max_bytes: usize) -> bool {
    let mut values = serde_json::Deserializer::from_slice(json).into_iter::<&RawValue>();
    match values.next() {
        Some(Ok(first)) => !matches!(
            open(first.get().as_bytes(), max_bytes),
            Err(DecodeError { fault: DecodeFault::UnknownEvent | DecodeFault::NotJson(_), .. })
        ),
        _ => record::opens_with_key(json),
    }
}

/// Delivered records, one a line whatever their layout was; else the text as it is.
fn records_or_text(json: &[u8], formats: &[AccessFormat]) -> Vec<Record> {
    let values: Result<Vec<Value>, _> = match json.starts_with(b"[") {
        true => serde_json::from_slice(json),
        false => serde_json::Deserializer::from_slice(json).into_iter().collect(),
    };
    let values = values.or_else(|error| match json.trim_ascii_end() {
        // Events that were copied out of a list, with the commas between them.
        part if part.starts_with(b"{") && part.len() < COPIED => {
            let part = part.strip_suffix(b",").unwrap_or(part);
            serde_json::from_slice(&[b"[", part, b"]"].concat())
        }
        _ => Err(error),
    });
    let Some(values) = values.ok().filter(|values| !values.is_empty()) else {
        return vec![text(json, formats)];
    };
    match lines_of(&values) {
        Some(lines) => vec![record::of_string(pasted::tidied_events(&lines, formats))],
        None => vec![text(json, formats)],
    }
}

/// The lines of JSON values; `None` where they are no events, records or access lines.
pub(crate) fn lines_of(values: &[Value]) -> Option<String> {
    // Records and access lines are lines by themselves, whatever their layout is.
    let objects = values.iter().all(|value| delivered::is_record(value) || access_keys::is_line(value));
    let as_lines = || values.iter().map(|value| format!("{value}\n")).collect();
    if objects { Some(as_lines()) } else { exported::of_json(values) }
}

/// Most bytes that are copied out of a list by hand.
const COPIED: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let records = open_saved(text.as_bytes(), 1 << 20).expect("what is no event is text");
        let messages: Vec<String> = records
            .iter()
            .flat_map(|record| {
                let Ok(Some(batch)) = record.read() else { panic!("text reads") };
                batch.events.iter().map(|event| event.message.to_string()).collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(messages, expected, "{text}");
    }

    #[test]
    fn a_file_may_begin_inside_a_body() {
        check(
            "{\"a\": 1}\nMethod completed with status: 500",
            &["{\"a\": 1}", "Method completed with status: 500"],
        );
        check("{\n}\n(id) x", &["{\n}", "(id) x"]);
        check("[1,\nMethod completed with status: 500", &["[1,", "Method completed with status: 500"]);
        check("{\"events of last week\": 1}", &["{\"events of last week\": 1}"]);
    }

    #[test]
    fn records_are_lines_whatever_their_layout() {
        let record = "{\"payload\":\"(a) x\",\"stage\":\"prod\"}";
        let pretty = "{\n  \"payload\": \"(a) x\",\n  \"stage\": \"prod\"\n}";
        check(record, &[record]);
        check(pretty, &[record]);
        check(&format!("{record}\n{record}\n"), &[record, record]);
        check(&format!("{pretty}\n{pretty}\n"), &[record, record]);
        check(&format!("[{pretty},\n{record}]"), &[record, record]);
    }

    #[test]
    fn events_may_follow_one_another() {
        let page = "{\"events\":[{\"message\":\"(a) x\"}]}";
        check(&format!("{page}\n{page}\n"), &["(a) x", "(a) x"]);
    }

    #[test]
    fn a_torn_event_is_an_error() {
        for torn in [
            "{\"messageType\":\"DATA_MESSAGE\",\"logGroup\":\"g\",\"logEv",
            "{\"awslogs\": {\"data\": \"H4sI",
            "{\n  \"events\": [\n",
        ] {
            let error = open_saved(torn.as_bytes(), 1 << 20).expect_err("it is no text");
            assert!(matches!(error.fault, DecodeFault::NotJson(_)), "{error}");
        }
    }
}
