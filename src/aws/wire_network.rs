//! How the nouns of the network are recorded.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::aws::model::{
    AclEntry, Attributes, BalancerZone, GroupRule, Instance, NetworkAcl, NetworkInterface, PrefixList,
    SecurityGroup, Subnet,
};
use crate::aws::wire::Form;

as_itself!(IpAddr, IpNet);

impl Form for Attributes {
    type Wire = BTreeMap<String, String>;
    fn form(&self) -> Self::Wire {
        self.0.clone()
    }
    fn noun(wire: Self::Wire) -> Self {
        Self(wire)
    }
}

impl Form for PrefixList {
    type Wire = Vec<IpNet>;
    fn form(&self) -> Self::Wire {
        self.0.clone()
    }
    fn noun(wire: Self::Wire) -> Self {
        Self(wire)
    }
}

forms! {
    WireBalancerZone is BalancerZone { zone: String, subnet: Option<String>, addresses: Vec<IpAddr> }
    WireSubnet is Subnet { id: String, zone: String, cidrs: Vec<IpNet> }
    WireNetworkInterface is NetworkInterface {
        id: String,
        subnet: Option<String>,
        addresses: Vec<IpAddr>,
        groups: Vec<String>,
    }
    WireInstance is Instance {
        id: String,
        subnet: Option<String>,
        address: Option<IpAddr>,
        groups: Vec<String>,
    }
    WireSecurityGroup is SecurityGroup {
        id: String,
        name: String,
        ingress: Vec<GroupRule>,
        egress: Vec<GroupRule>,
    }
    WireGroupRule is GroupRule {
        protocol: String,
        from_port: Option<i32>,
        to_port: Option<i32>,
        cidrs: Vec<IpNet>,
        groups: Vec<String>,
        prefix_lists: Vec<String>,
    }
    WireNetworkAcl is NetworkAcl { id: String, subnets: Vec<String>, entries: Vec<AclEntry> }
    WireAclEntry is AclEntry {
        number: i32,
        egress: bool,
        protocol: String,
        allow: bool,
        cidr: IpNet,
        from_port: Option<i32>,
        to_port: Option<i32>,
    }
}
