//! Faults of routes: targets in another VPC, and what lies between it and the load balancer.

use super::{beside, network, rules};
use crate::harness::Account;
use crate::harness::ec2::{NetworkInterface, Peering, RouteEntry, RouteTable, Subnet, TransitAttachment};
use crate::matrix::{BOTH, Row, V2, log, row};

pub(crate) const ROWS: &[Row] = &[
    row("no route to the targets' network", BOTH, "route-missing", |a| {
        peered(a);
        table(a).routes.retain(|entry| entry.via == "local");
        rules::time_out(a, "orders-blue");
    }),
    row("only a route to the internet", BOTH, "route-missing", |a| {
        peered(a);
        table(a).routes.retain(|entry| entry.via == "local");
        table(a).routes.push(entry("0.0.0.0/0", "igw-0a1b2c3d"));
        rules::time_out(a, "orders-blue");
    })
    .logged(log::TIMEOUT),
    row("no route from one zone", BOTH, "route-missing", |a| {
        peered(a);
        let lone = RouteTable {
            id: "rtb-0lone".to_owned(),
            is_main: false,
            subnets: vec!["subnet-0bb2".to_owned()],
            routes: vec![entry(network::VPC, "local")],
            ..table(a).clone()
        };
        a.route_tables.push(lone);
        one_silent(a);
    })
    .likely(),
    row("the route to the targets is a blackhole", BOTH, "route-blackhole", |a| {
        peered(a);
        table(a).routes[1].is_blackhole = true;
        rules::time_out(a, "orders-blue");
    }),
    row("a narrower route is a blackhole", BOTH, "route-blackhole", |a| {
        peered(a);
        let gone = RouteEntry { is_blackhole: true, ..entry("10.9.1.0/24", "eni-0gone") };
        table(a).routes.insert(0, gone);
        rules::time_out(a, "orders-blue");
    })
    .logged(log::NETWORK),
    row("the peering connection waits to be accepted", BOTH, "peering-inactive", |a| {
        peered(a);
        a.peerings[0].status = "pending-acceptance".to_owned();
        rules::time_out(a, "orders-blue");
    }),
    row("the peering connection expired, before the balancer's targets", BOTH, "peering-inactive", |a| {
        super::answered::balanced(a);
        peered(a);
        a.peerings[0].status = "expired".to_owned();
        rules::time_out(a, "orders-blue");
        beside::count_of(a, "orders-alb", "HTTPCode_ELB_504_Count", 90);
    })
    .logged(log::ANSWERED_504),
    row("the peering connection leads to another network", BOTH, "route-missing", |a| {
        peered(a);
        a.peerings[0].cidrs = vec!["10.8.0.0/16".to_owned()];
        rules::time_out(a, "orders-blue");
    }),
    row("the transit gateway's attachment failed", BOTH, "transit-attachment-unavailable", |a| {
        in_transit(a);
        a.transit_attachments[0].state = "failed".to_owned();
        rules::time_out(a, "orders-blue");
    }),
    row("the attachment has no subnet in one zone", BOTH, "transit-attachment-unavailable", |a| {
        in_transit(a);
        a.transit_attachments[0].subnets.truncate(1);
        one_silent(a);
    })
    .likely(),
    row(
        "the client's address is kept towards targets behind a transit gateway",
        V2,
        "client-ip-preservation-unsupported",
        |a| {
            networked(a);
            in_transit(a);
            keep_client(a);
        },
    )
    .unanswered(),
];

/// The targets are in a VPC that is peered with the load balancer's.
pub(crate) fn peered(account: &mut Account) {
    away(account);
    table(account).routes.push(entry("10.9.0.0/16", "pcx-0a1b2c3d"));
    account.peerings.push(Peering {
        id: "pcx-0a1b2c3d".to_owned(),
        status: "active".to_owned(),
        cidrs: vec!["10.9.0.0/16".to_owned()],
        region: "eu-west-1".to_owned(),
    });
}

/// The targets are in a VPC behind a transit gateway.
pub(crate) fn in_transit(account: &mut Account) {
    away(account);
    table(account).routes.push(entry("10.0.0.0/8", "tgw-0a1b2c3d"));
    account.transit_attachments.push(TransitAttachment {
        id: "tgw-attach-0a1b2c3d".to_owned(),
        gateway: "tgw-0a1b2c3d".to_owned(),
        vpc_id: account.subnets[0].vpc_id.clone(),
        state: "available".to_owned(),
        subnets: account.subnets.iter().take(2).map(|subnet| subnet.id.clone()).collect(),
    });
}

/// Moves the targets to addresses outside the VPC, where the load balancer may send to.
fn away(account: &mut Account) {
    for (place, address) in ["10.9.1.10", "10.9.1.11"].into_iter().enumerate() {
        let target = &mut account.target_group("orders-blue").targets[place];
        let before = std::mem::replace(&mut target.id, address.to_owned());
        target.zone = "all".to_owned();
        account.network_interfaces.retain(|interface: &NetworkInterface| interface.private_address != before);
    }
    network::group(account, network::BALANCER).outbound.push(network::tcp(8080, "10.0.0.0/8"));
    let in_vpc = |subnet: &Subnet| subnet.cidr.starts_with("10.0.");
    assert!(account.subnets.iter().all(in_vpc), "subnets are the load balancer's own VPC's");
}

/// Health checks of one target fail.
fn one_silent(account: &mut Account) {
    account.target_group("orders-blue").targets[0].fails("Target.Timeout", "Request timed out");
}

/// A V2 link in front of a network load balancer.
pub(crate) fn networked(account: &mut Account) {
    let balancer = &mut account.load_balancers[0];
    (balancer.kind, balancer.enforcement) = ("network".to_owned(), Some("on".to_owned()));
    account.listener(8443).protocol = "TLS".to_owned();
    let group = account.target_group("orders-blue");
    (group.protocol, group.health_check.protocol) = ("TCP".to_owned(), "TCP".to_owned());
}

pub(crate) fn keep_client(account: &mut Account) {
    let keeps = ("preserve_client_ip.enabled".to_owned(), "true".to_owned());
    account.target_group("orders-blue").attributes.extend([keeps]);
}

/// Two targets healthy in a peered VPC, seen through a V2 link's network load balancer that keeps their client's address.
pub(crate) fn peered_and_kept(account: &mut Account) {
    networked(account);
    peered(account);
    keep_client(account);
}

pub(crate) fn table(account: &mut Account) -> &mut RouteTable {
    account.route_tables.first_mut().expect("the main table")
}

pub(crate) fn entry(to: &str, via: &str) -> RouteEntry {
    RouteEntry { to: to.to_owned(), via: via.to_owned(), is_blackhole: false }
}
