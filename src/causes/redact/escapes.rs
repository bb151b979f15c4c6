//! Step 6: secrets behind escapes.

use super::{Gone, ReadAs, pass, pieces, visible};

/// Takes a word that holds a secret once it is read as a browser, a parser of JSON or one of XML reads it.
pub(super) fn hidden(text: &str, depth: u8, gone: &mut Gone<'_>) {
    if memchr::memchr3(b'%', b'\\', b'&', text.as_bytes()).is_none() {
        return;
    }
    for (at, word) in pieces(text, |b| b.is_ascii_whitespace() || b"\"<>".contains(&b)) {
        if !hides(word, depth) {
            continue;
        }
        let mut found = false;
        for (place, segment) in pieces(word, |b| b == b'/') {
            if hides(segment, depth) {
                found = true;
                let plain = segment.find(['%', '\\', '&']).unwrap_or(0);
                let name = segment[..plain].rfind(['=', ':', '?']).map_or(0, |mark| mark + 1);
                gone.take(at + place + name, at + place + segment.len());
            }
        }
        if !found {
            gone.take(at, at + word.len());
        }
    }
}

/// Entities of HTML that mean a mark of ASCII.
const ENTITIES: [(&str, u8); 10] = [
    ("&amp;", b'&'),
    ("&apos;", b'\''),
    ("&colon;", b':'),
    ("&commat;", b'@'),
    ("&equals;", b'='),
    ("&gt;", b'>'),
    ("&lt;", b'<'),
    ("&period;", b'.'),
    ("&quot;", b'"'),
    ("&sol;", b'/'),
];

fn hides(word: &str, depth: u8) -> bool {
    unescaped(word).is_some_and(|plain| pass(&plain, ReadAs::Text, depth + 1) != plain)
}

/// A text with its escapes resolved, if it has any.
fn unescaped(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let (mut at, mut any) = (0, false);
    while at < bytes.len() {
        let rest = &bytes[at..];
        if rest[0] == b'&'
            && let Some((entity, mark)) =
                ENTITIES.iter().find(|(entity, _)| rest.starts_with(entity.as_bytes()))
        {
            (any, at) = (true, at + entity.len());
            out.push(*mark);
            continue;
        }
        let (radix, skip, most) = match rest {
            [b'%', ..] => (16, 1, 2),
            [b'\\', b'u', ..] => (16, 2, 4),
            [b'\\', b'x', ..] => (16, 2, 2),
            [b'&', b'#', b'x' | b'X', ..] => (16, 3, 6),
            [b'&', b'#', ..] => (10, 2, 7),
            _ => (0, 0, 0),
        };
        let digit = |b: &&u8| char::from(**b).is_digit(radix);
        let count = if radix == 0 { 0 } else { rest[skip..].iter().take(most).take_while(digit).count() };
        let code = std::str::from_utf8(&rest[skip..skip + count])
            .ok()
            .and_then(|code| u32::from_str_radix(code, radix.max(10)).ok());
        match code.filter(|_| count == most || (skip + count < rest.len() && rest[0] == b'&')) {
            Some(code) => {
                any = true;
                // Bytes of UTF-8 are written one by one behind `%`.
                match u8::try_from(code) {
                    Ok(byte) if rest[0] == b'%' => out.push(byte),
                    _ => out.extend(char::from_u32(code).unwrap_or(' ').to_string().bytes()),
                }
                at += skip + count + usize::from(rest[0] == b'&');
            }
            None => {
                out.push(rest[0]);
                at += 1;
            }
        }
    }
    any.then(|| visible(&String::from_utf8_lossy(&out), false).into_owned())
}
