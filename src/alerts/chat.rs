//! The custom notification of Amazon Q Developer in chat applications, for Slack and Teams.
//!
//! Schema and limits: <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>

use crate::alerts::report;
use crate::checks;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::alerts::email::hop_label;
use crate::alerts::escape::{chat, chat_code, cut, plain};
use crate::alerts::report::Report;
use crate::checks::State;
use crate::ids::Severity;
use crate::incidents::Status;

const TITLE: usize = 250;
const DESCRIPTION: usize = 8_000;
const STEP: usize = 350;
const KEYWORD: usize = 75;

#[derive(Serialize)]
struct Notification {
    version: &'static str,
    source: &'static str,
    id: String,
    content: Content,
    metadata: Metadata,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    text_type: &'static str,
    title: String,
    description: String,
    next_steps: Vec<String>,
    keywords: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    thread_id: String,
    summary: String,
    event_type: String,
    related_resources: Vec<String>,
    additional_context: BTreeMap<&'static str, String>,
    enable_custom_actions: bool,
}

/// The notification as JSON.
pub(crate) fn body(brief: &Report<'_>) -> String {
    let alert = brief.alert;
    let cause = alert.news.example.cause.slug;
    let keywords = [
        Some(alert.status.as_str().to_owned()),
        Some(cause.to_owned()),
        alert.news.example.source.stage.clone(),
        brief.api_label(),
    ];
    let notification = Notification {
        version: "1.0",
        source: "custom",
        id: format!("{}-{}-{}", alert.incident.id, alert.status.as_str(), alert.incident.failed),
        content: Content {
            text_type: "client-markdown",
            title: cut(&format!("{} {}", sign(brief), chat(&brief.headline)), TITLE),
            description: cut_lines(&description(brief), &mark(brief), DESCRIPTION),
            next_steps: brief.next_steps.iter().map(step).collect(),
            keywords: keywords.into_iter().flatten().map(|word| cut(&plain(&word), KEYWORD)).collect(),
        },
        metadata: Metadata {
            thread_id: alert.incident.id.clone(),
            summary: cut(&plain(&brief.sentence(&brief.headline)), TITLE),
            event_type: format!("{} {cause}", alert.status.as_str()),
            related_resources: resources(brief),
            additional_context: context(brief),
            enable_custom_actions: true,
        },
    };
    serde_json::to_string(&notification).expect("texts, lists and a flag always serialise")
}

/// Seen before anything is read. Characters of Unicode, which Slack and Teams show alike.
fn sign(brief: &Report<'_>) -> &'static str {
    match (brief.alert.status, brief.severity) {
        (Status::Resolved, _) => "🟢",
        (Status::Test, _) => "🧪",
        (_, Severity::Critical | Severity::High) => "🔴",
        (_, Severity::Medium | Severity::Low) => "🟠",
    }
}

/// The ids along the path, each once.
fn resources(brief: &Report<'_>) -> Vec<String> {
    let mut resources: Vec<String> = Vec::new();
    for resource in brief.alert.judgement.path.iter().filter_map(|hop| hop.resource.as_deref().map(plain)) {
        if !resources.contains(&resource) {
            resources.push(resource);
        }
    }
    resources
}

/// What a custom action in the channel can take as its variables.
fn context(brief: &Report<'_>) -> BTreeMap<&'static str, String> {
    let alert = brief.alert;
    let source = &alert.news.example.source;
    let known = [
        ("incident", Some(alert.incident.id.clone())),
        ("status", Some(alert.status.as_str().to_owned())),
        ("severity", Some(brief.severity.as_str().to_owned())),
        ("cause", Some(alert.news.example.cause.slug.to_owned())),
        ("api", source.api.as_ref().map(ToString::to_string)),
        ("stage", source.stage.clone()),
    ];
    known.into_iter().filter_map(|(name, value)| Some((name, plain(&value?)))).collect()
}

fn description(brief: &Report<'_>) -> String {
    let alert = brief.alert;
    let surety = format!("{}: {}; {}", brief.surety_label, brief.surety, counts(brief));
    let mut lines = vec![format!("*{}*", chat(&brief.fault)), format!("_{}_", chat(&surety))];
    if alert.status != Status::Open {
        lines.push(format!("Sent because: {}", chat(&alert.reason)));
    }
    lines.extend(brief.masked_by.as_deref().map(|masked_by| format!("Under it: {}", chat(masked_by))));
    lines.extend(brief.clue.map(|clue| format!("Hint, no proof: {}", chat(clue))));
    let routes =
        brief.routes.iter().map(|(route, failed)| format!("{} {}: {failed}", route.method, route.path));
    let routes: Vec<String> = routes.map(|route| chat(&route)).collect();
    section(&mut lines, "Routes", if routes.len() > 1 { routes } else { Vec::new() });
    section(&mut lines, "Also hit by the same fault", also_hit(brief));
    if !alert.judgement.path.is_empty() {
        lines.push(path(brief));
    }
    let faulty = if alert.status == Status::Resolved { "Still faulty" } else { "Also faulty" };
    section(&mut lines, faulty, brief.faulty.iter().map(|finding| chat(&finding.says)).collect());
    section(&mut lines, "Not checked", not_checked(brief));
    section(&mut lines, "Evidence", brief.evidence.iter().map(|line| chat_code(line.text())).collect());
    let links = brief.consoles.iter().map(|(label, link)| format!("<{link}|{}>", chat(label)));
    let logs = brief.logs.iter().map(|logs| format!("<{logs}|log lines around the failures>"));
    let links: Vec<String> = logs.chain(links).collect();
    if !links.is_empty() {
        lines.push(format!("Look: {}", links.join(" · ")));
    }
    lines.join("\n")
}

fn path(brief: &Report<'_>) -> String {
    let hops = brief.alert.judgement.path.iter().map(|hop| {
        let sign = match hop.state {
            State::Healthy => "✅",
            State::Faulty => "❌",
            State::Warning => "⚠️",
            State::Unknown => "❔",
        };
        format!("{sign} {}", chat(&hop_label(hop)))
    });
    hops.collect::<Vec<_>>().join(" → ")
}

fn also_hit(brief: &Report<'_>) -> Vec<String> {
    let shown = brief.also_hit.iter().map(|hit| {
        chat(&format!("{}: {}", report::hit_label(brief.alert, hit), report::hit_counts(brief.alert, hit)))
    });
    let more = (brief.more_hits > 0).then(|| format!("and {} more (cut)", brief.more_hits));
    shown.chain(more).collect()
}

fn not_checked(brief: &Report<'_>) -> Vec<String> {
    let line = |missing: &report::NotChecked| {
        let needs = missing.action.map_or(String::new(), |action| format!(" (needs {})", chat_code(action)));
        format!("{}: {}{needs}", chat(&missing.what), chat(&missing.why))
    };
    brief.not_checked.iter().map(line).collect()
}

fn counts(brief: &Report<'_>) -> String {
    let incident = &brief.alert.incident;
    let since = incident.first_failure.map_or(String::new(), |at| format!(" since {}", report::time(at)));
    format!("{} failed{since}", incident.failed)
}

fn section(lines: &mut Vec<String>, title: &str, items: Vec<String>) {
    if !items.is_empty() {
        lines.push(format!("*{title}*"));
        lines.extend(items.into_iter().map(|item| format!("• {item}")));
    }
}

/// Says that something was cut, and where the whole is.
fn mark(brief: &Report<'_>) -> String {
    match &brief.logs {
        Some(logs) => format!("\n… (cut; <{logs}|the log has the whole>)"),
        None => "\n… (cut)".to_owned(),
    }
}

/// Whole lines only: a line that is cut could leave a code span or a link open.
fn cut_lines(text: &str, mark: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut left = longest.saturating_sub(mark.chars().count());
    for line in text.lines() {
        let length = line.chars().count() + 1;
        if length > left {
            break;
        }
        left -= length;
        out.push_str(line);
        out.push('\n');
    }
    out.trim_end().to_owned() + mark
}

fn step(step: &checks::Remedy) -> String {
    let what = chat(&step.what);
    // A command that does not fit whole is left out: half a command is worse than none.
    let with = |text: &str, command: &Option<String>| match command {
        Some(command) => format!("{text} {}", chat_code(command)),
        None => text.to_owned(),
    };
    let both = with(&with(&what, &step.command), &step.verify);
    let one = with(&what, &step.command.clone().or(step.verify.clone()));
    [both, one].into_iter().find(|text| text.chars().count() <= STEP).unwrap_or_else(|| cut(&what, STEP))
}
