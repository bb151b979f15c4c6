//! The checks, along the path. Each is a plain function over a subject and a topology, one file a hop.

use crate::checks::{
    attributes, certificate, endpoint_service, listener, load_balancer, logging, metrics, network, stage,
    targets, vpc_link, zones,
};

use crate::causes::RouteContext;
use crate::checks::finding::Finding;
use crate::path::PrivatePath;

/// One check.
#[derive(Debug)]
pub struct Check {
    /// Its file's name.
    pub name: &'static str,
    /// Whether it also looks at a load balancer that is itself the target.
    pub walks_on: bool,
    /// What it makes of a topology.
    pub run: fn(&RouteContext, &PrivatePath) -> Vec<Finding>,
}

/// All checks, in the order of the path.
pub static CHECKS: &[Check] = &[
    Check { name: "stage", walks_on: false, run: stage::check },
    Check { name: "logging", walks_on: false, run: logging::check },
    Check { name: "vpc_link", walks_on: false, run: vpc_link::check },
    Check { name: "endpoint_service", walks_on: false, run: endpoint_service::check },
    Check { name: "load_balancer", walks_on: true, run: load_balancer::check },
    Check { name: "listener", walks_on: true, run: listener::check },
    Check { name: "zones", walks_on: false, run: zones::check },
    // Before the targets: rules that keep health checks out are why they are ill.
    Check { name: "network", walks_on: false, run: network::check },
    Check { name: "targets", walks_on: true, run: targets::check },
    Check { name: "certificate", walks_on: false, run: certificate::check },
    Check { name: "attributes", walks_on: false, run: attributes::check },
    Check { name: "metrics", walks_on: false, run: metrics::check },
];
