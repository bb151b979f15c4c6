//! Which service and operation a request is, and with what parameters.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::http::Request;
use super::wire::cbor;

/// One call of an AWS API.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The service as IAM names it (`elasticloadbalancing`), but `apigatewayv2` for that API of `apigateway`.
    pub service: String,
    /// The operation (`DescribeListeners`); empty where the request is none we know.
    pub operation: String,
    /// The parameters: query and path parameters as strings, lists as arrays, `Filter` as an array of objects.
    pub params: Value,
    /// Whether it carried a `SigV4` signature. The signature itself is not verified.
    pub signed: bool,
    /// The access key that signed it.
    pub access_key: String,
    /// The region of the credential scope.
    pub region: String,
    /// How it was put on the wire, and how the answer has to be.
    pub protocol: Protocol,
}

/// AWS's wire protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Form in, XML out: `elasticloadbalancing`, `sns`, `sts`.
    Query,
    /// EC2's dialect of it.
    Ec2,
    /// JSON with `X-Amz-Target`: `acm`, `logs`, `dynamodb`, …
    Json,
    /// REST with JSON bodies: API Gateway.
    RestJson,
    /// Smithy RPC v2 CBOR: `cloudwatch`.
    Cbor,
}

impl Call {
    /// Reads a request.
    pub fn of(request: &Request) -> Self {
        let authorization = request.header("authorization");
        let (access_key, region, scope) = scope(authorization).unwrap_or_default();
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let path: Vec<String> = path.split('/').skip(1).map(|part| decode(part, false)).collect();
        let service = service(&scope, &path);
        let (protocol, operation, params) = dispatch(&service, request, &path, query);
        let signed = authorization.starts_with("AWS4-HMAC-SHA256 ") && authorization.contains("Signature=");
        Self { service, operation, params, signed, access_key, region, protocol }
    }

    /// `elasticloadbalancing:DescribeListeners`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }

    /// The IAM action it needs; API Gateway's are named after the verb.
    pub fn action(&self) -> String {
        match self.service.as_str() {
            "apigateway" | "apigatewayv2" => "apigateway:GET".to_owned(),
            "lambda" => format!("lambda:{}Function", self.operation),
            _ => self.name(),
        }
    }

    /// A parameter's text; empty when it was not given.
    pub fn text(&self, param: &str) -> &str {
        self.params[param].as_str().unwrap_or_default()
    }

    /// A parameter that is a list of texts; empty when it was not given.
    pub fn texts(&self, param: &str) -> Vec<&str> {
        self.params[param].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// A parameter that is a number.
    pub fn number(&self, param: &str) -> Option<usize> {
        self.text(param).parse().ok()
    }
}

/// Key, region and service of `Credential=AKID/20260101/eu-west-1/sns/aws4_request`.
fn scope(authorization: &str) -> Option<(String, String, String)> {
    let (_, credential) = authorization.split_once("Credential=")?;
    let mut parts = credential.split(',').next()?.split('/');
    let (key, _date) = (parts.next()?.to_owned(), parts.next()?);
    Some((key, parts.next()?.to_owned(), parts.next()?.to_owned()))
}

fn service(scope: &str, path: &[String]) -> String {
    match (scope, path.first().map(String::as_str)) {
        ("apigateway", Some("v2")) => "apigatewayv2",
        ("monitoring", _) => "cloudwatch",
        (other, _) => other,
    }
    .to_owned()
}

fn dispatch(service: &str, request: &Request, path: &[String], query: &str) -> (Protocol, String, Value) {
    if request.header("smithy-protocol") == "rpc-v2-cbor" {
        let params = cbor::decode(&request.body).unwrap_or_default();
        return (Protocol::Cbor, path.last().cloned().unwrap_or_default(), params);
    }
    if let Some((_, operation)) = request.header("x-amz-target").rsplit_once('.') {
        let params = serde_json::from_slice(&request.body).unwrap_or_default();
        return (Protocol::Json, operation.to_owned(), params);
    }
    if service == "lambda" {
        let payload: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let (operation, params) = match path {
            [_, functions, name, invocations] if functions == "functions" && invocations == "invocations" => {
                ("Invoke", json!({ "FunctionName": name, "Payload": payload }))
            }
            _ => ("", json!({})),
        };
        return (Protocol::RestJson, operation.to_owned(), params);
    }
    if service.starts_with("apigateway") {
        let (operation, params) = rest(&request.method, path, query);
        return (Protocol::RestJson, operation, params);
    }
    let mut params = form(&String::from_utf8_lossy(&request.body));
    let action = params.as_object_mut().and_then(|params| params.remove("Action"));
    let protocol = if service == "ec2" { Protocol::Ec2 } else { Protocol::Query };
    (protocol, action.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned(), params)
}

/// API Gateway's paths, those that are read here.
fn rest(method: &str, path: &[String], query: &str) -> (String, Value) {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let (operation, mut params) = match (method, path.as_slice()) {
        ("GET", ["account"]) => ("GetAccount", json!({})),
        ("GET", ["restapis"]) => ("GetRestApis", json!({})),
        ("GET", ["restapis", api, "stages"]) => ("GetStages", json!({ "restApiId": api })),
        ("GET", ["v2", "apis"]) => ("GetApis", json!({})),
        ("GET", ["v2", "apis", api, "stages"]) => ("GetStages", json!({ "apiId": api })),
        ("GET", ["v2", "apis", api, "integrations"]) => ("GetIntegrations", json!({ "apiId": api })),
        ("GET", ["v2", "apis", api]) => ("GetApi", json!({ "apiId": api })),
        ("GET", ["v2", "apis", api, "routes"]) => ("GetRoutes", json!({ "apiId": api })),
        ("GET", ["v2", "apis", api, "stages", stage]) => {
            ("GetStage", json!({ "apiId": api, "stageName": stage }))
        }
        ("GET", ["v2", "apis", api, "exports", _]) => ("ExportApi", json!({ "apiId": api })),
        ("GET", ["restapis", api]) => ("GetRestApi", json!({ "restApiId": api })),
        ("GET", ["restapis", api, "resources"]) => ("GetResources", json!({ "restApiId": api })),
        ("GET", ["restapis", api, "stages", stage]) => {
            ("GetStage", json!({ "restApiId": api, "stageName": stage }))
        }
        ("GET", ["restapis", api, "stages", stage, "exports", kind]) => {
            ("GetExport", json!({ "restApiId": api, "stageName": stage, "exportType": kind }))
        }
        ("GET", ["vpclinks", link]) => ("GetVpcLink", json!({ "vpcLinkId": link })),
        ("GET", ["v2", "vpclinks", link]) => ("GetVpcLink", json!({ "vpcLinkId": link })),
        _ => ("", json!({})),
    };
    for (key, value) in pairs(query) {
        params[key] = Value::String(value);
    }
    (operation.to_owned(), params)
}

/// A form's parameters, with `A.member.1` and `A.1` as lists, `A.B` as an object, `A.entry.1.Name` as a list of objects.
pub fn form(body: &str) -> Value {
    let mut root = Node::default();
    for (key, value) in pairs(body).into_iter().filter(|(key, _)| key != "Version") {
        let leaf =
            key.split('.').fold(&mut root, |node, part| node.children.entry(part.to_owned()).or_default());
        leaf.value = Some(value);
    }
    root.children.into_iter().map(|(key, node)| (key, node.fold())).collect::<Map<_, _>>().into()
}

#[derive(Default)]
struct Node {
    value: Option<String>,
    children: BTreeMap<String, Self>,
}

impl Node {
    fn fold(mut self) -> Value {
        if let Some(value) = self.value {
            return Value::String(value);
        }
        if self.children.len() == 1
            && let Some(wrapped) = self.children.remove("member").or_else(|| self.children.remove("entry"))
        {
            return wrapped.fold();
        }
        let mut numbered: Vec<(usize, &String)> =
            self.children.keys().filter_map(|key| Some((key.parse().ok()?, key))).collect();
        if numbered.is_empty() || numbered.len() < self.children.len() {
            return self
                .children
                .into_iter()
                .map(|(key, node)| (key, node.fold()))
                .collect::<Map<_, _>>()
                .into();
        }
        numbered.sort_unstable();
        let keys: Vec<String> = numbered.into_iter().map(|(_, key)| key.clone()).collect();
        keys.iter().filter_map(|key| self.children.remove(key)).map(Self::fold).collect()
    }
}

fn pairs(form: &str) -> Vec<(String, String)> {
    let pairs = form.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key, true), decode(value, true)))
        .collect()
}

/// Undoes percent-encoding; in forms and queries a plus is a space.
fn decode(text: &str, plus: bool) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escaped =
            (byte == b'%').then(|| tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok())).flatten();
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                rest = &tail[2..];
            }
            None => {
                out.push(if plus && byte == b'+' { b' ' } else { byte });
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
