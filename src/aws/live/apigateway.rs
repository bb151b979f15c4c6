//! API Gateway's REST API control plane: APIs, stages, integrations, VPC links of the first generation.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_apigateway::{Client, types};
use aws_types::SdkConfig;
use jiff::Timestamp;
use serde_json::Value;

use crate::aws::live::errors::{holding, outcome, refused};
use crate::aws::log_groups::{CallError, ListedApi};
use crate::aws::model::{
    AccessLogSettings, GeneratedCertificate, Generation, HttpCall, Integration, Resource, RestApi, Stage,
    VpcLink,
};
use crate::aws::reading::ReadError;
use crate::ids::{ApiId, ApiKind, Arn};
use crate::logs::{LogType, LogWriter};

/// Resources a page; the service's own limit. Source: <https://docs.aws.amazon.com/apigateway/latest/api/API_GetResources.html>
const PAGE: i32 = 500;

/// APIs whose stages are gone through to find who writes to a log group: an alert waits for it.
const MOST_APIS: usize = 60;

const ABSENT: [&str; 1] = ["NotFoundException"];

/// Reads from API Gateway.
pub(crate) struct Adapter {
    client: Client,
}

impl Adapter {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    pub(crate) async fn rest_api(&self, api: &ApiId) -> Result<Option<RestApi>, ReadError> {
        let found = self.client.get_rest_api().rest_api_id(api.as_str()).send().await;
        let read = outcome(found, &ABSENT, |api| {
            (api.id.is_some() || api.name.is_some()).then(|| RestApi { name: api.name.unwrap_or_default() })
        });
        holding("API", read)
    }

    pub(crate) async fn stage(&self, api: &ApiId, stage: &str) -> Result<Option<Stage>, ReadError> {
        let found = self.client.get_stage().rest_api_id(api.as_str()).stage_name(stage).send().await;
        let read = outcome(found, &ABSENT, |found| {
            found.stage_name.as_ref().or(found.deployment_id.as_ref())?;
            let access_log = found.access_log_settings.map(access_log);
            let own = found.client_certificate_id.filter(|id| !id.is_empty());
            let settings =
                settings(found.deployment_id, found.variables, found.canary_settings, found.method_settings);
            Some(Stage { access_log, client_certificate: own, ..settings })
        });
        holding("stage", read)
    }

    pub(crate) async fn client_certificate(
        &self,
        id: &str,
    ) -> Result<Option<GeneratedCertificate>, ReadError> {
        let found = self.client.get_client_certificate().client_certificate_id(id).send().await;
        let read = outcome(found, &ABSENT, |found| {
            (found.client_certificate_id.is_some() || found.expiration_date.is_some()).then(|| {
                GeneratedCertificate {
                    id: found.client_certificate_id.unwrap_or_else(|| id.to_owned()),
                    expires: found.expiration_date.and_then(|at| Timestamp::from_second(at.secs()).ok()),
                }
            })
        });
        holding("client certificate", read)
    }

    /// All REST APIs.
    pub(crate) async fn rest_apis(&self) -> Result<Vec<ListedApi>, CallError> {
        let pages = self.client.get_rest_apis().limit(PAGE).into_paginator();
        let found: Result<Vec<_>, _> = pages.items().send().collect().await;
        let api = |api: types::RestApi| {
            Some(ListedApi { id: ApiId::new(api.id?), name: api.name.unwrap_or_default() })
        };
        Ok(found.map_err(|error| refused(&error))?.into_iter().filter_map(api).collect())
    }

    /// The stages of an API; the service has no pages of them.
    pub(crate) async fn stages(&self, api: &ApiId) -> Result<Vec<(String, Stage)>, CallError> {
        let found = self.client.get_stages().rest_api_id(api.as_str()).send().await;
        let stage = |stage: types::Stage| {
            let mut settings =
                settings(stage.deployment_id, stage.variables, stage.canary_settings, stage.method_settings);
            settings.access_log = stage.access_log_settings.map(access_log);
            Some((stage.stage_name?, settings))
        };
        let stages = found.map_err(|error| refused(&error))?.item.unwrap_or_default();
        Ok(stages.into_iter().filter_map(stage).collect())
    }

    /// The stages whose access logs go to this group.
    pub(crate) async fn log_writers(&self, group: &str) -> Result<Option<Vec<LogWriter>>, ReadError> {
        let apis = self.rest_apis().await.map_err(CallError::why)?;
        if apis.len() > MOST_APIS {
            return Err(ReadError::NotAsked(format!("there are more than {MOST_APIS} REST APIs")));
        }
        let mut writers = Vec::new();
        for ListedApi { id, .. } in apis {
            let stages = self.stages(&id).await.map_err(CallError::why)?;
            let writer = |(stage, settings): (String, Stage)| {
                let log = settings.access_log.filter(|log| log.log_group() == Some(group))?;
                let (api, kind, log_type) = (id.clone(), ApiKind::Rest, LogType::Access);
                Some(LogWriter { api, stage, kind, log: log_type, twice: false, format: log.format })
            };
            writers.extend(stages.into_iter().filter_map(writer));
        }
        Ok(Some(writers))
    }

    /// Whether API Gateway has a role to write logs with.
    pub(crate) async fn has_log_role(&self) -> Result<bool, CallError> {
        let account = self.client.get_account().send().await.map_err(|error| refused(&error))?;
        Ok(account.cloudwatch_role_arn.is_some_and(|role| !role.is_empty()))
    }

    pub(crate) async fn resources(&self, api: &ApiId) -> Result<Option<Vec<Resource>>, ReadError> {
        let pages = self.client.get_resources().rest_api_id(api.as_str()).embed("methods").limit(PAGE);
        let found: Result<Vec<_>, _> = pages.into_paginator().items().send().collect().await;
        // An API has a root at least.
        let read = outcome(found, &ABSENT, |items| {
            (!items.is_empty()).then(|| items.into_iter().filter_map(resource).collect())
        });
        holding("resource", read)
    }

    pub(crate) async fn deployed(
        &self,
        api: &ApiId,
        stage: &str,
    ) -> Result<Option<Vec<Resource>>, ReadError> {
        let export =
            self.client.get_export().rest_api_id(api.as_str()).stage_name(stage).export_type("oas30");
        let export = export.parameters("extensions", "integrations").accepts("application/json").send().await;
        let body = outcome(export, &ABSENT, |export| {
            export.body.map(aws_smithy_types::Blob::into_inner).unwrap_or_default()
        })?;
        holding("paths", Ok(body.map(|body| exported(&body))))
    }

    pub(crate) async fn vpc_link(&self, id: &str) -> Result<Option<VpcLink>, ReadError> {
        let found = self.client.get_vpc_link().vpc_link_id(id).send().await;
        let read = outcome(found, &ABSENT, |link| {
            (link.id.is_some() || link.status.is_some()).then(|| VpcLink {
                id: link.id.unwrap_or_else(|| id.to_owned()),
                name: link.name,
                generation: Generation::V1,
                status: link.status.map_or_else(String::new, |status| status.as_str().to_owned()),
                message: link.status_message,
                targets: link.target_arns.unwrap_or_default().into_iter().map(Arn::new).collect(),
                subnets: Vec::new(),
                security_groups: Vec::new(),
            })
        });
        holding("VPC link", read)
    }
}

fn settings(
    deployment: Option<String>,
    variables: Option<HashMap<String, String>>,
    canary: Option<types::CanarySettings>,
    methods: Option<HashMap<String, types::MethodSetting>>,
) -> Stage {
    let of_canary = canary.as_ref().and_then(|canary| canary.deployment_id.as_ref());
    Stage {
        canary_differs: of_canary.is_some_and(|of_canary| Some(of_canary) != deployment.as_ref()),
        variables: sorted(variables),
        canary_overrides: sorted(canary.and_then(|canary| canary.stage_variable_overrides)),
        logging: methods.unwrap_or_default().into_iter().filter_map(logging).collect(),
        access_log: None,
        ..Stage::default()
    }
}

fn access_log(wire: types::AccessLogSettings) -> AccessLogSettings {
    AccessLogSettings { destination: wire.destination_arn.map(Arn::new), format: wire.format }
}

fn sorted(variables: Option<HashMap<String, String>>) -> BTreeMap<String, String> {
    variables.unwrap_or_default().into_iter().collect()
}

/// A slash inside the resource path is written `~1` in the key.
fn logging((key, setting): (String, types::MethodSetting)) -> Option<(String, String)> {
    let key = key.replace("~1", "/");
    let key = if key.starts_with(['/', '*']) { key } else { format!("/{key}") };
    Some((key, setting.logging_level?))
}

fn resource(item: types::Resource) -> Option<Resource> {
    let methods = item.resource_methods.unwrap_or_default().into_iter();
    let integrated =
        methods.filter_map(|(verb, method)| Some((verb, integration(method.method_integration?))));
    Some(Resource { path: item.path?, integrations: integrated.collect() })
}

fn integration(wire: types::Integration) -> Integration {
    let kind = wire.r#type.map_or_else(String::new, |kind| kind.as_str().to_owned());
    let templates = wire.request_templates.unwrap_or_default();
    Integration {
        template_variables: template_variables(&kind, templates.values().map(String::as_str)),
        kind,
        uri: wire.uri,
        private: wire.connection_type == Some(types::ConnectionType::VpcLink),
        connection_id: wire.connection_id,
        target: wire.integration_target.map(Arn::new),
        timeout_ms: Some(wire.timeout_in_millis),
        streaming: wire.response_transfer_mode.map(|mode| mode == types::ResponseTransferMode::Stream),
        insecure_skip_verification: wire.tls_config.map(|tls| tls.insecure_skip_verification),
        http: None,
        http_method: wire.http_method,
        headers: Integration::headers_of(wire.request_parameters.unwrap_or_default()),
    }
}

/// The stage variables that the templates of a mock use: `$stageVariables.x`, `${stageVariables.x}`,
/// `$stageVariables.get('x')`.
fn template_variables<'a>(kind: &str, templates: impl Iterator<Item = &'a str>) -> Vec<String> {
    let named = |after: &str| {
        let after = after.trim_start_matches('.');
        let name = after.strip_prefix("get(").unwrap_or(after).trim_start_matches(['\'', '"', '[']);
        let name: String = name.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        (!name.is_empty()).then_some(name)
    };
    let used = templates.flat_map(|text| text.split("stageVariables").skip(1)).filter_map(named);
    let mut names: Vec<String> = used.filter(|_| kind == "MOCK").collect();
    names.sort();
    names.dedup();
    names
}

/// The deployed snapshot of a stage, from an OpenAPI export with the extension `integrations`: what requests run over,
/// whatever was changed since.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/api/API_GetExport.html>
pub(crate) fn exported(document: &[u8]) -> Option<Vec<Resource>> {
    let export: Value = serde_json::from_slice(document).ok()?;
    let resource = |(path, methods): (&String, &Value)| Resource {
        // A document has no other way to write the route that takes the rest.
        path: if path == "/$default" { "$default".to_owned() } else { path.clone() },
        integrations: methods
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(verb, method)| exported_integration(verb, method))
            .collect(),
    };
    Some(export["paths"].as_object()?.iter().map(resource).collect())
}

fn exported_integration(verb: &str, method: &Value) -> Option<(String, Integration)> {
    // A path holds more than methods: parameters, a summary.
    let wire = method.get("x-amazon-apigateway-integration")?;
    let text = |member: &str| wire[member].as_str().map(str::to_owned);
    let tls = &wire["tlsConfig"];
    let parameters = wire["requestParameters"].as_object().into_iter().flatten();
    let parameters = parameters.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let verb =
        if verb == "x-amazon-apigateway-any-method" { "ANY".to_owned() } else { verb.to_ascii_uppercase() };
    let kind = text("type").unwrap_or_default().to_ascii_uppercase();
    let templates = wire["requestTemplates"].as_object().into_iter().flat_map(|own| own.values());
    let noun = Integration {
        template_variables: template_variables(&kind, templates.filter_map(Value::as_str)),
        kind,
        uri: text("uri"),
        private: wire["connectionType"] == "VPC_LINK",
        connection_id: text("connectionId"),
        target: text("integrationTarget").map(Arn::new),
        timeout_ms: wire["timeoutInMillis"].as_i64().and_then(|ms| i32::try_from(ms).ok()),
        streaming: text("responseTransferMode").map(|mode| mode == "STREAM"),
        insecure_skip_verification: tls.is_object().then(|| tls["insecureSkipVerification"] == true),
        http: None,
        http_method: text("httpMethod"),
        headers: Integration::headers_of(parameters),
    };
    let mapped = |name: &str| {
        let parameters = wire["requestParameters"].as_object().into_iter().flatten();
        let mut named = parameters.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.find_map(|(_, value)| value.as_str().map(str::to_owned))
    };
    let http = HttpCall {
        tls: tls.is_object(),
        server_name: tls["serverNameToVerify"].as_str().map(str::to_owned),
        path: mapped("overwrite:path"),
        host: mapped("overwrite:header.host"),
    };
    Some((verb, noun.of_http_api(http)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_of_a_mocks_templates_are_named() {
        let text =
            r#"{"statusCode": $stageVariables.status, "a": "${stageVariables.get('b_2')}", "c": "$input"}"#;
        assert_eq!(template_variables("MOCK", [text, text].into_iter()), ["b_2", "status"]);
        assert!(template_variables("HTTP", [text].into_iter()).is_empty());
    }

    #[test]
    fn integrations_are_read_from_an_export() {
        let document = br#"{"openapi": "3.0.1", "paths": {
            "/orders": {
                "get": {"responses": {}, "x-amazon-apigateway-integration": {"type": "http_proxy",
                    "uri": "https://orders/${stageVariables.v}", "connectionType": "VPC_LINK", "connectionId": "abc123"}},
                "parameters": []
            },
            "/{proxy+}": {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": {"type": "mock"}}}
        }}"#;
        let resources = exported(document).unwrap();
        let get = &resources[0].integrations["GET"];
        assert_eq!(
            (get.kind.as_str(), get.private, get.connection_id.as_deref()),
            ("HTTP_PROXY", true, Some("abc123"))
        );
        assert_eq!(resources[1].integrations["ANY"].kind, "MOCK");
    }
}
