//! Which integration a request went to, and with which stage variables filled in: the logged method and path, matched with
//! the API's resource templates.
//!
//! As API Gateway itself matches: a literal segment before a `{parameter}`, that before a `{proxy+}`; the verb before
//! `ANY`. Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html>

use std::collections::BTreeMap;

use crate::aws::model::{Integration, Resource};
use crate::causes::{Endpoint, Route};

/// The integration of a failed request, as far as it can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// Exactly one.
    One { resource: Option<&'a str>, integration: &'a Integration },
    /// The API has no method for that route.
    Missing,
    /// The log does not name the route, and the API's private integrations differ.
    Ambiguous(usize),
}

/// Finds the integration of a route; without a route, the one that every private integration agrees on.
pub(crate) fn find<'a>(
    resources: &'a [Resource],
    route: Option<&Route>,
    called: Option<&Endpoint>,
) -> Found<'a> {
    match route {
        Some(route) => of_route(resources, route),
        None => agreed(resources, called),
    }
}

/// The template that a route's path was matched with; `None` where the API has no such route.
pub fn template<'a>(resources: &'a [Resource], route: &Route) -> Option<&'a str> {
    match of_route(resources, route) {
        Found::One { resource, .. } => resource,
        Found::Missing | Found::Ambiguous(_) => None,
    }
}

/// Whether the API sends two routes over different links, or to different load balancers or listeners.
pub fn are_apart(resources: &[Resource], one: &Route, other: &Route) -> bool {
    let way = |route| match of_route(resources, route) {
        Found::One { integration, .. } => Some((&integration.connection_id, &integration.target)),
        Found::Missing | Found::Ambiguous(_) => None,
    };
    way(one).zip(way(other)).is_some_and(|(one, other)| one != other)
}

fn of_route<'a>(resources: &'a [Resource], route: &Route) -> Found<'a> {
    let mut matching: Vec<(Rank, &Resource)> = resources
        .iter()
        .filter_map(|resource| Some((rank(&resource.path, &route.path)?, resource)))
        .collect();
    matching.sort_by(|a, b| b.0.cmp(&a.0));
    // A resource without methods only holds a place in the tree; the next best that has the verb answers.
    let answering = matching.into_iter().find_map(|(_, resource)| {
        let verb = route.method.to_ascii_uppercase();
        let integration = resource.integrations.get(&verb).or_else(|| resource.integrations.get("ANY"))?;
        Some(Found::One { resource: Some(&resource.path), integration })
    });
    answering.unwrap_or(Found::Missing)
}

fn agreed<'a>(resources: &'a [Resource], called: Option<&Endpoint>) -> Found<'a> {
    let endpoint = |integration: &Integration| integration.uri.as_deref().and_then(Endpoint::parse);
    let mut private: Vec<&Integration> =
        resources.iter().flat_map(|resource| resource.integrations.values()).filter(|i| i.private).collect();
    if let Some(called) = called {
        private.retain(|integration| endpoint(integration).is_none_or(|configured| configured == *called));
    }
    let target =
        |i: &Integration| (i.connection_id.clone(), i.target.clone(), endpoint(i).map(|e| (e.tls, e.port)));
    let mut targets: Vec<_> = private.iter().map(|i| target(i)).collect();
    targets.sort();
    targets.dedup();
    match (private.first(), targets.len()) {
        (Some(integration), 1) => Found::One { resource: None, integration },
        (_, several) => Found::Ambiguous(several),
    }
}

/// How well a template fits: the whole path itself first, then segment by segment, literal over parameter over greedy.
type Rank = (bool, Vec<u8>);

fn rank(template: &str, path: &str) -> Option<Rank> {
    if template == path {
        return Some((true, Vec::new()));
    }
    // An HTTP API's route for what no other takes.
    if template == "$default" {
        return Some((false, Vec::new()));
    }
    let path: Vec<&str> = segments(path);
    let mut ranks = Vec::new();
    let mut index = 0;
    for part in segments(template) {
        if part.starts_with('{') && part.ends_with("+}") {
            ranks.push(0);
            return (index < path.len()).then_some((false, ranks));
        }
        let segment = path.get(index)?;
        match part.starts_with('{') && part.ends_with('}') {
            true => ranks.push(1),
            false if part == *segment => ranks.push(2),
            false => return None,
        }
        index += 1;
    }
    (index == path.len()).then_some((false, ranks))
}

fn segments(path: &str) -> Vec<&str> {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    path.split('/').filter(|segment| !segment.is_empty()).collect()
}

/// What opens a stage variable. Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/stage-variables.html>
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

    fn resource(path: &str, verbs: &[&str], link: &str) -> Resource {
        let integration = |verb: &&str| {
            let uri = Some(format!("https://backend/{verb}{path}"));
            (
                verb.to_string(),
                Integration {
                    uri,
                    private: true,
                    connection_id: Some(link.to_owned()),
                    ..Integration::default()
                },
            )
        };
        Resource {
            path: path.to_owned(),
            integrations: verbs.iter().map(integration).collect::<BTreeMap<_, _>>(),
        }
    }

    #[test]
    fn routes_over_different_links_are_apart() {
        let mut resources = api();
        resources.push(resource("/pay", &["POST"], "b"));
        let route = |method: &str, path: &str| Route { method: method.to_owned(), path: path.to_owned() };
        let orders = route("GET", "/orders/7");
        assert!(are_apart(&resources, &orders, &route("POST", "/pay")));
        assert!(!are_apart(&resources, &orders, &route("GET", "/orders")));
        // Of a route that the API does not have, nothing is said.
        assert!(!are_apart(&resources[1..3], &orders, &route("POST", "/pay/x")));
    }

    fn api() -> Vec<Resource> {
        vec![
            resource("/", &[], "a"),
            resource("/{proxy+}", &["ANY"], "a"),
            resource("/orders", &["GET", "ANY"], "a"),
            resource("/orders/{id}", &["GET"], "a"),
            resource("/orders/new", &["GET"], "a"),
        ]
    }

    #[track_caller]
    fn check(method: &str, path: &str, expected: Option<&str>) {
        let resources = api();
        let route = Route { method: method.to_owned(), path: path.to_owned() };
        let found = match find(&resources, Some(&route), None) {
            Found::One { integration, .. } => integration.uri.clone(),
            _ => None,
        };
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn the_exact_verb_comes_before_any() {
        check("GET", "/orders", Some("https://backend/GET/orders"));
        check("PUT", "/orders", Some("https://backend/ANY/orders"));
    }

    #[test]
    fn literal_before_parameter_before_greedy() {
        check("GET", "/orders/new", Some("https://backend/GET/orders/new"));
        check("GET", "/orders/7", Some("https://backend/GET/orders/{id}"));
        check("GET", "/orders/{id}", Some("https://backend/GET/orders/{id}"));
        check("GET", "/orders/7/lines", Some("https://backend/ANY/{proxy+}"));
        check("GET", "/{proxy+}", Some("https://backend/ANY/{proxy+}"));
    }

    #[test]
    fn a_verb_that_the_best_resource_lacks_falls_to_the_next() {
        check("DELETE", "/orders/7", Some("https://backend/ANY/{proxy+}"));
    }

    #[test]
    fn what_no_route_of_an_http_api_takes_its_default_takes() {
        let http = [resource("/orders/{id}", &["GET"], "a"), resource("$default", &["ANY"], "b")];
        let link = |method: &str, path: &str| {
            let route = Route { method: method.to_owned(), path: path.to_owned() };
            match find(&http, Some(&route), None) {
                Found::One { integration, .. } => integration.connection_id.clone(),
                _ => None,
            }
        };
        assert_eq!(link("GET", "/orders/7").as_deref(), Some("a"));
        for (method, path) in [("POST", "/orders/7"), ("GET", "/"), ("GET", "/a/b"), ("GET", "$default")] {
            assert_eq!(link(method, path).as_deref(), Some("b"), "{method} {path}");
        }
    }

    #[test]
    fn the_root_is_no_proxy() {
        check("GET", "/", None);
    }

    #[test]
    fn without_a_route_the_private_integrations_must_agree() {
        let one = api();
        assert!(matches!(find(&one, None, None), Found::One { resource: None, .. }));
        let mut two = api();
        two.push(resource("/other", &["GET"], "b"));
        assert_eq!(find(&two, None, None), Found::Ambiguous(2));
    }

    #[track_caller]
    fn check_text(text: &str, expected: &str, undefined: &[&str]) {
        let variables = BTreeMap::from([("link".to_owned(), "abc123".to_owned())]);
        let filled = Resolved::new(text, &variables);
        assert_eq!(
            (filled.text.as_str(), filled.undefined),
            (expected, undefined.iter().map(|u| u.to_string()).collect())
        );
    }

    #[test]
    fn defined_variables_are_filled_in() {
        check_text("${stageVariables.link}", "abc123", &[]);
        check_text("https://${stageVariables.link}.x/${stageVariables.link}", "https://abc123.x/abc123", &[]);
        check_text("plain", "plain", &[]);
    }

    #[test]
    fn undefined_ones_are_named() {
        check_text("${stageVariables.gone}/a", "${stageVariables.gone}/a", &["gone"]);
    }

    #[test]
    fn an_unclosed_reference_is_text() {
        check_text("a${stageVariables.link", "a${stageVariables.link", &[]);
    }
}
