//! What a person saved → what failed in it: the pipeline of the command line, which tells everything it finds.

use crate::{causes, incidents, logs};

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::alerts::terminal::Summary;
use crate::aws::Account;
use crate::causes::{Cause, Diagnosis, RouteContext};
use crate::checks::{Assessment, assess};
use crate::functions::config::PROBER_PREFIX;
use crate::functions::probe::read_and_probe;
use crate::incidents::{Alert, FailureGroup, Incident, Status};
use crate::logs::delivered;
use crate::logs::line::{Kind, LogLine};
use crate::logs::{AccessFormat, AccessLog, Batch, DecodeError, Execution, LogEvent, Mention, Source};
use crate::path::PrivatePath;

/// How `explain` and `check` read an account.
pub struct ReadFrom<'a> {
    /// The account.
    pub account: &'a dyn Account,
    /// Wall time for all reads of one incident.
    pub budget: Duration,
}

/// What `explain` found in saved logs.
#[derive(Debug)]
pub struct Explained {
    /// One alert an incident.
    pub alerts: Vec<Alert>,
    /// What was read.
    pub summary: Summary,
    /// Where nothing failed: sentences of failures that stand in the input, of no request.
    pub unattributed: Vec<Unattributed>,
}

/// Walks a route's private path without a failure: what `check` shows.
pub async fn check(subject: &RouteContext, reading: &ReadFrom<'_>) -> Assessment {
    assess(subject, &reading.path(subject).await)
}

impl ReadFrom<'_> {
    async fn path(&self, subject: &RouteContext) -> PrivatePath {
        read_and_probe(subject, self.account, Instant::now() + self.budget, Some(PROBER_PREFIX)).await
    }
}

/// Largest file that `explain` takes, inflated.
const MOST_BYTES: usize = 1 << 30;

/// Diagnoses saved logs or events. No log group is refused by its name: a person chose the input.
///
/// # Errors
///
/// [`DecodeError`] for an input that is no log.
pub async fn explain(
    inputs: &[Vec<u8>],
    reading: Option<ReadFrom<'_>>,
    now: Timestamp,
) -> Result<Explained, DecodeError> {
    explain_in(inputs, &[], reading, now).await
}

/// The same where access logs are written in one of these formats.
///
/// # Errors
///
/// As [`explain`].
pub async fn explain_in(
    inputs: &[Vec<u8>],
    formats: &[AccessFormat],
    reading: Option<ReadFrom<'_>>,
    now: Timestamp,
) -> Result<Explained, DecodeError> {
    let mut records = Vec::new();
    for input in inputs {
        records.extend(logs::open_saved(input, MOST_BYTES)?);
    }
    let (mut batches, mut of_access) = (Vec::new(), Vec::new());
    for record in &records {
        if let Some(batch) = record.read()? {
            for batch in delivered::unpack(batch)? {
                let (batch, access) = logs::divide(batch, formats);
                batches.push(batch);
                of_access.push(access);
            }
        }
    }
    let access: Vec<AccessLog<'_>> = of_access.iter().map(|batch| AccessLog::read(batch, formats)).collect();
    let mut executions: Vec<Execution<'_>> =
        logs::correlate(&batches).into_iter().filter(Execution::is_recognised).collect();
    logs::join(&mut executions, &access);
    let mut diagnoses: Vec<Diagnosis> = executions.iter_mut().filter_map(diagnosed).collect();
    let healthy: usize = access.iter().map(|log| log.requests - log.failures.len()).sum();
    let mut read = executions.len() + healthy;
    if let ([], [batch]) = (&executions[..], &batches[..]) {
        diagnoses.extend(logs::pasted(batch).as_ref().and_then(causes::classify_pasted));
        read += diagnoses.len();
    }
    let failed = diagnoses.len();
    let mut alerts = Vec::new();
    for news in incidents::group(diagnoses) {
        alerts.push(explained(news, reading.as_ref(), now).await);
    }
    let cut_off = executions.iter().filter(|execution| execution.is_cut_off()).count();
    let unattributed = if alerts.is_empty() {
        let of_others = of_access.iter().zip(&access).flat_map(|(batch, log)| {
            // What a client wrote into an access line that was read proves nothing.
            log.unread.iter().filter_map(|place| batch.events.get(*place))
        });
        unattributed(batches.iter().flat_map(|batch| &batch.events).chain(of_others))
    } else {
        Vec::new()
    };
    Ok(Explained { unattributed, summary: Summary { causes: alerts.len(), failed, read, cut_off }, alerts })
}

async fn explained(news: FailureGroup, reading: Option<&ReadFrom<'_>>, now: Timestamp) -> Alert {
    let subject = news.example.subject.clone();
    let judgement = match reading {
        Some(reading) => assess(&subject, &reading.path(&subject).await),
        None => Assessment::unread(&subject, "no account was read: give --account FILE or --live"),
    };
    // Saved failures open when the first of them happened; where they are undated, it is unknown.
    let incident = Incident::of_news(&news, news.first_failure().unwrap_or(now));
    let incident = Incident { opened_at: news.first_failure(), ..incident };
    let reason = "explained from saved logs".to_owned();
    Alert {
        incident,
        status: Status::Open,
        reason,
        may_repeat: false,
        is_late: false,
        news,
        judgement,
        also_hit: vec![],
    }
}

/// A sentence that may be a failure's, in a line that belongs to no request.
#[derive(Clone, Debug)]
pub struct Unattributed {
    /// Where it stands, and what it says as far as that may be repeated.
    pub mention: Mention,
    /// What it would mean in a log.
    pub cause: Option<&'static Cause>,
}

/// The sentences of failures in lines that API Gateway has not written, the first few.
fn unattributed<'a>(events: impl Iterator<Item = &'a LogEvent<'a>>) -> Vec<Unattributed> {
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
fn diagnosed(execution: &mut Execution<'_>) -> Option<Diagnosis> {
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
