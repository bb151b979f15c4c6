//! What one round of reading found along the path.

use crate::path::network::Network;

use crate::path::listener_rules;

use std::collections::BTreeMap;

use crate::aws::model::{
    EndpointConnection, EndpointService, Generation, Integration, Listener, LoadBalancer, Resource, RestApi,
    Rule, Stage, Target, TargetGroup, VpcLink, target_groups,
};
use crate::aws::{NotRead, Reading};
use crate::causes::Endpoint;
use crate::ids::Arn;
use crate::path::details::Details;
use crate::path::listener_rules::Seen;
use crate::path::variables::Resolved;

/// The private path of one failed integration, hop by hop. Every field is known, absent or unavailable.
#[derive(Clone, Debug)]
pub struct PrivatePath {
    /// The API.
    pub api: Reading<RestApi>,
    /// The stage.
    pub stage: Reading<Stage>,
    /// The API's resources, which tell the templates of its routes.
    pub resources: Vec<Resource>,
    /// The resource template of the failed route, where the route is known.
    pub resource: Option<String>,
    /// The integration of the failed method: as it was deployed where that is known, else as it is configured now.
    pub integration: Reading<Integration>,
    /// The same as it is configured now, where what is deployed is known too.
    pub configured: Reading<Integration>,
    /// The link's id with stage variables filled in; `None` where the integration or its variables are not known.
    pub link_id: Option<Resolved>,
    /// What API Gateway calls: as logged, else as configured.
    pub endpoint: Option<Endpoint>,
    /// Stage variables in the URI that the stage does not define.
    pub undefined_in_uri: Vec<String>,
    /// The VPC link.
    pub link: Reading<VpcLink>,
    /// V1: the endpoint service in front of the load balancer.
    pub endpoint_service: Reading<EndpointService>,
    /// V1: its connections.
    pub endpoint_connections: Reading<Vec<EndpointConnection>>,
    /// The load balancer.
    pub load_balancer: Reading<LoadBalancer>,
    /// V2: the listener that the integration names; else all listeners of the load balancer.
    pub listeners: Reading<Vec<Listener>>,
    /// The listener that the integration itself names (V2).
    pub named_listener: Option<Arn>,
    /// The rules of the called listener, where it is an application load balancer's.
    pub rules: Reading<Vec<Rule>>,
    /// The path that the load balancer was asked for, which its rules may look at.
    pub called_path: Option<String>,
    /// What lies behind an application load balancer that is itself the target.
    pub behind: Option<Box<Self>>,
    /// That load balancer, in the topology behind it.
    pub next_balancer: Option<Arn>,
    /// The target groups of the load balancer.
    pub target_groups: Reading<Vec<TargetGroup>>,
    /// The targets of each group that the called listener forwards to.
    pub targets: BTreeMap<Arn, Reading<Vec<Target>>>,
    /// Certificates, settings and metrics.
    pub details: Details,
    /// What lies between the link, the load balancer and those targets.
    pub network: Network,
    /// What the role may not read, whatever came of it.
    pub refused: Vec<NotRead>,
}

impl PrivatePath {
    /// A topology of which nothing was read, each field saying why.
    pub fn unread(why: &str) -> Self {
        Self {
            api: Reading::not_asked("the API's name", "apigateway:GET", why),
            stage: Reading::not_asked("the stage", "apigateway:GET", why),
            resources: Vec::new(),
            resource: None,
            integration: Reading::not_asked("the integration", "apigateway:GET", why),
            configured: Reading::not_asked("what is deployed to the stage", "apigateway:GET", why),
            refused: Vec::new(),
            link_id: None,
            endpoint: None,
            undefined_in_uri: Vec::new(),
            link: Reading::not_asked("the VPC link", "apigateway:GET", why),
            endpoint_service: Reading::not_asked(
                "the VPC endpoint service",
                "ec2:DescribeVpcEndpointServiceConfigurations",
                why,
            ),
            endpoint_connections: Reading::not_asked(
                "the endpoint connection",
                "ec2:DescribeVpcEndpointConnections",
                why,
            ),
            load_balancer: Reading::not_asked(
                "the load balancer",
                "elasticloadbalancing:DescribeLoadBalancers",
                why,
            ),
            listeners: Reading::not_asked("the listeners", "elasticloadbalancing:DescribeListeners", why),
            named_listener: None,
            rules: Reading::not_asked("the listener's rules", "elasticloadbalancing:DescribeRules", why),
            called_path: None,
            behind: None,
            next_balancer: None,
            target_groups: Reading::not_asked(
                "the target groups",
                "elasticloadbalancing:DescribeTargetGroups",
                why,
            ),
            targets: BTreeMap::new(),
            details: Details::unread(why),
            network: Network::unread(why),
        }
    }

    /// Which generation of link the path goes through, where that is known.
    pub fn generation(&self) -> Option<Generation> {
        let named = self.integration.value().and_then(|integration| integration.target.as_ref());
        self.link.value().map(|link| link.generation).or(named.map(|_| Generation::V2))
    }

    /// Whether what lies behind the link is worth a word: the integration is private, and its link is not known to be gone
    /// or the integration itself names what lies behind it.
    pub fn continues(&self) -> bool {
        let known = |integration: &Integration| {
            integration.private
                && (integration.target.is_some() || !matches!(self.link, Reading::Absent { .. }))
        };
        self.integration.value().is_some_and(known)
    }

    /// The load balancer that the path leads to, whether or not it is there.
    pub fn balancer(&self) -> Option<Arn> {
        let linked = self.link.value().and_then(|link| link.targets.first());
        let named = self.integration.value().and_then(|integration| integration.target.as_ref());
        self.next_balancer.clone().or_else(|| linked.or(named).map(Arn::load_balancer))
    }

    /// The listener that the failed request was meant for: the named one, else the one on the called port.
    pub fn called_listener(&self) -> Option<&Listener> {
        let listeners = self.listeners.value()?;
        match &self.named_listener {
            Some(arn) => listeners.iter().find(|listener| listener.arn == *arn),
            None => {
                let port = self.endpoint.as_ref()?.port;
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
        let host = self.endpoint.as_ref().map(|endpoint| endpoint.host.as_str());
        Some(listener_rules::taking(rules, Seen { host, path: self.called_path.as_deref(), method: None }))
    }

    /// A target group's entry.
    pub fn target_group(&self, arn: &Arn) -> Option<&TargetGroup> {
        self.target_groups.value()?.iter().find(|group| group.arn == *arn)
    }
}
