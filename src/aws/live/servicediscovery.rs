//! AWS Cloud Map, which HTTP APIs ask for their backend's instances.
//! Shapes: <https://docs.aws.amazon.com/cloud-map/latest/api/Welcome.html>

use aws_types::SdkConfig;
use aws_types::region::Region;
use serde_json::{Value, json};

use crate::aws::live::errors::{holding, outcome};
use crate::aws::live::query_protocol::{self, Place, Protocol, Service, Wish};
use crate::aws::model::{CloudMapInstance, CloudMapService, InstancesOf};
use crate::aws::reading::ReadError;

const ABSENT: [&str; 2] = ["ServiceNotFound", "NamespaceNotFound"];

/// Instances of one service that are read; API Gateway is told of as many at once.
const MOST_INSTANCES: usize = 1000;

static CONTROL: Service = cloud_map(place);

/// The same service where it tells who its instances are.
static DATA: Service = cloud_map(place_of_data);

const fn cloud_map(place: fn(&Region, Wish) -> Place) -> Service {
    let protocol = Protocol::Json("Route53AutoNaming_v20170314");
    Service { name: "servicediscovery", id: "ServiceDiscovery", protocol, place }
}

/// Reads from Cloud Map.
pub(crate) struct Client {
    control: Option<query_protocol::Client>,
    data: Option<query_protocol::Client>,
}

impl Client {
    /// A client of the configuration's Region and credentials.
    pub(crate) fn new(config: &SdkConfig) -> Self {
        let client = |service| query_protocol::Client::new(config, service);
        Self { control: client(&CONTROL), data: client(&DATA) }
    }

    pub(crate) async fn service(&self, id: &str) -> Result<Option<CloudMapService>, ReadError> {
        let found = async {
            let client = query_protocol::configured(self.control.as_ref())?;
            client.call_json("GetService", &json!({ "Id": id })).await
        };
        holding("service", outcome(found.await, &ABSENT, |answer| service(id, &answer["Service"])))
    }

    pub(crate) async fn namespace(&self, id: &str) -> Result<Option<String>, ReadError> {
        let found = async {
            let client = query_protocol::configured(self.control.as_ref())?;
            client.call_json("GetNamespace", &json!({ "Id": id })).await
        };
        let name = |answer: Value| answer["Namespace"]["Name"].as_str().map(str::to_owned);
        holding("namespace", outcome(found.await, &ABSENT, name))
    }

    pub(crate) async fn registered(&self, service: &str) -> Result<Option<Vec<CloudMapInstance>>, ReadError> {
        // One page: more instances change nothing that is said of them.
        let input = json!({ "ServiceId": service, "MaxResults": 100 });
        let found = async {
            let client = query_protocol::configured(self.control.as_ref())?;
            client.call_json("ListInstances", &input).await
        };
        let instances =
            |answer: Value| Some(answer["Instances"].as_array()?.iter().filter_map(instance).collect());
        holding("list of instances", outcome(found.await, &ABSENT, instances))
    }

    pub(crate) async fn discover(
        &self,
        of: &InstancesOf,
    ) -> Result<Option<Vec<CloudMapInstance>>, ReadError> {
        let mut input = json!({
            "NamespaceName": of.namespace,
            "ServiceName": of.name,
            "HealthStatus": "ALL",
            "MaxResults": MOST_INSTANCES,
        });
        if !of.parameters.is_empty() {
            input["QueryParameters"] = json!(of.parameters);
        }
        let found = async {
            let client = query_protocol::configured(self.data.as_ref())?;
            client.call_json("DiscoverInstances", &input).await
        };
        let instances =
            |answer: Value| Some(answer["Instances"].as_array()?.iter().filter_map(instance).collect());
        holding("list of instances", outcome(found.await, &ABSENT, instances))
    }
}

fn service(id: &str, wire: &Value) -> Option<CloudMapService> {
    let text = |member: &str| wire[member].as_str().map(str::to_owned);
    let checked = |member: &str| wire[member].is_object();
    Some(CloudMapService {
        id: text("Id").unwrap_or_else(|| id.to_owned()),
        name: text("Name")?,
        namespace: text("NamespaceId")
            .or_else(|| wire["DnsConfig"]["NamespaceId"].as_str().map(str::to_owned)),
        checks_health: checked("HealthCheckConfig") || checked("HealthCheckCustomConfig"),
    })
}

fn instance(wire: &Value) -> Option<CloudMapInstance> {
    let attribute = |name: &str| wire["Attributes"][name].as_str().map(str::to_owned);
    let id = wire["InstanceId"].as_str().or_else(|| wire["Id"].as_str())?;
    Some(CloudMapInstance {
        id: id.to_owned(),
        address: attribute("AWS_INSTANCE_IPV4").or_else(|| attribute("AWS_INSTANCE_IPV6")),
        port: attribute("AWS_INSTANCE_PORT").and_then(|port| port.parse().ok()),
        health: wire["HealthStatus"].as_str().map(str::to_owned),
    })
}

/// Source: <https://docs.aws.amazon.com/general/latest/gr/cloud_map.html>
fn place(region: &Region, wish: Wish) -> Place {
    place_below("", region, wish)
}

fn place_of_data(region: &Region, wish: Wish) -> Place {
    place_below("data-", region, wish)
}

fn place_below(prefix: &str, region: &Region, Wish { fips, dual_stack }: Wish) -> Place {
    let fips = if fips { "-fips" } else { "" };
    Place::regional(&format!("{prefix}servicediscovery{fips}"), region, dual_stack)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_and_instances_keep_what_they_say() {
        let wire =
            json!({ "Id": "srv-1", "Name": "orders", "NamespaceId": "ns-1", "HealthCheckCustomConfig": {} });
        let found = service("srv-1", &wire).unwrap();
        assert_eq!((found.name.as_str(), found.namespace.as_deref()), ("orders", Some("ns-1")));
        assert!(found.checks_health);
        assert_eq!(service("srv-1", &json!({ "Id": "srv-1" })), None);
        assert_eq!(service("srv-1", &Value::Null), None);
        let read = |attributes: Value| {
            instance(&json!({ "InstanceId": "i", "HealthStatus": "UNHEALTHY", "Attributes": attributes }))
                .unwrap()
        };
        let whole = read(json!({ "AWS_INSTANCE_IPV4": "10.0.1.7", "AWS_INSTANCE_PORT": "8080" }));
        assert_eq!((whole.address.as_deref(), whole.port), (Some("10.0.1.7"), Some(8080)));
        assert!(whole.is_unhealthy());
        let odd = read(json!({ "AWS_INSTANCE_PORT": "http", "AWS_INSTANCE_IPV4": null }));
        assert_eq!((odd.address, odd.port), (None, None));
        assert_eq!(instance(&json!({ "Attributes": {} })), None);
    }

    #[test]
    fn who_the_instances_are_is_asked_elsewhere() {
        let wish = Wish { fips: false, dual_stack: false };
        let (region, china) = (Region::new("eu-west-1"), Region::new("cn-north-1"));
        assert_eq!(place(&region, wish).url, "https://servicediscovery.eu-west-1.amazonaws.com");
        assert_eq!(
            place_of_data(&china, wish).url,
            "https://data-servicediscovery.cn-north-1.amazonaws.com.cn"
        );
    }
}
