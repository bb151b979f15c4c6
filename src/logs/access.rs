//! One line of an access log → an [`AccessLine`]: what API Gateway's `$context` variables say of one request.
//!
//! A stage's owner writes the format, so the same fact stands under any name, in any order, or not at all. API Gateway
//! writes `-` for a variable that has no value for this request. So a value can be missing in two ways: the format does
//! not log it, or there was no such thing. Only the second says something about the request.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::strtime;

use crate::ids::ApiKind;
use crate::logs::line::{self, Kind, LogLine};

/// The variables that this program reads.
///
/// Sources: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html>,
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are AWS's own")]
pub enum Variable {
    ApiId,
    Stage,
    RequestId,
    ExtendedRequestId,
    Domain,
    Time,
    Epoch,
    Method,
    RouteKey,
    ResourcePath,
    Path,
    Status,
    /// `$context.integration.status`: what the backend answered; for a Lambda proxy, the function's own `statusCode`.
    BackendStatus,
    /// `$context.integration.integrationStatus`: what the Lambda service answered to the call.
    ServiceStatus,
    /// `$context.integrationStatus`, or a key of that name: either of the two, by the kind of API and its owner's taste.
    EitherStatus,
    IntegrationLatency,
    ResponseLatency,
    IntegrationError,
    IntegrationRequestId,
    ErrorMessage,
    ResponseType,
    AuthorizerError,
    WafError,
}

impl Variable {
    pub(super) const COUNT: usize = Self::WafError as usize + 1;

    /// The variable of this name, without its `$context.`.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "apiId" => Self::ApiId,
            "stage" => Self::Stage,
            "requestId" => Self::RequestId,
            "extendedRequestId" => Self::ExtendedRequestId,
            "domainName" => Self::Domain,
            "requestTime" => Self::Time,
            "requestTimeEpoch" => Self::Epoch,
            "httpMethod" => Self::Method,
            "routeKey" => Self::RouteKey,
            "resourcePath" => Self::ResourcePath,
            "path" => Self::Path,
            "status" => Self::Status,
            "integration.status" => Self::BackendStatus,
            "integration.integrationStatus" => Self::ServiceStatus,
            "integrationStatus" => Self::EitherStatus,
            "integration.latency" | "integrationLatency" => Self::IntegrationLatency,
            "responseLatency" => Self::ResponseLatency,
            "integration.error" | "integrationErrorMessage" => Self::IntegrationError,
            "integration.requestId" | "awsEndpointRequestId" => Self::IntegrationRequestId,
            "error.message" | "error.messageString" => Self::ErrorMessage,
            "error.responseType" => Self::ResponseType,
            "authorizer.error" => Self::AuthorizerError,
            "waf.error" => Self::WafError,
            _ => return None,
        })
    }
}

/// What a line says under one variable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Value<'a> {
    /// The format has no such variable, or the line contradicts itself.
    #[default]
    NotLogged,
    /// `-` or nothing: there was no such thing.
    Nothing,
    /// The text, never empty.
    Text(Cow<'a, str>),
}

impl<'a> Value<'a> {
    fn of(text: Cow<'a, str>) -> Self {
        let trimmed = text.trim();
        // Formats quote `messageString`, which brings quotation marks of its own.
        let bare = trimmed.trim_matches('"').trim();
        match bare {
            "" | "-" | "null" => Self::Nothing,
            _ if bare.len() == text.len() => Self::Text(text),
            _ => Self::Text(match &text {
                Cow::Borrowed(text) => Cow::Borrowed(text.trim().trim_matches('"').trim()),
                Cow::Owned(_) => Cow::Owned(bare.to_owned()),
            }),
        }
    }
}

/// One request, as its access line tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessLine<'a> {
    values: [Value<'a>; Variable::COUNT],
    /// Variables whose key stood in the line twice with different values: a client's own text may look like a key.
    contradicted: u32,
    /// Whether the verb stands under the name that API Gateway gives it, rather than one that any program may choose.
    pub(super) says_http_method: bool,
}

impl<'a> AccessLine<'a> {
    /// Notes a value. Where two keys hold the same variable, the one that says something wins.
    pub(super) fn set(&mut self, variable: Variable, text: Cow<'a, str>) {
        let (place, value) = (variable as usize, Value::of(text));
        match (&self.values[place], &value) {
            _ if self.contradicted & (1 << place) != 0 => {}
            (Value::Text(_), Value::Nothing) => {}
            (Value::Text(old), Value::Text(new)) if old != new => {
                // A key such as `error` may hold the reason or the client's message: the one that names a failure is meant.
                match (is_sentence(old), is_sentence(new)) {
                    (true, false) => {}
                    (false, true) => self.values[place] = value,
                    _ => {
                        self.contradicted |= 1 << place;
                        self.values[place] = Value::NotLogged;
                    }
                }
            }
            _ => self.values[place] = value,
        }
    }

    /// What the line says under this variable.
    pub fn value(&self, variable: Variable) -> &Value<'a> {
        &self.values[variable as usize]
    }

    /// The text under this variable, where there is one.
    pub fn text(&self, variable: Variable) -> Option<&str> {
        match self.value(variable) {
            Value::Text(text) => Some(text),
            Value::Nothing | Value::NotLogged => None,
        }
    }

    /// Whether the format logs the variable and there was no such thing.
    pub fn is_nothing(&self, variable: Variable) -> bool {
        *self.value(variable) == Value::Nothing
    }

    /// The status sent to the client, after gateway responses have changed it.
    pub fn status(&self) -> Option<u16> {
        self.status_of(Variable::Status)
    }

    /// A status under any of the variables that hold one.
    pub fn status_of(&self, variable: Variable) -> Option<u16> {
        let text = self.text(variable)?;
        let plain = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse().ok()).flatten()
    }

    /// The id that execution logs have too; on HTTP APIs both variables hold the same.
    pub fn request_id(&self) -> Option<&str> {
        self.text(Variable::RequestId).or_else(|| self.text(Variable::ExtendedRequestId))
    }

    /// When the request came.
    pub fn at(&self) -> Option<Timestamp> {
        let epoch = self.text(Variable::Epoch).and_then(since_epoch);
        epoch.or_else(|| time(self.text(Variable::Time)?))
    }

    /// How long the integration took; with streaming, until the stream ended.
    pub fn integration_latency(&self) -> Option<Duration> {
        let text = self.text(Variable::IntegrationLatency)?;
        text.parse().ok().map(Duration::from_millis)
    }

    /// The verb and the resource's path, or the route's, or what the client asked for.
    pub fn route(&self) -> Option<(&str, &str)> {
        let method = self.text(Variable::Method);
        if let Some(path) = self.text(Variable::ResourcePath) {
            return Some((method.unwrap_or("ANY"), path));
        }
        if let Some(key) = self.text(Variable::RouteKey) {
            let (verb, path) = key.split_once(' ').unwrap_or(("ANY", key));
            return Some((method.unwrap_or(verb), path));
        }
        self.text(Variable::Path).map(|path| (method.unwrap_or("ANY"), path))
    }

    /// What kind of API wrote the line, by what only one kind has: REST APIs know resources and give requests UUIDs.
    pub fn api_kind(&self) -> Option<ApiKind> {
        match (self.text(Variable::ResourcePath), self.text(Variable::RouteKey)) {
            (Some(_), None) => return Some(ApiKind::Rest),
            (None, Some("$connect" | "$disconnect")) => return Some(ApiKind::WebSocket),
            (None, Some(_)) => return Some(ApiKind::Http),
            _ => {}
        }
        let id = self.text(Variable::RequestId)?;
        if is_uuid(id) {
            return Some(ApiKind::Rest);
        }
        // Theirs ends as an extended id does, and is the same.
        id.ends_with('=').then_some(ApiKind::Http)
    }

    /// Whether only API Gateway writes such a line: it holds what no other program's has.
    pub fn is_distinct(&self) -> bool {
        const OWN: [Variable; 8] = [
            Variable::ExtendedRequestId,
            Variable::RouteKey,
            Variable::ResourcePath,
            Variable::BackendStatus,
            Variable::ServiceStatus,
            Variable::EitherStatus,
            Variable::IntegrationError,
            Variable::ResponseType,
        ];
        self.knows(&OWN)
    }

    /// Whether this can be an access line: a status and an id, and something else that only API Gateway has to say.
    pub(super) fn is_sound(&self) -> bool {
        self.has_status_and_id() && (self.is_distinct() || self.knows(&CONTEXT))
    }

    /// The same of a line whose template is not known: what it says has to be what only API Gateway says. Web servers and
    /// applications log statuses, ids and verbs, too.
    pub(super) fn is_api_gateways(&self) -> bool {
        let is_error = || self.text(Variable::ErrorMessage).is_some_and(is_sentence);
        let is_own = || self.request_id().is_some_and(is_own_id) && (self.says_http_method || is_error());
        // An application's `errorType` is a class.
        let is_type =
            |name: &str| name.bytes().all(|byte| byte.is_ascii_uppercase() || b"_0123456789".contains(&byte));
        let says_own = || self.is_distinct() || self.knows(&[Variable::ApiId]) || is_own();
        self.has_status_and_id() && self.text(Variable::ResponseType).is_none_or(is_type) && says_own()
    }

    /// Whether its ids have the form that API Gateway gives them.
    pub(super) fn has_own_ids(&self) -> bool {
        let is_extended = |id: &str| id.ends_with('=');
        self.text(Variable::RequestId).is_some_and(is_own_id)
            && self.text(Variable::ExtendedRequestId).is_none_or(is_extended)
    }

    fn has_status_and_id(&self) -> bool {
        let status = self.status().is_some_and(|status| (100..600).contains(&status));
        status && self.request_id().is_some_and(is_id)
    }

    fn knows(&self, variables: &[Variable]) -> bool {
        variables.iter().any(|variable| *self.value(*variable) != Value::NotLogged)
    }
}

/// What only few other programs have to say.
const CONTEXT: [Variable; 5] =
    [Variable::ApiId, Variable::Stage, Variable::Time, Variable::Epoch, Variable::Method];

/// What the values of an access line prove where no sentence does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessOutcome {
    /// The backend was not reached.
    Unreachable,
    /// The backend did not answer in time.
    TimedOut,
    /// The connection broke.
    Broken,
    /// The backend answered with a 5xx.
    BackendError,
    /// Lambda had no concurrency left.
    LambdaThrottled,
    /// Lambda refused the call.
    LambdaRejected,
    /// The authorizer failed.
    AuthorizerFailed,
}

/// The sentences of HTTP APIs, and of access logs alone, that name a cause. `’` is theirs.
///
/// Sources: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html>,
/// <https://github.com/terraform-aws-modules/terraform-aws-apigateway-v2/issues/87>,
/// <https://github.com/DataBiosphere/azul/pull/6624>
const SENTENCES: [&str; 6] = [
    "Lambda Customer Function Error:",
    "The Lambda function returned the following error:",
    "The IAM role configured on the integration or API Gateway doesn",
    "API Gateway doesn't have permissions to assume the IAM role",
    "API Gateway doesn’t have permissions to assume the IAM role",
    "WAF call got timed out",
];

/// Whether a text opens as a sentence by which API Gateway names a failure.
pub(super) fn is_sentence(text: &str) -> bool {
    LogLine::parse(text).kind == Kind::Failure
        || SENTENCES.iter().any(|sentence| line::strip(text, sentence).is_some())
}

/// Whether an id has the form of a REST API's requests, which are UUIDs.
pub(super) fn is_uuid(id: &str) -> bool {
    id.len() == 36
        && id.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Whether an id has the form of one of API Gateway's: those of HTTP and WebSocket APIs end as extended ids do.
fn is_own_id(id: &str) -> bool {
    is_uuid(id) || id.ends_with('=')
}

fn is_id(text: &str) -> bool {
    text.len() <= 256 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=+/.".contains(&byte))
}

/// `24/Nov/2026:16:57:08 +0000`, or an epoch, or RFC 3339.
fn time(text: &str) -> Option<Timestamp> {
    if text.len() > 40 {
        return None;
    }
    since_epoch(text)
        .or_else(|| strtime::parse("%d/%b/%Y:%H:%M:%S %z", text).ok()?.to_timestamp().ok())
        .or_else(|| text.parse().ok())
}

fn since_epoch(text: &str) -> Option<Timestamp> {
    // Fewer digits are some other number.
    if text.len() < 10 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = text.parse().ok()?;
    match number {
        ..100_000_000_000 => Timestamp::from_second(number).ok(),
        _ => Timestamp::from_millisecond(number).ok(),
    }
}
