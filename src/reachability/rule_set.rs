//! One connection, step by step: from a place, to a place, to a port.

use std::ops::RangeInclusive;

use ipnet::{IpNet, Ipv4Net};

use crate::aws::model::{AclEntry, GroupRule, NetworkAcl, SecurityGroup};
use crate::aws::{NotRead, QueryKind, ReadError};
use crate::path::Network;
use crate::reachability::flow::{Blocker, FEWEST_PORTS, Leg, StepOutcome, not_known};
use crate::reachability::flow_ends::FlowEnd;
use crate::reachability::network_acls::{Crossing, EPHEMERAL, crosses};
use crate::reachability::security_groups::{Admission, Peer, admits};

/// A connection that is looked at.
#[derive(Clone, Debug)]
pub(crate) struct Flow<'a> {
    /// The interface that it leaves.
    pub(crate) from: &'a FlowEnd,
    /// Whom the destination sees: the same, or the client whose address a load balancer keeps.
    pub(crate) source: &'a FlowEnd,
    pub(crate) to: &'a FlowEnd,
    /// The port at its destination.
    pub(crate) port: u16,
    /// Whether rules at its destination mean its source by the source's security groups.
    pub(crate) matches_by_group: bool,
    /// Groups of which no document tells whether a rule at its destination means the source by them.
    pub(crate) undocumented: &'a [String],
    /// Something without which it is not sure that connections go this way; then nothing blocks for certain.
    pub(crate) doubt: Option<NotRead>,
}

/// The rules that were read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuleSet<'a>(pub(crate) &'a Network);

impl<'a> RuleSet<'a> {
    /// What one step makes of a connection: a single outcome of security groups, one of each border that has an ACL.
    pub(crate) fn step(self, way: &Flow<'_>, step: Leg) -> Vec<StepOutcome> {
        let port = way.port..=way.port;
        let outcomes = match step {
            Leg::SourceEgress => {
                let named = way.to.groups.as_deref();
                vec![self.groups(&way.from.groups, way.to, named, &[], way.port, true)]
            }
            Leg::TargetIngress => {
                let named = if way.matches_by_group { way.source.groups.as_deref() } else { Ok(&[][..]) };
                let outcome =
                    self.groups(&way.to.groups, way.source, named, way.undocumented, way.port, false);
                vec![self.group_reference_ineffective(outcome, way)]
            }
            // Within one subnet no ACL is in the way.
            _ if way.from.subnet.is_ok() && way.from.subnet == way.to.subnet => vec![StepOutcome::Open],
            Leg::AclRequest => vec![
                self.acl_of(way.from, way.to, true, port.clone()),
                self.acl_of(way.to, way.source, false, port),
            ],
            Leg::AclResponse => vec![
                self.acl_of(way.to, way.source, true, EPHEMERAL),
                self.acl_of(way.from, way.to, false, EPHEMERAL),
            ],
        };
        let doubted = |outcome| match (outcome, &way.doubt) {
            (StepOutcome::Blocked(_) | StepOutcome::Partly(_), Some(doubt)) => {
                StepOutcome::Unknown(doubt.clone())
            }
            (outcome, _) => outcome,
        };
        outcomes.into_iter().map(doubted).collect()
    }

    /// The groups at one end, asked about the other end; no group guards nothing.
    fn groups(
        self,
        ids: &Result<Vec<String>, NotRead>,
        peer: &FlowEnd,
        named: Result<&[String], &NotRead>,
        undocumented: &[String],
        port: u16,
        egress: bool,
    ) -> StepOutcome {
        let ids = match ids {
            Ok(ids) if ids.is_empty() => return StepOutcome::Open,
            Ok(ids) => ids,
            Err(unavailable) => return StepOutcome::Unknown(unavailable.clone()),
        };
        let (mut rules, mut unread): (Vec<&GroupRule>, _) = (Vec::new(), None);
        for id in ids {
            match self.group(id) {
                Ok(group) => rules.extend(if egress { &group.egress } else { &group.ingress }),
                Err(unavailable) => unread = Some(unavailable),
            }
        }
        // Rules that name a group can't be ruled out while the peer's groups are not known.
        let unread = unread
            .or_else(|| named.err().filter(|_| rules.iter().any(|rule| !rule.groups.is_empty())).cloned());
        let admission = admits(
            rules.iter().copied(),
            Peer { net: peer.net, groups: named.unwrap_or_default(), undocumented },
            port,
            &self.0.prefix_lists,
        );
        match (admission, unread) {
            (Admission::Passes, _) => StepOutcome::Open,
            (_, Some(unavailable)) | (Admission::Unread(unavailable), None) => {
                StepOutcome::Unknown(unavailable)
            }
            (Admission::Depends, None) => StepOutcome::Unknown(vague(peer)),
            (Admission::Blocks, None) => StepOutcome::Blocked(Blocker::Groups {
                ids: ids.clone(),
                egress,
                empty: rules.is_empty(),
                group_reference_ineffective: false,
            }),
        }
    }

    /// Marks a block that comes of a group's name alone.
    fn group_reference_ineffective(self, outcome: StepOutcome, way: &Flow<'_>) -> StepOutcome {
        match outcome {
            StepOutcome::Blocked(Blocker::Groups { ids, egress, empty, .. }) if !way.matches_by_group => {
                let named = way.source.groups.as_deref();
                let meant = self.groups(&way.to.groups, way.source, named, &[], way.port, false);
                let group_reference_ineffective = meant == StepOutcome::Open;
                StepOutcome::Blocked(Blocker::Groups { ids, egress, empty, group_reference_ineffective })
            }
            outcome => outcome,
        }
    }

    fn acl_of(
        self,
        place: &FlowEnd,
        peer: &FlowEnd,
        egress: bool,
        ports: RangeInclusive<u16>,
    ) -> StepOutcome {
        let subnet = match &place.subnet {
            Ok(subnet) => subnet,
            Err(unavailable) => return StepOutcome::Unknown(unavailable.clone()),
        };
        let acl = match self.acl(subnet) {
            Ok(acl) => acl,
            Err(unavailable) => return StepOutcome::Unknown(unavailable),
        };
        let blocker = |entry: Option<&AclEntry>, denied| Blocker::Acl {
            id: acl.id.clone(),
            subnet: subnet.clone(),
            egress,
            entry: entry.map(|entry| entry.number),
            peer: peer.net,
            ports: (*ports.start(), *ports.end()),
            denied,
        };
        match crosses(acl, egress, peer.net, ports.clone()) {
            Crossing::Open => StepOutcome::Open,
            Crossing::Partly(entry, denied) if denied < FEWEST_PORTS => {
                StepOutcome::Mostly(blocker(entry, denied))
            }
            // So few are left open that no request meets one but by chance.
            Crossing::Partly(entry, denied) if ports.len() as u32 - denied < FEWEST_PORTS => {
                StepOutcome::Blocked(blocker(entry, denied))
            }
            Crossing::Partly(entry, denied) => StepOutcome::Partly(blocker(entry, denied)),
            Crossing::Closed(entry) => StepOutcome::Blocked(blocker(entry, ports.len() as u32)),
            Crossing::Depends => StepOutcome::Unknown(vague(peer)),
        }
    }

    /// The network ACL of a subnet, where it lets nothing in on this port.
    pub(crate) fn shut(self, subnet: &str, port: u16) -> Option<&'a NetworkAcl> {
        let anywhere = IpNet::V4(Ipv4Net::default());
        let acl = self.acl(subnet).ok()?;
        matches!(crosses(acl, false, anywhere, port..=port), Crossing::Closed(_)).then_some(acl)
    }

    fn group(self, id: &str) -> Result<&'a SecurityGroup, NotRead> {
        let readings = [&self.0.near_groups, &self.0.far_groups];
        let found =
            readings.iter().filter_map(|reading| reading.value()).flatten().find(|group| group.id == id);
        let unread = || readings.iter().find_map(|reading| reading.unavailable()).cloned();
        found.ok_or_else(|| unread().unwrap_or_else(|| unlisted(id, QueryKind::SecurityGroups)))
    }

    fn acl(self, subnet: &str) -> Result<&'a NetworkAcl, NotRead> {
        let reading = &self.0.acls;
        let found =
            reading.value().into_iter().flatten().find(|acl| acl.subnets.iter().any(|id| id == subnet));
        let unread = || reading.unavailable().cloned();
        found.ok_or_else(|| {
            unread()
                .unwrap_or_else(|| unlisted(&format!("the network ACL of {subnet}"), QueryKind::NetworkAcls))
        })
    }
}

/// AWS answered, and what must be in the answer is not.
fn unlisted(what: &str, query: QueryKind) -> NotRead {
    NotRead {
        what: what.to_owned(),
        query: Some(query),
        why: ReadError::Malformed("it is not in the answer".to_owned()),
    }
}

fn vague(peer: &FlowEnd) -> NotRead {
    peer.vague.clone().unwrap_or_else(|| not_known(&peer.name, None, "its address is not known"))
}
