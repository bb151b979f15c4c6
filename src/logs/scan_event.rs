//! One event of a document, divided without being read: `{"id":"…","timestamp":…,"message":"(request) text"}`.

use std::borrow::Cow;

use jiff::Timestamp;
use memchr::{memchr, memchr2, memmem};

use crate::logs::line::LineRelevance;
use crate::logs::record::LogEvent;

/// An event, divided. Many of them are kept at a time, and of few more is asked than how much they weigh.
pub(crate) struct EventSpan {
    /// Where `{"id":"…","timestamp":…,"message":"…"}` stands in the document.
    start: u32,
    end: u32,
    /// Whether the message holds an escape.
    escaped: bool,
    /// What its text can mean for the request.
    pub(crate) weight: LineRelevance,
}

const ID: &str = "{\"id\":\"";
const TIMESTAMP: &str = "\",\"timestamp\":";
/// Digits of a time between 2001 and 2286.
const TIME_DIGITS: usize = 13;
const MESSAGE: &str = ",\"message\":\"";
const END: &str = "\"}";

/// Bytes of a text in which an escape could hide a sentence that tells of a failure: as many as the longest of them has.
const OPENING: usize = 48;

/// Longest id of a request that a line is searched for.
const LONGEST_ID: usize = 256;

/// Divides the events of a document.
pub(crate) struct EventScanner<'a> {
    document: &'a str,
    /// Digits of an event's id: all ids have as many.
    id_digits: usize,
    /// The end of an event and the beginning of the next, from the quote that ends a message.
    border: memmem::Finder<'static>,
}

impl<'a> EventScanner<'a> {
    /// For a document whose first event begins at this place.
    pub(crate) fn new(document: &'a str, start: usize) -> Option<Self> {
        let first = document.as_bytes().get(start + ID.len()..)?;
        let border = memmem::Finder::new(b"\"},{\"id\":\"");
        Some(Self { document, id_digits: memchr(b'"', first)?, border })
    }

    /// Divides the event at this place and says which request it is of, not looking at the id (see [`is_plain_id`]), and
    /// where it ends; `None` for an event of any other shape.
    pub(crate) fn event(&self, start: usize) -> Option<(EventSpan, &'a [u8], usize)> {
        let bytes = self.document.as_bytes();
        let id_end = digits(bytes, after(bytes, start, ID)?, self.id_digits)?;
        let timestamp = after(bytes, id_end, TIMESTAMP)?;
        let time_end = digits(bytes, timestamp, TIME_DIGITS)?;
        let request = after(bytes, after(bytes, time_end, MESSAGE)?, "(")?;
        let request_end = request + memchr(b')', &bytes[request..bytes.len().min(request + LONGEST_ID)])?;
        let text = after(bytes, request_end, ") ")?;
        // A number of that many digits, and a text that begins at once: neither needs a second thought.
        if bytes[timestamp] == b'0' || !bytes.get(text)?.is_ascii_graphic() {
            return None;
        }
        let first = text + memchr2(b'"', b'\\', &bytes[text..])?;
        let escaped = bytes[first] == b'\\';
        let end = if escaped { self.closing_quote(first)? } else { first };
        let next = after(bytes, end, END)?;
        let weight = match LineRelevance::of(&bytes[text..first]) {
            LineRelevance::Tells if escaped && first - text < OPENING => LineRelevance::Fails,
            weight => weight,
        };
        let (start, end) = (u32::try_from(start).ok()?, u32::try_from(next).ok()?);
        Some((EventSpan { start, end, escaped, weight }, &bytes[request..request_end], next))
    }

    /// An event as the general way reads it.
    pub(crate) fn read(&self, glimpse: &EventSpan, number: usize) -> Option<LogEvent<'a>> {
        let event = &self.document[glimpse.start as usize..glimpse.end as usize];
        let (id, rest) = event[ID.len()..].split_at(self.id_digits);
        let (time, rest) = rest[TIMESTAMP.len()..].split_at(TIME_DIGITS);
        let message = &rest[MESSAGE.len()..rest.len() - END.len()];
        let message = match glimpse.escaped {
            false => Cow::Borrowed(message),
            // With the quotes around it.
            true => Cow::Owned(
                serde_json::from_str(&rest[MESSAGE.len() - 1..=MESSAGE.len() + message.len()]).ok()?,
            ),
        };
        let milliseconds = time.bytes().fold(0, |number, digit| 10 * number + i64::from(digit - b'0'));
        let at = Timestamp::from_millisecond(milliseconds).ok();
        Some(LogEvent { number, id: Some(Cow::Borrowed(id)), at, message })
    }

    /// Where the text ends that an escape at `start` is part of; `None` where it is none that JSON allows.
    fn closing_quote(&self, start: usize) -> Option<usize> {
        let bytes = self.document.as_bytes();
        // The next event's beginning ends it, unless the text is an odd one: no text holds a quote behind a brace unescaped.
        if let Some(length) = self.border.find(&bytes[start..])
            && is_plainly_escaped(&bytes[start..=start + length])
        {
            return Some(start + length);
        }
        let mut at = start;
        loop {
            at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
            if bytes[at] == b'"' {
                return Some(at);
            }
            at += match bytes.get(at + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
                b'u' if is_character(bytes.get(at + 2..at + 6)?) => 6,
                _ => return None,
            };
        }
    }
}

/// Whether a request's id is of the usual kind: one of letters, digits and a few marks holds no blank and no escape, nor the
/// end of its message.
pub(crate) fn is_plain_id(id: &[u8]) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() | matches!(byte, b'-' | b'_' | b'=' | b'+' | b'/');
    // No look at a byte depends on the one before: letters and digits come in no order that could be foreseen.
    !id.is_empty() && id.iter().fold(true, |all, byte| all & plain(*byte))
}

/// The place behind so many digits, where they stand here; many are looked at at once.
#[inline]
fn digits(bytes: &[u8], start: usize, many: usize) -> Option<usize> {
    let digits = bytes.get(start..start + many)?;
    digits.iter().fold(true, |digits, byte| digits & byte.is_ascii_digit()).then_some(start + many)
}

/// The place behind these bytes, where they stand here.
#[inline]
fn after(bytes: &[u8], start: usize, expected: &str) -> Option<usize> {
    let end = start + expected.len();
    (bytes.get(start..end)? == expected.as_bytes()).then_some(end)
}

/// Whether, up to the quote that ends them, bytes hold quotes only behind a backslash, and of escapes only those of quotes
/// and line breaks. Said of neighbours only, so that many are compared at once.
fn is_plainly_escaped(text: &[u8]) -> bool {
    let odd = |before: u8, byte: u8| {
        let (quote, escaped) = (byte == b'"', before == b'\\');
        let line_break = (byte == b'n') | (byte == b'r') | (byte == b't');
        (quote != escaped) & !(escaped & line_break)
    };
    let [inner @ .., last] = text else { return false };
    let [.., before_last] = inner else { return false };
    let pairs = inner.iter().zip(&inner[1..]);
    *last == b'"'
        && *before_last != b'\\'
        && !pairs.fold(false, |found, (before, byte)| found | odd(*before, *byte))
}

/// Four hexadecimal digits that are a character by themselves: no half of a pair.
fn is_character(digits: &[u8]) -> bool {
    let half = digits[0].eq_ignore_ascii_case(&b'd') && digits[1] > b'7';
    !half && digits.iter().all(u8::is_ascii_hexdigit)
}
