//! The e-mail: plain text, 72 columns where words allow it, nothing that needs a fixed-width font.

use crate::alerts::{escape, headline, report};

use crate::alerts::escape::plain;
use crate::alerts::report::Report;
use crate::checks::{Finding, Hop, HopKind, State};

const COLUMNS: usize = 72;

/// The subject: status, severity and incident first, so that a mailbox sorts by them and a search finds all of one.
pub(crate) fn subject(brief: &Report<'_>) -> String {
    let status = brief.alert.status.as_str();
    let mark = format!("[{status}/{} {}]", brief.severity.as_str(), report::short_id(brief.alert));
    escape::subject(&brief.sentence(&format!("{mark} {}", headline::short(brief.alert))))
}

/// The body.
pub(crate) fn body(brief: &Report<'_>) -> String {
    let mut text = Text::default();
    let masked_by =
        brief.masked_by.as_ref().map_or(String::new(), |masked_by| format!(" Under it: {masked_by}."));
    text.paragraph(&format!("{}.{masked_by}", brief.sentence(&brief.headline)));
    text.paragraph(&format!("{}: {}.", brief.surety_label, brief.surety));
    if let Some(clue) = brief.clue {
        text.paragraph(&format!("Hint, no proof: {clue}."));
    }
    text.paragraph(&since(brief));
    if let Some(step) = brief.next_steps.first() {
        text.paragraph(&format!("First: {}", step.what));
    }
    routes(&mut text, brief);
    also_hit(&mut text, brief);
    path(&mut text, brief);
    list(&mut text, brief.faulty_label, brief.faulty.iter().map(|finding| finding.says.clone()));
    healthy(&mut text, brief);
    list(
        &mut text,
        "NOT CHECKED",
        brief.not_checked.iter().map(|missing| {
            let needs = missing.action.map_or(String::new(), |action| format!(" (needs {action})"));
            format!("{}: {}{needs}", missing.what, missing.why)
        }),
    );
    next_steps(&mut text, brief);
    evidence(&mut text, brief);
    more(&mut text, brief);
    text.out
}

fn since(brief: &Report<'_>) -> String {
    let incident = &brief.alert.incident;
    let requests = match incident.failed {
        1 => "1 failed request".to_owned(),
        n => format!("{n} failed requests"),
    };
    let when = match (incident.first_failure, incident.last_failure) {
        (Some(first), Some(last)) if report::time(first) == report::time(last) => {
            format!(" at {}", report::time(first))
        }
        (Some(first), Some(last)) => {
            format!(" since {}, the last at {}", report::time(first), report::time(last))
        }
        _ => String::new(),
    };
    format!("{requests}{when}. Sent because: {}.", brief.alert.reason)
}

fn routes(text: &mut Text, brief: &Report<'_>) {
    if brief.routes.len() + brief.more_routes <= 1 {
        return;
    }
    let shown =
        brief.routes.iter().map(|(route, failed)| format!("{} {}: {failed}", route.method, route.path));
    let more = (brief.more_routes > 0).then(|| format!("and {} more routes (cut)", brief.more_routes));
    list(text, "ROUTES", shown.chain(more));
}

fn also_hit(text: &mut Text, brief: &Report<'_>) {
    let shown = brief.also_hit.iter().map(|hit| {
        format!("{}: {}", report::hit_label(brief.alert, hit), report::hit_counts(brief.alert, hit))
    });
    let more = (brief.more_hits > 0).then(|| format!("and {} more (cut)", brief.more_hits));
    list(text, "ALSO HIT BY THE SAME FAULT", shown.chain(more));
}

/// What is well, each with its time unless all have one.
fn healthy(text: &mut Text, brief: &Report<'_>) {
    let all = report::read_at_once(brief.alert, &brief.healthy);
    let heading = all.as_ref().map_or("HEALTHY".to_owned(), |read| format!("HEALTHY (read {read})"));
    let each = |finding: &&Finding| match report::distance(brief.alert, finding).filter(|_| all.is_none()) {
        Some(read) => format!("{} (read {read})", finding.says),
        None => finding.says.clone(),
    };
    list(text, &heading, brief.healthy.iter().map(each));
}

fn path(text: &mut Text, brief: &Report<'_>) {
    let hops =
        brief.alert.judgement.path.iter().map(|hop| format!("{}: {}", hop_label(hop), state_word(hop.state)));
    list(text, "PATH", hops);
}

/// "VPC link orders-link".
pub(crate) fn hop_label(hop: &Hop) -> String {
    match (&hop.name, hop.kind) {
        (None, kind) => kind.name().to_owned(),
        (Some(name), HopKind::Integration) => format!("integration of {name}"),
        (Some(name), kind) => format!("{} {name}", kind.name()),
    }
}

fn state_word(state: State) -> &'static str {
    match state {
        State::Faulty => "FAULTY",
        State::Warning => "warning",
        State::Unknown => "not checked",
        State::Healthy => "healthy",
    }
}

fn next_steps(text: &mut Text, brief: &Report<'_>) {
    if brief.next_steps.is_empty() {
        return;
    }
    text.heading("WHAT TO DO");
    for (number, step) in (1..).zip(&brief.next_steps) {
        text.item(&format!("{number}. "), &step.what);
        if let Some(command) = &step.command {
            text.verbatim("   ", command);
        }
        if let Some(verify) = &step.verify {
            text.item("   ", "This shows whether it worked:");
            text.verbatim("   ", verify);
        }
    }
    text.blank();
}

fn evidence(text: &mut Text, brief: &Report<'_>) {
    let request = brief.alert.news.example.request_id.as_ref();
    let of = request.map_or(String::new(), |id| format!(" (request {id})"));
    text.heading(&format!("EVIDENCE{of}"));
    for line in &brief.evidence {
        let at = line.at().map_or(String::new(), |at| format!("{} ", at.strftime("%H:%M:%S%.3f")));
        text.verbatim("  ", &format!("{at}{}", line.text()));
    }
    text.blank();
}

fn more(text: &mut Text, brief: &Report<'_>) {
    let diagnosis = &brief.alert.news.example;
    text.heading("MORE");
    if let Some(logs) = &brief.logs {
        text.item("", "The log lines around the failures:");
        text.verbatim("  ", logs);
    }
    for (label, link) in &brief.consoles {
        text.item("", &format!("The console, {label}:"));
        text.verbatim("  ", link);
    }
    if let Some(runbook) = &brief.runbook {
        text.item("", &format!("AWS's runbook ({}):", report::runbook_inputs(diagnosis)));
        text.verbatim("  ", runbook);
    }
    text.item("", "Background:");
    for reference in diagnosis.cause.references {
        text.verbatim("  ", reference);
    }
    let id = &brief.alert.incident.id;
    let cut = if brief.detail.cut { " This message was cut to fit; the log holds the whole." } else { "" };
    text.paragraph(&format!("Incident {id}, cause {}.{cut}", diagnosis.cause.slug));
}

fn list(text: &mut Text, heading: &str, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.collect();
    if !items.is_empty() {
        text.heading(heading);
        for item in items {
            text.item("- ", &item);
        }
        text.blank();
    }
}

/// Text that grows paragraph by paragraph; everything that enters is made plain here.
#[derive(Default)]
struct Text {
    out: String,
}

impl Text {
    fn heading(&mut self, heading: &str) {
        self.line(&plain(heading));
    }

    fn paragraph(&mut self, text: &str) {
        self.item("", text);
        self.blank();
    }

    /// Words, wrapped; what follows the first line is indented by the mark's width.
    fn item(&mut self, mark: &str, text: &str) {
        let indent = " ".repeat(mark.chars().count());
        let mut line = mark.to_owned();
        let mut words = 0;
        for word in plain(text).split_whitespace() {
            if words > 0 && line.chars().count() + 1 + word.chars().count() > COLUMNS {
                self.line(&line);
                (line, words) = (indent.clone(), 0);
            }
            if words > 0 {
                line.push(' ');
            }
            line.push_str(word);
            words += 1;
        }
        self.line(&line);
    }

    /// A command, link or log line: never wrapped, so that it can be copied.
    fn verbatim(&mut self, indent: &str, text: &str) {
        self.line(&format!("{indent}{}", plain(text)));
    }

    fn line(&mut self, line: &str) {
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    fn blank(&mut self) {
        self.out.push('\n');
    }
}
