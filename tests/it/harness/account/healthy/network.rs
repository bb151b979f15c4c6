//! The network around the healthy accounts: everything open that has to be, nothing else.

use super::super::Account;
use super::super::ec2::{
    AclEntry, NetworkAcl, NetworkInterface, Permission, RouteEntry, RouteTable, SecurityGroup, Subnet,
};
use super::{SUBNETS, VPC, ZONES};

const VPC_RANGE: &str = "10.0.0.0/16";
const EVERYWHERE: &str = "0.0.0.0/0";
const BALANCER_GROUP: &str = "sg-0balancer";
const LINK_GROUP: &str = "sg-0link";
const TARGET_GROUP: &str = "sg-0target";

impl Account {
    /// Subnets, a network ACL, security groups, and the interfaces of the balancer and its targets.
    pub(crate) fn add_network(&mut self, balancer_kind: &str, balancer: &str) {
        self.subnets = SUBNETS.iter().zip(ZONES).zip(["10.0.1.0/24", "10.0.2.0/24"]).map(subnet).collect();
        self.route_tables.push(RouteTable {
            id: "rtb-0main".to_owned(),
            vpc_id: VPC.to_owned(),
            is_main: true,
            subnets: Vec::new(),
            routes: vec![RouteEntry {
                to: VPC_RANGE.to_owned(),
                via: "local".to_owned(),
                is_blackhole: false,
            }],
        });
        self.network_acls.push(NetworkAcl {
            id: "acl-0default".to_owned(),
            vpc_id: VPC.to_owned(),
            is_default: true,
            subnets: SUBNETS.map(str::to_owned).into(),
            entries: [true, false]
                .into_iter()
                .flat_map(|egress| [100, 32_767].map(|n| entry(n, egress)))
                .collect(),
        });
        self.security_groups = vec![
            group(BALANCER_GROUP, vec![tcp(8443, VPC_RANGE)], vec![tcp(8080, VPC_RANGE)]),
            group(TARGET_GROUP, vec![tcp(8080, VPC_RANGE)], vec![anything()]),
        ];
        let kind = if balancer_kind == "network" { "network_load_balancer" } else { "interface" };
        for (place, address) in ["10.0.1.5", "10.0.2.6"].into_iter().enumerate() {
            self.add_interface(kind, &format!("ELB {balancer}"), place, address, BALANCER_GROUP);
        }
        for (place, address) in ["10.0.1.10", "10.0.2.11"].into_iter().enumerate() {
            self.add_interface("interface", "orders", place, address, TARGET_GROUP);
        }
    }

    /// The group and the interfaces of a V2 link.
    pub(crate) fn add_link_interfaces(&mut self) {
        self.security_groups.push(group(LINK_GROUP, vec![], vec![tcp(8443, VPC_RANGE)]));
        for (place, address) in ["10.0.1.7", "10.0.2.7"].into_iter().enumerate() {
            self.add_interface("api_gateway_managed", "VPC Link Interface", place, address, LINK_GROUP);
        }
    }

    fn add_interface(&mut self, kind: &str, description: &str, place: usize, address: &str, group: &str) {
        self.network_interfaces.push(NetworkInterface {
            id: format!("eni-{:017}", self.network_interfaces.len() + 1),
            kind: kind.to_owned(),
            description: description.to_owned(),
            subnet_id: SUBNETS[place].to_owned(),
            vpc_id: VPC.to_owned(),
            private_address: address.to_owned(),
            groups: vec![group.to_owned()],
        });
    }
}

fn subnet(((id, zone), cidr): ((&&str, &str), &str)) -> Subnet {
    Subnet { id: (*id).to_owned(), vpc_id: VPC.to_owned(), zone: zone.to_owned(), cidr: cidr.to_owned() }
}

/// An entry of a default ACL: number 100 allows all, the last one denies what is left.
fn entry(number: u16, egress: bool) -> AclEntry {
    let (protocol, cidr) = ("-1".to_owned(), EVERYWHERE.to_owned());
    AclEntry { number, protocol, allow: number == 100, egress, cidr, ports: None }
}

fn group(id: &str, inbound: Vec<Permission>, outbound: Vec<Permission>) -> SecurityGroup {
    let (name, vpc_id) = (id.trim_start_matches("sg-0").to_owned(), VPC.to_owned());
    SecurityGroup { id: id.to_owned(), name, vpc_id, inbound, outbound }
}

fn tcp(port: u16, range: &str) -> Permission {
    let (protocol, ranges) = ("tcp".to_owned(), vec![range.to_owned()]);
    Permission { protocol, ports: Some((port, port)), ranges, ..Permission::default() }
}

fn anything() -> Permission {
    let (protocol, ranges) = ("-1".to_owned(), vec![EVERYWHERE.to_owned()]);
    Permission { protocol, ranges, ..Permission::default() }
}
