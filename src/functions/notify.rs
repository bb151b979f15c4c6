//! From failures to messages: count, open an alert, read the path, group by the broken resource, publish, record.
//!
//! Counting waits for no alert. One container opens an incident's alert. If it crashes, the caretaker continues from the
//! table. `incidents::step` decides what to do, and in which order.

use crate::{alerts, incidents};

use std::sync::PoisonError;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{info, warn};

use crate::causes::{Diagnosis, MANY_INCIDENTS};
use crate::checks::Assessment;
use crate::functions::group::{fault, root, view};
use crate::functions::metrics::Metric;
use crate::functions::respond::Responder;
use crate::incidents::coverage::{AlertId, is_late};
use crate::incidents::job::{Need, Notice, Reply, Same, TaskOutcome};
use crate::incidents::ledger::Charge;
use crate::incidents::plan::{Table, Todo, opening};
use crate::incidents::step::AlertTask;
use crate::incidents::store::{Store, StoreError, Written};
use crate::incidents::{Alert, AlertRecord, FailureGroup, Fingerprint, Incident, Policy, Status};
use crate::text::counted;

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

/// Failures that are older than this and still on no alert: the sweeps, one a minute, have not published them. Lambda hands a
/// payload over again after one minute, and after two more.
pub(crate) const OVERDUE: Duration = Duration::from_secs(100);

/// Time for a table to come back, once an alert was published that it does not know.
const PATIENCE: Duration = Duration::from_secs(8);

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
        let (mut works, mut published) = (Vec::new(), Published::default());
        for (news, incident) in counted {
            let opened = match &incident {
                Ok(incident) => self.opened(&*self.store, news.clone(), incident.clone(), deadline).await,
                Err(error) => Err(StoreError(error.0.clone())),
            };
            match opened {
                Ok(work) => works.extend(work),
                Err(error) => {
                    let failure = || unstored(&error);
                    incident.is_ok().then(|| published.failure.get_or_insert_with(failure));
                    works.extend(self.without_table(news, incident.ok(), deadline).await);
                }
            }
        }
        self.open(works, deadline, &mut published).await;
        self.store_unstored().await;
        if self.store.is_private() {
            return self.update_alone(published, deadline).await;
        }
        // A key that only this container knows would never end: it waits a little for the table to come back.
        let last = deadline.checked_sub(MARGIN).unwrap_or(deadline).min(Instant::now() + PATIENCE);
        let mut pause = Duration::from_secs(1);
        while self.unstored().iter().any(|one| !one.is_known) && Instant::now() + pause < last {
            sleep(pause).await;
            self.store_unstored().await;
            pause *= 2;
        }
        if !self.unstored().is_empty() {
            let error = StoreError("failures are not counted".to_owned());
            published.failure.get_or_insert_with(|| unstored(&error));
        }
        published
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
    pub(crate) async fn save_new(
        &self,
        store: &dyn Store,
        news: &FailureGroup,
        incident: &Incident,
        now: Timestamp,
    ) {
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
    pub(crate) async fn opened<'a>(
        &'a self,
        store: &'a dyn Store,
        news: FailureGroup,
        incident: Incident,
        deadline: Instant,
    ) -> Result<Option<Work<'a>>, StoreError> {
        let now = (self.now)();
        let is_due = opening(&Table::default(), &incident.member(&[], now), now).is_some();
        if !is_due || self.is_exhausted(&incident, now) {
            return Ok(None);
        }
        let silences = self.store.silences().await;
        let silences = if store.is_private() { silences.unwrap_or_default() } else { silences? };
        let member = incident.member(&silences, now);
        let Some(Todo { job, alert, members }) = opening(&Table::default(), &member, now) else {
            info!(incident.id = incident.id, "counted; a silence mutes its alert");
            return Ok(None);
        };
        let task = AlertTask::new(job, alert, members, self.owner(), lease(deadline));
        let may_repeat = store.is_private() && !self.store.is_private();
        Ok(Some(Work { store, may_repeat, task, incidents: vec![incident], news, assessment: None }))
    }

    /// Whether the hour has no message left for this incident, as far as this container knows: a digest counts it.
    pub(crate) fn is_exhausted(&self, incident: &Incident, now: Timestamp) -> bool {
        let key = Charge::of(incident, self.config.max_messages_per_hour, now).key();
        self.exhausted.lock().unwrap_or_else(PoisonError::into_inner).contains(&key)
    }

    /// Runs tasks that open alerts: reads side by side, then groups what one resource broke, then publishes.
    async fn open(&self, works: Vec<Work<'_>>, deadline: Instant, published: &mut Published) {
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
                    let error = StoreError("a step of its alert failed; see the log lines above".to_owned());
                    published.failure.get_or_insert_with(|| unstored(&error));
                    let counted = work.incidents.first().cloned();
                    if let Some(mut alone) = self.without_table(work.news, counted, deadline).await {
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
            self.finish(&mut work, until, deadline, published).await;
        }
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
                anyhow::anyhow!("cannot publish alert `{alert}` to `{topic}`; see the log lines above");
            published.failure.get_or_insert(error);
        }
        if work.may_repeat && work.task.alert.is_open() {
            self.know(work, &work.task.alert);
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
                let own = own.or(work.incidents.first()).filter(|_| !work.may_repeat);
                let Some(own) = own else { return Ok(Reply::Done) };
                let charge = if work.task.alert.is_digest() {
                    Charge::always(now)
                } else {
                    Charge::of(own, self.config.max_messages_per_hour, now)
                };
                if store.charge(&charge, now).await? {
                    Reply::Done
                } else {
                    let mut exhausted = self.exhausted.lock().unwrap_or_else(PoisonError::into_inner);
                    exhausted.retain(|key| key.starts_with(&charge.hour));
                    exhausted.insert(charge.key());
                    Reply::Refused(None)
                }
            }
            Need::Path if work.task.alert.is_digest() => {
                Reply::Path { root: None, fault: None, same: Same::No }
            }
            Need::Path => {
                let assessment = match work.assessment.take() {
                    Some(read) => read,
                    None => self.investigate(work, until).await,
                };
                let same = if work.may_repeat { Same::No } else { self.same_request(work, now).await? };
                let found = Reply::Path {
                    same,
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
                let kept = match &alert {
                    Some(alert) => followed(store, alert).await?,
                    None => None,
                };
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
                // All that is on the alert by now, not only what was: an end must not pass over what joined.
                let all = store.all(now).await?.incidents;
                let id = &work.task.alert.id;
                let on = all.iter().filter(|one| one.coverage.alert.as_ref() == Some(id));
                let on: Vec<_> =
                    on.map(|one| (one.fingerprint.clone(), Some(one.coverage.clone()))).collect();
                Reply::Members(on)
            }
            Need::Publish(notice) => {
                self.publish(work, notice, now, deadline).await?;
                if notice.status.event_action() == "resolve" && !work.may_repeat {
                    // An end always goes out. It is counted, so that what else is published leaves room for it.
                    let charged = store.charge(&Charge::always(now), now).await;
                    charged.err().into_iter().for_each(|error| {
                        warn!(error = error.to_string(), "a message is not counted for this hour")
                    });
                }
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
            let incidents = counted(incidents.len(), "incident");
            let says = format!("the hourly limit left no separate message for {incidents}");
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
        let status = notice.status;
        let alert = Alert {
            incident,
            status,
            may_repeat: *may_repeat,
            is_late: late.is_some(),
            is_unconfirmed: notice.is_unconfirmed,
            reason,
            news,
            judgement,
            also_hit,
        };
        self.deliver(&alerts::message(&alert), deadline).await?;
        let cause = alert.news.example.cause.slug;
        self.tally.count(Metric::Alerts, "", 1);
        info!(incident.id = alert.incident.id, cause, status = status.as_str(), "published an alert");
        Ok(())
    }

    /// Hands a message over, again and again until the invocation has hardly any time left. One that is refused for good
    /// holds up no other.
    async fn deliver(&self, message: &alerts::Message, deadline: Instant) -> anyhow::Result<()> {
        let last = deadline.checked_sub(LAST).unwrap_or(deadline);
        let mut pause = Duration::from_millis(500);
        loop {
            let error = match timeout_at(last, self.publisher.publish(message)).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) if error.is_final => return Err(error.into()),
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

    /// The alert of the incident that a request's other lines belong to, where a batch border divided the request.
    async fn same_request(&self, work: &Work<'_>, now: Timestamp) -> Result<Same, StoreError> {
        let (own, example) = (&work.news.fingerprint, &work.news.example);
        let other = Fingerprint::of(example);
        if other == *own {
            return Ok(Same::No);
        }
        let known = work.store.read(std::slice::from_ref(&other), now).await?.pop();
        if let Some(known) = &known {
            let on = known.coverage.alert.clone().unwrap_or_else(|| known.coverage.next_alert(&other));
            let alert = followed(work.store, &on).await?.filter(AlertRecord::is_joinable);
            if let Some(alert) = alert.filter(|alert| alert.id != work.task.alert.id) {
                return Ok(Same::On {
                    named: alert.is_open() && known.coverage.alert.is_some(),
                    alert: alert.id,
                });
            }
        }
        // The line that names the cause is in another batch, which comes.
        let is_elsewhere = work.incidents.first().is_some_and(|one| one.cause.slug != example.cause.slug);
        // Since its own alert was first about to open: more such failures make it wait no longer.
        let waited = Duration::try_from(now.duration_since(work.task.alert.opened_at)).unwrap_or_default();
        let waits = is_elsewhere && !work.store.is_private() && waited < OVERDUE;
        Ok(if waits { Same::Soon } else { Same::No })
    }
}

/// The failure of an invocation whose failures the table did not take: the payload comes again.
fn unstored(error: &StoreError) -> anyhow::Error {
    anyhow::anyhow!("{error}; failing the invocation so that Lambda retries the payload")
}

/// An alert, or the one that it was merged into.
async fn followed(store: &dyn Store, alert: &AlertId) -> Result<Option<AlertRecord>, StoreError> {
    let mut kept = store.alert(alert).await?;
    for _ in 0..MOST_MERGES {
        let Some(into) = kept.as_ref().and_then(AlertRecord::merged_into) else { break };
        kept = store.alert(into).await?;
    }
    Ok(kept)
}

/// How long a lease holds: as long as the invocation may still take, and a margin for clocks that differ.
pub(crate) fn lease(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()) + MARGIN
}
