//! Amazon EC2's Describe calls. Shapes: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Welcome.html>

use crate::aws::live::query_protocol;

use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::aws::live::errors::outcome;
use crate::aws::live::query_protocol::{Error, Place, Protocol, Wish};
use crate::aws::live::xml::Node;
use crate::aws::model::{EndpointConnection, EndpointService};
use crate::aws::reading::ReadError;
use crate::ids::Arn;

static EC2: query_protocol::Service =
    query_protocol::Service { name: "ec2", id: "EC2", protocol: Protocol::Query("2016-11-15"), place };

/// Pages read at most: a service that always names another page must not hold the reading of a path until its deadline.
const MOST_PAGES: usize = 20;

/// The member of an answer that is a list.
#[derive(Clone, Copy)]
pub(crate) enum List {
    /// An answer without it is none.
    Always(&'static str),
    /// Without it there are no items.
    Perhaps(&'static str),
}

const SERVICES: List = List::Always("serviceConfigurationSet");
const CONNECTIONS: List = List::Always("vpcEndpointConnectionSet");

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
        let found = self.describe("DescribeVpcEndpointServiceConfigurations", SERVICES, &[]).await;
        outcome(found, &[], |items| items.iter().filter_map(service).collect())
    }

    pub(crate) async fn endpoint_connections(
        &self,
        service: &str,
    ) -> Result<Option<Vec<EndpointConnection>>, ReadError> {
        let filter = [("Filter.1.Name", "service-id"), ("Filter.1.Value.1", service)];
        let found = self.describe("DescribeVpcEndpointConnections", CONNECTIONS, &filter).await;
        outcome(found, &["InvalidVpcEndpointServiceId.NotFound"], |items| {
            items.iter().filter_map(connection).collect()
        })
    }

    /// The items of a list, from all pages. Where an empty list says that something is missing, it has to be there.
    pub(crate) async fn describe(
        &self,
        action: &'static str,
        list: List,
        parameters: &[(&str, &str)],
    ) -> Result<Vec<Node>, Error> {
        let (holds, list) = match list {
            List::Always(list) => (Some(list), list),
            List::Perhaps(list) => (None, list),
        };
        let query = query_protocol::configured(self.query.as_ref())?;
        let mut items = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let more = token.as_deref().map(|token| ("NextToken", token));
            let parameters: Vec<_> = parameters.iter().copied().chain(more).collect();
            let page = query.call(action, holds, &parameters).await?;
            items.extend(page.items(list).cloned());
            token = page.text("nextToken");
            if token.is_none() {
                return Ok(items);
            }
        }
        Err(Error::construction_failure(format!("{action} named more than {MOST_PAGES} pages")))
    }
}

fn service(item: &Node) -> Option<EndpointService> {
    let load_balancers = item.items("networkLoadBalancerArnSet").filter_map(Node::own_text);
    let zones = item.items("availabilityZoneSet").filter_map(Node::own_text);
    let ip_versions = item.items("supportedIpAddressTypeSet").filter_map(Node::own_text);
    Some(EndpointService {
        id: item.text("serviceId")?,
        state: item.text("serviceState").unwrap_or_default(),
        load_balancers: load_balancers.map(Arn::new).collect(),
        zones: zones.collect(),
        ip_versions: ip_versions.collect(),
    })
}

fn connection(item: &Node) -> Option<EndpointConnection> {
    // An empty item is no connection; one that names its state alone is.
    let state = item.text("vpcEndpointState");
    let endpoint_id = item.text("vpcEndpointId").or_else(|| state.as_ref().map(|_| String::new()))?;
    Some(EndpointConnection {
        endpoint_id,
        owner: item.text("vpcEndpointOwner"),
        state: state.unwrap_or_default(),
    })
}

/// By the partition's rules with FIPS and dual stack. Source: <https://docs.aws.amazon.com/general/latest/gr/ec2-service.html>
fn place(region: &Region, Wish { fips, dual_stack }: Wish) -> Place {
    // GovCloud's plain endpoints are FIPS endpoints already.
    let host =
        if fips && (dual_stack || !region.as_ref().starts_with("us-gov-")) { "ec2-fips" } else { "ec2" };
    Place::regional(host, region, dual_stack)
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
