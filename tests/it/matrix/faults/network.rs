//! Faults of the network: security groups, network ACLs, zones.

use super::targets::all;
use crate::harness::Account;
use crate::harness::ec2::{AclEntry, NetworkAcl, Permission, SecurityGroup, Subnet};
use crate::matrix::{BOTH, Row, V1, V2, row};

pub(crate) const ROWS: &[Row] = &[
    row("target's security group lets nothing in", BOTH, "target-security-group-blocks", |a| {
        group(a, TARGETS).inbound.clear();
        time_out(a);
    }),
    row("target's security group opens another port", BOTH, "target-security-group-blocks", |a| {
        group(a, TARGETS).inbound = vec![tcp(9090, VPC)];
        time_out(a);
    }),
    row("target's security group opens another network", BOTH, "target-security-group-blocks", |a| {
        group(a, TARGETS).inbound = vec![tcp(8080, "192.168.0.0/16")];
        time_out(a);
    }),
    row("target's security group opens UDP alone", BOTH, "target-security-group-blocks", |a| {
        group(a, TARGETS).inbound = vec![Permission { protocol: "udp".to_owned(), ..tcp(8080, VPC) }];
        time_out(a);
    }),
    row("target's security group names another group", BOTH, "target-security-group-blocks", |a| {
        group(a, TARGETS).inbound = vec![tcp_from(8080, "sg-0other")];
        time_out(a);
    }),
    // The group trap: health checks come by group, requests through PrivateLink by address.
    row(
        "target's security group names the balancer's, enforcement off",
        V1,
        "target-security-group-blocks",
        |a| {
            group(a, TARGETS).inbound = vec![tcp_from(8080, BALANCER)];
        },
    ),
    row(
        "load balancer's security group lets nothing in, enforcement on",
        V1,
        "load-balancer-security-group-blocks",
        |a| {
            enforce(a);
            group(a, BALANCER).inbound.clear();
        },
    ),
    row(
        "load balancer's security group opens another port, enforcement on",
        V1,
        "load-balancer-security-group-blocks",
        |a| {
            enforce(a);
            group(a, BALANCER).inbound = vec![tcp(443, ANYWHERE)];
        },
    ),
    row("load balancer's security group lets nothing in", V2, "load-balancer-security-group-blocks", |a| {
        group(a, BALANCER).inbound.clear();
    }),
    row(
        "load balancer's security group opens another port",
        V2,
        "load-balancer-security-group-blocks",
        |a| {
            group(a, BALANCER).inbound = vec![tcp(443, VPC)];
        },
    ),
    row(
        "load balancer's security group names another group",
        V2,
        "load-balancer-security-group-blocks",
        |a| {
            group(a, BALANCER).inbound = vec![tcp_from(8443, "sg-0other")];
        },
    ),
    row(
        "load balancer's security group lets nothing out",
        BOTH,
        "load-balancer-security-group-blocks",
        |a| {
            group(a, BALANCER).outbound.clear();
            time_out(a);
        },
    )
    .behind(),
    row(
        "load balancer's security group lets another port out",
        BOTH,
        "load-balancer-security-group-blocks",
        |a| {
            group(a, BALANCER).outbound = vec![tcp(9090, VPC)];
            time_out(a);
        },
    )
    .behind(),
    row("link's security group lets nothing out", V2, "vpc-link-security-group-blocks", |a| {
        group(a, LINK).outbound.clear();
    }),
    row("link's security group lets another port out", V2, "vpc-link-security-group-blocks", |a| {
        group(a, LINK).outbound = vec![tcp(443, VPC)];
    }),
    row("targets' network ACL denies the port", BOTH, "network-acl-blocks-request", |a| {
        deny(apart(a), false, 8080, 8080);
        time_out(a);
    }),
    row("targets' network ACL denies answers", BOTH, "network-acl-blocks-response", |a| {
        deny(apart(a), true, 1024, 65535);
        time_out(a);
    }),
    row("targets' network ACL is empty", BOTH, "network-acl-blocks-request", |a| {
        apart(a).entries.retain(|entry| entry.number == 32767);
        time_out(a);
    }),
    row("load balancer's network ACL denies the targets' port", BOTH, "network-acl-blocks-request", |a| {
        apart(a);
        deny(&mut a.network_acls[0], true, 8080, 8080);
        time_out(a);
    }),
    row("load balancer's network ACL denies the targets' answers", V1, "network-acl-blocks-response", |a| {
        apart(a);
        deny(&mut a.network_acls[0], false, 1024, 65535);
        time_out(a);
    }),
    row("a zone without targets", V1, "zone-without-targets", |a| {
        a.target_group("orders-blue").targets.truncate(1);
    })
    .likely(),
    row("the only target of a zone stopped", V1, "zone-without-targets", |a| {
        let target = &mut a.target_group("orders-blue").targets[0];
        (target.state, target.reason) = ("unused".to_owned(), Some("Target.InvalidState".to_owned()));
    })
    .likely(),
];

pub(crate) const BALANCER: &str = "sg-0balancer";
const LINK: &str = "sg-0link";
pub(crate) const TARGETS: &str = "sg-0target";
pub(crate) const VPC: &str = "10.0.0.0/16";
pub(crate) const ANYWHERE: &str = "0.0.0.0/0";

pub(crate) fn group<'a>(account: &'a mut Account, id: &str) -> &'a mut SecurityGroup {
    account.security_groups.iter_mut().find(|group| group.id == id).expect("a group of that id")
}

pub(crate) fn tcp(port: u16, range: &str) -> Permission {
    let (protocol, ranges) = ("tcp".to_owned(), vec![range.to_owned()]);
    Permission { protocol, ports: Some((port, port)), ranges, ..Permission::default() }
}

pub(crate) fn tcp_from(port: u16, group: &str) -> Permission {
    Permission { ranges: Vec::new(), groups: vec![group.to_owned()], ..tcp(port, "") }
}

/// What blocks requests blocks health checks.
fn time_out(account: &mut Account) {
    all(account, "unhealthy", Some("Target.Timeout"));
}

pub(crate) fn enforce(account: &mut Account) {
    account.load_balancers[0].enforcement = Some("on".to_owned());
}

/// An entry before all others that denies ports.
pub(crate) fn deny(acl: &mut NetworkAcl, egress: bool, from: u16, to: u16) {
    let (protocol, cidr) = ("6".to_owned(), ANYWHERE.to_owned());
    let ports = Some((from, to));
    acl.entries.insert(0, AclEntry { number: 50, protocol, allow: false, egress, cidr, ports });
}

/// Moves the targets into subnets of their own, with a network ACL of their own: within one subnet none is asked.
pub(crate) fn apart(account: &mut Account) -> &mut NetworkAcl {
    let places = [("10.0.1.10", "10.0.3.10", "subnet-0cc3"), ("10.0.2.11", "10.0.4.11", "subnet-0dd4")];
    for (place, (before, after, subnet)) in places.into_iter().enumerate() {
        let near = account.subnets[place].clone();
        let cidr = after.rsplit_once('.').expect("an address has dots").0.to_owned() + ".0/24";
        account.subnets.push(Subnet { id: subnet.to_owned(), cidr, ..near });
        account.target_group("orders-blue").targets[place].id = after.to_owned();
        let interface = account.network_interfaces.iter_mut().find(|one| one.private_address == before);
        let interface = interface.expect("each target has an interface");
        (interface.private_address, interface.subnet_id) = (after.to_owned(), subnet.to_owned());
    }
    let subnets = places.map(|(.., subnet)| subnet.to_owned()).into();
    let own = NetworkAcl {
        id: "acl-0targets".to_owned(),
        is_default: false,
        subnets,
        ..account.network_acls[0].clone()
    };
    account.network_acls.push(own);
    account.network_acls.last_mut().expect("it was just added")
}
