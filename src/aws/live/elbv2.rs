//! Elastic Load Balancing v2: load balancers, listeners, target groups, the health of targets.

use aws_sdk_elasticloadbalancingv2::{Client, types};
use aws_types::SdkConfig;

use crate::aws::live::errors::{holding, outcome};
use crate::aws::model::ListenerCertificate;
use crate::aws::model::{Action, Condition, Listener, LoadBalancer, Rule, Target, TargetGroup};
use crate::aws::model::{Attributes, BalancerZone};
use crate::aws::reading::ReadError;
use crate::ids::Arn;

const ABSENT: [&str; 3] = ["ListenerNotFound", "LoadBalancerNotFound", "TargetGroupNotFound"];

/// Load balancers, listeners and target groups list their attributes in one shape under three types.
macro_rules! attributes {
    ($answer:ident) => {{
        $answer.attributes.map(|pairs| {
            let pairs = pairs.into_iter();
            Attributes(pairs.filter_map(|attribute| Some((attribute.key?, attribute.value?))).collect())
        })
    }};
}

/// What all pages list; `None` where the first has no list at all. An item that can't be read costs itself.
macro_rules! listed {
    ($pages:ident, $list:ident, $read:expr) => {{
        let is_list = $pages.first().is_some_and(|page| page.$list.is_some());
        let items = $pages.into_iter().flat_map(|page| page.$list.unwrap_or_default());
        is_list.then(|| items.filter_map($read).collect())
    }};
}

/// Reads from Elastic Load Balancing.
pub(crate) struct Adapter {
    client: Client,
}

impl Adapter {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    pub(crate) async fn load_balancer(&self, arn: &Arn) -> Result<Option<LoadBalancer>, ReadError> {
        // One ARN at a time: a missing one fails the whole call.
        let found = self.client.describe_load_balancers().load_balancer_arns(arn.as_str()).send().await;
        let first = outcome(found, &ABSENT, |answer| {
            let first = answer.load_balancers.unwrap_or_default().into_iter().next();
            first.map(|balancer| load_balancer(arn, balancer))
        });
        holding("load balancer", first)
    }

    pub(crate) async fn listeners(&self, arn: &Arn) -> Result<Option<Vec<Listener>>, ReadError> {
        let pages = self.client.describe_listeners().load_balancer_arn(arn.as_str());
        let found: Result<Vec<_>, _> = pages.into_paginator().send().collect().await;
        let read = outcome(found, &ABSENT, |pages| listed!(pages, listeners, listener));
        holding("list of listeners", read)
    }

    pub(crate) async fn listener(&self, arn: &Arn) -> Result<Option<Listener>, ReadError> {
        let found = self.client.describe_listeners().listener_arns(arn.as_str()).send().await;
        let first = outcome(found, &ABSENT, |answer| {
            answer.listeners.unwrap_or_default().into_iter().find_map(listener)
        });
        holding("listener", first)
    }

    pub(crate) async fn rules(&self, arn: &Arn) -> Result<Option<Vec<Rule>>, ReadError> {
        let pages = self.client.describe_rules().listener_arn(arn.as_str());
        let found: Result<Vec<_>, _> = pages.into_paginator().send().collect().await;
        let read = outcome(found, &ABSENT, |pages| listed!(pages, rules, |item| Some(rule(item))));
        holding("list of rules", read)
    }

    pub(crate) async fn target_groups(&self, arn: &Arn) -> Result<Option<Vec<TargetGroup>>, ReadError> {
        let pages = self.client.describe_target_groups().load_balancer_arn(arn.as_str());
        let found: Result<Vec<_>, _> = pages.into_paginator().send().collect().await;
        let read = outcome(found, &ABSENT, |pages| listed!(pages, target_groups, target_group));
        holding("list of target groups", read)
    }

    pub(crate) async fn target_health(&self, arn: &Arn) -> Result<Option<Vec<Target>>, ReadError> {
        let found = self.client.describe_target_health().target_group_arn(arn.as_str()).send().await;
        let read = outcome(found, &ABSENT, |answer| {
            Some(answer.target_health_descriptions?.into_iter().filter_map(target).collect())
        });
        holding("list of targets", read)
    }

    pub(crate) async fn listener_certificates(
        &self,
        arn: &Arn,
    ) -> Result<Option<Vec<ListenerCertificate>>, ReadError> {
        let pages = self.client.describe_listener_certificates().listener_arn(arn.as_str());
        let found: Result<Vec<_>, _> = pages.into_paginator().send().collect().await;
        let read = outcome(found, &ABSENT, |pages| listed!(pages, certificates, Some));
        holding(
            "list of certificates",
            read.map(|read| read.map(|read: Option<Vec<_>>| read.map(certificates))),
        )
    }

    pub(crate) async fn listener_attributes(&self, arn: &Arn) -> Result<Option<Attributes>, ReadError> {
        let found = self.client.describe_listener_attributes().listener_arn(arn.as_str()).send().await;
        holding("list of attributes", outcome(found, &ABSENT, |answer| attributes!(answer)))
    }

    pub(crate) async fn load_balancer_attributes(&self, arn: &Arn) -> Result<Option<Attributes>, ReadError> {
        let found =
            self.client.describe_load_balancer_attributes().load_balancer_arn(arn.as_str()).send().await;
        holding("list of attributes", outcome(found, &ABSENT, |answer| attributes!(answer)))
    }

    pub(crate) async fn target_group_attributes(&self, arn: &Arn) -> Result<Option<Attributes>, ReadError> {
        let found =
            self.client.describe_target_group_attributes().target_group_arn(arn.as_str()).send().await;
        holding("list of attributes", outcome(found, &ABSENT, |answer| attributes!(answer)))
    }
}

/// The default certificate may be listed twice, once as such and once among the others.
fn certificates(items: Vec<types::Certificate>) -> Vec<ListenerCertificate> {
    let mut listed: Vec<ListenerCertificate> = Vec::new();
    for item in items {
        let Some(arn) = item.certificate_arn.map(Arn::new) else { continue };
        let default = item.is_default == Some(true);
        match listed.iter_mut().find(|known| known.arn == arn) {
            Some(known) => known.default |= default,
            None => listed.push(ListenerCertificate { arn, default }),
        }
    }
    listed
}

fn load_balancer(arn: &Arn, wire: types::LoadBalancer) -> LoadBalancer {
    let state = wire.state;
    LoadBalancer {
        arn: arn.clone(),
        name: wire.load_balancer_name.unwrap_or_else(|| arn.resource().to_owned()),
        kind: wire.r#type.map_or_else(String::new, |kind| kind.as_str().to_owned()),
        state: state
            .as_ref()
            .and_then(|s| s.code.as_ref())
            .map_or_else(String::new, |code| code.as_str().to_owned()),
        reason: state.and_then(|state| state.reason),
        vpc: wire.vpc_id,
        zones: wire.availability_zones.unwrap_or_default().into_iter().map(zone).collect(),
        security_groups: wire.security_groups.unwrap_or_default(),
        dns_name: wire.dns_name,
        enforces_inbound: wire
            .enforce_security_group_inbound_rules_on_private_link_traffic
            .map(|on_off| on_off == "on"),
    }
}

fn zone(wire: types::AvailabilityZone) -> BalancerZone {
    let addresses = wire.load_balancer_addresses.unwrap_or_default().into_iter();
    let private = addresses.flat_map(|address| [address.private_ipv4_address, address.ipv6_address]);
    BalancerZone {
        zone: wire.zone_name.unwrap_or_default(),
        subnet: wire.subnet_id,
        addresses: private.flatten().filter_map(|address| address.parse().ok()).collect(),
    }
}

fn listener(wire: types::Listener) -> Option<Listener> {
    Some(Listener {
        arn: Arn::new(wire.listener_arn?),
        load_balancer: Arn::new(wire.load_balancer_arn.unwrap_or_default()),
        port: port(wire.port)?,
        protocol: wire.protocol.map_or_else(String::new, |protocol| protocol.as_str().to_owned()),
        actions: wire.default_actions.unwrap_or_default().into_iter().map(action).collect(),
    })
}

fn rule(wire: types::Rule) -> Rule {
    let conditions = wire.conditions.unwrap_or_default().into_iter().map(condition);
    Rule {
        priority: wire.priority.and_then(|priority| priority.parse().ok()),
        conditions: conditions.collect(),
        actions: wire.actions.unwrap_or_default().into_iter().map(action).collect(),
    }
}

/// Regular expressions are not kept: a condition that has any can't be decided.
fn condition(wire: types::RuleCondition) -> Condition {
    let (mut values, mut patterns, mut header) = (Vec::new(), Vec::new(), None);
    if let Some(config) = wire.host_header_config {
        values.extend(config.values.unwrap_or_default());
        patterns.extend(config.regex_values.unwrap_or_default());
    }
    if let Some(config) = wire.path_pattern_config {
        values.extend(config.values.unwrap_or_default());
        patterns.extend(config.regex_values.unwrap_or_default());
    }
    if let Some(config) = wire.http_header_config {
        values.extend(config.values.unwrap_or_default());
        patterns.extend(config.regex_values.unwrap_or_default());
        header = config.http_header_name;
    }
    values.extend(wire.http_request_method_config.and_then(|config| config.values).unwrap_or_default());
    values.extend(wire.source_ip_config.and_then(|config| config.values).unwrap_or_default());
    // The older form has the values beside the field.
    if values.is_empty() {
        values = wire.values.unwrap_or_default();
    }
    if !patterns.is_empty() || !wire.regex_values.unwrap_or_default().is_empty() {
        values.clear();
    }
    Condition { field: wire.field.unwrap_or_default(), values, header }
}

/// The target groups stand in the action itself or, with weights, in its forward configuration; often in both.
fn action(wire: types::Action) -> Action {
    let weighted = wire.forward_config.and_then(|forward| forward.target_groups).unwrap_or_default();
    let mut groups: Vec<(Arn, i32)> = weighted
        .into_iter()
        .filter_map(|tuple| Some((Arn::new(tuple.target_group_arn?), tuple.weight.unwrap_or(1))))
        .collect();
    if let (Some(arn), true) = (wire.target_group_arn, groups.is_empty()) {
        groups.push((Arn::new(arn), 1));
    }
    let kind = wire.r#type.map_or_else(String::new, |kind| kind.as_str().to_owned());
    Action { kind, target_groups: groups }
}

fn target_group(wire: types::TargetGroup) -> Option<TargetGroup> {
    let arn = Arn::new(wire.target_group_arn?);
    let checked = wire.health_check_enabled != Some(false);
    let health_protocol = wire.health_check_protocol.map(|protocol| protocol.as_str().to_owned());
    Some(TargetGroup {
        name: wire.target_group_name.unwrap_or_else(|| arn.resource().to_owned()),
        arn,
        kind: wire.target_type.map_or_else(String::new, |kind| kind.as_str().to_owned()),
        protocol: wire.protocol.map(|protocol| protocol.as_str().to_owned()),
        port: port(wire.port),
        vpc: wire.vpc_id,
        health_port: wire.health_check_port.filter(|_| checked),
        health_protocol: health_protocol.filter(|_| checked),
        health_path: wire.health_check_path.filter(|_| checked),
    })
}

fn target(wire: types::TargetHealthDescription) -> Option<Target> {
    let target = wire.target?;
    // A target of which no health is told is still a target.
    let health = wire.target_health;
    let state = health.as_ref().and_then(|health| health.state.as_ref());
    let shifted = wire.administrative_override.and_then(|set| set.state);
    let mitigated = wire.anomaly_detection.and_then(|found| found.mitigation_in_effect);
    Some(Target {
        id: target.id?,
        port: port(target.port),
        zone: target.availability_zone,
        state: state.map_or_else(String::new, |state| state.as_str().to_ascii_lowercase()),
        reason: health.as_ref().and_then(|health| Some(health.reason.as_ref()?.as_str().to_owned())),
        description: health.and_then(|health| health.description),
        zonal_shift: shifted.is_some_and(|state| state.as_str().starts_with("zonal_shift")),
        spared: mitigated.is_some_and(|mitigation| mitigation.as_str() == "yes"),
    })
}

fn port(port: Option<i32>) -> Option<u16> {
    port.and_then(|port| u16::try_from(port).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_certificate_that_is_listed_twice_is_one() {
        let item = |arn: &str, default| {
            types::Certificate::builder().certificate_arn(arn).is_default(default).build()
        };
        let listed =
            certificates(vec![item("a", false), item("b", false), item("a", true), item("b", false)]);
        let listed: Vec<_> = listed.iter().map(|one| (one.arn.as_str(), one.default)).collect();
        assert_eq!(listed, [("a", true), ("b", false)]);
    }
}
