//! What a person saved → what failed in it: the pipeline of the command line, which tells everything it finds.

use crate::{causes, logs};

use std::io::Read;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::alerts::terminal::Summary;
use crate::aws::model::Stage;
use crate::aws::{Account, Query};
use crate::causes::{Cause, Diagnosis, RouteContext};
use crate::checks::Assessment;
use crate::functions::config::PROBER_PREFIX;
use crate::functions::probe::read_and_assess;
use crate::ids::{ApiId, ApiKind};
use crate::incidents::{Alert, FailureGroup, FailureGroups, Incident, RecentRequests, Status};
use crate::logs::delivered;
use crate::logs::line::{Kind, LogLine};
use crate::logs::{
    AccessFormat, AccessLog, AccessOutcome, Batch, DecodeError, DecodeFault, EventsReader, Execution,
    LogEvent, Mention, Record, Sieve, Sieved, Source,
};

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
    reading.assess(subject).await
}

impl ReadFrom<'_> {
    async fn assess(&self, subject: &RouteContext) -> Assessment {
        let deadline = Instant::now() + self.budget;
        read_and_assess(subject, self.account, None, deadline, Some(PROBER_PREFIX)).await
    }
}

/// The access-log format of a stage, as it is now.
///
/// # Errors
///
/// A stage that can't be read, does not exist, or writes no access log.
pub async fn access_format(account: &dyn Account, api: &ApiId, stage: &str) -> anyhow::Result<AccessFormat> {
    let place = || (api.clone(), stage.to_owned());
    let ((id, name), (same_id, same_name)) = (place(), place());
    for (query, kind) in
        [(Query::Stage(id, name), ApiKind::Rest), (Query::StageV2(same_id, same_name), ApiKind::Http)]
    {
        let read = account.ask(&query).await;
        let (answer, _) = read.map_err(|why| anyhow::anyhow!("cannot read {}: {why}", query.about()))?;
        let Some(found): Option<Stage> = answer.take() else { continue };
        let Some(template) = found.access_log.and_then(|log| log.format) else {
            anyhow::bail!("stage {stage} of API {api} writes no access log");
        };
        return Ok(AccessFormat::compile(&template).of_stage(api.clone(), stage).of_kind(kind));
    }
    anyhow::bail!("there is no stage {stage} of API {api}")
}

/// Largest input that is read whole, inflated: one event, or a text without lines.
const MOST_BYTES: usize = 1 << 30;

/// Bytes of an input that are read at a time.
const PIECE: usize = 4 << 20;

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
    let mut explainer = Explainer::new(&[]);
    for input in inputs {
        explainer.add(logs::open_saved(input, MOST_BYTES)?)?;
    }
    explainer.finish(reading, now).await
}

/// Takes saved logs one after the other, and pieces of large ones, so that no more of them is held than their failures.
pub struct Explainer<'f> {
    formats: &'f [AccessFormat],
    /// Small inputs that are read together: lines of a request may lie in several.
    waiting: Vec<Record>,
    groups: FailureGroups,
    recent: RecentRequests,
    summary: Summary,
    unattributed: Vec<Unattributed>,
    /// Whether all came in one go, so that a reason pasted alone can be the whole input.
    is_one: bool,
}

impl<'f> Explainer<'f> {
    /// Nothing is read yet; access logs may be written in one of these formats.
    pub fn new(formats: &'f [AccessFormat]) -> Self {
        let (waiting, groups, recent) = (Vec::new(), FailureGroups::default(), RecentRequests::default());
        let (summary, unattributed) = (Summary::default(), Vec::new());
        Self { formats, waiting, groups, recent, summary, unattributed, is_one: true }
    }

    /// Takes an input; `progress` learns of each number of bytes that were read.
    ///
    /// # Errors
    ///
    /// An input that can't be read or inflated, or a [`DecodeError`] for one that is no log.
    pub fn take(&mut self, input: impl Read, mut progress: impl FnMut(usize)) -> anyhow::Result<()> {
        let mut input = logs::inflated(Counted { input, progress: &mut progress })?;
        let mut piece = Vec::with_capacity(PIECE + 1);
        input.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
        if piece.len() < PIECE {
            return Ok(self.add(logs::open_saved_as(&piece, MOST_BYTES, self.formats)?)?);
        }
        if let Some(unit) = logs::utf16_unit(&piece) {
            // Twice as large as what it holds, so that it is recoded as it comes.
            let recoded =
                logs::Utf16Reader::new(std::io::Cursor::new(std::mem::take(&mut piece)).chain(input), unit);
            input = Box::new(recoded);
            input.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
        }
        if piece.starts_with("\u{feff}".as_bytes()) {
            piece.drain(.."\u{feff}".len());
        }
        if !logs::is_divisible(&piece) {
            if !logs::is_list(&piece) {
                input.take(MOST_BYTES as u64).read_to_end(&mut piece)?;
                self.add(logs::open_saved_as(&piece, MOST_BYTES, self.formats)?)?;
                return Ok(self.flush()?);
            }
            let whole = std::io::Cursor::new(std::mem::take(&mut piece)).chain(input);
            input = Box::new(EventsReader::new(whole));
            input.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
        }
        self.is_one = false;
        self.flush()?;
        let head = String::from_utf8_lossy(&piece[..piece.len().min(64 << 10)]).into_owned();
        let mut sieve = Sieve::fits(&head).then(Sieve::default);
        let (mut lines, mut is_last) = (0, false);
        while !piece.is_empty() || !is_last {
            // A piece ends with a line.
            let end = if is_last {
                piece.len()
            } else {
                memchr::memrchr(b'\n', &piece).map_or(0, |place| place + 1)
            };
            let rest = piece.split_off(end);
            lines += self.piece(&piece, sieve.as_mut(), lines, is_last)?;
            piece.clear();
            piece.extend_from_slice(&rest);
            if is_last {
                break;
            }
            let before = piece.len();
            let room = if end == 0 { before.max(PIECE) } else { PIECE };
            input.by_ref().take(room as u64).read_to_end(&mut piece)?;
            is_last = piece.len() - before < room;
            if piece.len() > MOST_BYTES {
                return Err(DecodeError::from(DecodeFault::TooLarge { limit: MOST_BYTES }).into());
            }
        }
        Ok(())
    }

    /// Reads whole lines of a large input; `before` lines of it were read. How many these are.
    fn piece(
        &mut self,
        piece: &[u8],
        sieve: Option<&mut Sieve>,
        before: usize,
        is_last: bool,
    ) -> Result<usize, DecodeError> {
        let Some(sieve) = sieve else {
            let lines = memchr::memchr_iter(b'\n', piece).count();
            let numbered = |number: usize| before + number;
            self.analyse(logs::open_saved_as(piece, MOST_BYTES, self.formats)?, numbered)?;
            return Ok(lines);
        };
        let Sieved { text, numbers, passed, cut_off } = sieve.take(&logs::text_of(piece), is_last);
        self.summary.read += passed + cut_off;
        self.summary.cut_off += cut_off;
        if !text.is_empty() {
            let numbered = |number: usize| numbers.get(number - 1).copied().unwrap_or(number);
            self.analyse(vec![logs::of_string(text)], numbered)?;
        }
        Ok(0)
    }

    /// Takes the records of a small input.
    fn add(&mut self, records: Vec<Record>) -> Result<(), DecodeError> {
        self.waiting.extend(records);
        if self.waiting.iter().map(Record::len).sum::<usize>() > 4 * PIECE {
            self.is_one = false;
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DecodeError> {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() { Ok(()) } else { self.analyse(waiting, |number| number) }
    }

    /// Counts what records hold. `numbered` gives the number in its input of a line.
    fn analyse(
        &mut self,
        records: Vec<Record>,
        numbered: impl Fn(usize) -> usize,
    ) -> Result<(), DecodeError> {
        let formats = self.formats;
        let (mut batches, mut of_access) = (Vec::new(), Vec::new());
        for record in &records {
            if let Some(mut batch) = record.read()? {
                batch.events.iter_mut().for_each(|event| event.number = numbered(event.number));
                for batch in delivered::unpack(batch)? {
                    let (batch, access) = logs::divide(batch, formats);
                    batches.push(batch);
                    of_access.push(access);
                }
            }
        }
        let access: Vec<AccessLog<'_>> =
            of_access.iter().map(|batch| AccessLog::read(batch, formats)).collect();
        let mut executions: Vec<Execution<'_>> =
            logs::correlate(&batches).into_iter().filter(Execution::is_recognised).collect();
        logs::join(&mut executions, &access);
        let healthy: usize = access.iter().map(|log| log.requests - log.failures.len()).sum();
        let summary = &mut self.summary;
        summary.read += executions.len() + healthy;
        summary.cut_off += executions.iter().filter(|execution| execution.is_cut_off()).count();
        let mut diagnoses: Vec<Diagnosis> = Vec::new();
        for execution in &mut executions {
            let Some(diagnosis) = diagnosed(execution, self.is_one) else { continue };
            if self.is_one {
                diagnoses.push(diagnosis);
                continue;
            }
            // The last lines of a request may come with another piece.
            let failure = causes::failure_of(execution);
            if !failure.as_ref().is_some_and(|failure| self.recent.knows(failure)) {
                let requests = failure.map(|failure| self.recent.requests(&[failure])).unwrap_or_default();
                self.recent.remember(requests);
                diagnoses.push(diagnosis);
            }
        }
        if let (true, [], [batch]) = (self.is_one, &executions[..], &batches[..]) {
            diagnoses.extend(logs::pasted(batch).as_ref().and_then(causes::classify_pasted));
            summary.read += diagnoses.len();
        }
        summary.failed += diagnoses.len();
        diagnoses.into_iter().for_each(|diagnosis| self.groups.add(diagnosis));
        if self.groups.news.is_empty() && self.unattributed.len() < MOST_UNATTRIBUTED {
            let of_others = of_access.iter().zip(&access).flat_map(|(batch, log)| {
                // What a client wrote into an access line that was read proves nothing.
                log.unread.iter().filter_map(|place| batch.events.get(*place))
            });
            let found = mentions(batches.iter().flat_map(|batch| &batch.events).chain(of_others));
            let remapped = access.iter().flat_map(|log| &log.remapped).map(|(line, text)| {
                let text = text.lines().next().unwrap_or_default().to_owned();
                Mention { line: *line, text }
            });
            let found = found.chain(executions.iter().flat_map(doubtful)).chain(remapped);
            let found = found.take(MOST_UNATTRIBUTED).map(Unattributed::of).collect::<Vec<_>>();
            self.unattributed.extend(found);
            self.unattributed.truncate(MOST_UNATTRIBUTED);
        }
        Ok(())
    }

    /// Reads the path of each cause, where an account can be read, and tells everything that was found.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] for an input that is no log.
    pub async fn finish(
        mut self,
        reading: Option<ReadFrom<'_>>,
        now: Timestamp,
    ) -> Result<Explained, DecodeError> {
        self.flush()?;
        let mut alerts = Vec::new();
        for news in self.groups.news {
            alerts.push(explained(news, reading.as_ref(), now).await);
        }
        let unattributed = if alerts.is_empty() { self.unattributed } else { Vec::new() };
        Ok(Explained { unattributed, summary: Summary { causes: alerts.len(), ..self.summary }, alerts })
    }
}

/// An input that says how far it was read.
struct Counted<'p, R> {
    input: R,
    progress: &'p mut dyn FnMut(usize),
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(into)?;
        (self.progress)(read);
        Ok(read)
    }
}

async fn explained(news: FailureGroup, reading: Option<&ReadFrom<'_>>, now: Timestamp) -> Alert {
    let subject = news.example.subject.clone();
    let judgement = match reading {
        Some(reading) => reading.assess(&subject).await,
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
        is_unconfirmed: false,
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

/// Sentences of failures that are pointed out.
const MOST_UNATTRIBUTED: usize = 5;

impl Unattributed {
    fn of(mention: Mention) -> Self {
        let message = mention.text.as_str().into();
        let event = LogEvent { number: mention.line, id: None, at: None, message };
        let batch = Batch { source: Source::default(), events: vec![event], passed: 0 };
        let alone = logs::of_sentence(&batch);
        let cause = alone.as_ref().and_then(causes::classify_pasted).map(|found| found.cause);
        let text = causes::redact::text(&mention.text);
        Self { mention: Mention { text, ..mention }, cause }
    }
}

/// The sentences of failures in lines that API Gateway has not written.
fn mentions<'a>(events: impl Iterator<Item = &'a LogEvent<'a>>) -> impl Iterator<Item = Mention> {
    events.flat_map(|event| {
        let line = LogLine::parse(&event.message);
        // Behind a line that quotes a client or a backend, more of the same may stand; behind any other, only what
        // a person has put there.
        let own = match (line.request, line.kind) {
            (None, Kind::Other) => 0,
            (_, Kind::Payload | Kind::ResponseHeaders(_) | Kind::Other) => usize::MAX,
            _ => 1,
        };
        let lines = (event.number..).zip(event.message.lines()).skip(own);
        lines.filter_map(|(number, line)| logs::mention(number, line)).collect::<Vec<_>>()
    })
}

/// The sentences of failures in the lines of a request that is not called failed, where that is doubtful: other lines call it
/// well, or its end is not there, so that lines may have run together.
fn doubtful(execution: &Execution<'_>) -> Vec<Mention> {
    let (contradicts, cut_off) = (execution.contradicts_itself(), execution.is_cut_off());
    let found = execution.entries.iter().filter_map(|entry| match entry.line.kind {
        Kind::Failure | Kind::LambdaRejected { .. } if contradicts => {
            Some(Mention { line: entry.number, text: entry.line.text.chars().take(1024).collect() })
        }
        _ if cut_off => {
            let texts = [entry.line.text, entry.line.rest];
            texts.into_iter().find_map(|text| logs::mention_inside(entry.number, text))
        }
        _ => None,
    });
    found.collect()
}

/// The diagnosis of a request that a person has pasted: its reason may stand there without the sentence that opens it.
///
/// Of a whole input, a response's type says why it was sent; of a piece, the reason may have come with another.
fn diagnosed(execution: &mut Execution<'_>, is_whole: bool) -> Option<Diagnosis> {
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
    let response = execution.gateway_response.map(|(name, _)| name);
    if is_whole && response == Some("INTEGRATION_TIMEOUT") && execution.received.is_none() {
        execution.outcome = execution.outcome.or(Some(AccessOutcome::TimedOut));
        return causes::classify(execution);
    }
    Some(found)
}
