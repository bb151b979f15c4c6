//! Amazon SNS: one `Publish` a message, with a body for each protocol.

use aws_sdk_sns::Client;
use aws_sdk_sns::error::DisplayErrorContext;
use aws_sdk_sns::types::MessageAttributeValue;
use aws_types::SdkConfig;

use super::{Publish, PublishError, Published};
use crate::render::Message;
use crate::vocabulary::Arn;

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
            sent.map(|_| ()).map_err(|error| PublishError {
                target: self.topic.to_string(),
                reason: DisplayErrorContext(error).to_string(),
            })
        })
    }
}
