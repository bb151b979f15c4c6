//! Zones of a load balancer that hold no target while cross-zone load balancing is off: requests that enter there have nowhere
//! to go. The target check reports unhealthy targets. Zones that the endpoint service or a zonal shift skips are ignored.
//!
//! Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-troubleshooting.html>

use std::collections::BTreeSet;

use crate::aws::Reading;
use crate::aws::model::{LoadBalancer, Target};
use crate::causes::RouteContext;
use crate::checks::code::Code;
use crate::checks::finding::Finding;
use crate::ids::Arn;
use crate::path::{Link, OnPath};
use crate::reachability::{CROSS_ZONE, FlowEnds, cross_zone};
use crate::text::shell_word;

pub(crate) fn check(_: &RouteContext, on: OnPath<'_>) -> Vec<Finding> {
    let Some(balancer) = on.load_balancer.value() else { return Vec::new() };
    on.targets.keys().filter_map(|group| of_group(on, balancer, group)).collect()
}

fn of_group(on: OnPath<'_>, balancer: &LoadBalancer, group: &Arn) -> Option<Finding> {
    let reading = on.targets.get(group)?;
    if let Some(unavailable) = on.target_groups.unavailable() {
        return Some(Finding::unknown(Code::ZoneWithoutTargets, unavailable).of(group));
    }
    let ends = FlowEnds::new(on);
    let targets = ends.targets(group);
    let healthy = targets.iter().any(|target| target.healthy);
    // An application load balancer as the target is in every zone of its own; no healthy target at all is worse than this.
    let everywhere = reading.value().is_some_and(|targets| targets.iter().any(Target::is_load_balancer));
    if !healthy || everywhere {
        return None;
    }
    let held: Option<BTreeSet<String>> = targets.iter().map(|target| target.place.zone.clone()).collect();
    let served = match (&on.path.link, on.position) {
        (Some(Link::V1 { service, .. }), 0) => Some(service),
        _ => None,
    };
    let offered = served.and_then(Reading::value).map(|service| &service.zones);
    let offered = offered.filter(|zones| !zones.is_empty());
    let shifted: BTreeSet<&String> = reading
        .value()
        .into_iter()
        .flatten()
        .filter(|target| target.zonal_shift)
        .filter_map(|target| target.zone.as_ref())
        .collect();
    let entered =
        |zone: &&String| offered.is_none_or(|zones| zones.contains(zone)) && !shifted.contains(zone);
    let zones: BTreeSet<String> =
        balancer.zones.iter().map(|zone| &zone.zone).filter(entered).cloned().collect();
    match (cross_zone(on, group), held) {
        (Ok(true), _) => None,
        (_, Some(held)) if held.contains("all") || zones.is_subset(&held) => None,
        (Ok(false), _) if served.is_some_and(|service| service.unavailable().is_some()) => {
            let unread = served.and_then(Reading::unavailable)?;
            Some(Finding::unknown(Code::ZoneWithoutTargets, unread))
        }
        // With fewer targets than zones, some zone is empty wherever they are.
        (Ok(false), None) if targets.len() >= zones.len() => {
            Some(Finding::unknown(Code::ZoneWithoutTargets, &ends.zone_unread()))
        }
        (Ok(false), held) => Some(empty(on, balancer, group, reading, &zones, &held.unwrap_or_default())),
        (Err(unavailable), _) => Some(Finding::unknown(Code::ZoneWithoutTargets, &unavailable)),
    }
}

fn empty<T>(
    on: OnPath<'_>,
    balancer: &LoadBalancer,
    group: &Arn,
    reading: &Reading<T>,
    zones: &BTreeSet<String>,
    held: &BTreeSet<String>,
) -> Finding {
    let without: Vec<&str> = zones.difference(held).map(String::as_str).collect();
    let name = on.target_group(group).map_or(group.resource(), |group| group.name.as_str());
    let says = format!(
        "target group `{name}` has no target in {} of `{}`, and cross-zone load balancing is off",
        if held.is_empty() { "at least one zone".to_owned() } else { without.join(", ") },
        balancer.name
    );
    // The target group's own attribute wins over the load balancer's.
    let own = on.network.group_attributes.get(group).and_then(Reading::value);
    let word = shell_word(group.as_str());
    let set = match own.and_then(|attributes| attributes.get(CROSS_ZONE)) {
        // An application load balancer has no such attribute that could be off.
        Some("false") => format!("modify-target-group-attributes --target-group-arn {word}"),
        _ => format!(
            "modify-load-balancer-attributes --load-balancer-arn {}",
            shell_word(balancer.arn.as_str())
        ),
    };
    let set = format!("aws elbv2 {set} --attributes Key={CROSS_ZONE},Value=true --region {{region}}");
    let show = format!("aws elbv2 describe-target-health --target-group-arn {word} --region {{region}}");
    let what = "Register a target in each zone of the load balancer, or turn cross-zone load balancing on.";
    Finding::read(Code::ZoneWithoutTargets, reading, says)
        .of(&balancer.arn)
        .detail("zones", without.join(", "))
        .detail("target_group", group)
        .partial()
        .remedy(what, Some(set), Some(show))
}
