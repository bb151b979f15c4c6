//! The connections of a private path: into the load balancer, and from it to the targets of a group.
//!
//! Who the targets see is the crux. Through PrivateLink it is always the load balancer's own address, and a rule that
//! names the load balancer's security group means it only while inbound rules are enforced on PrivateLink traffic; health
//! checks come from its address and its group in any case.
//! Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-register-targets.html>

use crate::aws::model::Attributes;
use crate::aws::model::{Generation, LoadBalancer, NetworkAcl};
use crate::aws::{NotRead, QueryKind, Reading};
use crate::ids::Arn;
use crate::path::OnPath;
use crate::reachability::flow::{Leg, StepOutcome, not_known};
use crate::reachability::flow_ends::{FlowEnd, FlowEnds, TargetEnd};
use crate::reachability::rule_set::{Flow, RuleSet};

/// Of a load balancer or a target group: whether nodes send to targets of other zones.
pub(crate) const CROSS_ZONE: &str = "load_balancing.cross_zone.enabled";

/// All four, in the order in which a connection meets them.
const STEPS: [Leg; 4] = [Leg::SourceEgress, Leg::AclRequest, Leg::TargetIngress, Leg::AclResponse];

/// A step of a connection, and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct FlowStep {
    pub(crate) step: Leg,
    /// The interface that the connection leaves.
    pub(crate) from: FlowEnd,
    /// Whom the destination sees.
    pub(crate) source: FlowEnd,
    pub(crate) to: FlowEnd,
    pub(crate) port: u16,
    /// Whether a rule at the destination means the source by the source's security groups.
    pub(crate) matches_by_group: bool,
    /// Whether it is a health check.
    pub(crate) health: bool,
    pub(crate) outcome: StepOutcome,
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
        let nodes = with_traffic(on, ends, nodes);
        let ways = pairs(&from, &nodes).map(|(from, to)| way(from, to, listener.port, true));
        return ways.flat_map(|way| pass(ground, &way, &STEPS)).collect();
    }
    // Without groups there is nothing to enforce, and then AWS says nothing about enforcing it.
    if balancer.kind == "network" && balancer.enforces_inbound == Some(false) {
        return Vec::new();
    }
    let from = ends.api_gateway();
    let doubt = enforcement(balancer).err();
    let nodes = nodes.first().into_iter();
    let ways = nodes.map(|to| Flow { doubt: doubt.clone(), ..way(&from, to, listener.port, false) });
    ways.flat_map(|way| pass(ground, &way, &[Leg::TargetIngress])).collect()
}

/// A network ACL before a V1 link's load balancer that lets in nothing on the listener's port. Whether requests through
/// PrivateLink meet it is documented nowhere.
pub(crate) fn shut_before<'a>(on: OnPath<'a>) -> Option<(&'a NetworkAcl, u16)> {
    let first = on.position == 0 && on.path.generation() == Some(Generation::V1);
    let (balancer, listener) = (on.load_balancer.value().filter(|_| first)?, on.called_listener()?);
    let rules = RuleSet(&on.balancer.network);
    let mut subnets = balancer.zones.iter().filter_map(|zone| zone.subnet.as_deref());
    subnets.find_map(|subnet| rules.shut(subnet, listener.port)).map(|acl| (acl, listener.port))
}

/// The nodes that clients are sent to: one whose zone holds no target for it drops out of the load balancer's name.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-troubleshooting.html>
fn with_traffic(on: OnPath<'_>, ends: FlowEnds<'_>, nodes: Vec<FlowEnd>) -> Vec<FlowEnd> {
    if on.targets.keys().any(|group| cross_zone(on, group) != Ok(false)) {
        return nodes;
    }
    let targets: Vec<TargetEnd> = on.targets.keys().flat_map(|group| ends.targets(group)).collect();
    let any_healthy = targets.iter().any(|target| target.healthy);
    let zones: Option<Vec<&str>> = targets
        .iter()
        .filter(|target| target.healthy || !any_healthy)
        .map(|target| target.place.zone.as_deref().filter(|zone| *zone != "all"))
        .collect();
    let Some(zones) = zones.filter(|zones| !zones.is_empty()) else { return nodes };
    let held = |node: &FlowEnd| node.zone.as_deref().is_none_or(|zone| zones.contains(&zone));
    nodes.into_iter().filter(held).collect()
}

/// What connections from a V2 link to instances meet where no load balancer stands between them.
pub(crate) fn direct(on: OnPath<'_>) -> Vec<FlowStep> {
    let (ends, ground) = (FlowEnds::new(on), RuleSet(&on.balancer.network));
    let from = on.path.vpc_link().map(|link| ends.link(link)).unwrap_or_default();
    let targets = on.targets.keys().flat_map(|group| ends.targets(group));
    let of_target = |target: TargetEnd| -> Vec<FlowStep> {
        let ways = pairs(&from, std::slice::from_ref(&target.place));
        ways.flat_map(|(from, to)| pass(ground, &way(from, to, target.port, true), &STEPS)).collect()
    };
    targets.flat_map(of_target).collect()
}

/// What connections from the load balancer to a group's targets meet.
pub(crate) fn behind(on: OnPath<'_>, group: &Arn) -> Vec<FlowStep> {
    let Some(balancer) = on.load_balancer.value() else { return Vec::new() };
    let (ends, ground) = (FlowEnds::new(on), RuleSet(&on.balancer.network));
    let nodes = ends.nodes(balancer);
    let senders = senders(on, balancer, group);
    let cross_zone = cross_zone(on, group);
    let mut passages = Vec::new();
    for target in ends.targets(group) {
        let checks = checks(ground, &nodes, &target, balancer);
        for (from, to) in pairs(&nodes, std::slice::from_ref(&target.place)) {
            let Some(crossing) = crosses(from, to, &cross_zone, ends) else { continue };
            // Between two versions of IP no client's address can be kept.
            let clients = senders.clients.iter().flatten().filter(|client| same_version(client, to));
            let clients: Vec<&FlowEnd> = clients.collect();
            for source in if clients.is_empty() { vec![from] } else { clients } {
                let way = Flow {
                    source,
                    undocumented: &senders.undocumented,
                    doubt: senders.doubt.clone().or_else(|| crossing.clone()),
                    ..way(from, to, target.port, senders.by_group)
                };
                passages.extend(pass(ground, &way, &STEPS).into_iter().map(|passage| FlowStep {
                    contradicted: target.healthy && checks.iter().any(|check| stops_too(check, &passage)),
                    ..passage
                }));
            }
        }
        // Checks that pass need no model to say so.
        if !target.healthy {
            passages.extend(checks);
        }
    }
    passages
}

/// What health checks of one target meet: they come from the load balancer itself, not from its clients.
fn checks(
    ground: RuleSet<'_>,
    nodes: &[FlowEnd],
    target: &TargetEnd,
    balancer: &LoadBalancer,
) -> Vec<FlowStep> {
    let Some(port) = target.health_port else { return Vec::new() };
    let matches_by_group = !balancer.security_groups.is_empty();
    // A node checks the targets of its own zone; others are checked only while they get traffic from it. Those outside
    // the VPC belong to all.
    let zone = target.place.zone.as_deref();
    let near = |node: &&FlowEnd| node.zone.as_deref() == zone || zone.is_none_or(|zone| zone == "all");
    let near: Vec<FlowEnd> = nodes.iter().filter(near).cloned().collect();
    let ways = pairs(&near, std::slice::from_ref(&target.place));
    ways.flat_map(|(from, to)| pass(ground, &way(from, to, port, matches_by_group), &STEPS))
        .map(|passage| FlowStep { health: true, ..passage })
        .collect()
}

fn stops_too(check: &FlowStep, request: &FlowStep) -> bool {
    let (StepOutcome::Blocked(one), StepOutcome::Blocked(other)) = (&check.outcome, &request.outcome) else {
        return false;
    };
    check.step == request.step && check.port == request.port && one.identity() == other.identity()
}

/// Whom targets see as the source of requests.
struct Senders {
    /// The clients, where the load balancer keeps their addresses; `None` where targets see the node itself.
    clients: Option<Vec<FlowEnd>>,
    /// Whether a rule that names the load balancer's security group means it.
    by_group: bool,
    /// Groups of which no document tells whether a rule that names one means it.
    undocumented: Vec<String>,
    /// What would have to be known to be sure.
    doubt: Option<NotRead>,
}

fn senders(on: OnPath<'_>, balancer: &LoadBalancer, group: &Arn) -> Senders {
    let guarded = !balancer.security_groups.is_empty();
    let node = Senders { clients: None, by_group: guarded, undocumented: Vec::new(), doubt: None };
    if balancer.kind != "network" {
        return node;
    }
    if on.path.generation() != Some(Generation::V2) {
        let enforced = if guarded { enforcement(balancer) } else { Ok(false) };
        let doubt = enforced.as_ref().err().cloned();
        return Senders { by_group: enforced.unwrap_or(false), doubt, ..node };
    }
    // A V2 link is a client in the VPC, whose address the load balancer may keep. A target that is itself a load balancer
    // always sees the client.
    let kept = match attribute(on, group, "preserve_client_ip.enabled") {
        Ok(Some(value)) => value == "true",
        Ok(None) => {
            on.target_group(group).is_some_and(|group| group.kind == "instance" || group.kind == "alb")
        }
        Err(unavailable) => return Senders { doubt: Some(unavailable), ..node },
    };
    let Some(link) = on.path.vpc_link().filter(|_| kept) else { return node };
    let own = FlowEnds::new(on).link(link).into_iter();
    let clients = own.map(|client| FlowEnd { groups: Ok(balancer.security_groups.clone()), ..client });
    Senders { clients: Some(clients.collect()), undocumented: link.security_groups.clone(), ..node }
}

/// Whether PrivateLink traffic has to pass the load balancer's inbound rules.
fn enforcement(balancer: &LoadBalancer) -> Result<bool, NotRead> {
    balancer.enforces_inbound.ok_or_else(|| {
        let what = format!("whether `{}` enforces its inbound rules on PrivateLink traffic", balancer.name);
        not_known(what, Some(QueryKind::LoadBalancer), "the load balancer's description does not say")
    })
}

/// Whether nodes send to targets of other zones. Those of an application load balancer do, unless a group says otherwise.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html>
pub(crate) fn cross_zone(on: OnPath<'_>, group: &Arn) -> Result<bool, NotRead> {
    match attribute(on, group, CROSS_ZONE)? {
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        _ if on.load_balancer.value().is_some_and(|balancer| balancer.kind != "network") => Ok(true),
        _ => match &on.network.balancer_attributes {
            Reading::Known { value, .. } => Ok(value.get(CROSS_ZONE) == Some("true")),
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
    let reading: &Reading<Attributes> = on.balancer.network.group_attributes.get(group).ok_or_else(unread)?;
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
    // `all` is a target outside the VPC, which every node uses.
    let (Some(from), Some(to)) = (&from.zone, &to.zone) else {
        return Some((*cross_zone != Ok(true)).then(|| ends.zone_unread()));
    };
    match cross_zone {
        _ if from == to || to == "all" => Some(None),
        Ok(true) => Some(None),
        Ok(false) => None,
        Err(unavailable) => Some(Some(unavailable.clone())),
    }
}

fn way<'a>(from: &'a FlowEnd, to: &'a FlowEnd, port: u16, matches_by_group: bool) -> Flow<'a> {
    Flow { from, source: from, to, port, matches_by_group, undocumented: &[], doubt: None }
}

fn pass(ground: RuleSet<'_>, way: &Flow<'_>, steps: &[Leg]) -> Vec<FlowStep> {
    let passage = |step: Leg, outcome| FlowStep {
        step,
        from: way.from.clone(),
        source: way.source.clone(),
        to: way.to.clone(),
        port: way.port,
        matches_by_group: way.matches_by_group,
        health: false,
        outcome,
        contradicted: false,
    };
    let of_step =
        |step: &Leg| ground.step(way, *step).into_iter().map(|outcome| passage(*step, outcome)).collect();
    steps.iter().flat_map(|step| -> Vec<FlowStep> { of_step(step) }).collect()
}

/// All pairs of places that speak the same version of IP.
fn pairs<'a>(from: &'a [FlowEnd], to: &'a [FlowEnd]) -> impl Iterator<Item = (&'a FlowEnd, &'a FlowEnd)> {
    from.iter()
        .flat_map(move |from| to.iter().filter(move |to| same_version(from, to)).map(move |to| (from, to)))
}

fn same_version(one: &FlowEnd, other: &FlowEnd) -> bool {
    one.net.network().is_ipv4() == other.net.network().is_ipv4()
}
