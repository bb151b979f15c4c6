//! Elastic Load Balancing through its client.

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types::{
    ActionTypeEnum, LoadBalancerStateEnum, ProtocolEnum, TargetDescription, TargetHealthReasonEnum,
    TargetHealthStateEnum, TargetTypeEnum,
};
use serde_json::json;

use super::{ask, refusal, refused};
use crate::harness::elbv2::{Action, Rule, TargetGroup};
use crate::harness::{Account, Aws};

const NLB: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/orders-nlb/50dc6c495c0c9188";
const LISTENER: &str = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/net/orders-nlb/50dc6c495c0c9188/f2f7dc8efc522ab2";
const GROUP: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/orders-blue/73e2d6bc24d8a067";
const GREEN: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/orders-green/83e2d6bc24d8a068";

#[test]
fn a_load_balancer_is_read() {
    let aws = Aws::start(Account::healthy_v1());
    aws.change(|account| {
        let balancer = account.load_balancer("orders-nlb");
        (balancer.state, balancer.reason) =
            ("active_impaired".to_owned(), Some("a <zone> & its \"reason\"".to_owned()));
        balancer.zones[0].private_address = Some("10.0.1.5".to_owned());
    });
    let found = ask(&aws, async |config| {
        Client::new(config).describe_load_balancers().load_balancer_arns(NLB).send().await.unwrap()
    });
    let balancer = &found.load_balancers()[0];
    assert_eq!(balancer.load_balancer_name(), Some("orders-nlb"));
    assert_eq!(balancer.r#type().unwrap().as_str(), "network");
    let state = balancer.state().unwrap();
    assert_eq!(state.code(), Some(&LoadBalancerStateEnum::ActiveImpaired));
    assert_eq!(state.reason(), Some("a <zone> & its \"reason\""));
    assert_eq!(balancer.availability_zones().len(), 2);
    let address = &balancer.availability_zones()[0].load_balancer_addresses()[0];
    assert_eq!(address.private_ipv4_address(), Some("10.0.1.5"));
    assert_eq!(balancer.security_groups(), ["sg-0balancer"]);
    assert_eq!(balancer.enforce_security_group_inbound_rules_on_private_link_traffic(), Some("off"));
    assert_eq!(aws.calls()[0].texts("LoadBalancerArns"), [NLB]);
}

#[test]
fn listeners_are_read_by_load_balancer_and_by_themselves() {
    let aws = Aws::start(Account::healthy_v1());
    let (of_balancer, alone) = ask(&aws, async |config| {
        let client = Client::new(config);
        let of_balancer = client.describe_listeners().load_balancer_arn(NLB).send().await.unwrap();
        (of_balancer, client.describe_listeners().listener_arns(LISTENER).send().await.unwrap())
    });
    assert_eq!(of_balancer.listeners(), alone.listeners());
    let listener = &alone.listeners()[0];
    assert_eq!((listener.port(), listener.protocol()), (Some(8443), Some(&ProtocolEnum::Tls)));
    assert!(listener.certificates()[0].certificate_arn().unwrap().contains(":certificate/"));
    let action = &listener.default_actions()[0];
    assert_eq!((action.r#type(), action.target_group_arn()), (Some(&ActionTypeEnum::Forward), Some(GROUP)));
    assert!(action.forward_config().is_none());
}

#[test]
fn weights_are_in_the_forward_configuration() {
    let aws = Aws::start(Account::healthy_v1());
    aws.change(|account| {
        let green =
            TargetGroup { arn: GREEN.to_owned(), name: "orders-green".to_owned(), ..TargetGroup::default() };
        account.target_groups.push(green);
        let weighted = vec![(GROUP.to_owned(), 90), (GREEN.to_owned(), 10)];
        account.listener(8443).actions = vec![Action::Forward(weighted)];
    });
    let (listeners, groups) = ask(&aws, async |config| {
        let client = Client::new(config);
        let listeners = client.describe_listeners().listener_arns(LISTENER).send().await.unwrap();
        (listeners, client.describe_target_groups().load_balancer_arn(NLB).send().await.unwrap())
    });
    let action = &listeners.listeners()[0].default_actions()[0];
    assert_eq!(action.target_group_arn(), None);
    let tuples = action.forward_config().unwrap().target_groups();
    let weights: Vec<_> =
        tuples.iter().map(|tuple| (tuple.target_group_arn().unwrap(), tuple.weight())).collect();
    assert_eq!(weights, [(GROUP, Some(90)), (GREEN, Some(10))]);
    assert_eq!(groups.target_groups().len(), 2);
}

#[test]
fn target_groups_are_those_that_a_load_balancer_uses() {
    let aws = Aws::start(Account::healthy_v1());
    let used = ask(&aws, async |config| {
        Client::new(config).describe_target_groups().load_balancer_arn(NLB).send().await.unwrap()
    });
    let group = &used.target_groups()[0];
    assert_eq!(group.target_group_name(), Some("orders-blue"));
    assert_eq!((group.target_type(), group.port()), (Some(&TargetTypeEnum::Ip), Some(8080)));
    assert_eq!(group.protocol(), Some(&ProtocolEnum::Tcp));
    assert_eq!(group.health_check_port(), Some("traffic-port"));
    assert_eq!(group.load_balancer_arns(), [NLB]);

    aws.change(|account| account.listener(8443).actions = vec![Action::FixedResponse(503)]);
    let (used, alone) = ask(&aws, async |config| {
        let client = Client::new(config);
        let used = client.describe_target_groups().load_balancer_arn(NLB).send().await.unwrap();
        (used, client.describe_target_groups().target_group_arns(GROUP).send().await.unwrap())
    });
    assert!(used.target_groups().is_empty());
    assert!(alone.target_groups()[0].load_balancer_arns().is_empty());
}

#[test]
fn the_health_of_targets_is_read() {
    let aws = Aws::start(Account::healthy_v1());
    aws.change(|account| {
        account.target_group("orders-blue").targets[1].fails("Target.Timeout", "Request timed out");
    });
    let (all, stranger) = ask(&aws, async |config| {
        let client = Client::new(config);
        let all = client.describe_target_health().target_group_arn(GROUP).send().await.unwrap();
        let stranger = TargetDescription::builder().id("10.9.9.9").port(8080).build();
        (all, client.describe_target_health().target_group_arn(GROUP).targets(stranger).send().await.unwrap())
    });
    let [well, ill] = all.target_health_descriptions() else {
        panic!("two targets: {all:?}");
    };
    assert_eq!(well.target().unwrap().id(), Some("10.0.1.10"));
    assert_eq!(well.target_health().unwrap().state(), Some(&TargetHealthStateEnum::Healthy));
    assert_eq!(well.target_health().unwrap().reason(), None);
    let health = ill.target_health().unwrap();
    assert_eq!(health.state(), Some(&TargetHealthStateEnum::Unhealthy));
    assert_eq!(health.reason(), Some(&TargetHealthReasonEnum::Timeout));
    assert_eq!(health.description(), Some("Request timed out"));
    assert_eq!(ill.target().unwrap().availability_zone(), Some("eu-west-1b"));
    let health = stranger.target_health_descriptions()[0].target_health().unwrap();
    assert_eq!(health.reason(), Some(&TargetHealthReasonEnum::NotRegistered));
}

#[test]
fn lists_come_in_pages() {
    let aws = Aws::start(Account { page_size: 2, ..Account::healthy_v1() });
    aws.change(|account| {
        for port in 1..5 {
            let mut listener = account.listener(8443).clone();
            (listener.arn, listener.port) = (format!("{LISTENER}{port}"), port);
            account.listeners.push(listener);
        }
    });
    let ports: Vec<_> = ask(&aws, async |config| {
        let mut pages =
            Client::new(config).describe_listeners().load_balancer_arn(NLB).into_paginator().send();
        let mut ports = Vec::new();
        while let Some(page) = pages.next().await {
            ports.extend(page.unwrap().listeners().iter().filter_map(|listener| listener.port()));
        }
        ports
    });
    assert_eq!(ports, [8443, 1, 2, 3, 4]);
    assert_eq!(aws.calls().len(), 3);
}

#[test]
fn rules_certificates_and_attributes_are_read() {
    let aws = Aws::start(Account::healthy_v1());
    aws.change(|account| {
        let attribute = |key: &str, value: &str| [(key.to_owned(), value.to_owned())].into();
        account.load_balancer("orders-nlb").attributes =
            attribute("load_balancing.cross_zone.enabled", "false");
        account.target_group("orders-blue").attributes = attribute("preserve_client_ip.enabled", "true");
        let listener = account.listener(8443);
        listener.attributes = attribute("tcp.idle_timeout.seconds", "350");
        let conditions =
            vec![json!({ "Field": "path-pattern", "PathPatternConfig": { "Values": ["/orders*"] } })];
        let (arn, actions) = ("arn:rule".to_owned(), vec![Action::FixedResponse(503)]);
        listener.rules = vec![Rule { arn, priority: 1, conditions, actions }];
    });
    let (rules, certificates, read) = ask(&aws, async |config| {
        let client = Client::new(config);
        let balancer =
            client.describe_load_balancer_attributes().load_balancer_arn(NLB).send().await.unwrap();
        let listener = client.describe_listener_attributes().listener_arn(LISTENER).send().await.unwrap();
        let group = client.describe_target_group_attributes().target_group_arn(GROUP).send().await.unwrap();
        let read = [
            balancer.attributes()[0].value().map(str::to_owned),
            listener.attributes()[0].value().map(str::to_owned),
            group.attributes()[0].value().map(str::to_owned),
        ];
        let certificates =
            client.describe_listener_certificates().listener_arn(LISTENER).send().await.unwrap();
        (client.describe_rules().listener_arn(LISTENER).send().await.unwrap(), certificates, read)
    });
    assert_eq!(read.map(Option::unwrap), ["false", "350", "true"]);
    assert_eq!(rules.rules()[0].conditions()[0].path_pattern_config().unwrap().values(), ["/orders*"]);
    let fixed = rules.rules()[0].actions()[0].fixed_response_config().unwrap();
    assert_eq!(fixed.status_code(), Some("503"));
    assert_eq!((rules.rules()[1].is_default(), rules.rules()[1].priority()), (Some(true), Some("default")));
    assert_eq!(certificates.certificates().len(), 2);
    assert_eq!(certificates.certificates()[0].is_default(), Some(true));
}

#[test]
fn what_is_missing_is_not_found_by_its_own_code() {
    let aws = Aws::start(Account::healthy_v2());
    let refusals = ask(&aws, async |config| {
        let client = Client::new(config);
        [
            refusal(client.describe_load_balancers().load_balancer_arns(NLB).send().await),
            refusal(client.describe_listeners().load_balancer_arn(NLB).send().await),
            refusal(client.describe_listeners().listener_arns(LISTENER).send().await),
            refusal(client.describe_target_groups().load_balancer_arn(NLB).send().await),
            refusal(client.describe_target_health().target_group_arn(GREEN).send().await),
            refusal(client.describe_rules().listener_arn(LISTENER).send().await),
            refusal(client.describe_load_balancers().load_balancer_arns("nonsense").send().await),
        ]
    });
    let codes = ["LoadBalancer", "LoadBalancer", "Listener", "LoadBalancer", "TargetGroup", "Listener"];
    let mut expected: Vec<_> = codes.iter().map(|what| refused(400, &format!("{what}NotFound"))).collect();
    expected.push(refused(400, "ValidationError"));
    assert_eq!(refusals.as_slice(), expected);
}
