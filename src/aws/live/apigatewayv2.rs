//! API Gateway's second control plane: VPC links of the second generation.

use aws_sdk_apigatewayv2::{Client, types};
use aws_types::SdkConfig;

use crate::aws::live::errors::{holding, outcome, refused};
use crate::aws::log_groups::{CallError, HttpApi, ListedApi};
use crate::aws::model::{Generation, VpcLink};
use crate::aws::reading::ReadError;
use crate::ids::ApiId;

/// Items a page.
const PAGE: &str = "100";

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
