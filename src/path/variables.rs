//! Stage variables: `${stageVariables.name}` in URIs and link ids.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/stage-variables.html>

use std::collections::BTreeMap;

const OPENING: &str = "${stageVariables.";

/// A configured text with its stage variables filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The text; an undefined variable leaves its reference.
    pub text: String,
    /// The variables it names, in order.
    pub names: Vec<String>,
    /// Those of them that the stage does not define.
    pub undefined: Vec<String>,
}

impl Resolved {
    /// Fills in the variables of a text.
    pub fn new(text: &str, variables: &BTreeMap<String, String>) -> Self {
        let mut filled = Self { text: String::new(), names: Vec::new(), undefined: Vec::new() };
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPENING) {
            let Some((name, tail)) = after.split_once('}') else { break };
            filled.text.push_str(before);
            match variables.get(name) {
                Some(value) => filled.text.push_str(value),
                None => {
                    filled.text.push_str(&format!("{OPENING}{name}}}"));
                    filled.undefined.push(name.to_owned());
                }
            }
            filled.names.push(name.to_owned());
            rest = tail;
        }
        filled.text.push_str(rest);
        filled
    }

    /// Whether a configured text names any variable.
    pub fn needs_variables(text: &str) -> bool {
        text.contains(OPENING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str, undefined: &[&str]) {
        let variables = BTreeMap::from([("link".to_owned(), "abc123".to_owned())]);
        let filled = Resolved::new(text, &variables);
        assert_eq!(
            (filled.text.as_str(), filled.undefined),
            (expected, undefined.iter().map(|u| u.to_string()).collect())
        );
    }

    #[test]
    fn defined_variables_are_filled_in() {
        check("${stageVariables.link}", "abc123", &[]);
        check("https://${stageVariables.link}.x/${stageVariables.link}", "https://abc123.x/abc123", &[]);
        check("plain", "plain", &[]);
    }

    #[test]
    fn undefined_ones_are_named() {
        check("${stageVariables.gone}/a", "${stageVariables.gone}/a", &["gone"]);
    }

    #[test]
    fn an_unclosed_reference_is_text() {
        check("a${stageVariables.link", "a${stageVariables.link", &[]);
    }
}
