//! A small account: what exists in it, as plain data, and how each service answers from it.

pub mod acm;
pub mod apigateway;
pub mod cloudwatch;
pub mod ec2;
pub mod elbv2;
mod healthy;
#[cfg(feature = "probe")]
pub mod lambda;
pub mod logs;
pub mod servicediscovery;
pub mod sns;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::call::Call;
use super::wire::Reply;

/// An AWS account in one region. Everything is public: a test takes a healthy one and breaks what it is about.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Its number.
    pub id: String,
    /// The region.
    pub region: String,
    /// The most items a page of any list holds, whatever was asked for; 0 leaves that to the services.
    pub page_size: usize,
    /// REST APIs by id.
    pub rest_apis: BTreeMap<String, apigateway::RestApi>,
    /// VPC links of the first generation by id.
    pub vpc_links: BTreeMap<String, apigateway::VpcLink>,
    /// VPC links of the second generation by id.
    pub vpc_links_v2: BTreeMap<String, apigateway::VpcLinkV2>,
    /// Load balancers.
    pub load_balancers: Vec<elbv2::LoadBalancer>,
    /// Listeners, with their rules.
    pub listeners: Vec<elbv2::Listener>,
    /// Target groups, with their targets.
    pub target_groups: Vec<elbv2::TargetGroup>,
    /// VPC endpoint services.
    pub endpoint_services: Vec<ec2::EndpointService>,
    /// Connections to them.
    pub endpoint_connections: Vec<ec2::EndpointConnection>,
    /// Security groups.
    pub security_groups: Vec<ec2::SecurityGroup>,
    /// Network ACLs.
    pub network_acls: Vec<ec2::NetworkAcl>,
    /// Network interfaces.
    pub network_interfaces: Vec<ec2::NetworkInterface>,
    /// Route tables.
    pub route_tables: Vec<ec2::RouteTable>,
    /// Peering connections.
    pub peerings: Vec<ec2::Peering>,
    /// Attachments to transit gateways.
    pub transit_attachments: Vec<ec2::TransitAttachment>,
    /// Client certificates that API Gateway generated, each with its end in epoch seconds.
    pub client_certificates: BTreeMap<String, i64>,
    /// Subnets.
    pub subnets: Vec<ec2::Subnet>,
    /// Instances.
    pub instances: Vec<ec2::Instance>,
    /// ACM certificates.
    pub certificates: Vec<acm::Certificate>,
    /// Metrics with their values.
    pub metrics: Vec<cloudwatch::Metric>,
    /// Events by log group.
    pub log_groups: BTreeMap<String, Vec<logs::Event>>,
    /// Subscription filters by log group.
    pub filters: BTreeMap<String, Vec<logs::Filter>>,
    /// Classes of log groups that are not of the standard one.
    pub log_classes: BTreeMap<String, String>,
    /// Deliveries of execution logs: a stage's ARN, and what they are delivered to.
    pub deliveries: Vec<(String, String)>,
    /// What happens to log groups between two calls.
    pub meanwhile: BTreeMap<String, logs::Meanwhile>,
    /// The role with which API Gateway writes logs.
    pub log_role: Option<String>,
    /// HTTP and WebSocket APIs.
    pub http_apis: Vec<apigateway::HttpApi>,
    /// Cloud Map services.
    pub services: Vec<servicediscovery::Service>,
    /// Who is subscribed to the topics: protocol, and whether it is confirmed.
    pub subscriptions: Vec<(String, bool)>,
    /// Probers by the function's name.
    #[cfg(feature = "probe")]
    pub probers: BTreeMap<String, lambda::Prober>,
    /// ARNs of SNS topics.
    pub topics: BTreeSet<String>,
    /// Whether API Gateway's answers hold nulls, as they do of methods that were made in the console.
    pub nulls: bool,
}

impl Account {
    /// What the account says to a call.
    pub fn answer(&mut self, call: &Call) -> Reply {
        let reply = match call.service.as_str() {
            "apigateway" => apigateway::answer(self, call),
            "apigatewayv2" => apigateway::answer_v2(self, call),
            "elasticloadbalancing" => elbv2::answer(self, call),
            "ec2" => ec2::answer(self, call),
            "acm" => acm::answer(self, call),
            "servicediscovery" => servicediscovery::answer(self, call),
            "cloudwatch" => cloudwatch::answer(self, call),
            #[cfg(feature = "probe")]
            "lambda" => lambda::answer(self, call),
            "logs" => logs::answer(self, call),
            "sns" => sns::answer(self, call),
            "sts" => self.sts(call),
            _ => None,
        };
        let mut reply = reply.unwrap_or_else(|| super::faults::unknown_operation(call));
        if self.nulls
            && let (Reply::Answer(answer), "apigateway" | "apigatewayv2") =
                (&mut reply, call.service.as_str())
        {
            apigateway::add_nulls(answer);
        }
        reply
    }

    /// The ARN of a thing in this account and region.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.id)
    }

    /// A load balancer, by name.
    pub fn load_balancer(&mut self, name: &str) -> &mut elbv2::LoadBalancer {
        self.load_balancers.iter_mut().find(|lb| lb.name == name).expect("a load balancer of that name")
    }

    /// The listener on a port; tests have one of each.
    pub fn listener(&mut self, port: u16) -> &mut elbv2::Listener {
        self.listeners.iter_mut().find(|listener| listener.port == port).expect("a listener on that port")
    }

    /// A target group, by name.
    pub fn target_group(&mut self, name: &str) -> &mut elbv2::TargetGroup {
        self.target_groups.iter_mut().find(|group| group.name == name).expect("a target group of that name")
    }

    /// The integration of a method, by path and verb, of whichever API has it.
    pub fn integration(&mut self, path: &str, verb: &str) -> &mut apigateway::Integration {
        let mut resources = self.rest_apis.values_mut().flat_map(|api| &mut api.resources);
        let resource = resources.find(|resource| resource.path == path).expect("a resource of that path");
        resource.methods.get_mut(verb).and_then(Option::as_mut).expect("an integration of that verb")
    }

    fn sts(&self, call: &Call) -> Option<Reply> {
        if call.operation == "AssumeRole" {
            let id = call.text("RoleArn").split(':').nth(4).unwrap_or_default();
            return Some(Reply::Answer(json!({
                "Credentials": {
                    "AccessKeyId": format!("{ASSUMED}{id}"),
                    "SecretAccessKey": "secret",
                    "SessionToken": "token",
                    "Expiration": "2099-01-01T00:00:00Z",
                },
                "AssumedRoleUser": { "Arn": call.text("RoleArn"), "AssumedRoleId": "AROAEXAMPLE:session" },
            })));
        }
        (call.operation == "GetCallerIdentity").then(|| {
            Reply::Answer(json!({
                "Arn": format!("arn:aws:sts::{}:assumed-role/vpclink-responder/session", self.id),
                "UserId": "AROAEXAMPLEROLEID0000:session",
                "Account": self.id,
            }))
        })
    }
}

/// What the access keys of assumed roles begin with; the account's number follows.
pub const ASSUMED: &str = "ASIAASSUMED";

/// What a page's token ends in: characters that a client has to encode in a URL, as real tokens have.
const TOKEN_END: &str = "+/==";

/// One page of a list, made by `render` from the items and the next page's token; `None` for a token that is not ours.
fn page<T>(
    account: &Account,
    items: &[T],
    limit: usize,
    token: &str,
    render: impl FnOnce(&[T], Option<String>) -> Value,
) -> Option<Reply> {
    let start = match token {
        "" => 0,
        token => token.strip_suffix(TOKEN_END)?.parse::<usize>().ok()?,
    };
    let limit = if account.page_size == 0 { limit } else { limit.min(account.page_size) };
    let end = start.saturating_add(limit).min(items.len());
    let next = (end < items.len()).then(|| format!("{end}{TOKEN_END}"));
    Some(Reply::Answer(render(items.get(start..end)?, next)))
}
