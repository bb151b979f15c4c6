//! SNS through its client: what is taken, and what is refused as AWS refuses it.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;

use super::{ask, refusal, refused};
use crate::harness::sns::MAX_MESSAGE_BYTES;
use crate::harness::{Account, Aws};

const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:alerts";

#[test]
fn a_message_is_taken_with_all_its_bodies() {
    let aws = Aws::start(Account::healthy_v1());
    let message = r#"{"default":"plain & simple + 100 %","email":"Grüße\n","https":"{\"version\":\"1.0\"}"}"#;
    let answer = ask(&aws, async |config| {
        let severity =
            MessageAttributeValue::builder().data_type("String").string_value("high").build().unwrap();
        let publish = Client::new(config).publish().topic_arn(TOPIC).subject("orders/prod: 12 × 504");
        let publish = publish.message(message).message_structure("json");
        publish.message_attributes("severity", severity).send().await.unwrap()
    });
    assert!(answer.message_id().is_some());
    let published = aws.published();
    let [message] = published.as_slice() else {
        panic!("one message: {published:?}");
    };
    assert_eq!(message.topic, TOPIC);
    assert_eq!(message.subject.as_deref(), Some("orders/prod: 12 × 504"));
    assert_eq!(message.structure.as_deref(), Some("json"));
    assert_eq!(message.bodies["default"], "plain & simple + 100 %");
    assert_eq!(message.bodies["email"], "Grüße\n");
    assert_eq!(message.bodies["https"], r#"{"version":"1.0"}"#);
    assert_eq!(message.attributes["severity"], "high");
}

#[test]
fn a_plain_message_is_the_default_body() {
    let aws = Aws::start(Account::healthy_v1());
    ask(&aws, async |config| {
        Client::new(config).publish().topic_arn(TOPIC).message("hello").send().await.unwrap();
    });
    assert_eq!(aws.published()[0].bodies["default"], "hello");
    assert_eq!(aws.published()[0].structure, None);
}

#[test]
fn what_aws_does_not_take_is_refused() {
    let aws = Aws::start(Account::healthy_v1());
    let refusals = ask(&aws, async |config| {
        let publish = || Client::new(config).publish().topic_arn(TOPIC);
        [
            refusal(publish().message("x").subject("s".repeat(100)).send().await),
            refusal(publish().message("x").subject("two\nlines").send().await),
            refusal(publish().message("x".repeat(MAX_MESSAGE_BYTES + 1)).send().await),
            refusal(publish().message(r#"{"email":"x"}"#).message_structure("json").send().await),
            refusal(publish().message(r#"{"default":{}}"#).message_structure("json").send().await),
            refusal(publish().message("not json").message_structure("json").send().await),
            refusal(Client::new(config).publish().topic_arn(format!("{TOPIC}2")).message("x").send().await),
        ]
    });
    assert_eq!(refusals[..6], [const { 400 }; 6].map(|status| refused(status, "InvalidParameter")));
    assert_eq!(refusals[6], refused(404, "NotFound"));
    assert_eq!(aws.published(), []);
}

#[test]
fn the_limits_themselves_are_allowed() {
    let aws = Aws::start(Account::healthy_v1());
    ask(&aws, async |config| {
        let publish = Client::new(config).publish().topic_arn(TOPIC);
        publish.subject("s".repeat(99)).message("x".repeat(MAX_MESSAGE_BYTES)).send().await.unwrap();
    });
    assert_eq!(aws.published().len(), 1);
}
