//! The story on one screen: decode → correlate → classify → survey → judge → incident → render → publish.
//!
//! The only file that knows every room. Two ways through it: [`Responder::respond`] takes what Lambda is handed and tells
//! each incident once; [`explain`] takes what a person has saved and tells everything it finds.

use std::time::Duration;

use anyhow::Context;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::classify::{self, Diagnosis, Subject};
use crate::config::Config;
use crate::correlate::{self, Execution};
use crate::decode::{self, DecodeError, Document, Fault, LogBatch, Parcel, Source, delivered};
use crate::incident::store::Store;
use crate::incident::{self, Alert, Change, Incident, News, Recent, Status};
use crate::judge::{Judgement, judge};
use crate::publish::Publish;
use crate::render::{self, terminal::Summary};
use crate::survey::{Account, survey};

/// Time kept for telling: what remains of an invocation below this is not spent on reading.
const MARGIN: Duration = Duration::from_secs(5);

/// Incidents investigated at a time. API Gateway's control plane gives an account ten calls a second, shared with
/// everybody's deployments: <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>
const SIDE_BY_SIDE: usize = 3;

/// Everything a Lambda container keeps between invocations.
pub struct Responder {
    /// What the environment asks for.
    pub config: Config,
    /// The account to read.
    pub account: Box<dyn Account>,
    /// Who keeps incidents.
    pub store: Box<dyn Store>,
    /// Where alerts go.
    pub publisher: Box<dyn Publish>,
    /// Requests whose failures were told, so that lines of theirs that come later are no failures of their own.
    pub recent: Recent,
    /// The clock.
    pub now: fn() -> Timestamp,
}

/// What became of one payload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Batches of log events in it.
    pub batches: usize,
    /// Requests found in them.
    pub executions: usize,
    /// Requests that failed with a 5xx.
    pub failed: usize,
    /// Alerts published.
    pub alerts: usize,
    /// Batches of log groups that are not ours to read.
    pub refused: usize,
    /// Kinesis records that could not be handled, by sequence number; `None` where the payload was no Kinesis event.
    pub failed_records: Option<Vec<String>>,
}

impl Responder {
    /// Takes one payload, as Lambda hands it over, before the invocation's deadline.
    ///
    /// # Errors
    ///
    /// A payload that can't be decoded, or an alert that could not be published: the invocation must fail, so that
    /// Lambda's retries and the failure queue keep the payload. Of a Kinesis event only the records concerned fail.
    pub async fn respond(&self, raw: &[u8], deadline: Instant) -> anyhow::Result<Outcome> {
        if raw.trim_ascii_start().first() != Some(&b'{') {
            return Err(DecodeError::from(Fault::UnknownEvent).into());
        }
        let parcels = decode::open(raw, self.config.max_batch_bytes)?;
        let mut outcome = Outcome::default();
        if parcels.iter().any(|parcel| parcel.sequence_number.is_some()) {
            outcome.failed_records = Some(Vec::new());
        }
        let batches = self.batches(&parcels, &mut outcome)?;
        let executions = correlate::correlate(&batches);
        let diagnoses: Vec<Diagnosis> = executions
            .iter()
            .filter_map(|execution| Some((classify::classify(execution)?, execution.is_tail())))
            .filter(|(diagnosis, is_tail)| !(*is_tail && self.recent.knows(diagnosis)))
            .map(|(diagnosis, _)| diagnosis)
            .collect();
        (outcome.executions, outcome.failed) = (executions.len(), diagnoses.len());
        let requests = self.recent.requests(&diagnoses);
        let news = incident::group(diagnoses);
        let told: Vec<anyhow::Result<bool>> =
            stream::iter(&news).map(|news| self.tell(news, deadline)).buffered(SIDE_BY_SIDE).collect().await;
        outcome.alerts = told.iter().filter(|told| matches!(told, Ok(true))).count();
        let failure = told.into_iter().find_map(Result::err);
        match (failure, &mut outcome.failed_records) {
            // Only what was told is remembered: a payload that failed comes again, and is to be told then.
            (None, _) => self.recent.remember(requests),
            (Some(error), None) => return Err(error),
            (Some(error), Some(records)) => {
                // Which record an incident came from is not kept: all are handed back, and what was told is not told again.
                error!(error = format!("{error:#}"), "an alert could not be published");
                *records = parcels.iter().filter_map(|parcel| parcel.sequence_number.clone()).collect();
            }
        }
        Ok(outcome)
    }

    /// The batches that are ours to read.
    fn batches<'a>(
        &self,
        parcels: &'a [Parcel],
        outcome: &mut Outcome,
    ) -> Result<Vec<LogBatch<'a>>, DecodeError> {
        let mut batches = Vec::new();
        for parcel in parcels {
            match parcel.read() {
                Ok(Document::Control) => info!("control message: the subscription reaches this function"),
                Ok(Document::Logs(batch)) => {
                    outcome.batches += 1;
                    match self.accept(batch) {
                        Some(batch) => batches.extend(unpacked(batch)),
                        None => outcome.refused += 1,
                    }
                }
                Err(error) => match (&mut outcome.failed_records, &parcel.sequence_number) {
                    (Some(records), Some(number)) => {
                        error!(
                            error = error.to_string(),
                            record = number,
                            "a Kinesis record could not be decoded"
                        );
                        records.push(number.clone());
                    }
                    _ => return Err(error),
                },
            }
        }
        Ok(batches)
    }

    /// A batch of an execution-log group, with what the function's own place adds to its source. A batch of any other
    /// group, and of the function's own above all, is refused: reading what one writes never ends.
    fn accept<'a>(&self, mut batch: LogBatch<'a>) -> Option<LogBatch<'a>> {
        let Source { log_group, api, .. } = &batch.source;
        let group = log_group.as_deref().unwrap_or_default();
        let own = self.config.own_log_group.as_deref() == Some(group);
        let delivered = self.config.delivered_log_groups.iter().any(|name| name == group);
        let execution_log = api.is_some() && group.starts_with(&self.config.log_group_prefix);
        if own || !(execution_log || delivered) {
            warn!(log_group = group, "refused a batch of a log group that is not an execution log");
            return None;
        }
        batch.source.region = batch.source.region.take().or_else(|| self.config.region.clone());
        Some(batch)
    }

    /// Tells one incident's news where it has to be told; whether it was.
    async fn tell(&self, news: &News, deadline: Instant) -> anyhow::Result<bool> {
        let now = (self.now)();
        let (Change { incident, tell }, may_repeat) = match self.store.record(news, now).await {
            Ok(change) => (change, false),
            Err(error) => {
                // A doubled alert is better than a lost one.
                error!(error = error.to_string(), "the incident store failed; telling without it");
                (incident::fold(None, news, now, self.config.repeat_interval), true)
            }
        };
        let Some((status, reason)) = tell else { return Ok(false) };
        let until = (Instant::now() + self.config.investigation_budget)
            .min(deadline - MARGIN.min(deadline - Instant::now()));
        let subject = news.example.subject();
        let judgement = judge(&subject, &survey(&subject, &*self.account, until).await);
        let alert =
            Alert { incident, status, reason, may_repeat, news: news.clone(), judgement, also_hit: vec![] };
        let message = render::message(&alert);
        self.publisher
            .publish(&message)
            .await
            .with_context(|| format!("alert of incident `{}` was not delivered", alert.incident.id))?;
        info!(incident.id = alert.incident.id, cause = news.example.cause.slug, "published an alert");
        if let Err(error) = self.store.settle(&alert.incident, now).await {
            warn!(error = error.to_string(), "the alert was published but not settled; it may be told again");
        }
        Ok(true)
    }
}

/// A batch by API and stage. What a delivered record says in a spelling of its own must not pass unseen.
fn unpacked(batch: LogBatch<'_>) -> Vec<LogBatch<'_>> {
    let batches = delivered::unpack(batch);
    for batch in &batches {
        let foreign = batch.events.iter().filter(|event| delivered::is_foreign(event)).count();
        if foreign > 0 {
            let log_group = batch.source.log_group.as_deref();
            warn!(
                log_group,
                events = foreign,
                "JSON events are no delivered records as this version knows them"
            );
        }
    }
    batches
}

/// How `explain` and `check` read an account.
pub struct Reading<'a> {
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
}

/// Walks a route's private path without a failure: what `check` shows.
pub async fn check(subject: &Subject, reading: &Reading<'_>) -> Judgement {
    judge(subject, &survey(subject, reading.account, Instant::now() + reading.budget).await)
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
    reading: Option<Reading<'_>>,
    now: Timestamp,
) -> Result<Explained, DecodeError> {
    let mut parcels = Vec::new();
    for input in inputs {
        parcels.extend(decode::open_saved(input, MOST_BYTES)?);
    }
    let mut batches = Vec::new();
    for parcel in &parcels {
        if let Document::Logs(batch) = parcel.read()? {
            batches.extend(delivered::unpack(batch));
        }
    }
    let executions: Vec<Execution<'_>> =
        correlate::correlate(&batches).into_iter().filter(Execution::is_recognised).collect();
    let mut diagnoses: Vec<Diagnosis> = executions.iter().filter_map(classify::classify).collect();
    let mut read = executions.len();
    if let ([], [batch]) = (&executions[..], &batches[..]) {
        diagnoses.extend(correlate::pasted(batch).as_ref().and_then(classify::classify_pasted));
        read = diagnoses.len();
    }
    let failed = diagnoses.len();
    let mut alerts = Vec::new();
    for news in incident::group(diagnoses) {
        alerts.push(explained(news, reading.as_ref(), now).await);
    }
    let cut_off = executions.iter().filter(|execution| execution.is_cut_off()).count();
    Ok(Explained { summary: Summary { causes: alerts.len(), failed, read, cut_off }, alerts })
}

async fn explained(news: News, reading: Option<&Reading<'_>>, now: Timestamp) -> Alert {
    let subject = news.example.subject();
    let judgement = match reading {
        Some(Reading { account, budget }) => {
            judge(&subject, &survey(&subject, *account, Instant::now() + *budget).await)
        }
        None => Judgement::unread(&subject, "no account was read: give --account FILE or --live"),
    };
    // Saved failures open when the first of them happened; where they are undated, nobody knows.
    let change = incident::fold(None, &news, news.first_failure.unwrap_or(now), Duration::ZERO);
    let incident = Incident { opened_at: news.first_failure, ..change.incident };
    let reason = "explained from saved logs".to_owned();
    Alert { incident, status: Status::Open, reason, may_repeat: false, news, judgement, also_hit: vec![] }
}
