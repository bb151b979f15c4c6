//! Subnets, interfaces, instances, security groups, network ACLs, prefix lists.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::aws::live::ec2::{Client, List};
use crate::aws::live::errors::outcome;
use crate::aws::live::query_protocol::Error;
use crate::aws::live::xml::Node;
use crate::aws::model::{
    AclEntry, GroupRule, Instance, InterfacesOf, NetworkAcl, NetworkInterface, PrefixList, SecurityGroup,
    Subnet,
};
use crate::aws::reading::ReadError;

impl Client {
    pub(crate) async fn subnets(&self, vpc: &str) -> Result<Option<Vec<Subnet>>, ReadError> {
        let found = self.filtered("DescribeSubnets", "subnetSet", &[("vpc-id", &[vpc.to_owned()])]).await;
        outcome(found, &[], |items| items.iter().filter_map(subnet).collect())
    }

    pub(crate) async fn network_acls(&self, vpc: &str) -> Result<Option<Vec<NetworkAcl>>, ReadError> {
        let found =
            self.filtered("DescribeNetworkAcls", "networkAclSet", &[("vpc-id", &[vpc.to_owned()])]).await;
        outcome(found, &[], |items| items.iter().filter_map(network_acl).collect())
    }

    pub(crate) async fn security_groups(
        &self,
        ids: &[String],
    ) -> Result<Option<Vec<SecurityGroup>>, ReadError> {
        // By filter, since one unknown id as a parameter fails the whole call.
        let found = self.filtered("DescribeSecurityGroups", "securityGroupInfo", &[("group-id", ids)]).await;
        outcome(found, &[], |items| items.iter().filter_map(security_group).collect())
    }

    pub(crate) async fn network_interfaces(
        &self,
        of: &InterfacesOf,
    ) -> Result<Option<Vec<NetworkInterface>>, ReadError> {
        let found = match of {
            // `app/name/id` or `net/name/id` stands at the end of the load balancer's ARN.
            InterfacesOf::LoadBalancer(arn) => {
                self.interfaces(&[("description", &[format!("ELB {}", arn.resource())])]).await
            }
            InterfacesOf::Links(subnets) => {
                let managed = ["api_gateway_managed".to_owned()];
                self.interfaces(&[("interface-type", &managed), ("subnet-id", subnets)]).await
            }
            InterfacesOf::Addresses { vpc, addresses } => self.interfaces_with(vpc, addresses).await,
        };
        outcome(found, &[], |found| found)
    }

    /// The interfaces that hold these addresses: by themselves, or in a prefix that is delegated to them, for which EC2 has
    /// no filter. Pods of EKS have addresses of such prefixes.
    ///
    /// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html>
    async fn interfaces_with(&self, vpc: &str, addresses: &[String]) -> Result<Vec<NetworkInterface>, Error> {
        let of_vpc = ("vpc-id", [vpc.to_owned()]);
        let (v6, v4): (Vec<String>, Vec<String>) =
            addresses.iter().cloned().partition(|address| address.contains(':'));
        let mut found = Vec::new();
        for (filter, values) in [("addresses.private-ip-address", v4), ("ipv6-addresses.ipv6-address", v6)] {
            if !values.is_empty() {
                found.extend(self.interfaces(&[(of_vpc.0, &of_vpc.1), (filter, &values)]).await?);
            }
        }
        let wanted = addresses.iter().filter_map(|address| address.parse::<IpAddr>().ok());
        let holds = |address: &IpAddr| found.iter().any(|known| known.addresses.contains(address));
        let missing: Vec<IpAddr> = wanted.filter(|address| !holds(address)).collect();
        if !missing.is_empty() {
            let all =
                self.filtered("DescribeNetworkInterfaces", INTERFACES, &[(of_vpc.0, &of_vpc.1)]).await?;
            found.extend(all.iter().filter_map(|item| delegated(item, &missing)));
        }
        Ok(found)
    }

    async fn interfaces(&self, filters: &[(&str, &[String])]) -> Result<Vec<NetworkInterface>, Error> {
        let found = self.filtered("DescribeNetworkInterfaces", INTERFACES, filters).await?;
        Ok(found.iter().filter_map(network_interface).collect())
    }

    pub(crate) async fn instances(&self, ids: &[String]) -> Result<Option<Vec<Instance>>, ReadError> {
        let found = self.filtered("DescribeInstances", "reservationSet", &[("instance-id", ids)]).await;
        outcome(found, &[], |items| {
            items
                .iter()
                .flat_map(|reservation| reservation.items("instancesSet"))
                .filter_map(instance)
                .collect()
        })
    }

    pub(crate) async fn prefix_list(&self, id: &str) -> Result<Option<PrefixList>, ReadError> {
        let found = self
            .describe("GetManagedPrefixListEntries", List::Perhaps("entrySet"), &[("PrefixListId", id)])
            .await;
        outcome(found, &["InvalidPrefixListID.NotFound", "InvalidPrefixListId.NotFound"], |items| {
            PrefixList(items.iter().filter_map(|entry| entry.parsed("cidr")).collect())
        })
    }

    async fn filtered(
        &self,
        action: &'static str,
        list: &'static str,
        filters: &[(&str, &[String])],
    ) -> Result<Vec<Node>, Error> {
        let mut parameters = Vec::new();
        for (index, (name, values)) in (1..).zip(filters) {
            parameters.push((format!("Filter.{index}.Name"), *name));
            let numbered = (1..).zip(values.iter());
            parameters.extend(
                numbered.map(|(place, value)| (format!("Filter.{index}.Value.{place}"), value.as_str())),
            );
        }
        let parameters: Vec<(&str, &str)> =
            parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        self.describe(action, List::Perhaps(list), &parameters).await
    }
}

const INTERFACES: &str = "networkInterfaceSet";

fn subnet(item: &Node) -> Option<Subnet> {
    // A block that was taken off is listed for a while, as `disassociated`.
    let is_on = |block: &&Node| {
        let state = block.child("ipv6CidrBlockState").and_then(|state| state.text("state"));
        state.is_none_or(|state| matches!(state.as_str(), "associated" | "associating"))
    };
    let v6 = item.items("ipv6CidrBlockAssociationSet").filter(is_on);
    let v6 = v6.filter_map(|block| block.parsed::<IpNet>("ipv6CidrBlock"));
    Some(Subnet {
        id: item.text("subnetId")?,
        zone: item.text("availabilityZone").unwrap_or_default(),
        cidrs: item.parsed("cidrBlock").into_iter().chain(v6).collect(),
    })
}

fn network_interface(item: &Node) -> Option<NetworkInterface> {
    let own: Option<IpAddr> = item.parsed("privateIpAddress");
    let v4 = item.items("privateIpAddressesSet").filter_map(|one| one.parsed("privateIpAddress"));
    let v6 = item.items("ipv6AddressesSet").filter_map(|one| one.parsed("ipv6Address"));
    let more = v4.filter(|address| Some(*address) != own);
    Some(NetworkInterface {
        id: item.text("networkInterfaceId")?,
        subnet: item.text("subnetId"),
        vpc: item.text("vpcId"),
        addresses: own.into_iter().chain(more).chain(v6).collect(),
        groups: ids(item),
    })
}

/// The interface, where one of these addresses lies in a prefix of its own; they are then among its addresses.
fn delegated(item: &Node, missing: &[IpAddr]) -> Option<NetworkInterface> {
    let v4 = item.items("ipv4PrefixSet").filter_map(|one| one.parsed::<IpNet>("ipv4Prefix"));
    let v6 = item.items("ipv6PrefixSet").filter_map(|one| one.parsed::<IpNet>("ipv6Prefix"));
    let prefixes: Vec<IpNet> = v4.chain(v6).collect();
    let held = missing.iter().filter(|address| prefixes.iter().any(|prefix| prefix.contains(*address)));
    let held: Vec<IpAddr> = held.copied().collect();
    let mut interface = network_interface(item).filter(|_| !held.is_empty())?;
    interface.addresses.extend(held);
    Some(interface)
}

fn instance(item: &Node) -> Option<Instance> {
    Some(Instance {
        id: item.text("instanceId")?,
        subnet: item.text("subnetId"),
        address: item.parsed("privateIpAddress"),
        groups: ids(item),
    })
}

fn security_group(item: &Node) -> Option<SecurityGroup> {
    Some(SecurityGroup {
        id: item.text("groupId")?,
        name: item.text("groupName").unwrap_or_default(),
        ingress: item.items("ipPermissions").filter_map(group_rule).collect(),
        egress: item.items("ipPermissionsEgress").filter_map(group_rule).collect(),
    })
}

fn group_rule(item: &Node) -> Option<GroupRule> {
    let (mut cidrs, mut unreadable): (Vec<IpNet>, Vec<String>) = (Vec::new(), Vec::new());
    for (list, member) in [("ipRanges", "cidrIp"), ("ipv6Ranges", "cidrIpv6")] {
        for text in item.items(list).filter_map(|range| range.text(member)) {
            match text.parse() {
                Ok(cidr) => cidrs.push(cidr),
                // What it lets through is as unknown as that of a prefix list that could not be read.
                Err(_) => unreadable.push(text),
            }
        }
    }
    let lists = item.items("prefixListIds").filter_map(|list| list.text("prefixListId"));
    Some(GroupRule {
        protocol: item.text("ipProtocol")?,
        from_port: item.parsed("fromPort"),
        to_port: item.parsed("toPort"),
        cidrs,
        groups: item.items("groups").filter_map(|group| group.text("groupId")).collect(),
        prefix_lists: lists.chain(unreadable).collect(),
    })
}

/// `None` where an entry can't be read: what it denies or allows decides about the others, so the whole ACL is not known.
fn network_acl(item: &Node) -> Option<NetworkAcl> {
    let entries: Option<Vec<AclEntry>> = item.items("entrySet").map(acl_entry).collect();
    Some(NetworkAcl {
        id: item.text("networkAclId")?,
        subnets: item.items("associationSet").filter_map(|one| one.text("subnetId")).collect(),
        entries: entries?,
    })
}

fn acl_entry(item: &Node) -> Option<AclEntry> {
    let ports = item.child("portRange");
    let port = |end: &str| ports.and_then(|range| range.parsed(end));
    Some(AclEntry {
        number: item.parsed("ruleNumber")?,
        egress: item.parsed("egress")?,
        protocol: item.text("protocol")?,
        allow: item.text("ruleAction")?.eq_ignore_ascii_case("allow"),
        cidr: item.parsed("cidrBlock").or_else(|| item.parsed("ipv6CidrBlock"))?,
        from_port: port("from"),
        to_port: port("to"),
    })
}

fn ids(item: &Node) -> Vec<String> {
    item.items("groupSet").filter_map(|group| group.text("groupId")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The items of the answer's one list.
    #[track_caller]
    fn page<T>(list: &str, xml: &str, read: fn(&Node) -> Option<T>) -> Vec<T> {
        Node::parse(xml.as_bytes()).unwrap().items(list).filter_map(read).collect()
    }

    #[test]
    fn security_groups_are_read_with_every_kind_of_peer() {
        let groups = page(
            "securityGroupInfo",
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
            security_group,
        );
        let group = &groups[0];
        let rule = &group.ingress[0];
        assert_eq!((rule.from_port, rule.to_port, rule.cidrs.len()), (Some(8080), Some(8081), 2));
        assert_eq!((rule.groups[0].as_str(), rule.prefix_lists[0].as_str()), ("sg-2", "pl-1"));
        assert_eq!((group.egress[0].protocol.as_str(), group.egress[0].from_port), ("-1", None));
    }

    #[test]
    fn network_acls_keep_their_entries_and_subnets() {
        let acls = page(
            "networkAclSet",
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
            network_acl,
        );
        let acl = &acls[0];
        assert_eq!((acl.subnets[0].as_str(), acl.entries.len()), ("subnet-1", 2));
        assert_eq!((acl.entries[0].allow, acl.entries[0].to_port), (true, Some(65535)));
        assert_eq!((acl.entries[1].allow, acl.entries[1].cidr.to_string().as_str()), (false, "::/0"));
    }

    #[test]
    fn interfaces_instances_and_subnets_are_read() {
        let interfaces = page(
            INTERFACES,
            "<DescribeNetworkInterfacesResponse><networkInterfaceSet><item/><item>
               <networkInterfaceId>eni-1</networkInterfaceId><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId>
               <description>ELB net/orders/0123</description><privateIpAddress>10.0.1.5</privateIpAddress>
               <groupSet><item><groupId>sg-1</groupId><groupName>g</groupName></item><item/></groupSet>
               <privateIpAddressesSet><item><privateIpAddress>10.0.1.5</privateIpAddress><primary>true</primary></item>
                 <item><privateIpAddress>10.0.1.6</privateIpAddress></item><item><privateIpAddress>n/a</privateIpAddress>
                 </item></privateIpAddressesSet>
               <ipv6AddressesSet/></item></networkInterfaceSet></DescribeNetworkInterfacesResponse>",
            network_interface,
        );
        let interface = &interfaces[0];
        assert_eq!((interface.addresses.len(), interface.groups[0].as_str()), (2, "sg-1"));
        assert_eq!(interface.vpc.as_deref(), Some("vpc-1"));
        let reservation = Node::parse(
            b"<item><reservationId>r</reservationId><groupSet/><instancesSet><item><state/></item>
               <item><instanceId>i-1</instanceId><subnetId>subnet-1</subnetId>
                 <privateIpAddress>10.0.1.9</privateIpAddress><groupSet><item><groupId>sg-2</groupId></item></groupSet>
               </item></instancesSet></item>",
        );
        let instances: Vec<_> = reservation.unwrap().items("instancesSet").filter_map(instance).collect();
        assert_eq!((instances.len(), instances[0].groups[0].as_str()), (1, "sg-2"));
        let subnets = page(
            "subnetSet",
            "<DescribeSubnetsResponse><subnetSet><item><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId>
               <cidrBlock>10.0.1.0/24</cidrBlock><availabilityZone>eu-west-1a</availabilityZone>
               <ipv6CidrBlockAssociationSet>
                 <item><ipv6CidrBlock>2001:db8::/64</ipv6CidrBlock></item>
                 <item><ipv6CidrBlock>2001:db8:1::/64</ipv6CidrBlock>
                   <ipv6CidrBlockState><state>associated</state></ipv6CidrBlockState></item>
                 <item><ipv6CidrBlock>2001:db8:2::/64</ipv6CidrBlock>
                   <ipv6CidrBlockState><state>disassociated</state></ipv6CidrBlockState></item>
               </ipv6CidrBlockAssociationSet></item>
               <item><subnetId>subnet-2</subnetId><cidrBlock>soon</cidrBlock></item></subnetSet></DescribeSubnetsResponse>",
            subnet,
        );
        assert_eq!(subnets.iter().map(|subnet| subnet.cidrs.len()).collect::<Vec<_>>(), [3, 0]);
    }

    #[test]
    fn an_address_of_a_delegated_prefix_is_its_interfaces() {
        let item = Node::parse(
            b"<item><networkInterfaceId>eni-1</networkInterfaceId><privateIpAddress>10.0.1.5</privateIpAddress>
               <ipv4PrefixSet><item><ipv4Prefix>10.0.1.16/28</ipv4Prefix></item></ipv4PrefixSet>
               <ipv6PrefixSet><item><ipv6Prefix>2001:db8::/80</ipv6Prefix></item></ipv6PrefixSet></item>",
        )
        .unwrap();
        let held =
            |address: &str| delegated(&item, &[address.parse().unwrap()]).map(|found| found.addresses.len());
        assert_eq!((held("10.0.1.20"), held("2001:db8::7"), held("10.0.1.32")), (Some(2), Some(2), None));
    }

    #[test]
    fn what_a_rule_or_an_entry_says_unreadably_is_not_known() {
        let item = Node::parse(
            b"<item><ipProtocol>tcp</ipProtocol><ipRanges><item><cidrIp>10.0.0.0/8</cidrIp></item>
               <item><cidrIp>10.0.0.0/99</cidrIp></item></ipRanges></item>",
        );
        let rule = group_rule(&item.unwrap()).unwrap();
        assert_eq!((rule.cidrs.len(), rule.prefix_lists[0].as_str()), (1, "10.0.0.0/99"));
        let acl = |network: &str| {
            let xml = format!(
                "<item><networkAclId>acl-1</networkAclId><entrySet><item><ruleNumber>1</ruleNumber><protocol>-1</protocol>\
                 <ruleAction>deny</ruleAction><egress>true</egress>{network}</item></entrySet></item>"
            );
            network_acl(&Node::parse(xml.as_bytes()).unwrap())
        };
        assert!(acl("<cidrBlock>10.0.0.0/8</cidrBlock>").is_some() && acl("").is_none());
    }
}
