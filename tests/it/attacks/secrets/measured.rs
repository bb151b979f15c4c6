//! Redaction measured both ways: secrets that are left, and harmless lines that are changed. `docs/reliability.md` holds the
//! tables.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use vpclink_responder::causes::redact;
use vpclink_responder::logs::line::LogLine;

/// Stands in the place of the secret.
const PLACE: &str = "«…»";

/// As many characters as a quote keeps.
const LONGEST: usize = 1024;

/// A secret, what kind it is, and the line around it.
pub(crate) struct Secret {
    pub(crate) name: String,
    pub(crate) text: String,
    carrier: String,
}

impl Secret {
    pub(crate) fn kind(&self) -> &str {
        self.name.split('/').next().unwrap()
    }

    pub(crate) fn line(&self) -> String {
        self.carrier.replace(PLACE, &self.text)
    }

    /// Whether six characters of it in a row are left, which its line does not hold without it.
    fn leaks_in(&self, quoted: &str) -> bool {
        let letters: Vec<char> = self.text.chars().collect();
        letters.windows(letters.len().min(6)).any(|part| {
            let part: String = part.iter().collect();
            quoted.contains(&part) && !self.carrier.contains(&part)
        })
    }
}

pub(crate) fn secrets() -> Vec<Secret> {
    let secret = |row: &str| {
        let [name, text, carrier] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("{row}") };
        assert!(carrier.contains(PLACE), "{name}");
        Secret { name: name.to_owned(), text: text.to_owned(), carrier: carrier.to_owned() }
    };
    rows("tests/secrets/secrets.tsv").iter().map(|row| secret(row)).collect()
}

/// Each with the heading that it stands under.
fn harmless() -> Vec<(String, String)> {
    let mut kind = String::new();
    let mut lines = Vec::new();
    for row in fs::read_to_string("tests/secrets/harmless.txt").unwrap().lines() {
        match row.strip_prefix("## ") {
            Some(heading) => heading.clone_into(&mut kind),
            None if row.is_empty() || row.starts_with('#') => {}
            None => lines.push((kind.clone(), row.to_owned())),
        }
    }
    lines
}

fn rows(file: &str) -> Vec<String> {
    fs::read_to_string(file).unwrap().lines().filter(|row| !row.starts_with('#')).map(str::to_owned).collect()
}

pub(crate) fn quoted(line: &str) -> String {
    redact::line(&LogLine::parse(line), LONGEST)
}

/// A table, and what it counts as wrong.
pub(crate) struct Measured {
    pub(crate) table: String,
    pub(crate) wrong: Vec<String>,
    pub(crate) all: usize,
}

/// Secrets of which something is left.
pub(crate) fn misses() -> Measured {
    let mut kinds: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for secret in secrets() {
        let quote = quoted(&secret.line());
        let (all, missed) = kinds.entry(secret.kind().to_owned()).or_default();
        *all += 1;
        if secret.leaks_in(&quote) {
            *missed += 1;
            wrong.push(format!("- `{}`: `{quote}`", secret.name));
        }
    }
    measured("secret", "missed", kinds, wrong)
}

/// Harmless lines that did not stay as they were, and their words.
pub(crate) fn false_alarms() -> Measured {
    let mut kinds: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (kind, line) in harmless() {
        let quote = quoted(&line);
        let (all, changed) = kinds.entry(kind).or_default();
        *all += 1;
        if quote != line {
            *changed += 1;
            wrong.push(format!("- `{line}`: `{quote}`"));
        }
    }
    measured("harmless line", "changed", kinds, wrong)
}

/// The words of the harmless lines, each counted once.
pub(crate) fn harmless_words() -> usize {
    let lines = harmless();
    let words: std::collections::BTreeSet<&str> =
        lines.iter().flat_map(|(_, line)| line.split_whitespace()).collect();
    words.len()
}

fn measured(what: &str, how: &str, kinds: BTreeMap<String, (usize, usize)>, wrong: Vec<String>) -> Measured {
    let mut table = format!("| {what} | tried | {how} |\n| --- | ---: | ---: |\n");
    let (mut all, mut bad) = (0, 0);
    for (kind, (tried, failed)) in kinds {
        writeln!(table, "| {kind} | {tried} | {failed} |").unwrap();
        all += tried;
        bad += failed;
    }
    writeln!(table, "| **all** | {all} | {bad} |").unwrap();
    Measured { table, wrong, all }
}

/// Both tables, as `docs/reliability.md` holds them.
pub(crate) fn tables() -> String {
    let (misses, alarms) = (misses(), false_alarms());
    let list = |wrong: &[String]| if wrong.is_empty() { "None.".to_owned() } else { wrong.join("\n") };
    format!(
        "{}\nMissed:\n\n{}\n\n{}\nThe lines hold {} different words. Changed:\n\n{}\n",
        misses.table,
        list(&misses.wrong),
        alarms.table,
        harmless_words(),
        list(&alarms.wrong),
    )
}
