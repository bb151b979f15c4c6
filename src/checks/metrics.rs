//! What CloudWatch counted around the failure. A count fits, but another fault may be why it rose, so it is at most likely;
//! targets' resets alone are what a text speaks of.
//!
//! The rules of a rise stand in [`rise`]; `cargo run --release --no-default-features --example rises` measures how often
//! a healthy series breaks them.

use jiff::{SignedDuration, Timestamp};

use crate::aws::model::{Generation, Point, Series};
use crate::aws::{NotRead, ReadError, Reading};
use crate::causes::{Blames, RouteContext};
use crate::checks::code::Code;
use crate::checks::finding::Finding;
use crate::checks::verdict;
use crate::path::OnPath;
use crate::text::counted;

const MINUTE: SignedDuration = SignedDuration::from_secs(60);

/// As much history as a rise is set against.
const HISTORY: SignedDuration = SignedDuration::from_hours(3);

/// With fewer known minutes before it, a rise is compared with too little to be sure of it.
const FEWEST_MINUTES: usize = 10;

/// A count that rose, and stayed up until the failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rise {
    /// The minute in which it rose; the first known one where it was up all the time.
    pub at: Timestamp,
    /// The most that was usual in a minute before.
    pub from: u64,
    /// The busiest minute since.
    pub to: u64,
    /// How many minutes before it are known.
    pub known: usize,
}

/// Whether a count rose before the failure, or with it.
///
/// Usual is what all but the busiest minutes of three hours stayed below, or all but the busiest of the last half hour.
/// A rise is more than twice that and three, in two minutes at least, and in most of them until the failure. One busy
/// minute alone must be six times the busiest before it and twenty. Where little is known there is no usual minute: one
/// busy minute is enough, but never sure. A minute that CloudWatch does not have is not known, and not zero.
pub fn rise(points: &[Point], failed: Timestamp) -> Option<Rise> {
    let mut known: Vec<Point> = points
        .iter()
        .filter(|point| {
            failed.duration_since(point.at) >= -MINUTE && failed.duration_since(point.at) <= HISTORY
        })
        .copied()
        .collect();
    known.sort_by_key(|point| point.at);
    let near = known.iter().position(|point| is_near(point, failed))?;
    // Most counters are quiet: nothing rises to three.
    known[near..].iter().find(|point| point.count > 3)?;
    (0..known.len()).find_map(|start| since(&known, start, near, failed))
}

/// Whether a minute is the failure's own, or next to it.
fn is_near(point: &Point, failed: Timestamp) -> bool {
    let ago = failed.duration_since(point.at);
    ago < MINUTE * 2 && ago >= -MINUTE
}

/// The rise that begins with this minute, where one does.
fn since(known: &[Point], start: usize, near: usize, failed: Timestamp) -> Option<Rise> {
    let (before, run) = known.split_at(start);
    let most = before.iter().map(|point| point.count).max();
    let usual = usual(before);
    let busy = |point: &&Point| point.count > usual.saturating_mul(2).saturating_add(3);
    let busy_minutes = run.iter().filter(busy).count();
    let to = run.iter().map(|point| point.count).max()?;
    let lasts = busy(&&run[0])
        && busy_minutes * 5 >= run.len() * 4
        && known[near.max(start)..].iter().any(|point| busy(&point) && is_near(point, failed));
    // Little is known before the failure's own minutes, not before the first one that is known.
    let little = before.len() < FEWEST_MINUTES && is_near(&run[0], failed);
    let alone = match most {
        None => little && to >= 10,
        Some(most) => little || to >= most.saturating_mul(6).saturating_add(20),
    };
    let rises = lasts && (alone || (before.len() >= FEWEST_MINUTES && busy_minutes > 1));
    rises.then(|| Rise { at: run[0].at, from: usual, to, known: before.len() })
}

/// What all but the busiest minutes stay below: one in fifty of them all, or one of the last thirty.
fn usual(before: &[Point]) -> u64 {
    let without_busiest = |points: &[Point], left_out: usize| {
        let mut counts: Vec<u64> = points.iter().map(|point| point.count).collect();
        counts.sort_unstable();
        let place = counts.len().checked_sub(1 + left_out);
        place.map_or(0, |place| counts[place])
    };
    let recent = &before[before.len().saturating_sub(30)..];
    let left_out = usize::from(recent.len() == 30);
    without_busiest(before, before.len() / 50).max(without_busiest(recent, left_out))
}

/// Whether a count was up for as long as the history goes, set against the same hours of the day before. Days differ:
/// it takes five times as much, and ten.
pub fn rise_since_yesterday(points: &[Point], day_before: &[Point], failed: Timestamp) -> Option<Rise> {
    let of = |points: &[Point], failed: Timestamp| -> Vec<Point> {
        let within = |point: &&Point| {
            let ago = failed.duration_since(point.at);
            ago >= -MINUTE && ago <= HISTORY
        };
        points.iter().filter(within).copied().collect()
    };
    let (today, yesterday) = (of(points, failed), of(day_before, failed - SignedDuration::from_hours(24)));
    let most =
        yesterday.iter().map(|point| point.count).max().filter(|_| yesterday.len() >= FEWEST_MINUTES)?;
    let busy = |point: &&Point| point.count > most.saturating_mul(5).saturating_add(10);
    let lasts = today.len() >= FEWEST_MINUTES && today.iter().filter(busy).count() * 5 >= today.len() * 4;
    let near = today.iter().any(|point| busy(&point) && is_near(point, failed));
    let first = today.iter().min_by_key(|point| point.at)?;
    let to = today.iter().map(|point| point.count).max()?;
    (lasts && near).then_some(Rise { at: first.at, from: most, to, known: yesterday.len() })
}

pub(crate) fn check(subject: &RouteContext, on: OnPath<'_>) -> Vec<Finding> {
    let reading = &on.details.metrics;
    let series = match reading {
        Reading::Known { value, .. } => value,
        Reading::Absent { .. } => return Vec::new(),
        Reading::NotRead(NotRead { why: ReadError::NotAsked(_), .. }) => return Vec::new(),
        Reading::NotRead(unavailable) => {
            return vec![Finding::unknown(Code::TargetResetsRising, unavailable)];
        }
    };
    let Some(failed) = subject.at else { return Vec::new() };
    // A count beside a text that it can't explain is noise.
    let told = METRICS.iter().filter(|(_, code, _)| verdict::explains(subject.cause, *code));
    let mut findings: Vec<Finding> =
        told.filter_map(|metric| rising(subject, on, series, failed, metric)).collect();
    // The first says enough: both directions of a group, both ends of a handshake.
    findings.dedup_by_key(|finding| finding.code);
    findings.extend(unhealthy(on, series, failed));
    findings
}

fn rising(
    subject: &RouteContext,
    on: OnPath<'_>,
    series: &[Series],
    failed: Timestamp,
    (name, code, counts): &(&str, Code, &str),
) -> Option<Finding> {
    // What does not have to pass the inbound rules was not kept out by them: those drops are another client's.
    let unenforced =
        on.load_balancer.value().is_some_and(|balancer| balancer.enforces_inbound == Some(false));
    let private_link = on.path.generation() == Some(Generation::V1) && on.position == 0;
    if *name == INBOUND_DROPS && unenforced && private_link {
        return None;
    }
    let points = &of_balancer(series, name)?.points;
    let day_before = on.details.metrics_day_before.value().and_then(|series| of_balancer(series, name));
    let (rise, since) = match rise(points, failed) {
        // A healthy load balancer has no port allocation errors, so one is enough.
        _ if *code == Code::PortAllocationErrors => (any(points, failed)?, None),
        Some(rise) => (rise, None),
        None => (rise_since_yesterday(points, &day_before?.points, failed)?, Some(HISTORY)),
    };
    // The count is of the whole load balancer: it speaks for the called listener where there is no other.
    let alone =
        on.named_listener.is_none() && on.listeners.value().is_some_and(|listeners| listeners.len() == 1);
    let whole = if alone { "" } else { " (all listeners of the load balancer together)" };
    let says = format!("{}{whole}", sentence(counts, &rise, since.is_some(), failed));
    let mut finding = Finding::read(*code, &on.details.metrics, says)
        .detail("metric", name)
        .detail("count", rise.to)
        .detail("usual", rise.from)
        .detail("since", rise.at);
    // Only of a reset connection does the text speak itself.
    let by_itself = *code == Code::TargetResetsRising && subject.cause.blames == Blames::Reset;
    finding.partial = !(by_itself && alone && since.is_none() && rise.known >= FEWEST_MINUTES);
    if let Some(balancer) = on.load_balancer.value() {
        finding = finding.of(&balancer.arn);
    }
    Some(finding.remedy(advice(*code), None, None))
}

fn of_balancer<'a>(series: &'a [Series], name: &str) -> Option<&'a Series> {
    series.iter().find(|series| series.name == name && series.target_group.is_none())
}

fn sentence(counts: &str, rise: &Rise, all_along: bool, failed: Timestamp) -> String {
    let Rise { at, from, to, known } = *rise;
    let clock = at.strftime("%H:%M UTC");
    if all_along {
        return format!(
            "{counts} have been high for over three hours: up to {to} a minute, against at most {from} at that time yesterday"
        );
    }
    if known == 0 {
        return format!("{to} {counts} at {clock}; CloudWatch has no earlier minutes to compare");
    }
    let most = if from == 0 { "" } else { "at most " };
    let minutes = failed.duration_since(at).as_mins();
    let when = match u64::try_from(minutes) {
        Ok(minutes) if minutes > 0 => format!("{} before the failure", counted(minutes, "minute")),
        _ => "in the minute of the failure".to_owned(),
    };
    format!("{counts} rose from {most}{from} to {to} a minute at {clock}, {when}")
}

/// Any count at all around the failure.
fn any(points: &[Point], failed: Timestamp) -> Option<Rise> {
    let busiest = busiest(points, failed).filter(|point| point.count > 0)?;
    let known = points.iter().filter(|point| point.at < busiest.at).count();
    Some(Rise { at: busiest.at, from: 0, to: busiest.count, known })
}

/// The busiest minute around the failure.
fn busiest(points: &[Point], failed: Timestamp) -> Option<Point> {
    points.iter().filter(|point| is_near(point, failed)).copied().max_by_key(|point| point.count)
}

/// Targets that CloudWatch counts as unhealthy, where their health itself could not be read.
fn unhealthy(on: OnPath<'_>, series: &[Series], failed: Timestamp) -> Vec<Finding> {
    let of_groups = series.iter().filter(|series| series.name == "UnHealthyHostCount");
    let of_group = |series: &Series| {
        let group = series.target_group.as_ref()?;
        on.targets.get(group)?.unavailable()?;
        let point = busiest(&series.points, failed).filter(|point| point.count > 0)?;
        let says = format!(
            "CloudWatch counted {} of `{}` at {}",
            counted(point.count, "unhealthy target"),
            on.target_group(group).map_or(group.resource(), |group| &group.name),
            point.at
        );
        let finding = Finding::read(Code::TargetsUnhealthy, &on.details.metrics, says);
        Some(finding.of(group).detail("unhealthy", point.count).partial())
    };
    of_groups.filter_map(of_group).collect()
}

const INBOUND_DROPS: &str = "SecurityGroupBlockedFlowCount_Inbound_TCP";

/// A metric, what its rise is called, and what it counts. Meanings:
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html>
const METRICS: [(&str, Code, &str); 7] = [
    ("TCP_Target_Reset_Count", Code::TargetResetsRising, "target resets"),
    ("TCP_ELB_Reset_Count", Code::LoadBalancerResetsRising, "load balancer resets"),
    (INBOUND_DROPS, Code::SecurityGroupDropsRising, "inbound connections blocked by its security groups"),
    (
        "SecurityGroupBlockedFlowCount_Outbound_TCP",
        Code::SecurityGroupDropsRising,
        "connections to targets blocked by its own security groups",
    ),
    ("PortAllocationErrorCount", Code::PortAllocationErrors, "port allocation errors"),
    (
        "ClientTLSNegotiationErrorCount",
        Code::TlsNegotiationErrorsRising,
        "failed TLS handshakes with clients",
    ),
    (
        "TargetTLSNegotiationErrorCount",
        Code::TlsNegotiationErrorsRising,
        "failed TLS handshakes with targets",
    ),
];

/// What to do about a rise.
fn advice(code: Code) -> &'static str {
    match code {
        Code::TargetResetsRising => {
            "Find out what made targets reset connections then: a restart, a full backlog, an idle timeout shorter than \
             the load balancer's."
        }
        Code::LoadBalancerResetsRising => {
            "Look for targets that turned unhealthy then, and for connections idle longer than the load balancer's \
             timeout."
        }
        Code::SecurityGroupDropsRising => {
            "Let the load balancer's security groups pass the called port and the targets' ports."
        }
        Code::PortAllocationErrors => {
            "Register more targets: the load balancer can open about 55,000 connections to each."
        }
        _ => "Compare certificates, protocols and ciphers on both ends of the handshake.",
    }
}
