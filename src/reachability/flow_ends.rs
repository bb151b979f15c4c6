//! Where connections start and end: a link's interfaces, a load balancer's nodes, targets; each with its address, subnet
//! and security groups, as far as they were read.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::aws::model::{BalancerZone, NetworkInterface, Subnet};
use crate::aws::model::{LoadBalancer, Target, VpcLink};
use crate::aws::{NotRead, QueryKind, Reading};
use crate::ids::Arn;
use crate::path::{Link, Network, OnPath};
use crate::reachability::flow::not_known;

/// One end of connections.
#[derive(Clone, Debug)]
pub(crate) struct FlowEnd {
    /// Its name for people.
    pub(crate) name: String,
    /// Its address; where that is not known, the network that it is somewhere in.
    pub(crate) net: IpNet,
    /// Why its address is not known, where it is not.
    pub(crate) vague: Option<NotRead>,
    /// Its subnet.
    pub(crate) subnet: Result<String, NotRead>,
    /// Its zone, where known.
    pub(crate) zone: Option<String>,
    /// The security groups that guard it; none guards a network load balancer made without.
    pub(crate) groups: Result<Vec<String>, NotRead>,
}

/// A target as an end of connections.
#[derive(Clone, Debug)]
pub(crate) struct TargetEnd {
    pub(crate) place: FlowEnd,
    /// The port that requests go to.
    pub(crate) port: u16,
    /// The port that health checks go to; `None` where they are off or it is not known.
    pub(crate) health_port: Option<u16>,
    /// Whether the load balancer finds it healthy.
    pub(crate) healthy: bool,
}

/// Finds the ends of connections around one load balancer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlowEnds<'a> {
    on: OnPath<'a>,
    network: &'a Network,
}

impl<'a> FlowEnds<'a> {
    pub(crate) fn new(on: OnPath<'a>) -> Self {
        Self { on, network: &on.balancer.network }
    }

    /// API Gateway as the source of what comes through PrivateLink: its address is private and its own.
    ///
    /// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html>
    pub(crate) fn api_gateway(self) -> FlowEnd {
        let unseen = not_known(
            "API Gateway's own address behind PrivateLink",
            None,
            "AWS does not publish it, so rules that name networks can't be evaluated",
        );
        FlowEnd {
            name: "API Gateway".to_owned(),
            net: IpNet::V4(ipnet::Ipv4Net::default()),
            subnet: Err(unseen.clone()),
            vague: Some(unseen),
            zone: None,
            groups: Ok(Vec::new()),
        }
    }

    /// The nodes of a load balancer, one a zone or interface.
    pub(crate) fn nodes(self, balancer: &LoadBalancer) -> Vec<FlowEnd> {
        let owner = match self.on.position {
            0 => "the load balancer".to_owned(),
            _ => format!("`{}`", balancer.name),
        };
        self.interfaces(balancer, &self.network.balancer_interfaces, &owner)
    }

    /// Interfaces in its subnets carry the description `ELB net/NAME/ID`, which is common practice rather than documented;
    /// where none is found, a node is somewhere in its subnet.
    fn interfaces(
        self,
        balancer: &LoadBalancer,
        reading: &Reading<Vec<NetworkInterface>>,
        owner: &str,
    ) -> Vec<FlowEnd> {
        let of_zone = |zone: &BalancerZone| {
            let Some(subnet) = &zone.subnet else { return Vec::new() };
            let own = in_subnet(reading, subnet);
            let mut addresses: Vec<IpAddr> = own.flat_map(|interface| interface.addresses.clone()).collect();
            if addresses.is_empty() {
                addresses.clone_from(&zone.addresses);
            }
            let kind = if balancer.kind == "network" { "node" } else { "interface" };
            let blank = FlowEnd {
                name: format!("{owner}'s {kind} in {}", zone.zone),
                zone: Some(zone.zone.clone()),
                groups: Ok(balancer.security_groups.clone()),
                ..self.somewhere(subnet, reading)
            };
            self.at(blank, subnet, &addresses)
        };
        balancer.zones.iter().flat_map(of_zone).collect()
    }

    /// The interfaces of a V2 link, in each of its subnets.
    pub(crate) fn link(self, link: &VpcLink) -> Vec<FlowEnd> {
        let Some(Link::V2 { interfaces, .. }) = &self.on.path.link else { return Vec::new() };
        let of_subnet = |subnet: &String| {
            let own = in_subnet(interfaces, subnet);
            // Other links may have interfaces in the same subnet.
            let own: Vec<&NetworkInterface> =
                own.filter(|interface| same(&interface.groups, &link.security_groups)).collect();
            let addresses: Vec<IpAddr> = own.iter().flat_map(|own| own.addresses.clone()).collect();
            let groups = link.security_groups.clone();
            let unknown =
                not_known("the VPC link's security groups", Some(QueryKind::VpcLinkV2), "it names none");
            let blank = FlowEnd {
                name: format!("the VPC link in {subnet}"),
                groups: if groups.is_empty() { Err(unknown) } else { Ok(groups) },
                ..self.somewhere(subnet, interfaces)
            };
            self.at(blank, subnet, &addresses)
        };
        link.subnets.iter().flat_map(of_subnet).collect()
    }

    /// The targets of a group that get requests now.
    pub(crate) fn targets(self, group: &Arn) -> Vec<TargetEnd> {
        let targets = self.on.targets.get(group).and_then(Reading::value);
        let described = self.on.target_group(group);
        let used =
            |target: &&Target| !target.zonal_shift && !matches!(target.state.as_str(), "unused" | "draining");
        let places = |target: &Target| {
            let port = target.port.or(described?.port)?;
            let health_port = match described?.health_port.as_deref() {
                Some("traffic-port") => Some(port),
                other => other.and_then(|port| port.parse().ok()),
            };
            let healthy = target.state == "healthy";
            let places = self.places_of(target).into_iter();
            Some(places.map(move |place| TargetEnd { place, port, health_port, healthy }))
        };
        targets.into_iter().flatten().filter(used).filter_map(places).flatten().collect()
    }

    fn places_of(self, target: &Target) -> Vec<FlowEnd> {
        if let Ok(address) = target.id.parse::<IpAddr>() {
            return vec![self.by_address(target, address)];
        }
        match self.network.backends.get(&Arn::new(&target.id)) {
            Some((Reading::Known { value, .. }, interfaces)) => {
                self.interfaces(value, interfaces, &format!("`{}`", value.name))
            }
            Some((balancer, _)) => {
                let arn = Arn::new(&target.id);
                let gone = || {
                    let what = format!("the addresses of load balancer `{}`", arn.balancer_name());
                    not_known(what, Some(QueryKind::LoadBalancer), "that load balancer no longer exists")
                };
                vec![unread(target, Some(&balancer.unavailable().cloned().unwrap_or_else(gone)))]
            }
            None => vec![self.by_instance(target)],
        }
    }

    fn by_address(self, target: &Target, address: IpAddr) -> FlowEnd {
        let reading = &self.network.target_interfaces;
        let own = reading.value().into_iter().flatten().find(|own| own.addresses.contains(&address));
        let unread = || {
            reading.unavailable().cloned().unwrap_or_else(|| {
                not_known(
                    format!("the security groups of {address}"),
                    Some(QueryKind::NetworkInterfaces),
                    "no interface in the target group's VPC has that address",
                )
            })
        };
        let around = self.network.subnets.value().into_iter().flatten();
        let mut around = around.filter(|subnet| subnet.cidrs.iter().any(|cidr| cidr.contains(&address)));
        let named = own.and_then(|own| own.subnet.clone());
        let subnet = named.or_else(|| around.next().map(|subnet| subnet.id.clone()));
        FlowEnd {
            name: target.id.clone(),
            net: IpNet::from(address),
            vague: None,
            zone: target.zone.clone().or_else(|| self.zone_of(subnet.as_ref()?)),
            subnet: subnet.ok_or_else(&unread),
            groups: own.map(|own| own.groups.clone()).filter(|ids| !ids.is_empty()).ok_or_else(&unread),
        }
    }

    fn by_instance(self, target: &Target) -> FlowEnd {
        let reading = &self.network.instances;
        let own = reading.value().into_iter().flatten().find(|own| own.id == target.id);
        let nowhere = unread(target, reading.unavailable());
        let Some(own) = own else { return nowhere };
        FlowEnd {
            net: own.address.map_or(nowhere.net, IpNet::from),
            vague: nowhere.vague.filter(|_| own.address.is_none()),
            zone: target.zone.clone().or_else(|| self.zone_of(own.subnet.as_ref()?)),
            subnet: own.subnet.clone().map_or(nowhere.subnet, Ok),
            // Every interface in a VPC has a group; an answer without one has left it out.
            groups: if own.groups.is_empty() { nowhere.groups } else { Ok(own.groups.clone()) },
            name: nowhere.name,
        }
    }

    /// A place with these addresses, or somewhere in its subnet where there are none.
    fn at(self, blank: FlowEnd, subnet: &str, addresses: &[IpAddr]) -> Vec<FlowEnd> {
        if !addresses.is_empty() {
            let exact = |address: &IpAddr| FlowEnd {
                name: format!("{} ({address})", blank.name),
                net: IpNet::from(*address),
                vague: None,
                ..blank.clone()
            };
            return addresses.iter().map(exact).collect();
        }
        match self.subnet(subnet).map(|subnet| subnet.cidrs.as_slice()) {
            None | Some([]) => vec![blank],
            // A subnet of both versions of IP mostly holds what has an address of version 4 alone.
            Some(cidrs) => {
                let v4 = cidrs.iter().any(|cidr| cidr.addr().is_ipv4());
                let cidrs = cidrs.iter().filter(|cidr| !v4 || cidr.addr().is_ipv4());
                cidrs.map(|cidr| FlowEnd { net: *cidr, ..blank.clone() }).collect()
            }
        }
    }

    /// A place in a subnet of which no more is known.
    fn somewhere(self, subnet: &str, interfaces: &Reading<Vec<NetworkInterface>>) -> FlowEnd {
        let vague = interfaces.unavailable().cloned();
        let vague = vague.unwrap_or_else(|| {
            not_known(
                format!("an address in {subnet}"),
                Some(QueryKind::NetworkInterfaces),
                "no interface there is known to be its own",
            )
        });
        FlowEnd {
            name: subnet.to_owned(),
            net: IpNet::V4(ipnet::Ipv4Net::default()),
            vague: Some(vague),
            subnet: Ok(subnet.to_owned()),
            zone: self.zone_of(subnet),
            groups: Ok(Vec::new()),
        }
    }

    fn subnet(self, id: &str) -> Option<&'a Subnet> {
        self.network.subnets.value()?.iter().find(|subnet| subnet.id == id)
    }

    /// The zone of a subnet: as the load balancer names it, else as read.
    pub(crate) fn zone_of(self, subnet: &str) -> Option<String> {
        let zones = self.on.load_balancer.value().map(|balancer| balancer.zones.as_slice());
        let mut zones = zones.unwrap_or_default().iter();
        let own = zones.find(|zone| zone.subnet.as_deref() == Some(subnet));
        own.map(|zone| zone.zone.clone()).or_else(|| Some(self.subnet(subnet)?.zone.clone()))
    }

    /// Why a zone is not known.
    pub(crate) fn zone_unread(self) -> NotRead {
        let places = [self.network.instances.unavailable(), self.network.target_interfaces.unavailable()];
        let read = self.network.subnets.unavailable().or_else(|| places.into_iter().flatten().next());
        read.cloned().unwrap_or_else(|| {
            not_known("the targets' zones", Some(QueryKind::Subnets), "no subnet is known to hold them")
        })
    }
}

fn in_subnet<'a>(
    reading: &'a Reading<Vec<NetworkInterface>>,
    subnet: &str,
) -> impl Iterator<Item = &'a NetworkInterface> {
    let interfaces = reading.value().into_iter().flatten();
    interfaces.filter(move |interface| interface.subnet.as_deref() == Some(subnet))
}

/// A target of which nothing is known but its id.
fn unread(target: &Target, why: Option<&NotRead>) -> FlowEnd {
    let why = why.cloned().unwrap_or_else(|| {
        not_known(format!("the address of {}", target.id), Some(QueryKind::Instances), "it has none now")
    });
    FlowEnd {
        name: target.id.clone(),
        net: IpNet::V4(ipnet::Ipv4Net::default()),
        vague: Some(why.clone()),
        subnet: Err(why.clone()),
        zone: target.zone.clone(),
        groups: Err(why),
    }
}

fn same(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().all(|id| other.contains(id))
}
