//! History, page after page: what a stage's log group holds, counted without keeping it all.

use crate::{causes, logs};

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::aws::model::LoggedLine;
use crate::aws::{Page, Stretch};
use crate::incidents::Tally;
use crate::logs::{Batch, LogEvent, Source};

/// Lines kept before those of finished requests are counted and forgotten.
const CHUNK: usize = 50_000;

/// A request is finished once nothing of it was logged for so long: an integration may take minutes.
const FINISHED: SignedDuration = SignedDuration::from_mins(6);

/// Reads all pages of a stretch and counts what they hold.
///
/// `page` fetches the page of a token, `progress` is told how far the reading is.
///
/// # Errors
///
/// Whatever `page` fails with.
pub async fn replay<E>(
    stretch: &Stretch,
    mut page: impl AsyncFnMut(&Stretch, Option<String>) -> Result<Page, E>,
    mut progress: impl FnMut(&Tally, Option<Timestamp>),
) -> Result<Tally, E> {
    let mut history = History::new(Source::of_group(&stretch.group));
    let mut token = None;
    loop {
        let Page { lines, next } = page(stretch, token).await?;
        history.take(lines);
        progress(&history.tally, history.latest);
        match next {
            Some(next) => token = Some(next),
            None => return Ok(history.finish()),
        }
    }
}

/// Lines that wait for the rest of their request, and what was counted before.
struct History {
    source: Source,
    waiting: Vec<LoggedLine>,
    latest: Option<Timestamp>,
    chunk: usize,
    tally: Tally,
}

impl History {
    fn new(source: Source) -> Self {
        Self { source, waiting: Vec::new(), latest: None, chunk: CHUNK, tally: Tally::default() }
    }

    fn take(&mut self, lines: Vec<LoggedLine>) {
        self.tally.lines += lines.len() as u64;
        self.latest = lines.iter().filter_map(|line| line.at).max().max(self.latest);
        self.waiting.extend(lines);
        if self.waiting.len() >= self.chunk {
            self.settle(self.latest.and_then(|latest| latest.checked_sub(FINISHED).ok()));
            // Where most of it still waits, the next look comes later, so that no line is looked at again and again.
            self.chunk = CHUNK.max(self.waiting.len() * 2);
        }
    }

    fn finish(mut self) -> Tally {
        self.settle(None);
        self.tally
    }

    /// Counts the requests of which nothing was logged after this time, or all, and forgets their lines.
    fn settle(&mut self, before: Option<Timestamp>) {
        let events = self.waiting.iter().enumerate().map(event).collect();
        let batches = [Batch { source: self.source.clone(), events, ..Batch::default() }];
        let mut kept = BTreeSet::new();
        for execution in logs::correlate(&batches) {
            let last = execution.entries.iter().filter_map(|entry| entry.at).max();
            if before.is_some_and(|before| last.is_some_and(|last| last > before)) {
                kept.extend(execution.entries.iter().map(|entry| entry.number));
                continue;
            }
            if !execution.is_recognised() {
                continue;
            }
            self.tally.read += 1;
            self.tally.cut_off += u64::from(execution.is_cut_off());
            if let Some(diagnosis) = causes::classify(&execution) {
                self.tally.add(&diagnosis);
            }
        }
        drop(batches);
        let mut number = 0..;
        self.waiting.retain(|_| number.next().is_some_and(|number| kept.contains(&number)));
    }
}

fn event((number, line): (usize, &LoggedLine)) -> LogEvent<'_> {
    LogEvent { number, id: None, at: line.at, message: line.message.as_str().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(second: i64, request: usize, text: &str) -> LoggedLine {
        LoggedLine { at: Timestamp::from_second(second).ok(), message: format!("({request}) {text}") }
    }

    #[test]
    fn a_request_whose_lines_come_in_two_chunks_is_one() {
        let mut history = History::new(Source::of_group("API-Gateway-Execution-Logs_a1b2c3d4e5/prod"));
        history.chunk = 4;
        history.take((0..4).map(|n| line(n, 7, "HTTP Method: GET, Resource Path: /orders")).collect());
        history.take(vec![line(5, 7, "Execution failed due to a timeout error")]);
        history.chunk = 1;
        // So much later that the first request is finished.
        history.take(vec![line(4_000, 8, "Method completed with status: 200")]);
        assert_eq!((history.waiting.len(), history.tally.read, history.tally.failed), (1, 1, 1));
        let tally = history.finish();
        assert_eq!((tally.lines, tally.read, tally.failed), (6, 2, 1));
        assert_eq!(tally.rows()[0].cause.slug, "integration-timeout");
        assert_eq!(tally.rows()[0].routes.len(), 1);
    }
}
