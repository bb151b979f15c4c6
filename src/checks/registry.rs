//! The checks, along the path: one file each, one line here.

use crate::checks::finding::Finding;
use crate::checks::{
    answered, attributes, certificate, client_certificate, endpoint_service, listener, load_balancer, logging, metrics, network,
    protocol, routes, stage, targets, vpc_link, zones,
};

use crate::causes::RouteContext;
use crate::path::{OnPath, PrivatePath};

/// A check of what lies before the load balancers.
pub(crate) type PathCheck = fn(&RouteContext, &PrivatePath) -> Vec<Finding>;

/// A check of one load balancer and what lies behind it. Every one of them is run on every load balancer of a path.
pub(crate) type BalancerCheck = fn(&RouteContext, OnPath<'_>) -> Vec<Finding>;

pub(crate) static PATH_CHECKS: [PathCheck; 4] =
    [stage::check, logging::check, vpc_link::check, endpoint_service::check];

/// In this order on one hop: rules that keep health checks out are why targets are unhealthy, so the network comes first.
pub(crate) static BALANCER_CHECKS: [BalancerCheck; 12] = [
    answered::check,
    load_balancer::check,
    listener::check,
    zones::check,
    protocol::check,
    routes::check,
    network::check,
    targets::check,
    client_certificate::check,
    certificate::check,
    attributes::check,
    metrics::check,
];
