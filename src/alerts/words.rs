//! The words of an alert: headline, fault, verdict, and the names of what it speaks of; the two shortest forms are made of them.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::alerts::escape::{self, cut, dotless};
use crate::causes::{Diagnosis, Route};
use crate::checks::{Confidence, Finding, Hop, HopKind, State};
use crate::ids::Severity;
use crate::incidents::{Alert, AlsoAffected, Status};
use crate::logs::Source;
use crate::text::{counted, duration};

/// What a test alert says in the place of a fault.
const TEST: &str = "this is only a test: nothing failed";

/// What is said of failures that stopped, though no reading shows that the fault is gone.
const UNCONFIRMED: &str = "repair not confirmed";

/// How a state looks: the one place that draws it.
pub(crate) struct Mark {
    pub(crate) sign: &'static str,
    pub(crate) emoji: &'static str,
    pub(crate) word: &'static str,
    /// The class of the style sheet.
    pub(crate) class: &'static str,
}

pub(crate) fn mark(state: State) -> Mark {
    let (sign, emoji, word, class) = match state {
        State::Faulty => ("✗", "❌", "BROKEN", "bad"),
        State::Warning => ("!", "⚠", "warning", "unsure"),
        State::Unknown => ("?", "❔", "not checked", "unsure"),
        State::Healthy => ("✓", "✅", "healthy", "good"),
    };
    Mark { sign, emoji, word, class }
}

/// Whether the message speaks of a failure that goes on.
pub(crate) fn is_broken(status: Status) -> bool {
    !matches!(status, Status::Resolved | Status::Merged | Status::Test)
}

/// "GET /orders (orders/prod) returns 500", as it stands with the incident.
pub(crate) fn headline(alert: &Alert) -> String {
    if alert.is_digest() && alert.status != Status::Test {
        let digest = digest(alert);
        return match alert.status {
            Status::Resolved if alert.is_unconfirmed => format!("closed: {digest}; {UNCONFIRMED}"),
            Status::Resolved => format!("resolved: {digest}"),
            Status::Merged => format!("merged: {digest}"),
            _ => digest,
        };
    }
    let (what, many) = failing(alert);
    let status = status(alert);
    let (returns, is) = if many { ("return", "are") } else { ("returns", "is") };
    match alert.status {
        Status::Open => format!("{what} {returns} {status}"),
        Status::Ongoing if alert.is_unconfirmed => format!("{what} stopped failing; {UNCONFIRMED}"),
        Status::Ongoing => format!("{what} {is} still broken ({status})"),
        Status::Escalated => format!("{what} {returns} {status}, worse than at the last alert"),
        Status::Regressed => format!("{what} {returns} {status} again"),
        Status::Resolved if alert.is_unconfirmed => {
            format!("closed: {what} returned {status}; {UNCONFIRMED}")
        }
        Status::Resolved => format!("resolved: {what} returned {status}"),
        Status::Merged => format!("merged: {what} {is} now reported by another alert"),
        Status::Test => "TEST of vpclink-responder's alerts".to_owned(),
    }
}

/// "GET /orders +1 route (orders/prod) +2 APIs 500": short enough for a text message and a subject, which both say the
/// status before it. Failures that stopped have no status any more.
pub(crate) fn short(alert: &Alert) -> String {
    const PART: usize = 36;
    match alert.status {
        Status::Test => return "vpclink-responder's alerts".to_owned(),
        _ if alert.is_digest() => return digest(alert),
        _ => {}
    }
    let route = first_route(alert).map(|route| cut(&route_label(&route), PART));
    let routes = more_routes(alert).map(|more| format!("+{}", more.replace(" more", "")));
    let label = match (&route, api_label(alert).map(|label| cut(&label, PART))) {
        (Some(_), Some(label)) => Some(format!("({label})")),
        (None, None) => Some("an API".to_owned()),
        (_, label) => label,
    };
    let also = also(alert).map(|also| format!("+{}", also.replace(" more", "")));
    let now = match (is_broken(alert.status), alert.is_unconfirmed) {
        (true, true) => Some(format!("stopped failing; {UNCONFIRMED}")),
        (true, false) => Some(status(alert)),
        (false, true) => Some(UNCONFIRMED.to_owned()),
        (false, false) => None,
    };
    [route, routes, label, also, now].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The subject of an e-mail: status, severity and incident first, so that a mailbox sorts by them and a search finds all of one.
pub(crate) fn subject(alert: &Alert) -> String {
    let (status, severity) = (alert.status.as_str(), severity(alert).as_str());
    let mark = format!("[{status}/{severity} {}]", short_id(alert));
    escape::subject(&sentence(alert, &format!("{mark} {}", short(alert))))
}

/// The text message: what and where, in 140 characters.
pub(crate) fn sms(alert: &Alert) -> String {
    let status = alert.status.as_str().to_uppercase();
    escape::sms(&sentence(alert, &format!("{status} {}", short(alert))))
}

/// Headline and fault as one sentence; what is over or a test has no fault that a colon could announce.
pub(crate) fn sentence(alert: &Alert, headline: &str) -> String {
    let between = if is_broken(alert.status) { ": " } else { "; " };
    format!("{headline}{between}{}", fault(alert))
}

/// What is broken, in one sentence; of a resolved incident, what is well again.
pub(crate) fn fault(alert: &Alert) -> String {
    let verdict = &alert.judgement.verdict;
    match (alert.status, verdict.tier) {
        (Status::Test, _) => TEST.to_owned(),
        (Status::Merged, _) => alert.reason.clone(),
        (Status::Resolved, _) => healed(alert),
        _ if alert.is_digest() => {
            "the hourly limit of messages was reached; this one counts the rest".to_owned()
        }
        (_, Confidence::Confirmed) => verdict.says.clone(),
        (_, Confidence::Likely) => format!("probably {}", verdict.says),
        (_, Confidence::Unknown) => alert.news.example.cause.title.to_owned(),
    }
}

/// "confirmed, read 41 s after the failure"; of a resolved incident, what was read.
pub(crate) fn surety(alert: &Alert, explaining: Option<&Finding>) -> String {
    let verdict = &alert.judgement.verdict;
    let tier = tier(alert);
    match (alert.status, explaining) {
        (Status::Test, _) => "none, because a test reads nothing".to_owned(),
        (Status::Resolved | Status::Merged, _) => readings(alert),
        (_, Some(finding)) => match distance(alert, finding) {
            Some(distance) => format!("{tier}, read {distance}"),
            None => format!("{tier}; the log does not say when the request failed"),
        },
        (_, None) => format!("{tier}: {}", verdict.says),
    }
}

/// How surely the fault is known. Where the text itself names it, there is nothing that a reading could confirm.
pub(crate) fn tier(alert: &Alert) -> &'static str {
    match alert.judgement.verdict.tier {
        Confidence::Unknown if alert.news.example.subject.spares_path() => "not needed",
        tier => tier.as_str(),
    }
}

/// "42 failed requests in 14 more incidents": what a digest counts.
fn digest(alert: &Alert) -> String {
    let incidents = alert.also_hit.len();
    format!("{} in {}", counted(alert.incident.failed, "failed request"), counted(incidents, "more incident"))
}

/// The status of the clients' answers.
fn status(alert: &Alert) -> String {
    alert.news.example.status.map_or("5xx".to_owned(), |status| status.to_string())
}

/// Whatever fails, and whether it is more than one thing.
fn failing(alert: &Alert) -> (String, bool) {
    let more = more_routes(alert);
    let what = match (first_route(alert), api_label(alert)) {
        (Some(route), label) => {
            let more = more.as_ref().map_or(String::new(), |more| format!(" and {more}"));
            let label = label.map_or(String::new(), |label| format!(" ({label})"));
            format!("{}{more}{label}", route_label(&route))
        }
        (None, Some(label)) => label,
        (None, None) => "an API".to_owned(),
    };
    match also(alert) {
        Some(also) => (format!("{what} and {also}"), true),
        None => (what, more.is_some()),
    }
}

/// The route that fails most.
fn first_route(alert: &Alert) -> Option<Route> {
    let example = alert.news.example.route.as_ref().map(|route| alert.judgement.facts.templated(route));
    routes(alert).into_iter().next().map(|(route, _)| route).or(example)
}

/// "1 more route": those beside the one that is named.
fn more_routes(alert: &Alert) -> Option<String> {
    let more = routes(alert).len().saturating_sub(1);
    (more > 0).then(|| counted(more, "more route"))
}

/// "3 more APIs": how much else the same fault hits.
fn also(alert: &Alert) -> Option<String> {
    fn api(source: &Source) -> [Option<&str>; 3] {
        let Source { account, region, api, .. } = source;
        [
            account.as_ref().map(|a| a.as_str()),
            region.as_ref().map(|r| r.as_str()),
            api.as_ref().map(|a| a.as_str()),
        ]
    }
    let own = api(&alert.news.example.source);
    let apis: BTreeSet<_> =
        alert.also_hit.iter().map(|hit| api(&hit.source)).filter(|api| *api != own).collect();
    match (apis.len(), alert.also_hit.len()) {
        (0, 0) => None,
        (0, stages) => Some(counted(stages, "more stage")),
        (apis, _) => Some(counted(apis, "more API")),
    }
}

/// Why the fault counts as gone.
fn healed(alert: &Alert) -> String {
    let count = |state| alert.judgement.findings.iter().filter(|finding| finding.state == state).count();
    let since = alert.incident.last_failure.map_or(String::new(), |at| format!(" since {}", time(at)));
    let now = match (count(State::Healthy), count(State::Faulty), count(State::Unknown)) {
        (_, 1.., _) => "the faults that remain do not explain those failures",
        (1.., 0, 0) => "every hop that was read is healthy",
        (1.., 0, _) => "every hop that could be read is healthy",
        (0, 0, 0) if alert.judgement.unread.is_none() => "this cause needs no reading of the path",
        _ => "no hop could be read; only the lack of failures suggests recovery",
    };
    format!("no failure{since}, and {now}")
}

/// "7 healthy, 1 not checked, read at …".
fn readings(alert: &Alert) -> String {
    let findings = &alert.judgement.findings;
    let states =
        [(State::Healthy, "healthy"), (State::Faulty, "still faulty"), (State::Unknown, "not checked")];
    let counted: Vec<String> = states
        .into_iter()
        .map(|(state, word)| (findings.iter().filter(|finding| finding.state == state).count(), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if counted.is_empty() {
        return "none".to_owned();
    }
    let read = findings.iter().filter_map(|finding| finding.read_at()).max();
    let read = read.map_or(String::new(), |at| format!(", read at {}", time(at)));
    format!("{}{read}", counted.join(", "))
}

/// "42 requests since …, the last at …".
pub(crate) fn failures(alert: &Alert) -> String {
    let incident = &alert.incident;
    let when = match (incident.first_failure.map(time), incident.last_failure.map(time)) {
        (Some(first), Some(last)) if first == last => format!(" at {first}"),
        (Some(first), Some(last)) => format!(" since {first}, the last at {last}"),
        _ => String::new(),
    };
    format!("{}{when}", counted(incident.failed, "request"))
}

/// The text's severity; less where some targets still work, or the failures came late, and low where AWS knows no such API.
pub(crate) fn severity(alert: &Alert) -> Severity {
    if alert.judgement.has_no_api() {
        return Severity::Low;
    }
    let verdict = &alert.judgement.verdict;
    let partial = verdict.finding.is_some_and(|index| alert.judgement.findings[index].partial);
    let severity = alert.news.example.cause.severity;
    if partial || alert.is_late { severity.min(Severity::High) } else { severity }
}

/// The part of an incident's id that people say to one another: "#b47f2859".
pub(crate) fn short_id(alert: &Alert) -> String {
    let fingerprint = alert.incident.fingerprint.to_string();
    let digest = fingerprint.split_once('-').map_or(fingerprint.as_str(), |(_, digest)| digest);
    format!("#{}", digest.chars().take(8).collect::<String>())
}

/// The same for all messages of one incident: a pager opens and closes one alert by it.
pub(crate) fn dedup_key(alert: &Alert) -> String {
    // Saved logs have no alert of their own, and are known by their fingerprint.
    match &alert.incident.coverage.alert {
        Some(key) => format!("vpclink-responder/{key}"),
        None => format!("vpclink-responder/{}", alert.incident.fingerprint),
    }
}

/// `orders/prod`, by name where it is known, else by id.
pub(crate) fn api_label(alert: &Alert) -> Option<String> {
    let source = &alert.news.example.source;
    // AWS knows the name; the id is the log's word.
    let id = source.api.as_ref().map(|api| dotless(api.as_str()));
    let name = alert.judgement.facts.api_name.clone().or(id)?;
    let stage = dotless(source.stage.as_deref().unwrap_or("?"));
    Some(format!("{name}/{stage}{}", if source.canary { " canary" } else { "" }))
}

/// The routes by their templates, the one that fails most first.
pub(crate) fn routes(alert: &Alert) -> Vec<(Route, u64)> {
    let mut routes: Vec<(Route, u64)> = Vec::new();
    for (route, failed) in &alert.incident.routes {
        let route = alert.judgement.facts.templated(route);
        match routes.iter_mut().find(|(known, _)| *known == route) {
            Some((_, known)) => *known += failed,
            None => routes.push((route, *failed)),
        }
    }
    // Where the batch named no route, the request's other lines were looked up: one failure is known to be of theirs.
    if let (true, Some(route)) = (routes.is_empty() && !alert.is_digest(), &alert.news.example.route) {
        routes.push((alert.judgement.facts.templated(route), 1));
    }
    routes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    routes
}

/// The example's route by its template: a client's path may name a person. A greedy template says nothing of the route, so
/// there the path stays.
pub(crate) fn shown_route(alert: &Alert) -> Option<Route> {
    let route = alert.news.example.route.as_ref()?;
    let templated = alert.judgement.facts.templated(route);
    Some(if templated.path.contains("+}") { route.clone() } else { templated })
}

/// "GET /orders". A client chooses the path, so no part of it may pass for an address.
pub(crate) fn route_label(route: &Route) -> String {
    format!("{} {}", route.method, dotless(&route.path))
}

/// A client can choose its request's id.
pub(crate) fn request_label(diagnosis: &Diagnosis) -> Option<String> {
    diagnosis.request_id.as_ref().map(|id| format!("request {}", dotless(&escape::request_id(id.as_str()))))
}

/// "VPC link orders-link".
pub(crate) fn hop_label(hop: &Hop) -> String {
    match (&hop.name, hop.kind) {
        (None, kind) => kind.name().to_owned(),
        (Some(name), HopKind::Integration) => format!("integration of {name}"),
        (Some(name), kind) => format!("{} {name}", kind.name()),
    }
}

/// "a1b2c3d4e5/prod (account 111122223333, eu-west-1): 12 failed on 2 routes, network-error": account, Region and cause
/// where they are not the alert's own.
pub(crate) fn affected(alert: &Alert, hit: &AlsoAffected) -> String {
    let (own, source) = (&alert.news.example.source, &hit.source);
    let api = source.api.as_ref().map_or("an API".to_owned(), ToString::to_string);
    let canary = if source.canary { " canary" } else { "" };
    let stage = source.stage.as_deref().map_or(String::new(), |stage| format!("/{stage}{canary}"));
    let account = source.account.as_ref().filter(|_| source.account != own.account);
    let own_region = own.region.clone().or_else(|| alert.judgement.facts.region());
    let region = source.region.as_ref().filter(|_| source.region != own_region);
    let account = account.map(|account| format!("account {account}"));
    let place: Vec<String> = account.into_iter().chain(region.map(ToString::to_string)).collect();
    let place = if place.is_empty() { String::new() } else { format!(" ({})", place.join(", ")) };
    let routes = match hit.routes.len() {
        0 => String::new(),
        // Another API's templates were not read.
        1 if source.api != own.api => {
            hit.routes.keys().map(|route| format!(" on {}", route_label(route))).collect()
        }
        1 => {
            let routes = hit.routes.keys().map(|route| alert.judgement.facts.templated(route));
            routes.map(|route| format!(" on {}", route_label(&route))).collect()
        }
        n => format!(" on {n} routes"),
    };
    let same = hit.cause.slug == alert.news.example.cause.slug;
    let cause = if same { String::new() } else { format!(", {}", hit.cause.slug) };
    format!("{api}{stage}{place}: {} failed{routes}{cause}", hit.failed)
}

/// "ApiId a1b2c3d4e5, ApiResourcePath /orders, ApiMethod GET": what AWS's runbook asks for.
pub(crate) fn runbook_inputs(alert: &Alert) -> String {
    let diagnosis = &alert.news.example;
    let api = diagnosis.source.api.as_ref().map_or("?", |api| api.as_str());
    let (path, method) = match &diagnosis.route {
        Some(route) => (dotless(&alert.judgement.facts.templated(route).path), route.method.as_str()),
        None => ("?".to_owned(), "?"),
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
    let seconds = seconds_after(alert, finding)?;
    let when = if seconds < 0 { "before" } else { "after" };
    Some(format!("{} {when} the failure", duration(Duration::from_secs(seconds.unsigned_abs()))))
}

/// The time of all these readings, where it is one: said once, not with each.
pub(crate) fn read_at_once(alert: &Alert, findings: &[&Finding]) -> Option<String> {
    let first = findings.first().and_then(|finding| distance(alert, finding))?;
    let same = |finding: &&Finding| distance(alert, finding).as_ref() == Some(&first);
    (findings.len() > 1 && findings.iter().all(same)).then_some(first)
}
