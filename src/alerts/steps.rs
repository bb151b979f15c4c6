//! What to do, in which order: the repair of what was found first, then what the cause asks to look at.

use crate::alerts::escape;
use crate::causes::NextStep;
use crate::checks::{Confidence, Finding, HopKind, Remedy, State};
use crate::incidents::{Alert, Status};

/// The calls that look at a hop.
const LOOKS_AT: [(&str, HopKind); 6] = [
    ("get-stage", HopKind::Stage),
    ("get-vpc-link", HopKind::VpcLink),
    ("describe-vpc-endpoint-connections", HopKind::EndpointService),
    ("describe-load-balancers", HopKind::LoadBalancer),
    ("describe-listeners", HopKind::Listener),
    ("describe-target-health", HopKind::Target),
];

/// What to do, with commands that are safe to copy; a command that is not is left out.
pub(crate) fn next(alert: &Alert, explaining: Option<&Finding>) -> Vec<Remedy> {
    let safe = |text: Option<String>| text.and_then(|text| escape::command(&text));
    let steps = all(alert, explaining).into_iter();
    steps
        .map(|step| Remedy { command: safe(step.command), verify: safe(step.verify), what: step.what })
        .collect()
}

/// The explaining finding's remedy, those of other faults, and the cause's own steps unless the fault is confirmed. A resolved
/// incident asks only for what is still broken; a test and a merged alert ask for nothing.
fn all(alert: &Alert, explaining: Option<&Finding>) -> Vec<Remedy> {
    match alert.status {
        Status::Test | Status::Merged => return Vec::new(),
        Status::Resolved => {
            let faulty = alert.judgement.findings.iter().filter(|finding| finding.state == State::Faulty);
            return faulty.filter_map(|finding| finding.remedy.clone()).collect();
        }
        _ => {}
    }
    // A check that could not look may name a way to look by hand.
    let others = alert.judgement.findings.iter().filter(|finding| finding.state != State::Healthy);
    let remedies = explaining.into_iter().chain(others).filter_map(|finding| finding.remedy.clone());
    let mut steps: Vec<Remedy> = Vec::new();
    for remedy in remedies {
        if !steps.contains(&remedy) {
            steps.push(remedy);
        }
    }
    if alert.judgement.verdict.tier != Confidence::Confirmed || steps.is_empty() {
        let facts = &alert.judgement.facts;
        let general = alert.news.example.cause.next_steps.iter();
        // A step that looks at a healthy hop is left out, unless no other step is left.
        let mut left: Vec<&NextStep> = general.clone().filter(|step| !is_settled(step, alert)).collect();
        if left.is_empty() && steps.is_empty() {
            left.extend(general);
        }
        steps.extend(left.into_iter().map(|step| Remedy {
            what: facts.fill(step.what),
            command: step.command.map(|command| facts.fill_command(command)),
            verify: step.verify.map(|verify| facts.fill_command(verify)),
        }));
    }
    steps
}

/// Whether the step only asks to look at a hop that was read and is well.
fn is_settled(step: &NextStep, alert: &Alert) -> bool {
    let command = step.command.unwrap_or_default();
    let Some((_, kind)) = LOOKS_AT.iter().find(|(call, _)| command.contains(call)) else { return false };
    let mut hops = alert.judgement.path.iter().filter(|hop| hop.kind == *kind).peekable();
    hops.peek().is_some() && hops.all(|hop| hop.state == State::Healthy)
}
