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

/// Secrets and harmless lines that are measured together.
#[derive(Clone, Copy)]
pub(crate) struct Corpus {
    secrets: &'static str,
    harmless: &'static str,
}

/// The lines that redaction was made with.
pub(crate) const KNOWN: Corpus =
    Corpus { secrets: "tests/secrets/secrets.tsv", harmless: "tests/secrets/harmless.txt" };

/// Lines of other shapes, written without a look at the code.
pub(crate) const FRESH: Corpus =
    Corpus { secrets: "tests/secrets/fresh-secrets.tsv", harmless: "tests/secrets/fresh-harmless.txt" };

/// A sample of the lines of a second tester, written before the code was looked at.
pub(crate) const SECOND: Corpus =
    Corpus { secrets: "tests/secrets/second-secrets.tsv", harmless: "tests/secrets/second-harmless.txt" };

/// A sample of the lines of a third tester, written before the code was looked at.
pub(crate) const THIRD: Corpus =
    Corpus { secrets: "tests/secrets/third-secrets.tsv", harmless: "tests/secrets/third-harmless.txt" };

impl Corpus {
    pub(crate) fn secrets(self) -> Vec<Secret> {
        let secret = |row: &str| {
            let [name, text, carrier] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("{row}") };
            assert!(carrier.contains(PLACE), "{name}");
            Secret { name: name.to_owned(), text: text.to_owned(), carrier: carrier.to_owned() }
        };
        rows(self.secrets).iter().map(|row| secret(row)).collect()
    }

    /// Each with the heading that it stands under.
    fn harmless(self) -> Vec<(String, String)> {
        let mut kind = String::new();
        let mut lines = Vec::new();
        for row in fs::read_to_string(self.harmless).unwrap().lines() {
            match row.strip_prefix("## ") {
                Some(heading) => heading.clone_into(&mut kind),
                None if row.is_empty() || row.starts_with('#') => {}
                None => lines.push((kind.clone(), row.to_owned())),
            }
        }
        lines
    }

    /// Secrets of which something is left.
    pub(crate) fn misses(self) -> Measured {
        let mut kinds: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        let mut wrong = Vec::new();
        for secret in self.secrets() {
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

    /// Harmless lines that did not stay as they were.
    pub(crate) fn false_alarms(self) -> Measured {
        let mut kinds: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        let mut wrong = Vec::new();
        for (kind, line) in self.harmless() {
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
    pub(crate) fn harmless_words(self) -> usize {
        let lines = self.harmless();
        let words: std::collections::BTreeSet<&str> =
            lines.iter().flat_map(|(_, line)| line.split_whitespace()).collect();
        words.len()
    }

    fn tables(self) -> String {
        let (misses, alarms) = (self.misses(), self.false_alarms());
        let list = |wrong: &[String]| if wrong.is_empty() { "None.".to_owned() } else { wrong.join("\n") };
        format!(
            "{}\nMissed:\n\n{}\n\n{}\nThe lines hold {} different words. Changed:\n\n{}\n",
            misses.table,
            list(&misses.wrong),
            alarms.table,
            self.harmless_words(),
            list(&alarms.wrong),
        )
    }
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

/// All tables, as `docs/reliability.md` holds them.
pub(crate) fn tables() -> String {
    let (known, fresh, second, third) = (KNOWN.tables(), FRESH.tables(), SECOND.tables(), THIRD.tables());
    format!(
        "{known}\n### Fresh lines\n\n{fresh}\n### Second fresh lines\n\n{second}\n### Third fresh lines\n\n{third}"
    )
}
