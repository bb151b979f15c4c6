//! A first look at a document: which requests can have failed, so that only their events are read.
//!
//! Most requests of most batches went well, and reading their lines is most of the work. This look goes over the events
//! as CloudWatch Logs writes them, notes whose each one is and how its text opens, and leaves out the requests that show no
//! sign of a failure. It knows one shape only, to the byte. Whatever has another one (more keys, another order, a line
//! without an id, an escape that is rare) is `None`: then the general way reads everything and decides. Where this look
//! does answer, the general way would have come to the same diagnoses: tests set the two side by side.

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::RandomState;
use jiff::Timestamp;
use memchr::{memchr, memchr2, memmem};

use crate::ids::Region;
use crate::logs::batch::{Batch, LogEvent, MOST_EVENTS, Source};
use crate::logs::document as documents;
use crate::logs::line::{COMPLETED, FAILURES, opens as opens_with};

/// Most bytes of a document before its events: a few names of bounded length.
const LONGEST_HEAD: usize = 8192;

/// Sifts a document; `None` where it is not of the one shape that this look knows.
pub(crate) fn sift<'a>(document: &'a [u8], region: Option<&Region>) -> Option<Batch<'a>> {
    let text = utf8(document)?;
    // JSON as it is sent has no control character, and a text inside it may have none.
    if document.iter().fold(u8::MAX, |least, byte| least.min(*byte)) < b' ' {
        return None;
    }
    let start = events_start(text)?;
    let divider = EventScanner::new(text, start)?;
    let mut requests = Requests::default();
    let mut events = Vec::with_capacity(text.len() / 256);
    let mut at = start;
    loop {
        let (glimpse, request, next) = divider.event(at)?;
        let request = requests.note(request, glimpse.weight)?;
        events.push((request, glimpse));
        match &document.get(next..)? {
            [b',', ..] => at = next + 1,
            [b']', ..] => {
                at = next;
                break;
            }
            _ => return None,
        }
    }
    // What stands around the events is for the general way to read: it finds a list there, and nothing in it.
    let frame = [&text[..start], &text[at..]].concat();
    let Ok(Some(Batch { source, .. })) = documents::read(frame.as_bytes()) else { return None };
    let placed = source.api.is_some() && source.stage.is_some();
    let wanted = |weight| match weight {
        LineRelevance::Fails | LineRelevance::Tells => true,
        LineRelevance::Place => !placed,
        LineRelevance::Nothing => false,
    };
    // Room for all of them is asked for and not touched: growing would copy what is kept.
    let mut kept = Vec::with_capacity(events.len());
    for (number, glimpse) in requests.telling(events, wanted) {
        // What is too much for memory is for the general way to refuse.
        if kept.len() == MOST_EVENTS {
            return None;
        }
        kept.push(divider.read(&glimpse, number)?);
    }
    let source = Source { region: region.cloned(), ..source };
    Some(Batch { source, events: kept, passed: requests.passed() })
}

/// Where the first event of the document's own list begins.
fn events_start(text: &str) -> Option<usize> {
    const KEY: &str = "\"logEvents\":[";
    let head = &text.as_bytes()[..text.len().min(LONGEST_HEAD)];
    let key = memchr::memmem::find(head, KEY.as_bytes())?;
    let (before, start) = (&head[..key], key + KEY.len());
    // One object is open, so that the key is the document's; a key that ends in an escaped quote is another one.
    let own = before.first() == Some(&b'{') && memchr::memchr(b'{', &before[1..]).is_none();
    (own && matches!(before.last(), Some(b'{' | b','))).then_some(start)
}

/// The requests of a document, in the order in which they are first seen.
#[derive(Default)]
struct Requests<'a> {
    places: HashMap<&'a [u8], u32, RandomState>,
    failing: Vec<bool>,
}

impl<'a> Requests<'a> {
    /// Notes a line of a request and gives the request's place; `None` for an id of an unusual kind.
    fn note(&mut self, id: &'a [u8], weight: LineRelevance) -> Option<u32> {
        let place = match self.places.get(id) {
            Some(place) => *place,
            None if is_plain_id(id) => {
                let place = u32::try_from(self.failing.len()).ok()?;
                self.places.insert(id, place);
                self.failing.push(false);
                place
            }
            None => return None,
        };
        self.failing[place as usize] |= weight == LineRelevance::Fails;
        Some(place)
    }

    /// Of the requests that can have failed, what is wanted, with its number: and the first line of each, which says in
    /// which order they began.
    fn telling(
        &self,
        events: Vec<(u32, EventSpan)>,
        wanted: impl Fn(LineRelevance) -> bool,
    ) -> impl Iterator<Item = (usize, EventSpan)> {
        let mut begun = vec![false; self.failing.len()];
        let numbered = (1..).zip(events);
        numbered.filter_map(move |(number, (request, glimpse))| {
            let request = request as usize;
            let first = !std::mem::replace(&mut begun[request], true);
            (self.failing[request] && (first || wanted(glimpse.weight))).then_some((number, glimpse))
        })
    }

    fn passed(&self) -> usize {
        self.failing.iter().filter(|failing| !**failing).count()
    }
}

/// What a line's text can mean for its request, from a look at its opening alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineRelevance {
    /// It may be a line that only a failing request has.
    Fails,
    /// It may tell something about a request that failed.
    Tells,
    /// It tells API and stage, which the log group's name tells as a rule.
    Place,
    /// A client's or backend's own words, or a form of politeness: nothing reads it.
    Nothing,
}

impl LineRelevance {
    /// Weighs the text of a line; in doubt it weighs more.
    pub(crate) fn of(text: &[u8]) -> Self {
        let opens = |openings: &[&str]| openings.iter().any(|opening| opens_with(text, opening));
        // As API Gateway spells them; in another spelling they weigh more than they have to.
        let starts = |opening: &str| text.starts_with(opening.as_bytes());
        match text.first().map(u8::to_ascii_lowercase) {
            Some(b'm') if starts("Method request ") || starts("Method response ") => Self::Nothing,
            Some(b'm') if opens(&[COMPLETED]) && !is_below_500(&text[COMPLETED.len()..]) => Self::Fails,
            Some(b'e') if starts("Endpoint request headers:") || starts("Endpoint request body") => {
                Self::Nothing
            }
            Some(b'e') if starts("Endpoint response body") || starts("Extended Request Id:") => Self::Nothing,
            Some(b'g') if starts("Gateway response body:") || starts("Gateway response headers:") => {
                Self::Nothing
            }
            Some(b'a') if starts("API Key authorized because") => Self::Nothing,
            Some(b'a') if starts("AWS Integration Endpoint RequestId") => Self::Nothing,
            Some(b'u') if starts("Usage Plan check succeeded") => Self::Nothing,
            Some(b'v') if starts("Verifying Usage Plan for request: ") => Self::Place,
            Some(b'a' | b'e' | b'f' | b'l' | b't') if opens(&FAILURES) => Self::Fails,
            Some(b'g' | b'l') if opens(&["Gateway response type: ", "Lambda invocation failed"]) => {
                Self::Fails
            }
            _ => Self::Tells,
        }
    }
}

/// Whether a text is a status of three digits, and of no failure.
fn is_below_500(status: &[u8]) -> bool {
    matches!(status, [b'1'..=b'4', b'0'..=b'9', b'0'..=b'9'])
}

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

/// The text of a document that is UTF-8.
#[cfg(feature = "quick")]
pub(crate) fn utf8(document: &[u8]) -> Option<&str> {
    simdutf8::basic::from_utf8(document).ok()
}

#[cfg(not(feature = "quick"))]
pub(crate) fn utf8(document: &[u8]) -> Option<&str> {
    std::str::from_utf8(document).ok()
}
