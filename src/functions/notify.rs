//! From failures to messages: count, open an alert, read the path, group by the broken resource, publish, record.
//!
//! Counting waits for no alert. Of all containers that count the same incident one opens its alert; whatever ends it on the
//! way leaves a table from which the caretaker goes on. What is to be done, and in which order, `incidents::step` says.

use crate::{alerts, incidents};

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{error, info, warn};

use crate::causes::{Diagnosis, MANY_INCIDENTS};
use crate::checks::Assessment;
use crate::functions::group::{fault, root, view};
use crate::functions::metrics::Metric;
use crate::functions::respond::Responder;
use crate::incidents::coverage::is_late;
use crate::incidents::ledger::Charge;
use crate::incidents::plan::{Table, Todo, opening};
use crate::incidents::step::{AlertTask, Need, Notice, Reply, TaskOutcome};
use crate::incidents::store::{Store, StoreError, Written};
use crate::incidents::{Alert, AlertRecord, FailureGroup, Fingerprint, Incident, Policy, Status};

/// Time kept for publishing: what remains of an invocation below this is not spent on reading.
pub(crate) const MARGIN: Duration = Duration::from_secs(5);

/// Time kept for recording after the last try to publish, and for the answer.
const LAST: Duration = Duration::from_millis(500);

/// Incidents investigated at a time. API Gateway's control plane gives an account ten calls a second, shared with
/// everybody's deployments: <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>
const SIDE_BY_SIDE: usize = 3;

/// Merges that are followed from a root to its open alert.
const MOST_MERGES: usize = 4;

/// Incidents counted at a time.
const COUNTED_AT_A_TIME: usize = 16;

/// Incidents, and deliveries of each, that one container remembers while the table is gone, to write them once it is back.
const MOST_UNSTORED: usize = 256;

/// A task with everything that its message is made of.
pub(crate) struct Work<'a> {
    pub(crate) store: &'a dyn Store,
    /// Whether that is only this container's memory, though a table was asked for.
    pub(crate) may_repeat: bool,
    pub(crate) task: AlertTask,
    /// What the members are incidents of.
    pub(crate) incidents: Vec<Incident>,
    pub(crate) news: FailureGroup,
    pub(crate) assessment: Option<Assessment>,
}

/// What became of publishing.
#[derive(Debug, Default)]
pub(crate) struct Published {
    pub(crate) alerts: usize,
    pub(crate) failure: Option<anyhow::Error>,
}

impl Responder {
    pub(crate) fn policy(&self) -> Policy {
        Policy { repeat: self.config.repeat_interval, resolve_after: self.config.resolve_after }
    }

    /// Counts failures and opens the alerts that they need.
    pub(crate) async fn take(&self, news: Vec<FailureGroup>, deadline: Instant) -> Published {
        self.store_unstored().await;
        let counted: Vec<_> =
            stream::iter(news).map(|news| self.counted(news)).buffered(COUNTED_AT_A_TIME).collect().await;
        let mut works = Vec::new();
        for (news, incident) in counted {
            match self.opened(&*self.store, news.clone(), incident, deadline, false).await {
                Ok(work) => works.extend(work),
                Err(error) => {
                    error!(error = error.to_string(), "the incident store failed; alerting without it");
                    works.extend(self.without_table(news, deadline).await);
                }
            }
        }
        let published = self.open(works, deadline).await;
        self.store_unstored().await;
        if self.store.is_private() { self.update_alone(published, deadline).await } else { published }
    }

    async fn counted(&self, news: FailureGroup) -> (FailureGroup, Result<Incident, StoreError>) {
        let now = (self.now)();
        let counted = self.store.count(&news, now).await;
        if let Ok(incident) = &counted {
            self.save_new(&*self.store, &news, incident, now).await;
        }
        (news, counted)
    }

    /// Keeps a failure of each route that was not known: an end has to read all of them again.
    async fn save_new(&self, store: &dyn Store, news: &FailureGroup, incident: &Incident, now: Timestamp) {
        let came = |example: &Diagnosis| {
            let Some(route) = &example.route else { return incident.failed <= news.failed() };
            let came: u64 = news.deliveries.values().filter_map(|delivery| delivery.routes.get(route)).sum();
            incident.routes.get(route).is_some_and(|failed| *failed <= came)
        };
        for example in news.examples.values().filter(|example| came(example)) {
            if let Err(error) = store.save_example(&news.fingerprint, example, now).await {
                warn!(error = error.to_string(), "a failure could not be kept for a later reading");
            }
        }
    }

    /// The task that opens an alert for an incident, where its failures are covered by none and no silence matches.
    async fn opened<'a>(
        &'a self,
        store: &'a dyn Store,
        news: FailureGroup,
        incident: Result<Incident, StoreError>,
        deadline: Instant,
        may_repeat: bool,
    ) -> Result<Option<Work<'a>>, StoreError> {
        let incident = incident?;
        let now = (self.now)();
        let is_due = opening(&Table::default(), &incident.member(&[], now), now).is_some();
        if !is_due || self.is_exhausted(&incident, now) {
            return Ok(None);
        }
        let silences = store.silences().await?;
        let member = incident.member(&silences, now);
        let Some(Todo { job, alert, members }) = opening(&Table::default(), &member, now) else {
            info!(incident.id = incident.id, "counted in silence");
            return Ok(None);
        };
        let task = AlertTask::new(job, alert, members, self.owner(), lease(deadline));
        Ok(Some(Work { store, may_repeat, task, incidents: vec![incident], news, assessment: None }))
    }

    /// Whether the hour has no message left for this incident, as far as this container knows: a digest counts it.
    pub(crate) fn is_exhausted(&self, incident: &Incident, now: Timestamp) -> bool {
        let key = Charge::of(incident, self.config.max_messages_per_hour, now).key();
        self.exhausted.lock().unwrap_or_else(PoisonError::into_inner).contains(&key)
    }

    /// The same from this container's memory alone. A duplicate alert beats a lost one.
    async fn without_table(&self, news: FailureGroup, deadline: Instant) -> Option<Work<'_>> {
        self.remember_unstored(&news);
        let counted = self.fallback.count(&news, (self.now)()).await;
        let work = self.opened(&self.fallback, news, counted, deadline, true).await;
        let mut work = work.expect("memory can always be reached")?;
        // A key of its own: the table may come to know another alert of this incident, into which this one is merged.
        work.task.alert.id.0.push_str(&format!("-{}", self.container));
        Some(work)
    }

    /// Runs tasks that open alerts: reads side by side, then groups what one resource broke, then publishes.
    async fn open(&self, works: Vec<Work<'_>>, deadline: Instant) -> Published {
        // One reading may wait for others, and the message for all: however many there are, it goes out.
        let until = deadline.checked_sub(MARGIN).unwrap_or(deadline);
        let until = until.min(Instant::now() + self.config.investigation_budget * 2);
        let read: Vec<Work<'_>> = stream::iter(works)
            .map(|work| async move {
                let mut work = work;
                let grouping = |need: &Need| matches!(need, Need::Root(_) | Need::Publish(_));
                self.run(&mut work, grouping, until, deadline).await;
                work
            })
            .buffered(SIDE_BY_SIDE)
            .collect()
            .await;
        let mut published = Published::default();
        let mut ready: Vec<Work<'_>> = Vec::new();
        for mut work in read {
            self.run(&mut work, |need| matches!(need, Need::Publish(_)), until, deadline).await;
            match work.task.outcome().cloned() {
                Some(TaskOutcome::Joined(alert)) => {
                    let own = |other: &&mut Work<'_>| other.task.alert.id == alert;
                    if let Some(first) = ready.iter_mut().find(own) {
                        // Its alert is not published yet: the message names it too.
                        first.task.members.append(&mut work.task.members);
                        first.incidents.append(&mut work.incidents);
                    }
                }
                Some(TaskOutcome::Unreachable) if !work.may_repeat => {
                    error!("the incident store failed; alerting without it");
                    if let Some(mut alone) = self.without_table(work.news, deadline).await {
                        alone.assessment = work.assessment;
                        self.run(&mut alone, |need| matches!(need, Need::Publish(_)), until, deadline).await;
                        ready.push(alone);
                    }
                }
                Some(_) => {}
                None => ready.push(work),
            }
        }
        for mut work in ready {
            self.finish(&mut work, until, deadline, &mut published).await;
        }
        published
    }

    /// Runs a task to its end, and counts what it published.
    pub(crate) async fn finish(
        &self,
        work: &mut Work<'_>,
        until: Instant,
        deadline: Instant,
        published: &mut Published,
    ) {
        published.alerts += self.run(work, |_| false, until, deadline).await;
        if work.task.outcome() == Some(&TaskOutcome::Unpublished) {
            let (alert, topic) = (&work.task.alert.id, &self.config.alert_topic);
            let error =
                anyhow::anyhow!("cannot publish alert `{alert}` to `{topic}`; the lines before this say why");
            published.failure.get_or_insert(error);
        }
        if work.may_repeat && work.task.alert.is_open() {
            let mut unstored = self.unstored();
            let own = unstored.iter_mut().find(|(news, _)| news.fingerprint == work.news.fingerprint);
            own.into_iter().for_each(|(_, alert)| *alert = Some(work.task.alert.clone()));
        }
    }

    /// Goes on with a task until it needs something of this kind, or is done. Answers with the messages published.
    pub(crate) async fn run(
        &self,
        work: &mut Work<'_>,
        stop: impl Fn(&Need) -> bool,
        until: Instant,
        deadline: Instant,
    ) -> usize {
        let mut messages = 0;
        loop {
            let now = (self.now)();
            let need = work.task.need(now);
            if matches!(need, Need::Nothing(_)) || stop(&need) {
                return messages;
            }
            let reply = match self.perform(work, &need, now, until, deadline).await {
                Ok(reply) => reply,
                Err(error) => {
                    let alert = work.task.alert.id.to_string();
                    warn!(error = format!("{error:#}"), alert, "a step of an alert failed");
                    Reply::Failed
                }
            };
            messages += usize::from(matches!((&need, &reply), (Need::Publish(_), Reply::Done)));
            // The same time as the write was made with, so that a write is known again.
            work.task.answer_to(&need, reply, self.policy(), (self.now)());
        }
    }

    async fn perform(
        &self,
        work: &mut Work<'_>,
        need: &Need,
        now: Timestamp,
        until: Instant,
        deadline: Instant,
    ) -> anyhow::Result<Reply> {
        let store = work.store;
        Ok(match need {
            Need::Write { seen, alert } => match store.write(*seen, alert).await? {
                Written::Done => Reply::Done,
                Written::Refused(known) => Reply::Refused(known),
            },
            Need::Delete { alert, version } => {
                store.delete(alert, *version).await?;
                Reply::Done
            }
            Need::Change { fingerprint, change } => Reply::Changed(store.change(fingerprint, change).await?),
            Need::Budget(leader) => {
                let own = work.incidents.iter().find(|incident| incident.fingerprint == *leader);
                let Some(own) = own.filter(|_| !work.may_repeat) else { return Ok(Reply::Done) };
                let charge = Charge::of(own, self.config.max_messages_per_hour, now);
                if store.charge(&charge, now).await? {
                    Reply::Done
                } else {
                    let mut exhausted = self.exhausted.lock().unwrap_or_else(PoisonError::into_inner);
                    exhausted.retain(|key| key.starts_with(&charge.hour));
                    exhausted.insert(charge.key());
                    Reply::Refused(None)
                }
            }
            Need::Path if work.task.alert.is_digest() => Reply::Path { root: None, fault: None },
            Need::Path => {
                let assessment = match work.assessment.take() {
                    Some(read) => read,
                    None => self.investigate(work, until).await,
                };
                let found = Reply::Path {
                    // What only this container remembers is named by no sweep: it joins nothing.
                    root: root(&work.news.example, &assessment).filter(|_| !work.may_repeat),
                    fault: fault(&assessment),
                };
                work.assessment = Some(assessment);
                found
            }
            Need::Evidence => self.evidence(work, until).await?,
            Need::Root(root) => {
                let alert = store.root(root).await?;
                let mut kept = match &alert {
                    Some(alert) => store.alert(alert).await?,
                    None => None,
                };
                // A key that was merged goes on under another.
                for _ in 0..MOST_MERGES {
                    let Some(into) = kept.as_ref().and_then(AlertRecord::merged_into) else { break };
                    kept = store.alert(into).await?;
                }
                Reply::Root { alert, kept }
            }
            Need::TakeRoot { root, seen, alert } => {
                if store.take_root(root, seen.as_ref(), alert, now).await? {
                    Reply::Done
                } else {
                    Reply::Refused(None)
                }
            }
            Need::Members => {
                let all: Vec<Fingerprint> =
                    work.task.members.iter().map(|member| member.fingerprint.clone()).collect();
                let read = store.read(&all, now).await?;
                let coverage = |fingerprint: Fingerprint| {
                    let known = read.iter().find(|incident| incident.fingerprint == fingerprint);
                    (fingerprint, known.map(|incident| incident.coverage.clone()))
                };
                Reply::Members(all.into_iter().map(coverage).collect())
            }
            Need::Publish(notice) => {
                self.publish(work, notice, now, deadline).await?;
                Reply::Done
            }
            Need::Nothing(_) => Reply::Done,
        })
    }

    /// Publishes a message of a task's alert.
    async fn publish(
        &self,
        work: &Work<'_>,
        notice: &Notice,
        now: Timestamp,
        deadline: Instant,
    ) -> anyhow::Result<()> {
        let Work { task, incidents, news, assessment, may_repeat, .. } = work;
        let mut news = news.clone();
        if task.alert.is_digest() {
            let says = format!("{} incidents are counted here and not published one by one", incidents.len());
            news.example = Diagnosis::noted(MANY_INCIDENTS, news.example.source.clone(), None, &says);
            news.request_ids.clear();
        }
        let judgement = assessment
            .clone()
            .unwrap_or_else(|| Assessment::unread(&news.example.subject, "no path is read for this message"));
        let (incident, also_hit) = view(task, incidents, &news, notice.status);
        let first = matches!(notice.status, Status::Open | Status::Regressed);
        let late = incident.last_failure.filter(|last| first && is_late(*last, now));
        let mut reason = notice.reason.clone();
        if let Some(last) = late {
            let ago = Duration::try_from(now.duration_since(last)).unwrap_or_default();
            reason = format!("{reason}; it came late: the last failure was {} ago", incidents::words(ago));
        }
        let (status, may_repeat) = (notice.status, *may_repeat);
        let is_late = late.is_some();
        let alert = Alert { incident, status, reason, may_repeat, is_late, news, judgement, also_hit };
        self.deliver(&alerts::message(&alert), deadline).await?;
        let cause = alert.news.example.cause.slug;
        self.tally.count(Metric::Alerts, "", 1);
        info!(incident.id = alert.incident.id, cause, status = status.as_str(), "published an alert");
        Ok(())
    }

    /// Hands a message over, again and again until the invocation has hardly any time left.
    async fn deliver(&self, message: &alerts::Message, deadline: Instant) -> anyhow::Result<()> {
        let last = deadline.checked_sub(LAST).unwrap_or(deadline);
        let mut pause = Duration::from_millis(500);
        loop {
            let error = match timeout_at(last, self.publisher.publish(message)).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => anyhow::Error::from(error),
                Err(_) => anyhow::anyhow!("the invocation's time was up before the topic answered"),
            };
            if Instant::now() + pause >= last {
                return Err(error);
            }
            warn!(error = format!("{error:#}"), "publishing failed; trying again");
            sleep(pause).await;
            pause *= 2;
        }
    }

    fn unstored(&self) -> MutexGuard<'_, Vec<(FailureGroup, Option<AlertRecord>)>> {
        // A panic elsewhere leaves whole entries behind.
        self.unstored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember_unstored(&self, news: &FailureGroup) {
        let mut unstored = self.unstored();
        let place = unstored.iter().position(|(known, _)| known.fingerprint == news.fingerprint);
        if let Some((known, _)) = place.and_then(|place| unstored.get_mut(place)) {
            let room = MOST_UNSTORED.saturating_sub(known.deliveries.len());
            let more = news.deliveries.iter().take(room);
            known.deliveries.extend(more.map(|(id, delivery)| (*id, delivery.clone())));
        } else if unstored.len() < MOST_UNSTORED {
            unstored.push((news.clone(), None));
        }
    }

    /// Writes what failed while the table was gone: the caretaker ends its alerts.
    async fn store_unstored(&self) {
        let unstored = std::mem::take(&mut *self.unstored());
        let mut rest = unstored.into_iter();
        while let Some((news, alert)) = rest.next() {
            if let Err(error) = self.store_one(&news, alert.as_ref()).await {
                warn!(error = error.to_string(), "the table is still gone");
                let mut unstored = self.unstored();
                unstored.push((news, alert));
                unstored.extend(rest);
                return;
            }
        }
    }

    async fn store_one(&self, news: &FailureGroup, alert: Option<&AlertRecord>) -> Result<(), StoreError> {
        let now = (self.now)();
        let incident = self.store.count(news, now).await?;
        self.save_new(&*self.store, news, &incident, now).await;
        let Some(alert) = alert else { return Ok(()) };
        self.store.write(None, alert).await?;
        if incident.coverage.alert.is_none() {
            let change = incidents::CoverageChange::Attach {
                generation: incident.coverage.generation,
                alert: alert.id.clone(),
                covered: Some(incident.coverage.failed),
            };
            self.store.change(&news.fingerprint, &change).await?;
        }
        Ok(())
    }
}

/// How long a lease holds: as long as the invocation may still take, and a margin for clocks that differ.
pub(crate) fn lease(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()) + MARGIN
}
