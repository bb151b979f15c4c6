//! Accounts of shapes that others build: each in order, which accuses no part, and each with one fault in it.

use serde_json::{Value, json};

use super::targets::{all, empty, fail};
use super::{beside, network, routes, rules};
use crate::harness::Account;
use crate::harness::ec2::{AclEntry, NetworkAcl, Permission, Subnet};
use crate::harness::elbv2::{Action, Listener};
use crate::matrix::{BOTH, Break, Generation, Row, V1, V2, log, readdress, row};

pub(crate) const ROWS: &[Row] = &[
    row("health checks' own port is not let in", BOTH, "target-security-group-blocks", |a| {
        checked_elsewhere(a);
        network::group(a, network::TARGETS).inbound.pop();
        all(a, "unhealthy", Some("Target.Timeout"));
    })
    .likely(),
    row("a strict network ACL lets no answers out", BOTH, "network-acl-blocks-response", |a| {
        strict(a).entries.retain(|entry| !entry.egress || !entry.allow);
        all(a, "unhealthy", Some("Target.Timeout"));
    }),
    row("a strict network ACL lets half of the answers out", V1, "network-acl-blocks-response", |a| {
        let entries = strict(a).entries.iter_mut();
        entries
            .filter(|entry| entry.egress && entry.allow)
            .for_each(|entry| entry.ports = Some((32_768, 65_535)));
    })
    .likely(),
    row("the link's own network ACL lets no answers in", V2, "network-acl-blocks-response", |a| {
        link_apart(a).entries.retain(|entry| entry.egress || !entry.allow);
    })
    .unanswered(),
    row("the link's group lets out to another group alone", V2, "vpc-link-security-group-blocks", |a| {
        by_reference(a);
        network::group(a, "sg-0link").outbound = vec![network::tcp_from(8443, network::TARGETS)];
    }),
    row("targets let in one node of two", V1, "target-security-group-blocks", |a| {
        by_node(a);
        network::group(a, network::TARGETS).inbound.pop();
        a.target_group("orders-blue").targets[1].fails("Target.Timeout", "Request timed out");
    })
    .likely(),
    row("a stage variable's port has no listener", V1, "listener-missing", |a| {
        port_by_variable(a, "9443");
    }),
    row(
        "the certificate's alternative names leave its subject out",
        BOTH,
        "listener-certificate-name-mismatch",
        |a| {
            let certificate = beside::certificate(a);
            certificate.alternative_names =
                vec!["orders.example.net".to_owned(), "www.example.net".to_owned()];
            certificate.domain_name = "orders.example.net".to_owned();
        },
    )
    .logged(log::NAME),
    row("groups of both versions of IP are dead", V1, "targets-unhealthy", |a| {
        by_version(a, "ipv4");
        a.endpoint_services[0].ip_versions.push("ipv6".to_owned());
        fail(a.target_group("orders-green"));
        fail(a.target_group("orders-blue"));
    }),
    row("the group for the link's version of IP is empty", BOTH, "target-group-empty", |a| {
        by_version(a, "ipv4");
        a.target_group("orders-green").targets.clear();
    })
    .unanswered(),
    row(
        "the group for the link's version of IP is the default's, and empty",
        BOTH,
        "target-group-empty",
        |a| {
            by_version(a, "ipv6");
            empty(a);
        },
    )
    .unanswered(),
    row("the balancer behind the balancer answers its checks with 404", V1, "targets-unhealthy", |a| {
        two_doors(a);
        a.target_group("orders-alb").targets[0]
            .fails("Target.ResponseCodeMismatch", "Health checks failed with these codes: [404]");
    })
    .likely(),
];

/// The same shapes with nothing wrong.
pub(crate) const HEALTHY: &[(&str, &[Generation], Break)] = &[
    ("health checks have a port of their own", BOTH, checked_elsewhere),
    ("a strict network ACL around the targets", BOTH, |a| {
        strict(a);
    }),
    ("the link in subnets of its own, with a network ACL of its own", V2, |a| {
        link_apart(a);
    }),
    ("security groups name one another", V2, by_reference),
    ("targets let in the nodes' own addresses alone", V1, by_node),
    ("a stage variable holds the port", BOTH, |a| port_by_variable(a, "8443")),
    ("a wildcard certificate whose subject is another name", BOTH, |a| {
        let certificate = beside::certificate(a);
        certificate.domain_name = "example.net".to_owned();
        certificate.alternative_names = vec!["example.net".to_owned(), "*.internal.example".to_owned()];
    }),
    ("a dual-stack balancer's group for a version of IP that the link has not is dead", BOTH, |a| {
        by_version(a, "ipv6");
        fail(a.target_group("orders-green"));
    }),
    ("a dual-stack balancer's default group is dead, and a rule names another", BOTH, |a| {
        by_version(a, "ipv4");
        empty(a);
    }),
    ("a balancer behind the balancer that redirects plain HTTP", V1, two_doors),
    ("one target is new, the other healthy", BOTH, |a| {
        let target = &mut a.target_group("orders-blue").targets[0];
        // A zone whose only target is new gets no requests of a load balancer that keeps to its zones.
        let cross = ("load_balancing.cross_zone.enabled".to_owned(), "true".to_owned());
        (target.state, target.reason) = ("initial".to_owned(), Some("Elb.InitialHealthChecking".to_owned()));
        a.load_balancers[0].attributes.extend([cross]);
    }),
];

/// Health checks go to port 9000, which the targets let in beside the other.
fn checked_elsewhere(account: &mut Account) {
    account.target_group("orders-blue").health_check.port = "9000".to_owned();
    network::group(account, network::BALANCER).outbound.push(network::tcp(9000, network::VPC));
    network::group(account, network::TARGETS).inbound.push(network::tcp(9000, network::VPC));
}

/// The targets' network ACL lets in their port, and out what answers, and nothing else.
fn strict(account: &mut Account) -> &mut NetworkAcl {
    let acl = network::apart(account);
    acl.entries.retain(|entry| entry.number == 32_767);
    let nets = [("10.0.1.0/24", 100), ("10.0.2.0/24", 110)];
    for (net, number) in nets {
        acl.entries.push(entry(number, false, net, (8080, 8080)));
        acl.entries.push(entry(number, true, net, (1024, 65_535)));
    }
    acl
}

fn entry(number: u16, egress: bool, cidr: &str, ports: (u16, u16)) -> AclEntry {
    let (protocol, cidr) = ("6".to_owned(), cidr.to_owned());
    AclEntry { number, protocol, allow: true, egress, cidr, ports: Some(ports) }
}

/// The link has subnets of its own, whose network ACL lets out to the listener and in what answers.
fn link_apart(account: &mut Account) -> &mut NetworkAcl {
    let places = [("10.0.1.7", "10.0.5.7", "subnet-0ee5"), ("10.0.2.7", "10.0.6.7", "subnet-0ff6")];
    for (place, (before, after, subnet)) in places.into_iter().enumerate() {
        let near = account.subnets[place].clone();
        let cidr = after.replace(".7", ".0/24");
        account.subnets.push(Subnet { id: subnet.to_owned(), cidr, ..near });
        let own = account.network_interfaces.iter_mut().find(|one| one.private_address == before);
        let own = own.expect("the link has an interface in each subnet");
        (own.private_address, own.subnet_id) = (after.to_owned(), subnet.to_owned());
    }
    let subnets: Vec<String> = places.map(|(.., subnet)| subnet.to_owned()).into();
    for link in account.vpc_links_v2.values_mut() {
        link.subnet_ids.clone_from(&subnets);
    }
    let default = account.network_acls[0].clone();
    let last = default.entries.iter().filter(|entry| entry.number == 32_767).cloned();
    let own = [entry(100, true, network::VPC, (8443, 8443)), entry(100, false, network::VPC, (1024, 65_535))];
    let entries = own.into_iter().chain(last).collect();
    let (id, is_default) = ("acl-0link".to_owned(), false);
    account.network_acls.push(NetworkAcl { id, is_default, subnets, entries, ..default });
    account.network_acls.last_mut().expect("it was just added")
}

/// Every rule names a group in place of a network.
fn by_reference(account: &mut Account) {
    network::group(account, "sg-0link").outbound = vec![network::tcp_from(8443, network::BALANCER)];
    let balancer = network::group(account, network::BALANCER);
    balancer.inbound = vec![network::tcp_from(8443, "sg-0link")];
    balancer.outbound = vec![network::tcp_from(8080, network::TARGETS)];
    network::group(account, network::TARGETS).inbound = vec![network::tcp_from(8080, network::BALANCER)];
}

fn by_node(account: &mut Account) {
    let nodes: Vec<Permission> = ["10.0.1.5/32", "10.0.2.6/32"].map(|node| network::tcp(8080, node)).into();
    network::group(account, network::TARGETS).inbound = nodes;
}

fn port_by_variable(account: &mut Account, port: &str) {
    readdress(account, ":8443", ":${stageVariables.port}");
    for stage in account.rest_apis.values_mut().flat_map(|api| api.stages.values_mut()) {
        stage.variables.insert("port".to_owned(), port.to_owned());
    }
}

/// Which version of IP API Gateway uses through PrivateLink, where the service accepts both, is documented nowhere.
pub(crate) fn other_version_dead(account: &mut Account) {
    by_version(account, "ipv6");
    account.endpoint_services[0].ip_versions.push("ipv6".to_owned());
    fail(account.target_group("orders-green"));
}

/// A network load balancer of both versions of IP, whose rule sends one of them to `orders-green`.
fn by_version(account: &mut Account, version: &str) {
    if account.load_balancers[0].kind != "network" {
        routes::networked(account);
    }
    account.load_balancers[0].addresses = Some("dualstack".to_owned());
    let group = rules::another_group(account);
    let condition: Value = json!({ "Field": "source-ip", "SourceIpConfig": { "IpAddressType": version } });
    rules::rule(account, 10, condition, Action::Plain(group));
}

/// `orders-alb` behind `orders-nlb` has a second listener, which redirects, and rules for other hosts.
fn two_doors(account: &mut Account) {
    rules::chained(account);
    let near = account.listener(443).clone();
    account.listeners.push(Listener {
        arn: near.arn.clone() + "80",
        port: 80,
        protocol: "HTTP".to_owned(),
        certificates: Vec::new(),
        actions: vec![Action::Other(json!({
            "Type": "redirect",
            "RedirectConfig": { "Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301" },
        }))],
        rules: Vec::new(),
        ..near
    });
    rules::rule_on(account, 443, 10, rules::host("billing.internal.example"), Action::FixedResponse(503));
}
