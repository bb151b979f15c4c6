//! Metrics of a load balancer around a failure.

use jiff::Timestamp;

use crate::vocabulary::Arn;

/// Whose metrics, and around when: one request for all of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricsOf {
    /// The load balancer.
    pub load_balancer: Arn,
    /// Whether it is a network load balancer; else an application load balancer.
    pub network: bool,
    /// The target groups whose unhealthy hosts are counted.
    pub target_groups: Vec<Arn>,
    /// When the request failed.
    pub failed: Timestamp,
}

/// One metric, minute by minute. A minute that is not in it is not known, which is not the same as zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// The metric's name (`TCP_Target_Reset_Count`).
    pub name: String,
    /// The target group it counts; `None` for the whole load balancer.
    pub target_group: Option<Arn>,
    /// The minutes that CloudWatch has.
    pub points: Vec<Point>,
}

/// What happened in one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// When the minute began.
    pub at: Timestamp,
    /// How often it happened.
    pub count: u64,
}
