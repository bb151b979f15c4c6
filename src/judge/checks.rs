//! The checks, along the path. Each is a plain function over a diagnosis and a topology, one file a hop.

mod attributes;
mod certificate;
mod endpoint_service;
mod listener;
mod load_balancer;
mod metrics;
mod network;
mod stage;
mod targets;
mod vpc_link;
mod zones;

use super::Finding;
use crate::classify::Diagnosis;
use crate::survey::Topology;

/// One check.
#[derive(Debug)]
pub struct Check {
    /// Its file's name.
    pub name: &'static str,
    /// What it makes of a topology.
    pub run: fn(&Diagnosis, &Topology) -> Vec<Finding>,
}

/// All checks, in the order of the path.
pub static CHECKS: &[Check] = &[
    Check { name: "stage", run: stage::check },
    Check { name: "vpc_link", run: vpc_link::check },
    Check { name: "endpoint_service", run: endpoint_service::check },
    Check { name: "load_balancer", run: load_balancer::check },
    Check { name: "listener", run: listener::check },
    Check { name: "zones", run: zones::check },
    // Before the targets: rules that keep health checks out are why they are ill.
    Check { name: "network", run: network::check },
    Check { name: "targets", run: targets::check },
    Check { name: "certificate", run: certificate::check },
    Check { name: "attributes", run: attributes::check },
    Check { name: "metrics", run: metrics::check },
];
