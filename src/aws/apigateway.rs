//! API Gateway's REST API control plane: APIs, stages, integrations, VPC links of the first generation.

mod export;

use std::collections::{BTreeMap, HashMap};

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types;
use aws_types::SdkConfig;

use super::outcome;
use crate::survey::nouns::{Generation, Integration, Resource, RestApi, Stage, VpcLink};
use crate::survey::{Answer, Why};
use crate::vocabulary::{ApiId, Arn};

/// Resources a page; the service's own limit. Source: <https://docs.aws.amazon.com/apigateway/latest/api/API_GetResources.html>
const PAGE: i32 = 500;

const ABSENT: [&str; 1] = ["NotFoundException"];

/// Reads from API Gateway.
pub(super) struct Reader {
    client: Client,
}

impl Reader {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    pub(super) async fn rest_api(&self, api: &ApiId) -> Result<Answer, Why> {
        let found = self.client.get_rest_api().rest_api_id(api.as_str()).send().await;
        outcome(found, &ABSENT, |api| Answer::RestApi(RestApi { name: api.name.unwrap_or_default() }))
    }

    pub(super) async fn stage(&self, api: &ApiId, stage: &str) -> Result<Answer, Why> {
        let found = self.client.get_stage().rest_api_id(api.as_str()).stage_name(stage).send().await;
        outcome(found, &ABSENT, |stage| {
            let overrides = stage.canary_settings.and_then(|canary| canary.stage_variable_overrides);
            Answer::Stage(Stage {
                variables: sorted(stage.variables),
                canary_overrides: sorted(overrides),
                logging: stage.method_settings.unwrap_or_default().into_iter().filter_map(logging).collect(),
            })
        })
    }

    pub(super) async fn resources(&self, api: &ApiId) -> Result<Answer, Why> {
        let pages = self.client.get_resources().rest_api_id(api.as_str()).embed("methods").limit(PAGE);
        let found: Result<Vec<_>, _> = pages.into_paginator().items().send().collect().await;
        outcome(found, &ABSENT, |items| Answer::Resources(items.into_iter().map(resource).collect()))
    }

    pub(super) async fn deployed(&self, api: &ApiId, stage: &str) -> Result<Answer, Why> {
        let export =
            self.client.get_export().rest_api_id(api.as_str()).stage_name(stage).export_type("oas30");
        let export = export.parameters("extensions", "integrations").accepts("application/json").send().await;
        let mut malformed = None;
        let answer = outcome(export, &ABSENT, |export| {
            let body = export.body.map(aws_smithy_types::Blob::into_inner).unwrap_or_default();
            let resources = export::resources(&body).inspect_err(|error| malformed = Some(error.to_string()));
            Answer::Resources(resources.unwrap_or_default())
        });
        malformed.map_or(answer, |error| Err(Why::Malformed(error)))
    }

    pub(super) async fn vpc_link(&self, id: &str) -> Result<Answer, Why> {
        let found = self.client.get_vpc_link().vpc_link_id(id).send().await;
        outcome(found, &ABSENT, |link| {
            Answer::VpcLink(VpcLink {
                id: link.id.unwrap_or_else(|| id.to_owned()),
                name: link.name,
                generation: Generation::V1,
                status: link.status.map_or_else(String::new, |status| status.as_str().to_owned()),
                message: link.status_message,
                targets: link.target_arns.unwrap_or_default().into_iter().map(Arn::new).collect(),
                subnets: Vec::new(),
                security_groups: Vec::new(),
            })
        })
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
    Integration {
        kind: wire.r#type.map_or_else(String::new, |kind| kind.as_str().to_owned()),
        uri: wire.uri,
        private: wire.connection_type == Some(types::ConnectionType::VpcLink),
        connection_id: wire.connection_id,
        target: wire.integration_target.map(Arn::new),
        timeout_ms: Some(wire.timeout_in_millis),
        streaming: wire.response_transfer_mode.map(|mode| mode == types::ResponseTransferMode::Stream),
        insecure_skip_verification: wire.tls_config.map(|tls| tls.insecure_skip_verification),
    }
}
