//! The rules of the house, held mechanically. A failure names the file, the rule, and the reason for the rule.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use syn::visit;
use syn::visit::Visit;

/// The rooms in reading order. A room imports rooms to its left only; `ids` and `text` are everyone's.
const ROOMS: &[&str] = &[
    "ids",
    "text",
    "logs",
    "causes",
    "probe",
    "aws",
    "path",
    "reachability",
    "checks",
    "incidents",
    "coverage",
    "alerts",
    "functions",
    "cli",
];

/// Rooms that are synchronous and pure: no clock, environment, network or logging.
const PURE: &[&str] = &["ids", "text", "logs", "causes", "reachability", "checks", "incidents", "alerts"];

/// Files of impure rooms that decide, and leave acting to others.
const PURE_FILES: &[&str] = &[
    "src/coverage/gaps.rs",
    "src/coverage/plan.rs",
    "src/coverage/sources.rs",
    "src/functions/metrics.rs",
    "src/path/listener_rules.rs",
    "src/path/route.rs",
];

/// Files of pure rooms that are their room's edge: they wait for a table or a topic.
const EDGES: &[&str] = &["src/incidents/store", "src/alerts/sns.rs"];

/// Rooms whose files still need each other: cycles left to open.
const STILL_ROUND: &[&str] = &[];

/// Words that still stand in two rooms: names left to change.
const STILL_TWICE: &[&str] = &[];

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

    /// The module's path below the crate: `checks::verdict`.
    fn module(&self) -> String {
        let name = self.name();
        name.trim_start_matches("src/").trim_end_matches(".rs").replace('/', "::")
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

/// Every path that starts with `crate`, in `use` trees and in code, without the `crate`.
#[derive(Default)]
struct Paths(Vec<Vec<String>>);

impl<'ast> Visit<'ast> for Paths {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let mut segments = path.segments.iter().map(|segment| segment.ident.to_string());
        // `pub(crate)` is a path of one segment.
        if segments.next().as_deref() == Some("crate") && path.segments.len() > 1 {
            self.0.push(segments.collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if let syn::UseTree::Path(path) = &item.tree
            && path.ident == "crate"
        {
            self.leaves(&path.tree, &mut Vec::new());
        }
    }
}

impl Paths {
    fn leaves(&mut self, tree: &syn::UseTree, above: &mut Vec<String>) {
        match tree {
            syn::UseTree::Path(path) => {
                above.push(path.ident.to_string());
                self.leaves(&path.tree, above);
                above.pop();
            }
            syn::UseTree::Name(name) => self.leaf(above, name.ident.to_string()),
            syn::UseTree::Rename(rename) => self.leaf(above, rename.ident.to_string()),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.leaves(tree, above)),
            syn::UseTree::Glob(_) => self.leaf(above, "*".to_owned()),
        }
    }

    fn leaf(&mut self, above: &[String], last: String) {
        self.0.push(above.iter().cloned().chain([last]).collect());
    }

    fn of(source: &Source) -> Vec<Vec<String>> {
        let mut paths = Self::default();
        paths.visit_file(&syn::parse_file(&source.production).unwrap());
        paths.0
    }
}

/// Fails with every fault, and why the rule stands.
fn hold(reason: &str, faults: &[String]) {
    assert!(
        faults.is_empty(),
        "{} fault(s)\nThe reason for this rule: {reason}\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn imports_point_left() {
    let place = |room: &str| ROOMS.iter().position(|known| *known == room);
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| !["bin", "lib"].contains(&source.room())) {
        let Some(own) = place(source.room()) else {
            faults.push(format!("{}: `{}` is not a room", source.name(), source.room()));
            continue;
        };
        for path in Paths::of(source) {
            let room = path.first().map_or("*", String::as_str);
            if place(room).is_none_or(|other| other > own) {
                faults.push(format!("{}: `{}` must not import `{room}`", source.name(), source.room()));
            }
        }
    }
    faults.dedup();
    hold("A reader who knows the rooms to the left can read the next one.", &faults);
}

#[test]
fn no_import_cycle_inside_a_room() {
    let sources = sources();
    let modules: BTreeSet<String> = sources.iter().map(Source::module).collect();
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in &sources {
        let own = source.module();
        // A room's root holds `mod` and `pub use` lines: naming it is naming what it passes on.
        if source.room() == own || own == "lib" {
            continue;
        }
        for path in Paths::of(source) {
            let named = (1..=path.len()).rev().map(|length| path[..length].join("::"));
            let module = named.into_iter().find(|module| modules.contains(module));
            if let Some(module) = module.filter(|module| *module != own) {
                edges.entry(own.clone()).or_default().insert(module);
            }
        }
    }
    let reaches = |from: &String| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(next) = open.pop() {
            for to in edges.get(&next).into_iter().flatten() {
                if seen.insert(to.clone()) {
                    open.push(to.clone());
                }
            }
        }
        seen
    };
    let faults: Vec<String> = edges
        .keys()
        .filter(|module| reaches(module).contains(*module))
        .filter(|module| !STILL_ROUND.iter().any(|known| module.starts_with(known)))
        .map(|module| format!("{module} imports itself by way of {:?}", edges[module]))
        .collect();
    hold("Files that need each other cannot be read one after the other.", &faults);
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
            faults.push(format!("`{name}` is named in {naming:?}"));
        }
    }
    hold("One file speaks with a service, so that no SDK type leaves it.", &faults);
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
    // A name without a file would hold nothing.
    let missing = PURE_FILES.iter().filter(|name| !PathBuf::from(name).exists());
    let mut faults: Vec<String> = missing.map(|name| format!("{name}: no such file")).collect();
    let is_pure =
        |source: &&Source| PURE.contains(&source.room()) || PURE_FILES.contains(&source.name().as_str());
    let is_edge = |source: &&Source| EDGES.iter().any(|edge| source.name().starts_with(edge));
    for source in sources().iter().filter(is_pure).filter(|source| !is_edge(source)) {
        let code = source.production.lines().filter(|line| !line.trim_start().starts_with("//"));
        for (number, line) in (1..).zip(code) {
            let found = effects.iter().filter(|effect| line.contains(**effect));
            faults.extend(found.map(|effect| format!("{}:{number}: `{effect}`", source.name())));
            if line.contains("async ") || line.contains(".await") {
                faults.push(format!("{}:{number}: async", source.name()));
            }
        }
    }
    hold(
        "What decides is synchronous and pure: time and answers are arguments, so every decision can be replayed.",
        &faults,
    );
}

#[test]
fn iam_actions_stand_in_the_table_of_reads() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| source.name() != "src/aws/queries.rs") {
        for quoted in source.production.split('"') {
            let Some((service, action)) = quoted.split_once(':') else { continue };
            let is_service =
                !service.is_empty() && service.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
            let is_action = action.starts_with(|first: char| first.is_ascii_uppercase())
                && action.chars().all(|c| c.is_ascii_alphanumeric());
            if is_service && is_action {
                faults.push(format!("{}: {quoted}", source.name()));
            }
        }
    }
    hold(
        "A read is one row of src/aws/queries.rs; a reading knows its query, and the query its action.",
        &faults,
    );
}

#[test]
fn only_escape_turns_outside_text_into_inside_text() {
    let marks = ["\\u{1b}", "&amp;", "&lt;", "\\x1b"];
    let faults: Vec<String> = sources()
        .iter()
        .filter(|source| source.room() == "alerts" && source.name() != "src/alerts/escape.rs")
        .filter(|source| marks.iter().any(|mark| source.production.contains(mark)))
        .map(Source::name)
        .collect();
    hold(
        "One function a target, in one file: text that is escaped twice or not at all is an attack.",
        &faults,
    );
}

#[test]
fn every_file_opens_with_a_sentence() {
    let sources = sources();
    let opens = |source: &&Source| !source.text.starts_with("//! ");
    let faults: Vec<String> = sources.iter().filter(opens).map(Source::name).collect();
    hold("The first line (`//! …`) says what a file is for.", &faults);
}

#[test]
fn no_type_name_stands_in_two_rooms() {
    let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources() {
        for item in syn::parse_file(&source.production).unwrap().items {
            let name = match item {
                syn::Item::Struct(item) => item.ident,
                syn::Item::Enum(item) => item.ident,
                syn::Item::Trait(item) => item.ident,
                _ => continue,
            };
            rooms.entry(name.to_string()).or_default().insert(source.room().to_owned());
        }
    }
    let twice = rooms.iter().filter(|(name, rooms)| rooms.len() > 1 && !STILL_TWICE.contains(&name.as_str()));
    let faults: Vec<String> = twice.map(|(name, rooms)| format!("{name}: {rooms:?}")).collect();
    hold("One word means one thing.", &faults);
}

/// The words that hide who acts.
const RIDDLES: [&str; 4] = ["nobody", "somebody", "anybody", "whoever"];

#[test]
fn sentences_name_their_actor() {
    let documents = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "template.yaml"]
        .map(PathBuf::from);
    let mut texts: Vec<(String, String)> =
        sources().into_iter().map(|source| (source.name(), source.text)).collect();
    let folders = ["docs", "templates"].into_iter().flat_map(walkdir::WalkDir::new);
    let files = folders.map(|entry| entry.unwrap().into_path()).filter(|path| path.is_file());
    for path in files.chain(documents).filter(|path| path.exists()) {
        texts.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
    }
    let mut faults = Vec::new();
    for (name, text) in texts {
        for (number, line) in (1..).zip(text.lines()) {
            let mut words = line.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
            if let Some(word) = words.find(|word| RIDDLES.contains(&word.as_str())) {
                faults.push(format!("{name}:{number}: {word}"));
            }
        }
    }
    hold("A tired reader must not guess who acts: name the actor.", &faults);
}

#[test]
fn every_check_is_registered() {
    let registry = fs::read_to_string("src/checks/assessment.rs").unwrap();
    let checks = sources()
        .into_iter()
        .filter(|source| source.production.contains("fn check(") && source.room() == "checks");
    let missing = checks.filter(|source| {
        let name = source.path.file_stem().unwrap().to_str().unwrap();
        !registry.contains(&format!("{name}::check"))
    });
    let faults: Vec<String> = missing.map(|source| source.name()).collect();
    hold("A check without an entry in PATH_CHECKS or BALANCER_CHECKS never runs.", &faults);
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
    hold("A test that does not run proves nothing.", &faults);
}
