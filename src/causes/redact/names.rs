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
        let found_value = if kept.in_arn(start) {
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
    let letter = |b: &u8| b.is_ascii_alphanumeric() || *b >= 0x80;
    let start = at + bytes[at..].iter().position(letter)?;
    let inner = |b: &u8| letter(b) || b"_-.".contains(b);
    let end = bytes[start..].iter().position(|b| !inner(b)).map_or(bytes.len(), |length| start + length);
    let trailing = bytes[start..end].iter().rev().take_while(|b| !letter(b)).count();
    Some((start, end - trailing))
}

/// The value of a name, as far as it has to go.
fn value(text: &str, name_at: (usize, usize), name: Name, before: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut link = link(text, name_at, name)?;
    if link.explicit {
        link = behind_scheme(text, link);
    }
    let from = link.at;
    if is_reference(&text[from..]) {
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
        return goes(&text[from..to], name, link, before).then_some((from, to));
    }
    if link.explicit && name != Name::Code && matches!(bytes[from], b'[' | b'{') {
        return Some((from, bracket_end(bytes, from)));
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

/// Whether a name's value only says where the secret is.
fn is_reference(value: &str) -> bool {
    let braced = value.strip_prefix("${").and_then(|rest| rest.split_once('}'));
    let variable = braced.is_some_and(|(name, _)| {
        let open = name.starts_with("stageVariables.");
        open || (!name.is_empty()
            && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'))
    });
    variable
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
    let harmless = words::is_harmless(bare) || bare.split(['_', '-']).all(words::is_harmless);
    if harmless && !parameter {
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
    if STATUS.iter().any(|word| before.eq_ignore_ascii_case(word)) {
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
    let length = bytes[from..].iter().position(|b| b.is_ascii_whitespace() || b"\"`<>".contains(b));
    let mut end = length.map_or(bytes.len(), |length| from + length);
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
