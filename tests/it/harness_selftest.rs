//! The harness proved: the real SDK clients read what it says, and it says it as AWS would.

mod apigateway;
mod bare;
mod ec2;
mod elbv2;
mod faults;
mod function;
mod healthy;
mod json_and_cbor;
mod sns;

use std::fmt::Debug;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sns::config::Credentials;
use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use vpclink_responder::aws::live::https;

use crate::harness::Aws;

/// Runs what needs a client, with the SDK's defaults but short pauses between its three attempts.
fn ask<T>(aws: &Aws, question: impl AsyncFnOnce(&SdkConfig) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(https())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None, None, "test"))
            .endpoint_url(aws.url())
            .retry_config(retries);
        question(&loader.load().await).await
    })
}

/// Status and code of a refusal, as the SDK read them.
#[track_caller]
fn refusal<T: Debug, E: ProvideErrorMetadata + Debug>(
    result: Result<T, SdkError<E, HttpResponse>>,
) -> (u16, String) {
    let error = result.expect_err("the call is refused");
    let status = error.raw_response().expect("there was a response").status().as_u16();
    (status, error.code().unwrap_or_default().to_owned())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}
