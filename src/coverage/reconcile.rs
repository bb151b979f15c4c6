//! Goes through the log groups and does what was decided for each, until time is up.

use std::collections::BTreeMap;

use tokio::time::Instant;

use crate::aws::ReadError;
use crate::coverage::plan::{Change, SkipReason, change};
use crate::coverage::ports::{Call, Filter, LogGroup, LogGroups, Refused};
use crate::coverage::rate::{RateLimiter, TRIES};
use crate::coverage::scope::Scope;

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
    /// At another place each turn, where nobody knows of a last round: none is always the last.
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

/// What a round of upkeep is about.
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
    Failed(Call, ReadError),
    /// Time was up before its turn.
    NotReached,
}

/// What one round did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReconcileReport {
    /// Where each group stands. Groups that went away meanwhile are not among them.
    pub standing: BTreeMap<String, GroupStatus>,
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
        self.standing.values().filter(|standing| wanted(standing)).count()
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
        pace: &mut RateLimiter,
        progress: &mut (dyn FnMut(usize, usize) + Send),
    ) -> ReconcileReport {
        let mut groups = match self.listed(prefix, pace).await {
            Ok(groups) => groups,
            Err(refused) => {
                return ReconcileReport { unlisted: Some(refused.why()), ..ReconcileReport::default() };
            }
        };
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        groups.dedup_by(|a, b| a.name == b.name);
        let place = begin.place(&groups);
        groups.rotate_left(place);
        let mut round = self.each(&groups, pace, progress).await;
        if let (Some(""), StartAt::Behind(name)) = (round.stopped_after.as_deref(), begin) {
            round.stopped_after = Some(name.to_owned());
        }
        round
    }

    async fn listed(&self, prefix: &str, pace: &mut RateLimiter) -> Result<Vec<LogGroup>, Refused> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.groups.groups(prefix).await {
                Err(refused) if refused.is_passing() && tries < TRIES && Instant::now() < self.deadline => {
                    pace.back_off(tries);
                    pace.turn().await;
                }
                listed => return listed,
            }
        }
    }

    /// Deals with these groups in this order.
    pub async fn each(
        &self,
        groups: &[LogGroup],
        pace: &mut RateLimiter,
        progress: &mut (dyn FnMut(usize, usize) + Send),
    ) -> ReconcileReport {
        let mut round = ReconcileReport::default();
        let mut last = None;
        for (done, group) in groups.iter().enumerate() {
            progress(done, groups.len());
            if Instant::now() >= self.deadline {
                round.standing.insert(group.name.clone(), GroupStatus::NotReached);
                // Where not even one was reached, the next round begins at the first again.
                round.stopped_after.get_or_insert_with(|| last.clone().unwrap_or_default());
                continue;
            }
            if let Some(standing) = self.one(group, pace, &mut round).await {
                round.standing.insert(group.name.clone(), standing);
            }
            last = Some(group.name.clone());
        }
        progress(groups.len(), groups.len());
        round
    }

    /// Deals with one group; `None` where it is gone. What is refused for the moment is looked at afresh and tried again: the
    /// group's filters may be others by then.
    async fn one(
        &self,
        group: &LogGroup,
        pace: &mut RateLimiter,
        round: &mut ReconcileReport,
    ) -> Option<GroupStatus> {
        let (mut tries, mut throttled) = (0, 0);
        loop {
            pace.turn().await;
            let (call, refused) = match self.try_once(group, round).await {
                Ok(standing) => return Some(standing),
                Err(failed) => failed,
            };
            // Being throttled says nothing of this group: the next would be too. All wait until it ends, or time is up.
            if refused == Refused::ReadError(ReadError::Throttled) {
                throttled += 1
            } else {
                tries += 1
            }
            match refused {
                Refused::Gone => {
                    round.vanished.push(group.name.clone());
                    return None;
                }
                passing if passing.is_passing() && tries < TRIES && Instant::now() < self.deadline => {
                    pace.back_off(tries + throttled);
                }
                lasting => return Some(GroupStatus::Failed(call, lasting.why())),
            }
        }
    }

    async fn try_once(
        &self,
        group: &LogGroup,
        round: &mut ReconcileReport,
    ) -> Result<GroupStatus, (Call, Refused)> {
        let name = &group.name;
        let filters = self.groups.filters(name).await;
        let filters = filters.map_err(|refused| (Call::DescribeSubscriptionFilters, refused))?;
        let change = change(group, &filters, self.ours, self.scope);
        let may_change = self.mode == Mode::Change;
        match change {
            Change::Keep => Ok(GroupStatus::Watched),
            Change::SkipReason(leave) => Ok(GroupStatus::Left(leave)),
            Change::Replace | Change::Remove if !may_change => Ok(GroupStatus::Watched),
            Change::Subscribe if !may_change => Ok(GroupStatus::Unwatched),
            Change::Subscribe | Change::Replace => {
                let put = self.groups.put(name, self.ours).await;
                put.map_err(|refused| (Call::PutSubscriptionFilter, refused))?;
                let list =
                    if change == Change::Subscribe { &mut round.subscribed } else { &mut round.replaced };
                list.push(name.clone());
                Ok(GroupStatus::Watched)
            }
            Change::Remove => {
                match self.groups.remove(name, &self.ours.name).await {
                    // Somebody else removed it first.
                    Ok(()) | Err(Refused::Gone) => round.removed.push(name.clone()),
                    Err(refused) => return Err((Call::DeleteSubscriptionFilter, refused)),
                }
                Ok(GroupStatus::Left(SkipReason::OutOfScope))
            }
        }
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
}
