//! The connections of a private path: into the load balancer, and from it to the targets of a group.
//!
//! Who the targets see is the crux. Through PrivateLink it is always the load balancer's own address, and a rule that
//! names the load balancer's security group means it only while inbound rules are enforced on PrivateLink traffic; health
//! checks come from its address and its group in any case.
//! Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-register-targets.html>

use crate::aws::model::Attributes;
use crate::aws::model::{Generation, LoadBalancer};
use crate::aws::{NotRead, QueryKind, Reading};
use crate::ids::Arn;
use crate::path::OnPath;
use crate::reachability::flow::{Leg, Outcome, not_known};
use crate::reachability::flow_ends::{FlowEnd, FlowEnds, TargetEnd};
use crate::reachability::rule_set::{Flow, RuleSet};

/// All four, in the order in which a connection meets them.
const STEPS: [Leg; 4] = [Leg::SourceEgress, Leg::AclRequest, Leg::TargetIngress, Leg::AclResponse];

/// A step of a connection, and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct FlowStep {
    pub(crate) step: Leg,
    pub(crate) from: FlowEnd,
    pub(crate) to: FlowEnd,
    pub(crate) port: u16,
    /// Whether a rule at the destination may mean the source by security group.
    pub(crate) matches_by_group: bool,
    /// Whether it is a health check.
    pub(crate) health: bool,
    pub(crate) outcome: Outcome,
    /// Whether the load balancer's own health checks pass where these rules would stop them.
    pub(crate) contradicted: bool,
}

/// What connections into the load balancer meet. V1: its inbound rules alone, since the rest is not the customer's, and
/// whether its subnets' ACLs are asked is documented nowhere. V2: all that lies between the link's interfaces and it.
pub(crate) fn entry(on: OnPath<'_>) -> Vec<FlowStep> {
    // What leads into a load balancer that is a target is judged as what leads to a target.
    if on.position > 0 {
        return Vec::new();
    }
    let (Some(balancer), Some(listener)) = (on.load_balancer.value(), on.called_listener()) else {
        return Vec::new();
    };
    let (ends, ground) = (FlowEnds::new(on), RuleSet(&on.balancer.network));
    let nodes = ends.nodes(balancer);
    if on.path.generation() == Some(Generation::V2) {
        let from = on.path.vpc_link().map(|link| ends.link(link)).unwrap_or_default();
        let ways = pairs(&from, &nodes).map(|(from, to)| way(from, to, listener.port, true, None));
        return ways.flat_map(|way| pass(ground, &way, &STEPS)).collect();
    }
    // Without groups there is nothing to enforce, and then AWS says nothing about enforcing it.
    if balancer.kind == "network" && balancer.enforces_inbound == Some(false) {
        return Vec::new();
    }
    let from = ends.api_gateway();
    let doubt = enforcement(balancer).err();
    let nodes = nodes.first().into_iter();
    let ways = nodes.map(|to| way(&from, to, listener.port, false, doubt.clone()));
    ways.flat_map(|way| pass(ground, &way, &[Leg::TargetIngress])).collect()
}

/// What connections from the load balancer to a group's targets meet.
pub(crate) fn behind(on: OnPath<'_>, group: &Arn) -> Vec<FlowStep> {
    let Some(balancer) = on.load_balancer.value() else { return Vec::new() };
    let (ends, ground) = (FlowEnds::new(on), RuleSet(&on.balancer.network));
    let nodes = ends.nodes(balancer);
    let (sources, matches_by_group, doubt) = sources(on, balancer, group, &nodes);
    let cross_zone = cross_zone(on, group);
    let mut passages = Vec::new();
    for target in ends.targets(group) {
        let checks = checks(ground, &nodes, &target, balancer);
        for (from, to) in pairs(&sources, std::slice::from_ref(&target.place)) {
            let Some(crossing) = crosses(from, to, &cross_zone, ends) else { continue };
            let way = way(from, to, target.port, matches_by_group, doubt.clone().or(crossing));
            passages.extend(pass(ground, &way, &STEPS).into_iter().map(|passage| FlowStep {
                contradicted: target.healthy && checks.iter().any(|check| stops_too(check, &passage)),
                ..passage
            }));
        }
        // Checks that pass need no model to say so.
        if !target.healthy {
            passages.extend(checks);
        }
    }
    passages
}

/// What health checks of one target meet: they come from the load balancer itself, whoever its clients are.
fn checks(
    ground: RuleSet<'_>,
    nodes: &[FlowEnd],
    target: &TargetEnd,
    balancer: &LoadBalancer,
) -> Vec<FlowStep> {
    let Some(port) = target.health_port else { return Vec::new() };
    let matches_by_group = !balancer.security_groups.is_empty();
    // A node checks the targets of its own zone; others are checked only while they get traffic from it.
    let near = |node: &&FlowEnd| node.zone == target.place.zone || target.place.zone.is_none();
    let near: Vec<FlowEnd> = nodes.iter().filter(near).cloned().collect();
    let ways = pairs(&near, std::slice::from_ref(&target.place));
    ways.flat_map(|(from, to)| pass(ground, &way(from, to, port, matches_by_group, None), &STEPS))
        .map(|passage| FlowStep { health: true, ..passage })
        .collect()
}

fn stops_too(check: &FlowStep, request: &FlowStep) -> bool {
    check.step == request.step && check.port == request.port && matches!(check.outcome, Outcome::Blocked(_))
}

/// Whom targets see as the source of requests, whether rules may mean it by group, and what would have to be known.
fn sources(
    on: OnPath<'_>,
    balancer: &LoadBalancer,
    group: &Arn,
    nodes: &[FlowEnd],
) -> (Vec<FlowEnd>, bool, Option<NotRead>) {
    let guarded = !balancer.security_groups.is_empty();
    if balancer.kind != "network" {
        return (nodes.to_vec(), guarded, None);
    }
    if on.path.generation() != Some(Generation::V2) {
        let enforced = if guarded { enforcement(balancer) } else { Ok(false) };
        let doubt = enforced.as_ref().err().cloned();
        return (nodes.to_vec(), enforced.unwrap_or(false), doubt);
    }
    // A V2 link is a client in the VPC, whose address the load balancer may keep.
    match attribute(on, group, "preserve_client_ip.enabled") {
        Ok(Some("true")) => {
            let named = not_known(
                "how rules mean a VPC link behind the load balancer",
                None,
                "it is documented nowhere",
            );
            let groups = if guarded { Ok(balancer.security_groups.clone()) } else { Err(named) };
            let link = on.path.vpc_link().map(|link| FlowEnds::new(on).link(link)).unwrap_or_default();
            let link = link.into_iter().map(|place| FlowEnd { groups: groups.clone(), zone: None, ..place });
            (link.collect(), true, None)
        }
        Ok(_) => (nodes.to_vec(), guarded, None),
        Err(unavailable) => (nodes.to_vec(), guarded, Some(unavailable)),
    }
}

/// Whether PrivateLink traffic has to pass the load balancer's inbound rules.
fn enforcement(balancer: &LoadBalancer) -> Result<bool, NotRead> {
    balancer.enforces_inbound.ok_or_else(|| {
        let what = format!("whether `{}` enforces its inbound rules on PrivateLink traffic", balancer.name);
        not_known(what, Some(QueryKind::LoadBalancer), "the load balancer's description does not say")
    })
}

/// Whether nodes send to targets of other zones. An application load balancer does, unless a group says otherwise.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html>
pub(crate) fn cross_zone(on: OnPath<'_>, group: &Arn) -> Result<bool, NotRead> {
    const KEY: &str = "load_balancing.cross_zone.enabled";
    if on.load_balancer.value().is_some_and(|balancer| balancer.kind != "network") {
        return Ok(true);
    }
    match attribute(on, group, KEY)? {
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        _ => match &on.network.balancer_attributes {
            Reading::Known { value, .. } => Ok(value.get(KEY) == Some("true")),
            Reading::NotRead(unavailable) => Err(unavailable.clone()),
            Reading::Absent { .. } => Err(not_known(
                "the load balancer's attributes",
                Some(QueryKind::LoadBalancerAttributes),
                "it is gone",
            )),
        },
    }
}

fn attribute<'a>(on: OnPath<'a>, group: &Arn, key: &str) -> Result<Option<&'a str>, NotRead> {
    let unread = || {
        let what = format!("the attributes of {}", group.resource());
        not_known(what, Some(QueryKind::TargetGroupAttributes), "they were not read")
    };
    let reading: &Reading<Attributes> = on.network.group_attributes.get(group).ok_or_else(unread)?;
    match reading {
        Reading::Known { value, .. } => Ok(value.get(key)),
        Reading::NotRead(unavailable) => Err(unavailable.clone()),
        Reading::Absent { .. } => Err(unread()),
    }
}

/// `None` where no connection goes between the two; else what would have to be known to be sure that one does.
fn crosses(
    from: &FlowEnd,
    to: &FlowEnd,
    cross_zone: &Result<bool, NotRead>,
    ends: FlowEnds<'_>,
) -> Option<Option<NotRead>> {
    // A place without a zone is a client whose address is kept; `all` is a target outside the VPC, whom every node uses.
    let (Some(from), Some(to)) = (&from.zone, &to.zone) else {
        let sure = from.zone.is_none() || *cross_zone == Ok(true);
        return Some((!sure).then(|| ends.zone_unread()));
    };
    match cross_zone {
        _ if from == to || to == "all" => Some(None),
        Ok(true) => Some(None),
        Ok(false) => None,
        Err(unavailable) => Some(Some(unavailable.clone())),
    }
}

fn way<'a>(
    from: &'a FlowEnd,
    to: &'a FlowEnd,
    port: u16,
    matches_by_group: bool,
    doubt: Option<NotRead>,
) -> Flow<'a> {
    Flow { from, to, port, matches_by_group, doubt }
}

fn pass(ground: RuleSet<'_>, way: &Flow<'_>, steps: &[Leg]) -> Vec<FlowStep> {
    let passage = |step: &Leg| FlowStep {
        step: *step,
        from: way.from.clone(),
        to: way.to.clone(),
        port: way.port,
        matches_by_group: way.matches_by_group,
        health: false,
        outcome: ground.step(way, *step),
        contradicted: false,
    };
    steps.iter().map(passage).collect()
}

/// All pairs of places that speak the same version of IP.
fn pairs<'a>(from: &'a [FlowEnd], to: &'a [FlowEnd]) -> impl Iterator<Item = (&'a FlowEnd, &'a FlowEnd)> {
    let v4 = |place: &FlowEnd| place.net.network().is_ipv4();
    from.iter().flat_map(move |from| to.iter().filter(move |to| v4(from) == v4(to)).map(move |to| (from, to)))
}
