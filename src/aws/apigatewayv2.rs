//! API Gateway's second control plane: VPC links of the second generation.

use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::types::{ConnectionType, ProtocolType};
use aws_types::SdkConfig;

use super::{outcome, refused};
use crate::coverage::{Api, HttpApi, Refused};
use crate::survey::nouns::{Generation, VpcLink};
use crate::survey::{Answer, Why};
use crate::vocabulary::ApiId;

/// Items a page.
const PAGE: &str = "100";

/// Reads from API Gateway V2.
pub(super) struct Reader {
    client: Client,
}

impl Reader {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    pub(super) async fn vpc_link(&self, id: &str) -> Result<Answer, Why> {
        let found = self.client.get_vpc_link().vpc_link_id(id).send().await;
        outcome(found, &["NotFoundException"], |link| {
            Answer::VpcLink(VpcLink {
                id: link.vpc_link_id.unwrap_or_else(|| id.to_owned()),
                name: link.name,
                generation: Generation::V2,
                status: link.vpc_link_status.map_or_else(String::new, |status| status.as_str().to_owned()),
                message: link.vpc_link_status_message,
                targets: Vec::new(),
                subnets: link.subnet_ids.unwrap_or_default(),
                security_groups: link.security_group_ids.unwrap_or_default(),
            })
        })
    }

    /// All HTTP and WebSocket APIs with an integration over a VPC link.
    pub(super) async fn private_apis(&self) -> Result<Vec<HttpApi>, Refused> {
        let mut private = Vec::new();
        let mut token = None;
        loop {
            let page = self.client.get_apis().max_results(PAGE).set_next_token(token).send().await;
            let page = page.map_err(|error| refused(&error))?;
            for api in page.items.unwrap_or_default() {
                let Some(id) = api.api_id else { continue };
                match self.is_private(&id).await {
                    Ok(true) => private.push(HttpApi {
                        api: Api { id: ApiId::new(id), name: api.name.unwrap_or_default() },
                        is_websocket: api.protocol_type == Some(ProtocolType::Websocket),
                    }),
                    Ok(false) | Err(Refused::Gone) => {}
                    Err(refused) => return Err(refused),
                }
            }
            token = page.next_token;
            if token.is_none() {
                return Ok(private);
            }
        }
    }

    async fn is_private(&self, api: &str) -> Result<bool, Refused> {
        let mut token = None;
        loop {
            let page = self
                .client
                .get_integrations()
                .api_id(api)
                .max_results(PAGE)
                .set_next_token(token)
                .send()
                .await;
            let page = page.map_err(|error| refused(&error))?;
            let mut found = page.items.iter().flatten();
            if found.any(|one| one.connection_type == Some(ConnectionType::VpcLink)) {
                return Ok(true);
            }
            token = page.next_token;
            if token.is_none() {
                return Ok(false);
            }
        }
    }
}
