//! Routes: does one lead out of the load balancer's subnets to each target, and out of a V2 link's to the load balancer?
//!
//! Read are the tables of those subnets, and whether the peering connection or transit gateway attachment that they name
//! works. What lies beyond the first gateway, and the way back, is not read, and said so.
//! Sources: <https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html>,
//! <https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html>,
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#client-ip-preservation>

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

use crate::aws::model::{Generation, LoadBalancer, Peering, RouteTable, TransitAttachment};
use crate::aws::{NotRead, ReadError, Reading};
use crate::causes::RouteContext;
use crate::checks::code::{Code, HopKind};
use crate::checks::finding::Finding;
use crate::ids::Arn;
use crate::path::{Link, OnPath};
use crate::reachability::{FlowEnd, FlowEnds, NextHop, Routes, cross_zone};
use crate::text::shell_word;

/// Places named in one sentence.
const MOST_NAMES: usize = 3;

pub(crate) fn check(_: &RouteContext, on: OnPath<'_>) -> Vec<Finding> {
    let Some(balancer) = on.load_balancer.value() else { return Vec::new() };
    let mut findings = into_balancer(on, balancer);
    for group in on.targets.keys() {
        findings.extend(to_group(on, balancer, group));
        findings.extend(preserved(on, balancer, group));
    }
    let mut seen: Vec<NotRead> = Vec::new();
    findings.retain(|finding| match finding.not_read() {
        Some(not_read) if seen.contains(not_read) => false,
        not_read => {
            seen.extend(not_read.cloned());
            true
        }
    });
    findings
}

/// One way out of a subnet to an address.
#[derive(Clone, Debug)]
struct Departure {
    subnet: String,
    zone: Option<String>,
    address: IpAddr,
    /// Whether health checks of the same target get there and back.
    healthy: bool,
    hop: NextHop,
}

/// Why nothing comes of a departure.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum RouteFault {
    Missing,
    Blackhole {
        to: IpNet,
        via: String,
    },
    /// The peering connection is not active.
    Inactive {
        id: String,
        status: String,
    },
    /// It leads to a VPC without that address.
    Astray {
        id: String,
    },
    Unattached {
        gateway: String,
        id: String,
        state: String,
    },
    /// The attachment has no subnet in the zone that the packets come from.
    NotInZone {
        gateway: String,
        id: String,
    },
}

/// The way from a V2 link's interfaces to the load balancer; no health check covers it.
fn into_balancer(on: OnPath<'_>, balancer: &LoadBalancer) -> Vec<Finding> {
    let link = on.path.vpc_link().filter(|link| link.generation == Generation::V2 && on.position == 0);
    let Some(link) = link else { return Vec::new() };
    let tables = on.network.link_route_tables.as_ref().unwrap_or(&on.network.route_tables);
    let ends = FlowEnds::new(on);
    let nodes = ends.nodes(balancer);
    // A link with addresses of IPv4 alone calls no other of a dual-stack load balancer's.
    let own: Vec<FlowEnd> = ends.link(link);
    let spoken = |node: &&FlowEnd| {
        let v6 = node.net.addr().is_ipv6();
        !v6 || own.iter().any(|end| end.vague.is_none() && end.net.addr().is_ipv6())
    };
    let nodes: Vec<&FlowEnd> = nodes.iter().filter(|node| node.vague.is_none()).filter(spoken).collect();
    let departures = link.subnets.iter().flat_map(|subnet| {
        nodes.iter().filter_map(|node| {
            let address = node.net.addr();
            Some(Departure {
                subnet: subnet.clone(),
                zone: ends.zone_of(subnet),
                address,
                healthy: false,
                hop: routes(on, tables.value()?).next_hop(subnet, address),
            })
        })
    });
    let report = RouteReport { on, tables, group: None };
    report.findings(&departures.collect::<Vec<_>>())
}

/// The way from the load balancer's nodes to the targets of a group.
fn to_group(on: OnPath<'_>, balancer: &LoadBalancer, group: &Arn) -> Vec<Finding> {
    let tables = &on.network.route_tables;
    let targets = FlowEnds::new(on).targets(group);
    let known: Vec<_> = targets.iter().filter(|target| target.place.vague.is_none()).collect();
    if let Some(unavailable) = tables.unavailable() {
        // Inside the VPC there is always a route, so nothing hangs on the tables.
        let near = |end: &FlowEnd| is_near(on, end.net.addr());
        let far = known.iter().any(|target| !near(&target.place) && !target.healthy);
        return if far {
            vec![Finding::unknown(Code::RouteMissing, unavailable).of(group)]
        } else {
            Vec::new()
        };
    }
    let Some(value) = tables.value() else { return Vec::new() };
    let apart = cross_zone(on, group) == Ok(false);
    let used = balancer.zones.iter().filter(|zone| is_served(on, &zone.zone));
    let departures = used.flat_map(|zone| {
        let subnet = zone.subnet.as_deref();
        known.iter().filter_map(move |target| {
            let elsewhere = target.place.zone.as_ref().is_some_and(|own| own != "all" && *own != zone.zone);
            if apart && elsewhere {
                return None;
            }
            let (subnet, address) = (subnet?.to_owned(), target.place.net.addr());
            let hop = routes(on, value).next_hop(&subnet, address);
            let healthy = target.healthy || answered(on, group, address);
            Some(Departure { subnet, zone: Some(zone.zone.clone()), address, healthy, hop })
        })
    });
    let report = RouteReport { on, tables, group: Some(group) };
    report.findings(&departures.collect::<Vec<_>>())
}

/// Whether requests enter there: into a zone that the endpoint service does not serve, none does.
fn is_served(on: OnPath<'_>, zone: &str) -> bool {
    let service = match (&on.path.link, on.position) {
        (Some(Link::V1 { service, .. }), 0) => service.value(),
        _ => None,
    };
    service
        .is_none_or(|service| service.zones.is_empty() || service.zones.iter().any(|served| served == zone))
}

/// Whether the target's answers to health checks arrive, though they are not as expected.
fn answered(on: OnPath<'_>, group: &Arn, address: IpAddr) -> bool {
    let targets = on.targets.get(group).and_then(Reading::value).into_iter().flatten();
    let mut own = targets.filter(|target| target.id.parse() == Ok(address));
    own.any(|target| target.reason.as_deref() == Some("Target.ResponseCodeMismatch"))
}

fn routes<'a>(on: OnPath<'a>, tables: &'a [RouteTable]) -> Routes<'a> {
    Routes { tables, lists: &on.balancer.network.prefix_lists }
}

fn is_near(on: OnPath<'_>, address: IpAddr) -> bool {
    let subnets = on.network.subnets.value().into_iter().flatten();
    subnets.flat_map(|subnet| &subnet.cidrs).any(|cidr| cidr.contains(&address))
}

#[derive(Clone, Copy)]
struct RouteReport<'a> {
    on: OnPath<'a>,
    tables: &'a Reading<Vec<RouteTable>>,
    /// `None` for the way from the link to the load balancer.
    group: Option<&'a Arn>,
}

impl<'a> RouteReport<'a> {
    fn findings(self, departures: &[Departure]) -> Vec<Finding> {
        let mut faults: BTreeMap<RouteFault, Vec<&Departure>> = BTreeMap::new();
        let mut findings = Vec::new();
        let judged: Vec<(&Departure, Result<Option<RouteFault>, NotRead>)> =
            departures.iter().map(|departure| (departure, self.judge(departure))).collect();
        for (departure, judged_as) in &judged {
            match judged_as {
                Ok(Some(fault)) if !contradicted(departure, &judged) => {
                    faults.entry(fault.clone()).or_default().push(departure);
                }
                Err(unread) => findings.push(self.placed(Finding::unknown(Code::RouteMissing, unread))),
                _ => {}
            }
        }
        let groups = self.on.targets.len();
        // Several routes may each stop some, and together all.
        let stopped: usize = faults.values().map(Vec::len).sum();
        let all = stopped == departures.len() && (self.group.is_none() || groups == 1);
        for (fault, stopped) in &faults {
            let finding = self.finding(fault, stopped);
            findings.push(if all { finding } else { finding.partial() });
        }
        findings.extend(self.beyond(departures));
        findings
    }

    /// What is wrong with the first hop of a departure; what could not be read of it.
    fn judge(self, departure: &Departure) -> Result<Option<RouteFault>, NotRead> {
        let network = &self.on.balancer.network;
        match &departure.hop {
            NextHop::Local => Ok(None),
            NextHop::Missing => Ok(Some(RouteFault::Missing)),
            NextHop::Blackhole { to, via } => Ok(Some(RouteFault::Blackhole { to: *to, via: via.clone() })),
            // Inside the VPC there is always a route.
            NextHop::Unknown(_) if is_near(self.on, departure.address) => Ok(None),
            NextHop::Unknown(unread) => Err(unread.clone()),
            NextHop::Via { via, .. } if via.starts_with("pcx-") => {
                let peerings = known(&network.peerings)?;
                let Some(peering) = peerings.iter().find(|peering| peering.id == *via) else {
                    return Ok(None);
                };
                Ok(peered(peering, departure.address))
            }
            NextHop::Via { via, .. } if via.starts_with("tgw-") => {
                let attachments = known(&network.transit_attachments)?;
                let own = attachments.iter().find(|attachment| attachment.gateway == *via);
                Ok(own.and_then(|attachment| self.attached(attachment, departure)))
            }
            NextHop::Via { .. } => Ok(None),
        }
    }

    fn attached(self, attachment: &TransitAttachment, departure: &Departure) -> Option<RouteFault> {
        let (gateway, id) = (attachment.gateway.clone(), attachment.id.clone());
        let state = attachment.state.to_ascii_lowercase();
        // While it is modified it still carries traffic; a state that AWS added is no fault.
        let gone = [
            "deleted",
            "deleting",
            "failed",
            "failing",
            "pending",
            "pendingacceptance",
            "rejected",
            "rejecting",
        ];
        if gone.contains(&state.replace('-', "").as_str()) || state.starts_with("initiating") {
            return Some(RouteFault::Unattached { gateway, id, state });
        }
        let ends = FlowEnds::new(self.on);
        let zones: Option<BTreeSet<String>> =
            attachment.subnets.iter().map(|subnet| ends.zone_of(subnet)).collect();
        let outside = departure.zone.as_ref().zip(zones).is_some_and(|(zone, zones)| !zones.contains(zone));
        (outside && !attachment.subnets.is_empty()).then_some(RouteFault::NotInZone { gateway, id })
    }

    fn finding(self, fault: &RouteFault, stopped: &[&Departure]) -> Finding {
        let network = &self.on.balancer.network;
        let from = origin(stopped);
        let to = listed(stopped.iter().map(|departure| departure.address.to_string()));
        let (code, says) = match fault {
            RouteFault::Missing => (Code::RouteMissing, format!("no route leads from {from} to {to}")),
            RouteFault::Blackhole { to: net, via } => (
                Code::RouteBlackhole,
                format!(
                    "the route from {from} to {net}, which leads to {to}, is a blackhole: `{}` does not exist any more",
                    shown(via)
                ),
            ),
            RouteFault::Inactive { id, status } => (
                Code::PeeringInactive,
                format!("the route from {from} to {to} uses peering connection `{id}`, which is {status}"),
            ),
            RouteFault::Astray { id } => (
                Code::RouteMissing,
                format!(
                    "the route from {from} to {to} uses peering connection `{id}`, whose VPC does not contain that address"
                ),
            ),
            RouteFault::Unattached { gateway, id, state } => (
                Code::TransitAttachmentUnavailable,
                format!("the route from {from} to {to} uses `{gateway}`; its attachment `{id}` is {state}"),
            ),
            RouteFault::NotInZone { gateway, id } => (
                Code::TransitAttachmentUnavailable,
                format!(
                    "the route from {from} to {to} uses `{gateway}`; its attachment `{id}` has no subnet in the source \
                     zone"
                ),
            ),
        };
        let finding = match fault {
            RouteFault::Inactive { .. } | RouteFault::Astray { .. } => {
                Finding::read(code, &network.peerings, says)
            }
            RouteFault::Unattached { .. } | RouteFault::NotInZone { .. } => {
                Finding::read(code, &network.transit_attachments, says)
            }
            _ => Finding::read(code, self.tables, says),
        };
        let tables: BTreeSet<&str> = stopped.iter().filter_map(|departure| self.table(departure)).collect();
        let first = tables.first().copied().unwrap_or_default();
        let finding = self.placed(finding).of(resource(fault).unwrap_or(first));
        let finding = finding
            .detail("subnets", listed(stopped.iter().map(|departure| departure.subnet.clone())))
            .detail("to", to)
            .detail("route_tables", tables.iter().copied().collect::<Vec<_>>().join(","));
        let show = format!(
            "aws ec2 describe-route-tables --route-table-ids {} --query 'RouteTables[].Routes' --region {{region}}",
            tables.iter().map(|table| shell_word(table)).collect::<Vec<_>>().join(" ")
        );
        let (what, command) = remedy(fault);
        finding.remedy(what, command, Some(show))
    }

    fn table(self, departure: &Departure) -> Option<&'a str> {
        let table = routes(self.on, self.tables.value()?).table(&departure.subnet)?;
        Some(&table.id)
    }

    /// Puts a finding on the hop that it is about.
    fn placed(self, finding: Finding) -> Finding {
        match self.group {
            Some(group) => finding.detail("target_group", group),
            None => finding.at(HopKind::VpcLink),
        }
    }

    /// What lies behind a gateway whose tables are not read, where a target behind it does not answer.
    fn beyond(self, departures: &[Departure]) -> Option<Finding> {
        let far = departures.iter().find_map(|departure| match &departure.hop {
            NextHop::Via { via, .. } if !departure.healthy => Some((via, departure.address)),
            _ => None,
        });
        let (via, address) = far?;
        let what = format!("the routes beyond `{}` to {address}, and the return routes", shown(via));
        let why = "only the route tables of the load balancer's VPC are read, up to the first gateway";
        Some(self.placed(Finding::unknown(Code::RouteMissing, &NotRead::not_asked(what, None, why))))
    }
}

/// A health check takes the same route: where one passes, and this would stop every one, the tables do not tell all.
fn contradicted(departure: &Departure, judged: &[(&Departure, Result<Option<RouteFault>, NotRead>)]) -> bool {
    let same = judged.iter().filter(|(other, _)| other.address == departure.address);
    departure.healthy && same.clone().all(|(_, fault)| matches!(fault, Ok(Some(_))))
}

fn known<T>(reading: &Reading<Vec<T>>) -> Result<&[T], NotRead> {
    match reading {
        Reading::Known { value, .. } => Ok(value),
        Reading::NotRead(unread) => Err(unread.clone()),
        Reading::Absent { .. } => Ok(&[]),
    }
}

fn peered(peering: &Peering, address: IpAddr) -> Option<RouteFault> {
    let status = peering.status.to_ascii_lowercase();
    let idle = ["pending-acceptance", "failed", "expired", "provisioning", "deleting", "deleted", "rejected"];
    let id = peering.id.clone();
    if idle.contains(&status.as_str()) {
        return Some(RouteFault::Inactive { id, status });
    }
    // AWS shows the networks of both ends while the connection is active.
    let shown = peering.ends.len() == 2 && peering.ends.iter().all(|end| !end.cidrs.is_empty());
    let held = peering.ends.iter().flat_map(|end| &end.cidrs).any(|cidr| cidr.contains(&address));
    (status == "active" && shown && !held).then_some(RouteFault::Astray { id })
}

/// Targets beyond the VPC and its peers in the same Region never answer a client whose address is kept.
fn preserved(on: OnPath<'_>, balancer: &LoadBalancer, group: &Arn) -> Option<Finding> {
    let link = on.path.generation() == Some(Generation::V2) && on.position == 0;
    if balancer.kind != "network" || !link {
        return None;
    }
    let attributes = on.network.group_attributes.get(group)?;
    attributes.value()?.get(PRESERVES).filter(|value| *value == "true")?;
    let unread = [on.network.route_tables.unavailable(), on.network.peerings.unavailable()];
    if let Some(unread) =
        unread.into_iter().flatten().find(|unread| !matches!(unread.why, ReadError::NotAsked(_)))
    {
        return Some(Finding::unknown(Code::ClientIpPreservationUnsupported, unread).of(group));
    }
    let tables = on.network.route_tables.value()?;
    let subnet = balancer.zones.iter().find_map(|zone| zone.subnet.as_deref())?;
    let targets = FlowEnds::new(on).targets(group);
    let known: Vec<IpAddr> = targets
        .iter()
        .filter(|target| target.place.vague.is_none())
        .map(|target| target.place.net.addr())
        .collect();
    let far: Vec<&IpAddr> =
        known.iter().filter(|address| is_far(on, &routes(on, tables).next_hop(subnet, **address))).collect();
    if far.is_empty() {
        return None;
    }
    let says = format!(
        "target group `{}` preserves client IPs, which fails beyond the VPC and its same-Region peers: responses from {} \
         are lost",
        on.target_group(group).map_or(group.resource(), |group| group.name.as_str()),
        listed(far.iter().map(ToString::to_string))
    );
    let finding = Finding::read(Code::ClientIpPreservationUnsupported, attributes, says).of(group);
    let set = format!(
        "aws elbv2 modify-target-group-attributes --target-group-arn {} --attributes Key={PRESERVES},Value=false \
         --region {{region}}",
        shell_word(group.as_str())
    );
    let finding = finding.remedy("Turn client IP preservation off for the group.", Some(set), None);
    let all = far.len() == known.len() && on.targets.len() == 1;
    Some(if all { finding } else { finding.partial() })
}

const PRESERVES: &str = "preserve_client_ip.enabled";

fn is_far(on: OnPath<'_>, hop: &NextHop) -> bool {
    let NextHop::Via { via, .. } = hop else { return false };
    if !via.starts_with("pcx-") {
        return via.starts_with("tgw-") || via.starts_with("vgw-");
    }
    let peering = on.network.peerings.value().into_iter().flatten().find(|peering| peering.id == *via);
    let regions: Option<BTreeSet<&str>> =
        peering.map(|peering| peering.ends.iter().filter_map(|end| end.region.as_deref()).collect());
    regions.is_some_and(|regions| regions.len() > 1)
}

/// Where packets start: "subnet-1 (eu-west-1a)".
fn origin(stopped: &[&Departure]) -> String {
    let place = |departure: &&Departure| match &departure.zone {
        Some(zone) => format!("{} ({zone})", departure.subnet),
        None => departure.subnet.clone(),
    };
    listed(stopped.iter().map(place))
}

fn listed(names: impl Iterator<Item = String>) -> String {
    let names: BTreeSet<String> = names.collect();
    let shown: Vec<&str> = names.iter().take(MOST_NAMES).map(String::as_str).collect();
    match names.len().saturating_sub(MOST_NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn shown(via: &str) -> &str {
    if via.is_empty() { "its next hop" } else { via }
}

/// What is broken, where it is not the table itself.
fn resource(fault: &RouteFault) -> Option<&str> {
    match fault {
        RouteFault::Inactive { id, .. } | RouteFault::Astray { id } => Some(id),
        RouteFault::Unattached { id, .. } | RouteFault::NotInZone { id, .. } => Some(id),
        RouteFault::Missing | RouteFault::Blackhole { .. } => None,
    }
}

fn remedy(fault: &RouteFault) -> (&'static str, Option<String>) {
    match fault {
        RouteFault::Missing => ("Give the subnets' route table a route to the targets' network.", None),
        RouteFault::Blackhole { .. } => ("Point the route at a gateway or connection that exists.", None),
        RouteFault::Inactive { id, status } if status == "pending-acceptance" => {
            let accept = format!(
                "aws ec2 accept-vpc-peering-connection --vpc-peering-connection-id {} --region {{region}}",
                shell_word(id)
            );
            ("Accept the peering connection.", Some(accept))
        }
        RouteFault::Inactive { .. } => ("Create a new peering connection, and point the route at it.", None),
        RouteFault::Astray { .. } => {
            ("Point the route at the connection to the VPC that holds the targets.", None)
        }
        RouteFault::Unattached { .. } => {
            ("Attach the VPC to the transit gateway again, or wait until the attachment is available.", None)
        }
        RouteFault::NotInZone { .. } => {
            ("Give the attachment a subnet in every zone of the load balancer.", None)
        }
    }
}
