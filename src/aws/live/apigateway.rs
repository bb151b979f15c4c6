//! API Gateway's REST API control plane: APIs, stages, integrations, VPC links of the first generation.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_apigateway::{Client, types};
use aws_types::SdkConfig;
use jiff::Timestamp;

use crate::aws::live::apigateway_export;
use crate::aws::live::errors::{outcome, refused};
use crate::aws::log_groups::{CallError, ListedApi};
use crate::aws::model::{ClientCertificate, Generation, Integration, Resource, RestApi, Stage, VpcLink};
use crate::aws::reading::ReadError;
use crate::ids::{ApiId, Arn};

/// Resources a page; the service's own limit. Source: <https://docs.aws.amazon.com/apigateway/latest/api/API_GetResources.html>
const PAGE: i32 = 500;

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
        outcome(found, &ABSENT, |api| RestApi { name: api.name.unwrap_or_default() })
    }

    pub(crate) async fn stage(&self, api: &ApiId, stage: &str) -> Result<Option<Stage>, ReadError> {
        let found = self.client.get_stage().rest_api_id(api.as_str()).stage_name(stage).send().await;
        outcome(found, &ABSENT, |found| {
            let own = found.client_certificate_id.filter(|id| !id.is_empty());
            Stage {
                client_certificate: own,
                ..settings(found.variables, found.canary_settings, found.method_settings)
            }
        })
    }

    pub(crate) async fn client_certificate(&self, id: &str) -> Result<Option<ClientCertificate>, ReadError> {
        let found = self.client.get_client_certificate().client_certificate_id(id).send().await;
        outcome(found, &ABSENT, |found| ClientCertificate {
            id: found.client_certificate_id.unwrap_or_else(|| id.to_owned()),
            expires: found.expiration_date.and_then(|at| Timestamp::from_second(at.secs()).ok()),
        })
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
            let settings = settings(stage.variables, stage.canary_settings, stage.method_settings);
            Some((stage.stage_name?, settings))
        };
        let stages = found.map_err(|error| refused(&error))?.item.unwrap_or_default();
        Ok(stages.into_iter().filter_map(stage).collect())
    }

    /// Whether API Gateway has a role to write logs with.
    pub(crate) async fn has_log_role(&self) -> Result<bool, CallError> {
        let account = self.client.get_account().send().await.map_err(|error| refused(&error))?;
        Ok(account.cloudwatch_role_arn.is_some_and(|role| !role.is_empty()))
    }

    pub(crate) async fn resources(&self, api: &ApiId) -> Result<Option<Vec<Resource>>, ReadError> {
        let pages = self.client.get_resources().rest_api_id(api.as_str()).embed("methods").limit(PAGE);
        let found: Result<Vec<_>, _> = pages.into_paginator().items().send().collect().await;
        outcome(found, &ABSENT, |items| items.into_iter().map(resource).collect())
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
        let resources = body.map(|body| apigateway_export::resources(&body)).transpose();
        resources.map_err(|error| ReadError::Malformed(error.to_string()))
    }

    pub(crate) async fn vpc_link(&self, id: &str) -> Result<Option<VpcLink>, ReadError> {
        let found = self.client.get_vpc_link().vpc_link_id(id).send().await;
        outcome(found, &ABSENT, |link| VpcLink {
            id: link.id.unwrap_or_else(|| id.to_owned()),
            name: link.name,
            generation: Generation::V1,
            status: link.status.map_or_else(String::new, |status| status.as_str().to_owned()),
            message: link.status_message,
            targets: link.target_arns.unwrap_or_default().into_iter().map(Arn::new).collect(),
            subnets: Vec::new(),
            security_groups: Vec::new(),
        })
    }
}

fn settings(
    variables: Option<HashMap<String, String>>,
    canary: Option<types::CanarySettings>,
    methods: Option<HashMap<String, types::MethodSetting>>,
) -> Stage {
    Stage {
        variables: sorted(variables),
        canary_overrides: sorted(canary.and_then(|canary| canary.stage_variable_overrides)),
        logging: methods.unwrap_or_default().into_iter().filter_map(logging).collect(),
        client_certificate: None,
    }
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

fn resource(item: types::Resource) -> Resource {
    let methods = item.resource_methods.unwrap_or_default().into_iter();
    let integrated =
        methods.filter_map(|(verb, method)| Some((verb, integration(method.method_integration?))));
    Resource { path: item.path.unwrap_or_default(), integrations: integrated.collect() }
}

fn integration(wire: types::Integration) -> Integration {
    let kind = wire.r#type.map_or_else(String::new, |kind| kind.as_str().to_owned());
    let templates = wire.request_templates.unwrap_or_default();
    Integration {
        template_variables: Integration::variables_of(&kind, templates.values().map(String::as_str)),
        kind,
        uri: wire.uri,
        private: wire.connection_type == Some(types::ConnectionType::VpcLink),
        connection_id: wire.connection_id,
        target: wire.integration_target.map(Arn::new),
        timeout_ms: Some(wire.timeout_in_millis),
        streaming: wire.response_transfer_mode.map(|mode| mode == types::ResponseTransferMode::Stream),
        insecure_skip_verification: wire.tls_config.map(|tls| tls.insecure_skip_verification),
    }
}
