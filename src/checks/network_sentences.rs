//! The sentences of the network's findings.

use std::collections::BTreeSet;

use crate::ids::Arn;
use crate::path::OnPath;
use crate::reachability::{Blocker, FlowEnd, FlowStep, LAST, Leg, StepOutcome};

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
        Leg::SourceEgress => (names(stopped.iter().map(|(step, _)| &step.from)), format!("out to {to}")),
        _ => (to, format!("in from {from}")),
    };
    let named: Vec<String> = ids.iter().map(|id| name(on, id)).collect();
    let plural = if ids.len() == 1 { ("group", "blocks") } else { ("groups", "block") };
    let mut says = format!(
        "security {} {} on {owner} {} {} {direction} on port {}",
        plural.0,
        named.join(", "),
        plural.1,
        traffic(passage),
        ports(stopped)
    );
    if *empty {
        says.push_str(": there is no rule at all");
    }
    if *group_reference_ineffective {
        says.push_str(
            ". A rule allows the load balancer's security group, which PrivateLink traffic does not match while \
             enforcement is off. Health checks do match it",
        );
    }
    says + contradiction(stopped)
}

pub(crate) fn acl(on: OnPath<'_>, stopped: &Stopped<'_>) -> String {
    let (passage, blocker) = stopped[0];
    let Blocker::Acl { id, egress, entry, ports: answer_ports, denied, .. } = blocker else {
        return String::new();
    };
    let (from, to) = ends(stopped);
    let edge = if *egress { "leaving" } else { "entering" };
    let answers = if passage.health { "responses to health checks" } else { "responses" };
    let what = match (passage.step, hole(stopped)) {
        (Leg::AclResponse, Some(closed)) => {
            format!("some {answers} from {to} to {from} ({closed} ephemeral ports)")
        }
        (Leg::AclResponse, None) => {
            let (first, last) = answer_ports;
            let all = u32::from(*last) - u32::from(*first) + 1;
            let closed = match *denied == all {
                true => format!("ephemeral ports {first} to {last}"),
                false => format!("{denied} of {all} ephemeral ports"),
            };
            format!("{answers} from {to} to {from} ({closed})")
        }
        _ => format!("{} from {from} to {to} on port {}", traffic(passage), ports(stopped)),
    };
    let own: Vec<&String> = on
        .load_balancer
        .value()
        .into_iter()
        .flat_map(|b| &b.zones)
        .filter_map(|z| z.subnet.as_ref())
        .collect();
    let guarded = guarded(stopped);
    let plural = if guarded.len() == 1 { "subnet" } else { "subnets" };
    let whose = if guarded.iter().all(|subnet| own.contains(subnet)) { "the load balancer's " } else { "" };
    let subnet = format!("{whose}{plural} {}", subnets(stopped));
    let says = match entry {
        Some(number) if *number < LAST => {
            format!("entry {number} of network ACL `{id}` denies {what} {edge} {subnet}")
        }
        _ => format!("no entry of network ACL `{id}` allows {what} {edge} {subnet}"),
    };
    says + contradiction(stopped)
}

pub(crate) fn open(on: OnPath<'_>, group: Option<&Arn>, into: &[FlowStep], passages: &[FlowStep]) -> String {
    let targets: BTreeSet<&str> = passages.iter().map(|passage| passage.to.name.as_str()).collect();
    let ports: BTreeSet<u16> = passages.iter().map(|passage| passage.port).collect();
    let holes: BTreeSet<String> =
        into.iter().chain(passages).filter_map(|step| small_hole(&step.outcome)).collect();
    let described = group.and_then(|group| on.target_group(group));
    // A load balancer as the target has an interface in each of its zones.
    let noun = if described.is_some_and(|group| group.kind == "alb") { "interface" } else { "target" };
    let plural = if targets.len() == 1 { "" } else { "s" };
    let whose = described.filter(|_| on.targets.len() > 1 || noun == "interface");
    let whose = whose.map_or(String::new(), |group| format!(" of `{}`", group.name));
    format!(
        "security groups and network ACLs allow requests to {0} {noun}{plural}{whose} on port {1}, and the responses{2}",
        targets.len(),
        listed(ports.into_iter()),
        holes.into_iter().collect::<String>()
    )
}

/// A hole too small to explain a failure.
fn small_hole(outcome: &StepOutcome) -> Option<String> {
    let StepOutcome::Mostly(Blocker::Acl { id, entry, denied, ports, .. }) = outcome else { return None };
    let all = u32::from(ports.1) - u32::from(ports.0) + 1;
    let entry = entry.map_or("*".to_owned(), |entry| entry.to_string());
    Some(format!(
        "; entry {entry} of network ACL `{id}` denies {denied} of {all} response ports, too few to explain failures"
    ))
}

/// How many of the answer ports are closed, where not all are.
pub(crate) fn hole(stopped: &Stopped<'_>) -> Option<String> {
    let most = stopped.iter().map(|(step, blocker)| match (&step.outcome, blocker) {
        (StepOutcome::Partly(_), Blocker::Acl { denied, ports, .. }) => {
            Some((*denied, u32::from(ports.1) - u32::from(ports.0) + 1))
        }
        _ => None,
    });
    let (denied, all) = most.collect::<Option<Vec<_>>>()?.into_iter().max()?;
    Some(format!("{denied} of {all}"))
}

/// The ports that connections go to.
pub(crate) fn ports(stopped: &Stopped<'_>) -> String {
    let ports: BTreeSet<u16> = stopped.iter().map(|(step, _)| step.port).collect();
    listed(ports.into_iter())
}

/// The subnets at whose borders an ACL stops packets.
pub(crate) fn subnets(stopped: &Stopped<'_>) -> String {
    listed(guarded(stopped).into_iter())
}

fn guarded<'a>(stopped: &Stopped<'a>) -> BTreeSet<&'a String> {
    let subnet = |blocker: &'a Blocker| match blocker {
        Blocker::Acl { subnet, .. } => Some(subnet),
        Blocker::Groups { .. } => None,
    };
    stopped.iter().filter_map(|(_, blocker)| subnet(blocker)).collect()
}

fn listed(values: impl Iterator<Item = impl ToString>) -> String {
    values.map(|value| value.to_string()).collect::<Vec<_>>().join(", ")
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
    let from = names(stopped.iter().map(|(passage, _)| &passage.source));
    let to = names(stopped.iter().map(|(passage, _)| &passage.to));
    (from, to)
}

fn traffic(passage: &FlowStep) -> &'static str {
    if passage.health { "health checks" } else { "requests" }
}

fn contradiction(stopped: &Stopped<'_>) -> &'static str {
    if stopped.iter().any(|(passage, _)| passage.contradicted) {
        "; health checks on that port still pass, so the rule may be new or this reading incomplete"
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
