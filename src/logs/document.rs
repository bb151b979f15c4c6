//! The subscription document and a `filter-log-events` answer → a batch.
//!
//! The formats are AWS's: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html>

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use crate::ids::AccountId;
use crate::logs::batch::{Batch, DecodeError, Fault, LogEvent, MOST_EVENTS, Source};

/// Parses one inflated document.
pub(crate) fn read(document: &[u8]) -> Result<Option<Batch<'_>>, DecodeError> {
    let text = std::str::from_utf8(document).map_err(|error| DecodeError {
        fault: Fault::NotUtf8 { valid_up_to: error.valid_up_to() },
        log_group: group_in(document),
    })?;
    let wire: Wire<'_> = serde_json::from_str(text).map_err(|error| not_json(document, &error))?;
    let missing = |field| DecodeError {
        fault: Fault::MissingField(field),
        log_group: wire.log_group.as_deref().map(str::to_owned),
    };
    if let Some(Events(events)) = wire.events {
        return Ok(Some(Batch { source: Source::default(), events, passed: 0 }));
    }
    match wire.message_type.as_deref() {
        Some("DATA_MESSAGE") => {}
        Some("CONTROL_MESSAGE") => return Ok(None),
        Some(other) => return Err(Fault::UnknownMessageType(other.chars().take(64).collect()).into()),
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
        reason if reason.starts_with(TOO_MANY) => Fault::TooManyEvents { limit: MOST_EVENTS },
        reason => Fault::NotJson(reason),
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
    #[serde(borrow)]
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
