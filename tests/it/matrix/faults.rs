//! The rows of the matrix, along the path.

pub(crate) mod answered;
pub(crate) mod balancer;
pub(crate) mod beside;
pub(crate) mod clients;
pub(crate) mod combined;
pub(crate) mod link;
pub(crate) mod network;
pub(crate) mod probed;
pub(crate) mod routes;
pub(crate) mod rules;
pub(crate) mod shapes;
pub(crate) mod stage;
pub(crate) mod targets;

use super::Row;

/// All rows.
pub(crate) const ROWS: &[&[Row]] = &[
    stage::ROWS,
    link::LINKS,
    link::SERVICES,
    balancer::BALANCERS,
    balancer::LISTENERS,
    rules::ROWS,
    targets::ROWS,
    network::ROWS,
    beside::ROWS,
    probed::ROWS,
    answered::ROWS,
    routes::ROWS,
    clients::ROWS,
    shapes::ROWS,
    combined::ROWS,
];

/// The faults that a fault brings along, and that are rightly told beside it.
pub(crate) fn brings(row: &Row) -> &'static [&'static str] {
    match (row.name, row.expect) {
        ("load balancer deleted with its endpoint service", _) => &["load-balancer-missing"],
        ("load balancer deleted with its listeners", _) => &["listener-missing"],
        ("load balancer deleted", _) => &["listener-missing"],
        ("no target registered behind an impaired load balancer", _) => &["load-balancer-impaired"],
        ("the balancer behind the balancer lacks the listener that is checked", _) => &["targets-unhealthy"],
        // What is deployed is broken by itself; the change would mend it.
        (_, "integration-not-deployed") => {
            &["vpc-link-missing", "vpc-link-failed", "listener-missing", "targets-unhealthy"]
        }
        (name, _) if name.contains("changed in vain") => {
            &["integration-not-deployed", "listener-certificate-name-mismatch"]
        }
        ("targets' network ACL is empty", _) => &["network-acl-blocks-response", "targets-unhealthy"],
        ("load balancer's network ACL denies the targets' port", _) => {
            &["network-acl-blocks-response", "targets-unhealthy"]
        }
        // Who answered is said beside the fault behind it.
        (_, code) if row.log.starts_with("Received") => match code.contains("-blocks") {
            true => &["targets-unhealthy", "load-balancer-answered"],
            false if code.starts_with("peering") => &["targets-unhealthy", "load-balancer-answered"],
            false => &["load-balancer-answered"],
        },
        // Health checks meet the same rules.
        (_, code) if code.contains("-blocks") => &["targets-unhealthy"],
        (_, "route-missing" | "route-blackhole" | "peering-inactive" | "transit-attachment-unavailable") => {
            &["targets-unhealthy"]
        }
        _ => &[],
    }
}
