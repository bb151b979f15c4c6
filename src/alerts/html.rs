//! The report: one self-contained HTML file, to be read in a browser, printed, or attached to a post-mortem.
//!
//! The file fetches nothing. Its policy allows only its own style and script, by their digests, so text that got past
//! [`escape`](super::escape) can't run.

mod blocks;
mod path;
mod timeline;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use crate::alerts::escape::{html as safe, html_verbatim};
use crate::alerts::report::{FULL, Report, SectionKind};
use crate::alerts::steps::copyable;
use crate::checks::{Assessment, Finding, State};
use crate::incidents::Alert;
use crate::text::capitalised;

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// All alerts as one page.
pub(crate) fn page(alerts: &[Alert]) -> String {
    let reports: Vec<Report<'_>> = alerts.iter().map(|alert| Report::new(alert, FULL)).collect();
    let title = match &reports[..] {
        [] => "No failure was found".to_owned(),
        [report] => report.headline.clone(),
        reports => format!("{} incidents", reports.len()),
    };
    let articles: String = (1..).zip(&reports).map(|(number, report)| article(number, report)).collect();
    let of = match reports.len() {
        0 => "nothing that failed".to_owned(),
        1 => "an incident".to_owned(),
        n => format!("{n} incidents"),
    };
    document(&title, &of, &contents(&reports), &articles, "log lines and readings of the account")
}

/// What `vpclink check` found of a route, as one page.
pub(crate) fn checked(title: &str, judgement: &Assessment) -> String {
    let title = format!("The private path of {title}");
    let says = blocks::with_code(&capitalised(&judgement.verdict.says));
    let parts = [
        ("The private path", path::figure(&judgement.path)),
        ("Broken", found(judgement, &[State::Faulty, State::Warning])),
        ("Not checked", found(judgement, &[State::Unknown])),
        ("Healthy", found(judgement, &[State::Healthy])),
    ];
    let parts: String = parts.iter().map(|(title, body)| section(1, title, body)).collect();
    let article = format!(
        "<article aria-labelledby=\"headline-1\">\n<header class=\"lead\">\n<h2 id=\"headline-1\">{}</h2>\n\
         <p class=\"fault\">{says}.</p>\n</header>\n{parts}</article>\n",
        safe(&title)
    );
    document(&title, "a check", "", &article, "readings of the account")
}

/// The findings of these states, each with what to do about it.
fn found(judgement: &Assessment, states: &[State]) -> String {
    let shown = judgement.findings.iter().filter(|finding| states.contains(&finding.state));
    let item = |finding: &Finding| {
        let remedy = finding.remedy.as_ref().filter(|_| finding.state != State::Healthy);
        let next = remedy.map(copyable).map_or(String::new(), |remedy| {
            let command = remedy.command.map_or(String::new(), |command| {
                format!("<pre><code>{}</code></pre>", html_verbatim(&command))
            });
            format!("<p class=\"soft\">{}</p>{command}", blocks::with_code(&remedy.what))
        });
        format!("<li>{}{next}</li>\n", blocks::with_code(&capitalised(&finding.says)))
    };
    let items: String = shown.map(item).collect();
    if items.is_empty() { items } else { format!("<ul>\n{items}</ul>\n") }
}

fn document(title: &str, of: &str, contents: &str, articles: &str, made_from: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the report</a>\n\
         <header>\n<h1>vpclink-responder: report of {of}</h1>\n{contents}</header>\n\
         <main id=\"main\">\n{articles}</main>\n\
         <footer><p>vpclink-responder made this from {made_from}. Quoted lines leave out secrets, \
         bodies and client addresses.</p></footer>\n\
         <p id=\"said\" class=\"aside\" role=\"status\"></p>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        policy(),
        safe(title),
    )
}

/// Nothing may be loaded; this style and this script may stand in the page.
fn policy() -> String {
    let digest = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    )
}

/// Links to the incidents, where there are several.
fn contents(reports: &[Report<'_>]) -> String {
    if reports.len() < 2 {
        return String::new();
    }
    let item = |(number, report): (usize, &Report<'_>)| {
        format!("<li><a href=\"#incident-{number}\">{}</a></li>\n", safe(&report.headline))
    };
    let items: String = (1..).zip(reports).map(item).collect();
    format!("<nav aria-label=\"Incidents\">\n<ol>\n{items}</ol>\n</nav>\n")
}

fn article(number: usize, report: &Report<'_>) -> String {
    let mut parts = String::new();
    for written in &report.sections {
        // How far the fault reaches, when it failed, then everything else.
        let body = blocks::block(number, written);
        let title = if written.kind == SectionKind::Path { "The private path" } else { written.kind.title() };
        parts.push_str(&section(number, title, &body));
        if written.kind == SectionKind::Path {
            parts.push_str(&failures(number, report));
        }
    }
    if report.section(SectionKind::Path).is_none() {
        parts.push_str(&failures(number, report));
    }
    format!(
        "<article id=\"incident-{number}\" aria-labelledby=\"headline-{number}\">\n{}{parts}</article>\n",
        blocks::lead(number, report),
    )
}

fn failures(number: usize, report: &Report<'_>) -> String {
    section(number, "Failures over time", &timeline::figure(number, &report.alert.news))
}

/// A section with its heading; an empty body makes none.
fn section(number: usize, title: &str, body: &str) -> String {
    if body.is_empty() {
        return String::new();
    }
    let id = format!("{}-{number}", title.to_ascii_lowercase().replace(' ', "-"));
    format!("<section aria-labelledby=\"{id}\">\n<h3 id=\"{id}\">{title}</h3>\n{body}</section>\n")
}
