//! The connections of a private path: into the load balancer, and from it to the targets of a group.
//!
//! Who the targets see is the crux. Through PrivateLink it is always the load balancer's own address, and a rule that
//! names the load balancer's security group means it only while inbound rules are enforced on PrivateLink traffic; health
//! checks come from its address and its group in any case.
//! Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-register-targets.html>

use crate::aws::model::Attributes;
use crate::aws::model::{Generation, LoadBalancer};
use crate::aws::{Reading, Unavailable};
use crate::ids::Arn;
use crate::path::Topology;
use crate::reachability::flow::{Outcome, Step, not_known};
use crate::reachability::flow_ends::{Ends, Place, TargetPlace};
use crate::reachability::rule_set::{Ground, Way};

const ATTRIBUTES: &str = "elasticloadbalancing:DescribeLoadBalancerAttributes";
const DESCRIBE: &str = "elasticloadbalancing:DescribeLoadBalancers";

/// All four, in the order in which a connection meets them.
const STEPS: [Step; 4] = [Step::Leaves, Step::Request, Step::Enters, Step::Response];

/// A step of a connection, and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Passage {
    pub(crate) step: Step,
    pub(crate) from: Place,
    pub(crate) to: Place,
    pub(crate) port: u16,
    /// Whether a rule at the destination may mean the source by security group.
    pub(crate) by_group: bool,
    /// Whether it is a health check.
    pub(crate) health: bool,
    pub(crate) outcome: Outcome,
    /// Whether the load balancer's own health checks pass where these rules would stop them.
    pub(crate) contradicted: bool,
}

/// What connections into the load balancer meet. V1: its inbound rules alone, since the rest is not the customer's, and
/// whether its subnets' ACLs are asked is documented nowhere. V2: all that lies between the link's interfaces and it.
pub(crate) fn entry(topology: &Topology) -> Vec<Passage> {
    let (Some(balancer), Some(listener)) = (topology.load_balancer.value(), topology.called_listener())
    else {
        return Vec::new();
    };
    let (ends, ground) = (Ends::new(topology), Ground(&topology.network));
    let nodes = ends.nodes(balancer);
    if topology.generation() == Some(Generation::V2) {
        let from = topology.link.value().map(|link| ends.link(link)).unwrap_or_default();
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
    ways.flat_map(|way| pass(ground, &way, &[Step::Enters])).collect()
}

/// What connections from the load balancer to a group's targets meet.
pub(crate) fn behind(topology: &Topology, group: &Arn) -> Vec<Passage> {
    let Some(balancer) = topology.load_balancer.value() else { return Vec::new() };
    let (ends, ground) = (Ends::new(topology), Ground(&topology.network));
    let nodes = ends.nodes(balancer);
    let (sources, by_group, doubt) = sources(topology, balancer, group, &nodes);
    let cross_zone = cross_zone(topology, group);
    let mut passages = Vec::new();
    for target in ends.targets(group) {
        let checks = checks(ground, &nodes, &target, balancer);
        for (from, to) in pairs(&sources, std::slice::from_ref(&target.place)) {
            let Some(crossing) = crosses(from, to, &cross_zone, ends) else { continue };
            let way = way(from, to, target.port, by_group, doubt.clone().or(crossing));
            passages.extend(pass(ground, &way, &STEPS).into_iter().map(|passage| Passage {
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
    ground: Ground<'_>,
    nodes: &[Place],
    target: &TargetPlace,
    balancer: &LoadBalancer,
) -> Vec<Passage> {
    let Some(port) = target.health_port else { return Vec::new() };
    let by_group = !balancer.security_groups.is_empty();
    // A node checks the targets of its own zone; others are checked only while they get traffic from it.
    let near = |node: &&Place| node.zone == target.place.zone || target.place.zone.is_none();
    let near: Vec<Place> = nodes.iter().filter(near).cloned().collect();
    let ways = pairs(&near, std::slice::from_ref(&target.place));
    ways.flat_map(|(from, to)| pass(ground, &way(from, to, port, by_group, None), &STEPS))
        .map(|passage| Passage { health: true, ..passage })
        .collect()
}

fn stops_too(check: &Passage, request: &Passage) -> bool {
    check.step == request.step && check.port == request.port && matches!(check.outcome, Outcome::Blocked(_))
}

/// Whom targets see as the source of requests, whether rules may mean it by group, and what would have to be known.
fn sources(
    topology: &Topology,
    balancer: &LoadBalancer,
    group: &Arn,
    nodes: &[Place],
) -> (Vec<Place>, bool, Option<Unavailable>) {
    let guarded = !balancer.security_groups.is_empty();
    if balancer.kind != "network" {
        return (nodes.to_vec(), guarded, None);
    }
    if topology.generation() != Some(Generation::V2) {
        let enforced = if guarded { enforcement(balancer) } else { Ok(false) };
        let doubt = enforced.as_ref().err().cloned();
        return (nodes.to_vec(), enforced.unwrap_or(false), doubt);
    }
    // A V2 link is a client in the VPC, whose address the load balancer may keep.
    match attribute(topology, group, "preserve_client_ip.enabled") {
        Ok(Some("true")) => {
            let named = not_known(
                "how rules mean a VPC link behind the load balancer",
                "",
                "it is documented nowhere",
            );
            let groups = if guarded { Ok(balancer.security_groups.clone()) } else { Err(named) };
            let link = topology.link.value().map(|link| Ends::new(topology).link(link)).unwrap_or_default();
            let link = link.into_iter().map(|place| Place { groups: groups.clone(), zone: None, ..place });
            (link.collect(), true, None)
        }
        Ok(_) => (nodes.to_vec(), guarded, None),
        Err(unavailable) => (nodes.to_vec(), guarded, Some(unavailable)),
    }
}

/// Whether PrivateLink traffic has to pass the load balancer's inbound rules.
fn enforcement(balancer: &LoadBalancer) -> Result<bool, Unavailable> {
    balancer.enforces_inbound.ok_or_else(|| {
        let what = format!("whether `{}` enforces its inbound rules on PrivateLink traffic", balancer.name);
        not_known(what, DESCRIBE, "the load balancer's description does not say")
    })
}

/// Whether nodes send to targets of other zones. An application load balancer does, unless a group says otherwise.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html>
pub(crate) fn cross_zone(topology: &Topology, group: &Arn) -> Result<bool, Unavailable> {
    const KEY: &str = "load_balancing.cross_zone.enabled";
    if topology.load_balancer.value().is_some_and(|balancer| balancer.kind != "network") {
        return Ok(true);
    }
    match attribute(topology, group, KEY)? {
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        _ => match &topology.network.balancer_attributes {
            Reading::Known { value, .. } => Ok(value.get(KEY) == Some("true")),
            Reading::Unavailable(unavailable) => Err(unavailable.clone()),
            Reading::Absent { .. } => {
                Err(not_known("the load balancer's attributes", ATTRIBUTES, "it is gone"))
            }
        },
    }
}

fn attribute<'a>(topology: &'a Topology, group: &Arn, key: &str) -> Result<Option<&'a str>, Unavailable> {
    let unread = || {
        let what = format!("the attributes of {}", group.resource());
        not_known(what, "elasticloadbalancing:DescribeTargetGroupAttributes", "they were not read")
    };
    let reading: &Reading<Attributes> = topology.network.group_attributes.get(group).ok_or_else(unread)?;
    match reading {
        Reading::Known { value, .. } => Ok(value.get(key)),
        Reading::Unavailable(unavailable) => Err(unavailable.clone()),
        Reading::Absent { .. } => Err(unread()),
    }
}

/// `None` where no connection goes between the two; else what would have to be known to be sure that one does.
fn crosses(
    from: &Place,
    to: &Place,
    cross_zone: &Result<bool, Unavailable>,
    ends: Ends<'_>,
) -> Option<Option<Unavailable>> {
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

fn way<'a>(from: &'a Place, to: &'a Place, port: u16, by_group: bool, doubt: Option<Unavailable>) -> Way<'a> {
    Way { from, to, port, by_group, doubt }
}

fn pass(ground: Ground<'_>, way: &Way<'_>, steps: &[Step]) -> Vec<Passage> {
    let passage = |step: &Step| Passage {
        step: *step,
        from: way.from.clone(),
        to: way.to.clone(),
        port: way.port,
        by_group: way.by_group,
        health: false,
        outcome: ground.step(way, *step),
        contradicted: false,
    };
    steps.iter().map(passage).collect()
}

/// All pairs of places that speak the same version of IP.
fn pairs<'a>(from: &'a [Place], to: &'a [Place]) -> impl Iterator<Item = (&'a Place, &'a Place)> {
    let v4 = |place: &Place| place.net.network().is_ipv4();
    from.iter().flat_map(move |from| to.iter().filter(move |to| v4(from) == v4(to)).map(move |to| (from, to)))
}
