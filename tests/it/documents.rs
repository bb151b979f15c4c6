//! Documents that are made from the program, and must not grow older than it.

use vpclink_responder::alerts::catalogue;

use std::fs;

use crate::alerts::gallery;
use crate::attacks::secrets::measured;
use crate::causes::accuracy;

#[track_caller]
fn check(document: &str, is_fresh: bool, remedy: &str) {
    assert!(is_fresh, "`{document}` is stale. {remedy}");
}

fn read(document: &str) -> String {
    fs::read_to_string(document).unwrap_or_default()
}

#[test]
fn the_catalogues_document_is_fresh() {
    let document = "docs/causes.md";
    let command = "cargo run --no-default-features -- causes --markdown > docs/causes.md";
    check(document, read(document) == catalogue::markdown(), &format!("Run: {command}"));
}

#[test]
fn the_ladder_of_permissions_is_fresh() {
    let document = "docs/permissions.md";
    let command = "cargo run --no-default-features --example permissions > docs/permissions.md";
    check(document, read(document) == catalogue::permissions(), &format!("Run: {command}"));
}

#[test]
fn the_gallery_is_fresh() {
    let remedy = format!("Run: {}", gallery::COMMAND);
    check("docs/gallery.md", read("docs/gallery.md") == gallery::markdown(), &remedy);
    let readme = read("README.md");
    check("README.md", readme == gallery::with_picture(&readme), &remedy);
}

#[test]
fn the_accuracy_table_is_fresh() {
    let document = "docs/reliability.md";
    let command = "cargo run --no-default-features --example accuracy";
    let remedy = format!("Put the output of this between its marks: {command}");
    check(
        document,
        read(document).contains(&format!("<!-- accuracy -->\n\n{}\n<!-- /accuracy -->", accuracy::table())),
        &remedy,
    );
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it is how a person asks for fresh tables")]
fn the_tables_of_redaction_are_fresh() {
    let document = "docs/reliability.md";
    let tables = format!("<!-- redaction -->\n\n{}\n<!-- /redaction -->", measured::tables());
    let text = read(document);
    let (start, end) = (text.find("<!-- redaction -->").unwrap(), text.find("<!-- /redaction -->").unwrap());
    let is_fresh = text[start..].starts_with(&tables);
    if std::env::var_os("UPDATE_DOCS").is_some() && !is_fresh {
        let tail = &text[end + "<!-- /redaction -->".len()..];
        fs::write(document, format!("{}{tables}{tail}", &text[..start])).unwrap();
    }
    check(document, is_fresh, "Run: UPDATE_DOCS=1 cargo test --no-default-features tables_of_redaction");
}

#[test]
fn every_document_names_only_files_that_exist() {
    for entry in fs::read_dir("docs").unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let local = !link.is_empty() && !link.contains("://");
            assert!(!local || path.with_file_name(link).exists(), "{}: {link}", path.display());
        }
    }
}
