//! What a person pasted of a failure that is not as a log has it: a reason without its opening, a sentence of no request.

use crate::causes::{Cause, Diagnosis};
use crate::logs::line::{Kind, LogLine};
use crate::logs::{Batch, Execution, LogEvent, Mention, Source};
use crate::{causes, logs};

/// A sentence that may be a failure's, in a line that belongs to no request.
#[derive(Clone, Debug)]
pub struct Unattributed {
    /// Where it stands, and what it says as far as that may be repeated.
    pub mention: Mention,
    /// What it would mean in a log.
    pub cause: Option<&'static Cause>,
}

/// The sentences of failures in lines that API Gateway has not written, the first few.
pub(super) fn unattributed<'a>(events: impl Iterator<Item = &'a LogEvent<'a>>) -> Vec<Unattributed> {
    const MOST: usize = 5;
    let bare = events.filter(|event| {
        let line = LogLine::parse(&event.message);
        line.request.is_none() && line.kind == Kind::Other
    });
    let mentions = bare.flat_map(|event| {
        let lines = (event.number..).zip(event.message.lines());
        lines.filter_map(|(number, line)| logs::mention(number, line)).collect::<Vec<_>>()
    });
    let named = mentions.take(MOST).map(|mention| {
        let message = mention.text.as_str().into();
        let event = LogEvent { number: mention.line, id: None, at: None, message };
        let batch = Batch { source: Source::default(), events: vec![event], passed: 0 };
        let alone = logs::of_sentence(&batch);
        let cause = alone.as_ref().and_then(causes::classify_pasted).map(|found| found.cause);
        let text = causes::redact::text(&mention.text);
        Unattributed { mention: Mention { text, ..mention }, cause }
    });
    named.collect()
}

/// The diagnosis of a request that a person has pasted: its reason may stand there without the sentence that opens it.
pub(super) fn diagnosed(execution: &mut Execution<'_>) -> Option<Diagnosis> {
    let found = causes::classify(execution)?;
    if !found.cause.is_last_resort() {
        return Some(found);
    }
    for place in logs::bare_reasons(execution) {
        execution.entries[place].line.kind = Kind::Failure;
        if let Some(better) = causes::classify(execution).filter(|found| !found.cause.is_last_resort()) {
            return Some(better);
        }
        execution.entries[place].line.kind = Kind::Other;
    }
    Some(found)
}
