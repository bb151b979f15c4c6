//! What an alert says, before any form is given to it.

use crate::alerts::{headline, links, steps};

use jiff::Timestamp;

use crate::alerts::message::Detail;
use crate::aws::ReadError;
use crate::causes::{Diagnosis, Evidence, Route};
use crate::checks::{Confidence, Finding, Remedy, State};
use crate::ids::Severity;
use crate::incidents::{Alert, AlsoAffected, Status};

/// The parts of an alert, in the order in which they are told.
pub(crate) struct Report<'a> {
    pub(crate) alert: &'a Alert,
    pub(crate) detail: Detail,
    /// "GET /orders (orders/prod) returns 500", "resolved: GET /orders …".
    pub(crate) headline: String,
    /// What is broken, in one sentence.
    pub(crate) fault: String,
    /// What the failure hides: "the backend itself answered 403".
    pub(crate) masked_by: Option<String>,
    /// What the failure's time suggests, where nothing better is confirmed.
    pub(crate) clue: Option<&'a str>,
    /// "confirmed, read 41 s after the failure".
    pub(crate) surety: String,
    /// What that is called.
    pub(crate) surety_label: &'static str,
    pub(crate) severity: Severity,
    pub(crate) dedup_key: String,
    pub(crate) routes: Vec<(Route, u64)>,
    pub(crate) more_routes: usize,
    /// What else the same fault hits, the worst first.
    pub(crate) also_hit: Vec<&'a AlsoAffected>,
    pub(crate) more_hits: usize,
    pub(crate) faulty: Vec<&'a Finding>,
    /// What those are called.
    pub(crate) faulty_label: &'static str,
    pub(crate) healthy: Vec<&'a Finding>,
    pub(crate) not_checked: Vec<NotChecked>,
    pub(crate) next_steps: Vec<Remedy>,
    pub(crate) evidence: Vec<&'a Evidence>,
    pub(crate) logs: Option<String>,
    pub(crate) runbook: Option<String>,
    /// Console pages of the path's resources: "load balancer orders-nlb" and its address.
    pub(crate) consoles: Vec<(String, String)>,
}

/// Something nobody could look at.
pub(crate) struct NotChecked {
    pub(crate) what: String,
    /// The permission that would help; none where no permission would.
    pub(crate) action: Option<&'static str>,
    pub(crate) why: String,
}

impl<'a> Report<'a> {
    pub(crate) fn new(alert: &'a Alert, detail: Detail) -> Self {
        let (diagnosis, judgement) = (&alert.news.example, &alert.judgement);
        let is_broken = !matches!(alert.status, Status::Resolved | Status::Test);
        let explaining = judgement.verdict.finding.map(|index| &judgement.findings[index]);
        let of = |states: &[State]| {
            let findings = judgement.findings.iter().filter(|f| states.contains(&f.state));
            findings
                .filter(|f| !explaining.is_some_and(|e| std::ptr::eq(e, *f)))
                .take(detail.findings)
                .collect()
        };
        let all_routes = routes(alert);
        // Logs often do not say their Region; the path's own ARNs do.
        let region =
            diagnosis.source.region.clone().or_else(|| judgement.facts.region()).filter(links::is_region);
        let mut evidence: Vec<&Evidence> = diagnosis.context.iter().chain([&diagnosis.evidence]).collect();
        evidence.sort_by_key(|evidence| evidence.number());
        keep_proof(&mut evidence, &diagnosis.evidence, detail.evidence);
        Self {
            alert,
            detail,
            headline: headline::headline(alert),
            fault: headline::fault(alert),
            masked_by: diagnosis.masked_by(),
            clue: diagnosis
                .clue
                .as_deref()
                .filter(|_| is_broken && judgement.verdict.tier != Confidence::Confirmed),
            surety: headline::surety(alert, explaining),
            surety_label: headline::surety_label(alert),
            severity: severity(alert),
            dedup_key: dedup_key(alert),
            more_routes: all_routes.len().saturating_sub(detail.routes),
            routes: all_routes.into_iter().take(detail.routes).collect(),
            more_hits: alert.also_hit.len().saturating_sub(detail.hits),
            also_hit: also_hit(alert).into_iter().take(detail.hits).collect(),
            faulty: of(&[State::Faulty, State::Warning]),
            faulty_label: if alert.status == Status::Resolved { "STILL FAULTY" } else { "ALSO FAULTY" },
            healthy: of(&[State::Healthy]),
            not_checked: not_checked(alert, detail),
            next_steps: steps::next(alert, explaining),
            evidence,
            logs: region.as_ref().and_then(|region| links::logs(region, alert)),
            runbook: region.as_ref().map(links::runbook),
            consoles: region
                .as_ref()
                .filter(|_| is_broken)
                .map_or(Vec::new(), |region| links::consoles(region, alert)),
        }
    }

    /// Headline and fault as one sentence; what is resolved or a test has no fault that a colon could announce.
    pub(crate) fn sentence(&self, headline: &str) -> String {
        let between = if matches!(self.alert.status, Status::Resolved | Status::Test) { "; " } else { ": " };
        format!("{headline}{between}{}", self.fault)
    }

    /// `orders/prod`, by name where it is known, else by id.
    pub(crate) fn api_label(&self) -> Option<String> {
        api_label(self.alert)
    }
}

/// The part of an incident's id that people say to one another: "#b47f2859".
pub(crate) fn short_id(alert: &Alert) -> String {
    let fingerprint = alert.incident.fingerprint.to_string();
    let digest = fingerprint.split_once('-').map_or(fingerprint.as_str(), |(_, digest)| digest);
    format!("#{}", digest.chars().take(8).collect::<String>())
}

/// The time of all these readings, where it is one: said once, not with each.
pub(crate) fn read_at_once(alert: &Alert, findings: &[&Finding]) -> Option<String> {
    let read = |finding: &&Finding| distance(alert, finding);
    let first = findings.first().and_then(read)?;
    (findings.len() > 1 && findings.iter().all(|finding| read(finding).as_ref() == Some(&first)))
        .then_some(first)
}

/// "ApiId a1b2c3d4e5, ApiResourcePath /orders, ApiMethod GET": what AWS's runbook asks for.
pub(crate) fn runbook_inputs(diagnosis: &Diagnosis) -> String {
    let api = diagnosis.source.api.as_ref().map_or("?", |api| api.as_str());
    let (path, method) = match &diagnosis.route {
        Some(route) => (route.path.as_str(), route.method.as_str()),
        None => ("?", "?"),
    };
    format!("ApiId {api}, ApiResourcePath {path}, ApiMethod {method}")
}

/// Times as people read them: UTC, to the second.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Whole seconds from the failure to the reading; negative where it was read before.
pub(crate) fn seconds_after(alert: &Alert, finding: &Finding) -> Option<i64> {
    Some(finding.read_at()?.duration_since(alert.news.example.at?).as_secs())
}

/// "41 s after the failure".
pub(crate) fn distance(alert: &Alert, finding: &Finding) -> Option<String> {
    Some(match seconds_after(alert, finding)? {
        seconds @ 0..120 => format!("{seconds} s after the failure"),
        seconds @ 120..7200 => format!("{} min after the failure", seconds / 60),
        seconds @ 7200..172_800 => format!("{} h after the failure", seconds / 3600),
        seconds @ 172_800.. => format!("{} days after the failure", seconds / 86_400),
        seconds => format!("{} s before the failure", -seconds),
    })
}

pub(crate) fn api_label(alert: &Alert) -> Option<String> {
    let source = &alert.news.example.source;
    let name = alert.judgement.facts.api_name.clone().or(source.api.as_ref().map(ToString::to_string))?;
    let stage = source.stage.as_deref().unwrap_or("?");
    Some(format!("{name}/{stage}{}", if source.canary { " canary" } else { "" }))
}

pub(crate) fn routes(alert: &Alert) -> Vec<(Route, u64)> {
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

/// Those that fail most come first.
fn also_hit(alert: &Alert) -> Vec<&AlsoAffected> {
    let mut hits: Vec<&AlsoAffected> = alert.also_hit.iter().collect();
    hits.sort_by_key(|hit| std::cmp::Reverse(hit.failed));
    hits
}

/// "a1b2c3d4e5/prod (account 111122223333, eu-west-1)", the account and Region where they are not the alert's own.
pub(crate) fn hit_label(alert: &Alert, hit: &AlsoAffected) -> String {
    let (own, source) = (&alert.news.example.source, &hit.source);
    let api = source.api.as_ref().map_or("an API".to_owned(), ToString::to_string);
    let canary = if source.canary { " canary" } else { "" };
    let stage = source.stage.as_deref().map_or(String::new(), |stage| format!("/{stage}{canary}"));
    let account = source.account.as_ref().filter(|_| source.account != own.account);
    let own_region = own.region.clone().or_else(|| alert.judgement.facts.region());
    let region = source.region.as_ref().filter(|_| source.region != own_region);
    let place: Vec<String> = account
        .map(|account| format!("account {account}"))
        .into_iter()
        .chain(region.map(ToString::to_string))
        .collect();
    let place = if place.is_empty() { String::new() } else { format!(" ({})", place.join(", ")) };
    format!("{api}{stage}{place}")
}

/// "12 failed on 2 routes, certificate-expired", the cause where it is not the alert's own.
pub(crate) fn hit_counts(alert: &Alert, hit: &AlsoAffected) -> String {
    let routes = match hit.routes.len() {
        0 => String::new(),
        1 => hit.routes.keys().map(|route| format!(" on {} {}", route.method, route.path)).collect(),
        n => format!(" on {n} routes"),
    };
    let cause = if hit.cause.slug == alert.news.example.cause.slug {
        String::new()
    } else {
        format!(", {}", hit.cause.slug)
    };
    format!("{} failed{routes}{cause}", hit.failed)
}

/// The alert's own key; saved logs have none, and are known by their fingerprint.
fn dedup_key(alert: &Alert) -> String {
    match &alert.incident.coverage.alert {
        Some(key) => format!("vpclink-responder/{key}"),
        None => format!("vpclink-responder/{}", alert.incident.fingerprint),
    }
}

/// The text's severity; a fault that leaves some targets working is less than one that leaves none.
fn severity(alert: &Alert) -> Severity {
    let verdict = &alert.judgement.verdict;
    let partial = verdict.finding.is_some_and(|index| alert.judgement.findings[index].partial);
    let severity = alert.news.example.cause.severity;
    if partial || alert.is_late { severity.min(Severity::High) } else { severity }
}

fn not_checked(alert: &Alert, detail: Detail) -> Vec<NotChecked> {
    if let Some(why) = &alert.judgement.unread {
        return vec![NotChecked { what: "the live account".to_owned(), action: None, why: why.clone() }];
    }
    let mut missing: Vec<NotChecked> = Vec::new();
    for not_read in alert.judgement.findings.iter().filter_map(Finding::not_read).take(detail.findings) {
        let helps = matches!(not_read.why, ReadError::Denied | ReadError::RoleRefused(_));
        let (what, why) = (not_read.what.clone(), not_read.why.to_string());
        if missing.iter().all(|known| known.what != what) {
            missing.push(NotChecked { what, action: not_read.action().filter(|_| helps), why });
        }
    }
    missing.extend(alert.judgement.refused.iter().map(|refused| NotChecked {
        what: refused.what.clone(),
        action: refused.action(),
        why: refused.why.to_string(),
    }));
    missing
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
