//! Goes through the log groups and does what was decided for each, until time is up.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::aws::{CallError, CoverageCall, Filter, LogGroup, LogGroups, ReadError};
use crate::coverage::plan::{Change, Scope, SkipReason, WantedGroup, change};

/// Whether anything is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Filters are put and removed.
    Change,
    /// Filters are only looked at.
    Look,
}

/// Where in the list of groups a round begins. It goes through all of them from there, while there is time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt<'a> {
    /// Behind the group at which the last round stopped.
    Behind(&'a str),
    /// With no saved position, at a different group each turn, so that none is always last.
    Turn(u64),
}

impl StartAt<'_> {
    fn place(self, groups: &[LogGroup]) -> usize {
        match self {
            Self::Behind(name) => groups.partition_point(|group| group.name.as_str() <= name),
            // Steps of the golden ratio leave no long gap between the places of a few turns.
            Self::Turn(turn) => {
                let share = u128::from(turn.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                usize::try_from((share * groups.len() as u128) >> 64).unwrap_or(0)
            }
        }
    }
}

/// Brings the subscription filters of log groups to what is wanted.
pub struct Reconciler<'a> {
    /// Who answers for AWS.
    pub groups: &'a dyn LogGroups,
    /// Our filter.
    pub ours: &'a Filter,
    /// What is meant to be watched.
    pub scope: &'a Scope,
    /// Whether to change anything.
    pub mode: Mode,
    /// No group is begun after this.
    pub deadline: Instant,
}

/// Where a log group stands after a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupStatus {
    /// Its lines reach the responder.
    Watched,
    /// Nothing reaches the responder, and nothing was changed.
    Unwatched,
    /// It stays as it is.
    Left(SkipReason),
    /// It was not tried, or not to the end: the call that failed, and why.
    Failed(CoverageCall, ReadError),
    /// Time was up before its turn.
    NotReached,
    /// A stage names it, and it does not exist.
    Missing,
}

/// What one round did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReconcileReport {
    /// Where each group stands. Groups that went away meanwhile are not among them.
    pub statuses: BTreeMap<String, GroupStatus>,
    /// Groups that got our filter.
    pub subscribed: Vec<String>,
    /// Groups whose filter of ours was changed.
    pub replaced: Vec<String>,
    /// Groups that lost our filter.
    pub removed: Vec<String>,
    /// Groups that went away while they were looked at.
    pub vanished: Vec<String>,
    /// The last group that was dealt with, where time was up before all were: the next round begins behind it.
    pub stopped_after: Option<String>,
    /// Why no groups could be listed.
    pub unlisted: Option<ReadError>,
}

impl ReconcileReport {
    /// How many groups stand so.
    pub fn count(&self, wanted: impl Fn(&GroupStatus) -> bool) -> usize {
        self.statuses.values().filter(|status| wanted(status)).count()
    }

    /// Adds what was done for groups that stages name.
    pub fn extend(&mut self, named: Self) {
        self.statuses.extend(named.statuses);
        self.subscribed.extend(named.subscribed);
        self.replaced.extend(named.replaced);
        self.removed.extend(named.removed);
    }

    /// Adds what a second round over the same groups did.
    pub fn absorb(&mut self, more: Self) {
        self.unlisted = self.unlisted.take().or(more.unlisted);
        self.stopped_after = self.stopped_after.take().or(more.stopped_after);
        self.removed.extend(more.removed);
        for (group, status) in more.statuses {
            // Of two states of a group the one that failed counts.
            if matches!(status, GroupStatus::Failed(..) | GroupStatus::NotReached) {
                self.statuses.insert(group, status);
            }
        }
    }

    /// Whether every group was listed and had its turn.
    pub fn is_complete(&self) -> bool {
        self.unlisted.is_none() && self.stopped_after.is_none()
    }
}

impl Reconciler<'_> {
    /// Deals with every group of a prefix. `progress` is told how many of how many are done.
    pub async fn all(
        &self,
        prefix: &str,
        begin: StartAt<'_>,
        limiter: &mut RateLimiter,
        progress: &mut (dyn FnMut(usize, usize) + Send),
    ) -> ReconcileReport {
        let mut groups = match self.listed(prefix, limiter).await {
            Ok(groups) => groups,
            Err(refused) => {
                return ReconcileReport { unlisted: Some(refused.why()), ..ReconcileReport::default() };
            }
        };
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        groups.dedup_by(|a, b| a.name == b.name);
        let place = begin.place(&groups);
        groups.rotate_left(place);
        let mut report = self.each(&groups, limiter, progress).await;
        if let (Some(""), StartAt::Behind(name)) = (report.stopped_after.as_deref(), begin) {
            report.stopped_after = Some(name.to_owned());
        }
        report
    }

    async fn listed(&self, prefix: &str, limiter: &mut RateLimiter) -> Result<Vec<LogGroup>, CallError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.groups.groups(prefix).await {
                Err(refused) if refused.is_passing() && tries < TRIES && Instant::now() < self.deadline => {
                    limiter.back_off(tries);
                    limiter.turn().await;
                }
                listed => return listed,
            }
        }
    }

    /// Deals with groups that stages name, each with a pattern of its own.
    pub async fn named(
        &self,
        wanted: &BTreeMap<String, WantedGroup>,
        limiter: &mut RateLimiter,
    ) -> ReconcileReport {
        let mut all = ReconcileReport::default();
        for (name, group) in wanted {
            if Instant::now() >= self.deadline {
                all.statuses.insert(name.clone(), GroupStatus::NotReached);
                continue;
            }
            limiter.turn().await;
            // Only a list tells the class; to find it out by a call that is refused would look like a fault.
            let found = match self.groups.groups(name).await {
                Ok(found) => found.into_iter().find(|found| found.name == *name),
                Err(refused) => {
                    let status = GroupStatus::Failed(CoverageCall::DescribeLogGroups, refused.why());
                    all.statuses.insert(name.clone(), status);
                    continue;
                }
            };
            let ours = Filter { pattern: group.pattern.clone(), ..self.ours.clone() };
            let one = Reconciler { ours: &ours, ..*self };
            let mut report = match found {
                Some(found) => one.each(&[found], limiter, &mut |_, _| {}).await,
                None => ReconcileReport { vanished: vec![name.clone()], ..ReconcileReport::default() },
            };
            report.statuses.extend(report.vanished.drain(..).map(|group| (group, GroupStatus::Missing)));
            all.extend(report);
        }
        all
    }

    /// Deals with these groups in this order.
    pub async fn each(
        &self,
        groups: &[LogGroup],
        limiter: &mut RateLimiter,
        progress: &mut (dyn FnMut(usize, usize) + Send),
    ) -> ReconcileReport {
        let mut report = ReconcileReport::default();
        let mut last = None;
        for (done, group) in groups.iter().enumerate() {
            progress(done, groups.len());
            if Instant::now() >= self.deadline {
                report.statuses.insert(group.name.clone(), GroupStatus::NotReached);
                // Where not even one was reached, the next round begins at the first again.
                report.stopped_after.get_or_insert_with(|| last.clone().unwrap_or_default());
                continue;
            }
            if let Some(status) = self.one(group, limiter, &mut report).await {
                report.statuses.insert(group.name.clone(), status);
            }
            last = Some(group.name.clone());
        }
        progress(groups.len(), groups.len());
        report
    }

    /// Deals with one group; `None` where it is gone. What is refused for the moment is looked at afresh and tried again: the
    /// group's filters may be others by then.
    async fn one(
        &self,
        group: &LogGroup,
        limiter: &mut RateLimiter,
        report: &mut ReconcileReport,
    ) -> Option<GroupStatus> {
        let (mut tries, mut throttled) = (0, 0);
        loop {
            limiter.turn().await;
            let (call, refused) = match self.try_once(group, report).await {
                Ok(status) => return Some(status),
                Err(failed) => failed,
            };
            // Being throttled says nothing of this group: the next would be too. All wait until it ends, or time is up.
            if refused == CallError::Other(ReadError::Throttled) {
                throttled += 1
            } else {
                tries += 1
            }
            match refused {
                CallError::Gone => {
                    report.vanished.push(group.name.clone());
                    return None;
                }
                passing if passing.is_passing() && tries < TRIES && Instant::now() < self.deadline => {
                    limiter.back_off(tries + throttled);
                }
                lasting => return Some(GroupStatus::Failed(call, lasting.why())),
            }
        }
    }

    async fn try_once(
        &self,
        group: &LogGroup,
        report: &mut ReconcileReport,
    ) -> Result<GroupStatus, (CoverageCall, CallError)> {
        let name = &group.name;
        let filters = self.groups.filters(name).await;
        let filters = filters.map_err(|refused| (CoverageCall::DescribeSubscriptionFilters, refused))?;
        let change = change(group, &filters, self.ours, self.scope);
        let may_change = self.mode == Mode::Change;
        match change {
            Change::Keep => Ok(GroupStatus::Watched),
            Change::SkipReason(leave) => Ok(GroupStatus::Left(leave)),
            Change::Replace | Change::Remove if !may_change => Ok(GroupStatus::Watched),
            Change::Subscribe if !may_change => Ok(GroupStatus::Unwatched),
            Change::Subscribe | Change::Replace => {
                let put = self.groups.put(name, self.ours).await;
                put.map_err(|refused| (CoverageCall::PutSubscriptionFilter, refused))?;
                let list =
                    if change == Change::Subscribe { &mut report.subscribed } else { &mut report.replaced };
                list.push(name.clone());
                Ok(GroupStatus::Watched)
            }
            Change::Remove => {
                match self.groups.remove(name, &self.ours.name).await {
                    // Another caller removed it first.
                    Ok(()) | Err(CallError::Gone) => report.removed.push(name.clone()),
                    Err(refused) => return Err((CoverageCall::DeleteSubscriptionFilter, refused)),
                }
                Ok(GroupStatus::Left(SkipReason::OutOfScope))
            }
        }
    }
}

/// Times that a group is tried before it is left for the next run; being throttled does not count.
const TRIES: u32 = 6;

/// The longest wait between two tries. The quota is one of seconds: longer waits gain nothing.
const LONGEST: Duration = Duration::from_secs(2);

/// Keeps calls apart. An account's subscription filters may be listed, put and deleted five times a second each, by
/// all callers together: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>
#[derive(Clone, Debug)]
pub struct RateLimiter {
    apart: Duration,
    next: Option<Instant>,
}

impl RateLimiter {
    /// So many calls a second at most.
    pub fn per_second(calls: u32) -> Self {
        Self { apart: Duration::from_secs(1) / calls.max(1), next: None }
    }

    /// Waits for the next call's turn.
    pub async fn turn(&mut self) {
        if let Some(next) = self.next {
            sleep_until(next).await;
        }
        self.next = Some(Instant::now() + self.apart);
    }

    /// Puts the next turn off after a call that was refused for the moment: twice as long at every try.
    pub fn back_off(&mut self, tries: u32) {
        self.next = Some(Instant::now() + self.wait(tries));
    }

    fn wait(&self, tries: u32) -> Duration {
        self.apart.saturating_mul(2_u32.saturating_pow(tries)).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(number: usize) -> Vec<LogGroup> {
        (0..number).map(|number| LogGroup { name: format!("{number:04}"), subscribable: true }).collect()
    }

    #[test]
    fn a_round_begins_behind_the_group_at_which_the_last_one_stopped() {
        let groups = groups(10);
        assert_eq!(StartAt::Behind("0003").place(&groups), 4);
        assert_eq!(StartAt::Behind("0003x").place(&groups), 4, "it is gone meanwhile");
        assert_eq!([StartAt::Behind("").place(&groups), StartAt::Behind("9").place(&groups)], [0, 10]);
    }

    #[test]
    fn rounds_that_know_of_no_last_one_reach_every_group_within_a_day() {
        // A round every quarter of an hour that has time for a twentieth of the groups.
        let groups = groups(2000);
        let mut reached = vec![false; groups.len()];
        for turn in (29_540_790..).step_by(15).take(96) {
            let place = StartAt::Turn(turn).place(&groups);
            (0..100).for_each(|change| reached[(place + change) % groups.len()] = true);
        }
        assert_eq!(reached.iter().filter(|reached| !**reached).count(), 0);
        assert_eq!(StartAt::Turn(7).place(&[]), 0);
    }

    #[test]
    fn each_try_waits_longer_up_to_a_bound() {
        let limiter = RateLimiter::per_second(4);
        let waits = [1, 2, 3, 4, 30].map(|tries| limiter.wait(tries).as_millis());
        assert_eq!(waits, [500, 1000, 2000, 2000, 2000]);
    }

    #[test]
    fn no_calls_at_all_is_one_a_second() {
        assert_eq!(RateLimiter::per_second(0).apart, Duration::from_secs(1));
    }
}
