//! The private path as the reader sees it: one hop after the other, each with its state.

use crate::aws::model::Generation;
use crate::causes::RouteContext;
use crate::causes::redact::bounded;
use crate::checks::code::{FindingKind, HopKind, State};
use crate::checks::finding::Finding;
use crate::ids::Arn;
use crate::path::{Link, OnPath, PrivatePath};

/// One hop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    pub kind: HopKind,
    /// Which load balancer of the path it belongs to: 0 for the first, and for the hops before it.
    pub balancer: usize,
    /// Its ARN or id, where known.
    pub resource: Option<String>,
    /// Its name for people, where known.
    pub name: Option<String>,
    /// What the findings make of it.
    pub state: State,
}

/// Longer than any ARN or name of AWS's own.
const LONGEST: usize = 512;

impl Hop {
    /// Whether a finding speaks of this hop; of several target groups, of this one.
    pub fn is_about(&self, finding: &Finding) -> bool {
        let of_group = matches!(self.kind, HopKind::TargetGroup | HopKind::Target);
        // What a load balancer counted of its targets names the load balancer, and no group.
        let named = finding.detail.get("target_group").or(finding.resource.as_ref());
        let named = named.filter(|name| name.contains(":targetgroup/"));
        self.kind == finding.hop
            && self.balancer == finding.balancer
            && (!of_group || self.resource.is_none() || named.is_none() || named == self.resource.as_ref())
    }
}

/// The path hop by hop, each hop's state taken from the findings about it.
pub(crate) fn path(subject: &RouteContext, path: &PrivatePath, findings: &[Finding]) -> Vec<Hop> {
    if subject.spares_path() {
        return Vec::new();
    }
    let hop = |kind, resource: Option<String>, name: Option<String>, read: bool| Hop {
        kind,
        balancer: 0,
        state: state(kind, findings.iter().filter(|finding| finding.balancer == 0), read),
        resource: resource.map(|resource| bounded(&resource, LONGEST)),
        name: name.map(|name| bounded(&name, LONGEST)),
    };
    let stage = subject.source.stage.clone();
    let mut hops = vec![hop(HopKind::Stage, stage.clone(), stage, path.stage.value().is_some())];
    let resource = path.resource.clone();
    let name = resource.as_ref().map(|resource| format!("{resource}{}", ways(path)));
    hops.push(hop(HopKind::Integration, resource, name, path.integration.value().is_some()));
    if subject.spares_link() || path.integration.value().is_some_and(|integration| !integration.private) {
        return hops;
    }
    let link = path.vpc_link();
    let id = link.map(|link| link.id.clone()).or(path.link_id.as_ref().map(|id| id.text.clone()));
    hops.push(hop(HopKind::VpcLink, id.clone(), link.and_then(|link| link.name.clone()).or(id), false));
    if path.generation() != Some(Generation::V2) {
        let id = match &path.link {
            Some(Link::V1 { service, .. }) => service.value().map(|service| service.id.clone()),
            _ => None,
        };
        hops.push(hop(HopKind::EndpointService, id.clone(), id, false));
    }
    if let Some(cloud_map) = &path.cloud_map {
        let name = cloud_map.service.value().map(|service| service.name.clone());
        let arn = Some(cloud_map.arn.to_string());
        hops.push(hop(HopKind::CloudMapService, arn.clone(), name, false));
        hops.push(hop(
            HopKind::Target,
            arn,
            None,
            cloud_map.instances.value().is_some_and(|all| !all.is_empty()),
        ));
        return hops;
    }
    match &path.balancer {
        Some(_) => hops.extend(path.balancers().flat_map(|on| onward(on, findings))),
        None => {
            let behind = [HopKind::LoadBalancer, HopKind::Listener, HopKind::TargetGroup, HopKind::Target];
            hops.extend(behind.map(|kind| hop(kind, None, None, false)));
        }
    }
    hops
}

/// What is out of the ordinary about the integration: a timeout of its own, a streamed response.
fn ways(path: &PrivatePath) -> String {
    // The longest without a raised quota, and what an integration has by default.
    const ORDINARY_MS: i32 = 29_000;
    let Some(integration) = path.integration.value() else { return String::new() };
    let timeout = integration.timeout_ms.filter(|ms| *ms != ORDINARY_MS && *ms > 0);
    let timeout = timeout.map(|ms| format!("timeout {} ms", ms));
    let streaming = (integration.streaming == Some(true)).then(|| "response streaming".to_owned());
    let ways: Vec<String> = timeout.into_iter().chain(streaming).collect();
    if ways.is_empty() { String::new() } else { format!(" ({})", ways.join(", ")) }
}

/// A load balancer, its listener, and a pair for each group that the listener forwards to.
fn onward(on: OnPath<'_>, findings: &[Finding]) -> Vec<Hop> {
    let own: Vec<&Finding> = findings.iter().filter(|finding| finding.balancer == on.position).collect();
    let hop = |kind, resource: Option<&Arn>, name: Option<String>, state| Hop {
        kind,
        balancer: on.position,
        state,
        resource: resource.map(|arn| bounded(arn.as_str(), LONGEST)),
        name: name.map(|name| bounded(&name, LONGEST)),
    };
    let of = |kind| state(kind, own.iter().copied(), false);
    let (balancer, listener) = (on.balancer.load_balancer.value(), on.balancer.called_listener());
    let called = listener.map(|listener| format!("{}:{}", listener.protocol, listener.port));
    let mut hops = vec![
        hop(
            HopKind::LoadBalancer,
            balancer.map(|balancer| &balancer.arn),
            balancer.map(|balancer| balancer.name.clone()),
            of(HopKind::LoadBalancer),
        ),
        hop(HopKind::Listener, listener.map(|listener| &listener.arn), called, of(HopKind::Listener)),
    ];
    let groups = on.called_target_groups();
    if groups.is_empty() {
        hops.push(hop(HopKind::TargetGroup, None, None, State::Unknown));
        hops.push(hop(HopKind::Target, None, None, State::Unknown));
    }
    for arn in groups {
        let name = on.target_group(&arn).map(|group| group.name.clone());
        let of_group = |finding: &&Finding| {
            finding.resource.as_deref() == Some(arn.as_str())
                || finding.detail.get("target_group").map(String::as_str) == Some(arn.as_str())
        };
        let about: Vec<&Finding> = own.iter().copied().filter(of_group).collect();
        let read = about.iter().any(|f| f.state != State::Unknown && !f.code.is_network());
        let of = |kind, read| state(kind, about.iter().copied(), read);
        hops.push(hop(HopKind::TargetGroup, Some(&arn), name, of(HopKind::TargetGroup, read)));
        hops.push(hop(HopKind::Target, Some(&arn), None, of(HopKind::Target, false)));
    }
    hops
}

/// Faulty where anything is, unknown where it could not be read, healthy only where a reading says so. A hop that was read
/// is not unknown because something else about it could not be.
fn state<'a>(kind: HopKind, findings: impl Iterator<Item = &'a Finding>, read: bool) -> State {
    let worst = findings.filter(|f| f.hop == kind && weighs(f)).map(|finding| finding.state).min();
    match worst {
        Some(State::Unknown) | None if read => State::Healthy,
        Some(worst) => worst,
        None => State::Unknown,
    }
}

/// Whether a finding sets its hop's state. Warnings never do. Certificates, settings, metrics and probes make no hop unknown.
/// Rules do only when faulty: rules that let everything through make no hop healthy.
fn weighs(finding: &Finding) -> bool {
    let beside = matches!(
        finding.code.kind(),
        FindingKind::Metric | FindingKind::Certificate | FindingKind::Setting | FindingKind::Probe
    );
    let idle = beside && finding.state == State::Unknown;
    let open = finding.code.is_network() && finding.state != State::Faulty;
    finding.state != State::Warning && !idle && !open
}
