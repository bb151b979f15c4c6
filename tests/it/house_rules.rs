//! The rules of the house, held mechanically: who imports whom, where an SDK may be named, how long things may be.
//!
//! A failure names the file and the rule of `ARCHITECTURE.md` that it breaks.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit;
use syn::visit::Visit;

/// Who may import whom; every room may also import itself and `vocabulary`.
const IMPORTS: &[(&str, &[&str])] = &[
    ("vocabulary", &[]),
    ("config", &["decode", "coverage"]),
    ("decode", &[]),
    ("correlate", &["decode"]),
    ("classify", &["decode", "correlate"]),
    ("survey", &["classify"]),
    ("context", &["decode", "correlate", "classify", "survey"]),
    ("coverage", &["survey"]),
    ("metrics", &[]),
    ("judge", &["classify", "survey"]),
    ("incident", &["decode", "correlate", "classify", "judge"]),
    ("render", &["decode", "classify", "survey", "judge", "incident", "coverage"]),
    ("publish", &["render"]),
    ("aws", &["survey", "coverage"]),
    ("pipeline", EVERYTHING),
    ("cli", EVERYTHING),
    ("lambda", EVERYTHING),
    ("caretaker", EVERYTHING),
    ("lib", &[]),
];

const EVERYTHING: &[&str] = &[
    "aws",
    "caretaker",
    "classify",
    "config",
    "context",
    "correlate",
    "coverage",
    "decode",
    "incident",
    "judge",
    "lambda",
    "metrics",
    "pipeline",
    "publish",
    "render",
    "survey",
];

/// The decisions of a room whose other files act on them.
const PURE_FILES: &[&str] = &[
    "src/coverage/blind.rs",
    "src/coverage/pattern.rs",
    "src/coverage/plan.rs",
    "src/coverage/scope.rs",
    "src/metrics.rs",
];

/// Rooms that are synchronous and pure: no clock, environment, network or logging.
const PURE: &[&str] = &["vocabulary", "decode", "correlate", "classify", "judge", "incident", "render"];

struct Source {
    path: PathBuf,
    /// The text before the first inline test module.
    production: String,
    text: String,
}

impl Source {
    fn room(&self) -> &str {
        let mut parts = self.path.iter().skip(1).map(|part| part.to_str().unwrap());
        parts.next().unwrap().trim_end_matches(".rs")
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn lines(&self) -> usize {
        self.production.lines().count()
    }
}

fn sources() -> Vec<Source> {
    let mut sources: Vec<Source> = walkdir::WalkDir::new("src")
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let production = text.split("\n#[cfg(test)]\nmod tests").next().unwrap().to_owned();
            Source { path, production, text }
        })
        .collect();
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(sources.len() > 60, "the tests run in the package's root");
    sources
}

/// Every `crate::room` that a file names, in `use` trees and in paths.
#[derive(Default)]
struct Rooms(Vec<String>);

impl<'ast> Visit<'ast> for Rooms {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let mut segments = path.segments.iter().map(|segment| segment.ident.to_string());
        if segments.next().as_deref() == Some("crate") {
            self.0.extend(segments.next());
        }
        visit::visit_path(self, path);
    }

    fn visit_use_path(&mut self, path: &'ast syn::UsePath) {
        if path.ident == "crate" {
            self.roots(&path.tree);
        }
        visit::visit_use_path(self, path);
    }
}

impl Rooms {
    fn roots(&mut self, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => self.0.push(path.ident.to_string()),
            syn::UseTree::Name(name) => self.0.push(name.ident.to_string()),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.roots(tree)),
            syn::UseTree::Rename(rename) => self.0.push(rename.ident.to_string()),
            syn::UseTree::Glob(_) => self.0.push("*".to_owned()),
        }
    }
}

fn complain(faults: &[String]) {
    assert!(faults.is_empty(), "{} fault(s):\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn imports_point_left() {
    let allowed: BTreeMap<&str, &[&str]> = IMPORTS.iter().copied().collect();
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| source.room() != "bin") {
        let room = source.room();
        let Some(allowed) = allowed.get(room) else {
            faults.push(format!("{}: room `{room}` has no line in IMPORTS", source.name()));
            continue;
        };
        let mut rooms = Rooms::default();
        rooms.visit_file(&syn::parse_file(&source.production).unwrap());
        let foreign =
            rooms.0.iter().filter(|to| *to != room && *to != "vocabulary" && !allowed.contains(&to.as_str()));
        faults.extend(foreign.map(|to| format!("{}: `{room}` must not import `{to}`", source.name())));
    }
    complain(&faults);
}

#[test]
fn each_sdk_crate_is_named_in_one_file() {
    let manifest = fs::read_to_string("Cargo.toml").unwrap();
    let crates: Vec<String> = manifest
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.trim().replace('-', "_"))
        .filter(|name| name.starts_with("aws_sdk_"))
        .collect();
    assert!(crates.len() >= 4, "{crates:?}");
    let sources = sources();
    let mut faults = Vec::new();
    for name in crates {
        let word = format!("{name}::");
        let naming: Vec<String> =
            sources.iter().filter(|source| source.text.contains(&word)).map(Source::name).collect();
        if naming.len() != 1 {
            faults.push(format!("`{name}` is named in {naming:?}; one file speaks with a service"));
        }
    }
    complain(&faults);
}

#[test]
fn pure_rooms_have_no_effects() {
    let effects = [
        "tokio",
        "tracing",
        "std::env",
        "std::fs",
        "std::net::Tcp",
        "std::thread",
        "Instant",
        "SystemTime",
        "::now()",
    ];
    let mut faults = Vec::new();
    let is_pure =
        |source: &&Source| PURE.contains(&source.room()) || PURE_FILES.contains(&source.name().as_str());
    for source in sources().iter().filter(is_pure) {
        // The stores are the incident room's edge: they wait for somebody.
        if source.path.starts_with("src/incident/store") || source.path == Path::new("src/incident/store.rs")
        {
            continue;
        }
        let code = source.production.lines().filter(|line| !line.trim_start().starts_with("//"));
        for (number, line) in (1..).zip(code) {
            let found = effects.iter().filter(|effect| line.contains(**effect));
            faults
                .extend(found.map(|effect| format!("{}:{number}: `{effect}` in a pure room", source.name())));
            if line.contains("async ") || line.contains(".await") {
                faults.push(format!("{}:{number}: pure rooms are synchronous", source.name()));
            }
        }
    }
    complain(&faults);
}

#[test]
fn core_nouns_do_not_serialise() {
    // Each of these files owns a format.
    let formats = [
        "src/render/machine.rs",
        "src/render/chat.rs",
        "src/survey/recorded",
        "src/caretaker/task.rs",
        "src/decode/",
        "src/aws/",
        "src/incident/store/dynamodb",
    ];
    let faults: Vec<String> = sources()
        .iter()
        .filter(|source| !formats.iter().any(|format| source.name().starts_with(format)))
        .filter(|source| source.production.contains("Serialize") || source.production.contains("Deserialize"))
        .map(|source| format!("{}: only a file that owns a format has wire structs", source.name()))
        .collect();
    complain(&faults);
}

#[test]
fn only_escape_turns_outside_text_into_inside_text() {
    let marks = ["\\u{1b}", "&amp;", "&lt;", "\\x1b"];
    let faults: Vec<String> = sources()
        .iter()
        .filter(|source| source.path != Path::new("src/render/escape.rs"))
        .filter(|source| marks.iter().any(|mark| source.production.contains(mark)))
        .map(Source::name)
        .collect();
    complain(&faults);
}

#[test]
fn every_file_opens_with_a_sentence() {
    let faults: Vec<String> = sources()
        .iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| format!("{}: the first line says what the file is for (`//! …`)", source.name()))
        .collect();
    complain(&faults);
}

#[test]
fn files_keep_their_budgets() {
    let sources = sources();
    let budget = |source: &Source| {
        let name = source.name();
        if name.starts_with("src/bin/") {
            60
        } else if name.starts_with("src/classify/causes/") && !is_helper(&name) {
            80
        } else if name.strip_prefix("src/judge/checks/").is_some_and(|check| !check.contains('/')) {
            120
        } else {
            400
        }
    };
    let mut faults: Vec<String> = sources
        .iter()
        .filter(|source| source.lines() > budget(source))
        .map(|source| {
            format!("{}: {} production lines, {} allowed", source.name(), source.lines(), budget(source))
        })
        .collect();
    let mut lengths: Vec<usize> = sources.iter().map(Source::lines).collect();
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    if median > 130 {
        faults.push(format!("half of the files have more than {median} lines; 130 allowed"));
    }
    complain(&faults);
}

/// Files beside the causes that hold what several of them share.
fn is_helper(name: &str) -> bool {
    ["recognise.rs", "commands.rs"].iter().any(|helper| name.ends_with(helper))
}

#[test]
fn functions_keep_their_budgets() {
    let mut lengths: Vec<(usize, String)> = Vec::new();
    for source in &sources() {
        let lines: Vec<&str> = source.production.lines().collect();
        for (start, line) in lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            if !is_function(line.trim_start()) {
                continue;
            }
            let closing = format!("{}}}", " ".repeat(indent));
            let end = (start..lines.len())
                .find(|end| lines[*end] == closing || lines[*end].ends_with(';') && *end == start);
            let length = end.map_or(1, |end| end - start + 1);
            lengths.push((length, format!("{}:{}", source.name(), start + 1)));
        }
    }
    let long = lengths.iter().filter(|(length, _)| *length > 40).count();
    let mut faults: Vec<String> = lengths
        .iter()
        .filter(|(length, _)| *length > 80)
        .map(|(length, place)| format!("{place}: a function of {length} lines, 80 allowed"))
        .collect();
    if long * 10 > lengths.len() {
        faults.push(format!("{long} of {} functions have more than 40 lines; one in ten may", lengths.len()));
    }
    assert!(lengths.len() > 200, "functions were found");
    complain(&faults);
}

fn is_function(line: &str) -> bool {
    let line =
        line.trim_start_matches("pub(crate) ").trim_start_matches("pub(crate) ").trim_start_matches("pub ");
    let line = line.trim_start_matches("const ").trim_start_matches("async ");
    line.starts_with("fn ")
}

#[test]
fn every_check_is_registered() {
    let registry = fs::read_to_string("src/judge/checks.rs").unwrap();
    let mut faults = Vec::new();
    for entry in fs::read_dir("src/judge/checks").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_file() && !registry.contains(&format!("run: {name}::check")) {
            faults.push(format!("{}: no entry in CHECKS", path.display()));
        }
    }
    complain(&faults);
}

#[test]
fn every_test_runs() {
    let hidden = [concat!("#[", "ignore"), concat!("#[should_", "panic")];
    let faults: Vec<String> = walkdir::WalkDir::new("tests")
        .into_iter()
        .chain(walkdir::WalkDir::new("src"))
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| {
            let text = fs::read_to_string(path).unwrap();
            hidden.iter().any(|mark| text.contains(mark))
        })
        .map(|path| path.display().to_string())
        .collect();
    complain(&faults);
}
