//! Step 5: what stands behind a secret's name, in pairs, JSON, XML, forms, headers and sentences.

use memchr::memmem;

use super::words::{self, Name};
use super::{Gone, Kept, shapes};

/// Where the value of a name starts, and how it is tied to it.
#[derive(Clone, Copy)]
struct Joint {
    at: usize,
    /// By `=` or `:`, not by blanks alone.
    explicit: bool,
    /// `=` alone, as in forms and commands.
    equals: bool,
    /// Its quotation mark, and how many backslashes stand before it.
    quote: Option<(u8, usize)>,
    /// Between tags of XML.
    tagged: bool,
}

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
        } else if let Some(name) = words::name(found, if near { before } else { "" }) {
            let value = value(text, (start, end), name, if near { before } else { "" });
            value.or_else(|| value_before(text, start).filter(|_| name == Name::Secret))
        } else {
            credential(text, start, end)
        };
        if let Some((from, to)) = found_value {
            gone.take(from, to);
            at = to.max(end);
        }
        (before, before_end) = (found, end);
    }
}

/// The value that a sentence puts first: `with X as the password`.
fn value_before(text: &str, start: usize) -> Option<(usize, usize)> {
    let before =
        ["as the ", "as its ", "as a ", "as "].iter().find_map(|tie| text[..start].strip_suffix(tie))?;
    let value = before.strip_suffix(' ')?;
    let from = value.rfind(|c: char| c.is_whitespace()).map_or(0, |blank| blank + 1);
    let is_value = value.len() - from >= 4 && value.as_bytes()[from..].iter().any(u8::is_ascii_digit);
    is_value.then_some((from, value.len()))
}

/// The next word of letters, digits and the marks inside names.
fn word(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let letter = |b: &u8| b.is_ascii_alphanumeric() || *b >= 0x80;
    let start = at + bytes[at..].iter().position(letter)?;
    let inner = |b: &u8| letter(b) || b"_-.".contains(b);
    let end = bytes[start..].iter().position(|b| !inner(b)).map_or(bytes.len(), |length| start + length);
    let trailing = bytes[start..end].iter().rev().take_while(|b| !letter(b)).count();
    Some((start, end - trailing))
}

/// `Bearer X` and `-u user:X`, which no name announces.
fn credential(text: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let found = &text[start..end];
    let (bearer, basic) = (found.eq_ignore_ascii_case("bearer"), found.eq_ignore_ascii_case("basic"));
    let option = bytes[..start].ends_with(b"-") && (found == "u" || found == "user");
    let digest = found.eq_ignore_ascii_case("digest");
    if !(bearer || basic || option || digest) {
        return None;
    }
    let blanks = bytes[end..].iter().take_while(|b| b" :=\"'".contains(b)).count();
    let from = end + blanks;
    let to = bare_end(bytes, from);
    let value = &text[from..to];
    if blanks == 0 || value.is_empty() || words::is_harmless(value) || words::is_abstract(value) {
        return None;
    }
    if option {
        return value.split_once(':').map(|(user, _)| (from + user.len() + 1, to));
    }
    if digest {
        return value.contains('=').then(|| (from, header_end(bytes, text, from)));
    }
    let encoded = value.len() >= 8
        && (!shapes::is_wordy(value) || value.bytes().any(|b| b.is_ascii_uppercase() || b == b'='));
    (bearer || encoded).then_some((from, to))
}

/// The value of a name, as far as it has to go.
fn value(text: &str, name_at: (usize, usize), name: Name, before: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut link = link(text, name_at)?;
    if link.explicit {
        link = behind_scheme(text, link);
    }
    let from = link.at;
    if text[from..].starts_with("arn:aws") || text[from..].starts_with("${stageVariables.") {
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
    if to == from || !goes(&text[from..to], name, link, before) {
        return None;
    }
    match name {
        Name::Header if link.explicit => Some((from, header_end(bytes, text, from))),
        Name::Secret if link.explicit => Some((from, phrase_end(bytes, text, to))),
        _ => Some((from, to)),
    }
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
    if words::is_harmless(bare) && !parameter {
        return false;
    }
    if name == Name::Code {
        return is_code(bare, digits, link, before);
    }
    if link.explicit {
        return true;
    }
    match name {
        Name::Field => digits > 0 && bare.len() >= 4,
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

/// From a name's end to its value: closing marks, words that belong to the name, `=` or `:`, opening marks.
fn link(text: &str, (start, mut end): (usize, usize)) -> Option<Joint> {
    let bytes = text.as_bytes();
    let open = start.checked_sub(1).map(|at| bytes[at]);
    let mut tag = open == Some(b'<')
        || (open == Some(b':') && memchr::memrchr(b'<', &bytes[start.saturating_sub(32)..start]).is_some());
    if open == Some(b'/') && start > 1 && bytes[start - 2] == b'<' {
        return None;
    }
    for _ in 0..4 {
        let skip = |at: usize, marks: &[u8], most: usize| {
            at + bytes[at..].iter().take(most).take_while(|b| marks.contains(b)).count()
        };
        let closed = skip(end, b"\"'`\\])", 12);
        if tag && closed == end {
            // Attributes stand before the tag's end.
            let close = bytes[end..].iter().take(200).position(|b| *b == b'>').map(|length| end + length);
            if let Some(close) =
                close.filter(|close| bytes[close - 1] != b'/' && (bytes[end] == b'>' || bytes[end] == b' '))
            {
                let open = skip(close + 1, b" ", 8);
                return (open < bytes.len()).then_some(Joint {
                    at: open,
                    explicit: true,
                    equals: false,
                    quote: None,
                    tagged: true,
                });
            }
        }
        tag = false;
        let mut at = skip(closed, b" \t\n", 16);
        at = remark_end(text, at).unwrap_or(at);
        let signs = skip(at, b":=", 3);
        let arrow = matches!(bytes.get(signs..signs + 2), Some(b"->" | b"=>"));
        let explicit = signs > at || arrow;
        let equals = bytes.get(at) == Some(&b'=');
        if explicit {
            at = skip(signs + usize::from(arrow), b"> \t\n=", 16);
        } else if bytes.get(at) == Some(&b',') && open == Some(b'-') && closed > end {
            // ['--password', 'X']
            at = skip(at, b", ", 2);
        } else if bytes.get(at) == Some(&b',') {
            // {"name":"password","value":"X"}
            let next = skip(at, b", \"'\\{", 12);
            let (from, to) = word(bytes, next)
                .filter(|(from, to)| *from == next && words::is_filler(&text[*from..*to]))?;
            end = to + (from - next);
            continue;
        }
        // Password("X"), but not getSecret("its name").
        let called =
            !explicit && bytes.get(at) == Some(&b'(') && at == closed && !is_reader(&text[start..end]);
        let opened = skip(at + usize::from(called), b"\\", 8);
        let quote = bytes.get(opened).copied().filter(|b| b"\"'`".contains(b));
        let from = if quote.is_some() { opened + 1 } else { at };
        if quote.is_none()
            && let Some((first, last)) = word(bytes, at).filter(|(first, _)| *first == at)
            && !explicit
        {
            if words::is_filler(&text[first..last]) {
                end = last;
                continue;
            }
            if let Some(owned) = owner_end(text, (first, last)) {
                end = owned;
                continue;
            }
        }
        // A closing mark alone ties nothing: `the 'token' abc`, but `(email)=(x)` and `token "x"` do.
        if !explicit && quote.is_none() && at == closed {
            return None;
        }
        let from = if explicit && quote.is_none() { skip(from, b"(", 1) } else { from };
        let link = Joint {
            at: from,
            explicit,
            equals,
            quote: quote.map(|quote| (quote, opened - at - usize::from(called))),
            tagged: false,
        };
        return (from < bytes.len()).then_some(link);
    }
    None
}

/// The end of a remark between a name and its sign: `Password (for app): X`.
fn remark_end(text: &str, at: usize) -> Option<usize> {
    let remark = text[at..].strip_prefix('(')?;
    let end = remark.bytes().take(40).position(|b| b == b')')?;
    let at = at + end + 2;
    text[at..].starts_with([':', '=']).then_some(at)
}

/// Whether a function of this name takes a secret's name, not the secret.
fn is_reader(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["get", "fetch", "load", "read", "find", "lookup", "describe", "list", "delete", "create"]
        .iter()
        .any(|verb| name.starts_with(verb))
}

/// The end of whose a secret is, where its value follows: `of user bob` in `password of user bob was X`.
fn owner_end(text: &str, (first, last): (usize, usize)) -> Option<usize> {
    if !matches!(&text[first..last], "of" | "for") {
        return None;
    }
    let mut end = last;
    for _ in 0..3 {
        let (from, to) = word(text.as_bytes(), end).filter(|(from, _)| text.get(end..*from) == Some(" "))?;
        if matches!(&text[from..to], "is" | "was" | "equals") && end > last {
            return Some(end);
        }
        end = to;
    }
    None
}

/// The value behind `Bearer`, `Token` and the like.
fn behind_scheme(text: &str, link: Joint) -> Joint {
    let bytes = text.as_bytes();
    let Some((start, end)) = word(bytes, link.at).filter(|(start, _)| *start == link.at) else { return link };
    let blanks = bytes[end..].iter().take(16).take_while(|b| b" \t:".contains(b)).count();
    let next = end + blanks;
    let value = bytes.get(next).is_some_and(|b| !b"\"'`,;}])".contains(b));
    if blanks == 0 || !value || !words::is_scheme(&text[start..end]) {
        return link;
    }
    Joint { at: next, ..link }
}

/// The end of a value without quotation marks: a blank, a quote, a tag, or a mark before the next pair.
fn bare_end(bytes: &[u8], from: usize) -> usize {
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
fn quote_end(bytes: &[u8], from: usize, quote: u8, slashes: usize) -> usize {
    let mut run = 0;
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        if *byte == quote && run <= slashes {
            return at - run;
        }
        run = if *byte == b'\\' { run + 1 } else { 0 };
    }
    bytes.len()
}

fn bracket_end(bytes: &[u8], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth -= 1,
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
fn header_end(bytes: &[u8], text: &str, from: usize) -> usize {
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

/// A passphrase goes on until a word that is none of it.
fn phrase_end(bytes: &[u8], text: &str, first: usize) -> usize {
    let mut end = first;
    for _ in 0..8 {
        let blank = bytes.get(end) == Some(&b' ');
        let Some((start, last)) = word(bytes, end).filter(|(start, _)| blank && *start == end + 1) else {
            break;
        };
        let next = &text[start..last];
        let ties = bytes.get(last).is_some_and(|b| b":=(/@".contains(b));
        if ties
            || words::is_harmless(next)
            || words::name(next, "").is_some()
            || next.contains(['.', '_'])
            || next.len() > 24
        {
            break;
        }
        end = last;
    }
    end
}
