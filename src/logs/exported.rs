//! What tools print → lines: JSON of every kind of event, Logs Insights' results as JSON and CSV, the AWS CLI's YAML.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::logs::line::{Kind, LogLine, opening};
use crate::logs::{delivered, pasted};

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
            let at = ["@timestamp", "timestamp", "time"].into_iter().find_map(|key| fields.get(key));
            self.push(at.and_then(time), message);
        } else if let Some(line) = fields.values().filter_map(Value::as_str).find(|text| is_line(text))
            && !delivered::is_record(value)
            && fields.len() < 5
        {
            // A query of the AWS CLI has renamed the fields.
            self.found = true;
            self.push(None, line);
        } else {
            // An access line, a delivered record, or another program's object.
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

    fn push(&mut self, at: Option<String>, message: &str) {
        let message = message.trim_end();
        match at {
            Some(at) if !message.starts_with('{') && opening(message).at.is_none() => {
                let _ = writeln!(self.text, "{at} {message}");
            }
            _ => {
                let _ = writeln!(self.text, "{message}");
            }
        }
    }
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
    let column = |name: &str| names.iter().position(|found| *found == name);
    let known = |name: &&str| crate::logs::access_keys::is_key(name);
    let message = column("@message").or_else(|| column("message"));
    if names.len() > 64 || (message.is_none() && names.iter().filter(|name| known(name)).count() < 3) {
        return None;
    }
    let at = column("@timestamp").or_else(|| column("timestamp"));
    let mut lines = Lines::default();
    for row in rows(text, comma).skip(1) {
        match message {
            Some(message) => {
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
    let mut lines = String::new();
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
                    let _ = writeln!(lines, "{}", message.trim_end());
                }
            }
            "timestamp" => {
                if let Some(message) = pending.take() {
                    let at = time(&Value::String(value)).unwrap_or_default();
                    let _ = writeln!(lines, "{}", format!("{at} {}", message.trim_end()).trim_start());
                }
            }
            _ => {}
        }
    }
    if let Some(message) = pending {
        let _ = writeln!(lines, "{}", message.trim_end());
    }
    Some(lines)
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
