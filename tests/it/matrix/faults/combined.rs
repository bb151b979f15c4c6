//! A fault beside another, or in pieces: the one that explains the text by itself is the verdict.

use super::targets::empty;
use super::{answered, balancer, network, routes, rules};
use crate::harness::Account;
use crate::harness::ec2::{AclEntry, RouteEntry};
use crate::harness::elbv2::Action;
use crate::matrix::{BOTH, Row, V1, V2, log, readdress, row};

pub(crate) const ROWS: &[Row] = &[
    row(
        "no target registered, and a variable of the URI's path undefined",
        BOTH,
        "target-group-empty",
        |a| {
            path_by_variable(a);
            empty(a);
        },
    ),
    row("no target registered behind an impaired load balancer", V1, "target-group-empty", |a| {
        balancer::state(a, "active_impaired");
        empty(a);
    }),
    row(
        "a network ACL lets answers out to the service's own port alone",
        BOTH,
        "network-acl-blocks-response",
        |a| {
            answers_to_one_port(a);
            rules::time_out(a, "orders-blue");
        },
    )
    .behind(),
    row("two narrow routes lead to a gateway that is gone", BOTH, "route-blackhole", |a| {
        routes::peered(a);
        for to in ["10.9.1.10/32", "10.9.1.11/32"] {
            let gone = RouteEntry { is_blackhole: true, ..routes::entry(to, "pcx-0gone") };
            routes::table(a).routes.insert(0, gone);
        }
        rules::time_out(a, "orders-blue");
    }),
    row("the balancer behind the balancer lacks the listener that is checked", V1, "listener-missing", |a| {
        rules::chained(a);
        a.listener(443).port = 444;
        rules::time_out(a, "orders-alb");
    }),
    row("http towards a TLS listener, and a certificate's text", V1, "listener-protocol-mismatch", |a| {
        readdress(a, "https://", "http://");
    })
    .logged(log::NAME)
    .likely(),
    row("503 from a balancer, one of whose two groups is empty", V2, "target-group-empty", |a| {
        let port = answered::balanced(a);
        let groups = [a.target_group("orders-blue").arn.clone(), rules::another_group(a)];
        a.listener(port).actions = vec![Action::Forward(groups.map(|group| (group, 1)).into())];
        empty(a);
    })
    .logged(log::ANSWERED_503)
    .likely(),
];

/// A variable that no stage defines, in what the backend alone reads.
pub(crate) fn path_by_variable(account: &mut Account) {
    readdress(account, "8443/orders", "8443/${stageVariables.base}");
}

/// As many write rules for a firewall that keeps connections in mind, which a network ACL does not.
fn answers_to_one_port(account: &mut Account) {
    let acl = network::apart(account);
    acl.entries.retain(|entry| !entry.egress);
    let (protocol, cidr) = ("6".to_owned(), "0.0.0.0/0".to_owned());
    let ports = Some((8080, 8080));
    acl.entries.push(AclEntry { number: 100, protocol, allow: true, egress: true, cidr, ports });
}
