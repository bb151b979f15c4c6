//! Faults on purpose, as the SDK sees them.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_sdk_apigateway::error::SdkError;
use aws_sdk_sns::error::ProvideErrorMetadata;

use super::{ask, refusal, refused};
use crate::harness::{Account, Aws};

const API: &str = "a1b2c3d4e5";
const GROUP: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/orders-blue/73e2d6bc24d8a067";
const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:alerts";
const HEALTH: &str = "elasticloadbalancing:DescribeTargetHealth";

#[test]
fn each_service_denies_in_its_own_words() {
    let aws = Aws::start(Account::healthy_v1());
    aws.deny("apigateway:GET");
    aws.deny(HEALTH);
    aws.deny("sns:Publish");
    let refusals = ask(&aws, async |config| {
        let gateway = aws_sdk_apigateway::Client::new(config);
        let gateway_v2 = aws_sdk_apigatewayv2::Client::new(config);
        let balancing = aws_sdk_elasticloadbalancingv2::Client::new(config);
        let sns = aws_sdk_sns::Client::new(config);
        [
            refusal(gateway.get_rest_api().rest_api_id(API).send().await),
            refusal(gateway_v2.get_vpc_link().vpc_link_id("v2link1").send().await),
            refusal(balancing.describe_target_health().target_group_arn(GROUP).send().await),
            refusal(sns.publish().topic_arn(TOPIC).message("x").send().await),
        ]
    });
    let codes = ["AccessDeniedException", "AccessDeniedException", "AccessDenied", "AuthorizationError"];
    assert_eq!(refusals, codes.map(|code| refused(403, code)));
    // Nothing but what was denied: the other actions of the same service still answer.
    ask(&aws, async |config| {
        let client = aws_sdk_elasticloadbalancingv2::Client::new(config);
        client.describe_target_groups().target_group_arns(GROUP).send().await.unwrap();
    });
}

#[test]
fn a_throttled_call_succeeds_when_it_is_tried_again() {
    let aws = Aws::start(Account::healthy_v2());
    let operations = ["apigateway:GetStage", "apigatewayv2:GetVpcLink", HEALTH, "sns:Publish"];
    operations.iter().for_each(|operation| aws.throttle(operation, 2));
    ask(&aws, async |config| {
        let gateway = aws_sdk_apigateway::Client::new(config);
        gateway.get_stage().rest_api_id(API).stage_name("prod").send().await.unwrap();
        let gateway_v2 = aws_sdk_apigatewayv2::Client::new(config);
        gateway_v2.get_vpc_link().vpc_link_id("v2link1").send().await.unwrap();
        let balancing = aws_sdk_elasticloadbalancingv2::Client::new(config);
        balancing.describe_target_health().target_group_arn(GROUP).send().await.unwrap();
        aws_sdk_sns::Client::new(config).publish().topic_arn(TOPIC).message("x").send().await.unwrap();
    });
    for operation in operations {
        assert_eq!(aws.calls_of(operation).len(), 3, "{operation}");
    }
    assert_eq!(aws.published().len(), 1);
}

#[test]
fn a_call_throttled_too_often_fails_with_its_own_code() {
    let aws = Aws::start(Account::healthy_v1());
    aws.throttle("*", 6);
    let refusals = ask(&aws, async |config| {
        let gateway = aws_sdk_apigateway::Client::new(config);
        let balancing = aws_sdk_elasticloadbalancingv2::Client::new(config);
        [
            refusal(gateway.get_rest_api().rest_api_id(API).send().await),
            refusal(balancing.describe_target_health().target_group_arn(GROUP).send().await),
        ]
    });
    assert_eq!(refusals, [refused(429, "TooManyRequestsException"), refused(400, "Throttling")]);
}

#[test]
fn a_reset_a_broken_body_and_a_server_error_are_three_different_things() {
    let aws = Aws::start(Account::healthy_v1());
    let asked = async |config: &aws_config::SdkConfig| {
        let client = aws_sdk_apigateway::Client::new(config);
        client.get_vpc_link().vpc_link_id("abc123").send().await
    };
    aws.reset("apigateway:GetVpcLink");
    assert!(matches!(ask(&aws, asked), Err(SdkError::DispatchFailure(_))));
    assert_eq!(aws.calls().len(), 3, "a reset is tried again");
    aws.heal();
    aws.garble("apigateway:GetVpcLink");
    let error = ask(&aws, asked).unwrap_err();
    assert!(matches!(error, SdkError::ServiceError(_)), "the SDK calls it an unhandled error: {error:?}");
    assert_eq!(error.code(), None);
    aws.heal();
    aws.fail("apigateway:GetVpcLink", "InternalServerError", 500);
    let error = ask(&aws, asked).unwrap_err();
    assert_eq!(error.code(), Some("InternalServerError"));
    aws.heal();
    assert!(ask(&aws, asked).is_ok());
}

#[test]
fn a_broken_xml_body_is_no_answer() {
    let aws = Aws::start(Account::healthy_v1());
    aws.garble(HEALTH);
    let answer = ask(&aws, async |config| {
        let client = aws_sdk_elasticloadbalancingv2::Client::new(config);
        client.describe_target_health().target_group_arn(GROUP).send().await
    });
    assert!(answer.is_err(), "{answer:?}");
}

#[test]
fn an_answer_later_than_the_client_waits_is_a_timeout_of_that_call_alone() {
    let aws = Aws::start(Account::healthy_v1());
    aws.delay("apigateway:GetStage", 60_000);
    ask(&aws, async |config| {
        let client = aws_sdk_apigateway::Client::new(config);
        let impatient = TimeoutConfig::builder().operation_timeout(Duration::from_millis(100)).build();
        let impatient = aws_sdk_apigateway::Config::builder().timeout_config(impatient);
        let stage = client.get_stage().rest_api_id(API).stage_name("prod");
        let late = stage.customize().config_override(impatient).send().await;
        assert!(matches!(late, Err(SdkError::TimeoutError(_))), "{late:?}");
        client.get_rest_api().rest_api_id(API).send().await.unwrap();
    });
    aws.heal();
    aws.delay("*", 20);
    ask(&aws, async |config| {
        aws_sdk_apigateway::Client::new(config).get_rest_api().rest_api_id(API).send().await.unwrap();
    });
}

#[test]
fn an_operation_that_is_not_there_is_said_so() {
    let aws = Aws::start(Account::healthy_v1());
    let answer = ask(&aws, async |config| {
        refusal(aws_sdk_elasticloadbalancingv2::Client::new(config).describe_account_limits().send().await)
    });
    assert_eq!(answer, refused(400, "InvalidAction"));
}
