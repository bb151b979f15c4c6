//! Random networks, judged packet by packet beside the program: no open path is accused, no closed one passed over, the
//! right group, list, entry, subnet and port are named, and the commands of the answer open what they are for.

mod accounts;
mod commands;
mod packets;

use std::collections::{BTreeMap, BTreeSet};

use vpclink_responder::aws::model::Generation;
use vpclink_responder::checks::{Assessment, Finding, State};

use crate::network::{World, walk};
use packets::Drop;

/// What came of the accounts of one shape.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) accounts: usize,
    /// With something closed for requests, or for checks that targets fail.
    pub(crate) closed: usize,
    pub(crate) empty_zones: usize,
    pub(crate) findings: usize,
    /// Commands of the answers, all of them applied.
    pub(crate) commands: usize,
    /// Accounts on which program and packets disagree, or that stay closed.
    pub(crate) wrong: usize,
}

/// What one finding speaks of, whatever it stops.
type Key = (String, String, String);

fn key(finding: &Finding) -> Key {
    let entry = finding.detail.get("entry").map_or("0", String::as_str);
    (finding.code.slug().to_owned(), finding.resource.clone().unwrap_or_default(), entry.to_owned())
}

fn network(assessment: &Assessment) -> Vec<&Finding> {
    let faulty = assessment.findings.iter().filter(|finding| finding.state == State::Faulty);
    faulty.filter(|finding| finding.code.is_network()).collect()
}

fn empty_zone(assessment: &Assessment) -> Option<&Finding> {
    assessment.findings.iter().find(|f| f.state == State::Faulty && f.code.slug() == "zone-without-targets")
}

/// Where the answer and the packets disagree.
fn disagreements(assessment: &Assessment, drops: &BTreeSet<Drop>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut told: BTreeMap<Key, Vec<&Finding>> = BTreeMap::new();
    for finding in network(assessment) {
        told.entry(key(finding)).or_default().push(finding);
    }
    let mut dropped: BTreeMap<Key, Vec<&Drop>> = BTreeMap::new();
    for drop in drops {
        let key = (drop.code.to_owned(), drop.resource.clone(), drop.entry.to_string());
        dropped.entry(key).or_default().push(drop);
    }
    for (key, drops) in &dropped {
        let Some(findings) = told.get(key) else {
            wrong.push(format!("silent on {key:?}: {:?}", drops[0]));
            continue;
        };
        let requests = drops.iter().any(|drop| !drop.health);
        let of_checks = |finding: &Finding| finding.detail.contains_key("health_checks_alone");
        let findings: Vec<_> = findings.iter().filter(|finding| of_checks(finding) != requests).collect();
        let Some(first) = findings.first() else {
            wrong.push(format!("{key:?} stops requests: {requests}, and is told the other way"));
            continue;
        };
        let of_kind = || drops.iter().filter(|drop| drop.health != requests);
        let listed = |name: &str| -> BTreeSet<String> {
            let values = findings.iter().filter_map(|finding| finding.detail.get(name));
            values.flat_map(|value| value.split(", ")).map(str::to_owned).collect()
        };
        let ports: BTreeSet<String> =
            of_kind().filter(|drop| drop.port > 0).map(|drop| drop.port.to_string()).collect();
        let subnets: BTreeSet<String> =
            of_kind().map(|drop| drop.subnet.clone()).filter(|subnet| !subnet.is_empty()).collect();
        let told: BTreeSet<String> = listed("subnet").union(&listed("subnets")).cloned().collect();
        if listed("port") != ports || told != subnets {
            wrong.push(format!("{key:?} on {ports:?} {subnets:?}, told: {}", first.says));
        }
    }
    for finding in network(assessment) {
        let hops = assessment.path.iter().filter(|hop| hop.is_about(finding)).count();
        if hops != 1 {
            wrong.push(format!("`check` shows it on {hops} hops: {}", finding.says));
        }
    }
    for (key, findings) in told.iter().filter(|(key, _)| !dropped.contains_key(*key)) {
        wrong.push(format!("accused without a cause: {key:?}: {}", findings[0].says));
    }
    wrong
}

/// Applies every command of the answer.
fn mend(world: &mut World, assessment: &Assessment) -> Result<usize, String> {
    let mut commands: Vec<String> = Vec::new();
    for finding in network(assessment).into_iter().chain(empty_zone(assessment)) {
        // Where else a route shall lead is the owner's to say.
        if ["route-missing", "route-blackhole", "peering-inactive"].contains(&finding.code.slug()) {
            accounts::lead(world);
            continue;
        }
        let command = finding.remedy.as_ref().and_then(|remedy| remedy.command.clone());
        let command = command.ok_or(format!("no command: {}", finding.says))?;
        commands.extend(command.split(" && ").map(str::to_owned));
    }
    for command in &commands {
        commands::apply(world, command)?;
    }
    packets::measure(world);
    Ok(commands.len())
}

fn judge(seed: u64, figures: &mut Figures) -> Result<(), String> {
    let mut world = accounts::account(seed);
    figures.accounts += 1;
    // Switched across zones, nodes send where they did not before, so what those ways need is a second answer. Likewise a
    // node that gets no requests while the targets of its zone are ill.
    let rounds = if packets::empty_zone(&world) || packets::idle_node(&world) { 2 } else { 1 };
    for round in 0..=rounds {
        let (drops, assessment) = (packets::drops(&world), walk(&world));
        let mut wrong = disagreements(&assessment, &drops);
        if empty_zone(&assessment).is_some() != packets::empty_zone(&world) {
            wrong.push(format!("a zone without targets: {}", packets::empty_zone(&world)));
        }
        if round == rounds && !drops.is_empty() {
            wrong.push(format!("still closed after every command: {drops:?}"));
        }
        if round == 0 {
            figures.closed += usize::from(!drops.is_empty());
            figures.empty_zones += usize::from(packets::empty_zone(&world));
            figures.findings += network(&assessment).len();
        }
        if wrong.is_empty() {
            match mend(&mut world, &assessment) {
                Ok(commands) => figures.commands += commands,
                Err(why) => wrong.push(why),
            }
        }
        if !wrong.is_empty() {
            figures.wrong += 1;
            return Err(format!("account {seed}, answer {round}: {}\n{world:?}", wrong.join("\n")));
        }
    }
    Ok(())
}

/// What links and load balancers an account has.
fn shape(world: &World) -> &'static str {
    let keeps = world.group_attributes.contains(&("preserve_client_ip.enabled", "true"));
    if world.dual_stack {
        return "targets by IPv6";
    }
    if world.backend.is_some() {
        return "application behind network load balancer";
    }
    if !world.peerings.is_empty() {
        return "targets in a peered VPC";
    }
    if world.group.kind == "instance" {
        return "targets by instance";
    }
    if world.link_groups.len() > 1 {
        return "several security groups on an interface";
    }
    match (world.generation, world.balancer.kind.as_str()) {
        (Generation::V1, _) => "V1, network load balancer",
        (Generation::V2, "application") => "V2, application load balancer",
        (Generation::V2, _) if keeps => "V2, network load balancer that keeps the client's address",
        (Generation::V2, _) => "V2, network load balancer",
    }
}

/// Judges the accounts of these seeds: figures for each shape, and every disagreement.
pub(crate) fn run(seeds: std::ops::Range<u64>) -> (BTreeMap<&'static str, Figures>, Vec<String>) {
    let (mut figures, mut wrong) = (BTreeMap::new(), Vec::new());
    for seed in seeds {
        let of_shape = figures.entry(shape(&accounts::account(seed))).or_default();
        wrong.extend(judge(seed, of_shape).err());
    }
    (figures, wrong)
}

/// Accounts that every test run judges.
#[cfg(test)]
const ACCOUNTS: u64 = 2_000;

#[test]
fn every_network_is_judged_as_its_packets_fare() {
    let (figures, wrong) = run(0..ACCOUNTS);
    let first: String = wrong.iter().take(3).map(|why| format!("{why}\n\n")).collect();
    assert!(wrong.is_empty(), "{} of {ACCOUNTS}:\n{first}", wrong.len());
    // The accounts are worth judging: of every shape many are closed, and many open.
    assert_eq!(figures.len(), 9);
    for (shape, of_shape) in figures {
        let Figures { accounts, closed, .. } = of_shape;
        assert!(closed * 4 > accounts && closed * 4 < accounts * 3, "{shape}: {of_shape:?}");
    }
}
