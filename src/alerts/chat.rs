//! The custom notification of Amazon Q Developer in chat applications, for Slack and Teams.
//!
//! Schema and limits: <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>

use std::collections::BTreeMap;

use serde::Serialize;

use crate::alerts::escape::{chat, chat_code, chat_quote, cut};
use crate::alerts::report::{About, Block, Item, Report, Section, SectionKind};
use crate::alerts::words::{self, hop_label, mark};
use crate::checks::{Hop, Remedy};
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
    content: ChatContent,
    metadata: ChatMetadata,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChatContent {
    text_type: &'static str,
    title: String,
    description: String,
    next_steps: Vec<String>,
    keywords: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChatMetadata {
    thread_id: String,
    summary: String,
    event_type: String,
    related_resources: Vec<String>,
    additional_context: BTreeMap<&'static str, String>,
    enable_custom_actions: bool,
}

/// The notification as JSON.
pub(crate) fn body(report: &Report<'_>) -> String {
    let alert = report.alert;
    let cause = alert.news.example.cause.slug;
    let keywords = [
        Some(alert.status.as_str().to_owned()),
        Some(cause.to_owned()),
        alert.news.example.source.stage.clone(),
        words::api_label(alert),
    ];
    let notification = Notification {
        version: "1.0",
        source: "custom",
        id: format!("{}-{}-{}", alert.incident.id, alert.status.as_str(), alert.incident.failed),
        content: ChatContent {
            text_type: "client-markdown",
            title: cut(&format!("{} {}", sign(report), chat(&report.headline)), TITLE),
            description: cut_lines(&description(report), &cut_mark(report), DESCRIPTION),
            next_steps: report.steps().iter().map(step).collect(),
            keywords: keywords.into_iter().flatten().map(|word| cut(&chat(&word), KEYWORD)).collect(),
        },
        metadata: ChatMetadata {
            thread_id: alert.incident.id.clone(),
            summary: cut(&chat(&words::sentence(alert, &report.headline)), TITLE),
            event_type: format!("{} {cause}", alert.status.as_str()),
            related_resources: resources(report),
            additional_context: context(report),
            enable_custom_actions: true,
        },
    };
    serde_json::to_string(&notification).expect("texts, lists and a flag always serialise")
}

/// Seen before anything is read. Characters of Unicode, which Slack and Teams show alike.
fn sign(report: &Report<'_>) -> &'static str {
    match (report.alert.status, words::severity(report.alert)) {
        (Status::Resolved, _) if !report.alert.is_unconfirmed => "🟢",
        (Status::Resolved | Status::Merged, _) => "⚪",
        (Status::Test, _) => "🧪",
        (_, Severity::Critical | Severity::High) => "🔴",
        (_, Severity::Medium | Severity::Low) => "🟠",
    }
}

/// The ids along the path, each once.
fn resources(report: &Report<'_>) -> Vec<String> {
    let mut resources: Vec<String> = Vec::new();
    for resource in report.alert.judgement.path.iter().filter_map(|hop| hop.resource.as_deref().map(chat)) {
        if !resources.contains(&resource) {
            resources.push(resource);
        }
    }
    resources
}

/// What a custom action in the channel can take as its variables.
fn context(report: &Report<'_>) -> BTreeMap<&'static str, String> {
    let alert = report.alert;
    let source = &alert.news.example.source;
    let known = [
        ("incident", Some(alert.incident.id.clone())),
        ("status", Some(alert.status.as_str().to_owned())),
        ("severity", Some(words::severity(alert).as_str().to_owned())),
        ("cause", Some(alert.news.example.cause.slug.to_owned())),
        ("api", source.api.as_ref().map(ToString::to_string)),
        ("stage", source.stage.clone()),
    ];
    known.into_iter().filter_map(|(name, value)| Some((name, chat(&value?)))).collect()
}

fn description(report: &Report<'_>) -> String {
    let alert = report.alert;
    let mut lines = vec![format!("*{}*", chat(&words::fault(alert)))];
    for fact in &report.facts {
        let is_shown = match fact.about {
            About::Verdict | About::Readings | About::MaskedBy | About::Clue | About::Failed => true,
            About::WhyNow => alert.status != Status::Open,
            // The steps have a place of their own; cause and incident are in the metadata.
            About::DoFirst | About::Cause | About::Incident => false,
        };
        if is_shown {
            lines.push(format!("{}: {}", fact.about.label(), chat(&fact.text)));
        }
    }
    for section in &report.sections {
        lines.extend(written(section));
    }
    lines.join("\n")
}

/// What is healthy costs lines that a channel has not; the path shows it too.
fn written(section: &Section<'_>) -> Vec<String> {
    let items: Vec<String> = match (&section.block, section.kind) {
        (_, SectionKind::Healthy) | (Block::Steps(_), _) => return Vec::new(),
        (Block::Path(hops), _) => return vec![path(hops)],
        (Block::List(items), SectionKind::Links) => return links(items).into_iter().collect(),
        (Block::List(items), _) => items.iter().map(item).collect(),
        (Block::Table(rows), _) => {
            rows.iter().map(|(name, failed)| format!("{}: {failed}", chat(name))).collect()
        }
        (Block::Quotes(quotes), _) => quotes.iter().map(|quote| chat_quote(&quote.text)).collect(),
    };
    let more = (section.more > 0).then(|| format!("and {} more (cut)", section.more));
    let title = format!("*{}*", section.kind.title());
    [title].into_iter().chain(items.into_iter().chain(more).map(|item| format!("• {item}"))).collect()
}

fn item(item: &Item<'_>) -> String {
    let needs = item.needs.map_or(String::new(), |action| format!(" (needs {})", chat_code(action)));
    format!("{}{needs}", chat(&item.text))
}

fn path(hops: &[Hop]) -> String {
    let hops = hops.iter().map(|hop| format!("{} {}", mark(hop.state).emoji, chat(&hop_label(hop))));
    hops.collect::<Vec<_>>().join(" → ")
}

/// The log and the console; background is for the other formats.
fn links(items: &[Item<'_>]) -> Option<String> {
    let near =
        items.iter().filter(|item| !item.text.starts_with("AWS's runbook") && item.text != "Background");
    let links: Vec<String> =
        near.filter_map(|item| Some(format!("<{}|{}>", item.url.as_ref()?, chat(&item.text)))).collect();
    (!links.is_empty()).then(|| format!("Links: {}", links.join(" · ")))
}

/// Says that something was cut, and where the whole is.
fn cut_mark(report: &Report<'_>) -> String {
    match &report.links.logs {
        Some(logs) => format!("\n… (cut; <{logs}|the log group has every line>)"),
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

fn step(step: &Remedy) -> String {
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
