//! Amazon EC2's Describe calls. Shapes: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Welcome.html>

use crate::aws::live::query_protocol;

use aws_types::SdkConfig;
use aws_types::region::Region;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};

use crate::aws::live::errors::outcome;
use crate::aws::live::query_protocol::{Error, Place, Wish};
use crate::aws::model::{EndpointConnection, EndpointService};
use crate::aws::reading::ReadError;
use crate::ids::Arn;

static EC2: query_protocol::Service =
    query_protocol::Service { name: "ec2", id: "EC2", version: "2016-11-15", place };

/// Pages read at most: a service that always names another page must not hold the survey until its deadline.
const MOST_PAGES: usize = 20;

/// Reads from EC2.
pub(crate) struct Client {
    query: Option<query_protocol::Client>,
}

impl Client {
    /// A client of the configuration's Region and credentials.
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { query: query_protocol::Client::new(config, &EC2) }
    }

    pub(crate) async fn endpoint_services(&self) -> Result<Option<Vec<EndpointService>>, ReadError> {
        // No filter takes a load balancer: all services are read, and the caller finds its own.
        let found = self.describe::<Service>(&[]).await;
        outcome(found, &[], |services| {
            let noun = |service: Service| EndpointService {
                id: service.service_id,
                state: service.service_state.unwrap_or_default(),
                load_balancers: service.network_load_balancer_arn_set.into_iter().map(Arn::new).collect(),
            };
            services.into_iter().map(noun).collect()
        })
    }

    pub(crate) async fn endpoint_connections(
        &self,
        service: &str,
    ) -> Result<Option<Vec<EndpointConnection>>, ReadError> {
        let filter = [("Filter.1.Name", "service-id"), ("Filter.1.Value.1", service)];
        let found = self.describe::<Connection>(&filter).await;
        outcome(found, &["InvalidVpcEndpointServiceId.NotFound"], |connections| {
            let noun = |connection: Connection| EndpointConnection {
                endpoint_id: connection.vpc_endpoint_id.unwrap_or_default(),
                owner: connection.vpc_endpoint_owner,
                state: connection.vpc_endpoint_state.unwrap_or_default(),
            };
            connections.into_iter().map(noun).collect()
        })
    }

    /// Lists what matches, from all pages.
    pub(crate) async fn describe<T: Described>(&self, parameters: &[(&str, &str)]) -> Result<Vec<T>, Error> {
        let query = query_protocol::configured(self.query.as_ref())?;
        let mut items = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let more = token.as_deref().map(|token| ("NextToken", token));
            let parameters: Vec<_> = parameters.iter().copied().chain(more).collect();
            let page: Page<T> = query.call(T::ACTION, &parameters).await?;
            items.extend(page.items);
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(items);
            }
        }
        Err(Error::construction_failure(format!("{} named more than {MOST_PAGES} pages", T::ACTION)))
    }
}

/// By the partition's rules with FIPS and dual stack. Source: <https://docs.aws.amazon.com/general/latest/gr/ec2-service.html>
fn place(region: &Region, Wish { fips, dual_stack }: Wish) -> Place {
    let (gov, china) = (region.as_ref().starts_with("us-gov-"), region.as_ref().starts_with("cn-"));
    // GovCloud's plain endpoints are FIPS endpoints already.
    let host = if fips && (dual_stack || !gov) { "ec2-fips" } else { "ec2" };
    let suffix = match (china, dual_stack) {
        (false, false) => "amazonaws.com",
        (false, true) => "api.aws",
        (true, false) => "amazonaws.com.cn",
        (true, true) => "api.amazonwebservices.com.cn",
    };
    Place { url: format!("https://{host}.{region}.{suffix}"), region: region.clone() }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(region: &'static str, fips: bool, dual_stack: bool, expected: &str) {
        assert_eq!(place(&Region::new(region), Wish { fips, dual_stack }).url, expected);
    }

    #[test]
    fn each_partition_has_its_own_hosts() {
        check("eu-west-1", false, false, "https://ec2.eu-west-1.amazonaws.com");
        check("eu-west-1", false, true, "https://ec2.eu-west-1.api.aws");
        check("us-east-1", true, false, "https://ec2-fips.us-east-1.amazonaws.com");
        check("us-gov-west-1", true, false, "https://ec2.us-gov-west-1.amazonaws.com");
        check("cn-north-1", false, false, "https://ec2.cn-north-1.amazonaws.com.cn");
    }
}
