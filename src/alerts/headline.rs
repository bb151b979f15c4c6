//! The first words of an alert: what is broken, how it stands, and how surely.

use crate::alerts::report;

use std::collections::BTreeSet;

use crate::alerts::escape::cut;
use crate::alerts::report::{distance, time};
use crate::causes::Route;
use crate::checks::{Confidence, Finding, State};
use crate::incidents::{Alert, Status};
use crate::logs::Source;

/// What a test alert says in the place of a fault.
const TEST: &str = "nothing failed and nothing has to be done; this shows that alerts arrive";

/// "GET /orders (orders/prod) returns 500", as it stands with the incident.
pub(crate) fn headline(alert: &Alert) -> String {
    let (what, many) = subject(alert);
    let status = status(alert);
    let (returns, is) = if many { ("return", "are") } else { ("returns", "is") };
    match alert.status {
        Status::Open => format!("{what} {returns} {status}"),
        Status::Ongoing => format!("{what} {is} still broken ({status})"),
        Status::Escalated => format!("{what} {returns} {status}, worse than when it was last told"),
        Status::Regressed => format!("{what} {returns} {status} again"),
        Status::Resolved => format!("resolved: {what} returned {status}"),
        Status::Merged => format!("{what} {is} told under another key"),
        Status::Test => "TEST of vpclink-responder's alerts".to_owned(),
    }
}

/// "GET /orders +1 route (orders/prod) +2 APIs 500": short enough for a text message and a subject, which both say the
/// status before it.
pub(crate) fn short(alert: &Alert) -> String {
    const PART: usize = 36;
    if alert.status == Status::Test {
        return "vpclink-responder's alerts".to_owned();
    }
    let route = route(alert).map(|route| cut(&format!("{} {}", route.method, route.path), PART));
    let routes = more_routes(alert).map(|more| more.replace(" more", "")).map(|more| format!("+{more}"));
    let label = report::api_label(alert).map(|label| cut(&label, PART));
    let label = match (&route, label) {
        (Some(_), Some(label)) => Some(format!("({label})")),
        (None, None) => Some("an API".to_owned()),
        (_, label) => label,
    };
    let also = also(alert).map(|also| format!("+{}", also.replace(" more", "")));
    let status = (alert.status != Status::Resolved).then(|| status(alert));
    [route, routes, label, also, status].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The status of the clients' answers.
fn status(alert: &Alert) -> String {
    alert.news.example.status.map_or("5xx".to_owned(), |status| status.to_string())
}

/// What is broken, in one sentence; of a resolved incident, what is well again.
pub(crate) fn fault(alert: &Alert) -> String {
    let verdict = &alert.judgement.verdict;
    match (alert.status, verdict.tier) {
        (Status::Test, _) => TEST.to_owned(),
        (Status::Resolved, _) => healed(alert),
        (_, Confidence::Confirmed) => verdict.says.clone(),
        (_, Confidence::Likely) => format!("probably {}", verdict.says),
        (_, Confidence::Unknown) => alert.news.example.cause.title.to_owned(),
    }
}

/// "confirmed, read 41 s after the failure"; of a resolved incident, what was read.
pub(crate) fn surety(alert: &Alert, explaining: Option<&Finding>) -> String {
    let verdict = &alert.judgement.verdict;
    let tier = verdict.tier.as_str();
    match (alert.status, explaining) {
        (Status::Test, _) => "none, since nothing was read".to_owned(),
        (Status::Resolved, _) => counted(alert),
        (_, Some(finding)) => {
            let unknown = "at a time that can't be set against the failure";
            format!("{tier}, read {}", distance(alert, finding).unwrap_or(unknown.to_owned()))
        }
        (_, None) => format!("{tier}: {}", verdict.says),
    }
}

/// What the line about [`surety`] is called.
pub(crate) fn surety_label(alert: &Alert) -> &'static str {
    if alert.status == Status::Resolved { "Readings" } else { "Verdict" }
}

/// Whatever fails, and whether it is more than one thing.
fn subject(alert: &Alert) -> (String, bool) {
    let more = more_routes(alert);
    let what = match (route(alert), report::api_label(alert)) {
        (Some(route), label) => {
            let more = more.as_ref().map_or(String::new(), |more| format!(" and {more}"));
            let label = label.map_or(String::new(), |label| format!(" ({label})"));
            format!("{} {}{more}{label}", route.method, route.path)
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
fn route(alert: &Alert) -> Option<Route> {
    let example = alert.news.example.route.as_ref().map(|route| alert.judgement.facts.templated(route));
    report::routes(alert).into_iter().next().map(|(route, _)| route).or(example)
}

/// "1 more route": those beside the one that is named.
fn more_routes(alert: &Alert) -> Option<String> {
    match report::routes(alert).len().saturating_sub(1) {
        0 => None,
        1 => Some("1 more route".to_owned()),
        n => Some(format!("{n} more routes")),
    }
}

/// "3 more APIs": how much else the same fault hits.
pub(crate) fn also(alert: &Alert) -> Option<String> {
    fn api(source: &Source) -> (Option<&str>, Option<&str>, Option<&str>) {
        let Source { account, region, api, .. } = source;
        (
            account.as_ref().map(|a| a.as_str()),
            region.as_ref().map(|r| r.as_str()),
            api.as_ref().map(|a| a.as_str()),
        )
    }
    let own = api(&alert.news.example.source);
    let apis: BTreeSet<_> =
        alert.also_hit.iter().map(|hit| api(&hit.source)).filter(|api| *api != own).collect();
    let counted = |n: usize, word: &str| format!("{n} more {word}{}", if n == 1 { "" } else { "s" });
    match (apis.len(), alert.also_hit.len()) {
        (0, 0) => None,
        (0, stages) => Some(counted(stages, "stage")),
        (apis, _) => Some(counted(apis, "API")),
    }
}

/// What speaks for it that the fault is gone.
fn healed(alert: &Alert) -> String {
    let count = |state| alert.judgement.findings.iter().filter(|finding| finding.state == state).count();
    let since = alert.incident.last_failure.map_or(String::new(), |at| format!(" since {}", time(at)));
    let now = match (count(State::Healthy), count(State::Faulty), count(State::Unknown)) {
        (_, 1.., _) => "what is still faulty does not explain those failures",
        (1.., 0, 0) => "every hop that was read is healthy again",
        (1.., 0, _) => "what could be read is healthy again",
        (0, 0, 0) if alert.judgement.unread.is_none() => "no hop of the path had to be read",
        _ => "nothing could be read, so only the silence speaks for it",
    };
    format!("no failure{since}, and {now}")
}

/// "7 healthy, 1 not checked, read at …".
fn counted(alert: &Alert) -> String {
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
