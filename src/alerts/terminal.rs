//! The terminal's form: rustc's skeleton, which engineers already know how to read.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::alerts::escape::{cut, terminal as safe, terminal_command};
use crate::alerts::report::{About, Block, FULL, Report, Section, SectionKind};
use crate::alerts::words::{self, hop_label, mark};
use crate::causes::Evidence;
use crate::checks::{Assessment, Confidence, Finding, Hop, State};
use crate::ids::Severity;
use crate::incidents::{Alert, Status};
use crate::text::{counted, wrapped};

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
    /// Executions whose end the input does not show.
    pub cut_off: usize,
}

/// One alert as a block.
pub fn block(alert: &Alert, screen: Screen) -> String {
    let report = Report::new(alert, FULL);
    let paint = Paint { color: screen.color };
    let mut out = vec![title(&report, paint), place(&report, paint)];
    out.extend(quotes(&report, screen, paint));
    out.extend(notes(&report, screen, paint));
    out.join("\n") + "\n"
}

/// A path without a failure: every hop with what was found of it.
pub fn walk(title: &str, judgement: &Assessment, screen: Screen) -> String {
    let paint = Paint { color: screen.color };
    let api = judgement.facts.api_name.as_deref().map_or(String::new(), |name| format!(" ({})", safe(name)));
    let mut out = vec![paint.paint(Style::new().bold(), &format!("private path of {}{api}", safe(title)))];
    // What names none of several target groups is about all of them; it is said of the first.
    let mut left: Vec<&Finding> = judgement.findings.iter().collect();
    for hop in &judgement.path {
        out.push(format!("  {} {}", paint.state(hop.state, mark(hop.state).sign), safe(&hop_label(hop))));
        let (about, others) = left.into_iter().partition::<Vec<_>, _>(|finding| hop.is_about(finding));
        left = others;
        for finding in about {
            out.push(format!(
                "      {} {}",
                paint.state(finding.state, mark(finding.state).sign),
                safe(&finding.says)
            ));
            let remedy =
                finding.remedy.as_ref().filter(|_| matches!(finding.state, State::Faulty | State::Warning));
            out.extend(remedy.map(|remedy| format!("        next: {}", safe(&remedy.what))));
        }
    }
    let count = |state| judgement.findings.iter().filter(|finding| finding.state == state).count();
    let unread = judgement.path.iter().filter(|hop| hop.state == State::Unknown).count();
    out.push(format!(
        "\n{}, {}, {} not checked",
        counted(count(State::Faulty), "fault"),
        counted(count(State::Healthy), "healthy reading"),
        counted(unread, "hop")
    ));
    out.join("\n") + "\n"
}

/// The last line.
pub fn summary(summary: Summary) -> String {
    let Summary { causes, failed, read, cut_off } = summary;
    let cut_off =
        if cut_off == 0 { String::new() } else { format!(", {cut_off} incomplete at the end of the input") };
    format!("{} in {} ({read} read{cut_off})\n", counted(causes, "cause"), counted(failed, "failed request"))
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
        let color = match mark(state).class {
            "good" => AnsiColor::Green,
            "bad" => AnsiColor::Red,
            _ => AnsiColor::Yellow,
        };
        self.paint(color.on_default(), text)
    }
}

fn title(report: &Report<'_>, paint: Paint) -> String {
    let (level, color) = match (report.alert.status, words::severity(report.alert)) {
        (Status::Resolved, _) => ("resolved", AnsiColor::Green),
        (Status::Merged, _) => ("merged", AnsiColor::Cyan),
        (Status::Test, _) => ("test", AnsiColor::Cyan),
        (_, Severity::Critical | Severity::High) => ("error", AnsiColor::Red),
        (_, Severity::Medium | Severity::Low) => ("warning", AnsiColor::Yellow),
    };
    let cause = report.alert.news.example.cause;
    let mark = paint.paint(color.on_default().bold(), &format!("{level}[{}]", cause.slug));
    let behind = report.alert.judgement.facts.link_name.as_deref();
    let link = behind.map_or(String::new(), |link| match cause.title.ends_with("the backend") {
        true => format!(" behind VPC link `{}`", safe(link)),
        false => format!(" (VPC link `{}`)", safe(link)),
    });
    format!("{mark}{}", paint.paint(Style::new().bold(), &format!(": {}{link}", cause.title)))
}

/// `--> group, request, time, route`
fn place(report: &Report<'_>, paint: Paint) -> String {
    let diagnosis = &report.alert.news.example;
    let incident = &report.alert.incident;
    let mut parts: Vec<String> = Vec::new();
    parts.extend(diagnosis.source.log_group.as_deref().map(safe));
    parts.extend(words::request_label(diagnosis).map(|label| safe(&label)));
    parts.extend(diagnosis.at.map(words::time));
    parts.extend(words::shown_route(report.alert).map(|route| safe(&words::route_label(&route))));
    if incident.failed > 1 {
        parts.push(format!("and {} more like it", incident.failed - 1));
    }
    if parts.is_empty() {
        parts.push("the input".to_owned());
    }
    format!("  {} {}", paint.frame("-->"), parts.join(", "))
}

/// Columns before the bar: as many as the longest line number has.
fn gutter(report: &Report<'_>) -> usize {
    report.quotes().iter().map(|quote| quote.line.number().to_string().len()).max().unwrap_or(1)
}

/// The quoted lines, the proof underlined with carets.
fn quotes(report: &Report<'_>, screen: Screen, paint: Paint) -> Vec<String> {
    let gutter = gutter(report);
    let bar = paint.frame(&format!("{:gutter$} |", ""));
    let room = screen.width.saturating_sub(gutter + 3).max(20);
    let mut out = vec![bar.clone()];
    for quote in report.quotes() {
        let text = cut(&safe(&quote.text), room);
        out.push(format!("{} {text}", paint.frame(&format!("{:>gutter$} |", quote.line.number()))));
        if quote.is_proof {
            let carets = "^".repeat(text.width());
            out.push(format!("{bar} {}", paint.paint(AnsiColor::Red.on_default().bold(), &carets)));
        } else if is_endpoint(quote.line) {
            let dashes = "-".repeat(text.width().min(room.saturating_sub(29)));
            out.push(format!("{bar} {}", paint.frame(&format!("{dashes} API Gateway called this"))));
        }
    }
    out.push(bar);
    out
}

fn is_endpoint(line: &Evidence) -> bool {
    ["Endpoint request URI: ", "Sending request to "].iter().any(|opening| line.text().starts_with(opening))
}

/// A `= label: text` line. What is copied stays whole, the rest is wrapped.
struct Note<'a> {
    label: &'static str,
    body: NoteBody<'a>,
}

enum NoteBody<'a> {
    Words(String),
    Whole(String),
    Path(&'a [Hop]),
}

impl Note<'_> {
    fn words(label: &'static str, text: &str) -> Self {
        Self { label, body: NoteBody::Words(safe(text)) }
    }

    fn whole(label: &'static str, text: &str) -> Self {
        Self { label, body: NoteBody::Whole(terminal_command(text)) }
    }
}

fn notes(report: &Report<'_>, screen: Screen, paint: Paint) -> Vec<String> {
    let alert = report.alert;
    let mut notes = Vec::new();
    if alert.status != Status::Open {
        notes.push(Note::words("status", &format!("{}: {}", report.headline, alert.reason)));
    }
    if !words::is_broken(alert.status) {
        let surety = report.fact(About::Readings).or(report.fact(About::Verdict));
        let is_test = alert.status == Status::Test;
        let surety = surety.filter(|_| !is_test).map_or(String::new(), |surety| format!(" ({surety})"));
        notes.push(Note::words("now", &format!("{}{surety}", words::fault(alert))));
    } else if !alert.is_digest() {
        notes.push(Note { label: "verdict", body: NoteBody::Words(verdict(report, paint)) });
    }
    notes.extend(report.fact(About::MaskedBy).map(|text| Note::words("masked", text)));
    notes.extend(report.fact(About::Clue).map(|text| Note::words("clue", &format!("not proof: {text}"))));
    for section in &report.sections {
        section_notes(&mut notes, section);
    }
    notes.push(Note::whole("more", &format!("vpclink causes {}", alert.news.example.cause.slug)));
    let gutter = gutter(report);
    notes.iter().map(|note| line(note, gutter, screen, paint)).collect()
}

/// Routes and quotes stand above; links and healthy hops are for readers who have more room.
fn section_notes<'a>(notes: &mut Vec<Note<'a>>, section: &'a Section<'_>) {
    let label = match section.kind {
        SectionKind::AlsoAffected => "affects",
        SectionKind::AlsoBroken => "also",
        SectionKind::StillBroken => "still",
        SectionKind::NotChecked => "unread",
        SectionKind::Path => "path",
        SectionKind::Steps => "next",
        SectionKind::Routes | SectionKind::Evidence | SectionKind::Healthy | SectionKind::Links => return,
    };
    match &section.block {
        Block::List(items) => notes.extend(items.iter().map(|item| {
            let needs = item.needs.map_or(String::new(), |action| format!(" (needs {action})"));
            Note::words(label, &format!("{}{needs}", item.text))
        })),
        Block::Path(hops) => notes.push(Note { label, body: NoteBody::Path(hops) }),
        Block::Steps(steps) => {
            for step in steps {
                notes.push(Note::words(label, &step.what));
                notes.extend(step.command.iter().map(|text| Note::whole("run", text)));
                notes.extend(step.verify.iter().map(|text| Note::whole("verify", text)));
            }
        }
        Block::Quotes(_) | Block::Table(_) => {}
    }
    if section.more > 0 {
        notes.push(Note::words(label, &format!("and {} more", section.more)));
    }
}

fn line(note: &Note<'_>, gutter: usize, screen: Screen, paint: Paint) -> String {
    let head = format!("{:gutter$} = {:<9}", "", format!("{}:", note.label));
    let room = screen.width.saturating_sub(head.len()).max(30);
    let lines = match &note.body {
        NoteBody::Words(text) => wrapped(text, room, "", ""),
        NoteBody::Whole(text) => vec![text.clone()],
        NoteBody::Path(hops) => path(hops, room, paint),
    };
    format!("{}{}", paint.frame(&head), lines.join(&format!("\n{:1$}", "", head.len())))
}

/// Hop after hop, a new line before a hop that does not fit. Each part is shown and measured without its colour.
fn path(hops: &[Hop], room: usize, paint: Paint) -> Vec<String> {
    let mut lines: Vec<(usize, String)> = vec![(0, String::new())];
    for (index, hop) in hops.iter().enumerate() {
        let text = format!("{} {}", safe(&hop_label(hop)), mark(hop.state).sign);
        let arrow = if index == 0 { "" } else { "→ " };
        let width = text.width() + arrow.width();
        let fits = lines.last().is_some_and(|(used, _)| *used == 0 || used + 1 + width <= room);
        if !fits {
            lines.push((0, String::new()));
        }
        if let Some((used, line)) = lines.last_mut() {
            let blank = if *used == 0 { "" } else { " " };
            line.push_str(&format!("{blank}{arrow}{}", paint.state(hop.state, &text)));
            *used += blank.len() + width;
        }
    }
    lines.into_iter().map(|(_, line)| line).collect()
}

fn verdict(report: &Report<'_>, paint: Paint) -> String {
    let verdict = &report.alert.judgement.verdict;
    let state = if verdict.tier == Confidence::Unknown { State::Unknown } else { State::Faulty };
    let tier = paint.state(state, words::tier(report.alert));
    let finding = verdict.finding.map(|index| &report.alert.judgement.findings[index]);
    let read = finding.and_then(|finding| words::distance(report.alert, finding));
    let read = read.map_or(String::new(), |distance| format!(", read {distance}"));
    format!("{tier}: {}{read}", safe(&verdict.says))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_what_was_not_judged() {
        let counted = Summary { causes: 1, failed: 12, read: 37, cut_off: 2 };
        assert_eq!(
            summary(counted),
            "1 cause in 12 failed requests (37 read, 2 incomplete at the end of the input)\n"
        );
        let counted = Summary { causes: 2, failed: 1, read: 1, cut_off: 0 };
        assert_eq!(summary(counted), "2 causes in 1 failed request (1 read)\n");
    }
}
