//! The network hop on whole paths of both generations: a small account in code, walked and judged as a live one is.

use async_trait::async_trait;
use vpclink_responder::path;

use vpclink_responder::aws::model::*;
use vpclink_responder::aws::recorded::{RecordedAccount, Recorder};
use vpclink_responder::aws::{Account, Answer, Answered, Query, ReadError};
use vpclink_responder::causes::Diagnosis;
use vpclink_responder::checks::{Assessment, Confidence, Finding, HopKind, State, assess};
use vpclink_responder::ids::Arn;

use crate::fixtures;

const LOG: &str = "\
2026-11-22T14:03:22.000Z\t(8d116ece-1738-47d9-bd9c-172411e20b8f) Verifying Usage Plan for request: 8d116ece-1738-47d9-bd9c-172411e20b8f. API Key:  API Stage: a1b2c3d4e5/prod
2026-11-22T14:03:22.000Z\t(8d116ece-1738-47d9-bd9c-172411e20b8f) HTTP Method: GET, Resource Path: /orders
2026-11-22T14:03:22.000Z\t(8d116ece-1738-47d9-bd9c-172411e20b8f) Endpoint request URI: https://orders.internal:8443/orders
2026-11-22T14:03:22.000Z\t(8d116ece-1738-47d9-bd9c-172411e20b8f) Execution failed due to configuration error: There was an internal error while executing your request
2026-11-22T14:03:22.000Z\t(8d116ece-1738-47d9-bd9c-172411e20b8f) Method completed with status: 500
";

/// An account with one private integration, in order, until a test breaks it.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) generation: Generation,
    pub(crate) balancer: LoadBalancer,
    pub(crate) link_groups: Vec<String>,
    /// The zones that the endpoint service is offered in, where its description says so.
    pub(crate) service_zones: Vec<String>,
    pub(crate) group: TargetGroup,
    pub(crate) targets: Vec<Target>,
    pub(crate) instances: Vec<Instance>,
    pub(crate) interfaces: Vec<NetworkInterface>,
    /// An application load balancer as the target, and its own targets.
    pub(crate) backend: Option<LoadBalancer>,
    pub(crate) inner: Vec<Target>,
    /// Whether its interfaces are found.
    pub(crate) backend_shown: bool,
    pub(crate) groups: Vec<SecurityGroup>,
    pub(crate) acls: Vec<NetworkAcl>,
    pub(crate) prefix_list: Vec<&'static str>,
    pub(crate) balancer_attributes: Vec<(&'static str, &'static str)>,
    pub(crate) group_attributes: Vec<(&'static str, &'static str)>,
    /// Of the VPC's one table.
    pub(crate) routes: Vec<RouteEntry>,
    pub(crate) peerings: Vec<Peering>,
    /// Whether subnets and load balancers have addresses of both versions of IP.
    pub(crate) dual_stack: bool,
    pub(crate) denied: Vec<&'static str>,
}

const SUBNETS: [(&str, &str); 7] = [
    ("lb-a", "10.0.1"),
    ("lb-b", "10.0.2"),
    ("app-a", "10.0.11"),
    ("app-b", "10.0.12"),
    ("link", "10.0.21"),
    ("alb-a", "10.0.31"),
    ("alb-b", "10.0.32"),
];

fn arn(tail: &str) -> Arn {
    Arn::new(format!("arn:aws:elasticloadbalancing:eu-west-1:123456789012:{tail}"))
}

pub(crate) fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| text.to_string()).collect()
}

pub(crate) fn rule(ports: (i32, i32), peers: &[&str]) -> GroupRule {
    let (groups, others): (Vec<&str>, Vec<&str>) = peers.iter().partition(|peer| peer.starts_with("sg-"));
    let (lists, cidrs): (Vec<&str>, Vec<&str>) = others.iter().partition(|peer| peer.starts_with("pl-"));
    GroupRule {
        protocol: "tcp".to_owned(),
        from_port: Some(ports.0),
        to_port: Some(ports.1),
        cidrs: cidrs.iter().map(|cidr| cidr.parse().unwrap()).collect(),
        groups: strings(&groups),
        prefix_lists: strings(&lists),
    }
}

/// The address of IPv6 that an interface with this address of IPv4 has beside it: `2001:db8:0:11::10` for `10.0.11.10`.
pub(crate) fn sixth(v4: &str) -> std::net::IpAddr {
    let parts: Vec<&str> = v4.split('.').collect();
    format!("2001:db8:0:{}::{}", parts[2], parts[3]).parse().unwrap()
}

pub(crate) fn everything() -> GroupRule {
    GroupRule { protocol: "-1".to_owned(), from_port: None, to_port: None, ..rule((0, 0), &["0.0.0.0/0"]) }
}

pub(crate) fn group(id: &str, ingress: Vec<GroupRule>) -> SecurityGroup {
    SecurityGroup { id: id.to_owned(), name: id.replace("sg-", ""), ingress, egress: vec![everything()] }
}

pub(crate) fn entry(
    number: i32,
    egress: bool,
    allow: bool,
    cidr: &str,
    ports: Option<(i32, i32)>,
) -> AclEntry {
    AclEntry {
        number,
        egress,
        protocol: if ports.is_some() { "6" } else { "-1" }.to_owned(),
        allow,
        cidr: cidr.parse().unwrap(),
        from_port: ports.map(|ports| ports.0),
        to_port: ports.map(|ports| ports.1),
    }
}

pub(crate) fn acl(id: &str, subnets: &[&str]) -> NetworkAcl {
    let both = |number, allow| [true, false].map(|egress| entry(number, egress, allow, "0.0.0.0/0", None));
    let entries = [both(100, true), both(32767, false)].concat();
    NetworkAcl { id: id.to_owned(), subnets: strings(subnets), entries }
}

pub(crate) fn interface(id: &str, subnet: &str, address: &str, groups: &[&str]) -> NetworkInterface {
    NetworkInterface {
        id: id.to_owned(),
        subnet: Some(subnet.to_owned()),
        addresses: vec![address.parse().unwrap()],
        groups: strings(groups),
        vpc: Some("vpc-1".to_owned()),
    }
}

pub(crate) fn route(to: &str, via: &str) -> RouteEntry {
    RouteEntry {
        to: Some(to.parse().unwrap()),
        prefix_list: None,
        via: via.to_owned(),
        state: "active".to_owned(),
    }
}

fn forward(group: Arn) -> Action {
    Action { kind: "forward".to_owned(), target_groups: vec![(group, 1)], status: None }
}

pub(crate) fn target(id: &str, zone: Option<&str>) -> Target {
    Target {
        zonal_shift: false,
        spared: false,
        id: id.to_owned(),
        port: Some(8080),
        zone: zone.map(str::to_owned),
        state: "healthy".to_owned(),
        reason: None,
        description: None,
    }
}

impl World {
    /// API Gateway → PrivateLink → network load balancer → two targets by address.
    pub(crate) fn v1() -> Self {
        let zone = |letter: &str| BalancerZone {
            zone: format!("eu-west-1{letter}"),
            subnet: Some(format!("subnet-lb-{letter}")),
            addresses: Vec::new(),
        };
        Self {
            generation: Generation::V1,
            balancer: LoadBalancer {
                dns_name: None,
                arn: arn("loadbalancer/net/orders/0123456789abcdef"),
                name: "orders".to_owned(),
                kind: "network".to_owned(),
                state: "active".to_owned(),
                reason: None,
                vpc: Some("vpc-1".to_owned()),
                zones: vec![zone("a"), zone("b")],
                security_groups: strings(&["sg-lb"]),
                enforces_inbound: Some(false),
                addresses: Some("ipv4".to_owned()),
            },
            link_groups: strings(&["sg-link"]),
            service_zones: Vec::new(),
            group: TargetGroup {
                arn: arn("targetgroup/orders/0123456789abcdef"),
                name: "orders".to_owned(),
                kind: "ip".to_owned(),
                protocol: Some("TCP".to_owned()),
                port: Some(8080),
                vpc: Some("vpc-1".to_owned()),
                health_port: Some("traffic-port".to_owned()),
                version: None,
                health_protocol: Some("TCP".to_owned()),
                health_path: None,
            },
            targets: vec![target("10.0.11.10", Some("eu-west-1a")), target("10.0.12.10", Some("eu-west-1b"))],
            instances: Vec::new(),
            interfaces: vec![
                interface("eni-app-a", "subnet-app-a", "10.0.11.10", &["sg-app"]),
                interface("eni-app-b", "subnet-app-b", "10.0.12.10", &["sg-app"]),
            ],
            backend: None,
            inner: vec![target("10.0.11.10", Some("eu-west-1a"))],
            backend_shown: false,
            groups: vec![
                group("sg-lb", vec![rule((8443, 8443), &["0.0.0.0/0"])]),
                group("sg-app", vec![rule((8080, 8080), &["10.0.1.0/24", "10.0.2.0/24"])]),
                group("sg-link", Vec::new()),
            ],
            acls: vec![
                acl("acl-lb", &["subnet-lb-a", "subnet-lb-b"]),
                acl("acl-app", &["subnet-app-a", "subnet-app-b"]),
                acl("acl-link", &["subnet-link"]),
            ],
            prefix_list: Vec::new(),
            balancer_attributes: vec![("load_balancing.cross_zone.enabled", "false")],
            group_attributes: vec![("preserve_client_ip.enabled", "false")],
            routes: vec![route("10.0.0.0/16", "local"), route("2001:db8::/56", "local")],
            peerings: Vec::new(),
            dual_stack: false,
            denied: Vec::new(),
        }
    }

    /// API Gateway → interfaces of a V2 link → application load balancer → two targets by address.
    pub(crate) fn v2() -> Self {
        let mut world = Self::v1();
        world.generation = Generation::V2;
        world.balancer.arn = arn("loadbalancer/app/orders/0123456789abcdef");
        world.balancer.kind = "application".to_owned();
        world.balancer.enforces_inbound = None;
        world.rules("sg-lb", vec![rule((8443, 8443), &["sg-link"])]);
        world.rules("sg-app", vec![rule((8080, 8080), &["sg-lb"])]);
        world
    }

    fn rules(&mut self, id: &str, ingress: Vec<GroupRule>) {
        self.groups.iter_mut().find(|group| group.id == id).unwrap().ingress = ingress;
    }

    fn egress(&mut self, id: &str, egress: Vec<GroupRule>) {
        self.groups.iter_mut().find(|group| group.id == id).unwrap().egress = egress;
    }

    fn acl_entry(&mut self, id: &str, entry: AclEntry) {
        self.acls.iter_mut().find(|acl| acl.id == id).unwrap().entries.push(entry);
    }

    fn ill(&mut self, place: usize) {
        self.targets[place].state = "unhealthy".to_owned();
        self.targets[place].reason = Some("Target.Timeout".to_owned());
    }

    fn answer(&self, question: &Query) -> Result<Answer, ReadError> {
        if self.denied.contains(&question.action()) || self.denied.contains(&question.call()) {
            return Err(ReadError::Denied);
        }
        let v1 = self.generation == Generation::V1;
        let listener_arn =
            Arn::new(self.balancer.arn.as_str().replace(":loadbalancer/", ":listener/") + "/1");
        let attributes = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(key, value)| (key.to_string(), value.to_string()));
            Attributes(pairs.collect())
        };
        Ok(match question {
            Query::HttpLogWriters(_) | Query::RestLogWriters(_) | Query::Probe(_) => Answer::Absent,
            Query::RestApi(_) => Answer::RestApi(RestApi { name: "orders".to_owned() }),
            Query::Stage(..) => Answer::Stage(Stage::default()),
            Query::Resources(_) | Query::Deployed(..) => {
                let integration = Integration {
                    kind: "HTTP_PROXY".to_owned(),
                    uri: Some("https://orders.internal:8443/orders".to_owned()),
                    private: true,
                    connection_id: Some("link01".to_owned()),
                    target: (!v1).then(|| self.balancer.arn.clone()),
                    timeout_ms: Some(29_000),
                    ..Integration::default()
                };
                let integrations = [("GET".to_owned(), integration)].into();
                Answer::Resources(vec![Resource { path: "/orders".to_owned(), integrations }])
            }
            Query::VpcLinkV1(_) | Query::VpcLinkV2(_) => Answer::VpcLinkV1(VpcLink {
                id: "link01".to_owned(),
                name: Some("orders".to_owned()),
                generation: self.generation,
                status: "AVAILABLE".to_owned(),
                message: None,
                targets: if v1 { vec![self.balancer.arn.clone()] } else { Vec::new() },
                subnets: if v1 { Vec::new() } else { strings(&["subnet-link"]) },
                security_groups: if v1 { Vec::new() } else { self.link_groups.clone() },
            }),
            Query::EndpointServices => Answer::EndpointServices(vec![EndpointService {
                id: "vpce-svc-1".to_owned(),
                state: "Available".to_owned(),
                load_balancers: vec![self.balancer.arn.clone()],
                zones: self.service_zones.clone(),
                ip_versions: Vec::new(),
            }]),
            Query::EndpointConnections(_) => Answer::EndpointConnections(vec![EndpointConnection {
                endpoint_id: "vpce-1".to_owned(),
                owner: None,
                state: "Available".to_owned(),
            }]),
            Query::LoadBalancer(arn) if *arn == self.balancer.arn => {
                Answer::LoadBalancer(self.balancer.clone())
            }
            Query::LoadBalancer(_) => self.backend.clone().map_or(Answer::Absent, Answer::LoadBalancer),
            Query::Listeners(of) if *of != self.balancer.arn => Answer::Listeners(vec![Listener {
                arn: listener_arn,
                load_balancer: of.clone(),
                port: 8080,
                protocol: "HTTPS".to_owned(),
                actions: vec![forward(arn("inner"))],
                client_certificates: None,
                ignores_expiry: false,
                alpn: None,
            }]),
            Query::TargetHealth(of) if *of != self.group.arn => Answer::TargetHealth(self.inner.clone()),
            Query::Listeners(_) | Query::Listener(_) => Answer::Listeners(vec![Listener {
                arn: listener_arn,
                load_balancer: self.balancer.arn.clone(),
                port: 8443,
                protocol: if v1 { "TCP" } else { "HTTPS" }.to_owned(),
                actions: vec![Action {
                    kind: "forward".to_owned(),
                    target_groups: vec![(self.group.arn.clone(), 1)],
                    status: None,
                }],
                client_certificates: None,
                ignores_expiry: false,
                alpn: None,
            }]),
            Query::TargetGroups(of) if *of != self.balancer.arn => {
                let (arn, name) = (arn("inner"), "inner".to_owned());
                let kind = "ip".to_owned();
                Answer::TargetGroups(vec![TargetGroup { arn, name, kind, ..self.group.clone() }])
            }
            Query::TargetGroups(_) => Answer::TargetGroups(vec![self.group.clone()]),
            Query::TargetHealth(_) => Answer::TargetHealth(self.targets.clone()),
            Query::LoadBalancerAttributes(_) => {
                Answer::LoadBalancerAttributes(attributes(&self.balancer_attributes))
            }
            Query::TargetGroupAttributes(of) if *of != self.group.arn => {
                Answer::TargetGroupAttributes(attributes(&[]))
            }
            Query::TargetGroupAttributes(_) => {
                Answer::TargetGroupAttributes(attributes(&self.group_attributes))
            }
            Query::Subnets(_) => Answer::Subnets(
                SUBNETS
                    .map(|(name, net)| Subnet {
                        id: format!("subnet-{name}"),
                        zone: if name.ends_with('b') { "eu-west-1b" } else { "eu-west-1a" }.to_owned(),
                        cidrs: self.cidrs(net),
                    })
                    .to_vec(),
            ),
            Query::NetworkAcls(_) => Answer::NetworkAcls(self.acls.clone()),
            Query::SecurityGroups(ids) => {
                let asked = self.groups.iter().filter(|group| ids.contains(&group.id));
                Answer::SecurityGroups(asked.cloned().collect())
            }
            Query::NetworkInterfaces(InterfacesOf::LoadBalancer(arn)) if *arn != self.balancer.arn => {
                let own = self.backend.as_ref().filter(|_| self.backend_shown);
                Answer::NetworkInterfaces(own.map(|own| self.nodes_of(own)).unwrap_or_default())
            }
            Query::NetworkInterfaces(InterfacesOf::LoadBalancer(_)) => {
                Answer::NetworkInterfaces(self.nodes())
            }
            Query::NetworkInterfaces(InterfacesOf::Links(_)) => {
                let groups: Vec<&str> = self.link_groups.iter().map(String::as_str).collect();
                Answer::NetworkInterfaces(vec![interface("eni-link", "subnet-link", "10.0.21.5", &groups)])
            }
            Query::NetworkInterfaces(InterfacesOf::Addresses { addresses, .. }) => {
                let held = |own: &&NetworkInterface| {
                    own.addresses.iter().any(|address| addresses.contains(&address.to_string()))
                };
                Answer::NetworkInterfaces(self.interfaces.iter().filter(held).cloned().collect())
            }
            Query::Instances(_) => Answer::Instances(self.instances.clone()),
            Query::PrefixList(_) => Answer::PrefixList(PrefixList(
                self.prefix_list.iter().map(|net| net.parse().unwrap()).collect(),
            )),
            // What stands beside the network is not part of these worlds.
            Query::Rules(_) => Answer::Rules(Vec::new()),
            Query::ListenerCertificates(_) => Answer::ListenerCertificates(Vec::new()),
            Query::ListenerAttributes(_) => Answer::ListenerAttributes(attributes(&[])),
            Query::Metrics(_) => Answer::Metrics(Vec::new()),
            Query::RouteTables(_) => Answer::RouteTables(vec![RouteTable {
                id: "rtb-1".to_owned(),
                main: true,
                subnets: Vec::new(),
                routes: self.routes.clone(),
            }]),
            Query::Peerings(ids) => {
                let asked = self.peerings.iter().filter(|peering| ids.contains(&peering.id));
                Answer::Peerings(asked.cloned().collect())
            }
            // What these accounts have none of.
            _ => {
                return Err(ReadError::NotRecorded);
            }
        })
    }

    /// The load balancer's interfaces, each the fifth address of its subnet.
    pub(crate) fn nodes(&self) -> Vec<NetworkInterface> {
        self.nodes_of(&self.balancer)
    }

    pub(crate) fn nodes_of(&self, balancer: &LoadBalancer) -> Vec<NetworkInterface> {
        let groups: Vec<&str> = balancer.security_groups.iter().map(String::as_str).collect();
        let nets = SUBNETS.iter().map(|(name, net)| (format!("subnet-{name}"), format!("{net}.5")));
        let addresses: std::collections::BTreeMap<String, String> = nets.collect();
        let subnets = balancer.zones.iter().filter_map(|zone| zone.subnet.as_ref());
        subnets
            .map(|id| {
                let mut own = interface(&format!("eni-{id}"), id, &addresses[id], &groups);
                if self.dual_stack {
                    own.addresses.push(sixth(&addresses[id]));
                }
                own
            })
            .collect()
    }

    fn cidrs(&self, net: &str) -> Vec<ipnet::IpNet> {
        let v4 = format!("{net}.0/24").parse().unwrap();
        let v6 = ipnet::IpNet::new(sixth(&format!("{net}.0")), 64).unwrap();
        if self.dual_stack { vec![v4, v6] } else { vec![v4] }
    }

    fn judgement(&self) -> Assessment {
        walk(self)
    }
}

#[async_trait]
impl Account for World {
    async fn ask(&self, query: &Query) -> Answered {
        let at = "2026-11-22T14:04:03Z".parse().unwrap();
        self.answer(query).map(|answer| (answer, at))
    }
}

fn diagnosis() -> Diagnosis {
    fixtures::diagnoses(LOG).remove(0)
}

pub(crate) fn walk(account: &dyn Account) -> Assessment {
    let subject = diagnosis().subject;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let topology = runtime.block_on(async {
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
        path::read_path(&subject, account, deadline).await
    });
    assess(&subject, &topology)
}

fn faults(judgement: &Assessment) -> Vec<&Finding> {
    judgement.findings.iter().filter(|finding| finding.state == State::Faulty).collect()
}

/// The verdict is this code, on this tier; the finding speaks of this resource and its command holds these words.
#[track_caller]
fn blames(world: &World, code: &str, tier: Confidence, resource: &str, words: &[&str]) -> Finding {
    let judgement = world.judgement();
    let verdict = &judgement.verdict;
    let said = judgement.findings.iter().map(|f| format!("{} {:?} {}", f.code.slug(), f.state, f.says));
    let said = said.collect::<Vec<_>>().join("\n");
    assert_eq!(verdict.code.map(|code| code.slug()), Some(code), "{said}");
    assert_eq!(verdict.tier, tier, "{said}");
    let finding = &judgement.findings[verdict.finding.unwrap()];
    assert_eq!(finding.resource.as_deref(), Some(resource), "{said}");
    let command = finding.remedy.as_ref().and_then(|remedy| remedy.command.clone()).unwrap_or_default();
    let text = format!("{}\n{command}", finding.says);
    for word in words {
        assert!(text.contains(word), "`{word}` is not in {text}");
    }
    finding.clone()
}

#[track_caller]
fn clears(world: &World) -> Assessment {
    let judgement = world.judgement();
    let said: Vec<String> = faults(&judgement).iter().map(|f| f.says.clone()).collect();
    assert!(said.is_empty(), "{said:#?}");
    judgement
}

#[track_caller]
fn finds_open(world: &World) {
    let judgement = clears(world);
    let open = judgement.findings.iter().any(|finding| finding.code.slug() == "network-open");
    let said: Vec<&String> = judgement.findings.iter().map(|f| &f.says).collect();
    assert!(open, "{said:#?}");
}

#[test]
fn accounts_in_order_are_open() {
    finds_open(&World::v1());
    finds_open(&World::v2());
    let mut enforced = World::v1();
    enforced.balancer.enforces_inbound = Some(true);
    enforced.rules("sg-app", vec![rule((8080, 8080), &["sg-lb"])]);
    finds_open(&enforced);
    let mut unguarded = World::v1();
    unguarded.balancer.security_groups.clear();
    unguarded.balancer.enforces_inbound = None;
    finds_open(&unguarded);
}

#[test]
fn instances_are_judged_by_their_primary_interface() {
    let mut world = World::v1();
    world.targets = vec![target("i-1", None), target("i-2", None)];
    let instance = |id: &str, subnet: &str, address: &str| Instance {
        id: id.to_owned(),
        subnet: Some(subnet.to_owned()),
        address: Some(address.parse().unwrap()),
        groups: strings(&["sg-app"]),
    };
    world.instances =
        vec![instance("i-1", "subnet-app-a", "10.0.11.10"), instance("i-2", "subnet-app-b", "10.0.12.10")];
    finds_open(&world);
    world.rules("sg-app", Vec::new());
    blames(
        &world,
        "target-security-group-blocks",
        Confidence::Likely,
        "sg-app",
        &["i-1, i-2", "no rule at all"],
    );
}

/// A world whose network load balancer sends to an application load balancer.
fn chained() -> World {
    let mut world = World::v1();
    let backend = arn("loadbalancer/app/inner/0123456789abcdef");
    let mut zones = world.balancer.zones.clone();
    zones
        .iter_mut()
        .for_each(|zone| zone.subnet = zone.subnet.as_ref().map(|id| id.replace("-lb-", "-app-")));
    world.backend = Some(LoadBalancer {
        arn: backend.clone(),
        name: "inner".to_owned(),
        kind: "application".to_owned(),
        zones,
        security_groups: strings(&["sg-app"]),
        enforces_inbound: None,
        ..world.balancer.clone()
    });
    world.group.kind = "alb".to_owned();
    world.targets = vec![target(backend.as_str(), None)];
    // Its own targets see its addresses.
    let nets = ["10.0.1.0/24", "10.0.2.0/24", "10.0.11.0/24", "10.0.12.0/24"];
    world.rules("sg-app", vec![rule((8080, 8080), &nets)]);
    world
}

#[test]
fn an_application_load_balancer_as_the_target_is_guarded_by_its_own_groups() {
    let mut world = chained();
    // Its interfaces are not found by description, so it is somewhere in its subnets; that is enough.
    finds_open(&world);
    world.rules("sg-app", Vec::new());
    blames(
        &world,
        "target-security-group-blocks",
        Confidence::Likely,
        "sg-app",
        &["`inner`'s interface in eu-west-1a"],
    );
    world.backend = None;
    let verdict = world.judgement().verdict;
    assert_eq!(verdict.code.map(|code| code.slug()), Some("load-balancer-missing"));
    assert!(verdict.says.contains("inner"), "{}", verdict.says);
}

#[test]
fn a_rule_that_names_the_load_balancers_group_does_not_mean_privatelink() {
    let mut world = World::v1();
    world.rules("sg-app", vec![rule((8080, 8080), &["sg-lb"])]);
    let words =
        ["Health checks do match it", "--group-id sg-app", "{CidrIp=10.0.1.5/32}", "{CidrIp=10.0.2.5/32}"];
    let finding = blames(&world, "target-security-group-blocks", Confidence::Confirmed, "sg-app", &words);
    assert_eq!(finding.detail["explanation"], "SG_REFERENCES_NOT_PRESERVED");
}

#[test]
fn targets_that_let_nobody_in_on_the_port() {
    let mut world = World::v1();
    world.rules("sg-app", vec![rule((9090, 9090), &["10.0.0.0/16"])]);
    world.ill(0);
    world.ill(1);
    blames(
        &world,
        "target-security-group-blocks",
        Confidence::Confirmed,
        "sg-app",
        &["port 8080", "FromPort=8080"],
    );
    // The load balancer finds them healthy all the same: said aloud, and less sure.
    let mut world = World::v1();
    world.rules("sg-app", vec![rule((9090, 9090), &["10.0.0.0/16"])]);
    blames(
        &world,
        "target-security-group-blocks",
        Confidence::Likely,
        "sg-app",
        &["health checks on that port still pass"],
    );
}

#[test]
fn one_target_of_two_is_partial() {
    let mut world = World::v1();
    world.groups.push(group("sg-old", Vec::new()));
    world.interfaces[1].groups = strings(&["sg-old"]);
    world.ill(1);
    blames(&world, "target-security-group-blocks", Confidence::Likely, "sg-old", &["10.0.12.10"]);
}

#[test]
fn health_checks_that_do_not_get_in_are_why_targets_are_ill() {
    let mut world = World::v1();
    world.group.health_port = Some("9000".to_owned());
    world.ill(0);
    world.ill(1);
    blames(
        &world,
        "target-security-group-blocks",
        Confidence::Likely,
        "sg-app",
        &["blocks health checks", "port 9000"],
    );
    // Healthy on that port: the load balancer itself shows that they get in.
    let mut world = World::v1();
    world.group.health_port = Some("9000".to_owned());
    finds_open(&world);
}

#[test]
fn blocked_health_checks_of_some_targets_leave_the_others_the_requests() {
    let mut world = World::v1();
    world.group.health_port = Some("9000".to_owned());
    let nodes = ["10.0.1.0/24", "10.0.2.0/24"];
    world.rules("sg-app", vec![rule((8080, 9000), &nodes)]);
    world.groups.push(group("sg-old", vec![rule((8080, 8080), &nodes)]));
    world.interfaces[1].groups = strings(&["sg-old"]);
    world.ill(1);
    let words = ["blocks health checks", "port 9000", "FromPort=9000"];
    blames(&world, "target-security-group-blocks", Confidence::Likely, "sg-old", &words);
}

#[test]
fn what_stops_every_request_comes_before_an_empty_zone() {
    let mut world = World::v1();
    world.targets.remove(1);
    world.rules("sg-app", vec![rule((8080, 8080), &["sg-lb"])]);
    blames(&world, "target-security-group-blocks", Confidence::Confirmed, "sg-app", &[]);
}

#[test]
fn the_load_balancers_own_rules() {
    let mut world = World::v1();
    world.egress("sg-lb", vec![rule((443, 443), &["0.0.0.0/0"])]);
    world.ill(0);
    world.ill(1);
    let words = ["out to", "authorize-security-group-egress", "GroupId=sg-app"];
    blames(&world, "load-balancer-security-group-blocks", Confidence::Confirmed, "sg-lb", &words);
    let mut world = World::v1();
    world.balancer.enforces_inbound = Some(true);
    world.rules("sg-lb", vec![rule((443, 443), &["0.0.0.0/0"])]);
    let words =
        ["API Gateway", "port 8443", "--enforce-security-group-inbound-rules-on-private-link-traffic off"];
    blames(&world, "load-balancer-security-group-blocks", Confidence::Confirmed, "sg-lb", &words);
    // Without enforcement the same rules are not asked.
    world.balancer.enforces_inbound = Some(false);
    finds_open(&world);
}

#[test]
fn rules_for_addresses_that_api_gateway_may_have_are_no_fault() {
    let mut world = World::v1();
    world.balancer.enforces_inbound = Some(true);
    world.rules("sg-lb", vec![rule((8443, 8443), &["10.0.0.0/8"])]);
    let judgement = clears(&world);
    let unknown = judgement.findings.iter().find(|finding| finding.state == State::Unknown).unwrap();
    assert_eq!(unknown.code.slug(), "load-balancer-security-group-blocks");
    assert_eq!(unknown.action(), None);
}

#[test]
fn a_v2_link_needs_its_own_way_out_and_the_load_balancers_way_in() {
    let mut world = World::v2();
    world.egress("sg-link", vec![rule((443, 443), &["0.0.0.0/0"])]);
    blames(
        &world,
        "vpc-link-security-group-blocks",
        Confidence::Confirmed,
        "sg-link",
        &["port 8443", "GroupId=sg-lb"],
    );
    let mut world = World::v2();
    world.rules("sg-lb", vec![rule((8443, 8443), &["10.9.0.0/16"])]);
    let words = ["in from the VPC link", "UserIdGroupPairs=[{GroupId=sg-link}]"];
    blames(&world, "load-balancer-security-group-blocks", Confidence::Confirmed, "sg-lb", &words);
    world.rules("sg-lb", vec![rule((8443, 8443), &["10.0.21.5/32"])]);
    finds_open(&world);
}

#[test]
fn a_v2_link_may_stay_the_source_behind_a_network_load_balancer() {
    let mut world = World::v2();
    world.balancer.kind = "network".to_owned();
    world.group_attributes = vec![("preserve_client_ip.enabled", "true")];
    world.balancer_attributes = vec![("load_balancing.cross_zone.enabled", "true")];
    finds_open(&world);
    world.rules("sg-app", vec![rule((8080, 8080), &["10.0.1.0/24", "10.0.2.0/24"])]);
    blames(&world, "target-security-group-blocks", Confidence::Confirmed, "sg-app", &["10.0.21.5"]);
    world.group_attributes = vec![("preserve_client_ip.enabled", "false")];
    finds_open(&world);
}

#[test]
fn network_acls_on_the_way_there() {
    let mut world = World::v1();
    world.acl_entry("acl-app", entry(50, false, false, "10.0.0.0/16", Some((8080, 8080))));
    world.ill(0);
    world.ill(1);
    let words = [
        "entry 50",
        "entering subnets subnet-app-a, subnet-app-b",
        "--ingress --rule-number 40",
        "--ingress --rule-number 30",
        "From=8080,To=8080",
    ];
    let finding = blames(&world, "network-acl-blocks-request", Confidence::Confirmed, "acl-app", &words);
    assert_eq!(finding.detail["entry"], "50");
    // One entry is one finding, whatever subnets and peers it stops.
    assert_eq!(faults(&world.judgement()).iter().filter(|fault| fault.code.is_network()).count(), 1);
    let what = finding.remedy.unwrap().what;
    assert!(what.contains("port 8080 from 10.0.1.0/24, and on port 8080 from 10.0.2.0/24"), "{what}");
    let mut world = World::v1();
    world.acl_entry("acl-lb", entry(50, true, false, "10.0.11.0/24", None));
    world.ill(0);
    let words = ["leaving the load balancer's subnet subnet-lb-a", "--egress"];
    blames(&world, "network-acl-blocks-request", Confidence::Likely, "acl-lb", &words);
}

#[test]
fn network_acls_on_the_way_back() {
    let mut world = World::v1();
    world.acl_entry("acl-app", entry(50, true, false, "10.0.0.0/16", None));
    world.ill(0);
    world.ill(1);
    blames(
        &world,
        "network-acl-blocks-response",
        Confidence::Confirmed,
        "acl-app",
        &["From=1024,To=65535", "10.0.1.0/24"],
    );
    // One port of 64,512, as hardening guides ask: mentioned, and no fault.
    let mut world = World::v1();
    world.acl_entry("acl-lb", entry(50, false, false, "0.0.0.0/0", Some((3389, 3389))));
    finds_open(&world);
    let judgement = world.judgement();
    let open = judgement.findings.iter().find(|finding| finding.code.slug() == "network-open").unwrap();
    assert!(open.says.contains("entry 50 of network ACL `acl-lb` denies 1 of 64512"), "{}", open.says);
    // Only the ports that Linux clients use: some answers get lost.
    let mut world = World::v1();
    world.acls[0] = acl("acl-lb", &["subnet-lb-a", "subnet-lb-b"]);
    world.acls[0].entries.retain(|entry| entry.egress || entry.number == 32767);
    world.acl_entry("acl-lb", entry(100, false, true, "0.0.0.0/0", Some((32768, 65535))));
    blames(
        &world,
        "network-acl-blocks-response",
        Confidence::Likely,
        "acl-lb",
        &["some responses", "no entry"],
    );
    let mut world = World::v2();
    world.acl_entry("acl-link", entry(50, false, false, "10.0.0.0/16", None));
    let finding =
        blames(&world, "network-acl-blocks-response", Confidence::Confirmed, "acl-link", &["subnet-link"]);
    assert_eq!(finding.hop, HopKind::LoadBalancer);
}

#[test]
fn within_one_subnet_no_network_acl_is_asked() {
    let mut world = World::v1();
    for zone in &mut world.balancer.zones {
        zone.subnet = zone.subnet.as_ref().map(|subnet| subnet.replace("-lb-", "-app-"));
    }
    world.rules("sg-app", vec![rule((8080, 8080), &["10.0.11.0/24", "10.0.12.0/24"])]);
    world.acls[1].entries.retain(|entry| entry.number == 32767);
    finds_open(&world);
}

#[test]
fn nodes_that_keep_to_their_zone_are_not_asked_about_others() {
    let mut world = World::v1();
    // Only what crosses zones is denied, and nothing does.
    world.acl_entry("acl-app", entry(50, false, false, "10.0.1.0/24", None));
    world.targets.remove(0);
    world.targets.push(target("10.0.12.10", Some("eu-west-1b")));
    let judgement = world.judgement();
    assert!(faults(&judgement).iter().all(|finding| !finding.code.is_network()));
    world.balancer_attributes = vec![("load_balancing.cross_zone.enabled", "true")];
    blames(&world, "network-acl-blocks-request", Confidence::Likely, "acl-app", &[]);
}

#[test]
fn a_zone_without_targets() {
    let mut world = World::v1();
    world.targets.remove(1);
    let finding = blames(
        &world,
        "zone-without-targets",
        Confidence::Likely,
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/orders/0123456789abcdef",
        &["eu-west-1b", "Value=true"],
    );
    assert_eq!(finding.detail["zones"], "eu-west-1b");
    world.balancer_attributes = vec![("load_balancing.cross_zone.enabled", "true")];
    clears(&world);
    // The target group's own word counts more than the load balancer's.
    world.group_attributes = vec![("load_balancing.cross_zone.enabled", "false")];
    blames(&world, "zone-without-targets", Confidence::Likely, finding.resource.as_deref().unwrap(), &[]);
    world.targets[0].zone = Some("all".to_owned());
    clears(&world);
}

#[test]
fn a_zone_without_targets_of_an_application_load_balancer_that_keeps_to_its_zones() {
    let mut world = World::v2();
    world.targets.remove(1);
    clears(&world);
    world.group_attributes = vec![("load_balancing.cross_zone.enabled", "false")];
    let balancer = world.balancer.arn.to_string();
    blames(
        &world,
        "zone-without-targets",
        Confidence::Likely,
        &balancer,
        &["modify-target-group-attributes"],
    );
}

#[test]
fn a_zone_that_no_request_enters_needs_no_target() {
    let mut world = World::v1();
    world.targets.remove(1);
    world.service_zones = strings(&["eu-west-1a"]);
    finds_open(&world);
    world.service_zones = strings(&["eu-west-1a", "eu-west-1b"]);
    let balancer = world.balancer.arn.to_string();
    blames(&world, "zone-without-targets", Confidence::Likely, &balancer, &["eu-west-1b"]);
}

#[test]
fn a_zonal_shift_takes_targets_out_and_their_zone_with_them() {
    let mut world = World::v1();
    world.ill(0);
    world.targets[0].zonal_shift = true;
    let judgement = clears(&world);
    let says = &judgement.findings.iter().find(|f| f.code.slug() == "targets-healthy").unwrap().says;
    assert!(says.contains("a zonal shift diverts requests from 1 more target"), "{says}");
    // The healthy one is out of service: the ill one is all that is left.
    (world.targets[0].zonal_shift, world.targets[1].zonal_shift) = (false, true);
    let group = world.group.arn.to_string();
    blames(
        &world,
        "targets-unhealthy",
        Confidence::Confirmed,
        &group,
        &["no target of `orders` is healthy: 1 of 1"],
    );
}

#[test]
fn a_link_of_ipv4_alone_needs_no_route_to_addresses_of_ipv6() {
    let mut world = World::v2();
    world.dual_stack = true;
    world.routes.retain(|entry| entry.to.is_some_and(|net| net.addr().is_ipv4()));
    finds_open(&world);
    world.routes.clear();
    blames(&world, "route-missing", Confidence::Confirmed, "rtb-1", &["subnet-link", "10.0.1.5"]);
}

#[test]
fn health_checks_of_targets_outside_the_vpc_are_asked_too() {
    let mut world = World::v1();
    world.interfaces.clear();
    world.group.health_port = Some("9000".to_owned());
    for (place, target) in world.targets.iter_mut().enumerate() {
        (target.id, target.zone) = (format!("10.9.1.{}", place + 10), Some("all".to_owned()));
    }
    world.routes.push(route("10.9.0.0/16", "vgw-1"));
    world.egress("sg-lb", vec![rule((8080, 8080), &["0.0.0.0/0"])]);
    world.ill(0);
    world.ill(1);
    let words = ["blocks health checks", "port 9000"];
    blames(&world, "load-balancer-security-group-blocks", Confidence::Likely, "sg-lb", &words);
}

#[test]
fn prefix_lists_are_read_where_a_rule_names_one() {
    let mut world = World::v1();
    world.prefix_list = vec!["10.0.0.0/16"];
    world.rules("sg-app", vec![rule((8080, 8080), &["pl-1"])]);
    finds_open(&world);
    world.denied = vec!["ec2:GetManagedPrefixListEntries"];
    let judgement = clears(&world);
    assert!(judgement.findings.iter().any(|f| f.action() == Some("ec2:GetManagedPrefixListEntries")));
    world.denied.clear();
    world.prefix_list = vec!["10.9.0.0/16"];
    blames(&world, "target-security-group-blocks", Confidence::Likely, "sg-app", &[]);
}

/// Both generations, each in order and with each kind of fault.
fn worlds() -> Vec<World> {
    let mut worlds = vec![World::v1(), World::v2()];
    for base in [World::v1, World::v2] {
        for fault in 0..6 {
            let mut world = base();
            match fault {
                0 => world.rules("sg-app", Vec::new()),
                1 => world.egress("sg-lb", Vec::new()),
                2 => world.acl_entry("acl-app", entry(50, false, false, "10.0.0.0/16", None)),
                3 => world.acl_entry("acl-lb", entry(50, false, false, "10.0.0.0/16", None)),
                4 => world.egress("sg-link", Vec::new()),
                _ => drop(world.targets.remove(1)),
            }
            worlds.push(world);
        }
    }
    worlds
}

const ACTIONS: [&str; 8] = [
    "ec2:DescribeSubnets",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeInstances",
    "ec2:GetManagedPrefixListEntries",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
];

#[test]
fn a_missing_reading_takes_findings_away_and_never_makes_one() {
    for mut world in worlds() {
        let full: Vec<&'static str> = faults(&world.judgement()).iter().map(|f| f.code.slug()).collect();
        for denied in 0..1 << ACTIONS.len() {
            world.denied =
                (0..ACTIONS.len()).filter(|bit| denied & (1 << bit) != 0).map(|bit| ACTIONS[bit]).collect();
            let judgement = world.judgement();
            for fault in faults(&judgement) {
                assert!(full.contains(&fault.code.slug()), "{:?} without {:?}", fault.says, world.denied);
            }
            let open = judgement.findings.iter().any(|finding| finding.code.slug() == "network-open");
            assert!(
                !open || full.is_empty() || full == ["zone-without-targets"],
                "{full:?} {:?}",
                world.denied
            );
        }
    }
}

#[test]
fn each_denied_action_is_named_where_it_matters() {
    for action in ["ec2:DescribeNetworkAcls", "ec2:DescribeSecurityGroups", "ec2:DescribeNetworkInterfaces"] {
        for mut world in [World::v1(), World::v2()] {
            world.denied = vec![action];
            let judgement = clears(&world);
            assert!(
                judgement.findings.iter().any(|f| f.state == State::Unknown && f.action() == Some(action))
            );
            // What could not be read of the rules leaves the hops what they are.
            assert!(judgement.path.iter().all(|hop| hop.state != State::Faulty));
        }
    }
}

#[test]
fn a_v2_link_that_could_not_be_read_leaves_the_network_unproven() {
    let mut world = World::v2();
    world.denied = vec!["apigatewayv2:GetVpcLink"];
    let judgement = clears(&world);
    assert!(judgement.findings.iter().all(|finding| finding.code.slug() != "network-open"));
}

#[test]
fn the_path_shows_the_hop_that_blocks() {
    let mut world = World::v1();
    world.rules("sg-app", vec![rule((8080, 8080), &["sg-lb"])]);
    let state =
        |judgement: &Assessment, kind| judgement.path.iter().find(|hop| hop.kind == kind).unwrap().state;
    let judgement = world.judgement();
    assert_eq!(state(&judgement, HopKind::Target), State::Faulty);
    assert_eq!(state(&judgement, HopKind::TargetGroup), State::Healthy);
    world.denied = vec!["ec2:DescribeSecurityGroups"];
    assert_eq!(state(&world.judgement(), HopKind::Target), State::Healthy);
}

#[test]
fn a_recorded_network_is_judged_as_the_live_one() {
    for world in worlds() {
        let recorder = Recorder::new(Box::new(world), || jiff::Timestamp::UNIX_EPOCH);
        let live = walk(&recorder);
        let text = recorder.into_account().to_text();
        let replayed = walk(&RecordedAccount::parse(&text).unwrap());
        assert_eq!(live.findings, replayed.findings);
    }
}

#[test]
fn a_walk_over_two_load_balancers_asks_little_more() {
    let recorder = Recorder::new(Box::new(chained()), || jiff::Timestamp::UNIX_EPOCH);
    walk(&recorder);
    let asked = recorder.into_account().to_text().matches("\"call\"").count();
    println!("{asked} calls");
    assert!((26..=35).contains(&asked), "{asked} calls");
}

#[test]
fn an_ordinary_walk_asks_little() {
    for world in [World::v1(), World::v2()] {
        let recorder = Recorder::new(Box::new(world), || jiff::Timestamp::UNIX_EPOCH);
        walk(&recorder);
        let asked = recorder.into_account().to_text().matches("\"call\"").count();
        println!("{asked} calls");
        assert!(asked <= 25, "{asked} calls");
    }
}

/// Counts the round trips that follow one another: each answer takes one turn, so what is asked side by side is one wave.
struct Waves {
    world: World,
    answered: std::sync::Mutex<usize>,
}

#[async_trait]
impl Account for Waves {
    async fn ask(&self, query: &Query) -> Answered {
        let wave = *self.answered.lock().unwrap() + 1;
        tokio::task::yield_now().await;
        let answer = self.world.ask(query).await;
        let mut answered = self.answered.lock().unwrap();
        *answered = wave.max(*answered);
        answer
    }
}

#[test]
fn an_ordinary_walk_takes_six_round_trips_before_publishing() {
    for world in [World::v1(), World::v2()] {
        let waves = Waves { world, answered: std::sync::Mutex::new(0) };
        walk(&waves);
        let taken = waves.answered.into_inner().unwrap();
        assert!((4..=6).contains(&taken), "{taken} round trips");
    }
}
