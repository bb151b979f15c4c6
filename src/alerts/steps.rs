//! What to do about an alert: the remedies of its findings, then the cause's own steps, with commands that are safe to copy.

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

/// What to do, with commands that are safe to copy.
pub(crate) fn next_steps(alert: &Alert, explaining: Option<&Finding>) -> Vec<Remedy> {
    all_steps(alert, explaining).iter().map(copyable).collect()
}

/// The same remedy, without a command that a shell would take for more than our program and its words.
pub(crate) fn copyable(remedy: &Remedy) -> Remedy {
    let safe = |text: &Option<String>| text.as_deref().and_then(escape::command);
    Remedy { what: remedy.what.clone(), command: safe(&remedy.command), verify: safe(&remedy.verify) }
}

/// The explaining finding's remedy, those of other faults, and the cause's own steps unless the fault is confirmed. To deploy
/// a prober comes last. A resolved incident asks only for what is still broken; a test and a merged alert ask for nothing.
fn all_steps(alert: &Alert, explaining: Option<&Finding>) -> Vec<Remedy> {
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
    let (later, now): (Vec<&Finding>, Vec<&Finding>) =
        explaining.into_iter().chain(others).partition(|finding| finding.wants_prober());
    let mut steps: Vec<Remedy> = Vec::new();
    add_remedies(&mut steps, &now);
    if alert.judgement.verdict.tier != Confidence::Confirmed || steps.is_empty() {
        let facts = &alert.judgement.facts;
        let v2 = is_v2(alert);
        let general = alert.news.example.cause.next_steps.iter().filter(|step| !v2 || !is_of_v1(step));
        // A step that looks at a healthy hop is left out, unless no other step is left.
        let mut left: Vec<&NextStep> = general.clone().filter(|step| !is_settled(step, alert)).collect();
        if left.is_empty() && steps.is_empty() {
            left.extend(general);
        }
        let fill = |command: &str| facts.fill_command(&if v2 { for_v2(command) } else { command.to_owned() });
        steps.extend(left.into_iter().map(|step| Remedy {
            what: facts.fill(step.what),
            command: step.command.map(fill),
            verify: step.verify.map(fill),
        }));
    }
    add_remedies(&mut steps, &later);
    steps
}

/// Adds what these findings ask for, each thing once.
fn add_remedies(steps: &mut Vec<Remedy>, findings: &[&Finding]) {
    for remedy in findings.iter().filter_map(|finding| finding.remedy.as_ref()) {
        if !steps.contains(remedy) {
            steps.push(remedy.clone());
        }
    }
}

/// Whether the path goes over a V2 link, which has no endpoint service.
fn is_v2(alert: &Alert) -> bool {
    let on_path = |kind| alert.judgement.path.iter().any(|hop| hop.kind == kind);
    on_path(HopKind::VpcLink) && !on_path(HopKind::EndpointService)
}

fn is_of_v1(step: &NextStep) -> bool {
    step.command.is_some_and(|command| command.contains("describe-vpc-endpoint-connections"))
}

/// The catalogue's commands are those of V1 links.
fn for_v2(command: &str) -> String {
    command
        .replace("aws apigateway get-vpc-link", "aws apigatewayv2 get-vpc-link")
        .replace("'[status,statusMessage]'", "'[VpcLinkStatus,VpcLinkStatusMessage]'")
}

/// Whether the step only asks to look at a hop that was read and is well.
fn is_settled(step: &NextStep, alert: &Alert) -> bool {
    let command = step.command.unwrap_or_default();
    let Some((_, kind)) = LOOKS_AT.iter().find(|(call, _)| command.contains(call)) else { return false };
    // The instances of a Cloud Map service are called without a load balancer.
    if *kind >= HopKind::LoadBalancer
        && alert.judgement.path.iter().any(|hop| hop.kind == HopKind::CloudMapService)
    {
        return true;
    }
    let mut hops = alert.judgement.path.iter().filter(|hop| hop.kind == *kind).peekable();
    hops.peek().is_some() && hops.all(|hop| hop.state == State::Healthy)
}
