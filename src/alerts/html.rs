//! The report: one self-contained HTML file, to be read in a browser, printed, or attached to a post-mortem.
//!
//! It fetches nothing: style and script stand in the file, and its own policy allows these two by their digests and
//! nothing else, so that text that got past [`escape`](super::escape) could not run either.

mod path;
mod sections;
mod timeline;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use crate::alerts::escape::html as safe;
use crate::alerts::message::FULL;
use crate::alerts::report::Report;
use crate::incidents::{Alert, Status};

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// All alerts as one page.
pub(crate) fn page(alerts: &[Alert]) -> String {
    let briefs: Vec<Report<'_>> = alerts.iter().map(|alert| Report::new(alert, FULL)).collect();
    let title = match &briefs[..] {
        [] => "No failure was found".to_owned(),
        [brief] => brief.headline.clone(),
        briefs => format!("{} incidents", briefs.len()),
    };
    let articles: String = (1..).zip(&briefs).map(|(number, brief)| article(number, brief)).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the report</a>\n\
         <header>\n<h1>vpclink-responder: report of {}</h1>\n{}</header>\n\
         <main id=\"main\">\n{articles}</main>\n\
         <footer><p>Made by vpclink-responder from log lines and readings of the account. Secrets, bodies and \
         addresses of clients are left out where a line is quoted.</p></footer>\n\
         <p id=\"said\" class=\"aside\" role=\"status\"></p>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        policy(),
        safe(&title),
        match briefs.len() {
            0 => "nothing that failed".to_owned(),
            1 => "an incident".to_owned(),
            n => format!("{n} incidents"),
        },
        contents(&briefs),
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
fn contents(briefs: &[Report<'_>]) -> String {
    if briefs.len() < 2 {
        return String::new();
    }
    let item = |(number, brief): (usize, &Report<'_>)| {
        format!("<li><a href=\"#incident-{number}\">{}</a></li>\n", safe(&brief.headline))
    };
    let items: String = (1..).zip(briefs).map(item).collect();
    format!("<nav aria-label=\"Incidents\">\n<ol>\n{items}</ol>\n</nav>\n")
}

fn article(number: usize, brief: &Report<'_>) -> String {
    let alert = brief.alert;
    let part = |title: &str, body: String| section(number, title, &body);
    let faulty = if alert.status == Status::Resolved { "Still faulty" } else { "Also faulty" };
    let parts = [
        part("Routes", sections::routes(brief)),
        part("Also hit by the same fault", sections::also_hit(brief)),
        part("The private path", path::figure(brief)),
        part("Failures over time", timeline::figure(number, &alert.news)),
        part(faulty, sections::findings(brief, &brief.faulty)),
        part("Healthy", sections::findings(brief, &brief.healthy)),
        part("Not checked", sections::not_checked(brief)),
        part("What to do", sections::steps(number, brief)),
        part("Evidence", sections::evidence(brief)),
        part("Links", sections::links(brief)),
    ];
    format!(
        "<article id=\"incident-{number}\" aria-labelledby=\"headline-{number}\">\n{}{}</article>\n",
        sections::lead(number, brief),
        parts.concat()
    )
}

/// A section with its heading; nothing where there is nothing in it.
fn section(number: usize, title: &str, body: &str) -> String {
    if body.is_empty() {
        return String::new();
    }
    let id = format!("{}-{number}", title.to_ascii_lowercase().replace(' ', "-"));
    format!("<section aria-labelledby=\"{id}\">\n<h3 id=\"{id}\">{title}</h3>\n{body}</section>\n")
}
