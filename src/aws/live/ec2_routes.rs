//! Route tables, and what their entries lead through: peering connections and transit gateway attachments.

use ipnet::IpNet;
use serde::Deserialize;

use crate::aws::live::ec2::Client;
use crate::aws::live::ec2_wire::{Described, items};
use crate::aws::live::errors::outcome;
use crate::aws::model;
use crate::aws::reading::ReadError;

impl Client {
    /// All tables of the VPC: a subnet that no table names has the main one.
    pub(crate) async fn route_tables(&self, vpc: &str) -> Result<Option<Vec<model::RouteTable>>, ReadError> {
        let found = self.filtered::<Table>(&[("vpc-id", &[vpc.to_owned()])]).await;
        outcome(found, &[], |items| items.into_iter().map(Table::noun).collect())
    }

    pub(crate) async fn peerings(&self, ids: &[String]) -> Result<Option<Vec<model::Peering>>, ReadError> {
        // By filter, since one unknown id as a parameter fails the whole call.
        let found = self.filtered::<Peering>(&[("vpc-peering-connection-id", ids)]).await;
        outcome(found, &[], |items| items.into_iter().filter_map(Peering::noun).collect())
    }

    pub(crate) async fn transit_attachments(
        &self,
        vpc: &str,
    ) -> Result<Option<Vec<model::TransitAttachment>>, ReadError> {
        let found = self.filtered::<Attachment>(&[("vpc-id", &[vpc.to_owned()])]).await;
        outcome(found, &[], |items| items.into_iter().filter_map(Attachment::noun).collect())
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Table {
    #[serde(default)]
    route_table_id: String,
    #[serde(default, deserialize_with = "items")]
    route_set: Vec<Entry>,
    #[serde(default, deserialize_with = "items")]
    association_set: Vec<Association>,
}

impl Described for Table {
    const ACTION: &'static str = "DescribeRouteTables";
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Association {
    main: Option<bool>,
    subnet_id: Option<String>,
}

/// Which of the members that name a next hop is there depends on what it is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    destination_cidr_block: Option<String>,
    destination_ipv6_cidr_block: Option<String>,
    destination_prefix_list_id: Option<String>,
    gateway_id: Option<String>,
    nat_gateway_id: Option<String>,
    transit_gateway_id: Option<String>,
    vpc_peering_connection_id: Option<String>,
    egress_only_internet_gateway_id: Option<String>,
    local_gateway_id: Option<String>,
    carrier_gateway_id: Option<String>,
    core_network_arn: Option<String>,
    network_interface_id: Option<String>,
    instance_id: Option<String>,
    state: Option<String>,
}

impl Table {
    fn noun(self) -> model::RouteTable {
        model::RouteTable {
            id: self.route_table_id,
            main: self.association_set.iter().any(|association| association.main == Some(true)),
            subnets: self.association_set.into_iter().filter_map(|association| association.subnet_id).collect(),
            routes: self.route_set.into_iter().filter_map(Entry::noun).collect(),
        }
    }
}

impl Entry {
    /// `None` for a destination that is neither a network nor a prefix list.
    fn noun(self) -> Option<model::RouteEntry> {
        let network = self.destination_cidr_block.or(self.destination_ipv6_cidr_block);
        let to = network.and_then(|network| network.parse::<IpNet>().ok());
        if to.is_none() && self.destination_prefix_list_id.is_none() {
            return None;
        }
        let hops = [
            self.gateway_id,
            self.nat_gateway_id,
            self.transit_gateway_id,
            self.vpc_peering_connection_id,
            self.egress_only_internet_gateway_id,
            self.local_gateway_id,
            self.carrier_gateway_id,
            self.core_network_arn,
            self.network_interface_id,
            self.instance_id,
        ];
        Some(model::RouteEntry {
            to,
            prefix_list: self.destination_prefix_list_id,
            via: hops.into_iter().flatten().next().unwrap_or_default(),
            state: self.state.unwrap_or_default(),
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Peering {
    vpc_peering_connection_id: Option<String>,
    status: Option<PeeringStatus>,
    requester_vpc_info: Option<PeeringEnd>,
    accepter_vpc_info: Option<PeeringEnd>,
}

impl Described for Peering {
    const ACTION: &'static str = "DescribeVpcPeeringConnections";
}

#[derive(Debug, Deserialize)]
struct PeeringStatus {
    code: Option<String>,
    message: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PeeringEnd {
    vpc_id: Option<String>,
    region: Option<String>,
    cidr_block: Option<String>,
    #[serde(default, deserialize_with = "items")]
    cidr_block_set: Vec<Block>,
    #[serde(default, deserialize_with = "items")]
    ipv6_cidr_block_set: Vec<Block>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block {
    #[serde(alias = "ipv6CidrBlock")]
    cidr_block: Option<String>,
}

impl Peering {
    fn noun(self) -> Option<model::Peering> {
        let (code, message) = self.status.map_or((None, None), |status| (status.code, status.message));
        let ends = [self.requester_vpc_info, self.accepter_vpc_info].into_iter().flatten();
        Some(model::Peering {
            id: self.vpc_peering_connection_id?,
            status: code.unwrap_or_default(),
            message,
            ends: ends.filter_map(PeeringEnd::noun).collect(),
        })
    }
}

impl PeeringEnd {
    fn noun(self) -> Option<model::PeeredVpc> {
        let blocks = self.cidr_block_set.into_iter().chain(self.ipv6_cidr_block_set);
        let blocks = self.cidr_block.into_iter().chain(blocks.filter_map(|block| block.cidr_block));
        let mut cidrs: Vec<IpNet> = blocks.filter_map(|block| block.parse().ok()).collect();
        cidrs.sort();
        cidrs.dedup();
        Some(model::PeeredVpc { vpc: self.vpc_id?, region: self.region, cidrs })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attachment {
    transit_gateway_attachment_id: Option<String>,
    transit_gateway_id: Option<String>,
    state: Option<String>,
    #[serde(default, deserialize_with = "items")]
    subnet_ids: Vec<String>,
}

impl Described for Attachment {
    const ACTION: &'static str = "DescribeTransitGatewayVpcAttachments";
}

impl Attachment {
    fn noun(self) -> Option<model::TransitAttachment> {
        Some(model::TransitAttachment {
            id: self.transit_gateway_attachment_id?,
            gateway: self.transit_gateway_id?,
            state: self.state.unwrap_or_default(),
            subnets: self.subnet_ids,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::live::ec2_wire::Page;

    #[track_caller]
    fn page<T: Described>(xml: &str) -> Vec<T> {
        quick_xml::de::from_str::<Page<T>>(xml).unwrap().items
    }

    #[test]
    fn tables_keep_their_subnets_and_next_hops() {
        let tables: Vec<Table> = page(
            "<DescribeRouteTablesResponse><routeTableSet><item><routeTableId>rtb-1</routeTableId><vpcId>vpc-1</vpcId>
               <routeSet>
                 <item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId>
                   <state>active</state><origin>CreateRouteTable</origin></item>
                 <item><destinationCidrBlock>10.9.0.0/16</destinationCidrBlock>
                   <vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId><state>blackhole</state></item>
                 <item><destinationPrefixListId>pl-1</destinationPrefixListId><gatewayId>vpce-1</gatewayId>
                   <state>active</state></item>
                 <item><destinationIpv6CidrBlock>::/0</destinationIpv6CidrBlock><transitGatewayId>tgw-1</transitGatewayId>
                   <state>active</state></item>
                 <item><state>active</state></item></routeSet>
               <associationSet><item><main>true</main><routeTableId>rtb-1</routeTableId></item>
                 <item><main>false</main><subnetId>subnet-1</subnetId></item></associationSet>
               <propagatingVgwSet/></item></routeTableSet></DescribeRouteTablesResponse>",
        );
        let table = tables.into_iter().next().unwrap().noun();
        assert_eq!((table.main, table.subnets.as_slice()), (true, &["subnet-1".to_owned()][..]));
        let via: Vec<&str> = table.routes.iter().map(|route| route.via.as_str()).collect();
        assert_eq!(via, ["local", "pcx-1", "vpce-1", "tgw-1"]);
        assert_eq!(table.routes[1].state, "blackhole");
        assert_eq!((table.routes[2].to, table.routes[2].prefix_list.as_deref()), (None, Some("pl-1")));
    }

    #[test]
    fn peerings_and_attachments_are_read() {
        let peerings: Vec<Peering> = page(
            "<DescribeVpcPeeringConnectionsResponse><vpcPeeringConnectionSet><item>
               <vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId>
               <requesterVpcInfo><vpcId>vpc-1</vpcId><cidrBlock>10.0.0.0/16</cidrBlock>
                 <cidrBlockSet><item><cidrBlock>10.0.0.0/16</cidrBlock></item></cidrBlockSet></requesterVpcInfo>
               <accepterVpcInfo><vpcId>vpc-2</vpcId><region>eu-west-1</region><ipv6CidrBlockSet><item>
                 <ipv6CidrBlock>2001:db8::/56</ipv6CidrBlock></item></ipv6CidrBlockSet></accepterVpcInfo>
               <status><code>active</code><message>Active</message></status></item></vpcPeeringConnectionSet>
             </DescribeVpcPeeringConnectionsResponse>",
        );
        let peering = peerings.into_iter().next().unwrap().noun().unwrap();
        assert_eq!((peering.status.as_str(), peering.ends.len()), ("active", 2));
        assert_eq!((peering.ends[0].cidrs.len(), peering.ends[1].cidrs.len()), (1, 1));
        let attachments: Vec<Attachment> = page(
            "<DescribeTransitGatewayVpcAttachmentsResponse><transitGatewayVpcAttachments><item>
               <transitGatewayAttachmentId>tgw-attach-1</transitGatewayAttachmentId>
               <transitGatewayId>tgw-1</transitGatewayId><vpcId>vpc-1</vpcId><state>modifying</state>
               <subnetIds><item>subnet-1</item><item>subnet-2</item></subnetIds></item></transitGatewayVpcAttachments>
             </DescribeTransitGatewayVpcAttachmentsResponse>",
        );
        let attachment = attachments.into_iter().next().unwrap().noun().unwrap();
        assert_eq!((attachment.state.as_str(), attachment.subnets.len()), ("modifying", 2));
    }
}
