//! CloudWatch Logs: the history of a log group.

mod history;

use aws_sdk_cloudwatchlogs::Client;
use aws_types::SdkConfig;

/// Speaks with CloudWatch Logs.
pub struct Logs {
    client: Client,
}

impl Logs {
    /// Asks the account that the configuration's credentials belong to.
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }
}
