//! The network: do security groups and network ACLs let requests through to the targets, and the answers back?
//!
//! The model is the room `reachability`; here its steps become findings, one for each thing that blocks, and
//! one that says *open* where every piece was read and lets everything through.

use std::collections::BTreeMap;

use crate::aws::model::{Generation, SecurityGroup};
use crate::aws::{NotRead, QueryKind, Reading};
use crate::causes::RouteContext;
use crate::checks::code::Code;
use crate::checks::code::HopKind;
use crate::checks::finding::Finding;
use crate::checks::network_remedy::{Remedies, stopped_by};
use crate::checks::network_sentences;
use crate::ids::Arn;
use crate::path::OnPath;
use crate::reachability::{
    Blocker, FlowStep, Leg, StepOutcome, behind as behind_steps, direct as direct_steps, entry, shut_before,
};

/// The detail of a finding that keeps health checks out and lets requests through.
pub(crate) const HEALTH_CHECKS_ALONE: &str = "health_checks_alone";

pub(crate) fn check(_: &RouteContext, on: OnPath<'_>) -> Vec<Finding> {
    let into = entry(on);
    let behind: Vec<(&Arn, Vec<FlowStep>)> =
        on.targets.keys().map(|group| (group, behind_steps(on, group))).collect();
    // Two load balancers may meet the same entry of an ACL, so what makes way for one has to do so for both.
    let others: Vec<FlowStep> = on
        .path
        .balancers()
        .filter(|other| other.position != on.position)
        .flat_map(|other| {
            let behind = other.balancer.targets.keys().flat_map(move |group| behind_steps(other, group));
            entry(other).into_iter().chain(behind)
        })
        .collect();
    let all = into.iter().chain(behind.iter().flat_map(|(_, steps)| steps)).chain(&others);
    let mut remedies = Remedies::new(on, all);
    let mut findings = NetworkFindings { on, group: None }.findings(&into, &mut remedies);
    for (group, steps) in behind.iter().filter(|(_, steps)| !steps.is_empty()) {
        let report = NetworkFindings { on, group: Some(group) };
        match report.open(&into, steps) {
            true => findings.push(report.healthy(&into, steps)),
            false => findings.extend(report.findings(steps, &mut remedies)),
        }
    }
    findings.extend(shut_before(on).map(|(acl, port)| {
        let what = format!(
            "whether network ACL `{}` stops API Gateway: it denies port {port} in the load balancer's subnet",
            acl.id
        );
        let why = "AWS does not say whether requests through PrivateLink meet it";
        let unread = NotRead::not_asked(what, Some(QueryKind::NetworkAcls), why);
        Finding::unknown(Code::NetworkAclBlocksRequest, &unread).at(HopKind::LoadBalancer).of(&acl.id)
    }));
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

/// What lies between a V2 link and the instances of a Cloud Map service.
pub(crate) fn direct(on: OnPath<'_>, service: &Arn) -> Vec<Finding> {
    let steps = direct_steps(on);
    let report = NetworkFindings { on, group: Some(service) };
    match (steps.is_empty(), report.open(&steps, &[])) {
        (true, _) => Vec::new(),
        (false, true) => vec![report.healthy(&[], &steps)],
        (false, false) => report.findings(&steps, &mut Remedies::new(on, steps.iter())),
    }
}

/// Makes findings of the passages into the load balancer, or to one target group.
#[derive(Clone, Copy)]
struct NetworkFindings<'a> {
    on: OnPath<'a>,
    /// `None` for what leads into the load balancer.
    group: Option<&'a Arn>,
}

impl<'a> NetworkFindings<'a> {
    fn findings(self, steps: &[FlowStep], remedies: &mut Remedies<'a>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for leg in [Leg::SourceEgress, Leg::AclRequest, Leg::TargetIngress, Leg::AclResponse] {
            let of_leg: Vec<&FlowStep> = steps.iter().filter(|step| step.step == leg).collect();
            let blockers = blockers(&of_leg);
            for health in [false, true] {
                let of_kind: Vec<&FlowStep> =
                    of_leg.iter().copied().filter(|step| step.health == health).collect();
                if of_kind.iter().all(|step| stopped_by(step).is_none()) {
                    findings.extend(self.unknown(leg, &of_kind));
                }
            }
            findings.extend(blockers.values().map(|stopped| self.blocked(&of_leg, stopped, remedies)));
        }
        findings
    }

    /// What stops requests is reported as that, and not again for stopping health checks; the remedy opens for both.
    fn blocked(
        self,
        of_leg: &[&FlowStep],
        stopped: &[(&FlowStep, &Blocker)],
        remedies: &mut Remedies<'a>,
    ) -> Finding {
        let health = stopped.iter().all(|(step, _)| step.health);
        let reported: Vec<(&FlowStep, &Blocker)> =
            stopped.iter().copied().filter(|(step, _)| step.health == health).collect();
        let (step, blocker) = reported[0];
        let (code, hop) = self.code(step.step);
        let finding = match blocker {
            Blocker::Groups { ids, .. } => {
                let says = network_sentences::groups(self.on, &reported);
                Finding::read(code, self.groups_reading(ids), says).of(ids.join(","))
            }
            Blocker::Acl { id, entry, .. } => {
                let says = network_sentences::acl(self.on, &reported);
                let finding = Finding::read(code, &self.on.network.acls, says).of(id);
                let entry = entry.map_or("*".to_owned(), |entry| entry.to_string());
                finding.detail("entry", entry).detail("subnet", network_sentences::subnets(&reported))
            }
        };
        let mut finding = finding
            .at(hop)
            .detail("explanation", network_sentences::explanation(blocker))
            .detail("port", network_sentences::ports(&reported))
            .detail("from", network_sentences::names(reported.iter().map(|(step, _)| &step.source)))
            .detail("to", network_sentences::names(reported.iter().map(|(step, _)| &step.to)));
        if let Some(ports) = network_sentences::hole(&reported) {
            finding = finding.detail("closed_ports", ports);
        }
        if let Some(group) = self.group {
            finding = finding.detail("target_group", group);
        }
        let of_kind: Vec<&FlowStep> = of_leg.iter().copied().filter(|step| step.health == health).collect();
        // Without a healthy target, a load balancer sends requests to all of them.
        finding.partial = is_partial(&of_kind) || self.on.targets.len() > 1 || health;
        if health {
            finding = finding.detail(HEALTH_CHECKS_ALONE, true);
        }
        finding.remedy = Some(remedies.of(stopped));
        finding
    }

    fn unknown(self, step: Leg, of_step: &[&FlowStep]) -> Vec<Finding> {
        let mut unread: Vec<&NotRead> = Vec::new();
        for passage in of_step {
            if let StepOutcome::Unknown(unavailable) = &passage.outcome
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
        let passes = |step: &FlowStep| matches!(step.outcome, StepOutcome::Open | StepOutcome::Mostly(_));
        seen && into.iter().chain(passages).all(passes)
    }

    fn healthy(self, into: &[FlowStep], passages: &[FlowStep]) -> Finding {
        let reading = &self.on.network.far_groups;
        let routes = match self.on.network.route_tables.value() {
            Some(_) => "; routes are checked separately",
            None => "; route tables were not read",
        };
        let says = network_sentences::open(self.on, self.group, into, passages) + routes;
        let finding = Finding::read(Code::NetworkOpen, reading, says);
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
            Leg::SourceEgress if self.on.path.cloud_map.is_some() => {
                (Code::VpcLinkSecurityGroupBlocks, HopKind::VpcLink)
            }
            Leg::SourceEgress => (Code::LoadBalancerSecurityGroupBlocks, HopKind::LoadBalancer),
            Leg::TargetIngress => (Code::TargetSecurityGroupBlocks, HopKind::Target),
            Leg::AclRequest => (Code::NetworkAclBlocksRequest, HopKind::Target),
            Leg::AclResponse => (Code::NetworkAclBlocksResponse, HopKind::Target),
        }
    }

    /// The reading that these groups' rules stand in.
    fn groups_reading(self, ids: &[String]) -> &'a Reading<Vec<SecurityGroup>> {
        let network = &self.on.balancer.network;
        let far = network.far_groups.value().into_iter().flatten().any(|group| ids.contains(&group.id));
        if far { &network.far_groups } else { &network.near_groups }
    }
}

/// What stops connections, each with the steps that it stops; an ACL's entry is one thing whatever it stops.
fn blockers<'a>(of_leg: &[&'a FlowStep]) -> BTreeMap<Blocker, Vec<(&'a FlowStep, &'a Blocker)>> {
    let mut blockers: BTreeMap<Blocker, Vec<_>> = BTreeMap::new();
    for step in of_leg {
        if let Some(blocker) = stopped_by(step) {
            blockers.entry(blocker.identity()).or_default().push((*step, blocker));
        }
    }
    blockers
}

/// Whether some connections pass this leg, or might; or the load balancer's own checks pass where these rules say they
/// can't.
fn is_partial(of_leg: &[&FlowStep]) -> bool {
    let mut stopped: BTreeMap<(&str, &str, &str, u16), bool> = BTreeMap::new();
    for step in of_leg {
        let connection =
            (step.from.name.as_str(), step.source.name.as_str(), step.to.name.as_str(), step.port);
        *stopped.entry(connection).or_default() |= matches!(step.outcome, StepOutcome::Blocked(_));
    }
    of_leg.iter().any(|step| step.contradicted) || stopped.values().any(|stopped| !stopped)
}
