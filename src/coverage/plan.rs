//! What to do with one log group.

use crate::coverage::ports::{Filter, LogGroup};
use crate::coverage::scope::Scope;

/// Subscription filters that a log group can have; the quota can't be raised.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>
pub const MOST_FILTERS: usize = 2;

/// What to do with a log group. A filter that is not ours is never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is watched already.
    Keep,
    /// It gets our filter.
    Subscribe,
    /// It has our filter, which passes other lines or leads elsewhere.
    Replace,
    /// It has our filter and is not meant to be watched.
    Remove,
    /// It stays as it is, unwatched.
    Leave(Leave),
}

/// Why a group stays unwatched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leave {
    /// It is not meant to be watched.
    OutOfScope,
    /// Others have taken all its filters; their names.
    Full(Vec<String>),
    /// Its class allows no subscription.
    Class,
}

/// Decides for a group from its filters, ours among them or not. Ours is known by its name.
pub fn step(group: &LogGroup, filters: &[Filter], ours: &Filter, scope: &Scope) -> Step {
    let mine = filters.iter().find(|filter| filter.name == ours.name);
    if !scope.wants(&group.name) {
        return if mine.is_some() { Step::Remove } else { Step::Leave(Leave::OutOfScope) };
    }
    match mine {
        Some(mine) if mine == ours => Step::Keep,
        Some(_) => Step::Replace,
        // Somebody made it by hand; a second one would deliver every line twice.
        None if filters.iter().any(|filter| filter.destination == ours.destination) => Step::Keep,
        None if !group.subscribable => Step::Leave(Leave::Class),
        None if filters.len() >= MOST_FILTERS => {
            Step::Leave(Leave::Full(filters.iter().map(|filter| filter.name.clone()).collect()))
        }
        None => Step::Subscribe,
    }
}
