//! What people paste → lines as CloudWatch Logs has them: quotations, bullets, numbers, colours and columns taken off.
//!
//! Only what frames every line is taken off. The first line that is one of API Gateway's, whatever it is wrapped in, sets
//! the style; a line that is wrapped otherwise stays as it is. So nothing inside a body becomes a line of its own.

use std::borrow::Cow;

use memchr::{memchr2, memmem};

use crate::logs::access_format::{AccessFormat, is_access};
use crate::logs::line::{Kind, LogLine, number, opening};
use crate::logs::reasons::{OPENINGS, REASONS, is_reason};
use crate::logs::run_together::{divide, divide_all, ends_further_on, push_line, stamps};
use crate::logs::wrapping::{
    HEAD, Peeled, Style, is_blank, is_known, is_line, is_mark, is_prefix, peel, trailing_time, without_break,
    without_inner_marks,
};

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
    let failures = OPENINGS.iter().chain(&REASONS[..]).filter(|sentence| sentence.len() > 16);
    let start = failures.filter_map(|sentence| memmem::find(line.as_bytes(), sentence.as_bytes())).min()?;
    let text = line[start..].trim_end_matches(|c: char| c.is_whitespace() || is_mark(c) || ".,;".contains(c));
    Some(Mention { line: number, text: text.chars().take(1024).collect() })
}

/// The sentence that opens a failure and stands further on in a line: where lines run together behind one that quotes a client.
pub fn mention_inside(number: usize, line: &str) -> Option<Mention> {
    let inside = |sentence: &&str| memmem::find(line.as_bytes(), sentence.as_bytes());
    let start = OPENINGS.iter().filter_map(inside).min()?;
    mention(number, line[start..].lines().next().unwrap_or_default())
}

/// The text with what frames its lines taken off.
pub(crate) fn tidied(text: String, formats: &[AccessFormat]) -> String {
    let text = with_plain_marks(with_ends_joined(with_line_feeds(text)));
    let text = unwrapped(text);
    let changed = match bare(&text, true, formats) {
        Cow::Owned(changed) => Some(changed),
        Cow::Borrowed(_) => None,
    };
    with_openings_joined(changed.unwrap_or(text))
}

/// The same of events, each of them a line: none of them is divided, and none joined with another.
pub(crate) fn tidied_events(text: &str, formats: &[AccessFormat]) -> String {
    bare(text, false, formats).into_owned()
}

/// Most lines of a text at its beginning that tell what frames them: a file of megabytes that opens with prose is no paste.
const EARLY: usize = 200;

fn bare<'t>(text: &'t str, is_paste: bool, formats: &[AccessFormat]) -> Cow<'t, str> {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let runs_together = is_paste && lines().take(4).count() < 4;
    let peeled = |line: &'t str| match formats.iter().any(|format| format.read(line).is_some()) {
        // An access line is whole, whatever a client has written into it.
        true => Peeled::whole(line),
        false => Peeled::of(line),
    };
    let styled = |line: &'t str| {
        let peeled = peeled(line);
        is_known(&peeled.text).then_some((peeled.style, peeled.text == line))
    };
    let wrapped_access = |line: &'t str| {
        let peeled = peeled(line);
        (peeled.text != line && is_access(&peeled.text, formats)).then_some((peeled.style, false))
    };
    // The head of a console log bears no time, so that it says nothing about what stands in the place of the others'.
    let is_head = |line: &str| Peeled::of(line).text.starts_with(HEAD);
    let mut first = lines().take(EARLY).filter(|line| !is_head(line));
    let style = first.find_map(styled).or_else(|| lines().take(EARLY).find_map(styled));
    let Some((style, is_bare)) = style.or_else(|| lines().take(EARLY).find_map(wrapped_access)) else {
        // A page that was copied whole: what stands before the log is no part of it.
        let start = if runs_together { console_log(text, formats) } else { None };
        return match start {
            Some(start) => Cow::Owned(tidied(text[start..].to_owned(), formats)),
            None => Cow::Borrowed(text),
        };
    };
    let of_style = || lines().take(EARLY).map(peeled).filter(|peeled| peeled.style == style);
    let known: Vec<Peeled<'_>> = of_style().filter(|peeled| is_known(&peeled.text)).take(EARLY).collect();
    let ending = common_ending(&known);
    if is_bare && !runs_together && ending.is_empty() && !has_decoration(text) {
        return Cow::Borrowed(text);
    }
    // A log on one line is no line of a log: whatever its lines say, the next one follows.
    let is_one = lines().filter(|line| opening(&peeled(line).text).is_framed()).take(2).count() < 2;
    let first = known.iter().find(|peeled| !peeled.text.starts_with(HEAD));
    let is_undated = !is_bare && first.is_some_and(|peeled| !opening(&peeled.text).is_framed());
    let mut out = String::with_capacity(text.len() + 64);
    for line in text.lines() {
        let peeled = peeled(line);
        // Behind it, lines without a time would be no lines of a log.
        if is_undated && !runs_together && peeled.text.starts_with(HEAD) {
            continue;
        }
        if runs_together && is_access(line, formats) {
            push_line(line, &mut out);
            continue;
        }
        let line = match peeled.style == style {
            true if is_known(&peeled.text) => without_ending(peeled.text, ending),
            true if is_access(&peeled.text, formats) => {
                push_line(&peeled.text, &mut out);
                continue;
            }
            // What a mail's width has broken is quoted like the line that it is of.
            _ if peeled.style.is_quotation() && style.is_quotation() => {
                Cow::Owned(format!(" {}", line.trim_start_matches(|c: char| c == '>' || is_blank(c))))
            }
            _ => Cow::Borrowed(line),
        };
        match runs_together {
            true if is_one && ends_further_on(&line) => divide_all(&line, &mut out),
            true => divide(&repaired(&line), &mut out),
            false => push_line(&repaired(&line), &mut out),
        }
    }
    Cow::Owned(out)
}

/// What a program, a list or a table puts behind each of its lines, where all of them that are known have it: nothing else
/// tells it from what API Gateway says last.
fn common_ending<'p>(known: &'p [Peeled<'_>]) -> &'p str {
    const ENDINGS: [&str; 13] =
        ["\\r\\n", "\\n", "\");", "');", "]]>", "\"),", "'),", ");", " \\", ";", ",", ")", "|"];
    let [first, _, ..] = known else { return "" };
    let text = opening(&first.text).text;
    let columns = text.find('\t').map(|column| &text[column..]);
    let of_first = || ENDINGS.into_iter().find(|ending| text.ends_with(ending));
    let ending = columns.or_else(of_first).unwrap_or_default();
    if known.iter().all(|peeled| peeled.text.ends_with(ending)) { ending } else { "" }
}

fn without_ending<'t>(text: Cow<'t, str>, ending: &str) -> Cow<'t, str> {
    if ending.is_empty() {
        return text;
    }
    let length = text.strip_suffix(ending).map_or(text.len(), |text| text.trim_end().len());
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..length]),
        Cow::Owned(mut text) => {
            text.truncate(length);
            Cow::Owned(text)
        }
    }
}

/// A line without what a person or a page has done to the sentence in it.
fn repaired(line: &str) -> Cow<'_, str> {
    match with_whole_reason(line) {
        Some(whole) => Cow::Owned(whole),
        None => without_inner_marks(line),
    }
}

/// A failure's line whose reason was cut, and so much of it is left that only one can have stood there.
fn with_whole_reason(line: &str) -> Option<String> {
    const LEAST: usize = 20;
    let cut = line.strip_suffix("...").or_else(|| line.strip_suffix('…'))?;
    let start = memmem::rfind(cut.as_bytes(), b"configuration error: ")? + "configuration error: ".len();
    let begun = &cut[start..];
    let mut possible = REASONS.iter().filter(|reason| begun.len() >= LEAST && reason.starts_with(begun));
    // Of two that open alike, neither is known to have stood there.
    let whole = possible.next().filter(|_| possible.next().is_none())?;
    Some(line[..start].to_owned() + whole)
}

/// Lines of a text that may have been broken at a width: in a longer one the widest line is a body's.
const SHORT: usize = 200;

/// Lines of a request that a narrow page has broken inside the words that tell what they say.
fn with_openings_joined(text: String) -> String {
    let lines: Vec<&str> = text.lines().take(SHORT + 1).collect();
    let is_unknown = |line: &str| LogLine::parse(line).kind == Kind::Other;
    let is_cut = |line: &str| opening(line).request.is_some() && is_unknown(line);
    if lines.len() > SHORT || !lines.iter().any(|line| is_cut(line)) {
        return text;
    }
    let mut out: Vec<String> = Vec::with_capacity(lines.len());
    for line in lines {
        if let Some(last) = out.last_mut().filter(|last| is_cut(last) && !opening(line).is_framed()) {
            let joined = format!("{} {}", last.trim_end(), line.trim());
            if !is_unknown(&joined) {
                *last = joined;
                continue;
            }
        }
        out.push(line.to_owned());
    }
    out.join("\n") + "\n"
}

/// Lines as they were before a terminal or a ticket broke them at its width: a line that is known and of that width goes on
/// with the next, where that can be no line or row of its own.
fn unwrapped(text: String) -> String {
    const WIDTHS: std::ops::RangeInclusive<usize> = 40..=400;
    let lines: Vec<&str> = text.lines().take(SHORT + 1).collect();
    let width = |line: &str| line.chars().count();
    let widest = lines.iter().map(|line| width(line)).max().unwrap_or(0);
    if lines.len() > SHORT || !WIDTHS.contains(&widest) {
        return text;
    }
    let is_ours = |line: &str| is_known(&Peeled::of(line).text);
    // Rows of a table and items of a list open alike.
    let opens_alike = |line: &str, next: &str| {
        let sign = |text: &str| text.chars().next().filter(|c| !c.is_alphanumeric());
        sign(line).is_some() && sign(line) == sign(next)
    };
    let mut goes_on = vec![false; lines.len()];
    let mut start = 0;
    for place in 1..lines.len() {
        let (line, next) = (lines[place - 1], lines[place]);
        start = if goes_on[place - 1] { start } else { place - 1 };
        goes_on[place] = width(line) == widest
            && !opening(next).is_framed()
            && is_ours(lines[start])
            && !is_line(&Peeled::of(next).text)
            && !opens_alike(lines[start], next);
    }
    let broken = goes_on.iter().filter(|goes_on| **goes_on).count();
    if broken < 2 || 2 * broken <= lines.iter().filter(|line| width(line) == widest).count() {
        return text;
    }
    let mut whole = String::with_capacity(text.len());
    for (place, (line, goes_on)) in lines.iter().zip(goes_on).enumerate() {
        if place > 0 && !goes_on {
            whole.push('\n');
        }
        whole.push_str(line);
    }
    whole + "\n"
}

/// Where a console log begins inside a line; never inside an access line, nor between marks, where a client may have written
/// it.
fn console_log(text: &str, formats: &[AccessFormat]) -> Option<usize> {
    if text.lines().any(|line| is_access(line, formats)) {
        return None;
    }
    let is_bare =
        |start: &usize| *start > 0 && is_prefix(text[..*start].rsplit('\n').next().unwrap_or_default());
    let head = memmem::find(text.as_bytes(), HEAD.as_bytes());
    head.or_else(|| stamps(text).find(|place| opening(&text[*place..]).at.is_some())).filter(is_bare)
}

/// Reasons and statuses on the line after the colon that they stand behind, whatever that line is wrapped in.
fn with_ends_joined(text: String) -> String {
    const COLONS: [&str; 2] = ["configuration error:", "completed with status:"];
    let is_end = |colon: &str, text: &str| match colon {
        "completed with status:" => number::<u16>(text).is_some(),
        _ => is_reason(text),
    };
    let mut text = text;
    for colon in COLONS {
        let mut out = String::new();
        let mut done = 0;
        for place in memmem::find_iter(text.as_bytes(), colon.as_bytes()) {
            let end = place + colon.len();
            let rest = text[end..].trim_start_matches([' ', '\t', '\r', '\n']);
            let gap = &text[end..text.len() - rest.len()];
            let line = rest.lines().next().unwrap_or_default();
            let goes_on = colon == COLONS[0] && is_reason(line);
            if end < done || !gap.contains('\n') || goes_on {
                continue;
            }
            let mut style = Style::default();
            let peeled = peel(line, &mut style).map(|peeled| peeled.trim_start_matches(is_blank));
            let end_of_line = [Some(line), peeled].into_iter().flatten().find(|text| is_end(colon, text));
            if let Some(joined) = end_of_line {
                out.push_str(&text[done..end]);
                out.push(' ');
                done = text.len() - rest.len() + (line.len() - joined.len());
            }
        }
        if done > 0 {
            text = out + &text[done..];
        }
    }
    text
}

/// A host's name between the marks that API Gateway writes, where a word processor or a page has changed them.
fn with_plain_marks(text: String) -> String {
    const NAME: &str = "Host name ";
    const MARKS: [(&str, &str); 8] = [
        ("‘", "’"),
        ("’", "’"),
        ("“", "”"),
        ("\"", "\""),
        ("&#x27;", "&#x27;"),
        ("&#39;", "&#39;"),
        ("&apos;", "&apos;"),
        ("&quot;", "&quot;"),
    ];
    if memmem::find(text.as_bytes(), NAME.as_bytes()).is_none() {
        return text;
    }
    let marked = MARKS.iter().find(|(open, _)| text.contains(&format!("{NAME}{open}")));
    let Some((open, close)) = marked else { return text };
    let text = text.replace(&format!("{NAME}{open}"), &format!("{NAME}'"));
    text.replace(&format!("{close} does not match"), "' does not match")
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

/// Whether lines may end in what is no part of them: colours, quotation marks, columns.
fn has_decoration(text: &str) -> bool {
    let ends =
        |line: &str| trailing_time(line).is_some() || without_break(line).len() < line.trim_end().len();
    let marked = |line: &str| line.starts_with('\u{feff}');
    memchr2(0x1b, b'|', text.as_bytes()).is_some()
        || text.lines().take(50).any(|line| ends(line) || marked(line) || repaired(line) != line)
}
