//! The responder's main flow: decode → correlate → classify → count → read the path → judge → render → publish.
//!
//! `notify` does the part from counting on.

use crate::{causes, incidents, logs};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use tokio::time::Instant;
use tracing::warn;

use crate::alerts::Publish;
use crate::aws::Accounts;
use crate::causes::{Diagnosis, Failure};
use crate::functions::config::Config;
use crate::functions::log_map::{GroupOrigin, LogMap};
use crate::functions::metrics::{Metric, Metrics};
use crate::incidents::store::memory::MemoryStore;
use crate::incidents::store::{Store, Unstored};
use crate::incidents::{CountedRequests, FailureGroup, RecentRequests};
use crate::logs::{AccessLog, DecodeError, DecodeFault, Record, Source};

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
    /// Requests whose failures were counted, so that later lines of theirs are no failures of their own.
    pub recent: RecentRequests,
    /// What is measured until the invocation writes it out.
    pub tally: Metrics,
    /// The clock.
    pub now: Clock,
    /// Identifies this container's leases.
    pub container: String,
    leases: AtomicU64,
    /// Causes of APIs that have no message left this hour: they are not asked for again.
    pub(crate) exhausted: Mutex<BTreeSet<String>>,
    /// Who writes to which log group.
    pub(crate) log_map: LogMap,
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
    /// A responder that remembers nothing yet. `container` identifies its leases.
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
            log_map: LogMap::default(),
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
        let numbers: Vec<String> = records.iter().filter_map(|record| record.id.clone()).collect();
        if !numbers.is_empty() {
            outcome.failed_records = Some(Vec::new());
        }
        // The payload itself, the largest thing in memory, goes before incidents are counted.
        let PayloadNews { news, requests, refusals } = self.find(records, raw, &mut outcome, deadline).await;
        let published = self.take(news, deadline).await;
        outcome.alerts = published.alerts;
        match (published.failure, refusals.into_iter().next(), &mut outcome.failed_records) {
            // Remember nothing of a payload that failed: it is delivered again, and must be counted and published then.
            (None, None, _) | (None, _, Some(_)) => self.recent.remember(requests),
            (_, Some(Refusal { error, .. }), None) if error.fault == DecodeFault::UnknownGroup => {
                return Err(anyhow::anyhow!("{error}"));
            }
            (_, Some(refusal), None) => return Err(refusal.error.into()),
            (Some(error), _, None) => return Err(error),
            // Which record an incident came from is not kept. So all are handed back; what was counted is not counted again.
            (Some(_), _, Some(failed)) => *failed = numbers,
        }
        Ok(outcome)
    }

    /// What failed in a payload's records.
    async fn find(
        &self,
        records: Vec<Record>,
        raw: &[u8],
        outcome: &mut Outcome,
        deadline: Instant,
    ) -> PayloadNews {
        let (accepted, refusals) = self.batches(&records, raw, outcome, deadline).await;
        let (batches, of_access): (Vec<_>, Vec<_>) =
            accepted.into_iter().map(|one| (one.lines, (one.access, one.origin))).unzip();
        let access: Vec<AccessLog<'_>> =
            of_access.iter().map(|(batch, origin)| AccessLog::read(batch, origin.formats())).collect();
        for ((batch, _), log) in of_access.iter().zip(&access) {
            outcome.executions += log.requests - log.failures.len();
            self.pass_over(&batch.source, log.unread.len());
        }
        let mut executions = logs::correlate(&batches);
        logs::join(&mut executions, &access);
        let mut failures: Vec<Failure<'_>> = executions
            .iter()
            .filter_map(causes::failure_of)
            .filter(|failure| !self.recent.knows(failure))
            .collect();
        self.leave_out_noted(&mut failures, deadline).await;
        outcome.executions += executions.len();
        outcome.failed = failures.len();
        if outcome.refused > 0 {
            self.tally.count(Metric::BatchesRefused, "", count(outcome.refused));
        }
        failures.iter().for_each(|failure| self.tally.count(Metric::Failures, failure.cause.slug, 1));
        let requests = self.recent.requests(&failures);
        let mut news = incidents::gather(&failures);
        // Whose group it is will be known when the payload comes again.
        let unreadable = refusals.iter().filter(|refusal| refusal.error.fault != DecodeFault::UnknownGroup);
        news.extend(incidents::group(unreadable.map(|refusal| self.refusal(refusal)).collect()));
        PayloadNews { news, requests, refusals }
    }

    /// Publishes that a payload could not be read. The invocation fails whether or not that alert could be published.
    async fn refuse(&self, error: DecodeError, raw: &[u8], deadline: Instant) -> anyhow::Error {
        let refusal = Refusal { error, delivery: logs::digest(&[raw]) };
        let published = self.take(incidents::group(vec![self.refusal(&refusal)]), deadline).await;
        if let Some(failure) = published.failure {
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

    /// Leaves out failures that another container already knows from the stage's other log. If the table can't say, count the
    /// failure: counted twice beats lost.
    async fn leave_out_noted(&self, failures: &mut Vec<Failure<'_>>, deadline: Instant) {
        if self.config.incident_table.is_none() {
            return;
        }
        let mut stages: BTreeMap<(String, bool), Vec<(usize, u64)>> = BTreeMap::new();
        let mut twice: BTreeMap<String, bool> = BTreeMap::new();
        for (place, failure) in failures.iter().enumerate() {
            let Some((stage, group, request)) = named(failure) else { continue };
            let key = format!("{group} {stage}");
            let is_twice = match twice.get(&key) {
                Some(is_twice) => *is_twice,
                None => {
                    let origin = self.log_map.of(&group, &*self.store, None, (self.now)(), deadline).await;
                    let found = stage.split_once('/').is_some_and(|(api, stage)| match &origin {
                        GroupOrigin::Known(known) => known.0.tells_twice(api, stage),
                        // A note too many harms nothing.
                        GroupOrigin::Unread | GroupOrigin::Unsure { .. } => true,
                        GroupOrigin::Foreign => false,
                    });
                    *twice.entry(key).or_insert(found)
                }
            };
            let noted = stages.entry((stage, failure.is_of_access_log())).or_default();
            if is_twice && noted.len() < MOST_NOTED {
                noted.push((place, request));
            }
        }
        let mut known = BTreeSet::new();
        for ((stage, of_access_log), requests) in
            stages.into_iter().filter(|(_, requests)| !requests.is_empty())
        {
            let hashes: Vec<u64> = requests.iter().map(|(_, hash)| *hash).collect();
            match self.store.note_requests(&stage, of_access_log, &hashes, (self.now)()).await {
                Ok(old) => known
                    .extend(requests.iter().filter(|(_, hash)| old.contains(hash)).map(|(place, _)| *place)),
                Err(error) => {
                    warn!(
                        error = error.to_string(),
                        "could not read which requests the stage's other log already reported"
                    )
                }
            }
        }
        let mut places = 0..;
        failures.retain(|_| places.next().is_some_and(|place| !known.contains(&place)));
    }
}

/// Failed requests of one batch that are noted in the table for the stage's other log.
const MOST_NOTED: usize = 1000;

/// A failure's stage, its log group, and a number for its request.
fn named(failure: &Failure<'_>) -> Option<(String, String, u64)> {
    let (source, request) = (failure.source(), failure.request_id()?);
    let stage = format!("{}/{}", source.api?, source.stage?);
    let hash = logs::digest(&[stage.as_bytes(), request.as_str().as_bytes()]);
    Some((stage, source.log_group?, hash))
}

pub(crate) fn count(things: usize) -> u64 {
    u64::try_from(things).unwrap_or(u64::MAX)
}

/// A document that could not be read.
pub(crate) struct Refusal {
    pub(crate) error: DecodeError,
    /// The same number when it comes again.
    pub(crate) delivery: u64,
}

/// What a payload tells of.
struct PayloadNews {
    news: Vec<FailureGroup>,
    requests: CountedRequests,
    refusals: Vec<Refusal>,
}
