//! One packet at a time: what stands in its way, by AWS's words alone. It shares no code with what it judges.
//!
//! A security group passes what any of its rules names and lets answers back by itself; a network ACL's entry with the
//! lowest number that fits decides, each way by itself, and packets within one subnet meet none.
//! Sources: <https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html>,
//! <https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html>

use std::collections::BTreeSet;
use std::net::IpAddr;

use vpclink_responder::aws::model::{
    Generation, GroupRule, LoadBalancer, NetworkInterface, RouteEntry, Target,
};

use crate::network::World;

/// Answer ports that may be closed before it counts: fewer than one in a hundred of 1024 to 65535.
const HOLE: usize = 645;

/// What drops packets of some connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Drop {
    /// The code that has to name it.
    pub(super) code: &'static str,
    /// Groups or the network ACL.
    pub(super) resource: String,
    /// The ACL's entry; 0 where it is groups.
    pub(super) entry: i32,
    pub(super) egress: bool,
    /// The subnet whose ACL it is.
    pub(super) subnet: String,
    /// The port that the connection goes to.
    pub(super) port: u16,
    pub(super) health: bool,
}

/// A way for packets, from interface to interface.
struct Way<'a> {
    leaves: &'a NetworkInterface,
    /// Whose address the packets carry.
    source: &'a NetworkInterface,
    arrives: &'a NetworkInterface,
    /// The version of IP that both ends speak.
    v6: bool,
    port: u16,
    health: bool,
    /// Groups by which rules at the far end mean the source.
    meant: &'a [String],
    codes: [&'static str; 2],
}

/// A single packet; `port` is where it goes.
#[derive(Clone, Copy)]
struct Packet {
    from: IpAddr,
    to: IpAddr,
    port: u16,
}

fn names(world: &World, rule: &GroupRule, address: IpAddr, groups: &[String], port: u16) -> bool {
    let speaks = match rule.protocol.as_str() {
        "-1" => true,
        "tcp" | "6" => rule.from_port.unwrap() <= i32::from(port) && i32::from(port) <= rule.to_port.unwrap(),
        _ => false,
    };
    let listed = world.prefix_list.iter().any(|net| net.parse::<ipnet::IpNet>().unwrap().contains(&address));
    speaks
        && (rule.cidrs.iter().any(|cidr| cidr.contains(&address))
            || rule.groups.iter().any(|group| groups.contains(group))
            || (!rule.prefix_lists.is_empty() && listed))
}

/// The entry of the subnet's ACL that denies the packet there: its number, and the ACL.
fn denied(world: &World, subnet: &str, egress: bool, packet: Packet) -> Option<(i32, String)> {
    let acl = world.acls.iter().find(|acl| acl.subnets.iter().any(|own| own == subnet)).unwrap();
    let far = if egress { packet.to } else { packet.from };
    let mut numbers: Vec<i32> =
        acl.entries.iter().filter(|entry| entry.egress == egress).map(|entry| entry.number).collect();
    numbers.sort_unstable();
    for number in numbers {
        let entry = acl.entries.iter().find(|e| e.egress == egress && e.number == number).unwrap();
        let protocol = entry.protocol == "-1" || entry.protocol == "6";
        let ports = entry.protocol == "-1"
            || (entry.from_port.unwrap()..=entry.to_port.unwrap()).contains(&i32::from(packet.port));
        if protocol && ports && entry.cidr.contains(&far) {
            return (!entry.allow).then(|| (number, acl.id.clone()));
        }
    }
    panic!("every ACL ends with an entry for all")
}

/// Ports to try: the first of each stretch that no ACL's entry divides, with the length of the stretch.
fn answer_ports(world: &World) -> Vec<(u16, usize)> {
    let mut edges = BTreeSet::from([1024, 65536]);
    for entry in world.acls.iter().flat_map(|acl| &acl.entries) {
        edges.extend(entry.from_port.filter(|port| (1024..65536).contains(port)));
        edges.extend(entry.to_port.map(|port| port + 1).filter(|port| (1024..65536).contains(port)));
    }
    let edges: Vec<i32> = edges.into_iter().collect();
    edges.windows(2).map(|pair| (pair[0] as u16, (pair[1] - pair[0]) as usize)).collect()
}

fn address(interface: &NetworkInterface, v6: bool) -> Option<IpAddr> {
    interface.addresses.iter().find(|address| address.is_ipv6() == v6).copied()
}

impl Way<'_> {
    fn drops(&self, world: &World) -> Vec<Drop> {
        let mut drops = Vec::new();
        let Some((from, to)) = address(self.source, self.v6).zip(address(self.arrives, self.v6)) else {
            return drops;
        };
        let there = Packet { from, to, port: self.port };
        let mut guard = |egress: bool, ids: &[String], address: IpAddr, groups: &[String]| {
            let held: Vec<_> = world.groups.iter().filter(|group| ids.contains(&group.id)).collect();
            let rules = held.iter().flat_map(|group| if egress { &group.egress } else { &group.ingress });
            // Of a peered VPC's groups it is not known which a target there has.
            let may_mean = |rule: &&GroupRule| self.arrives.subnet.is_none() && !rule.groups.is_empty();
            let mut rules =
                rules.filter(|rule| may_mean(rule) || names(world, rule, address, groups, self.port));
            if !ids.is_empty() && rules.next().is_none() {
                let code = self.codes[usize::from(!egress)];
                drops.push(Drop { code, resource: ids.join(","), egress, ..self.drop() });
            }
        };
        guard(true, &self.leaves.groups, there.to, &self.arrives.groups);
        guard(false, &self.arrives.groups, there.from, self.meant);
        // The far end is in another VPC, whose groups and ACLs no one reads.
        let [near, far] = [self.leaves, self.arrives].map(|end| end.subnet.as_deref());
        if near == far {
            return drops;
        }
        let borders = |there: bool| {
            let both = if there { [(near, true), (far, false)] } else { [(far, true), (near, false)] };
            both.into_iter().filter_map(|(subnet, egress)| Some((subnet?, egress)))
        };
        for (subnet, egress) in borders(true) {
            if let Some((entry, resource)) = denied(world, subnet, egress, there) {
                let code = "network-acl-blocks-request";
                drops.push(Drop { code, resource, entry, egress, subnet: subnet.to_owned(), ..self.drop() });
            }
        }
        for (subnet, egress) in borders(false) {
            let back = |port| Packet { from: there.to, to: there.from, port };
            let lost: Vec<_> = answer_ports(world)
                .into_iter()
                .filter_map(|(port, length)| Some((denied(world, subnet, egress, back(port))?, length)))
                .collect();
            if lost.iter().map(|(_, length)| length).sum::<usize>() >= HOLE {
                let (entry, resource) = lost.into_iter().map(|(denied, _)| denied).min().unwrap();
                let code = "network-acl-blocks-response";
                drops.push(Drop { code, resource, entry, egress, subnet: subnet.to_owned(), ..self.drop() });
            }
        }
        drops
    }

    fn drop(&self) -> Drop {
        Drop {
            code: "",
            resource: String::new(),
            entry: 0,
            egress: false,
            subnet: String::new(),
            port: self.port,
            health: self.health,
        }
    }
}

const BEHIND: [&str; 2] = ["load-balancer-security-group-blocks", "target-security-group-blocks"];
const BEFORE: [&str; 2] = ["vpc-link-security-group-blocks", "load-balancer-security-group-blocks"];

/// A load balancer's interfaces, each by its zone.
fn named(world: &World, balancer: &LoadBalancer) -> Vec<NetworkInterface> {
    let named = balancer.zones.iter().zip(world.nodes_of(balancer));
    named.map(|(zone, node)| NetworkInterface { id: zone.zone.clone(), ..node }).collect()
}

fn nodes(world: &World) -> Vec<NetworkInterface> {
    named(world, &world.balancer)
}

fn link(world: &World) -> NetworkInterface {
    NetworkInterface {
        id: "eni-link".to_owned(),
        subnet: Some("subnet-link".to_owned()),
        addresses: vec!["10.0.21.5".parse().unwrap()],
        groups: world.link_groups.clone(),
        vpc: None,
    }
}

fn attribute(attributes: &[(&'static str, &'static str)], key: &str) -> Option<bool> {
    attributes.iter().find(|(own, _)| *own == key).map(|(_, value)| *value == "true")
}

/// Whether nodes send to targets of other zones.
pub(super) fn crosses_zones(world: &World) -> bool {
    const KEY: &str = "load_balancing.cross_zone.enabled";
    let own = attribute(&world.group_attributes, KEY);
    match world.balancer.kind.as_str() {
        "application" => own.unwrap_or(true),
        _ => own.or(attribute(&world.balancer_attributes, KEY)).unwrap_or(false),
    }
}

/// A load balancer and the targets behind it.
struct Stage<'a> {
    nodes: Vec<NetworkInterface>,
    targets: &'a [Target],
    /// Its own security groups.
    groups: &'a [String],
    crosses: bool,
}

/// The load balancers of the path, the first before the one that is its target.
fn stages(world: &World) -> Vec<Stage<'_>> {
    let first = Stage {
        nodes: nodes(world),
        targets: &world.targets,
        groups: &world.balancer.security_groups,
        crosses: crosses_zones(world),
    };
    let behind = world.backend.as_ref().map(|backend| Stage {
        nodes: named(world, backend),
        targets: &world.inner,
        groups: &backend.security_groups,
        crosses: true,
    });
    std::iter::once(first).chain(behind).collect()
}

/// Where a target's packets arrive: each interface with its zone, and whether by IPv6.
fn places(world: &World, target: &Target) -> Vec<(NetworkInterface, Option<String>, bool)> {
    let zone = || target.zone.clone();
    if let Some(backend) = world.backend.as_ref().filter(|backend| backend.arn.as_str() == target.id) {
        return named(world, backend).into_iter().map(|own| (own.clone(), Some(own.id), false)).collect();
    }
    if let Some(own) = world.instances.iter().find(|own| own.id == target.id) {
        let interface = NetworkInterface {
            id: own.id.clone(),
            subnet: own.subnet.clone(),
            vpc: None,
            addresses: own.address.into_iter().collect(),
            groups: own.groups.clone(),
        };
        return vec![(interface, zone(), false)];
    }
    let address: IpAddr = target.id.parse().unwrap();
    let outside = NetworkInterface {
        id: target.id.clone(),
        subnet: None,
        vpc: None,
        addresses: vec![address],
        groups: Vec::new(),
    };
    let own = world.interfaces.iter().find(|own| own.addresses.contains(&address));
    vec![(own.cloned().unwrap_or(outside), zone(), address.is_ipv6())]
}

/// What drops the health checks of a target: those of the nodes in its zone.
fn checks(world: &World, stage: &Stage<'_>, target: &Target) -> Vec<Drop> {
    let port = match world.group.health_port.as_deref() {
        Some("traffic-port") => target.port.unwrap(),
        port => port.unwrap().parse().unwrap(),
    };
    let mut drops = Vec::new();
    for (arrives, zone, v6) in &places(world, target) {
        for node in stage.nodes.iter().filter(|node| is_of(zone.as_deref(), &node.id)) {
            let way = Way {
                leaves: node,
                source: node,
                arrives,
                v6: *v6,
                port,
                health: true,
                meant: stage.groups,
                codes: BEHIND,
            };
            drops.extend(way.drops(world));
        }
    }
    drops
}

/// Whether a target is of this zone; those outside the VPC are of all.
fn is_of(target: Option<&str>, zone: &str) -> bool {
    target.is_some_and(|own| own == zone || own == "all")
}

/// What takes the packets that leave a subnet for an address: the code and the resource of the answer, where it is a fault.
fn astray(world: &World, address: IpAddr) -> Option<(&'static str, String)> {
    let holds = |entry: &&RouteEntry| entry.to.is_some_and(|net| net.contains(&address));
    let narrowest =
        world.routes.iter().filter(holds).max_by_key(|entry| entry.to.map(|net| net.prefix_len()));
    let table = "rtb-1".to_owned();
    let Some(entry) = narrowest.filter(|entry| !entry.via.starts_with("igw-")) else {
        return Some(("route-missing", table));
    };
    if entry.state == "blackhole" {
        return Some(("route-blackhole", table));
    }
    let peering = world.peerings.iter().find(|peering| peering.id == entry.via)?;
    if peering.status != "active" {
        return Some(("peering-inactive", peering.id.clone()));
    }
    let held = peering.ends.iter().flat_map(|end| &end.cidrs).any(|net| net.contains(&address));
    (!held).then(|| ("route-missing", peering.id.clone()))
}

/// The same for each node that sends to a target.
fn misroutes(world: &World, target: &Target, node: &NetworkInterface) -> Option<Drop> {
    let (code, resource) = astray(world, target.id.parse().ok()?)?;
    let subnet = node.subnet.clone().unwrap();
    Some(Drop { code, resource, entry: 0, egress: false, subnet, port: 0, health: false })
}

/// Marks each target as its health checks find it.
pub(super) fn measure(world: &mut World) {
    let stages = stages(world);
    let passes = |stage: &Stage<'_>, target: &Target| {
        let routed = || stage.nodes.iter().all(|node| misroutes(world, target, node).is_none());
        checks(world, stage, target).is_empty() && routed()
    };
    let of_stage = |stage: &Stage<'_>| -> Vec<bool> {
        stage.targets.iter().map(|target| passes(stage, target)).collect()
    };
    let healthy: Vec<bool> = stages.iter().flat_map(of_stage).collect();
    // The targets of a world that has one load balancer stand behind none else.
    let behind = world.backend.is_some().then_some(&mut world.inner).into_iter().flatten();
    for (target, healthy) in world.targets.iter_mut().chain(behind).zip(healthy) {
        target.state = if healthy { "healthy" } else { "unhealthy" }.to_owned();
        target.reason = (!healthy).then(|| "Target.Timeout".to_owned());
    }
}

/// Whether a zone has no target while its node keeps to it.
pub(super) fn empty_zone(world: &World) -> bool {
    // A load balancer as the target is in every zone of its own.
    if world.backend.is_some() {
        return false;
    }
    let held = |zone: &str| world.targets.iter().any(|target| is_of(target.zone.as_deref(), zone));
    let any = world.targets.iter().any(|target| target.state == "healthy");
    any && !crosses_zones(world) && world.balancer.zones.iter().any(|zone| !held(&zone.zone))
}

/// Whether a node gets no requests only because the targets of its zone fail their checks.
pub(super) fn idle_node(world: &World) -> bool {
    let of = |zone: &str, healthy: bool| {
        let own = |target: &&Target| is_of(target.zone.as_deref(), zone);
        world.targets.iter().filter(own).any(|target| (target.state == "healthy") == healthy)
    };
    let any = world.targets.iter().any(|target| target.state == "healthy");
    let idle = |zone: &str| of(zone, false) && !of(zone, true);
    world.generation == Generation::V2
        && any
        && !crosses_zones(world)
        && world.balancer.zones.iter().any(|zone| idle(&zone.zone))
}

/// Everything that drops packets of requests, or of health checks of targets that fail them.
pub(super) fn drops(world: &World) -> BTreeSet<Drop> {
    let mut drops = BTreeSet::new();
    let (nodes, link) = (nodes(world), link(world));
    let v2 = world.generation == Generation::V2;
    let any = world.targets.iter().any(|target| target.state == "healthy");
    let used = |node: &&NetworkInterface| {
        let own =
            |target: &Target| places(world, target).iter().any(|place| is_of(place.1.as_deref(), &node.id));
        let fit = |target: &Target| target.state == "healthy" || !any;
        crosses_zones(world) || world.targets.iter().any(|target| own(target) && fit(target))
    };
    let groups = &world.balancer.security_groups;
    if v2 {
        for node in nodes.iter().filter(used) {
            let way = Way {
                leaves: &link,
                source: &link,
                arrives: node,
                v6: false,
                port: 8443,
                health: false,
                meant: &world.link_groups,
                codes: BEFORE,
            };
            drops.extend(way.drops(world));
        }
    } else if world.balancer.enforces_inbound == Some(true) {
        // API Gateway's address is not known: only a rule for every address lets it in for sure.
        let every = "198.51.100.7".parse().unwrap();
        let held = world.groups.iter().filter(|group| groups.contains(&group.id));
        let mut rules = held.flat_map(|group| &group.ingress);
        if !groups.is_empty() && !rules.any(|rule| names(world, rule, every, &[], 8443)) {
            drops.insert(Drop {
                code: BEFORE[1],
                resource: groups.join(","),
                entry: 0,
                egress: false,
                subnet: String::new(),
                port: 8443,
                health: false,
            });
        }
    }
    let keeps = v2
        && world.balancer.kind == "network"
        && attribute(&world.group_attributes, "preserve_client_ip.enabled")
            .unwrap_or(["instance", "alb"].contains(&world.group.kind.as_str()));
    let meant = match (v2 || world.balancer.enforces_inbound == Some(true), groups) {
        (true, groups) => groups.clone(),
        (false, _) => Vec::new(),
    };
    for (place, stage) in stages(world).iter().enumerate() {
        let meant = if place == 0 { &meant } else { stage.groups };
        for target in stage.targets {
            for (arrives, zone, v6) in &places(world, target) {
                for node in
                    stage.nodes.iter().filter(|node| stage.crosses || is_of(zone.as_deref(), &node.id))
                {
                    drops.extend(misroutes(world, target, node));
                    let way = Way {
                        leaves: node,
                        // Between two versions of IP no client's address can be kept.
                        source: if keeps && !v6 && place == 0 { &link } else { node },
                        arrives,
                        v6: *v6,
                        port: target.port.unwrap(),
                        health: false,
                        meant,
                        codes: BEHIND,
                    };
                    drops.extend(way.drops(world));
                }
            }
            if target.state != "healthy" {
                drops.extend(checks(world, stage, target));
            }
        }
    }
    drops
}
