//! What people paste → lines as CloudWatch Logs has them: quotations, bullets, numbers, colours and columns taken off.
//!
//! Only what frames every line is taken off. The first line that is one of API Gateway's, whatever it is wrapped in, sets
//! the style; a line that is wrapped otherwise stays as it is. So nothing inside a body becomes a line of its own.

use std::borrow::Cow;
use std::io::Read;

use jiff::civil;
use memchr::{memchr2, memmem};

use crate::logs::line::{COMPLETED, Kind, LogLine, opening};

/// Reasons that API Gateway gives behind `Execution failed due to configuration error:`, and that people copy without it.
const REASONS: [&str; 29] = [
    "API Gateway does not have permission to assume",
    "API Gateway doesn't have permissions to assume",
    "API Gateway doesn’t have permissions to assume",
    "Authorizer error",
    "Cannot verify ECDH ServerKeyExchange signature",
    "Connection is closed",
    "Connection reset",
    "General SSLEngine problem",
    "Host name '",
    "Integration response of reported length",
    "Invalid VpcLink Id",
    "Invalid endpoint address",
    "Invalid permissions on Lambda function",
    "Lambda Customer Function Error:",
    "Malformed Lambda proxy response",
    "Network error communicating with endpoint",
    "No match for output mapping",
    "Not a valid protocol version",
    "Output mapping refers to an invalid method response",
    "PKIX path",
    "Rate Exceeded",
    "Received fatal alert",
    "The IAM role configured on the integration or API Gateway doesn",
    "The Lambda function returned the following error:",
    "There was an internal error while executing your request",
    "Unable to base64 decode the body",
    "Unable to transform re",
    "Unrecognized SSL message",
    "Unsupported or unrecognized SSL message",
];

/// Openings of failures, wherever they stand in a line.
const FAILURES: [&str; 2] = ["Execution failed due to ", "Lambda execution failed with status "];

/// What a text says where a failure's sentence stands in it, and at which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The line of the input, from 1.
    pub line: usize,
    /// From the sentence to the line's end.
    pub text: String,
}

/// The first sentence of a failure that stands in a line, wherever; for what could not be attributed to a request.
pub fn mention(number: usize, line: &str) -> Option<Mention> {
    let failures = FAILURES.iter().chain(&REASONS[..]).filter(|sentence| sentence.len() > 16);
    let start = failures.filter_map(|sentence| memmem::find(line.as_bytes(), sentence.as_bytes())).min()?;
    let text = line[start..].trim_end_matches(|c: char| c.is_whitespace() || is_mark(c) || ".,;".contains(c));
    Some(Mention { line: number, text: text.chars().take(1024).collect() })
}

/// Whether a text opens as a reason that people copy without the sentence before it.
pub(crate) fn is_reason(text: &str) -> bool {
    let opens = |reason: &&str| {
        let head = text.as_bytes().get(..reason.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(reason.as_bytes()))
    };
    REASONS.iter().any(opens)
}

/// Reads two bytes as a unit of UTF-16.
pub type Unit = fn([u8; 2]) -> u16;

/// How UTF-16 text begins: with a mark, or with ASCII, which has a NUL in every pair.
fn utf16_units(raw: &[u8]) -> Option<(&[u8], Unit)> {
    match raw {
        [0xff, 0xfe, rest @ ..] => Some((rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Some((rest, u16::from_be_bytes)),
        _ => {
            // ASCII has a NUL in every pair, always on the same side; text of one byte a sign has none.
            const HEAD: usize = 1024;
            let head = &raw[..raw.len().min(HEAD)];
            let zeros = |side: usize| head.iter().skip(side).step_by(2).filter(|byte| **byte == 0).count();
            let many = (head.len() / 8).max(2);
            match (zeros(0), zeros(1)) {
                (0, odd) if odd >= many => Some((raw, u16::from_le_bytes)),
                (even, 0) if even >= many => Some((raw, u16::from_be_bytes)),
                _ => None,
            }
        }
    }
}

/// Whether bytes are UTF-16, which PowerShell's `>` writes.
pub(crate) fn is_utf16(raw: &[u8]) -> bool {
    utf16_units(raw).is_some()
}

/// How the units of UTF-16 text are read, where it is that.
pub fn utf16_unit(raw: &[u8]) -> Option<Unit> {
    utf16_units(raw).map(|(_, unit)| unit)
}

/// UTF-16 as UTF-8, recoded as it is read.
pub struct Utf16Reader<R> {
    input: R,
    unit: Unit,
    /// The first half of a pair of units, whose other half is still to come.
    high: Option<u16>,
    recoded: Vec<u8>,
    taken: usize,
}

impl<R: Read> Utf16Reader<R> {
    /// A reader of what this one holds. A mark at the beginning is kept: the mark of UTF-8 is the same sign.
    pub fn new(input: R, unit: Unit) -> Self {
        Self { input, unit, high: None, recoded: Vec::new(), taken: 0 }
    }

    /// Recodes the next bytes; nothing where there are none.
    fn more(&mut self) -> std::io::Result<()> {
        const BYTES: u64 = 64 << 10;
        let mut raw = Vec::new();
        self.input.by_ref().take(BYTES).read_to_end(&mut raw)?;
        let is_last = (raw.len() as u64) < BYTES;
        let mut units: Vec<u16> = self.high.take().into_iter().collect();
        units.extend(raw.chunks_exact(2).map(|pair| (self.unit)([pair[0], pair[1]])));
        if let (Some(0xd800..=0xdbff), false) = (units.last(), is_last) {
            self.high = units.pop();
        }
        let text: String =
            char::decode_utf16(units).map(|found| found.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        (self.recoded, self.taken) = (text.into_bytes(), 0);
        Ok(())
    }
}

impl<R: Read> Read for Utf16Reader<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.taken == self.recoded.len() {
            self.more()?;
        }
        let rest = &self.recoded[self.taken..];
        let length = rest.len().min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        self.taken += length;
        Ok(length)
    }
}

/// Bytes as text; what is no text becomes U+FFFD.
pub(crate) fn decoded(raw: &[u8]) -> String {
    let Some((rest, unit)) = utf16_units(raw) else { return String::from_utf8_lossy(raw).into_owned() };
    let units = rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).map(|found| found.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// The text with what frames its lines taken off.
pub(crate) fn tidied(text: String) -> String {
    // The style is set early in a file that people saved; a file of megabytes that opens with prose is no paste.
    const EARLY: usize = 200;
    let text = with_reasons_joined(with_line_feeds(text));
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let runs_together = lines().take(4).count() < 4;
    let styled = |line: &str| {
        let peeled = Peeled::of(line);
        is_known(&peeled.text).then_some((peeled.style, peeled.text == line))
    };
    // The head of a console log bears no time, so that it says nothing about what stands in the place of the others'.
    let is_head = |line: &str| Peeled::of(line).text.starts_with(HEAD);
    let mut first = lines().take(EARLY).filter(|line| !is_head(line));
    let Some((style, bare)) = first.find_map(styled).or_else(|| lines().take(EARLY).find_map(styled)) else {
        // A page that was copied whole: what stands before the log is no part of it.
        return match console_log(&text).filter(|_| runs_together) {
            Some(start) => tidied(text[start..].to_owned()),
            None => text,
        };
    };
    if bare && !runs_together && !has_decoration(&text) {
        return text;
    }
    // A log on one line is no line of a log: whatever its lines say, the next one follows.
    let is_one = lines().filter(|line| opening(&Peeled::of(line).text).is_framed()).take(2).count() < 2;
    let of_style = lines().take(EARLY).filter(|line| !is_head(line)).map(Peeled::of);
    let mut of_style = of_style.filter(|peeled| peeled.style == style && is_known(&peeled.text));
    let is_undated = !bare && of_style.next().is_some_and(|peeled| !opening(&peeled.text).is_framed());
    let mut out = String::with_capacity(text.len() + 64);
    for line in text.lines() {
        let peeled = Peeled::of(line);
        // Behind it, lines without a time would be no lines of a log.
        if is_undated && !runs_together && peeled.text.starts_with(HEAD) {
            continue;
        }
        let line = match peeled.style == style {
            true if is_known(&peeled.text) => peeled.text,
            _ => Cow::Borrowed(line),
        };
        match runs_together {
            true if is_one && ends_further_on(&line) => divide_all(&line, &mut out),
            true => divide(&without_inner_marks(&line), &mut out),
            false => push_line(&without_inner_marks(&line), &mut out),
        }
    }
    out
}

/// What the console and the CLI write before a log of a test.
const HEAD: &str = "Execution log for request ";

/// Where a console log begins inside a line.
fn console_log(text: &str) -> Option<usize> {
    let head = memmem::find(text.as_bytes(), HEAD.as_bytes());
    head.or_else(|| stamps(text).find(|place| opening(&text[*place..]).at.is_some()))
        .filter(|start| *start > 0)
}

/// Where the times of a console log may begin.
fn stamps(text: &str) -> impl Iterator<Item = usize> {
    memmem::find_iter(text.as_bytes(), b" UTC ").filter_map(|place| {
        place.checked_sub("Thu Aug 04 17:48:21".len()).filter(|start| text.is_char_boundary(*start))
    })
}

/// A failure's line without quotation marks around the reason in it.
fn without_inner_marks(line: &str) -> Cow<'_, str> {
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

/// Reasons on the line after the colon that they stand behind, whatever that line is wrapped in.
fn with_reasons_joined(text: String) -> String {
    const COLON: &[u8] = b"configuration error:";
    let mut out = String::new();
    let mut done = 0;
    for place in memmem::find_iter(text.as_bytes(), COLON) {
        let end = place + COLON.len();
        let rest = text[end..].trim_start_matches([' ', '\t', '\r', '\n']);
        let gap = &text[end..text.len() - rest.len()];
        let line = rest.lines().next().unwrap_or_default();
        if end < done || !gap.contains('\n') || is_reason(line) {
            continue;
        }
        let mut style = Style::default();
        let peeled = peel(line, &mut style).map(|peeled| peeled.trim_start_matches(is_blank));
        if let Some(peeled) = peeled.filter(|peeled| is_reason(peeled)) {
            out.push_str(&text[done..end]);
            out.push(' ');
            done = text.len() - rest.len() + (line.len() - peeled.len());
        }
    }
    if done == 0 { text } else { out + &text[done..] }
}

fn push_line(line: &str, out: &mut String) {
    out.push_str(line);
    out.push('\n');
}

/// Carriage returns end the lines of a text that has no line feeds; in any other they are part of a body.
fn with_line_feeds(text: String) -> String {
    // What word processors, chats and spreadsheets put between lines.
    const BREAKS: [char; 6] = ['\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
    // Of a long text the head tells.
    const HEAD: usize = 64 << 10;
    let head = &text[..(0..=HEAD.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0)];
    let text = match head.trim_end().contains('\n') {
        false if head.contains(BREAKS) => text.replace(BREAKS, "\n"),
        _ => text,
    };
    // Blanks that do not break, as web pages have them between words.
    let text = if text.contains("\n\u{feff}") { text.replace('\u{feff}', "") } else { text };
    let unbroken = ["due\u{a0}to", "Method\u{a0}completed"].iter().any(|words| text.contains(words));
    if unbroken { text.replace('\u{a0}', " ") } else { text }
}

/// HTML's line breaks, which end lines that were copied from a page.
const BREAKS: [&str; 4] = ["<br/>", "<br />", "<br>", "<BR>"];

fn without_break(line: &str) -> &str {
    let line = line.trim_end_matches(is_blank);
    BREAKS.iter().find_map(|mark| line.strip_suffix(mark)).unwrap_or(line)
}

/// Whether lines may end in what is no part of them: colours, quotation marks, columns.
fn has_decoration(text: &str) -> bool {
    let ends =
        |line: &str| trailing_time(line).is_some() || without_break(line).len() < line.trim_end().len();
    let marked = |line: &str| line.starts_with('\u{feff}');
    memchr2(0x1b, b'|', text.as_bytes()).is_some()
        || text.lines().take(50).any(|line| ends(line) || marked(line) || without_inner_marks(line) != line)
}

/// Whether a line is one that API Gateway writes, or a reason of its own.
fn is_known(text: &str) -> bool {
    let opening = opening(text);
    let of_log = opening.is_framed() && (opening.at.is_some() || opening.request.is_none_or(is_id));
    of_log || LogLine::parse(text).kind != Kind::Other || is_reason(text)
}

/// Whether a text in brackets looks like a request's id rather than a remark.
fn is_id(text: &str) -> bool {
    text.len() >= 8 || text.bytes().any(|byte| byte.is_ascii_digit() || byte == b'=') || text.len() < 3
}

/// What lines are wrapped in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Style {
    indent: bool,
    quotation: bool,
    bullet: bool,
    number: bool,
    marks: bool,
    column: bool,
    label: bool,
    place: bool,
}

/// A line without what it is wrapped in.
struct Peeled<'a> {
    text: Cow<'a, str>,
    style: Style,
}

impl<'a> Peeled<'a> {
    fn of(line: &'a str) -> Self {
        /// Wrappings that lie in one another.
        const MOST: usize = 12;
        let plain = without_colours(line);
        let mut style = Style { indent: plain.starts_with(is_blank), ..Style::default() };
        let mut text: &str = &plain;
        if let Some(rest) = listed(text) {
            (text, style.number) = (rest, true);
        }
        for _ in 0..MOST {
            text = text.trim_start_matches(is_blank);
            if is_known(text) {
                break;
            }
            match peel(text, &mut style) {
                Some(rest) => text = rest,
                None => break,
            }
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

fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{a0}' | '\u{200b}' | '\u{feff}')
}

fn is_mark(c: char) -> bool {
    "\"'`“”„‟‘’‚«»‹›「」『』＂*_".contains(c)
}

/// Takes one wrapping off the front of a line.
fn peel<'a>(text: &'a str, style: &mut Style) -> Option<&'a str> {
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
        if is_known(naive_time(rest).as_deref().unwrap_or(rest)) {
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
        is_known(text) || text.starts_with(is_mark) || text.starts_with(['|', '>', '<']) || is_block(text)
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
    let mut named = false;
    for _ in 0..MOST {
        let end = rest.find([' ', '\t'])?;
        let word = &rest[..end];
        let hexadecimal = word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        named |= hexadecimal || word.contains('/') || word == "EVENTS" || word == "RESULTS";
        rest = rest[end..].trim_start_matches([' ', '\t']);
        if named && is_known(naive_time(rest).as_deref().unwrap_or(rest)) {
            style.place = true;
            return Some(rest);
        }
    }
    None
}

/// What closes a line: quotation marks, columns, commas of a list, a time behind many blanks.
fn without_end(text: &str, style: Style) -> &str {
    let mut text = without_break(text).trim_end_matches(is_blank);
    if let Some(start) = trailing_time(text) {
        text = text[..start].trim_end_matches(is_blank);
    }
    if style.column {
        // What follows the cell is other cells.
        text = text.find("  |").map_or(text, |end| &text[..end]);
        text = text.trim_end_matches(|c: char| c == '|' || is_blank(c));
    }
    if style.marks {
        text = text.trim_end_matches(|c: char| is_mark(c) || c == ',' || is_blank(c));
    }
    text
}

/// Where a time begins that stands behind the text: behind a TAB, or two blanks and more.
fn trailing_time(text: &str) -> Option<usize> {
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

/// Divides lines that run together: a whole console log on one line, messages with TABs between.
///
/// No line begins inside what a client or a backend wrote: a line behind such a one is left in it.
fn divide(line: &str, out: &mut String) {
    /// A longer one is no paste, and a hostile one would be searched again and again.
    const LONGEST: usize = 1 << 20;
    let mut rest = line;
    while rest.len() <= LONGEST
        && let Some(next) = next_line(rest)
    {
        push_line(without_break(&rest[..next]), out);
        rest = rest[next..].trim_start_matches("\\n").trim_start();
    }
    push_line(rest, out);
}

/// Whether the request that a line opens with ends further on in the same line: then other lines stand between.
fn ends_further_on(line: &str) -> bool {
    let opening = opening(line);
    let ends = |end: String| memmem::rfind(line.as_bytes(), end.as_bytes()).is_some_and(|place| place > 0);
    let of_console = opening.is_framed() && ends(format!(" : {COMPLETED}"));
    of_console || opening.request.is_some_and(|id| ends(format!("({id}) {COMPLETED}")))
}

/// Divides a whole log that stands on one line, before each of its request's ids and each time.
fn divide_all(line: &str, out: &mut String) {
    let mut starts: Vec<usize> = stamps(line).filter(|place| opening(&line[*place..]).at.is_some()).collect();
    if let Some(id) = opening(line).request {
        let id = format!("({id}) ");
        starts.extend(memmem::find_iter(line.as_bytes(), id.as_bytes()).map(|place| {
            // Its time stands before it.
            let before = line[..place].trim_end_matches(is_blank);
            let word = before
                .rfind(is_blank)
                .map_or(0, |gap| gap + line[gap..].chars().next().map_or(1, char::len_utf8));
            if opening(&line[word..]).at.is_some() { word } else { place }
        }));
    }
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).copied().chain([line.len()]);
    let first = starts.first().copied().unwrap_or(line.len());
    let pieces = std::iter::once((0, first)).chain(starts.iter().copied().zip(ends));
    for (start, end) in pieces.filter(|(start, end)| start < end) {
        let piece = without_break(line[start..end].trim_end_matches("\\n").trim_end_matches("\\r"));
        // What a list or a sentence of lines has between them.
        let piece = piece.trim_end_matches(|c: char| is_blank(c) || is_mark(c) || "|,;".contains(c));
        push_line(&without_inner_marks(without_break(piece)), out);
    }
}

/// As much of a line as tells which of API Gateway's it is.
fn head(line: &str) -> &str {
    const LONGEST: usize = 512;
    let end = (0..=LONGEST.min(line.len())).rev().find(|end| line.is_char_boundary(*end));
    &line[..end.unwrap_or(0)]
}

/// Where the next line begins inside this one.
fn next_line(text: &str) -> Option<usize> {
    let own = opening(text);
    if matches!(LogLine::parse(head(text)).kind, Kind::Payload | Kind::ResponseHeaders(_))
        && own.request.is_some()
    {
        return None;
    }
    let id = own.request.map(|id| format!("({id}) "));
    let bytes = text.as_bytes();
    let behind_gap = |place: &usize| {
        let before = &text[..*place];
        let broken = before.ends_with("\\n") || BREAKS.iter().any(|mark| before.ends_with(mark));
        *place > 1 && (broken || bytes[place - 1].is_ascii_whitespace())
    };
    let opens = |place: &usize| {
        let found = opening(&text[*place..]);
        match (&id, found.at, found.request) {
            (_, Some(_), _) => true,
            (Some(_), None, Some(_)) => LogLine::parse(head(&text[*place..])).kind != Kind::Other,
            _ => false,
        }
    };
    let stamps = stamps(text);
    let brackets = memmem::find_iter(bytes, b"(");
    let first = |mut places: Box<dyn Iterator<Item = usize> + '_>| {
        places.find(|place| behind_gap(place) && opens(place))
    };
    let stamp = first(Box::new(stamps));
    // The id that an undated line opens with, or a header's.
    let bracket = match own.at {
        None if id.is_some() => first(Box::new(brackets)),
        _ => None,
    };
    [stamp, bracket].into_iter().flatten().min()
}
