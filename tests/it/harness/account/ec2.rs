//! EC2: the `PrivateLink` side of a link, and what filters packets on the way.

use serde_json::{Value, json};

use super::{Account, page};
use crate::harness::call::Call;
use crate::harness::wire::Reply;

mod network;
mod routes;

pub use network::AclEntry;
pub use network::Instance;
pub use network::NetworkAcl;
pub use network::NetworkInterface;
pub use network::Permission;
pub use network::SecurityGroup;
pub use network::Subnet;
pub use routes::{Peering, RouteEntry, RouteTable, TransitAttachment};

/// A VPC endpoint service.
#[derive(Clone, Debug, Default)]
pub struct EndpointService {
    /// `vpce-svc-…`.
    pub id: String,
    /// `Pending`, `Available`, `Deleting`, `Deleted`, `Failed`.
    pub state: String,
    /// Whether somebody has to accept connections.
    pub acceptance_required: bool,
    /// The network load balancers behind it.
    pub load_balancers: Vec<String>,
    /// The zones it is offered in.
    pub zones: Vec<String>,
    /// The versions of IP that it accepts requests by.
    pub ip_versions: Vec<String>,
}

/// A connection to an endpoint service.
#[derive(Clone, Debug, Default)]
pub struct EndpointConnection {
    /// The service.
    pub service_id: String,
    /// `vpce-…`.
    pub endpoint_id: String,
    /// Whose endpoint it is: a regional account of API Gateway's.
    pub owner: String,
    /// `pendingAcceptance`, `available`, `rejected`, …
    pub state: String,
    /// The network load balancers behind the service.
    pub load_balancers: Vec<String>,
}

/// A thing that EC2 lists.
trait Listed {
    /// The member of the answer that holds the list.
    const MEMBER: &'static str;
    /// The parameter that selects by id, and the error for an id that is not there.
    const IDS: Option<(&'static str, &'static str)>;
    /// Its id.
    fn id(&self) -> &str;
    /// It, as the API describes it.
    fn described(&self) -> Value;
    /// Its values under a filter; `None` for a filter that its kind does not have.
    fn filtered(&self, filter: &str) -> Option<Vec<&str>>;
}

pub(crate) fn answer(account: &Account, call: &Call) -> Option<Reply> {
    let reply = match call.operation.as_str() {
        "DescribeVpcEndpointServiceConfigurations" => list(account, call, &account.endpoint_services),
        "DescribeVpcEndpointConnections" => list(account, call, &account.endpoint_connections),
        "DescribeSecurityGroups" => list(account, call, &account.security_groups),
        "DescribeNetworkAcls" => list(account, call, &account.network_acls),
        "DescribeNetworkInterfaces" => list(account, call, &account.network_interfaces),
        "DescribeRouteTables" => list(account, call, &account.route_tables),
        "DescribeVpcPeeringConnections" => list(account, call, &account.peerings),
        "DescribeTransitGatewayVpcAttachments" => list(account, call, &account.transit_attachments),
        "DescribeSubnets" => list(account, call, &account.subnets),
        "DescribeInstances" => list(account, call, &account.instances),
        _ => return None,
    };
    Some(reply.unwrap_or_else(|refusal| refusal))
}

fn list<T: Listed>(account: &Account, call: &Call, items: &[T]) -> Result<Reply, Reply> {
    let mut items: Vec<&T> = items.iter().collect();
    if let Some((param, code)) = T::IDS {
        let ids = call.texts(param);
        if let Some(missing) = ids.iter().find(|id| items.iter().all(|item| item.id() != **id)) {
            return Err(Reply::error(400, code, format!("The ID '{missing}' does not exist")));
        }
        items.retain(|item| ids.is_empty() || ids.contains(&item.id()));
    }
    for filter in call.params["Filter"].as_array().into_iter().flatten() {
        items = select(items, filter)?;
    }
    let limit = call.number("MaxResults").unwrap_or(1000);
    page(account, &items, limit, call.text("NextToken"), |items, next| {
        let items: Vec<Value> = items.iter().map(|item| item.described()).collect();
        json!({ T::MEMBER: items, "NextToken": next })
    })
    .ok_or_else(|| Reply::error(400, "InvalidNextToken", "The nextToken is not valid"))
}

/// The items that one filter lets through; any of its values will do.
fn select<'a, T: Listed>(items: Vec<&'a T>, filter: &Value) -> Result<Vec<&'a T>, Reply> {
    let name = filter["Name"].as_str().unwrap_or_default();
    let mut selected = Vec::new();
    for item in items {
        let values = item.filtered(name).ok_or_else(|| {
            Reply::error(400, "InvalidParameterValue", format!("The filter '{name}' is invalid"))
        })?;
        let asked = filter["Value"].as_array().into_iter().flatten().filter_map(Value::as_str);
        if asked.into_iter().any(|asked| values.iter().any(|value| value.eq_ignore_ascii_case(asked))) {
            selected.push(item);
        }
    }
    Ok(selected)
}

impl Listed for EndpointService {
    const MEMBER: &'static str = "ServiceConfigurations";
    const IDS: Option<(&'static str, &'static str)> =
        Some(("ServiceId", "InvalidVpcEndpointServiceId.NotFound"));

    fn id(&self) -> &str {
        &self.id
    }

    fn described(&self) -> Value {
        json!({
            "ServiceType": [{ "ServiceType": "Interface" }],
            "ServiceId": self.id,
            "ServiceName": format!("com.amazonaws.vpce.eu-west-1.{}", self.id),
            "ServiceState": self.state,
            "AvailabilityZones": self.zones,
            "AcceptanceRequired": self.acceptance_required,
            "SupportedIpAddressTypes": self.ip_versions,
            "ManagesVpcEndpoints": false,
            "NetworkLoadBalancerArns": self.load_balancers,
            "BaseEndpointDnsNames": [format!("{}.eu-west-1.vpce.amazonaws.com", self.id)],
        })
    }

    fn filtered(&self, filter: &str) -> Option<Vec<&str>> {
        match filter {
            "service-id" => Some(vec![&self.id]),
            "service-state" => Some(vec![&self.state]),
            _ => None,
        }
    }
}

impl Listed for EndpointConnection {
    const MEMBER: &'static str = "VpcEndpointConnections";
    const IDS: Option<(&'static str, &'static str)> = None;

    fn id(&self) -> &str {
        &self.endpoint_id
    }

    fn described(&self) -> Value {
        json!({
            "ServiceId": self.service_id,
            "VpcEndpointId": self.endpoint_id,
            "VpcEndpointOwner": self.owner,
            "VpcEndpointState": self.state,
            "CreationTimestamp": "2026-09-01T00:00:00.000Z",
            "NetworkLoadBalancerArns": self.load_balancers,
            "IpAddressType": "ipv4",
        })
    }

    fn filtered(&self, filter: &str) -> Option<Vec<&str>> {
        match filter {
            "service-id" => Some(vec![&self.service_id]),
            "vpc-endpoint-id" => Some(vec![&self.endpoint_id]),
            "vpc-endpoint-owner" => Some(vec![&self.owner]),
            "vpc-endpoint-state" => Some(vec![&self.state]),
            _ => None,
        }
    }
}
