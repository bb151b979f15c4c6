//! Cloud Map: services and their instances.

use serde_json::{Value, json};

use super::Account;
use crate::harness::call::Call;
use crate::harness::wire::Reply;

/// A service.
#[derive(Clone, Debug, Default)]
pub struct Service {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its namespace's id and name.
    pub namespace: (String, String),
    /// Who is registered.
    pub instances: Vec<Instance>,
}

/// An instance.
#[derive(Clone, Debug, Default)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// `HEALTHY`, `UNHEALTHY`, `UNKNOWN`.
    pub health: String,
    /// What it is registered with.
    pub attributes: Value,
}

pub(crate) fn answer(account: &Account, call: &Call) -> Option<Reply> {
    let of_id = |id: &str| account.services.iter().find(|service| service.id == id);
    let missing = |code: &str| Reply::error(400, code, "it does not exist");
    Some(match call.operation.as_str() {
        "GetService" => match of_id(call.text("Id")) {
            Some(service) => Reply::Answer(json!({ "Service": {
                "Id": service.id,
                "Name": service.name,
                "NamespaceId": service.namespace.0,
                "InstanceCount": service.instances.len(),
                "HealthCheckCustomConfig": { "FailureThreshold": 1 },
            } })),
            None => missing("ServiceNotFound"),
        },
        "GetNamespace" => match account.services.iter().find(|one| one.namespace.0 == call.text("Id")) {
            Some(service) => Reply::Answer(json!({ "Namespace": {
                "Id": service.namespace.0, "Name": service.namespace.1, "Type": "DNS_PRIVATE",
            } })),
            None => missing("NamespaceNotFound"),
        },
        "ListInstances" => match of_id(call.text("ServiceId")) {
            Some(service) => {
                let listed = service.instances.iter();
                let listed = listed.map(|one| json!({ "Id": one.id, "Attributes": one.attributes }));
                Reply::Answer(json!({ "Instances": listed.collect::<Vec<_>>() }))
            }
            None => missing("ServiceNotFound"),
        },
        "DiscoverInstances" => discover(account, call),
        _ => return None,
    })
}

fn discover(account: &Account, call: &Call) -> Reply {
    let asked = (call.text("NamespaceName"), call.text("ServiceName"));
    let found = account.services.iter().find(|one| (one.namespace.1.as_str(), one.name.as_str()) == asked);
    let Some(service) = found else { return Reply::error(400, "ServiceNotFound", "it does not exist") };
    let wanted = call.params["QueryParameters"].as_object();
    let fits = |one: &&Instance| {
        wanted.into_iter().flatten().all(|(name, value)| one.attributes[name.as_str()] == *value)
    };
    let instances = service.instances.iter().filter(fits).map(|one| {
        json!({
            "InstanceId": one.id,
            "NamespaceName": service.namespace.1,
            "ServiceName": service.name,
            "HealthStatus": one.health,
            "Attributes": one.attributes,
        })
    });
    Reply::Answer(json!({ "Instances": instances.collect::<Vec<_>>(), "InstancesRevision": 1 }))
}
