//! The e-mail: plain text, 72 columns where words allow it, nothing that needs a fixed-width font.

use crate::alerts::escape::{email as safe, plain};
use crate::alerts::report::{About, Block, Item, Report, Section};
use crate::alerts::words::{self, hop_label, mark};
use crate::checks::State;
use crate::text::wrapped;

const COLUMNS: usize = 72;

/// The body.
pub(crate) fn body(report: &Report<'_>) -> String {
    let mut text = Body::default();
    text.paragraph(&format!("{}.", words::sentence(report.alert, &report.headline)));
    for fact in report.facts.iter().filter(|fact| !matches!(fact.about, About::Cause | About::Incident)) {
        let stop = if fact.text.ends_with('.') { "" } else { "." };
        text.paragraph(&format!("{}: {}{stop}", fact.about.label(), fact.text));
    }
    for section in &report.sections {
        text.section(section);
    }
    let cut =
        if report.amount.cut { " This message was cut to fit; the log group has every line." } else { "" };
    let (incident, cause) = (&report.alert.incident.id, report.alert.news.example.cause.slug);
    text.paragraph(&format!("Incident {incident}, cause {cause}.{cut}"));
    text.out
}

/// Body that grows line by line; everything that enters is made harmless here.
#[derive(Default)]
struct Body {
    out: String,
}

impl Body {
    fn section(&mut self, section: &Section<'_>) {
        let note = section.note.as_ref().map_or(String::new(), |note| format!(" ({note})"));
        self.line(&safe(&format!("{}{note}", section.kind.title().to_uppercase())));
        match &section.block {
            Block::List(items) => items.iter().for_each(|item| self.list_item(item)),
            Block::Table(rows) => {
                rows.iter().for_each(|(name, failed)| self.item("- ", &format!("{name}: {failed}")));
            }
            Block::Path(hops) => {
                for hop in *hops {
                    let mark = mark(hop.state);
                    let word =
                        if hop.state == State::Healthy { String::new() } else { format!(": {}", mark.word) };
                    self.item(&format!("{} ", mark.sign), &format!("{}{word}", hop_label(hop)));
                }
            }
            Block::Steps(steps) => {
                for (number, step) in (1..).zip(steps) {
                    self.item(&format!("{number}. "), &step.what);
                    step.command.iter().for_each(|command| self.verbatim("   ", command));
                    if let Some(verify) = &step.verify {
                        self.item("   ", "Verify the fix:");
                        self.verbatim("   ", verify);
                    }
                }
            }
            Block::Quotes(quotes) => {
                for quote in quotes {
                    let at = quote.line.at();
                    let at = at.map_or(String::new(), |at| format!("{} ", at.strftime("%H:%M:%S%.3f")));
                    self.line(&format!("  {at}{}", safe(&quote.text)));
                }
            }
        }
        if section.more > 0 {
            self.item("- ", &format!("and {} more (cut)", section.more));
        }
        self.blank();
    }

    fn list_item(&mut self, item: &Item<'_>) {
        match &item.url {
            Some(url) => {
                self.item("- ", &format!("{}:", item.text));
                self.verbatim("  ", url);
            }
            None => {
                let needs = item.needs.map_or(String::new(), |action| format!(" (needs {action})"));
                self.item("- ", &format!("{}{needs}", item.text));
            }
        }
    }

    fn paragraph(&mut self, text: &str) {
        self.item("", text);
        self.blank();
    }

    /// Words, wrapped; what follows the first line is indented by the mark's width.
    fn item(&mut self, mark: &str, text: &str) {
        let indent = " ".repeat(mark.chars().count());
        for line in wrapped(&safe(text), COLUMNS, mark, &indent) {
            self.line(&line);
        }
    }

    /// A command or an address of ours: never wrapped or changed, so that it can be copied.
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
