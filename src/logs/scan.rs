//! A first look at a document: which requests can have failed, so that only their events are read.
//!
//! Most requests of most batches went well, and reading their lines is most of the work. This look goes over the events
//! as CloudWatch Logs writes them, notes whose each one is and how its text opens, and leaves out the requests that show no
//! sign of a failure. It knows one shape only, to the byte. Whatever has another one (more keys, another order, a line
//! without an id, an escape that is rare) is `None`: then the general way reads everything and decides. Where this look
//! does answer, the general way would have come to the same diagnoses: tests set the two side by side.

use crate::logs::{envelope, quick, scan_event};

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::ids::Region;
use crate::logs::line::LineRelevance;
use crate::logs::record::{Document, LogBatch, Source};
use crate::logs::scan_event::{EventScanner, EventSpan};

/// A document without the events that can't matter.
#[derive(Debug, PartialEq, Eq)]
pub struct Sifted<'a> {
    /// What is left of it.
    pub document: Document<'a>,
    /// Requests that can't have failed, whose events were left out.
    pub passed: usize,
}

/// Most bytes of a document before its events: a few names of bounded length.
const LONGEST_HEAD: usize = 8192;

/// Sifts a document; `None` where it is not of the one shape that this look knows.
pub(crate) fn sift<'a>(document: &'a [u8], region: Option<&Region>) -> Option<Sifted<'a>> {
    let text = quick::utf8(document)?;
    // JSON as it is sent has no control character, and a text inside it may have none.
    if document.iter().fold(u8::MAX, |least, byte| least.min(*byte)) < b' ' {
        return None;
    }
    let start = events_start(text)?;
    let divider = EventScanner::new(text, start)?;
    let mut requests = Requests::default();
    let mut events = Vec::with_capacity(text.len() / 256);
    let mut at = start;
    loop {
        let (glimpse, request, next) = divider.event(at)?;
        let request = requests.note(request, glimpse.weight)?;
        events.push((request, glimpse));
        match &document.get(next..)? {
            [b',', ..] => at = next + 1,
            [b']', ..] => {
                at = next;
                break;
            }
            _ => return None,
        }
    }
    // What stands around the events is for the general way to read: it finds a list there, and nothing in it.
    let frame = [&text[..start], &text[at..]].concat();
    let Ok(Document::Logs(LogBatch { source, .. })) = envelope::read(frame.as_bytes()) else { return None };
    let placed = source.api.is_some() && source.stage.is_some();
    let wanted = |weight| match weight {
        LineRelevance::Fails | LineRelevance::Tells => true,
        LineRelevance::Place => !placed,
        LineRelevance::Nothing => false,
    };
    // Room for all of them is asked for and not touched: growing would copy what is kept.
    let mut kept = Vec::with_capacity(events.len());
    for (number, glimpse) in requests.telling(events, wanted) {
        kept.push(divider.read(&glimpse, number)?);
    }
    let source = Source { region: region.cloned(), ..source };
    Some(Sifted { document: Document::Logs(LogBatch { source, events: kept }), passed: requests.passed() })
}

/// Where the first event of the document's own list begins.
fn events_start(text: &str) -> Option<usize> {
    const KEY: &str = "\"logEvents\":[";
    let head = &text.as_bytes()[..text.len().min(LONGEST_HEAD)];
    let key = memchr::memmem::find(head, KEY.as_bytes())?;
    let (before, start) = (&head[..key], key + KEY.len());
    // One object is open, so that the key is the document's; a key that ends in an escaped quote is another one.
    let own = before.first() == Some(&b'{') && memchr::memchr(b'{', &before[1..]).is_none();
    (own && matches!(before.last(), Some(b'{' | b','))).then_some(start)
}

/// The requests of a document, in the order in which they are first seen.
#[derive(Default)]
struct Requests<'a> {
    places: HashMap<&'a [u8], u32, RandomState>,
    failing: Vec<bool>,
}

impl<'a> Requests<'a> {
    /// Notes a line of a request and gives the request's place; `None` for an id of an unusual kind.
    fn note(&mut self, id: &'a [u8], weight: LineRelevance) -> Option<u32> {
        let place = match self.places.get(id) {
            Some(place) => *place,
            None if scan_event::is_plain_id(id) => {
                let place = u32::try_from(self.failing.len()).ok()?;
                self.places.insert(id, place);
                self.failing.push(false);
                place
            }
            None => return None,
        };
        self.failing[place as usize] |= weight == LineRelevance::Fails;
        Some(place)
    }

    /// Of the requests that can have failed, what is wanted, with its number: and the first line of each, which says in
    /// which order they began.
    fn telling(
        &self,
        events: Vec<(u32, EventSpan)>,
        wanted: impl Fn(LineRelevance) -> bool,
    ) -> impl Iterator<Item = (usize, EventSpan)> {
        let mut begun = vec![false; self.failing.len()];
        let numbered = (1..).zip(events);
        numbered.filter_map(move |(number, (request, glimpse))| {
            let request = request as usize;
            let first = !std::mem::replace(&mut begun[request], true);
            (self.failing[request] && (first || wanted(glimpse.weight))).then_some((number, glimpse))
        })
    }

    fn passed(&self) -> usize {
        self.failing.iter().filter(|failing| !**failing).count()
    }
}
