//! What a copied line is wrapped in: quotations, bullets, numbers, columns, labels, colours, another program's time.

use std::borrow::Cow;

use jiff::civil;
use memchr::memmem;

use crate::logs::access::is_uuid;
use crate::logs::access_format::is_access;
use crate::logs::line::{CONTINUES, Kind, LogLine, opening};
use crate::logs::reasons::is_reason;

/// What the console and the CLI write before a log of a test.
pub(crate) const HEAD: &str = "Execution log for request ";

/// A failure's line without quotation marks around the reason in it.
pub(crate) fn without_inner_marks(line: &str) -> Cow<'_, str> {
    let marked = |place: &usize| {
        let reason = line[*place..].trim_start_matches(is_mark);
        reason.len() < line.len() - place && is_reason(reason)
    };
    let mut places = memmem::find_iter(line.as_bytes(), b": ").map(|place| place + 2);
    match places.find(marked) {
        Some(place) => {
            let reason = line[place..].trim_start_matches(is_mark);
            let reason = reason.trim_end_matches(|c: char| is_mark(c) || is_blank(c));
            Cow::Owned(line[..place].to_owned() + reason)
        }
        None => Cow::Borrowed(line),
    }
}

/// HTML's line breaks, which end lines that were copied from a page.
pub(crate) const BREAKS: [&str; 4] = ["<br/>", "<br />", "<br>", "<BR>"];

pub(crate) fn without_break(line: &str) -> &str {
    let line = line.trim_end_matches(is_blank);
    BREAKS.iter().find_map(|mark| line.strip_suffix(mark)).unwrap_or(line)
}

/// Whether a line is one that API Gateway writes, or a reason of its own.
pub(crate) fn is_known(text: &str) -> bool {
    is_line(text) || is_reason(text)
}

/// Whether a line is one that API Gateway writes. Its reasons are in other programs' words, too.
pub(crate) fn is_line(text: &str) -> bool {
    let opening = opening(text);
    let of_log = opening.is_framed() && (opening.at.is_some() || opening.request.is_none_or(is_id));
    of_log || LogLine::parse(text).kind != Kind::Other
}

/// Whether a text opens as an object of JSON. What stands further on in it may be a client's words.
fn is_json(text: &str) -> bool {
    text.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with(['"', '}']))
}

/// Whether a text in brackets looks like a request's id rather than a remark.
fn is_id(text: &str) -> bool {
    text.len() >= 8 || text.bytes().any(|byte| byte.is_ascii_digit() || byte == b'=') || text.len() < 3
}

/// What lines are wrapped in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Style {
    indent: bool,
    quotation: bool,
    bullet: bool,
    number: bool,
    marks: bool,
    column: bool,
    label: bool,
    place: bool,
    /// Words of another program's before the line.
    prefix: usize,
}

/// A line without what it is wrapped in.
pub(crate) struct Peeled<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) style: Style,
}

impl Style {
    /// Whether lines are quoted as in a mail, and otherwise bare.
    pub(crate) fn is_quotation(self) -> bool {
        self == Self { quotation: true, indent: self.indent, ..Self::default() }
    }
}

impl<'a> Peeled<'a> {
    /// A line that is not wrapped.
    pub(crate) fn whole(line: &'a str) -> Self {
        Self { text: Cow::Borrowed(line), style: Style::default() }
    }

    pub(crate) fn of(line: &'a str) -> Self {
        /// Wrappings that lie in one another.
        const MOST: usize = 12;
        if line.starts_with(CONTINUES) {
            return Self::whole(line);
        }
        let plain = without_colours(line);
        let mut style = Style { indent: plain.starts_with(is_blank), ..Style::default() };
        let mut text: &str = &plain;
        if let Some(rest) = listed(text) {
            (text, style.number) = (rest, true);
        }
        for _ in 0..MOST {
            text = text.trim_start_matches(is_blank);
            if is_known(text) || is_json(text) {
                break;
            }
            match peel(text, &mut style) {
                Some(rest) => text = rest,
                None => break,
            }
        }
        if let Some((prefix, rest)) = behind_prefix(text) {
            style.prefix = prefix.split(is_blank).count();
            style.marks |= prefix.ends_with(is_mark);
            text = rest;
        }
        let text = without_end(text, style);
        let text = match naive_time(text) {
            Some(dated) => Cow::Owned(dated),
            None => Cow::Owned(text.to_owned()),
        };
        if *text == *line {
            return Self { text: Cow::Borrowed(line), style };
        }
        Self { text, style }
    }
}

/// A line behind whatever another program puts before it: that ends where a request's id stands in brackets, and the line is
/// one of API Gateway's. What is before it, and the line.
fn behind_prefix(text: &str) -> Option<(&str, &str)> {
    const FURTHEST: usize = 160;
    // Behind a line of API Gateway's own stands what a client wrote.
    if opening(text).request.is_some_and(is_uuid)
        || LogLine::parse(text).kind != Kind::Other
        || is_reason(text)
        || is_json(text)
    {
        return None;
    }
    let brackets = memmem::find_iter(text.as_bytes(), b"(").take_while(|place| *place <= FURTHEST);
    let found = brackets.skip_while(|place| *place == 0).find_map(|place| {
        let line = &text[place..];
        let is_line = opening(line).request.is_some_and(is_uuid) && LogLine::parse(line).kind != Kind::Other;
        is_line.then_some((&text[..place], line))
    });
    found.filter(|(prefix, _)| is_prefix(prefix) && !is_access(text, &[]))
}

/// Whether words before a line are another program's, rather than fields of a record or marks around what a client wrote.
pub(crate) fn is_prefix(text: &str) -> bool {
    // No access log keeps what a client wrote under one of these.
    const KEYS: [&str; 13] = [
        "group",
        "level",
        "logger",
        "lvl",
        "log",
        "message",
        "msg",
        "severity",
        "source",
        "stream",
        "time",
        "timestamp",
        "ts",
    ];
    if text.contains("arn:") {
        return false;
    }
    let mut rest = text;
    while rest.contains(['"', '=']) {
        let Some((key, value)) = rest.split_once('=') else { return false };
        if !KEYS.contains(&key.trim()) {
            return false;
        }
        rest = match value.strip_prefix('"').map(|value| (value, value.split_once('"'))) {
            // The line is the value of the last key.
            Some(("", _)) => return true,
            Some((_, Some((_, after)))) => after,
            Some((_, None)) => return false,
            None => value.find(' ').map_or("", |gap| &value[gap..]),
        };
    }
    true
}

pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{a0}' | '\u{200b}' | '\u{feff}')
}

pub(crate) fn is_mark(c: char) -> bool {
    "\"'`“”„‟‘’‚«»‹›「」『』＂*_".contains(c)
}

/// Takes one wrapping off the front of a line.
pub(crate) fn peel<'a>(text: &'a str, style: &mut Style) -> Option<&'a str> {
    let first = text.chars().next()?;
    let rest = &text[first.len_utf8()..];
    match first {
        '>' => style.quotation = true,
        '|' => style.column = true,
        '│' => style.column = true,
        '-' | '*' | '•' | '–' | '—' | '·' | '+' | '‣' | '◦' if rest.starts_with(is_blank) => {
            style.bullet = true
        }
        '…' | '.' => {
            let rest = rest.trim_start_matches(['.', '…']).trim_start_matches(is_blank);
            style.label = true;
            return Some(rest.strip_prefix(": ").unwrap_or(rest));
        }
        '[' if rest.starts_with(['"', '\'']) => {}
        // Colours whose escape was lost on the way.
        '[' if lost_colour(rest).is_some() => style.label = true,
        _ if is_mark(first) => style.marks = true,
        '0'..='9' => {
            return numbered(text, style).or_else(|| placed(text, style)).or_else(|| stamped(text, style));
        }
        _ => {
            return labelled(text, style).or_else(|| placed(text, style)).or_else(|| stamped(text, style));
        }
    }
    if first == '[' {
        return Some(lost_colour(rest).unwrap_or(rest));
    }
    // Of a table's row, the cell that is a line.
    if style.column && !is_known(rest.trim_start_matches(is_blank)) {
        let cells = rest.match_indices(['|', '│']).map(|(place, bar)| &rest[place + bar.len()..]);
        return cells.into_iter().find(|cell| is_known(cell.trim_start_matches(is_blank))).or(Some(rest));
    }
    Some(rest)
}

/// What stands behind `31m` or `0;1m`.
fn lost_colour(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
    rest.strip_prefix('m').filter(|_| rest.len() < text.len())
}

/// The line behind a number in brackets: `(1) (id) …`, `(1) Thu Aug 04 …`. Alone, such a number is a request's id.
fn listed(text: &str) -> Option<&str> {
    let (number, rest) = text.trim_start_matches(is_blank).strip_prefix('(')?.split_once(") ")?;
    let rest_is_head = rest.trim_start_matches(is_blank).starts_with(HEAD);
    let is_number = (1..5).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    let rest = rest.trim_start_matches(is_blank);
    let framed = opening(rest);
    (is_number && (rest_is_head || framed.at.is_some() || framed.request.is_some())).then_some(rest)
}

/// What stands in the place of a time, or as a time that no tool of AWS writes: digits, signs, names of days and months, the
/// level of another program's log.
fn stamped<'a>(text: &'a str, style: &mut Style) -> Option<&'a str> {
    const MOST: usize = 8;
    const WORDS: [&str; 18] = [
        "am", "pm", "utc", "gmt", "z", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "info", "warn",
        "warning", "error", "debug", "trace",
    ];
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let mut rest = text;
    for _ in 0..MOST {
        let end = rest.find(is_blank)?;
        let word = rest[..end].trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        let in_place = |word: &str| {
            word.bytes().any(|byte| byte.is_ascii_digit())
                || word.chars().all(|c| !c.is_alphanumeric() || "xhmsyd".contains(c))
                || WORDS.contains(&word)
                || MONTHS.iter().any(|month| word.starts_with(month))
        };
        // Such a word is of another program's line.
        let quotes = rest[..end].contains(['{', '}', '"', '=']);
        if end > 64 || quotes || !(in_place(&word) || rest[..end].ends_with(['$', '#'])) {
            return None;
        }
        rest = rest[end..].trim_start_matches(is_blank);
        if is_line(naive_time(rest).as_deref().unwrap_or(rest)) && !is_access(text, &[]) {
            style.label = true;
            return Some(rest);
        }
    }
    None
}

/// `12: `, `12) `, `12. `, `12 | `, `12<TAB>`, and a naive time.
fn numbered<'a>(text: &'a str, style: &mut Style) -> Option<&'a str> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 7 {
        return None;
    }
    let rest = &text[digits..];
    let bare = rest.trim_start_matches([' ', '\t']);
    let after = bare.strip_prefix([':', ')', '.', '|', '│']).or_else(|| {
        let wide = rest.starts_with('\t') || rest.starts_with("  ");
        wide.then_some(bare)
    })?;
    style.number = true;
    (after.starts_with(is_blank) || is_known(after))
        .then_some(after)
        .or((bare.len() < rest.len()).then_some(after))
}

/// A word that stands in place of the time or names a field: `timestamp : `, `<date> `, `[…] `, `message: `, `log: `,
/// `"message": `.
fn labelled<'a>(text: &'a str, style: &mut Style) -> Option<&'a str> {
    const LONGEST: usize = 40;
    let head = &text[..text.char_indices().nth(LONGEST).map_or(text.len(), |(end, _)| end)];
    let end = match head.chars().next()? {
        '<' => head.find('>')? + 1,
        '[' => head.find(']')? + 1,
        _ => head.find(|c: char| c.is_whitespace() || c == ':')?,
    };
    let after = text[end..].trim_start_matches(is_blank);
    let word = text[..end].trim_end_matches(is_mark);
    let letter = |c: char| c.is_alphanumeric() || "_@.-".contains(c);
    if !head.starts_with(['<', '[']) && (word.is_empty() || !word.chars().all(letter)) {
        return None;
    }
    if let Some(cell) = after.strip_prefix('|').filter(|_| style.column) {
        return Some(cell);
    }
    let bracketed = head.starts_with(['<', '[']);
    let rest = match after.strip_prefix(':') {
        Some(rest) => rest,
        None if bracketed => after,
        None => return None,
    };
    let rest = rest.trim_start_matches(is_blank);
    let opens = |text: &str| {
        let is_wrapped = text.starts_with(is_mark) || text.starts_with(['|', '>', '<']);
        is_known(text) || is_wrapped || is_block(text) || is_json(text)
    };
    if !opens(rest) {
        return None;
    }
    style.label = true;
    Some(rest)
}

/// YAML's mark of a text of several lines.
fn is_block(text: &str) -> bool {
    matches!(text.trim_end(), "|" | "|-" | "|+" | ">" | ">-")
}

/// Names of a log group and a stream, or a column's words, before a line: `awslogs`, `sam logs`, `EVENTS` of
/// `--output text`.
fn placed<'a>(text: &'a str, style: &mut Style) -> Option<&'a str> {
    const MOST: usize = 8;
    let mut rest = text;
    let (mut named, mut grouped) = (false, false);
    for place in 0..MOST {
        let end = rest.find([' ', '\t'])?;
        let word = &rest[..end];
        // Such a word is of another program's line.
        if word.contains(['{', '}', '"', '=']) {
            return None;
        }
        named |= is_stream(word) || word == "EVENTS" || word == "RESULTS";
        // A group's name comes first, and a path may stand anywhere.
        grouped |= place < 2 && word.contains('/');
        rest = rest[end..].trim_start_matches([' ', '\t']);
        let dated = naive_time(rest);
        let line = dated.as_deref().unwrap_or(rest);
        let is_placed = (named || (grouped && opening(line).is_framed())) && is_line(line);
        if is_placed && !is_access(text, &[]) {
            style.place = true;
            return Some(rest);
        }
    }
    None
}

/// Whether a word is the name of a stream as API Gateway gives it.
fn is_stream(word: &str) -> bool {
    word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What closes a line: quotation marks, columns, commas of a list, a time behind many blanks.
fn without_end(text: &str, style: Style) -> &str {
    let mut text = without_break(text).trim_end_matches(is_blank);
    if let Some(start) = trailing_time(text) {
        text = text[..start].trim_end_matches(is_blank);
    }
    if style.column {
        // What follows the cell is other cells.
        let cells = [" |", " │", "\u{a0}│"].iter().filter_map(|bar| text.find(bar)).min();
        text = cells.map_or(text, |end| &text[..end]);
        text = text.trim_end_matches(|c: char| matches!(c, '|' | '│') || is_blank(c));
    }
    if style.marks {
        text = text.trim_end_matches(|c: char| is_mark(c) || c == ',' || is_blank(c));
    }
    if style.marks || style.label || style.prefix > 0 {
        text = without_closing_marks(text);
    }
    text
}

/// What closes a paragraph, a cell, a quotation of a ticket or a text of a program, at the end of a line that one of them opens.
fn without_closing_marks(text: &str) -> &str {
    const MOST: usize = 4;
    let mut text = text;
    for _ in 0..MOST {
        let tag = text.rfind("</").filter(|_| text.ends_with('>'));
        let tag = tag
            .filter(|place| text[place + 2..text.len() - 1].bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let end = tag.or_else(|| {
            ["{noformat}", "{code}", "\\n", "\\r"]
                .iter()
                .find_map(|mark| Some(text.strip_suffix(mark)?.len()))
        });
        let Some(end) = end else { break };
        text = text[..end].trim_end_matches(is_blank);
    }
    text
}

/// Where a time begins that stands behind the text: behind a TAB, or two blanks and more.
pub(crate) fn trailing_time(text: &str) -> Option<usize> {
    let text = text.trim_end();
    // A time has 40 characters at most.
    let start = (0..=text.len().saturating_sub(40)).rev().find(|start| text.is_char_boundary(*start))?;
    let tail = &text[start..];
    let gap = tail.rfind("  ").map(|gap| gap + 2).or_else(|| tail.rfind('\t').map(|gap| gap + 1))?;
    let stamp = tail[gap..].trim_matches(['[', ']', '(', ')']);
    let epoch = stamp.len() == 13 && stamp.bytes().all(|byte| byte.is_ascii_digit());
    let dated = epoch || stamp.parse::<jiff::Timestamp>().is_ok() || stamp.parse::<civil::DateTime>().is_ok();
    (dated && start + gap > 0).then_some(start + gap)
}

/// A time without a zone, as `aws logs tail --format short` and Logs Insights write it, in UTC.
fn naive_time(text: &str) -> Option<String> {
    const LEAST: usize = "2026-11-24T16:57:08".len();
    let bare = text.strip_prefix('[').unwrap_or(text);
    let bytes = bare.as_bytes();
    let shaped = bytes.len() > LEAST
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && matches!(bytes[10], b'T' | b' ');
    if !shaped {
        return None;
    }
    let fraction = |byte: &&u8| byte.is_ascii_digit() || matches!(byte, b'.' | b',');
    let end = LEAST + bytes[LEAST..].iter().take_while(fraction).count();
    let stamp = bare.get(..end)?.trim_end_matches(',').replace(',', ".");
    let at: civil::DateTime = stamp.replacen(' ', "T", 1).parse().ok()?;
    let rest = bare[end..].strip_prefix(']').unwrap_or(&bare[end..]);
    let rest = rest.strip_prefix([' ', '\t', ','])?;
    Some(format!("{at}Z {}", rest.trim_start()))
}

/// A line without the colours of a terminal.
fn without_colours(line: &str) -> Cow<'_, str> {
    if memchr::memchr(0x1b, line.as_bytes()).is_none() {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        out.push_str(before);
        // A link ends with BEL, or with an escape of its own.
        if let Some(link) = after.strip_prefix(']') {
            let end = link.find(['\u{7}', '\u{1b}']).map_or(link.len(), |end| end + 1);
            rest = link[end..].strip_prefix('\\').unwrap_or(&link[end..]);
            continue;
        }
        let inner = after.strip_prefix('[').unwrap_or(after);
        let end = inner.find(|c: char| c.is_ascii_alphabetic()).map_or(inner.len(), |end| end + 1);
        rest = &inner[end..];
    }
    Cow::Owned(out + rest)
}
