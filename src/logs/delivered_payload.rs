//! The payload of a delivered record: one line, many lines, or a list of lines.

use crate::logs::{opening, plain};

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::logs::delivered::field;
use crate::logs::line::{Kind, LogLine};

/// One execution-log line of a payload.
pub(crate) struct Line {
    pub(crate) at: Option<Timestamp>,
    /// The id that the line opens with, or that was said beside it.
    pub(crate) request: Option<String>,
    text: String,
}

impl Line {
    fn new(text: &str) -> Self {
        let opening = opening::opening(text.lines().next().unwrap_or(""));
        Self { at: opening.at, request: opening.request.map(str::to_owned), text: text.to_owned() }
    }

    /// The line as CloudWatch Logs has it: the request's id in brackets before it.
    pub(crate) fn message(self, of_record: Option<&str>) -> String {
        let opens = opening::opening(self.text.lines().next().unwrap_or("")).request.is_some();
        match self.request.as_deref().or(of_record) {
            Some(id) if !opens => format!("({id}) {}", self.text),
            _ => self.text,
        }
    }
}

/// How deep lists, objects and texts that hold JSON may lie in one another.
const DEEPEST: usize = 4;

/// All lines of a payload.
pub(crate) fn lines(payload: &Value) -> Vec<Line> {
    let mut lines = Vec::new();
    collect(payload, DEEPEST, &mut lines);
    lines.retain(|line| !line.text.trim().is_empty());
    lines
}

fn collect(value: &Value, depth: usize, lines: &mut Vec<Line>) {
    if depth == 0 {
        return;
    }
    match value {
        Value::String(text) => match nested(text) {
            Some(value) => collect(&value, depth - 1, lines),
            None => lines.extend(split(text)),
        },
        Value::Array(items) => {
            for item in items {
                match item {
                    // An item is one event, with whatever line breaks its body has.
                    Value::String(text) => lines.push(Line::new(text)),
                    other => collect(other, depth - 1, lines),
                }
            }
        }
        Value::Object(fields) => of_object(fields, depth, lines),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A line, or several, with what stands beside them.
fn of_object(fields: &Map<String, Value>, depth: usize, lines: &mut Vec<Line>) {
    const TEXTS: [&str; 7] = ["message", "messages", "line", "lines", "payload", "text", "log"];
    let Some(value) = field(fields, &TEXTS) else { return };
    let at = field(fields, &["timestamp", "eventtimestamp", "time"]).and_then(time);
    let request = request(fields);
    let first = lines.len();
    collect(value, depth - 1, lines);
    for line in &mut lines[first..] {
        line.at = line.at.or(at);
        line.request = line.request.take().or_else(|| request.clone());
    }
}

/// JSON that was written into a text.
fn nested(text: &str) -> Option<Value> {
    let opens = text.trim_start().starts_with(['{', '[']);
    opens.then(|| serde_json::from_str(text).ok()).flatten()
}

/// The lines of a text. Of a record whose first line names its request, only a line that names the same one opens
/// another: anything else may stand in a body.
pub(crate) fn split(payload: &str) -> Vec<Line> {
    if payload.trim().is_empty() {
        return Vec::new();
    }
    let first = payload.lines().next().unwrap_or("");
    let Some(request) = opening::opening(first).request else {
        let body = matches!(LogLine::parse(payload).kind, Kind::Payload | Kind::ResponseHeaders(_));
        if body {
            return vec![Line::new(payload)];
        }
        return plain::read(payload).events.iter().map(|event| Line::new(&event.message)).collect();
    };
    let (mut lines, mut start, mut next) = (Vec::new(), 0, 0);
    for raw in payload.split_inclusive('\n') {
        if next > start && opening::opening(raw.trim_end()).request == Some(request) {
            lines.push(Line::new(payload[start..next].trim_end()));
            start = next;
        }
        next += raw.len();
    }
    lines.push(Line::new(payload[start..].trim_end()));
    lines
}

/// The request's id said in a field of its own, where it can stand in brackets.
pub(crate) fn request(fields: &Map<String, Value>) -> Option<String> {
    let id = field(fields, &["requestid"])?.as_str()?;
    let sound = |c: char| !c.is_whitespace() && !c.is_control() && !"()".contains(c);
    (!id.is_empty() && id.len() <= 128 && id.chars().all(sound)).then(|| id.to_owned())
}

/// A time, as a number since the epoch or as a text.
pub(crate) fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => since_epoch(number.as_i64().or_else(|| Some(whole(number.as_f64()?)))?),
        Value::String(text) => time_of_text(text),
        _ => None,
    }
}

/// RFC 3339, or digits since the epoch.
pub(crate) fn time_of_text(text: &str) -> Option<Timestamp> {
    if text.len() > 40 {
        return None;
    }
    // Fewer digits are a status or a number of somebody's.
    if text.len() >= 10 && text.bytes().all(|b| b.is_ascii_digit()) {
        return since_epoch(text.parse().ok()?);
    }
    text.parse().ok()
}

/// Seconds, milliseconds, microseconds or nanoseconds, told apart by their size.
fn since_epoch(number: i64) -> Option<Timestamp> {
    let of = match number {
        i64::MIN..100_000_000_000 => Timestamp::from_second,
        100_000_000_000..100_000_000_000_000 => Timestamp::from_millisecond,
        100_000_000_000_000..100_000_000_000_000_000 => Timestamp::from_microsecond,
        100_000_000_000_000_000.. => |number: i64| Timestamp::from_nanosecond(number.into()),
    };
    of(number).ok()
}

/// Seconds with a fraction, in milliseconds. A cast saturates, and what is absurd is no time afterwards.
fn whole(seconds: f64) -> i64 {
    if seconds.abs() < 1e11 { (seconds * 1000.0) as i64 } else { seconds as i64 }
}
