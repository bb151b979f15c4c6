//! A large list of events in JSON → lines, as it is read: what `aws logs filter-log-events` and Logs Insights save.
//!
//! The document is cut between two events of its list, and each piece is closed as the whole document is. So a piece is a
//! document of the same shape, and is read as a small one.

use std::io::{Error, ErrorKind, Read};

use memchr::memchr2;
use serde_json::Value;

use crate::logs::pasted::mention;
use crate::logs::saved::{lines_of, without_mark};

/// Bytes of a document that are read at a time.
const PIECE: usize = 4 << 20;

/// Largest event, with what stands before the list.
const MOST: usize = 64 << 20;

/// Keys of events that Lambda is given, which tell what their list is of.
const LAMBDA: [&str; 3] = ["awslogs", "messageType", "Records"];

/// The lines of a list of events.
pub struct EventsReader<R> {
    input: R,
    document: Vec<u8>,
    reached: Reached,
    lines: Vec<u8>,
    taken: usize,
    is_last: bool,
}

/// Whether a large input begins with a list of events, whose lines can be read one after the other.
pub fn is_list(head: &[u8]) -> bool {
    let json = without_mark(head);
    if !matches!(json.first(), Some(b'{' | b'[')) {
        return false;
    }
    let mut reached = Reached::default();
    reached.look(json);
    let Some(piece) = reached.border.map(|border| border.piece(json)) else { return false };
    let Ok(values) = values(&piece) else { return false };
    let of_lambda = values.iter().any(|value| LAMBDA.iter().any(|key| value.get(key).is_some()));
    !of_lambda && !values.is_empty() && lines_of(&values).is_some()
}

/// What documents hold: of a list, its items.
fn values(documents: &[u8]) -> Result<Vec<Value>, serde_json::Error> {
    let documents = serde_json::Deserializer::from_slice(without_mark(documents)).into_iter();
    let items = documents.map(|document| {
        Ok(match document? {
            Value::Array(items) => items,
            other => vec![other],
        })
    });
    let items = items.collect::<Result<Vec<_>, _>>()?;
    Ok(items.into_iter().flatten().collect())
}

impl<R: Read> EventsReader<R> {
    /// A reader of the events that this one holds.
    pub fn new(input: R) -> Self {
        let (document, lines, reached) = (Vec::new(), Vec::new(), Reached::default());
        Self { input, document, reached, lines, taken: 0, is_last: false }
    }

    /// Reads the next events; nothing where there are none.
    fn more(&mut self) -> std::io::Result<()> {
        while !self.is_last || !self.document.is_empty() {
            let before = self.document.len();
            if !self.is_last {
                let room = PIECE.saturating_sub(before).max(PIECE / 4);
                self.input.by_ref().take(room as u64).read_to_end(&mut self.document)?;
                self.is_last = self.document.len() - before < room;
                self.reached.look(&self.document);
            }
            let piece = match self.reached.border.take() {
                _ if self.is_last => std::mem::take(&mut self.document),
                Some(border) => {
                    let piece = border.piece(&self.document);
                    border.leave(&mut self.document);
                    self.reached = Reached::default();
                    self.reached.look(&self.document);
                    piece
                }
                None if self.document.len() > MOST => {
                    return Err(Error::new(ErrorKind::InvalidData, "one event is larger than 64 MiB"));
                }
                None => continue,
            };
            let values = values(&piece).map_err(|torn| {
                let what = format!("the list of events is torn or is no JSON: {torn}");
                Error::new(ErrorKind::InvalidData, what)
            })?;
            // A piece without events is passed over, but not a sentence of a failure in it.
            let pointed_out = || {
                let found = mention(0, &String::from_utf8_lossy(&piece))?;
                Some(format!("\nbeside: {}\n", found.text))
            };
            if let Some(lines) = lines_of(&values).or_else(pointed_out).filter(|lines| !lines.is_empty()) {
                (self.lines, self.taken) = (lines.into_bytes(), 0);
                break;
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for EventsReader<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.taken == self.lines.len() {
            (self.lines, self.taken) = (Vec::new(), 0);
            self.more()?;
        }
        let rest = &self.lines[self.taken..];
        let length = rest.len().min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        self.taken += length;
        Ok(length)
    }
}

/// Where a reader stands in a document.
#[derive(Default)]
struct Reached {
    /// Bytes that were looked at.
    seen: usize,
    in_text: bool,
    /// What closes the lists and objects that are open.
    closers: Vec<u8>,
    /// The list that is read: how many are open with it, and where its items begin.
    list: Option<(usize, usize)>,
    border: Option<Border>,
}

/// Where a document can be cut.
struct Border {
    /// Where the list's items begin; the document's begin, where it is cut behind its end.
    start: usize,
    /// Behind the last item that is complete.
    end: usize,
    /// What closes the document there.
    closers: Vec<u8>,
}

impl Border {
    /// The document up to here, closed.
    fn piece(&self, document: &[u8]) -> Vec<u8> {
        [&document[..self.end], &self.closers].concat()
    }

    /// Leaves of a document what follows, behind what stands before the list.
    fn leave(&self, document: &mut Vec<u8>) {
        let comma = usize::from(document.get(self.end) == Some(&b','));
        document.drain(self.start..self.end + comma);
    }
}

impl Reached {
    /// Looks at what was added to a document.
    fn look(&mut self, document: &[u8]) {
        /// Lists lie in a document, or in one of its objects.
        const DEEPEST: usize = 2;
        let mut at = self.seen;
        while at < document.len() {
            if self.in_text {
                let Some(gap) = memchr2(b'"', b'\\', &document[at..]) else {
                    at = document.len();
                    break;
                };
                at += gap;
                let is_escape = document[at] == b'\\';
                if is_escape && at + 1 == document.len() {
                    // The sign that it is before is still to come.
                    break;
                }
                self.in_text = is_escape;
                at += if is_escape { 2 } else { 1 };
                continue;
            }
            match document[at] {
                b'"' => self.in_text = true,
                b'{' => self.closers.push(b'}'),
                b'[' => {
                    self.closers.push(b']');
                    if self.list.is_none() && self.closers.len() <= DEEPEST {
                        self.list = Some((self.closers.len(), at + 1));
                    }
                }
                closer @ (b'}' | b']') => {
                    if self.complete(at, document) {
                        self.list = None;
                    }
                    // What is closed by something else is no JSON, which parsing the piece shows.
                    if self.closers.pop() == Some(closer) && self.closers.is_empty() {
                        self.border = Some(Border { start: 0, end: at + 1, closers: Vec::new() });
                    }
                }
                b',' => {
                    self.complete(at, document);
                }
                _ => {}
            }
            at += 1;
        }
        self.seen = at;
    }

    /// An item of the list may end here: whether one does, or the list.
    fn complete(&mut self, end: usize, document: &[u8]) -> bool {
        let Some((_, start)) = self.list.filter(|(open, _)| *open == self.closers.len()) else {
            return false;
        };
        // Documents that are whole go first.
        let is_behind = self.border.as_ref().is_some_and(|border| border.closers.is_empty());
        if !is_behind && !document[start..end].trim_ascii().is_empty() {
            let closers = self.closers.iter().rev().copied().collect();
            self.border = Some(Border { start, end, closers });
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(json: &str) -> String {
        let mut lines = String::new();
        EventsReader::new(json.as_bytes()).read_to_string(&mut lines).expect("it is JSON");
        lines
    }

    /// An answer of `filter-log-events` of so many events, and what follows them.
    fn answer(events: usize, after: &str) -> String {
        let event = |number| {
            format!(
                "{{\n  \"message\": \"({number:08}) a \\\"b\\\\\", \"timestamp\": 1772446530123, \"eventId\": \"{number}\"\n}}"
            )
        };
        let events: Vec<String> = (0..events).map(event).collect();
        format!("{{\n\"events\": [\n{}\n], \"searchedLogStreams\": []{after}}}\n", events.join(",\n"))
    }

    #[test]
    fn a_large_list_is_read_as_a_small_one() {
        let of = |number: usize| format!("2026-03-02T10:15:30.123Z ({number:08}) a \"b\\\n");
        for (events, documents) in [(3, 1), (60_000, 1), (40_000, 2)] {
            let expected: String = (0..events).map(of).collect();
            let large = answer(events, "").repeat(documents);
            assert!(is_list(&large.as_bytes()[..large.len().min(PIECE)]));
            assert!(lines(&large) == expected.repeat(documents), "{events} events, {documents} times");
        }
    }

    #[test]
    fn what_stands_behind_the_list_is_read_too() {
        let note = ", \"note\": \"Execution failed due to a timeout error\"";
        assert!(lines(&answer(60_000, note)).contains("beside: Execution failed due to a timeout error\n"));
    }

    #[test]
    fn a_sentence_among_what_is_no_event_is_pointed_out() {
        let event = "{\"message\": \"(00000001) a\"}";
        let other = "{\"level\": 3, \"said\": \"Execution failed due to a timeout error\"}";
        let many = |item: &str| vec![item; 5_000_000 / item.len()].join(",");
        let read = lines(&format!("[{},{}]", many(event), many(other)));
        assert!(
            read.contains("\nbeside: Execution failed due to a timeout error"),
            "{}",
            &read[read.len() - 200..]
        );
    }

    #[test]
    fn a_torn_list_is_an_error() {
        let json = answer(60_000, "");
        let error =
            EventsReader::new(&json.as_bytes()[..json.len() - 9_000]).read_to_string(&mut String::new());
        assert!(error.is_err_and(|error| error.kind() == ErrorKind::InvalidData));
    }

    #[test]
    fn other_json_is_no_list() {
        for other in [
            "{}",
            "[]",
            "{\"a\": [1, 2]}",
            "{\n \"messageType\": \"\", \"logEvents\": [{\"message\": \"x\"}]}",
            "{ [",
            "(id) x",
        ] {
            assert!(!is_list(other.as_bytes()), "{other}");
        }
    }
}
