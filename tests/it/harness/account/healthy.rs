//! Two ordinary private APIs with nothing wrong, one over each generation of link.

mod network;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::apigateway::{HttpApi, Integration, Resource, RestApi, Stage, VpcLink, VpcLinkV2};
use super::ec2::{EndpointConnection, EndpointService};
use super::elbv2::{Action, HealthCheck, Listener, LoadBalancer, Target, TargetGroup, Zone};
use super::servicediscovery::{Instance, Service};
use super::{Account, acm};

const API: &str = "a1b2c3d4e5";
const V1_LINK: &str = "abc123";
const V2_LINK: &str = "v2link1";
const VPC: &str = "vpc-0aa11bb22cc33dd44";
const SUBNETS: [&str; 2] = ["subnet-0aa1", "subnet-0bb2"];
const ZONES: [&str; 2] = ["eu-west-1a", "eu-west-1b"];

/// Owner of API Gateway's endpoints in eu-west-1.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/vpc-links-v1.html>
const API_GATEWAY_ACCOUNT: &str = "631144002099";

impl Account {
    /// API `orders`, stage `prod`, over V1 link `abc123` and `orders-nlb`, TLS 8443, to two healthy IP targets.
    pub fn healthy_v1() -> Self {
        let mut account = Self::bare();
        account.add_balancer("network", "net/orders-nlb/50dc6c495c0c9188", "TLS");
        let balancer = &mut account.load_balancers[0];
        balancer.enforcement = Some("off".to_owned());
        let balancer = balancer.arn.clone();
        account.add_api(&integration(V1_LINK, None));
        let (name, target_arns) = ("orders-link".to_owned(), vec![balancer.clone()]);
        let link = VpcLink { name, status: "AVAILABLE".to_owned(), target_arns, status_message: None };
        account.vpc_links.insert(V1_LINK.to_owned(), link);
        let service = "vpce-svc-0123456789abcdef0".to_owned();
        account.endpoint_connections.push(EndpointConnection {
            service_id: service.clone(),
            endpoint_id: "vpce-0fedcba9876543210".to_owned(),
            owner: API_GATEWAY_ACCOUNT.to_owned(),
            state: "available".to_owned(),
            load_balancers: vec![balancer.clone()],
        });
        account.endpoint_services.push(EndpointService {
            id: service,
            state: "Available".to_owned(),
            acceptance_required: false,
            load_balancers: vec![balancer],
            zones: ZONES.map(str::to_owned).into(),
            ip_versions: vec!["ipv4".to_owned()],
        });
        account
    }

    /// The same API over V2 link `v2link1` and the HTTPS 8443 listener of `orders-alb`.
    pub fn healthy_v2() -> Self {
        let mut account = Self::bare();
        account.add_balancer("application", "app/orders-alb/60ed7d5a6d1da299", "HTTPS");
        account.add_api(&integration(V2_LINK, Some(account.listeners[0].arn.clone())));
        let link = VpcLinkV2 {
            name: "orders-link".to_owned(),
            status: "AVAILABLE".to_owned(),
            status_message: None,
            subnet_ids: SUBNETS.map(str::to_owned).into(),
            security_group_ids: vec!["sg-0link".to_owned()],
        };
        account.add_link_interfaces();
        account.vpc_links_v2.insert(V2_LINK.to_owned(), link);
        account
    }

    /// HTTP API `orders`, its `$default` stage, over the same link and listener as [`Account::healthy_v2`].
    pub fn healthy_http() -> Self {
        let mut account = Self::healthy_v2();
        account.rest_apis.clear();
        let listener = account.listeners[0].arn.clone();
        account.add_http_api(json!({
            "integrationType": "HTTP_PROXY",
            "integrationMethod": "ANY",
            "integrationUri": listener,
            "connectionType": "VPC_LINK",
            "connectionId": V2_LINK,
            "payloadFormatVersion": "1.0",
            "timeoutInMillis": 30_000,
            "tlsConfig": { "serverNameToVerify": "orders.internal.example" },
        }));
        account
    }

    /// The same over Cloud Map service `srv-orders` with two healthy instances.
    pub fn healthy_cloud_map() -> Self {
        let mut account = Self::healthy_http();
        account.http_apis.clear();
        let service = account.arn("servicediscovery", "service/srv-orders");
        account.add_http_api(json!({
            "integrationType": "HTTP_PROXY",
            "integrationMethod": "ANY",
            "integrationUri": service,
            "connectionType": "VPC_LINK",
            "connectionId": V2_LINK,
            "payloadFormatVersion": "1.0",
            "timeoutInMillis": 30_000,
        }));
        let instance = |id: &str, address: &str| Instance {
            id: id.to_owned(),
            health: "HEALTHY".to_owned(),
            attributes: json!({ "AWS_INSTANCE_IPV4": address, "AWS_INSTANCE_PORT": "8080", "stage": "prod" }),
        };
        account.services.push(Service {
            id: "srv-orders".to_owned(),
            name: "orders".to_owned(),
            namespace: ("ns-internal".to_owned(), "internal.example".to_owned()),
            instances: vec![instance("one", "10.0.1.10"), instance("two", "10.0.2.11")],
        });
        // The link calls the instances themselves.
        let link = account.security_groups.iter_mut().find(|group| group.id == "sg-0link");
        link.expect("the link's group").outbound[0].ports = Some((8080, 8080));
        account
    }

    fn add_http_api(&mut self, integration: Value) {
        let stage = json!({ "stageName": "$default", "autoDeploy": true, "deploymentId": "dep1", "stageVariables": {} });
        let route = |key: &str| (key.to_owned(), "int0001".to_owned());
        self.http_apis.push(HttpApi {
            id: API.to_owned(),
            name: "orders".to_owned(),
            stages: BTreeMap::from([("$default".to_owned(), stage)]),
            routes: vec![route("GET /orders/{id}"), route("ANY /orders"), route("$default")],
            integrations: BTreeMap::from([("int0001".to_owned(), integration)]),
            ..HttpApi::default()
        });
    }

    fn bare() -> Self {
        let (id, region) = ("111122223333".to_owned(), "eu-west-1".to_owned());
        let mut account = Self { id, region, ..Self::default() };
        account.topics = BTreeSet::from([account.arn("sns", "alerts")]);
        account
    }

    /// A load balancer, its one listener, and target group `orders-blue` with two healthy targets.
    fn add_balancer(&mut self, kind: &str, resource: &str, protocol: &str) {
        let name = resource.split('/').nth(1).unwrap_or(resource).to_owned();
        let balancer = self.arn("elasticloadbalancing", &format!("loadbalancer/{resource}"));
        let group = self.arn("elasticloadbalancing", "targetgroup/orders-blue/73e2d6bc24d8a067");
        let certificate = self.arn("acm", "certificate/0a1b2c3d-0000-4000-8000-000000000001");
        let action = match kind {
            "network" => Action::Plain(group.clone()),
            _ => Action::Forward(vec![(group.clone(), 1)]),
        };
        self.listeners.push(Listener {
            arn: self.arn("elasticloadbalancing", &format!("listener/{resource}/f2f7dc8efc522ab2")),
            load_balancer_arn: balancer.clone(),
            port: 8443,
            protocol: protocol.to_owned(),
            certificates: vec![certificate.clone()],
            actions: vec![action],
            ..Listener::default()
        });
        self.load_balancers.push(LoadBalancer {
            arn: balancer,
            name,
            kind: kind.to_owned(),
            scheme: "internal".to_owned(),
            state: "active".to_owned(),
            vpc_id: VPC.to_owned(),
            zones: SUBNETS.iter().zip(ZONES).map(|(subnet, zone)| zone_of(subnet, zone)).collect(),
            security_groups: vec!["sg-0balancer".to_owned()],
            ..LoadBalancer::default()
        });
        self.add_network(kind, resource);
        self.target_groups.push(target_group(group, if kind == "network" { "TCP" } else { "HTTP" }));
        self.certificates.push(certificate_for(certificate));
    }

    fn add_api(&mut self, integration: &Integration) {
        let resource = |id: &str, path: &str, verbs: &[&str], backend: &str| {
            let uri = Some(format!("https://orders.internal.example:8443{backend}"));
            let method = |verb: &&str| {
                let of_verb = Integration {
                    http_method: Some((*verb).to_owned()),
                    uri: uri.clone(),
                    ..integration.clone()
                };
                ((*verb).to_owned(), Some(of_verb))
            };
            let methods = verbs.iter().map(method).collect();
            Resource { id: id.to_owned(), path: path.to_owned(), methods }
        };
        let resources = vec![
            resource("root000000", "/", &[], ""),
            resource("res0000001", "/orders", &["GET"], "/orders"),
            resource("res0000002", "/orders/{id}", &["GET", "DELETE"], "/orders/{id}"),
            resource("res0000003", "/{proxy+}", &["ANY"], "/orders/{proxy}"),
        ];
        let errors = json!({ "loggingLevel": "ERROR", "dataTraceEnabled": false, "metricsEnabled": true });
        let method_settings = BTreeMap::from([("*/*".to_owned(), errors)]);
        let stage = Stage { deployment_id: "dep0001".to_owned(), method_settings, ..Stage::default() };
        let stages = BTreeMap::from([("prod".to_owned(), stage)]);
        self.rest_apis
            .insert(API.to_owned(), RestApi { name: "orders".to_owned(), stages, resources, deployed: None });
    }
}

fn integration(link: &str, target: Option<String>) -> Integration {
    Integration {
        kind: "HTTP_PROXY".to_owned(),
        connection_type: Some("VPC_LINK".to_owned()),
        connection_id: Some(link.to_owned()),
        integration_target: target,
        timeout_in_millis: Some(29_000),
        ..Integration::default()
    }
}

fn zone_of(subnet: &str, zone: &str) -> Zone {
    Zone { name: zone.to_owned(), subnet_id: subnet.to_owned(), private_address: None }
}

fn target_group(arn: String, protocol: &str) -> TargetGroup {
    let target = |id: &str, zone: &str| {
        let (id, zone, state) = (id.to_owned(), zone.to_owned(), "healthy".to_owned());
        Target { id, zone, state, port: 8080, ..Target::default() }
    };
    TargetGroup {
        arn,
        name: "orders-blue".to_owned(),
        kind: "ip".to_owned(),
        protocol: protocol.to_owned(),
        port: 8080,
        vpc_id: VPC.to_owned(),
        health_check: HealthCheck { protocol: protocol.to_owned(), ..HealthCheck::default() },
        targets: vec![target("10.0.1.10", ZONES[0]), target("10.0.2.11", ZONES[1])],
        ..TargetGroup::default()
    }
}

fn certificate_for(arn: String) -> acm::Certificate {
    acm::Certificate {
        arn,
        domain_name: "orders.internal.example".to_owned(),
        alternative_names: vec!["orders.internal.example".to_owned()],
        status: "ISSUED".to_owned(),
        kind: "AMAZON_ISSUED".to_owned(),
        not_before: 1_788_220_800,
        not_after: 1_822_435_200,
        renewal_status: None,
        pem: include_str!("../../../certificates/amazon-issued.pem").to_owned(),
    }
}
