//! What the caretaker does at each invocation: looks after incidents, keeps log groups subscribed, and says where a failure
//! would go unseen.

use crate::alerts::sns;
use crate::functions::caretaker_report;

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use aws_types::SdkConfig;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use crate::alerts::sns::Sns;
use crate::aws::live::logs::Logs;
use crate::aws::live::{LiveAccount, why_of};
use crate::coverage::{
    BlindSpot, GroupStatus, Inventory, LogGroup, Mode, RateLimiter, ReconcileReport, Reconciler, ScanDepth,
    Scope, StartAt, Subscriber, blind_spots, scan,
};
use crate::functions::config_caretaker::CaretakerConfig;
use crate::functions::metrics::Tally;
use crate::functions::respond::Responder;
use crate::functions::sweep::SweepReport;
use crate::functions::task::Task;

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
    /// What is measured until somebody writes it down.
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
            return caretaker_report::summary(&ReconcileReport::default());
        }
        let group = LogGroup { name, subscribable: true };
        let upkeep = self.upkeep(&self.config.scope, deadline);
        let round = upkeep.each(&[group], &mut self.pace(), &mut |_, _| {}).await;
        caretaker_report::changes(&round);
        caretaker_report::summary(&round)
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
        caretaker_report::changes(&round);
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
            Ok(found) => {
                let one =
                    |one: sns::Subscription| Subscriber { protocol: one.protocol, confirmed: one.confirmed };
                seen.subscribers = Some(found.into_iter().map(one).collect());
            }
            Err(code) => seen.missed_subscribers(why_of(code)),
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
