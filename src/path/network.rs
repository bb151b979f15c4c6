//! What was read about the network between API Gateway, the load balancer and its targets.

use std::collections::BTreeMap;

use crate::aws::model::LoadBalancer;
use crate::aws::model::{
    Attributes, Instance, NetworkAcl, NetworkInterface, Peering, PrefixList, RouteTable, SecurityGroup,
    Subnet, TransitAttachment,
};
use crate::aws::{QueryKind, Reading};
use crate::ids::Arn;

/// What decides whether packets pass, as far as it was read.
#[derive(Clone, Debug)]
pub struct Network {
    /// The subnets of the load balancer's VPC.
    pub subnets: Reading<Vec<Subnet>>,
    /// The network ACLs of that VPC.
    pub acls: Reading<Vec<NetworkAcl>>,
    /// The route tables of that VPC.
    pub route_tables: Reading<Vec<RouteTable>>,
    /// Those of a V2 link's VPC, where that is another one.
    pub link_route_tables: Option<Reading<Vec<RouteTable>>>,
    /// The peering connections that routes to targets name.
    pub peerings: Reading<Vec<Peering>>,
    /// The VPC's attachments to transit gateways, where routes to targets name one.
    pub transit_attachments: Reading<Vec<TransitAttachment>>,
    /// The load balancer's own interfaces.
    pub balancer_interfaces: Reading<Vec<NetworkInterface>>,
    /// The security groups of the load balancer and of a V2 link.
    pub near_groups: Reading<Vec<SecurityGroup>>,
    /// The interfaces of targets that are registered by address.
    pub target_interfaces: Reading<Vec<NetworkInterface>>,
    /// The instances that are registered as targets.
    pub instances: Reading<Vec<Instance>>,
    /// Application load balancers that are registered as targets, and their interfaces.
    pub backends: BTreeMap<Arn, (Reading<LoadBalancer>, Reading<Vec<NetworkInterface>>)>,
    /// The targets' security groups, but for those that are among the near ones.
    pub far_groups: Reading<Vec<SecurityGroup>>,
    /// The prefix lists that those groups' rules name.
    pub prefix_lists: BTreeMap<String, Reading<PrefixList>>,
    /// The attributes of a network load balancer.
    pub balancer_attributes: Reading<Attributes>,
    /// The attributes of the called target groups, where a network load balancer forwards to them.
    pub group_attributes: BTreeMap<Arn, Reading<Attributes>>,
}

impl Network {
    /// A network of which nothing was read.
    pub fn unread(why: &str) -> Self {
        Self {
            subnets: Reading::not_asked(QueryKind::Subnets, why),
            acls: Reading::not_asked(QueryKind::NetworkAcls, why),
            route_tables: Reading::not_asked(QueryKind::RouteTables, why),
            link_route_tables: None,
            peerings: Reading::not_asked(QueryKind::Peerings, why),
            transit_attachments: Reading::not_asked(QueryKind::TransitAttachments, why),
            balancer_interfaces: Reading::not_asked(QueryKind::NetworkInterfaces, why),
            near_groups: Reading::not_asked(QueryKind::SecurityGroups, why),
            target_interfaces: Reading::not_asked(QueryKind::NetworkInterfaces, why),
            instances: Reading::not_asked(QueryKind::Instances, why),
            far_groups: Reading::not_asked(QueryKind::SecurityGroups, why),
            backends: BTreeMap::new(),
            prefix_lists: BTreeMap::new(),
            balancer_attributes: Reading::not_asked(QueryKind::LoadBalancerAttributes, why),
            group_attributes: BTreeMap::new(),
        }
    }
}
