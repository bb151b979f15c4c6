//! The terminal's form: rustc's skeleton, so that nobody has to learn it.

use crate::alerts::report;
use crate::checks;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::alerts::email::hop_label;
use crate::alerts::escape::{cut, terminal as safe};
use crate::alerts::message::FULL;
use crate::alerts::report::Report;
use crate::causes::Evidence;
use crate::checks::{Assessment, Confidence, State};
use crate::ids::Severity;
use crate::incidents::{Alert, Status};

/// What the terminal can show.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Whether to colour.
    pub color: bool,
    /// Columns.
    pub width: usize,
}

/// What was read beside the alerts: the last line counts what was not judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Alerts shown.
    pub causes: usize,
    /// Executions that failed.
    pub failed: usize,
    /// Executions found in the input.
    pub read: usize,
    /// Executions that end before anything tells how.
    pub cut_off: usize,
}

/// One alert as a block.
pub fn block(alert: &Alert, screen: Screen) -> String {
    let brief = Report::new(alert, FULL);
    let paint = Paint { color: screen.color };
    let mut out = vec![title(&brief, paint), place(&brief, paint)];
    out.extend(quotes(&brief, screen, paint));
    out.extend(notes(&brief, screen, paint));
    out.join("\n") + "\n"
}

/// A path without a failure: every hop with what was found of it.
pub fn walk(title: &str, judgement: &Assessment, screen: Screen) -> String {
    let paint = Paint { color: screen.color };
    let api = judgement.facts.api_name.as_deref().map_or(String::new(), |name| format!(" ({})", safe(name)));
    let mut out = vec![paint.paint(Style::new().bold(), &format!("private path of {}{api}", safe(title)))];
    for hop in &judgement.path {
        out.push(format!("  {} {}", paint.state(hop.state, sign(hop.state)), safe(&hop_label(hop))));
        for finding in judgement.findings.iter().filter(|finding| hop.is_about(finding)) {
            out.push(format!(
                "      {} {}",
                paint.state(finding.state, sign(finding.state)),
                safe(&finding.says)
            ));
            let remedy =
                finding.remedy.as_ref().filter(|_| matches!(finding.state, State::Faulty | State::Warning));
            out.extend(remedy.map(|remedy| format!("        next: {}", safe(&remedy.what))));
        }
    }
    let count = |state| judgement.findings.iter().filter(|finding| finding.state == state).count();
    let (faulty, unknown) = (count(State::Faulty), count(State::Unknown));
    out.push(format!("\n{faulty} faulty, {unknown} not checked, {} healthy", count(State::Healthy)));
    out.join("\n") + "\n"
}

fn sign(state: State) -> &'static str {
    match state {
        State::Healthy => "✓",
        State::Faulty => "✗",
        State::Warning => "!",
        State::Unknown => "?",
    }
}

/// The last line.
pub fn summary(summary: Summary) -> String {
    let Summary { causes, failed, read, cut_off } = summary;
    let plural = |n: usize, word: &str| if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") };
    let cut_off =
        if cut_off == 0 { String::new() } else { format!(", {cut_off} cut off by the end of the input") };
    format!("{} in {} ({read} read{cut_off})\n", plural(causes, "cause"), plural(failed, "failed request"))
}

#[derive(Clone, Copy)]
struct Paint {
    color: bool,
}

impl Paint {
    fn paint(self, style: Style, text: &str) -> String {
        if self.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    fn frame(self, text: &str) -> String {
        self.paint(AnsiColor::Blue.on_default().bold(), text)
    }

    fn state(self, state: State, text: &str) -> String {
        let color = match state {
            State::Healthy => AnsiColor::Green,
            State::Faulty => AnsiColor::Red,
            State::Warning | State::Unknown => AnsiColor::Yellow,
        };
        self.paint(color.on_default(), text)
    }
}

fn title(brief: &Report<'_>, paint: Paint) -> String {
    let (level, color) = match (brief.alert.status, brief.severity) {
        (Status::Resolved, _) => ("resolved", AnsiColor::Green),
        (Status::Test, _) => ("test", AnsiColor::Cyan),
        (_, Severity::Critical | Severity::High) => ("error", AnsiColor::Red),
        (_, Severity::Medium | Severity::Low) => ("warning", AnsiColor::Yellow),
    };
    let cause = brief.alert.news.example.cause;
    let mark = paint.paint(color.on_default().bold(), &format!("{level}[{}]", cause.slug));
    let behind = brief.alert.judgement.facts.link_name.as_deref();
    let behind = behind.map_or(String::new(), |link| format!(" behind VPC link `{}`", safe(link)));
    format!("{mark}{}", paint.paint(Style::new().bold(), &format!(": {}{behind}", cause.title)))
}

/// `--> group, request, time, route`
fn place(brief: &Report<'_>, paint: Paint) -> String {
    let diagnosis = &brief.alert.news.example;
    let incident = &brief.alert.incident;
    let mut parts: Vec<String> = Vec::new();
    parts.extend(diagnosis.source.log_group.as_deref().map(safe));
    parts.extend(diagnosis.request_id.as_ref().map(|id| format!("request {}", safe(id.as_str()))));
    parts.extend(diagnosis.at.map(report::time));
    parts.extend(diagnosis.route.as_ref().map(|route| safe(&format!("{} {}", route.method, route.path))));
    if incident.failed > 1 {
        parts.push(format!("and {} more like it", incident.failed - 1));
    }
    if parts.is_empty() {
        parts.push("the input".to_owned());
    }
    format!("  {} {}", paint.frame("-->"), parts.join(", "))
}

/// The quoted lines, the proof underlined with carets.
fn quotes(brief: &Report<'_>, screen: Screen, paint: Paint) -> Vec<String> {
    let proof = &brief.alert.news.example.evidence;
    let gutter = brief.evidence.iter().map(|line| line.number().to_string().len()).max().unwrap_or(1);
    let bar = paint.frame(&format!("{:gutter$} |", ""));
    let room = screen.width.saturating_sub(gutter + 3).max(20);
    let mut out = vec![bar.clone()];
    for line in &brief.evidence {
        let text = cut(&safe(line.text()), room);
        out.push(format!("{} {text}", paint.frame(&format!("{:>gutter$} |", line.number()))));
        if *line == proof {
            let carets = "^".repeat(text.width());
            out.push(format!("{bar} {}", paint.paint(AnsiColor::Red.on_default().bold(), &carets)));
        } else if is_endpoint(line) {
            let dashes = "-".repeat(text.width().min(room.saturating_sub(24)));
            out.push(format!("{bar} {}", paint.frame(&format!("{dashes} this is what it called"))));
        }
    }
    out.push(bar);
    out
}

fn is_endpoint(line: &Evidence) -> bool {
    ["Endpoint request URI: ", "Sending request to "].iter().any(|opening| line.text().starts_with(opening))
}

/// The `= label: text` lines.
fn notes(brief: &Report<'_>, screen: Screen, paint: Paint) -> Vec<String> {
    let mut notes: Vec<(&str, String)> = Vec::new();
    if brief.alert.status != Status::Open {
        notes.push(("status", safe(&format!("{}: {}", brief.headline, brief.alert.reason))));
    }
    let path = path(brief, paint);
    if !path.is_empty() {
        notes.push(("path", path));
    }
    notes.extend(brief.masked_by.as_deref().map(|masked_by| ("under", safe(masked_by))));
    if is_broken(brief) {
        notes.push(("verdict", verdict(brief, paint)));
    } else {
        notes.push(("now", safe(&format!("{} ({})", brief.fault, brief.surety))));
    }
    notes.extend(brief.clue.map(|clue| ("hint", safe(clue))));
    notes.extend(brief.also_hit.iter().map(|hit| {
        let (label, counts) = (report::hit_label(brief.alert, hit), report::hit_counts(brief.alert, hit));
        ("hits", safe(&format!("{label}: {counts}")))
    }));
    if brief.more_hits > 0 {
        notes.push(("hits", format!("and {} more", brief.more_hits)));
    }
    let also = if is_broken(brief) { "also" } else { "still" };
    notes.extend(brief.faulty.iter().map(|finding| (also, safe(&finding.says))));
    notes.extend(brief.not_checked.iter().map(|missing| {
        let needs = missing.action.map_or(String::new(), |action| format!(" (needs {action})"));
        ("unknown", format!("{}: {}{needs}", safe(&missing.what), safe(&missing.why)))
    }));
    for step in &brief.next_steps {
        notes.push(("next", safe(&step.what)));
        notes.extend(step.command.as_deref().map(|command| ("run", safe(command))));
        notes.extend(step.verify.as_deref().map(|verify| ("verify", safe(verify))));
    }
    notes.push(("more", format!("vpclink causes {}", brief.alert.news.example.cause.slug)));
    let gutter = brief.evidence.iter().map(|line| line.number().to_string().len()).max().unwrap_or(1);
    notes.into_iter().map(|(label, text)| note(label, &text, gutter, screen, paint)).collect()
}

fn is_broken(brief: &Report<'_>) -> bool {
    !matches!(brief.alert.status, Status::Resolved | Status::Test)
}

/// One note, wrapped under its text. Commands stay whole, so that they can be copied.
fn note(label: &str, text: &str, gutter: usize, screen: Screen, paint: Paint) -> String {
    let head = format!("{:gutter$} = {:<9}", "", format!("{label}:"));
    let room = screen.width.saturating_sub(head.len()).max(30);
    let body = match label {
        "run" | "verify" | "path" => text.to_owned(),
        _ => wrapped(text, room).join(&format!("\n{:1$}", "", head.len())),
    };
    format!("{}{body}", paint.frame(&head))
}

fn path(brief: &Report<'_>, paint: Paint) -> String {
    let hop =
        |hop: &checks::Hop| paint.state(hop.state, &format!("{} {}", safe(&hop_label(hop)), sign(hop.state)));
    brief.alert.judgement.path.iter().map(hop).collect::<Vec<_>>().join(" → ")
}

fn verdict(brief: &Report<'_>, paint: Paint) -> String {
    let verdict = &brief.alert.judgement.verdict;
    let state = if verdict.tier == Confidence::Unknown { State::Unknown } else { State::Faulty };
    let tier = paint.state(state, verdict.tier.as_str());
    let finding = verdict.finding.map(|index| &brief.alert.judgement.findings[index]);
    let read = finding.and_then(|finding| report::distance(brief.alert, finding));
    let read = read.map_or(String::new(), |distance| format!(", read {distance}"));
    format!("{tier}: {}{read}", safe(&verdict.says))
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a first line");
        if !line.is_empty() && line.width() + 1 + word.width() > width {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_what_was_not_judged() {
        let counted = Summary { causes: 1, failed: 12, read: 37, cut_off: 2 };
        assert_eq!(
            summary(counted),
            "1 cause in 12 failed requests (37 read, 2 cut off by the end of the input)\n"
        );
        let counted = Summary { causes: 2, failed: 1, read: 1, cut_off: 0 };
        assert_eq!(summary(counted), "2 causes in 1 failed request (1 read)\n");
    }
}
