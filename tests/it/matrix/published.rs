//! The matrix as `docs/reliability.md` publishes it.

use std::fmt::Write as _;
use std::fs;

use super::{decoys, doubles, http, oddities, told};

const DOCUMENT: &str = "docs/reliability.md";
const OPENING: &str = "<!-- fault matrix -->";
const CLOSING: &str = "<!-- /fault matrix -->";

fn section() -> String {
    let told = told();
    let right = told.iter().filter(|(fault, told)| told.code.as_deref() == Some(fault.row.expect)).count();
    let mut text = format!(
        "{OPENING}\n\n## Fault matrix\n\n\
         Named faults, each alone in an otherwise healthy account: the real binary reads the account through the real SDK \
         from a double that answers in AWS's wire formats, after a request has failed. *Expected* is the code of the \
         verdict by contract, *got* what the alert said. V1 goes through PrivateLink to a network load balancer, V2 \
         through a link of the second generation to an application load balancer. Right: {right} of {}.\n\n\
         Beside them: {} accounts with a fault that the failed request does not meet, where nothing may be accused; {} pairs \
         of faults, where the one nearer the client is the verdict; and all of these with each permission denied in turn, \
         where a missing reading must accuse nothing.\n\n\
         ```sh\nUPDATE_DOCS=1 cargo test --test it matrix\n```\n\n\
         | fault | link | expected | got | tier |\n| --- | --- | --- | --- | --- |\n",
        told.len(),
        decoys::accounts().len(),
        doubles::accounts().len(),
    );
    for (fault, told) in told {
        let got = told.code.as_deref().map_or("nothing".to_owned(), |code| format!("`{code}`"));
        let (name, on, expect) = (fault.row.name, fault.on, fault.row.expect);
        writeln!(text, "| {name} | {on:?} | `{expect}` | {got} | {} |", told.tier)
            .expect("a String takes all text");
    }
    text + &http_apis() + &beside_oddities() + "\n" + CLOSING + "\n"
}

/// The faults of HTTP APIs.
fn http_apis() -> String {
    let told = http::told();
    let right = told.iter().filter(|(row, _, told)| told.code.as_deref() == Some(row.expect)).count();
    let mut text = format!(
        "\n### HTTP APIs\n\n\
         The same of an HTTP API, whose access line says only that the backend gave no answer. Right: {right} of {}.\n\n\
         | fault | in front of | expected | got | tier |\n| --- | --- | --- | --- | --- |\n",
        told.len()
    );
    for (row, front, told) in &told {
        let got = told.code.as_deref().map_or("nothing".to_owned(), |code| format!("`{code}`"));
        let of = match front {
            http::Front::Balancer => "a load balancer",
            http::Front::CloudMap => "Cloud Map",
        };
        writeln!(text, "| {} | {of} | `{}` | {got} | {} |", row.name, row.expect, told.tier)
            .expect("a String takes all text");
    }
    text
}

/// The oddities, how many accounts each came into, and how many verdicts it changed.
fn beside_oddities() -> String {
    let (accounts, together, alone) = oddities::changed();
    let mut text = format!(
        "\n## Harmless oddities\n\n\
         Every fault above and every account without one, {accounts} in all, again in the company of things that break \
         nothing, as real accounts are full of them: all together in each account, and each alone in one of seventeen. \
         The verdict may not change, nor its tier; all together may make a confirmed one likely.\n\n\
         | oddity | accounts | verdicts changed |\n| --- | ---: | ---: |\n| all of them together | {accounts} | {} |\n",
        together.len()
    );
    for (oddity, accounts, changed) in alone {
        writeln!(text, "| {} | {accounts} | {} |", oddity.name, changed.len())
            .expect("a String takes all text");
    }
    text
}

/// The document with the section in it: in its place, or at the end.
fn with(document: &str, section: &str) -> String {
    let held = document.split_once(OPENING).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(CLOSING)?;
        Some((before, after.strip_prefix('\n').unwrap_or(after)))
    });
    match held {
        Some((before, after)) => format!("{before}{section}{after}"),
        None if document.is_empty() => format!("# Reliability\n\n{section}"),
        None => format!("{}\n\n{section}", document.trim_end()),
    }
}

#[test]
fn the_published_matrix_is_fresh() {
    let document = fs::read_to_string(DOCUMENT).unwrap_or_default();
    let fresh = with(&document, &section());
    if updates() {
        fs::create_dir_all("docs").unwrap();
        fs::write(DOCUMENT, &fresh).unwrap();
        return;
    }
    assert!(document == fresh, "`{DOCUMENT}` is stale. Run: UPDATE_DOCS=1 cargo test --test it matrix");
}

#[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting of the program")]
fn updates() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some()
}

#[test]
fn the_section_keeps_to_its_place() {
    let section = format!("{OPENING}\nnew\n{CLOSING}\n");
    assert_eq!(with("", &section), format!("# Reliability\n\n{section}"));
    assert_eq!(with("# R\n\ntext\n", &section), format!("# R\n\ntext\n\n{section}"));
    let held = format!("# R\n\n{OPENING}\nold\n{CLOSING}\n\nmore\n");
    assert_eq!(with(&held, &section), format!("# R\n\n{section}\nmore\n"));
}
