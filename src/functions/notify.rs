//! From news to a message: count, claim, walk, fold, publish, settle.
//!
//! Counting waits for nobody. Of all containers that count the same incident one gets the lease, walks and publishes; it
//! settles only then, so that whatever ends it on the way leaves an incident that the next one tells.

use crate::{alerts, incidents};

use std::time::Duration;

use anyhow::Context;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{error, info, warn};

use crate::checks::Assessment;
use crate::functions::group::{AlertGroup, fault, group_by_root, view};
use crate::functions::metrics::Metric;
use crate::functions::respond::Responder;
use crate::incidents::store::{Release, Store, StoreError};
use crate::incidents::{
    Alert, Decision, FailureGroup, Fingerprint, Incident, Lease, Policy, Rollup, Silence,
};

/// Time kept for telling: what remains of an invocation below this is not spent on reading.
const MARGIN: Duration = Duration::from_secs(5);

/// Time kept for settling after the last try to publish, and for the answer.
const LAST: Duration = Duration::from_millis(500);

/// Incidents investigated at a time. API Gateway's control plane gives an account ten calls a second, shared with
/// everybody's deployments: <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>
const SIDE_BY_SIDE: usize = 3;

/// Incidents counted at a time.
const COUNTED_AT_A_TIME: usize = 16;

/// Somebody to be told something, with the lease on it.
pub(crate) struct PendingAlert<'a> {
    /// Where the incident is kept.
    pub(crate) store: &'a dyn Store,
    /// Whether that is only this container's memory, though a table was asked for.
    pub(crate) may_repeat: bool,
    /// What is leased: the incident, or the page that tells it.
    pub(crate) page: Incident,
    /// Everything on it, the incident that the news are of first.
    pub(crate) members: Vec<Incident>,
    pub(crate) owner: String,
    pub(crate) tell: Decision,
    pub(crate) news: FailureGroup,
}

/// What became of telling.
#[derive(Debug, Default)]
pub(crate) struct LastAlert {
    pub(crate) alerts: usize,
    pub(crate) failure: Option<anyhow::Error>,
}

impl Responder {
    pub(crate) fn policy(&self) -> Policy {
        Policy { repeat: self.config.repeat_interval, resolve_after: self.config.resolve_after }
    }

    /// Counts news and tells what of them has to be told.
    pub(crate) async fn take(&self, news: Vec<FailureGroup>, deadline: Instant) -> LastAlert {
        let dues: Vec<Option<PendingAlert<'_>>> = stream::iter(news)
            .map(|news| self.due(news, deadline))
            .buffered(COUNTED_AT_A_TIME)
            .collect()
            .await;
        self.tell(dues.into_iter().flatten().collect(), deadline).await
    }

    /// Counts news; whether, and as what, they have to be told by this container.
    async fn due(&self, news: FailureGroup, deadline: Instant) -> Option<PendingAlert<'_>> {
        match self.due_in(&*self.store, &news, deadline, false).await {
            Ok(due) => due,
            Err(error) => {
                // A doubled alert is better than a lost one.
                error!(error = error.to_string(), "the incident store failed; telling without it");
                let due = self.due_in(&self.fallback, &news, deadline, true).await;
                due.expect("memory can always be reached")
            }
        }
    }

    async fn due_in<'a>(
        &'a self,
        store: &'a dyn Store,
        news: &FailureGroup,
        deadline: Instant,
        may_repeat: bool,
    ) -> Result<Option<PendingAlert<'a>>, StoreError> {
        let now = (self.now)();
        let incident = store.count(news, now).await?;
        let page = match &incident.page {
            Some(page) => store.read(std::slice::from_ref(page), now).await?.pop(),
            None => None,
        };
        let page = page.unwrap_or_else(|| incident.clone());
        if incidents::is_settling(&page, now, self.policy()) {
            return Ok(None);
        }
        let members = self.members(store, &page, Some(&incident), now).await?;
        let Some(tell) = incidents::decide(&page, &Rollup::of(&members), now, self.policy()) else {
            return Ok(None);
        };
        let due =
            PendingAlert { store, may_repeat, page, members, owner: self.owner(), tell, news: news.clone() };
        Ok(self.claim(&due, now, deadline).await?.then_some(due))
    }

    /// Everything that a page tells, this incident first.
    pub(crate) async fn members(
        &self,
        store: &dyn Store,
        page: &Incident,
        first: Option<&Incident>,
        now: Timestamp,
    ) -> Result<Vec<Incident>, StoreError> {
        if page.members.is_empty() {
            return Ok(vec![page.clone()]);
        }
        let others: Vec<Fingerprint> = page
            .members
            .iter()
            .filter(|member| first.is_none_or(|first| first.fingerprint != **member))
            .cloned()
            .collect();
        let mut others = store.read(&others, now).await?;
        // What came back after all was resolved is told without what did not.
        let back = page.told.as_ref().and_then(|told| told.resolved_at);
        others.retain(|member| back.is_none() || member.counted_at > back);
        others.sort_by(|a, b| b.failed.cmp(&a.failed).then_with(|| a.fingerprint.cmp(&b.fingerprint)));
        Ok(first.cloned().into_iter().chain(others).collect())
    }

    /// Takes the lease, unless the incident is silenced or another has it.
    pub(crate) async fn claim(
        &self,
        due: &PendingAlert<'_>,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<bool, StoreError> {
        let left = deadline.saturating_duration_since(Instant::now()) + MARGIN;
        let until = now.checked_add(left).unwrap_or(now);
        let lease = Lease { owner: due.owner.clone(), until };
        if !due.store.claim(&due.page, &lease, now).await? {
            return Ok(false);
        }
        let silenced = |silence: &Silence| {
            due.members.iter().all(|member| silence.holds(member, now)) || silence.holds(&due.page, now)
        };
        let silences = due.store.silences().await?;
        let Some(until) = silences.iter().filter(|s| silenced(s)).map(|silence| silence.until).max() else {
            return Ok(true);
        };
        info!(incident.id = due.page.id, "counted in silence");
        // A table that fails now breaks no silence: the lease ends, and the next failure finds it silenced again.
        self.keep(due).await;
        self.settle(due.store, &due.page.fingerprint, &due.owner, &Release::Silenced(until)).await;
        Ok(false)
    }

    /// Walks for what is due, folds what one resource broke, and tells each once.
    pub(crate) async fn tell(&self, dues: Vec<PendingAlert<'_>>, deadline: Instant) -> LastAlert {
        // One walk may wait for others, and the message for all: however many there are, it goes out.
        let last = deadline.checked_sub(MARGIN).unwrap_or(deadline);
        let last = last.min(Instant::now() + self.config.investigation_budget * 2);
        let walked: Vec<(PendingAlert<'_>, Assessment)> =
            stream::iter(dues).map(|due| self.walk(due, last)).buffered(SIDE_BY_SIDE).collect().await;
        let mut told = LastAlert::default();
        for page in group_by_root(walked) {
            match self.tell_page(page, deadline).await {
                Ok(alerted) => told.alerts += usize::from(alerted),
                Err(error) => {
                    error!(error = format!("{error:#}"), "an alert could not be published");
                    told.failure.get_or_insert(error);
                }
            }
        }
        told
    }

    /// Tells incidents that share a root, or the one that has none. `false` where another tells the page.
    async fn tell_page(&self, folded: AlertGroup<'_>, deadline: Instant) -> anyhow::Result<bool> {
        let AlertGroup { root, walked } = folded;
        let mut walked = walked;
        let Some(root) = root else {
            let (due, judgement) = walked.pop().context("a fold holds at least one incident")?;
            return self.publish(due, judgement, deadline).await.map(|()| true);
        };
        match self.join(&root, &walked, deadline).await {
            Ok(Some((page, owner, tell, members))) => {
                let (leader, judgement) = walked.remove(0);
                let due = PendingAlert { page, owner, tell, members, ..leader };
                let leased: Vec<(Fingerprint, String)> = [(due.news.fingerprint.clone(), leader.owner)]
                    .into_iter()
                    .chain(walked.iter().map(|(due, _)| (due.page.fingerprint.clone(), due.owner.clone())))
                    .collect();
                let store = due.store;
                let published = self.publish(due, judgement, deadline).await;
                let settled = if published.is_ok() { Release::Merged(root) } else { Release::Retry };
                for (fingerprint, owner) in leased {
                    self.settle(store, &fingerprint, &owner, &settled).await;
                }
                published.map(|()| true)
            }
            Ok(None) => {
                for (due, _) in walked {
                    info!(incident.id = due.page.id, page = root.as_str(), "told on another's page");
                    self.settle(due.store, &due.page.fingerprint, &due.owner, &Release::Merged(root.clone()))
                        .await;
                }
                Ok(false)
            }
            Err(error) => {
                error!(
                    error = error.to_string(),
                    "the incident store failed; telling each incident by itself"
                );
                let mut failure = None;
                for (due, judgement) in walked {
                    let told =
                        self.publish(PendingAlert { may_repeat: true, ..due }, judgement, deadline).await;
                    failure = failure.or(told.err());
                }
                failure.map_or(Ok(true), Err)
            }
        }
    }

    /// Puts incidents on their root's page; the page, where it has to be told and the lease on it was to be had.
    async fn join(
        &self,
        root: &Fingerprint,
        walked: &[(PendingAlert<'_>, Assessment)],
        deadline: Instant,
    ) -> Result<Option<(Incident, String, Decision, Vec<Incident>)>, StoreError> {
        let now = (self.now)();
        let (leader, _) = &walked[0];
        let mut page = None;
        for (due, _) in walked {
            page = Some(due.store.join(root, &due.page, now).await?);
        }
        let Some(page) = page else { return Ok(None) };
        let members = self.members(leader.store, &page, Some(&leader.page), now).await?;
        // What only this container remembers grows unseen by the caretaker: whatever is new on such a page is told at once.
        let alone = leader.may_repeat.then(|| leader.tell.clone());
        let due = incidents::decide(&page, &Rollup::of(&members), now, self.policy());
        let Some(tell) = due.or(alone) else { return Ok(None) };
        let (store, may_repeat, news) = (leader.store, leader.may_repeat, leader.news.clone());
        let due = PendingAlert { store, may_repeat, page, members, owner: self.owner(), tell, news };
        let claimed = self.claim(&due, now, deadline).await?;
        Ok(claimed.then_some((due.page, due.owner, due.tell, due.members)))
    }

    /// Publishes, then settles.
    pub(crate) async fn publish(
        &self,
        due: PendingAlert<'_>,
        judgement: Assessment,
        deadline: Instant,
    ) -> anyhow::Result<()> {
        let now = (self.now)();
        let fault = fault(&judgement);
        let sum = Rollup::of(&due.members);
        let told = incidents::told(&due.page, &sum, due.tell.status, fault, now);
        self.publish_as(due, judgement, told, deadline).await
    }

    /// Publishes, and remembers it as this.
    pub(crate) async fn publish_as(
        &self,
        due: PendingAlert<'_>,
        judgement: Assessment,
        told: incidents::LastAlert,
        deadline: Instant,
    ) -> anyhow::Result<()> {
        let PendingAlert { store, may_repeat, page, members, owner, tell, news } = due;
        let (incident, also_hit) = view(&page, members, &news);
        let Decision { status, reason } = tell;
        let alert =
            Alert { incident, status, reason, may_repeat, news, judgement, also_hit, also_hit_more: 0 };
        let message = alerts::message(&alert);
        if let Err(error) = self.deliver(&message, deadline).await {
            self.settle(store, &page.fingerprint, &owner, &Release::Retry).await;
            return Err(error).with_context(|| format!("alert of incident `{}` was not delivered", page.id));
        }
        let cause = alert.news.example.cause.slug;
        self.tally.count(Metric::Alerts, "", 1);
        info!(incident.id = page.id, cause, status = status.as_str(), "published an alert");
        self.settle(store, &page.fingerprint, &owner, &Release::Alerted(told)).await;
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
                Err(_) => anyhow::anyhow!("the invocation's time was up before anybody answered"),
            };
            if Instant::now() + pause >= last {
                return Err(error);
            }
            warn!(error = format!("{error:#}"), "publishing failed; trying again");
            sleep(pause).await;
            pause *= 2;
        }
    }

    pub(crate) async fn settle(
        &self,
        store: &dyn Store,
        fingerprint: &Fingerprint,
        owner: &str,
        settled: &Release,
    ) {
        if let Err(error) = store.settle(fingerprint, owner, settled).await {
            warn!(error = error.to_string(), "an incident was not settled; it may be told again");
        }
    }
}
