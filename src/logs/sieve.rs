//! A long log in pieces: of each piece, the lines of the requests that can have failed.
//!
//! A request's lines lie near each other, but a border between two pieces may lie among them. So the lines of a request that
//! has not ended are held for the next piece, within a bound. What is left out here the general way would call well, too:
//! tests set the two side by side.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use memchr::memchr;

use crate::logs::line::{COMPLETED, opening};
use crate::logs::scan::LineRelevance;

/// Bytes at a piece's end in which the last lines of a request may be followed by more.
const NEAR_END: usize = 64 << 10;

/// Pieces through which lines are held.
const PATIENCE: u32 = 2;

/// Bytes that are held: beyond, those held longest are let go.
const MOST_HELD: usize = 8 << 20;

/// Longest id of a request.
const LONGEST_ID: usize = 256;

/// What a piece leaves to be read.
#[derive(Debug, Default)]
pub struct Sieved {
    /// The lines, in their order.
    pub text: String,
    /// The number in the whole log of each of them.
    pub numbers: Vec<usize>,
    /// Requests that ended well.
    pub passed: usize,
    /// Requests whose lines stop before anything tells how they ended.
    pub cut_off: usize,
}

/// What is held of a log between its pieces.
#[derive(Debug, Default)]
pub struct Sieve {
    held: HashMap<Box<str>, HeldRequest, RandomState>,
    /// Lines before the next piece.
    lines: usize,
    /// Where a line's request stood last: lines of one log have times of one length.
    column: usize,
    /// The request of the last line, which the next piece may go on with.
    last: Option<Box<str>>,
}

#[derive(Debug, Default)]
struct HeldRequest {
    lines: Vec<(usize, String)>,
    failing: bool,
    ended: bool,
    pieces: u32,
}

/// A request, as far as one piece shows it.
#[derive(Clone, Copy, Default)]
struct SeenRequest {
    failing: bool,
    ended: bool,
    /// Where its last line begins.
    last: usize,
    kept: bool,
    held: bool,
}

/// What a line is of.
enum LineOwner<'a> {
    /// Of a request, with the text behind its id.
    Request(&'a str, &'a [u8]),
    /// Of the line before it.
    Previous,
    /// Of none that is named.
    None,
}

impl Sieve {
    /// Whether a log can be read so: its lines open with a request's id, or a time and such an id.
    pub fn fits(head: &str) -> bool {
        let mut lines = head.lines().filter(|line| !line.trim().is_empty()).take(200).peekable();
        lines.peek().is_some_and(|first| opening(first).request.is_some())
            && head.lines().take(200).filter(|line| opening(line).request.is_some()).count() > 1
    }

    /// Takes the next piece, which ends with a line; `is_last` lets everything go that is held.
    pub fn take(&mut self, piece: &str, is_last: bool) -> Sieved {
        // Of each line its beginning and its request; lines of none are kept.
        const NO_REQUEST: u32 = u32::MAX;
        // What goes on with a line that is gone.
        const GONE: u32 = u32::MAX - 1;
        let last = self.last.take();
        let mut places: HashMap<&str, u32, RandomState> = HashMap::default();
        let mut seen: Vec<SeenRequest> = Vec::new();
        let mut previous = match &last {
            Some(id) if self.held.contains_key(id) => {
                places.insert(id, 0);
                seen.push(SeenRequest::default());
                0
            }
            Some(_) => GONE,
            None => NO_REQUEST,
        };
        let mut lines: Vec<(u32, u32)> = Vec::with_capacity(piece.len() / 64);
        let (bytes, mut start) = (piece.as_bytes(), 0);
        while start < bytes.len() {
            let end = memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |length| start + length + 1);
            let place = match self.owner(&piece[start..end]) {
                LineOwner::Request(id, text) => {
                    let next = u32::try_from(seen.len()).unwrap_or(NO_REQUEST);
                    let place = *places.entry(id).or_insert(next);
                    if place == next {
                        seen.push(SeenRequest::default());
                    }
                    let request = &mut seen[place as usize];
                    request.failing |= LineRelevance::of(text) == LineRelevance::Fails;
                    request.ended |= text.starts_with(COMPLETED.as_bytes());
                    request.last = start;
                    place
                }
                LineOwner::Previous => previous,
                LineOwner::None => NO_REQUEST,
            };
            lines.push((u32::try_from(start).unwrap_or(u32::MAX), place));
            previous = place;
            start = end;
        }
        let mut sieved = Sieved::default();
        let mut let_go: Vec<(usize, String)> = Vec::new();
        for (id, place) in &places {
            let request = &mut seen[*place as usize];
            let before = self.held.get(*id);
            request.failing |= before.is_some_and(|held| held.failing);
            request.ended |= before.is_some_and(|held| held.ended);
            let young = before.is_none_or(|held| held.pieces < PATIENCE);
            let open = !request.ended || request.last + NEAR_END > piece.len();
            request.held = open && young && !is_last;
            request.kept = request.failing && !request.held;
        }
        // Requests of which this piece has nothing more.
        let all = self.held.len();
        let held = std::mem::take(&mut self.held);
        self.held.reserve(all);
        let mut bytes_held = 0;
        for (id, mut held) in held {
            let now = places.get(&*id).map(|place| seen[*place as usize]);
            held.pieces += 1;
            let stays = now.map_or(!held.ended && held.pieces <= PATIENCE && !is_last, |now| now.held);
            if stays && bytes_held < MOST_HELD {
                bytes_held += held.lines.iter().map(|(_, line)| line.len()).sum::<usize>();
                self.held.insert(id, held);
                continue;
            }
            if let Some(now) = now {
                // Its lines of this piece go with it.
                if let Some(place) = places.get(&*id) {
                    let request = &mut seen[*place as usize];
                    (request.held, request.kept) = (false, now.failing);
                }
            }
            if now.map_or(held.failing, |now| now.failing) {
                let_go.append(&mut held.lines);
            } else if now.is_none() {
                *(if held.ended { &mut sieved.passed } else { &mut sieved.cut_off }) += 1;
            }
        }
        for request in &seen {
            if !request.kept && !request.held {
                *(if request.ended { &mut sieved.passed } else { &mut sieved.cut_off }) += 1;
            }
        }
        let_go.sort_unstable_by_key(|(number, _)| *number);
        for (number, line) in let_go {
            sieved.push(number, &line);
        }
        let mut ids: Vec<&str> = vec![""; seen.len()];
        places.iter().for_each(|(id, place)| ids[*place as usize] = id);
        for (number, (start, place)) in lines.iter().enumerate() {
            let request = seen.get(*place as usize);
            if *place == GONE || request.is_some_and(|request| !request.kept && !request.held) {
                continue;
            }
            let end = lines.get(number + 1).map_or(piece.len(), |(next, _)| *next as usize);
            let (line, number) = (&piece[*start as usize..end], self.lines + number + 1);
            match request.filter(|request| request.held) {
                Some(request) => {
                    let held = self.held.entry(ids[*place as usize].into()).or_default();
                    (held.failing, held.ended) = (request.failing, request.ended);
                    held.lines.push((number, line.to_owned()));
                }
                None => sieved.push(number, line),
            }
        }
        self.lines += lines.len();
        self.last = ids.get(previous as usize).map(|id| (*id).into());
        sieved
    }

    fn owner<'a>(&mut self, line: &'a str) -> LineOwner<'a> {
        let bytes = line.as_bytes();
        let dated = || self.column > 0 && bytes.get(4) == Some(&b'-') && bytes[0].is_ascii_digit();
        let column = if bytes.first() == Some(&b'(') { 0 } else { self.column };
        if (column == 0 || dated())
            && bytes.get(column) == Some(&b'(')
            && let Some(length) = memchr(b')', &bytes[column..bytes.len().min(column + LONGEST_ID)])
            && bytes.get(column + length + 1) == Some(&b' ')
            && length > 1
        {
            let text = bytes.get(column + length + 2..).unwrap_or_default();
            return LineOwner::Request(&line[column + 1..column + length], text.trim_ascii_start());
        }
        let opening = opening(line.trim_end_matches(['\n', '\r']));
        match opening.request {
            Some(id) => {
                let column = id.as_ptr() as usize - line.as_ptr() as usize - 1;
                if opening.at.is_some() {
                    self.column = column;
                }
                LineOwner::Request(id, opening.text.as_bytes())
            }
            None if opening.is_framed() || line.trim().is_empty() => LineOwner::None,
            None => LineOwner::Previous,
        }
    }
}

impl Sieved {
    fn push(&mut self, number: usize, line: &str) {
        self.text.push_str(line);
        self.numbers.push(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(id: usize, status: u16) -> String {
        let failure = if status < 500 {
            "Successfully completed execution"
        } else {
            "Execution failed due to a timeout error"
        };
        format!(
            "2026-11-24T16:57:08.{:03}Z (id-{id}) HTTP Method: GET, Resource Path: /orders/{id}\n\
             2026-11-24T16:57:08.{:03}Z (id-{id}) Endpoint response body before transformations: {{\n  \"a\": 1\n}}\n\
             2026-11-24T16:57:09.{:03}Z (id-{id}) {failure}\n\
             2026-11-24T16:57:09.{:03}Z (id-{id}) Method completed with status: {status}\n",
            id % 1000,
            id % 1000,
            id % 1000,
            id % 1000
        )
    }

    #[test]
    fn only_lines_of_failing_requests_are_left_wherever_a_piece_ends() {
        let log: String = (0..40).map(|id| request(id, if id % 10 == 3 { 504 } else { 200 })).collect();
        let expected: String = (0..40).filter(|id| id % 10 == 3).map(|id| request(id, 504)).collect();
        assert!(Sieve::fits(&log));
        let places: Vec<usize> = log.match_indices('\n').map(|(place, _)| place + 1).collect();
        for border in places {
            let mut sieve = Sieve::default();
            let (first, second) = log.split_at(border);
            let pieces = [sieve.take(first, false), sieve.take(second, true)];
            let text: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
            assert_eq!(text, expected, "{border}");
            let numbered = |piece: &Sieved| {
                let lines = piece.text.lines().zip(&piece.numbers);
                lines.for_each(|(line, number)| assert_eq!(log.lines().nth(number - 1), Some(line)));
            };
            pieces.iter().for_each(numbered);
            let passed: usize = pieces.iter().map(|piece| piece.passed + piece.cut_off).sum();
            assert_eq!(passed, 36, "{border}");
        }
    }

    #[test]
    fn a_failure_without_its_end_is_held_no_longer_than_needed() {
        let mut sieve = Sieve::default();
        let failure = "(a) Execution failed due to a timeout error\n";
        assert_eq!(sieve.take(failure, false).text, "");
        let others = |from: usize| (from..from + 3).map(|id| request(id, 200)).collect::<String>();
        let later = [
            sieve.take(&others(0), false).text,
            sieve.take(&others(10), false).text,
            sieve.take(&others(20), false).text,
        ];
        assert_eq!(later.concat(), failure);
        assert_eq!(sieve.take("", true).text, "");
    }
}
