//! The custom notification of Amazon Q Developer in chat applications, for Slack and Teams.
//!
//! Schema and limits: <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>

use serde::Serialize;

use super::brief::{self, Brief};
use super::email::hop_label;
use super::escape::{chat, chat_code, cut, plain};
use crate::judge::State;

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
    enable_custom_actions: bool,
}

/// The notification as JSON.
pub(super) fn body(brief: &Brief<'_>) -> String {
    let alert = brief.alert;
    let cause = alert.news.example.cause.slug;
    let sign = if brief.severity >= crate::vocabulary::Severity::High {
        ":red_circle:"
    } else {
        ":large_orange_circle:"
    };
    let keywords = [Some(cause.to_owned()), alert.news.example.source.stage.clone(), brief.api_label()];
    let notification = Notification {
        version: "1.0",
        source: "custom",
        id: format!("{}-{}", alert.incident.id, alert.status.as_str()),
        content: Content {
            text_type: "client-markdown",
            title: cut(&format!("{sign} {}", chat(&brief.headline)), TITLE),
            description: cut_lines(&description(brief), DESCRIPTION),
            next_steps: brief.next_steps.iter().map(step).collect(),
            keywords: keywords.into_iter().flatten().map(|word| cut(&plain(&word), KEYWORD)).collect(),
        },
        metadata: Metadata {
            thread_id: alert.incident.id.clone(),
            summary: cut(&plain(&format!("{}: {}", brief.headline, brief.fault)), TITLE),
            event_type: format!("{} {cause}", alert.status.as_str()),
            related_resources: alert
                .judgement
                .path
                .iter()
                .filter_map(|hop| hop.resource.as_deref().map(plain))
                .collect(),
            enable_custom_actions: true,
        },
    };
    serde_json::to_string(&notification).expect("texts, lists and a flag always serialise")
}

fn description(brief: &Brief<'_>) -> String {
    let mut lines = vec![
        format!("*{}*", chat(&brief.fault)),
        format!("_{}_", chat(&format!("{}; {}", brief.surety, counts(brief)))),
    ];
    lines.extend(brief.beneath.as_deref().map(|beneath| format!("Under it: {}", chat(beneath))));
    lines.extend(brief.hint.map(|hint| format!("Hint, no proof: {}", chat(hint))));
    if !brief.alert.judgement.path.is_empty() {
        let hops: Vec<String> = brief
            .alert
            .judgement
            .path
            .iter()
            .map(|hop| {
                let sign = match hop.state {
                    State::Healthy => ":white_check_mark:",
                    State::Faulty => ":x:",
                    State::Unknown => ":grey_question:",
                };
                format!("{sign} {}", chat(&hop_label(hop)))
            })
            .collect();
        lines.push(hops.join(" → "));
    }
    section(&mut lines, "Also faulty", brief.faulty.iter().map(|finding| chat(&finding.says)).collect());
    section(
        &mut lines,
        "Not checked",
        brief
            .not_checked
            .iter()
            .map(|missing| {
                let needs =
                    missing.action.map_or(String::new(), |action| format!(" (needs {})", chat_code(action)));
                format!("{}: {}{needs}", chat(&missing.what), chat(&missing.why))
            })
            .collect(),
    );
    section(&mut lines, "Evidence", brief.evidence.iter().map(|line| chat_code(line.text())).collect());
    if let Some(logs) = &brief.logs {
        lines.push(format!("<{logs}|Log lines around the failures>"));
    }
    lines.join("\n")
}

fn counts(brief: &Brief<'_>) -> String {
    let incident = &brief.alert.incident;
    let since = incident.first_failure.map_or(String::new(), |at| format!(" since {}", brief::time(at)));
    format!("{} failed{since}", incident.failed)
}

fn section(lines: &mut Vec<String>, title: &str, items: Vec<String>) {
    if !items.is_empty() {
        lines.push(format!("*{title}*"));
        lines.extend(items.into_iter().map(|item| format!("• {item}")));
    }
}

/// Whole lines only: a line that is cut could leave a code span or a link open.
fn cut_lines(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    const MARK: &str = "\n… (cut)";
    let mut out = String::new();
    let mut left = longest - MARK.chars().count();
    for line in text.lines() {
        let length = line.chars().count() + 1;
        if length > left {
            break;
        }
        left -= length;
        out.push_str(line);
        out.push('\n');
    }
    out.trim_end().to_owned() + MARK
}

fn step(step: &crate::judge::Remedy) -> String {
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
