//! A stage's `accessLogSettings.format` → a parser for its lines: the format is a template over known variables.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::access::{AccessLine, Variable};
use super::access_keys;
use super::access_pattern::{Part, Pattern};
use crate::ids::{ApiId, ApiKind};

/// What this program would like a stage to log: valid for REST and HTTP APIs, and below the 1,024 characters that an HTTP
/// API's stage takes. Every value is quoted, since a variable without a value is written `-`.
///
/// REST APIs write `-` for `routeKey`. HTTP APIs refuse variables that they lack, so `resourcePath` and `waf` stay out.
/// Source: <https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages-stagename.html>
pub const RECOMMENDED_FORMAT: &str = concat!(
    r#"{"apiId":"$context.apiId","stage":"$context.stage","requestId":"$context.requestId","#,
    r#""extendedRequestId":"$context.extendedRequestId","requestTimeEpoch":"$context.requestTimeEpoch","#,
    r#""httpMethod":"$context.httpMethod","routeKey":"$context.routeKey","status":"$context.status","#,
    r#""responseLatency":"$context.responseLatency","integrationStatus":"$context.integration.status","#,
    r#""integrationServiceStatus":"$context.integration.integrationStatus","#,
    r#""integrationLatency":"$context.integration.latency","integrationRequestId":"$context.integration.requestId","#,
    r#""errorResponseType":"$context.error.responseType","authorizerError":"$context.authorizer.error","#,
    r#""errorMessage":"$context.error.message","integrationError":"$context.integration.error","path":"$context.path"}"#
);

/// Longest template that is compiled: AWS allows 3 KB.
const LONGEST_TEMPLATE: usize = 8 << 10;

/// Longest line that is read; CloudWatch Logs takes no longer event.
const LONGEST_LINE: usize = 1 << 20;

/// The formats that AWS's console and the Serverless Framework write, for lines whose stage is not known.
///
/// Sources: <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html>,
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html>,
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html>,
/// <https://github.com/serverless/serverless> (`api-gateway/lib/stage.js`)
const COMMON: [&str; 11] = [
    r#"$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId $context.extendedRequestId"#,
    r#"$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.routeKey $context.protocol" $context.status $context.responseLength $context.requestId $context.integrationErrorMessage"#,
    r#"$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.routeKey $context.protocol" $context.status $context.responseLength $context.requestId"#,
    r#"$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId"#,
    "$context.identity.sourceIp,$context.requestTime,$context.httpMethod,$context.routeKey,$context.protocol,$context.status,$context.responseLength,$context.requestId",
    "$context.identity.sourceIp,$context.identity.caller,$context.identity.user,$context.requestTime,$context.httpMethod,$context.resourcePath,$context.protocol,$context.status,$context.responseLength,$context.requestId,$context.extendedRequestId",
    "$context.identity.sourceIp,$context.identity.caller,$context.identity.user,$context.requestTime,$context.httpMethod,$context.resourcePath,$context.protocol,$context.status,$context.responseLength,$context.requestId",
    r#"<request id="$context.requestId"> <ip>$context.identity.sourceIp</ip> <requestTime>$context.requestTime</requestTime> <httpMethod>$context.httpMethod</httpMethod> <routeKey>$context.routeKey</routeKey> <status>$context.status</status> <protocol>$context.protocol</protocol> <responseLength>$context.responseLength</responseLength> </request>"#,
    r#"<request id="$context.requestId"> <ip>$context.identity.sourceIp</ip> <caller>$context.identity.caller</caller> <user>$context.identity.user</user> <requestTime>$context.requestTime</requestTime> <httpMethod>$context.httpMethod</httpMethod> <resourcePath>$context.resourcePath</resourcePath> <status>$context.status</status> <protocol>$context.protocol</protocol> <responseLength>$context.responseLength</responseLength> <extendedRequestId>$context.extendedRequestId</extendedRequestId> </request>"#,
    r#"<request id="$context.requestId"> <ip>$context.identity.sourceIp</ip> <caller>$context.identity.caller</caller> <user>$context.identity.user</user> <requestTime>$context.requestTime</requestTime> <httpMethod>$context.httpMethod</httpMethod> <resourcePath>$context.resourcePath</resourcePath> <status>$context.status</status> <protocol>$context.protocol</protocol> <responseLength>$context.responseLength</responseLength> </request>"#,
    "requestId: $context.requestId, ip: $context.identity.sourceIp, caller: $context.identity.caller, user: $context.identity.user, requestTime: $context.requestTime, httpMethod: $context.httpMethod, resourcePath: $context.resourcePath, status: $context.status, protocol: $context.protocol, responseLength: $context.responseLength",
];

/// The access-log format of a stage, compiled.
#[derive(Clone, Debug)]
pub struct AccessFormat {
    template: String,
    of_stage: Option<(ApiId, String)>,
    kind: Option<ApiKind>,
    whole: Pattern,
    /// Keys of a JSON template, and what stands under each.
    keys: Vec<(String, Pattern)>,
    /// Whether a JSON line is matched by its literals alone: each value is bare or fills its quotes.
    strict: bool,
}

impl AccessFormat {
    /// Compiles a template. What is no variable of API Gateway's is text.
    pub fn compile(template: &str) -> Self {
        let end = floor(template, LONGEST_TEMPLATE);
        let template = template[..end].trim();
        let whole = Pattern::compile(template);
        let json = template.starts_with('{').then(|| access_keys::template(template)).flatten();
        let keys = json.as_ref().map(keys).unwrap_or_default();
        let strict = json.is_some() && whole.parts.iter().all(|part| part.is_strict());
        Self { template: template.to_owned(), of_stage: None, kind: None, whole, keys, strict }
    }

    /// The same for lines of one stage, which a line need not name then.
    pub fn of_stage(self, api: ApiId, stage: impl Into<String>) -> Self {
        Self { of_stage: Some((api, stage.into())), ..self }
    }

    /// The same for lines of one kind of API.
    pub fn of_kind(self, kind: ApiKind) -> Self {
        Self { kind: Some(kind), ..self }
    }

    /// The kind of API that writes in this format, where that is known.
    pub fn kind(&self) -> Option<ApiKind> {
        self.kind
    }

    /// Whether the format logs this variable.
    pub fn logs(&self, variable: Variable) -> bool {
        self.whole.parts.iter().any(|part| part.variable == Some(variable))
    }

    /// The stage that writes in this format, where only one does.
    pub fn stage(&self) -> Option<(&ApiId, &str)> {
        self.of_stage.as_ref().map(|(api, stage)| (api, stage.as_str()))
    }

    /// The template as the stage has it.
    pub fn template(&self) -> &str {
        &self.template
    }

    /// A filter pattern of CloudWatch Logs that passes failures alone; `None` where a line can be other than sound JSON with
    /// a quoted status, so that a pattern could lose a failure.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>
    pub fn failures_only(&self) -> Option<String> {
        let quoted = self.strict && self.whole.parts.iter().all(|part| part.quoted);
        // It brings quotation marks of its own.
        if !quoted || self.template.contains("$context.error.messageString") {
            return None;
        }
        let is_status =
            |pattern: &Pattern| matches!(&pattern.parts[..], [Part { variable: Some(Variable::Status), .. }]);
        let (key, _) = self.keys.iter().find(|(_, pattern)| is_status(pattern))?;
        let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_');
        plain.then(|| format!("{{ $.{key} = \"5*\" }}"))
    }

    /// Whether a line has the texts of this template, all of them and in this order.
    pub(super) fn fits(&self, line: &str) -> bool {
        self.whole.read(line.trim(), &mut AccessLine::default())
    }

    /// Reads a line; `None` where it is of some other shape.
    pub fn read<'a>(&self, line: &'a str) -> Option<AccessLine<'a>> {
        let line = line.trim();
        if line.len() > LONGEST_LINE {
            return None;
        }
        let mut strict = AccessLine::default();
        if self.strict && self.whole.read_strictly(line, &mut strict) {
            return strict.is_sound().then_some(strict);
        }
        if !self.keys.is_empty() {
            let mut found = AccessLine::default();
            let wanted =
                |path: &str| self.keys.iter().find(|(key, _)| key == path).map(|(_, pattern)| pattern);
            let read = access_keys::walk(line, &mut |path, text: Cow<'a, str>| {
                if let Some(pattern) = wanted(path) {
                    pattern.read_value(text, &mut found);
                }
            });
            if read && found.is_sound() {
                return Some(found);
            }
        }
        let mut found = AccessLine::default();
        (self.whole.read(line, &mut found) && found.is_sound()).then_some(found)
    }
}

/// Reads a line whose stage is known to write in one of these formats, or else by its keys, or in a format that AWS's own
/// tools write.
pub(super) fn read<'a>(line: &'a str, formats: &[AccessFormat]) -> Option<AccessLine<'a>> {
    formats.iter().find_map(|format| format.read(line)).or_else(|| read_unknown(line))
}

/// Whether a line is an access line in one of these formats or in any that is known: nothing in it is a line by itself.
pub(super) fn is_access(line: &str, formats: &[AccessFormat]) -> bool {
    // A line of an execution log, as a rule.
    !line.starts_with('(') && read(line.trim(), formats).is_some()
}

/// Reads a line in nothing but what it says itself.
fn read_unknown(line: &str) -> Option<AccessLine<'_>> {
    static COMPILED: std::sync::LazyLock<Vec<AccessFormat>> =
        std::sync::LazyLock::new(|| COMMON.iter().map(|template| AccessFormat::compile(template)).collect());
    let line = line.trim();
    if line.len() > LONGEST_LINE {
        return None;
    }
    if line.starts_with('{') {
        return access_keys::read(line).filter(AccessLine::is_api_gateways);
    }
    // A value in marks at the end is none of theirs: other formats have the client's program there.
    if line.ends_with('"') {
        return None;
    }
    COMPILED.iter().find_map(|format| format.read(line).filter(AccessLine::has_own_ids))
}

/// The keys of a JSON template that hold variables.
fn keys(template: &Json) -> Vec<(String, Pattern)> {
    fn collect(value: &Json, path: &str, keys: &mut Vec<(String, Pattern)>) {
        match value {
            Json::Object(fields) => {
                for (key, value) in fields {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    collect(value, &path, keys);
                }
            }
            Json::String(text) => {
                let pattern = Pattern::compile(text);
                if pattern.parts.iter().any(|part| part.variable.is_some()) {
                    keys.push((path.to_owned(), pattern));
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(template, "", &mut found);
    found
}

/// The last place at or before this one where a character begins.
fn floor(text: &str, most: usize) -> usize {
    (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0)
}
