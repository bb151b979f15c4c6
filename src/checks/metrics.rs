//! What the load balancer counted around the failure: evidence beside the readings of the configuration.
//!
//! A metric rises when its busiest minute around the failure (the one before it to the one after it) has more than twice
//! the count of the busiest minute before that, in the same reading. Minutes without data are not zero: with none around
//! the failure nothing is said, with none before it there is nothing to compare, and that is said.

use crate::checks::verdict;

use jiff::{SignedDuration, Timestamp};

use crate::aws::model::{Generation, Point, Series};
use crate::aws::{NotRead, ReadError, Reading};
use crate::causes::{Blames, RouteContext};
use crate::checks::code::Code;
use crate::checks::finding::Finding;
use crate::path::OnPath;

const MINUTE: SignedDuration = SignedDuration::from_secs(60);

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
    let mut findings: Vec<Finding> = told.filter_map(|metric| rising(subject, on, series, metric)).collect();
    // The first says enough: both directions of a group, both ends of a handshake.
    findings.dedup_by_key(|finding| finding.code);
    findings.extend(unhealthy(on, series, failed));
    findings
}

fn rising(
    subject: &RouteContext,
    on: OnPath<'_>,
    series: &[Series],
    (name, code, counts): &(&str, Code, &str),
) -> Option<Finding> {
    let failed = subject.at?;
    // What does not have to pass the inbound rules was not kept out by them: those drops are another client's.
    let unenforced =
        on.load_balancer.value().is_some_and(|balancer| balancer.enforces_inbound == Some(false));
    let private_link = on.path.generation() == Some(Generation::V1) && on.position == 0;
    if *name == INBOUND_DROPS && unenforced && private_link {
        return None;
    }
    let series = series.iter().find(|series| series.name == *name && series.target_group.is_none())?;
    let (before, around) = (busiest(series, failed, false), busiest(series, failed, true)?);
    // Nothing wrong has a port refused: one is too many. Of the others, some are always there.
    let usual = match code {
        Code::PortAllocationErrors => 0,
        _ => before.map_or(0, |before| before.count.saturating_mul(2)),
    };
    if around.count <= usual {
        return None;
    }
    let compared = match before {
        Some(before) => format!("at most {} a minute before that", before.count),
        None => "nothing known of the minutes before that".to_owned(),
    };
    // The count is of the whole load balancer: it speaks for the called listener where there is no other.
    let alone =
        on.named_listener.is_none() && on.listeners.value().is_some_and(|listeners| listeners.len() == 1);
    let whole = if alone { "" } else { " (all listeners of the load balancer together)" };
    let says = format!("{} {counts} in the minute of {}, {compared}{whole}", around.count, around.at);
    let mut finding =
        Finding::read(*code, &on.details.metrics, says).detail("metric", name).detail("count", around.count);
    // Only of a reset connection does the text speak itself.
    let by_itself = *code == Code::TargetResetsRising && subject.cause.blames == Blames::Reset;
    finding.partial = !(by_itself && alone && before.is_some());
    if let Some(balancer) = on.load_balancer.value() {
        finding = finding.of(&balancer.arn);
    }
    Some(finding.remedy(advice(*code), None, None))
}

/// The busiest minute around the failure, or before it.
fn busiest(series: &Series, failed: Timestamp, around: bool) -> Option<Point> {
    let wanted = series.points.iter().filter(|point| {
        let ago = failed.duration_since(point.at);
        if around { ago < MINUTE * 2 && ago >= -MINUTE } else { ago >= MINUTE * 2 }
    });
    wanted.copied().max_by_key(|point| point.count)
}

/// Targets that CloudWatch counts as unhealthy, where their health itself could not be read.
fn unhealthy(on: OnPath<'_>, series: &[Series], failed: Timestamp) -> Vec<Finding> {
    let counted = series.iter().filter(|series| series.name == "UnHealthyHostCount");
    let of_group = |series: &Series| {
        let group = series.target_group.as_ref()?;
        on.targets.get(group)?.unavailable()?;
        let point = busiest(series, failed, true).filter(|point| point.count > 0)?;
        let says = format!(
            "CloudWatch counts {} unhealthy targets of `{}` in the minute of {}",
            point.count,
            on.target_group(group).map_or(group.resource(), |group| &group.name),
            point.at
        );
        let finding = Finding::read(Code::TargetsUnhealthy, &on.details.metrics, says);
        Some(finding.of(group).detail("unhealthy", point.count).partial())
    };
    counted.filter_map(of_group).collect()
}

const INBOUND_DROPS: &str = "SecurityGroupBlockedFlowCount_Inbound_TCP";

/// A metric, what its rise is called, and what it counts. Meanings:
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html>
const METRICS: [(&str, Code, &str); 7] = [
    ("TCP_Target_Reset_Count", Code::TargetResetsRising, "connections that targets reset"),
    ("TCP_ELB_Reset_Count", Code::LoadBalancerResetsRising, "connections that the load balancer reset"),
    (INBOUND_DROPS, Code::SecurityGroupDropsRising, "connections that its security groups kept out"),
    (
        "SecurityGroupBlockedFlowCount_Outbound_TCP",
        Code::SecurityGroupDropsRising,
        "connections to targets that its security groups kept in",
    ),
    ("PortAllocationErrorCount", Code::PortAllocationErrors, "connections that found no free port"),
    (
        "ClientTLSNegotiationErrorCount",
        Code::TlsNegotiationErrorsRising,
        "TLS handshakes with clients that failed",
    ),
    (
        "TargetTLSNegotiationErrorCount",
        Code::TlsNegotiationErrorsRising,
        "TLS handshakes with targets that failed",
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
            "Register more targets: each takes some 55,000 connections of one load balancer."
        }
        _ => "Compare certificates, protocols and ciphers on both ends of the handshake.",
    }
}
