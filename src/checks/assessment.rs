//! Diagnosis and path → findings and a verdict: which broken hop explains the failure, and how surely.
//!
//! Pure: everything that was read is in the path, with its time. What could not be read is a finding of its own kind and
//! never a fault. Findings are made in three steps, each a function: a check finds, an unread rule puts in doubt what lies
//! behind it, and a finding that repeats a nearer one is left out.

use std::collections::BTreeSet;

use crate::aws::model::{Rule, target_groups};
use crate::aws::{NotRead, QueryKind, ReadError};
use crate::causes::RouteContext;
use crate::checks::code::{Code, HopKind, State};
use crate::checks::finding::Finding;
use crate::checks::hops::{self, Hop};
use crate::checks::placeholders::Placeholders;
use crate::checks::stage::NO_SUCH_API;
use crate::checks::verdict::{self, Verdict};
use crate::checks::{
    answered, attributes, certificate, client_certificate, cloud_map, endpoint_service, listener,
    load_balancer, metrics, network, probe, protocol, routes, stage, targets, vpc_link, zones,
};
use crate::path::{OnPath, PrivatePath};
use crate::text::counted;

/// A check of what lies before the load balancers.
type PathCheck = fn(&RouteContext, &PrivatePath) -> Vec<Finding>;

/// A check of one load balancer and what lies behind it. Every one of them is run on every load balancer of a path.
type BalancerCheck = fn(&RouteContext, OnPath<'_>) -> Vec<Finding>;

static PATH_CHECKS: [PathCheck; 4] =
    [stage::check, vpc_link::check, endpoint_service::check, cloud_map::check];

/// In this order on one hop: rules that keep health checks out are why targets are unhealthy, so the network comes first.
static BALANCER_CHECKS: [BalancerCheck; 13] = [
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
    probe::check,
    attributes::check,
    metrics::check,
];

/// What live AWS says about a failed route.
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
    /// The assessment of a failure for which no account was read.
    pub fn unread(subject: &RouteContext, why: &str) -> Self {
        let path = PrivatePath { endpoint: subject.endpoint.clone(), ..PrivatePath::unread(why) };
        let verdict = verdict::verdict(subject, &[]);
        Self {
            findings: Vec::new(),
            verdict: Verdict { says: answered::unread(subject).unwrap_or(verdict.says), ..verdict },
            path: Vec::new(),
            facts: Placeholders::new(subject, &path),
            unread: Some(why.to_owned()),
            refused: Vec::new(),
        }
    }
}

impl Assessment {
    /// Whether AWS knows no API of the id that the log names.
    pub fn has_no_api(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.detail.get(NO_SUCH_API.0).is_some_and(|what| what == NO_SUCH_API.1))
    }
}

/// Runs every check and weighs the findings.
pub fn assess(subject: &RouteContext, path: &PrivatePath) -> Assessment {
    let before = PATH_CHECKS.iter().flat_map(|check| check(subject, path));
    let behind = path.balancers().flat_map(|on| of_balancer(subject, on));
    let mut findings = said_once(before.chain(behind));
    // Stable: the checks' own order is kept within a hop.
    findings.sort_by_key(|finding| (finding.balancer, finding.hop));
    let facts = Placeholders::new(subject, path);
    for remedy in findings.iter_mut().filter_map(|finding| finding.remedy.as_mut()) {
        remedy.fill(&facts);
    }
    Assessment {
        path: hops::path(subject, path, &findings),
        verdict: verdict::verdict(subject, &findings),
        facts,
        unread: None,
        refused: refused(path, &findings),
        findings,
    }
}

/// What is found of one load balancer, and behind it.
fn of_balancer(subject: &RouteContext, on: OnPath<'_>) -> Vec<Finding> {
    // One that speaks HTTP answers for what is broken behind it.
    let answers = on.load_balancer.value().is_some_and(|balancer| balancer.kind == "application");
    let found = BALANCER_CHECKS.iter().flat_map(|check| check(subject, on));
    // Where others take a share of the requests, a fault of this one explains some failures alone.
    let shared = on.position > 0
        && on.path.balancer.as_ref().is_some_and(|outer| outer.called_target_groups().len() > 1);
    let placed = found.map(|finding| Finding {
        balancer: on.position,
        answered: answers && is_behind(&finding),
        partial: finding.partial || (shared && finding.state == State::Faulty),
        ..finding
    });
    match unread_rules(on) {
        Some(unread) => placed.map(|finding| in_doubt(finding, unread)).collect(),
        None => undecided(on, placed.collect()),
    }
}

/// Whether it speaks of what lies behind the load balancer's listener.
fn is_behind(finding: &Finding) -> bool {
    finding.hop >= HopKind::TargetGroup
        || finding.detail.contains_key("target_group")
        || finding.code == Code::ListenerForwardsNowhere
}

/// Why the rules of the called listener could not be read, where it has any.
fn unread_rules(on: OnPath<'_>) -> Option<&NotRead> {
    on.balancer.rules.unavailable().filter(|_| on.balancer.is_ruled())
}

/// Rules may send the request elsewhere than the default action: while they are unread, a fault behind the default action
/// can't be tied to this request, so it is reported as unknown.
fn in_doubt(finding: Finding, unread: &NotRead) -> Finding {
    if is_fault_behind(&finding) { finding.doubted(unread) } else { finding }
}

fn is_fault_behind(finding: &Finding) -> bool {
    // Who answered depends on no rule.
    let answered = finding.code == Code::TargetAnswered5xx;
    finding.state == State::Faulty && !finding.code.is_metric() && is_behind(finding) && !answered
}

/// Several rules may have taken the request: what not all of them lead to can't be tied to it.
fn undecided(on: OnPath<'_>, findings: Vec<Finding>) -> Vec<Finding> {
    let rules = on.taking_rules().unwrap_or_default();
    let broken: BTreeSet<&str> = findings
        .iter()
        .filter(|finding| is_fault_behind(finding))
        .filter_map(|finding| finding.detail.get("target_group").or(finding.resource.as_ref()))
        .map(String::as_str)
        .collect();
    let leads_to_fault = |rule: &&Rule| {
        let groups = target_groups(&rule.actions);
        groups.is_empty() || groups.iter().any(|group| broken.contains(group.as_str()))
    };
    if rules.len() < 2 || rules.iter().all(leads_to_fault) {
        return findings;
    }
    let unknown = NotRead::not_asked(
        "which rule of the listener takes the request",
        Some(QueryKind::Rules),
        format!(
            "the log shows too little of the request to match it against {}",
            counted(rules.len() - 1, "rule")
        ),
    );
    findings.into_iter().map(|finding| in_doubt(finding, &unknown)).collect()
}

/// Two load balancers in one VPC need the same readings: what one misses is not reported again of the other.
fn said_once(found: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for finding in found {
        let again = |known: &Finding| {
            known.code == finding.code
                && known.not_read() == finding.not_read()
                && known.balancer < finding.balancer
        };
        if finding.not_read().is_none() || !findings.iter().any(again) {
            findings.push(finding);
        }
    }
    findings
}

/// One reading for each permission that is missing, unless a finding names the permission.
fn refused(path: &PrivatePath, findings: &[Finding]) -> Vec<NotRead> {
    let mut unnamed: Vec<NotRead> = Vec::new();
    for refused in &path.refused {
        let named = findings
            .iter()
            .filter_map(Finding::not_read)
            .any(|not_read| not_read.why == ReadError::Denied && not_read.action() == refused.action());
        if !named && unnamed.iter().all(|known| known.action() != refused.action()) {
            unnamed.push(refused.clone());
        }
    }
    unnamed
}
