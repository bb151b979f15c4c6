//! The sentences of the network's findings.

use std::collections::BTreeSet;

use crate::path::OnPath;
use crate::reachability::{Blocker, FlowEnd, FlowStep, LAST, Leg, Outcome};

/// Places named in one sentence.
const MOST_NAMES: usize = 3;

type Stopped<'a> = [(&'a FlowStep, &'a Blocker)];

pub(crate) fn groups(on: OnPath<'_>, stopped: &Stopped<'_>) -> String {
    let (passage, blocker) = stopped[0];
    let Blocker::Groups { ids, empty, group_reference_ineffective, .. } = blocker else {
        return String::new();
    };
    let (from, to) = ends(stopped);
    let (owner, direction) = match passage.step {
        Leg::SourceEgress => (from.as_str(), format!("out to {to}")),
        _ => (to.as_str(), format!("in from {from}")),
    };
    let named: Vec<String> = ids.iter().map(|id| name(on, id)).collect();
    let plural = if ids.len() == 1 { ("group", "lets") } else { ("groups", "let") };
    let mut says = format!(
        "security {} {} of {owner} {} no {} {direction} on port {}",
        plural.0,
        named.join(", "),
        plural.1,
        traffic(passage),
        passage.port
    );
    if *empty {
        says.push_str(": there is no rule at all");
    }
    if *group_reference_ineffective {
        says.push_str(
            ": a rule names the load balancer's security group, which does not mean what comes through PrivateLink while \
             the load balancer does not enforce its inbound rules on it; health checks pass by that rule all the same",
        );
    }
    says + contradiction(stopped)
}

pub(crate) fn acl(on: OnPath<'_>, stopped: &Stopped<'_>) -> String {
    let (passage, blocker) = stopped[0];
    let Blocker::Acl { id, subnet, egress, entry, ports, .. } = blocker else { return String::new() };
    let (from, to) = ends(stopped);
    let edge = if *egress { "out of" } else { "into" };
    let what = match passage.step {
        Leg::AclResponse if matches!(passage.outcome, Outcome::Partly(_)) => {
            format!("some answers from {to} to {from} (ephemeral ports {} to {})", ports.0, ports.1)
        }
        Leg::AclResponse => {
            format!("answers from {to} to {from} (ephemeral ports {} to {})", ports.0, ports.1)
        }
        _ => format!("{} from {from} to {to} on port {}", traffic(passage), passage.port),
    };
    let subnet = match on.load_balancer.value() {
        Some(balancer) if balancer.zones.iter().any(|zone| zone.subnet.as_ref() == Some(subnet)) => {
            format!("the load balancer's subnet {subnet}")
        }
        _ => format!("subnet {subnet}"),
    };
    let says = match entry {
        Some(number) if *number < LAST => {
            format!("entry {number} of network ACL `{id}` denies {what} {edge} {subnet}")
        }
        _ => format!("no entry of network ACL `{id}` allows {what} {edge} {subnet}"),
    };
    says + contradiction(stopped)
}

pub(crate) fn open(passages: &[FlowStep]) -> String {
    let targets: BTreeSet<&str> = passages.iter().map(|passage| passage.to.name.as_str()).collect();
    let ports: BTreeSet<String> = passages.iter().map(|passage| passage.port.to_string()).collect();
    format!(
        "security groups and network ACLs let requests through to {} of {} target{} on port {}, and the answers back",
        targets.len(),
        targets.len(),
        if targets.len() == 1 { "" } else { "s" },
        ports.into_iter().collect::<Vec<_>>().join(", ")
    )
}

/// Reachability Analyzer's word for it.
///
/// Source: <https://docs.aws.amazon.com/vpc/latest/reachability/explanation-codes.html>
pub(crate) fn explanation(blocker: &Blocker) -> &'static str {
    match blocker {
        Blocker::Groups { group_reference_ineffective: true, .. } => "SG_REFERENCES_NOT_PRESERVED",
        Blocker::Groups { empty: true, .. } => "SG_HAS_NO_RULES",
        Blocker::Groups { .. } => "ENI_SG_RULES_MISMATCH",
        Blocker::Acl { .. } => "SUBNET_ACL_RESTRICTION",
    }
}

/// The first few places, each once.
pub(crate) fn names<'a>(places: impl Iterator<Item = &'a FlowEnd>) -> String {
    let names: BTreeSet<&str> = places.map(|place| place.name.as_str()).collect();
    let more = names.len().saturating_sub(MOST_NAMES);
    let first = names.into_iter().take(MOST_NAMES).collect::<Vec<_>>().join(", ");
    if more == 0 { first } else { format!("{first} and {more} more") }
}

fn ends(stopped: &Stopped<'_>) -> (String, String) {
    let from = names(stopped.iter().map(|(passage, _)| &passage.from));
    let to = names(stopped.iter().map(|(passage, _)| &passage.to));
    (from, to)
}

fn traffic(passage: &FlowStep) -> &'static str {
    if passage.health { "health checks" } else { "requests" }
}

fn contradiction(stopped: &Stopped<'_>) -> &'static str {
    if stopped.iter().any(|(passage, _)| passage.contradicted) {
        "; health checks to that port still pass, so the rule is new or something is not in the model"
    } else {
        ""
    }
}

fn name(on: OnPath<'_>, id: &str) -> String {
    let network = &on.network;
    let readings = [&network.near_groups, &network.far_groups];
    let mut groups = readings.iter().filter_map(|reading| reading.value()).flatten();
    let name = groups.find(|group| group.id == id).map(|group| group.name.as_str());
    name.filter(|name| !name.is_empty()).map_or(format!("`{id}`"), |name| format!("`{id}` ({name})"))
}
