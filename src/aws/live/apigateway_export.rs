//! The deployed snapshot of a stage, from its OpenAPI export: what requests run over, whatever was changed since.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/api/API_GetExport.html>

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::aws::model::{Integration, Resource};
use crate::ids::Arn;

/// Reads the integrations of an export with the extension `integrations`.
pub(crate) fn resources(document: &[u8]) -> Result<Vec<Resource>, serde_json::Error> {
    let export: Export = serde_json::from_slice(document)?;
    let resource = |(path, methods): (String, BTreeMap<String, serde_json::Value>)| Resource {
        path,
        integrations: methods.into_iter().filter_map(|(verb, method)| integration(&verb, method)).collect(),
    };
    Ok(export.paths.into_iter().map(resource).collect())
}

fn integration(verb: &str, method: serde_json::Value) -> Option<(String, Integration)> {
    // A path holds more than methods: parameters, a summary.
    let method: Method = serde_json::from_value(method).ok()?;
    let wire = method.integration?;
    let verb =
        if verb == "x-amazon-apigateway-any-method" { "ANY".to_owned() } else { verb.to_ascii_uppercase() };
    let kind = wire.kind.unwrap_or_default().to_ascii_uppercase();
    let templates = wire.request_templates.values().filter_map(serde_json::Value::as_str);
    let noun = Integration {
        template_variables: Integration::variables_of(&kind, templates),
        kind,
        uri: wire.uri,
        private: wire.connection_type.as_deref() == Some("VPC_LINK"),
        connection_id: wire.connection_id,
        target: wire.integration_target.map(Arn::new),
        timeout_ms: wire.timeout_in_millis,
        streaming: wire.response_transfer_mode.map(|mode| mode == "STREAM"),
        insecure_skip_verification: wire.tls_config.map(|tls| tls.insecure_skip_verification),
    };
    Some((verb, noun))
}

#[derive(Deserialize)]
struct Export {
    #[serde(default)]
    paths: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
}

#[derive(Deserialize)]
struct Method {
    #[serde(rename = "x-amazon-apigateway-integration")]
    integration: Option<WireIntegration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireIntegration {
    #[serde(rename = "type")]
    kind: Option<String>,
    uri: Option<String>,
    connection_type: Option<String>,
    connection_id: Option<String>,
    integration_target: Option<String>,
    timeout_in_millis: Option<i32>,
    response_transfer_mode: Option<String>,
    tls_config: Option<TlsConfig>,
    #[serde(default)]
    request_templates: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TlsConfig {
    #[serde(default)]
    insecure_skip_verification: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrations_are_read_from_an_export() {
        let document = br#"{"openapi": "3.0.1", "paths": {
            "/orders": {
                "get": {"responses": {}, "x-amazon-apigateway-integration": {"type": "http_proxy",
                    "uri": "https://orders/${stageVariables.v}", "connectionType": "VPC_LINK", "connectionId": "abc123"}},
                "parameters": []
            },
            "/{proxy+}": {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": {"type": "mock"}}}
        }}"#;
        let resources = resources(document).unwrap();
        let get = &resources[0].integrations["GET"];
        assert_eq!(
            (get.kind.as_str(), get.private, get.connection_id.as_deref()),
            ("HTTP_PROXY", true, Some("abc123"))
        );
        assert_eq!(resources[1].integrations["ANY"].kind, "MOCK");
    }
}
