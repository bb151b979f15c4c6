//! The blocks of a report as HTML: lead, lists, steps, quotes, tables.

use crate::alerts::escape::{html as safe, html_verbatim};
use crate::alerts::html::path;
use crate::alerts::report::{Block, Item, Quote, Report, Section};
use crate::alerts::words::{self, mark};
use crate::checks::Remedy;
use crate::ids::Severity;
use crate::incidents::Status;
use crate::text::capitalised;

/// What is broken, how surely, since when, how many.
pub(crate) fn lead(number: usize, report: &Report<'_>) -> String {
    let alert = report.alert;
    let severity = words::severity(alert);
    let tint = if severity >= Severity::High { "bad" } else { "unsure" };
    let (status, class) = match alert.status {
        Status::Resolved => ("good", " resolved"),
        Status::Test | Status::Merged => ("unsure", " test"),
        _ => ("bad", ""),
    };
    let facts: String = report
        .facts
        .iter()
        .map(|fact| format!("<dt>{}</dt><dd>{}</dd>\n", fact.about.label(), with_code(&fact.text)))
        .collect();
    format!(
        "<header class=\"lead{class}\">\n<ul class=\"tags\"><li class=\"{status}\">{}</li><li class=\"{tint}\">{}</li></ul>\n\
         <h2 id=\"headline-{number}\">{}</h2>\n<p class=\"fault\">{}.</p>\n<dl>\n{facts}</dl>\n</header>\n",
        alert.status.as_str(),
        severity.as_str(),
        safe(&capitalised(&report.headline)),
        with_code(&capitalised(&words::fault(alert))),
    )
}

/// Words of ours in which names stand in back-ticks: those become code.
pub(crate) fn with_code(text: &str) -> String {
    let text = safe(text);
    let parts: Vec<&str> = text.split('`').collect();
    // An odd number of back-ticks is not our text, and stays as it is.
    if parts.len().is_multiple_of(2) {
        return text;
    }
    let part = |(index, part): (usize, &&str)| {
        if index % 2 == 1 { format!("<code>{part}</code>") } else { (*part).to_owned() }
    };
    parts.iter().enumerate().map(part).collect()
}

/// A section's block, and what holds for the whole of it.
pub(crate) fn block(number: usize, section: &Section<'_>) -> String {
    let note = section
        .note
        .as_deref()
        .map_or(String::new(), |note| format!("<p class=\"soft\">{}</p>\n", safe(&capitalised(note))));
    let more = match section.more {
        0 => String::new(),
        more => format!("<p class=\"soft\">and {more} more (cut)</p>\n"),
    };
    let body = match &section.block {
        Block::List(items) => list(items),
        Block::Steps(all) => steps(number, all),
        Block::Quotes(all) => quotes(all),
        Block::Path(hops) => path::figure(hops),
        Block::Table(rows) => table(rows),
    };
    format!("{note}{body}{more}")
}

fn table(rows: &[(String, u64)]) -> String {
    let row = |(name, failed): &(String, u64)| {
        format!("<tr><td>{}</td><td class=\"number\">{failed}</td></tr>\n", safe(name))
    };
    let rows: String = rows.iter().map(row).collect();
    let head = "<tr><th scope=\"col\">Route</th><th scope=\"col\" class=\"number\">Failed</th></tr>";
    format!("<table>\n<thead>{head}</thead>\n<tbody>\n{rows}</tbody>\n</table>\n")
}

/// Lines with the sign of their state, or links.
fn list(items: &[Item<'_>]) -> String {
    let class = if items.iter().any(|item| item.state.is_some()) { " class=\"plain\"" } else { "" };
    let items: String = items.iter().map(item).collect();
    format!("<ul{class}>\n{items}</ul>\n")
}

fn item(item: &Item<'_>) -> String {
    let needs = item.needs.map_or(String::new(), |action| format!(" (needs <code>{action}</code>)"));
    match (item.state, &item.url) {
        (Some(state), _) => {
            let mark = mark(state);
            format!(
                "<li><span class=\"{}\" role=\"img\" aria-label=\"{}\">{}</span><span>{}{needs}</span></li>\n",
                mark.class,
                state.as_str(),
                mark.sign,
                with_code(&item.text)
            )
        }
        (None, Some(url)) => {
            format!("<li><a href=\"{}\">{}</a></li>\n", html_verbatim(url), safe(&item.text))
        }
        (None, None) => format!("<li>{}{needs}</li>\n", with_code(&item.text)),
    }
}

/// The next steps, each command with a button that copies it.
fn steps(number: usize, steps: &[Remedy]) -> String {
    let mut commands = 0;
    let mut command = |label: &str, text: &str| {
        commands += 1;
        let id = format!("command-{number}-{commands}");
        format!(
            "<p class=\"label\">{label}</p>\n<div class=\"command\"><pre id=\"{id}\">{}</pre>\
             <button type=\"button\" data-copies=\"{id}\" aria-describedby=\"{id}\" hidden>Copy</button></div>\n",
            html_verbatim(text)
        )
    };
    let mut items = String::new();
    for step in steps {
        let run = step.command.as_deref().map_or(String::new(), |text| command("Run", text));
        let verify = step.verify.as_deref().map_or(String::new(), |text| command("Verify the fix", text));
        items.push_str(&format!("<li><p>{}</p>\n{run}{verify}</li>\n", with_code(&step.what)));
    }
    format!("<ol class=\"steps\">\n{items}</ol>\n")
}

/// The quoted lines, the proof among them marked.
fn quotes(quotes: &[Quote<'_>]) -> String {
    let mut items = String::new();
    for quote in quotes {
        let at = quote.line.at();
        let at = at.map_or(String::new(), |at| format!("<time>{}</time> ", at.strftime("%H:%M:%S%.3f UTC")));
        let (class, proof) = if quote.is_proof {
            (" class=\"proof\"", "<strong class=\"bad\">the proof</strong>")
        } else {
            ("", "")
        };
        items.push_str(&format!("<li>{at}{proof}<pre{class}>{}</pre></li>\n", safe(&quote.text)));
    }
    format!("<ol class=\"plain\">\n{items}</ol>\n")
}
