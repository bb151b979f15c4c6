//! Step 1: what a URI, a path or a query holds beside the way to a host.

use super::{Gone, ReadAs, is_cut, pieces, shapes, words};

/// Takes user info, fragments, the values of queries, and segments that are one-time tokens.
pub(super) fn parts(text: &str, reading: ReadAs, gone: &mut Gone<'_>) {
    if reading == ReadAs::Address {
        return address(text, 0, true, gone);
    }
    if memchr::memchr3(b'/', b'?', b'@', text.as_bytes()).is_none() {
        return;
    }
    for (at, word) in pieces(text, |b| b.is_ascii_whitespace() || b"\"'`<>".contains(&b)) {
        address(word, at, false, gone);
    }
}

fn address(word: &str, offset: usize, is_whole: bool, gone: &mut Gone<'_>) {
    let mut path = 0;
    // Several may be joined by commas.
    for (scheme, _) in word.match_indices("//") {
        let start = scheme + 2;
        let named = word[..scheme].ends_with(':') || scheme == 0;
        if !named || start < path {
            continue;
        }
        let rest = &word[start..];
        let rest = &rest[..rest.find("://").unwrap_or(rest.len())];
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        // A password may hold the marks that end an authority: then its port is no number.
        let port = rest[..end].rsplit_once(':').map_or("", |(_, port)| port);
        let odd = !rest[..end].contains(['@', '$', '[']) && port.bytes().any(|b| !b.is_ascii_digit());
        let user = if odd { rest.rfind('@') } else { rest[..end].rfind('@') };
        // Text that was cut in a password has no `@` any more.
        let cut = || is_cut(gone.text, offset + start + end) || is_password(port);
        if user.is_none() && odd && end == rest.len() && cut() {
            gone.take(offset + start, offset + start + end);
        }
        if let Some(user) = user {
            gone.drop(offset + start, offset + start + user + 1);
        }
        let host = user.map_or(0, |user| user + 1);
        let name = rest[host..].split(['/', ':', '?', '#']).next().unwrap_or("");
        let decimal = name.len() > 7 && name.bytes().all(|b| b.is_ascii_digit());
        if decimal || name.get(..2).is_some_and(|open| open.eq_ignore_ascii_case("0x")) {
            gone.take(offset + start + host, offset + start + host + name.len());
        }
        path = start + host + name.len();
    }
    // `user:password@host` without a scheme, and Oracle's `user/password@//host`.
    if path == 0
        && !word.contains("arn:aws")
        && let Some((user, host)) = word.rsplit_once('@')
    {
        if host.starts_with("//") {
            let password = user.rsplit('/').next().unwrap_or(user);
            gone.take(offset + user.len() - password.len(), offset + user.len());
        }
        // `user/password@host:1521/service`
        let port = host.split_once(':').map_or("", |(_, rest)| rest.split(['/', ':']).next().unwrap_or(""));
        let is_host = host.starts_with(|c: char| c.is_ascii_alphabetic()) || host.split('.').count() == 4;
        let listens = is_host
            && host.contains('/')
            && (3..=5).contains(&port.len())
            && port.bytes().all(|b| b.is_ascii_digit());
        if listens
            && let Some((name, password)) = user.split_once('/')
            && !name.is_empty()
            && !password.contains('/')
        {
            gone.take(offset + name.len() + 1, offset + user.len());
        }
        let pair = user.rsplit_once([',', '=', '(']).map_or(user, |(_, pair)| pair);
        let opens = host.starts_with(|c: char| c.is_alphanumeric() || c == '[');
        if opens
            && pair
                .split_once(':')
                .is_some_and(|(name, password)| !password.is_empty() && !name.contains('/'))
        {
            gone.take(offset + user.len() - pair.len(), offset + user.len());
        }
    }
    let is_path = is_whole || path > 0 || word.starts_with('/');
    let mut end = word.len();
    // AWS prints account ids as `####` in its examples.
    let fragment = word[path..].find('#').filter(|at| !word[path + at + 1..].starts_with('#'));
    if is_path && let Some(fragment) = fragment {
        gone.drop(offset + path + fragment, offset + end);
        end = path + fragment;
    }
    if let Some(query) = query(word, path, end, is_path) {
        parameters(word, query + 1, end, offset, b"&;", gone);
        end = query;
    }
    if word[path..end].contains('/') {
        segments(word, path, end, offset, gone);
    }
}

/// Whether the port of an address is none, but the start of a password: letters of both cases, and digits.
fn is_password(port: &str) -> bool {
    let plain = port.bytes().all(|b| b.is_ascii_alphanumeric() || b"!$_-+".contains(&b));
    port.len() >= 6 && plain && shapes::is_mixed(port)
}

/// Where a query starts: its mark stands inside a word, or opens one.
fn query(word: &str, path: usize, end: usize, is_path: bool) -> Option<usize> {
    let at = path + word[path..end].find('?')?;
    let value = &word[at + 1..end];
    // `what?`, `a?.b` and `(?:x)` are none.
    let opens = value.starts_with(|c: char| c.is_alphanumeric() || "%_[$+/~&-".contains(c));
    (opens
        && (is_path || at == 0 || value.contains(['=', '&']) || word[..at].contains('/') || value.len() > 3))
        .then_some(at)
}

/// Of `name=value` the name stays, if it is one; of anything else nothing.
fn parameters(word: &str, from: usize, to: usize, offset: usize, marks: &[u8], gone: &mut Gone<'_>) {
    for (at, pair) in pieces(&word[from..to], |b| marks.contains(&b)) {
        let at = offset + from + at;
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let digits = name.bytes().filter(u8::is_ascii_digit).count();
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.[]$".contains(&b));
        let is_name =
            plain && name.len() <= 40 && digits <= 4 && !shapes::is_random(name) && !shapes::is_marked(name);
        if is_name && !name.is_empty() && !value.trim_matches('=').is_empty() {
            gone.take(at + name.len() + 1, at + pair.len());
        } else if !pair.trim_matches(|c| ".,:)…".contains(c)).is_empty() {
            gone.take(at, at + pair.len());
        }
    }
}

/// Segments that the one before them calls a token, parameters of segments, and what follows a webhook.
fn segments(word: &str, from: usize, to: usize, offset: usize, gone: &mut Gone<'_>) {
    let (mut before, mut hooked) = ("", false);
    let hooks = || word[..from].to_ascii_lowercase().contains("webhook");
    let numbered =
        word.contains("arn:aws") || shapes::is_numbered(&word[from..to], &gone.text[..offset + from]);
    for (at, segment) in pieces(&word[from..to], |b| b == b'/') {
        let start = offset + from + at;
        let (name, matrix) = segment.split_once(';').unwrap_or((segment, ""));
        if !matrix.is_empty() {
            parameters(segment, name.len() + 1, segment.len(), start, b";", gone);
        }
        let digits = name.bytes().filter(u8::is_ascii_digit).count();
        let version = name.len() <= 3 && name.starts_with(['v', 'V']);
        // Frames of a stack, and pages, are files.
        let opaque = match shapes::file_stem(name) {
            Some(stem) => shapes::is_random(stem) || stem.bytes().filter(u8::is_ascii_digit).count() > 3,
            None => !version && (digits > 0 || !shapes::is_wordy(name)),
        };
        hooked |= before.to_ascii_lowercase().contains("webhook")
            || before == "services" && name.starts_with('T') && name.len() > 8;
        // Tokens of 20 or 32 letters and digits, be they in order.
        let letters = name.bytes().filter(u8::is_ascii_alphabetic).count();
        let long = !numbered
            && name.len() >= 20
            && digits >= 4
            && digits + letters == name.len()
            && !shapes::is_numbered(name, &gone.text[..start]);
        if (words::is_token_segment(before) && opaque)
            || (hooked && opaque && name.len() >= 8)
            || long
            || (shapes::uuid(name.as_bytes()).is_some() && hooks())
        {
            gone.take(start, start + name.len());
        }
        before = name;
    }
}
