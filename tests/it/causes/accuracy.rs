//! How often the catalogue is right, counted over `tests/logs`; `docs/reliability.md` holds the table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use vpclink_responder::causes::Diagnosis;

use crate::fixtures;
use crate::fixtures::Fixture;

/// What became of one excerpt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Exactly the expected cause, or none where nothing failed.
    Right,
    /// Another cause, one too many, or a failure where there was none.
    Wrong,
    /// Nothing, or only that something failed.
    Unrecognised,
}

#[derive(Default)]
struct Row {
    excerpts: usize,
    published: usize,
    counts: [usize; 3],
}

/// Where the excerpts that somebody published are named, each with its source.
const SOURCES: &str = include_str!("../../logs/SOURCES.md");

/// The table as Markdown, with the list of what was taken for something else.
pub(crate) fn table() -> String {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let mut confusions = Vec::new();
    for fixture in fixtures::all() {
        let found = fixtures::diagnoses(&fixture.text());
        let outcome = outcome(&fixture.cause, &found);
        let row = rows.entry(fixture.cause.clone()).or_default();
        row.excerpts += 1;
        row.published += usize::from(is_published(&fixture));
        row.counts[outcome as usize] += 1;
        if outcome != Outcome::Right {
            let found: Vec<_> = found.iter().map(|found| found.cause.slug).collect();
            let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
            confusions.push(format!("- `{}`: {found}", fixture.name()));
        }
    }
    let mut out = String::from(
        "| cause | excerpts | of them published | right | wrong | unrecognised |\n| --- | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let mut total = Row::default();
    for (cause, row) in &rows {
        write_row(&mut out, &format!("`{cause}`"), row);
        total.excerpts += row.excerpts;
        total.published += row.published;
        (0..3).for_each(|outcome| total.counts[outcome] += row.counts[outcome]);
    }
    write_row(&mut out, "**all**", &total);
    let confusions = if confusions.is_empty() { "None.".to_owned() } else { confusions.join("\n") };
    format!("{out}\nTaken for something else:\n\n{confusions}\n")
}

fn write_row(out: &mut String, name: &str, row: &Row) {
    let [right, wrong, unrecognised] = row.counts;
    writeln!(out, "| {name} | {} | {} | {right} | {wrong} | {unrecognised} |", row.excerpts, row.published)
        .expect("a String takes all text");
}

fn outcome(expected: &str, found: &[Diagnosis]) -> Outcome {
    if fixtures::is_right(expected, found) {
        Outcome::Right
    } else if expected != "none" && found.iter().all(|found| found.cause.is_last_resort()) {
        Outcome::Unrecognised
    } else {
        Outcome::Wrong
    }
}

/// Whether the excerpt was found somewhere, not written for these tests.
fn is_published(fixture: &Fixture) -> bool {
    let name = format!("| `{}` |", fixture.name());
    SOURCES.lines().any(|line| line.starts_with(&name) && !line.contains("written after the texts"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_right_wrong_or_unrecognised() {
        let waf = "(a) Failed to call WAF\n";
        let unknown = "(b) Execution failed due to configuration error: a text that nobody knows\n";
        for (expected, log, expected_outcome) in [
            ("waf-error", waf.to_owned(), Outcome::Right),
            ("waf-error", waf.to_owned() + &waf.replace("(a)", "(b)"), Outcome::Right),
            ("waf-error", unknown.to_owned(), Outcome::Unrecognised),
            ("waf-error", "(a) Method completed with status: 200".to_owned(), Outcome::Unrecognised),
            ("target-reset", waf.to_owned(), Outcome::Wrong),
            ("waf-error", waf.to_owned() + unknown, Outcome::Wrong),
            ("unrecognised-failure", unknown.to_owned(), Outcome::Right),
            ("none", String::new(), Outcome::Right),
            ("none", unknown.to_owned(), Outcome::Wrong),
        ] {
            let outcome = outcome(expected, &fixtures::diagnoses(&log));
            assert!(outcome == expected_outcome, "{expected}: {log}");
        }
    }
}
