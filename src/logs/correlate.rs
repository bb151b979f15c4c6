//! Log batches → executions: all lines of one request, however its neighbours interleave with them.
//!
//! Lines belong together by API, stage and request id, wherever they were logged: a canary's copy and a delivered one are
//! of the same request. Text without ids (the console's test-invoke log, bare lines) has one execution a block: a new one
//! begins where a line can only be the first of a request.

use crate::logs::reasons::is_reason;

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;
use jiff::Timestamp;

use crate::logs::batch::{Batch, LogEvent, Source};
use crate::logs::execution::{Entry, Execution};
use crate::logs::line::{Kind, LogLine};

/// Sorts the lines of all batches into executions, in the order in which each is first seen.
pub fn correlate<'a>(batches: &'a [Batch<'a>]) -> Vec<Execution<'a>> {
    let mut executions: Vec<Execution<'a>> = Vec::new();
    let mut by_request: HashMap<_, usize, RandomState> = HashMap::default();
    let mut repeats = Repeats::default();
    let mut origins: HashMap<Origin<'a>, usize, RandomState> = HashMap::default();
    for (number, batch) in batches.iter().enumerate() {
        // A number, since it is looked up with each line and is the same for all of a batch.
        let next = origins.len();
        let origin = *origins.entry(Origin::of(&batch.source)).or_insert(next);
        // Lines without an id go to the block that is open.
        let mut block: Option<usize> = None;
        for event in &batch.events {
            let line = LogLine::parse(&event.message);
            if repeats.has(origin, event, &line) {
                if let Some(place) = line.request.and_then(|id| by_request.get(&(origin, id))) {
                    executions[*place].seen_in(&batch.source, number);
                }
                continue;
            }
            let place = match line.request {
                Some(id) => *by_request.entry((origin, id)).or_insert(executions.len()),
                None => block
                    .filter(|place| !executions[*place].ends_before(&line.kind))
                    .unwrap_or(executions.len()),
            };
            if place == executions.len() {
                executions.push(Execution::new(&batch.source, number, line.request));
            }
            executions[place].seen_in(&batch.source, number);
            if line.request.is_none() {
                block = Some(place);
            }
            executions[place].add(Entry { number: event.number, at: event.at.or(line.at), line });
        }
    }
    let mut settled = Vec::with_capacity(executions.len());
    executions.into_iter().for_each(|execution| execution.settle(&mut settled));
    settled
}

/// What a request's lines have in common wherever they were logged: API and stage, or the group that names neither.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Origin<'a> {
    Stage(&'a str, Option<&'a str>),
    Group(Option<&'a str>),
}

impl<'a> Origin<'a> {
    fn of(source: &'a Source) -> Self {
        match &source.api {
            Some(api) => Self::Stage(api.as_str(), source.stage.as_deref()),
            None => Self::Group(source.log_group.as_deref()),
        }
    }
}

/// Lines of a failed request that may be its reason, without the sentence that opens it in a log; where it has one, none.
/// What follows a body without an opening of its own belongs to the body.
pub fn bare_reasons(execution: &Execution<'_>) -> Vec<usize> {
    let mut quotes = false;
    let mut found = Vec::new();
    for (place, entry) in execution.entries.iter().enumerate() {
        match entry.line.kind {
            Kind::Failure | Kind::LambdaRejected { .. } => return Vec::new(),
            Kind::Payload | Kind::ResponseHeaders(_) => {
                quotes = entry.line.request.is_none() && entry.at.is_none()
            }
            Kind::Other if !quotes && is_reason(entry.line.text) => found.push(place),
            Kind::Other => {}
            _ => quotes = false,
        }
    }
    found
}

/// A reason pasted alone, as the whole input, without the sentence that opens it in a log: an execution of that line.
pub fn pasted<'a>(batch: &'a Batch<'a>) -> Option<Execution<'a>> {
    let [LogEvent { number, at, message, .. }] = &batch.events[..] else {
        return None;
    };
    let line = LogLine::parse(message);
    let alone = line.kind == Kind::Other && !line.text.trim().is_empty();
    alone.then(|| failure_of(&batch.source, *number, *at, line))
}

/// A sentence of a failure as an execution of that line, with the sentence that opens it or without.
pub fn of_sentence<'a>(batch: &'a Batch<'a>) -> Option<Execution<'a>> {
    let LogEvent { number, at, message, .. } = batch.events.first()?;
    Some(failure_of(&batch.source, *number, *at, LogLine::parse(message)))
}

fn failure_of<'a>(
    source: &'a Source,
    number: usize,
    at: Option<Timestamp>,
    line: LogLine<'a>,
) -> Execution<'a> {
    // Since JDK 25 a text of TLS opens with its alert: `(handshake_failure) Received fatal alert: …`.
    let request = line.request.filter(|id| !id.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
    let mut execution = Execution::new(source, 0, request);
    let at = at.or(line.at);
    execution.add(Entry { number, at, line: LogLine { kind: Kind::Failure, ..line } });
    execution
}

/// Events that come twice, known by their ids. Of a request's dated lines none is looked up here: its execution knows which
/// of them it holds already.
#[derive(Default)]
struct Repeats<'a> {
    by_id: HashSet<(usize, &'a str, &'a str), RandomState>,
}

impl<'a> Repeats<'a> {
    fn has(&mut self, origin: usize, event: &'a LogEvent<'a>, line: &LogLine<'a>) -> bool {
        match (event.at, line.request, event.id.as_deref()) {
            (Some(_), Some(_), _) => false,
            (_, _, Some(id)) => !self.by_id.insert((origin, id, &event.message)),
            // Undated lines without an id may well say the same twice: two requests that ended alike.
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::record;

    fn executions(text: &str, look: impl Fn(&[Execution<'_>])) {
        let records = record::open(text.as_bytes(), 1 << 20).expect("text always opens");
        let Ok(Some(batch)) = records[0].read() else { panic!("text always reads") };
        look(&correlate(&[batch]));
    }

    #[test]
    fn interleaved_requests_are_told_apart() {
        let text = "(a) HTTP Method: GET, Resource Path: /a\n(b) HTTP Method: PUT, Resource Path: /b\n\
                    (a) Method completed with status: 500\n(b) Method completed with status: 200\n";
        executions(text, |found| {
            let paths: Vec<_> = found.iter().map(|e| e.route.map(|r| r.path)).collect();
            assert_eq!(paths, [Some("/a"), Some("/b")]);
            let failed: Vec<_> = found.iter().map(Execution::is_failed).collect();
            assert_eq!(failed, [true, false]);
        });
    }

    #[test]
    fn console_text_has_one_execution_a_block() {
        let text = "Execution log for request 1\n\
                    Thu Aug 04 17:48:21 UTC 2022 : Starting execution for request: 1\n\
                    Thu Aug 04 17:48:21 UTC 2022 : Method completed with status: 500\n\
                    Execution log for request 2\n\
                    Thu Aug 04 17:48:22 UTC 2022 : Starting execution for request: 2\n\
                    Thu Aug 04 17:48:22 UTC 2022 : Method completed with status: 200\n";
        executions(text, |found| {
            let ids: Vec<_> = found.iter().map(|e| e.request_id).collect();
            assert_eq!(ids, [Some("1"), Some("2")]);
        });
    }

    #[test]
    fn a_copy_that_shows_each_event_twice_counts_once() {
        let line = "2020-07-02T11:34:31.881-04:00 (a) Method completed with status: 500\n";
        executions(&line.repeat(2), |found| assert_eq!(found[0].entries.len(), 1));
    }

    #[test]
    fn of_many_lines_too_each_counts_once() {
        let line = |second| format!("2020-07-02T11:34:{second}Z (a) Method response headers: {{}}\n");
        let lines: String = (10..59).map(line).collect();
        let undated = "(a) Method completed with status: 500\n";
        executions(&[&lines, undated, &lines, undated].concat(), |found| {
            assert_eq!(found[0].entries.len(), 49 + 2);
        });
    }

    #[test]
    fn a_canarys_copy_is_of_the_same_request() {
        let events = |message: &'static str| LogEvent {
            number: 1,
            id: None,
            at: Timestamp::from_millisecond(1_772_446_530_000).ok(),
            message: message.into(),
        };
        let batch = |group: &str, messages: &[&'static str]| Batch {
            source: Source::of_group(group),
            events: messages.iter().map(|message| events(message)).collect(),
            passed: 0,
        };
        let failure = "(a) Execution failed due to a timeout error";
        let stage =
            batch("API-Gateway-Execution-Logs_a1/prod", &[failure, "(a) Method completed with status: 504"]);
        let canary = batch("API-Gateway-Execution-Logs_a1/prod/Canary", &[failure]);
        let other = batch("API-Gateway-Execution-Logs_a1/test", &[failure]);
        for batches in [[stage.clone(), canary.clone(), other.clone()], [other, canary, stage]] {
            let found = correlate(&batches);
            let mut lines: Vec<_> = found
                .iter()
                .map(|execution| {
                    (execution.source.stage.as_deref(), execution.source.canary, execution.entries.len())
                })
                .collect();
            lines.sort_unstable();
            assert_eq!(lines, [(Some("prod"), true, 2), (Some("test"), false, 1)]);
        }
    }

    #[test]
    fn bare_lines_after_the_end_begin_another_request() {
        let text = "Execution failed due to a timeout error\nMethod completed with status: 504\n\
                    X-ray Tracing ID : 1-2\nSending request to http://x\nMethod completed with status: 200\n";
        executions(text, |found| {
            let lines: Vec<_> = found.iter().map(|e| e.entries.len()).collect();
            assert_eq!(lines, [3, 2]);
        });
    }
}
