//! AWS's query protocol, and its JSON protocol, over the SDK's own runtime, without generated crates: for services of which
//! a call or a few are needed, those take gigabytes and minutes of one compiler process (see `ARCHITECTURE.md`).
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
use serde_json::Value;

use crate::aws::live::xml::Node;

/// What tells one service from another.
#[derive(Debug)]
pub(crate) struct Service {
    /// The name that requests are signed with.
    pub(crate) name: &'static str,
    /// The name in settings: `EC2` for `AWS_ENDPOINT_URL_EC2`.
    pub(crate) id: &'static str,
    /// How it is spoken with.
    pub(crate) protocol: Protocol,
    /// Where it is, by Region and by whether FIPS and dual stack are asked for.
    pub(crate) place: fn(&Region, Wish) -> Place,
}

/// How a service is spoken with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Protocol {
    /// Forms in, XML out; the version of its API.
    Query(&'static str),
    /// JSON both ways; what stands before an action's name.
    Json(&'static str),
    /// JSON both ways, each action at a path of its own.
    Rest,
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

impl Place {
    /// `host.region.suffix`, with the suffix of the Region's partition.
    pub(crate) fn regional(host: &str, region: &Region, dual_stack: bool) -> Self {
        let suffix = match (region.as_ref().starts_with("cn-"), dual_stack) {
            (false, false) => "amazonaws.com",
            (false, true) => "api.aws",
            (true, false) => "amazonaws.com.cn",
            (true, true) => "api.amazonwebservices.com.cn",
        };
        Self { url: format!("https://{host}.{region}.{suffix}"), region: region.clone() }
    }
}

pub(crate) type Error = SdkError<ErrorMetadata, HttpResponse>;

/// Calls a service.
#[derive(Debug)]
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

    /// Calls an action of the query protocol with parameters, and reads its answer. Where the answer holds a member always,
    /// one without it is none.
    pub(crate) async fn call(
        &self,
        action: &'static str,
        holds: Option<&'static str>,
        parameters: &[(&str, &str)],
    ) -> Result<Node, Error> {
        let Protocol::Query(version) = self.service.protocol else { return Err(other_protocol()) };
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("Action", action), ("Version", version)])
            .extend_pairs(parameters)
            .finish();
        let content = Payload {
            kind: "application/x-www-form-urlencoded",
            path: "/".to_owned(),
            target: None,
            body: form,
        };
        self.invoke(action, content, move |body| {
            // Whatever else comes with status 200, a proxy's page or another answer, is none.
            let root = Node::parse(body).filter(|root| root.name.strip_suffix("Response") == Some(action))?;
            holds.is_none_or(|holds| root.child(holds).is_some()).then_some(root)
        })
        .await
    }

    /// Calls an action of the JSON protocol.
    pub(crate) async fn call_json(&self, action: &'static str, input: &Value) -> Result<Value, Error> {
        let Protocol::Json(prefix) = self.service.protocol else { return Err(other_protocol()) };
        let (kind, target) = ("application/x-amz-json-1.1", Some(format!("{prefix}.{action}")));
        let content = Payload { kind, path: "/".to_owned(), target, body: input.to_string() };
        self.invoke(action, content, |body| serde_json::from_slice(body).ok().filter(Value::is_object)).await
    }

    /// Posts a document to an action's path.
    pub(crate) async fn post(
        &self,
        action: &'static str,
        path: String,
        input: &Value,
    ) -> Result<Value, Error> {
        let Protocol::Rest = self.service.protocol else { return Err(other_protocol()) };
        let content = Payload { kind: "application/json", path, target: None, body: input.to_string() };
        self.invoke(action, content, |body| serde_json::from_slice(body).ok()).await
    }

    async fn invoke<T: std::fmt::Debug + Send + Sync + 'static>(
        &self,
        action: &'static str,
        content: Payload,
        read: impl Fn(&[u8]) -> Option<T> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        let operation = Operation::builder()
            .service_name(self.service.name)
            .operation_name(action)
            .behavior_version(self.behavior_version)
            .serializer(request)
            .deserializer(move |answer: &HttpResponse| response(answer, action, &read))
            .runtime_plugin(self.plugin.clone());
        operation.build().invoke(content).await
    }
}

fn other_protocol() -> Error {
    Error::construction_failure("the service speaks another protocol")
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

/// What is sent.
#[derive(Debug)]
struct Payload {
    kind: &'static str,
    path: String,
    target: Option<String>,
    body: String,
}

fn request(content: Payload) -> Result<HttpRequest, BoxError> {
    let mut request = HttpRequest::new(SdkBody::from(content.body));
    request.set_method("POST")?;
    request.set_uri(content.path)?;
    request.headers_mut().insert("content-type", content.kind);
    if let Some(target) = content.target {
        request.headers_mut().insert("x-amz-target", target);
    }
    Ok(request)
}

fn response<T>(
    response: &HttpResponse,
    action: &str,
    read: impl Fn(&[u8]) -> Option<T>,
) -> Result<T, OrchestratorError<ErrorMetadata>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        return read(body).ok_or_else(|| OrchestratorError::other(format!("it is no answer to {action}")));
    }
    let mut error = apply_request_id(ErrorMetadata::builder(), response.headers());
    // A body that is not the service's (a proxy's page, say) leaves the error without a code.
    if let Some((code, message)) = error_in_xml(body).or_else(|| error_in_json(response, body)) {
        error = error.code(code).message(message.unwrap_or_default());
    }
    Err(OrchestratorError::operation(error.build()))
}

/// EC2 lists its errors, others have one; a code may stand alone.
fn error_in_xml(body: &[u8]) -> Option<(String, Option<String>)> {
    let root = Node::parse(body)?;
    let error = root.find("Error", "Code")?;
    Some((error.text("Code")?, error.text("Message")))
}

/// In the JSON protocol the code stands in a header or in the body, with a namespace before it or an address behind it.
///
/// Source: <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization>
fn error_in_json(response: &HttpResponse, body: &[u8]) -> Option<(String, Option<String>)> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |member: &str| body[member].as_str().map(str::to_owned);
    let code = response.headers().get("x-amzn-errortype").map(str::to_owned);
    let code = code.or_else(|| text("__type")).or_else(|| text("code"))?;
    let code = code.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default();
    (!code.is_empty()).then(|| (code.to_owned(), text("message").or_else(|| text("Message"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> HttpResponse {
        HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body))
    }

    #[track_caller]
    fn check(body: &str, expected: Option<&str>) {
        let error = response::<Node>(&answer(404, body), "GetServerCertificate", Node::parse).unwrap_err();
        let code = error.as_operation_error().and_then(|error| error.code());
        assert_eq!(code, expected, "{body}");
    }

    #[test]
    fn errors_are_read_in_every_form() {
        const ERROR: &str = "<Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>m</Message></Error>";
        let found = Some("NoSuchEntity");
        check(&format!("<ErrorResponse>{ERROR}<RequestId>1</RequestId></ErrorResponse>"), found);
        check(&format!("<Response><Errors>{ERROR}</Errors><RequestID>1</RequestID></Response>"), found);
        check("<Response><Errors><Error><Code>NoSuchEntity</Code></Error></Errors></Response>", found);
        let two = format!("<Response><Errors>{ERROR}<Error><Code>Other</Code></Error></Errors></Response>");
        check(&two, found);
        check(r#"{"__type": "com.amazonaws.x#NoSuchEntity", "message": "m"}"#, found);
        check(r#"{"__type": "NoSuchEntity:http://x"}"#, found);
        check("<html><body>no</body></html>", None);
        check("", None);
    }

    #[test]
    fn something_else_with_status_200_is_no_answer() {
        let named = |body: &[u8]| Node::parse(body).filter(|root| root.name == "DescribeSubnetsResponse");
        for body in ["", "{}", "<html/>", "<DescribeVpcsResponse/>", "<DescribeSubnetsResponse>"] {
            assert!(response(&answer(200, body), "DescribeSubnets", named).is_err(), "{body}");
        }
        assert!(response(&answer(200, "<DescribeSubnetsResponse/>"), "DescribeSubnets", named).is_ok());
    }
}
