//! Answers in JSON without their nulls. Where a method was made in the console, API Gateway answers with
//! `"responseTemplates": {"application/json": null}`, and the SDK refuses null in a map: one would cost the whole answer.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use memchr::memmem;
use serde_json::Value;

/// The same client, whose answers hold no null.
pub(crate) fn without_nulls(client: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(Client(client))
}

#[derive(Debug)]
struct Client(SharedHttpClient);

impl HttpClient for Client {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector(self.0.http_connector(settings, components)))
    }
}

#[derive(Debug)]
struct Connector(SharedHttpConnector);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answered = self.0.call(request);
        HttpConnectorFuture::new(async move { read_whole(answered.await?).await })
    }
}

async fn read_whole(mut response: HttpResponse) -> Result<HttpResponse, ConnectorError> {
    let is_json = response.headers().get("content-type").is_some_and(|kind| kind.contains("json"));
    if is_json {
        let body = std::mem::replace(response.body_mut(), SdkBody::taken());
        let body = ByteStream::new(body).collect().await.map_err(|error| ConnectorError::io(error.into()))?;
        let body = body.into_bytes();
        *response.body_mut() = match stripped(&body) {
            Some(stripped) => {
                response.headers_mut().remove("content-length");
                SdkBody::from(stripped)
            }
            None => SdkBody::from(body.to_vec()),
        };
    }
    Ok(response)
}

/// The document without members and items that are null; `None` where it holds none, or is no JSON.
fn stripped(document: &[u8]) -> Option<Vec<u8>> {
    // Most answers are not parsed for this.
    memmem::find(document, b"null")?;
    let mut document: Value = serde_json::from_slice(document).ok()?;
    strip(&mut document);
    serde_json::to_vec(&document).ok()
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => {
            items.retain(|item| !item.is_null());
            items.iter_mut().for_each(strip);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(document: &str, expected: Option<&str>) {
        let found = stripped(document.as_bytes()).map(|found| String::from_utf8(found).unwrap());
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn nulls_go_and_nothing_else() {
        let method =
            r#"{"responseTemplates":{"application/json":null},"uri":"a","list":[null,1,{"b":null}]}"#;
        check(method, Some(r#"{"list":[1,{}],"responseTemplates":{},"uri":"a"}"#));
        check(r#"{"a":"null","n":1446835267.5}"#, Some(r#"{"a":"null","n":1446835267.5}"#));
        check(r#"{"a":1}"#, None);
        check("<html>null</html>", None);
    }
}
