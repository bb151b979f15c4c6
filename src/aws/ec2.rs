//! Amazon EC2's Describe calls over the SDK's own runtime, without the generated crate: that one takes eight gigabytes and
//! minutes of one compiler process for the few calls that are needed here (see `ARCHITECTURE.md`).
//!
//! Signing, credentials, retries, timeouts and clock skew are the SDK's; parameters, pages and the endpoint's name are
//! ours. Shapes: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Welcome.html>

mod network;
mod wire;

use aws_runtime::auth::{SigV4OperationSigningConfig, sigv4};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_smithy_runtime::client::defaults::default_http_client_plugin_v2;
use aws_smithy_runtime::client::http::connection_poisoning::ConnectionPoisoningInterceptor;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::orchestrator::endpoints::StaticUriEndpointResolver;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime::client::retries::strategy::StandardRetryStrategy;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::endpoint::EndpointResolverParams;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::{SharedRuntimePlugin, StaticRuntimePlugin};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_types::region::{Region, SigningRegion};
use aws_types::request_id::apply_request_id;
use aws_types::service_config::ServiceConfigKey;
use aws_types::{SdkConfig, SigningName};

use super::outcome;
use crate::survey::nouns::{EndpointConnection, EndpointService};
use crate::survey::{Answer, Why};
use crate::vocabulary::Arn;
use wire::{Connection, Described, Failure, Page, Service};

const VERSION: &str = "2016-11-15";

/// Pages read at most: a service that always names another page must not hold the survey until its deadline.
const MOST_PAGES: usize = 20;

type Error = SdkError<ErrorMetadata, HttpResponse>;

/// Reads from EC2.
pub(super) struct Client {
    plugins: Vec<SharedRuntimePlugin>,
    behavior_version: BehaviorVersion,
}

impl Client {
    /// A client of the configuration's Region and credentials; `None` where it has none.
    pub(super) fn new(config: &SdkConfig) -> Option<Self> {
        let region = config.region()?;
        let credentials = config.credentials_provider()?;
        let components = RuntimeComponentsBuilder::new("ec2")
            .with_auth_scheme(sigv4::SigV4AuthScheme::new())
            .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![
                sigv4::SCHEME_ID,
            ])))
            .with_identity_resolver(sigv4::SCHEME_ID, credentials)
            .with_identity_cache(Some(
                config.identity_cache().unwrap_or_else(|| IdentityCache::lazy().build()),
            ))
            .with_endpoint_resolver(Some(StaticUriEndpointResolver::uri(endpoint(config, region))))
            .with_http_client(config.http_client())
            .with_sleep_impl(config.sleep_impl())
            .with_time_source(config.time_source())
            // One strategy for all calls: its token bucket is what keeps a struggling service from being hammered.
            .with_retry_strategy(Some(StandardRetryStrategy::new()))
            .with_retry_classifier(HttpStatusCodeClassifier::default())
            .with_retry_classifier(TransientErrorClassifier::<ErrorMetadata>::new())
            .with_retry_classifier(AwsErrorCodeClassifier::<ErrorMetadata>::new())
            .with_interceptor(ConnectionPoisoningInterceptor::new())
            .with_interceptor(InvocationIdInterceptor::new())
            .with_interceptor(RequestInfoInterceptor::new())
            .with_interceptor(UserAgentInterceptor::new());
        let ours = StaticRuntimePlugin::new()
            .with_config(layer(config, region).freeze())
            .with_runtime_components(components);
        let behavior_version = config.behavior_version().unwrap_or_else(BehaviorVersion::latest);
        let http = default_http_client_plugin_v2(behavior_version);
        Some(Self {
            plugins: http.into_iter().chain([SharedRuntimePlugin::new(ours)]).collect(),
            behavior_version,
        })
    }

    pub(super) async fn endpoint_services(&self) -> Result<Answer, Why> {
        // No filter takes a load balancer: all services are read, and the caller finds its own.
        let found = self.describe::<Service>(&[]).await;
        outcome(found, &[], |services| {
            let noun = |service: Service| EndpointService {
                id: service.service_id,
                state: service.service_state.unwrap_or_default(),
                load_balancers: service.network_load_balancer_arn_set.into_iter().map(Arn::new).collect(),
            };
            Answer::EndpointServices(services.into_iter().map(noun).collect())
        })
    }

    pub(super) async fn endpoint_connections(&self, service: &str) -> Result<Answer, Why> {
        let filter = [("Filter.1.Name", "service-id"), ("Filter.1.Value.1", service)];
        let found = self.describe::<Connection>(&filter).await;
        outcome(found, &["InvalidVpcEndpointServiceId.NotFound"], |connections| {
            let noun = |connection: Connection| EndpointConnection {
                endpoint_id: connection.vpc_endpoint_id.unwrap_or_default(),
                owner: connection.vpc_endpoint_owner,
                state: connection.vpc_endpoint_state.unwrap_or_default(),
            };
            Answer::EndpointConnections(connections.into_iter().map(noun).collect())
        })
    }

    /// Lists what matches, from all pages.
    async fn describe<T: Described>(&self, parameters: &[(&str, &str)]) -> Result<Vec<T>, Error> {
        let mut items = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let page: Page<T> = self.call(form::<T>(parameters, token.as_deref())).await?;
            items.extend(page.items);
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(items);
            }
        }
        Err(Error::construction_failure(format!("{} named more than {MOST_PAGES} pages", T::ACTION)))
    }

    async fn call<T: Described>(&self, form: String) -> Result<Page<T>, Error> {
        let operation = Operation::builder()
            .service_name("ec2")
            .operation_name(T::ACTION)
            .behavior_version(self.behavior_version)
            .serializer(request)
            .deserializer(response::<T>);
        let plugins = self.plugins.iter().cloned();
        let operation = plugins.fold(operation, |operation, plugin| operation.runtime_plugin(plugin));
        operation.build().invoke(form).await
    }
}

fn form<T: Described>(parameters: &[(&str, &str)], token: Option<&str>) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("Action", T::ACTION), ("Version", VERSION)])
        .extend_pairs(parameters)
        .extend_pairs(token.map(|token| ("NextToken", token)))
        .finish()
}

/// What the SDK's own plugins read: signing, retries, timeouts, the user agent.
fn layer(config: &SdkConfig, region: &Region) -> Layer {
    let mut layer = Layer::new("ec2");
    layer.store_put(ApiMetadata::new("ec2", env!("CARGO_PKG_VERSION")));
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(EndpointResolverParams::new(()));
    layer.store_put(SigV4OperationSigningConfig {
        region: Some(SigningRegion::from(region.clone())),
        name: Some(SigningName::from_static("ec2")),
        ..Default::default()
    });
    layer.store_put(config.retry_config().cloned().unwrap_or_else(RetryConfig::standard));
    if let Some(timeouts) = config.timeout_config() {
        layer.store_put(timeouts.clone());
    }
    if let Some(app_name) = config.app_name() {
        layer.store_put(app_name.clone());
    }
    layer
}

/// As the SDK resolves it: a configured URL first (`AWS_ENDPOINT_URL_EC2` before `AWS_ENDPOINT_URL`), then the partition's
/// rules with FIPS and dual stack. Source: <https://docs.aws.amazon.com/general/latest/gr/ec2-service.html>
fn endpoint(config: &SdkConfig, region: &Region) -> String {
    let of_service = || {
        let key =
            ServiceConfigKey::builder().service_id("EC2").env("AWS_ENDPOINT_URL").profile("endpoint_url");
        config.service_config()?.load_config(key.build().ok()?)
    };
    if let Some(url) = of_service().or_else(|| config.endpoint_url().map(str::to_owned)) {
        return url;
    }
    let (fips, dual_stack) = (config.use_fips() == Some(true), config.use_dual_stack() == Some(true));
    let (gov, china) = (region.as_ref().starts_with("us-gov-"), region.as_ref().starts_with("cn-"));
    // GovCloud's plain endpoints are FIPS endpoints already.
    let host = if fips && (dual_stack || !gov) { "ec2-fips" } else { "ec2" };
    let suffix = match (china, dual_stack) {
        (false, false) => "amazonaws.com",
        (false, true) => "api.aws",
        (true, false) => "amazonaws.com.cn",
        (true, true) => "api.amazonwebservices.com.cn",
    };
    format!("https://{host}.{region}.{suffix}")
}

fn request(form: String) -> Result<HttpRequest, BoxError> {
    let mut request = HttpRequest::new(SdkBody::from(form));
    request.set_method("POST")?;
    request.set_uri("/")?;
    request.headers_mut().insert("content-type", "application/x-www-form-urlencoded");
    Ok(request)
}

fn response<T: Described>(response: &HttpResponse) -> Result<Page<T>, OrchestratorError<ErrorMetadata>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        return quick_xml::de::from_reader(body).map_err(OrchestratorError::other);
    }
    let mut error = apply_request_id(ErrorMetadata::builder(), response.headers());
    // A body that is not EC2's (a proxy's page, say) leaves the error without a code.
    if let Ok(Failure { errors }) = quick_xml::de::from_reader(body) {
        error = error.code(errors.error.code).message(errors.error.message);
    }
    Err(OrchestratorError::operation(error.build()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(region: &'static str, fips: bool, dual_stack: bool, expected: &str) {
        let config = SdkConfig::builder().use_fips(fips).use_dual_stack(dual_stack).build();
        assert_eq!(endpoint(&config, &Region::new(region)), expected);
    }

    #[test]
    fn each_partition_has_its_own_hosts() {
        check("eu-west-1", false, false, "https://ec2.eu-west-1.amazonaws.com");
        check("eu-west-1", false, true, "https://ec2.eu-west-1.api.aws");
        check("us-east-1", true, false, "https://ec2-fips.us-east-1.amazonaws.com");
        check("us-gov-west-1", true, false, "https://ec2.us-gov-west-1.amazonaws.com");
        check("cn-north-1", false, false, "https://ec2.cn-north-1.amazonaws.com.cn");
    }

    #[test]
    fn a_configured_url_comes_first() {
        let config = SdkConfig::builder().endpoint_url("http://127.0.0.1:1").build();
        assert_eq!(endpoint(&config, &Region::new("eu-west-1")), "http://127.0.0.1:1");
    }
}
