//! What decides whether a packet passes: subnets, interfaces, security groups, network ACLs.
//!
//! Shapes: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Types.html>

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::vocabulary::Arn;

/// A zone that a load balancer is enabled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalancerZone {
    /// The zone's name.
    pub zone: String,
    /// The subnet that the load balancer's node is in.
    pub subnet: Option<String>,
    /// The node's private addresses, where they were chosen when the load balancer was made.
    pub addresses: Vec<IpAddr>,
}

/// The attributes of a load balancer or target group, by AWS's own keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(pub BTreeMap<String, String>);

impl Attributes {
    /// An attribute's value.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// Its id.
    pub id: String,
    /// The zone it is in.
    pub zone: String,
    /// Its addresses.
    pub cidrs: Vec<IpNet>,
}

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkInterface {
    /// Its id.
    pub id: String,
    /// The subnet it is in.
    pub subnet: Option<String>,
    /// Its private addresses, the primary one first.
    pub addresses: Vec<IpAddr>,
    /// The security groups on it.
    pub groups: Vec<String>,
}

/// An instance, by its primary network interface: that is where a load balancer sends to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// The subnet it is in; an instance that is gone is in none.
    pub subnet: Option<String>,
    /// Its primary private address.
    pub address: Option<IpAddr>,
    /// The security groups on it.
    pub groups: Vec<String>,
}

/// A security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroup {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it lets in.
    pub ingress: Vec<GroupRule>,
    /// What it lets out.
    pub egress: Vec<GroupRule>,
}

/// What one rule of a security group lets through. There are no rules that forbid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupRule {
    /// `tcp`, `udp`, a number, or `-1` for every protocol.
    pub protocol: String,
    /// The first port.
    pub from_port: Option<i32>,
    /// The last port.
    pub to_port: Option<i32>,
    /// Networks at the other end, of either version of IP.
    pub cidrs: Vec<IpNet>,
    /// Security groups at the other end.
    pub groups: Vec<String>,
    /// Prefix lists at the other end.
    pub prefix_lists: Vec<String>,
}

/// A network ACL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkAcl {
    /// Its id.
    pub id: String,
    /// The subnets that it guards.
    pub subnets: Vec<String>,
    /// Its entries, in no particular order.
    pub entries: Vec<AclEntry>,
}

/// An entry of a network ACL: the one with the lowest number that matches decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AclEntry {
    /// Its number; 32767 is the last, which denies everything.
    pub number: i32,
    /// Whether it speaks of what leaves the subnet.
    pub egress: bool,
    /// A number, or `-1` for every protocol.
    pub protocol: String,
    /// Whether it allows.
    pub allow: bool,
    /// The network at the other end.
    pub cidr: IpNet,
    /// The first port.
    pub from_port: Option<i32>,
    /// The last port.
    pub to_port: Option<i32>,
}

/// The networks of a prefix list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrefixList(pub Vec<IpNet>);

/// Whose network interfaces are asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InterfacesOf {
    /// A load balancer's own.
    LoadBalancer(Arn),
    /// Those that API Gateway made in these subnets for V2 links.
    Links(Vec<String>),
    /// Those that hold these private addresses in this VPC.
    Addresses {
        /// The VPC's id.
        vpc: String,
        /// The addresses.
        addresses: Vec<String>,
    },
}

impl InterfacesOf {
    /// The subject's id: an ARN, subnets, `vpc/addresses`.
    pub fn subject(&self) -> String {
        match self {
            Self::LoadBalancer(arn) => arn.to_string(),
            Self::Links(subnets) => subnets.join(","),
            Self::Addresses { vpc, addresses } => format!("{vpc}/{}", addresses.join(",")),
        }
    }
}
