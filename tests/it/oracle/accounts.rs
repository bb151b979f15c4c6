//! Random accounts around one private integration: a few things changed in one that works.

use vpclink_responder::aws::model::{
    GroupRule, Instance, LoadBalancer, NetworkAcl, PeeredVpc, Peering, RouteEntry,
};
use vpclink_responder::ids::Arn;

use crate::dice::Dice;
use crate::network::{World, acl, entry, everything, group, route, rule, sixth, strings, target};

const PORTS: [(i32, i32); 10] = [
    (8080, 8080),
    (8080, 8081),
    (8443, 8443),
    (9000, 9000),
    (3389, 3389),
    (1024, 65535),
    (1024, 5000),
    (32768, 60999),
    (22, 443),
    (0, 65535),
];

const PEERS: [&str; 15] = [
    "0.0.0.0/0",
    "10.0.0.0/16",
    "10.0.1.0/24",
    "10.0.2.0/24",
    "10.0.11.0/24",
    "10.0.12.0/24",
    "10.0.21.0/24",
    "10.0.1.5/32",
    "10.0.11.10/32",
    "10.0.21.5/32",
    "10.9.0.0/16",
    "10.0.31.0/24",
    "sg-lb",
    "sg-elsewhere",
    "pl-1",
];

const NETS: usize = 12;

/// Of an account with both versions of IP.
const SIXTH: [&str; 6] = [
    "::/0",
    "2001:db8::/32",
    "2001:db8:0:1::/64",
    "2001:db8:0:2::/64",
    "2001:db8:0:11::/64",
    "2001:db8:0:12::/64",
];

pub(super) fn account(seed: u64) -> World {
    let mut dice = Dice(seed);
    let mut world = base(&mut dice);
    for _ in 0..dice.roll(5) {
        change(&mut world, &mut dice);
    }
    super::packets::measure(&mut world);
    world
}

/// An account that works, of each shape.
fn base(dice: &mut Dice) -> World {
    let mut world = if dice.chance(2) { World::v1() } else { World::v2() };
    world.prefix_list = vec!["10.0.0.0/16"];
    world.groups.push(group("sg-other", vec![rule((8080, 8081), &["10.0.0.0/16"])]));
    let v1 = world.balancer.kind == "network";
    let open = vec![rule((8080, 8081), &["10.0.0.0/16"]), rule((9000, 9000), &["10.0.0.0/16"])];
    rules(&mut world, "sg-app", open);
    if v1 {
        world.balancer.enforces_inbound = Some(dice.chance(2));
    } else if dice.chance(2) {
        world.balancer.kind = "network".to_owned();
        world.balancer.arn = World::v1().balancer.arn;
        world.group_attributes = vec![("preserve_client_ip.enabled", dice.pick(&["true", "false"]))];
        rules(&mut world, "sg-lb", vec![rule((8443, 8443), &["sg-link"])]);
    }
    if world.balancer.kind == "network" && dice.chance(4) {
        world.balancer.security_groups.clear();
        world.balancer.enforces_inbound = None;
    }
    let key = "load_balancing.cross_zone.enabled";
    world.balancer_attributes = vec![(key, dice.pick(&["true", "false"]))];
    if dice.chance(3) {
        world.group_attributes.push((key, dice.pick(&["true", "false"])));
    }
    if dice.chance(4) {
        world.group.health_port = Some("9000".to_owned());
    }
    if dice.chance(5) {
        world.targets[1].port = Some(8081);
    }
    if dice.chance(6) {
        // The targets live in the load balancer's own subnets.
        for zone in &mut world.balancer.zones {
            zone.subnet = zone.subnet.as_ref().map(|subnet| subnet.replace("-lb-", "-app-"));
        }
    }
    if dice.chance(4) {
        let own: Vec<NetworkAcl> = [
            ("acl-lb-a", "subnet-lb-a"),
            ("acl-lb-b", "subnet-lb-b"),
            ("acl-app-a", "subnet-app-a"),
            ("acl-app-b", "subnet-app-b"),
            ("acl-link", "subnet-link"),
        ]
        .map(|(id, subnet)| acl(id, &[subnet]))
        .to_vec();
        world.acls = own;
    } else if dice.chance(3) {
        let all = ["subnet-lb-a", "subnet-lb-b", "subnet-app-a", "subnet-app-b", "subnet-link"];
        world.acls = vec![acl("acl-all", &all)];
    }
    match dice.roll(9) {
        0 => dual_stack(&mut world),
        1 => instances(&mut world, dice),
        2 => more_groups(&mut world, dice),
        3 => peered(&mut world),
        4 if world.balancer.kind == "network" => chained(&mut world, dice),
        _ => {}
    }
    world
}

/// Targets by addresses of IPv6, behind a load balancer that has some of both versions.
fn dual_stack(world: &mut World) {
    world.dual_stack = true;
    world.balancer.addresses = Some("dualstack".to_owned());
    for (target, interface) in world.targets.iter_mut().zip(&mut world.interfaces) {
        let own = sixth(&target.id);
        target.id = own.to_string();
        interface.addresses.push(own);
    }
    for id in ["sg-app", "sg-other"] {
        let own = world.groups.iter_mut().find(|group| group.id == id).unwrap();
        own.ingress.push(rule((8080, 9000), &["2001:db8::/32"]));
    }
    for group in &mut world.groups {
        group.egress.push(GroupRule { cidrs: vec!["::/0".parse().unwrap()], ..everything() });
    }
    for acl in &mut world.acls {
        for egress in [true, false] {
            acl.entries.push(entry(101, egress, true, "::/0", None));
            acl.entries.push(entry(32768, egress, false, "::/0", None));
        }
    }
}

/// Targets by the ids of instances, whose clients' addresses are kept unless the group says otherwise.
fn instances(world: &mut World, dice: &mut Dice) {
    world.group.kind = "instance".to_owned();
    if dice.chance(2) {
        world.group_attributes.retain(|(key, _)| *key != "preserve_client_ip.enabled");
    }
    for (place, (target, interface)) in world.targets.iter_mut().zip(&world.interfaces).enumerate() {
        target.id = format!("i-{place}");
        world.instances.push(Instance {
            id: target.id.clone(),
            subnet: interface.subnet.clone(),
            address: interface.addresses.first().copied(),
            groups: interface.groups.clone(),
        });
    }
}

/// An application load balancer as the target of the network load balancer, in front of the targets.
fn chained(world: &mut World, dice: &mut Dice) {
    let arn = Arn::new(world.balancer.arn.as_str().replace("/net/orders/", "/app/inner/"));
    let mut backend = LoadBalancer {
        arn: arn.clone(),
        name: "inner".to_owned(),
        kind: "application".to_owned(),
        security_groups: strings(&["sg-alb"]),
        enforces_inbound: None,
        ..world.balancer.clone()
    };
    for (zone, letter) in backend.zones.iter_mut().zip(["a", "b"]) {
        zone.subnet = Some(format!("subnet-alb-{letter}"));
    }
    world.inner = std::mem::replace(&mut world.targets, vec![target(arn.as_str(), None)]);
    // Such a group always keeps the client's address.
    world.group_attributes.retain(|(key, _)| *key != "preserve_client_ip.enabled");
    (world.group.kind, world.backend_shown) = ("alb".to_owned(), true);
    (world.group.health_port, world.backend) = (Some("traffic-port".to_owned()), Some(backend));
    world.groups.push(group("sg-alb", vec![rule((8080, 8081), &["10.0.0.0/16"])]));
    let subnets = ["subnet-alb-a", "subnet-alb-b"];
    match dice.chance(2) {
        true => world.acls.push(acl("acl-alb", &subnets)),
        false => world.acls[0].subnets.extend(strings(&subnets)),
    }
}

/// Targets in a VPC that is peered with the load balancer's.
fn peered(world: &mut World) {
    world.interfaces.clear();
    for (place, target) in world.targets.iter_mut().enumerate() {
        (target.id, target.zone) = (format!("10.9.1.{}", place + 10), Some("all".to_owned()));
    }
    lead(world);
}

/// Lets a route lead to the peered VPC, and nothing else there.
pub(super) fn lead(world: &mut World) {
    world.routes.retain(|entry| entry.via == "local");
    world.routes.push(route("10.9.0.0/16", "pcx-1"));
    world.peerings = vec![peering("pcx-1", "active", "10.9.0.0/16")];
}

fn peering(id: &str, status: &str, far: &str) -> Peering {
    let end = |vpc: &str, net: &str| PeeredVpc {
        vpc: vpc.to_owned(),
        region: Some("eu-west-1".to_owned()),
        cidrs: vec![net.parse().unwrap()],
    };
    Peering {
        id: id.to_owned(),
        status: status.to_owned(),
        message: None,
        ends: vec![end("vpc-1", "10.0.0.0/16"), end("vpc-2", far)],
    }
}

/// Breaks the way to the peered VPC, or makes it look odd.
fn misroute(world: &mut World, dice: &mut Dice) {
    let gone = |entry: RouteEntry| RouteEntry { state: "blackhole".to_owned(), ..entry };
    // A table has one entry of a destination.
    let add = |world: &mut World, entry: RouteEntry| {
        world.routes.retain(|known| known.to != entry.to);
        world.routes.insert(0, entry);
    };
    match dice.roll(8) {
        0 => world.routes.retain(|entry| entry.via == "local"),
        1 => {
            world.routes.retain(|entry| entry.via == "local");
            add(world, route("0.0.0.0/0", "igw-1"));
        }
        2 => add(world, gone(route("10.9.1.0/24", "pcx-9"))),
        3 => add(world, gone(route("10.9.1.11/32", "eni-9"))),
        4 => {
            add(world, route("10.9.1.0/24", "pcx-2"));
            world.peerings.push(peering("pcx-2", "expired", "10.9.0.0/16"));
        }
        5 => world.peerings = vec![peering("pcx-1", "pending-acceptance", "10.9.0.0/16")],
        6 => world.peerings = vec![peering("pcx-1", "active", "10.8.0.0/16")],
        _ => add(world, gone(route("10.8.0.0/15", "pcx-9"))),
    }
}

/// Several groups on an interface: what any rule of any of them lets through passes.
fn more_groups(world: &mut World, dice: &mut Dice) {
    for id in ["sg-lb-2", "sg-link-2", "sg-app-2"] {
        let mut own = group(id, Vec::new());
        if dice.chance(2) {
            own.ingress.push(rule(dice.pick(&PORTS), &[dice.pick(&PEERS)]));
        }
        if dice.chance(2) {
            own.egress = vec![rule(dice.pick(&PORTS), &[dice.pick(&PEERS)])];
        }
        world.groups.push(own);
    }
    if !world.balancer.security_groups.is_empty() && world.balancer.enforces_inbound != Some(true) {
        world.balancer.security_groups.push("sg-lb-2".to_owned());
    }
    world.link_groups.push("sg-link-2".to_owned());
    for interface in &mut world.interfaces {
        interface.groups.push("sg-app-2".to_owned());
    }
}

fn rules(world: &mut World, id: &str, ingress: Vec<GroupRule>) {
    world.groups.iter_mut().find(|group| group.id == id).unwrap().ingress = ingress;
}

/// A network that entries and rules may name; of either version where the account has both.
fn net(world: &World, dice: &mut Dice) -> &'static str {
    if world.dual_stack && dice.chance(2) { dice.pick(&SIXTH) } else { dice.pick(&PEERS[..NETS]) }
}

fn peer(world: &World, dice: &mut Dice) -> &'static str {
    if world.dual_stack && dice.chance(2) { dice.pick(&SIXTH) } else { dice.pick(&PEERS) }
}

fn change(world: &mut World, dice: &mut Dice) {
    if !world.peerings.is_empty() && dice.chance(3) {
        return misroute(world, dice);
    }
    match dice.roll(10) {
        0 => {
            let id = match world.backend.is_some() && dice.chance(2) {
                true => "sg-alb",
                false => dice.pick(&["sg-app", "sg-app", "sg-lb", "sg-other"]),
            };
            let count = dice.roll(3);
            let ingress = (0..count).map(|_| rule(dice.pick(&PORTS), &[peer(world, dice)])).collect();
            // API Gateway's own address is not known, so no rule by address may decide about it.
            match id == "sg-lb" && world.balancer.enforces_inbound == Some(true) {
                true => rules(world, id, vec![rule((443, 443), &["0.0.0.0/0"])]),
                false => rules(world, id, ingress),
            }
        }
        1 => {
            let id = match world.backend.is_some() && dice.chance(2) {
                true => "sg-alb",
                false => dice.pick(&["sg-lb", "sg-link"]),
            };
            let count = dice.roll(3);
            let egress = (0..count).map(|_| match dice.chance(3) {
                true => rule(dice.pick(&PORTS), &[dice.pick(&["sg-app", "sg-lb", "sg-other"])]),
                false => rule(dice.pick(&PORTS), &[peer(world, dice)]),
            });
            let egress: Vec<GroupRule> = egress.collect();
            world.groups.iter_mut().find(|group| group.id == id).unwrap().egress = egress;
        }
        2 => {
            for interface in world.interfaces.iter_mut().skip(1) {
                interface.groups = strings(&["sg-other"]);
            }
            for instance in world.instances.iter_mut().skip(1) {
                instance.groups = strings(&["sg-other"]);
            }
        }
        3 if world.targets.len() > 1 => drop(world.targets.remove(dice.roll(2))),
        4 => {
            let place = dice.roll(world.acls.len());
            let (egress, allowed) = (dice.chance(2), dice.pick(&PORTS));
            let net = net(world, dice);
            let number = if net.contains(':') { 101 } else { 100 };
            let entries = &mut world.acls[place].entries;
            entries.retain(|entry| entry.egress != egress || entry.number != number);
            entries.push(entry(number, egress, true, net, Some(allowed)));
        }
        5 => {
            // Every number before the deny is taken.
            let place = dice.roll(world.acls.len());
            let egress = dice.chance(2);
            let net = net(world, dice);
            let entries = &mut world.acls[place].entries;
            entries.retain(|entry| entry.egress != egress || entry.number > 1);
            entries.push(entry(1, egress, false, net, None));
        }
        6 => {
            let spare = group("sg-elsewhere", vec![everything()]);
            world.groups.retain(|group| group.id != "sg-elsewhere");
            world.groups.push(spare);
        }
        7 if world.targets.len() == 1
            && !world.interfaces.is_empty()
            && world.instances.is_empty()
            && world.backend.is_none()
            && !world.dual_stack =>
        {
            let b = world.targets[0].id == "10.0.12.10";
            let other = if b { ("10.0.11.10", "eu-west-1a") } else { ("10.0.12.10", "eu-west-1b") };
            world.targets.push(target(other.0, Some(other.1)));
        }
        _ => {
            let place = dice.roll(world.acls.len());
            let (number, egress) = (dice.pick(&[1, 2, 3, 50, 90, 99, 110]), dice.chance(2));
            let ports = if dice.chance(4) { None } else { Some(dice.pick(&PORTS)) };
            let net = net(world, dice);
            let entries = &mut world.acls[place].entries;
            entries.retain(|entry| entry.egress != egress || entry.number != number);
            entries.push(entry(number, egress, dice.chance(3), net, ports));
        }
    }
}
