//! API Gateway through both of its clients.

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::{ConnectionType, IntegrationType, VpcLinkStatus};

use super::{ask, refusal, refused};
use crate::harness::apigateway::Canary;
use crate::harness::{Account, Aws};

const API: &str = "a1b2c3d4e5";

#[test]
fn an_api_and_its_stage_are_read() {
    let aws = Aws::start(Account::healthy_v1());
    aws.change(|account| {
        let stage = account.rest_apis.get_mut(API).unwrap().stages.get_mut("prod").unwrap();
        stage.variables.insert("link".to_owned(), "abc123".to_owned());
        let overrides = [("link".to_owned(), "other".to_owned())].into();
        stage.canary =
            Some(Canary { percent_traffic: 12.5, stage_variable_overrides: overrides, ..Canary::default() });
        let setting = serde_json::json!({ "loggingLevel": "ERROR", "dataTraceEnabled": false });
        stage.method_settings.insert("*/*".to_owned(), setting);
    });
    let (api, stage) = ask(&aws, async |config| {
        let client = Client::new(config);
        let api = client.get_rest_api().rest_api_id(API).send().await.unwrap();
        (api, client.get_stage().rest_api_id(API).stage_name("prod").send().await.unwrap())
    });
    assert_eq!(api.name(), Some("orders"));
    assert!(api.created_date().is_some());
    assert_eq!(stage.deployment_id(), Some("dep0001"));
    assert_eq!(stage.variables().unwrap()["link"], "abc123");
    let canary = stage.canary_settings().unwrap();
    assert_eq!(canary.percent_traffic().to_bits(), 12.5_f64.to_bits());
    assert_eq!(canary.stage_variable_overrides().unwrap()["link"], "other");
    assert_eq!(stage.method_settings().unwrap()["*/*"].logging_level(), Some("ERROR"));
    let calls = aws.calls();
    assert_eq!(calls[1].name(), "apigateway:GetStage");
    assert_eq!(calls[1].text("stageName"), "prod");
    assert!(calls.iter().all(|call| call.signed && call.region == "eu-west-1"));
}

#[test]
fn resources_come_in_pages_with_their_integrations() {
    let aws = Aws::start(Account { page_size: 3, ..Account::healthy_v1() });
    let pages = ask(&aws, async |config| {
        let mut pages =
            Client::new(config).get_resources().rest_api_id(API).embed("methods").into_paginator().send();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            all.push(page.unwrap().items().to_vec());
        }
        all
    });
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
    let orders = &pages[0][1];
    assert_eq!(orders.path(), Some("/orders"));
    let integration = orders.resource_methods().unwrap()["GET"].method_integration().unwrap();
    assert_eq!(integration.r#type(), Some(&IntegrationType::HttpProxy));
    assert_eq!(integration.connection_type(), Some(&ConnectionType::VpcLink));
    assert_eq!(integration.connection_id(), Some("abc123"));
    assert_eq!(integration.uri(), Some("https://orders.internal.example:8443/orders"));
    assert_eq!(integration.timeout_in_millis(), 29_000);
    let verbs: Vec<_> = pages[0][2].resource_methods().unwrap().keys().cloned().collect();
    assert_eq!(verbs.len(), 2);
    assert!(pages[1][0].resource_methods().unwrap().contains_key("ANY"));
    assert_eq!(aws.calls().len(), 2);
}

#[test]
fn without_embedding_there_are_verbs_but_no_integrations() {
    let aws = Aws::start(Account::healthy_v1());
    let found =
        ask(&aws, async |config| Client::new(config).get_resources().rest_api_id(API).send().await.unwrap());
    let methods = found.items()[1].resource_methods().unwrap();
    assert!(methods["GET"].method_integration().is_none());
}

#[test]
fn links_of_both_generations_are_read() {
    let v1 = Aws::start(Account::healthy_v1());
    v1.change(|account| {
        let link = account.vpc_links.get_mut("abc123").unwrap();
        (link.status, link.status_message) = ("FAILED".to_owned(), Some("NLB is gone".to_owned()));
    });
    let link = ask(&v1, async |config| {
        Client::new(config).get_vpc_link().vpc_link_id("abc123").send().await.unwrap()
    });
    assert_eq!(link.status(), Some(&VpcLinkStatus::Failed));
    assert_eq!(link.status_message(), Some("NLB is gone"));
    assert!(link.target_arns()[0].ends_with(":loadbalancer/net/orders-nlb/50dc6c495c0c9188"));

    let v2 = Aws::start(Account::healthy_v2());
    let (link, integration) = ask(&v2, async |config| {
        let link =
            aws_sdk_apigatewayv2::Client::new(config).get_vpc_link().vpc_link_id("v2link1").send().await;
        let resources =
            Client::new(config).get_resources().rest_api_id(API).embed("methods").send().await.unwrap();
        let methods = resources.items()[1].resource_methods().unwrap();
        (link.unwrap(), methods["GET"].method_integration().unwrap().clone())
    });
    assert_eq!(link.vpc_link_status().unwrap().as_str(), "AVAILABLE");
    assert_eq!(link.subnet_ids().len(), 2);
    assert_eq!(link.security_group_ids(), ["sg-0link"]);
    assert!(link.created_date().is_some());
    assert!(integration.integration_target().unwrap().contains(":listener/app/orders-alb/"));
    assert_eq!(v2.calls()[0].name(), "apigatewayv2:GetVpcLink");
}

#[test]
fn what_is_missing_is_not_found() {
    let aws = Aws::start(Account::healthy_v1());
    let refusals = ask(&aws, async |config| {
        let client = Client::new(config);
        let v2 = aws_sdk_apigatewayv2::Client::new(config);
        [
            refusal(client.get_rest_api().rest_api_id("nope").send().await),
            refusal(client.get_stage().rest_api_id(API).stage_name("nope").send().await),
            refusal(client.get_resources().rest_api_id("nope").send().await),
            refusal(client.get_vpc_link().vpc_link_id("nope").send().await),
            refusal(v2.get_vpc_link().vpc_link_id("abc123").send().await),
        ]
    });
    assert_eq!(refusals, [const { 404 }; 5].map(|status| refused(status, "NotFoundException")));
}

#[test]
fn not_found_is_the_modelled_error() {
    let aws = Aws::start(Account::healthy_v1());
    ask(&aws, async |config| {
        let error = Client::new(config).get_vpc_link().vpc_link_id("nope").send().await.unwrap_err();
        assert!(error.as_service_error().unwrap().is_not_found_exception());
        let v2 = aws_sdk_apigatewayv2::Client::new(config);
        let error = v2.get_vpc_link().vpc_link_id("nope").send().await.unwrap_err();
        assert!(error.as_service_error().unwrap().is_not_found_exception());
    });
}
