//! One event of a document, divided without being read: `{"id":"…","timestamp":…,"message":"(request) text"}`.

use std::borrow::Cow;

use jiff::Timestamp;
use memchr::{memchr, memchr2, memmem};

use crate::decode::LogEvent;
use crate::decode::line::Weight;

/// An event, divided. Many of them are kept at a time, and of few more is asked than how much they weigh.
pub(super) struct Glimpse<'a> {
    /// `{"id":"…","timestamp":…,"message":"…"}`
    event: &'a str,
    id_length: u32,
    /// Whether the message holds an escape.
    escaped: bool,
    /// What its text can mean for the request.
    pub(super) weight: Weight,
}

const ID: &str = "{\"id\":\"";
const TIMESTAMP: &str = "\",\"timestamp\":";
/// A time between 2001 and 2286.
const DIGITS: usize = 13;
const MESSAGE: &str = ",\"message\":\"";
const END: &str = "\"}";

/// Bytes of a text in which an escape could hide a sentence that tells of a failure: as many as the longest of them has.
const OPENING: usize = 48;

/// Longest id of a request that a line is searched for.
const LONGEST_ID: usize = 256;

/// Divides the events of a document.
pub(super) struct Divider<'a> {
    document: &'a str,
    /// The end of an event and the beginning of the next, from the quote that ends a message.
    border: memmem::Finder<'static>,
}

impl<'a> Divider<'a> {
    pub(super) fn new(document: &'a str) -> Self {
        Self { document, border: memmem::Finder::new(b"\"},{\"id\":\"") }
    }

    /// Divides the event at this place and says which request it is of, not looking at the id (see [`is_plain_id`]), and
    /// where it ends; `None` for an event of any other shape.
    pub(super) fn event(&self, start: usize) -> Option<(Glimpse<'a>, &'a str, usize)> {
        let (document, bytes) = (self.document, self.document.as_bytes());
        let id = after(bytes, start, ID)?;
        let id_end = id + memchr2(b'"', b'\\', bytes.get(id..)?)?;
        let timestamp = after(bytes, id_end, TIMESTAMP)?;
        let time_end = timestamp + DIGITS;
        let request = after(bytes, after(bytes, time_end, MESSAGE)?, "(")?;
        let request_end = request + memchr(b')', &bytes[request..bytes.len().min(request + LONGEST_ID)])?;
        let text = after(bytes, request_end, ") ")?;
        // A number of 13 digits, and a text that begins at once: neither needs a second thought.
        let [first, last] = [bytes[timestamp..].first_chunk()?, bytes[time_end - 8..].first_chunk()?];
        if !are_digits(*first)
            || !are_digits(*last)
            || first[0] == b'0'
            || !bytes.get(text)?.is_ascii_graphic()
        {
            return None;
        }
        let first = text + memchr2(b'"', b'\\', &bytes[text..])?;
        let escaped = bytes[first] == b'\\';
        let end = if escaped { self.closing_quote(first)? } else { first };
        let next = after(bytes, end, END)?;
        let weight = match Weight::of(&document[text..first]) {
            Weight::Tells if escaped && first - text < OPENING => Weight::Fails,
            weight => weight,
        };
        let (event, id_length) = (&document[start..next], u32::try_from(id_end - id).ok()?);
        Some((Glimpse { event, id_length, escaped, weight }, &document[request..request_end], next))
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

impl<'a> Glimpse<'a> {
    /// The event as the general way reads it.
    pub(super) fn event(self, number: usize) -> Option<LogEvent<'a>> {
        let id = self.event[ID.len()..].get(..self.id_length as usize)?;
        let timestamp = self.event[ID.len() + id.len() + TIMESTAMP.len()..].get(..DIGITS)?;
        let before = ID.len() + id.len() + TIMESTAMP.len() + DIGITS + MESSAGE.len();
        let message = self.event.get(before..self.event.len() - END.len())?;
        let message = match self.escaped {
            false => Cow::Borrowed(message),
            // With the quotes around it.
            true => Cow::Owned(serde_json::from_str(&self.event[before - 1..=before + message.len()]).ok()?),
        };
        let at = Timestamp::from_millisecond(timestamp.parse().ok()?).ok();
        Some(LogEvent { number, id: Some(Cow::Borrowed(id)), at, message })
    }
}

/// Whether a request's id is of the usual kind: its line then opens with it and with no time. An id of letters, digits and
/// a few marks holds no escape either, nor the end of its message.
pub(super) fn is_plain_id(id: &str) -> bool {
    id.len() >= 3 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_=+/".contains(&b))
}

/// Whether all of eight bytes are digits, seen at once.
fn are_digits(bytes: [u8; 8]) -> bool {
    const HIGH: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    const DIGIT: u64 = 0x3030_3030_3030_3030;
    let word = u64::from_le_bytes(bytes);
    // What is 0x30 to 0x3f, and still is when six are added to it.
    word & HIGH == DIGIT && word.wrapping_add(0x0606_0606_0606_0606) & HIGH == DIGIT
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
