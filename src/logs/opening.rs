//! What stands before the text of a line: a time, a request id, the console's own stamp.

use jiff::Timestamp;
use jiff::fmt::strtime;
use memchr::memchr;

use crate::logs::line::strip;

/// A line, divided into what frames it and what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opening<'a> {
    /// The time it opens with.
    pub at: Option<Timestamp>,
    /// The text in brackets.
    pub request: Option<&'a str>,
    /// Whether it is the header of a console test-invoke log.
    header: bool,
    /// What it says.
    pub text: &'a str,
}

impl Opening<'_> {
    /// Whether the line can only be the first of a logged event.
    pub fn is_framed(&self) -> bool {
        self.at.is_some() || self.request.is_some() || self.header
    }

    /// Whether the line is a time and nothing else, as some copies from the console have it above the event.
    pub fn is_time_alone(&self) -> bool {
        self.at.is_some() && self.request.is_none() && self.text.is_empty()
    }
}

/// Divides a line.
pub fn opening(line: &str) -> Opening<'_> {
    // The common line opens with its request. No time opens with a bracket.
    let dated = !line.starts_with('(');
    if let Some((at, text)) = dated.then(|| console_time(line)).flatten() {
        return Opening { at: Some(at), text, ..Opening::default() };
    }
    let (at, rest) = match dated.then(|| iso_time(line)).flatten() {
        Some((at, rest)) => (Some(at), rest),
        None => (None, line),
    };
    let (request, text) = match bracketed(rest) {
        Some((id, text)) => (Some(id), text),
        None => (None, rest),
    };
    let header = strip(text, "Execution log for request ").is_some();
    Opening { at, request, header, text }
}

/// `Thu Aug 04 17:48:21 UTC 2022 : text`; some translated pages lose the blank before the colon.
fn console_time(line: &str) -> Option<(Timestamp, &str)> {
    const LENGTH: usize = "Thu Aug 04 17:48:21 UTC 2022".len();
    let stamp = line.get(..LENGTH)?;
    let rest = line[LENGTH..].trim_start().strip_prefix(':')?;
    // The weekday is left out: copies are edited by hand, and a wrong weekday must not lose the line.
    let tail = stamp.get(4..)?;
    let stamp = tail.replacen(" UTC ", " ", 1);
    let parsed = strtime::parse("%b %d %H:%M:%S %Y", &stamp).ok()?;
    let at = parsed.to_datetime().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some((at.timestamp(), rest.strip_prefix(' ').unwrap_or(rest)))
}

/// `2020-07-02T11:34:31.881-04:00` and a blank or TAB, then perhaps the log stream's name as `aws logs tail` prints it.
fn iso_time(line: &str) -> Option<(Timestamp, &str)> {
    let line = line.trim_start();
    if !line.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    let end = line.find([' ', '\t']).unwrap_or(line.len());
    // No RFC 3339 time is longer; a body of megabytes without a blank is not worth parsing.
    let at = line.get(..end).filter(|stamp| stamp.len() <= 40)?.parse().ok()?;
    let rest = line[end..].trim_start();
    let (word, after) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
    let stream = word.len() == 32 && word.bytes().all(|b| b.is_ascii_hexdigit());
    Some((at, if stream { after.trim_start() } else { rest }))
}

/// `(id) text`
fn bracketed(text: &str) -> Option<(&str, &str)> {
    // Longer than any id API Gateway accepts; the bound keeps a hostile line from being scanned to its end.
    const LONGEST: usize = 256;
    let inner = text.strip_prefix('(')?;
    let end = memchr(b')', &inner.as_bytes()[..inner.len().min(LONGEST)])?;
    let (id, rest) = inner.split_at(end);
    let text = rest.strip_prefix(')')?;
    let named = !id.is_empty() && !has_blank(id);
    (named && (text.is_empty() || text.starts_with([' ', '\t']))).then(|| (id, text.trim_start()))
}

fn has_blank(text: &str) -> bool {
    // Ids are graphic ASCII as a rule, which is known of many bytes at once.
    let graphic = text.bytes().fold(true, |graphic, byte| graphic & byte.is_ascii_graphic());
    !graphic && text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, at: Option<&str>, request: Option<&str>, text: &str) {
        let found = opening(line);
        assert_eq!(found.at.map(|at| at.to_string()).as_deref(), at);
        assert_eq!((found.request, found.text), (request, text));
    }

    #[test]
    fn the_consoles_stamp() {
        check(
            "Thu Aug 04 17:48:21 UTC 2022 : Text : more",
            Some("2022-08-04T17:48:21Z"),
            None,
            "Text : more",
        );
        check("Thu Aug 04 17:48:21 UTC 2022: Text", Some("2022-08-04T17:48:21Z"), None, "Text");
        check(
            "Fri Aug 04 17:48:21 UTC 2022 : Wrong weekday",
            Some("2022-08-04T17:48:21Z"),
            None,
            "Wrong weekday",
        );
    }

    #[test]
    fn a_text_in_brackets_is_the_request() {
        check("(my-own-id) Text", None, Some("my-own-id"), "Text");
        let dated = "Aug 04 17:48:21 UTC 2022 : Text";
        check(&format!("(a) {dated}"), None, Some("a"), dated);
        check("(two words) Text", None, None, "(two words) Text");
        check("()Text", None, None, "()Text");
        check("(never closed", None, None, "(never closed");
    }

    #[test]
    fn numbers_are_no_time() {
        check("2026", None, None, "2026");
        check("12345 apples", None, None, "12345 apples");
    }

    #[test]
    fn text_of_several_bytes_a_character_is_safe() {
        check("äöüäöüäöüäöüäöüäöüäöüäöü : x", None, None, "äöüäöüäöüäöüäöüäöüäöüäöü : x");
    }
}
