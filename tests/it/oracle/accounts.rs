//! Random accounts around one private integration: a few things changed in one that works.

use vpclink_responder::aws::model::{GroupRule, NetworkAcl};

use crate::dice::Dice;
use crate::network::{World, acl, entry, everything, group, rule, strings, target};

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

const PEERS: [&str; 14] = [
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
    "sg-lb",
    "sg-elsewhere",
    "pl-1",
];

const NETS: usize = 11;

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
    world
}

fn rules(world: &mut World, id: &str, ingress: Vec<GroupRule>) {
    world.groups.iter_mut().find(|group| group.id == id).unwrap().ingress = ingress;
}

fn change(world: &mut World, dice: &mut Dice) {
    match dice.roll(10) {
        0 => {
            let (id, count) = (dice.pick(&["sg-app", "sg-app", "sg-lb", "sg-other"]), dice.roll(3));
            let ingress = (0..count).map(|_| rule(dice.pick(&PORTS), &[dice.pick(&PEERS)])).collect();
            // API Gateway's own address is not known, so no rule by address may decide about it.
            match id == "sg-lb" && world.balancer.enforces_inbound == Some(true) {
                true => rules(world, id, vec![rule((443, 443), &["0.0.0.0/0"])]),
                false => rules(world, id, ingress),
            }
        }
        1 => {
            let (id, count) = (dice.pick(&["sg-lb", "sg-link"]), dice.roll(3));
            let egress = (0..count).map(|_| match dice.chance(3) {
                true => rule(dice.pick(&PORTS), &[dice.pick(&["sg-app", "sg-lb", "sg-other"])]),
                false => rule(dice.pick(&PORTS), &[dice.pick(&PEERS)]),
            });
            world.groups.iter_mut().find(|group| group.id == id).unwrap().egress = egress.collect();
        }
        2 => world.interfaces[1].groups = strings(&["sg-other"]),
        3 if world.targets.len() > 1 => drop(world.targets.remove(dice.roll(2))),
        4 => {
            let place = dice.roll(world.acls.len());
            let (egress, allowed) = (dice.chance(2), dice.pick(&PORTS));
            let entries = &mut world.acls[place].entries;
            entries.retain(|entry| entry.egress != egress || entry.number != 100);
            entries.push(entry(100, egress, true, dice.pick(&PEERS[..NETS]), Some(allowed)));
        }
        5 => {
            // Every number before the deny is taken.
            let place = dice.roll(world.acls.len());
            let egress = dice.chance(2);
            let entries = &mut world.acls[place].entries;
            entries.retain(|entry| entry.egress != egress || entry.number > 1);
            entries.push(entry(1, egress, false, dice.pick(&PEERS[..NETS]), None));
        }
        6 => {
            let spare = group("sg-elsewhere", vec![everything()]);
            world.groups.retain(|group| group.id != "sg-elsewhere");
            world.groups.push(spare);
        }
        7 if world.targets.len() == 1 => {
            let b = world.targets[0].id == "10.0.12.10";
            let other = if b { ("10.0.11.10", "eu-west-1a") } else { ("10.0.12.10", "eu-west-1b") };
            world.targets.push(target(other.0, Some(other.1)));
        }
        _ => {
            let place = dice.roll(world.acls.len());
            let (number, egress) = (dice.pick(&[1, 2, 3, 50, 90, 99, 110]), dice.chance(2));
            let ports = if dice.chance(4) { None } else { Some(dice.pick(&PORTS)) };
            let entries = &mut world.acls[place].entries;
            entries.retain(|entry| entry.egress != egress || entry.number != number);
            entries.push(entry(number, egress, dice.chance(3), dice.pick(&PEERS[..NETS]), ports));
        }
    }
}
