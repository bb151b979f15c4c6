//! Route tables, and what their entries lead through: peering connections and transit gateway attachments.

use ipnet::IpNet;

use crate::aws::live::ec2::Client;
use crate::aws::live::errors::outcome;
use crate::aws::live::xml::Node;
use crate::aws::model::{PeeredVpc, Peering, RouteEntry, RouteTable, TransitAttachment};
use crate::aws::reading::ReadError;

impl Client {
    /// All tables of the VPC: a subnet that no table names has the main one.
    pub(crate) async fn route_tables(&self, vpc: &str) -> Result<Option<Vec<RouteTable>>, ReadError> {
        let of_vpc = ("vpc-id", &[vpc.to_owned()][..]);
        let found = self.filtered("DescribeRouteTables", "routeTableSet", &[of_vpc]).await;
        outcome(found, &[], |items| items.iter().filter_map(table).collect())
    }

    pub(crate) async fn peerings(&self, ids: &[String]) -> Result<Option<Vec<Peering>>, ReadError> {
        // By filter, since one unknown id as a parameter fails the whole call.
        let named = ("vpc-peering-connection-id", ids);
        let found = self.filtered("DescribeVpcPeeringConnections", "vpcPeeringConnectionSet", &[named]).await;
        outcome(found, &[], |items| items.iter().filter_map(peering).collect())
    }

    pub(crate) async fn transit_attachments(
        &self,
        vpc: &str,
    ) -> Result<Option<Vec<TransitAttachment>>, ReadError> {
        let of_vpc = ("vpc-id", &[vpc.to_owned()][..]);
        let list = "transitGatewayVpcAttachments";
        let found = self.filtered("DescribeTransitGatewayVpcAttachments", list, &[of_vpc]).await;
        outcome(found, &[], |items| items.iter().filter_map(attachment).collect())
    }
}

fn table(item: &Node) -> Option<RouteTable> {
    let associations = || item.items("associationSet");
    Some(RouteTable {
        id: item.text("routeTableId")?,
        main: associations().any(|association| association.parsed("main") == Some(true)),
        subnets: associations().filter_map(|association| association.text("subnetId")).collect(),
        routes: item.items("routeSet").filter_map(entry).collect(),
    })
}

/// Which of these members is there depends on what the next hop is.
const HOPS: [&str; 10] = [
    "gatewayId",
    "natGatewayId",
    "transitGatewayId",
    "vpcPeeringConnectionId",
    "egressOnlyInternetGatewayId",
    "localGatewayId",
    "carrierGatewayId",
    "coreNetworkArn",
    "networkInterfaceId",
    "instanceId",
];

/// `None` for a destination that is neither a network nor a prefix list.
fn entry(item: &Node) -> Option<RouteEntry> {
    let to: Option<IpNet> = item.parsed("destinationCidrBlock").or(item.parsed("destinationIpv6CidrBlock"));
    let prefix_list = item.text("destinationPrefixListId");
    to.map(|_| ()).or(prefix_list.as_ref().map(|_| ()))?;
    Some(RouteEntry {
        to,
        prefix_list,
        via: HOPS.iter().find_map(|hop| item.text(hop)).unwrap_or_default(),
        state: item.text("state").unwrap_or_default(),
    })
}

fn peering(item: &Node) -> Option<Peering> {
    let status = item.child("status");
    let ends = ["requesterVpcInfo", "accepterVpcInfo"].into_iter().filter_map(|end| peered(item.child(end)?));
    Some(Peering {
        id: item.text("vpcPeeringConnectionId")?,
        status: status.and_then(|status| status.text("code")).unwrap_or_default(),
        message: status.and_then(|status| status.text("message")),
        ends: ends.collect(),
    })
}

fn peered(end: &Node) -> Option<PeeredVpc> {
    let v4 = end.items("cidrBlockSet").filter_map(|block| block.parsed("cidrBlock"));
    let v6 = end.items("ipv6CidrBlockSet").filter_map(|block| block.parsed("ipv6CidrBlock"));
    let mut cidrs: Vec<IpNet> = end.parsed("cidrBlock").into_iter().chain(v4).chain(v6).collect();
    cidrs.sort();
    cidrs.dedup();
    Some(PeeredVpc { vpc: end.text("vpcId")?, region: end.text("region"), cidrs })
}

fn attachment(item: &Node) -> Option<TransitAttachment> {
    Some(TransitAttachment {
        id: item.text("transitGatewayAttachmentId")?,
        gateway: item.text("transitGatewayId")?,
        state: item.text("state").unwrap_or_default(),
        subnets: item.items("subnetIds").filter_map(Node::own_text).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read<T>(xml: &str, list: &str, noun: fn(&Node) -> Option<T>) -> T {
        let root = Node::parse(format!("<R>{xml}</R>").as_bytes()).unwrap();
        root.items(list).find_map(noun).unwrap()
    }

    #[test]
    fn tables_keep_their_subnets_and_next_hops() {
        let table = read(
            "<routeTableSet><item><routeTableId>rtb-1</routeTableId><vpcId>vpc-1</vpcId>
               <routeSet>
                 <item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId>
                   <state>active</state><origin>CreateRouteTable</origin></item>
                 <item><destinationCidrBlock>10.9.0.0/16</destinationCidrBlock>
                   <vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId><state>blackhole</state></item>
                 <item><destinationPrefixListId>pl-1</destinationPrefixListId><gatewayId>vpce-1</gatewayId>
                   <state>active</state></item>
                 <item><destinationIpv6CidrBlock>::/0</destinationIpv6CidrBlock><transitGatewayId>tgw-1</transitGatewayId>
                   <state>active</state></item>
                 <item><state>active</state></item><item><destinationCidrBlock>odd</destinationCidrBlock></item></routeSet>
               <associationSet><item><main>true</main><routeTableId>rtb-1</routeTableId></item>
                 <item><main>false</main><subnetId>subnet-1</subnetId></item></associationSet>
               <propagatingVgwSet/></item></routeTableSet>",
            "routeTableSet",
            table,
        );
        assert_eq!((table.main, table.subnets.as_slice()), (true, &["subnet-1".to_owned()][..]));
        let via: Vec<&str> = table.routes.iter().map(|route| route.via.as_str()).collect();
        assert_eq!(via, ["local", "pcx-1", "vpce-1", "tgw-1"]);
        assert_eq!(table.routes[1].state, "blackhole");
        assert_eq!((table.routes[2].to, table.routes[2].prefix_list.as_deref()), (None, Some("pl-1")));
    }

    #[test]
    fn peerings_and_attachments_are_read() {
        let peering = read(
            "<set><item><vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId>
               <requesterVpcInfo><vpcId>vpc-1</vpcId><cidrBlock>10.0.0.0/16</cidrBlock>
                 <cidrBlockSet><item><cidrBlock>10.0.0.0/16</cidrBlock></item></cidrBlockSet></requesterVpcInfo>
               <accepterVpcInfo><vpcId>vpc-2</vpcId><region>eu-west-1</region><ipv6CidrBlockSet><item>
                 <ipv6CidrBlock>2001:db8::/56</ipv6CidrBlock></item></ipv6CidrBlockSet></accepterVpcInfo>
               <status><code>active</code><message>Active</message></status></item></set>",
            "set",
            peering,
        );
        assert_eq!((peering.status.as_str(), peering.ends.len()), ("active", 2));
        assert_eq!((peering.ends[0].cidrs.len(), peering.ends[1].cidrs.len()), (1, 1));
        let attachment = read(
            "<set><item><transitGatewayAttachmentId>tgw-attach-1</transitGatewayAttachmentId>
               <transitGatewayId>tgw-1</transitGatewayId><vpcId>vpc-1</vpcId><state>modifying</state>
               <subnetIds><item>subnet-1</item><item>subnet-2</item></subnetIds></item></set>",
            "set",
            attachment,
        );
        assert_eq!((attachment.state.as_str(), attachment.subnets.len()), ("modifying", 2));
    }
}
