//! What tools print → lines: JSON of every kind of event, Logs Insights' results as JSON and CSV, the AWS CLI's YAML.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::logs::line::{CONTINUES, Kind, LogLine, opening};
use crate::logs::wrapping::HEAD;
use crate::logs::{access_keys, delivered, pasted};

/// Keys that stand beside a message in an event; an object with any other key is another program's.
const BESIDE: [&str; 22] = [
    "@entity",
    "@ingestionTime",
    "@log",
    "@logGroup",
    "@logStream",
    "@message",
    "@ptr",
    "@timestamp",
    "eventId",
    "event_id",
    "id",
    "ingestionTime",
    "ingestion_time",
    "log_group",
    "log_stream",
    "logGroup",
    "logGroupName",
    "logStream",
    "logStreamName",
    "message",
    "time",
    "timestamp",
];

/// Keys under which tools that collect logs keep a line, whatever stands beside it.
const HOLDERS: [&str; 7] = ["@message", "_raw", "event", "message", "Message", "msg", "stringValue"];

/// Keys under which they keep the object that holds it.
const WRAPPERS: [&str; 11] = [
    "_source",
    "attributes",
    "body",
    "content",
    "data",
    "event",
    "hits",
    "logRecords",
    "resourceLogs",
    "result",
    "scopeLogs",
];

/// Keys of the time at which an event was logged.
const TIMES: [&str; 3] = ["@timestamp", "timestamp", "time"];

/// How deep lists and objects may lie in one another.
const DEEPEST: usize = 8;

/// The lines of JSON values; `None` where they hold no event.
pub(crate) fn of_json(values: &[Value]) -> Option<String> {
    let mut lines = Lines::default();
    values.iter().for_each(|value| lines.collect(value, DEEPEST));
    lines.found.then_some(lines.text)
}

#[derive(Default)]
struct Lines {
    text: String,
    /// Whether any event was found, rather than objects of another program.
    found: bool,
}

impl Lines {
    fn collect(&mut self, value: &Value, depth: usize) {
        match value {
            Value::String(text) => {
                self.found = true;
                self.push(None, text);
            }
            Value::Array(items) if is_row(items) => self.row(items),
            Value::Array(items) if depth > 0 => items.iter().for_each(|item| self.collect(item, depth - 1)),
            Value::Object(fields) if depth > 0 => self.object(value, fields, depth),
            _ => {}
        }
    }

    fn object(&mut self, value: &Value, fields: &Map<String, Value>, depth: usize) {
        let text = |key: &str| fields.get(key).and_then(Value::as_str);
        let nested = ["events", "logEvents", "results"].into_iter().find_map(|key| fields.get(key));
        if let Some(log) = text("log") {
            self.found = true;
            self.push(None, log);
        } else if let Some(list @ Value::Array(_)) = nested {
            // What stands beside the events is of no request.
            let beside = fields.values().filter_map(Value::as_str);
            beside.for_each(|text| self.beside(text));
            self.collect(list, depth - 1);
        } else if let Some(message) = text("@message").or_else(|| text("message"))
            && fields.keys().all(|key| BESIDE.contains(&key.as_str()))
        {
            self.found = true;
            self.push(TIMES.into_iter().find_map(|key| fields.get(key)).and_then(time), message);
        } else if delivered::is_record(value) || access_keys::is_line(value) {
            self.found = true;
            let _ = writeln!(self.text, "{}", Value::Object(fields.clone()));
        } else if let Some(line) = HOLDERS.into_iter().filter_map(text).find(|text| is_line(text)) {
            self.found = true;
            self.push(TIMES.into_iter().find_map(|key| fields.get(key)).and_then(time), line);
        } else if let Some(line) = fields.values().filter_map(Value::as_str).find(|text| is_line(text))
            && fields.len() < 5
        {
            // A query of the AWS CLI has renamed the fields.
            self.found = true;
            self.push(None, line);
        } else {
            self.wrapped(fields, depth);
        }
    }

    /// What lies in the object of another tool; where that is no event, the object itself.
    fn wrapped(&mut self, fields: &Map<String, Value>, depth: usize) {
        let mut inner = Self::default();
        for value in WRAPPERS.into_iter().filter_map(|key| fields.get(key)) {
            // A text is a value of the tool's own.
            if !value.is_string() {
                inner.collect(value, depth - 1);
            }
        }
        if inner.found {
            self.found = true;
            self.text.push_str(&inner.text);
            fields.values().filter_map(Value::as_str).for_each(|text| self.beside(text));
        } else {
            let _ = writeln!(self.text, "{}", Value::Object(fields.clone()));
        }
    }

    /// A row of `get-query-results`: a list of `{"field": …, "value": …}`.
    fn row(&mut self, items: &[Value]) {
        let pair = |item: &Value| {
            Some((
                item.get("field")?.as_str()?.to_owned(),
                Value::String(item.get("value")?.as_str()?.to_owned()),
            ))
        };
        let fields: Map<String, Value> = items.iter().filter_map(pair).collect();
        self.found = true;
        match fields.get("@message").and_then(Value::as_str) {
            Some(message) => self.push(fields.get("@timestamp").and_then(time), message),
            None => self.object(&Value::Null, &fields, 1),
        }
    }

    /// A sentence of a failure beside the messages, which is of no request: it is pointed out, and proves nothing.
    fn beside(&mut self, text: &str) {
        if pasted::mention(0, text).is_some() {
            // Behind an empty line, so that it goes on with no request's last line.
            let _ = writeln!(self.text, "\nbeside: {}", text.replace(['\n', '\r'], " "));
        }
    }

    /// Adds an event. What follows its first line is marked as a part of it: a client's body may hold what looks like a line.
    fn push(&mut self, at: Option<String>, message: &str) {
        let message = message.trim();
        if message.is_empty() {
            return;
        }
        let is_dated = |message: &str| opening(message).at.is_some();
        // The log of a test is no event, but many lines.
        if message.starts_with(HEAD) || (message.starts_with(char::is_alphabetic) && is_dated(message)) {
            let _ = writeln!(self.text, "{message}");
            return;
        }
        // Nearly all are one line, which is sooner seen than looked for breaks of every kind.
        let breaks = |[first, second]: [u8; 2]| memchr::memchr2(first, second, message.as_bytes()).is_some();
        let is_one = message.is_ascii() && !breaks([b'\n', b'\r']) && !breaks([0xb, 0xc]);
        let first = if is_one { message } else { message.split(BREAKS).next().unwrap_or_default() };
        let further = message[first.len()..].split(BREAKS).filter(|line| !line.trim().is_empty());
        let first = first.trim_end();
        match at {
            Some(at) if !first.starts_with('{') && !is_dated(first) => {
                let _ = writeln!(self.text, "{at} {first}");
            }
            _ => {
                let _ = writeln!(self.text, "{first}");
            }
        }
        for line in further {
            let _ = writeln!(self.text, "{CONTINUES}{line}");
        }
    }
}

/// What ends a line, in any program.
const BREAKS: [char; 7] = ['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];

/// The lines of the one log or event that a document holds as `log`.
pub(crate) fn of_log(log: &str) -> String {
    let mut lines = Lines::default();
    lines.push(None, log);
    lines.text
}

/// Whether a text is a line that opens with the id of a request.
fn is_line(text: &str) -> bool {
    let opening = opening(text);
    opening.request.is_some_and(|id| id.len() >= 8) && LogLine::parse(text).kind != Kind::Other
}

fn is_row(items: &[Value]) -> bool {
    let is_pair = |item: &Value| item.get("field").is_some() && item.get("value").is_some();
    !items.is_empty() && items.iter().all(is_pair)
}

/// A time in RFC 3339.
fn time(value: &Value) -> Option<String> {
    let milliseconds = match value {
        Value::Number(number) => number.as_i64()?,
        Value::String(text) if text.len() == 13 && text.bytes().all(|b| b.is_ascii_digit()) => {
            text.parse().ok()?
        }
        Value::String(text) if text.len() <= 40 => {
            let zoned = text.parse::<jiff::Timestamp>().ok().map(|at| at.to_string());
            let naive = || text.replacen(' ', "T", 1).parse::<jiff::civil::DateTime>().ok();
            return zoned.or_else(|| naive().map(|at| format!("{at}Z")));
        }
        _ => return None,
    };
    jiff::Timestamp::from_millisecond(milliseconds).ok().map(|at| at.to_string())
}

/// The lines of Logs Insights' CSV, whose first row names its columns; `None` where it is none.
pub(crate) fn of_csv(text: &str) -> Option<String> {
    let head = text.trim_start().lines().next()?;
    // Spreadsheets of many countries keep the comma for numbers.
    let comma = if head.contains(';') && !head.contains(',') { ';' } else { ',' };
    let names: Vec<&str> = head.split(comma).map(|name| name.trim().trim_matches('"')).collect();
    // A line of keys and values names no columns, nor does one of a log.
    if names.len() > 64 || head.contains(':') || head.starts_with(['{', '[', '(', '<']) {
        return None;
    }
    let column = |name: &str| names.iter().position(|found| found.eq_ignore_ascii_case(name));
    let known = |name: &&str| access_keys::is_key(name);
    let message = ["@message", "message", "_raw"].into_iter().find_map(column);
    if message.is_none() && names.iter().filter(|name| known(name)).count() < 3 {
        return None;
    }
    // A heading over lines that are no rows.
    if names.len() == 1 && !text.trim_start().lines().nth(1).is_some_and(|line| line.starts_with('"')) {
        return None;
    }
    let at = ["@timestamp", "timestamp", "_time", "date", "time"].into_iter().find_map(column);
    let mut lines = Lines::default();
    for mut row in rows(text, comma).skip(1) {
        match message {
            Some(message) => {
                // Not every program puts marks around a value that holds a comma.
                if message + 1 == names.len() && row.len() > names.len() {
                    let rest = row.split_off(message);
                    row.push(rest.join(&comma.to_string()));
                }
                let Some(text) = row.get(message) else { continue };
                let at = at.and_then(|at| time(&Value::String(row.get(at)?.clone())));
                lines.push(at, text);
                row.iter().filter(|value| *value != text).for_each(|value| lines.beside(value));
            }
            None => {
                let fields =
                    names.iter().zip(row).map(|(name, value)| ((*name).to_owned(), Value::String(value)));
                let _ = writeln!(lines.text, "{}", Value::Object(fields.collect()));
            }
        }
    }
    Some(lines.text)
}

/// The rows of a CSV text, as RFC 4180 has them: a value in quotation marks may hold commas, line breaks and, doubled,
/// quotation marks.
fn rows(text: &str, comma: char) -> impl Iterator<Item = Vec<String>> {
    let mut rest = text.trim_start();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut row = Vec::new();
        loop {
            let (value, after) = value(rest, comma);
            row.push(value);
            rest = after.strip_prefix(comma).unwrap_or(after);
            if !after.starts_with(comma) {
                rest = after.strip_prefix('\r').unwrap_or(after);
                rest = rest.strip_prefix('\n').unwrap_or(rest);
                return Some(row);
            }
        }
    })
}

fn value(text: &str, comma: char) -> (String, &str) {
    let Some(mut rest) = text.strip_prefix('"') else {
        let (value, rest) = text.split_at(text.find([comma, '\n', '\r']).unwrap_or(text.len()));
        return (value.to_owned(), rest);
    };
    let mut value = String::new();
    loop {
        let (part, after) = rest.split_at(rest.find('"').unwrap_or(rest.len()));
        value.push_str(part);
        let Some(after) = after.strip_prefix('"') else { return (value, "") };
        match after.strip_prefix('"') {
            Some(more) => {
                value.push('"');
                rest = more;
            }
            // What stands behind the closing mark belongs to nothing.
            None => return (value, after.trim_start_matches(|c| c != comma && c != '\n')),
        }
    }
}

/// The lines of the AWS CLI's YAML, for the two keys that hold log text; `None` where it is none.
pub(crate) fn of_yaml(text: &str) -> Option<String> {
    let is_key = |line: &&str, key: &str| {
        let line = line.trim_start_matches(['-', ' ']);
        line.strip_prefix(key).is_some_and(|rest| rest.starts_with(": ") || rest == ":")
    };
    let mut head = text.lines().take(40);
    if !head.any(|line| is_key(&line, "log") || is_key(&line, "message")) {
        return None;
    }
    let yaml = ["body", "eventId", "events", "headers", "latency", "searchedLogStreams", "status"];
    if !text.lines().take(40).any(|line| yaml.iter().any(|key| is_key(&line, key))) {
        return None;
    }
    let mut lines = Lines::default();
    let mut all = text.lines().peekable();
    let mut pending: Option<String> = None;
    while let Some(line) = all.next() {
        let indent = line.len() - line.trim_start_matches(['-', ' ']).len();
        let key = line.trim_start_matches(['-', ' ']);
        let Some((key, first)) = key.split_once(':').filter(|(key, _)| !key.contains(char::is_whitespace))
        else {
            continue;
        };
        let mut value = first.trim().to_owned();
        // Lines that are further in belong to the value.
        let inside = |next: &&str| {
            next.trim().is_empty() || next.len() - next.trim_start().len() > indent.saturating_sub(2)
        };
        let style = value.clone();
        let mut more = Vec::new();
        while matches!(key, "log" | "message")
            && all.peek().is_some_and(|next| inside(next) && !begins_key(next, indent))
        {
            more.extend(all.next());
        }
        if !more.is_empty() {
            value = joined(&style, &more);
        }
        let value = unquoted(&value);
        match key {
            "log" | "message" => {
                if let Some(message) = pending.replace(value) {
                    lines.push(None, &message);
                }
            }
            "timestamp" => {
                if let Some(message) = pending.take() {
                    lines.push(time(&Value::String(value)), &message);
                }
            }
            _ => {}
        }
    }
    if let Some(message) = pending {
        lines.push(None, &message);
    }
    Some(lines.text)
}

/// Whether a line begins the next key at this depth, or the next item.
fn begins_key(line: &str, indent: usize) -> bool {
    let depth = line.len() - line.trim_start_matches(['-', ' ']).len();
    depth <= indent
        && line.trim_start_matches(['-', ' ']).split_once(':').is_some_and(|(key, rest)| {
            !key.is_empty()
                && key.bytes().all(|b| b.is_ascii_alphanumeric())
                && (rest.is_empty() || rest.starts_with(' '))
        })
}

/// A value of several lines: a block keeps its line breaks, a quoted text has them where an empty line stands.
fn joined(style: &str, more: &[&str]) -> String {
    if style.starts_with(['|', '>']) {
        return more.iter().map(|line| line.trim_start()).collect::<Vec<_>>().join("\n");
    }
    let mut text = style.to_owned();
    for line in more {
        let bare = line.trim();
        if bare.is_empty() {
            text.push('\n');
        } else {
            let joint = if text.ends_with('\n') || text.ends_with('\\') { "" } else { " " };
            let open = text.strip_suffix('\\').map(str::to_owned).unwrap_or(text);
            text = open + joint + bare.strip_prefix('\\').unwrap_or(bare);
        }
    }
    text
}

fn unquoted(value: &str) -> String {
    if let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        let json = format!("\"{}\"", inner.replace('\n', "\\n"));
        return serde_json::from_str(&json)
            .unwrap_or_else(|_| inner.replace("\\n", "\n").replace("\\\"", "\""));
    }
    match value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        Some(inner) => inner.replace("''", "'"),
        None => value.to_owned(),
    }
}
