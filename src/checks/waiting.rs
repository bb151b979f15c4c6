//! A change that waits to be deployed breaks nothing by itself: requests run over what was deployed before, and fail only
//! through what is broken there. So it is set against the faults that were found on that path.

use crate::checks::code::Code;
use crate::checks::code::HopKind;
use crate::checks::finding::Finding;

/// Whether a change that waits would not mend what is broken: the fault that it leaves alone explains the failure.
pub(crate) fn in_vain(waiting: &Finding, explaining: &[&Finding]) -> bool {
    let changed = changed(waiting);
    changed.is_some_and(|changed| others(explaining).any(|fault| !mends(changed, fault.code.hop())))
}

/// Whether the change may as well have nothing to do with the failure: nothing is broken in the very thing it changes.
pub(crate) fn unproven(waiting: &Finding, explaining: &[&Finding]) -> bool {
    let changed = changed(waiting);
    changed.is_some_and(|changed| !others(explaining).any(|fault| is_part(changed, fault.code.hop())))
}

/// What a finding says was changed; `None` where it speaks of something else.
fn changed(finding: &Finding) -> Option<&str> {
    let waits = finding.code == Code::IntegrationNotDeployed;
    finding.detail.get("changed").map(String::as_str).filter(|_| waits)
}

fn others<'a>(explaining: &'a [&Finding]) -> impl Iterator<Item = &'a Finding> {
    let faults = explaining.iter().copied().filter(|finding| finding.code != Code::IntegrationNotDeployed);
    faults.filter(|finding| !finding.code.is_metric())
}

/// Whether a change of this moves requests away from this hop. Another link leads to whatever load balancer it has.
fn mends(changed: &str, hop: HopKind) -> bool {
    match changed {
        "URI" => hop == HopKind::Listener,
        "target" => hop >= HopKind::LoadBalancer,
        _ => hop >= HopKind::VpcLink,
    }
}

/// Whether the hop is what was changed.
fn is_part(changed: &str, hop: HopKind) -> bool {
    match changed {
        "URI" => hop == HopKind::Listener,
        "target" => hop == HopKind::LoadBalancer || hop == HopKind::Listener,
        _ => hop == HopKind::VpcLink || hop == HopKind::EndpointService,
    }
}
