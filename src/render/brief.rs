//! What an alert says, before any form is given to it.

use jiff::Timestamp;

use super::{Detail, links};
use crate::classify::{Evidence, Route};
use crate::incident::Alert;
use crate::judge::{Finding, Remedy, State, Tier};
use crate::survey::Why;
use crate::vocabulary::Severity;

/// The parts of an alert, in the order in which they are told.
pub(super) struct Brief<'a> {
    pub(super) alert: &'a Alert,
    pub(super) detail: Detail,
    /// "GET /orders (orders/prod) returns 500".
    pub(super) headline: String,
    /// What is broken, in one sentence.
    pub(super) fault: String,
    /// What the failure hides: "the backend itself answered 403".
    pub(super) beneath: Option<String>,
    /// What the failure's time suggests, where nothing better is confirmed.
    pub(super) hint: Option<&'a str>,
    /// "confirmed, read 41 s after the failure".
    pub(super) surety: String,
    pub(super) severity: Severity,
    pub(super) dedup_key: String,
    pub(super) routes: Vec<(Route, u64)>,
    pub(super) more_routes: usize,
    pub(super) faulty: Vec<&'a Finding>,
    pub(super) healthy: Vec<&'a Finding>,
    pub(super) not_checked: Vec<NotChecked>,
    pub(super) next_steps: Vec<Remedy>,
    pub(super) evidence: Vec<&'a Evidence>,
    pub(super) logs: Option<String>,
    pub(super) runbook: Option<String>,
}

/// Something nobody could look at.
pub(super) struct NotChecked {
    pub(super) what: String,
    /// The permission that would help; none where no permission would.
    pub(super) action: Option<&'static str>,
    pub(super) why: String,
}

impl<'a> Brief<'a> {
    pub(super) fn new(alert: &'a Alert, detail: Detail) -> Self {
        let (diagnosis, judgement) = (&alert.news.example, &alert.judgement);
        let explaining = judgement.verdict.finding.map(|index| &judgement.findings[index]);
        let of = |state| {
            let findings = judgement.findings.iter().filter(move |f| f.state == state);
            findings
                .filter(|f| !explaining.is_some_and(|e| std::ptr::eq(e, *f)))
                .take(detail.findings)
                .collect()
        };
        let fault = match judgement.verdict.tier {
            Tier::Confirmed => judgement.verdict.says.clone(),
            Tier::Likely => format!("probably {}", judgement.verdict.says),
            Tier::Unknown => diagnosis.cause.title.to_owned(),
        };
        let all_routes = routes(alert);
        let mut evidence: Vec<&Evidence> = diagnosis.context.iter().chain([&diagnosis.evidence]).collect();
        evidence.sort_by_key(|evidence| evidence.number());
        keep_proof(&mut evidence, &diagnosis.evidence, detail.evidence);
        Self {
            alert,
            detail,
            headline: headline(alert),
            fault,
            beneath: diagnosis.beneath(),
            hint: diagnosis.hint.as_deref().filter(|_| judgement.verdict.tier != Tier::Confirmed),
            surety: surety(alert, explaining),
            severity: severity(alert),
            dedup_key: format!("vpclink-responder/{}", alert.incident.fingerprint),
            more_routes: all_routes.len().saturating_sub(detail.routes),
            routes: all_routes.into_iter().take(detail.routes).collect(),
            faulty: of(State::Faulty),
            healthy: of(State::Healthy),
            not_checked: not_checked(alert, detail),
            next_steps: next_steps(alert, explaining),
            evidence,
            logs: links::logs(alert),
            runbook: links::runbook(diagnosis),
        }
    }

    /// `orders/prod`, by name where it is known, else by id.
    pub(super) fn api_label(&self) -> Option<String> {
        api_label(self.alert)
    }
}

/// Times as people read them: UTC, to the second.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Whole seconds from the failure to the reading; negative where it was read before.
pub(super) fn seconds_after(alert: &Alert, finding: &Finding) -> Option<i64> {
    Some(finding.read_at?.duration_since(alert.news.example.at?).as_secs())
}

/// "41 s after the failure".
pub(super) fn distance(alert: &Alert, finding: &Finding) -> Option<String> {
    Some(match seconds_after(alert, finding)? {
        seconds @ 0..120 => format!("{seconds} s after the failure"),
        seconds @ 120..7200 => format!("{} min after the failure", seconds / 60),
        seconds @ 7200..172_800 => format!("{} h after the failure", seconds / 3600),
        seconds @ 172_800.. => format!("{} days after the failure", seconds / 86_400),
        seconds => format!("{} s before the failure", -seconds),
    })
}

fn api_label(alert: &Alert) -> Option<String> {
    let source = &alert.news.example.source;
    let name = alert.judgement.facts.api_name.clone().or(source.api.as_ref().map(ToString::to_string))?;
    let stage = source.stage.as_deref().unwrap_or("?");
    Some(format!("{name}/{stage}{}", if source.canary { " canary" } else { "" }))
}

fn headline(alert: &Alert) -> String {
    let diagnosis = &alert.news.example;
    let route = diagnosis.route.as_ref().map(|route| alert.judgement.facts.templated(route));
    let others = match routes(alert).len().saturating_sub(1) {
        0 => String::new(),
        1 => " and 1 more route".to_owned(),
        n => format!(" and {n} more routes"),
    };
    let route = route.map(|route| format!("{} {}{others}", route.method, route.path));
    let what = match (route, api_label(alert)) {
        (Some(route), Some(label)) => format!("{route} ({label})"),
        (Some(route), None) => route,
        (None, Some(label)) => label,
        (None, None) => "an API".to_owned(),
    };
    let verb = if others.is_empty() { "returns" } else { "return" };
    let status = diagnosis.status.map_or("5xx".to_owned(), |status| status.to_string());
    format!("{what} {verb} {status}")
}

fn routes(alert: &Alert) -> Vec<(Route, u64)> {
    let mut routes: Vec<(Route, u64)> = Vec::new();
    for (route, failed) in &alert.incident.routes {
        let route = alert.judgement.facts.templated(route);
        match routes.iter_mut().find(|(known, _)| *known == route) {
            Some((_, known)) => *known += failed,
            None => routes.push((route, *failed)),
        }
    }
    routes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    routes
}

fn surety(alert: &Alert, explaining: Option<&Finding>) -> String {
    let tier = alert.judgement.verdict.tier.as_str();
    match explaining {
        Some(finding) => {
            let distance = distance(alert, finding)
                .unwrap_or("at a time that can't be set against the failure".to_owned());
            format!("{tier}, read {distance}")
        }
        None => format!("{tier}: {}", alert.judgement.verdict.says),
    }
}

/// The text's severity; a fault that leaves some targets working is less than one that leaves none.
fn severity(alert: &Alert) -> Severity {
    let verdict = &alert.judgement.verdict;
    let partial = verdict.finding.is_some_and(|index| alert.judgement.findings[index].partial);
    let severity = alert.news.example.cause.severity;
    if partial { severity.min(Severity::High) } else { severity }
}

fn not_checked(alert: &Alert, detail: Detail) -> Vec<NotChecked> {
    if let Some(why) = &alert.judgement.unread {
        return vec![NotChecked { what: "the live account".to_owned(), action: None, why: why.clone() }];
    }
    let unknown = alert.judgement.findings.iter().filter(|finding| finding.state == State::Unknown);
    let mut missing: Vec<NotChecked> = Vec::new();
    for finding in unknown.take(detail.findings) {
        let why = finding.why.as_ref().map_or_else(String::new, ToString::to_string);
        let helps = matches!(finding.why, Some(Why::Denied | Why::RoleRefused(_)));
        let what = finding.says.split(" could not be read").next().unwrap_or(&finding.says).to_owned();
        if missing.iter().all(|known| known.what != what) {
            missing.push(NotChecked { what, action: helps.then_some(finding.action), why });
        }
    }
    missing.extend(alert.judgement.refused.iter().map(|refused| NotChecked {
        what: refused.what.clone(),
        action: Some(refused.action),
        why: refused.why.to_string(),
    }));
    missing
}

/// The explaining finding's remedy, those of other faults, and the cause's own steps unless the fault is confirmed.
fn next_steps(alert: &Alert, explaining: Option<&Finding>) -> Vec<Remedy> {
    // What could not be looked at may have its own way to be looked at by hand.
    let others = alert.judgement.findings.iter().filter(|finding| finding.state != State::Healthy);
    let remedies = explaining.into_iter().chain(others).filter_map(|finding| finding.remedy.clone());
    let mut steps: Vec<Remedy> = Vec::new();
    for remedy in remedies {
        if !steps.contains(&remedy) {
            steps.push(remedy);
        }
    }
    if alert.judgement.verdict.tier != Tier::Confirmed || steps.is_empty() {
        let facts = &alert.judgement.facts;
        steps.extend(alert.news.example.cause.next_steps.iter().map(|step| Remedy {
            what: facts.fill(step.what),
            command: step.command.map(|command| facts.fill(command)),
            verify: step.verify.map(|verify| facts.fill(verify)),
        }));
    }
    steps
}

/// The first lines, the proof among them whatever its place.
fn keep_proof<'a>(lines: &mut Vec<&'a Evidence>, proof: &'a Evidence, most: usize) {
    if lines.len() > most {
        lines.truncate(most);
        if !lines.iter().any(|line| std::ptr::eq(*line, proof)) {
            lines.pop();
            lines.push(proof);
        }
    }
}
