//! One message → a [`LogLine`]: who said it, when, and which of API Gateway's sentences it is.
//!
//! Sentences are recognised only at the start of the text after the prefix, whatever the letter case: request and
//! response bodies are logged too, and may hold any of them further on.

use crate::logs::opening::Opening;
use crate::logs::opening::opening;

use std::time::Duration;

use jiff::Timestamp;
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

impl<'a> LogLine<'a> {
    /// Parses one message.
    pub fn parse(message: &'a str) -> Self {
        let (first, rest) = match memchr(b'\n', message.as_bytes()) {
            Some(end) => (&message[..end], &message[end + 1..]),
            None => (message, ""),
        };
        let first = if first.ends_with('\r') { first.trim_end_matches('\r') } else { first };
        let Opening { at, request, text, .. } = opening(first);
        Self { request, at, text, rest, kind: kind(text) }
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
fn opens(text: &[u8], prefix: &str) -> bool {
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

const COMPLETED: &str = "Method completed with status: ";

/// Lines that quote a client, a backend or a mapping of theirs.
const PAYLOADS: [&str; 6] = [
    "Method request ",
    "Method response ",
    "Endpoint request ",
    "Endpoint response ",
    "Gateway response ",
    "Request body ",
];

const TRAILERS: [&str; 3] =
    ["AWS Integration Endpoint RequestId", "X-ray Tracing ID", "Message from client ["];

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
        let opens = |openings: &[&str]| openings.iter().any(|opening| opens(text, opening));
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
}
