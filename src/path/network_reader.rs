//! The reads that tell whether packets pass: beside the targets' health what depends on the load balancer alone, then the
//! targets' own interfaces, then their security groups.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use futures_util::future::join_all;
use tokio::join;

use crate::aws::model::{
    Attributes, Instance, InterfacesOf, LoadBalancer, NetworkInterface, PrefixList, SecurityGroup, VpcLink,
};
use crate::aws::{Query, Reading};
use crate::ids::Arn;
use crate::path::balancer::{Balancer, Network};
use crate::path::path_reader::{MOST_GROUPS, PathReader};
use crate::path::private_path::NO_WAY;

/// Values that EC2 takes for one filter. Source: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html>
const MOST_VALUES: usize = 200;

impl PathReader<'_> {
    /// What depends on the load balancer and the link alone.
    pub(crate) async fn near_network(&self, on: &Balancer, link: Option<&VpcLink>) -> Network {
        let unread = Network::unread(NO_WAY);
        let Some(balancer) = on.load_balancer.value() else { return unread };
        let Some(vpc) = &balancer.vpc else {
            let (balancer_attributes, group_attributes) = self.attributes(on, balancer).await;
            let unread = Network::unread("the load balancer's VPC is not known");
            return Network { balancer_attributes, group_attributes, ..unread };
        };
        let interfaces = InterfacesOf::LoadBalancer(balancer.arn.clone());
        let (subnets, acls, balancer_interfaces, near_groups, attributes) = join!(
            self.read(Query::Subnets(vpc.clone())),
            self.read(Query::NetworkAcls(vpc.clone())),
            self.read(Query::NetworkInterfaces(interfaces)),
            self.near_groups(on, balancer, link),
            self.attributes(on, balancer),
        );
        let (balancer_attributes, group_attributes) = attributes;
        Network {
            subnets,
            acls,
            balancer_interfaces,
            near_groups,
            balancer_attributes,
            group_attributes,
            ..unread
        }
    }

    async fn near_groups(
        &self,
        on: &Balancer,
        balancer: &LoadBalancer,
        link: Option<&VpcLink>,
    ) -> Reading<Vec<SecurityGroup>> {
        let link = link.into_iter().flat_map(|link| &link.security_groups);
        let ids = sorted(link.chain(&balancer.security_groups).cloned());
        match ids.is_empty() {
            // A load balancer that AWS lists without groups has none.
            true => on.load_balancer.clone().map(|_| Vec::new()),
            false => self.read(Query::SecurityGroups(ids)).await,
        }
    }

    /// Attributes tell whether targets of other zones are used, and whose address targets see. An application load
    /// balancer always uses its own addresses, and has no attribute of its own about zones.
    async fn attributes(
        &self,
        on: &Balancer,
        balancer: &LoadBalancer,
    ) -> (Reading<Attributes>, BTreeMap<Arn, Reading<Attributes>>) {
        let mut groups = on.called_target_groups();
        groups.truncate(MOST_GROUPS);
        let of_balancer = async {
            match balancer.kind.as_str() {
                "network" => self.read(Query::LoadBalancerAttributes(balancer.arn.clone())).await,
                _ => Network::unread("it is no network load balancer").balancer_attributes,
            }
        };
        let of_groups = groups.iter().map(|arn| self.read(Query::TargetGroupAttributes(arn.clone())));
        let (of_balancer, of_groups) = join!(of_balancer, join_all(of_groups));
        (of_balancer, groups.into_iter().zip(of_groups).collect())
    }

    /// The targets' interfaces and instances, then their security groups, then what those name.
    pub(crate) async fn far_network(&self, on: &Balancer) -> Network {
        let mut network = on.network.clone();
        let Targets { addresses, instances, backends } = targets(on);
        let (interfaces, instances, backends, near_lists) = join!(
            self.target_interfaces(vpc(on), addresses),
            self.instances(instances),
            self.backends(backends),
            self.prefix_lists(lists_of(&network.near_groups))
        );
        (network.prefix_lists, network.backends) = (near_lists, backends);
        network.target_interfaces = interfaces.unwrap_or(network.target_interfaces);
        network.instances = instances.unwrap_or(network.instances);
        let wanted = far_groups(&network);
        if !wanted.is_empty() {
            network.far_groups = self.read(Query::SecurityGroups(wanted)).await;
        } else if network.near_groups.value().is_some() {
            network.far_groups = network.near_groups.clone().map(|_| Vec::new());
        }
        let mut lists = lists_of(&network.far_groups);
        lists.retain(|id| !network.prefix_lists.contains_key(id));
        network.prefix_lists.extend(self.prefix_lists(lists).await);
        network
    }

    async fn target_interfaces(
        &self,
        vpc: Option<String>,
        addresses: Vec<String>,
    ) -> Option<Reading<Vec<NetworkInterface>>> {
        let vpc = vpc.filter(|_| !addresses.is_empty())?;
        Some(self.read(Query::NetworkInterfaces(InterfacesOf::Addresses { vpc, addresses })).await)
    }

    async fn instances(&self, ids: Vec<String>) -> Option<Reading<Vec<Instance>>> {
        if ids.is_empty() {
            return None;
        }
        Some(self.read(Query::Instances(ids)).await)
    }

    async fn backends(
        &self,
        arns: Vec<String>,
    ) -> BTreeMap<Arn, (Reading<LoadBalancer>, Reading<Vec<NetworkInterface>>)> {
        let read = arns.into_iter().map(|arn| async {
            let arn = Arn::new(arn);
            let own = InterfacesOf::LoadBalancer(arn.clone());
            let read =
                join!(self.read(Query::LoadBalancer(arn.clone())), self.read(Query::NetworkInterfaces(own)));
            (arn, read)
        });
        join_all(read).await.into_iter().collect()
    }

    async fn prefix_lists(&self, ids: Vec<String>) -> BTreeMap<String, Reading<PrefixList>> {
        let read = join_all(ids.iter().map(|id| self.read(Query::PrefixList(id.clone())))).await;
        ids.into_iter().zip(read).collect()
    }
}

/// The called targets, by how they are registered.
struct Targets {
    addresses: Vec<String>,
    instances: Vec<String>,
    /// Application load balancers.
    backends: Vec<String>,
}

fn targets(on: &Balancer) -> Targets {
    let ids = on.targets.values().filter_map(Reading::value).flatten().map(|target| target.id.clone());
    let (addresses, others): (Vec<String>, Vec<String>) = ids.partition(|id| id.parse::<IpAddr>().is_ok());
    let (backends, others): (Vec<String>, Vec<String>) =
        others.into_iter().partition(|id| id.contains(":loadbalancer/"));
    let instances = others.into_iter().filter(|id| id.starts_with("i-"));
    Targets {
        addresses: sorted(addresses.into_iter()),
        instances: sorted(instances),
        backends: sorted(backends.into_iter()),
    }
}

/// The VPC that the called targets are in.
fn vpc(on: &Balancer) -> Option<String> {
    let called = on.called_target_groups();
    let of_group = called.iter().find_map(|arn| on.target_group(arn)?.vpc.clone());
    let of_balancer = || on.load_balancer.value()?.vpc.clone();
    // The instances of a Cloud Map service are behind no listener.
    let of_any = || on.target_groups.value()?.iter().find_map(|group| group.vpc.clone());
    of_group.or_else(of_balancer).or_else(of_any)
}

/// The groups on the targets that have not been read with the near ones.
fn far_groups(network: &Network) -> Vec<String> {
    let near: BTreeSet<&str> =
        network.near_groups.value().into_iter().flatten().map(|group| group.id.as_str()).collect();
    let interfaces = network.target_interfaces.value().into_iter().flatten().flat_map(|i| &i.groups);
    let instances = network.instances.value().into_iter().flatten().flat_map(|i| &i.groups);
    let backends = network.backends.values().filter_map(|(balancer, _)| balancer.value());
    let backends = backends.flat_map(|balancer| &balancer.security_groups);
    sorted(interfaces.chain(instances).chain(backends).filter(|id| !near.contains(id.as_str())).cloned())
}

fn lists_of(groups: &Reading<Vec<SecurityGroup>>) -> Vec<String> {
    let groups = groups.value().into_iter().flatten();
    let rules = groups.flat_map(|group| group.ingress.iter().chain(&group.egress));
    sorted(rules.flat_map(|rule| rule.prefix_lists.iter().cloned()))
}

/// The interfaces that API Gateway made for links in this link's subnets.
pub(crate) fn of_link(link: &VpcLink) -> InterfacesOf {
    InterfacesOf::Links(sorted(link.subnets.iter().cloned()))
}

/// In one order whatever order AWS answers in, so that a recorded account finds its answers again.
fn sorted(values: impl Iterator<Item = String>) -> Vec<String> {
    values.collect::<BTreeSet<_>>().into_iter().take(MOST_VALUES).collect()
}
