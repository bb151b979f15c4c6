//! Commands that would open what blocks. They are shown, never run.

use std::collections::BTreeSet;

use ipnet::IpNet;

use crate::aws::model::LoadBalancer;
use crate::checks::finding::Remedy;
use crate::path::OnPath;
use crate::reachability::{Blocker, FlowEnd, FlowStep, Leg};

/// Networks written into one command.
const MOST_NETS: usize = 8;

type Stopped<'a> = [(&'a FlowStep, &'a Blocker)];

pub(crate) fn remedy(on: OnPath<'_>, stopped: &Stopped<'_>) -> Remedy {
    let (passage, blocker) = stopped[0];
    match blocker {
        Blocker::Groups { ids, .. } => {
            let id = ids.first().map_or("SECURITY_GROUP", String::as_str);
            let balancer = on.load_balancer.value();
            let show =
                format!("aws ec2 describe-security-groups --group-ids {} --region {{region}}", ids.join(" "));
            let (what, command) = match (passage.step, balancer) {
                // Not the customer's address: a rule for it would have to be for everyone.
                (Leg::TargetIngress, Some(balancer)) if is_everywhere(&passage.from) => {
                    enforcement_off(balancer)
                }
                _ => groups(id, stopped),
            };
            Remedy { what, command: Some(command), verify: Some(show) }
        }
        Blocker::Acl { id, .. } => {
            let show = format!("aws ec2 describe-network-acls --network-acl-ids {id} --region {{region}}");
            let (what, command) = acl(on, stopped);
            Remedy { what, command, verify: Some(show) }
        }
    }
}

/// As API Gateway's own guide asks.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-nlb-for-vpclink-using-console.html>
fn enforcement_off(balancer: &LoadBalancer) -> (String, String) {
    let what = "Do not enforce the load balancer's inbound rules on PrivateLink traffic, as API Gateway's guide asks; \
                targets then have to allow the load balancer's private addresses.";
    let command = format!(
        "aws elbv2 set-security-groups --load-balancer-arn {} --security-groups {} \
         --enforce-security-group-inbound-rules-on-private-link-traffic off --region {{region}}",
        balancer.arn,
        balancer.security_groups.join(" ")
    );
    (what.to_owned(), command)
}

/// A rule that names the other end's group where that means it, else its addresses.
fn groups(id: &str, stopped: &Stopped<'_>) -> (String, String) {
    let (passage, _) = stopped[0];
    let leaves = passage.step == Leg::SourceEgress;
    let peers: Vec<&FlowEnd> =
        stopped.iter().map(|(passage, _)| if leaves { &passage.to } else { &passage.from }).collect();
    let (verb, way) = match leaves {
        true => ("authorize-security-group-egress", "out"),
        false => ("authorize-security-group-ingress", "in"),
    };
    let named =
        (leaves || passage.matches_by_group).then(|| peers[0].groups.as_ref().ok()?.first()).flatten();
    let peer = match named {
        Some(group) => format!("UserIdGroupPairs=[{{GroupId={group}}}]"),
        None => ranges(&peers),
    };
    let port = passage.port;
    let what = format!("Let port {port} {way} in security group `{id}`.");
    let command = format!(
        "aws ec2 {verb} --group-id {id} --ip-permissions 'IpProtocol=tcp,FromPort={port},ToPort={port},{peer}' \
         --region {{region}}"
    );
    (what, command)
}

fn ranges(peers: &[&FlowEnd]) -> String {
    let nets: BTreeSet<IpNet> = peers.iter().map(|place| place.net).take(MOST_NETS).collect();
    let (v4, v6): (Vec<IpNet>, Vec<IpNet>) = nets.into_iter().partition(|net| net.network().is_ipv4());
    let list = |name: &str, key: &str, nets: &[IpNet]| {
        let each: Vec<String> = nets.iter().map(|net| format!("{{{key}={net}}}")).collect();
        (!nets.is_empty()).then(|| format!("{name}=[{}]", each.join(",")))
    };
    let lists = [list("IpRanges", "CidrIp", &v4), list("Ipv6Ranges", "CidrIpv6", &v6)];
    lists.into_iter().flatten().collect::<Vec<_>>().join(",")
}

fn acl(on: OnPath<'_>, stopped: &Stopped<'_>) -> (String, Option<String>) {
    let (_, blocker) = stopped[0];
    let Blocker::Acl { id, egress, free, ports, .. } = blocker else { return Default::default() };
    let (direction, way) = if *egress { ("--egress", "outbound") } else { ("--ingress", "inbound") };
    let ports_in_words = if ports.0 == ports.1 {
        format!("port {}", ports.0)
    } else {
        format!("ports {} to {}", ports.0, ports.1)
    };
    let what = format!(
        "Allow {way} TCP on {ports_in_words} in network ACL `{id}`, before the entry that denies it."
    );
    let mut nets = stopped.iter().filter_map(|(_, blocker)| around(on, blocker));
    let Some(net) = nets.next() else { return (what, None) };
    let others: BTreeSet<String> =
        nets.filter(|other| *other != net).map(|other| other.to_string()).collect();
    let what = match others.is_empty() {
        true => what,
        false => {
            let others: Vec<String> = others.into_iter().take(MOST_NETS).collect();
            format!("{what} Do the same, with numbers of their own, for {}.", others.join(", "))
        }
    };
    let block = if net.network().is_ipv4() { "--cidr-block" } else { "--ipv6-cidr-block" };
    let command = free.map(|number| {
        format!(
            "aws ec2 create-network-acl-entry --network-acl-id {id} {direction} --rule-number {number} --protocol tcp \
             --port-range From={},To={} {block} {net} --rule-action allow --region {{region}}",
            ports.0, ports.1
        )
    });
    (what, command)
}

/// The subnet around the other end: addresses of load balancers and targets change within theirs.
fn around(on: OnPath<'_>, blocker: &Blocker) -> Option<IpNet> {
    let Blocker::Acl { peer, .. } = blocker else { return None };
    let cidrs = on.network.subnets.value().into_iter().flatten().flat_map(|subnet| &subnet.cidrs);
    Some(cidrs.copied().find(|cidr| cidr.contains(peer)).unwrap_or(*peer))
}

fn is_everywhere(place: &FlowEnd) -> bool {
    place.net.prefix_len() == 0
}
