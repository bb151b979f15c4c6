//! Decides from fresh readings whether the fault of a quiet incident is gone.

use crate::causes::{Blames, Cause};
use crate::checks::{Assessment, CODES, Code, Confidence, Finding, FindingKind, HopKind, State};
use crate::incidents::coverage::KnownFault;

/// What fresh readings say of a fault that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// It is gone; how that was seen.
    Gone(String),
    /// It is there still; what the reading says.
    Still(String),
    /// It could not be read; why.
    Unseen(String),
}

/// Compares fresh readings with what was published.
pub fn recovery(cause: &Cause, fault: Option<&KnownFault>, judgement: &Assessment) -> Recovery {
    let answer = [Code::LoadBalancerAnswered, Code::TargetAnswered5xx].map(Code::slug);
    // What no reading found is looked for in none.
    let only_logged = matches!(cause.blames, Blames::BackendAnswer | Blames::Configuration)
        && fault.is_none_or(|fault| answer.contains(&fault.code.as_str()));
    if cause.blames.spares_path() || only_logged {
        return Recovery::Gone("only the log could show this cause".to_owned());
    }
    if judgement.verdict.tier != Confidence::Unknown {
        return Recovery::Still(judgement.verdict.says.clone());
    }
    let findings = &judgement.findings;
    let fault = fault.and_then(|fault| CODES.iter().copied().find(|code| code.slug() == fault.code));
    let there = findings.iter().find(|f| f.state == State::Faulty && Some(f.code) == fault);
    if let Some(there) = there {
        return Recovery::Still(there.says.clone());
    }
    let unknown = || findings.iter().filter(|finding| finding.state == State::Unknown);
    let blind = unknown().find(|finding| hides(finding, fault));
    if let Some(why) = judgement.unread.as_ref().or(blind.map(|finding| &finding.says)) {
        return Recovery::Unseen(why.clone());
    }
    // Stage and integration have no finding of health: what is read and shows no fault is well.
    if cause.blames == Blames::Configuration && unknown().next().is_none() {
        return Recovery::Gone(
            "the fault is gone from stage and integration, which were read again".to_owned(),
        );
    }
    let healthy = || findings.iter().filter(|finding| finding.state == State::Healthy);
    if !healthy().any(|finding| fault.is_none_or(|fault| shows(finding, fault))) {
        let nothing = || "the resource that was broken could not be read".to_owned();
        return Recovery::Unseen(unknown().next().map_or_else(nothing, |finding| finding.says.clone()));
    }
    match healthy().count() {
        1 => Recovery::Gone("the one hop that was read is healthy".to_owned()),
        n => {
            let found = if fault.is_some() { "finds the fault gone" } else { "finds nothing wrong" };
            Recovery::Gone(format!("a fresh check {found}: {n} readings are healthy"))
        }
    }
}

/// Whether a fault can hide behind what could not be read. What the path reader itself needs always counts: a check that never
/// got there says nothing, which is no reading either. What stands beside the path counts for a fault of its own kind, and
/// what cannot be read (a certificate that only targets have, the health of targets that nothing checks) for one there.
fn hides(unread: &Finding, fault: Option<Code>) -> bool {
    let never = unread.is_unasked();
    match fault {
        Some(fault) if never => {
            let met = is_met(unread.code) && is_met(fault);
            (met || unread.code.kind() == fault.kind()) && unread.hop == fault.hop()
        }
        Some(fault) => {
            let kind = unread.code.kind();
            // A prober is asked at addresses that the network's readings hold.
            let addresses = fault.kind() == FindingKind::Probe && kind == FindingKind::Network;
            kind == FindingKind::Hop || kind == fault.kind() || addresses
        }
        None => !never,
    }
}

/// Whether only a prober can meet it: what a target answers, or the certificate that it presents.
fn is_met(code: Code) -> bool {
    code.kind() == FindingKind::Probe || code.is_certificate() && code.hop() == HopKind::Target
}

/// Whether a healthy reading is of what was at fault, or of a hop that is only reached past it.
fn shows(healthy: &Finding, fault: Code) -> bool {
    match fault.kind() {
        kind @ (FindingKind::Network | FindingKind::Certificate) => healthy.code.kind() == kind,
        // Asked again, the prober finds no fault; that targets are healthy or answer shows the rest.
        FindingKind::Probe => healthy.hop >= fault.hop() && healthy.code.kind() != FindingKind::Network,
        FindingKind::Hop | FindingKind::Setting | FindingKind::Logging | FindingKind::Metric => {
            healthy.code.kind() == FindingKind::Hop && healthy.hop >= fault.hop()
        }
    }
}
