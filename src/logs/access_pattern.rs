//! A text over variables: how the values of a line are found between the literals of its template.
//!
//! A template is text, a variable, text, a variable, and so on. Reading a line back means finding the texts between the
//! values. What a client, a backend or a function can choose (a path, a user agent, an error) may hold those texts, too. So
//! a line is read from the front up to its first such value and from the end back to its last; only what lies between two
//! of them is searched, and only where the text between them occurs once.

use std::borrow::Cow;

use memchr::{memchr2, memmem};

use super::access::{AccessLine, Variable};

/// A text over variables.
#[derive(Clone, Debug, Default)]
pub(super) struct Pattern {
    /// What stands before the first variable.
    head: String,
    pub(super) parts: Vec<Part>,
}

/// A variable and the text that follows it.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) variable: Option<Variable>,
    shape: Shape,
    literal: String,
    /// Whether it stands between quotation marks, which a JSON string's end needs.
    pub(super) quoted: bool,
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
    pub(super) fn compile(template: &str) -> Self {
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
    pub(super) fn read_value<'a>(&self, text: Cow<'a, str>, line: &mut AccessLine<'a>) {
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
    pub(super) fn read_strictly<'a>(&self, text: &'a str, line: &mut AccessLine<'a>) -> bool {
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
    pub(super) fn read<'a>(&self, text: &'a str, line: &mut AccessLine<'a>) -> bool {
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
    pub(super) fn is_strict(&self) -> bool {
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
