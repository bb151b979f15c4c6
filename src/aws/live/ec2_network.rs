//! Subnets, interfaces, instances, security groups, network ACLs, prefix lists.

use crate::aws::live::query_protocol;
use crate::aws::model;

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;

use crate::aws::live::ec2::Client;
use crate::aws::live::ec2_wire::{Described, items};
use crate::aws::live::errors::outcome;
use crate::aws::model::InterfacesOf;
use crate::aws::reading::ReadError;

impl Client {
    pub(crate) async fn subnets(&self, vpc: &str) -> Result<Option<Vec<model::Subnet>>, ReadError> {
        let found = self.filtered::<Subnet>(&[("vpc-id", &[vpc.to_owned()])]).await;
        outcome(found, &[], |items| items.into_iter().map(Subnet::noun).collect())
    }

    pub(crate) async fn network_acls(&self, vpc: &str) -> Result<Option<Vec<model::NetworkAcl>>, ReadError> {
        let found = self.filtered::<NetworkAcl>(&[("vpc-id", &[vpc.to_owned()])]).await;
        outcome(found, &[], |items| items.into_iter().map(NetworkAcl::noun).collect())
    }

    pub(crate) async fn security_groups(
        &self,
        ids: &[String],
    ) -> Result<Option<Vec<model::SecurityGroup>>, ReadError> {
        // By filter, since one unknown id as a parameter fails the whole call.
        let found = self.filtered::<SecurityGroup>(&[("group-id", ids)]).await;
        outcome(found, &[], |items| items.into_iter().map(SecurityGroup::noun).collect())
    }

    pub(crate) async fn network_interfaces(
        &self,
        of: &InterfacesOf,
    ) -> Result<Option<Vec<model::NetworkInterface>>, ReadError> {
        let found = match of {
            // `app/name/id` or `net/name/id` stands at the end of the load balancer's ARN.
            InterfacesOf::LoadBalancer(arn) => {
                let description = [format!("ELB {}", arn.resource())];
                self.filtered::<NetworkInterface>(&[("description", &description)]).await
            }
            InterfacesOf::Links(subnets) => {
                let managed = ["api_gateway_managed".to_owned()];
                self.filtered(&[("interface-type", &managed), ("subnet-id", subnets)]).await
            }
            InterfacesOf::Addresses { vpc, addresses } => {
                let vpc = [vpc.clone()];
                self.filtered(&[("vpc-id", &vpc), ("addresses.private-ip-address", addresses)]).await
            }
        };
        outcome(found, &[], |items| items.into_iter().map(NetworkInterface::noun).collect())
    }

    pub(crate) async fn instances(&self, ids: &[String]) -> Result<Option<Vec<model::Instance>>, ReadError> {
        let found = self.filtered::<Reservation>(&[("instance-id", ids)]).await;
        outcome(found, &[], |items| {
            let instances = items.into_iter().flat_map(|reservation| reservation.instances_set);
            instances.map(Instance::noun).collect()
        })
    }

    pub(crate) async fn prefix_list(&self, id: &str) -> Result<Option<model::PrefixList>, ReadError> {
        let found = self.describe::<PrefixListEntry>(&[("PrefixListId", id)]).await;
        outcome(found, &["InvalidPrefixListID.NotFound", "InvalidPrefixListId.NotFound"], |items| {
            model::PrefixList(items.into_iter().map(|entry| entry.cidr).collect())
        })
    }

    pub(crate) async fn filtered<T: Described>(
        &self,
        filters: &[(&str, &[String])],
    ) -> Result<Vec<T>, query_protocol::Error> {
        let mut parameters = Vec::new();
        for (index, (name, values)) in filters.iter().enumerate() {
            parameters.push((format!("Filter.{}.Name", index + 1), *name));
            let numbered = values.iter().enumerate();
            parameters.extend(
                numbered.map(|(place, value)| {
                    (format!("Filter.{}.Value.{}", index + 1, place + 1), value.as_str())
                }),
            );
        }
        let parameters: Vec<(&str, &str)> =
            parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        self.describe(&parameters).await
    }
}

macro_rules! described {
    ($($kind:ty: $action:literal;)+) => {$(
        impl Described for $kind {
            const ACTION: &'static str = $action;
        }
    )+};
}

described! {
    Subnet: "DescribeSubnets";
    NetworkAcl: "DescribeNetworkAcls";
    SecurityGroup: "DescribeSecurityGroups";
    NetworkInterface: "DescribeNetworkInterfaces";
    Reservation: "DescribeInstances";
    PrefixListEntry: "GetManagedPrefixListEntries";
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subnet {
    subnet_id: String,
    availability_zone: Option<String>,
    cidr_block: Option<IpNet>,
    #[serde(default, deserialize_with = "items")]
    ipv6_cidr_block_association_set: Vec<Ipv6Block>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ipv6Block {
    ipv6_cidr_block: IpNet,
}

impl Subnet {
    fn noun(self) -> model::Subnet {
        let v6 = self.ipv6_cidr_block_association_set.into_iter().map(|block| block.ipv6_cidr_block);
        model::Subnet {
            id: self.subnet_id,
            zone: self.availability_zone.unwrap_or_default(),
            cidrs: self.cidr_block.into_iter().chain(v6).collect(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NetworkInterface {
    network_interface_id: String,
    subnet_id: Option<String>,
    vpc_id: Option<String>,
    private_ip_address: Option<IpAddr>,
    #[serde(default, deserialize_with = "items")]
    private_ip_addresses_set: Vec<PrivateAddress>,
    #[serde(default, deserialize_with = "items")]
    ipv6_addresses_set: Vec<Ipv6Address>,
    #[serde(default, deserialize_with = "items")]
    group_set: Vec<GroupRef>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PrivateAddress {
    private_ip_address: Option<IpAddr>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ipv6Address {
    ipv6_address: IpAddr,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupRef {
    group_id: Option<String>,
}

impl NetworkInterface {
    fn noun(self) -> model::NetworkInterface {
        let mut addresses: Vec<IpAddr> = self.private_ip_address.into_iter().collect();
        let more = self.private_ip_addresses_set.into_iter().filter_map(|one| one.private_ip_address);
        addresses.extend(more.filter(|address| Some(*address) != self.private_ip_address));
        addresses.extend(self.ipv6_addresses_set.into_iter().map(|one| one.ipv6_address));
        model::NetworkInterface {
            id: self.network_interface_id,
            subnet: self.subnet_id,
            addresses,
            groups: ids(self.group_set),
            vpc: self.vpc_id,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reservation {
    #[serde(default, deserialize_with = "items")]
    instances_set: Vec<Instance>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Instance {
    instance_id: String,
    subnet_id: Option<String>,
    private_ip_address: Option<IpAddr>,
    #[serde(default, deserialize_with = "items")]
    group_set: Vec<GroupRef>,
}

impl Instance {
    fn noun(self) -> model::Instance {
        model::Instance {
            id: self.instance_id,
            subnet: self.subnet_id,
            address: self.private_ip_address,
            groups: ids(self.group_set),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SecurityGroup {
    group_id: String,
    group_name: Option<String>,
    #[serde(default, deserialize_with = "items")]
    ip_permissions: Vec<IpPermission>,
    #[serde(default, deserialize_with = "items")]
    ip_permissions_egress: Vec<IpPermission>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct IpPermission {
    ip_protocol: String,
    from_port: Option<i32>,
    to_port: Option<i32>,
    #[serde(default, deserialize_with = "items")]
    groups: Vec<GroupRef>,
    #[serde(default, deserialize_with = "items")]
    ip_ranges: Vec<IpRange>,
    #[serde(default, deserialize_with = "items")]
    ipv6_ranges: Vec<Ipv6Range>,
    #[serde(default, deserialize_with = "items")]
    prefix_list_ids: Vec<PrefixListId>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct IpRange {
    cidr_ip: IpNet,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ipv6Range {
    cidr_ipv6: IpNet,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PrefixListId {
    prefix_list_id: String,
}

impl SecurityGroup {
    fn noun(self) -> model::SecurityGroup {
        let rules =
            |permissions: Vec<IpPermission>| permissions.into_iter().map(IpPermission::noun).collect();
        model::SecurityGroup {
            id: self.group_id,
            name: self.group_name.unwrap_or_default(),
            ingress: rules(self.ip_permissions),
            egress: rules(self.ip_permissions_egress),
        }
    }
}

impl IpPermission {
    fn noun(self) -> model::GroupRule {
        let v6 = self.ipv6_ranges.into_iter().map(|range| range.cidr_ipv6);
        model::GroupRule {
            protocol: self.ip_protocol,
            from_port: self.from_port,
            to_port: self.to_port,
            cidrs: self.ip_ranges.into_iter().map(|range| range.cidr_ip).chain(v6).collect(),
            groups: ids(self.groups),
            prefix_lists: self.prefix_list_ids.into_iter().map(|list| list.prefix_list_id).collect(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NetworkAcl {
    network_acl_id: String,
    #[serde(default, deserialize_with = "items")]
    entry_set: Vec<AclEntry>,
    #[serde(default, deserialize_with = "items")]
    association_set: Vec<AclAssociation>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AclEntry {
    rule_number: i32,
    protocol: String,
    rule_action: String,
    egress: bool,
    cidr_block: Option<IpNet>,
    ipv6_cidr_block: Option<IpNet>,
    port_range: Option<PortRange>,
}

#[derive(Debug, Deserialize)]
struct PortRange {
    from: Option<i32>,
    to: Option<i32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AclAssociation {
    subnet_id: String,
}

impl NetworkAcl {
    fn noun(self) -> model::NetworkAcl {
        model::NetworkAcl {
            id: self.network_acl_id,
            subnets: self.association_set.into_iter().map(|association| association.subnet_id).collect(),
            entries: self.entry_set.into_iter().filter_map(AclEntry::noun).collect(),
        }
    }
}

impl AclEntry {
    /// `None` for an entry without a network, which there is none of.
    fn noun(self) -> Option<model::AclEntry> {
        Some(model::AclEntry {
            number: self.rule_number,
            egress: self.egress,
            protocol: self.protocol,
            allow: self.rule_action.eq_ignore_ascii_case("allow"),
            cidr: self.cidr_block.or(self.ipv6_cidr_block)?,
            from_port: self.port_range.as_ref().and_then(|range| range.from),
            to_port: self.port_range.as_ref().and_then(|range| range.to),
        })
    }
}

#[derive(Debug, Deserialize)]
struct PrefixListEntry {
    cidr: IpNet,
}

fn ids(groups: Vec<GroupRef>) -> Vec<String> {
    groups.into_iter().filter_map(|group| group.group_id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::live::ec2_wire::Page;

    #[track_caller]
    fn page<T: Described>(xml: &str) -> Vec<T> {
        quick_xml::de::from_str::<Page<T>>(xml).unwrap().items
    }

    #[test]
    fn security_groups_are_read_with_every_kind_of_peer() {
        let groups: Vec<SecurityGroup> = page(
            "<DescribeSecurityGroupsResponse><requestId>r</requestId><securityGroupInfo><item>
               <groupId>sg-1</groupId><groupName>app</groupName><vpcId>vpc-1</vpcId>
               <ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>8080</fromPort><toPort>8081</toPort>
                 <groups><item><groupId>sg-2</groupId><userId>1</userId></item></groups>
                 <ipRanges><item><cidrIp>10.0.0.0/16</cidrIp><description>d</description></item></ipRanges>
                 <ipv6Ranges><item><cidrIpv6>2001:db8::/32</cidrIpv6></item></ipv6Ranges>
                 <prefixListIds><item><prefixListId>pl-1</prefixListId></item></prefixListIds></item></ipPermissions>
               <ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><groups/><ipRanges><item>
                 <cidrIp>0.0.0.0/0</cidrIp></item></ipRanges><ipv6Ranges/><prefixListIds/></item></ipPermissionsEgress>
             </item></securityGroupInfo></DescribeSecurityGroupsResponse>",
        );
        let group = groups.into_iter().next().unwrap().noun();
        let rule = &group.ingress[0];
        assert_eq!((rule.from_port, rule.to_port, rule.cidrs.len()), (Some(8080), Some(8081), 2));
        assert_eq!((rule.groups[0].as_str(), rule.prefix_lists[0].as_str()), ("sg-2", "pl-1"));
        assert_eq!((group.egress[0].protocol.as_str(), group.egress[0].from_port), ("-1", None));
    }

    #[test]
    fn network_acls_keep_their_entries_and_subnets() {
        let acls: Vec<NetworkAcl> = page(
            "<DescribeNetworkAclsResponse><networkAclSet><item><networkAclId>acl-1</networkAclId><vpcId>vpc-1</vpcId>
               <default>true</default><entrySet>
                 <item><ruleNumber>100</ruleNumber><protocol>6</protocol><ruleAction>allow</ruleAction>
                   <egress>true</egress><cidrBlock>10.0.0.0/16</cidrBlock>
                   <portRange><from>1024</from><to>65535</to></portRange></item>
                 <item><ruleNumber>32768</ruleNumber><protocol>-1</protocol><ruleAction>deny</ruleAction>
                   <egress>false</egress><ipv6CidrBlock>::/0</ipv6CidrBlock></item></entrySet>
               <associationSet><item><networkAclAssociationId>a</networkAclAssociationId>
                 <networkAclId>acl-1</networkAclId><subnetId>subnet-1</subnetId></item></associationSet><tagSet/>
             </item></networkAclSet></DescribeNetworkAclsResponse>",
        );
        let acl = acls.into_iter().next().unwrap().noun();
        assert_eq!((acl.subnets[0].as_str(), acl.entries.len()), ("subnet-1", 2));
        assert_eq!((acl.entries[0].allow, acl.entries[0].to_port), (true, Some(65535)));
        assert_eq!((acl.entries[1].allow, acl.entries[1].cidr.to_string().as_str()), (false, "::/0"));
    }

    #[test]
    fn interfaces_instances_and_subnets_are_read() {
        let interfaces: Vec<NetworkInterface> = page(
            "<DescribeNetworkInterfacesResponse><networkInterfaceSet><item>
               <networkInterfaceId>eni-1</networkInterfaceId><subnetId>subnet-1</subnetId>
               <description>ELB net/orders/0123</description><privateIpAddress>10.0.1.5</privateIpAddress>
               <groupSet><item><groupId>sg-1</groupId><groupName>g</groupName></item></groupSet>
               <privateIpAddressesSet><item><privateIpAddress>10.0.1.5</privateIpAddress><primary>true</primary></item>
                 <item><privateIpAddress>10.0.1.6</privateIpAddress></item></privateIpAddressesSet>
               <ipv6AddressesSet/></item></networkInterfaceSet></DescribeNetworkInterfacesResponse>",
        );
        let interface = interfaces.into_iter().next().unwrap().noun();
        assert_eq!((interface.addresses.len(), interface.groups[0].as_str()), (2, "sg-1"));
        let reservations: Vec<Reservation> = page(
            "<DescribeInstancesResponse><reservationSet><item><reservationId>r</reservationId><groupSet/><instancesSet>
               <item><instanceId>i-1</instanceId><subnetId>subnet-1</subnetId>
                 <privateIpAddress>10.0.1.9</privateIpAddress><groupSet><item><groupId>sg-2</groupId></item></groupSet>
               </item></instancesSet></item></reservationSet></DescribeInstancesResponse>",
        );
        assert_eq!(reservations[0].instances_set[0].group_set[0].group_id.as_deref(), Some("sg-2"));
        let subnets: Vec<Subnet> = page(
            "<DescribeSubnetsResponse><subnetSet><item><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId>
               <cidrBlock>10.0.1.0/24</cidrBlock><availabilityZone>eu-west-1a</availabilityZone>
               <ipv6CidrBlockAssociationSet><item><ipv6CidrBlock>2001:db8::/64</ipv6CidrBlock></item>
               </ipv6CidrBlockAssociationSet></item></subnetSet></DescribeSubnetsResponse>",
        );
        assert_eq!(subnets.into_iter().next().unwrap().noun().cidrs.len(), 2);
        let entries: Vec<PrefixListEntry> = page(
            "<GetManagedPrefixListEntriesResponse><entrySet><item><cidr>10.9.0.0/16</cidr></item></entrySet>
             </GetManagedPrefixListEntriesResponse>",
        );
        assert_eq!(entries[0].cidr.to_string(), "10.9.0.0/16");
        assert!(page::<Subnet>("<DescribeSubnetsResponse><subnetSet/></DescribeSubnetsResponse>").is_empty());
    }
}
