//! What to watch: which log groups, which of their lines, and what to do with one group. Pure.

use crate::aws::{Filter, LogGroup};
use crate::logs::{FAILURES, LogWriters};
use crate::text::matches;

/// What Lambda's own log groups begin with. A function that is handed what it writes never ends.
const FUNCTIONS: &str = "/aws/lambda/";

/// Which log groups are meant to be watched, among those of the prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Names to watch, with `*` for any text; empty for all.
    pub include: Vec<String>,
    /// Names to leave out, with `*` for any text; stronger than what is included.
    pub exclude: Vec<String>,
    /// The functions' own log groups, which are never watched.
    pub own: Vec<String>,
    /// Whether nothing is to be watched any more.
    pub ended: bool,
    /// Whether a filter of our name is ours only where it leads to our destination.
    pub by_destination: bool,
}

impl Scope {
    /// Watches nothing: every filter of ours goes.
    pub fn ended() -> Self {
        Self { ended: true, ..Self::default() }
    }

    /// Watches nothing under a name that our filter once had. By now it may be the name of another program's filter, so only
    /// filters that lead to our destination go.
    pub fn former() -> Self {
        Self { by_destination: true, ..Self::ended() }
    }

    /// Whether a group is meant to be watched.
    pub fn wants(&self, group: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|name| matches(name, group));
        let own = group.starts_with(FUNCTIONS) || self.own.iter().any(|own| own == group);
        let included = self.include.is_empty() || named(&self.include);
        !self.ended && !own && included && !named(&self.exclude)
    }
}

/// A group that is to be watched since stages write to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WantedGroup {
    pub writers: LogWriters,
    /// Which of its events the filter passes.
    pub pattern: String,
}

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
    let is_ours = |filter: &&Filter| {
        filter.name == ours.name && (!scope.by_destination || filter.destination == ours.destination)
    };
    let mine = filters.iter().find(is_ours);
    if !scope.wants(&group.name) {
        return if mine.is_some() { Change::Remove } else { Change::SkipReason(SkipReason::OutOfScope) };
    }
    match mine {
        Some(mine) if mine == ours => Change::Keep,
        Some(_) => Change::Replace,
        // It was made by hand; a second one would deliver every line twice.
        None if filters.iter().any(|filter| filter.destination == ours.destination) => Change::Keep,
        None if !group.subscribable => Change::SkipReason(SkipReason::Class),
        None if filters.len() >= MOST_FILTERS => {
            Change::SkipReason(SkipReason::Full(filters.iter().map(|filter| filter.name.clone()).collect()))
        }
        None => Change::Subscribe,
    }
}

/// What AWS takes at most as a filter's pattern.
pub const LONGEST_PATTERN: usize = 1024;

/// The pattern that passes every line.
pub const WIDE: &str = "";

/// The pattern that passes what proves a failure; the rest of the request is looked up when an alert is due.
///
/// `?` before a term makes it one of several of which any is enough; a term in quotes is a phrase, compared with its letter
/// case: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>
pub fn narrow() -> String {
    let statuses = STATUS.iter().flat_map(|words| statuses().map(move |status| format!("{words} {status}")));
    let openings = FAILURES.iter().chain(&[HELPER_LINE]).map(|&opening| opening.to_owned());
    let terms: Vec<String> = openings.chain(statuses).map(|phrase| format!("?\"{phrase}\"")).collect();
    terms.join(" ")
}

/// A line before the failure's own, which alone says that Lambda throttled.
const HELPER_LINE: &str = "Lambda invocation failed with status";

/// Words before the status that the client is sent, in `Method completed with status: 500` and `Gateway response type:
/// DEFAULT_5XX with status code: 500`. AWS does not say whether a phrase may end within a number, so every status is written
/// out.
const STATUS: [&str; 2] = ["status:", "code:"];

/// Statuses with a meaning: those of HTTP, of gateways in front of a backend, and of proxies. Only the wide pattern passes
/// another one, of a backend that makes up its own.
fn statuses() -> impl Iterator<Item = u16> {
    (500..=511).chain(520..=530).chain(598..=599)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_excluded_is_not_watched_even_where_it_is_included() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let scope =
            Scope { include: names(&["*/prod", "*/live"]), exclude: names(&["*_a1/*"]), ..Scope::default() };
        let wanted = |group| scope.wants(&format!("API-Gateway-Execution-Logs_{group}"));
        assert_eq!([wanted("b2/prod"), wanted("a1/prod"), wanted("b2/test")], [true, false, false]);
    }

    #[test]
    fn a_functions_own_group_is_never_watched() {
        let scope = Scope { own: vec!["logs/responder".to_owned()], ..Scope::default() };
        assert!(!scope.wants("logs/responder") && !scope.wants("/aws/lambda/caretaker"));
        assert!(!Scope::ended().wants("API-Gateway-Execution-Logs_a1/prod"));
    }
}
