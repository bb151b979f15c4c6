//! What a prober was asked about one load balancer of a path, and what it answered.

use std::net::SocketAddr;

use crate::aws::Reading;
use crate::ids::Arn;
use crate::probe::{Facts, Vantage};

/// What stands at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    /// A node of the load balancer, at the port that is called: what API Gateway itself connects to.
    Node,
    /// A target of this group.
    Target(Arn),
}

/// One question to a prober.
#[derive(Clone, Debug)]
pub struct Probed {
    /// Which load balancer of the path it is about.
    pub balancer: usize,
    pub spots: Vec<(SocketAddr, Spot)>,
    /// Whether what the addresses present is what API Gateway is shown; else the load balancer stands between.
    pub faithful: bool,
    /// The function that was asked last.
    pub function: String,
    pub vantage: Vantage,
    pub facts: Reading<Vec<Facts>>,
    /// Where the load balancer is.
    pub vpc: String,
}

impl Probed {
    /// What stands at this address.
    pub fn spot(&self, address: SocketAddr) -> Option<&Spot> {
        self.spots.iter().find(|(known, _)| *known == address).map(|(_, spot)| spot)
    }
}
