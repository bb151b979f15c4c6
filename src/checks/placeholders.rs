//! The reader's own ids and names: what commands are filled in with.

use std::collections::BTreeMap;

use crate::aws::model::Resource;
use crate::causes::redact::{self, bounded};
use crate::causes::{Route, RouteContext};
use crate::ids::{ApiKind, Arn, Region};
use crate::path::{Link, PrivatePath, are_apart, template};
use crate::text::{ShellWord, is_id, shell_word, shell_words};

/// No name or ARN of AWS's is longer than a quarter of this.
const LONGEST: usize = 512;

/// What a command for a REST API is for an HTTP API.
const OF_HTTP_APIS: [(&str, &str); 7] = [
    (
        "get-vpc-links --query 'items[].[id,name,status]'",
        "get-vpc-links --query 'Items[].[VpcLinkId,Name,VpcLinkStatus]'",
    ),
    ("--query '[status,statusMessage]'", "--query '[VpcLinkStatus,VpcLinkStatusMessage]'"),
    ("--query variables", "--query StageVariables"),
    (
        "get-integration --rest-api-id {api} --resource-id {resource_id} --http-method {method}",
        "get-integrations --api-id {api}",
    ),
    ("get-rest-api --rest-api-id", "get-api --api-id"),
    ("aws apigateway ", "aws apigatewayv2 "),
    ("--rest-api-id", "--api-id"),
];

/// Values for the placeholders of next steps (`causes::PLACEHOLDERS`), as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placeholders {
    values: BTreeMap<&'static str, String>,
    /// The API's name.
    pub api_name: Option<String>,
    /// As which kind of API it was read.
    pub api_kind: ApiKind,
    /// The link's name, or its id.
    pub link_name: Option<String>,
    /// The API's resources.
    resources: Vec<Resource>,
}

impl Placeholders {
    /// Collects what a request and its path know.
    pub(crate) fn new(subject: &RouteContext, path: &PrivatePath) -> Self {
        let source = &subject.source;
        let (link, balancer) = (path.vpc_link(), path.balancer.as_ref());
        let service = match &path.link {
            Some(Link::V1 { service, .. }) => service.value(),
            _ => None,
        };
        let endpoint = path.endpoint.as_ref().or(subject.endpoint.as_ref());
        let known = [
            ("account", source.account.as_ref().map(ToString::to_string)),
            ("api", source.api.as_ref().map(ToString::to_string)),
            ("endpoint_service", service.map(|service| service.id.clone())),
            ("host", endpoint.map(|endpoint| endpoint.host.clone())),
            ("link", path.link_id.as_ref().filter(|id| id.undefined.is_empty()).map(|id| id.text.clone())),
            ("listener", balancer.and_then(|b| b.called_listener()).map(|listener| listener.arn.to_string())),
            (
                "load_balancer",
                balancer.and_then(|b| b.load_balancer.value()).map(|balancer| balancer.arn.to_string()),
            ),
            ("log_group", source.log_group.clone()),
            ("method", subject.route.as_ref().map(|route| route.method.clone())),
            ("path", subject.route.as_ref().map(|route| route.path.clone())),
            ("port", endpoint.map(|endpoint| endpoint.port.to_string())),
            ("region", source.region.clone().or_else(|| region(path)).map(|region| region.to_string())),
            (
                "request_id",
                subject
                    .request_id
                    .as_ref()
                    .map(ToString::to_string)
                    .filter(|id| is_id(id) && redact::text(id) == *id),
            ),
            ("scheme", endpoint.map(|endpoint| if endpoint.tls { "https" } else { "http" }.to_owned())),
            ("stage", source.stage.clone()),
            (
                "target_group",
                balancer.and_then(|b| b.called_target_groups().first().map(ToString::to_string)),
            ),
        ];
        Self {
            values: known
                .into_iter()
                .filter_map(|(name, value)| Some((name, bounded(&value?, LONGEST))))
                .collect(),
            api_name: path.api.value().map(|api| bounded(&api.name, LONGEST)),
            api_kind: source.api_kind.unwrap_or(path.kind),
            link_name: link.map(|link| bounded(link.name.as_ref().unwrap_or(&link.id), LONGEST)),
            resources: path.resources.clone(),
        }
    }

    /// The Region, from the log or the path's own ARNs.
    pub fn region(&self) -> Option<Region> {
        self.values.get("region").map(Region::new)
    }

    /// A route with its resource's template in the place of its path, where that is known.
    pub fn templated(&self, route: &Route) -> Route {
        let path = template(&self.resources, route).unwrap_or(&route.path).to_owned();
        Route { method: route.method.clone(), path }
    }

    /// Whether the API sends two routes over different links, or to different load balancers or listeners.
    pub(crate) fn are_apart(&self, one: &Route, other: &Route) -> bool {
        are_apart(&self.resources, one, other)
    }

    /// A text with its `{placeholders}` filled in; an unknown one becomes its name in capitals.
    ///
    /// Braces that enclose anything but lower-case letters (a JMESPath query, say) are left alone.
    pub fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let Some((name, tail)) = after.split_once('}').filter(|(name, _)| is_placeholder(name)) else {
                filled.push('{');
                rest = after;
                continue;
            };
            // Where a word opens, a hyphen would make it an option.
            match self.values.get(name).filter(|value| !filled.is_empty() || !value.starts_with('-')) {
                Some(value) => filled.push_str(value),
                None => filled.push_str(&name.to_ascii_uppercase()),
            }
            rest = tail;
        }
        filled.push_str(rest);
        filled
    }

    /// The same for a command that a reader will paste into a shell: names, hosts and request ids can be anyone's choice, so
    /// each word that holds one is quoted as a whole.
    pub fn fill_command(&self, command: &str) -> String {
        let mut command = command.to_owned();
        if self.api_kind == ApiKind::Http {
            OF_HTTP_APIS.iter().for_each(|(rest, http)| command = command.replace(rest, http));
        }
        let Some(words) = shell_words(&command) else { return command.clone() };
        let filled = |word: ShellWord<'_>| {
            let text = self.fill(&word.text);
            if text == word.text { word.written.to_owned() } else { shell_word(&text) }
        };
        words.into_iter().map(filled).collect::<Vec<_>>().join(" ")
    }
}

/// The Region that the path's own ARNs name, for logs that do not say.
fn region(path: &PrivatePath) -> Option<Region> {
    let balancer = path.balancer.as_ref().and_then(|balancer| balancer.arn.as_ref());
    let target = path.vpc_link().and_then(|link| link.targets.first());
    let service = path.cloud_map.as_ref().map(|cloud_map| &cloud_map.arn);
    balancer.or(target).or(service).and_then(Arn::region)
}

fn is_placeholder(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_client_writes_into_a_shell() {
        let known = |path: &str| Placeholders {
            values: BTreeMap::from([("path", path.to_owned())]),
            ..Placeholders::default()
        };
        for path in ["/a;id", "/$(id)", "/`id`", "/a'b", "/a|b", "/a b", "/a&b", "/a>b", "/é", "/{id}", "-x"]
        {
            let command = known(path).fill_command("curl http://h{path} </dev/null");
            assert_eq!(shlex::split(&command).unwrap(), ["curl", &format!("http://h{path}"), "</dev/null"]);
        }
        assert_eq!(known("--profile").fill_command("aws {path}"), "aws PATH");
        assert_eq!(known("a").fill_command("x --filter-pattern '\"{path}\"'"), "x --filter-pattern '\"a\"'");
    }

    #[test]
    fn an_http_apis_commands_are_its_own() {
        let facts = Placeholders { api_kind: ApiKind::Http, ..Placeholders::default() };
        for (rest, http) in [
            (
                "aws apigateway create-deployment --rest-api-id {api}",
                "aws apigatewayv2 create-deployment --api-id API",
            ),
            (
                "aws apigateway get-stage --rest-api-id a --query variables",
                "aws apigatewayv2 get-stage --api-id a --query StageVariables",
            ),
            ("aws apigatewayv2 get-stage --api-id a", "aws apigatewayv2 get-stage --api-id a"),
            ("aws elbv2 describe-listeners", "aws elbv2 describe-listeners"),
        ] {
            assert_eq!(facts.fill_command(rest), http);
            assert!(
                rest.contains("v2")
                    || Placeholders::default().fill_command(rest).starts_with("aws apigateway ")
            );
        }
    }

    #[test]
    fn placeholders_are_filled_and_unknown_ones_stand_out() {
        let facts = Placeholders {
            values: BTreeMap::from([("link", "abc123".to_owned())]),
            ..Placeholders::default()
        };
        assert_eq!(facts.fill("get {link} in {region}"), "get abc123 in REGION");
        assert_eq!(facts.fill("--query 'items[].{Id:id}' {"), "--query 'items[].{Id:id}' {");
    }
}
