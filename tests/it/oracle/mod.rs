//! Random networks, judged packet by packet beside the program: no open path is accused, no closed one passed over, the
//! right group, list, entry, subnet and port are named, and the commands of the answer open what they are for.

mod accounts;
mod commands;
mod packets;

use std::collections::{BTreeMap, BTreeSet};

use vpclink_responder::checks::{Assessment, Finding, State};

use crate::network::{World, walk};
use packets::Drop;

/// Accounts that every test run judges.
const ACCOUNTS: u64 = 2_000;

/// What came of many accounts.
#[derive(Debug, Default)]
struct Figures {
    accounts: usize,
    closed: usize,
    empty_zones: usize,
    blamed: usize,
    commands: usize,
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
        let of_checks = ["no health checks", "s health checks", "answers to health checks"];
        let of_checks = |finding: &Finding| of_checks.iter().any(|words| finding.says.contains(words));
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
        let ports: BTreeSet<String> = of_kind().map(|drop| drop.port.to_string()).collect();
        let subnets: BTreeSet<String> =
            of_kind().map(|drop| drop.subnet.clone()).filter(|subnet| !subnet.is_empty()).collect();
        if listed("port") != ports || listed("subnet") != subnets {
            wrong.push(format!("{key:?} on {ports:?} {subnets:?}, told: {}", first.says));
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
    let fail = |world: &World, why: String| {
        Err(format!(
            "account {seed}: {why}\n{:?} {} {:?} {:?}\n{:#?}\n{:#?}",
            world.generation,
            world.balancer.kind,
            world.balancer_attributes,
            world.group_attributes,
            world.groups,
            world.acls
        ))
    };
    figures.accounts += 1;
    // Switched across zones, nodes send where they did not before, so what those ways need is a second answer.
    // Likewise a node that gets no requests while the targets of its zone are ill.
    let rounds = if packets::empty_zone(&world) || packets::idle_node(&world) { 2 } else { 1 };
    for round in 0..=rounds {
        let (drops, assessment) = (packets::drops(&world), walk(&world));
        let mut wrong = disagreements(&assessment, &drops);
        if empty_zone(&assessment).is_some() != packets::empty_zone(&world) {
            wrong.push(format!("a zone without targets: {}", packets::empty_zone(&world)));
        }
        if !wrong.is_empty() {
            return fail(&world, format!("round {round}: {}", wrong.join("\n")));
        }
        if round == 0 {
            figures.closed += usize::from(!drops.is_empty());
            figures.empty_zones += usize::from(packets::empty_zone(&world));
            figures.blamed += network(&assessment).len();
        }
        if round == rounds && !drops.is_empty() {
            return fail(&world, format!("still closed after every command: {drops:#?}"));
        }
        match mend(&mut world, &assessment) {
            Ok(commands) => figures.commands += commands,
            Err(why) => return fail(&world, format!("round {round}: {why}")),
        }
    }
    Ok(())
}

#[test]
fn every_network_is_judged_as_its_packets_fare() {
    let mut figures = Figures::default();
    let wrong: Vec<String> = (0..ACCOUNTS).filter_map(|seed| judge(seed, &mut figures).err()).collect();
    println!("{figures:?}");
    let first: String = wrong.iter().take(3).map(|why| format!("{why}\n\n")).collect();
    let kinds: Vec<&str> = wrong.iter().filter_map(|why| why.lines().next()).take(60).collect();
    assert!(wrong.is_empty(), "{} of {ACCOUNTS}:\n{first}\n{}", wrong.len(), kinds.join("\n"));
    // The accounts are worth judging: many closed, and many open.
    assert!(figures.closed > 600 && figures.closed < 1_800 && figures.empty_zones > 50, "{figures:?}");
}
