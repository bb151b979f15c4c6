//! What AWS has along a private path, in our words: only what a check reads.
//!
//! Shapes and enums are those of the services' API references; a state that AWS adds later is kept as text.

use crate::ids::{ApiKind, Arn};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use crate::aws::load_balancing::{
    Action, Attributes, BalancerZone, Condition, Listener, ListenerCertificate, LoadBalancer, Rule, Target,
    TargetGroup, target_groups,
};
pub use crate::aws::vpc::{
    AclEntry, GroupRule, Instance, InterfacesOf, NetworkAcl, NetworkInterface, PeeredVpc, Peering,
    PrefixList, RouteEntry, RouteTable, SecurityGroup, Subnet, TransitAttachment,
};

/// A REST API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestApi {
    pub name: String,
}

/// An API of the second control plane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiV2 {
    pub name: String,
    /// An HTTP or a WebSocket API.
    pub kind: ApiKind,
}

/// A stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    pub variables: BTreeMap<String, String>,
    /// Variables that canary requests see instead.
    pub canary_overrides: BTreeMap<String, String>,
    /// Whether canary requests run over another deployment than the stage's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub canary_differs: bool,
    /// The level of execution logging (`OFF`, `ERROR`, `INFO`) by method: `/orders/GET`, or `*/*` for all others.
    #[serde(default)]
    pub logging: BTreeMap<String, String>,
    /// HTTP APIs: whether every change is live at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_deploy: Option<bool>,
    /// Where its access log goes, and in which format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_log: Option<AccessLogSettings>,
    /// The certificate that it presents to backends that ask for one: the id of a generated one, or the ARN of ACM's.
    #[serde(default)]
    pub client_certificate: Option<String>,
}

/// Where a stage writes its access log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessLogSettings {
    /// A log group's ARN, or a Firehose stream's.
    pub destination: Option<Arn>,
    pub format: Option<String>,
}

impl AccessLogSettings {
    /// The log group, where it goes to one.
    pub fn log_group(&self) -> Option<&str> {
        log_group_of(self.destination.as_ref()?)
    }
}

/// The log group of an ARN, which may end in `:*`.
pub fn log_group_of(arn: &Arn) -> Option<&str> {
    let name = arn.as_str().split_once(":log-group:")?.1;
    let name = name.strip_suffix(":*").unwrap_or(name);
    (!name.is_empty()).then_some(name)
}

impl Stage {
    /// The variables that its requests see, or those of its canary.
    pub fn variables_of(&self, canary: bool) -> BTreeMap<String, String> {
        let own = self.variables.clone().into_iter();
        own.chain(self.canary_overrides.clone().into_iter().filter(|_| canary)).collect()
    }

    /// Whether anything is logged of a route's requests: its own setting, else the stage's, else nothing.
    pub fn logs(&self, route: Option<(&str, &str)>) -> bool {
        let own = route.and_then(|(resource, method)| self.logging.get(&format!("{resource}/{method}")));
        own.or_else(|| self.logging.get("*/*")).is_some_and(|level| level != "OFF")
    }
}

/// A resource of a REST API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Its path template (`/orders/{id}`).
    pub path: String,
    /// Its methods, by verb; `ANY` stands for every verb that is not there itself.
    pub integrations: BTreeMap<String, Integration>,
}

/// A method's integration, as it is configured now (which need not be what was deployed).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    #[serde(default)]
    pub streaming: Option<bool>,
    /// Whether API Gateway takes certificates of authorities that it does not know; `None` where no TLS setting is made.
    pub insecure_skip_verification: Option<bool>,
    /// How an HTTP API calls what the target names; `None` for a REST API's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpCall>,
    /// Of a mock: the stage variables that its request templates use.
    #[serde(default)]
    pub template_variables: Vec<String>,
    /// The verb towards the backend; `ANY` passes the client's on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_method: Option<String>,
    /// Headers that it sets, in lower case: their fixed value, or `None` where it comes from the request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Option<String>>,
}

/// How an HTTP API calls a private backend, whose URI holds neither scheme nor host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpCall {
    /// Whether by TLS.
    pub tls: bool,
    /// The name that the certificate must have; without it, no name is compared.
    pub server_name: Option<String>,
    /// What the path is overwritten with.
    pub path: Option<String>,
    /// What the host header is overwritten with.
    pub host: Option<String>,
}

impl Integration {
    /// The headers among `integration.request.header.NAME` parameters. A value in single quotes is fixed.
    #[cfg(feature = "live")]
    pub(crate) fn headers_of(
        parameters: impl IntoIterator<Item = (String, String)>,
    ) -> BTreeMap<String, Option<String>> {
        let header = |(name, value): (String, String)| {
            let name = name.strip_prefix("integration.request.header.")?.to_ascii_lowercase();
            let fixed = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''));
            Some((name, fixed.map(str::to_owned)))
        };
        parameters.into_iter().filter_map(header).collect()
    }

    /// The same as an HTTP API has it: a private one names what it calls in the place of a URI.
    pub fn of_http_api(mut self, http: HttpCall) -> Self {
        if let Some(arn) = self.uri.take_if(|uri| self.private && uri.starts_with("arn:")) {
            (self.target, self.http) = (Some(Arn::new(arn)), Some(http));
        }
        self
    }

    /// The same with what it does not say taken from another version of it over the same link.
    pub(crate) fn completed(&self, other: Option<&Self>) -> Self {
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
            http: own.http.or(other.http),
            timeout_ms: own.timeout_ms.or(other.timeout_ms),
            insecure_skip_verification: own.insecure_skip_verification.or(other.insecure_skip_verification),
            ..own
        }
    }
}

/// A certificate that API Gateway generated for its stages to present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GeneratedCertificate {
    pub id: String,
    pub expires: Option<Timestamp>,
}

/// A VPC link of either generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VpcLink {
    pub id: String,
    pub name: Option<String>,
    /// Which generation it is.
    pub generation: Generation,
    /// `AVAILABLE`, `PENDING`, `DELETING`, `FAILED`; `INACTIVE` for V2 alone.
    pub status: String,
    pub message: Option<String>,
    /// V1: the network load balancer.
    pub targets: Vec<Arn>,
    /// V2: the subnets that its interfaces are in.
    #[serde(default)]
    pub subnets: Vec<String>,
    /// V2: the security groups on its interfaces.
    #[serde(default)]
    pub security_groups: Vec<String>,
}

/// The two kinds of VPC link.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/private-integration.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "u8", from = "u8")]
pub enum Generation {
    /// Through PrivateLink to a network load balancer.
    V1,
    /// Through interfaces of its own in the VPC to any load balancer.
    V2,
}

impl From<Generation> for u8 {
    fn from(generation: Generation) -> Self {
        match generation {
            Generation::V1 => 1,
            Generation::V2 => 2,
        }
    }
}

impl From<u8> for Generation {
    fn from(number: u8) -> Self {
        if number == 1 { Self::V1 } else { Self::V2 }
    }
}

/// A VPC endpoint service; API Gateway makes one for a V1 link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointService {
    /// Its id (`vpce-svc-…`).
    pub id: String,
    /// `Pending`, `Available`, `Deleting`, `Deleted`, `Failed`.
    pub state: String,
    /// The network load balancers behind it.
    pub load_balancers: Vec<Arn>,
    /// The zones that it is offered in; empty where the answer does not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
    /// The versions of IP that it accepts requests by, `ipv4` or `ipv6`; empty where the answer does not say.
    ///
    /// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ServiceConfiguration.html>
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ip_versions: Vec<String>,
}

/// A connection to an endpoint service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointConnection {
    /// The endpoint (`vpce-…`).
    pub endpoint_id: String,
    /// The account that owns the endpoint.
    pub owner: Option<String>,
    /// `PendingAcceptance`, `Pending`, `Available`, `Deleting`, `Deleted`, `Rejected`, `Failed`, `Expired`, `Partial`, in
    /// whatever case AWS writes it.
    pub state: String,
}

/// A Cloud Map service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudMapService {
    pub id: String,
    pub name: String,
    /// Its namespace's id.
    pub namespace: Option<String>,
    /// Whether its instances have a health at all.
    pub checks_health: bool,
}

/// An instance of a Cloud Map service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudMapInstance {
    pub id: String,
    /// Its address in the VPC; one that is known by a name alone has none.
    pub address: Option<String>,
    pub port: Option<u16>,
    /// `HEALTHY`, `UNHEALTHY`, `UNKNOWN` where nothing checks it.
    pub health: Option<String>,
}

impl CloudMapInstance {
    pub fn is_unhealthy(&self) -> bool {
        self.health.as_deref() == Some("UNHEALTHY")
    }
}

/// Which instances API Gateway asks Cloud Map for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstancesOf {
    /// The service's id.
    pub service: String,
    /// The namespace's name.
    pub namespace: String,
    /// The service's name.
    pub name: String,
    /// Attributes that an instance must have.
    pub parameters: BTreeMap<String, String>,
}

/// What ACM says of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcmCertificate {
    /// `AMAZON_ISSUED`, `IMPORTED`, `PRIVATE`.
    pub kind: String,
    /// `ISSUED`, `EXPIRED`, `REVOKED`, …
    pub status: String,
    /// The domain names it covers, the common name among them. IP addresses are not in this list.
    pub names: Vec<String>,
    /// The authority's name; not a whole distinguished name.
    pub issuer: Option<String>,
    pub not_before: Option<Timestamp>,
    pub not_after: Option<Timestamp>,
    /// `PENDING_AUTO_RENEWAL`, `PENDING_VALIDATION`, `SUCCESS`, `FAILED`; `None` where ACM does not renew it.
    pub renewal: Option<String>,
    /// Why the renewal failed.
    pub renewal_reason: Option<String>,
}

/// One certificate of a chain, as its own PEM says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct X509 {
    pub subject: String,
    pub issuer: String,
    /// The subject's common name.
    pub common_name: Option<String>,
    /// DNS names among its subject alternative names.
    pub names: Vec<String>,
    /// IP addresses among its subject alternative names.
    pub addresses: Vec<String>,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// The part of its key's digest that [`crate::probe::authorities`] knows roots by.
    #[serde(default)]
    pub key: Option<u64>,
}

impl X509 {
    /// Whether it names itself as its issuer: a root, or a certificate that no authority vouches for.
    pub fn is_self_signed(&self) -> bool {
        self.subject == self.issuer
    }
}

/// The lines of one request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinesOf {
    pub group: String,
    /// The log stream: all lines of a request are in one.
    pub stream: String,
    /// The request's id.
    pub request: String,
    /// Not before.
    pub from: Timestamp,
    /// Not after.
    pub to: Timestamp,
}

/// One line as it was logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoggedLine {
    pub at: Option<Timestamp>,
    pub message: String,
}

/// Whose metrics, and around when: one request for all of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricsOf {
    pub load_balancer: Arn,
    /// Whether it is a network load balancer; else an application load balancer.
    pub network: bool,
    /// The target groups whose unhealthy hosts are counted.
    pub target_groups: Vec<Arn>,
    pub failed: Timestamp,
}

/// One metric, minute by minute. A minute that is not in it is not known, which is not the same as zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// The metric's name (`TCP_Target_Reset_Count`).
    pub name: String,
    /// The target group it counts; `None` for the whole load balancer.
    pub target_group: Option<Arn>,
    /// The minutes that CloudWatch has.
    pub points: Vec<Point>,
}

/// What happened in one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// When the minute began.
    pub at: Timestamp,
    /// How often it happened.
    pub count: u64,
}
