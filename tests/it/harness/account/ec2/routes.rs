//! What EC2 knows about ways out of a subnet: route tables, peering connections, transit gateway attachments.

use serde_json::{Value, json};

use super::Listed;

/// A route table.
#[derive(Clone, Debug, Default)]
pub struct RouteTable {
    /// `rtb-…`.
    pub id: String,
    /// Its VPC.
    pub vpc_id: String,
    /// Whether it is of every subnet that no other is of.
    pub is_main: bool,
    /// The subnets that name it.
    pub subnets: Vec<String>,
    /// Its entries.
    pub routes: Vec<RouteEntry>,
}

/// An entry of a route table.
#[derive(Clone, Debug, Default)]
pub struct RouteEntry {
    /// A network or a prefix list.
    pub to: String,
    /// `local`, `pcx-…`, `tgw-…`, …
    pub via: String,
    /// Whether what it leads through is gone.
    pub is_blackhole: bool,
}

/// A peering connection.
#[derive(Clone, Debug, Default)]
pub struct Peering {
    /// `pcx-…`.
    pub id: String,
    /// `active`, `expired`, …
    pub status: String,
    /// The networks of the VPC at the other end.
    pub cidrs: Vec<String>,
    /// The Region of the other end.
    pub region: String,
}

/// A VPC's attachment to a transit gateway.
#[derive(Clone, Debug, Default)]
pub struct TransitAttachment {
    /// `tgw-attach-…`.
    pub id: String,
    /// `tgw-…`.
    pub gateway: String,
    /// The VPC.
    pub vpc_id: String,
    /// `available`, `failed`, …
    pub state: String,
    /// One in each zone.
    pub subnets: Vec<String>,
}

impl RouteEntry {
    fn described(&self) -> Value {
        let is = |opening: &str| self.via.starts_with(opening).then_some(&self.via);
        let gateway = ["local", "igw-", "vgw-", "vpce-"].iter().find_map(|opening| is(opening));
        let list = self.to.starts_with("pl-");
        json!({
            "DestinationCidrBlock": (!list).then_some(&self.to),
            "DestinationPrefixListId": list.then_some(&self.to),
            "GatewayId": gateway,
            "NatGatewayId": is("nat-"),
            "TransitGatewayId": is("tgw-"),
            "VpcPeeringConnectionId": is("pcx-"),
            "NetworkInterfaceId": is("eni-"),
            "State": if self.is_blackhole { "blackhole" } else { "active" },
            "Origin": "CreateRoute",
        })
    }
}

impl Listed for RouteTable {
    const MEMBER: &'static str = "RouteTables";
    const IDS: Option<(&'static str, &'static str)> = Some(("RouteTableId", "InvalidRouteTableID.NotFound"));

    fn id(&self) -> &str {
        &self.id
    }

    fn described(&self) -> Value {
        let main = self.is_main.then(|| json!({ "Main": true, "RouteTableId": self.id }));
        let named = self
            .subnets
            .iter()
            .map(|subnet| json!({ "Main": false, "RouteTableId": self.id, "SubnetId": subnet }));
        json!({
            "RouteTableId": self.id,
            "VpcId": self.vpc_id,
            "Routes": self.routes.iter().map(RouteEntry::described).collect::<Vec<_>>(),
            "Associations": main.into_iter().chain(named).collect::<Vec<_>>(),
        })
    }

    fn filtered(&self, filter: &str) -> Option<Vec<&str>> {
        match filter {
            "association.subnet-id" => Some(self.subnets.iter().map(String::as_str).collect()),
            "route-table-id" => Some(vec![&self.id]),
            "vpc-id" => Some(vec![&self.vpc_id]),
            _ => None,
        }
    }
}

impl Listed for Peering {
    const MEMBER: &'static str = "VpcPeeringConnections";
    const IDS: Option<(&'static str, &'static str)> =
        Some(("VpcPeeringConnectionId", "InvalidVpcPeeringConnectionID.NotFound"));

    fn id(&self) -> &str {
        &self.id
    }

    fn described(&self) -> Value {
        let blocks = |cidrs: &[String]| -> Vec<Value> {
            cidrs.iter().map(|cidr| json!({ "CidrBlock": cidr })).collect()
        };
        let own = ["10.0.0.0/16".to_owned()];
        json!({
            "VpcPeeringConnectionId": self.id,
            "Status": { "Code": self.status, "Message": self.status },
            "RequesterVpcInfo": {
                "VpcId": "vpc-0aa11bb22cc33dd44",
                "Region": "eu-west-1",
                "CidrBlock": own[0],
                "CidrBlockSet": blocks(&own),
            },
            "AccepterVpcInfo": { "VpcId": "vpc-0other", "Region": self.region, "CidrBlockSet": blocks(&self.cidrs) },
        })
    }

    fn filtered(&self, filter: &str) -> Option<Vec<&str>> {
        (filter == "vpc-peering-connection-id").then(|| vec![self.id.as_str()])
    }
}

impl Listed for TransitAttachment {
    const MEMBER: &'static str = "TransitGatewayVpcAttachments";
    const IDS: Option<(&'static str, &'static str)> =
        Some(("TransitGatewayAttachmentIds", "InvalidTransitGatewayAttachmentID.NotFound"));

    fn id(&self) -> &str {
        &self.id
    }

    fn described(&self) -> Value {
        json!({
            "TransitGatewayAttachmentId": self.id,
            "TransitGatewayId": self.gateway,
            "VpcId": self.vpc_id,
            "State": self.state,
            "SubnetIds": self.subnets,
        })
    }

    fn filtered(&self, filter: &str) -> Option<Vec<&str>> {
        match filter {
            "state" => Some(vec![&self.state]),
            "transit-gateway-id" => Some(vec![&self.gateway]),
            "vpc-id" => Some(vec![&self.vpc_id]),
            _ => None,
        }
    }
}
