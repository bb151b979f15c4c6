//! The private path as the reader sees it: one hop after the other, each with its state.

use crate::aws::model::Generation;
use crate::causes::RouteContext;
use crate::causes::redact::bounded;
use crate::checks::code::{Code, Kind};
use crate::checks::finding::{Finding, State};
use crate::ids::Arn;
use crate::path::PrivatePath;

/// The hops of a private path, from the client to the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HopKind {
    /// The stage and its variables.
    Stage,
    /// The method's integration.
    Integration,
    /// The VPC link.
    VpcLink,
    /// V1: the endpoint service and API Gateway's connection to it.
    EndpointService,
    /// The load balancer.
    LoadBalancer,
    /// The listener that is called.
    Listener,
    /// A target group behind it.
    TargetGroup,
    /// A target group's targets.
    Target,
}

impl HopKind {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Integration => "integration",
            Self::VpcLink => "vpc-link",
            Self::EndpointService => "endpoint-service",
            Self::LoadBalancer => "load-balancer",
            Self::Listener => "listener",
            Self::TargetGroup => "target-group",
            Self::Target => "target",
        }
    }

    /// The words for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::VpcLink => "VPC link",
            Self::EndpointService => "endpoint service",
            Self::LoadBalancer => "load balancer",
            Self::TargetGroup => "target group",
            Self::Target => "targets",
            other => other.as_str(),
        }
    }
}

/// One hop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Which hop.
    pub kind: HopKind,
    /// Its ARN or id, where known.
    pub resource: Option<String>,
    /// Its name for people, where known.
    pub name: Option<String>,
    /// What the findings make of it.
    pub state: State,
}

/// Longer than any ARN or name of AWS's own.
const LONGEST: usize = 512;

/// The path of a topology, each hop's state taken from the findings about it.
pub(crate) fn path(subject: &RouteContext, topology: &PrivatePath, findings: &[Finding]) -> Vec<Hop> {
    if subject.cause.blames.spares_path() {
        return Vec::new();
    }
    let hop = |kind, resource: Option<String>, name: Option<String>, read: bool| Hop {
        kind,
        state: state(kind, findings, read),
        resource: resource.map(|resource| bounded(&resource, LONGEST)),
        name: name.map(|name| bounded(&name, LONGEST)),
    };
    let stage = subject.source.stage.clone();
    let mut hops = vec![hop(HopKind::Stage, stage.clone(), stage, topology.stage.value().is_some())];
    let resource = topology.resource.clone();
    let name = resource.as_ref().map(|resource| format!("{resource}{}", ways(topology)));
    hops.push(hop(HopKind::Integration, resource, name, topology.integration.value().is_some()));
    if topology.integration.value().is_some_and(|integration| !integration.private) {
        return hops;
    }
    let link = topology.link.value();
    let id = link.map(|link| link.id.clone()).or(topology.link_id.as_ref().map(|id| id.text.clone()));
    hops.push(hop(HopKind::VpcLink, id.clone(), link.and_then(|link| link.name.clone()).or(id), false));
    if topology.generation() != Some(Generation::V2) {
        let id = topology.endpoint_service.value().map(|service| service.id.clone());
        hops.push(hop(HopKind::EndpointService, id.clone(), id, false));
    }
    hops.extend(onward(topology, findings));
    hops
}

/// What is out of the ordinary about the integration: a timeout of its own, a streamed response.
fn ways(topology: &PrivatePath) -> String {
    // The longest without a raised quota, and what an integration has unless somebody set it.
    const ORDINARY_MS: i32 = 29_000;
    let Some(integration) = topology.integration.value() else { return String::new() };
    let timeout = integration.timeout_ms.filter(|ms| *ms != ORDINARY_MS && *ms > 0);
    let timeout = timeout.map(|ms| format!("timeout {} ms", ms));
    let streaming = (integration.streaming == Some(true)).then(|| "response streaming".to_owned());
    let ways: Vec<String> = timeout.into_iter().chain(streaming).collect();
    if ways.is_empty() { String::new() } else { format!(" ({})", ways.join(", ")) }
}

/// The hops from the load balancer on.
pub(crate) fn onward(topology: &PrivatePath, findings: &[Finding]) -> Vec<Hop> {
    let hop = |kind, arn: Option<&Arn>, name: Option<String>| Hop {
        kind,
        state: state(kind, findings, false),
        resource: arn.map(|arn| bounded(arn.as_str(), LONGEST)),
        name: name.map(|name| bounded(&name, LONGEST)),
    };
    let (balancer, listener) = (topology.load_balancer.value(), topology.called_listener());
    let called = listener.map(|listener| format!("{}:{}", listener.protocol, listener.port));
    let mut hops = vec![
        hop(
            HopKind::LoadBalancer,
            balancer.map(|balancer| &balancer.arn),
            balancer.map(|balancer| balancer.name.clone()),
        ),
        hop(HopKind::Listener, listener.map(|listener| &listener.arn), called),
    ];
    hops.extend(behind(topology, findings));
    hops
}

/// Target groups and targets, a pair for each group that the listener forwards to.
fn behind(topology: &PrivatePath, findings: &[Finding]) -> Vec<Hop> {
    let groups = topology.called_target_groups();
    if groups.is_empty() {
        let hop = |kind| Hop { kind, resource: None, name: None, state: State::Unknown };
        return vec![hop(HopKind::TargetGroup), hop(HopKind::Target)];
    }
    let mut hops = Vec::new();
    for arn in groups {
        let name = topology.target_group(&arn).map(|group| group.name.clone());
        let arn = arn.to_string();
        let of_group = |finding: &&Finding| finding.resource.as_deref() == Some(&arn);
        let through = |finding: &&Finding| finding.detail.get("target_group") == Some(&arn);
        let about: Vec<Finding> = findings.iter().filter(|f| of_group(f) || through(f)).cloned().collect();
        let looked = about.iter().any(|f| f.state != State::Unknown && !f.code.is_network());
        let hop = |kind, name: Option<String>, read| Hop {
            kind,
            resource: Some(arn.clone()),
            name,
            state: state(kind, &about, read),
        };
        hops.push(hop(HopKind::TargetGroup, name.clone(), looked));
        hops.push(hop(HopKind::Target, None, false));
    }
    hops
}

/// Faulty where anything is, unknown where nobody could look, healthy only where a reading says so. A hop that was read
/// is not unknown because something else about it could not be.
fn state(kind: HopKind, findings: &[Finding], read: bool) -> State {
    let speaks = |finding: &&Finding| finding.hop == kind && weighs(finding);
    let worst = findings.iter().filter(speaks).map(|finding| finding.state).min();
    match worst {
        Some(State::Unknown) | None if read => State::Healthy,
        Some(worst) => worst,
        None => State::Unknown,
    }
}

/// Whether a finding counts for its hop: a warning never does, nor does what stands beside the hop (rules, certificates,
/// settings, metrics) where it shows no fault: it makes no hop unknown, and rules that let everything through make none
/// healthy.
fn weighs(finding: &Finding) -> bool {
    let code = finding.code;
    let beside = matches!(code.kind(), Kind::Metric | Kind::Certificate | Kind::Setting);
    let idle = beside && finding.state == State::Unknown;
    let open = code.is_network() && finding.state != State::Faulty;
    code != Code::CertificateExpiresSoon && !idle && !open
}
