//! What may be repeated from a log line. Logs hold bodies, headers, query strings and addresses of people; what API
//! Gateway stars out by itself (authorization, API keys) is little of it.
//!
//! Done when evidence is made, not when it is printed: nothing private is ever kept.

use std::net::IpAddr;

use memchr::memmem;

use crate::logs::line::{Kind, LogLine};

/// Stands in the place of what was taken out.
const GONE: &str = "[redacted]";

/// Headers of a backend's answer that name the failure and no person.
const HEADERS: [&str; 7] = [
    "connection",
    "content-length",
    "content-type",
    "date",
    "x-amz-function-error",
    "x-amzn-errortype",
    "x-amzn-requestid",
];

/// A word that ends in one of these names a secret; its value goes.
const SECRETS: [&str; 14] = [
    "authorization",
    "cookie",
    "credential",
    "jwt",
    "key",
    "passphrase",
    "passwd",
    "password",
    "pwd",
    "secret",
    "session",
    "sessionid",
    "signature",
    "token",
];

/// What may follow "the token is" and says no more than how it is.
const HARMLESS: [&str; 24] = [
    "a",
    "already",
    "an",
    "closed",
    "disabled",
    "empty",
    "expired",
    "for",
    "in",
    "incorrect",
    "invalid",
    "malformed",
    "missing",
    "no",
    "not",
    "null",
    "of",
    "required",
    "revoked",
    "the",
    "too",
    "undefined",
    "unknown",
    "wrong",
];

/// What the words so far let expect.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    Anything,
    /// A secret was named, in a sentence perhaps.
    Named,
    /// "The password is": its value, or how it is.
    Said,
    /// `password=`: its value.
    Value,
}

/// The text of a line as it may be quoted, at most `longest` characters.
pub fn line(line: &LogLine<'_>, longest: usize) -> String {
    let text = match line.kind {
        Kind::Payload => return label(line.text, longest),
        Kind::ResponseHeaders(headers) => {
            format!("{}{}", opening_of(line.text, headers), safe_headers(headers))
        }
        Kind::EndpointUri(uri) | Kind::Sending(uri) => {
            format!("{}{}", opening_of(line.text, uri), self::uri(uri))
        }
        Kind::Failure => text(&line.unwrapped()),
        _ => text(line.text),
    };
    bounded(&text, longest)
}

/// At most `longest` characters, marked where it was cut.
pub fn bounded(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some(_) => text.chars().take(longest.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// A URI or path without user info, query values and fragment.
pub fn uri(uri: &str) -> String {
    if is_plain(uri) { uri.to_owned() } else { part_by_part(uri) }
}

/// Whether nothing of a path can have to go: most paths are such. No address, query or parameter is written with these
/// characters alone, and no key or token is as short as these runs.
fn is_plain(path: &str) -> bool {
    let runs = path.as_bytes().split(|byte| matches!(byte, b'/' | b'-' | b'_'));
    let short = |run: &[u8]| run.len() < 20 && run.iter().all(u8::is_ascii_alphanumeric);
    runs.into_iter().all(short) && memmem::find(path.as_bytes(), b"eyJ").is_none()
}

fn part_by_part(uri: &str) -> String {
    let uri = uri.split('#').next().unwrap_or(uri);
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let (scheme, rest) =
        path.split_once("://").map_or(("", path), |(_, rest)| (&path[..path.len() - rest.len()], rest));
    let (authority, segments) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let segments: Vec<_> = segments.split('/').map(segment).collect();
    let names: Vec<_> = query.split('&').filter(|pair| !pair.is_empty()).map(query_name).collect();
    let query = if names.is_empty() { String::new() } else { format!("?{}", names.join("&")) };
    format!("{scheme}{host}{}{query}", segments.join("/"))
}

/// Free text: addresses, tokens and the values of words that name a secret go.
pub fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(4096));
    let mut next = Next::Anything;
    // A quote keeps 1,024 characters; scanning far beyond them would only serve a hostile line.
    let head = text.char_indices().nth(4096).map_or(text, |(end, _)| &text[..end]);
    for piece in head.split_inclusive(is_delimiter) {
        let word_end = piece.trim_end_matches(is_delimiter).len();
        let (found, delimiter) = piece.split_at(word_end);
        if !found.contains(char::is_alphanumeric) {
            out.push_str(piece);
            continue;
        }
        let lower = found.to_ascii_lowercase();
        let scheme = ["bearer", "basic"].contains(&lower.as_str());
        let gone = match next {
            Next::Value => !scheme,
            Next::Said => !HARMLESS.contains(&lower.trim_matches(|c: char| !c.is_alphanumeric())),
            Next::Anything | Next::Named => false,
        };
        out.push_str(&if gone { GONE.to_owned() } else { pair(found) });
        next = if gone { Next::Anything } else { after(&lower, delimiter, next) };
        out.push_str(delimiter);
    }
    out
}

/// What a word lets expect of the next one.
fn after(word: &str, delimiter: &str, before: Next) -> Next {
    let ends_open = word.ends_with([':', '=']) || ["\"", "'", ">"].contains(&delimiter);
    match word {
        "bearer" | "basic" => Next::Value,
        // A closing tag.
        _ if word.starts_with('/') => Next::Anything,
        _ if names_secret(word) => {
            if ends_open {
                Next::Value
            } else {
                Next::Named
            }
        }
        "id" if before == Next::Named => Next::Named,
        "id:" | "id=" if before == Next::Named => Next::Value,
        "is" | "was" | "are" if before == Next::Named => Next::Said,
        _ => Next::Anything,
    }
}

fn is_delimiter(c: char) -> bool {
    c.is_whitespace() || "\"'(){}[]<>,;".contains(c)
}

/// The sentence of a payload line without its payload.
fn label(text: &str, longest: usize) -> String {
    let (label, payload) = text.split_once(':').unwrap_or(("", text));
    let size = payload.trim().len();
    bounded(&format!("{label}: [{size} bytes not kept]"), longest)
}

fn opening_of<'a>(text: &'a str, tail: &str) -> &'a str {
    text.strip_suffix(tail).unwrap_or("")
}

fn safe_headers(headers: &str) -> String {
    let inner = headers.trim().trim_start_matches('{').trim_end_matches('}');
    let mut kept: Vec<String> = Vec::new();
    let mut dropped = 0;
    let mut keeping = false;
    for part in inner.split(", ") {
        let name = part.split_once('=').map(|(name, _)| name);
        match name {
            Some(name) => {
                keeping = HEADERS.contains(&name.to_ascii_lowercase().as_str());
                if keeping { kept.push(text(part)) } else { dropped += 1 }
            }
            // A value with a comma in it, such as a date.
            None if keeping => kept.push(text(part)),
            None => {}
        }
    }
    let rest = if dropped > 0 { format!(" [{dropped} more not kept]") } else { String::new() };
    format!("{{{}}}{rest}", kept.join(", "))
}

/// A segment of a path; what parameters it carries lose their values (`;jsessionid=…`).
fn segment(segment: &str) -> String {
    let mut parts = segment.split(';');
    let name = word(parts.next().unwrap_or(""));
    parts.fold(name, |segment, parameter| format!("{segment};{}", query_name(parameter)))
}

fn query_name(pair: &str) -> String {
    let name = pair.split('=').next().unwrap_or("");
    format!("{}={GONE}", word(name))
}

/// A word that may be a pair, `name=value` or `name:value`.
fn pair(found: &str) -> String {
    if found.contains("://") {
        return uri(found);
    }
    match found.split_once(['=', ':']) {
        Some((name, value)) if names_secret(name) && !value.is_empty() => {
            format!("{}{GONE}", &found[..found.len() - value.len()])
        }
        Some((name, value)) if !found.starts_with("arn:") => {
            format!("{}{}{}", word(name), &found[name.len()..=name.len()], word(value))
        }
        _ => word(found),
    }
}

fn names_secret(name: &str) -> bool {
    let name: String = name.trim_end_matches([':', '=']).chars().filter(|c| !"-_".contains(*c)).collect();
    let name = name.to_ascii_lowercase();
    SECRETS.iter().any(|secret| name.ends_with(secret))
}

/// One word: gone where it is a person's address or looks like a secret.
fn word(word: &str) -> String {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    let readable = word.replace("%40", "@");
    let mail = readable.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    if mail || is_address(bare) || is_key(bare) || word.contains("eyJ") {
        return GONE.to_owned();
    }
    // Runs of letters and digits between the marks that names, hosts and ARNs are made with.
    let runs = word.split(['-', '_', '/', '.', ':', '%', '$']);
    if runs.into_iter().any(is_opaque) { GONE.to_owned() } else { word.to_owned() }
}

/// A client's address is personal; an address inside a VPC names a target and nobody else.
fn is_address(word: &str) -> bool {
    let host = word.rsplit_once(':').filter(|(host, _)| host.contains('.')).map_or(word, |(host, _)| host);
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => !(ip.is_private() || ip.is_loopback() || ip.is_unspecified()),
        Ok(IpAddr::V6(ip)) => !(ip.is_unique_local() || ip.is_loopback() || ip.is_unspecified()),
        Err(_) => false,
    }
}

/// An AWS access key id: four letters and sixteen more characters.
fn is_key(word: &str) -> bool {
    word.len() == 20
        && (word.starts_with("AKIA") || word.starts_with("ASIA"))
        && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// Letters and digits mixed over more characters than any name or id in these logs has in one run.
fn is_opaque(run: &str) -> bool {
    run.len() >= 24
        && run.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'=')
        && run.bytes().any(|b| b.is_ascii_digit())
        && run.bytes().any(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, expected: &str) {
        assert_eq!(line(&LogLine::parse(message), 1024), expected);
    }

    #[test]
    fn bodies_and_headers_of_clients_are_not_kept() {
        check(
            "(id) Method request body before transformations: {\"card\":\"4111\"}",
            "Method request body before transformations: [15 bytes not kept]",
        );
        check("(id) Method request headers: {Cookie=a}", "Method request headers: [10 bytes not kept]");
    }

    #[test]
    fn of_a_backends_headers_those_stay_that_name_the_failure() {
        check(
            "(id) Endpoint response headers: {Date=Fri, 18 Feb 2022 09:07:20 GMT, Set-Cookie=sid=1; Path=/, x-amzn-ErrorType=TooManyRequestsException}",
            "Endpoint response headers: {Date=Fri, 18 Feb 2022 09:07:20 GMT, x-amzn-ErrorType=TooManyRequestsException} [1 more not kept]",
        );
    }

    #[test]
    fn query_values_and_user_info_go() {
        check(
            "(id) Endpoint request URI: https://me:pw@orders.internal:8443/orders/7?email=a@b.c&page=2#top",
            "Endpoint request URI: https://orders.internal:8443/orders/7?email=[redacted]&page=[redacted]",
        );
    }

    #[test]
    fn secrets_in_a_functions_own_words_go() {
        let opening = "Lambda execution failed with status 200 due to customer function error:";
        for (said, quoted) in [
            ("no user bob@example.com", "no user [redacted]"),
            ("Authorization: Bearer abc.def", "Authorization: Bearer [redacted]"),
            ("password=hunter2 for x", "password=[redacted] for x"),
            ("{\"apiKey\":\"s3cr3t\"}", "{\"apiKey\":\"[redacted]\"}"),
            ("from 203.0.113.7 to 10.0.1.5:8080", "from [redacted] to 10.0.1.5:8080"),
            ("the password is hunter2", "the password is [redacted]"),
            ("the token is invalid", "the token is invalid"),
            ("session id: 8d2f expired", "session id: [redacted] expired"),
            ("<pwd>x1</pwd> refused", "<pwd>[redacted]</pwd> refused"),
            ("AKIAIOSFODNN7EXAMPLE", "[redacted]"),
            ("eyJhbGciOi.eyJzdWIi.x", "[redacted]"),
        ] {
            check(&format!("(id) {opening} {said}"), &format!("{opening} {quoted}"));
        }
    }

    #[test]
    fn what_aws_needs_stays() {
        for kept in [
            "Execution failed due to configuration error: Host name 'web-app-fargate-nlb-internal2-fdeb5f1534e02ddb.elb.cn-northwest-1.amazonaws.com.cn' does not match the certificate subject provided by the peer (CN=*.execute-api.cn-northwest-1.amazonaws.com.cn)",
            "Execution failed due to configuration error: PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target",
            "Lambda invocation failed with status: 429. Lambda request id: 758a8c2f-35eb-4713-b55e-56879fbc968b",
            "Execution failed due to configuration error: API Gateway does not have permission to assume the provided role arn:aws:iam::111122223333:role/apigateway-invoke",
        ] {
            check(kept, kept);
        }
    }

    proptest::proptest! {
        #[test]
        fn a_plain_path_is_what_its_parts_come_to(
            path in "(/([a-zA-Z0-9_-]{0,24}|AKIA[A-Z0-9]{14,18}|eyJ[a-z]{0,4}|[0-9.:]{1,8}|;?[a-z]{1,4}=[a-z@.]{0,6})){0,4}",
        ) {
            proptest::prop_assert_eq!(uri(&path), part_by_part(&path));
        }
    }

    #[test]
    fn a_long_line_is_cut_and_marked() {
        let quoted = line(&LogLine::parse(&"x ".repeat(5000)), 1024);
        assert_eq!((quoted.chars().count(), quoted.ends_with('…')), (1024, true));
    }
}
