//! The parts of EC2's XML answers that are used, named as in its API reference.

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};

/// One thing that EC2 lists, and the action that lists it.
pub(crate) trait Described: DeserializeOwned + std::fmt::Debug + Send + Sync + 'static {
    const ACTION: &'static str;
}

/// Every answer that lists things is one set of items and perhaps a token for more of them.
#[derive(Debug, Deserialize)]
pub(crate) struct Page<T> {
    #[serde(
        rename = "serviceConfigurationSet",
        alias = "vpcEndpointConnectionSet",
        alias = "subnetSet",
        alias = "networkAclSet",
        alias = "securityGroupInfo",
        alias = "networkInterfaceSet",
        alias = "reservationSet",
        alias = "entrySet",
        alias = "routeTableSet",
        alias = "vpcPeeringConnectionSet",
        alias = "transitGatewayVpcAttachments",
        deserialize_with = "items",
        bound = "T: DeserializeOwned"
    )]
    pub(crate) items: Vec<T>,
    #[serde(rename = "nextToken")]
    pub(crate) next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Service {
    pub(crate) service_id: String,
    pub(crate) service_state: Option<String>,
    #[serde(default, deserialize_with = "items")]
    pub(crate) network_load_balancer_arn_set: Vec<String>,
}

impl Described for Service {
    const ACTION: &'static str = "DescribeVpcEndpointServiceConfigurations";
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Connection {
    pub(crate) vpc_endpoint_id: Option<String>,
    pub(crate) vpc_endpoint_owner: Option<String>,
    pub(crate) vpc_endpoint_state: Option<String>,
}

impl Described for Connection {
    const ACTION: &'static str = "DescribeVpcEndpointConnections";
}

/// `<set><item>…</item><item>…</item></set>`
pub(crate) fn items<'de, D: Deserializer<'de>, T: Deserialize<'de>>(set: D) -> Result<Vec<T>, D::Error> {
    #[derive(Deserialize)]
    struct Set<T> {
        #[serde(default = "Vec::new")]
        item: Vec<T>,
    }
    Set::deserialize(set).map(|set| set.item)
}
