//! Step 2: words with an issuer's prefix or made by chance, private keys, and addresses of mailboxes.

use super::{Gone, Kept, is_cut, opening_slash, pieces, shapes};

/// Takes keys, tokens and mailboxes.
pub(super) fn words(text: &str, kept: &Kept, gone: &mut Gone<'_>) {
    private_keys(text, gone);
    spelled_mailboxes(text, gone);
    for (at, word) in pieces(text, |b| b.is_ascii_whitespace() || b"\"'`<>(){}[],;|=&?!*#\\".contains(&b)) {
        // Shorter words are known by their names alone.
        if word.len() < 6 {
            continue;
        }
        if let Some(sign) = word.rfind('@') {
            mailbox(word, sign, at, gone);
        }
        if is_cut(text, at + word.len()) && shapes::is_opened(word) {
            gone.take(at, at + word.len());
        }
        if word.len() < 12 {
            continue;
        }
        let arn = kept.in_arn(at);
        for (place, token) in pieces(word, |b| b":@%$^".contains(&b)) {
            token_at(token, at + place, arn, kept, gone);
        }
    }
}

fn token_at(token: &str, at: usize, arn: bool, kept: &Kept, gone: &mut Gone<'_>) {
    // A sentence's end is no part of it.
    let token = token.trim_end_matches('.');
    let (start, end) = (at, at + token.len());
    // Around a request's id the rest is measured by itself.
    if let Some((from, to)) = kept.id(start).filter(|(from, _)| *from < end) {
        token_at(&token[..from.saturating_sub(start)], start, arn, kept, gone);
        if to < end {
            token_at(&token[to - start..], to, arn, kept, gone);
        }
        return;
    }
    let slashed = token.contains('/');
    if shapes::is_numbered(token, &gone.text[..start]) {
        // An image's digest, or a task's number.
    } else if !slashed && shapes::is_marked(token) {
        // A checksum may stand behind the padding.
        let rest = gone.text.as_bytes()[end..].iter();
        gone.take(start, end + rest.take_while(|b| b.is_ascii_alphanumeric() || b"=_-".contains(b)).count());
    } else if shapes::is_aws_id(token) {
        // A generated name.
    } else if (token.len() < 16 && !slashed) || gone.text[..start].ends_with("[$LATEST]") {
        // Too short, or the log stream of a function.
    } else if arn {
        let hex = |run: &str| run.bytes().all(|b| b.is_ascii_hexdigit());
        for (place, run) in pieces(token, |b| !b.is_ascii_alphanumeric()) {
            if !hex(run) && !shapes::is_logical(run) && shapes::is_random(run) {
                gone.take(at + place, at + place + run.len());
            }
        }
    } else if (!slashed || token.len() == 40) && shapes::is_mixture(&token[opening_slash(token)..]) {
        gone.take(start + opening_slash(token), padded(gone.text, end));
    } else {
        let mut run = None;
        for (place, segment) in pieces(token, |b| b == b'/') {
            let (from, to) = (at + place, at + place + segment.len());
            if shapes::is_marked(segment) {
                gone.take(from, to);
            } else if !shapes::is_aws_id(segment)
                && !shapes::is_host(segment)
                && !shapes::is_numbered(segment, &gone.text[..from])
                && shapes::is_random(segment)
            {
                gone.take(from, padded(gone.text, to));
            }
            // Base64 with slashes, as a segment among others.
            run = if shapes::is_name(segment) { None } else { Some(run.unwrap_or(from)) };
            if let Some(first) =
                run.filter(|first| *first < from && shapes::is_mixture(&gone.text[*first..to]))
            {
                gone.take(first, padded(gone.text, to));
            }
        }
    }
}

/// The end of a word with the padding of base64.
fn padded(text: &str, end: usize) -> usize {
    end + text.as_bytes()[end..].iter().take(2).take_while(|b| **b == b'=').count()
}

fn mailbox(word: &str, sign: usize, at: usize, gone: &mut Gone<'_>) {
    // Marks that are put over letters are no letters.
    let letter =
        |c: char| c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}');
    let part = |c: char| letter(c) || "._%+-~$".contains(c);
    let before = &word[..sign];
    if before.rsplit_once("//").is_some_and(|(_, user)| !user.contains('/')) {
        return;
    }
    let quoted = before.is_empty() && gone.text[..at].ends_with('"');
    let user = if quoted { 1 } else { before.len() - before.trim_end_matches(part).len() };
    let host = &word[sign + 1..];
    let host = host.split(|c: char| !(letter(c) || ".-_".contains(c))).next().unwrap_or("");
    let top = host.trim_end_matches('.').rsplit_once('.').map_or("", |(_, top)| top);
    let literal = host.is_empty() && gone.text[at + sign + 1..].starts_with('[');
    let named = top.chars().count() >= 2 && top.chars().all(|c| letter(c) && !c.is_ascii_digit() || c == '-');
    let cut = is_cut(gone.text, at + sign + 1 + host.len());
    if user > 0 && (named || literal || cut || host == "localhost") {
        // A quote stands in some names: frank.o'hara.
        let text = gone.text.as_bytes();
        let mut start = at + sign - user;
        if quoted {
            start = gone.text[..start].rfind('"').unwrap_or(start);
        }
        while start > 1
            && b"'.".contains(&text[start - 1])
            && text[start - 2].is_ascii_alphanumeric()
            && at + sign - start < 64
        {
            start -= 1;
            start -= text[..start]
                .iter()
                .rev()
                .take(64)
                .take_while(|b| b.is_ascii_alphanumeric() || b"._+-".contains(b))
                .count();
        }
        gone.take(start, at + sign + 1 + host.len());
    }
}

/// `anna(at)example.com`.
fn spelled_mailboxes(text: &str, gone: &mut Gone<'_>) {
    let part = |c: char| c.is_alphanumeric() || "._+-".contains(c);
    for (at, sign) in text.match_indices("(at)").chain(text.match_indices("[at]")) {
        let (user, host) = (text[..at].trim_end(), text[at + sign.len()..].trim_start());
        let start = user.trim_end_matches(part).len();
        let name = host.len() - host.trim_start_matches(part).len();
        if start < user.len() && host[..name].trim_matches('.').contains('.') {
            gone.take(start, text.len() - host.len() + name);
        }
    }
}

fn private_keys(text: &str, gone: &mut Gone<'_>) {
    let mut done = 0;
    for (at, _) in text.match_indices("PRIVATE KEY-----").filter(|(at, _)| !text[..*at].ends_with("END ")) {
        if at >= done && !text[..at].ends_with("END RSA ") && !text[..at].ends_with("END EC ") {
            let start = at + "PRIVATE KEY-----".len();
            done = text[start..].find("-----END").map_or(text.len(), |length| start + length);
            gone.take(start, done);
        }
    }
}
