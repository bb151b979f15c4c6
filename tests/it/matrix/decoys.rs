//! Accounts with nothing wrong on the failed request's path, whatever is broken beside it: nobody is accused.

use std::collections::BTreeMap;

use serde_json::json;

use super::faults::{
    beside, clients, combined, link, network, probed, routes, rules, shapes, stage, targets,
};
use super::walk::Level;
use super::{Generation, LastAlert, complain, integrations, log, name_the_balancer, readdress, walk};
use crate::harness::Account;
use crate::harness::apigateway::{Canary, Integration, Resource, Stage, VpcLinkV2};
use crate::harness::ec2::{EndpointConnection, EndpointService, Instance, RouteEntry, SecurityGroup};
use crate::harness::elbv2::{Action, Listener, LoadBalancer, TargetGroup};

pub(crate) struct Decoy {
    pub(crate) name: &'static str,
    pub(crate) on: &'static [Generation],
    pub(crate) disguise: super::Break,
}

const fn decoy(name: &'static str, on: &'static [Generation], disguise: super::Break) -> Decoy {
    Decoy { name, on, disguise }
}

use super::{BOTH, V1, V2};

pub(crate) const DECOYS: &[Decoy] = &[
    decoy("nothing wrong", BOTH, |_| {}),
    decoy("another route's link is gone", BOTH, |a| another_route(a, "gone99")),
    decoy("another route's link FAILED", BOTH, another_routes_link_failed),
    decoy("another route's stage variable is undefined", BOTH, |a| {
        another_route(a, "${stageVariables.none}")
    }),
    decoy("another method's integration is gone", BOTH, |a| {
        for resource in a.rest_apis.values_mut().flat_map(|api| &mut api.resources) {
            resource.methods.remove("DELETE");
        }
    }),
    decoy("another stage defines the variables wrong", BOTH, another_stage),
    decoy("the canary's variables are wrong", BOTH, canary_override),
    decoy("another load balancer failed", BOTH, another_balancer),
    decoy("another listener has no group and an unknown certificate", BOTH, another_listener),
    decoy("a target group that nobody uses is empty", BOTH, |a| {
        unused_group(a, |group| group.targets.clear())
    }),
    decoy("a target group that nobody uses is unhealthy", BOTH, |a| unused_group(a, targets::fail)),
    decoy("a group of weight 0 is unhealthy", BOTH, |a| {
        targets::fail(targets::second_group(a));
        if let Action::Forward(groups) = &mut a.listener(8443).actions[0] {
            groups[1].1 = 0;
        }
    }),
    decoy("another listener's group is unhealthy", BOTH, |a| {
        another_listener(a);
        let group = a.target_groups.last().expect("just added").arn.clone();
        a.listener(9443).actions = vec![Action::Forward(vec![(group, 1)])];
    }),
    decoy(
        "an endpoint service of another load balancer Failed, its connection rejected",
        V1,
        another_service,
    ),
    decoy("an older endpoint service of the same load balancer is Deleted", V1, |a| {
        let older = EndpointService {
            id: "vpce-svc-00000000000000001".to_owned(),
            state: "Deleted".to_owned(),
            ..a.endpoint_services[0].clone()
        };
        a.endpoint_services.insert(0, older);
    }),
    decoy("a stranger's connection to the endpoint service is rejected", V1, |a| {
        let strangers = EndpointConnection {
            endpoint_id: "vpce-0000000000000aaaa".to_owned(),
            owner: "444455556666".to_owned(),
            state: "rejected".to_owned(),
            ..a.endpoint_connections[0].clone()
        };
        a.endpoint_connections.insert(0, strangers);
    }),
    decoy("an older connection of API Gateway's is deleted", V1, |a| {
        let older = EndpointConnection {
            endpoint_id: "vpce-0000000000000bbbb".to_owned(),
            state: "deleted".to_owned(),
            ..a.endpoint_connections[0].clone()
        };
        a.endpoint_connections.insert(0, older);
    }),
    decoy("a V2 link of the same name FAILED", V1, |a| {
        let failed =
            VpcLinkV2 { name: "orders-link".to_owned(), status: "FAILED".to_owned(), ..VpcLinkV2::default() };
        a.vpc_links_v2.insert("v2link1".to_owned(), failed);
    }),
    decoy("a V1 link of the same name FAILED", V2, |a| {
        let v1 = Account::healthy_v1();
        a.vpc_links = v1.vpc_links;
        link_v1_failed(a);
    }),
    decoy("the connection is Available, in Pascal case", V1, |a| link::connection(a, "Available")),
    decoy("the link is available, in lower case", BOTH, |a| link::status(a, "available")),
    decoy("every state in upper case", BOTH, |a| {
        super::faults::balancer::state(a, "ACTIVE");
        targets::all(a, "HEALTHY", None);
        a.endpoint_services.iter_mut().for_each(|service| service.state = "AVAILABLE".to_owned());
    }),
    decoy("the connection is available in some zones", V1, |a| link::connection(a, "Partial")),
    decoy("one target stopped, the other healthy", V2, |a| {
        let target = &mut a.target_group("orders-blue").targets[0];
        (target.state, target.reason) = ("unused".to_owned(), Some("Target.InvalidState".to_owned()));
    }),
    decoy("one target draining, the other healthy", V2, |a| {
        let target = &mut a.target_group("orders-blue").targets[0];
        target.state = "draining".to_owned();
        target.reason = Some("Target.DeregistrationInProgress".to_owned());
    }),
    decoy("TLS passes through to the targets", V1, targets::pass_through),
    decoy("http over a TCP listener", V1, |a| {
        targets::pass_through(a);
        readdress(a, "https://", "http://");
    }),
    decoy("a V2 listener named, another port in the URI", V2, |a| readdress(a, ":8443", ":1234")),
    decoy("a V2 listener named, no port in the URI", V2, |a| readdress(a, ":8443", "")),
    decoy("a V2 integration names the load balancer", V2, name_the_balancer),
    decoy("everything named by stage variables that are defined", BOTH, |a| {
        let id = a.vpc_links.keys().chain(a.vpc_links_v2.keys()).next().expect("a link").clone();
        stage::link_by_variable(a, &id);
        readdress(a, "orders.internal.example", "${stageVariables.host}");
        let stage = a.rest_apis.values_mut().flat_map(|api| api.stages.values_mut()).next().expect("a stage");
        stage.variables.insert("host".to_owned(), "orders.internal.example".to_owned());
    }),
    decoy("what is exported lacks target and URI", BOTH, |a| {
        stage::deployed(a, |a| {
            for integration in integrations(a) {
                (integration.integration_target, integration.uri) = (None, None);
            }
        });
    }),
    decoy("another path configured and not deployed", BOTH, |a| {
        stage::deployed(a, |a| readdress(a, ":8443/orders", ":8443/v1/orders"));
    }),
    decoy("a security group opens another port too", BOTH, |a| {
        for group in &mut a.security_groups {
            group.inbound.push(network::tcp(22, network::VPC));
        }
    }),
    decoy("a security group that nobody uses lets nothing in", BOTH, |a| {
        let (id, name) = ("sg-0closed".to_owned(), "closed".to_owned());
        let vpc_id = a.security_groups[0].vpc_id.clone();
        a.security_groups.push(SecurityGroup { id, name, vpc_id, inbound: Vec::new(), outbound: Vec::new() });
    }),
    decoy("the targets' security group names the load balancer's, enforcement on", V1, |a| {
        network::enforce(a);
        network::group(a, network::BALANCER).inbound = vec![network::tcp(8443, network::ANYWHERE)];
        network::group(a, network::TARGETS).inbound = vec![network::tcp_from(8080, network::BALANCER)];
    }),
    decoy("the load balancer's security group lets nothing in, enforcement off", V1, |a| {
        network::group(a, network::BALANCER).inbound.clear();
    }),
    decoy("the targets' security group names the load balancer's", V2, |a| {
        network::group(a, network::TARGETS).inbound = vec![network::tcp_from(8080, network::BALANCER)];
    }),
    decoy("the load balancer's security group names the link's", V2, |a| {
        network::group(a, network::BALANCER).inbound = vec![network::tcp_from(8443, "sg-0link")];
    }),
    decoy("the targets' network ACL denies another port", BOTH, |a| {
        network::deny(network::apart(a), false, 22, 22);
    }),
    decoy("a network ACL of no subnet denies all", BOTH, |a| {
        let mut other = a.network_acls[0].clone();
        other.subnets = Vec::new();
        (other.id, other.is_default) = ("acl-0none".to_owned(), false);
        network::deny(&mut other, false, 1, 65535);
        a.network_acls.insert(0, other);
    }),
    decoy("a zone without targets, but cross-zone", V1, |a| {
        a.target_group("orders-blue").targets.truncate(1);
        let cross = ("load_balancing.cross_zone.enabled".to_owned(), "true".to_owned());
        a.load_balancers[0].attributes.extend([cross]);
    }),
    decoy("a zone without targets of an application load balancer", V2, |a| {
        a.target_group("orders-blue").targets.truncate(1);
    }),
    decoy("another listener's certificate is expired", BOTH, |a| {
        another_listener(a);
        let mut old = a.certificates[0].clone();
        old.arn = a.listener(9443).certificates[0].clone();
        a.certificates.insert(0, old);
        beside::expired(a);
    }),
    decoy("a certificate for another host is expired", BOTH, |a| {
        let arn = a.arn("acm", "certificate/0a1b2c3d-0000-4000-8000-00000000dead");
        a.listener(8443).certificates.push(arn.clone());
        let mut old = a.certificates[0].clone();
        old.domain_name = "billing.internal.example".to_owned();
        old.alternative_names = vec![old.domain_name.clone()];
        old.arn = arn;
        a.certificates.insert(0, old);
        beside::expired(a);
    }),
    decoy("a V2 link to a network load balancer", V2, |a| {
        let balancer = &mut a.load_balancers[0];
        (balancer.kind, balancer.enforcement) = ("network".to_owned(), Some("on".to_owned()));
        a.listener(8443).protocol = "TLS".to_owned();
        let group = a.target_group("orders-blue");
        (group.protocol, group.health_check.protocol) = ("TCP".to_owned(), "TCP".to_owned());
    }),
    decoy("targets are instances", BOTH, |a| {
        let places = [("10.0.1.10", "i-0aaaaaaaaaaaaaaa1"), ("10.0.2.11", "i-0bbbbbbbbbbbbbbb2")];
        a.target_group("orders-blue").kind = "instance".to_owned();
        for (place, (address, id)) in places.into_iter().enumerate() {
            a.target_group("orders-blue").targets[place].id = id.to_owned();
            a.instances.push(Instance {
                id: id.to_owned(),
                state: "running".to_owned(),
                subnet_id: a.subnets[place].id.clone(),
                private_address: address.to_owned(),
                groups: vec![network::TARGETS.to_owned()],
            });
        }
    }),
    decoy("a load balancer without security groups", V1, |a| {
        a.load_balancers[0].security_groups.clear();
        a.load_balancers[0].enforcement = None;
    }),
    decoy("the method is ANY, in a greedy path", BOTH, |a| {
        for resource in a.rest_apis.values_mut().flat_map(|api| &mut api.resources) {
            if resource.path != "/{proxy+}" {
                resource.methods.clear();
            }
        }
    }),
    decoy("rule of another path answers by itself", V2, |a| {
        rules::rule(a, 10, rules::path("/billing*"), Action::FixedResponse(503));
    }),
    decoy("rule of another host answers by itself", V2, |a| {
        rules::rule(a, 10, rules::host("billing.*"), Action::FixedResponse(503));
    }),
    decoy("rule of another path forwards to unhealthy targets", V2, |a| {
        let group = rules::another_group(a);
        targets::fail(a.target_group("orders-green"));
        rules::rule(a, 10, rules::path("/billing*"), Action::Plain(group));
    }),
    decoy("the default action answers by itself, the path's rule forwards", V2, |a| {
        let group = a.target_group("orders-blue").arn.clone();
        a.listener(8443).actions = vec![Action::FixedResponse(404)];
        rules::rule(a, 10, rules::path("/orders*"), Action::Plain(group));
    }),
    decoy("the default group is empty, the path's rule forwards to another", V2, |a| {
        let group = rules::another_group(a);
        targets::empty(a);
        rules::rule(a, 10, rules::path("/orders*"), Action::Plain(group));
    }),
    decoy("a rule that a header decides answers by itself", V2, |a| {
        let header = json!({
            "Field": "http-header",
            "HttpHeaderConfig": { "HttpHeaderName": "x-maintenance", "Values": ["1"] },
        });
        rules::rule(a, 10, header, Action::FixedResponse(503));
    }),
    decoy("an application load balancer behind the network load balancer", V1, rules::chained),
    decoy("a route to elsewhere is a blackhole", BOTH, |a| {
        let gone = routes::entry("10.77.0.0/16", "pcx-0gone");
        a.route_tables[0].routes.push(RouteEntry { is_blackhole: true, ..gone });
    }),
    decoy("a listener verifies clients, and the stage has a good certificate", BOTH, |a| {
        clients::verify(a, 8443);
        clients::generated(a, beside::minutes_ago(-60 * 24 * 300));
    }),
    decoy("the client certificate has expired, and no listener asks for one", BOTH, |a| {
        clients::generated(a, beside::minutes_ago(90));
    }),
    decoy("another listener verifies clients", BOTH, |a| {
        another_listener(a);
        clients::verify(a, 9443);
    }),
    decoy("a group of HTTP/2 that no rule of the path names", V2, |a| {
        unused_group(a, |group| group.version = Some("HTTP2".to_owned()));
    }),
    decoy("the balancer's idle timeout is short", V2, |a| {
        let idle = ("idle_timeout.timeout_seconds".to_owned(), "20".to_owned());
        a.load_balancers[0].attributes.extend([idle]);
    }),
    decoy("the balancer counts 5xx of its own", V2, |a| {
        beside::count_of(a, "orders-alb", "HTTPCode_ELB_503_Count", 90);
    }),
    decoy("proxy protocol beside a text that it does not explain", V1, beside::proxied),
    decoy("a short idle timeout beside a text that it does not explain", V1, |a| beside::idle(a, "60")),
    decoy("resets as many as ever", V1, |a| beside::count(a, "TCP_Target_Reset_Count", 3)),
    decoy("drops as many as ever", V1, |a| beside::count(a, "SecurityGroupBlockedFlowCount_Inbound_TCP", 3)),
];

/// Accounts of which not all can be read or known: that is said, and accuses no part.
const FAR: &[Decoy] = &[
    decoy("targets in a peered VPC", BOTH, routes::peered),
    decoy("a group for the version of IP that is perhaps not used is dead", V1, shapes::other_version_dead),
    decoy("targets behind a transit gateway", BOTH, routes::in_transit),
    decoy("a network ACL denies the listener's port to PrivateLink, which may not meet it", V1, |a| {
        network::deny(&mut a.network_acls[0], false, 8443, 8443);
    }),
    decoy("the client's address is kept towards a peered VPC", V2, routes::peered_and_kept),
];

fn another_route(account: &mut Account, link: &str) {
    let api = account.rest_apis.values_mut().next().expect("an API");
    let orders = api.resources.iter().find(|resource| resource.path == "/orders").expect("the failed route");
    let mut methods: BTreeMap<String, Option<Integration>> = orders.methods.clone();
    methods.values_mut().flatten().for_each(|integration| integration.connection_id = Some(link.to_owned()));
    let (id, path) = ("res0000009".to_owned(), "/billing".to_owned());
    api.resources.push(Resource { id, path, methods });
}

fn another_routes_link_failed(account: &mut Account) {
    let v1 = account.vpc_links.values().next().cloned();
    let v2 = account.vpc_links_v2.values().next().cloned();
    account.vpc_links.extend(v1.map(|link| ("zzz999".to_owned(), link)));
    account.vpc_links_v2.extend(v2.map(|link| ("zzz999".to_owned(), link)));
    if let Some(link) = account.vpc_links.get_mut("zzz999") {
        link.status = "FAILED".to_owned();
    }
    if let Some(link) = account.vpc_links_v2.get_mut("zzz999") {
        link.status = "FAILED".to_owned();
    }
    another_route(account, "zzz999");
}

fn another_stage(account: &mut Account) {
    let id = account.vpc_links.keys().chain(account.vpc_links_v2.keys()).next().expect("a link").clone();
    stage::link_by_variable(account, &id);
    let api = account.rest_apis.values_mut().next().expect("an API");
    let variables = BTreeMap::from([("vpcLinkId".to_owned(), "gone99".to_owned())]);
    api.stages.insert("test".to_owned(), Stage { variables, ..Stage::default() });
}

fn canary_override(account: &mut Account) {
    let id = account.vpc_links.keys().chain(account.vpc_links_v2.keys()).next().expect("a link").clone();
    stage::link_by_variable(account, &id);
    let stage =
        account.rest_apis.values_mut().flat_map(|api| api.stages.values_mut()).next().expect("a stage");
    stage.canary = Some(Canary {
        percent_traffic: 5.0,
        deployment_id: "dep0002".to_owned(),
        stage_variable_overrides: BTreeMap::from([("vpcLinkId".to_owned(), "gone99".to_owned())]),
    });
}

fn another_balancer(account: &mut Account) {
    let failed = LoadBalancer {
        arn: account.load_balancers[0].arn.replace("orders-", "billing-"),
        name: "billing".to_owned(),
        state: "failed".to_owned(),
        ..account.load_balancers[0].clone()
    };
    account.load_balancers.insert(0, failed);
}

fn another_listener(account: &mut Account) {
    unused_group(account, targets::fail);
    let other = Listener {
        arn: account.listener(8443).arn.replace("f2f7dc8efc522ab2", "1111111111111111"),
        port: 9443,
        certificates: vec![account.arn("acm", "certificate/0a1b2c3d-0000-4000-8000-00000000dead")],
        actions: Vec::new(),
        ..account.listener(8443).clone()
    };
    account.listeners.insert(0, other);
}

fn unused_group(account: &mut Account, ruin: impl FnOnce(&mut TargetGroup)) {
    let blue = account.target_group("orders-blue").clone();
    let mut group = TargetGroup {
        arn: blue.arn.replace("orders-blue", "orders-old"),
        name: "orders-old".to_owned(),
        ..blue
    };
    ruin(&mut group);
    account.target_groups.push(group);
}

fn another_service(account: &mut Account) {
    let other = account.load_balancers[0].arn.replace("orders-nlb", "billing-nlb");
    let id = "vpce-svc-0bbbbbbbbbbbbbbbb".to_owned();
    let service = EndpointService {
        id: id.clone(),
        state: "Failed".to_owned(),
        load_balancers: vec![other.clone()],
        ..account.endpoint_services[0].clone()
    };
    let connection = EndpointConnection {
        service_id: id,
        endpoint_id: "vpce-0bbbbbbbbbbbbbbbb".to_owned(),
        state: "rejected".to_owned(),
        load_balancers: vec![other],
        ..account.endpoint_connections[0].clone()
    };
    account.endpoint_services.insert(0, service);
    account.endpoint_connections.insert(0, connection);
}

fn link_v1_failed(account: &mut Account) {
    account.vpc_links.values_mut().for_each(|link| link.status = "FAILED".to_owned());
}

/// Each decoy with its account.
pub(crate) fn accounts() -> Vec<(String, Account)> {
    let of_decoy = |decoy: &Decoy| {
        let (name, disguise) = (decoy.name, decoy.disguise);
        decoy.on.iter().map(move |on| {
            let mut account = on.healthy();
            disguise(&mut account);
            (format!("{name} ({on:?})"), account)
        })
    };
    let others = probed::DECOYS.iter().chain(shapes::HEALTHY);
    let others: Vec<Decoy> = others.map(|(name, on, disguise)| decoy(name, on, *disguise)).collect();
    DECOYS.iter().chain(FAR).chain(&others).flat_map(of_decoy).collect()
}

fn unaccused(label: &str, told: &LastAlert) -> Option<String> {
    let silent = told.tier == "unknown" && told.code.is_none();
    // Where no prober is deployed or answers, what it would have met was not checked.
    let mut unread = told.not_checked.iter().filter(|missing| {
        !["respond to a connection", "whether API Gateway reaches"]
            .iter()
            .any(|known| missing.contains(known))
    });
    let far = FAR.iter().any(|far| label.starts_with(far.name));
    let well = silent && told.faulty.is_empty() && (far || unread.next().is_none());
    (!well).then(|| format!("{label}: {told}"))
}

#[test]
fn nobody_is_accused_of_what_is_broken_elsewhere() {
    let accounts = accounts();
    assert!(DECOYS.len() >= 12, "{} decoys", DECOYS.len());
    let wrong = walk::side_by_side(&accounts, |(label, account)| {
        unaccused(label, &walk::responder(account.clone(), log::UNREACHABLE))
    });
    complain(&wrong.into_iter().flatten().collect::<Vec<_>>());
}

#[test]
fn no_failure_text_accuses_a_healthy_account() {
    let texts = [log::LINK_ID, log::LINK_ERROR, log::NETWORK, log::TIMEOUT, log::RESET, log::NOT_TLS];
    let texts = texts.into_iter().chain([log::NOT_HTTP, log::NAME, log::EXPIRED]);
    let cases: Vec<(&str, Generation)> =
        texts.flat_map(|text| BOTH.iter().map(move |on| (text, *on))).collect();
    let wrong = walk::with_laptops(&cases, |laptop, (text, on)| {
        let account = on.healthy();
        let told = laptop.told(&account, &walk::event(&account, text, Level::Info));
        unaccused(&format!("{text} ({on:?})"), &told)
    });
    complain(&wrong.into_iter().flatten().collect::<Vec<_>>());
}

/// Faults, each with a text that it can't make API Gateway log.
const OTHER_TEXTS: &[(&str, &[Generation], &str, super::Break)] = &[
    ("a variable of the URI's path", BOTH, log::UNREACHABLE, combined::path_by_variable),
    ("a variable of the URI's path", BOTH, log::TIMEOUT, combined::path_by_variable),
    ("the link's group lets nothing out", V2, log::LINK_ID, |a| {
        network::group(a, "sg-0link").outbound.clear();
    }),
    // What an application load balancer answers at once lets no request wait.
    ("no target registered", V2, log::TIMEOUT, targets::empty),
    ("the listener answers by itself", V2, log::TIMEOUT, |a| {
        a.listener(8443).actions = vec![Action::FixedResponse(503)];
    }),
    ("the listener verifies clients", BOTH, log::TIMEOUT, |a| clients::verify(a, 8443)),
];

#[test]
fn a_fault_is_not_accused_of_a_text_that_it_does_not_make() {
    let cases: Vec<_> = OTHER_TEXTS
        .iter()
        .flat_map(|(name, on, text, ruin)| on.iter().map(move |on| (*name, *on, *text, *ruin)))
        .collect();
    let wrong = walk::with_laptops(&cases, |laptop, (name, on, text, ruin)| {
        let mut account = on.healthy();
        ruin(&mut account);
        let told = laptop.told(&account, &walk::event(&account, text, Level::Info));
        told.code.is_some().then(|| format!("{name} ({on:?}), {text}: {told}"))
    });
    complain(&wrong.into_iter().flatten().collect::<Vec<_>>());
}

#[test]
fn a_canary_of_another_deployment_is_not_judged_by_the_stages_own() {
    for on in BOTH {
        // The stage still runs over a link that is gone; the canary over what is configured, which is healthy.
        let mut account = on.healthy();
        stage::deployed(&mut account, |a| {
            integrations(a).for_each(|one| one.connection_id = Some("gone99".to_owned()));
        });
        let stages = account.rest_apis.values_mut().flat_map(|api| api.stages.values_mut());
        for stage in stages {
            let deployment_id = "dep0002".to_owned();
            stage.canary = Some(Canary { percent_traffic: 5.0, deployment_id, ..Canary::default() });
        }
        let event = |group| walk::event_in(&account, log::UNREACHABLE, Level::Info, group);
        let aws = crate::harness::Aws::start(account.clone());
        let told = walk::told_over(&aws, &event("API-Gateway-Execution-Logs_a1b2c3d4e5/prod/Canary"));
        assert_eq!((told.code.as_deref(), told.faulty.len()), (None, 0), "{on:?}: {told}");
    }
}

#[test]
fn a_canary_is_told_by_its_own_variables() {
    for on in BOTH {
        let mut account = on.healthy();
        canary_override(&mut account);
        let event = |group| walk::event_in(&account, log::UNREACHABLE, Level::Info, group);
        let canary = event("API-Gateway-Execution-Logs_a1b2c3d4e5/prod/Canary");
        let aws = crate::harness::Aws::start(account.clone());
        let told = walk::told_over(&aws, &canary);
        assert_eq!(told.code.as_deref(), Some("vpc-link-id-dangling"), "{on:?}: {told}");
        assert_eq!(told.alert["api"]["canary"], true, "{on:?}");
    }
}
