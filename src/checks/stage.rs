//! Stage and integration: is the route there, are the stage variables that it needs, and would a failure be logged?

use std::collections::BTreeMap;

use crate::aws::model::Integration;
use crate::aws::{NotRead, Reading};
use crate::causes::{Blames, Endpoint, RouteContext};
use crate::checks::code::Code;
use crate::checks::finding::Finding;
use crate::checks::vpc_link;
use crate::ids::{ApiKind, Arn};
use crate::path::{Link, PrivatePath, Resolved};
use crate::text::shell_word;

/// The detail of a deployment that was not read, where the log shows that its endpoint is the configured one.
pub(crate) const CALLED_AS_CONFIGURED: (&str, &str) = ("called", "as configured");

/// The detail of a finding that AWS knows no API of this id.
pub(crate) const NO_SUCH_API: (&str, &str) = ("missing", "api");

pub(crate) fn check(subject: &RouteContext, path: &PrivatePath) -> Vec<Finding> {
    if let Some(finding) = no_such_api(subject, path) {
        return vec![finding];
    }
    if subject.spares_path() {
        return Vec::new();
    }
    let mut findings = integration(subject, path);
    findings.extend(not_deployed(subject, path));
    findings.extend(variables(subject, path));
    findings.extend(dangling(path));
    findings.extend(logging_off(subject, path));
    findings
}

/// A principal that may make log groups can write failures of an API of its choice. Those of an API that was deleted since
/// look the same, so they are still published, with a lower severity.
fn no_such_api(subject: &RouteContext, path: &PrivatePath) -> Option<Finding> {
    let source = &subject.source;
    let api = source.api.as_ref().filter(|_| path.api.is_absent())?;
    if source.log_group.is_some() && !source.is_named_by_group() {
        return None;
    }
    let finding = Finding::read(
        Code::IntegrationMissing,
        &path.api,
        format!("API {api} does not exist in this account and Region"),
    )
    .of(api)
    .detail(NO_SUCH_API.0, NO_SUCH_API.1);
    if source.log_group.is_none() {
        return Some(finding);
    }
    Some(finding.remedy(
        "Unless the API was just deleted, find out who created its log group: API Gateway did not write these lines.",
        Some(
            "aws cloudtrail lookup-events --lookup-attributes AttributeKey=ResourceName,AttributeValue={log_group} \
             --region {region}"
                .to_owned(),
        ),
        None,
    ))
}

fn integration(subject: &RouteContext, path: &PrivatePath) -> Vec<Finding> {
    match &path.integration {
        Reading::Known { .. } => Vec::new(),
        Reading::NotRead(unavailable) => vec![Finding::unknown(Code::IntegrationMissing, unavailable)],
        Reading::Absent { .. } => {
            let route = subject
                .route
                .as_ref()
                .map_or("the failed route".to_owned(), |r| format!("{} {}", r.method, r.path));
            let says = match (&path.api, &subject.source.api) {
                (Reading::Absent { .. }, Some(api)) => {
                    format!("API {api} does not exist in this account and Region")
                }
                _ if path.kind == ApiKind::Http => {
                    format!("the API has no route with an integration for {route} any more")
                }
                _ => format!("the API has no method with an integration for {route} any more"),
            };
            if let Some(called) = subject.endpoint.as_ref().filter(|_| subject.failed) {
                // The request had an integration, whatever became of it since, and of which route it was.
                let says = format!("{says}; when the request failed, its integration called {called}");
                let why = NotRead::not_asked(
                    &says,
                    path.integration.query(),
                    "that integration can no longer be read",
                );
                return vec![Finding::unknown(Code::IntegrationMissing, &why).saying(says)];
            }
            vec![Finding::read(Code::IntegrationMissing, &path.integration, says).remedy(
                match path.kind {
                    ApiKind::Http => {
                        "Restore the route's integration. Deploy the API unless auto-deploy is on."
                    }
                    _ => "Restore the method's integration, then deploy the API to the stage.",
                },
                None,
                None,
            )]
        }
    }
}

/// What was changed since the stage was deployed: requests still run over what it was.
fn not_deployed(subject: &RouteContext, path: &PrivatePath) -> Option<Finding> {
    let configured = match (&path.configured, &path.integration) {
        (Reading::NotRead(unavailable), Reading::Known { .. } | Reading::Absent { .. }) => {
            let unknown = Finding::unknown(Code::IntegrationNotDeployed, unavailable);
            let (key, value) = CALLED_AS_CONFIGURED;
            return Some(match called_as_configured(subject, path) {
                true => unknown.detail(key, value),
                false => unknown,
            });
        }
        (Reading::Known { value, .. }, _) => value,
        _ => return None,
    };
    let differs = differing(subject, path, path.integration.value()?, configured)?;
    let (api, stage) = (subject.source.api.as_ref()?, subject.source.stage.as_ref()?);
    let says = format!(
        "the integration's {differs} was changed but not deployed: stage {stage} still uses the old one"
    );
    let (service, id) = match path.kind {
        ApiKind::Http => ("apigatewayv2", "--api-id"),
        _ => ("apigateway", "--rest-api-id"),
    };
    let deploy = format!(
        "aws {service} create-deployment {id} {} --stage-name {} --region {{region}}",
        shell_word(api.as_str()),
        shell_word(stage)
    );
    Some(
        Finding::read(Code::IntegrationNotDeployed, &path.configured, says)
            .of(format!("{api}/{stage}"))
            .detail("changed", differs)
            .remedy("Deploy the API to the stage, if the change is meant to be live.", Some(deploy), None),
    )
}

/// Whether the request's own lines name the endpoint that is configured, though what was deployed could not be read.
/// They name no link.
fn called_as_configured(subject: &RouteContext, path: &PrivatePath) -> bool {
    let uri = path.integration.value().and_then(|integration| integration.uri.as_deref());
    let variables = path.stage.value().map(|stage| stage.variables_of(subject.source.canary));
    let filled = uri.and_then(|uri| {
        let known = variables.is_some() || !Resolved::needs_variables(uri);
        known.then(|| Resolved::new(uri, variables.as_ref().unwrap_or(&BTreeMap::new())).text)
    });
    let elsewhere = subject.source.canary && path.stage.value().is_none_or(|stage| stage.canary_differs);
    let configured = filled.and_then(|uri| Endpoint::parse(&uri));
    !elsewhere && configured.is_some() && configured == subject.endpoint
}

/// What of the way to the backend a change moves, with the stage's variables filled in. What either does not say (an export
/// need not hold every field) is no change, nor is the path, which the backend alone reads.
fn differing(
    subject: &RouteContext,
    path: &PrivatePath,
    deployed: &Integration,
    configured: &Integration,
) -> Option<&'static str> {
    let variables = path.stage.value().map(|stage| stage.variables_of(subject.source.canary));
    let filled = |text: &Option<String>| {
        let text = text.as_deref()?;
        let known = variables.is_some() || !Resolved::needs_variables(text);
        known.then(|| Resolved::new(text, variables.as_ref().unwrap_or(&BTreeMap::new())).text)
    };
    let address = |uri: &Option<String>| {
        let uri = filled(uri)?;
        let head = || uri.split('/').take(3).collect::<Vec<_>>().join("/").to_ascii_lowercase();
        Some(Endpoint::parse(&uri).map_or_else(head, |endpoint| endpoint.to_string()))
    };
    let arn = |target: &Option<Arn>| filled(&target.as_ref().map(ToString::to_string));
    let differ =
        |one: Option<String>, other: Option<String>| one.is_some() && other.is_some() && one != other;
    if differ(filled(&deployed.connection_id), filled(&configured.connection_id)) {
        Some("VPC link")
    } else if differ(address(&deployed.uri), address(&configured.uri)) {
        Some("URI")
    } else if differ(arn(&deployed.target), arn(&configured.target)) {
        Some("target")
    } else {
        (deployed.private != configured.private).then_some("connection type")
    }
}

/// Variables that the link id or the URI names and the stage does not define.
fn variables(subject: &RouteContext, path: &PrivatePath) -> Vec<Finding> {
    let needs = path.integration.value().is_some_and(|integration| {
        let texts = [integration.uri.as_deref(), integration.connection_id.as_deref()];
        texts.into_iter().flatten().any(Resolved::needs_variables)
            || !integration.template_variables.is_empty()
    });
    if let (true, Some(unavailable)) = (needs, path.stage.unavailable()) {
        return vec![Finding::unknown(Code::StageVariableUndefined, unavailable)];
    }
    let in_id: Vec<&String> =
        path.link_id.iter().flat_map(|id| &id.undefined).filter(|_| !subject.spares_link()).collect();
    let in_template = undefined_in_template(subject, path);
    let mut undefined: Vec<&String> =
        in_id.iter().copied().chain(&path.undefined_in_uri).chain(&in_template).collect();
    undefined.sort();
    undefined.dedup();
    let uri = path.integration.value().and_then(|integration| integration.uri.as_deref()).unwrap_or_default();
    let (Some(api), Some(stage)) = (&subject.source.api, &subject.source.stage) else {
        return Vec::new();
    };
    let finding = |name: &String| {
        let says = format!("stage {stage} does not define the variable `{name}` that the integration uses");
        // An API's editor chooses the variable's name, and an engineer pastes the command.
        let (api, on) = (shell_word(api.as_str()), shell_word(stage));
        let (set, show) = match path.kind {
            ApiKind::Http => {
                let of = format!("--api-id {api} --stage-name {on}");
                let set = shell_word(&format!("{name}=VALUE"));
                (
                    format!("aws apigatewayv2 update-stage {of} --stage-variables {set} --region {{region}}"),
                    format!("aws apigatewayv2 get-stage {of} --query StageVariables --region {{region}}"),
                )
            }
            _ => {
                let of = format!("--rest-api-id {api} --stage-name {on}");
                let set = shell_word(&format!("op=replace,path=/variables/{name},value=VALUE"));
                (
                    format!("aws apigateway update-stage {of} --patch-operations {set} --region {{region}}"),
                    format!("aws apigateway get-stage {of} --query variables --region {{region}}"),
                )
            }
        };
        let finding = Finding::read(Code::StageVariableUndefined, &path.stage, says)
            .of(format!("{api}/{stage}"))
            .detail("variable", name);
        let finding = match in_id.contains(&name) || address_names(uri, name) {
            true => finding,
            // Link and listener decide where a request goes, and the backend alone reads its path: no connection fails of it.
            false if subject.failed && !may_be_anywhere(subject.cause.blames) => finding.warning(),
            false => finding.partial(),
        };
        finding.remedy(format!("Define the stage variable `{name}`."), Some(set), Some(show))
    };
    undefined.into_iter().map(finding).collect()
}

/// Whether the text leaves open where the variable stands that it is about.
fn may_be_anywhere(blames: Blames) -> bool {
    matches!(blames, Blames::Configuration | Blames::Anything | Blames::BackendAnswer)
}

/// Whether the host or port of a URI is made from a stage variable.
fn address_names(uri: &str, variable: &str) -> bool {
    let behind = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let address = behind.split('/').next().unwrap_or(behind);
    Resolved::new(address, &BTreeMap::new()).names.iter().any(|name| name == variable)
}

/// Variables that a mock's request templates use and the stage does not define.
fn undefined_in_template(subject: &RouteContext, path: &PrivatePath) -> Vec<String> {
    let (Some(integration), Some(stage)) = (path.integration.value(), path.stage.value()) else {
        return Vec::new();
    };
    let overridden = |name: &str| subject.source.canary && stage.canary_overrides.contains_key(name);
    let defined = |name: &String| stage.variables.contains_key(name) || overridden(name);
    integration.template_variables.iter().filter(|name| !defined(name)).cloned().collect()
}

/// A stage variable that names a link of neither generation.
fn dangling(path: &PrivatePath) -> Vec<Finding> {
    let gone = path.link.as_ref().map(Link::reading).filter(|link| link.is_absent());
    let (Some(id), Some(link)) = (&path.link_id, gone) else { return Vec::new() };
    let Some(name) = id.names.first() else { return Vec::new() };
    let says = format!("the stage variable `{name}` names VPC link `{}`, which does not exist", id.text);
    vec![Finding::read(Code::VpcLinkIdDangling, link, says).of(&id.text).detail("variable", name).remedy(
        format!("Point the stage variable `{name}` at an existing VPC link. The command lists them."),
        Some(vpc_link::list(path)),
        Some(vpc_link::show(path, "LINK")),
    )]
}

/// A stage that logs nothing fails in silence: a `check` without a failure says so.
fn logging_off(subject: &RouteContext, path: &PrivatePath) -> Option<Finding> {
    // An HTTP API has no execution log to switch on.
    let stage = path.stage.value().filter(|_| !subject.failed && path.kind == ApiKind::Rest)?;
    let (api, name) = (subject.source.api.as_ref()?, subject.source.stage.as_ref()?);
    let route = path.resource.as_deref().zip(subject.route.as_ref().map(|route| route.method.as_str()));
    let says =
        format!("stage {name} logs nothing of this route's requests, so their failures are never reported");
    let on = format!(
        "aws apigateway update-stage --rest-api-id {} --stage-name {} --patch-operations \
         'op=replace,path=/*/*/logging/loglevel,value=INFO' --region {{region}}",
        shell_word(api.as_str()),
        shell_word(name)
    );
    let finding = Finding::read(Code::ExecutionLoggingOff, &path.stage, says).of(format!("{api}/{name}"));
    (!stage.logs(route)).then(|| finding.remedy("Turn execution logging on for the stage.", Some(on), None))
}
