//! The network: do security groups and network ACLs let requests through to the targets, and the answers back?
//!
//! The model is the room `reachability`; here its steps become findings, one for each thing that blocks, and
//! one that says *open* where every piece was read and lets everything through.

use std::collections::BTreeMap;

use crate::aws::model::{Generation, SecurityGroup};
use crate::aws::{NotRead, Reading};
use crate::causes::RouteContext;
use crate::checks::code::Code;
use crate::checks::finding::Finding;
use crate::checks::hops::HopKind;
use crate::checks::{network_remedy, network_sentences};
use crate::ids::Arn;
use crate::path::OnPath;
use crate::reachability::{Blocker, FlowStep, Leg, Outcome, behind, entry};

pub(crate) fn check(_: &RouteContext, on: OnPath<'_>) -> Vec<Finding> {
    let into = entry(on);
    let mut findings = Report { on, group: None }.findings(&into);
    for group in on.targets.keys() {
        let passages = behind(on, group);
        let report = Report { on, group: Some(group) };
        match passages.is_empty() {
            true => {}
            false if report.open(&into, &passages) => findings.push(report.healthy(&passages)),
            false => findings.extend(report.findings(&passages)),
        }
    }
    // One reading that is missing leaves many steps unknown; it is reported once.
    let mut seen: Vec<NotRead> = Vec::new();
    findings.retain(|finding| match finding.not_read() {
        Some(not_read) if seen.contains(not_read) => false,
        not_read => {
            seen.extend(not_read.cloned());
            true
        }
    });
    findings
}

/// Makes findings of the passages into the load balancer, or to one target group.
#[derive(Clone, Copy)]
struct Report<'a> {
    on: OnPath<'a>,
    /// `None` for what leads into the load balancer.
    group: Option<&'a Arn>,
}

impl<'a> Report<'a> {
    fn findings(self, passages: &[FlowStep]) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut blamed: Vec<Blocker> = Vec::new();
        // Requests first: what stops them is not told again for stopping health checks.
        for health in [false, true] {
            for step in [Leg::SourceEgress, Leg::AclRequest, Leg::TargetIngress, Leg::AclResponse] {
                let of_step: Vec<&FlowStep> =
                    passages.iter().filter(|p| p.step == step && p.health == health).collect();
                let mut blockers = blockers(&of_step);
                blockers.retain(|blocker, _| !blamed.contains(blocker));
                if blockers.is_empty() {
                    findings.extend(self.unknown(step, &of_step));
                }
                findings.extend(blockers.values().map(|stopped| self.blocked(&of_step, stopped)));
                blamed.extend(blockers.into_keys());
            }
        }
        findings
    }

    fn blocked(self, of_step: &[&FlowStep], stopped: &[(&FlowStep, &Blocker)]) -> Finding {
        let (passage, blocker) = stopped[0];
        let (code, hop) = self.code(passage.step);
        let finding = match blocker {
            Blocker::Groups { ids, .. } => Finding::read(
                code,
                self.groups_reading(ids),
                network_sentences::groups(self.on, stopped),
            )
            .of(ids.join(",")),
            Blocker::Acl { id, entry, subnet, .. } => {
                let says = network_sentences::acl(self.on, stopped);
                let finding = Finding::read(code, &self.on.network.acls, says).of(id);
                let entry = entry.map_or("*".to_owned(), |entry| entry.to_string());
                finding.detail("entry", entry).detail("subnet", subnet)
            }
        };
        let mut finding = finding
            .at(hop)
            .detail("explanation", network_sentences::explanation(blocker))
            .detail("port", passage.port)
            .detail("from", network_sentences::names(stopped.iter().map(|(passage, _)| &passage.from)))
            .detail("to", network_sentences::names(stopped.iter().map(|(passage, _)| &passage.to)));
        if let Some(group) = self.group {
            finding = finding.detail("target_group", group);
        }
        finding.partial = is_partial(of_step) || self.on.targets.len() > 1;
        finding.remedy = Some(network_remedy::remedy(self.on, stopped));
        finding
    }

    fn unknown(self, step: Leg, of_step: &[&FlowStep]) -> Vec<Finding> {
        let mut unread: Vec<&NotRead> = Vec::new();
        for passage in of_step {
            if let Outcome::Unknown(unavailable) = &passage.outcome
                && !unread.contains(&unavailable)
            {
                unread.push(unavailable);
            }
        }
        let (code, hop) = self.code(step);
        let finding = |unavailable: &&NotRead| {
            let finding = Finding::unknown(code, unavailable).at(hop);
            match self.group {
                Some(group) => finding.detail("target_group", group),
                None => finding,
            }
        };
        unread.iter().map(finding).collect()
    }

    /// Whether every piece was read and lets everything through, from API Gateway to the last target.
    fn open(self, into: &[FlowStep], passages: &[FlowStep]) -> bool {
        let seen = !into.is_empty() || self.on.path.generation() != Some(Generation::V2);
        seen && into.iter().chain(passages).all(|passage| passage.outcome == Outcome::Open)
    }

    fn healthy(self, passages: &[FlowStep]) -> Finding {
        let reading = &self.on.network.acls;
        let finding = Finding::read(Code::NetworkOpen, reading, network_sentences::open(passages));
        match self.group {
            Some(group) => finding.of(group).detail("target_group", group),
            None => finding,
        }
    }

    /// What a block at this step is called, and on which hop it lies.
    fn code(self, step: Leg) -> (Code, HopKind) {
        let into = self.group.is_none();
        match step {
            Leg::SourceEgress if into => (Code::VpcLinkSecurityGroupBlocks, HopKind::VpcLink),
            Leg::TargetIngress if into => (Code::LoadBalancerSecurityGroupBlocks, HopKind::LoadBalancer),
            Leg::AclRequest if into => (Code::NetworkAclBlocksRequest, HopKind::LoadBalancer),
            Leg::AclResponse if into => (Code::NetworkAclBlocksResponse, HopKind::LoadBalancer),
            Leg::SourceEgress => (Code::LoadBalancerSecurityGroupBlocks, HopKind::LoadBalancer),
            Leg::TargetIngress => (Code::TargetSecurityGroupBlocks, HopKind::Target),
            Leg::AclRequest => (Code::NetworkAclBlocksRequest, HopKind::Target),
            Leg::AclResponse => (Code::NetworkAclBlocksResponse, HopKind::Target),
        }
    }

    /// The reading that these groups' rules stand in.
    fn groups_reading(self, ids: &[String]) -> &'a Reading<Vec<SecurityGroup>> {
        let network = &self.on.network;
        let far = network.far_groups.value().into_iter().flatten().any(|group| ids.contains(&group.id));
        if far { &network.far_groups } else { &network.near_groups }
    }
}

/// What stops connections, each with the passages that it stops; an ACL's entry is one thing whatever it stops.
fn blockers<'a>(of_step: &[&'a FlowStep]) -> BTreeMap<Blocker, Vec<(&'a FlowStep, &'a Blocker)>> {
    let mut blockers: BTreeMap<Blocker, Vec<_>> = BTreeMap::new();
    for passage in of_step {
        if let Outcome::Blocked(blocker) | Outcome::Partly(blocker) = &passage.outcome {
            blockers.entry(blocker.identity()).or_default().push((*passage, blocker));
        }
    }
    blockers
}

/// Whether some connections pass, or might; or the load balancer's own checks pass where these rules say they can't.
fn is_partial(of_step: &[&FlowStep]) -> bool {
    of_step.iter().any(|passage| passage.contradicted || !matches!(passage.outcome, Outcome::Blocked(_)))
}
