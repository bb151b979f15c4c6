//! What EC2 knows about the network itself: groups, ACLs, interfaces, subnets, instances.

use serde_json::{Value, json};

use super::Listed;

/// A security group.
#[derive(Clone, Debug, Default)]
pub struct SecurityGroup {
    /// `sg-…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its VPC.
    pub vpc_id: String,
    /// What it lets in.
    pub inbound: Vec<Permission>,
    /// What it lets out.
    pub outbound: Vec<Permission>,
}

/// A rule of a security group.
#[derive(Clone, Debug, Default)]
pub struct Permission {
    /// `tcp`, `6`, `-1`, …
    pub protocol: String,
    /// The ports, both included; none for all.
    pub ports: Option<(u16, u16)>,
    /// IPv4 ranges.
    pub ranges: Vec<String>,
    /// Other groups.
    pub groups: Vec<String>,
    /// Prefix lists.
    pub prefix_lists: Vec<String>,
}

/// A network ACL.
#[derive(Clone, Debug, Default)]
pub struct NetworkAcl {
    /// `acl-…`.
    pub id: String,
    /// Its VPC.
    pub vpc_id: String,
    /// Whether it is the VPC's default.
    pub is_default: bool,
    /// Its subnets.
    pub subnets: Vec<String>,
    /// Its entries.
    pub entries: Vec<AclEntry>,
}

/// An entry of a network ACL.
#[derive(Clone, Debug, Default)]
pub struct AclEntry {
    /// Its number; the lowest that matches decides.
    pub number: u16,
    /// `-1`, `6`, …
    pub protocol: String,
    /// Whether it allows.
    pub allow: bool,
    /// Whether it is about what leaves.
    pub egress: bool,
    /// The other side.
    pub cidr: String,
    /// The ports, both included; none for all.
    pub ports: Option<(u16, u16)>,
}

/// A network interface.
#[derive(Clone, Debug, Default)]
pub struct NetworkInterface {
    /// `eni-…`.
    pub id: String,
    /// `interface`, `network_load_balancer`, `api_gateway_managed`, …
    pub kind: String,
    /// Its description (`ELB net/orders-nlb/…`).
    pub description: String,
    /// Its subnet.
    pub subnet_id: String,
    /// Its VPC.
    pub vpc_id: String,
    /// Its primary address.
    pub private_address: String,
    /// Its groups.
    pub groups: Vec<String>,
}

/// A subnet.
#[derive(Clone, Debug, Default)]
pub struct Subnet {
    /// `subnet-…`.
    pub id: String,
    /// Its VPC.
    pub vpc_id: String,
    /// Its zone.
    pub zone: String,
    /// Its range.
    pub cidr: String,
}

/// An instance.
#[derive(Clone, Debug, Default)]
pub struct Instance {
    /// `i-…`.
    pub id: String,
    /// `running`, `stopped`, …
    pub state: String,
    /// Its subnet.
    pub subnet_id: String,
    /// Its private address.
    pub private_address: String,
    /// Its groups.
    pub groups: Vec<String>,
}

impl Permission {
    fn described(&self) -> Value {
        let ranges: Vec<Value> = self.ranges.iter().map(|cidr| json!({ "CidrIp": cidr })).collect();
        let lists: Vec<Value> = self.prefix_lists.iter().map(|id| json!({ "PrefixListId": id })).collect();
        json!({
            "IpProtocol": self.protocol,
            "FromPort": self.ports.map(|(from, _)| from),
            "ToPort": self.ports.map(|(_, to)| to),
            "UserIdGroupPairs": identified(&self.groups),
            "IpRanges": ranges,
            "Ipv6Ranges": [],
            "PrefixListIds": lists,
        })
    }
}

fn identified(groups: &[String]) -> Vec<Value> {
    groups.iter().map(|id| json!({ "GroupId": id })).collect()
}

fn described(permissions: &[Permission]) -> Vec<Value> {
    permissions.iter().map(Permission::described).collect()
}

fn texts(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

impl Listed for SecurityGroup {
    const MEMBER: &'static str = "SecurityGroups";
    const IDS: Option<(&'static str, &'static str)> = Some(("GroupId", "InvalidGroup.NotFound"));

    fn id(&self) -> &str {
        &self.id
    }

    fn described(&self) -> Value {
        json!({
            "OwnerId": "111122223333",
            "GroupId": self.id,
            "GroupName": self.name,
            "Description": self.name,
            "VpcId": self.vpc_id,
            "IpPermissions": described(&self.inbound),
            "IpPermissionsEgress": described(&self.outbound),
        })
    }

    fn filtered(&self, filter: &str) -> Option<Vec<&str>> {
        match filter {
            "group-id" => Some(vec![&self.id]),
            "group-name" => Some(vec![&self.name]),
            "vpc-id" => Some(vec![&self.vpc_id]),
            _ => None,
        }
    }
}

impl Listed for NetworkAcl {
    const MEMBER: &'static str = "NetworkAcls";
    const IDS: Option<(&'static str, &'static str)> = Some(("NetworkAclId", "InvalidNetworkAclID.NotFound"));

    fn id(&self) -> &str {
        &self.id
    }

    fn described(&self) -> Value {
        let associated = self.subnets.iter().map(|subnet| {
            json!({ "NetworkAclAssociationId": "aclassoc-0", "NetworkAclId": self.id, "SubnetId": subnet })
        });
        let entries = self.entries.iter().map(|entry| {
            json!({
                "RuleNumber": entry.number,
                "Protocol": entry.protocol,
                "RuleAction": if entry.allow { "allow" } else { "deny" },
                "Egress": entry.egress,
                "CidrBlock": entry.cidr,
                "PortRange": entry.ports.map(|(from, to)| json!({ "From": from, "To": to })),
            })
        });
        json!({
            "NetworkAclId": self.id,
            "VpcId": self.vpc_id,
            "IsDefault": self.is_default,
            "Entries": entries.collect::<Vec<_>>(),
            "Associations": associated.collect::<Vec<_>>(),
        })
    }

    fn filtered(&self, filter: &str) -> Option<Vec<&str>> {
        match filter {
            "association.subnet-id" => Some(texts(&self.subnets)),
            "network-acl-id" => Some(vec![&self.id]),
            "vpc-id" => Some(vec![&self.vpc_id]),
            _ => None,
        }
    }
}

impl Listed for NetworkInterface {
    const MEMBER: &'static str = "NetworkInterfaces";
    const IDS: Option<(&'static str, &'static str)> =
        Some(("NetworkInterfaceId", "InvalidNetworkInterfaceID.NotFound"));

    fn id(&self) -> &str {
        &self.id
    }

    fn described(&self) -> Value {
        json!({
            "NetworkInterfaceId": self.id,
            "SubnetId": self.subnet_id,
            "VpcId": self.vpc_id,
            "Description": self.description,
            "Status": "in-use",
            "InterfaceType": self.kind,
            "PrivateIpAddress": self.private_address,
            "Groups": identified(&self.groups),
            "PrivateIpAddresses": [{ "PrivateIpAddress": self.private_address, "Primary": true }],
        })
    }

    fn filtered(&self, filter: &str) -> Option<Vec<&str>> {
        match filter {
            "addresses.private-ip-address" | "private-ip-address" => Some(vec![&self.private_address]),
            "description" => Some(vec![&self.description]),
            "group-id" => Some(texts(&self.groups)),
            "interface-type" => Some(vec![&self.kind]),
            "network-interface-id" => Some(vec![&self.id]),
            "subnet-id" => Some(vec![&self.subnet_id]),
            "vpc-id" => Some(vec![&self.vpc_id]),
            _ => None,
        }
    }
}

impl Listed for Subnet {
    const MEMBER: &'static str = "Subnets";
    const IDS: Option<(&'static str, &'static str)> = Some(("SubnetId", "InvalidSubnetID.NotFound"));

    fn id(&self) -> &str {
        &self.id
    }

    fn described(&self) -> Value {
        json!({
            "SubnetId": self.id,
            "VpcId": self.vpc_id,
            "State": "available",
            "AvailabilityZone": self.zone,
            "CidrBlock": self.cidr,
        })
    }

    fn filtered(&self, filter: &str) -> Option<Vec<&str>> {
        match filter {
            "availability-zone" => Some(vec![&self.zone]),
            "subnet-id" => Some(vec![&self.id]),
            "vpc-id" => Some(vec![&self.vpc_id]),
            _ => None,
        }
    }
}

impl Listed for Instance {
    const MEMBER: &'static str = "Reservations";
    const IDS: Option<(&'static str, &'static str)> = Some(("InstanceId", "InvalidInstanceID.NotFound"));

    fn id(&self) -> &str {
        &self.id
    }

    /// A reservation of its own.
    fn described(&self) -> Value {
        json!({
            "ReservationId": format!("r-{}", self.id.trim_start_matches("i-")),
            "OwnerId": "111122223333",
            "Instances": [{
                "InstanceId": self.id,
                "State": { "Code": if self.state == "running" { 16 } else { 80 }, "Name": self.state },
                "SubnetId": self.subnet_id,
                "PrivateIpAddress": self.private_address,
                "SecurityGroups": identified(&self.groups),
            }],
        })
    }

    fn filtered(&self, filter: &str) -> Option<Vec<&str>> {
        match filter {
            "instance-id" => Some(vec![&self.id]),
            "instance-state-name" => Some(vec![&self.state]),
            "private-ip-address" => Some(vec![&self.private_address]),
            "subnet-id" => Some(vec![&self.subnet_id]),
            _ => None,
        }
    }
}
