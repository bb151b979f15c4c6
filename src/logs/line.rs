//! One message → a [`LogLine`]: its request, its time, and which of API Gateway's sentences it is.
//!
//! Sentences are recognised only at the start of the text after the prefix, whatever the letter case: request and
//! response bodies are logged too, and may hold any of them further on.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::strtime;
use memchr::{memchr, memmem};

/// One message, parsed. Unknown text is [`Kind::Other`], never an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// The text in brackets before the message.
    pub request: Option<&'a str>,
    /// The time written in the text itself, where it was copied with one.
    pub at: Option<Timestamp>,
    /// The first line after the prefix.
    pub text: &'a str,
    /// Further lines of the same event.
    pub rest: &'a str,
    /// What it says.
    pub kind: Kind<'a>,
}

/// API Gateway's sentences, as far as this program needs to tell them apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    /// `Execution log for request ID`: opens a console test-invoke log.
    LogOf(&'a str),
    /// A line that comes before `Starting execution` (extended request id, authorizer, usage plan).
    Preamble,
    /// `Verifying Usage Plan … API Stage: API/STAGE`.
    UsagePlan {
        /// The API's id.
        api: &'a str,
        /// The stage.
        stage: &'a str,
    },
    /// `Starting execution for request: ID`.
    Starting(&'a str),
    /// `HTTP Method: GET, Resource Path: /x`.
    Route {
        /// The verb.
        method: &'a str,
        /// The path of the resource.
        path: &'a str,
    },
    /// `Endpoint request URI: …`.
    EndpointUri(&'a str),
    /// `Sending request to …`.
    Sending(&'a str),
    /// `Received response. Status: 200, Integration latency: 85 ms`; before 2020 without the status.
    Received {
        /// The backend's status.
        status: Option<u16>,
        /// How long the backend took.
        latency: Option<Duration>,
    },
    /// `Endpoint response headers: {…}`.
    ResponseHeaders(&'a str),
    /// A line that carries a body or headers of client or backend, or values mapped from them.
    Payload,
    /// `Lambda invocation failed with status: 429 …`.
    LambdaRejected {
        /// What Lambda's Invoke answered.
        status: u16,
    },
    /// A line that only a failing request has; classification reads its text.
    Failure,
    /// `Gateway response type: DEFAULT_5XX with status code: 500`.
    GatewayResponse {
        /// The response type.
        name: &'a str,
        /// The status sent to the client.
        status: Option<u16>,
    },
    /// `Successfully completed execution`.
    Succeeded,
    /// `Method completed with status: 500`.
    Completed {
        /// The status sent to the client.
        status: Option<u16>,
    },
    /// A line that follows `Method completed` (endpoint request id, X-Ray trace id).
    Trailer,
    /// Anything else.
    Other,
}

impl Kind<'_> {
    /// Whether it says by itself that a request failed, or may.
    fn tells_of_failure(&self) -> bool {
        matches!(
            self,
            Self::Failure
                | Self::LambdaRejected { .. }
                | Self::GatewayResponse { .. }
                | Self::Completed { .. }
        )
    }
}

impl<'a> LogLine<'a> {
    /// Parses one message.
    pub fn parse(message: &'a str) -> Self {
        let (first, rest) = match memchr(b'\n', message.as_bytes()) {
            Some(end) => (&message[..end], &message[end + 1..]),
            None => (message, ""),
        };
        let first = if first.ends_with('\r') { first.trim_end_matches('\r') } else { first };
        let Opening { at, request, text, .. } = opening(first);
        let line = Self { request, at, text, rest, kind: kind(text) };
        if request.is_some() { line.with_whole_id(first) } else { line }
    }

    /// The line, where its id holds a bracket, so that what seems to be its sentence is a part of the id. The sentence behind
    /// the whole id counts; but what did not seem to fail never does, since a client writes much of what stands there.
    fn with_whole_id(self, first: &'a str) -> Self {
        let quotes = matches!(self.kind, Kind::Payload | Kind::ResponseHeaders(_) | Kind::Other);
        let Some(border) = (!quotes).then(|| behind_bracket(self.text)).flatten() else { return self };
        let text = &self.text[border..];
        let kind = match kind(text) {
            kind if kind.tells_of_failure() && !self.kind.tells_of_failure() => Kind::Other,
            kind => kind,
        };
        let before = &first[..first.len() - text.len()];
        let id = before.split_once('(').map_or(before, |(_, id)| id).trim_end();
        Self { request: Some(id.strip_suffix(')').unwrap_or(id)), text, kind, ..self }
    }

    /// Whether it quotes a client, a backend or a mapping of theirs, so that what follows it may be theirs, too.
    pub(crate) fn quotes(&self) -> bool {
        let of_others = matches!(self.kind, Kind::Payload | Kind::ResponseHeaders(_));
        // Headers and parameters end with a brace, bodies with anything.
        let closed = !self.text.contains(" body ") && self.text.trim_end().ends_with('}');
        of_others && !(closed && self.rest.is_empty())
    }

    /// The text with what wrapped on to further lines, for sentences that a page layout broke in two.
    pub fn unwrapped(&self) -> String {
        let mut text = self.text.trim_end().to_owned();
        for line in self.rest.lines().filter(|line| !line.trim().is_empty()) {
            text.push(' ');
            text.push_str(line.trim());
        }
        text
    }

    /// Whether API Gateway cut the text (it marks what it cuts at 1,024 characters).
    pub fn is_truncated(&self) -> bool {
        self.text.ends_with(" [TRUNCATED]")
    }
}

/// `text` without `prefix`, compared without regard to ASCII case.
#[inline]
pub fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    opens(text.as_bytes(), prefix).then(|| &text[prefix.len()..])
}

/// Whether a text opens with a prefix, whatever the letter case. Asked many times a line, mostly for nothing: by itself it
/// would be a call each time.
#[inline(always)]
pub(crate) fn opens(text: &[u8], prefix: &str) -> bool {
    let Some(head) = text.get(..prefix.len()) else { return false };
    // Most texts differ in the first letter, and most that do not are spelt alike: both are known without a loop.
    let first =
        head.first().map(u8::to_ascii_lowercase) == prefix.bytes().next().map(|b| b.to_ascii_lowercase());
    first && (head == prefix.as_bytes() || head.eq_ignore_ascii_case(prefix.as_bytes()))
}

/// The openings of lines that only a failing request has, in lower case.
pub(crate) const FAILURES: [&str; 5] = [
    "Execution failed",
    "Lambda execution failed with status",
    "AuthorizerConfigurationException",
    "There was an error evaluating the AWS WAF rules",
    "Failed to call WAF",
];

const PREAMBLES: [&str; 10] = [
    "Extended Request Id:",
    "Starting authorizer:",
    "Incoming identity:",
    "Using valid authorizer policy",
    "Successfully completed authorizer execution",
    "API Key authorized because",
    "Usage Plan check succeeded",
    "API Key ID:",
    // WebSocket APIs; known from an emulator only.
    "WebSocket Request Route:",
    "Client [UserAgent:",
];

/// What this program puts before the further lines of an event whose borders are known, so that none of them opens another.
/// It is a blank, which joining lines takes off again, and stands in no log.
pub(crate) const CONTINUES: char = '\u{205f}';

pub(crate) const COMPLETED: &str = "Method completed with status: ";

/// Lines that quote a client, a backend or a mapping of theirs.
const PAYLOADS: [&str; 7] = [
    "Method request ",
    "Method response ",
    // `Endpoint request timed out` is what a client is told.
    "Endpoint request headers",
    "Endpoint request body",
    "Endpoint response ",
    "Gateway response ",
    "Request body ",
];

const TRAILERS: [&str; 3] =
    ["AWS Integration Endpoint RequestId", "X-ray Tracing ID", "Message from client ["];

/// Where a sentence of API Gateway's begins that stands behind a closing bracket, as far as an id may reach: the first that
/// tells of no failure, or the last.
fn behind_bracket(text: &str) -> Option<usize> {
    const LONGEST: usize = 256;
    let head = &text.as_bytes()[..text.len().min(LONGEST)];
    let mut last = None;
    for border in memmem::find_iter(head, b") ").map(|bracket| bracket + 2) {
        match kind(&text[border..]) {
            Kind::Other => {}
            kind if kind.tells_of_failure() => last = Some(border),
            _ => return Some(border),
        }
    }
    last
}

fn kind(text: &str) -> Kind<'_> {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| strip(text, prefix).is_some());
    let letter = text.bytes().next().map(|byte| byte.to_ascii_lowercase());
    if matches!(letter, Some(b'a' | b'e' | b'f' | b'l' | b't')) && starts(&FAILURES) {
        return Kind::Failure;
    }
    if let Some(rest) = strip(text, "Lambda invocation failed with status: ") {
        return number(rest).map_or(Kind::Other, |status| Kind::LambdaRejected { status });
    }
    if let Some(kind) = route_of_request(text).or_else(|| end_of_request(text)) {
        return kind;
    }
    if starts(&PAYLOADS) {
        Kind::Payload
    } else if starts(&PREAMBLES) {
        Kind::Preamble
    } else if starts(&TRAILERS) {
        Kind::Trailer
    } else {
        Kind::Other
    }
}

fn route_of_request(text: &str) -> Option<Kind<'_>> {
    if let Some(id) = strip(text, "Execution log for request ") {
        return Some(Kind::LogOf(id.trim()));
    }
    if let Some(id) = strip(text, "Starting execution for request: ") {
        return Some(Kind::Starting(id.trim()));
    }
    if let Some(rest) = strip(text, "HTTP Method: ") {
        let (method, path) = divided(rest, ", Resource Path: ")?;
        return Some(Kind::Route { method: method.trim(), path: path.trim() });
    }
    if let Some(rest) = strip(text, "Verifying Usage Plan for request: ") {
        let named = rest.rsplit_once("API Stage: ").and_then(|(_, stage)| stage.trim().split_once('/'));
        return Some(named.map_or(Kind::Preamble, |(api, stage)| Kind::UsagePlan { api, stage }));
    }
    if let Some(uri) = strip(text, "Endpoint request URI: ") {
        return Some(Kind::EndpointUri(uri.trim()));
    }
    strip(text, "Sending request to ").map(|uri| Kind::Sending(uri.trim()))
}

fn end_of_request(text: &str) -> Option<Kind<'_>> {
    if let Some(rest) = strip(text, "Received response. ") {
        return Some(Kind::Received {
            status: strip(rest, "Status: ").and_then(number),
            latency: rest.rsplit_once("latency: ").and_then(|(_, ms)| number(ms)).map(Duration::from_millis),
        });
    }
    if let Some(headers) = strip(text, "Endpoint response headers: ") {
        return Some(Kind::ResponseHeaders(headers));
    }
    if let Some(rest) = strip(text, "Gateway response type: ") {
        let (name, status) = divided(rest, " with status code: ").unwrap_or((rest, ""));
        return Some(Kind::GatewayResponse { name: name.trim(), status: number(status) });
    }
    if let Some(status) = strip(text, COMPLETED) {
        return Some(Kind::Completed { status: number(status) });
    }
    strip(text, "Successfully completed execution").map(|_| Kind::Succeeded)
}

/// What stands before and behind these words. `split_once` takes longer to get ready than to search a line.
fn divided<'a>(text: &'a str, words: &str) -> Option<(&'a str, &'a str)> {
    let place = memmem::find(text.as_bytes(), words.as_bytes())?;
    Some((&text[..place], &text[place + words.len()..]))
}

/// The whole number that a text opens with.
pub fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    text[..end].parse().ok()
}

/// A line, divided into what frames it and what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Opening<'a> {
    /// The time it opens with.
    pub(crate) at: Option<Timestamp>,
    /// The text in brackets.
    pub(crate) request: Option<&'a str>,
    /// Whether it is the header of a console test-invoke log.
    header: bool,
    /// What it says.
    pub(crate) text: &'a str,
}

impl Opening<'_> {
    /// Whether the line can only be the first of a logged event.
    pub(crate) fn is_framed(&self) -> bool {
        self.at.is_some() || self.request.is_some() || self.header
    }

    /// Whether the line is a time and nothing else, as some copies from the console have it above the event.
    pub(crate) fn is_time_alone(&self) -> bool {
        self.at.is_some() && self.request.is_none() && self.text.is_empty()
    }
}

/// Divides a line.
pub(crate) fn opening(line: &str) -> Opening<'_> {
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
    if line.starts_with(CONTINUES) {
        return None;
    }
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
    fn check(message: &str, expected: &Kind<'_>) {
        assert_eq!(&LogLine::parse(message).kind, expected);
    }

    #[test]
    fn sentences_are_recognised_behind_every_prefix() {
        let completed = Kind::Completed { status: Some(500) };
        for prefix in [
            "",
            "(0f0f0f0f-1111-4222-8333-444455556666) ",
            "(PDS1PEC4oAMFpyA=) ",
            "Thu Aug 04 17:48:21 UTC 2022 : ",
            "2020-07-02T11:34:31.881-04:00\t(PDS1PEC4oAMFpyA=) ",
            "2026-11-22T08:00:00.123000+00:00 0123456789abcdef0123456789abcdef (id) ",
        ] {
            check(&format!("{prefix}Method completed with status: 500"), &completed);
        }
    }

    #[test]
    fn received_responses_of_all_years_are_read() {
        let latency = Some(Duration::from_millis(40));
        check(
            "Received response. Status: 503, Integration latency: 40 ms",
            &Kind::Received { status: Some(503), latency },
        );
        check("Received response. Integration latency: 40 ms", &Kind::Received { status: None, latency });
    }

    #[test]
    fn the_usage_plan_line_names_api_and_stage() {
        check(
            "Verifying Usage Plan for request: 1. API Key:  API Stage: a1b2c3d4e5/prod",
            &Kind::UsagePlan { api: "a1b2c3d4e5", stage: "prod" },
        );
    }

    #[test]
    fn a_sentence_inside_a_body_is_a_payload() {
        check(
            "(id) Method request body before transformations: Execution failed due to a timeout error",
            &Kind::Payload,
        );
        check("(id) x Execution failed due to a timeout error", &Kind::Other);
        check("(id) Usage Plan check failed due to an internal error", &Kind::Other);
    }

    #[test]
    fn only_the_first_line_of_an_event_speaks() {
        check("(id) [\nExecution failed due to a timeout error", &Kind::Other);
    }

    #[test]
    fn a_wrapped_sentence_is_one_again() {
        let line =
            LogLine::parse("Execution failed due to configuration error: Host name 'a' \ndoes not match");
        assert_eq!(
            line.unwrapped(),
            "Execution failed due to configuration error: Host name 'a' does not match"
        );
    }

    #[track_caller]
    fn check_opening(line: &str, at: Option<&str>, request: Option<&str>, text: &str) {
        let found = opening(line);
        assert_eq!(found.at.map(|at| at.to_string()).as_deref(), at);
        assert_eq!((found.request, found.text), (request, text));
    }

    #[test]
    fn the_consoles_stamp() {
        check_opening(
            "Thu Aug 04 17:48:21 UTC 2022 : Text : more",
            Some("2022-08-04T17:48:21Z"),
            None,
            "Text : more",
        );
        check_opening("Thu Aug 04 17:48:21 UTC 2022: Text", Some("2022-08-04T17:48:21Z"), None, "Text");
        check_opening(
            "Fri Aug 04 17:48:21 UTC 2022 : Wrong weekday",
            Some("2022-08-04T17:48:21Z"),
            None,
            "Wrong weekday",
        );
    }

    #[test]
    fn a_text_in_brackets_is_the_request() {
        check_opening("(my-own-id) Text", None, Some("my-own-id"), "Text");
        let dated = "Aug 04 17:48:21 UTC 2022 : Text";
        check_opening(&format!("(a) {dated}"), None, Some("a"), dated);
        check_opening("(two words) Text", None, None, "(two words) Text");
        check_opening("()Text", None, None, "()Text");
        check_opening("(never closed", None, None, "(never closed");
    }

    #[test]
    fn numbers_are_no_time() {
        check_opening("2026", None, None, "2026");
        check_opening("12345 apples", None, None, "12345 apples");
    }

    #[test]
    fn text_of_several_bytes_a_character_is_safe() {
        check_opening("äöüäöüäöüäöüäöüäöüäöüäöü : x", None, None, "äöüäöüäöüäöüäöüäöüäöüäöü : x");
    }
}
