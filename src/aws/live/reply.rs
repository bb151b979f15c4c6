//! The answer to CloudFormation: one HTTP PUT to an address that is its own permission.

use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;

use crate::aws::live::shortened;

/// Puts a document to a pre-signed address.
///
/// # Errors
///
/// Why it could not be delivered. The address stays out of the text: whoever has it may answer in our name.
pub async fn put(config: &SdkConfig, url: &str, document: String) -> Result<(), String> {
    let place = url.split_once("://").and_then(|(_, rest)| Some(url.len() - rest.len() + rest.find('/')?));
    let Some((host, path)) = place.and_then(|place| url.split_at_checked(place)) else {
        return Err("the address to answer to is none".to_owned());
    };
    let behavior_version = config.behavior_version().unwrap_or_else(BehaviorVersion::latest);
    let mut operation = Operation::builder()
        .service_name("cloudformation")
        .operation_name("PutResponse")
        .behavior_version(behavior_version)
        .endpoint_url(host)
        .no_auth()
        .standard_retry(&config.retry_config().cloned().unwrap_or_else(RetryConfig::standard))
        .retry_classifier(HttpStatusCodeClassifier::default())
        .retry_classifier(TransientErrorClassifier::<ErrorMetadata>::new())
        .serializer(request)
        .deserializer(response);
    if let Some(timeouts) = config.timeout_config() {
        operation = operation.timeout_config(timeouts.clone());
    }
    if let (Some(sleep), Some(time)) = (config.sleep_impl(), config.time_source()) {
        operation = operation.sleep_impl(sleep).time_source(time);
    }
    if let Some(https) = config.http_client() {
        operation = operation.http_client(https);
    }
    let sent = operation.build().invoke((path.to_owned(), document)).await;
    sent.map_err(|error| shortened(&DisplayErrorContext(error).to_string()))
}

/// No content type: the signature covers none. Source:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html>
fn request((path, document): (String, String)) -> Result<HttpRequest, BoxError> {
    let length = document.len().to_string();
    let mut request = HttpRequest::new(SdkBody::from(document));
    request.set_method("PUT")?;
    request.set_uri(path)?;
    request.headers_mut().insert("content-length", length);
    Ok(request)
}

fn response(response: &HttpResponse) -> Result<(), OrchestratorError<ErrorMetadata>> {
    if response.status().is_success() {
        return Ok(());
    }
    let status = response.status().as_u16().to_string();
    Err(OrchestratorError::operation(ErrorMetadata::builder().code(status).build()))
}
