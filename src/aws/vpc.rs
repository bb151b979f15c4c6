//! What a VPC has that decides whether packets pass: subnets, interfaces, instances, security groups, network ACLs.

use crate::ids::Arn;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subnet {
    pub id: String,
    pub zone: String,
    pub cidrs: Vec<IpNet>,
}

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkInterface {
    pub id: String,
    pub subnet: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc: Option<String>,
    /// Its private addresses, the primary one first.
    pub addresses: Vec<IpAddr>,
    pub groups: Vec<String>,
}

/// An instance, by its primary network interface: that is where a load balancer sends to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    pub id: String,
    /// The subnet it is in; an instance that is gone is in none.
    pub subnet: Option<String>,
    /// Its primary private address.
    pub address: Option<IpAddr>,
    pub groups: Vec<String>,
}

/// A security group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityGroup {
    pub id: String,
    pub name: String,
    /// What it lets in.
    pub ingress: Vec<GroupRule>,
    /// What it lets out.
    pub egress: Vec<GroupRule>,
}

/// What one rule of a security group lets through. There are no rules that forbid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRule {
    /// `tcp`, `udp`, a number, or `-1` for every protocol.
    pub protocol: String,
    pub from_port: Option<i32>,
    pub to_port: Option<i32>,
    /// Networks at the other end, of either version of IP.
    pub cidrs: Vec<IpNet>,
    /// Security groups at the other end.
    pub groups: Vec<String>,
    /// Prefix lists at the other end.
    pub prefix_lists: Vec<String>,
}

/// A network ACL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkAcl {
    pub id: String,
    /// The subnets that it guards.
    pub subnets: Vec<String>,
    /// Its entries, in no particular order.
    pub entries: Vec<AclEntry>,
}

/// An entry of a network ACL: the one with the lowest number that matches decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AclEntry {
    /// Its number; 32767 is the last, which denies everything.
    pub number: i32,
    /// Whether it speaks of what leaves the subnet.
    pub egress: bool,
    /// A number, or `-1` for every protocol.
    pub protocol: String,
    pub allow: bool,
    /// The network at the other end.
    pub cidr: IpNet,
    pub from_port: Option<i32>,
    pub to_port: Option<i32>,
}

/// The networks of a prefix list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PrefixList(pub Vec<IpNet>);

/// Whose network interfaces are asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InterfacesOf {
    /// A load balancer's own.
    LoadBalancer(Arn),
    /// Those that API Gateway made in these subnets for V2 links.
    Links(Vec<String>),
    /// Those that hold these private addresses in this VPC.
    Addresses { vpc: String, addresses: Vec<String> },
}

impl InterfacesOf {
    /// Whose interfaces these are, for people.
    pub fn owner(&self) -> &str {
        match self {
            Self::LoadBalancer(arn) => arn.resource(),
            Self::Links(_) => "the VPC link",
            Self::Addresses { .. } => "the targets",
        }
    }

    /// The subject's id: an ARN, subnets, `vpc/addresses`.
    pub fn subject(&self) -> String {
        match self {
            Self::LoadBalancer(arn) => arn.to_string(),
            Self::Links(subnets) => subnets.join(","),
            Self::Addresses { vpc, addresses } => format!("{vpc}/{}", addresses.join(",")),
        }
    }
}
