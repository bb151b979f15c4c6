//! HTTP APIs, read and judged through the real SDK: over a load balancer, and over Cloud Map.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_apigateway::config::Credentials;
use jiff::Timestamp;
use serde_json::json;
use vpclink_responder::aws::live::{LiveAccount, https};
use vpclink_responder::causes::{Route, RouteContext};
use vpclink_responder::checks::{Assessment, HopKind, State};
use vpclink_responder::functions::{ReadFrom, check};
use vpclink_responder::ids::{ApiId, ApiKind};
use vpclink_responder::logs::Source;

use crate::harness::{Account, Aws};

const API: &str = "a1b2c3d4e5";

fn now() -> Timestamp {
    "2026-11-30T12:00:00Z".parse().unwrap()
}

/// What is found of `GET /orders/7`.
fn found_by(aws: &Aws, stage: &str) -> Assessment {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(https())
            .endpoint_url(aws.url())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("ASIAEXAMPLEEXAMPLE00", "secret", None, None, "test"))
            .load()
            .await;
        let account = LiveAccount::new(&config, now);
        let source =
            Source { api: Some(ApiId::new(API)), stage: Some(stage.to_owned()), ..Source::default() };
        let route = Route { method: "GET".to_owned(), path: "/orders/7".to_owned() };
        let subject = RouteContext::asked(source, Some(route), now());
        check(&subject, &ReadFrom { account: &account, budget: Duration::from_secs(20) }).await
    })
}

fn found(account: Account) -> Assessment {
    found_by(&Aws::start(account), "$default")
}

fn of_state(assessment: &Assessment, state: State) -> Vec<&'static str> {
    assessment.findings.iter().filter(|one| one.state == state).map(|one| one.code.slug()).collect()
}

/// A fault in an otherwise healthy account, its one broken finding, and its verdict.
#[track_caller]
fn broken(mut account: Account, break_: impl FnOnce(&mut Account), expected: &str, tier: &str) -> Assessment {
    break_(&mut account);
    let assessment = found(account);
    assert_eq!(of_state(&assessment, State::Faulty), [expected], "{:#?}", assessment.findings);
    let verdict = &assessment.verdict;
    assert_eq!((verdict.code.map(|code| code.slug()), verdict.tier.as_str()), (Some(expected), tier));
    assessment
}

fn integration(account: &mut Account) -> &mut serde_json::Value {
    account.http_apis[0].integrations.get_mut("int0001").unwrap()
}

#[test]
fn a_healthy_http_api_shows_no_fault() {
    for (account, healthy) in [
        (Account::healthy_http(), "listener-certificate-valid"),
        (Account::healthy_cloud_map(), "cloud-map-instances-found"),
    ] {
        let assessment = found(account);
        assert!(of_state(&assessment, State::Faulty).is_empty(), "{:#?}", assessment.findings);
        let codes = of_state(&assessment, State::Healthy);
        assert!(codes.contains(&healthy) && codes.contains(&"network-open"), "{codes:?}");
        assert!(codes.contains(&"vpc-link-available"), "{codes:?}");
        assert_eq!(assessment.facts.api_kind, ApiKind::Http);
        assert!(
            of_state(&assessment, State::Unknown).iter().all(|code| {
                // No prober stands in the account.
                code.ends_with("rising") || *code == "target-not-listening"
            }),
            "{:#?}",
            assessment.findings
        );
        assert!(assessment.path.iter().all(|hop| hop.state == State::Healthy), "{:#?}", assessment.path);
    }
}

#[test]
fn the_links_generation_and_state_count() {
    broken(
        Account::healthy_http(),
        |a| a.vpc_links_v2.get_mut("v2link1").unwrap().status = "INACTIVE".into(),
        "vpc-link-inactive",
        "confirmed",
    );
    broken(
        Account::healthy_cloud_map(),
        |a| a.vpc_links_v2.get_mut("v2link1").unwrap().status = "FAILED".into(),
        "vpc-link-failed",
        "confirmed",
    );
    let gone = found({
        let mut account = Account::healthy_http();
        account.vpc_links_v2.clear();
        account
    });
    assert_eq!(gone.verdict.code.map(|code| code.slug()), Some("vpc-link-missing"));
    let command = gone.findings.iter().find_map(|one| one.remedy.clone()?.command).unwrap();
    assert!(command.starts_with("aws apigatewayv2 get-vpc-links"), "{command}");
    let first = found({
        let mut account = Account::healthy_http();
        account.vpc_links_v2.clear();
        account.vpc_links = Account::healthy_v1().vpc_links;
        *integration(&mut account) = {
            let mut wire = integration(&mut account).clone();
            wire["connectionId"] = json!("abc123");
            wire
        };
        account
    });
    assert_eq!(first.verdict.code.map(|code| code.slug()), Some("vpc-link-missing"));
    assert!(first.verdict.says.contains("an HTTP API needs a V2 link"), "{}", first.verdict.says);
}

#[test]
fn routes_and_deployments_are_those_of_an_http_api() {
    broken(Account::healthy_http(), |a| a.http_apis[0].routes.clear(), "integration-missing", "confirmed");
    let deployed_to_another_link = |account: &mut Account| {
        let api = &mut account.http_apis[0];
        api.stages.get_mut("$default").unwrap()["autoDeploy"] = json!(false);
        let mut old = api.export();
        let wire = &mut old["paths"]["/orders/{id}"]["get"]["x-amazon-apigateway-integration"];
        wire["connectionId"] = json!("gone99");
        api.deployed = Some(old);
    };
    let mut account = Account::healthy_http();
    deployed_to_another_link(&mut account);
    let assessment = found(account);
    let undeployed =
        assessment.findings.iter().find(|one| one.code.slug() == "integration-not-deployed").unwrap();
    let remedy = undeployed.remedy.clone().unwrap().command.unwrap();
    assert!(
        remedy.starts_with("aws apigatewayv2 create-deployment --api-id a1b2c3d4e5 --stage-name"),
        "{remedy}"
    );
    // What is deployed is what requests run over, also where it agrees.
    let mut account = Account::healthy_http();
    account.http_apis[0].stages.get_mut("$default").unwrap()["autoDeploy"] = json!(false);
    assert!(of_state(&found(account), State::Faulty).is_empty());
}

#[test]
fn a_named_stage_is_part_of_what_the_backend_sees() {
    let mut account = Account::healthy_http();
    let stage = account.http_apis[0].stages["$default"].clone();
    account.http_apis[0].stages.insert("prod".to_owned(), stage);
    let assessment = found_by(&Aws::start(account), "prod");
    assert!(of_state(&assessment, State::Faulty).is_empty(), "{:#?}", assessment.findings);
}

#[test]
fn the_balancer_behind_it_is_judged_like_any_other() {
    broken(
        Account::healthy_http(),
        |a| a.target_group("orders-blue").targets.clear(),
        "target-group-empty",
        // An application load balancer that is reached answers: its 503 is no failure to reach it.
        "likely",
    );
    broken(Account::healthy_http(), |a| a.listeners.clear(), "listener-missing", "confirmed");
    broken(
        Account::healthy_http(),
        |a| {
            integration(a).as_object_mut().unwrap().remove("tlsConfig");
        },
        "listener-protocol-mismatch",
        "likely",
    );
    let block =
        |a: &mut Account| a.security_groups.iter_mut().find(|g| g.id == "sg-0link").unwrap().outbound.clear();
    broken(Account::healthy_http(), block, "vpc-link-security-group-blocks", "confirmed");
}

#[test]
fn a_certificate_counts_by_the_name_that_is_verified() {
    let mut account = Account::healthy_http();
    integration(&mut account)["tlsConfig"]["serverNameToVerify"] = json!("other.example");
    assert_eq!(of_state(&found(account), State::Faulty), ["listener-certificate-name-mismatch"]);
    let mut account = Account::healthy_http();
    integration(&mut account)["tlsConfig"] = json!({});
    let unnamed = found(account);
    assert!(of_state(&unnamed, State::Faulty).is_empty(), "{:#?}", unnamed.findings);
    assert!(!of_state(&unnamed, State::Healthy).contains(&"listener-certificate-valid"));
}

#[test]
fn cloud_map_says_who_its_instances_are() {
    broken(Account::healthy_cloud_map(), |a| a.services.clear(), "cloud-map-service-missing", "confirmed");
    broken(
        Account::healthy_cloud_map(),
        |a| a.services[0].instances.clear(),
        "cloud-map-no-instances",
        "confirmed",
    );
    let ill = |a: &mut Account, many: usize| {
        a.services[0].instances.iter_mut().take(many).for_each(|one| one.health = "UNHEALTHY".into())
    };
    broken(Account::healthy_cloud_map(), |a| ill(a, 2), "cloud-map-instances-unhealthy", "confirmed");
    let one = broken(Account::healthy_cloud_map(), |a| ill(a, 1), "cloud-map-instances-unhealthy", "likely");
    assert!(
        one.verdict.says.contains("1 of 2 instances") && one.verdict.says.contains("10.0.1.10:8080"),
        "{}",
        one.verdict.says
    );
    let named = |a: &mut Account| {
        let wire = integration(a);
        wire["integrationUri"] = json!(format!("{}?stage=test", wire["integrationUri"].as_str().unwrap()));
    };
    let none = broken(Account::healthy_cloud_map(), named, "cloud-map-no-instances", "confirmed");
    assert!(none.verdict.says.contains("`stage=test`"), "{}", none.verdict.says);
}

#[test]
fn between_link_and_instances_security_groups_count() {
    let block = |a: &mut Account| {
        a.security_groups.iter_mut().find(|g| g.id == "sg-0target").unwrap().inbound.clear()
    };
    let closed = broken(Account::healthy_cloud_map(), block, "target-security-group-blocks", "confirmed");
    assert!(
        closed.path.iter().any(|hop| hop.kind == HopKind::CloudMapService && hop.state == State::Healthy)
    );
    let block =
        |a: &mut Account| a.security_groups.iter_mut().find(|g| g.id == "sg-0link").unwrap().outbound.clear();
    broken(Account::healthy_cloud_map(), block, "vpc-link-security-group-blocks", "confirmed");
}

#[test]
fn what_may_not_be_read_is_no_fault() {
    for action in [
        "apigateway:GET",
        "servicediscovery:GetService",
        "servicediscovery:GetNamespace",
        "servicediscovery:DiscoverInstances",
        "ec2:DescribeNetworkInterfaces",
    ] {
        let aws = Aws::start(Account::healthy_cloud_map());
        aws.deny(action);
        let assessment = found_by(&aws, "$default");
        assert!(of_state(&assessment, State::Faulty).is_empty(), "{action}: {:#?}", assessment.findings);
        if action == "servicediscovery:DiscoverInstances" {
            let healthy = of_state(&assessment, State::Healthy);
            assert!(
                healthy.contains(&"cloud-map-instances-found") && healthy.contains(&"network-open"),
                "{healthy:?}"
            );
        }
        let asked = assessment.findings.iter().filter_map(|one| one.not_read()?.action());
        assert!(
            asked.chain(assessment.refused.iter().filter_map(|one| one.action())).any(|one| one == action),
            "{action}"
        );
    }
}

#[test]
fn of_a_websocket_api_it_says_what_is_not_read() {
    let mut account = Account::healthy_http();
    account.http_apis[0].is_websocket = true;
    let assessment = found(account);
    assert!(of_state(&assessment, State::Faulty).is_empty(), "{:#?}", assessment.findings);
    let why = assessment.findings.iter().find_map(|one| Some(one.not_read()?.why.to_string())).unwrap();
    assert!(why.contains("WebSocket API"), "{why}");
    assert_eq!(assessment.facts.api_kind, ApiKind::WebSocket);
}

#[test]
fn a_link_of_the_other_generation_is_none_for_a_rest_api() {
    let mut account = Account::healthy_v1();
    account.vpc_links.clear();
    let link = Account::healthy_v2().vpc_links_v2.remove("v2link1").unwrap();
    account.vpc_links_v2.insert("abc123".to_owned(), link);
    let assessment = found_by(&Aws::start(account), "prod");
    assert!(!of_state(&assessment, State::Healthy).contains(&"vpc-link-available"));
    assert!(of_state(&assessment, State::Unknown).contains(&"vpc-link-failed"), "{:#?}", assessment.findings);
}

#[test]
fn of_many_certificates_the_one_that_covers_the_name_counts() {
    let mut account = Account::healthy_v2();
    let right = account.certificates[0].clone();
    let mut arns = Vec::new();
    account.certificates.clear();
    for number in 0..26 {
        let mut other = right.clone();
        other.arn = account.arn("acm", &format!("certificate/0a1b2c3d-0000-4000-8000-{number:012}"));
        if number != 22 {
            other.domain_name = format!("svc{number}.example");
            other.alternative_names = vec![other.domain_name.clone()];
        }
        arns.push(other.arn.clone());
        account.certificates.push(other);
    }
    account.listeners[0].certificates = arns;
    let aws = Aws::start(account);
    let assessment = found_by(&aws, "prod");
    assert!(of_state(&assessment, State::Faulty).is_empty(), "{:#?}", assessment.findings);
    assert!(of_state(&assessment, State::Healthy).contains(&"listener-certificate-valid"));
    assert_eq!(aws.calls_of("acm:DescribeCertificate").len(), 26);
}

#[test]
fn an_http_api_can_present_no_certificate() {
    let mut account = Account::healthy_http();
    let store = account.arn("elasticloadbalancing", "truststore/clients/0123456789abcdef");
    account.listener(8443).mutual_authentication = Some(json!({ "Mode": "verify", "TrustStoreArn": store }));
    let assessment = found(account);
    let missing =
        assessment.findings.iter().find(|one| one.code.slug() == "client-certificate-missing").unwrap();
    assert_eq!(missing.state, State::Faulty);
    assert!(missing.says.contains("an HTTP API can present none"), "{}", missing.says);
}
