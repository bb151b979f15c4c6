//! The story on one screen: decode → correlate → classify → read the path → judge → incident → render → publish.

use crate::logs::delivered;
use crate::{causes, incidents, logs};

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::alerts::Publish;
use crate::aws::Accounts;
use crate::causes::{Diagnosis, Failure};
use crate::functions::config::Config;
use crate::functions::metrics::{Metric, Metrics};
use crate::incidents::RecentRequests;
use crate::incidents::store::memory::MemoryStore;
use crate::incidents::store::{Store, Unstored};
use crate::logs::{Batch, DecodeError, DecodeFault, MOST_EVENTS, Record, Source};

/// Everything a Lambda container keeps between invocations.
pub struct Responder {
    /// What the environment asks for.
    pub config: Config,
    /// The accounts to read.
    pub accounts: Accounts,
    /// Who keeps incidents.
    pub store: Box<dyn Store>,
    /// Who keeps them where that one fails.
    pub fallback: MemoryStore,
    /// Where alerts go.
    pub publisher: Box<dyn Publish>,
    /// Requests whose failures were told, so that lines of theirs that come later are no failures of their own.
    pub recent: RecentRequests,
    /// What is measured until the invocation writes it out.
    pub tally: Metrics,
    /// The clock.
    pub now: Clock,
    /// What tells this container's leases from others'.
    pub container: String,
    leases: AtomicU64,
    /// Causes of APIs that have no message left this hour: they are not asked for again.
    pub(crate) exhausted: Mutex<BTreeSet<String>>,
    /// What failed while the table was gone, and the alert that says so, to be written there once it is back.
    pub(crate) unstored: Mutex<Vec<Unstored>>,
}

/// What the time is.
pub(crate) type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;

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
    /// Records of a stream or messages of a queue that could not be handled; `None` where the payload was neither's event.
    pub failed_records: Option<Vec<String>>,
}

impl Responder {
    /// A responder that remembers nothing yet. `container` tells its leases from others'.
    pub fn new(
        config: Config,
        accounts: Accounts,
        store: Box<dyn Store>,
        publisher: Box<dyn Publish>,
        now: Clock,
        container: String,
    ) -> Self {
        let (fallback, recent, tally) =
            (MemoryStore::default(), RecentRequests::default(), Metrics::default());
        let leases = AtomicU64::new(0);
        let (unstored, exhausted) = (Mutex::default(), Mutex::default());
        Self {
            config,
            accounts,
            store,
            fallback,
            publisher,
            recent,
            tally,
            now,
            container,
            leases,
            exhausted,
            unstored,
        }
    }

    /// Takes one payload, as Lambda hands it over, before the invocation's deadline.
    ///
    /// # Errors
    ///
    /// A payload that can't be decoded, or an alert that could not be published: the invocation must fail, so that
    /// Lambda's retries and the failure queue keep the payload. Of a Kinesis event only the records concerned fail.
    pub async fn respond(&self, raw: &[u8], deadline: Instant) -> anyhow::Result<Outcome> {
        if raw.trim_ascii_start().first() != Some(&b'{') {
            return Err(self.refuse(DecodeFault::UnknownEvent.into(), raw, deadline).await);
        }
        let records = match logs::open(raw, self.config.max_batch_bytes) {
            Ok(records) => records,
            Err(error) => return Err(self.refuse(error, raw, deadline).await),
        };
        let mut outcome = Outcome::default();
        if records.iter().any(|record| record.id.is_some()) {
            outcome.failed_records = Some(Vec::new());
        }
        let (batches, refusals) = self.batches(&records, raw, &mut outcome);
        let executions = logs::correlate(&batches);
        let failures: Vec<Failure<'_>> = executions
            .iter()
            .filter_map(causes::failure_of)
            .filter(|failure| !(failure.is_tail() && self.recent.knows(failure)))
            .collect();
        outcome.executions += executions.len();
        outcome.failed = failures.len();
        if outcome.refused > 0 {
            self.tally.count(Metric::BatchesRefused, "", count(outcome.refused));
        }
        failures.iter().for_each(|failure| self.tally.count(Metric::Failures, failure.cause.slug, 1));
        let requests = self.recent.requests(&failures);
        let mut news = incidents::gather(&failures);
        news.extend(incidents::group(refusals.iter().map(|refusal| self.refusal(refusal)).collect()));
        let told = self.take(news, deadline).await;
        outcome.alerts = told.alerts;
        match (told.failure, refusals.into_iter().next(), &mut outcome.failed_records) {
            // Only what was told is remembered: a payload that failed comes again, and is to be told then.
            (None, None, _) | (None, _, Some(_)) => self.recent.remember(requests),
            (_, Some(refusal), None) => return Err(refusal.error.into()),
            (Some(error), _, None) => return Err(error),
            (Some(_), _, Some(failed)) => {
                // Which record an incident came from is not kept: all are handed back, and what was told is not told again.
                *failed = records.iter().filter_map(|record| record.id.clone()).collect();
            }
        }
        Ok(outcome)
    }

    /// Says that a payload could not be read. The invocation fails whether or not that could be told.
    async fn refuse(&self, error: DecodeError, raw: &[u8], deadline: Instant) -> anyhow::Error {
        let refusal = Refusal { error, delivery: logs::digest(&[raw]) };
        let told = self.take(incidents::group(vec![self.refusal(&refusal)]), deadline).await;
        if let Some(failure) = told.failure {
            warn!(
                error = format!("{failure:#}"),
                "no alert could be published for a payload that could not be read"
            );
        }
        refusal.error.into()
    }

    /// A payload that could not be read, as a failure of its own kind.
    fn refusal(&self, Refusal { error, delivery }: &Refusal) -> Diagnosis {
        let source = Source {
            account: self.config.alert_topic.account(),
            region: self.config.region.clone(),
            delivery: Some(*delivery),
            ..error.log_group.as_deref().map_or_else(Source::default, Source::of_group)
        };
        Diagnosis::noted(causes::UNDECODABLE, source, Some((self.now)()), &error.to_string())
    }

    /// A name for the next lease.
    pub(crate) fn owner(&self) -> String {
        format!("{}-{}", self.container, self.leases.fetch_add(1, Ordering::Relaxed))
    }

    /// The batches that are ours to read, and the documents that could not be read.
    fn batches<'a>(
        &self,
        records: &'a [Record],
        raw: &[u8],
        outcome: &mut Outcome,
    ) -> (Vec<Batch<'a>>, Vec<Refusal>) {
        let (mut batches, mut refusals) = (Vec::new(), Vec::new());
        let mut room = MOST_EVENTS;
        for (record, read) in records.iter().zip(logs::sift(records)) {
            match read.and_then(|batch| batch.map(|batch| self.ours(batch, record, outcome)).transpose()) {
                Ok(None) => info!("control message: the subscription reaches this function"),
                Ok(Some(ours)) => {
                    let events = ours.iter().map(|batch| batch.events.len()).sum();
                    match room.checked_sub(events) {
                        Some(left) => {
                            room = left;
                            batches.extend(ours);
                        }
                        None => {
                            refusals.extend(self.unread(DecodeFault::Postponed.into(), record, raw, outcome))
                        }
                    }
                }
                Err(error) => refusals.extend(self.unread(error, record, raw, outcome)),
            }
        }
        (batches, refusals)
    }

    /// A record's batch by API and stage, where it is of an execution log.
    fn ours<'a>(
        &self,
        batch: Batch<'a>,
        record: &Record,
        outcome: &mut Outcome,
    ) -> Result<Vec<Batch<'a>>, DecodeError> {
        outcome.batches += 1;
        let passed = batch.passed;
        let Some(batch) = self.accept(batch) else {
            outcome.refused += 1;
            return Ok(Vec::new());
        };
        outcome.executions += passed;
        unpacked(batch, record.delivery())
    }

    /// Hands a record back that could not be read. One that only found no room is tried again, and no alert says so.
    fn unread(
        &self,
        error: DecodeError,
        record: &Record,
        raw: &[u8],
        outcome: &mut Outcome,
    ) -> Option<Refusal> {
        error!(error = error.to_string(), record = record.id, "a document could not be read");
        let number = record.id.as_deref();
        if let (Some(failed), Some(number)) = (&mut outcome.failed_records, number) {
            failed.push(number.to_owned());
            if error.fault == DecodeFault::Postponed {
                return None;
            }
        }
        Some(Refusal { error, delivery: logs::digest(&[number.map_or(raw, str::as_bytes)]) })
    }

    /// A batch of an execution-log group, with what the function's own place adds to its source. A batch of any other
    /// group, and of the function's own above all, is refused: reading what one writes never ends.
    fn accept<'a>(&self, mut batch: Batch<'a>) -> Option<Batch<'a>> {
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
}

fn count(things: usize) -> u64 {
    u64::try_from(things).unwrap_or(u64::MAX)
}

/// A document that could not be read.
struct Refusal {
    error: DecodeError,
    /// The same number when it comes again.
    delivery: u64,
}

/// A batch by API and stage. What a delivered record says in a spelling of its own must not pass unseen.
fn unpacked(batch: Batch<'_>, delivery: u64) -> Result<Vec<Batch<'_>>, DecodeError> {
    let mut batches = delivered::unpack(batch)?;
    for batch in &mut batches {
        batch.source.delivery = Some(delivery);
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
    Ok(batches)
}
