//! One document → a batch: the subscription's JSON, a `filter-log-events` answer, or lines of text.
//!
//! The formats are AWS's: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html>

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use crate::ids::AccountId;
use crate::logs::access_format::is_access;
use crate::logs::batch::{Batch, DecodeError, DecodeFault, LogEvent, MOST_EVENTS, Source};
use crate::logs::delivered;
use crate::logs::line::{CONTINUES, Kind, LogLine, opening};

/// Parses one inflated document.
pub(crate) fn read(document: &[u8]) -> Result<Option<Batch<'_>>, DecodeError> {
    let text = std::str::from_utf8(document).map_err(|error| DecodeError {
        fault: DecodeFault::NotUtf8 { valid_up_to: error.valid_up_to() },
        log_group: group_in(document),
    })?;
    let wire: Wire<'_> = serde_json::from_str(text).map_err(|error| not_json(document, &error))?;
    let missing = |field| DecodeError {
        fault: DecodeFault::MissingField(field),
        log_group: wire.log_group.as_deref().map(str::to_owned),
    };
    if let Some(Events(events)) = wire.events {
        return Ok(Some(Batch { source: Source::default(), events, passed: 0 }));
    }
    match wire.message_type.as_deref() {
        Some("DATA_MESSAGE") => {}
        Some("CONTROL_MESSAGE") => return Ok(None),
        Some(other) => return Err(DecodeFault::UnknownMessageType(other.chars().take(64).collect()).into()),
        None => return Err(missing("messageType")),
    }
    let Some(group) = wire.log_group.as_deref() else {
        return Err(missing("logGroup"));
    };
    let Events(events) = wire.log_events.ok_or_else(|| missing("logEvents"))?;
    let source = Source {
        account: wire.owner.map(|owner| AccountId::new(owner.into_owned())),
        log_stream: wire.log_stream.map(Cow::into_owned),
        ..Source::of_group(group)
    };
    Ok(Some(Batch { source, events, passed: 0 }))
}

pub(crate) fn not_json(document: &[u8], error: &serde_json::Error) -> DecodeError {
    let fault = match error.to_string() {
        reason if reason.starts_with(TOO_MANY) => DecodeFault::TooManyEvents { limit: MOST_EVENTS },
        reason => DecodeFault::NotJson(reason),
    };
    DecodeError { fault, log_group: group_in(document) }
}

/// The log group that the readable head of a broken document names, so that the error can say whose batch it was.
pub(crate) fn group_in(document: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&document[..document.len().min(1 << 20)]);
    let (_, rest) = head.split_once("\"logGroup\"")?;
    let (_, rest) = rest.split_once('"')?;
    let (group, _) = rest.split_once('"')?;
    // The pattern and length of a log group's name, from the CloudWatch Logs API reference.
    let named = |b: u8| b.is_ascii_alphanumeric() || b".-_/#".contains(&b);
    (group.len() <= 512 && !group.is_empty() && group.bytes().all(named)).then(|| group.to_owned())
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
    log_events: Option<Events<'a>>,
    #[serde(borrow)]
    events: Option<Events<'a>>,
}

#[derive(Deserialize)]
struct WireEvent<'a> {
    #[serde(borrow, alias = "eventId")]
    id: Option<Text<'a>>,
    timestamp: Option<i64>,
    /// An event without a text says nothing, and costs its neighbours nothing.
    #[serde(borrow, default, deserialize_with = "text_or_nothing")]
    message: Cow<'a, str>,
}

/// Numbered as they come, and no more of them than memory has room for.
struct Events<'a>(Vec<LogEvent<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Events<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(EventsVisitor).map(Self)
    }
}

struct EventsVisitor;

impl<'de> Visitor<'de> for EventsVisitor {
    type Value = Vec<LogEvent<'de>>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of log events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut events = Vec::new();
        while let Some(event) = list.next_element::<WireEvent<'de>>()? {
            if events.len() == MOST_EVENTS {
                return Err(A::Error::custom(TOO_MANY));
            }
            events.push(LogEvent {
                number: events.len() + 1,
                id: event.id.map(|Text(id)| id),
                at: event.timestamp.and_then(|ms| Timestamp::from_millisecond(ms).ok()),
                message: event.message,
            });
        }
        Ok(events)
    }
}

fn text_or_nothing<'de: 'a, 'a, D: Deserializer<'de>>(from: D) -> Result<Cow<'a, str>, D::Error> {
    Ok(Option::<Text<'de>>::deserialize(from)?.map(|Text(text)| text).unwrap_or_default())
}

/// How the parser's error says it: it knows no errors but its own.
const TOO_MANY: &str = "too many log events";

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

/// Lines of a text that are read: it comes unpacked, so that it takes less memory than a document of as many events.
const MOST_LINES: usize = 2 * MOST_EVENTS;

/// Splits a text into events: saved log lines, copies from the console, the console's test-invoke log.
///
/// Where any line of the text opens as a logged line does (a time, a request id), a line without such an opening belongs
/// to the event before it: bodies hold line breaks. Where none does, every line is an event of its own, but for a sentence
/// that a page layout broke in two.
pub(crate) fn read_text(text: &str) -> Result<Batch<'_>, DecodeError> {
    let framed = text.lines().any(|line| opening(line).is_framed());
    if !framed && is_reason_alone(text) {
        let message = Cow::Borrowed(text.trim());
        let events = vec![LogEvent { number: 1, id: None, at: None, message }];
        return Ok(Batch { events, ..Batch::default() });
    }
    let mut events: Vec<LogEvent<'_>> = Vec::new();
    // Where the last event starts in the text: what continues it is borrowed, not copied, however long it is.
    let (mut last_start, mut next) = (0, 0);
    let mut time_alone = None;
    for (number, raw) in (1..).zip(text.split_inclusive('\n')) {
        let start = next;
        next += raw.len();
        let line = raw.trim_end_matches(['\n', '\r']);
        if line.trim().is_empty() {
            continue;
        }
        let opening = opening(line);
        if opening.is_time_alone() {
            time_alone = opening.at;
            continue;
        }
        let wraps = |event: &LogEvent<'_>| !framed && is_second_half(&event.message, line);
        // An id without a time, behind a dated line that quotes a client or a backend, is that text's own.
        let quoted = |event: &LogEvent<'_>| {
            opening.at.is_none() && time_alone.is_none() && event.at.is_some() && is_quotation(&event.message)
        };
        let continues = (framed && !opening.is_framed() && time_alone.is_none())
            || line.starts_with(CONTINUES)
            || events.last().is_some_and(|last| wraps(last) || quoted(last));
        let full = events.len() == MOST_LINES;
        match events.last_mut().filter(|_| continues) {
            Some(last) => last.message = Cow::Borrowed(&text[last_start..start + line.len()]),
            None if full => {
                return Err(DecodeFault::TooManyEvents { limit: MOST_LINES }.into());
            }
            None => {
                last_start = start;
                let at = opening.at.or(time_alone.take());
                events.push(LogEvent { number, id: None, at, message: Cow::Borrowed(line) });
            }
        }
    }
    Ok(Batch { events, ..Batch::default() })
}

/// Whether the whole text may be one reason, wrapped: a few lines, none of which is one of API Gateway's own.
fn is_reason_alone(text: &str) -> bool {
    const MOST_LINES: usize = 4;
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let few = (2..=MOST_LINES).contains(&lines().take(MOST_LINES + 1).count());
    // Lines of an access log are not known either, and open alike.
    let opens = |line: &str| line.chars().take(2).collect::<Vec<_>>();
    let first = lines().next().map(opens);
    let goes_on = |line: &str| {
        !line.starts_with(|c: char| c.is_ascii_digit()) && Some(opens(line)) != first && !is_access(line, &[])
    };
    few && lines().all(is_unknown) && lines().skip(1).all(goes_on)
}

/// Whether a line goes on where a failure line broke off: in the middle of a sentence, so without a capital.
fn is_second_half(event: &str, line: &str) -> bool {
    let failure = !event.contains('\n') && LogLine::parse(event).kind == Kind::Failure;
    let broken_off = event.trim_end().ends_with(':') || !line.trim_start().starts_with(char::is_uppercase);
    failure && broken_off && is_unknown(line)
}

/// Whether an event quotes a client, a backend or a mapping of theirs.
fn is_quotation(event: &str) -> bool {
    let line = LogLine::parse(event);
    let of_others = matches!(line.kind, Kind::Payload | Kind::ResponseHeaders(_));
    // Headers and parameters end with a brace, bodies with anything.
    let closed = !line.text.contains(" body ") && event.trim_end().ends_with('}');
    of_others && !closed
}

fn is_unknown(line: &str) -> bool {
    !delivered::may_be_record(line) && LogLine::parse(line).kind == Kind::Other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(usize, &str)]) {
        let batch = read_text(text).expect("few lines");
        let found: Vec<_> = batch.events.iter().map(|e| (e.number, &*e.message)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn bare_lines_are_events() {
        check(
            "Sending request to http://x\nMethod completed with status: 500\n",
            &[(1, "Sending request to http://x"), (2, "Method completed with status: 500")],
        );
    }

    #[test]
    fn a_line_without_opening_continues_a_framed_one() {
        check(
            "(id-1) Endpoint response body before transformations: {\n  \"a\": 1\n}\n\n(id-1) Method completed with status: 500",
            &[
                (1, "(id-1) Endpoint response body before transformations: {\n  \"a\": 1\n}"),
                (5, "(id-1) Method completed with status: 500"),
            ],
        );
    }

    #[test]
    fn a_sentence_that_was_broken_in_two_is_one_event() {
        let opening = "Execution failed due to configuration error: Host name 'a'";
        check(
            &format!("{opening} \ndoes not match (CN=b)\nmore\nMethod completed with status: 500"),
            &[
                (1, &format!("{opening} \ndoes not match (CN=b)")),
                (3, "more"),
                (4, "Method completed with status: 500"),
            ],
        );
        check("Host name 'a' \ndoes not match (CN=b)\n", &[(1, "Host name 'a' \ndoes not match (CN=b)")]);
        check(&format!("{opening}\nAnother thing"), &[(1, opening), (2, "Another thing")]);
    }

    #[test]
    fn a_time_on_a_line_of_its_own_dates_the_next() {
        let text = "2020-07-02T11:34:31.881-04:00\n(id-1) Method completed with status: 500\n";
        let batch = read_text(text).expect("two lines");
        assert_eq!(batch.events.len(), 1);
        let at = batch.events[0].at.map(|at| at.to_string());
        assert_eq!(at.as_deref(), Some("2020-07-02T15:34:31.881Z"));
    }
}
