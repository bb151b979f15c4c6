//! What can be asked of an account, and the words of the answers.
//!
//! One enum of questions and one of answers: whoever answers (AWS, a recorded account, a cache, a recorder) implements
//! one method, and a new question is one variant on each side.

use jiff::Timestamp;

use crate::aws::model::{AcmCertificate, ListenerCertificate, X509};
use crate::aws::model::{
    Attributes, Instance, InterfacesOf, NetworkAcl, NetworkInterface, PrefixList, SecurityGroup, Subnet,
};
use crate::aws::model::{
    EndpointConnection, EndpointService, Listener, LoadBalancer, Resource, RestApi, Rule, Stage, Target,
    TargetGroup, VpcLink,
};
use crate::aws::model::{LinesOf, LoggedLine};
use crate::aws::model::{MetricsOf, Series};
use crate::ids::{ApiId, Arn};

/// One thing to ask of an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Query {
    /// The REST API itself: its name.
    RestApi(ApiId),
    /// A stage: its variables, canary settings and logging.
    Stage(ApiId, String),
    /// All resources of an API with their methods and integrations.
    Resources(ApiId),
    /// The same as they were when the stage was last deployed.
    Deployed(ApiId, String),
    /// A VPC link of the first generation, by id.
    VpcLinkV1(String),
    /// A VPC link of the second generation, by id.
    VpcLinkV2(String),
    /// All VPC endpoint services of the account.
    EndpointServices,
    /// The connections to one endpoint service, by service id.
    EndpointConnections(String),
    /// A load balancer.
    LoadBalancer(Arn),
    /// The listeners of a load balancer.
    Listeners(Arn),
    /// One listener.
    Listener(Arn),
    /// The rules of an application load balancer's listener.
    Rules(Arn),
    /// The target groups that a load balancer uses.
    TargetGroups(Arn),
    /// The health of a target group's targets.
    TargetHealth(Arn),
    /// The certificates of a listener.
    ListenerCertificates(Arn),
    /// What ACM says of a certificate.
    AcmCertificate(Arn),
    /// The chain of a certificate in ACM.
    AcmChain(Arn),
    /// The chain of a server certificate in IAM, by name.
    ServerCertificate(String),
    /// The settings of a listener.
    ListenerAttributes(Arn),
    /// The metrics of a load balancer.
    Metrics(MetricsOf),
    /// The attributes of a load balancer.
    LoadBalancerAttributes(Arn),
    /// The attributes of a target group.
    TargetGroupAttributes(Arn),
    /// The subnets of a VPC.
    Subnets(String),
    /// The network ACLs of a VPC.
    NetworkAcls(String),
    /// The security groups of these ids.
    SecurityGroups(Vec<String>),
    /// Network interfaces.
    NetworkInterfaces(InterfacesOf),
    /// The instances of these ids.
    Instances(Vec<String>),
    /// The networks of a prefix list, by id.
    PrefixList(String),
    /// The log lines of one request.
    RequestLines(LinesOf),
}

impl Query {
    /// The IAM action that asking needs.
    ///
    /// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
    pub fn action(&self) -> &'static str {
        match self {
            Self::RestApi(_)
            | Self::Stage(..)
            | Self::Resources(_)
            | Self::Deployed(..)
            | Self::VpcLinkV1(_)
            | Self::VpcLinkV2(_) => "apigateway:GET",
            Self::EndpointServices => "ec2:DescribeVpcEndpointServiceConfigurations",
            Self::EndpointConnections(_) => "ec2:DescribeVpcEndpointConnections",
            Self::LoadBalancer(_) => "elasticloadbalancing:DescribeLoadBalancers",
            Self::Listeners(_) | Self::Listener(_) => "elasticloadbalancing:DescribeListeners",
            Self::Rules(_) => "elasticloadbalancing:DescribeRules",
            Self::TargetGroups(_) => "elasticloadbalancing:DescribeTargetGroups",
            Self::TargetHealth(_) => "elasticloadbalancing:DescribeTargetHealth",
            Self::ListenerCertificates(_) => "elasticloadbalancing:DescribeListenerCertificates",
            Self::AcmCertificate(_) => "acm:DescribeCertificate",
            Self::AcmChain(_) => "acm:GetCertificate",
            Self::ServerCertificate(_) => "iam:GetServerCertificate",
            Self::ListenerAttributes(_) => "elasticloadbalancing:DescribeListenerAttributes",
            Self::Metrics(_) => "cloudwatch:GetMetricData",
            Self::LoadBalancerAttributes(_) => "elasticloadbalancing:DescribeLoadBalancerAttributes",
            Self::TargetGroupAttributes(_) => "elasticloadbalancing:DescribeTargetGroupAttributes",
            Self::Subnets(_) => "ec2:DescribeSubnets",
            Self::NetworkAcls(_) => "ec2:DescribeNetworkAcls",
            Self::SecurityGroups(_) => "ec2:DescribeSecurityGroups",
            Self::NetworkInterfaces(_) => "ec2:DescribeNetworkInterfaces",
            Self::Instances(_) => "ec2:DescribeInstances",
            Self::PrefixList(_) => "ec2:GetManagedPrefixListEntries",
            Self::RequestLines(_) => "logs:FilterLogEvents",
        }
    }

    /// The API call that asks it.
    pub fn call(&self) -> &'static str {
        match self {
            Self::RestApi(_) => "apigateway:GetRestApi",
            Self::Stage(..) => "apigateway:GetStage",
            Self::Resources(_) => "apigateway:GetResources",
            Self::Deployed(..) => "apigateway:GetExport",
            Self::VpcLinkV1(_) => "apigateway:GetVpcLink",
            Self::VpcLinkV2(_) => "apigatewayv2:GetVpcLink",
            Self::EndpointServices => "ec2:DescribeVpcEndpointServiceConfigurations",
            Self::EndpointConnections(_) => "ec2:DescribeVpcEndpointConnections",
            Self::LoadBalancer(_) => "elasticloadbalancing:DescribeLoadBalancers",
            Self::Listeners(_) => "elasticloadbalancing:DescribeListeners",
            Self::Listener(_) => "elasticloadbalancing:DescribeListeners/one",
            Self::TargetGroups(_) => "elasticloadbalancing:DescribeTargetGroups",
            Self::TargetHealth(_) => "elasticloadbalancing:DescribeTargetHealth",
            // The newer actions are named after their calls.
            Self::Rules(_)
            | Self::ListenerCertificates(_)
            | Self::AcmCertificate(_)
            | Self::AcmChain(_)
            | Self::ServerCertificate(_)
            | Self::ListenerAttributes(_)
            | Self::Metrics(_)
            | Self::LoadBalancerAttributes(_)
            | Self::TargetGroupAttributes(_)
            | Self::Subnets(_)
            | Self::NetworkAcls(_)
            | Self::SecurityGroups(_)
            | Self::NetworkInterfaces(_)
            | Self::Instances(_)
            | Self::PrefixList(_)
            | Self::RequestLines(_) => self.action(),
        }
    }

    /// What it is asked of: an id, an ARN, `api/stage`; empty for the whole account.
    pub fn subject(&self) -> String {
        match self {
            Self::RestApi(api) | Self::Resources(api) => api.to_string(),
            Self::Stage(api, stage) | Self::Deployed(api, stage) => format!("{api}/{stage}"),
            Self::VpcLinkV1(id) | Self::VpcLinkV2(id) | Self::EndpointConnections(id) => id.clone(),
            Self::EndpointServices => String::new(),
            Self::LoadBalancer(arn)
            | Self::Listeners(arn)
            | Self::Listener(arn)
            | Self::Rules(arn)
            | Self::TargetGroups(arn)
            | Self::TargetHealth(arn)
            | Self::ListenerCertificates(arn)
            | Self::AcmCertificate(arn)
            | Self::AcmChain(arn)
            | Self::ListenerAttributes(arn)
            | Self::LoadBalancerAttributes(arn)
            | Self::TargetGroupAttributes(arn) => arn.to_string(),
            Self::ServerCertificate(name) => name.clone(),
            Self::Metrics(of) => format!("{}@{}", of.load_balancer, of.failed),
            Self::Subnets(id) | Self::NetworkAcls(id) | Self::PrefixList(id) => id.clone(),
            Self::SecurityGroups(ids) | Self::Instances(ids) => ids.join(","),
            Self::NetworkInterfaces(of) => of.subject(),
            Self::RequestLines(of) => format!("{}/{}@{}", of.group, of.request, of.from),
        }
    }

    /// What it is about, for people.
    pub fn about(&self) -> String {
        match self {
            Self::RestApi(api) => format!("the name of API {api}"),
            Self::Stage(api, stage) => format!("stage {stage} of API {api}"),
            Self::Resources(api) => format!("the integrations of API {api}"),
            Self::Deployed(_, stage) => format!("what is deployed to stage {stage}"),
            Self::VpcLinkV1(id) | Self::VpcLinkV2(id) => format!("VPC link {id}"),
            Self::EndpointServices => "the VPC endpoint service behind the load balancer".to_owned(),
            Self::EndpointConnections(id) => format!("the connections to endpoint service {id}"),
            Self::LoadBalancer(arn) => format!("load balancer {}", arn.resource()),
            Self::Listeners(arn) => format!("the listeners of {}", arn.resource()),
            Self::Listener(arn) => format!("listener {}", arn.resource()),
            Self::Rules(arn) => format!("the rules of listener {}", arn.resource()),
            Self::TargetGroups(arn) => format!("the target groups of {}", arn.resource()),
            Self::TargetHealth(arn) => format!("the health of the targets in {}", arn.resource()),
            Self::ListenerCertificates(arn) => format!("the certificates of listener {}", arn.resource()),
            Self::AcmCertificate(arn) => format!("certificate {}", arn.resource()),
            Self::AcmChain(arn) => format!("the chain of certificate {}", arn.resource()),
            Self::ServerCertificate(name) => format!("server certificate {name}"),
            Self::ListenerAttributes(arn) => format!("the settings of listener {}", arn.resource()),
            Self::Metrics(of) => format!("the metrics of {}", of.load_balancer.resource()),
            Self::LoadBalancerAttributes(arn) | Self::TargetGroupAttributes(arn) => {
                format!("the attributes of {}", arn.resource())
            }
            Self::Subnets(vpc) => format!("the subnets of {vpc}"),
            Self::NetworkAcls(vpc) => format!("the network ACLs of {vpc}"),
            Self::SecurityGroups(ids) => format!("the rules of {}", ids.join(", ")),
            Self::NetworkInterfaces(InterfacesOf::LoadBalancer(arn)) => {
                format!("the network interfaces of {}", arn.resource())
            }
            Self::NetworkInterfaces(InterfacesOf::Links(_)) => {
                "the network interfaces of the VPC link".to_owned()
            }
            Self::NetworkInterfaces(InterfacesOf::Addresses { .. }) => {
                "the network interfaces of the targets".to_owned()
            }
            Self::Instances(_) => "the instances behind the targets".to_owned(),
            Self::PrefixList(id) => format!("the entries of {id}"),
            Self::RequestLines(_) => "the request's other log lines".to_owned(),
        }
    }

    /// One of every kind, so that the actions can be listed without asking.
    pub fn samples() -> Vec<Self> {
        let (api, arn) = (ApiId::new("a1b2c3d4e5"), Arn::new("arn"));
        vec![
            Self::RestApi(api.clone()),
            Self::Stage(api.clone(), "prod".to_owned()),
            Self::Resources(api.clone()),
            Self::Deployed(api, "prod".to_owned()),
            Self::VpcLinkV1("v1".to_owned()),
            Self::VpcLinkV2("v2".to_owned()),
            Self::EndpointServices,
            Self::EndpointConnections("vpce-svc".to_owned()),
            Self::LoadBalancer(arn.clone()),
            Self::Listeners(arn.clone()),
            Self::Listener(arn.clone()),
            Self::Rules(arn.clone()),
            Self::TargetGroups(arn.clone()),
            Self::TargetHealth(arn.clone()),
            Self::ListenerCertificates(arn.clone()),
            Self::AcmCertificate(arn.clone()),
            Self::AcmChain(arn.clone()),
            Self::ServerCertificate("name".to_owned()),
            Self::ListenerAttributes(arn.clone()),
            Self::Metrics(MetricsOf {
                load_balancer: arn.clone(),
                network: true,
                target_groups: Vec::new(),
                failed: Timestamp::UNIX_EPOCH,
            }),
            Self::LoadBalancerAttributes(arn.clone()),
            Self::TargetGroupAttributes(arn.clone()),
            Self::Subnets("vpc".to_owned()),
            Self::NetworkAcls("vpc".to_owned()),
            Self::SecurityGroups(Vec::new()),
            Self::NetworkInterfaces(InterfacesOf::LoadBalancer(arn)),
            Self::Instances(Vec::new()),
            Self::PrefixList("pl".to_owned()),
            Self::RequestLines(LinesOf {
                group: "group".to_owned(),
                stream: "stream".to_owned(),
                request: "request".to_owned(),
                from: Timestamp::UNIX_EPOCH,
                to: Timestamp::UNIX_EPOCH,
            }),
        ]
    }
}

/// What an account answers. A thing that AWS says does not exist is [`Answer::Absent`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// AWS says, with that very error, that there is no such thing.
    Absent,
    /// To [`Query::RestApi`].
    RestApi(RestApi),
    /// To [`Query::Stage`].
    Stage(Stage),
    /// To [`Query::Resources`].
    Resources(Vec<Resource>),
    /// To [`Query::VpcLinkV1`] and [`Query::VpcLinkV2`].
    VpcLink(VpcLink),
    /// To [`Query::EndpointServices`].
    EndpointServices(Vec<EndpointService>),
    /// To [`Query::EndpointConnections`].
    EndpointConnections(Vec<EndpointConnection>),
    /// To [`Query::LoadBalancer`].
    LoadBalancer(LoadBalancer),
    /// To [`Query::Listeners`].
    Listeners(Vec<Listener>),
    /// To [`Query::Listener`].
    Listener(Listener),
    /// To [`Query::Rules`].
    Rules(Vec<Rule>),
    /// To [`Query::TargetGroups`].
    TargetGroups(Vec<TargetGroup>),
    /// To [`Query::TargetHealth`].
    TargetHealth(Vec<Target>),
    /// To [`Query::ListenerCertificates`].
    ListenerCertificates(Vec<ListenerCertificate>),
    /// To [`Query::AcmCertificate`].
    AcmCertificate(AcmCertificate),
    /// To [`Query::AcmChain`] and [`Query::ServerCertificate`]: the listener's own certificate first.
    Chain(Vec<X509>),
    /// To [`Query::Metrics`].
    Metrics(Vec<Series>),
    /// To [`Query::LoadBalancerAttributes`], [`Query::ListenerAttributes`] and [`Query::TargetGroupAttributes`].
    Attributes(Attributes),
    /// To [`Query::Subnets`].
    Subnets(Vec<Subnet>),
    /// To [`Query::NetworkAcls`].
    NetworkAcls(Vec<NetworkAcl>),
    /// To [`Query::SecurityGroups`].
    SecurityGroups(Vec<SecurityGroup>),
    /// To [`Query::NetworkInterfaces`].
    NetworkInterfaces(Vec<NetworkInterface>),
    /// To [`Query::Instances`].
    Instances(Vec<Instance>),
    /// To [`Query::PrefixList`].
    PrefixList(PrefixList),
    /// To [`Query::RequestLines`].
    RequestLines(Vec<LoggedLine>),
}

macro_rules! answers {
    ($($variant:ident($answer:ty)),+ $(,)?) => {$(
        impl FromAnswer for $answer {
            fn from_answer(answer: Answer) -> Option<Self> {
                match answer {
                    Answer::$variant(value) => Some(value),
                    _ => None,
                }
            }
        }
    )+};
}

/// A noun that one variant of [`Answer`] carries.
pub trait FromAnswer: Sized {
    /// The noun, where the answer carries it.
    fn from_answer(answer: Answer) -> Option<Self>;
}

answers! {
    RestApi(RestApi),
    Stage(Stage),
    Resources(Vec<Resource>),
    VpcLink(VpcLink),
    EndpointServices(Vec<EndpointService>),
    EndpointConnections(Vec<EndpointConnection>),
    LoadBalancer(LoadBalancer),
    Listeners(Vec<Listener>),
    Listener(Listener),
    Rules(Vec<Rule>),
    TargetGroups(Vec<TargetGroup>),
    TargetHealth(Vec<Target>),
    ListenerCertificates(Vec<ListenerCertificate>),
    AcmCertificate(AcmCertificate),
    Chain(Vec<X509>),
    Attributes(Attributes),
    Metrics(Vec<Series>),
    Subnets(Vec<Subnet>),
    NetworkAcls(Vec<NetworkAcl>),
    SecurityGroups(Vec<SecurityGroup>),
    NetworkInterfaces(Vec<NetworkInterface>),
    Instances(Vec<Instance>),
    PrefixList(PrefixList),
    RequestLines(Vec<LoggedLine>),
}
