//! One load balancer of a path: what was read of it, and of what lies behind it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::aws::model::{
    AcmCertificate, Attributes, HttpCall, Instance, Listener, ListenerCertificate, LoadBalancer, NetworkAcl,
    NetworkInterface, PrefixList, Rule, SecurityGroup, Series, Subnet, Target, TargetGroup, X509,
    target_groups,
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

    /// The target groups that the request may have gone to: those of the rules that may have taken it, else of the
    /// listener's default.
    pub fn called_target_groups(&self) -> Vec<Arn> {
        let Some(listener) = self.called_listener() else { return Vec::new() };
        match self.taking_rules() {
            Some(rules) => {
                let mut groups: Vec<Arn> =
                    rules.iter().flat_map(|rule| target_groups(&rule.actions)).collect();
                groups.sort();
                groups.dedup();
                groups
            }
            None => listener.target_groups(),
        }
    }

    /// The rules that may have taken the request; `None` where the listener has none, or they could not be read.
    pub fn taking_rules(&self) -> Option<Vec<&Rule>> {
        let rules = self.rules.value().filter(|rules| !rules.is_empty())?;
        Some(listener_rules::taking(rules, &self.request))
    }

    /// Adds where requests come from, which may decide what rules took them: targets of others were not called.
    pub(crate) fn comes_from(&mut self, sources: Vec<IpAddr>) {
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
