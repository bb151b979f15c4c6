//! One connection, step by step: from a place, to a place, to a port.

use crate::reachability::network_acls;

use std::ops::RangeInclusive;

use crate::aws::model::{GroupRule, NetworkAcl, SecurityGroup};
use crate::aws::{NotRead, QueryKind, ReadError};
use crate::path::Network;
use crate::reachability::flow::{Blocker, Leg, Outcome, not_known};
use crate::reachability::flow_ends::FlowEnd;
use crate::reachability::network_acls::{Crossing, EPHEMERAL, crosses};
use crate::reachability::security_groups::{Admission, Peer, admits};

/// A connection that is looked at.
#[derive(Clone, Debug)]
pub(crate) struct Flow<'a> {
    pub(crate) from: &'a FlowEnd,
    pub(crate) to: &'a FlowEnd,
    /// The port at its destination.
    pub(crate) port: u16,
    /// Whether rules at its destination may mean its source by security group.
    pub(crate) matches_by_group: bool,
    /// Something without which it is not sure that connections go this way; then nothing blocks for certain.
    pub(crate) doubt: Option<NotRead>,
}

/// The rules that were read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuleSet<'a>(pub(crate) &'a Network);

impl<'a> RuleSet<'a> {
    /// What one step makes of a connection.
    pub(crate) fn step(self, way: &Flow<'_>, step: Leg) -> Outcome {
        let outcome = match step {
            Leg::SourceEgress => {
                self.groups(&way.from.groups, way.to, way.to.groups.as_deref(), way.port, true)
            }
            Leg::TargetIngress => {
                let named = if way.matches_by_group { way.from.groups.as_deref() } else { Ok(&[][..]) };
                let outcome = self.groups(&way.to.groups, way.from, named, way.port, false);
                self.group_reference_ineffective(outcome, way)
            }
            Leg::AclRequest => self.acls([
                (way.from, way.to, true, way.port..=way.port),
                (way.to, way.from, false, way.port..=way.port),
            ]),
            Leg::AclResponse => {
                self.acls([(way.to, way.from, true, EPHEMERAL), (way.from, way.to, false, EPHEMERAL)])
            }
        };
        match (outcome, &way.doubt) {
            (Outcome::Blocked(_) | Outcome::Partly(_), Some(doubt)) => Outcome::Unknown(doubt.clone()),
            (outcome, _) => outcome,
        }
    }

    /// The groups at one end, asked about the other end; no group guards nothing.
    fn groups(
        self,
        ids: &Result<Vec<String>, NotRead>,
        peer: &FlowEnd,
        named: Result<&[String], &NotRead>,
        port: u16,
        egress: bool,
    ) -> Outcome {
        let ids = match ids {
            Ok(ids) if ids.is_empty() => return Outcome::Open,
            Ok(ids) => ids,
            Err(unavailable) => return Outcome::Unknown(unavailable.clone()),
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
            Peer { net: peer.net, groups: named.unwrap_or_default() },
            port,
            &self.0.prefix_lists,
        );
        match (admission, unread) {
            (Admission::Passes, _) => Outcome::Open,
            (_, Some(unavailable)) | (Admission::Unread(unavailable), None) => Outcome::Unknown(unavailable),
            (Admission::Depends, None) => Outcome::Unknown(vague(peer)),
            (Admission::Blocks, None) => Outcome::Blocked(Blocker::Groups {
                ids: ids.clone(),
                egress,
                empty: rules.is_empty(),
                group_reference_ineffective: false,
            }),
        }
    }

    /// Marks a block that comes of a group's name alone.
    fn group_reference_ineffective(self, outcome: Outcome, way: &Flow<'_>) -> Outcome {
        match outcome {
            Outcome::Blocked(Blocker::Groups { ids, egress, empty, .. }) if !way.matches_by_group => {
                let meant =
                    self.groups(&way.to.groups, way.from, way.from.groups.as_deref(), way.port, false);
                let group_reference_ineffective = meant == Outcome::Open;
                Outcome::Blocked(Blocker::Groups { ids, egress, empty, group_reference_ineffective })
            }
            outcome => outcome,
        }
    }

    /// The ACLs of both ends, each asked about the other end; within one subnet there is none in the way.
    fn acls(self, edges: [(&FlowEnd, &FlowEnd, bool, RangeInclusive<u16>); 2]) -> Outcome {
        let [(one, other, ..), _] = &edges;
        if one.subnet.is_ok() && one.subnet == other.subnet {
            return Outcome::Open;
        }
        let [first, second] =
            edges.map(|(place, peer, egress, ports)| self.acl_of(place, peer, egress, ports));
        if rank(&second) > rank(&first) { second } else { first }
    }

    fn acl_of(self, place: &FlowEnd, peer: &FlowEnd, egress: bool, ports: RangeInclusive<u16>) -> Outcome {
        let subnet = match &place.subnet {
            Ok(subnet) => subnet,
            Err(unavailable) => return Outcome::Unknown(unavailable.clone()),
        };
        let acl = match self.acl(subnet) {
            Ok(acl) => acl,
            Err(unavailable) => return Outcome::Unknown(unavailable),
        };
        let blocker = |entry: Option<i32>| Blocker::Acl {
            id: acl.id.clone(),
            subnet: subnet.clone(),
            egress,
            entry,
            free: free(acl, egress, entry),
            peer: peer.net,
            ports: (*ports.start(), *ports.end()),
        };
        match crosses(acl, egress, peer.net, ports.clone()) {
            Crossing::Open => Outcome::Open,
            Crossing::Partly(entry) => Outcome::Partly(blocker(entry.map(|entry| entry.number))),
            Crossing::Closed(entry) => Outcome::Blocked(blocker(entry.map(|entry| entry.number))),
            Crossing::Depends => Outcome::Unknown(vague(peer)),
        }
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

/// The worse of two outcomes decides; a certain block is worse than a doubt.
fn rank(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Open => 0,
        Outcome::Unknown(_) => 1,
        Outcome::Partly(_) => 2,
        Outcome::Blocked(_) => 3,
    }
}

/// The highest number before the entry that no other entry of that direction has, in steps of ten where there is room.
fn free(acl: &NetworkAcl, egress: bool, before: Option<i32>) -> Option<i32> {
    let end = before.unwrap_or(network_acls::LAST).min(network_acls::LAST);
    let taken =
        |number: &i32| acl.entries.iter().any(|entry| entry.egress == egress && entry.number == *number);
    let tidy = (1..end.min(1000) / 10).map(|tens| tens * 10).rev().find(|number| !taken(number));
    tidy.or_else(|| (1..end).rev().find(|number| !taken(number)))
}
