//! Which rule of an application load balancer's listener takes a request, as far as host, path and verb decide it.
//!
//! Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html>

use crate::aws::model::{Condition, Rule};

/// What is known of the request that the load balancer saw.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen<'a> {
    pub(crate) host: Option<&'a str>,
    pub(crate) path: Option<&'a str>,
    pub(crate) method: Option<&'a str>,
}

/// The rules that may have taken the request: one where it is certain, more where a condition (a header, a query, a source
/// address) can't be decided. Rules are asked by priority, the default last.
pub(crate) fn taking<'r>(rules: &'r [Rule], seen: Seen<'_>) -> Vec<&'r Rule> {
    let mut by_priority: Vec<&Rule> = rules.iter().collect();
    by_priority.sort_by_key(|rule| rule.priority.unwrap_or(u32::MAX));
    let mut taking = Vec::new();
    for rule in by_priority {
        match verdict(rule, seen) {
            Some(false) => {}
            Some(true) => {
                taking.push(rule);
                break;
            }
            None => taking.push(rule),
        }
    }
    taking
}

/// Whether all of a rule's conditions hold; `None` where one can't be decided and none fails.
fn verdict(rule: &Rule, seen: Seen<'_>) -> Option<bool> {
    let held: Vec<Option<bool>> = rule.conditions.iter().map(|condition| holds(condition, seen)).collect();
    if held.contains(&Some(false)) {
        return Some(false);
    }
    (!held.contains(&None)).then_some(true)
}

fn holds(condition: &Condition, seen: Seen<'_>) -> Option<bool> {
    let any = |text: &str, fold: bool| {
        let mut values = condition.values.iter();
        values.any(|value| matches(&folded(value, fold), &folded(text, fold)))
    };
    match condition.field.as_str() {
        // Values that are regular expressions are not kept; a condition without values can't be decided.
        _ if condition.values.is_empty() => None,
        "host-header" => seen.host.map(|host| any(host, true)),
        "path-pattern" => seen.path.map(|path| any(path, false)),
        "http-request-method" => seen.method.map(|method| any(method, false)),
        _ => None,
    }
}

fn folded(text: &str, fold: bool) -> String {
    if fold { text.to_ascii_lowercase() } else { text.to_owned() }
}

/// `*` stands for any characters, `?` for one. Linear in the text for each `*`: patterns come from the account, texts from a
/// log, and neither is long.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => (p, t) = (p + 1, t + 1),
            // Back to the last star, which then takes one character more.
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(priority: Option<u32>, conditions: &[(&str, &str)]) -> Rule {
        let condition = |(field, value): &(&str, &str)| Condition {
            field: (*field).to_owned(),
            values: if value.is_empty() { Vec::new() } else { vec![(*value).to_owned()] },
        };
        Rule { priority, conditions: conditions.iter().map(condition).collect(), actions: Vec::new() }
    }

    #[track_caller]
    fn check(rules: &[Rule], expected: &[Option<u32>]) {
        let seen = Seen { host: Some("Orders.internal"), path: Some("/orders/7"), method: Some("GET") };
        let found: Vec<_> = taking(rules, seen).iter().map(|rule| rule.priority).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_first_rule_by_priority_that_matches_takes_it() {
        let rules = [
            rule(None, &[]),
            rule(Some(20), &[("path-pattern", "/orders/*")]),
            rule(Some(10), &[("host-header", "*.other")]),
        ];
        check(&rules, &[Some(20)]);
    }

    #[test]
    fn all_conditions_of_a_rule_must_hold() {
        let rules =
            [rule(Some(1), &[("host-header", "orders.*"), ("http-request-method", "POST")]), rule(None, &[])];
        check(&rules, &[None]);
    }

    #[test]
    fn what_can_not_be_decided_leaves_several() {
        let rules =
            [rule(Some(1), &[("http-header", "x")]), rule(Some(2), &[("path-pattern", "")]), rule(None, &[])];
        check(&rules, &[Some(1), Some(2), None]);
    }

    #[test]
    fn wildcards() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("/a/*", "/a/", true),
            ("/a/*/c", "/a/b/b/c", true),
            ("/a?c", "/abc", true),
            ("/a?c", "/ac", false),
            ("*a*b", "aab", true),
            ("*a*b", "aba", false),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
