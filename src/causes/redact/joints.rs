//! The part of step 5 that reads what ties a value to its name: closing marks, signs, escapes and wrappers.

use super::names::{quotation, word};
use super::sentences::owner_end;
use super::words::{self, Name};

/// Where the value of a name starts, and how it is tied to it.
#[derive(Clone, Copy)]
pub(super) struct Joint {
    pub(super) at: usize,
    /// By `=` or `:`, not by blanks alone.
    pub(super) explicit: bool,
    /// `=` alone, as in forms and commands.
    pub(super) equals: bool,
    /// Its quotation mark, and how many backslashes stand before it.
    pub(super) quote: Option<(u8, usize)>,
    /// Between tags of XML.
    pub(super) tagged: bool,
    /// The next element of a list in which the name stands too.
    pub(super) listed: bool,
}

/// From a name's end to its value: closing marks, words that belong to the name, `=` or `:`, opening marks.
pub(super) fn link(text: &str, (start, mut end): (usize, usize), name: Name) -> Option<Joint> {
    let bytes = text.as_bytes();
    let open = start.checked_sub(1).map(|at| bytes[at]);
    let mut tag = open == Some(b'<')
        || (open == Some(b':') && memchr::memrchr(b'<', &bytes[start.saturating_sub(32)..start]).is_some());
    if open == Some(b'/') && start > 1 && bytes[start - 2] == b'<' {
        return None;
    }
    end = index_end(bytes, end).unwrap_or(end);
    for _ in 0..4 {
        let skip = |at: usize, marks: &[u8], most: usize| {
            at + bytes[at..].iter().take(most).take_while(|b| marks.contains(b)).count()
        };
        let closed = closing_end(bytes, end);
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
                    listed: false,
                });
            }
        }
        tag = false;
        // <entry key="password">X</entry>
        if bytes.get(closed) == Some(&b'>') && closed > end && is_attribute(bytes, start, closed) {
            return Some(Joint {
                at: closed + 1,
                explicit: true,
                equals: false,
                quote: None,
                tagged: true,
                listed: false,
            });
        }
        let mut at = blanks_end(bytes, closed, open != Some(b'\\'));
        // `Key (id)=(42)` is a record's.
        at = remark_end(text, at).filter(|_| name != Name::Code).unwrap_or(at);
        at += serialized(&bytes[at..]);
        let signs = (0..3).fold(at, |at, _| at + sign(&bytes[at..]));
        // A name in a program: `Token::parse(`.
        if text[at..].starts_with("::")
            && word(bytes, signs).is_some_and(|(_, end)| bytes.get(end) == Some(&b'('))
        {
            return None;
        }
        let arrow = matches!(bytes.get(signs..signs + 2), Some(b"->" | b"=>"));
        let explicit = signs > at || arrow;
        let equals = bytes.get(at) == Some(&b'=');
        if explicit {
            at = skip(signs + usize::from(arrow), b"> \t\n=", 16);
            // A block of YAML.
            let open = skip(signs, b" ", 2);
            let block = skip(open, b"|>-+", 3);
            if matches!(&bytes[open..block], b"|" | b"|-" | b"|+" | b">-" | b">+") {
                at = blanks_end(bytes, skip(block, b" \t\n", 40), true);
            }
        } else if bytes.get(at) == Some(&b',') && open == Some(b'-') && closed > end {
            // ['--password', 'X']
            at = skip(at, b", ", 2);
        } else if bytes.get(at) == Some(&b',') {
            // {"name":"password","value":"X"}
            let next = skip(at, b", \"'\\{", 12);
            let found = word(bytes, next).filter(|(from, _)| *from == next);
            if let Some((from, to)) = found.filter(|(from, to)| words::is_filler(&text[*from..*to])) {
                end = to + (from - next);
                continue;
            }
            // ["password","X"]
            let opened = skip(skip(at, b", ", 3), b"\\", 4);
            let quote = open.filter(|quote| {
                closed > end && b"\"'`".contains(quote) && bytes.get(opened) == Some(quote)
            })?;
            let slashes = bytes[..opened].iter().rev().take(4).take_while(|b| **b == b'\\').count();
            let (at, quote) = (opened + 1, Some((quote, slashes)));
            return (at < bytes.len()).then_some(Joint {
                at,
                explicit: false,
                equals: false,
                quote,
                tagged: false,
                listed: true,
            });
        } else if bytes.get(at) == Some(&b'{') && open != Some(b'{') {
            // Password { value: "X" }
            let next = skip(at + 1, b" ", 2);
            let (_, to) = word(bytes, next).filter(|(from, to)| {
                *from == next && words::is_filler(&text[*from..*to]) && bytes.get(*to) == Some(&b':')
            })?;
            end = to;
            continue;
        }
        // Password("X"), but not getSecret("its name").
        let called =
            !explicit && bytes.get(at) == Some(&b'(') && at - closed < 2 && !is_reader(&text[start..end]);
        let wrapped = if explicit { wrapper_end(bytes, at) } else { at + usize::from(called) };
        let mut opened = skip(wrapped, b"\\", 8);
        let slashes = opened - wrapped;
        let quote = bytes.get(opened).copied().filter(|b| b"\"'`".contains(b));
        // """X"""
        if let Some(mark) = quote
            && bytes[opened + 1..].starts_with(&[mark, mark])
        {
            opened += 2;
        }
        let from = if quote.is_some() { opened + 1 } else { at };
        // « X »
        let foreign = if quote.is_some() { 0 } else { quotation(&bytes[at..]) };
        let opens = matches!(
            bytes.get(at..at + foreign),
            Some([0xc2, 0xab] | [0xe2, 0x80, 0x98 | 0x9c | 0x9e | 0xb9] | [0xe3, 0x80, 0x8a | 0x8c | 0x8e])
        );
        if foreign > 0 && (opens || at > closed) {
            let from =
                at + foreign + bytes[at + foreign..].iter().take(2).take_while(|b| **b == b' ').count();
            let link = Joint { at: from, explicit, equals, quote: None, tagged: false, listed: false };
            return (from < bytes.len()).then_some(link);
        }
        if quote.is_none()
            && let Some((first, last)) = word(bytes, at).filter(|(first, _)| *first == at)
            && !explicit
        {
            if words::is_filler_of(name, &text[first..last]) {
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
            quote: quote.map(|quote| (quote, slashes)),
            tagged: false,
            listed: false,
        };
        return (from < bytes.len()).then_some(link);
    }
    None
}

/// Whether a name is the value of an attribute, and its tag one that is closed: `<entry key="password">X</entry>`.
fn is_attribute(bytes: &[u8], start: usize, end: usize) -> bool {
    let inner = &bytes[end + 1..bytes.len().min(end + 512)];
    let near = &bytes[start.saturating_sub(64)..start];
    near.ends_with(b"=\"")
        && memchr::memmem::find(inner, b"</").is_some()
        && memchr::memrchr(b'<', near).is_some_and(|at| memchr::memchr(b'>', &near[at..]).is_none())
}

/// The length of what PHP writes between a name and its value: `s:8:"password";s:11:"X"`.
fn serialized(rest: &[u8]) -> usize {
    let Some(sized) = rest.strip_prefix(b";s:") else { return 0 };
    let digits = sized.iter().take(6).take_while(|b| b.is_ascii_digit()).count();
    if digits > 0 && sized.get(digits) == Some(&b':') { 3 + digits } else { 0 }
}

/// The end of an index before a sign: `password[]=X`, `PassWord[0]: X`.
fn index_end(bytes: &[u8], end: usize) -> Option<usize> {
    let inner = bytes.get(end + 1..).filter(|_| bytes[end] == b'[')?;
    let length = inner.iter().take(12).position(|b| *b == b']')?;
    let sound = inner[..length].iter().all(|b| b.is_ascii_alphanumeric() || b"'\"".contains(b));
    (sound && inner.get(length + 1).is_some_and(|b| b":= ".contains(b))).then_some(end + length + 2)
}

/// Behind the marks that close a name. A backslash belongs to the mark behind it.
fn closing_end(bytes: &[u8], end: usize) -> usize {
    let mut at = end;
    while at - end < 12 && bytes.get(at).is_some_and(|b| b"\"'`\\])*".contains(b)) {
        if bytes[at] == b'\\' && bytes.get(at + 1).is_some_and(|b| b"nrtux".contains(b)) {
            break;
        }
        at += 1;
    }
    // `Password...: X`
    let dots = bytes[at..].iter().take(16).take_while(|b| **b == b'.').count();
    if bytes.get(at + dots) == Some(&b':') { at + dots } else { at }
}

/// Behind blanks, and behind what a program writes for them unless a path of Windows has such names.
fn blanks_end(bytes: &[u8], closed: usize, escaped: bool) -> usize {
    let mut at = closed;
    while at - closed < 16 {
        match bytes.get(at..) {
            Some([b' ' | b'\t' | b'\n', ..]) => at += 1,
            Some([b'\\', b'n' | b'r' | b't', ..]) if escaped => at += 2,
            _ => break,
        }
    }
    at
}

/// The length of a sign between a name and its value, be it escaped.
fn sign(rest: &[u8]) -> usize {
    const ESCAPED: [&str; 10] =
        ["\\u003a", "\\u003d", "\\x3a", "\\x3d", "&#58;", "&#61;", "&#x3a;", "&#x3d;", "&colon;", "&equals;"];
    match rest.first() {
        Some(b':' | b'=') => 1,
        Some(b'\\' | b'&') => {
            let is = |sign: &&&str| {
                rest.get(..sign.len()).is_some_and(|open| open.eq_ignore_ascii_case(sign.as_bytes()))
            };
            ESCAPED.iter().find(is).map_or(0, |sign| sign.len())
        }
        _ => 0,
    }
}

/// Behind what a language puts before a text: `Some(`, `b`, `Secret::new(`.
fn wrapper_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at;
    // string(8) "X", as PHP prints it.
    if let Some(sized) = bytes[at..].strip_prefix(b"string(") {
        let digits = sized.iter().take(6).take_while(|b| b.is_ascii_digit()).count();
        if sized[digits..].starts_with(b") \"") {
            return at + "string(".len() + digits + 2;
        }
    }
    for _ in 0..3 {
        let name = bytes[end..]
            .iter()
            .take(32)
            .take_while(|b| b.is_ascii_alphanumeric() || b"_.:<>&".contains(b))
            .count();
        match bytes.get(end + name) {
            Some(b'(') if name > 0 => end += name + 1,
            Some(b'"' | b'\'' | b'\\')
                if matches!(
                    &bytes[end..end + name],
                    b"" | b"&" | b"b" | b"br" | b"f" | b"r" | b"u" | b"N"
                ) =>
            {
                return end + name;
            }
            _ => return at,
        }
    }
    at
}

/// The end of a remark between a name and its sign: `Password (for app): X`.
fn remark_end(text: &str, at: usize) -> Option<usize> {
    let remark = text[at..].strip_prefix('(')?;
    let end = remark.bytes().take(40).position(|b| b == b')')?;
    let at = at + end + 2;
    text[at..].starts_with([':', '=']).then_some(at)
}

/// Whether a function of this name takes a secret's name, not the secret.
pub(super) fn is_reader(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["get", "fetch", "load", "read", "find", "lookup", "describe", "list", "delete", "create"]
        .iter()
        .any(|verb| name.starts_with(verb))
}

/// The value behind `Bearer`, `Token` and the like.
pub(super) fn behind_scheme(text: &str, link: Joint) -> Joint {
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
