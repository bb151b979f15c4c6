//! AWS, configured and connected when it is first needed: a start waits for nothing, and most invocations ask nothing.

use std::sync::Arc;

use aws_types::SdkConfig;
use tokio::sync::OnceCell;

use super::now;
use crate::aws::{LiveAccount, sdk_config};
use crate::publish::sns::Sns;
use crate::publish::{Publish, Published};
use crate::render::Message;
use crate::survey::{Account, Asked, Question};
use crate::vocabulary::Arn;

/// The SDK's configuration, shared by all that speak with AWS.
#[derive(Clone, Default)]
pub(super) struct Sdk(Arc<OnceCell<SdkConfig>>);

impl Sdk {
    pub(super) async fn config(&self) -> &SdkConfig {
        self.0.get_or_init(sdk_config).await
    }
}

/// The account itself.
pub(super) struct LazyAccount {
    sdk: Sdk,
    live: OnceCell<LiveAccount>,
}

impl LazyAccount {
    pub(super) fn new(sdk: Sdk) -> Self {
        Self { sdk, live: OnceCell::new() }
    }
}

impl Account for LazyAccount {
    fn ask<'a>(&'a self, question: &'a Question) -> Asked<'a> {
        Box::pin(async move {
            let live = async || LiveAccount::new(self.sdk.config().await, now);
            self.live.get_or_init(live).await.ask(question).await
        })
    }
}

/// The topic.
pub(super) struct LazySns {
    sdk: Sdk,
    topic: Arn,
    sns: OnceCell<Sns>,
}

impl LazySns {
    pub(super) fn new(sdk: Sdk, topic: Arn) -> Self {
        Self { sdk, topic, sns: OnceCell::new() }
    }
}

impl Publish for LazySns {
    fn publish<'a>(&'a self, message: &'a Message) -> Published<'a> {
        Box::pin(async move {
            let sns = async || Sns::new(self.sdk.config().await, self.topic.clone());
            self.sns.get_or_init(sns).await.publish(message).await
        })
    }
}
