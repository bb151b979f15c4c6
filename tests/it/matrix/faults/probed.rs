//! Faults that only a prober in the VPC can see, and what looks like one and is none.

use super::super::{BOTH, Break, Row, V1, V2, integrations, log, readdress, row};
use super::targets::pass_through;
use crate::harness::{Account, Prober};
use crate::probe::zoo::HOST;

const OF_VPC: &str = "vpclink-prober-vpc-0aa11bb22cc33dd44";
const OF_LINK: &str = "vpclink-prober-v2link1";
const NODES: [&str; 2] = ["10.0.1.5:8443", "10.0.2.6:8443"];
const TARGETS: [&str; 2] = ["10.0.1.10:8080", "10.0.2.11:8080"];

const KEY: &str =
    "Execution failed due to configuration error: Cannot verify ECDH ServerKeyExchange signature";

/// TLS passes through to the targets, which are these servers; a node leads to one of them.
fn behind(account: &mut Account, servers: [&'static str; 2]) {
    through_tcp(account);
    readdress(account, "orders.internal.example", HOST);
    let spots = NODES.into_iter().chain(TARGETS).zip(servers.into_iter().cycle());
    ask(account, Prober::among(&spots.collect::<Vec<_>>()));
}

/// The same in plain HTTP.
fn plainly(account: &mut Account, server: &'static str) {
    behind(account, [server; 2]);
    readdress(account, "https://", "http://");
}

/// A TCP listener of a network load balancer, over either generation of link.
fn through_tcp(account: &mut Account) {
    pass_through(account);
    account.load_balancers[0].kind = "network".to_owned();
    account.target_group("orders-blue").protocol = "TCP".to_owned();
}

fn checked_by_http(account: &mut Account) {
    let check = &mut account.target_group("orders-blue").health_check;
    (check.protocol, check.path) = ("HTTP".to_owned(), Some("/health".to_owned()));
}

/// The link's own prober, where the link can have one; else the VPC's.
fn ask(account: &mut Account, prober: Prober) {
    let name = if account.vpc_links_v2.is_empty() { OF_VPC } else { OF_LINK };
    account.probers.insert(name.to_owned(), prober);
}

/// A listener that ends TLS, before targets that are these.
fn behind_listener(account: &mut Account, protocol: &str, node: &'static str, target: &'static str) {
    readdress(account, "orders.internal.example", HOST);
    for certificate in &mut account.certificates {
        certificate.domain_name = HOST.to_owned();
        certificate.alternative_names = vec![HOST.to_owned()];
    }
    account.target_group("orders-blue").protocol = protocol.to_owned();
    let nodes = NODES.map(|address| (address, node));
    let spots = nodes.into_iter().chain(TARGETS.map(|address| (address, target)));
    ask(account, Prober::among(&spots.collect::<Vec<_>>()));
}

pub(crate) const ROWS: &[Row] = &[
    row("targets' certificate is for another name", BOTH, "target-certificate-name-mismatch", |a| {
        behind(a, ["tls-name-mismatch"; 2]);
    })
    .logged(log::NAME),
    row("targets' certificate expired", BOTH, "target-certificate-expired", |a| {
        behind(a, ["tls-expired"; 2])
    })
    .logged(log::EXPIRED),
    row("an intermediate of the targets' certificate expired", V1, "target-certificate-expired", |a| {
        behind(a, ["tls-expired-intermediate"; 2]);
    })
    .logged(log::EXPIRED),
    row("targets' certificate is not valid yet", V1, "target-certificate-not-yet-valid", |a| {
        behind(a, ["tls-not-yet-valid"; 2]);
    })
    .logged(log::EXPIRED),
    row("targets' certificate is of a private authority", BOTH, "target-certificate-untrusted", |a| {
        behind(a, ["tls-private-root-sent"; 2]);
    })
    .logged(log::UNTRUSTED),
    row("targets' certificate is self-signed", V1, "target-certificate-untrusted", |a| {
        behind(a, ["tls-self-signed"; 2]);
    })
    .logged(log::UNTRUSTED),
    row("targets send no intermediate", BOTH, "target-certificate-chain-incomplete", |a| {
        behind(a, ["tls-intermediate-not-sent"; 2]);
    })
    .logged(log::UNTRUSTED),
    row("targets' key is of another certificate", BOTH, "target-certificate-key-mismatch", |a| {
        behind(a, ["tls-key-mismatch"; 2]);
    })
    .logged(KEY),
    row("targets' certificate is none for servers", V1, "target-certificate-untrusted", |a| {
        behind(a, ["tls-client-purpose"; 2]);
    })
    .logged(log::HANDSHAKE),
    row("one target of two has an expired certificate", BOTH, "target-certificate-expired", |a| {
        behind(a, ["tls-expired", "tls-healthy"]);
    })
    .logged(log::EXPIRED)
    .likely(),
    row("targets speak plain HTTP where https is called", BOTH, "target-speaks-plaintext", |a| {
        behind(a, ["tls-on-http"; 2]);
    })
    .logged(log::NOT_TLS),
    row("targets demand a client certificate", BOTH, "target-demands-client-certificate", |a| {
        behind(a, ["tls-client-certificate-required-1.3"; 2]);
    })
    .logged(log::HANDSHAKE)
    .likely(),
    row("targets refuse every cipher suite", V1, "target-refuses-tls", |a| {
        behind(a, ["tls-alert-handshake-failure"; 2]);
    })
    .logged(log::HANDSHAKE)
    .likely(),
    row("targets close in the handshake", V1, "target-refuses-tls", |a| {
        behind(a, ["tls-closed-after-hello"; 2]);
    })
    .logged(log::NETWORK)
    .likely(),
    row("targets are SSH servers", BOTH, "target-answers-not-http", |a| plainly(a, "http-ssh-first"))
        .logged(log::NOT_HTTP),
    row("targets speak HTTP/2 alone", V1, "target-answers-not-http", |a| {
        plainly(a, "http-h2");
        checked_by_http(a);
    })
    .logged(log::NOT_HTTP),
    row("targets speak TLS where http is called", BOTH, "target-speaks-tls", |a| {
        plainly(a, "http-tls-alert");
        checked_by_http(a);
    })
    .logged(log::NOT_HTTP),
    // Beside the balancer of a V1 link a prober is another client.
    row("nothing listens on the targets' port", V1, "target-not-listening", |a| {
        behind(a, ["tls-nothing-listens"; 2]);
    })
    .likely(),
    row("the called node refuses the link", V2, "target-not-listening", |a| ask(a, Prober::default())),
    row("packets to the called node are dropped", V2, "target-silent", |a| {
        let dropped = NODES.map(|address| address.parse().unwrap()).to_vec();
        ask(a, Prober { dropped, ..Prober::among(&TARGETS.map(|address| (address, "http-healthy"))) });
    }),
];

/// What a prober meets, and what fails no request.
pub(crate) const DECOYS: &[(&str, &[super::super::Generation], Break)] = &[
    ("a prober finds the targets healthy", BOTH, |a| behind(a, ["tls-healthy"; 2])),
    ("the expired certificate of targets behind a TLS listener, which compares none", V1, |a| {
        behind_listener(a, "TLS", "tls-healthy", "tls-expired");
    }),
    ("the self-signed certificate of targets behind an HTTPS listener", V2, |a| {
        behind_listener(a, "HTTPS", "tls-healthy", "tls-self-signed");
    }),
    ("a client certificate is asked for and not demanded", V1, |a| {
        behind(a, ["tls-client-certificate-requested"; 2]);
    }),
    ("a private authority, and insecureSkipVerification", V1, |a| {
        behind(a, ["tls-private-root-sent"; 2]);
        integrations(a).for_each(|integration| integration.insecure_skip_verification = Some(true));
    }),
    ("the prober itself is kept out", V1, |a| {
        behind(a, ["tls-healthy"; 2]);
        let dropped = NODES.into_iter().chain(TARGETS).map(|address| address.parse().unwrap()).collect();
        ask(a, Prober { dropped, ..Prober::default() });
    }),
    ("the prober is inactive", BOTH, |a| refused(a, ("ResourceNotReadyException", 502))),
    ("the prober is pending", V1, |a| refused(a, ("ResourceConflictException", 409))),
    ("the prober is throttled", V1, |a| refused(a, ("TooManyRequestsException", 429))),
    ("the prober's service fails", V1, |a| refused(a, ("ServiceException", 500))),
];

fn refused(account: &mut Account, refuses: (&'static str, u16)) {
    behind(account, ["tls-healthy"; 2]);
    ask(account, Prober { refuses: Some(refuses), ..Prober::default() });
}
