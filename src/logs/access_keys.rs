//! JSON by its keys: sound JSON through serde, broken JSON by a scan that takes what it can.
//!
//! Access lines are broken where a format leaves a variable unquoted, and it is `-`; or where it puts quotation marks around
//! `messageString`, which brings its own.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

use super::access::{AccessLine, Variable};

/// How deep objects may lie in one another; formats are at most three deep.
const DEEPEST: usize = 8;

/// Reads a line by what its keys are called; `None` where it is no object.
pub(super) fn read(line: &str) -> Option<AccessLine<'_>> {
    let mut found = AccessLine::default();
    if walk(line, &mut |path, text| note(path, text, &mut found)) {
        return Some(found);
    }
    let mut found = AccessLine::default();
    scan(line, &mut |path, text| note(path, Cow::Borrowed(text), &mut found));
    Some(found)
}

fn note<'a>(path: &str, text: Cow<'a, str>, line: &mut AccessLine<'a>) {
    if let Some(variable) = meaning(path) {
        line.says_http_method |= variable == Variable::Method && path.len() > "method".len();
        line.set(variable, text);
    }
}

/// Whether a column's name is one that access logs have.
pub(super) fn is_key(name: &str) -> bool {
    meaning(name).is_some()
}

/// Whether a JSON value has keys of an access line, wherever in it.
pub(super) fn is_line(value: &Json) -> bool {
    fn count(value: &Json, path: &str, depth: usize) -> usize {
        let Json::Object(fields) = value else { return 0 };
        let each = fields.iter().map(|(key, value)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            match value {
                Json::Object(_) if depth > 0 => count(value, &path, depth - 1),
                _ => usize::from(is_key(&path)),
            }
        });
        each.sum()
    }
    count(value, "", DEEPEST) > 2
}

/// What a key means, whatever it is spelt with: dots, hyphens, underscores, letter case.
fn meaning(path: &str) -> Option<Variable> {
    if path.len() > 64 {
        return None;
    }
    let path = path.strip_prefix("context.").or_else(|| path.strip_prefix("$context.")).unwrap_or(path);
    let bare: String =
        path.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    Some(match bare.as_str() {
        "apiid" => Variable::ApiId,
        "stage" => Variable::Stage,
        "requestid" => Variable::RequestId,
        "extendedrequestid" => Variable::ExtendedRequestId,
        "domainname" => Variable::Domain,
        "requesttime" => Variable::Time,
        "requesttimeepoch" => Variable::Epoch,
        "httpmethod" | "method" => Variable::Method,
        "routekey" => Variable::RouteKey,
        "resourcepath" => Variable::ResourcePath,
        "path" => Variable::Path,
        "status" | "statuscode" => Variable::Status,
        // `integration_status` is `integration.status` in all formats seen; `integrationStatus` may be either.
        "integrationstatus" if path.len() > bare.len() => Variable::BackendStatus,
        "integrationstatus" => Variable::EitherStatus,
        "functionresponsestatus" | "functionstatus" => Variable::BackendStatus,
        "integrationintegrationstatus" | "integrationservicestatus" => Variable::ServiceStatus,
        "integrationlatency" => Variable::IntegrationLatency,
        "responselatency" => Variable::ResponseLatency,
        "integrationerror" | "integrationerrormessage" | "integrationerr" => Variable::IntegrationError,
        "integrationrequestid" | "awsendpointrequestid" => Variable::IntegrationRequestId,
        "errormessage" | "errormessagestring" | "error" => Variable::ErrorMessage,
        "errorresponsetype" | "responsetype" | "errortype" => Variable::ResponseType,
        "authorizererror" => Variable::AuthorizerError,
        "waferror" => Variable::WafError,
        _ => return None,
    })
}

/// A JSON template, parsed with its bare variables as texts; `None` where it is no JSON.
pub(super) fn template(text: &str) -> Option<Json> {
    let mut quoted = String::with_capacity(text.len() + 64);
    let (mut inside, mut escaped) = (false, false);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if !inside && rest.starts_with("$context.") {
            let letter = |c: char| c.is_ascii_alphanumeric() || "_.$".contains(c);
            let end = rest.find(|c| !letter(c)).unwrap_or(rest.len());
            quoted.extend(["\"", &rest[..end], "\""]);
            rest = &rest[end..];
            continue;
        }
        inside ^= first == '"' && !escaped;
        escaped = first == '\\' && !escaped;
        quoted.push(first);
        rest = &rest[first.len_utf8()..];
    }
    // `messageString` may stand between quotes of its own making; that is still JSON here.
    serde_json::from_str(&quoted).ok()
}

/// Calls with each key's path and its value; false where the line is no sound JSON object.
pub(super) fn walk<'a>(line: &'a str, each: &mut impl FnMut(&str, Cow<'a, str>)) -> bool {
    if !line.starts_with('{') {
        return false;
    }
    let mut path = String::new();
    let mut json = serde_json::Deserializer::from_str(line);
    Walk { path: &mut path, depth: 0, each }.deserialize(&mut json).is_ok() && json.end().is_ok()
}

struct Walk<'w, F> {
    path: &'w mut String,
    depth: usize,
    each: &'w mut F,
}

impl<'de, F: FnMut(&str, Cow<'de, str>)> DeserializeSeed<'de> for Walk<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(&str, Cow<'de, str>)> Visitor<'de> for Walk<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an access line")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.depth == DEEPEST {
            return Err(A::Error::custom("too deep"));
        }
        let length = self.path.len();
        while let Some(key) = map.next_key_seed(KeySeed)? {
            if length > 0 {
                self.path.push('.');
            }
            self.path.push_str(&key);
            map.next_value_seed(Walk { path: self.path, depth: self.depth + 1, each: self.each })?;
            self.path.truncate(length);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<(), E> {
        (self.each)(self.path, Cow::Borrowed(text));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        (self.each)(self.path, Cow::Owned(text.to_owned()));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        (self.each)(self.path, Cow::Borrowed("-"));
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        (self.each)(self.path, Cow::Owned(number.to_string()));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        (self.each)(self.path, Cow::Owned(number.to_string()));
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        (self.each)(self.path, Cow::Owned(number.to_string()));
        Ok(())
    }
}

/// A key, borrowed where it holds no escape.
struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// Calls with each `"key": value` of JSON that is broken. A value ends where the next key or the object's end follows: a
/// quotation mark inside it does not count.
fn scan<'a>(line: &'a str, each: &mut impl FnMut(&str, &'a str)) {
    let mut path: Vec<&str> = Vec::new();
    let mut rest = line.trim_start().strip_prefix('{').unwrap_or(line);
    while let Some((key, after)) = next_key(rest, &mut path) {
        rest = after.trim_start();
        if let Some(inner) = rest.strip_prefix('{') {
            if path.len() == DEEPEST {
                return;
            }
            path.push(key);
            rest = inner;
            continue;
        }
        let (value, after) = match rest.strip_prefix('"') {
            Some(inner) => split_quoted(inner),
            None => rest.split_at(rest.find([',', '}']).unwrap_or(rest.len())),
        };
        let whole = path.iter().chain([&key]).copied().collect::<Vec<_>>().join(".");
        each(&whole, value);
        rest = after;
    }
}

/// The next key; closes the objects that end before it.
fn next_key<'a>(text: &'a str, path: &mut Vec<&'a str>) -> Option<(&'a str, &'a str)> {
    let start = text.find('"')?;
    for _ in text[..start].bytes().filter(|byte| *byte == b'}') {
        path.pop();
    }
    let (key, rest) = text[start + 1..].split_once('"')?;
    match rest.trim_start().strip_prefix(':') {
        Some(rest) if key.len() <= 64 => Some((key, rest)),
        // No key: a stray quotation mark. The line is not worth more.
        _ => None,
    }
}

/// A quoted value: it ends at a quotation mark behind which the next key begins or an object ends.
fn split_quoted(text: &str) -> (&str, &str) {
    let mut from = 0;
    while let Some(place) = text[from..].find('"').map(|place| place + from) {
        let after = text[place + 1..].trim_start();
        let next = after.strip_prefix(',').map(str::trim_start);
        if after.is_empty() || after.starts_with('}') || next.is_some_and(|next| next.starts_with('"')) {
            return (&text[..place], &text[place + 1..]);
        }
        from = place + 1;
    }
    (text, "")
}
