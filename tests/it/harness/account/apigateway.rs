//! API Gateway, both APIs: REST APIs with stages and resources, VPC links of both generations.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Account, page};
use crate::harness::call::Call;
use crate::harness::wire::Reply;

/// A REST API.
#[derive(Clone, Debug, Default)]
pub struct RestApi {
    /// Its name.
    pub name: String,
    /// Its stages, by name.
    pub stages: BTreeMap<String, Stage>,
    /// Its resources, in the order they are listed.
    pub resources: Vec<Resource>,
    /// What its stages were deployed with, where that is something else.
    pub deployed: Option<Vec<Resource>>,
}

/// A stage.
#[derive(Clone, Debug, Default)]
pub struct Stage {
    /// Which deployment it serves.
    pub deployment_id: String,
    /// Its variables.
    pub variables: BTreeMap<String, String>,
    /// Its canary.
    pub canary: Option<Canary>,
    /// Its access log, as `AccessLogSettings` is written.
    pub access_log: Option<Value>,
    /// What it presents to backends that ask for a certificate.
    pub client_certificate: Option<String>,
    /// Logging and the like, by `{resource_path}/{http_method}` or `*/*`, as `MethodSetting` is written.
    pub method_settings: BTreeMap<String, Value>,
}

/// A stage's canary.
#[derive(Clone, Debug, Default)]
pub struct Canary {
    /// Its share of the traffic.
    pub percent_traffic: f64,
    /// Which deployment it serves.
    pub deployment_id: String,
    /// Variables that its requests see instead.
    pub stage_variable_overrides: BTreeMap<String, String>,
}

/// A resource.
#[derive(Clone, Debug, Default)]
pub struct Resource {
    /// Its id.
    pub id: String,
    /// Its path template.
    pub path: String,
    /// The integrations of its methods, by verb; `None` is a method that has none.
    pub methods: BTreeMap<String, Option<Integration>>,
}

/// A method's integration.
#[derive(Clone, Debug, Default)]
pub struct Integration {
    /// `HTTP`, `HTTP_PROXY`, `AWS`, `AWS_PROXY`, `MOCK`.
    pub kind: String,
    /// The verb towards the backend.
    pub http_method: Option<String>,
    /// The URI.
    pub uri: Option<String>,
    /// `INTERNET` or `VPC_LINK`.
    pub connection_type: Option<String>,
    /// The link.
    pub connection_id: Option<String>,
    /// The listener or load balancer of a V2 integration.
    pub integration_target: Option<String>,
    /// How long API Gateway waits.
    pub timeout_in_millis: Option<u32>,
    /// Request templates by content type.
    pub request_templates: BTreeMap<String, String>,
    /// `tlsConfig.insecureSkipVerification`.
    pub insecure_skip_verification: Option<bool>,
}

/// A VPC link of the first generation.
#[derive(Clone, Debug, Default)]
pub struct VpcLink {
    /// Its name.
    pub name: String,
    /// `AVAILABLE`, `PENDING`, `DELETING`, `FAILED`.
    pub status: String,
    /// Why.
    pub status_message: Option<String>,
    /// The network load balancer's ARN.
    pub target_arns: Vec<String>,
}

/// A VPC link of the second generation.
#[derive(Clone, Debug, Default)]
pub struct VpcLinkV2 {
    /// Its name.
    pub name: String,
    /// `AVAILABLE`, `PENDING`, `DELETING`, `FAILED`, `INACTIVE`.
    pub status: String,
    /// Why.
    pub status_message: Option<String>,
    /// Where its interfaces are.
    pub subnet_ids: Vec<String>,
    /// Their groups.
    pub security_group_ids: Vec<String>,
}

/// An HTTP or WebSocket API.
#[derive(Clone, Debug, Default)]
pub struct HttpApi {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is a WebSocket API.
    pub is_websocket: bool,
    /// The connection types of its integrations.
    pub connection_types: Vec<String>,
    /// Its stages by name, as `GetStage` answers.
    pub stages: BTreeMap<String, Value>,
    /// Its routes, by key, and the integration's id.
    pub routes: Vec<(String, String)>,
    /// Its integrations by id, as `GetIntegrations` lists them.
    pub integrations: BTreeMap<String, Value>,
    /// What its stages were deployed with, where that is something else: an OpenAPI document.
    pub deployed: Option<Value>,
}

impl HttpApi {
    /// The OpenAPI document of what is configured.
    pub fn export(&self) -> Value {
        let mut paths = Map::new();
        for (key, integration) in &self.routes {
            let (verb, path) = key.split_once(' ').unwrap_or(("ANY", key));
            let verb =
                if verb == "ANY" { "x-amazon-apigateway-any-method".to_owned() } else { verb.to_lowercase() };
            let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
            let mut wire = Map::new();
            for (from, to) in EXPORTED {
                let value = &self.integrations[integration][from];
                if !value.is_null() {
                    wire.insert((*to).to_owned(), value.clone());
                }
            }
            let method = json!({ "x-amazon-apigateway-integration": wire });
            paths.entry(path).or_insert_with(|| json!({}))[verb] = method;
        }
        json!({ "openapi": "3.0.1", "info": { "title": self.name }, "paths": paths })
    }
}

/// An integration's members, and what they are called in a document.
const EXPORTED: &[(&str, &str)] = &[
    ("integrationType", "type"),
    ("integrationUri", "uri"),
    ("connectionType", "connectionType"),
    ("connectionId", "connectionId"),
    ("timeoutInMillis", "timeoutInMillis"),
    ("tlsConfig", "tlsConfig"),
    ("requestParameters", "requestParameters"),
];

const EPOCH: i64 = 1_788_220_800;
const DATE: &str = "2026-09-01T00:00:00Z";

/// Adds nulls wherever the console leaves them: in maps, in lists, and as members.
pub(crate) fn add_nulls(value: &mut Value) {
    const MAPS: [&str; 5] =
        ["requestParameters", "requestTemplates", "stageVariableOverrides", "tags", "variables"];
    match value {
        Value::Array(items) => items.iter_mut().for_each(add_nulls),
        Value::Object(members) => {
            members.values_mut().for_each(add_nulls);
            for name in MAPS {
                if let Some(Value::Object(map)) = members.get_mut(name) {
                    map.entry("application/json").or_insert(Value::Null);
                }
            }
            if members.contains_key("passthroughBehavior") || members.contains_key("integrationType") {
                let templates = json!({ "application/json": null });
                members.insert("cacheKeyParameters".to_owned(), json!([null]));
                let response =
                    json!({ "statusCode": "200", "selectionPattern": null, "responseTemplates": templates });
                members.insert("integrationResponses".to_owned(), json!({ "200": response, "500": null }));
            }
            if members.contains_key("stageName") {
                members.entry("variables").or_insert_with(|| json!({ "unused": null }));
                members.insert("documentationVersion".to_owned(), Value::Null);
            }
        }
        _ => {}
    }
}

pub(crate) fn answer(account: &Account, call: &Call) -> Option<Reply> {
    Some(match call.operation.as_str() {
        "GetAccount" => Reply::Answer(bare(json!({ "cloudwatchRoleArn": account.log_role }))),
        "GetRestApis" => {
            let apis: Vec<Value> = account.rest_apis.iter().map(|(id, api)| rest_api(id, api)).collect();
            page(account, &apis, call.number("limit").unwrap_or(25), call.text("position"), |items, next| {
                bare(json!({ "item": items, "position": next }))
            })?
        }
        "GetStages" => with_api(account, call, |api| {
            let stages: Vec<Value> = api.stages.iter().map(|(name, found)| stage(name, found)).collect();
            Reply::Answer(json!({ "item": stages }))
        }),
        "GetRestApi" => with_api(account, call, |api| Reply::Answer(rest_api(call.text("restApiId"), api))),
        "GetStage" => with_api(account, call, |api| match api.stages.get(call.text("stageName")) {
            Some(found) => Reply::Answer(stage(call.text("stageName"), found)),
            None => not_found("Invalid stage identifier specified"),
        }),
        "GetResources" => with_api(account, call, |api| resources(account, call, api)),
        "GetExport" => with_api(account, call, export),
        "GetClientCertificate" => match account.client_certificates.get(call.text("clientCertificateId")) {
            Some(end) => Reply::Answer(json!({
                "clientCertificateId": call.text("clientCertificateId"),
                "createdDate": EPOCH,
                "expirationDate": end,
            })),
            None => not_found("Invalid Client Certificate identifier specified"),
        },
        "GetVpcLink" => match account.vpc_links.get(call.text("vpcLinkId")) {
            Some(link) => Reply::Answer(vpc_link(call.text("vpcLinkId"), link)),
            None => not_found("Invalid VPC link identifier specified"),
        },
        _ => return None,
    })
}

pub(crate) fn answer_v2(account: &Account, call: &Call) -> Option<Reply> {
    let id = call.text("vpcLinkId");
    if call.operation == "GetApis" {
        let apis = account.http_apis.iter().map(|api| {
            let protocol = if api.is_websocket { "WEBSOCKET" } else { "HTTP" };
            json!({ "apiId": api.id, "name": api.name, "protocolType": protocol })
        });
        return v2_page(account, call, &apis.collect::<Vec<_>>());
    }
    if call.operation != "GetVpcLink" {
        let Some(api) = account.http_apis.iter().find(|api| api.id == call.text("apiId")) else {
            return Some(not_found(&format!("Invalid API identifier specified {}", call.text("apiId"))));
        };
        return of_http_api(account, call, api);
    }
    (call.operation == "GetVpcLink").then(|| match account.vpc_links_v2.get(id) {
        Some(link) => Reply::Answer(vpc_link_v2(id, link)),
        None => not_found(&format!("Unable to find VpcLink by id {id}")),
    })
}

fn of_http_api(account: &Account, call: &Call, api: &HttpApi) -> Option<Reply> {
    Some(match call.operation.as_str() {
        "GetApi" => {
            let protocol = if api.is_websocket { "WEBSOCKET" } else { "HTTP" };
            Reply::Answer(json!({ "apiId": api.id, "name": api.name, "protocolType": protocol, "tags": {} }))
        }
        "GetStage" => match api.stages.get(call.text("stageName")) {
            Some(stage) => Reply::Answer(stage.clone()),
            None => not_found("Unable to find Stage by name"),
        },
        "GetStages" => return v2_page(account, call, &api.stages.values().cloned().collect::<Vec<_>>()),
        "GetRoutes" => {
            let route = |(key, id): &(String, String)| json!({ "routeKey": key, "routeId": format!("r-{key}"), "target": format!("integrations/{id}") });
            return v2_page(account, call, &api.routes.iter().map(route).collect::<Vec<_>>());
        }
        "GetIntegrations" => {
            let integrations = api.connection_types.iter().map(|kind| json!({ "connectionType": kind }));
            let whole = api.integrations.iter().map(|(id, wire)| {
                let mut wire = wire.clone();
                wire["integrationId"] = json!(id);
                wire
            });
            return v2_page(account, call, &integrations.chain(whole).collect::<Vec<_>>());
        }
        "ExportApi" => Reply::Answer(api.deployed.clone().unwrap_or_else(|| api.export())),
        _ => return None,
    })
}

fn v2_page(account: &Account, call: &Call, items: &[Value]) -> Option<Reply> {
    let limit = call.number("maxResults").unwrap_or(25);
    page(account, items, limit, call.text("nextToken"), |items, next| {
        bare(json!({ "items": items, "nextToken": next }))
    })
}

fn with_api(account: &Account, call: &Call, answer: impl FnOnce(&RestApi) -> Reply) -> Reply {
    let id = call.text("restApiId");
    match account.rest_apis.get(id) {
        Some(api) => answer(api),
        None => not_found(&format!("Invalid API identifier specified {}:{id}", account.id)),
    }
}

fn not_found(message: &str) -> Reply {
    Reply::error(404, "NotFoundException", message)
}

fn rest_api(id: &str, api: &RestApi) -> Value {
    json!({
        "id": id,
        "name": api.name,
        "createdDate": EPOCH,
        "apiKeySource": "HEADER",
        "endpointConfiguration": { "types": ["REGIONAL"], "ipAddressType": "ipv4" },
        "disableExecuteApiEndpoint": false,
        "tags": {},
    })
}

fn stage(name: &str, stage: &Stage) -> Value {
    bare(json!({
        "stageName": name,
        "deploymentId": stage.deployment_id,
        "variables": (!stage.variables.is_empty()).then_some(&stage.variables),
        "canarySettings": stage.canary.as_ref().map(|canary| json!({
            "percentTraffic": canary.percent_traffic,
            "deploymentId": canary.deployment_id,
            "stageVariableOverrides": canary.stage_variable_overrides,
            "useStageCache": false,
        })),
        "accessLogSettings": stage.access_log,
        "methodSettings": stage.method_settings,
        "clientCertificateId": stage.client_certificate,
        "cacheClusterEnabled": false,
        "cacheClusterStatus": "NOT_AVAILABLE",
        "tracingEnabled": false,
        "createdDate": EPOCH,
        "lastUpdatedDate": EPOCH,
    }))
}

fn resources(account: &Account, call: &Call, api: &RestApi) -> Reply {
    let embed = call.text("embed") == "methods";
    let limit = call.number("limit").unwrap_or(25).min(500);
    page(account, &api.resources, limit, call.text("position"), |items, next| {
        let items: Vec<Value> = items.iter().map(|item| resource(item, embed)).collect();
        // The member is called `items`, its wire name is `item`.
        bare(json!({ "item": items, "position": next }))
    })
    .unwrap_or_else(|| Reply::error(400, "BadRequestException", "Invalid position parameter"))
}

/// The OpenAPI document of what is deployed, with its integrations.
fn export(api: &RestApi) -> Reply {
    let mut paths = Map::new();
    for resource in api.deployed.as_ref().unwrap_or(&api.resources) {
        let methods: Map<String, Value> = resource
            .methods
            .iter()
            .map(|(verb, integration)| {
                let verb = if verb == "ANY" {
                    "x-amazon-apigateway-any-method".to_owned()
                } else {
                    verb.to_lowercase()
                };
                (verb, bare(json!({ "x-amazon-apigateway-integration": integration.as_ref().map(exported) })))
            })
            .collect();
        if !methods.is_empty() {
            paths.insert(resource.path.clone(), Value::Object(methods));
        }
    }
    Reply::Answer(json!({ "openapi": "3.0.1", "info": { "title": api.name }, "paths": paths }))
}

fn exported(integration: &Integration) -> Value {
    bare(json!({
        "type": integration.kind.to_lowercase(),
        "httpMethod": integration.http_method,
        "uri": integration.uri,
        "connectionType": integration.connection_type,
        "connectionId": integration.connection_id,
        "integrationTarget": integration.integration_target,
        "timeoutInMillis": integration.timeout_in_millis,
        "requestTemplates": (!integration.request_templates.is_empty()).then_some(&integration.request_templates),
    }))
}

fn resource(resource: &Resource, embed: bool) -> Value {
    let methods: Map<String, Value> = resource
        .methods
        .iter()
        .map(|(verb, integration)| match embed {
            true => (verb.clone(), method(verb, integration.as_ref())),
            false => (verb.clone(), json!({})),
        })
        .collect();
    bare(json!({
        "id": resource.id,
        "path": resource.path,
        "pathPart": resource.path.rsplit('/').next().filter(|part| !part.is_empty()),
        "parentId": (resource.path != "/").then_some("root000000"),
        "resourceMethods": (!methods.is_empty()).then_some(methods),
    }))
}

fn method(verb: &str, integration: Option<&Integration>) -> Value {
    bare(json!({
        "httpMethod": verb,
        "authorizationType": "NONE",
        "apiKeyRequired": false,
        "methodIntegration": integration.map(|integration| bare(json!({
            "type": integration.kind,
            "httpMethod": integration.http_method,
            "uri": integration.uri,
            "connectionType": integration.connection_type,
            "connectionId": integration.connection_id,
            "integrationTarget": integration.integration_target,
            "timeoutInMillis": integration.timeout_in_millis,
            "requestTemplates": (!integration.request_templates.is_empty()).then_some(&integration.request_templates),
            "tlsConfig": integration.insecure_skip_verification.map(|skip| json!({ "insecureSkipVerification": skip })),
            "passthroughBehavior": "WHEN_NO_MATCH",
            "responseTransferMode": "BUFFERED",
        }))),
    }))
}

fn vpc_link(id: &str, link: &VpcLink) -> Value {
    bare(json!({
        "id": id,
        "name": link.name,
        "targetArns": link.target_arns,
        "status": link.status,
        "statusMessage": link.status_message,
        "tags": {},
    }))
}

fn vpc_link_v2(id: &str, link: &VpcLinkV2) -> Value {
    bare(json!({
        "vpcLinkId": id,
        "name": link.name,
        "vpcLinkStatus": link.status,
        "vpcLinkStatusMessage": link.status_message,
        "vpcLinkVersion": "V2",
        "subnetIds": link.subnet_ids,
        "securityGroupIds": link.security_group_ids,
        "createdDate": DATE,
        "tags": {},
    }))
}

/// An object without its null members, which these APIs leave out.
fn bare(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, member| !member.is_null());
    }
    value
}
