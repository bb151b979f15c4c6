//! API Gateway's second control plane: VPC links of the second generation.

use aws_sdk_apigatewayv2::{Client, types};
use aws_types::SdkConfig;

use crate::aws::live::errors::{holding, outcome, refused};
use crate::aws::log_groups::{CallError, HttpApi, ListedApi, ListedStage};
use crate::aws::model::{AccessLogSettings, Generation, VpcLink};
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
                let access_log = stage.access_log_settings.map(|log| AccessLogSettings {
                    destination: log.destination_arn.map(Arn::new),
                    format: log.format,
                });
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
    pub(crate) async fn log_writers(&self, group: &String) -> Result<Option<Vec<LogWriter>>, ReadError> {
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
