//! What people paste → lines as CloudWatch Logs has them: quotations, bullets, numbers, colours and columns taken off.
//!
//! Only what frames every line is taken off. The first line that is one of API Gateway's, whatever it is wrapped in, sets
//! the style; a line that is wrapped otherwise stays as it is. So nothing inside a body becomes a line of its own.

use std::borrow::Cow;

use memchr::{memchr2, memmem};

use crate::logs::line::opening;
use crate::logs::reasons::{OPENINGS, REASONS, is_reason};
use crate::logs::run_together::{divide, divide_all, ends_further_on, push_line, stamps};
use crate::logs::wrapping::{
    HEAD, Peeled, Style, is_blank, is_known, is_mark, peel, trailing_time, without_break, without_inner_marks,
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

/// The text with what frames its lines taken off.
pub(crate) fn tidied(text: String) -> String {
    // The style is set early in a file that people saved; a file of megabytes that opens with prose is no paste.
    const EARLY: usize = 200;
    let text = unwrapped(with_reasons_joined(with_line_feeds(text)));
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

/// Lines as they were before a terminal or a ticket broke them at its width: each of that width goes on with the next, where
/// that opens as no line does.
fn unwrapped(text: String) -> String {
    const WIDTHS: std::ops::RangeInclusive<usize> = 40..=400;
    // In a long text the widest line is a body's.
    const MOST: usize = 200;
    let lines: Vec<&str> = text.lines().take(MOST + 1).collect();
    let width = |line: &str| line.chars().count();
    let widest = lines.iter().map(|line| width(line)).max().unwrap_or(0);
    let goes_on = |pair: &[&str]| width(pair[0]) == widest && !opening(pair[1]).is_framed();
    let broken = lines.windows(2).filter(|pair| goes_on(pair)).count();
    let is_wrapped = broken > 1 && 2 * broken > lines.iter().filter(|line| width(line) == widest).count();
    if lines.len() > MOST || !WIDTHS.contains(&widest) || !is_wrapped {
        return text;
    }
    let mut whole = String::with_capacity(text.len());
    for (place, line) in lines.iter().enumerate() {
        whole.push_str(line);
        if !lines.get(place..place + 2).is_some_and(goes_on) {
            whole.push('\n');
        }
    }
    whole
}

/// Where a console log begins inside a line.
fn console_log(text: &str) -> Option<usize> {
    let head = memmem::find(text.as_bytes(), HEAD.as_bytes());
    head.or_else(|| stamps(text).find(|place| opening(&text[*place..]).at.is_some()))
        .filter(|start| *start > 0)
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
        || text.lines().take(50).any(|line| ends(line) || marked(line) || without_inner_marks(line) != line)
}
