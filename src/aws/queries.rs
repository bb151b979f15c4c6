//! The table of reads: each thing that can be asked of an account is one row here, and nowhere else.
//!
//! A row says what is asked, by which call and IAM action, which adapter asks it, what it is about, and what an alert
//! cannot say without it. [`Query`], [`Answer`], the key of a recorded answer, the live dispatch, the table of
//! permissions and the samples for tests follow from the row.

use std::any::Any;

use serde_json::Value;

use crate::aws::model::{
    AcmCertificate, ApiV2, Attributes, CloudMapInstance, CloudMapService, EndpointConnection,
    EndpointService, GeneratedCertificate, Instance, InstancesOf, InterfacesOf, LinesOf, Listener,
    ListenerCertificate, LoadBalancer, LoggedLine, MetricsOf, NetworkAcl, NetworkInterface, Peering,
    PrefixList, Resource, RestApi, RouteTable, Rule, SecurityGroup, Series, Stage, Subnet, Target,
    TargetGroup, TransitAttachment, VpcLink, X509,
};
use crate::aws::subjects::{Argument, ProbeOf};
use crate::ids::{ApiId, Arn};
use crate::logs::LogWriter;
use crate::probe::Facts;

/// The action that reading in another account needs before any of the others.
pub(crate) const ASSUME_ROLE: &str = "sts:AssumeRole";

/// Hands every row to another macro. Actions are those of
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>.
macro_rules! every_query {
    ($with:ident) => {
        $with! {
            RestApi(api: ApiId) -> RestApi {
                apigateway.rest_api, "apigateway:GetRestApi", "apigateway:GET",
                "the API's name", format!("the name of API {api}"),
                "what the API is called",
            }
            Stage(api: ApiId, stage: String) -> Stage {
                apigateway.stage, "apigateway:GetStage", "apigateway:GET",
                "the stage", format!("stage {stage} of API {api}"),
                "whether the stage defines the variables that the integration uses",
            }
            Resources(api: ApiId) -> Vec<Resource> {
                apigateway.resources, "apigateway:GetResources", "apigateway:GET",
                "the integration", format!("the integrations of API {api}"),
                "which integration the failed route has, and everything behind it",
            }
            Deployed(api: ApiId, stage: String) -> Vec<Resource> {
                apigateway.deployed, "apigateway:GetExport", "apigateway:GET",
                "what is deployed to the stage", format!("what is deployed to stage {stage}"),
                "whether the integration was changed and not deployed",
            }
            ApiV2(api: ApiId) -> ApiV2 {
                apigatewayv2.api, "apigatewayv2:GetApi", "apigateway:GET",
                "the API's name", format!("the name of API {api}"),
                "what an HTTP API is called",
            }
            StageV2(api: ApiId, stage: String) -> Stage {
                apigatewayv2.stage, "apigatewayv2:GetStage", "apigateway:GET",
                "the stage", format!("stage {stage} of API {api}"),
                "whether an HTTP API deploys every change by itself",
            }
            Routes(api: ApiId) -> Vec<Resource> {
                apigatewayv2.routes, "apigatewayv2:GetRoutes", "apigateway:GET",
                "the integration", format!("the routes and integrations of API {api}"),
                "which integration the failed route of an HTTP API has, and everything behind it",
            }
            DeployedV2(api: ApiId, stage: String) -> Vec<Resource> {
                apigatewayv2.deployed, "apigatewayv2:ExportApi", "apigateway:GET",
                "what is deployed to the stage", format!("what is deployed to stage {stage}"),
                "whether the integration of an HTTP API was changed and not deployed",
            }
            CloudMapService(id: String) -> CloudMapService {
                servicediscovery.service, "servicediscovery:GetService", "servicediscovery:GetService",
                "the Cloud Map service", format!("Cloud Map service {id}"),
                "whether the Cloud Map service that an HTTP API calls exists",
            }
            CloudMapNamespace(id: String) -> String {
                servicediscovery.namespace, "servicediscovery:GetNamespace", "servicediscovery:GetNamespace",
                "the Cloud Map namespace", format!("Cloud Map namespace {id}"),
                "by which name API Gateway asks for the instances of a Cloud Map service",
            }
            CloudMapInstances(of: InstancesOf) -> Vec<CloudMapInstance> {
                servicediscovery.discover, "servicediscovery:DiscoverInstances", "servicediscovery:DiscoverInstances",
                "the Cloud Map service's instances", format!("the instances of Cloud Map service {}", of.service),
                "whether a Cloud Map service has instances, and whether they are healthy",
            }
            CloudMapRegistered(service: String) -> Vec<CloudMapInstance> {
                servicediscovery.registered, "servicediscovery:ListInstances", "servicediscovery:ListInstances",
                "the registered instances", format!("the instances registered with Cloud Map service {service}"),
                "who is registered with a Cloud Map service whose instances' health may not be read",
            }
            ClientCertificate(id: String) -> GeneratedCertificate {
                apigateway.client_certificate, "apigateway:GetClientCertificate", "apigateway:GET",
                "the client certificate", format!("client certificate {id}"),
                "whether the certificate that the stage presents to backends has expired",
            }
            VpcLinkV1(id: String) -> VpcLink {
                apigateway.vpc_link, "apigateway:GetVpcLink", "apigateway:GET",
                "the VPC link", format!("VPC link {id}"),
                "whether the VPC link exists and is available, and everything behind it",
            }
            VpcLinkV2(id: String) -> VpcLink {
                apigatewayv2.vpc_link, "apigatewayv2:GetVpcLink", "apigateway:GET",
                "the VPC link", format!("VPC link {id}"),
                "whether the VPC link exists and is available, and everything behind it",
            }
            EndpointServices -> Vec<EndpointService> {
                ec2.endpoint_services,
                "ec2:DescribeVpcEndpointServiceConfigurations", "ec2:DescribeVpcEndpointServiceConfigurations",
                "the VPC endpoint service", "the VPC endpoint service behind the load balancer".to_owned(),
                "whether the link's endpoint service is there",
            }
            EndpointConnections(service: String) -> Vec<EndpointConnection> {
                ec2.endpoint_connections, "ec2:DescribeVpcEndpointConnections", "ec2:DescribeVpcEndpointConnections",
                "the endpoint connection", format!("the connections to endpoint service {service}"),
                "whether API Gateway's connection to it is accepted",
            }
            LoadBalancer(arn: Arn) -> LoadBalancer {
                elbv2.load_balancer,
                "elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeLoadBalancers",
                "the load balancer", format!("load balancer {}", arn.resource()),
                "whether the load balancer is there and active, and its network",
            }
            Listeners(arn: Arn) -> Vec<Listener> {
                elbv2.listeners, "elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeListeners",
                "the listeners", format!("the listeners of {}", arn.resource()),
                "whether a listener has the port and the protocol, and everything behind it",
            }
            Listener(arn: Arn) -> Listener {
                elbv2.listener, "elasticloadbalancing:DescribeListeners/one", "elasticloadbalancing:DescribeListeners",
                "the listener", format!("listener {}", arn.resource()),
                "whether a listener has the port and the protocol, and everything behind it",
            }
            Rules(arn: Arn) -> Vec<Rule> {
                elbv2.rules, "elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeRules",
                "the listener's rules", format!("the rules of listener {}", arn.resource()),
                "which rule of an application load balancer takes the request",
            }
            TargetGroups(arn: Arn) -> Vec<TargetGroup> {
                elbv2.target_groups,
                "elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetGroups",
                "the target groups", format!("the target groups of {}", arn.resource()),
                "what the target groups are called, their ports and health checks",
            }
            TargetHealth(arn: Arn) -> Vec<Target> {
                elbv2.target_health,
                "elasticloadbalancing:DescribeTargetHealth", "elasticloadbalancing:DescribeTargetHealth",
                "the health of the targets", format!("the health of the targets in {}", arn.resource()),
                "whether there are targets, and whether they are healthy",
            }
            ListenerCertificates(arn: Arn) -> Vec<ListenerCertificate> {
                elbv2.listener_certificates,
                "elasticloadbalancing:DescribeListenerCertificates", "elasticloadbalancing:DescribeListenerCertificates",
                "the listener's certificates", format!("the certificates of listener {}", arn.resource()),
                "which certificates the listener presents",
            }
            AcmCertificate(arn: Arn) -> AcmCertificate {
                acm.certificate, "acm:DescribeCertificate", "acm:DescribeCertificate",
                "the certificate", format!("certificate {}", arn.resource()),
                "names, dates and renewal of a certificate in ACM",
            }
            AcmChain(arn: Arn) -> Vec<X509> {
                acm.chain, "acm:GetCertificate", "acm:GetCertificate",
                "the certificate's chain", format!("the chain of certificate {}", arn.resource()),
                "who issued an imported or private certificate",
            }
            ServerCertificate(name: String) -> Vec<X509> {
                iam.server_certificate, "iam:GetServerCertificate", "iam:GetServerCertificate",
                "the server certificate", format!("server certificate {name}"),
                "names, dates and issuer of a certificate in IAM",
            }
            ListenerAttributes(arn: Arn) -> Attributes {
                elbv2.listener_attributes,
                "elasticloadbalancing:DescribeListenerAttributes", "elasticloadbalancing:DescribeListenerAttributes",
                "the listener's settings", format!("the settings of listener {}", arn.resource()),
                "after how long the listener forgets idle connections",
            }
            Metrics(of: MetricsOf) -> Vec<Series> {
                cloudwatch.metrics, "cloudwatch:GetMetricData", "cloudwatch:GetMetricData",
                "the load balancer's metrics", format!("the metrics of {}", of.load_balancer.resource()),
                "whether resets, drops or TLS errors rose with the failures",
            }
            LoadBalancerAttributes(arn: Arn) -> Attributes {
                elbv2.load_balancer_attributes,
                "elasticloadbalancing:DescribeLoadBalancerAttributes",
                "elasticloadbalancing:DescribeLoadBalancerAttributes",
                "the load balancer's attributes", format!("the attributes of {}", arn.resource()),
                "whether a zone without targets is served by another",
            }
            TargetGroupAttributes(arn: Arn) -> Attributes {
                elbv2.target_group_attributes,
                "elasticloadbalancing:DescribeTargetGroupAttributes", "elasticloadbalancing:DescribeTargetGroupAttributes",
                "the target group's attributes", format!("the attributes of {}", arn.resource()),
                "whose address targets see, and whether proxy protocol is on",
            }
            Subnets(vpc: String) -> Vec<Subnet> {
                ec2.subnets, "ec2:DescribeSubnets", "ec2:DescribeSubnets",
                "the subnets", format!("the subnets of {vpc}"),
                "which networks a rule has to let through",
            }
            NetworkAcls(vpc: String) -> Vec<NetworkAcl> {
                ec2.network_acls, "ec2:DescribeNetworkAcls", "ec2:DescribeNetworkAcls",
                "the network ACLs", format!("the network ACLs of {vpc}"),
                "whether a network ACL blocks requests or answers",
            }
            SecurityGroups(ids: Vec<String>) -> Vec<SecurityGroup> {
                ec2.security_groups, "ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroups",
                "the security groups", format!("the rules of {}", ids.join(", ")),
                "whether a security group blocks requests",
            }
            NetworkInterfaces(of: InterfacesOf) -> Vec<NetworkInterface> {
                ec2.network_interfaces, "ec2:DescribeNetworkInterfaces", "ec2:DescribeNetworkInterfaces",
                "the network interfaces", format!("the network interfaces of {}", of.owner()),
                "which addresses and security groups link, load balancer and targets have",
            }
            Instances(ids: Vec<String>) -> Vec<Instance> {
                ec2.instances, "ec2:DescribeInstances", "ec2:DescribeInstances",
                "the targets' instances", "the instances behind the targets".to_owned(),
                "which security groups instance targets have",
            }
            PrefixList(id: String) -> PrefixList {
                ec2.prefix_list, "ec2:GetManagedPrefixListEntries", "ec2:GetManagedPrefixListEntries",
                "the prefix list", format!("the entries of {id}"),
                "which networks a rule that names a prefix list lets through",
            }
            HttpLogWriters(group: String) -> Vec<LogWriter> {
                apigatewayv2.log_writers, "apigatewayv2:GetStages", "apigateway:GET",
                "who writes to the log group", format!("which HTTP API writes to {group}"),
                "which stage an access line is of that does not name it",
            }
            RestLogWriters(group: String) -> Vec<LogWriter> {
                apigateway.log_writers, "apigateway:GetStages", "apigateway:GET",
                "who writes to the log group", format!("which REST API writes to {group}"),
                "which stage an access line is of that does not name it",
            }
            RouteTables(vpc: String) -> Vec<RouteTable> {
                ec2.route_tables, "ec2:DescribeRouteTables", "ec2:DescribeRouteTables",
                "the route tables", format!("the route tables of {vpc}"),
                "whether a route leads from the load balancer to its targets",
            }
            Peerings(ids: Vec<String>) -> Vec<Peering> {
                ec2.peerings, "ec2:DescribeVpcPeeringConnections", "ec2:DescribeVpcPeeringConnections",
                "the peering connections", format!("the peering connections {}", ids.join(", ")),
                "whether a peering connection that a route names is active",
            }
            TransitAttachments(vpc: String) -> Vec<TransitAttachment> {
                ec2.transit_attachments,
                "ec2:DescribeTransitGatewayVpcAttachments", "ec2:DescribeTransitGatewayVpcAttachments",
                "the transit gateway attachments", format!("the transit gateway attachments of {vpc}"),
                "whether the attachment to a transit gateway that a route names is available",
            }
            RequestLines(of: LinesOf) -> Vec<LoggedLine> {
                logs.lines, "logs:FilterLogEvents", "logs:FilterLogEvents",
                "the request's other log lines", "the request's other log lines".to_owned(),
                "route and endpoint of a request of which a narrow filter passed the failure alone",
            }
            Probe(of: ProbeOf) -> Vec<Facts> {
                lambda.probe, "lambda:Invoke", "lambda:InvokeFunction",
                "what the targets answer", format!("how {} respond to a connection", of.addresses()),
                "what load balancer and targets really answer: certificates, TLS, HTTP",
            }
        }
    };
}

macro_rules! types {
    ($(
        $name:ident $(($($arg:ident: $kind:ty),+))? -> $answer:ty {
            $service:ident.$method:ident, $call:literal, $action:literal, $noun:literal, $about:expr, $without:literal,
        }
    )+) => {
        /// One thing to ask of an account.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Query {
            $($name $(($($kind),+))?,)+
        }

        /// Which row of the table a query is of; all that is known of one whose ids are not known.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum QueryKind {
            $($name,)+
        }

        /// What an account answers, one variant a query.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Answer {
            /// AWS says, with that very error, that there is no such thing.
            Absent,
            $($name($answer),)+
        }

        impl QueryKind {
            /// The IAM action that asking needs.
            pub fn action(self) -> &'static str {
                match self {
                    $(Self::$name => $action,)+
                }
            }

            /// The API call that asks it.
            pub fn call(self) -> &'static str {
                match self {
                    $(Self::$name => $call,)+
                }
            }

            /// What it is about, for people, where no id is known.
            pub fn noun(self) -> &'static str {
                match self {
                    $(Self::$name => $noun,)+
                }
            }

            /// What an alert cannot say without the answer.
            pub fn without(self) -> &'static str {
                match self {
                    $(Self::$name => $without,)+
                }
            }
        }

        impl Query {
            /// The row it is of.
            pub fn kind(&self) -> QueryKind {
                match self {
                    $(Self::$name { .. } => QueryKind::$name,)+
                }
            }

            /// What it is asked of: an id, an ARN, `api/stage`; empty for the whole account.
            pub fn subject(&self) -> String {
                match self {
                    $(Self::$name $(($($arg),+))? => {
                        let parts: &[String] = &[$($($arg.key()),+)?];
                        parts.join("/")
                    })+
                }
            }

            /// What it is about, for people.
            #[allow(unused_variables, reason = "not every sentence names every argument")]
            pub fn about(&self) -> String {
                match self {
                    $(Self::$name $(($($arg),+))? => $about,)+
                }
            }

            /// One of every kind, so that rows can be listed and tried without an account.
            pub fn samples() -> Vec<Self> {
                vec![$(Self::$name $(($(<$kind as Argument>::sample()),+))?,)+]
            }

            /// Reads a recorded answer to it.
            pub(crate) fn parse(&self, value: Value) -> Result<Answer, serde_json::Error> {
                match self {
                    $(Self::$name { .. } => serde_json::from_value(value).map(Answer::$name),)+
                }
            }
        }

        impl Answer {
            /// The answer as a recorded account holds it.
            pub(crate) fn to_json(&self) -> Value {
                match self {
                    Self::Absent => Ok(Value::Null),
                    $(Self::$name(value) => serde_json::to_value(value),)+
                }
                .expect("answers hold only texts, numbers, lists and maps of texts")
            }

            /// The value, where the answer is of this type.
            pub fn take<T: 'static>(self) -> Option<T> {
                match self {
                    Self::Absent => None,
                    $(Self::$name(value) => {
                        let mut value = Some(value);
                        (&mut value as &mut dyn Any).downcast_mut::<Option<T>>().and_then(Option::take)
                    })+
                }
            }
        }
    };
}

every_query!(types);

impl Query {
    /// The IAM action that asking needs.
    pub fn action(&self) -> &'static str {
        self.kind().action()
    }

    /// The API call that asks it.
    pub fn call(&self) -> &'static str {
        self.kind().call()
    }
}

/// A call that coverage makes and a diagnosis does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CoverageCall {
    /// Lists log groups.
    DescribeLogGroups,
    /// Lists a group's subscription filters.
    DescribeSubscriptionFilters,
    /// Subscribes a group.
    PutSubscriptionFilter,
    /// Ends a subscription of ours.
    DeleteSubscriptionFilter,
    /// Reads APIs, stages, integrations and the account's own settings.
    ReadApis,
    /// Lists which stages' execution logs are delivered.
    DescribeDeliverySources,
    /// Lists to which destinations.
    DescribeDeliveries,
    /// Lists what those destinations are.
    DescribeDeliveryDestinations,
    /// Lists the subscriptions of the topics.
    ListSubscriptions,
}

impl CoverageCall {
    /// Each of them.
    pub const ALL: [Self; 9] = [
        Self::DescribeLogGroups,
        Self::DescribeSubscriptionFilters,
        Self::PutSubscriptionFilter,
        Self::DeleteSubscriptionFilter,
        Self::ReadApis,
        Self::DescribeDeliverySources,
        Self::DescribeDeliveries,
        Self::DescribeDeliveryDestinations,
        Self::ListSubscriptions,
    ];

    /// The IAM action that it needs.
    pub fn action(self) -> &'static str {
        self.row().0
    }

    /// What is lost without it, as the end of "without it, …".
    pub fn without(self) -> &'static str {
        self.row().1
    }

    fn row(self) -> (&'static str, &'static str) {
        const NO_DELIVERIES: &str = "the caretaker can't tell whether a stage's execution logs go elsewhere";
        match self {
            Self::DescribeLogGroups => {
                ("logs:DescribeLogGroups", "no log group is found, so none is subscribed")
            }
            Self::DescribeSubscriptionFilters => (
                "logs:DescribeSubscriptionFilters",
                "the caretaker can't tell which log groups are subscribed, and subscribes none",
            ),
            Self::PutSubscriptionFilter => ("logs:PutSubscriptionFilter", "new log groups stay unwatched"),
            Self::DeleteSubscriptionFilter => {
                ("logs:DeleteSubscriptionFilter", "filters are left behind when the stack is deleted")
            }
            // API Gateway has one action for everything that is read.
            Self::ReadApis => (
                QueryKind::RestApi.action(),
                "stages that log nothing are not named, and access logs are not found",
            ),
            Self::DescribeDeliverySources => ("logs:DescribeDeliverySources", NO_DELIVERIES),
            Self::DescribeDeliveries => ("logs:DescribeDeliveries", NO_DELIVERIES),
            Self::DescribeDeliveryDestinations => ("logs:DescribeDeliveryDestinations", NO_DELIVERIES),
            Self::ListSubscriptions => (
                "sns:ListSubscriptionsByTopic",
                "an e-mail subscription that waits for its confirmation is not named",
            ),
        }
    }
}
