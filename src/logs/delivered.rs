//! Delivered execution logs (log type `EXECUTION_LOGS`): records of any API and stage → batches of classic lines.
//!
//! A record says which API and stage wrote it, so one batch becomes one batch a source. The four fields (resource ARN,
//! event timestamp, stage, payload) are documented, their spelling is not: any letter case and any separators are taken.
//! Records are known by their shape, so that nobody has to say what a saved file holds.

use crate::logs::{delivered_payload, delivered_source, opening};

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::logs::delivered_payload::Line;
use crate::logs::delivered_source::RecordSource;
use crate::logs::record::{LogBatch, LogEvent, Source};

/// Divides a batch of delivered records by API and stage; any other batch comes back as it was.
pub fn unpack(batch: LogBatch<'_>) -> Vec<LogBatch<'_>> {
    if !batch.events.iter().any(|event| may_be_record(&event.message)) {
        return vec![batch];
    }
    let mut sorted = Sorted { source: batch.source, batches: Vec::new(), places: HashMap::new(), lines: 0 };
    for event in batch.events {
        match Record::read(&event.message) {
            Some(record) => sorted.take(record, &event),
            None => sorted.keep(event),
        }
    }
    sorted.batches
}

/// Whether an event is JSON that was not understood: a delivered record in a spelling that is new to this program.
pub fn is_foreign(event: &LogEvent<'_>) -> bool {
    event.message.trim_start().starts_with('{') && Record::read(&event.message).is_none()
}

/// Whether a JSON value is a record.
pub(crate) fn is_record(value: &Value) -> bool {
    value.as_object().is_some_and(|fields| Record::of_fields(fields).is_some())
}

/// A glance that spares ordinary lines the parsing.
pub(crate) fn may_be_record(message: &str) -> bool {
    // What opens with a request's id is a line.
    !message.starts_with('(') && (json_of(message).is_some() || delivered_source::opens_with_arn(message))
}

/// The JSON of an event, behind the time that a copy may have put before it.
fn json_of(message: &str) -> Option<&str> {
    let open = |text: &str| text.trim_start().starts_with('{');
    if open(message) {
        return Some(message);
    }
    // The common line holds none at all, or none before it is clear that it opens with an id.
    memchr::memchr(b'{', message.as_bytes())?;
    let first = message.lines().next()?;
    let opening = opening::opening(first);
    let dated = opening.at.is_some() && opening.request.is_none() && open(opening.text);
    dated.then(|| &message[first.len() - opening.text.len()..])
}

/// One delivered record.
struct Record {
    place: RecordSource,
    at: Option<Timestamp>,
    request: Option<String>,
    lines: Vec<Line>,
}

impl Record {
    fn read(message: &str) -> Option<Self> {
        match json_of(message) {
            Some(json) => Self::of_fields(serde_json::from_str::<Value>(json).ok()?.as_object()?),
            None => {
                let (header, payload) = delivered_source::plain(message)?;
                let lines = delivered_payload::split(payload);
                (!lines.is_empty()).then_some(Self {
                    place: header.place,
                    at: header.at,
                    request: None,
                    lines,
                })
            }
        }
    }

    fn of_fields(fields: &Map<String, Value>) -> Option<Self> {
        let payload = field(fields, &["payload"])?;
        let arn = field(fields, &["resourcearn", "resource", "arn"]).and_then(Value::as_str);
        let stage = field(fields, &["stage", "stagename"]).and_then(Value::as_str);
        let at = field(fields, &["eventtimestamp", "timestamp", "eventtime"]);
        // One of the others beside it: anybody's JSON may have a payload.
        if arn.is_none() && stage.is_none() && at.is_none() {
            return None;
        }
        let mut place = arn.and_then(RecordSource::of_arn).unwrap_or_default();
        place.name_stage(stage);
        let lines = delivered_payload::lines(payload);
        // A record that says nothing is not understood.
        (!lines.is_empty()).then(|| Self {
            place,
            at: at.and_then(delivered_payload::time),
            request: delivered_payload::request(fields),
            lines,
        })
    }
}

/// A field by its name without separators, in lower case.
pub(crate) fn field<'v>(fields: &'v Map<String, Value>, names: &[&str]) -> Option<&'v Value> {
    let bare = |name: &str| -> String {
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    names
        .iter()
        .find_map(|wanted| fields.iter().find(|(name, _)| bare(name) == *wanted))
        .map(|(_, value)| value)
}

/// The batches so far.
struct Sorted<'a> {
    source: Source,
    batches: Vec<LogBatch<'a>>,
    places: HashMap<Option<RecordSource>, usize>,
    lines: usize,
}

impl<'a> Sorted<'a> {
    fn take(&mut self, record: Record, event: &LogEvent<'a>) {
        let named = |line: &Line| line.request.is_some() || record.request.is_some();
        // Lines of one record without ids are one request's; in a batch of their own no other lines mix with them.
        let block = record.lines.len() > 1 && !record.lines.iter().any(named);
        let source = record.place.over(&self.source);
        let events: Vec<_> = record
            .lines
            .into_iter()
            .map(|line| {
                self.lines += 1;
                let at = line.at.or(record.at).or(event.at);
                let message = line.message(record.request.as_deref()).into();
                LogEvent { number: self.lines, id: event.id.clone(), at, message }
            })
            .collect();
        if block {
            self.batches.push(LogBatch { source, events });
        } else {
            self.batch_of(Some(record.place), source).events.extend(events);
        }
    }

    /// What is no record stays what it is.
    fn keep(&mut self, event: LogEvent<'a>) {
        // A batch that was sifted keeps its numbers.
        self.lines = event.number.max(self.lines + 1);
        let number = self.lines;
        let source = self.source.clone();
        self.batch_of(None, source).events.push(LogEvent { number, ..event });
    }

    fn batch_of(&mut self, place: Option<RecordSource>, source: Source) -> &mut LogBatch<'a> {
        let index = *self.places.entry(place).or_insert(self.batches.len());
        if index == self.batches.len() {
            self.batches.push(LogBatch { source, events: Vec::new() });
        }
        &mut self.batches[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5/stages/prod";

    fn unpacked(messages: &[String]) -> Vec<LogBatch<'_>> {
        let events = (1..).zip(messages).map(|(number, message)| LogEvent {
            number,
            id: None,
            at: None,
            message: message.as_str().into(),
        });
        let source = Source { log_group: Some("/my/delivered".to_owned()), ..Source::default() };
        unpack(LogBatch { source, events: events.collect() })
    }

    #[track_caller]
    fn check(message: String, at: Option<&str>, expected: &[&str]) {
        let messages = [message];
        let batches = unpacked(&messages);
        let [batch] = &batches[..] else { panic!("one batch: {batches:?}") };
        let api = batch.source.api.as_ref().map(ToString::to_string);
        assert_eq!((api.as_deref(), batch.source.stage.as_deref()), (Some("a1b2c3d4e5"), Some("prod")));
        let lines: Vec<_> = batch.events.iter().map(|event| &*event.message).collect();
        assert_eq!(lines, expected);
        assert_eq!(batch.events[0].at.map(|at| at.to_string()).as_deref(), at);
    }

    #[test]
    fn fields_are_read_in_any_spelling() {
        for [arn, time, stage, payload] in [
            ["resource_arn", "event_timestamp", "stage", "payload"],
            ["resourceArn", "eventTimestamp", "stage", "payload"],
            ["ResourceArn", "EventTimestamp", "Stage", "Payload"],
            ["resource-arn", "event-timestamp", "STAGE", "PAYLOAD"],
        ] {
            let record = serde_json::json!({
                arn: ARN, time: 1_772_446_530_001_i64, stage: "prod", payload: "(a) Starting execution for request: a",
            });
            let at = Some("2026-03-02T10:15:30.001Z");
            check(record.to_string(), at, &["(a) Starting execution for request: a"]);
        }
    }

    #[test]
    fn times_are_numbers_or_texts() {
        for time in [
            serde_json::json!(1_772_446_530_000_i64),
            serde_json::json!(1_772_446_530),
            serde_json::json!("1772446530000"),
            serde_json::json!("2026-03-02T10:15:30Z"),
        ] {
            let record = serde_json::json!({"resourceArn": ARN, "eventTimestamp": time, "payload": "(a) x"});
            check(record.to_string(), Some("2026-03-02T10:15:30Z"), &["(a) x"]);
        }
    }

    #[test]
    fn a_payload_is_one_line_many_or_a_list() {
        for payload in [
            serde_json::json!("(a) one\n(a) two: {\n}"),
            serde_json::json!(["(a) one", "(a) two: {\n}"]),
            serde_json::json!([{"message": "(a) one"}, {"Message": "(a) two: {\n}"}]),
            serde_json::json!({"lines": ["(a) one", "(a) two: {\n}"]}),
            serde_json::json!({"requestId": "a", "messages": ["one", "two: {\n}"]}),
            serde_json::json!("[\"(a) one\", \"(a) two: {\\n}\"]"),
        ] {
            let record = serde_json::json!({"resource_arn": ARN, "payload": payload});
            check(record.to_string(), None, &["(a) one", "(a) two: {\n}"]);
        }
    }

    #[test]
    fn a_body_can_not_open_a_line_of_another_request() {
        let body =
            "(a) Method request body before transformations: x\n(b) Execution failed due to a timeout error";
        let record = serde_json::json!({"resource_arn": ARN, "payload": body});
        check(record.to_string(), None, &[body]);
        let bare = "Method request body before transformations: x\nExecution failed due to a timeout error";
        let record = serde_json::json!({"resource_arn": ARN, "payload": bare});
        check(record.to_string(), None, &[bare]);
    }

    #[test]
    fn the_plain_form_opens_with_the_fields() {
        let at = Some("2026-03-02T10:15:30Z");
        check(format!("{ARN} 1772446530000 prod (a) one two"), at, &["(a) one two"]);
        check(format!("2026-03-02T10:15:30Z\t{ARN}\tprod\t(a) one two"), at, &["(a) one two"]);
    }

    #[test]
    fn sources_are_told_apart() {
        let record = |api: &str, stage: &str, line: &str| {
            let arn = format!("arn:aws-cn:apigateway:cn-north-1::/restapis/{api}/stages/{stage}");
            serde_json::json!({"resourceArn": arn, "payload": line}).to_string()
        };
        let messages = [
            record("aaa", "prod", "(1) x"),
            record("bbb", "prod", "(1) x"),
            record("aaa", "test", "(1) x"),
            record("aaa", "prod", "(2) x"),
            "(3) a plain line".to_owned(),
        ];
        let batches = unpacked(&messages);
        let found: Vec<_> = batches
            .iter()
            .map(|batch| {
                let Source { api, stage, .. } = &batch.source;
                (
                    api.as_ref().map_or("", |api| api.as_str()),
                    stage.as_deref().unwrap_or(""),
                    batch.events.len(),
                )
            })
            .collect();
        assert_eq!(found, [("aaa", "prod", 2), ("bbb", "prod", 1), ("aaa", "test", 1), ("", "", 1)]);
        assert!(batches.iter().all(|batch| batch.source.log_group.as_deref() == Some("/my/delivered")));
    }

    #[test]
    fn lines_without_ids_stay_with_their_record() {
        let record = serde_json::json!({"resource_arn": ARN, "payload": ["one", "two"]}).to_string();
        let messages = [record.clone(), record];
        assert_eq!(unpacked(&messages).len(), 2);
    }

    #[test]
    fn what_is_no_record_stays_as_it_is() {
        for message in [
            "{\"payload\": \"Execution failed due to a timeout error\"}",
            "{\"resource_arn\": \"x\", \"stage\": \"prod\"}",
            "{\"payload\": 5, \"stage\": \"prod\"}",
            "{\"payload\": [{\"unknown\": \"(a) x\"}, \"\"], \"stage\": \"prod\"}",
            "{ not json",
            "(a) {\"payload\": \"x\", \"stage\": \"prod\"}",
            "arn:aws:lambda:eu-west-1:111122223333:function:f x",
        ] {
            let messages = [message.to_owned()];
            let batches = unpacked(&messages);
            assert_eq!(batches[0].events[0].message, message);
            assert_eq!(batches[0].source.api, None);
        }
    }
}
