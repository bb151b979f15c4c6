//! What to do with one log group.

use crate::coverage::ports::{Filter, LogGroup};
use crate::coverage::scope::Scope;

/// Subscription filters that a log group can have; the quota can't be raised.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>
pub const MOST_FILTERS: usize = 2;

/// What to do with a log group. A filter that is not ours is never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is watched already.
    Keep,
    /// It gets our filter.
    Subscribe,
    /// It has our filter, which passes other lines or leads elsewhere.
    Replace,
    /// It has our filter and is not meant to be watched.
    Remove,
    /// It stays as it is, unwatched.
    SkipReason(SkipReason),
}

/// Why a group stays unwatched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// It is not meant to be watched.
    OutOfScope,
    /// Others have taken all its filters; their names.
    Full(Vec<String>),
    /// Its class allows no subscription.
    Class,
}

/// Decides for a group from its filters, ours among them or not. Ours is known by its name.
pub fn change(group: &LogGroup, filters: &[Filter], ours: &Filter, scope: &Scope) -> Change {
    let mine = filters.iter().find(|filter| filter.name == ours.name);
    if !scope.wants(&group.name) {
        return if mine.is_some() { Change::Remove } else { Change::SkipReason(SkipReason::OutOfScope) };
    }
    match mine {
        Some(mine) if mine == ours => Change::Keep,
        Some(_) => Change::Replace,
        // Somebody made it by hand; a second one would deliver every line twice.
        None if filters.iter().any(|filter| filter.destination == ours.destination) => Change::Keep,
        None if !group.subscribable => Change::SkipReason(SkipReason::Class),
        None if filters.len() >= MOST_FILTERS => {
            Change::SkipReason(SkipReason::Full(filters.iter().map(|filter| filter.name.clone()).collect()))
        }
        None => Change::Subscribe,
    }
}
