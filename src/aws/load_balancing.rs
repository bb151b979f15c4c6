//! Load balancers, their listeners, rules, target groups and targets, as AWS's load balancing API describes them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::ids::Arn;
/// A load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadBalancer {
    pub arn: Arn,
    pub name: String,
    /// `application`, `network`, `gateway`.
    pub kind: String,
    /// `provisioning`, `active`, `active_impaired`, `failed`.
    pub state: String,
    pub reason: Option<String>,
    pub vpc: Option<String>,
    /// The zones it is enabled in.
    #[serde(default)]
    pub zones: Vec<BalancerZone>,
    /// The security groups on it; a network load balancer may have none.
    #[serde(default)]
    pub security_groups: Vec<String>,
    /// Its name in DNS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns_name: Option<String>,
    /// Network load balancers: whether what comes through PrivateLink has to pass their inbound rules.
    pub enforces_inbound: Option<bool>,
    /// `ipv4`, `dualstack`, …
    #[serde(default)]
    pub addresses: Option<String>,
}

/// A listener of a load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    pub arn: Arn,
    /// The load balancer it belongs to.
    pub load_balancer: Arn,
    /// The port it listens on.
    pub port: u16,
    /// `TCP`, `TLS`, `HTTP`, `HTTPS`, …
    pub protocol: String,
    /// What its default actions do.
    pub actions: Vec<Action>,
    /// What it does about certificates of clients: `off`, `verify`, `passthrough`.
    #[serde(default)]
    pub client_certificates: Option<String>,
    /// Whether it lets expired ones pass.
    #[serde(default)]
    pub ignores_expiry: bool,
    /// Which protocol it agrees on in TLS (`HTTP2Only`).
    #[serde(default)]
    pub alpn: Option<String>,
}

/// What a listener does with a connection or request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// `forward`, `fixed-response`, `redirect`, …
    pub kind: String,
    /// Where it forwards to, with weights; a weight of 0 gets nothing.
    pub target_groups: Vec<(Arn, i32)>,
    /// The status that a `fixed-response` answers.
    #[serde(default)]
    pub status: Option<u16>,
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its place among the rules; `None` for the default.
    pub priority: Option<u32>,
    pub conditions: Vec<Condition>,
    /// What is done with such a request.
    pub actions: Vec<Action>,
}

/// One condition of a rule: any of the values will do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// `host-header`, `path-pattern`, `http-request-method`, …
    pub field: String,
    /// Patterns with `*` and `?`, or networks; empty where the condition is written otherwise.
    pub values: Vec<String>,
    /// The header that a condition of headers looks at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
}

/// A target group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetGroup {
    pub arn: Arn,
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
    /// Of application load balancers: `HTTP1`, `HTTP2`, `GRPC`.
    #[serde(default)]
    pub version: Option<String>,
    /// What health checks speak: `HTTP`, `HTTPS`, `TCP`, …
    #[serde(default)]
    pub health_protocol: Option<String>,
    /// The path that they ask for, where they speak HTTP.
    #[serde(default)]
    pub health_path: Option<String>,
}

/// A registered target and its health.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// An instance id, an IP address or an ARN.
    pub id: String,
    /// The port it is registered with.
    pub port: Option<u16>,
    pub zone: Option<String>,
    /// `initial`, `healthy`, `unhealthy`, `unhealthy.draining`, `unused`, `draining`, `unavailable`.
    pub state: String,
    /// The reason code (`Target.Timeout`).
    pub reason: Option<String>,
    /// The reason in AWS's words.
    pub description: Option<String>,
    /// Whether a zonal shift keeps requests from its zone, whatever its health.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub zonal_shift: bool,
    /// Whether anomaly mitigation sends it fewer requests than others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spared: bool,
}

impl Target {
    /// Whether it is itself a load balancer, an application one behind a network one.
    ///
    /// <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/application-load-balancer-target.html>
    pub fn is_load_balancer(&self) -> bool {
        self.id.starts_with("arn:") && self.id.contains(":elasticloadbalancing:")
    }
}

/// A certificate on a listener's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerCertificate {
    /// Its ARN, in ACM or in IAM.
    pub arn: Arn,
    /// Whether it is presented to clients whose host name no other certificate covers.
    pub default: bool,
}

/// A zone that a load balancer is enabled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalancerZone {
    /// The zone's name.
    pub zone: String,
    /// The subnet that the load balancer's node is in.
    pub subnet: Option<String>,
    /// The node's private addresses, where they were chosen when the load balancer was made.
    pub addresses: Vec<IpAddr>,
}

/// The attributes of a load balancer or target group, by AWS's own keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attributes(pub BTreeMap<String, String>);

impl Attributes {
    /// An attribute's value.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }
}
