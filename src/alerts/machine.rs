//! The machine alert, `vpclink-responder/alert/1`: private wire structs, so that a renamed field in the program breaks no
//! reader's tool.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::alerts::escape::{self, plain};
use crate::alerts::report::{FULL, NotChecked, Quote, Report, not_checked, unread_of};
use crate::alerts::steps::copyable;
use crate::alerts::words;
use crate::causes::{Route, RouteContext};
use crate::checks::{Assessment, Finding, Hop, Remedy, State};
use crate::ids::ApiKind;
use crate::incidents::AlsoAffected;
use crate::logs::{EXECUTION_LOG_PREFIX, LogType, Source};

/// The name and version of the format.
pub(crate) const SCHEMA: &str = "vpclink-responder/alert/1";

#[derive(Serialize)]
struct WireAlert<'a> {
    schema: &'static str,
    incident: WireIncident<'a>,
    severity: &'static str,
    account: Option<String>,
    region: Option<String>,
    api: WireApi,
    routes: Vec<WireRoute>,
    failed: u64,
    first_failure: Option<Timestamp>,
    last_failure: Option<Timestamp>,
    request_ids: Vec<String>,
    cause: WireCause,
    verdict: WireVerdict,
    findings: Vec<WireFinding<'a>>,
    not_checked: Vec<WireNotChecked<'a>>,
    path: Vec<WireHop>,
    next_steps: Vec<WireStep>,
    evidence: Vec<WireQuote>,
    links: WireLinks<'a>,
    /// What the backend answered; null where it gave no answer or none is logged.
    backend_status: Option<u16>,
    /// What the time between sending and failing suggests; never proof.
    #[serde(rename = "hint")]
    clue: Option<&'a str>,
    /// Other APIs and stages that the same fault fails; this alert stands for them too.
    also_hit: Vec<WireAlsoAffected>,
    /// How many more are only counted.
    also_hit_more: u64,
    /// Whether something was left out to fit into one message.
    truncated: bool,
    source: &'static str,
}

/// The name and version of what `check` prints.
const CHECK_SCHEMA: &str = "vpclink-responder/check/1";

#[derive(Serialize)]
struct WireCheck<'a> {
    schema: &'static str,
    api: WireApi,
    /// Null where the check named no route.
    route: Option<WireCheckRoute>,
    verdict: WireVerdict,
    findings: Vec<WireFinding<'a>>,
    not_checked: Vec<WireNotChecked<'a>>,
    path: Vec<WireHop>,
    next_steps: Vec<WireStep>,
}

#[derive(Serialize)]
struct WireCheckRoute {
    method: String,
    resource: String,
}

#[derive(Serialize)]
struct WireIncident<'a> {
    id: &'a str,
    dedup_key: String,
    status: &'static str,
    reason: String,
    opened_at: Option<Timestamp>,
    may_repeat: bool,
}

#[derive(Serialize)]
struct WireApi {
    id: Option<String>,
    name: Option<String>,
    stage: Option<String>,
    canary: bool,
    kind: &'static str,
}

#[derive(Serialize)]
struct WireAlsoAffected {
    api: WireApi,
    account: Option<String>,
    region: Option<String>,
    cause: &'static str,
    failed: u64,
    routes: Vec<WireRoute>,
}

#[derive(Serialize)]
struct WireRoute {
    method: String,
    resource: String,
    failed: u64,
}

#[derive(Serialize)]
struct WireCause {
    slug: &'static str,
    title: &'static str,
}

#[derive(Serialize)]
struct WireVerdict {
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
struct WireNotChecked<'a> {
    what: String,
    action: Option<&'a str>,
    why: String,
}

#[derive(Serialize)]
struct WireHop {
    hop: &'static str,
    resource: Option<String>,
    state: &'static str,
}

#[derive(Serialize)]
struct WireStep {
    #[serde(rename = "do")]
    what: String,
    command: Option<String>,
    verify: Option<String>,
}

#[derive(Serialize)]
struct WireQuote {
    request_id: Option<String>,
    at: Option<Timestamp>,
    line: String,
}

#[derive(Serialize)]
struct WireLinks<'a> {
    logs: Option<&'a str>,
    runbook: Option<&'a str>,
    consoles: Vec<WireConsole>,
}

#[derive(Serialize)]
struct WireConsole {
    resource: String,
    url: String,
}

/// The alert as one line of JSON.
pub(crate) fn body(report: &Report<'_>) -> String {
    serde_json::to_string(&wire(report)).expect("texts, numbers, lists and maps of texts always serialise")
}

fn wire<'a>(report: &'a Report<'a>) -> WireAlert<'a> {
    let alert = report.alert;
    let (incident, diagnosis, judgement) = (&alert.incident, &alert.news.example, &alert.judgement);
    let source = &diagnosis.source;
    let request_ids = alert.news.request_ids.iter().take(report.amount.requests);
    let routes = words::routes(alert);
    let mut hits: Vec<&AlsoAffected> = alert.also_hit.iter().collect();
    hits.sort_by_key(|hit| std::cmp::Reverse(hit.failed));
    WireAlert {
        schema: SCHEMA,
        incident: WireIncident {
            id: &incident.id,
            dedup_key: words::dedup_key(alert),
            status: alert.status.as_str(),
            reason: plain(&alert.reason),
            opened_at: incident.opened_at,
            may_repeat: alert.may_repeat,
        },
        severity: words::severity(alert).as_str(),
        account: source.account.as_ref().map(|account| plain(account.as_str())),
        region: source.region.as_ref().map(|region| plain(region.as_str())),
        api: api(source, judgement.facts.api_name.as_deref(), judgement.facts.api_kind),
        routes: routes
            .iter()
            .take(report.amount.routes)
            .map(|(known, failed)| route(known, *failed))
            .collect(),
        failed: incident.failed,
        first_failure: incident.first_failure,
        last_failure: incident.last_failure,
        request_ids: request_ids.map(|id| escape::request_id(id.as_str())).collect(),
        cause: WireCause { slug: diagnosis.cause.slug, title: diagnosis.cause.title },
        verdict: verdict(judgement),
        findings: findings(report),
        not_checked: unread_of(alert, report.amount).into_iter().map(unread).collect(),
        path: judgement.path.iter().map(hop).collect(),
        next_steps: report.steps().iter().map(step).collect(),
        evidence: evidence(report),
        links: links(report),
        backend_status: diagnosis.backend_status,
        clue: diagnosis.clue.as_deref(),
        also_hit: hits.iter().take(report.amount.hits).map(|hit| also_affected(report, hit)).collect(),
        also_hit_more: alert.also_hit.len().saturating_sub(report.amount.hits) as u64,
        truncated: report.is_cut(),
        source: source_word(source),
    }
}

/// API Gateway writes execution logs to groups of its own; other groups receive them by delivery.
fn source_word(source: &Source) -> &'static str {
    let group = source.log_group.as_deref();
    match source.log {
        LogType::Execution if group.is_some_and(|group| !group.starts_with(EXECUTION_LOG_PREFIX)) => {
            LogType::Delivered
        }
        log => log,
    }
    .as_str()
}

fn api(source: &Source, name: Option<&str>, kind: ApiKind) -> WireApi {
    WireApi {
        id: source.api.as_ref().map(|api| plain(api.as_str())),
        name: name.map(plain),
        stage: source.stage.as_deref().map(plain),
        canary: source.canary,
        kind: kind.as_str(),
    }
}

fn route(route: &Route, failed: u64) -> WireRoute {
    WireRoute { method: plain(&route.method), resource: plain(&route.path), failed }
}

fn also_affected(report: &Report<'_>, hit: &AlsoAffected) -> WireAlsoAffected {
    let source = &hit.source;
    let routes = hit.routes.iter().take(report.amount.routes);
    WireAlsoAffected {
        api: api(source, None, source.api_kind.unwrap_or(ApiKind::Rest)),
        account: source.account.as_ref().map(|account| plain(account.as_str())),
        region: source.region.as_ref().map(|region| plain(region.as_str())),
        cause: hit.cause.slug,
        failed: hit.failed,
        routes: routes.map(|(known, failed)| route(known, *failed)).collect(),
    }
}

fn links<'a>(report: &'a Report<'_>) -> WireLinks<'a> {
    let console = |(label, url): &(String, String)| WireConsole { resource: plain(label), url: url.clone() };
    WireLinks {
        logs: report.links.logs.as_deref(),
        runbook: report.links.runbook.as_deref(),
        consoles: report.links.consoles.iter().map(console).collect(),
    }
}

/// The explaining finding first, whatever else is cut.
fn findings<'a>(report: &Report<'a>) -> Vec<WireFinding<'a>> {
    let judgement = &report.alert.judgement;
    let explaining = judgement.verdict.finding.into_iter();
    let others = (0..judgement.findings.len()).filter(|index| Some(*index) != judgement.verdict.finding);
    let chosen = explaining.chain(others).map(|index| &judgement.findings[index]);
    chosen.take(report.amount.findings).map(|found| finding(report, found)).collect()
}

/// What `vpclink check` found of a route, as one document.
pub(crate) fn check(subject: &RouteContext, judgement: &Assessment) -> String {
    let broken =
        judgement.findings.iter().filter(|found| matches!(found.state, State::Faulty | State::Warning));
    let document = WireCheck {
        schema: CHECK_SCHEMA,
        api: api(&subject.source, judgement.facts.api_name.as_deref(), judgement.facts.api_kind),
        route: subject.route.as_ref().map(|known| {
            let known = judgement.facts.templated(known);
            WireCheckRoute { method: plain(&known.method), resource: plain(&known.path) }
        }),
        verdict: verdict(judgement),
        findings: judgement.findings.iter().map(|found| wire_finding(found, None)).collect(),
        not_checked: not_checked(judgement, FULL).into_iter().map(unread).collect(),
        path: judgement.path.iter().map(hop).collect(),
        next_steps: broken
            .filter_map(|found| found.remedy.as_ref())
            .map(|remedy| step(&copyable(remedy)))
            .collect(),
    };
    serde_json::to_string(&document).expect("texts, numbers, lists and maps of texts always serialise") + "\n"
}

fn verdict(judgement: &Assessment) -> WireVerdict {
    WireVerdict {
        tier: judgement.verdict.tier.as_str(),
        code: judgement.verdict.code.map(|code| code.slug()),
        says: plain(&judgement.verdict.says),
    }
}

fn unread(missing: NotChecked) -> WireNotChecked<'static> {
    WireNotChecked { what: plain(&missing.what), action: missing.action, why: plain(&missing.why) }
}

fn finding<'a>(report: &Report<'_>, finding: &'a Finding) -> WireFinding<'a> {
    let after = Some(finding).filter(|found| found.state != State::Unknown);
    wire_finding(finding, after.and_then(|found| words::seconds_after(report.alert, found)))
}

fn wire_finding(finding: &Finding, seconds_after_failure: Option<i64>) -> WireFinding<'_> {
    WireFinding {
        code: finding.code.slug(),
        state: finding.state.as_str(),
        resource: finding.resource.as_deref().map(plain),
        says: plain(&finding.says),
        detail: finding.detail.iter().map(|(key, value)| (*key, plain(value))).collect(),
        action: finding.action(),
        read_at: finding.read_at(),
        seconds_after_failure,
    }
}

fn hop(hop: &Hop) -> WireHop {
    WireHop {
        hop: hop.kind.as_str(),
        resource: hop.resource.as_deref().map(plain),
        state: hop.state.as_str(),
    }
}

fn step(step: &Remedy) -> WireStep {
    WireStep {
        what: plain(&step.what),
        command: step.command.as_deref().map(plain),
        verify: step.verify.as_deref().map(plain),
    }
}

fn evidence(report: &Report<'_>) -> Vec<WireQuote> {
    let request_id = report.alert.news.example.request_id.as_ref().map(|id| escape::request_id(id.as_str()));
    let wire = |quote: &Quote<'_>| WireQuote {
        request_id: request_id.clone(),
        at: quote.line.at(),
        line: plain(&quote.text),
    };
    report.quotes().iter().map(wire).collect()
}
