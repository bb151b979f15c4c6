//! A stage's `accessLogSettings.format` → a parser for its lines: the format is a template over known variables.
//!
//! A template is text, a variable, text, a variable, and so on. Reading a line back means finding the texts between the
//! values. What a client, a backend or a function can choose (a path, a user agent, an error) may hold those texts, too. So
//! a line is read from the front up to its first such value and from the end back to its last; only what lies between two
//! of them is searched, and only where the text between them occurs once.

use std::borrow::Cow;

use memchr::{memchr2, memmem};
use serde_json::Value as Json;

use super::access::{AccessLine, Variable};
use super::access_keys;
use crate::ids::ApiId;

/// What this program would like a stage to log: valid for REST and HTTP APIs, and below the 1,024 characters that an HTTP
/// API's stage takes. Every value is quoted, since a variable without a value is written `-`.
///
/// REST APIs write `-` for `routeKey`. HTTP APIs refuse variables that they lack, so `resourcePath` and `waf` stay out.
/// Source: <https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages-stagename.html>
pub const RECOMMENDED_FORMAT: &str = concat!(
    r#"{"apiId":"$context.apiId","stage":"$context.stage","requestId":"$context.requestId","#,
    r#""extendedRequestId":"$context.extendedRequestId","requestTimeEpoch":"$context.requestTimeEpoch","#,
    r#""httpMethod":"$context.httpMethod","routeKey":"$context.routeKey","status":"$context.status","#,
    r#""responseLatency":"$context.responseLatency","integrationStatus":"$context.integration.status","#,
    r#""integrationServiceStatus":"$context.integration.integrationStatus","#,
    r#""integrationLatency":"$context.integration.latency","integrationRequestId":"$context.integration.requestId","#,
    r#""errorResponseType":"$context.error.responseType","authorizerError":"$context.authorizer.error","#,
    r#""errorMessage":"$context.error.message","integrationError":"$context.integration.error","path":"$context.path"}"#
);

/// Longest template that is compiled: AWS allows 3 KB.
const LONGEST_TEMPLATE: usize = 8 << 10;

/// Longest line that is read; CloudWatch Logs takes no longer event.
const LONGEST_LINE: usize = 1 << 20;

/// The formats that AWS's console and the Serverless Framework write, for lines whose stage is not known.
///
/// Sources: <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html>,
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html>,
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html>,
/// <https://github.com/serverless/serverless> (`api-gateway/lib/stage.js`)
const COMMON: [&str; 9] = [
    r#"$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.routeKey $context.protocol" $context.status $context.responseLength $context.requestId $context.integrationErrorMessage"#,
    r#"$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.routeKey $context.protocol" $context.status $context.responseLength $context.requestId"#,
    r#"$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId $context.extendedRequestId"#,
    r#"$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId"#,
    "$context.identity.sourceIp,$context.requestTime,$context.httpMethod,$context.routeKey,$context.protocol,$context.status,$context.responseLength,$context.requestId",
    "$context.identity.sourceIp,$context.identity.caller,$context.identity.user,$context.requestTime,$context.httpMethod,$context.resourcePath,$context.protocol,$context.status,$context.responseLength,$context.requestId,$context.extendedRequestId",
    r#"<request id="$context.requestId"> <ip>$context.identity.sourceIp</ip> <requestTime>$context.requestTime</requestTime> <httpMethod>$context.httpMethod</httpMethod> <routeKey>$context.routeKey</routeKey> <status>$context.status</status> <protocol>$context.protocol</protocol> <responseLength>$context.responseLength</responseLength> </request>"#,
    r#"<request id="$context.requestId"> <ip>$context.identity.sourceIp</ip> <caller>$context.identity.caller</caller> <user>$context.identity.user</user> <requestTime>$context.requestTime</requestTime> <httpMethod>$context.httpMethod</httpMethod> <resourcePath>$context.resourcePath</resourcePath> <status>$context.status</status> <protocol>$context.protocol</protocol> <responseLength>$context.responseLength</responseLength> <extendedRequestId>$context.extendedRequestId</extendedRequestId> </request>"#,
    "requestId: $context.requestId, ip: $context.identity.sourceIp, caller: $context.identity.caller, user: $context.identity.user, requestTime: $context.requestTime, httpMethod: $context.httpMethod, resourcePath: $context.resourcePath, status: $context.status, protocol: $context.protocol, responseLength: $context.responseLength",
];

/// The access-log format of a stage, compiled.
#[derive(Clone, Debug)]
pub struct AccessFormat {
    template: String,
    of_stage: Option<(ApiId, String)>,
    whole: Pattern,
    /// Keys of a JSON template, and what stands under each.
    keys: Vec<(String, Pattern)>,
    /// Whether a JSON line is matched by its literals alone: each value is bare or fills its quotes.
    strict: bool,
}

impl AccessFormat {
    /// Compiles a template. What is no variable of API Gateway's is text.
    pub fn compile(template: &str) -> Self {
        let end = floor(template, LONGEST_TEMPLATE);
        let template = template[..end].trim();
        let whole = Pattern::compile(template);
        let json = template.starts_with('{').then(|| access_keys::template(template)).flatten();
        let keys = json.as_ref().map(keys).unwrap_or_default();
        let strict = json.is_some() && whole.parts.iter().all(|part| part.is_strict());
        Self { template: template.to_owned(), of_stage: None, whole, keys, strict }
    }

    /// The same for lines of one stage, which a line need not name then.
    pub fn of_stage(self, api: ApiId, stage: impl Into<String>) -> Self {
        Self { of_stage: Some((api, stage.into())), ..self }
    }

    /// The stage that writes in this format, where only one does.
    pub fn stage(&self) -> Option<(&ApiId, &str)> {
        self.of_stage.as_ref().map(|(api, stage)| (api, stage.as_str()))
    }

    /// The template as the stage has it.
    pub fn template(&self) -> &str {
        &self.template
    }

    /// A filter pattern of CloudWatch Logs that passes failures alone; `None` where a line can be other than sound JSON with
    /// a quoted status, so that a pattern could lose a failure.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>
    pub fn failures_only(&self) -> Option<String> {
        let quoted = self.strict && self.whole.parts.iter().all(|part| part.quoted);
        // It brings quotation marks of its own.
        if !quoted || self.template.contains("$context.error.messageString") {
            return None;
        }
        let is_status =
            |pattern: &Pattern| matches!(&pattern.parts[..], [Part { variable: Some(Variable::Status), .. }]);
        let (key, _) = self.keys.iter().find(|(_, pattern)| is_status(pattern))?;
        let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_');
        plain.then(|| format!("{{ $.{key} = \"5*\" }}"))
    }

    /// Whether a line has the texts of this template, all of them and in this order.
    pub(super) fn fits(&self, line: &str) -> bool {
        self.whole.read(line.trim(), &mut AccessLine::default())
    }

    /// Reads a line; `None` where it is of some other shape.
    pub fn read<'a>(&self, line: &'a str) -> Option<AccessLine<'a>> {
        let line = line.trim();
        if line.len() > LONGEST_LINE {
            return None;
        }
        let mut strict = AccessLine::default();
        if self.strict && self.whole.read_strictly(line, &mut strict) {
            return strict.is_sound().then_some(strict);
        }
        if !self.keys.is_empty() {
            let mut found = AccessLine::default();
            let wanted =
                |path: &str| self.keys.iter().find(|(key, _)| key == path).map(|(_, pattern)| pattern);
            let read = access_keys::walk(line, &mut |path, text: Cow<'a, str>| {
                if let Some(pattern) = wanted(path) {
                    pattern.read_value(text, &mut found);
                }
            });
            if read && found.is_sound() {
                return Some(found);
            }
        }
        let mut found = AccessLine::default();
        (self.whole.read(line, &mut found) && found.is_sound()).then_some(found)
    }
}

/// Reads a line whose stage is known to write in one of these formats, or else by its keys, or in a format that AWS's own
/// tools write.
pub(super) fn read<'a>(line: &'a str, formats: &[AccessFormat]) -> Option<AccessLine<'a>> {
    formats.iter().find_map(|format| format.read(line)).or_else(|| read_unknown(line))
}

/// Reads a line in nothing but what it says itself.
fn read_unknown(line: &str) -> Option<AccessLine<'_>> {
    static COMPILED: std::sync::LazyLock<Vec<AccessFormat>> =
        std::sync::LazyLock::new(|| COMMON.iter().map(|template| AccessFormat::compile(template)).collect());
    let line = line.trim();
    if line.len() > LONGEST_LINE {
        return None;
    }
    if line.starts_with('{') {
        return access_keys::read(line).filter(AccessLine::is_sound);
    }
    COMPILED.iter().find_map(|format| format.read(line))
}

/// The keys of a JSON template that hold variables.
fn keys(template: &Json) -> Vec<(String, Pattern)> {
    fn collect(value: &Json, path: &str, keys: &mut Vec<(String, Pattern)>) {
        match value {
            Json::Object(fields) => {
                for (key, value) in fields {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    collect(value, &path, keys);
                }
            }
            Json::String(text) => {
                let pattern = Pattern::compile(text);
                if pattern.parts.iter().any(|part| part.variable.is_some()) {
                    keys.push((path.to_owned(), pattern));
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(template, "", &mut found);
    found
}

/// A text over variables.
#[derive(Clone, Debug, Default)]
struct Pattern {
    /// What stands before the first variable.
    head: String,
    parts: Vec<Part>,
}

/// A variable and the text that follows it.
#[derive(Clone, Debug)]
struct Part {
    variable: Option<Variable>,
    shape: Shape,
    literal: String,
    /// Whether it stands between quotation marks, which a JSON string's end needs.
    quoted: bool,
}

/// What a value can look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Three digits, or nothing.
    Status,
    /// `24/Nov/2026:16:57:08 +0000`.
    Time,
    /// `GET /orders/{id}`, `$default`.
    Route,
    /// Without blanks.
    Word,
    /// Anything, since others than API Gateway word it.
    Free,
}

impl Shape {
    fn of(name: &str) -> Self {
        // A value that holds blanks though it should not is still matched by the texts around it, if it is free.
        const WORDS: [&str; 13] = [
            "protocol",
            "responseLength",
            "responseLatency",
            "accountId",
            "eventType",
            "connectionId",
            "messageId",
            "connectedAt",
            "messageDirection",
            "xrayTraceId",
            "resourceId",
            "domainPrefix",
            "customDomain.basePathMatched",
        ];
        let last = name.rsplit('.').next().unwrap_or(name);
        match Variable::of_name(name) {
            Some(
                Variable::Status | Variable::BackendStatus | Variable::ServiceStatus | Variable::EitherStatus,
            ) => Self::Status,
            Some(Variable::Time) => Self::Time,
            Some(Variable::RouteKey) => Self::Route,
            Some(
                Variable::Path
                | Variable::IntegrationError
                | Variable::ErrorMessage
                | Variable::AuthorizerError
                | Variable::WafError,
            ) => Self::Free,
            Some(_) => Self::Word,
            None if WORDS.contains(&name) => Self::Word,
            None if name.starts_with("identity.") && name != "identity.userAgent" => Self::Word,
            None if matches!(last, "status" | "latency" | "requestId") => Self::Word,
            None => Self::Free,
        }
    }

    /// Where a value that begins here ends at the latest, by its shape; `None` where only the text behind it can tell.
    fn length(self, text: &str) -> Option<usize> {
        match self {
            Self::Time if is_time(text) => Some(TIME),
            Self::Route => {
                let verb = text.bytes().take_while(u8::is_ascii_uppercase).count();
                let path = text[verb..].strip_prefix(" /")?;
                let end =
                    path.bytes().position(|byte| byte.is_ascii_whitespace() || b"\"',<".contains(&byte));
                Some(verb + 2 + end.unwrap_or(path.len()))
            }
            _ => None,
        }
    }

    fn accepts(self, text: &str) -> bool {
        match self {
            Self::Status => {
                let text = text.trim().trim_matches('"');
                matches!(text, "" | "-")
                    || (text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit()))
            }
            Self::Word => !text.trim().contains(char::is_whitespace),
            Self::Time | Self::Route | Self::Free => {
                text.len() <= 64 || self == Self::Free || self == Self::Route
            }
        }
    }
}

/// Length of a time in the format of web servers' logs.
const TIME: usize = "24/Nov/2026:16:57:08 +0000".len();

fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= TIME
        && text.is_char_boundary(TIME)
        && [(2, b'/'), (6, b'/'), (11, b':'), (14, b':'), (17, b':'), (20, b' ')]
            .iter()
            .all(|(place, byte)| bytes[*place] == *byte)
}

impl Pattern {
    fn compile(template: &str) -> Self {
        const OPENING: &str = "$context.";
        let mut pattern = Self::default();
        let mut rest = template;
        while let Some(start) = memmem::find(rest.as_bytes(), OPENING.as_bytes()) {
            let quoted = rest[..start].ends_with('"');
            pattern.literal().push_str(&rest[..start]);
            rest = &rest[start + OPENING.len()..];
            let (name, after) = rest.split_at(name_length(rest));
            rest = after;
            pattern.parts.push(Part {
                variable: Variable::of_name(name),
                shape: Shape::of(name),
                literal: String::new(),
                quoted,
            });
        }
        pattern.literal().push_str(rest);
        pattern
    }

    fn literal(&mut self) -> &mut String {
        match self.parts.last_mut() {
            Some(part) => &mut part.literal,
            None => &mut self.head,
        }
    }

    /// Reads a value of a JSON line.
    fn read_value<'a>(&self, text: Cow<'a, str>, line: &mut AccessLine<'a>) {
        if let [Part { variable: Some(variable), literal, .. }] = &self.parts[..]
            && literal.is_empty()
            && self.head.is_empty()
        {
            line.set(*variable, text);
        } else if let Cow::Borrowed(text) = text {
            self.read(text, line);
        }
    }

    /// Reads sound JSON without parsing it: no value holds an escape or a quotation mark, so that the line is what it looks
    /// like. Whatever is not so plain is left to the other ways.
    fn read_strictly<'a>(&self, text: &'a str, line: &mut AccessLine<'a>) -> bool {
        let Some(mut rest) = text.strip_prefix(self.head.as_str()) else { return false };
        for part in &self.parts {
            let end = if part.quoted {
                memchr2(b'"', b'\\', rest.as_bytes())
            } else {
                memchr2(b',', b'}', rest.as_bytes()).filter(|end| is_number(&rest[..*end]))
            };
            let Some(end) = end else { return false };
            let Some(after) = rest[end..].strip_prefix(part.literal.as_str()) else { return false };
            if let Some(variable) = part.variable {
                line.set(variable, Cow::Borrowed(&rest[..end]));
            }
            rest = after;
        }
        rest.is_empty()
    }

    /// Reads a line by the texts between its values.
    fn read<'a>(&self, text: &'a str, line: &mut AccessLine<'a>) -> bool {
        let Some(mut rest) = text.strip_prefix(self.head.as_str()) else { return false };
        let mut parts = &self.parts[..];
        // From the front.
        while let [part, more @ ..] = parts {
            if part.shape == Shape::Free {
                break;
            }
            let Some((value, after)) = part.split(rest, more.is_empty()) else { return false };
            part.note(value, line);
            (rest, parts) = (after, more);
        }
        // From the end.
        while let [before @ .., part] = parts {
            let Some(head) = rest.strip_suffix(part.literal.as_str()) else { return false };
            let Some(previous) = before.last().filter(|_| part.shape != Shape::Free) else {
                rest = head;
                break;
            };
            let Some(start) = previous.rsplit(head, part.shape) else { return false };
            let value = &head[start..];
            if !part.shape.accepts(value) {
                return false;
            }
            part.note(value, line);
            // What is left ends with the text before this value.
            (rest, parts) = (&head[..start], before);
        }
        between(parts, rest, line);
        true
    }
}

/// What lies between the first and the last free value, both included; the last one's own text is off already.
fn between<'a>(mut parts: &[Part], mut rest: &'a str, line: &mut AccessLine<'a>) {
    while let [part, more @ ..] = parts {
        if more.is_empty() {
            part.note(rest, line);
            return;
        }
        if part.literal.is_empty() {
            return;
        }
        let mut places = memmem::find_iter(rest.as_bytes(), part.literal.as_bytes());
        let (Some(place), None) = (places.next(), places.next()) else {
            // It occurs twice: a client may have written one of them, so that nothing between can be trusted.
            return;
        };
        if !part.shape.accepts(&rest[..place]) {
            return;
        }
        part.note(&rest[..place], line);
        (rest, parts) = (&rest[place + part.literal.len()..], more);
    }
}

impl Part {
    fn is_strict(&self) -> bool {
        match self.quoted {
            true => self.literal.starts_with('"'),
            false => self.literal.starts_with([',', '}']),
        }
    }

    fn note<'a>(&self, value: &'a str, line: &mut AccessLine<'a>) {
        if let Some(variable) = self.variable {
            line.set(variable, Cow::Borrowed(value));
        }
    }

    /// The value that a text opens with, and what follows it.
    fn split<'a>(&self, text: &'a str, last: bool) -> Option<(&'a str, &'a str)> {
        if let Some(length) = self.shape.length(text)
            && let Some(after) = text[length..].strip_prefix(self.literal.as_str())
            && (!last || after.is_empty())
        {
            return Some((&text[..length], after));
        }
        let end = match (self.literal.is_empty(), last) {
            (true, true) => text.len(),
            // Nothing tells where one of two values ends that touch each other.
            (true, false) => return None,
            // The end of the line, even where a value holds the same text.
            (false, true) => text.len().checked_sub(self.literal.len())?,
            (false, false) => memmem::find(text.as_bytes(), self.literal.as_bytes())?,
        };
        let value = text.get(..end)?;
        let after = text[end..].strip_prefix(self.literal.as_str())?;
        self.shape.accepts(value).then_some((value, after))
    }

    /// Where the value behind this part's text begins, searched from the end.
    fn rsplit(&self, text: &str, shape: Shape) -> Option<usize> {
        let back =
            |places: usize| text.len().checked_sub(places).filter(|start| text.is_char_boundary(*start));
        if shape == Shape::Time
            && let Some(start) = back(TIME).filter(|start| is_time(&text[*start..]))
            && text[..start].ends_with(self.literal.as_str())
        {
            return Some(start);
        }
        if self.literal.is_empty() {
            return None;
        }
        let place = memmem::rfind(text.as_bytes(), self.literal.as_bytes())?;
        let start = place + self.literal.len();
        // A route's own blank is no end of it.
        if shape == Shape::Route && text[start..].starts_with('/') && self.literal.ends_with(' ') {
            let place = memmem::rfind(&text.as_bytes()[..place], self.literal.as_bytes())?;
            return Some(place + self.literal.len());
        }
        Some(start)
    }
}

/// Letters, digits and underscores, divided by dots; a hyphen only inside an authorizer's own properties.
fn name_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let letter =
        |place: usize| bytes.get(place).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let mut end = 0;
    while letter(end) || (end > 0 && matches!(bytes.get(end), Some(b'.')) && letter(end + 1)) {
        end += 1;
    }
    end
}

fn is_number(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// The last place at or before this one where a character begins.
fn floor(text: &str, most: usize) -> usize {
    (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0)
}
