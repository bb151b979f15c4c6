//! Elastic Load Balancing v2: load balancers, listeners, rules, target groups and the health of targets.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Account, page};
use crate::harness::call::Call;
use crate::harness::wire::Reply;

mod describe;

/// A load balancer.
#[derive(Clone, Debug, Default)]
pub struct LoadBalancer {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// `application`, `network`, `gateway`.
    pub kind: String,
    /// `internal` or `internet-facing`.
    pub scheme: String,
    /// `provisioning`, `active`, `active_impaired`, `failed`.
    pub state: String,
    /// Why.
    pub reason: Option<String>,
    /// Its VPC.
    pub vpc_id: String,
    /// Its zones.
    pub zones: Vec<Zone>,
    /// Its security groups.
    pub security_groups: Vec<String>,
    /// `on` or `off`: whether its inbound rules hold for `PrivateLink` traffic. Network load balancers only.
    pub enforcement: Option<String>,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// `ipv4` or `dualstack`.
    pub addresses: Option<String>,
}

/// A zone of a load balancer.
#[derive(Clone, Debug, Default)]
pub struct Zone {
    /// Its name.
    pub name: String,
    /// The subnet.
    pub subnet_id: String,
    /// The private address, where it was chosen at creation.
    pub private_address: Option<String>,
}

/// A listener.
#[derive(Clone, Debug, Default)]
pub struct Listener {
    /// Its ARN.
    pub arn: String,
    /// Whose it is.
    pub load_balancer_arn: String,
    /// Its port.
    pub port: u16,
    /// `TCP`, `TLS`, `HTTP`, `HTTPS`, …
    pub protocol: String,
    /// Its certificates: the default one first, then those chosen by server name.
    pub certificates: Vec<String>,
    /// What it does about certificates of clients, as `MutualAuthenticationAttributes` is written.
    pub mutual_authentication: Option<Value>,
    /// Its ALPN policy.
    pub alpn: Option<String>,
    /// Its default actions.
    pub actions: Vec<Action>,
    /// Its rules, without the default one, which is listed by itself.
    pub rules: Vec<Rule>,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
}

/// What a listener or rule does.
#[derive(Clone, Debug)]
pub enum Action {
    /// Forwards to one target group, named without weights, as older network load balancers say it.
    Plain(String),
    /// Forwards by weight.
    Forward(Vec<(String, u32)>),
    /// Answers by itself, with a status.
    FixedResponse(u16),
    /// Anything else, as `Action` is written.
    Other(Value),
}

/// A rule.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    /// Its ARN.
    pub arn: String,
    /// Its place among the others.
    pub priority: u32,
    /// When it applies, as `RuleCondition` is written.
    pub conditions: Vec<Value>,
    /// What it does.
    pub actions: Vec<Action>,
}

/// A target group.
#[derive(Clone, Debug, Default)]
pub struct TargetGroup {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// `instance`, `ip`, `lambda`, `alb`.
    pub kind: String,
    /// What it speaks to targets.
    pub protocol: String,
    /// Where.
    pub port: u16,
    /// Its VPC.
    pub vpc_id: String,
    /// How it checks.
    pub health_check: HealthCheck,
    /// Of application load balancers: `HTTP1`, `HTTP2`, `GRPC`.
    pub version: Option<String>,
    /// Its targets.
    pub targets: Vec<Target>,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
}

/// A health check.
#[derive(Clone, Debug)]
pub struct HealthCheck {
    /// `TCP`, `HTTP`, `HTTPS`.
    pub protocol: String,
    /// A port, or `traffic-port`.
    pub port: String,
    /// The path, where the protocol has one.
    pub path: Option<String>,
    /// The codes that are well (`200-399`).
    pub matcher: Option<String>,
    /// How often, in seconds.
    pub interval: u32,
    /// How long it waits, in seconds.
    pub timeout: u32,
}

impl Default for HealthCheck {
    fn default() -> Self {
        let (protocol, port) = ("TCP".to_owned(), "traffic-port".to_owned());
        Self { protocol, port, path: None, matcher: None, interval: 30, timeout: 10 }
    }
}

/// A registered target.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// An instance id, an IP address or an ARN.
    pub id: String,
    /// Its port.
    pub port: u16,
    /// Its zone.
    pub zone: String,
    /// `initial`, `healthy`, `unhealthy`, `unused`, `draining`, …
    pub state: String,
    /// The reason code.
    pub reason: Option<String>,
    /// The reason in words.
    pub description: Option<String>,
}

impl Target {
    /// Makes it unhealthy, with a code (`Target.Timeout`) and words.
    pub fn fails(&mut self, reason: &str, description: &str) {
        self.state = "unhealthy".to_owned();
        self.reason = Some(reason.to_owned());
        self.description = Some(description.to_owned());
    }
}

impl Action {
    /// The target groups that it names.
    fn target_groups(&self) -> Vec<&str> {
        match self {
            Self::Plain(arn) => vec![arn],
            Self::Forward(groups) => groups.iter().map(|(arn, _)| arn.as_str()).collect(),
            Self::FixedResponse(_) | Self::Other(_) => Vec::new(),
        }
    }
}

pub(crate) fn answer(account: &Account, call: &Call) -> Option<Reply> {
    let reply = match call.operation.as_str() {
        "DescribeLoadBalancers" => load_balancers(account, call),
        "DescribeListeners" => listeners(account, call),
        "DescribeTargetGroups" => target_groups(account, call),
        "DescribeTargetHealth" => target_health(account, call),
        "DescribeRules" => rules(account, call),
        "DescribeListenerCertificates" => listener(account, call.text("ListenerArn"))
            .and_then(|found| listed(account, call, "Certificates", &found.certificates_described())),
        "DescribeLoadBalancerAttributes" => {
            load_balancer(account, call.text("LoadBalancerArn")).map(|found| attributes(&found.attributes))
        }
        "DescribeListenerAttributes" => {
            listener(account, call.text("ListenerArn")).map(|found| attributes(&found.attributes))
        }
        "DescribeTargetGroupAttributes" => {
            target_group(account, call.text("TargetGroupArn")).map(|found| attributes(&found.attributes))
        }
        _ => return None,
    };
    Some(reply.unwrap_or_else(|refusal| refusal))
}

type Answered = Result<Reply, Reply>;

fn load_balancers(account: &Account, call: &Call) -> Answered {
    let (arns, names) = (call.texts("LoadBalancerArns"), call.texts("Names"));
    for arn in &arns {
        load_balancer(account, arn)?;
    }
    let wanted = |lb: &&LoadBalancer| {
        (arns.is_empty() || arns.contains(&lb.arn.as_str()))
            && (names.is_empty() || names.contains(&lb.name.as_str()))
    };
    let found: Vec<_> = account.load_balancers.iter().filter(wanted).collect();
    if found.len() < names.len() {
        return Err(absent("LoadBalancer", "load balancers"));
    }
    listed(account, call, "LoadBalancers", &found.iter().map(|lb| lb.described()).collect::<Vec<_>>())
}

fn listeners(account: &Account, call: &Call) -> Answered {
    let (of, arns) = (call.text("LoadBalancerArn"), call.texts("ListenerArns"));
    if of.is_empty() && arns.is_empty() {
        return Err(invalid("You must specify either listener ARNs or a load balancer ARN"));
    }
    if !of.is_empty() {
        load_balancer(account, of)?;
    }
    for arn in &arns {
        listener(account, arn)?;
    }
    let wanted = |found: &&Listener| match of {
        "" => arns.contains(&found.arn.as_str()),
        of => found.load_balancer_arn == of,
    };
    let found: Vec<_> = account.listeners.iter().filter(wanted).map(Listener::described).collect();
    listed(account, call, "Listeners", &found)
}

fn target_groups(account: &Account, call: &Call) -> Answered {
    let (of, arns) = (call.text("LoadBalancerArn"), call.texts("TargetGroupArns"));
    if !of.is_empty() {
        load_balancer(account, of)?;
    }
    for arn in &arns {
        target_group(account, arn)?;
    }
    let described = account.target_groups.iter().filter_map(|group| {
        let users = users(account, &group.arn);
        let wanted =
            (of.is_empty() || users.contains(&of)) && (arns.is_empty() || arns.contains(&group.arn.as_str()));
        wanted.then(|| group.described(&users))
    });
    listed(account, call, "TargetGroups", &described.collect::<Vec<_>>())
}

/// The load balancers whose listeners or rules name a target group.
fn users<'a>(account: &'a Account, group: &str) -> Vec<&'a str> {
    let names = |actions: &[Action]| actions.iter().any(|action| action.target_groups().contains(&group));
    let listeners = account.listeners.iter();
    let naming = listeners.filter(|listener| {
        names(&listener.actions) || listener.rules.iter().any(|rule| names(&rule.actions))
    });
    let mut users: Vec<&str> = naming.map(|listener| listener.load_balancer_arn.as_str()).collect();
    users.sort_unstable();
    users.dedup();
    users
}

fn target_health(account: &Account, call: &Call) -> Answered {
    let group = target_group(account, call.text("TargetGroupArn"))?;
    let asked = call.params["Targets"].as_array();
    let described: Vec<Value> = match asked {
        None => group.targets.iter().map(|target| group.health_described(target)).collect(),
        Some(asked) => asked.iter().map(|asked| group.health_asked(asked)).collect(),
    };
    Ok(Reply::Answer(json!({ "TargetHealthDescriptions": described })))
}

fn rules(account: &Account, call: &Call) -> Answered {
    let (of, arns) = (call.text("ListenerArn"), call.texts("RuleArns"));
    let found: Vec<Value> = if of.is_empty() {
        let rules = account.listeners.iter().flat_map(Listener::rules_described);
        rules.filter(|rule| rule["RuleArn"].as_str().is_some_and(|arn| arns.contains(&arn))).collect()
    } else {
        listener(account, of)?.rules_described()
    };
    if found.len() < arns.len() {
        return Err(absent("Rule", "rules"));
    }
    listed(account, call, "Rules", &found)
}

fn listed(account: &Account, call: &Call, member: &str, items: &[Value]) -> Answered {
    let limit = call.number("PageSize").unwrap_or(400);
    page(
        account,
        items,
        limit,
        call.text("Marker"),
        |items, next| json!({ member: items, "NextMarker": next }),
    )
    .ok_or_else(|| invalid("Invalid marker"))
}

fn attributes(attributes: &BTreeMap<String, String>) -> Reply {
    let attributes: Vec<Value> =
        attributes.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Reply::Answer(json!({ "Attributes": attributes }))
}

fn load_balancer<'a>(account: &'a Account, arn: &str) -> Result<&'a LoadBalancer, Reply> {
    named(arn, ":loadbalancer/", "load balancer")?;
    account
        .load_balancers
        .iter()
        .find(|lb| lb.arn == arn)
        .ok_or_else(|| absent("LoadBalancer", "load balancers"))
}

fn listener<'a>(account: &'a Account, arn: &str) -> Result<&'a Listener, Reply> {
    named(arn, ":listener/", "listener")?;
    account
        .listeners
        .iter()
        .find(|listener| listener.arn == arn)
        .ok_or_else(|| absent("Listener", "listeners"))
}

fn target_group<'a>(account: &'a Account, arn: &str) -> Result<&'a TargetGroup, Reply> {
    named(arn, ":targetgroup/", "target group")?;
    account
        .target_groups
        .iter()
        .find(|group| group.arn == arn)
        .ok_or_else(|| absent("TargetGroup", "target groups"))
}

fn named(arn: &str, resource: &str, what: &str) -> Result<(), Reply> {
    let well = arn.starts_with("arn:aws:elasticloadbalancing:") && arn.contains(resource);
    if well { Ok(()) } else { Err(invalid(&format!("'{arn}' is not a valid {what} ARN"))) }
}

fn absent(what: &str, plural: &str) -> Reply {
    Reply::error(400, &format!("{what}NotFound"), format!("One or more {plural} not found"))
}

fn invalid(message: &str) -> Reply {
    Reply::error(400, "ValidationError", message)
}
