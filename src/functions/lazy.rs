//! AWS, configured and connected when it is first needed: a start waits for nothing, and most invocations ask nothing.

use std::sync::Arc;

use async_trait::async_trait;
use aws_types::SdkConfig;
use tokio::sync::OnceCell;

use crate::alerts::sns::Sns;
use crate::alerts::{Message, Publish, Published};
use crate::aws::live::sdk_config;
use crate::aws::{Account, Answered, Query};
use crate::ids::Arn;
use crate::incidents::store::dynamodb::Configured;

/// The SDK's configuration, shared by all that speak with AWS.
#[derive(Clone, Default)]
pub(crate) struct Sdk(Arc<OnceCell<SdkConfig>>);

impl Sdk {
    pub(crate) async fn config(&self) -> &SdkConfig {
        self.0.get_or_init(sdk_config).await
    }

    /// The configuration, for whoever asks for it once.
    pub(crate) fn when_needed(&self) -> Configured {
        let sdk = self.clone();
        Box::new(move || {
            let sdk = sdk.clone();
            Box::pin(async move { sdk.config().await.clone() })
        })
    }
}

/// Opens an account, once there is a configuration.
type Open = Box<dyn Fn(&SdkConfig) -> Box<dyn Account> + Send + Sync>;

/// An account, opened when it is first asked.
pub(crate) struct LazyAccount {
    sdk: Sdk,
    open: Open,
    account: OnceCell<Box<dyn Account>>,
}

impl LazyAccount {
    pub(crate) fn new(
        sdk: Sdk,
        open: impl Fn(&SdkConfig) -> Box<dyn Account> + Send + Sync + 'static,
    ) -> Self {
        Self { sdk, open: Box::new(open), account: OnceCell::new() }
    }
}

#[async_trait]
impl Account for LazyAccount {
    async fn ask(&self, query: &Query) -> Answered {
        let opened = async || (self.open)(self.sdk.config().await);
        self.account.get_or_init(opened).await.ask(query).await
    }
}

/// The topic.
pub(crate) struct LazySns {
    sdk: Sdk,
    topic: Arn,
    sns: OnceCell<Sns>,
}

impl LazySns {
    pub(crate) fn new(sdk: Sdk, topic: Arn) -> Self {
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
