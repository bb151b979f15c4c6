//! AWS's query protocol over the SDK's own runtime, without generated crates: for services of which a call or a few are
//! needed, those take gigabytes and minutes of one compiler process (see `ARCHITECTURE.md`).
//!
//! Signing, credentials, retries, timeouts and clock skew are the SDK's; parameters, the endpoint's name and the shapes of
//! answers are ours.

use aws_runtime::auth::{SigV4OperationSigningConfig, sigv4};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
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
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// What tells one service from another.
pub(crate) struct Service {
    /// The name that requests are signed with.
    pub(crate) name: &'static str,
    /// The name in settings: `EC2` for `AWS_ENDPOINT_URL_EC2`.
    pub(crate) id: &'static str,
    /// The version of its API.
    pub(crate) version: &'static str,
    /// Where it is, by Region and by whether FIPS and dual stack are asked for.
    pub(crate) place: fn(&Region, Wish) -> Place,
}

/// What the configuration asks of an endpoint.
#[derive(Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) fips: bool,
    pub(crate) dual_stack: bool,
}

/// An endpoint, and the Region that its requests are signed for.
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) region: Region,
}

pub(crate) type Error = SdkError<ErrorMetadata, HttpResponse>;

/// Calls a service.
pub(crate) struct Client {
    service: &'static Service,
    plugin: SharedRuntimePlugin,
    behavior_version: BehaviorVersion,
}

impl Client {
    /// A client of the configuration's Region and credentials; `None` where it has none.
    pub(crate) fn new(config: &SdkConfig, service: &'static Service) -> Option<Self> {
        let wish =
            Wish { fips: config.use_fips() == Some(true), dual_stack: config.use_dual_stack() == Some(true) };
        let place = (service.place)(config.region()?, wish);
        let credentials = config.credentials_provider()?;
        // A configured URL comes first: `AWS_ENDPOINT_URL_EC2`, say, and then `AWS_ENDPOINT_URL`.
        let configured = of_service(config, service).or_else(|| config.endpoint_url().map(str::to_owned));
        let endpoint = configured.unwrap_or(place.url);
        let components = RuntimeComponentsBuilder::new(service.name)
            .with_auth_scheme(sigv4::SigV4AuthScheme::new())
            .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![
                sigv4::SCHEME_ID,
            ])))
            .with_identity_resolver(sigv4::SCHEME_ID, credentials)
            .with_identity_cache(Some(
                config.identity_cache().unwrap_or_else(|| IdentityCache::lazy().build()),
            ))
            .with_endpoint_resolver(Some(StaticUriEndpointResolver::uri(endpoint)))
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
            .with_config(layer(config, service, place.region).freeze())
            .with_runtime_components(components);
        let behavior_version = config.behavior_version().unwrap_or_else(BehaviorVersion::latest);
        Some(Self { service, plugin: SharedRuntimePlugin::new(ours), behavior_version })
    }

    /// Posts a document to a path of the service, as JSON, and hands over what came back.
    pub(crate) async fn post(
        &self,
        operation: &'static str,
        path: String,
        document: Vec<u8>,
    ) -> Result<Posted, Error> {
        let operation = Operation::builder()
            .service_name(self.service.name)
            .operation_name(operation)
            .behavior_version(self.behavior_version)
            .serializer(posting)
            .deserializer(posted)
            .runtime_plugin(self.plugin.clone());
        operation.build().invoke((path, document)).await
    }

    /// Calls an action with parameters and reads its answer.
    pub(crate) async fn call<T>(&self, action: &'static str, parameters: &[(&str, &str)]) -> Result<T, Error>
    where
        T: DeserializeOwned + std::fmt::Debug + Send + Sync + 'static,
    {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("Action", action), ("Version", self.service.version)])
            .extend_pairs(parameters)
            .finish();
        let operation = Operation::builder()
            .service_name(self.service.name)
            .operation_name(action)
            .behavior_version(self.behavior_version)
            .serializer(request)
            .deserializer(response::<T>)
            .runtime_plugin(self.plugin.clone());
        operation.build().invoke(form).await
    }
}

/// A client that could be made.
pub(crate) fn configured(client: Option<&Client>) -> Result<&Client, Error> {
    client.ok_or_else(|| Error::construction_failure("no Region or credentials are configured"))
}

/// What the SDK's own plugins read: signing, retries, timeouts, the user agent.
fn layer(config: &SdkConfig, service: &Service, region: Region) -> Layer {
    let mut layer = Layer::new(service.name);
    layer.store_put(ApiMetadata::new(service.name, env!("CARGO_PKG_VERSION")));
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(EndpointResolverParams::new(()));
    layer.store_put(SigV4OperationSigningConfig {
        region: Some(SigningRegion::from(region)),
        name: Some(SigningName::from_static(service.name)),
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

/// The service's own endpoint URL, as the environment or the profile sets it.
fn of_service(config: &SdkConfig, service: &Service) -> Option<String> {
    let key =
        ServiceConfigKey::builder().service_id(service.id).env("AWS_ENDPOINT_URL").profile("endpoint_url");
    config.service_config()?.load_config(key.build().ok()?)
}

fn request(form: String) -> Result<HttpRequest, BoxError> {
    let mut request = HttpRequest::new(SdkBody::from(form));
    request.set_method("POST")?;
    request.set_uri("/")?;
    request.headers_mut().insert("content-type", "application/x-www-form-urlencoded");
    Ok(request)
}

/// What a service that speaks JSON answers.
#[derive(Debug)]
pub(crate) struct Posted {
    /// `X-Amz-Function-Error`: the function that was invoked failed.
    pub(crate) function_error: Option<String>,
    pub(crate) body: Vec<u8>,
}

fn posting((path, document): (String, Vec<u8>)) -> Result<HttpRequest, BoxError> {
    let mut request = HttpRequest::new(SdkBody::from(document));
    request.set_method("POST")?;
    request.set_uri(path)?;
    request.headers_mut().insert("content-type", "application/json");
    Ok(request)
}

fn posted(response: &HttpResponse) -> Result<Posted, OrchestratorError<ErrorMetadata>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        let function_error = response.headers().get("x-amz-function-error").map(str::to_owned);
        return Ok(Posted { function_error, body: body.to_vec() });
    }
    let mut error = apply_request_id(ErrorMetadata::builder(), response.headers());
    // The code may be followed by a colon and a URL, or stand in the body alone.
    let code = response.headers().get("x-amzn-errortype").and_then(|code| code.split(':').next());
    let own: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let told = |name: &str| own.as_ref()?.get(name)?.as_str().map(str::to_owned);
    if let Some(code) = code.map(str::to_owned).or_else(|| told("__type").or_else(|| told("code"))) {
        error = error.code(code);
    }
    if let Some(message) = told("Message").or_else(|| told("message")) {
        error = error.message(message);
    }
    Err(OrchestratorError::operation(error.build()))
}

fn response<T: DeserializeOwned>(response: &HttpResponse) -> Result<T, OrchestratorError<ErrorMetadata>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        return quick_xml::de::from_reader(body).map_err(OrchestratorError::other);
    }
    let mut error = apply_request_id(ErrorMetadata::builder(), response.headers());
    // A body that is not the service's (a proxy's page, say) leaves the error without a code.
    let first = quick_xml::de::from_reader(body).ok().and_then(ErrorBody::first);
    if let Some(ErrorCode { code, message }) = first {
        error = error.code(code).message(message);
    }
    Err(OrchestratorError::operation(error.build()))
}

/// EC2 lists its errors, the others have one.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorBody {
    errors: Option<Errors>,
    error: Option<ErrorCode>,
}

impl ErrorBody {
    fn first(self) -> Option<ErrorCode> {
        self.error.or(self.errors.map(|errors| errors.error))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Errors {
    error: ErrorCode,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorCode {
    code: String,
    message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(xml: &str) {
        let status = 404.try_into().expect("a status");
        let error = response::<String>(&HttpResponse::new(status, SdkBody::from(xml))).unwrap_err();
        let code = error.as_operation_error().and_then(|error| error.code());
        assert_eq!(code, Some("NoSuchEntity"), "{xml}");
    }

    #[test]
    fn errors_are_read_in_both_forms() {
        check(
            "<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>m</Message></Error><RequestId>1</RequestId></ErrorResponse>",
        );
        check(
            "<Response><Errors><Error><Code>NoSuchEntity</Code><Message>m</Message></Error></Errors><RequestID>1</RequestID></Response>",
        );
    }
}
