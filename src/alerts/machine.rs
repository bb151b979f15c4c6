//! The machine alert, `vpclink-responder/alert/1`: private wire structs, so that a renamed field in the program does not
//! break anybody's tool.

use crate::alerts::report;
use crate::{causes, checks, incidents};

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::alerts::escape::plain;
use crate::alerts::report::Report;
use crate::checks::{Finding, State};

/// The name and version of the format.
pub const SCHEMA: &str = "vpclink-responder/alert/1";

#[derive(Serialize)]
struct Alert<'a> {
    schema: &'static str,
    incident: Incident<'a>,
    severity: &'static str,
    account: Option<String>,
    region: Option<String>,
    api: Api,
    routes: Vec<Route>,
    failed: u64,
    first_failure: Option<Timestamp>,
    last_failure: Option<Timestamp>,
    request_ids: Vec<String>,
    cause: Cause,
    verdict: Verdict,
    findings: Vec<WireFinding<'a>>,
    not_checked: Vec<NotChecked<'a>>,
    path: Vec<Hop>,
    next_steps: Vec<Step>,
    evidence: Vec<Evidence>,
    links: Links<'a>,
    /// What the backend answered; null where it gave no answer or none is logged.
    backend_status: Option<u16>,
    /// What the time between sending and failing suggests; never proof.
    #[serde(rename = "hint")]
    clue: Option<&'a str>,
    /// Other APIs and stages that the same fault hits; they are told here and get no alert of their own.
    also_hit: Vec<AlsoAffected>,
    #[serde(skip_serializing_if = "is_none")]
    also_hit_more: usize,
    /// Whether something was left out to fit into one message.
    truncated: bool,
}

#[derive(Serialize)]
struct Incident<'a> {
    id: &'a str,
    dedup_key: &'a str,
    status: &'static str,
    reason: String,
    opened_at: Option<Timestamp>,
    may_repeat: bool,
}

#[derive(Serialize)]
struct Api {
    id: Option<String>,
    name: Option<String>,
    stage: Option<String>,
    canary: bool,
}

#[derive(Serialize)]
struct AlsoAffected {
    api: Api,
    account: Option<String>,
    region: Option<String>,
    cause: &'static str,
    failed: u64,
    routes: Vec<Route>,
}

#[derive(Serialize)]
struct Route {
    method: String,
    resource: String,
    failed: u64,
}

#[derive(Serialize)]
struct Cause {
    slug: &'static str,
    title: &'static str,
}

#[derive(Serialize)]
struct Verdict {
    tier: &'static str,
    code: Option<&'static str>,
    says: String,
}

#[derive(Serialize)]
struct WireFinding<'a> {
    code: &'static str,
    state: &'static str,
    resource: Option<String>,
    says: String,
    detail: BTreeMap<&'a str, String>,
    action: Option<&'a str>,
    read_at: Option<Timestamp>,
    seconds_after_failure: Option<i64>,
}

#[derive(Serialize)]
struct NotChecked<'a> {
    what: String,
    action: Option<&'a str>,
    why: String,
}

#[derive(Serialize)]
struct Hop {
    hop: &'static str,
    resource: Option<String>,
    state: &'static str,
}

#[derive(Serialize)]
struct Step {
    #[serde(rename = "do")]
    what: String,
    command: Option<String>,
    verify: Option<String>,
}

#[derive(Serialize)]
struct Evidence {
    request_id: Option<String>,
    at: Option<Timestamp>,
    line: String,
}

#[derive(Serialize)]
struct Links<'a> {
    logs: Option<&'a str>,
    runbook: Option<&'a str>,
    consoles: Vec<Console>,
}

#[derive(Serialize)]
struct Console {
    resource: String,
    url: String,
}

/// The alert as one line of JSON.
pub(crate) fn body(brief: &Report<'_>) -> String {
    serde_json::to_string(&wire(brief)).expect("texts, numbers, lists and maps of texts always serialise")
}

fn wire<'a>(brief: &'a Report<'a>) -> Alert<'a> {
    let alert = brief.alert;
    let (incident, diagnosis, judgement) = (&alert.incident, &alert.news.example, &alert.judgement);
    let source = &diagnosis.source;
    Alert {
        schema: SCHEMA,
        incident: Incident {
            id: &incident.id,
            dedup_key: &brief.dedup_key,
            status: alert.status.as_str(),
            reason: plain(&alert.reason),
            opened_at: incident.opened_at,
            may_repeat: alert.may_repeat,
        },
        severity: brief.severity.as_str(),
        account: source.account.as_ref().map(|account| plain(account.as_str())),
        region: source.region.as_ref().map(|region| plain(region.as_str())),
        api: Api {
            id: source.api.as_ref().map(|api| plain(api.as_str())),
            name: judgement.facts.api_name.as_deref().map(plain),
            stage: source.stage.as_deref().map(plain),
            canary: source.canary,
        },
        routes: routes(brief),
        failed: incident.failed,
        first_failure: incident.first_failure,
        last_failure: incident.last_failure,
        request_ids: alert
            .news
            .request_ids
            .iter()
            .take(brief.detail.requests)
            .map(|id| plain(id.as_str()))
            .collect(),
        cause: Cause { slug: diagnosis.cause.slug, title: diagnosis.cause.title },
        verdict: Verdict {
            tier: judgement.verdict.tier.as_str(),
            code: judgement.verdict.code.map(|code| code.slug()),
            says: plain(&judgement.verdict.says),
        },
        findings: findings(brief),
        not_checked: not_checked(brief),
        path: path(brief),
        next_steps: steps(brief),
        evidence: evidence(brief),
        links: links(brief),
        backend_status: diagnosis.backend_status,
        clue: diagnosis.clue.as_deref(),
        also_hit: brief.also_hit.iter().map(|hit| also_hit(brief, hit)).collect(),
        also_hit_more: brief.more_hits,
        truncated: brief.detail.cut || brief.more_hits > 0,
    }
}

fn route(route: &causes::Route, failed: u64) -> Route {
    Route { method: plain(&route.method), resource: plain(&route.path), failed }
}

fn routes(brief: &Report<'_>) -> Vec<Route> {
    brief.routes.iter().map(|(known, failed)| route(known, *failed)).collect()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_none(more: &usize) -> bool {
    *more == 0
}

fn also_hit(brief: &Report<'_>, hit: &incidents::AlsoAffected) -> AlsoAffected {
    let source = &hit.source;
    let routes = hit.routes.iter().take(brief.detail.routes);
    AlsoAffected {
        api: Api {
            id: source.api.as_ref().map(|api| plain(api.as_str())),
            name: None,
            stage: source.stage.as_deref().map(plain),
            canary: source.canary,
        },
        account: source.account.as_ref().map(|account| plain(account.as_str())),
        region: source.region.as_ref().map(|region| plain(region.as_str())),
        cause: hit.cause.slug,
        failed: hit.failed,
        routes: routes.map(|(known, failed)| route(known, *failed)).collect(),
    }
}

fn links<'a>(brief: &'a Report<'_>) -> Links<'a> {
    let console = |(label, url): &(String, String)| Console { resource: plain(label), url: url.clone() };
    Links {
        logs: brief.logs.as_deref(),
        runbook: brief.runbook.as_deref(),
        consoles: brief.consoles.iter().map(console).collect(),
    }
}

/// The explaining finding first, whatever else is cut.
fn findings<'a>(brief: &'a Report<'a>) -> Vec<WireFinding<'a>> {
    let judgement = &brief.alert.judgement;
    let explaining = judgement.verdict.finding.into_iter();
    let others = (0..judgement.findings.len()).filter(|index| Some(*index) != judgement.verdict.finding);
    let chosen = explaining.chain(others).map(|index| &judgement.findings[index]);
    chosen.take(brief.detail.findings).map(|finding| wire_finding(brief, finding)).collect()
}

fn wire_finding<'a>(brief: &Report<'_>, finding: &'a Finding) -> WireFinding<'a> {
    WireFinding {
        code: finding.code.slug(),
        state: finding.state.as_str(),
        resource: finding.resource.as_deref().map(plain),
        says: plain(&finding.says),
        detail: finding.detail.iter().map(|(key, value)| (*key, plain(value))).collect(),
        action: finding.action(),
        read_at: finding.read_at(),
        seconds_after_failure: Some(finding)
            .filter(|f| f.state != State::Unknown)
            .and_then(|f| report::seconds_after(brief.alert, f)),
    }
}

fn not_checked<'a>(brief: &Report<'a>) -> Vec<NotChecked<'a>> {
    let wire = |missing: &report::NotChecked| NotChecked {
        what: plain(&missing.what),
        action: missing.action,
        why: plain(&missing.why),
    };
    brief.not_checked.iter().map(wire).collect()
}

fn path(brief: &Report<'_>) -> Vec<Hop> {
    let wire = |hop: &checks::Hop| Hop {
        hop: hop.kind.as_str(),
        resource: hop.resource.as_deref().map(plain),
        state: hop.state.as_str(),
    };
    brief.alert.judgement.path.iter().map(wire).collect()
}

fn steps(brief: &Report<'_>) -> Vec<Step> {
    let wire = |step: &checks::Remedy| Step {
        what: plain(&step.what),
        command: step.command.as_deref().map(plain),
        verify: step.verify.as_deref().map(plain),
    };
    brief.next_steps.iter().map(wire).collect()
}

fn evidence(brief: &Report<'_>) -> Vec<Evidence> {
    let request_id = brief.alert.news.example.request_id.as_ref().map(|id| plain(id.as_str()));
    let wire = |line: &&causes::Evidence| Evidence {
        request_id: request_id.clone(),
        at: line.at(),
        line: plain(line.text()),
    };
    brief.evidence.iter().map(wire).collect()
}
