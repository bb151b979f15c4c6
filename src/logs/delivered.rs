//! Delivered execution logs (log type `EXECUTION_LOGS`): records of any API and stage → batches of classic lines.
//!
//! A record says which API and stage wrote it, so one batch becomes one batch a source. Its seven fields are documented
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-create-log-delivery.html>); `payload` is what
//! the standard log holds. Records are known by their shape, so that no option has to say what a saved file holds.
//!
//! A payload holds a client's body, and a client can know its request's id. So what follows a body in a record belongs to
//! the body, unless the record goes on to its request's end; see [`split`].

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::ids::{AccountId, ApiId, Region};
use crate::logs::batch::{Batch, DecodeError, DecodeFault, LogEvent, LogType, MOST_EVENTS, Source};
use crate::logs::line::{Kind, LogLine, Opening, opening};

/// Divides a batch of delivered records by API and stage; any other batch comes back as it was.
///
/// # Errors
///
/// [`DecodeFault::TooManyEvents`] where the records hold more lines than may be read.
pub fn unpack(batch: Batch<'_>) -> Result<Vec<Batch<'_>>, DecodeError> {
    if !batch.events.iter().any(|event| may_be_record(&event.message)) {
        return Ok(vec![batch]);
    }
    let group = batch.source.log_group.clone();
    let mut sorted = Sorted { source: batch.source, batches: Vec::new(), places: HashMap::new(), lines: 0 };
    for event in batch.events {
        match Delivered::read(&event.message) {
            Some(record) => sorted.take(record, &event),
            None => sorted.keep(event),
        }
        if sorted.lines > MOST_EVENTS {
            return Err(DecodeError {
                fault: DecodeFault::TooManyEvents { limit: MOST_EVENTS },
                log_group: group,
            });
        }
    }
    Ok(sorted.batches)
}

/// Whether a JSON value is a record.
pub(crate) fn is_record(value: &Value) -> bool {
    value.as_object().is_some_and(|fields| Delivered::of_fields(fields).is_some())
}

/// A glance that spares ordinary lines the parsing.
pub(crate) fn may_be_record(message: &str) -> bool {
    // What opens with a request's id is a line.
    !message.starts_with('(') && (json_of(message).is_some() || opens_with_arn(message))
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
    let Opening { at, request, text, .. } = opening(first);
    let dated = at.is_some() && request.is_none() && open(text);
    dated.then(|| &message[first.len() - text.len()..])
}

/// One delivered record.
struct Delivered {
    place: RecordSource,
    at: Option<Timestamp>,
    lines: Vec<String>,
}

impl Delivered {
    fn read(message: &str) -> Option<Self> {
        match json_of(message) {
            Some(json) => Self::of_fields(serde_json::from_str::<Value>(json).ok()?.as_object()?),
            None => Self::of_plain(message),
        }
    }

    fn of_fields(fields: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let payload = text("payload")?;
        let at = fields.get("event_timestamp");
        let (arn, api, stage) = (text("resource_arn"), text("api_id"), text("stage"));
        // One of the others beside it: any JSON may have a payload.
        if arn.is_none() && api.is_none() && stage.is_none() && at.is_none() {
            return None;
        }
        let mut place = arn.and_then(RecordSource::of_arn).unwrap_or_default();
        place.name_api(api);
        place.name_stage(stage);
        place.route = text("http_method").zip(text("resource_path")).and_then(route);
        Self::new(place, at.and_then(time), payload)
    }

    /// The plain form: the fields in the order that the delivery names, then the payload. What stands between them is the
    /// user's choice; blanks, TABs, commas and bars are taken.
    fn of_plain(message: &str) -> Option<Self> {
        if !opens_with_arn(message) {
            return None;
        }
        let between = |c: char| c.is_whitespace() || ",;|\"".contains(c);
        let (mut rest, mut place, mut at) = (message, None::<RecordSource>, None);
        let (mut verb, mut path) = ("", "");
        for _ in 0..OTHER_FIELDS {
            let text = rest.trim_start_matches(between);
            let (word, after) = text.split_at(text.find(between).unwrap_or(text.len()));
            if let Some(named) = RecordSource::of_arn(word).filter(|_| place.is_none()) {
                place = Some(named);
            } else if let Some(time) = time_of_text(word).filter(|_| at.is_none()) {
                at = Some(time);
            } else if is_verb(word) {
                verb = word;
            } else if word.starts_with('/') {
                path = word;
            } else if !place.as_ref().is_some_and(|place| place.repeats(word)) {
                break;
            }
            rest = after;
        }
        let mut place = place?;
        place.route = route((verb, path));
        Self::new(place, at, rest.trim_start_matches(between))
    }

    /// A record that says nothing is not understood.
    fn new(place: RecordSource, at: Option<Timestamp>, payload: &str) -> Option<Self> {
        let lines = split(payload);
        (!lines.is_empty()).then_some(Self { place, at, lines })
    }
}

/// Fields beside the payload.
const OTHER_FIELDS: usize = 6;

/// Most bytes of a record (AWS says 1 MB): what is as long may have been cut inside a body.
const LONGEST_RECORD: usize = 1_000_000;

/// The lines of a payload, which holds one or all of a request's.
///
/// Only a line that names the record's own request opens another, or that is one of API Gateway's where no line names any.
/// That much a client's body can forge. So a record that begins with a body is that body. Where a body stands further on,
/// what follows it counts only if the last line of all says that the request ended with a 5xx: bodies end before that
/// line, so that no client wrote it.
fn split(payload: &str) -> Vec<String> {
    let request = opening(payload.lines().next().unwrap_or("")).request;
    let opens = |line: &str| match request {
        Some(_) => opening(line).request == request,
        None => opening(line).is_framed() || LogLine::parse(line).kind != Kind::Other,
    };
    let (mut lines, mut start, mut next) = (Vec::new(), 0, 0);
    let mut quoted_from = None;
    for raw in payload.split_inclusive('\n') {
        let line = raw.trim_end();
        if opens(line) {
            if next > start {
                lines.push(&payload[start..next]);
                start = next;
            }
            let quotes = matches!(LogLine::parse(line).kind, Kind::Payload | Kind::ResponseHeaders(_));
            if quotes && quoted_from.is_none() {
                quoted_from = Some((lines.len(), start));
            }
        }
        next += raw.len();
    }
    lines.push(&payload[start..]);
    if let Some((place, start)) = quoted_from
        && (place == 0 || payload.len() >= LONGEST_RECORD || !ends_failed(&lines))
    {
        lines.truncate(place);
        lines.push(&payload[start..]);
    }
    lines.iter().map(|line| line.trim_end().to_owned()).filter(|line| !line.trim().is_empty()).collect()
}

/// Whether the request ended with a 5xx, by the last line but for those that always follow it.
fn ends_failed(lines: &[&str]) -> bool {
    let kinds = lines.iter().rev().map(|line| LogLine::parse(line).kind);
    let last = kinds.into_iter().find(|kind| *kind != Kind::Trailer);
    matches!(last, Some(Kind::Completed { status: Some(500..=599) }))
}

/// A time, as a number since the epoch or as a text.
fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => since_epoch(number.as_i64()?),
        Value::String(text) => time_of_text(text),
        _ => None,
    }
}

/// RFC 3339, or digits since the epoch.
fn time_of_text(text: &str) -> Option<Timestamp> {
    if text.len() > 40 {
        return None;
    }
    // Fewer digits are a status or another number.
    if text.len() >= 10 && text.bytes().all(|b| b.is_ascii_digit()) {
        return since_epoch(text.parse().ok()?);
    }
    text.parse().ok()
}

/// Milliseconds; seconds, where the number is too small for them.
fn since_epoch(number: i64) -> Option<Timestamp> {
    const LEAST_MILLISECONDS: i64 = 100_000_000_000;
    match number {
        i64::MIN..LEAST_MILLISECONDS => Timestamp::from_second(number),
        LEAST_MILLISECONDS.. => Timestamp::from_millisecond(number),
    }
    .ok()
}

/// An API's stage, as far as a record names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct RecordSource {
    region: Option<String>,
    account: Option<String>,
    api: Option<String>,
    stage: Option<String>,
    canary: bool,
    route: Option<(String, String)>,
}

impl RecordSource {
    /// Reads `arn:{partition}:apigateway:{region}:{account}:/restapis/{id}/stages/{stage}`, with or without account and
    /// first slash, `apis` for `restapis`, and `arn:{partition}:execute-api:{region}:{account}:{id}/{stage}`.
    fn of_arn(arn: &str) -> Option<Self> {
        let fields: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", _, service, region, account, resource] = fields[..] else { return None };
        let parts: Vec<&str> = resource.trim_start_matches('/').splitn(6, '/').collect();
        let (api, stage, rest) = match (service, &parts[..]) {
            ("apigateway", ["restapis" | "apis", api, "stages", stage, rest @ ..]) => {
                (*api, Some(*stage), rest)
            }
            ("apigateway", ["restapis" | "apis", api]) => (*api, None, &[][..]),
            ("execute-api", [api, stage, rest @ ..]) => (*api, Some(*stage), rest),
            _ => return None,
        };
        let sound = is_api(api);
        let mut place = Self {
            region: Some(region.to_owned()).filter(|region| !region.is_empty()),
            account: Some(account.to_owned()).filter(|account| !account.is_empty()),
            api: sound.then(|| api.to_owned()),
            stage: None,
            route: None,
            canary: rest.first().is_some_and(|word| word.eq_ignore_ascii_case("canary")),
        };
        place.name_stage(stage);
        sound.then_some(place)
    }

    /// Takes the API's id from its own field.
    fn name_api(&mut self, api: Option<&str>) {
        if self.api.is_none() {
            self.api = api.filter(|api| is_api(api)).map(str::to_owned);
        }
    }

    /// Whether a field of the plain form says again what the ARN says.
    fn repeats(&self, word: &str) -> bool {
        self.stage.as_deref() == Some(word) || self.api.as_deref() == Some(word)
    }

    /// Takes the stage's name from elsewhere, where the ARN did not say it.
    fn name_stage(&mut self, stage: Option<&str>) {
        let Some(stage) = stage.filter(|_| self.stage.is_none()) else { return };
        let (name, canary) = match stage.strip_suffix("/Canary") {
            Some(name) => (name, true),
            None => (stage, false),
        };
        let letter = |c: char| c.is_ascii_alphanumeric() || "_-$.".contains(c);
        if !name.is_empty() && name.len() <= 128 && name.chars().all(letter) {
            self.stage = Some(name.to_owned());
            self.canary |= canary;
        }
    }

    /// The source of the record's lines: the log group's, with what the record knows better.
    fn over(&self, group: &Source) -> Source {
        let mut source = group.clone();
        if let Some(api) = &self.api {
            (source.api, source.stage) = (Some(ApiId::new(api.as_str())), None);
        }
        source.stage = self.stage.clone().or(source.stage);
        source.region = source.region.or_else(|| self.region.as_deref().map(Region::new));
        source.account = source.account.or_else(|| self.account.as_deref().map(AccountId::new));
        source.canary |= self.canary;
        source.log = LogType::Delivered;
        source.route = self.route.clone();
        source
    }
}

fn is_verb(word: &str) -> bool {
    (3..=7).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Verb and resource, as far as they can be ones.
fn route((verb, path): (&str, &str)) -> Option<(String, String)> {
    let sound = is_verb(verb) && path.starts_with('/') && path.len() <= 1024;
    sound.then(|| (verb.to_owned(), path.to_owned()))
}

fn is_api(id: &str) -> bool {
    !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Whether a line may open with the fields of the plain form.
fn opens_with_arn(message: &str) -> bool {
    const FIELDS: usize = 160;
    let end = (0..=FIELDS.min(message.len())).rev().find(|end| message.is_char_boundary(*end)).unwrap_or(0);
    let head = &message[..end];
    head.contains("arn:") && (head.contains(":apigateway:") || head.contains(":execute-api:"))
}

/// The batches so far.
struct Sorted<'a> {
    source: Source,
    batches: Vec<Batch<'a>>,
    places: HashMap<Option<RecordSource>, usize>,
    lines: usize,
}

impl<'a> Sorted<'a> {
    fn take(&mut self, record: Delivered, event: &LogEvent<'a>) {
        let named = |line: &String| opening(line.lines().next().unwrap_or("")).request.is_some();
        // Lines of one record without ids are one request's; in a batch of their own no other lines mix with them.
        let block = record.lines.len() > 1 && !record.lines.iter().any(named);
        let source = record.place.over(&self.source);
        let at = record.at.or(event.at);
        let number = self.lines;
        self.lines += record.lines.len();
        let lines = (number + 1..).zip(record.lines);
        let events =
            lines.map(|(number, line)| LogEvent { number, id: event.id.clone(), at, message: line.into() });
        if block {
            let events = events.collect();
            self.batches.push(Batch { source, events, passed: 0 });
        } else {
            self.batch_of(Some(record.place), source).events.extend(events);
        }
    }

    /// What is no record stays what it is.
    fn keep(&mut self, event: LogEvent<'a>) {
        // A batch that was read in part keeps its numbers.
        self.lines = event.number.max(self.lines + 1);
        let number = self.lines;
        let source = self.source.clone();
        self.batch_of(None, source).events.push(LogEvent { number, ..event });
    }

    fn batch_of(&mut self, place: Option<RecordSource>, source: Source) -> &mut Batch<'a> {
        let index = *self.places.entry(place).or_insert(self.batches.len());
        if index == self.batches.len() {
            self.batches.push(Batch { source, ..Batch::default() });
        }
        &mut self.batches[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5/stages/prod";

    fn unpacked(messages: &[String]) -> Vec<Batch<'_>> {
        let events = (1..).zip(messages).map(|(number, message)| LogEvent {
            number,
            id: None,
            at: None,
            message: message.as_str().into(),
        });
        let source = Source { log_group: Some("/my/delivered".to_owned()), ..Source::default() };
        unpack(Batch { source, events: events.collect(), passed: 0 }).expect("few lines")
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
    fn the_documented_fields_are_read() {
        for time in [
            serde_json::json!(1_772_446_530_000_i64),
            serde_json::json!("1772446530000"),
            serde_json::json!("2026-03-02T10:15:30Z"),
        ] {
            let by_arn =
                serde_json::json!({"resource_arn": ARN, "event_timestamp": time, "payload": "(a) x"});
            let by_name = serde_json::json!({
                "event_timestamp": time, "api_id": "a1b2c3d4e5", "stage": "prod", "resource_path": "/orders",
                "http_method": "GET", "payload": "(a) x",
            });
            for record in [by_arn, by_name] {
                check(record.to_string(), Some("2026-03-02T10:15:30Z"), &["(a) x"]);
            }
        }
    }

    #[track_caller]
    fn check_payload(payload: &str, expected: &[&str]) {
        check(serde_json::json!({"resource_arn": ARN, "payload": payload}).to_string(), None, expected);
    }

    #[test]
    fn a_payload_is_one_line_or_all_of_a_request() {
        check_payload("(a) one\n(a) two: {\n}", &["(a) one", "(a) two: {\n}"]);
        check_payload("(a) one\n(b) two", &["(a) one\n(b) two"]);
        check_payload(
            "Sending request to x\nMethod completed with status: 500\nno line of API Gateway's",
            &["Sending request to x", "Method completed with status: 500\nno line of API Gateway's"],
        );
    }

    #[test]
    fn what_follows_a_body_belongs_to_it_unless_the_request_ends_with_a_5xx() {
        let body = "(a) Endpoint response body before transformations: {\n(a) Execution failed due to a timeout error\n}";
        check_payload(body, &[body]);
        let ended = format!("{body}\n(a) Method completed with status: 500");
        check_payload(&ended, &[&ended]);
        let block = |status| format!("(a) one\n{body}\n(a) Method completed with status: {status}");
        check_payload(&block(200), &["(a) one", &block(200)["(a) one\n".len()..]]);
        check_payload(
            &block(500),
            &[
                "(a) one",
                "(a) Endpoint response body before transformations: {",
                "(a) Execution failed due to a timeout error\n}",
                "(a) Method completed with status: 500",
            ],
        );
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
            serde_json::json!({"resource_arn": arn, "payload": line}).to_string()
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
        let record = serde_json::json!({"resource_arn": ARN, "payload": "Sending request to x\nMethod completed with status: 500"})
            .to_string();
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

    #[track_caller]
    fn check_arn(arn: &str, expected: Option<(&str, Option<&str>, bool)>) {
        let place = RecordSource::of_arn(arn);
        let found = place
            .as_ref()
            .map(|place| (place.api.as_deref().unwrap_or(""), place.stage.as_deref(), place.canary));
        assert_eq!(found, expected, "{arn}");
    }

    #[test]
    fn arns_name_api_and_stage() {
        check_arn(
            "arn:aws:apigateway:eu-west-1::/restapis/abc/stages/prod",
            Some(("abc", Some("prod"), false)),
        );
        check_arn(
            "arn:aws-cn:apigateway:cn-north-1:1:restapis/abc/stages/p",
            Some(("abc", Some("p"), false)),
        );
        check_arn(
            "arn:aws:apigateway:eu-west-1::/apis/abc/stages/$default",
            Some(("abc", Some("$default"), false)),
        );
        check_arn(
            "arn:aws:apigateway:eu-west-1::/restapis/abc/stages/prod/Canary",
            Some(("abc", Some("prod"), true)),
        );
        check_arn("arn:aws:apigateway:eu-west-1::/restapis/abc", Some(("abc", None, false)));
        check_arn("arn:aws:execute-api:eu-west-1:1:abc/prod/GET/x", Some(("abc", Some("prod"), false)));
    }

    #[test]
    fn other_arns_name_none() {
        check_arn("arn:aws:lambda:eu-west-1:1:function:f", None);
        check_arn("arn:aws:apigateway:eu-west-1::/restapis/a b/stages/prod", None);
        check_arn("arn:aws:apigateway:eu-west-1::/domainnames/x", None);
        check_arn("restapis/abc/stages/prod", None);
    }
}
