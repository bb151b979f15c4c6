//! Step 5: what stands behind a secret's name, in pairs, JSON, XML, forms, headers and sentences.

use memchr::memmem;

use super::joints::{Joint, behind_scheme, link};
use super::sentences::{self, phrase_end};
use super::words::{self, Name};
use super::{Gone, Kept, shapes};

/// Takes the values of all names in a text.
pub(super) fn values(text: &str, kept: &Kept, gone: &mut Gone<'_>) {
    let bytes = text.as_bytes();
    let (mut at, mut before) = (0, "");
    let mut before_end = 0;
    while let Some((start, end)) = word(bytes, at) {
        at = end;
        let found = &text[start..end];
        let near =
            start - before_end <= 2 && bytes[before_end..start].iter().all(|b| *b == b' ' || *b == b'-');
        let found_value = if kept.in_arn(start) || is_hex_pair(bytes, start, end) {
            None
        } else if let Some(password) = sentences::option(text, start, end) {
            Some(password)
        } else if let Some(name) = words::name(found, if near { before } else { "" }) {
            let value = value(text, (start, end), name, if near { before } else { "" });
            value
                .or_else(|| sentences::further(text, (start, end), name))
                .or_else(|| sentences::before(text, start, name))
        } else {
            sentences::rejected(text, (start, end), if near { before } else { "" })
                .or_else(|| sentences::credential(text, start, end))
        };
        if let Some((from, to)) = found_value {
            gone.take(from, to);
            at = to.max(end);
        }
        (before, before_end) = (found, end);
    }
}

/// The next word of letters, digits and the marks inside names.
pub(super) fn word(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let letter = |at: usize| {
        let byte = bytes[at];
        byte.is_ascii_alphanumeric() || (byte >= 0x80 && quotation(&bytes[at..]) == 0)
    };
    let mut start = at;
    while start < bytes.len() && !letter(start) {
        start += if bytes[start] < 0x80 { 1 } else { quotation(&bytes[start..]) };
    }
    let inner = |at: &usize| letter(*at) || b"_-.".contains(&bytes[*at]);
    let end = (start..bytes.len()).find(|at| !inner(at)).unwrap_or(bytes.len());
    let trailing = bytes[start..end].iter().rev().take_while(|b| b"_-.".contains(b)).count();
    if start == end {
        return None;
    }
    Some((start, end - trailing))
}

/// The length of a quotation mark that ASCII does not have: `«`, `“`, `„`, `「`.
pub(super) fn quotation(rest: &[u8]) -> usize {
    match rest {
        [0xc2, 0xab | 0xbb, ..] => 2,
        [0xe2, 0x80, 0x98..=0x9f | 0xb9 | 0xba, ..] | [0xe3, 0x80, 0x8a..=0x8f, ..] => 3,
        _ => 0,
    }
}

/// The value of a name, as far as it has to go.
fn value(text: &str, name_at: (usize, usize), name: Name, before: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut link = link(text, name_at, name)?;
    if link.explicit {
        link = behind_scheme(text, link);
    }
    let from = link.at;
    if is_reference(&text[from..]) || is_resource(&text[name_at.0..name_at.1], text, link) {
        return None;
    }
    if link.tagged {
        // `AUTH <password> was called` is no tag.
        if bytes[from - 1] == b' ' && memmem::find(&bytes[from..], b"</").is_none() {
            return None;
        }
        let end = memmem::find(&bytes[from..], b"</").or_else(|| memmem::find(&bytes[from..], b"<"));
        let to = end.map_or(bytes.len(), |length| from + length);
        return (!text[from..to].trim().is_empty()).then_some((from, to));
    }
    if let Some((quote, slashes)) = link.quote {
        let to = quote_end(bytes, from, quote, slashes);
        let last =
            if name == Name::Secret && !link.listed { arguments_end(bytes, from, to, quote) } else { to };
        let argument = text[from..last].rsplit(char::from(quote)).next().unwrap_or("");
        // What is itself a name, as in `of("user", "password")`, is no value.
        let is_name = argument.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            && words::name(argument, "").is_some();
        if last > to && !is_name && goes(argument, name, link, before) {
            return Some((from, last));
        }
        return goes(&text[from..to], name, link, before).then_some((from, to));
    }
    // auth=('user', 'X')
    if link.equals && name != Name::Code && bytes[from - 1] == b'(' && matches!(bytes[from], b'\'' | b'"') {
        let to = bracket_end(bytes, from - 1);
        return Some((from, if bytes[to - 1] == b')' { to - 1 } else { to }));
    }
    if link.explicit && name != Name::Code && matches!(bytes[from], b'[' | b'{') {
        let to = bracket_end(bytes, from);
        return (!words::is_remark(&text[from..to])).then_some((from, to));
    }
    let to = bare_end(bytes, from);
    let value = &text[from..to];
    // `SecretId: prod/db` is a name.
    if name == Name::Secret
        && text[..name_at.1].ends_with(['d', 'D'])
        && text[name_at.0..name_at.1].to_ascii_lowercase().ends_with("id")
        && shapes::is_wordy(value)
    {
        return None;
    }
    // `password attempts: 3`: a label of its own, with a count or the secret behind it.
    let label = !link.explicit
        && value.chars().all(|c| c.is_lowercase() || c.is_alphabetic() && !c.is_ascii() || "_-".contains(c))
        && text[to..]
            .strip_prefix([':', '='])
            .is_some_and(|rest| sentences::is_other(value) || sentences::opens_value(rest));
    if name == Name::Field
        && let Some(end) = short_code(&text[name_at.0..name_at.1], bytes, from, to)
    {
        return Some((from, end));
    }
    if to == from || label || is_count(&text[name_at.0..name_at.1], value) || !goes(value, name, link, before)
    {
        return None;
    }
    match name {
        Name::Field => Some((from, groups_end(bytes, from, to))),
        Name::Header if link.explicit => Some((from, header_end(bytes, text, from))),
        Name::Secret if link.explicit => Some((from, phrase_end(bytes, text, to))),
        _ => Some((from, to)),
    }
}

/// Whether a name is two digits of a fingerprint, as the second of `BB:CC:DD` is.
fn is_hex_pair(bytes: &[u8], start: usize, end: usize) -> bool {
    let pair = |at: usize| bytes.get(at..at + 2).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit));
    end == start + 2
        && pair(start)
        && start >= 3
        && bytes[start - 1] == b':'
        && pair(start - 3)
        && bytes.get(end) == Some(&b':')
        && pair(end + 1)
}

/// The end of a card's check number, or of a one-time code in two groups: too few digits for other fields.
fn short_code(name: &str, bytes: &[u8], from: usize, to: usize) -> Option<usize> {
    let ends = |endings: &[&str]| {
        endings.iter().any(|end| {
            name.len() >= end.len()
                && name.is_char_boundary(name.len() - end.len())
                && name[name.len() - end.len()..].eq_ignore_ascii_case(end)
        })
    };
    if to - from != 3 || !bytes[from..to].iter().all(u8::is_ascii_digit) {
        return None;
    }
    if ends(&["cvv", "cvc", "csc", "cvv2", "cvc2"]) {
        return Some(to);
    }
    let end = groups_end(bytes, from, to);
    (end == to + 4 && ends(&["otp", "code", "pin", "tan", "mfa"])).then_some(end)
}

/// Whether a name in quotes is a resource's: `secret "orders-db" not found`.
fn is_resource(name: &str, text: &str, link: Joint) -> bool {
    let Some((quote, 0)) = link.quote.filter(|_| !link.explicit) else { return false };
    let to = quote_end(text.as_bytes(), link.at, quote, 0);
    let (value, rest) = (&text[link.at..to], text.get(to + 1..).unwrap_or(""));
    let plain = value.split('-').all(|part| {
        part.len() > 1 && part.bytes().all(|b| b.is_ascii_lowercase()) && !shapes::is_random(part)
    });
    matches!(name, "secret" | "secrets")
        && value.contains('-')
        && plain
        && [" not found", " already exists", " is forbidden"].iter().any(|said| rest.starts_with(said))
}

/// Whether a name's value only says where the secret is.
fn is_reference(value: &str) -> bool {
    let braced = value.strip_prefix("${").and_then(|rest| rest.split_once('}'));
    let variable = braced.is_some_and(|(name, _)| {
        let open = name.starts_with("stageVariables.");
        open || (!name.is_empty()
            && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'))
    });
    // The place of a parameter in SQL, or the type of a column.
    let place = value.strip_prefix(['$', '%', '@']).is_some_and(|rest| {
        let name = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let numbered =
            value.starts_with('$') && name < 3 && rest.bytes().take(name).all(|b| b.is_ascii_digit());
        let ends = rest[name..].bytes().next().is_none_or(|b| b" ,);".contains(&b));
        name > 0 && ends && (numbered || value.starts_with("%s"))
    });
    let kind = ["varchar(", "nvarchar(", "char(", "varchar2(", "varbinary("];
    let column =
        kind.iter().any(|kind| value.get(..kind.len()).is_some_and(|open| open.eq_ignore_ascii_case(kind)));
    variable
        || place
        || column
        || value.starts_with("arn:aws")
        || value.starts_with("{{resolve:")
        || value.starts_with("/var/task")
}

/// Whether a value counts what its name says: `max_tokens=4096`, `sessions: 12`.
fn is_count(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let several =
        ["tokens", "sessions", "secrets", "keys", "passwords"].iter().any(|end| name.ends_with(end));
    several && value.len() <= 7 && value.bytes().all(|b| b.is_ascii_digit())
}

/// The end of a number that is written in groups: `4111 1111 1111 1112`, `DE89 3704 0044`.
fn groups_end(bytes: &[u8], from: usize, mut end: usize) -> usize {
    let is_group = |run: &[u8]| {
        run.iter().any(u8::is_ascii_digit)
            && run.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || b"+-./()".contains(b))
    };
    if !is_group(&bytes[from..end]) {
        return end;
    }
    for _ in 0..8 {
        let at = end + bytes[end..].iter().take(2).take_while(|b| b" -./)(".contains(b)).count();
        let run = bytes[at..].iter().take(8).take_while(|b| b.is_ascii_alphanumeric()).count();
        let next = bytes.get(at + run);
        if at == end
            || !(2..=6).contains(&run)
            || !is_group(&bytes[at..at + run])
            || matches!(next, Some(b':' | b'.' | b'_'))
                && bytes.get(at + run + 1).is_some_and(u8::is_ascii_alphanumeric)
        {
            break;
        }
        end = at + run;
    }
    end
}

/// Whether a value has to go.
fn goes(value: &str, name: Name, link: Joint, before: &str) -> bool {
    let bare = value.trim_matches(|c: char| !c.is_alphanumeric());
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    // API Gateway's own stars.
    if bare.is_empty() {
        return link.explicit && value.bytes().any(|b| !b"*.-".contains(&b)) && value.len() > 3;
    }
    // Parameters of `Authorization` have harmless names.
    let parameter = name == Name::Header && link.explicit && value.contains('=');
    let harmless = words::is_harmless(bare) || bare.split(['_', '-', '\'']).all(words::is_harmless);
    if (harmless || words::is_remark(value)) && !parameter {
        return false;
    }
    // `["password","X"]`, but not a list of names.
    if link.listed {
        let scheme = value.split_once(' ').is_some_and(|(scheme, _)| words::is_scheme(scheme));
        return scheme
            || (digits > 0 && bare.len() >= 4 && !value.starts_with("X-") && !value.starts_with("x-"));
    }
    if !link.explicit {
        // Another pair, a path, an address, or a name in a program.
        let pair =
            value.split_once('=').is_some_and(|(head, _)| words::is_harmless(head)) && name != Name::Header;
        let place = value.contains('/')
            && value.trim_start_matches('(').bytes().all(|b| b.is_ascii_lowercase() || b"/-_.".contains(&b));
        let constant = value.rsplit_once('.').is_some_and(|(kind, last)| {
            kind.starts_with(|c: char| c.is_ascii_uppercase())
                && last.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
        });
        let address = name == Name::Field && bare.parse::<std::net::Ipv4Addr>().is_ok();
        let status = digits == bare.len() && digits < 4;
        if pair || status || address || place || constant {
            return false;
        }
    }
    if name == Name::Code {
        return is_code(bare, digits, link, before);
    }
    if link.explicit {
        return true;
    }
    match name {
        Name::Field => (digits > 0 && bare.len() >= 4) || value.contains('@'),
        // A sentence names cookies and does not show them.
        Name::Header if !value.contains('=') => digits > 0 && bare.len() >= 4,
        _ => bare.chars().count() > 1 && !words::is_abstract(bare) && !value.ends_with('('),
    }
}

/// A one-time code or a key, not a status, an error's code or the key of a record.
fn is_code(bare: &str, digits: usize, link: Joint, before: &str) -> bool {
    const STATUS: [&str; 12] = [
        "error", "status", "exit", "response", "reason", "return", "http", "errno", "sqlstate", "state",
        "result", "native",
    ];
    // Windows numbers its errors in hexadecimal digits.
    if bare.starts_with("0x") || STATUS.iter().any(|word| before.eq_ignore_ascii_case(word)) {
        return false;
    }
    let plain = bare.bytes().all(|b| b.is_ascii_digit());
    if plain {
        return (if link.equals { 4..=8 } else { 6..=8 }).contains(&digits);
    }
    let error = bare
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .bytes()
        .all(|b| b.is_ascii_uppercase() || b"-_".contains(&b));
    let path = bare.contains(['/', '.']) && !bare.starts_with("4/");
    !path
        && !error
        && (shapes::is_random(bare)
            || (link.explicit && digits > 0 && bare.len() >= if link.equals { 5 } else { 8 }))
}

/// The end of a value without quotation marks: a blank, a quote, a tag, or a mark before the next pair.
pub(super) fn bare_end(bytes: &[u8], from: usize) -> usize {
    let ends = |at: &usize| {
        let byte = bytes[*at];
        byte.is_ascii_whitespace()
            || b"\"`<>".contains(&byte)
            || (byte >= 0x80 && quotation(&bytes[*at..]) > 0)
    };
    let mut end = (from..bytes.len()).find(ends).unwrap_or(bytes.len());
    let mut at = from;
    while let Some(place) = bytes[at..end].iter().position(|b| b",;&|'".contains(b)) {
        let mark = at + place;
        let name = bytes[mark + 1..end]
            .iter()
            .take(40)
            .take_while(|b| b.is_ascii_alphanumeric() || b"-_.[]".contains(b))
            .count();
        let next = bytes.get(mark + 1 + name).filter(|_| mark + 1 + name < end);
        if mark + 1 == end
            || (name > 0 && matches!(next, Some(b'=' | b':')))
            || bytes[mark + 1..end].starts_with(b"'")
        {
            end = mark;
            break;
        }
        at = mark + 1;
    }
    // `[redacted]` ends with a bracket of its own.
    if !bytes[from..end].starts_with(b"[") {
        while end > from && b")}].,;:!?'".contains(&bytes[end - 1]) {
            end -= 1;
        }
    }
    end
}

/// A closing quotation mark has no more backslashes before it than its opening one.
pub(super) fn quote_end(bytes: &[u8], from: usize, quote: u8, slashes: usize) -> usize {
    let mut run = 0;
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        if *byte == quote && run <= slashes {
            return at - run;
        }
        run = if *byte == b'\\' { run + 1 } else { 0 };
    }
    bytes.len()
}

/// The end of the last argument of a call whose first one is read: `BasicAuth('user', 'X')`.
fn arguments_end(bytes: &[u8], from: usize, mut end: usize, quote: u8) -> usize {
    if from < 2 || bytes[from - 2] != b'(' {
        return end;
    }
    for _ in 0..3 {
        let next = match bytes.get(end..) {
            Some([close, b',', b' ', open, ..]) if *close == quote && *open == quote => end + 4,
            Some([close, b',', open, ..]) if *close == quote && *open == quote => end + 3,
            _ => break,
        };
        end = quote_end(bytes, next, quote, 0);
    }
    end
}

pub(super) fn bracket_end(bytes: &[u8], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        match byte {
            b'[' | b'{' | b'(' => depth += 1,
            b']' | b'}' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    bytes.len()
}

/// The end of a header's value: all its cookies and parameters, up to a sentence that goes on or the bracket that it
/// stands in.
pub(super) fn header_end(bytes: &[u8], text: &str, from: usize) -> usize {
    let (mut at, mut depth, mut open) = (from, 0_usize, None);
    while at < bytes.len() {
        match bytes[at] {
            b'\n' => return at,
            quote @ (b'"' | b'\'') => match open {
                Some(mark) if mark == quote => open = None,
                Some(_) => {}
                None if at > from && b"=:".contains(&bytes[at - 1]) => open = Some(quote),
                None if quote == b'"' => return at,
                None => {}
            },
            b'[' | b'{' | b'(' => depth += 1,
            b']' | b'}' | b')' if depth == 0 => return at,
            b']' | b'}' | b')' => depth -= 1,
            b' ' if at > from && !b";, ".contains(&bytes[at - 1]) => {
                let (first, last) = word(bytes, at).unwrap_or((at, at));
                let label = bytes.get(last) == Some(&b':') && bytes.get(last + 1).is_some_and(|b| *b == b' ');
                if first - at <= 2 && (words::is_harmless(&text[first..last]) || label) {
                    return at;
                }
            }
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}
