//! `template.yaml` and the code, held together: what the role may do is what the code asks, and the other way round.

use std::collections::BTreeSet;
use std::fs;

use vpclink_responder::survey::Question;

fn template() -> String {
    fs::read_to_string("template.yaml").unwrap()
}

/// Every `service:Action` that stands in an `Action` list of the responder's role.
fn allowed() -> BTreeSet<String> {
    let text = template();
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

/// What Lambda does with the role by itself, and what telling needs: no question asks for it.
const OTHER: [&str; 6] = [
    "lambda:InvokeFunction",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sns:Publish",
    "sqs:SendMessage",
    "sts:AssumeRole",
];

#[test]
fn the_role_allows_what_the_questions_need_and_nothing_else() {
    let asked: BTreeSet<String> =
        Question::samples().iter().map(|question| question.action().to_owned()).collect();
    let allowed = allowed();
    let missing: Vec<_> = asked.difference(&allowed).collect();
    assert!(missing.is_empty(), "asked for, but not allowed by the role: {missing:?}");
    let idle: Vec<_> =
        allowed.difference(&asked).filter(|action| !OTHER.contains(&action.as_str())).collect();
    assert!(idle.is_empty(), "allowed by the role, but nothing asks for it: {idle:?}");
}

#[test]
fn the_functions_variables_are_ones_that_the_code_reads() {
    let config = fs::read_to_string("src/config.rs").unwrap();
    let text = template();
    let (_, variables) = text.split_once("Variables:\n").unwrap();
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
fn the_function_is_built_from_a_binary_of_this_package() {
    let manifest = fs::read_to_string("Cargo.toml").unwrap();
    let text = template();
    let binary = text.lines().find_map(|line| line.trim().strip_prefix("Binary: ")).unwrap();
    assert!(manifest.contains(&format!("name = \"{binary}\"")), "{binary}");
}
