//! Known + now → whether to tell, as what, and why.

use crate::incidents::incident;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::incidents::alert::Status;
use crate::incidents::incident::{Incident, LastAlert};

/// How often people want to hear of the same thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// A lasting incident is told again after this.
    pub repeat: Duration,
    /// Quiet time before an incident may resolve.
    pub resolve_after: Duration,
}

/// What to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// As what.
    pub status: Status,
    /// Why.
    pub reason: String,
}

/// An escalation is told no sooner than this after the last message, and each one makes the next wait twice as long: a
/// fault that reaches one API after another is not one message an API.
pub const SETTLING: Duration = Duration::from_secs(300);

/// An order of magnitude.
const GROWTH: u64 = 10;

/// How everything that a page tells stands together; of an incident that is told by itself, how that stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rollup {
    /// Failures a minute.
    pub rate: Option<u64>,
    /// Failures a minute in the first minute.
    pub base: Option<u64>,
    /// Routes.
    pub routes: usize,
    /// Incidents.
    pub members: usize,
    /// When a failure was last counted.
    pub counted_at: Option<Timestamp>,
}

impl Rollup {
    /// Adds incidents up.
    pub fn of<'a>(incidents: impl IntoIterator<Item = &'a Incident>) -> Self {
        let mut sum = Self::default();
        let add = |a: Option<u64>, b: Option<u64>| a.map_or(b, |a| Some(a.saturating_add(b.unwrap_or(0))));
        let mut known = BTreeSet::new();
        for incident in incidents.into_iter().filter(|incident| known.insert(incident.fingerprint.clone())) {
            sum.rate = add(sum.rate, incident.window.rate);
            sum.base = add(sum.base, incident.window.base);
            sum.routes += incident.routes.len();
            sum.members += 1;
            sum.counted_at = sum.counted_at.max(incident.counted_at);
        }
        sum
    }
}

/// Whether an incident was told so lately that nothing new is told of it, whatever it is.
pub fn is_settling(page: &Incident, now: Timestamp, policy: Policy) -> bool {
    let told = page.told.as_ref().filter(|told| told.status != Status::Resolved);
    told.is_some_and(|told| elapsed(told.at, now) < SETTLING.min(policy.repeat))
}

/// Whether an incident has to be told now. `page` is the incident itself, or the page that tells it together with others;
/// `sum` is of everything on it.
pub fn decide(page: &Incident, sum: &Rollup, now: Timestamp, policy: Policy) -> Option<Decision> {
    if page.lease.as_ref().is_some_and(|lease| lease.holds(now)) {
        return None;
    }
    let tell = |status, reason| Some(Decision { status, reason });
    let Some(told) = &page.told else {
        return tell(Status::Open, "first failure of this kind".to_owned());
    };
    // What joins a page late may have been counted before the page was told.
    let joined = told.status != Status::Resolved && sum.members > told.members;
    if sum.counted_at.max(page.counted_at) <= Some(told.at) && !joined {
        return None;
    }
    let since = elapsed(told.at, now);
    if told.status == Status::Resolved {
        return tell(Status::Regressed, format!("failing again {} after it was resolved", words(since)));
    }
    if since >= SETTLING.saturating_mul(1 << told.escalations.min(16)).min(policy.repeat.max(SETTLING))
        && let Some(reason) = growth(told, sum)
    {
        return tell(Status::Escalated, reason);
    }
    if told.quiet && since >= SETTLING.min(policy.repeat) {
        return tell(Status::Ongoing, "failing again after it was quiet".to_owned());
    }
    (since >= policy.repeat).then(|| Decision {
        status: Status::Ongoing,
        reason: format!("still failing {} after it was last told", words(since)),
    })
}

fn growth(told: &LastAlert, sum: &Rollup) -> Option<String> {
    let plural = |n: usize, word: &str| format!("{n} more {word}{}", if n == 1 { "" } else { "s" });
    if sum.members > told.members {
        return Some(format!(
            "the same fault now fails {}",
            plural(sum.members - told.members, "API or cause")
        ));
    }
    if sum.routes > told.routes {
        return Some(format!("it now fails {}", plural(sum.routes - told.routes, "route")));
    }
    let (rate, base) = (sum.rate?, told.rate.or(sum.base)?.max(1));
    let grown = rate >= base.saturating_mul(GROWTH);
    grown.then(|| format!("it now fails {rate} times a minute, up from {base}"))
}

/// Whether an open incident is quiet, and it is time to look whether its fault is gone.
pub fn is_quiet(page: &Incident, sum: &Rollup, now: Timestamp, policy: Policy) -> bool {
    let Some(told) = page.told.as_ref().filter(|told| told.status != Status::Resolved) else { return false };
    let free = !page.lease.as_ref().is_some_and(|lease| lease.holds(now));
    let last = sum.counted_at.unwrap_or(told.at);
    free && elapsed(last, now) >= policy.resolve_after && told.look_at.is_none_or(|look_at| look_at <= now)
}

/// What is to be remembered of a message that was told. `fault` is what explained it.
pub fn told(
    page: &Incident,
    sum: &Rollup,
    status: Status,
    fault: Option<incident::Fault>,
    now: Timestamp,
) -> LastAlert {
    let before = page.told.as_ref();
    let escalations = match (status, before) {
        (Status::Escalated, Some(before)) => before.escalations.saturating_add(1),
        (Status::Ongoing, Some(before)) => before.escalations,
        _ => 0,
    };
    LastAlert {
        number: before.map_or(1, |told| told.number + 1),
        at: now,
        status,
        rate: match status {
            Status::Escalated => sum.rate,
            Status::Ongoing => before.and_then(|told| told.rate),
            _ => None,
        },
        routes: sum.routes,
        members: sum.members,
        escalations,
        quiet: false,
        look_at: None,
        resolved_at: if status == Status::Resolved {
            Some(now)
        } else {
            before.and_then(|told| told.resolved_at)
        },
        fault,
    }
}

/// Time passed; none where a clock was set back.
fn elapsed(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// "45 s", "20 min", "4 h".
pub fn words(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds if seconds < 7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::causes;
    use crate::causes::UNREACHABLE;
    use crate::incidents::fingerprint::Fingerprint;
    use crate::incidents::incident::{Lease, Window};
    use crate::logs::Source;

    const POLICY: Policy =
        Policy { repeat: Duration::from_secs(4 * 3600), resolve_after: Duration::from_secs(900) };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).expect("a time of this century")
    }

    /// An incident that failed last at `counted`, and was told as `status` at second 0 when it had one route.
    fn told_as(status: Status, counted: i64) -> Incident {
        let mut incident =
            Incident::opened(Fingerprint::kept("1-a"), &Source::default(), UNREACHABLE, at(-10));
        incident.routes.insert(causes::Route { method: "GET".to_owned(), path: "/".to_owned() }, 1);
        incident.counted_at = Some(at(0));
        incident.told = Some(told(&incident, &Rollup::of([&incident]), status, None, at(0)));
        incident.counted_at = Some(at(counted));
        incident
    }

    #[track_caller]
    fn check(incident: &Incident, now: i64, expected: Option<Status>) {
        let tell = decide(incident, &Rollup::of([incident]), at(now), POLICY);
        assert_eq!(tell.as_ref().map(|tell| tell.status), expected, "{tell:?}");
    }

    #[test]
    fn what_lasts_is_told_again_after_the_interval_and_not_before() {
        check(&told_as(Status::Open, 14_399), 14_399, None);
        check(&told_as(Status::Open, 14_400), 14_400, Some(Status::Ongoing));
        // Nothing failed since: that is no reminder's matter.
        check(&told_as(Status::Open, 0), 14_400, None);
        check(&told_as(Status::Resolved, 100), 100, Some(Status::Regressed));
        // A clock that was set back makes nothing due.
        check(&told_as(Status::Open, 10), -90_000, None);
    }

    #[test]
    fn nobody_tells_while_another_does() {
        let mut incident = told_as(Status::Open, 14_400);
        incident.lease = Some(Lease { owner: "another".to_owned(), until: at(14_430) });
        check(&incident, 14_400, None);
        check(&incident, 14_430, Some(Status::Ongoing));
    }

    #[test]
    fn ten_times_the_rate_is_an_escalation() {
        let mut incident = told_as(Status::Open, 400);
        incident.window = Window { since: Some(at(0)), failed: 0, rate: Some(99), base: Some(10) };
        check(&incident, 400, None);
        incident.window.rate = Some(100);
        check(&incident, 299, None);
        check(&incident, 300, Some(Status::Escalated));
        // From then on it is set against what was told.
        let escalated = told(&incident, &Rollup::of([&incident]), Status::Escalated, None, at(300));
        assert_eq!((escalated.rate, escalated.escalations), (Some(100), 1));
        incident.told = Some(escalated);
        incident.counted_at = Some(at(1000));
        incident.window.rate = Some(999);
        check(&incident, 1000, None);
        incident.window.rate = Some(1000);
        // Each escalation makes the next one wait twice as long.
        check(&incident, 899, None);
        check(&incident, 900, Some(Status::Escalated));
    }

    #[test]
    fn a_route_or_an_incident_that_joins_is_an_escalation() {
        let mut incident = told_as(Status::Open, 400);
        incident.routes.insert(causes::Route { method: "PUT".to_owned(), path: "/".to_owned() }, 1);
        check(&incident, 400, Some(Status::Escalated));
        let page = told_as(Status::Open, 400);
        let joined = Incident { fingerprint: Fingerprint::kept("1-b"), ..page.clone() };
        let sum = Rollup::of([&page, &joined, &joined]);
        assert_eq!(sum.members, 2, "each counts once");
        let tell = decide(&page, &sum, at(400), POLICY);
        assert_eq!(tell.map(|tell| tell.status), Some(Status::Escalated));
    }

    #[test]
    fn only_what_is_open_and_quiet_is_looked_at_again() {
        let quiet = |incident: &Incident, now| is_quiet(incident, &Rollup::of([incident]), at(now), POLICY);
        let open = told_as(Status::Open, 100);
        assert!(!quiet(&open, 999) && quiet(&open, 1000));
        assert!(!quiet(&told_as(Status::Resolved, 100), 5000));
        let untold = Incident { told: None, ..open.clone() };
        assert!(!quiet(&untold, 5000), "never resolved without having been opened");
        let mut looked = open;
        looked.told.as_mut().expect("it was told").look_at = Some(at(2000));
        assert!(!quiet(&looked, 1999) && quiet(&looked, 2000));
    }
}
