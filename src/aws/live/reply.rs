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

use crate::aws::live::errors::shortened;

/// Puts a document to a pre-signed address of AWS's.
///
/// # Errors
///
/// Why it could not be delivered. The address stays out of the text: it lets its bearer answer in our name.
pub async fn put(config: &SdkConfig, url: &str, document: String) -> Result<(), String> {
    if !is_of_aws(url) && !is_of_emulator(url, config.endpoint_url()) {
        return Err("the address to answer to is not an https address of AWS's".to_owned());
    }
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

/// Whether an address is AWS's own: a principal that may invoke the function must not choose where it sends anything.
fn is_of_aws(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    is_plain && [".amazonaws.com", ".amazonaws.com.cn"].iter().any(|domain| host.ends_with(domain))
}

/// Whether an address lies on this machine, and the SDK was told to speak with an emulator on it.
fn is_of_emulator(url: &str, endpoint: Option<&str>) -> bool {
    let is_loopback =
        |url: &str| url.starts_with("http://127.0.0.1:") || url.starts_with("http://localhost:");
    is_loopback(url) && endpoint.is_some_and(is_loopback)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_addresses_of_aws_are_answered() {
        for url in [
            "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/arn%3Aaws?X-Amz-Signature=a",
            "https://cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.amazonaws.com.cn/x",
        ] {
            assert!(is_of_aws(url), "{url}");
        }
        for url in [
            "http://bucket.s3.amazonaws.com/x",
            "https://evil.example/amazonaws.com",
            "https://evil.example?x.amazonaws.com",
            "https://evil.example#.amazonaws.com",
            "https://s3.amazonaws.com.evil.example/x",
            "https://s3.amazonaws.com:443@evil.example/x",
            "https://evil.example\\.amazonaws.com/x",
            "https://notamazonaws.com/x",
            "https://",
        ] {
            assert!(!is_of_aws(url), "{url}");
        }
    }

    #[test]
    fn an_emulator_is_answered_only_where_the_sdk_speaks_with_one() {
        let url = "http://127.0.0.1:4566/x";
        assert!(is_of_emulator(url, Some("http://127.0.0.1:1234")));
        assert!(!is_of_emulator(url, None));
        assert!(!is_of_emulator(url, Some("https://sts.eu-west-1.amazonaws.com")));
        assert!(!is_of_emulator("http://127.0.0.1.evil.example:80/x", Some("http://127.0.0.1:1")));
    }
}
