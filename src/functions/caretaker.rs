//! What the caretaker does at each invocation: looks after incidents, keeps log groups subscribed, and says where a failure
//! would go unseen.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_types::SdkConfig;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::{info, warn};

use crate::alerts::sns::Sns;
use crate::aws::LogGroup;
use crate::aws::live::LiveAccount;
use crate::aws::live::errors::why_of;
use crate::aws::live::logs::Logs;
use crate::coverage::{
    BlindSpot, GapKind, GroupStatus, Inventory, Mode, RateLimiter, ReconcileReport, Reconciler, ScanDepth,
    Scope, StartAt, WantedGroup, blind_spots, scan,
};
use crate::functions::config::CaretakerConfig;
use crate::functions::metrics::{Metric, Metrics};
use crate::functions::respond::Responder;
use crate::functions::sweep::SweepReport;

/// Calls a second on API Gateway's control plane, which gives an account ten, shared with all deployments, and
/// `GetResources` two and a half: <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>
const CONTROL_PLANE_CALLS: u32 = 2;

/// What the table keeps of log groups is written again after this; it expires after a week.
const KEPT_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// Everything a Lambda container keeps between invocations.
pub struct Caretaker {
    /// What the environment asks for.
    pub config: CaretakerConfig,
    /// Looks after incidents, with the responder's own way of publishing alerts.
    pub incidents: Responder,
    /// The log groups.
    pub groups: Logs,
    /// The APIs.
    pub apis: LiveAccount,
    /// Where alerts go.
    pub topic: Sns,
    /// Where the alarms about the stack itself go.
    pub alarm_topic: Option<Sns>,
    /// What is measured until it is written to the log.
    pub tally: Metrics,
    /// What the last invocations saw; a new container begins without it.
    pub memory: Mutex<Memory>,
    /// For the answer to CloudFormation.
    pub sdk: SdkConfig,
    /// The clock.
    pub now: fn() -> Timestamp,
}

/// What one container remembers of its last round.
#[derive(Debug, Default)]
pub struct Memory {
    stopped_after: Option<String>,
    /// When all that is kept of log groups was written last: what is not written again expires.
    kept_at: Option<Timestamp>,
    watched: BTreeSet<String>,
    pub(crate) spots: BTreeSet<BlindSpot>,
}

impl Caretaker {
    /// Finishes what a crash left half done, reminds, and resolves.
    pub(crate) async fn care(&self, deadline: Instant) -> anyhow::Result<Value> {
        let SweepReport { open, alerts, left } = self.incidents.care(deadline).await?;
        Ok(json!({ "open": open, "alerts": alerts, "left": left }))
    }

    /// What is watched, and what is not.
    pub(crate) async fn round(&self, deadline: Instant) -> Value {
        // Subscribing may take two thirds of the time: what is blind is worth knowing even where there is much to subscribe.
        let now = Instant::now();
        let half_way = now + deadline.saturating_duration_since(now) * 2 / 3;
        let report = self.subscribe(half_way).await;
        let mut seen = self.scan(report, deadline).await;
        self.watch_named(&mut seen, deadline).await;
        self.report(&seen, blind_spots(&seen))
    }

    /// Keeps who writes to which group in the table, and subscribes the groups that stages name themselves.
    async fn watch_named(&self, seen: &mut Inventory, deadline: Instant) {
        let (store, now) = (&self.incidents.store, (self.now)());
        let wanted = seen.wanted_groups(&self.config.filter.pattern);
        let kept = store.all_log_writers(now).await.inspect_err(|error| {
            warn!(
                error = error.to_string(),
                "could not read from the table which stages write to which log group"
            );
        });
        let kept = kept.unwrap_or_default();
        let renew = self.remembered().kept_at.is_none_or(|at| now.duration_since(at).abs() > KEPT_AGAIN);
        let mut all_kept = true;
        for (group, WantedGroup { writers, .. }) in &wanted {
            // First the table, then the filter: a line must not come before it is known whose it is.
            if renew || kept.get(group) != Some(writers) {
                let saved = store.save_log_writers(group, Some(writers), now).await;
                all_kept &= saved.is_ok();
                if let Err(error) = saved {
                    warn!(
                        log_group = group,
                        error = error.to_string(),
                        "could not save which stages write to a log group"
                    );
                }
            }
        }
        if renew && all_kept {
            self.remembered().kept_at = Some(now);
        }
        let reconciler = self.reconciler(&self.config.scope, deadline);
        let report = reconciler.named(&wanted, &mut self.limiter()).await;
        changes(&report);
        seen.report.extend(report);
        // What could not be read may well be wanted.
        if seen.unread.is_empty() && seen.skipped == 0 {
            let left = kept.keys().filter(|group| !wanted.contains_key(*group));
            let left: Vec<String> = left.cloned().collect();
            self.forget_named(&left, deadline).await;
        }
    }

    /// Removes our filter from groups that stages named once, and forgets them.
    async fn forget_named(&self, groups: &[String], deadline: Instant) {
        let (store, now) = (&self.incidents.store, (self.now)());
        for name in groups {
            // Those that are named like an execution log's have been dealt with.
            if !name.starts_with(&self.config.shared.log_group_prefix) {
                let ended = Scope::ended();
                let report =
                    self.unwatch(std::slice::from_ref(name), &self.reconciler(&ended, deadline)).await;
                if report.statuses.values().any(|status| !matches!(status, GroupStatus::Left(_))) {
                    continue;
                }
            }
            if let Err(error) = store.save_log_writers(name, None, now).await {
                warn!(log_group = name, error = error.to_string(), "a log group could not be forgotten");
            }
        }
    }

    /// Deals with groups as the reconciler's scope says.
    pub(crate) async fn unwatch(&self, names: &[String], reconciler: &Reconciler<'_>) -> ReconcileReport {
        let groups = names.iter().map(|name| LogGroup { name: name.clone(), subscribable: true });
        let groups: Vec<LogGroup> = groups.collect();
        let report = reconciler.each(&groups, &mut self.limiter(), &mut |_, _| {}).await;
        changes(&report);
        report
    }

    /// The groups, beside those named like an execution log's, that may hold a filter of ours: by the table, and where that
    /// says nothing by what the stages name now.
    pub(crate) async fn named_groups(&self, deadline: Instant) -> Vec<String> {
        let kept = self.incidents.store.all_log_writers((self.now)()).await.unwrap_or_default();
        let mut named: BTreeSet<String> = kept.into_keys().collect();
        if named.is_empty() {
            let seen = Inventory { access_logs: true, ..self.inventory(ReconcileReport::default()) };
            let mut limiter = RateLimiter::per_second(CONTROL_PLANE_CALLS);
            // Half of the time is for removing what is found.
            let now = Instant::now();
            let half_way = now + deadline.saturating_duration_since(now) / 2;
            let seen =
                scan(&self.apis, seen, ScanDepth::Everything, half_way, &mut limiter, &mut |_, _| {}).await;
            named.extend(seen.wanted_groups("").into_keys());
        }
        named.retain(|name| !name.starts_with(&self.config.shared.log_group_prefix));
        named.into_iter().collect()
    }

    fn inventory(&self, report: ReconcileReport) -> Inventory {
        let shared = &self.config.shared;
        Inventory {
            region: shared.region.clone(),
            prefix: shared.log_group_prefix.clone(),
            delivered: shared.delivered_log_groups.clone(),
            access_logs: shared.access_logs,
            ours: Some(self.config.filter.clone()),
            report,
            ..Inventory::default()
        }
    }

    pub(crate) async fn new_group(&self, name: String, deadline: Instant) -> Value {
        if !name.starts_with(&self.config.shared.log_group_prefix) {
            return summary(&ReconcileReport::default());
        }
        let group = LogGroup { name, subscribable: true };
        let reconciler = self.reconciler(&self.config.scope, deadline);
        let report = reconciler.each(&[group], &mut self.limiter(), &mut |_, _| {}).await;
        changes(&report);
        summary(&report)
    }

    /// Subscribes what is to be subscribed, beginning where the last round stopped.
    pub(crate) async fn subscribe(&self, deadline: Instant) -> ReconcileReport {
        self.go_through(&self.reconciler(&self.config.scope, deadline)).await
    }

    /// Goes through all log groups, from where the last round stopped.
    pub(crate) async fn go_through(&self, reconciler: &Reconciler<'_>) -> ReconcileReport {
        let behind = self.remembered().stopped_after.clone();
        let minute = u64::try_from((self.now)().as_second() / 60).unwrap_or(0);
        let begin = behind.as_deref().map_or(StartAt::Turn(minute), StartAt::Behind);
        let prefix = &self.config.shared.log_group_prefix;
        let report = reconciler.all(prefix, begin, &mut self.limiter(), &mut |_, _| {}).await;
        self.remembered().stopped_after.clone_from(&report.stopped_after);
        changes(&report);
        report
    }

    /// Reads what blind spots are found in.
    async fn scan(&self, report: ReconcileReport, deadline: Instant) -> Inventory {
        let lost = self.remember(&report);
        let mut seen = Inventory { lost, ..self.inventory(report) };
        match self.topic.subscriptions().await {
            Ok(found) => seen.subscriptions = Some(found),
            Err(code) => seen.missed_subscriptions("alert", why_of(code)),
        }
        if let Some(topic) = &self.alarm_topic {
            match topic.subscriptions().await {
                Ok(found) => seen.alarm_subscriptions = Some(found),
                Err(code) => seen.missed_subscriptions("alarm", why_of(code)),
            }
        }
        let mut limiter = RateLimiter::per_second(CONTROL_PLANE_CALLS);
        scan(&self.apis, seen, ScanDepth::Blind, deadline, &mut limiter, &mut |_, _| {}).await
    }

    pub(crate) fn reconciler<'a>(&'a self, scope: &'a Scope, deadline: Instant) -> Reconciler<'a> {
        Reconciler { groups: &self.groups, ours: &self.config.filter, scope, mode: Mode::Change, deadline }
    }

    fn limiter(&self) -> RateLimiter {
        RateLimiter::per_second(self.config.calls_per_second)
    }

    pub(crate) fn remembered(&self) -> MutexGuard<'_, Memory> {
        // A panic elsewhere leaves whole names behind.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers which groups are watched; those that were and had lost our filter.
    fn remember(&self, report: &ReconcileReport) -> Vec<String> {
        let mut memory = self.remembered();
        let lost =
            report.subscribed.iter().filter(|group| memory.watched.contains(*group)).cloned().collect();
        for (group, status) in &report.statuses {
            match status {
                GroupStatus::Watched => memory.watched.insert(group.clone()),
                GroupStatus::NotReached => false,
                _ => memory.watched.remove(group),
            };
        }
        report.vanished.iter().for_each(|group| {
            memory.watched.remove(group);
        });
        lost
    }
}

/// Blind spots that the answer names; the log has all of them.
const MOST_NAMED: usize = 50;

impl Caretaker {
    /// Logs what is new about blind spots, counts them, and answers with a summary.
    pub(crate) fn report(&self, seen: &Inventory, spots: Vec<BlindSpot>) -> Value {
        let mut answer = summary(&seen.report);
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let watched = seen.report.count(|status| *status == GroupStatus::Watched);
        self.tally.count(Metric::GroupsWatched, "", count(watched));
        let to_mend = spots.iter().filter(|spot| spot.kind.is_to_mend()).count();
        if to_mend > 0 {
            self.tally.count(Metric::CoverageGaps, "", count(to_mend));
        }
        for kind in GapKind::ALL {
            let of_kind = spots.iter().filter(|spot| spot.kind == kind).count();
            // CloudWatch charges for every metric that has a value in an hour, were it zero.
            if of_kind > 0 {
                self.tally.count(Metric::BlindSpots, kind.as_str(), count(of_kind));
            }
        }
        answer["blind_spots"] = json!(spots.len());
        answer["blind"] = spots
            .iter()
            .take(MOST_NAMED)
            .map(|spot| json!({ "kind": spot.kind.as_str(), "of": spot.of }))
            .collect();
        self.tell_changes(spots.into_iter().collect());
        answer
    }

    /// Logs blind spots that the last round of this container did not have, and those that are gone.
    fn tell_changes(&self, spots: BTreeSet<BlindSpot>) {
        let mut memory = self.remembered();
        for BlindSpot { kind, of, says, remedy, command } in spots.difference(&memory.spots) {
            let command = command.as_deref().unwrap_or_default();
            warn!(kind = kind.as_str(), of, says, remedy, command, "blind spot");
        }
        for BlindSpot { kind, of, .. } in memory.spots.difference(&spots) {
            info!(kind = kind.as_str(), of, "no blind spot any more");
        }
        memory.spots = spots;
    }
}

/// Logs which filters were changed.
pub(crate) fn changes(report: &ReconcileReport) {
    for (what, groups) in [
        ("subscribed", &report.subscribed),
        ("changed the filter of", &report.replaced),
        ("removed the filter of", &report.removed),
    ] {
        groups.iter().for_each(|log_group| info!(log_group, "{what} a log group"));
    }
    if let Some(why) = &report.unlisted {
        warn!(%why, "the log groups could not be listed");
    }
    for (log_group, status) in &report.statuses {
        if let GroupStatus::Failed(call, why) = status {
            warn!(log_group, action = call.action(), %why, "could not update a log group's subscription filter");
        }
    }
    if let Some(stopped_after) = &report.stopped_after {
        let left = report.count(|status| *status == GroupStatus::NotReached);
        warn!(
            left,
            stopped_after, "time was up before every log group had its turn; the next round goes on there"
        );
    }
}

/// A round in numbers.
pub(crate) fn summary(report: &ReconcileReport) -> Value {
    let status = |wanted: fn(&GroupStatus) -> bool| report.count(wanted);
    json!({
        "groups": report.statuses.len(),
        "watched": status(|status| *status == GroupStatus::Watched),
        "subscribed": report.subscribed.len(),
        "replaced": report.replaced.len(),
        "removed": report.removed.len(),
        "vanished": report.vanished.len(),
        "left": status(|status| matches!(status, GroupStatus::Left(_))),
        "failed": status(|status| matches!(status, GroupStatus::Failed(..))),
        "not_reached": status(|status| *status == GroupStatus::NotReached),
        "complete": report.is_complete(),
    })
}
