//! What the table holds → what has to be done, most pressing first.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::incidents::coverage::{AlertId, CoverageChange, KEPT, Policy, words};
use crate::incidents::fingerprint::Fingerprint;
use crate::incidents::job::{Job, Member};
use crate::incidents::record::{AlertRecord, AlertState, How, LastAlert};
use crate::incidents::status::Status;
use crate::text::counted;

/// An escalation waits this long after the last message, and each one makes the next wait twice as long.
pub const SETTLING: Duration = Duration::from_secs(300);

/// What no reading can look at is closed without evidence after this much quiet.
pub const EXPIRE_AFTER: Duration = Duration::from_secs(7 * 86_400);

/// An order of magnitude.
const GROWTH: u64 = 10;

/// What the table holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Table {
    pub incidents: BTreeMap<Fingerprint, Member>,
    pub alerts: BTreeMap<AlertId, AlertRecord>,
}

/// Something to do: the alert it is about, and the members that its message names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Todo {
    pub job: Job,
    pub alert: AlertRecord,
    pub members: Vec<Member>,
}

/// Everything that has to be done now, in this order.
pub fn plan(view: &Table, policy: Policy, now: Timestamp) -> Vec<Todo> {
    let mut todo = repairs(view, now);
    let pending = |id: &AlertId| todo.iter().any(|one| one.alert.id == *id);
    let alerts: Vec<&AlertRecord> = view.alerts.values().filter(|alert| !pending(&alert.id)).collect();
    let about = alerts.into_iter().filter_map(|alert| about(view, alert, policy, now)).collect::<Vec<_>>();
    // What is merged into an alert has to be read with the rest of it: its end waits for the next sweep.
    let grows: BTreeSet<AlertId> = about.iter().filter_map(|one| one.job.merges_into()).cloned().collect();
    todo.extend(
        about
            .into_iter()
            .filter(|one| !matches!(one.job, Job::Recover { .. }) || !grows.contains(&one.alert.id)),
    );
    todo.extend(view.incidents.values().filter_map(|member| opening(view, member, now)));
    todo.extend(view.incidents.values().filter_map(|member| expiring(member, now)));
    todo
}

/// Members on an alert, those first that failed most.
pub fn members(view: &Table, alert: &AlertId) -> Vec<Member> {
    let on = view.incidents.values().filter(|member| member.coverage.alert.as_ref() == Some(alert));
    let mut members: Vec<Member> = on.cloned().collect();
    members.sort_by(|a, b| {
        b.coverage.failed.cmp(&a.coverage.failed).then_with(|| a.fingerprint.cmp(&b.fingerprint))
    });
    members
}

/// Writes that a crash left out.
fn repairs(view: &Table, now: Timestamp) -> Vec<Todo> {
    let mut todo = Vec::new();
    for member in view.incidents.values() {
        let Some(id) = &member.coverage.alert else { continue };
        let known = view.alerts.get(id);
        let change = match known.map(|alert| (&alert.state, alert.flapping)) {
            Some((AlertState::Ended(end), flapping)) => match &end.how {
                How::Merged(into) if view.alerts.get(into).is_some_and(AlertRecord::is_joinable) => {
                    CoverageChange::Move { from: id.clone(), to: into.clone() }
                }
                _ => end.leaving(id.clone(), flapping, &member.coverage),
            },
            // It joined what was given up before it was published.
            Some(_) if known.is_some_and(|alert| is_given_up(view, alert, now)) => {
                CoverageChange::Detach { alert: id.clone() }
            }
            Some(_) => continue,
            None => CoverageChange::Detach { alert: id.clone() },
        };
        let alert = known.cloned().unwrap_or_else(|| {
            AlertRecord::opening(id.clone(), member.fingerprint.clone(), member.coverage.flapping, now)
        });
        let job = Job::Repair { fingerprint: member.fingerprint.clone(), change };
        todo.push(Todo { job, alert, members: vec![member.clone()] });
    }
    for alert in view.alerts.values().filter(|alert| alert.is_open() && alert.is_free(now)) {
        let Some(leader) = view.incidents.get(&alert.leader) else { continue };
        if is_next(alert, leader) {
            let covered =
                alert.last.as_ref().map_or(0, |last| last.leader_failed).max(leader.coverage.covered);
            let generation = leader.coverage.generation;
            let change =
                CoverageChange::Attach { generation, alert: alert.id.clone(), covered: Some(covered) };
            let job = Job::Repair { fingerprint: leader.fingerprint.clone(), change };
            todo.push(Todo { job, alert: alert.clone(), members: vec![leader.clone()] });
        }
    }
    todo
}

fn is_given_up(view: &Table, alert: &AlertRecord, now: Timestamp) -> bool {
    let waits = || opens(alert, view.incidents.get(&alert.leader), &members(view, &alert.id)).is_some();
    alert.is_idle(now) && !alert.is_digest() && !waits()
}

/// Whether this is the alert that an incident opens next.
fn is_next(alert: &AlertRecord, leader: &Member) -> bool {
    leader.coverage.alert.is_none() && leader.coverage.next_alert(&leader.fingerprint) == alert.id
}

/// What has to be done about an alert.
fn about(view: &Table, alert: &AlertRecord, policy: Policy, now: Timestamp) -> Option<Todo> {
    // Where its leader is on an alert that is gone, that is made good first.
    let astray = view.incidents.get(&alert.leader).and_then(|leader| leader.coverage.alert.as_ref());
    let astray = astray.is_some_and(|on| view.alerts.get(on).is_none_or(|on| on.expires_at().is_some()));
    if astray || !alert.is_free(now) {
        return None;
    }
    let members = members(view, &alert.id);
    let todo = |job, members| Some(Todo { job, alert: alert.clone(), members });
    match &alert.state {
        AlertState::Ended(_) => None,
        AlertState::Ending(_) => todo(Job::Finish, members),
        AlertState::Opening { announced } => {
            let leader = view.incidents.get(&alert.leader);
            if let Some(all) = opens(alert, leader, &members) {
                return todo(Job::Open, all);
            }
            let keeps = |leader: &Member| leader.coverage.next_alert(&leader.fingerprint) == alert.id;
            match leader {
                Some(leader) if !announced && keeps(leader) => None,
                Some(leader) if is_next(alert, leader) => None,
                // Its leader left it for another alert that has ended since, and joined it as anything does that fails over
                // the same resource.
                Some(leader) if *announced && leader.coverage.alert.as_ref() == Some(&alert.id) => {
                    let loud = members.iter().any(|member| !member.silenced);
                    loud.then_some(Todo { job: Job::Open, alert: alert.clone(), members })
                }
                None if is_young(alert, now) => None,
                _ if alert.is_digest() && !members.is_empty() => todo(Job::Open, members),
                _ if !announced && members.is_empty() => todo(Job::Drop, members),
                _ if !announced => None,
                leader => todo(Job::Merge { into: elsewhere(view, alert, leader)? }, members),
            }
        }
        AlertState::Open => {
            if members.is_empty() {
                if !view.incidents.contains_key(&alert.leader) && is_young(alert, now) {
                    return None;
                }
                return todo(
                    Job::Merge { into: elsewhere(view, alert, view.incidents.get(&alert.leader))? },
                    members,
                );
            }
            if let Some(older) = same_root(view, alert) {
                return todo(Job::Merge { into: older }, members);
            }
            if let Some((status, reason)) = update(alert, &members, policy, now) {
                return todo(Job::Update { status, reason }, members);
            }
            let quiet = quiet(alert, &members, policy, now)?;
            todo(Job::Recover { quiet, may_expire: quiet >= EXPIRE_AFTER || alert.is_digest() }, members)
        }
    }
}

/// Whether the failures of an alert may still come: a container published it that could not count them, and the payload comes
/// again.
fn is_young(alert: &AlertRecord, now: Timestamp) -> bool {
    !alert.is_digest() && now.duration_since(alert.opened_at).unsigned_abs() < EXPIRE_AFTER
}

/// What the first message of an alert names, where it is due.
fn opens(alert: &AlertRecord, leader: Option<&Member>, members: &[Member]) -> Option<Vec<Member>> {
    let leader = leader.filter(|leader| is_next(alert, leader) && leader.coverage.uncovered() > 0)?;
    let mut all = vec![leader.clone()];
    all.extend(members.iter().filter(|member| !member.silenced).cloned());
    all.iter().any(|member| !member.silenced).then_some(all)
}

/// Where an alert goes on whose failures are elsewhere; `None` where that is not published yet.
fn elsewhere(view: &Table, alert: &AlertRecord, leader: Option<&Member>) -> Option<AlertId> {
    let Some(Member { coverage, silenced, .. }) = leader else { return Some(alert.id.clone()) };
    if coverage.alert.is_none() && coverage.uncovered() > 0 && !silenced {
        // Its failures are about to go on under the next key, or are on their way to it.
        return None;
    }
    let ended = || coverage.ended.as_ref().map(|(id, _)| id.clone());
    let into = coverage.alert.clone().or_else(ended)?;
    let opening = |into: &AlertRecord| into.id != alert.id && into.is_joinable() && !into.is_open();
    (!view.alerts.get(&into).is_some_and(opening)).then_some(into)
}

/// An older open alert of the same broken resource.
fn same_root(view: &Table, alert: &AlertRecord) -> Option<AlertId> {
    let root = alert.root.as_ref()?;
    let order = |alert: &AlertRecord| (alert.opened_at, alert.id.clone());
    let others = view.alerts.values().filter(|other| other.is_open() && other.root.as_ref() == Some(root));
    let oldest = others.min_by_key(|other| order(other))?;
    (oldest.id != alert.id).then(|| oldest.id.clone())
}

/// Whether a message of an open alert is due. What is silenced makes nothing due.
pub fn update(
    alert: &AlertRecord,
    members: &[Member],
    policy: Policy,
    now: Timestamp,
) -> Option<(Status, String)> {
    let last = alert.last.as_ref()?;
    let loud: Vec<&Member> = members.iter().filter(|member| !member.silenced).collect();
    if loud.iter().all(|member| member.coverage.uncovered() == 0) {
        return None;
    }
    let since = Duration::try_from(now.duration_since(last.at)).unwrap_or_default();
    let settling = SETTLING.saturating_mul(1 << last.escalations.min(16)).min(policy.repeat.max(SETTLING));
    if since >= settling
        && let Some(reason) = growth(last, &loud)
    {
        return Some((Status::Escalated, reason));
    }
    if last.quiet && since >= SETTLING.min(policy.repeat) {
        return Some((Status::Ongoing, "failing again after it was quiet".to_owned()));
    }
    (since >= policy.repeat)
        .then(|| (Status::Ongoing, format!("still failing {} after the last alert", words(since))))
}

fn growth(last: &LastAlert, loud: &[&Member]) -> Option<String> {
    let joined =
        loud.iter().filter(|member| !member.coverage.named && member.coverage.uncovered() > 0).count();
    if joined > 0 {
        return Some(format!("the same fault now causes {}", counted(joined, "more incident")));
    }
    let routes: usize = loud.iter().map(|member| member.routes).sum();
    // What was merged into it brings routes that were published.
    if routes > last.routes && loud.len() <= last.members {
        return Some(format!("it now fails {}", counted(routes - last.routes, "more route")));
    }
    let sum = |of: fn(&Member) -> Option<u64>| {
        loud.iter().filter_map(|member| of(member)).reduce(u64::saturating_add)
    };
    let rate = sum(|member| member.rate)?;
    let base = last.rate.or_else(|| sum(|member| member.base))?.max(1);
    (rate >= base.saturating_mul(GROWTH))
        .then(|| format!("it now fails {rate} times a minute, up from {base}"))
}

/// How long an alert has been quiet, where it is time to read whether its fault is gone.
pub fn quiet(alert: &AlertRecord, members: &[Member], policy: Policy, now: Timestamp) -> Option<Duration> {
    let last = alert.last.as_ref()?;
    let counted = members.iter().map(|member| member.coverage.counted_at).max().unwrap_or(last.at);
    let quiet = Duration::try_from(now.duration_since(counted)).unwrap_or_default();
    let due = quiet >= alert.quiet_time(policy.resolve_after);
    (due && last.look_at.is_none_or(|look_at| look_at <= now)).then_some(quiet)
}

/// Failures that no message covers, of an incident that is on no alert.
pub fn opening(view: &Table, member: &Member, now: Timestamp) -> Option<Todo> {
    let Member { fingerprint, coverage, silenced, .. } = member;
    if *silenced || coverage.alert.is_some() || coverage.uncovered() == 0 {
        return None;
    }
    let id = coverage.next_alert(fingerprint);
    if view.alerts.contains_key(&id) {
        // Another is opening it, or left it half done: that is for the alert to go on with.
        return None;
    }
    let alert = AlertRecord::opening(id, fingerprint.clone(), coverage.flaps(now), now);
    Some(Todo { job: Job::Open, alert, members: vec![member.clone()] })
}

fn expiring(member: &Member, now: Timestamp) -> Option<Todo> {
    let Member { fingerprint, coverage, .. } = member;
    let over = coverage.alert.is_none() && coverage.uncovered() == 0 && coverage.expires_at.is_none();
    let (alert, ended) = coverage.ended.as_ref().filter(|_| over)?;
    let at = coverage.counted_at.max(*ended).checked_add(KEPT).ok()?;
    let change = CoverageChange::Expire { failed: coverage.failed, at };
    let job = Job::Expire { fingerprint: fingerprint.clone(), change };
    let alert = AlertRecord::opening(alert.clone(), fingerprint.clone(), coverage.flapping, now);
    Some(Todo { job, alert, members: Vec::new() })
}
