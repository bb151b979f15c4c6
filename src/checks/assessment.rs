//! Subject and topology → findings and a verdict: which broken hop explains the failure, and how surely.
//!
//! Pure: everything that was read is in the topology, with its time. Not having been able to look is a finding of its
//! own kind and never a fault.

use crate::checks::finding::Finding;
use crate::checks::finding::State;
use crate::checks::hops::Hop;
use crate::checks::hops::HopKind;
use crate::checks::placeholders::Placeholders;
use crate::checks::registry::CHECKS;
use crate::checks::verdict::Verdict;

use crate::checks::{hops, verdict};

use crate::aws::model::Listener;
use crate::aws::{NotRead, ReadError};
use crate::causes::RouteContext;
use crate::path::PrivatePath;

/// What live AWS says about a subject.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// Every check's answers, in the order of the path.
    pub findings: Vec<Finding>,
    /// The finding that explains the failure best.
    pub verdict: Verdict,
    /// The path, hop by hop.
    pub path: Vec<Hop>,
    /// Ids and names for commands and headlines.
    pub facts: Placeholders,
    /// Why no account was read at all, where none was.
    pub unread: Option<String>,
    /// What the role may not read and no finding speaks of: nothing hung on it this time.
    pub refused: Vec<NotRead>,
}

impl Assessment {
    /// The judgement of a subject for which no account was read.
    pub fn unread(subject: &RouteContext, why: &str) -> Self {
        let topology = PrivatePath { endpoint: subject.endpoint.clone(), ..PrivatePath::unread(why) };
        Self {
            findings: Vec::new(),
            verdict: verdict::verdict(subject, &[]),
            path: Vec::new(),
            facts: Placeholders::new(subject, &topology),
            unread: Some(why.to_owned()),
            refused: Vec::new(),
        }
    }
}

/// Runs every check and weighs the findings.
pub fn assess(subject: &RouteContext, topology: &PrivatePath) -> Assessment {
    let mut findings: Vec<Finding> = CHECKS.iter().flat_map(|check| (check.run)(subject, topology)).collect();
    doubt(topology, &mut findings);
    let mut inner = inner(subject, topology);
    let inner_path = topology.behind.as_ref().map(|behind| hops::onward(behind, &inner));
    // All of it lies behind the target that the load balancer itself is.
    inner.iter_mut().for_each(|finding| finding.hop = HopKind::Target);
    findings.append(&mut inner);
    // Stable: the checks' own order is kept within a hop.
    findings.sort_by_key(|finding| finding.hop);
    let facts = Placeholders::new(subject, topology);
    for remedy in findings.iter_mut().filter_map(|finding| finding.remedy.as_mut()) {
        remedy.fill(&facts);
    }
    let mut path = hops::path(subject, topology, &findings);
    path.extend(inner_path.into_iter().flatten());
    Assessment {
        path,
        verdict: verdict::verdict(subject, &findings),
        facts,
        unread: None,
        refused: refused(topology, &findings),
        findings,
    }
}

/// What is found of an application load balancer that is itself the target, and behind it.
fn inner(subject: &RouteContext, topology: &PrivatePath) -> Vec<Finding> {
    let checks = CHECKS.iter().filter(|check| check.walks_on);
    let behind = topology.behind.as_deref().into_iter();
    let found = |behind: &PrivatePath| {
        let mut found: Vec<Finding> = checks.clone().flat_map(|check| (check.run)(subject, behind)).collect();
        doubt(behind, &mut found);
        found
    };
    behind.flat_map(found).collect()
}

/// Where a listener has rules and nobody could read them, they may send the request elsewhere than its default action: what
/// is at fault there is at fault for nobody's request that is known.
fn doubt(topology: &PrivatePath, findings: &mut [Finding]) {
    let ruled = topology.called_listener().is_some_and(Listener::has_rules);
    let Some(unread) = topology.rules.unavailable().filter(|_| ruled) else { return };
    let behind = |finding: &&mut Finding| {
        finding.state == State::Faulty && finding.hop >= HopKind::TargetGroup && !finding.code.is_metric()
    };
    for finding in findings.iter_mut().filter(behind) {
        let resource = finding.resource.take();
        *finding = Finding { resource, ..Finding::unknown(finding.code, unread) };
    }
}

/// One reading for each permission that is missing, unless a finding names the permission.
fn refused(topology: &PrivatePath, findings: &[Finding]) -> Vec<NotRead> {
    let mut unnamed: Vec<NotRead> = Vec::new();
    for refused in &topology.refused {
        let told =
            |finding: &Finding| finding.action == refused.action && finding.why == Some(ReadError::Denied);
        if !findings.iter().any(told) && unnamed.iter().all(|known| known.action != refused.action) {
            unnamed.push(refused.clone());
        }
    }
    unnamed
}
