//! Whether a TCP packet gets from one place to another and the answer back: a model of security groups and network ACLs.
//!
//! Only rules are looked at, nothing is sent; routes, firewalls and what listens inside a host are not in it. Findings
//! borrow the explanation codes of Reachability Analyzer.
//! Source: <https://docs.aws.amazon.com/vpc/latest/reachability/explanation-codes.html>

use ipnet::IpNet;

use crate::aws::{NotRead, QueryKind};

/// One of the four things that a connection has to pass, in the order in which it meets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Leg {
    /// The outbound rules of the security groups at its source.
    SourceEgress,
    /// The network ACLs of both subnets, on the way there.
    AclRequest,
    /// The inbound rules of the security groups at its destination.
    TargetIngress,
    /// The network ACLs of both subnets, on the way back.
    AclResponse,
}

/// A hole of fewer answer ports than this, one in a hundred of 64,512, is no fault: hardening guides deny a few ports
/// such as 3389, and a request that fails has most likely not come from one of them.
pub(crate) const FEWEST_PORTS: u32 = 645;

/// What a step makes of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StepOutcome {
    /// It passes.
    Open,
    /// All pass but those from a few ports: too few to explain a failure, see [`FEWEST_PORTS`].
    Mostly(Blocker),
    /// Some connections pass, by the port they come from.
    Partly(Blocker),
    /// None passes.
    Blocked(Blocker),
    /// Something that decides it is not known.
    Unknown(NotRead),
}

/// What stops a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Blocker {
    /// Security groups, none of whose rules lets it through.
    Groups {
        /// Their ids.
        ids: Vec<String>,
        /// Whether it is their outbound rules.
        egress: bool,
        /// Whether they have no rule at all in that direction.
        empty: bool,
        /// Whether a rule would let it through if it could mean the source by its security group.
        group_reference_ineffective: bool,
    },
    /// A network ACL.
    Acl {
        /// Its id.
        id: String,
        /// The subnet that it guards here.
        subnet: String,
        /// Whether it stops what leaves that subnet.
        egress: bool,
        /// The number of the entry that stops; `None` where no entry allows.
        entry: Option<i32>,
        /// The network at the other end.
        peer: IpNet,
        /// The destination ports of the packets.
        ports: (u16, u16),
        /// How many of those ports it stops.
        denied: u32,
    },
}

impl Blocker {
    /// The same blocker whatever it stops: one security group, one entry of an ACL.
    pub(crate) fn identity(&self) -> Self {
        match self.clone() {
            Self::Acl { id, egress, entry, .. } => {
                let subnet = String::new();
                let peer = IpNet::V4(ipnet::Ipv4Net::default());
                Self::Acl { id, subnet, egress, entry, peer, ports: (0, 0), denied: 0 }
            }
            groups @ Self::Groups { .. } => groups,
        }
    }
}

/// Something that is not known for a reason of its own, not for one that a service gave.
pub(crate) fn not_known(what: impl Into<String>, query: Option<QueryKind>, why: &str) -> NotRead {
    NotRead::not_asked(what, query, why)
}
