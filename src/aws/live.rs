//! The live account, read through AWS's SDK.
//!
//! One file a service, each the only one that names its SDK crate; no SDK type leaves it.

use crate::aws::live::logs::Logs;

pub mod acm;
pub mod apigateway;
pub mod apigatewayv2;
pub mod assumed;
pub mod cloudwatch;
pub mod ec2;
pub mod ec2_network;
pub mod ec2_routes;
pub mod elbv2;
pub mod errors;
pub mod iam;
pub mod lambda;
pub mod logs;
mod nulls;
pub mod query_protocol;
pub mod reply;
pub mod servicediscovery;
pub mod x509;
mod xml;

use std::time::Duration;

use async_trait::async_trait;
use aws_config::BehaviorVersion;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::default_async_sleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use jiff::Timestamp;

use crate::aws::accounts::{Account, Answered};
use crate::aws::log_groups::{Apis, CallError, HttpApi, ListedApi, ListedStage, LogDelivery};
use crate::aws::model::*;
use crate::aws::queries::{Answer, Query};
use crate::aws::reading::ReadError;
use crate::ids::{ApiId, Region};
use crate::logs::LogWriter;
use crate::probe::Facts;

/// The SDK's configuration from the environment, with limits that suit a pager: a read that hangs is worth less than one
/// that fails in time to be said.
pub async fn sdk_config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(https())
        .retry_config(retries())
        .timeout_config(timeouts())
        .load()
        .await
}

/// The same inside of Lambda, which gives a function its Region and credentials as variables. Nothing else is looked for:
/// profiles, SSO and metadata services would make the executable larger, and every start pays for that.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>
pub fn lambda_config() -> SdkConfig {
    let is_set = |name: &str| variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let mut builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(variable("AWS_REGION").map(aws_types::region::Region::new))
        .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()))
        .identity_cache(IdentityCache::lazy().build())
        .http_client(https())
        .retry_config(retries())
        .timeout_config(timeouts())
        .time_source(SystemTimeSource::new())
        .use_fips(is_set("AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(is_set("AWS_USE_DUALSTACK_ENDPOINT"))
        .service_config(Variables);
    builder.set_sleep_impl(default_async_sleep()).set_endpoint_url(variable("AWS_ENDPOINT_URL"));
    builder.build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(100))
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(4))
        .build()
}

/// A service's own settings: `AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2`.
#[derive(Debug)]
struct Variables;

impl LoadServiceConfig for Variables {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        variable(&format!("{}_{}", key.env(), key.service_id().to_uppercase().replace(' ', "_")))
    }
}

#[expect(clippy::disallowed_methods, reason = "the SDK's settings are not the program's")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The same for another Region than the environment's.
pub async fn sdk_config_in(region: &Region) -> SdkConfig {
    let region = aws_types::region::Region::new(region.to_string());
    sdk_config().await.into_builder().region(region).build()
}

/// The client that all of AWS is asked by: the SDK's own, with ring for TLS's cryptography. The SDK crates come without one.
pub fn https() -> SharedHttpClient {
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

/// An account as it is now.
pub struct LiveAccount {
    logs: Logs,
    apigateway: apigateway::Adapter,
    apigatewayv2: apigatewayv2::Adapter,
    elbv2: elbv2::Adapter,
    ec2: ec2::Client,
    acm: acm::Adapter,
    cloudwatch: cloudwatch::Adapter,
    iam: iam::Client,
    servicediscovery: servicediscovery::Client,
    lambda: lambda::Client,
    now: fn() -> Timestamp,
}

impl LiveAccount {
    /// Asks the account that the configuration's credentials belong to; `now` dates the answers.
    pub fn new(config: &SdkConfig, now: fn() -> Timestamp) -> Self {
        let tolerant = config.http_client().map(nulls::without_nulls);
        let mut builder = config.to_builder();
        builder.set_http_client(tolerant);
        let config = &builder.build();
        Self {
            logs: Logs::new(config),
            apigateway: apigateway::Adapter::new(config),
            apigatewayv2: apigatewayv2::Adapter::new(config),
            elbv2: elbv2::Adapter::new(config),
            ec2: ec2::Client::new(config),
            acm: acm::Adapter::new(config),
            cloudwatch: cloudwatch::Adapter::new(config),
            iam: iam::Client::new(config),
            servicediscovery: servicediscovery::Client::new(config),
            lambda: lambda::Client::new(config),
            now,
        }
    }
}

macro_rules! dispatch {
    ($(
        $name:ident $(($($arg:ident: $kind:ty),+))? -> $answer:ty {
            $service:ident.$method:ident, $call:literal, $action:literal, $noun:literal, $about:expr, $without:literal,
        }
    )+) => {
        impl LiveAccount {
            async fn answer(&self, query: &Query) -> Result<Answer, ReadError> {
                match query {
                    $(Query::$name $(($($arg),+))? => {
                        let found: Option<$answer> = self.$service.$method($($($arg),+)?).await?;
                        Ok(found.map_or(Answer::Absent, Answer::$name))
                    })+
                }
            }
        }
    };
}

every_query!(dispatch);

#[async_trait]
impl Account for LiveAccount {
    async fn ask(&self, query: &Query) -> Answered {
        self.answer(query).await.map(|answer| (answer, (self.now)()))
    }
}

#[async_trait]
impl Apis for LiveAccount {
    async fn rest_apis(&self) -> Result<Vec<ListedApi>, CallError> {
        self.apigateway.rest_apis().await
    }

    async fn stages(&self, api: &ApiId) -> Result<Vec<(String, Stage)>, CallError> {
        self.apigateway.stages(api).await
    }

    async fn resources(&self, api: &ApiId) -> Result<Vec<Resource>, CallError> {
        match self.apigateway.resources(api).await {
            Ok(Some(resources)) => Ok(resources),
            Ok(None) => Err(CallError::Gone),
            Err(why) => Err(CallError::Other(why)),
        }
    }

    async fn http_apis(&self) -> Result<Vec<HttpApi>, CallError> {
        self.apigatewayv2.apis().await
    }

    async fn http_stages(&self, api: &ApiId) -> Result<Vec<ListedStage>, CallError> {
        self.apigatewayv2.stages(api).await
    }

    async fn deliveries(&self) -> Result<Vec<LogDelivery>, CallError> {
        self.logs.deliveries().await
    }

    async fn uses_link(&self, api: &ApiId) -> Result<bool, CallError> {
        self.apigatewayv2.uses_link(api).await
    }

    async fn has_log_role(&self) -> Result<bool, CallError> {
        self.apigateway.has_log_role().await
    }
}
