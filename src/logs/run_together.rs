//! Lines that were copied onto one: where each begins.

use memchr::memmem;

use crate::logs::line::{COMPLETED, Kind, LogLine, opening};
use crate::logs::wrapping::{BREAKS, is_blank, is_mark, without_break, without_inner_marks};

/// Where the times of a console log may begin.
pub(crate) fn stamps(text: &str) -> impl Iterator<Item = usize> {
    memmem::find_iter(text.as_bytes(), b" UTC ").filter_map(|place| {
        place.checked_sub("Thu Aug 04 17:48:21".len()).filter(|start| text.is_char_boundary(*start))
    })
}

pub(crate) fn push_line(line: &str, out: &mut String) {
    out.push_str(line);
    out.push('\n');
}

/// Divides lines that run together: a whole console log on one line, messages with TABs between.
///
/// No line begins inside what a client or a backend wrote: a line behind such a one is left in it.
pub(crate) fn divide(line: &str, out: &mut String) {
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
pub(crate) fn ends_further_on(line: &str) -> bool {
    let opening = opening(line);
    let ends = |end: String| memmem::rfind(line.as_bytes(), end.as_bytes()).is_some_and(|place| place > 0);
    let of_console = opening.is_framed() && ends(format!(" : {COMPLETED}"));
    of_console || opening.request.is_some_and(|id| ends(format!("({id}) {COMPLETED}")))
}

/// Divides a whole log that stands on one line, before each of its request's ids and each time.
pub(crate) fn divide_all(line: &str, out: &mut String) {
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
        // The elements of a page that follow, but for a body's own.
        let quotes = LogLine::parse(head(piece)).quotes();
        let element = piece.find("</").filter(|_| !quotes);
        let piece = element.map_or(piece, |element| &piece[..element]);
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
