//! The parts of the report that are words: summary, findings, steps, evidence, links.

use crate::alerts::report;
use crate::{causes, incidents};

use crate::alerts::escape::html as safe;
use crate::alerts::report::Report;
use crate::checks::{Finding, State};
use crate::ids::Severity;
use crate::incidents::Status;

/// What is broken, how surely, since when, how many.
pub(crate) fn lead(number: usize, brief: &Report<'_>) -> String {
    let (alert, incident) = (brief.alert, &brief.alert.incident);
    let severity = if brief.severity >= Severity::High { "bad" } else { "unsure" };
    let (status, class) = match alert.status {
        Status::Resolved => ("good", " resolved"),
        Status::Test => ("unsure", " test"),
        _ => ("bad", ""),
    };
    let when = match (incident.first_failure, incident.last_failure) {
        (Some(first), Some(last)) if report::time(first) == report::time(last) => report::time(first),
        (Some(first), Some(last)) => format!("{} to {}", report::time(first), report::time(last)),
        _ => "the log does not say".to_owned(),
    };
    let mut facts = vec![(brief.surety_label, brief.surety.clone())];
    facts.extend(brief.next_steps.first().map(|step| ("Do first", step.what.clone())));
    facts.extend([
        ("Failed requests", incident.failed.to_string()),
        ("When", when),
        ("Sent because", alert.reason.clone()),
        (
            "Cause in the log",
            format!("{} ({})", alert.news.example.cause.title, alert.news.example.cause.slug),
        ),
    ]);
    facts.extend(brief.masked_by.clone().map(|masked_by| ("Under it", masked_by)));
    facts.extend(brief.clue.map(|clue| ("Hint, no proof", clue.to_owned())));
    facts.push(("Incident", incident.id.clone()));
    let fact = |(term, text): &(&str, String)| format!("<dt>{term}</dt><dd>{}</dd>\n", words(text));
    let facts: String = facts.iter().map(fact).collect();
    format!(
        "<header class=\"lead{class}\">\n<ul class=\"tags\"><li class=\"{status}\">{}</li><li class=\"{severity}\">{}</li></ul>\n\
         <h2 id=\"headline-{number}\">{}</h2>\n<p class=\"fault\">{}.</p>\n<dl>\n{facts}</dl>\n</header>\n",
        alert.status.as_str(),
        brief.severity.as_str(),
        safe(&sentence(&brief.headline)),
        words(&sentence(&brief.fault)),
    )
}

/// Opens with a capital letter.
fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or(String::new(), |first| first.to_uppercase().chain(rest).collect())
}

/// Words of ours in which names stand in back-ticks: those become code.
pub(crate) fn words(text: &str) -> String {
    let text = safe(text);
    let parts: Vec<&str> = text.split('`').collect();
    // An odd number of back-ticks is somebody else's text; it stays as it is.
    if parts.len().is_multiple_of(2) {
        return text;
    }
    let part = |(index, part): (usize, &&str)| {
        if index % 2 == 1 { format!("<code>{part}</code>") } else { (*part).to_owned() }
    };
    parts.iter().enumerate().map(part).collect()
}

/// Which routes fail how often, where there are several.
pub(crate) fn routes(brief: &Report<'_>) -> String {
    if brief.routes.len() < 2 {
        return String::new();
    }
    let row = |(route, failed): &(causes::Route, u64)| {
        let route = format!("{} {}", route.method, route.path);
        format!("<tr><td>{}</td><td class=\"number\">{failed}</td></tr>\n", safe(&route))
    };
    let rows: String = brief.routes.iter().map(row).collect();
    let head = "<tr><th scope=\"col\">Route</th><th scope=\"col\" class=\"number\">Failed</th></tr>";
    format!("<table>\n<thead>{head}</thead>\n<tbody>\n{rows}</tbody>\n</table>\n{}", more(brief.more_routes))
}

/// Other APIs and stages that the same fault hits.
pub(crate) fn also_hit(brief: &Report<'_>) -> String {
    let item = |hit: &&incidents::AlsoAffected| {
        let text =
            format!("{}: {}", report::hit_label(brief.alert, hit), report::hit_counts(brief.alert, hit));
        item(State::Faulty, &text, "")
    };
    let items: Vec<String> = brief.also_hit.iter().map(item).collect();
    list(&items) + &more(brief.more_hits)
}

fn more(left: usize) -> String {
    if left == 0 { String::new() } else { format!("<p class=\"soft\">and {left} more (cut)</p>\n") }
}

/// Findings of one state, each with the time of its reading.
pub(crate) fn findings(brief: &Report<'_>, findings: &[&Finding]) -> String {
    let all = report::read_at_once(brief.alert, findings);
    let item = |finding: &&Finding| {
        let read = report::distance(brief.alert, finding).filter(|_| all.is_none());
        let read =
            read.map_or(String::new(), |read| format!(" <span class=\"soft\">read {}</span>", safe(&read)));
        item(finding.state, &finding.says, &read)
    };
    let read =
        all.as_ref().map_or(String::new(), |read| format!("<p class=\"soft\">Read {}.</p>\n", safe(read)));
    read + &list(&findings.iter().map(item).collect::<Vec<_>>())
}

/// What nobody could look at, and the permission that would help.
pub(crate) fn not_checked(brief: &Report<'_>) -> String {
    let item = |missing: &report::NotChecked| {
        let needs = missing.action.map_or(String::new(), |action| format!(" (needs <code>{action}</code>)"));
        item(State::Unknown, &format!("{}: {}", missing.what, missing.why), &needs)
    };
    list(&brief.not_checked.iter().map(item).collect::<Vec<_>>())
}

/// A line with the state's sign; `after` is markup.
fn item(state: State, text: &str, after: &str) -> String {
    let (sign, class) = match state {
        State::Healthy => ("✓", "good"),
        State::Faulty => ("✗", "bad"),
        State::Warning => ("!", "unsure"),
        State::Unknown => ("?", "unsure"),
    };
    let word = state.as_str();
    format!(
        "<li><span class=\"{class}\" role=\"img\" aria-label=\"{word}\">{sign}</span><span>{}{after}</span></li>\n",
        words(text)
    )
}

fn list(items: &[String]) -> String {
    if items.is_empty() { String::new() } else { format!("<ul class=\"plain\">\n{}</ul>\n", items.concat()) }
}

/// The next steps, each command with a button that copies it.
pub(crate) fn steps(number: usize, brief: &Report<'_>) -> String {
    let mut commands = 0;
    let mut command = |label: &str, text: &str| {
        commands += 1;
        let id = format!("command-{number}-{commands}");
        format!(
            "<p class=\"label\">{label}</p>\n<div class=\"command\"><pre id=\"{id}\">{}</pre>\
             <button type=\"button\" data-copies=\"{id}\" aria-describedby=\"{id}\" hidden>Copy</button></div>\n",
            safe(text)
        )
    };
    let mut items = String::new();
    for step in &brief.next_steps {
        let run = step.command.as_deref().map_or(String::new(), |text| command("Run", text));
        let verify = step.verify.as_deref();
        let verify = verify.map_or(String::new(), |text| command("This shows whether it worked", text));
        items.push_str(&format!("<li><p>{}</p>\n{run}{verify}</li>\n", words(&step.what)));
    }
    if items.is_empty() { items } else { format!("<ol class=\"steps\">\n{items}</ol>\n") }
}

/// The quoted lines, the proof among them marked.
pub(crate) fn evidence(brief: &Report<'_>) -> String {
    let diagnosis = &brief.alert.news.example;
    let mut items = String::new();
    for line in &brief.evidence {
        let at = line
            .at()
            .map_or(String::new(), |at| format!("<time>{}</time> ", at.strftime("%H:%M:%S%.3f UTC")));
        let is_proof = **line == diagnosis.evidence;
        let (class, proof) = if is_proof {
            (" class=\"proof\"", "<strong class=\"bad\">the proof</strong>")
        } else {
            ("", "")
        };
        items.push_str(&format!("<li>{at}{proof}<pre{class}>{}</pre></li>\n", safe(line.text())));
    }
    let request = diagnosis.request_id.as_ref();
    let request =
        request.map_or(String::new(), |id| format!("<p>Request <code>{}</code></p>\n", safe(id.as_str())));
    format!("{request}<ol class=\"plain\">\n{items}</ol>\n")
}

/// The log, the console's pages, AWS's runbook with its inputs, the background.
pub(crate) fn links(brief: &Report<'_>) -> String {
    let link = |text: &str, url: &str| format!("<li><a href=\"{}\">{}</a></li>\n", safe(url), safe(text));
    let diagnosis = &brief.alert.news.example;
    let mut items = String::new();
    items.extend(brief.logs.as_deref().map(|logs| link("Log lines around the failures", logs)));
    items.extend(brief.consoles.iter().map(|(label, url)| link(&format!("Console: {label}"), url)));
    items.extend(
        brief
            .runbook
            .as_deref()
            .map(|runbook| link(&format!("AWS's runbook ({})", report::runbook_inputs(diagnosis)), runbook)),
    );
    items.extend(diagnosis.cause.references.iter().map(|url| link(url, url)));
    format!("<ul>\n{items}</ul>\n")
}
