//! API Gateway's second control plane: HTTP APIs with stages, routes and integrations; VPC links of the second generation.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_apigatewayv2::error::SdkError;
use aws_sdk_apigatewayv2::operation::get_integrations::GetIntegrationsError;
use aws_sdk_apigatewayv2::operation::get_routes::GetRoutesError;
use aws_sdk_apigatewayv2::{Client, types};
use aws_types::SdkConfig;
use tokio::join;

use crate::aws::live::apigateway::exported;
use crate::aws::live::errors::{holding, outcome, refused};
use crate::aws::log_groups::{CallError, HttpApi, ListedApi, ListedStage};
use crate::aws::model::{
    AccessLogSettings, ApiV2, Generation, HttpCall, Integration, Resource, Stage, VpcLink,
};
use crate::aws::reading::ReadError;
use crate::ids::{ApiId, ApiKind, Arn};
use crate::logs::{LogType, LogWriter};

/// Items a page.
const PAGE: &str = "100";

/// APIs whose stages are gone through to find who writes to a log group: an alert waits for it.
const MOST_APIS: usize = 60;
const ABSENT: [&str; 1] = ["NotFoundException"];

/// Reads from API Gateway V2.
pub(crate) struct Adapter {
    client: Client,
}

impl Adapter {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    pub(crate) async fn vpc_link(&self, id: &str) -> Result<Option<VpcLink>, ReadError> {
        let found = self.client.get_vpc_link().vpc_link_id(id).send().await;
        let read = outcome(found, &ABSENT, |link| {
            (link.vpc_link_id.is_some() || link.vpc_link_status.is_some()).then(|| VpcLink {
                id: link.vpc_link_id.unwrap_or_else(|| id.to_owned()),
                name: link.name,
                generation: Generation::V2,
                status: link.vpc_link_status.map_or_else(String::new, |status| status.as_str().to_owned()),
                message: link.vpc_link_status_message,
                targets: Vec::new(),
                subnets: link.subnet_ids.unwrap_or_default(),
                security_groups: link.security_group_ids.unwrap_or_default(),
            })
        });
        holding("VPC link", read)
    }

    pub(crate) async fn api(&self, api: &ApiId) -> Result<Option<ApiV2>, ReadError> {
        let found = self.client.get_api().api_id(api.as_str()).send().await;
        let read = outcome(found, &ABSENT, |api| {
            let kind = match api.protocol_type? {
                types::ProtocolType::Websocket => ApiKind::WebSocket,
                _ => ApiKind::Http,
            };
            Some(ApiV2 { name: api.name.unwrap_or_default(), kind })
        });
        holding("API", read)
    }

    pub(crate) async fn stage(&self, api: &ApiId, stage: &str) -> Result<Option<Stage>, ReadError> {
        let found = self.client.get_stage().api_id(api.as_str()).stage_name(stage).send().await;
        let read = outcome(found, &ABSENT, |found| {
            found.stage_name?;
            Some(Stage {
                variables: found.stage_variables.unwrap_or_default().into_iter().collect(),
                auto_deploy: Some(found.auto_deploy == Some(true)),
                access_log: found.access_log_settings.map(access_log),
                ..Stage::default()
            })
        });
        holding("stage", read)
    }

    /// The routes with their integrations, in the form of a REST API's resources.
    pub(crate) async fn routes(&self, api: &ApiId) -> Result<Option<Vec<Resource>>, ReadError> {
        let (routes, integrations) = join!(self.all_routes(api), self.all_integrations(api));
        let routes = holding("list of routes", outcome(routes, &ABSENT, |routes| routes))?;
        let integrations = holding("list of integrations", outcome(integrations, &ABSENT, |found| found))?;
        Ok(routes.zip(integrations).map(|(routes, integrations)| resources(routes, integrations)))
    }

    async fn all_routes(&self, api: &ApiId) -> Result<Option<Vec<types::Route>>, SdkError<GetRoutesError>> {
        let (mut all, mut token) = (Vec::new(), None);
        loop {
            let page = self.client.get_routes().api_id(api.as_str()).max_results(PAGE);
            let page = page.set_next_token(token).send().await?;
            let Some(items) = page.items else { return Ok(None) };
            all.extend(items);
            token = page.next_token;
            if token.is_none() {
                return Ok(Some(all));
            }
        }
    }

    async fn all_integrations(
        &self,
        api: &ApiId,
    ) -> Result<Option<Vec<types::Integration>>, SdkError<GetIntegrationsError>> {
        let (mut all, mut token) = (Vec::new(), None);
        loop {
            let page = self.client.get_integrations().api_id(api.as_str()).max_results(PAGE);
            let page = page.set_next_token(token).send().await?;
            let Some(items) = page.items else { return Ok(None) };
            all.extend(items);
            token = page.next_token;
            if token.is_none() {
                return Ok(Some(all));
            }
        }
    }

    pub(crate) async fn deployed(
        &self,
        api: &ApiId,
        stage: &str,
    ) -> Result<Option<Vec<Resource>>, ReadError> {
        let export = self.client.export_api().api_id(api.as_str()).stage_name(stage).specification("OAS30");
        let export = export.output_type("JSON").include_extensions(true).send().await;
        let body = outcome(export, &ABSENT, |export| {
            export.body.map(aws_smithy_types::Blob::into_inner).unwrap_or_default()
        })?;
        holding("paths", Ok(body.map(|body| exported(&body))))
    }

    /// All HTTP and WebSocket APIs.
    pub(crate) async fn apis(&self) -> Result<Vec<HttpApi>, CallError> {
        let (mut apis, mut token) = (Vec::new(), None);
        loop {
            let page = self.client.get_apis().max_results(PAGE).set_next_token(token).send().await;
            let page = page.map_err(|error| refused(&error))?;
            let api = |api: types::Api| {
                Some(HttpApi {
                    is_websocket: api.protocol_type == Some(types::ProtocolType::Websocket),
                    api: ListedApi { id: ApiId::new(api.api_id?), name: api.name.unwrap_or_default() },
                })
            };
            apis.extend(page.items.unwrap_or_default().into_iter().filter_map(api));
            token = page.next_token;
            if token.is_none() {
                return Ok(apis);
            }
        }
    }

    /// The stages of an API, with their access logs.
    pub(crate) async fn stages(&self, api: &ApiId) -> Result<Vec<ListedStage>, CallError> {
        let (mut stages, mut token) = (Vec::new(), None);
        loop {
            let page = self.client.get_stages().api_id(api.as_str()).max_results(PAGE).set_next_token(token);
            let page = page.send().await.map_err(|error| refused(&error))?;
            let stage = |stage: types::Stage| {
                let access_log = stage.access_log_settings.map(access_log);
                Some(ListedStage { name: stage.stage_name?, access_log })
            };
            stages.extend(page.items.unwrap_or_default().into_iter().filter_map(stage));
            token = page.next_token;
            if token.is_none() {
                return Ok(stages);
            }
        }
    }

    /// The stages whose access logs go to this group.
    pub(crate) async fn log_writers(&self, group: &str) -> Result<Option<Vec<LogWriter>>, ReadError> {
        let apis = self.apis().await.map_err(CallError::why)?;
        if apis.len() > MOST_APIS {
            return Err(ReadError::NotAsked(format!("there are more than {MOST_APIS} HTTP APIs")));
        }
        let mut writers = Vec::new();
        for HttpApi { api: ListedApi { id, .. }, is_websocket } in apis {
            let kind = if is_websocket { ApiKind::WebSocket } else { ApiKind::Http };
            let stages = self.stages(&id).await.map_err(CallError::why)?;
            let writer = |stage: ListedStage| {
                let settings = stage.access_log.filter(|log| log.log_group() == Some(group))?;
                let (api, format) = (id.clone(), settings.format);
                Some(LogWriter { api, stage: stage.name, kind, log: LogType::Access, twice: false, format })
            };
            writers.extend(stages.into_iter().filter_map(writer));
        }
        Ok(Some(writers))
    }

    /// Whether any integration of an API goes through a VPC link.
    pub(crate) async fn uses_link(&self, api: &ApiId) -> Result<bool, CallError> {
        let mut token = None;
        loop {
            let page = self
                .client
                .get_integrations()
                .api_id(api.as_str())
                .max_results(PAGE)
                .set_next_token(token)
                .send()
                .await;
            let page = page.map_err(|error| refused(&error))?;
            let mut found = page.items.iter().flatten();
            if found.any(|one| one.connection_type == Some(types::ConnectionType::VpcLink)) {
                return Ok(true);
            }
            token = page.next_token;
            if token.is_none() {
                return Ok(false);
            }
        }
    }
}

fn access_log(wire: types::AccessLogSettings) -> AccessLogSettings {
    AccessLogSettings { destination: wire.destination_arn.map(Arn::new), format: wire.format }
}

fn resources(routes: Vec<types::Route>, integrations: Vec<types::Integration>) -> Vec<Resource> {
    let integrations: HashMap<String, Integration> = integrations
        .into_iter()
        .filter_map(|one| Some((one.integration_id.clone()?, integration(one))))
        .collect();
    let mut by_path: BTreeMap<String, BTreeMap<String, Integration>> = BTreeMap::new();
    for route in routes {
        let Some(key) = route.route_key else { continue };
        // `$default`, and the routes of WebSocket APIs, have no verb.
        let (verb, path) = key.split_once(' ').unwrap_or(("ANY", &key));
        let of_path = by_path.entry(path.to_owned()).or_default();
        let target = route.target.as_deref().and_then(|target| target.strip_prefix("integrations/"));
        if let Some(integration) = target.and_then(|id| integrations.get(id)) {
            of_path.insert(verb.to_owned(), integration.clone());
        }
    }
    by_path.into_iter().map(|(path, integrations)| Resource { path, integrations }).collect()
}

fn integration(wire: types::Integration) -> Integration {
    let private = wire.connection_type == Some(types::ConnectionType::VpcLink);
    let mapped = |name: &str| {
        let parameters = wire.request_parameters.iter().flatten();
        parameters.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone()).next()
    };
    let http = HttpCall {
        tls: wire.tls_config.is_some(),
        server_name: wire.tls_config.as_ref().and_then(|tls| tls.server_name_to_verify.clone()),
        path: mapped("overwrite:path"),
        host: mapped("overwrite:header.host"),
    };
    let configured = Integration {
        kind: wire.integration_type.as_ref().map_or_else(String::new, |kind| kind.as_str().to_owned()),
        uri: wire.integration_uri,
        private,
        connection_id: wire.connection_id,
        timeout_ms: wire.timeout_in_millis,
        ..Integration::default()
    };
    configured.of_http_api(http)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_find_their_integrations() {
        let route = |key: &str, target: Option<&str>| {
            types::Route::builder().route_key(key).set_target(target.map(str::to_owned)).build()
        };
        let listener = "arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/orders/1/2";
        let private = types::Integration::builder()
            .integration_id("i1")
            .integration_type(types::IntegrationType::HttpProxy)
            .connection_type(types::ConnectionType::VpcLink)
            .connection_id("link1")
            .integration_uri(listener)
            .tls_config(types::TlsConfig::builder().server_name_to_verify("orders.example").build())
            .request_parameters("overwrite:path", "$request.path")
            .request_parameters("overwrite:header.Host", "orders.example")
            .build();
        let open =
            types::Integration::builder().integration_id("i2").integration_uri("https://x.example").build();
        let routes = vec![
            route("GET /orders/{id}", Some("integrations/i1")),
            route("ANY /orders/{id}", Some("integrations/i2")),
            route("$default", Some("integrations/i1")),
            route("GET /gone", Some("integrations/none")),
        ];
        let found = resources(routes, vec![private, open]);
        assert_eq!(
            found.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(),
            ["$default", "/gone", "/orders/{id}"]
        );
        let get = &found[2].integrations["GET"];
        assert_eq!((get.target.as_ref().map(Arn::as_str), get.uri.as_deref()), (Some(listener), None));
        let http = get.http.clone().unwrap();
        assert_eq!((http.tls, http.server_name.as_deref()), (true, Some("orders.example")));
        assert_eq!(
            (http.path.as_deref(), http.host.as_deref()),
            (Some("$request.path"), Some("orders.example"))
        );
        assert_eq!(found[2].integrations["ANY"].http, None);
        assert!(found[0].integrations.contains_key("ANY") && found[1].integrations.is_empty());
    }
}
