//! API Gateway's second control plane: VPC links of the second generation.

use aws_sdk_apigatewayv2::Client;
use aws_types::SdkConfig;

use super::outcome;
use crate::survey::nouns::{Generation, VpcLink};
use crate::survey::{Answer, Why};

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
}
