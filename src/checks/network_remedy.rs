//! Commands that would open what blocks: for every target, port and border that the same rules block. They are shown,
//! never run.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use crate::aws::model::{Generation, LoadBalancer, NetworkAcl};
use crate::checks::finding::Remedy;
use crate::path::{Balancer, OnPath};
use crate::reachability::{Blocker, FlowEnd, FlowStep, LAST, Leg, StepOutcome, behind};
use crate::text::shell_word;

/// Addresses written into one rule; beyond, the subnets around them are.
const MOST_ADDRESSES: usize = 8;
/// ACL entries that one answer asks for; beyond, wider ones.
const MOST_ENTRIES: usize = 4;

type Stopped<'a> = [(&'a FlowStep, &'a Blocker)];

/// What has to pass an ACL: packets to these ports, to or from this network.
type Need = (IpNet, (u16, u16));

/// One direction of an ACL, and the entry that blocks.
type Edge = (String, bool, Option<i32>);

/// Makes the remedies of one answer, so that no two claim the same number in an ACL.
pub(crate) struct Remedies<'a> {
    on: OnPath<'a>,
    needs: BTreeMap<Edge, BTreeSet<Need>>,
    claimed: BTreeSet<(String, bool, i32)>,
}

/// What stops a step, where something does.
pub(crate) fn stopped_by(step: &FlowStep) -> Option<&Blocker> {
    match &step.outcome {
        StepOutcome::Blocked(blocker) | StepOutcome::Partly(blocker) => Some(blocker),
        StepOutcome::Open | StepOutcome::Mostly(_) | StepOutcome::Unknown(_) => None,
    }
}

impl<'a> Remedies<'a> {
    pub(crate) fn new<'b>(on: OnPath<'a>, steps: impl Iterator<Item = &'b FlowStep>) -> Self {
        let mut needs: BTreeMap<Edge, BTreeSet<Need>> = BTreeMap::new();
        for (edge, need) in steps.filter_map(stopped_by).filter_map(|blocker| need(on, blocker)) {
            needs.entry(edge).or_default().insert(need);
        }
        Self { on, needs, claimed: BTreeSet::new() }
    }

    /// The remedy for all that one blocker stops.
    pub(crate) fn of(&mut self, stopped: &Stopped<'_>) -> Remedy {
        let (step, blocker) = stopped[0];
        match blocker {
            Blocker::Groups { ids, .. } => {
                let show = format!(
                    "aws ec2 describe-security-groups --group-ids {} --region {{region}}",
                    words(ids)
                );
                let (what, command) = match (step.step, self.on.load_balancer.value()) {
                    // Not the customer's address: a rule for it would have to be for every address.
                    (Leg::TargetIngress, Some(balancer)) if is_everywhere(&step.source) => {
                        enforcement_off(self.on, balancer)
                    }
                    _ => groups(self.on, ids, stopped),
                };
                Remedy { what, command: Some(command), verify: Some(show) }
            }
            Blocker::Acl { id, .. } => {
                let show = format!(
                    "aws ec2 describe-network-acls --network-acl-ids {} --region {{region}}",
                    shell_word(id)
                );
                let (what, command) = self.acl(stopped);
                Remedy { what, command, verify: Some(show) }
            }
        }
    }

    fn acl(&mut self, stopped: &Stopped<'_>) -> (String, Option<String>) {
        let needs: Vec<(Edge, Need)> =
            stopped.iter().filter_map(|(_, blocker)| need(self.on, blocker)).collect();
        let Some((edge, _)) = needs.first().cloned() else { return Default::default() };
        let (id, egress, entry) = &edge;
        let needs: BTreeSet<Need> = needs.into_iter().map(|(_, need)| need).collect();
        let acls = self.on.network.acls.value().into_iter().flatten();
        let Some(acl) = acls.into_iter().find(|acl| acl.id == *id) else { return Default::default() };
        let free = self.free(acl, *egress, entry.unwrap_or(LAST));
        let (way, far) = if *egress { ("outbound", "to") } else { ("inbound", "from") };
        let each = |(net, ports): &Need| format!("on {} {far} {net}", in_words(*ports));
        let Some(wanted) = fitting(&needs, free.len()) else {
            // Nothing fits before the entry, so it makes way for all that it stops.
            let all = fitting(self.needs.get(&edge).unwrap_or(&needs), 1);
            let number = entry.unwrap_or(LAST);
            let wanted = all.and_then(|all| all.first().copied());
            let command =
                wanted.map(|wanted| entry_command("replace-network-acl-entry", &edge, number, wanted));
            let what = format!(
                "Replace entry {number} of network ACL `{id}`, as no lower number is free: allow {way} TCP {}. Then deny the \
                 rest in a later entry.",
                wanted.as_ref().map(each).unwrap_or_default()
            );
            return (what, command);
        };
        let before = match entry {
            Some(number) if *number < LAST => format!(", before entry {number}, which denies it"),
            _ => String::new(),
        };
        let listed: Vec<String> = wanted.iter().map(each).collect();
        let what = format!("Allow {way} TCP in network ACL `{id}` {}{before}.", listed.join(", and "));
        let numbered = free.into_iter().zip(&wanted);
        let commands: Vec<String> = numbered
            .map(|(number, wanted)| {
                self.claimed.insert((id.clone(), *egress, number));
                entry_command("create-network-acl-entry", &edge, number, *wanted)
            })
            .collect();
        (what, Some(commands.join(" && ")))
    }

    /// Numbers before the entry that no other entry of that direction has, the highest first and in steps of ten where
    /// there is room. Each of two load balancers is answered by itself, so each has numbers of its own: even and odd.
    fn free(&self, acl: &NetworkAcl, egress: bool, before: i32) -> Vec<i32> {
        let free = |number: &i32| {
            let taken = acl.entries.iter().any(|entry| entry.egress == egress && entry.number == *number);
            !taken && !self.claimed.contains(&(acl.id.clone(), egress, *number))
        };
        let shared = self.on.path.balancers().count() > 1;
        let odd = i32::from(self.on.position > 0);
        let own = |number: &i32| !shared || number % 2 == odd;
        let end = before.min(1000);
        let tens = (1..=end / 10).rev().map(|tens| tens * 10 + odd).filter(|number| *number < end);
        let others = (1..end).rev().filter(|number| number % 10 != odd);
        tens.chain(others).filter(own).filter(free).take(MOST_ENTRIES).collect()
    }
}

/// What an ACL would have to let through; `None` for security groups.
fn need(on: OnPath<'_>, blocker: &Blocker) -> Option<(Edge, Need)> {
    let Blocker::Acl { id, egress, entry, ports, peer, .. } = blocker else { return None };
    Some(((id.clone(), *egress, *entry), (around(on, *peer), *ports)))
}

/// The same needs in at most so many entries: as they are, else with one network for each range of ports, else one for
/// all; `None` where even that is too many.
fn fitting(needs: &BTreeSet<Need>, free: usize) -> Option<Vec<Need>> {
    let most = free.min(MOST_ENTRIES);
    let exact: Vec<Need> = needs.iter().copied().collect();
    let merged = |same: fn(&Need, &Need) -> bool| {
        let mut merged: Vec<Need> = Vec::new();
        for need in needs {
            let known = merged.iter_mut().find(|known| same(known, need));
            match known.and_then(|known| Some((common(known.0, need.0)?, known))) {
                Some((net, known)) => {
                    let (first, last) = (known.1.0.min(need.1.0), known.1.1.max(need.1.1));
                    *known = (net, (first, last));
                }
                None => merged.push(*need),
            }
        }
        merged
    };
    let by_ports = merged(|one, other| one.1 == other.1 && is_v4(one.0) == is_v4(other.0));
    let in_one = merged(|one, other| is_v4(one.0) == is_v4(other.0));
    [exact, by_ports, in_one].into_iter().find(|wanted| wanted.len() <= most)
}

/// The smallest network around two.
fn common(one: IpNet, other: IpNet) -> Option<IpNet> {
    std::iter::successors(Some(one), IpNet::supernet).find(|net| net.contains(&other))
}

fn entry_command(verb: &str, edge: &Edge, number: i32, (net, ports): Need) -> String {
    let (id, egress, _) = edge;
    let id = shell_word(id);
    let direction = if *egress { "--egress" } else { "--ingress" };
    let block = if is_v4(net) { "--cidr-block" } else { "--ipv6-cidr-block" };
    format!(
        "aws ec2 {verb} --network-acl-id {id} {direction} --rule-number {number} --protocol tcp \
         --port-range From={},To={} {block} {net} --rule-action allow --region {{region}}",
        ports.0, ports.1
    )
}

fn in_words(ports: (u16, u16)) -> String {
    if ports.0 == ports.1 { format!("port {}", ports.0) } else { format!("ports {} to {}", ports.0, ports.1) }
}

/// As API Gateway's own guide asks. Rules of targets that name the load balancer's security group mean PrivateLink traffic
/// only while it is enforced, so those get rules for the load balancer's addresses in the same answer.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-nlb-for-vpclink-using-console.html>
fn enforcement_off(on: OnPath<'_>, balancer: &LoadBalancer) -> (String, String) {
    let what = "Turn off inbound rule enforcement for PrivateLink traffic, as API Gateway's guide asks. Let targets allow \
                the load balancer's private addresses.";
    let off = format!(
        "aws elbv2 set-security-groups --load-balancer-arn {} --security-groups {} \
         --enforce-security-group-inbound-rules-on-private-link-traffic off --region {{region}}",
        shell_word(balancer.arn.as_str()),
        words(&balancer.security_groups)
    );
    let after = LoadBalancer { enforces_inbound: Some(false), ..balancer.clone() };
    let after = Balancer { load_balancer: on.load_balancer.clone().map(|_| after), ..on.balancer.clone() };
    let after = OnPath { balancer: &after, ..on };
    let steps: Vec<FlowStep> = on.targets.keys().flat_map(|group| behind(after, group)).collect();
    let mut lost: BTreeMap<&Vec<String>, Vec<(&FlowStep, &Blocker)>> = BTreeMap::new();
    for step in &steps {
        if let Some(blocker @ Blocker::Groups { ids, group_reference_ineffective: true, .. }) =
            stopped_by(step)
        {
            lost.entry(ids).or_default().push((step, blocker));
        }
    }
    let open = lost.into_iter().map(|(ids, stopped)| groups(on, ids, &stopped).1);
    (what.to_owned(), [off].into_iter().chain(open).collect::<Vec<_>>().join(" && "))
}

/// A rule for each port that names the other end's group where that means it, else its addresses.
fn groups(on: OnPath<'_>, ids: &[String], stopped: &Stopped<'_>) -> (String, String) {
    let id = ids.first().map_or("SECURITY_GROUP", String::as_str);
    let leaves = stopped[0].0.step == Leg::SourceEgress;
    let (verb, way) = match leaves {
        true => ("authorize-security-group-egress", "outbound"),
        false => ("authorize-security-group-ingress", "inbound"),
    };
    let mut of_ports: BTreeMap<u16, Vec<&FlowStep>> = BTreeMap::new();
    for (step, _) in stopped {
        of_ports.entry(step.port).or_default().push(step);
    }
    let permissions: Vec<String> = of_ports
        .iter()
        .map(|(port, steps)| {
            let peers = peers(on, leaves, steps);
            shell_word(&format!("IpProtocol=tcp,FromPort={port},ToPort={port},{peers}"))
        })
        .collect();
    let ports: Vec<String> = of_ports.keys().map(u16::to_string).collect();
    let what = format!("Allow {way} TCP on port {} in security group `{id}`.", ports.join(", "));
    let command = format!(
        "aws ec2 {verb} --group-id {} --ip-permissions {} --region {{region}}",
        shell_word(id),
        permissions.join(" ")
    );
    (what, command)
}

/// The other ends of one port's connections, in the shorthand of `--ip-permissions`.
fn peers(on: OnPath<'_>, leaves: bool, steps: &[&FlowStep]) -> String {
    let (mut named, mut nets) = (BTreeSet::new(), BTreeSet::new());
    // Addresses mean PrivateLink traffic whether or not the load balancer enforces its inbound rules on it.
    let private_link = on.path.generation() == Some(Generation::V1) && on.position == 0;
    for step in steps {
        let (peer, meant) = match leaves {
            true => (&step.to, true),
            false => (&step.source, step.matches_by_group && !private_link),
        };
        match peer.groups.as_ref().ok().and_then(|groups| groups.first()).filter(|_| meant) {
            Some(group) => drop(named.insert(group)),
            None => drop(nets.insert(peer.net)),
        }
    }
    if nets.len() > MOST_ADDRESSES {
        nets = nets.into_iter().map(|net| around(on, net)).collect();
    }
    let (v4, v6): (Vec<IpNet>, Vec<IpNet>) = nets.into_iter().partition(|net| is_v4(*net));
    let list = |name: &str, key: &str, values: Vec<String>| {
        let each: Vec<String> = values.iter().map(|value| format!("{{{key}={value}}}")).collect();
        (!each.is_empty()).then(|| format!("{name}=[{}]", each.join(",")))
    };
    let texts = |nets: Vec<IpNet>| nets.iter().map(IpNet::to_string).collect();
    let lists = [
        list("UserIdGroupPairs", "GroupId", named.into_iter().cloned().collect()),
        list("IpRanges", "CidrIp", texts(v4)),
        list("Ipv6Ranges", "CidrIpv6", texts(v6)),
    ];
    lists.into_iter().flatten().collect::<Vec<_>>().join(",")
}

/// The subnet around the other end: addresses of load balancers and targets change within theirs.
fn around(on: OnPath<'_>, peer: IpNet) -> IpNet {
    let subnets = on.network.subnets.value().into_iter().flatten();
    let mut cidrs = subnets.flat_map(|subnet| &subnet.cidrs);
    cidrs.find(|cidr| cidr.contains(&peer)).copied().unwrap_or(peer)
}

fn words(ids: &[String]) -> String {
    ids.iter().map(|id| shell_word(id)).collect::<Vec<_>>().join(" ")
}

fn is_v4(net: IpNet) -> bool {
    net.network().is_ipv4()
}

fn is_everywhere(place: &FlowEnd) -> bool {
    place.net.prefix_len() == 0
}
