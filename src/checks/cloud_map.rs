//! The Cloud Map service that an HTTP API calls: is it there, does it have instances, and are they healthy?
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-private.html>

use crate::aws::Reading;
use crate::aws::model::{CloudMapInstance, CloudMapService};
use crate::causes::RouteContext;
use crate::checks::code::Code;
use crate::checks::finding::Finding;
use crate::checks::{answered, network};
use crate::path::{CloudMap, OnPath, PrivatePath};
use crate::text::shell_word;

/// Instances named in one sentence.
const MOST_NAMED: usize = 3;

pub(crate) fn check(subject: &RouteContext, path: &PrivatePath) -> Vec<Finding> {
    let Some(cloud_map) = &path.cloud_map else { return Vec::new() };
    let service = match &cloud_map.service {
        Reading::Known { value, .. } => value,
        Reading::Absent { .. } => return vec![missing(cloud_map)],
        Reading::NotRead(unread) => {
            return vec![Finding::unknown(Code::CloudMapServiceMissing, unread).of(&cloud_map.arn)];
        }
    };
    let mut findings = vec![match &cloud_map.instances {
        Reading::Known { value, .. } => instances(cloud_map, service, value),
        Reading::NotRead(unread) => {
            Finding::unknown(Code::CloudMapInstancesUnhealthy, unread).of(&cloud_map.arn)
        }
        Reading::Absent { .. } => missing(cloud_map),
    }];
    let ends = OnPath { path, balancer: &cloud_map.ends, position: 0 };
    findings.extend(network::direct(ends, &cloud_map.arn));
    findings.extend(answered::check(subject, ends));
    findings
}

fn missing(cloud_map: &CloudMap) -> Finding {
    let id = cloud_map.arn.resource();
    let says = format!("Cloud Map service `{id}`, which the integration names, does not exist");
    let reading = &cloud_map.service;
    let finding = match reading {
        // The service was there, and is gone since.
        Reading::Known { .. } => Finding::read(Code::CloudMapServiceMissing, &cloud_map.instances, says),
        _ => Finding::read(Code::CloudMapServiceMissing, reading, says),
    };
    finding.of(&cloud_map.arn).remedy(
        "Point the integration at an existing Cloud Map service. Deploy the API unless auto-deploy is on. The command lists \
         services.",
        Some("aws servicediscovery list-services --query 'Services[].[Id,Name]' --region {region}".to_owned()),
        None,
    )
}

fn instances(cloud_map: &CloudMap, service: &CloudMapService, instances: &[CloudMapInstance]) -> Finding {
    let name = &service.name;
    let unhealthy: Vec<&CloudMapInstance> = instances.iter().filter(|one| one.is_unhealthy()).collect();
    let all = instances.len();
    let (code, says) = if instances.is_empty() {
        let asked = cloud_map.arn.as_str().split_once('?').map(|(_, attributes)| attributes);
        let with = asked.map_or(String::new(), |attributes| format!(" with `{attributes}`"));
        (Code::CloudMapNoInstances, format!("Cloud Map service `{name}` has no instance{with}"))
    } else if unhealthy.is_empty() {
        let healthy = instances.iter().all(|one| one.health.as_deref() == Some("HEALTHY"));
        let how = if healthy { "healthy" } else { "registered" };
        let are = if all == 1 { "instance is" } else { "instances are" };
        let unchecked = if service.checks_health { "" } else { ", and nothing checks their health" };
        (Code::CloudMapInstancesFound, format!("{all} {are} {how} in Cloud Map service `{name}`{unchecked}"))
    } else {
        let named: Vec<String> = unhealthy.iter().take(MOST_NAMED).map(|one| place(one)).collect();
        let of =
            format!("{} of {all} instances of Cloud Map service `{name}` are unhealthy", unhealthy.len());
        (Code::CloudMapInstancesUnhealthy, format!("{of}: {}", named.join(", ")))
    };
    let some_work = code == Code::CloudMapInstancesUnhealthy && unhealthy.len() < all;
    let finding = Finding::read(code, &cloud_map.instances, says)
        .of(&cloud_map.arn)
        .detail("healthy", all - unhealthy.len())
        .detail("instances", all);
    let finding = if some_work { finding.partial() } else { finding };
    let show = format!(
        "aws servicediscovery get-instances-health-status --service-id {} --region {{region}}",
        shell_word(&service.id)
    );
    match code {
        Code::CloudMapNoInstances => finding.remedy(
            "Register the backend's instances with the service, or find out what took them out.",
            None,
            Some(format!(
                "aws servicediscovery list-instances --service-id {} --region {{region}}",
                shell_word(&service.id)
            )),
        ),
        Code::CloudMapInstancesUnhealthy => finding.remedy(
            "Find out why the instances are unhealthy: their own health report to Cloud Map, or the Route 53 health check.",
            None,
            Some(show),
        ),
        _ => finding,
    }
}

fn place(instance: &CloudMapInstance) -> String {
    match (&instance.address, instance.port) {
        (Some(address), Some(port)) => format!("{address}:{port}"),
        (Some(address), None) => address.clone(),
        (None, _) => instance.id.clone(),
    }
}
