//! What the caretaker does at each invocation: looks after incidents, keeps log groups subscribed, and says where a failure
//! would go unseen.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use aws_types::SdkConfig;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};
use tracing::{info, warn};

use crate::alerts::sns::Sns;
use crate::aws::LogGroup;
use crate::aws::live::logs::Logs;
use crate::aws::live::{LiveAccount, why_of};
use crate::coverage::{
    BlindSpot, GapKind, GroupStatus, Inventory, Mode, RateLimiter, ReconcileReport, Reconciler, ScanDepth,
    Scope, StartAt, blind_spots, scan,
};
use crate::functions::config::CaretakerConfig;
use crate::functions::metrics::{Metric, Tally};
use crate::functions::respond::Responder;
use crate::functions::stack::Request;
use crate::functions::sweep::SweepReport;

/// Time kept for the report and for CloudFormation's answer.
const MARGIN: Duration = Duration::from_secs(10);

/// Calls a second on API Gateway's control plane, which gives an account ten, shared with everybody's deployments, and
/// `GetResources` two and a half: <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>
const CONTROL_PLANE_CALLS: u32 = 2;

/// Everything a Lambda container keeps between invocations.
pub struct Caretaker {
    /// What the environment asks for.
    pub config: CaretakerConfig,
    /// What looks after incidents: the responder's own way of telling.
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
    pub tally: Tally,
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
    watched: BTreeSet<String>,
    pub(crate) spots: BTreeSet<BlindSpot>,
}

impl Caretaker {
    /// Does what an event asks for, before the invocation's deadline; answers with a summary.
    ///
    /// # Errors
    ///
    /// A request of CloudFormation's that can't be read or answered.
    pub async fn handle(&self, event: &[u8], deadline: Instant) -> anyhow::Result<Value> {
        let deadline = deadline.checked_sub(MARGIN).unwrap_or(deadline);
        match Task::of(event).context("cannot read the request of CloudFormation")? {
            Task::Incidents => self.care(deadline).await,
            Task::ReconcileReport => {
                // Incidents first: somebody may be waiting for them. What fails there must not blind us for the rest.
                let care = self.care(deadline).await;
                let mut answer = self.round(deadline).await;
                answer["incidents"] = care?;
                Ok(answer)
            }
            Task::NewGroup(name) => Ok(self.new_group(name, deadline).await),
            Task::Stack(request) => self.stack(&request, deadline).await,
        }
    }

    /// Finishes what a crash left half done, reminds, and resolves.
    async fn care(&self, deadline: Instant) -> anyhow::Result<Value> {
        let SweepReport { open, alerts, left } = self.incidents.care(deadline).await?;
        Ok(json!({ "open": open, "alerts": alerts, "left": left }))
    }

    /// What is watched, and what is not.
    async fn round(&self, deadline: Instant) -> Value {
        // Subscribing may take two thirds of the time: what is blind is worth knowing even where there is much to subscribe.
        let now = Instant::now();
        let half_way = now + deadline.saturating_duration_since(now) * 2 / 3;
        let round = self.subscribe(half_way).await;
        let seen = self.scan(round, deadline).await;
        self.report(&seen, blind_spots(&seen))
    }

    async fn new_group(&self, name: String, deadline: Instant) -> Value {
        if !name.starts_with(&self.config.shared.log_group_prefix) {
            return summary(&ReconcileReport::default());
        }
        let group = LogGroup { name, subscribable: true };
        let upkeep = self.upkeep(&self.config.scope, deadline);
        let round = upkeep.each(&[group], &mut self.pace(), &mut |_, _| {}).await;
        changes(&round);
        summary(&round)
    }

    /// Subscribes what is to be subscribed, beginning where the last round stopped.
    pub(crate) async fn subscribe(&self, deadline: Instant) -> ReconcileReport {
        self.go_through(&self.upkeep(&self.config.scope, deadline)).await
    }

    /// Goes through all log groups, from where the last round stopped.
    pub(crate) async fn go_through(&self, upkeep: &Reconciler<'_>) -> ReconcileReport {
        let behind = self.remembered().stopped_after.clone();
        let minute = u64::try_from((self.now)().as_second() / 60).unwrap_or(0);
        let begin = behind.as_deref().map_or(StartAt::Turn(minute), StartAt::Behind);
        let prefix = &self.config.shared.log_group_prefix;
        let round = upkeep.all(prefix, begin, &mut self.pace(), &mut |_, _| {}).await;
        self.remembered().stopped_after.clone_from(&round.stopped_after);
        changes(&round);
        round
    }

    /// Reads what blind spots are found in.
    async fn scan(&self, round: ReconcileReport, deadline: Instant) -> Inventory {
        let shared = &self.config.shared;
        let mut seen = Inventory {
            region: shared.region.clone(),
            prefix: shared.log_group_prefix.clone(),
            lost: self.remember(&round),
            delivered: self.delivered(deadline).await,
            ours: Some(self.config.filter.clone()),
            round,
            ..Inventory::default()
        };
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
        let mut pace = RateLimiter::per_second(CONTROL_PLANE_CALLS);
        scan(&self.apis, seen, ScanDepth::Blind, deadline, &mut pace, &mut |_, _| {}).await
    }

    /// Where the groups of delivered logs stand: they are looked at and never changed.
    async fn delivered(&self, deadline: Instant) -> Vec<(String, GroupStatus)> {
        let groups = self.config.shared.delivered_log_groups.iter();
        let groups: Vec<LogGroup> =
            groups.map(|name| LogGroup { name: name.clone(), subscribable: true }).collect();
        let everything = Scope::default();
        let upkeep = Reconciler { mode: Mode::Look, ..self.upkeep(&everything, deadline) };
        let round = upkeep.each(&groups, &mut self.pace(), &mut |_, _| {}).await;
        let gone = round.vanished.into_iter().map(|group| (group, GroupStatus::Unwatched));
        round.standing.into_iter().chain(gone).collect()
    }

    pub(crate) fn upkeep<'a>(&'a self, scope: &'a Scope, deadline: Instant) -> Reconciler<'a> {
        Reconciler { groups: &self.groups, ours: &self.config.filter, scope, mode: Mode::Change, deadline }
    }

    fn pace(&self) -> RateLimiter {
        RateLimiter::per_second(self.config.calls_per_second)
    }

    pub(crate) fn remembered(&self) -> MutexGuard<'_, Memory> {
        // A panic elsewhere leaves whole names behind.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers which groups are watched; those that were and had lost our filter.
    fn remember(&self, round: &ReconcileReport) -> Vec<String> {
        let mut memory = self.remembered();
        let lost = round.subscribed.iter().filter(|group| memory.watched.contains(*group)).cloned().collect();
        for (group, standing) in &round.standing {
            match standing {
                GroupStatus::Watched => memory.watched.insert(group.clone()),
                GroupStatus::NotReached => false,
                _ => memory.watched.remove(group),
            };
        }
        round.vanished.iter().for_each(|group| {
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
        let mut answer = summary(&seen.round);
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let watched = seen.round.count(|standing| *standing == GroupStatus::Watched);
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
pub(crate) fn changes(round: &ReconcileReport) {
    for (what, groups) in [
        ("subscribed", &round.subscribed),
        ("changed the filter of", &round.replaced),
        ("removed the filter of", &round.removed),
    ] {
        groups.iter().for_each(|log_group| info!(log_group, "{what} a log group"));
    }
    if let Some(why) = &round.unlisted {
        warn!(%why, "the log groups could not be listed");
    }
    for (log_group, standing) in &round.standing {
        if let GroupStatus::Failed(call, why) = standing {
            warn!(log_group, action = call.action(), %why, "a log group could not be looked after");
        }
    }
    if let Some(stopped_after) = &round.stopped_after {
        let left = round.count(|standing| *standing == GroupStatus::NotReached);
        warn!(
            left,
            stopped_after, "time was up before every log group had its turn; the next round goes on there"
        );
    }
}

/// A round in numbers.
pub(crate) fn summary(round: &ReconcileReport) -> Value {
    let standing = |wanted: fn(&GroupStatus) -> bool| round.count(wanted);
    json!({
        "groups": round.standing.len(),
        "watched": standing(|standing| *standing == GroupStatus::Watched),
        "subscribed": round.subscribed.len(),
        "replaced": round.replaced.len(),
        "removed": round.removed.len(),
        "vanished": round.vanished.len(),
        "left": standing(|standing| matches!(standing, GroupStatus::Left(_))),
        "failed": standing(|standing| matches!(standing, GroupStatus::Failed(..))),
        "not_reached": standing(|standing| *standing == GroupStatus::NotReached),
        "complete": round.is_complete(),
    })
}

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// The round that the schedule asks for: incidents and coverage.
    ReconcileReport,
    /// A look after incidents alone, which is due more often.
    Incidents,
    /// A log group has just been made.
    NewGroup(String),
    /// The stack is made, changed or deleted.
    Stack(Request),
}

#[derive(Deserialize)]
struct CaretakerEvent {
    only: Option<String>,
    detail: Option<EventDetail>,
    #[serde(rename = "RequestType")]
    request_type: Option<String>,
}

#[derive(Deserialize)]
struct EventDetail {
    #[serde(rename = "eventName")]
    name: Option<String>,
    #[serde(rename = "requestParameters")]
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    #[serde(rename = "logGroupName")]
    log_group: Option<String>,
}

impl Task {
    /// Reads an event. One that is neither of the others is the schedule's, whatever it holds.
    pub(crate) fn of(event: &[u8]) -> Result<Self, serde_json::Error> {
        let Ok(found) = serde_json::from_slice::<CaretakerEvent>(event) else {
            return Ok(Self::ReconcileReport);
        };
        if found.request_type.is_some() {
            return serde_json::from_slice(event).map(Self::Stack);
        }
        if found.only.as_deref() == Some("incidents") {
            return Ok(Self::Incidents);
        }
        let created = found.detail.filter(|detail| detail.name.as_deref() == Some("CreateLogGroup"));
        let group = created.and_then(|detail| detail.parameters?.log_group);
        Ok(group.map_or(Self::ReconcileReport, Self::NewGroup))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(event: &serde_json::Value, expected: &Task) {
        assert_eq!(&Task::of(event.to_string().as_bytes()).unwrap(), expected);
    }

    #[test]
    fn events_are_told_apart() {
        let group = "API-Gateway-Execution-Logs_a1b2c3d4e5/prod";
        check(
            &json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}),
            &Task::ReconcileReport,
        );
        check(&json!({}), &Task::ReconcileReport);
        check(&json!({"only": "incidents"}), &Task::Incidents);
        check(&json!("anything"), &Task::ReconcileReport);
        let created = json!({"source": "aws.logs", "detail": {
            "eventName": "CreateLogGroup", "requestParameters": {"logGroupName": group},
        }});
        check(&created, &Task::NewGroup(group.to_owned()));
    }

    #[test]
    fn a_request_of_cloudformations_that_misses_something_is_no_round() {
        assert!(Task::of(br#"{"RequestType":"Delete"}"#).is_err());
    }
}
