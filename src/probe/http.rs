//! HTTP/1.1 as Apache's HttpCore 4.4 reads it, and what it is instead.
//!
//! Sources: `BasicLineParser`, `AbstractMessageParser`, `LaxContentLengthStrategy` and `ChunkDecoder` of HttpCore, and what
//! real servers got from it (docs/reliability.md).

use std::time::Duration;

use tokio::time::Instant;

use super::MOST_BYTES;
use super::connect::{Channel, End};
use super::facts::{Http, HttpResult, LooksLike};
use super::probing::milliseconds;

/// API Gateway's limit of a response: <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>
const LARGEST_BODY: i64 = 10 * 1024 * 1024;

/// Sends one `GET` and reads the answer. Also says what ended it, where that was not the answer's own end.
pub(super) async fn probe(channel: &mut Channel, host: &str, path: &str) -> (Http, Option<End>) {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: vpclink-probe/{}\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    let begun = Instant::now();
    channel.write(request.as_bytes()).await;
    let (mut answer, mut first_byte_ms) = (Vec::new(), None);
    loop {
        let end = channel.read(&mut answer).await.err();
        if first_byte_ms.is_none() && !answer.is_empty() {
            first_byte_ms = Some(milliseconds(begun.elapsed()));
        }
        let end = end.or_else(|| (answer.len() >= MOST_BYTES).then_some(End::Limit));
        if let Some(http) = read(&answer, end.as_ref()) {
            return (Http { first_byte_ms, ..http }, end);
        }
    }
}

/// How long a server that speaks first is listened to.
const WAIT_FOR_BANNER: Duration = Duration::from_millis(800);

/// What a server says without being asked. One that speaks HTTP waits for a request.
pub(super) async fn overhear(channel: &mut Channel) -> Http {
    if let Channel::Plain(wire) = channel {
        wire.wait_until(wire.deadline().min(Instant::now() + WAIT_FOR_BANNER));
    }
    let mut said = Vec::new();
    let _ = channel.read(&mut said).await;
    match said.is_empty() || looks_like(&said) == LooksLike::Http {
        true => Http::default(),
        false => invalid(&said, &said),
    }
}

/// The answer's result; `None` while more bytes could change it.
pub(super) fn read(answer: &[u8], end: Option<&End>) -> Option<Http> {
    let of = |result| Http { result, ..Http::default() };
    let ended = end.map(|end| match end {
        End::Closed | End::Alert(_) | End::Broken(_) => HttpResult::Closed,
        End::Reset => HttpResult::Reset,
        End::Timeout => HttpResult::Timeout,
        End::Limit => HttpResult::TooLarge,
    });
    if answer.is_empty() {
        return ended.map(of);
    }
    let mut cursor = Cursor { rest: answer, ended: matches!(end, Some(End::Closed)), bare: false };
    let mut unasked = false;
    loop {
        if !could_begin(cursor.rest) {
            return Some(invalid(cursor.rest, answer));
        }
        let head = match head(&mut cursor) {
            Ok(head) => head,
            Err(Trouble::Bytes(at)) => return Some(invalid(at, answer)),
            Err(Trouble::More) => {
                return ended.map(|result| {
                    let cut = result == HttpResult::Closed;
                    let looks = Some(looks_like(answer)).filter(|looks| *looks != LooksLike::Http);
                    Http { looks_like: looks, ..of(if cut { HttpResult::Truncated } else { result }) }
                });
            }
        };
        let status = Some(head.status);
        if head.status < 100 {
            return Some(Http { status, ..invalid(cursor.rest, answer) });
        }
        if head.status == 100 {
            unasked = true;
            continue;
        }
        if head.status < 200 {
            return Some(Http { status, offending: Some(hex(answer)), ..of(HttpResult::Interim) });
        }
        let odd = head.odd || unasked || cursor.bare || head.status > 599;
        let (result, at) = body(&head, &mut cursor, end)?;
        let looks = Some(LooksLike::HttpsPort).filter(|_| head.status == 400 && wants_https(answer));
        let result = if result == HttpResult::Valid && odd { HttpResult::Odd } else { result };
        return Some(Http { result, status, looks_like: looks, offending: at, first_byte_ms: None });
    }
}

fn invalid(at: &[u8], whole: &[u8]) -> Http {
    let looks = looks_like(whole);
    Http {
        result: HttpResult::Invalid,
        looks_like: match looks {
            LooksLike::Http => None,
            // It answers no request, and its error has no place in the contract's list.
            LooksLike::Postgres => Some(LooksLike::Unknown),
            known => Some(known),
        },
        offending: Some(hex(if at.is_empty() { whole } else { at })),
        ..Http::default()
    }
}

/// Whether a status line may still follow; what no line can mend is known before its end.
fn could_begin(bytes: &[u8]) -> bool {
    let begin = bytes.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(bytes.len());
    let word = &bytes[begin..];
    let shared = word.len().min(5);
    word[..shared] == b"HTTP/"[..shared]
}

struct Head {
    status: u32,
    odd: bool,
    headers: Vec<(String, String)>,
}

enum Trouble<'a> {
    /// The client cannot take these.
    Bytes(&'a [u8]),
    More,
}

struct Cursor<'a> {
    rest: &'a [u8],
    /// The other end closed: what is there is a line without its end.
    ended: bool,
    /// A line ended without a carriage return.
    bare: bool,
}

impl<'a> Cursor<'a> {
    /// The next line without its end, and all bytes from its begin.
    fn line(&mut self) -> Result<(&'a [u8], &'a [u8]), Trouble<'a>> {
        let from = self.rest;
        let Some(at) = from.iter().position(|byte| *byte == b'\n') else {
            if self.ended && !from.is_empty() {
                self.rest = &[];
                return Ok((from, from));
            }
            return Err(Trouble::More);
        };
        self.rest = &from[at + 1..];
        let line = &from[..at];
        match line.strip_suffix(b"\r") {
            Some(line) => Ok((line, from)),
            None => {
                self.bare = true;
                Ok((line, from))
            }
        }
    }
}

fn head<'a>(cursor: &mut Cursor<'a>) -> Result<Head, Trouble<'a>> {
    let (line, from) = cursor.line()?;
    let (status, odd) = status_line(line).ok_or(Trouble::Bytes(from))?;
    let mut headers: Vec<(String, String)> = Vec::new();
    loop {
        let (line, from) = match cursor.line() {
            Ok(line) => line,
            // The head's end is missing: HttpCore takes what it has for the whole head.
            Err(Trouble::More) if cursor.ended => return Ok(Head { status, odd, headers }),
            Err(trouble) => return Err(trouble),
        };
        if line.is_empty() {
            return Ok(Head { status, odd, headers });
        }
        if let (b' ' | b'\t', Some((_, value))) = (line[0], headers.last_mut()) {
            value.push(' ');
            value.push_str(String::from_utf8_lossy(line).trim());
            continue;
        }
        let text = String::from_utf8_lossy(line);
        match text.split_once(':') {
            Some((name, value)) if !name.trim().is_empty() => {
                headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
            _ => return Err(Trouble::Bytes(from)),
        }
    }
}

/// Status, and whether other clients may refuse it. `None` where HttpCore does.
fn status_line(line: &[u8]) -> Option<(u32, bool)> {
    let text = String::from_utf8_lossy(line);
    let line = text.trim_start_matches([' ', '\t']);
    let version = line.strip_prefix("HTTP/")?;
    let (major, rest) = version.split_once('.')?;
    let (minor, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let (major, minor): (u32, u32) = (major.trim().parse().ok()?, minor.trim().parse().ok()?);
    let code = rest.trim_start().split(' ').next().unwrap_or_default().trim();
    // `parse` would take a sign.
    let digits = code.bytes().all(|byte| byte.is_ascii_digit());
    let status = code.parse().ok().filter(|_| digits)?;
    Some((status, line.len() != text.len() || major != 1 || minor > 1 || rest.starts_with(' ')))
}

/// The result of the body, with its offending bytes; `None` while more could change it.
fn body(head: &Head, cursor: &mut Cursor<'_>, end: Option<&End>) -> Option<(HttpResult, Option<String>)> {
    let valid = Some((HttpResult::Valid, None));
    if matches!(head.status, 204 | 205 | 304) {
        return valid;
    }
    let missing = match end {
        None => None,
        // We stopped reading, the server did nothing wrong.
        Some(End::Limit) => Some(HttpResult::Valid),
        Some(End::Closed | End::Alert(_) | End::Broken(_)) => Some(HttpResult::Truncated),
        Some(End::Reset) => Some(HttpResult::Reset),
        Some(End::Timeout) => Some(HttpResult::Timeout),
    };
    if let Some(encoding) =
        head.headers.iter().find(|(name, _)| name == "transfer-encoding").map(|(_, value)| value)
    {
        let last = encoding.rsplit(',').next().unwrap_or_default().split(';').next().unwrap_or_default();
        if !last.trim().eq_ignore_ascii_case("chunked") {
            return until_close(end);
        }
        return match chunks(cursor) {
            Ok(()) => valid,
            Err(Trouble::Bytes(at)) => Some((HttpResult::Invalid, Some(hex(at)))),
            Err(Trouble::More) => missing.map(|result| (result, None)),
        };
    }
    // Of several lengths HttpCore takes the last that is a number; a negative one counts as none.
    let lengths = head.headers.iter().rev().filter(|(name, _)| name == "content-length");
    let length =
        lengths.filter_map(|(_, value)| value.parse::<i64>().ok()).next().filter(|length| *length >= 0);
    match length {
        None => until_close(end),
        Some(length) if length > LARGEST_BODY => Some((HttpResult::TooLarge, None)),
        Some(length) if usize::try_from(length).is_ok_and(|length| cursor.rest.len() >= length) => valid,
        Some(_) => missing.map(|result| (result, None)),
    }
}

/// A body without a length ends with the connection.
fn until_close(end: Option<&End>) -> Option<(HttpResult, Option<String>)> {
    match end {
        None => None,
        Some(End::Reset) => Some((HttpResult::Reset, None)),
        Some(End::Timeout) => Some((HttpResult::Timeout, None)),
        Some(_) => Some((HttpResult::Valid, None)),
    }
}

fn chunks<'a>(cursor: &mut Cursor<'a>) -> Result<(), Trouble<'a>> {
    // A body that is cut has no last line that counts.
    cursor.ended = false;
    loop {
        let (line, from) = cursor.line()?;
        let text = String::from_utf8_lossy(line);
        let size = text.split(';').next().unwrap_or_default().trim();
        let size = i64::from_str_radix(size, 16).ok().and_then(|size| usize::try_from(size).ok());
        let size = size.ok_or(Trouble::Bytes(from))?;
        if size == 0 {
            break;
        }
        cursor.rest = cursor.rest.get(size..).ok_or(Trouble::More)?;
        let (line, from) = cursor.line()?;
        if !line.is_empty() {
            return Err(Trouble::Bytes(from));
        }
    }
    loop {
        let (line, from) = cursor.line()?;
        if line.is_empty() {
            return Ok(());
        }
        if !line.contains(&b':') && !matches!(line[0], b' ' | b'\t') {
            return Err(Trouble::Bytes(from));
        }
    }
}

/// What a server of that port says to a request without TLS: nginx, Apache, Go, Tomcat and Jetty, each in its words.
fn wants_https(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer).to_ascii_lowercase();
    [
        "https port",
        "ssl-enabled server port",
        "to an https server",
        "requires tls",
        "tls handshake",
        "plain http request",
    ]
    .iter()
    .any(|words| text.contains(words))
}

/// The protocol that begins like this.
pub(super) fn looks_like(bytes: &[u8]) -> LooksLike {
    let text = |words: &[u8]| bytes.starts_with(words);
    let letters = bytes.iter().take(16).all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    match bytes {
        [0x14..=0x17, 3, ..] => LooksLike::Tls,
        // A SETTINGS frame of stream 0 opens every HTTP/2 connection; GOAWAY may follow it, or come alone.
        [0, _, _, 4 | 7, _, 0, 0, 0, 0, ..] => LooksLike::H2,
        _ if text(b"PRI * HTTP/2") => LooksLike::H2,
        _ if text(b"HTTP/") => LooksLike::Http,
        _ if text(b"PROXY ") || text(b"\r\n\r\n\0\r\nQUIT\n") => LooksLike::ProxyProtocol,
        _ if text(b"SSH-") => LooksLike::Ssh,
        _ if text(b"AMQP") => LooksLike::Amqp,
        _ if text(b"220 ") || text(b"220-") || text(b"554 ") => LooksLike::Smtp,
        _ if text(b"-ERR") || text(b"-NOAUTH") || text(b"-DENIED") || text(b"+OK") || text(b"+PONG") => {
            LooksLike::Redis
        }
        // A packet's length in three bytes, its number, then protocol 10 or an error.
        [_, _, 0, 0, 0x0a | 0xff, ..] => LooksLike::Mysql,
        // An error message: `E`, its length in four bytes, then its severity.
        [b'E', 0, 0, _, _, b'S', ..] => LooksLike::Postgres,
        _ if letters => LooksLike::NoStatusLine,
        _ => LooksLike::Unknown,
    }
}

/// The first bytes, at most 16.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ends() -> impl Strategy<Value = Option<End>> {
        prop_oneof![
            Just(None),
            Just(Some(End::Closed)),
            Just(Some(End::Reset)),
            Just(Some(End::Timeout)),
            Just(Some(End::Limit))
        ]
    }

    proptest! {
        #[test]
        fn no_bytes_can_make_it_fail(bytes: Vec<u8>, end in ends()) {
            let http = read(&bytes, end.as_ref());
            prop_assert!(end.is_none() || http.is_some(), "an end always gives a result");
            prop_assert!(looks_like(&bytes) != LooksLike::HttpsPort && hex(&bytes).len() <= 32);
        }

        #[test]
        fn broken_answers_are_answers_too(
            line in "(HTTP/)?[0-9. ]{0,8}[ -~]{0,20}",
            headers in "([ -~]{0,30}\r?\n){0,6}",
            length in "(Content-Length|Transfer-Encoding): (-?[0-9]{0,20}|chunked|[ -~]{0,9})",
            body: Vec<u8>,
            end in ends(),
        ) {
            let mut answer = format!("{line}\r\n{headers}{length}\r\n\r\n").into_bytes();
            answer.extend(body);
            let http = read(&answer, end.as_ref());
            prop_assert!(end.is_none() || http.is_some());
            prop_assert!(http.is_none_or(|http| http.offending.is_none_or(|hex| hex.len() <= 32)));
        }

        /// What arrives in pieces is told as what arrives at once.
        #[test]
        fn more_bytes_never_undo_a_result(cut in 0_usize..60) {
            let whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
            let part = read(&whole[..cut.min(whole.len() - 1)], None);
            prop_assert_eq!(part, None);
            prop_assert_eq!(read(whole, None).map(|http| http.result), Some(HttpResult::Valid));
        }
    }
}
