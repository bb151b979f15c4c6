//! What a query is asked of: an id, an ARN, or more than one name has room for.

use jiff::Timestamp;

use crate::aws::model::{InstancesOf, InterfacesOf, LinesOf, MetricsOf};
use crate::ids::{ApiId, Arn};
use crate::probe::{ProbeRequest, Vantage};

/// A prober, and what it is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProbeOf {
    /// The function's name.
    pub function: String,
    pub request: ProbeRequest,
}

impl ProbeOf {
    /// Where it is to connect, for people.
    pub(crate) fn addresses(&self) -> String {
        self.request.addresses.join(", ")
    }
}

/// What a query is asked with.
pub(crate) trait Argument {
    /// Its part of a recorded answer's key.
    fn key(&self) -> String;
    fn sample() -> Self;
}

impl Argument for ApiId {
    fn key(&self) -> String {
        self.to_string()
    }
    fn sample() -> Self {
        Self::new("a1b2c3d4e5")
    }
}

impl Argument for Arn {
    fn key(&self) -> String {
        self.to_string()
    }
    fn sample() -> Self {
        Self::new("arn")
    }
}

impl Argument for String {
    fn key(&self) -> String {
        self.clone()
    }
    fn sample() -> Self {
        "name".to_owned()
    }
}

impl Argument for Vec<String> {
    fn key(&self) -> String {
        self.join(",")
    }
    fn sample() -> Self {
        Self::new()
    }
}

impl Argument for MetricsOf {
    fn key(&self) -> String {
        format!("{}@{}", self.load_balancer, self.failed)
    }
    fn sample() -> Self {
        let failed = Timestamp::UNIX_EPOCH;
        Self { load_balancer: Arn::sample(), network: true, target_groups: Vec::new(), failed }
    }
}

impl Argument for InterfacesOf {
    fn key(&self) -> String {
        self.subject()
    }
    fn sample() -> Self {
        Self::LoadBalancer(Arn::sample())
    }
}

impl Argument for InstancesOf {
    fn key(&self) -> String {
        let parameters = self.parameters.iter().map(|(name, value)| format!("?{name}={value}"));
        format!("{}/{}/{}{}", self.namespace, self.name, self.service, parameters.collect::<String>())
    }
    fn sample() -> Self {
        let (service, namespace, name) = ("srv-1".into(), "internal".into(), "orders".into());
        Self { service, namespace, name, parameters: Default::default() }
    }
}

impl Argument for LinesOf {
    fn key(&self) -> String {
        format!("{}/{}@{}", self.group, self.request, self.from)
    }
    fn sample() -> Self {
        let (from, to) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        Self { group: "group".into(), stream: "stream".into(), request: "request".into(), from, to }
    }
}

impl Argument for ProbeOf {
    fn key(&self) -> String {
        let ProbeRequest { addresses, tls, server_name, .. } = &self.request;
        let scheme = if *tls { "tls" } else { "tcp" };
        let host = server_name.as_deref().unwrap_or_default();
        format!("{}/{scheme}/{host}/{}", self.function, addresses.join(","))
    }
    fn sample() -> Self {
        let (addresses, vantage) = (Vec::new(), Vantage::Vpc);
        let request =
            ProbeRequest { addresses, tls: false, server_name: None, health: None, vantage, budget_ms: None };
        Self { function: "function".to_owned(), request }
    }
}
