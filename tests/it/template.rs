//! `template.yaml` and the code, held together: what the role may do is what the code asks, and the other way round.

use std::collections::BTreeSet;
use std::fs;

use vpclink_responder::coverage::Call;
use vpclink_responder::survey::Question;

fn template() -> String {
    fs::read_to_string("template.yaml").unwrap()
}

/// The lines of a resource.
fn resource(name: &str) -> String {
    let text = template();
    let (_, rest) = text.split_once(&format!("\n  {name}:\n")).unwrap();
    let own = rest.lines().take_while(|line| line.starts_with("    ") || line.is_empty());
    own.collect::<Vec<_>>().join("\n")
}

/// Every `service:Action` that stands in an `Action` list of a role.
fn allowed(role: &str) -> BTreeSet<String> {
    let text = resource(role);
    let mut actions = BTreeSet::new();
    let mut within = false;
    for line in text.lines() {
        let line = line.trim();
        within = if line.starts_with("Action:") {
            true
        } else {
            within && (line.starts_with("- ") || line.is_empty())
        };
        if within {
            let words = line.split(|c: char| !(c.is_alphanumeric() || c == ':'));
            actions.extend(words.filter(|word| is_action(word)).map(str::to_owned));
        }
    }
    actions
}

fn is_action(word: &str) -> bool {
    let Some((service, name)) = word.split_once(':') else { return false };
    !service.is_empty() && name.starts_with(|c: char| c.is_ascii_uppercase())
}

/// What Lambda does with the roles by itself, what telling needs, and the way into other accounts: no question asks for it.
const OTHER: [&str; 5] =
    ["logs:CreateLogStream", "logs:PutLogEvents", "sns:Publish", "sqs:SendMessage", "sts:AssumeRole"];

#[test]
fn the_role_allows_what_the_questions_need_and_nothing_else() {
    let asked = Question::samples().iter().map(|question| question.action().to_owned()).collect();
    compare("ResponderRole", &asked);
}

#[test]
fn the_caretakers_role_allows_what_it_does_and_nothing_else() {
    compare("CaretakerRole", &Call::ALL.iter().map(|call| call.action().to_owned()).collect());
}

#[track_caller]
fn compare(role: &str, asked: &BTreeSet<String>) {
    let allowed = allowed(role);
    let missing: Vec<_> = asked.difference(&allowed).collect();
    assert!(missing.is_empty(), "asked for, but not allowed by the role: {missing:?}");
    let idle: Vec<_> = allowed.difference(asked).filter(|action| !OTHER.contains(&action.as_str())).collect();
    assert!(idle.is_empty(), "allowed by the role, but nothing asks for it: {idle:?}");
}

#[test]
fn the_functions_variables_are_ones_that_the_code_reads() {
    let config =
        ["src/config.rs", "src/config/caretaker.rs"].map(|file| fs::read_to_string(file).unwrap()).concat();
    for function in ["Responder", "Caretaker"] {
        variables_are_read(&resource(function), &config);
    }
}

#[track_caller]
fn variables_are_read(function: &str, config: &str) {
    let (_, variables) = function.split_once("Variables:\n").unwrap();
    let names: Vec<&str> = variables
        .lines()
        .map_while(|line| line.trim().split_once(": "))
        .map(|(name, _)| name)
        .take_while(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .collect();
    assert!(names.contains(&"ALERT_TOPIC_ARN"), "{names:?}");
    for name in names {
        assert!(
            config.contains(&format!("\"{name}\"")),
            "`{name}` is set by the template and read by nobody"
        );
    }
}

#[test]
fn each_function_is_built_from_a_binary_of_this_package() {
    let manifest = fs::read_to_string("Cargo.toml").unwrap();
    let text = template();
    let binaries: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("Binary: ")).collect();
    assert_eq!(binaries, ["responder", "caretaker"]);
    for binary in binaries {
        assert!(manifest.contains(&format!("name = \"{binary}\"")), "{binary}");
    }
}
