//! Which rule of an application load balancer's listener takes a request, as far as host, path and verb decide it.
//!
//! Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html>

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::aws::model::{Condition, Rule};

/// What is known of the request that a load balancer sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenRequest {
    pub host: Option<String>,
    pub path: Option<String>,
    pub method: Option<String>,
    /// Whether its URI has a query.
    pub query: Option<bool>,
    /// Headers that the integration sets, in lower case: their fixed value, or `None` where it comes from the client.
    pub headers: BTreeMap<String, Option<String>>,
    /// The addresses or networks that it may come from; empty where they are not known.
    pub sources: Vec<IpNet>,
}

/// The rules that may have taken the request: one where it is certain, more where a condition (a client's header, say)
/// can't be decided. Rules are asked by priority, the default last.
pub(crate) fn taking<'r>(rules: &'r [Rule], seen: &SeenRequest) -> Vec<&'r Rule> {
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
fn verdict(rule: &Rule, seen: &SeenRequest) -> Option<bool> {
    let held: Vec<Option<bool>> = rule.conditions.iter().map(|condition| holds(condition, seen)).collect();
    if held.contains(&Some(false)) {
        return Some(false);
    }
    (!held.contains(&None)).then_some(true)
}

fn holds(condition: &Condition, seen: &SeenRequest) -> Option<bool> {
    let any = |text: &String, fold: bool| {
        let mut values = condition.values.iter();
        values.any(|value| matches(&folded(value, fold), &folded(text, fold)))
    };
    match condition.field.as_str() {
        "query-string" => (seen.query == Some(false)).then_some(false),
        // Values that are regular expressions are not kept; a condition without values can't be decided.
        _ if condition.values.is_empty() => None,
        "host-header" => seen.host.as_ref().map(|host| any(host, true)),
        "path-pattern" => seen.path.as_ref().map(|path| any(path, false)),
        "http-request-method" => seen.method.as_ref().map(|method| any(method, false)),
        "http-header" => {
            let name = condition.header.as_ref()?.to_ascii_lowercase();
            seen.headers.get(&name)?.as_ref().map(|value| any(value, true))
        }
        "source-ip" => comes_from(&seen.sources, &condition.values),
        _ => None,
    }
}

/// Whether all of the sources lie in the networks, or no part of any does.
fn comes_from(sources: &[IpNet], networks: &[String]) -> Option<bool> {
    let networks: Vec<IpNet> = networks.iter().map(|network| network.parse().ok()).collect::<Option<_>>()?;
    let inside = |source: &IpNet| networks.iter().any(|network| network.contains(source));
    let apart =
        |source: &IpNet| !networks.iter().any(|network| network.contains(source) || source.contains(network));
    match sources {
        [] => None,
        sources if sources.iter().all(inside) => Some(true),
        sources if sources.iter().all(apart) => Some(false),
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
            header: (*field == "http-header").then(|| "X-Tenant".to_owned()),
        };
        Rule { priority, conditions: conditions.iter().map(condition).collect(), actions: Vec::new() }
    }

    #[track_caller]
    fn check(rules: &[Rule], expected: &[Option<u32>]) {
        let text = |text: &str| Some(text.to_owned());
        let seen = SeenRequest {
            host: text("Orders.internal"),
            path: text("/orders/7"),
            method: text("GET"),
            query: Some(false),
            headers: BTreeMap::from([("x-tenant".to_owned(), text("Blue"))]),
            sources: vec!["10.0.1.7/32".parse().unwrap(), "10.0.2.7/32".parse().unwrap()],
        };
        let found: Vec<_> = taking(rules, &seen).iter().map(|rule| rule.priority).collect();
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
        let rules = [rule(Some(2), &[("path-pattern", "")]), rule(None, &[])];
        check(&rules, &[Some(2), None]);
        let rules = [rule(Some(1), &[("source-ip", "10.0.1.0/24")]), rule(None, &[])];
        check(&rules, &[Some(1), None]);
        let mut rules = [rule(Some(1), &[("http-header", "x")]), rule(None, &[])];
        rules[0].conditions[0].header = Some("X-Of-The-Client".to_owned());
        check(&rules, &[Some(1), None]);
    }

    #[test]
    fn query_header_and_source_decide_where_they_are_known() {
        let default = rule(None, &[]);
        check(&[rule(Some(1), &[("query-string", "")]), default.clone()], &[None]);
        check(&[rule(Some(1), &[("http-header", "green")]), default.clone()], &[None]);
        check(&[rule(Some(1), &[("http-header", "BL*")]), default.clone()], &[Some(1)]);
        check(&[rule(Some(1), &[("source-ip", "10.0.0.0/16")]), default.clone()], &[Some(1)]);
        check(&[rule(Some(1), &[("source-ip", "192.0.2.0/24")]), default], &[None]);
    }

    #[test]
    fn a_source_of_which_the_version_of_ip_alone_is_known() {
        let check = |network: &str, expected| {
            assert_eq!(comes_from(&["0.0.0.0/0".parse().unwrap()], &[network.to_owned()]), expected);
        };
        check("0.0.0.0/0", Some(true));
        check("::/0", Some(false));
        check("10.0.0.0/16", None);
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
