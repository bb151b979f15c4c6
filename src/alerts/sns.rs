//! Amazon SNS: one `Publish` a message, with a body for each protocol.

use aws_sdk_sns::Client;
use aws_sdk_sns::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_sns::types::MessageAttributeValue;
use aws_types::SdkConfig;

use crate::alerts::message::{Message, Publish, PublishError, Published};
use crate::aws::Subscription;
use crate::ids::Arn;

/// A standard topic.
#[derive(Clone, Debug)]
pub struct Sns {
    client: Client,
    topic: Arn,
}

impl Sns {
    /// Publishes to this topic.
    pub fn new(config: &SdkConfig, topic: Arn) -> Self {
        Self { client: Client::new(config), topic }
    }
}

/// AWS returns this in place of an ARN until the owner confirms.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html>
const PENDING: &str = "PendingConfirmation";

impl Sns {
    /// Lists the subscribers.
    ///
    /// # Errors
    ///
    /// The service's error code, or a description of the failure.
    pub async fn subscriptions(&self) -> Result<Vec<Subscription>, String> {
        let pages = self.client.list_subscriptions_by_topic().topic_arn(self.topic.as_str()).into_paginator();
        let found: Result<Vec<_>, _> = pages.items().send().collect().await;
        let found = found.map_err(|error| {
            let code = error.code().map(str::to_owned);
            code.unwrap_or_else(|| DisplayErrorContext(error).to_string().chars().take(160).collect())
        })?;
        let subscription = |one: aws_sdk_sns::types::Subscription| Subscription {
            protocol: one.protocol.unwrap_or_default(),
            confirmed: one.subscription_arn.is_some_and(|arn| arn != PENDING),
        };
        Ok(found.into_iter().map(subscription).collect())
    }
}

impl Publish for Sns {
    fn publish<'a>(&'a self, message: &'a Message) -> Published<'a> {
        Box::pin(async move {
            let attribute = |value: &str| {
                let attribute = MessageAttributeValue::builder().data_type("String").string_value(value);
                attribute.build().expect("a data type is set, which is all that the builder asks for")
            };
            let attributes =
                message.attributes.iter().map(|(name, value)| ((*name).to_owned(), attribute(value)));
            let publish = self
                .client
                .publish()
                .topic_arn(self.topic.as_str())
                .subject(&message.subject)
                .message(message.structure())
                .message_structure("json")
                .set_message_attributes(Some(attributes.collect()));
            let sent = publish.send().await;
            // Source: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
            let refused = ["InvalidParameter", "ParameterValueInvalid"];
            sent.map(|_| ()).map_err(|error| PublishError {
                is_final: error.code().is_some_and(|code| refused.contains(&code)),
                target: self.topic.to_string(),
                reason: DisplayErrorContext(error).to_string(),
            })
        })
    }
}
