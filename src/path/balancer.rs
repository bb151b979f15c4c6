//! One load balancer of a path: what was read of it, and of what lies behind it.

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::aws::model::{
    AcmCertificate, Action, Attributes, HttpCall, Instance, Listener, ListenerCertificate, LoadBalancer,
    NetworkAcl, NetworkInterface, Peering, PrefixList, RouteTable, Rule, SecurityGroup, Series, Subnet,
    Target, TargetGroup, TransitAttachment, X509,
};
use crate::aws::{QueryKind, Reading};
use crate::causes::Endpoint;
use crate::ids::Arn;
use crate::path::listener_rules::{self, SeenRequest};

/// A load balancer on the path.
#[derive(Clone, Debug)]
pub struct Balancer {
    /// Which one the path leads to, whether or not it is there; `None` where that is not known.
    pub arn: Option<Arn>,
    /// What is called on it.
    pub called: Option<Endpoint>,
    /// How an HTTP API calls it.
    pub called_by: Option<HttpCall>,
    /// The request that it sees, at which its rules may look.
    pub request: SeenRequest,
    pub load_balancer: Reading<LoadBalancer>,
    /// The listener that the integration names; else all listeners of the load balancer.
    pub listeners: Reading<Vec<Listener>>,
    /// The listener that the integration itself names.
    pub named_listener: Option<Arn>,
    /// The rules of the called listener, where it is an application load balancer's.
    pub rules: Reading<Vec<Rule>>,
    pub target_groups: Reading<Vec<TargetGroup>>,
    /// The targets of each group that the called listener forwards to.
    pub targets: BTreeMap<Arn, Reading<Vec<Target>>>,
    pub details: Details,
    pub network: Network,
    /// The application load balancer that is itself the target.
    pub next: Option<Box<Self>>,
}

/// What was read beside the path: certificates, settings, metrics.
#[derive(Clone, Debug)]
pub struct Details {
    /// The certificates on the called listener's list, where it ends TLS.
    pub listener_certificates: Reading<Vec<ListenerCertificate>>,
    /// What is known of each of them.
    pub certificates: BTreeMap<Arn, CertificateReadings>,
    /// The called listener's settings.
    pub listener_attributes: Reading<Attributes>,
    /// The load balancer's metrics around the failure.
    pub metrics: Reading<Vec<Series>>,
    /// The same of the day before, where a count is up for as long as those of today go back.
    pub metrics_day_before: Reading<Vec<Series>>,
}

/// What could be read of one certificate.
#[derive(Clone, Debug)]
pub struct CertificateReadings {
    /// ACM's description; `None` for a certificate that IAM keeps.
    pub acm: Option<Reading<AcmCertificate>>,
    /// The certificate itself and those above it.
    pub chain: Reading<Vec<X509>>,
}

impl Details {
    pub(crate) fn unread(why: &str) -> Self {
        Self {
            listener_certificates: Reading::not_asked(QueryKind::ListenerCertificates, why),
            certificates: BTreeMap::new(),
            listener_attributes: Reading::not_asked(QueryKind::ListenerAttributes, why),
            metrics: Reading::not_asked(QueryKind::Metrics, why),
            metrics_day_before: Reading::not_asked(QueryKind::Metrics, why),
        }
    }
}

impl Balancer {
    /// A load balancer of which nothing was read, each field saying why.
    pub(crate) fn unread(why: &str) -> Self {
        Self {
            arn: None,
            called: None,
            called_by: None,
            request: SeenRequest::default(),
            load_balancer: Reading::not_asked(QueryKind::LoadBalancer, why),
            listeners: Reading::not_asked(QueryKind::Listeners, why),
            named_listener: None,
            rules: Reading::not_asked(QueryKind::Rules, why),
            target_groups: Reading::not_asked(QueryKind::TargetGroups, why),
            targets: BTreeMap::new(),
            details: Details::unread(why),
            network: Network::unread(why),
            next: None,
        }
    }

    /// Whether it is a network load balancer; its ARN says so where it could not be read.
    pub fn is_network(&self) -> bool {
        match self.load_balancer.value() {
            Some(balancer) => balancer.kind == "network",
            None => self.arn.as_ref().is_some_and(|arn| arn.resource().starts_with("net/")),
        }
    }

    /// The listener that the failed request was meant for: the named one, else the one on the called port.
    pub fn called_listener(&self) -> Option<&Listener> {
        let listeners = self.listeners.value()?;
        match &self.named_listener {
            Some(arn) => listeners.iter().find(|listener| listener.arn == *arn),
            None => {
                let port = self.called.as_ref()?.port;
                listeners.iter().find(|listener| listener.port == port)
            }
        }
    }

    /// Whether rules decide where the called listener forwards to. Those of dual-stack network load balancers look at the
    /// version of IP: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/listener-rules.html>. One that could not
    /// be read may be dual-stack.
    pub fn is_ruled(&self) -> bool {
        let dual =
            |own: &LoadBalancer| own.kind == "network" && own.addresses.as_deref() == Some("dualstack");
        let may_be = self.load_balancer.value().is_none_or(dual);
        self.called_listener().is_some_and(|listener| listener.has_rules() || may_be)
    }

    /// The target groups that the request may have gone to, of most weight first: those of the rules that may have taken
    /// it, else of the listener's default.
    pub fn called_target_groups(&self) -> Vec<Arn> {
        let Some(listener) = self.called_listener() else { return Vec::new() };
        let of_rules =
            self.taking_rules().map(|rules| rules.into_iter().flat_map(|rule| &rule.actions).collect());
        let actions: Vec<&Action> = of_rules.unwrap_or_else(|| listener.actions.iter().collect());
        let mut weights: BTreeMap<&Arn, i32> = BTreeMap::new();
        for (arn, weight) in
            actions.iter().filter(|own| own.kind == "forward").flat_map(|own| &own.target_groups)
        {
            let known = weights.entry(arn).or_default();
            *known = (*weight).max(*known);
        }
        let mut groups: Vec<(&Arn, i32)> = weights.into_iter().filter(|(_, weight)| *weight > 0).collect();
        groups.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
        groups.into_iter().map(|(arn, _)| arn.clone()).collect()
    }

    /// The load balancers that are targets, with the port that is called, those of most weight first.
    pub fn balancers_behind(&self) -> Vec<(Arn, u16)> {
        let behind = |group: Arn| {
            let target = self.targets.get(&group)?.value()?.first().filter(|one| one.is_load_balancer())?;
            let port = target.port.or_else(|| self.target_group(&group)?.port)?;
            Some((Arn::new(&target.id), port))
        };
        self.called_target_groups().into_iter().filter_map(behind).collect()
    }

    /// Those whose targets were not asked for, since others have more weight.
    pub fn unread_target_groups(&self) -> Vec<Arn> {
        let mut groups = self.called_target_groups();
        groups.retain(|arn| !self.targets.contains_key(arn));
        groups
    }

    /// The rules that may have taken the request; `None` where the listener has none, or they could not be read.
    pub fn taking_rules(&self) -> Option<Vec<&Rule>> {
        let rules = self.rules.value().filter(|rules| !rules.is_empty())?;
        Some(listener_rules::taking(rules, &self.request))
    }

    /// Adds where requests come from, which may decide what rules took them: targets of others were not called.
    pub(crate) fn comes_from(&mut self, sources: Vec<IpNet>) {
        self.request.sources = sources;
        let called = self.called_target_groups();
        self.targets.retain(|group, _| called.contains(group));
    }

    /// The name that the certificate has to have; `None` where none is compared.
    pub fn verified_name(&self) -> Option<&str> {
        match &self.called_by {
            Some(http) => http.server_name.as_deref(),
            None => self.called.as_ref().map(|endpoint| endpoint.host.as_str()),
        }
    }

    /// A target group's entry.
    pub fn target_group(&self, arn: &Arn) -> Option<&TargetGroup> {
        self.target_groups.value()?.iter().find(|group| group.arn == *arn)
    }
}

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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::aws::model::Condition;

    fn known<T>(value: T) -> Reading<T> {
        Reading::Known { value, query: QueryKind::Listeners, at: Timestamp::UNIX_EPOCH }
    }

    fn forward(groups: &[(&str, i32)]) -> Action {
        let target_groups = groups.iter().map(|(arn, weight)| (Arn::new(*arn), *weight)).collect();
        Action { kind: "forward".to_owned(), target_groups, status: None }
    }

    fn network(addresses: &str, actions: Vec<Action>) -> Balancer {
        let arn = Arn::new("arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/orders/1");
        let load_balancer = LoadBalancer {
            arn: arn.clone(),
            name: "orders".to_owned(),
            kind: "network".to_owned(),
            state: "active".to_owned(),
            reason: None,
            vpc: None,
            dns_name: None,
            zones: Vec::new(),
            security_groups: Vec::new(),
            enforces_inbound: None,
            addresses: Some(addresses.to_owned()),
        };
        let listener = Listener {
            arn: Arn::new("listener"),
            load_balancer: arn.clone(),
            port: 443,
            protocol: "TCP".to_owned(),
            actions,
            client_certificates: None,
            ignores_expiry: false,
            alpn: None,
        };
        Balancer {
            named_listener: Some(listener.arn.clone()),
            load_balancer: known(load_balancer),
            listeners: known(vec![listener]),
            arn: Some(arn),
            ..Balancer::unread("not needed")
        }
    }

    #[track_caller]
    fn check(balancer: &Balancer, expected: &[&str]) {
        let groups: Vec<String> = balancer.called_target_groups().iter().map(ToString::to_string).collect();
        assert_eq!(groups, expected);
    }

    #[test]
    fn groups_come_by_weight_and_those_of_none_not_at_all() {
        let actions = vec![forward(&[("a", 1), ("z", 90), ("m", 0), ("b", 1)])];
        let balancer = network("ipv4", actions);
        check(&balancer, &["z", "a", "b"]);
        assert_eq!(balancer.unread_target_groups().len(), 3);
    }

    #[test]
    fn a_version_of_ip_that_is_not_known_leaves_both_groups_possible() {
        let mut balancer = network("dualstack", vec![forward(&[("default", 1)])]);
        assert!(balancer.is_ruled());
        assert!(!network("ipv4", Vec::new()).is_ruled());
        let family =
            Condition { field: "source-ip".to_owned(), values: vec!["::/0".to_owned()], header: None };
        let rule = |priority, conditions, group: &str| Rule {
            priority,
            conditions,
            actions: vec![forward(&[(group, 1)])],
        };
        balancer.rules = known(vec![rule(Some(1), vec![family], "six"), rule(None, Vec::new(), "default")]);
        check(&balancer, &["default", "six"]);
    }
}
