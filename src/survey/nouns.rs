//! What AWS has along a private path, in our words: only what a check reads.
//!
//! Shapes and enums are those of the services' API references; a state that AWS adds later is kept as text.

mod certificate;
mod lines;
mod metric;
mod network;

use std::collections::BTreeMap;

use crate::vocabulary::Arn;

pub use certificate::{AcmCertificate, ListenerCertificate, X509};
pub use lines::{LinesOf, LoggedLine};
pub use metric::{MetricsOf, Point, Series};
pub use network::{
    AclEntry, Attributes, BalancerZone, GroupRule, Instance, InterfacesOf, NetworkAcl, NetworkInterface,
    PrefixList, SecurityGroup, Subnet,
};

/// A REST API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestApi {
    /// Its name.
    pub name: String,
}

/// A stage of a REST API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stage {
    /// Its variables.
    pub variables: BTreeMap<String, String>,
    /// Variables that canary requests see instead.
    pub canary_overrides: BTreeMap<String, String>,
    /// The level of execution logging (`OFF`, `ERROR`, `INFO`) by method: `/orders/GET`, or `*/*` for all others.
    pub logging: BTreeMap<String, String>,
}

impl Stage {
    /// Whether anything is logged of a route's requests: its own setting, else the stage's, else nothing.
    pub fn logs(&self, route: Option<(&str, &str)>) -> bool {
        let own = route.and_then(|(resource, method)| self.logging.get(&format!("{resource}/{method}")));
        own.or_else(|| self.logging.get("*/*")).is_some_and(|level| level != "OFF")
    }
}

/// A resource of a REST API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its path template (`/orders/{id}`).
    pub path: String,
    /// Its methods, by verb; `ANY` stands for every verb that is not there itself.
    pub integrations: BTreeMap<String, Integration>,
}

/// A method's integration, as it is configured now (which need not be what was deployed).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Integration {
    /// `HTTP`, `HTTP_PROXY`, `AWS`, `AWS_PROXY`, `MOCK`.
    pub kind: String,
    /// The URI, with `${stageVariables.…}` as configured.
    pub uri: Option<String>,
    /// Whether it goes through a VPC link.
    pub private: bool,
    /// The link's id, with `${stageVariables.…}` as configured.
    pub connection_id: Option<String>,
    /// The listener or load balancer that an integration over a V2 link names.
    pub target: Option<Arn>,
    /// Milliseconds that API Gateway waits.
    pub timeout_ms: Option<i32>,
    /// Whether the response is streamed to the client as it comes.
    pub streaming: Option<bool>,
    /// Whether API Gateway takes certificates of authorities that it does not know; `None` where no TLS setting is made.
    pub insecure_skip_verification: Option<bool>,
}

impl Integration {
    /// What of the way to the backend differs from another version of the integration. What either does not say (an export
    /// need not hold every field) is no difference, nor is the path, which the backend alone reads.
    pub fn differing(&self, other: &Self) -> Option<&'static str> {
        let differ = |a: Option<String>, b: Option<String>| a.is_some() && b.is_some() && a != b;
        let address = |uri: &Option<String>| {
            uri.as_ref().map(|uri| uri.split('/').take(3).collect::<Vec<_>>().join("/").to_ascii_lowercase())
        };
        let arn = |target: &Option<Arn>| target.as_ref().map(ToString::to_string);
        if differ(self.connection_id.clone(), other.connection_id.clone()) {
            Some("VPC link")
        } else if differ(address(&self.uri), address(&other.uri)) {
            Some("URI")
        } else if differ(arn(&self.target), arn(&other.target)) {
            Some("target")
        } else if self.private != other.private {
            Some("connection type")
        } else {
            None
        }
    }

    /// The same with what it does not say taken from another version of it over the same link.
    pub(super) fn completed(&self, other: Option<&Self>) -> Self {
        let same = |other: &&Self| {
            other.private == self.private
                && self.connection_id.as_ref().is_none_or(|id| other.connection_id.as_ref() == Some(id))
        };
        let Some(other) = other.filter(same).cloned() else { return self.clone() };
        let own = self.clone();
        Self {
            uri: own.uri.or(other.uri),
            connection_id: own.connection_id.or(other.connection_id),
            target: own.target.or(other.target),
            timeout_ms: own.timeout_ms.or(other.timeout_ms),
            ..own
        }
    }
}

/// A VPC link of either generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VpcLink {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Which generation it is.
    pub generation: Generation,
    /// `AVAILABLE`, `PENDING`, `DELETING`, `FAILED`; `INACTIVE` for V2 alone.
    pub status: String,
    /// Why it is in that state.
    pub message: Option<String>,
    /// V1: the network load balancer.
    pub targets: Vec<Arn>,
    /// V2: the subnets that its interfaces are in.
    pub subnets: Vec<String>,
    /// V2: the security groups on its interfaces.
    pub security_groups: Vec<String>,
}

/// The two kinds of VPC link.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/private-integration.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// Through PrivateLink to a network load balancer.
    V1,
    /// Through interfaces of its own in the VPC to any load balancer.
    V2,
}

/// A VPC endpoint service; API Gateway makes one for a V1 link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointService {
    /// Its id (`vpce-svc-…`).
    pub id: String,
    /// `Pending`, `Available`, `Deleting`, `Deleted`, `Failed`.
    pub state: String,
    /// The network load balancers behind it.
    pub load_balancers: Vec<Arn>,
}

/// A connection to an endpoint service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointConnection {
    /// The endpoint (`vpce-…`).
    pub endpoint_id: String,
    /// The account that owns the endpoint.
    pub owner: Option<String>,
    /// `PendingAcceptance`, `Pending`, `Available`, `Deleting`, `Deleted`, `Rejected`, `Failed`, `Expired`, `Partial`, in
    /// whatever case AWS writes it.
    pub state: String,
}

/// A load balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadBalancer {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// `application`, `network`, `gateway`.
    pub kind: String,
    /// `provisioning`, `active`, `active_impaired`, `failed`.
    pub state: String,
    /// Why it is in that state.
    pub reason: Option<String>,
    /// The VPC it is in.
    pub vpc: Option<String>,
    /// The zones it is enabled in.
    pub zones: Vec<BalancerZone>,
    /// The security groups on it; a network load balancer may have none.
    pub security_groups: Vec<String>,
    /// Network load balancers: whether what comes through PrivateLink has to pass their inbound rules.
    pub enforces_inbound: Option<bool>,
}

/// A listener of a load balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Its ARN.
    pub arn: Arn,
    /// The load balancer it belongs to.
    pub load_balancer: Arn,
    /// The port it listens on.
    pub port: u16,
    /// `TCP`, `TLS`, `HTTP`, `HTTPS`, …
    pub protocol: String,
    /// What its default actions do.
    pub actions: Vec<Action>,
}

/// What a listener does with a connection or request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// `forward`, `fixed-response`, `redirect`, …
    pub kind: String,
    /// Where it forwards to, with weights; a weight of 0 gets nothing.
    pub target_groups: Vec<(Arn, i32)>,
}

impl Listener {
    /// Whether TLS ends here, with a certificate that AWS knows; a TCP listener passes it through.
    pub fn ends_tls(&self) -> bool {
        matches!(self.protocol.as_str(), "TLS" | "HTTPS")
    }

    /// Whether rules decide where it forwards to: those of application load balancers do.
    pub fn has_rules(&self) -> bool {
        matches!(self.protocol.as_str(), "HTTP" | "HTTPS")
    }

    /// The target groups that its default actions forward to.
    pub fn target_groups(&self) -> Vec<Arn> {
        target_groups(&self.actions)
    }
}

/// The target groups that actions forward to; a weight of 0 gets nothing.
pub fn target_groups(actions: &[Action]) -> Vec<Arn> {
    let forwards = actions.iter().filter(|action| action.kind == "forward");
    let weighted = forwards.flat_map(|action| &action.target_groups);
    let mut arns: Vec<Arn> = weighted.filter(|(_, weight)| *weight > 0).map(|(arn, _)| arn.clone()).collect();
    arns.sort();
    arns.dedup();
    arns
}

/// A rule of an application load balancer's listener.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Its place among the rules; `None` for the default.
    pub priority: Option<u32>,
    /// What a request must have, all of it.
    pub conditions: Vec<Condition>,
    /// What is done with such a request.
    pub actions: Vec<Action>,
}

/// One condition of a rule: any of the values will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// `host-header`, `path-pattern`, `http-request-method`, …
    pub field: String,
    /// Patterns with `*` and `?`; empty where the condition is written otherwise.
    pub values: Vec<String>,
}

/// A target group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroup {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// `instance`, `ip`, `lambda`, `alb`.
    pub kind: String,
    /// The protocol it speaks to targets.
    pub protocol: Option<String>,
    /// The port it sends to, unless a target has its own.
    pub port: Option<u16>,
    /// The VPC its targets are in.
    pub vpc: Option<String>,
    /// The port that health checks go to, a number or `traffic-port`; `None` where they are off.
    pub health_port: Option<String>,
}

/// A registered target and its health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// An instance id, an IP address or an ARN.
    pub id: String,
    /// The port it is registered with.
    pub port: Option<u16>,
    /// The zone it is in.
    pub zone: Option<String>,
    /// `initial`, `healthy`, `unhealthy`, `unhealthy.draining`, `unused`, `draining`, `unavailable`.
    pub state: String,
    /// The reason code (`Target.Timeout`).
    pub reason: Option<String>,
    /// The reason in AWS's words.
    pub description: Option<String>,
}

impl Target {
    /// Whether it is itself a load balancer, an application one behind a network one.
    ///
    /// <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/application-load-balancer-target.html>
    pub fn is_load_balancer(&self) -> bool {
        self.id.starts_with("arn:") && self.id.contains(":elasticloadbalancing:")
    }
}
