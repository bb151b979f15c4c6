//! What coverage reads and changes in an account: log groups, their subscription filters, and the lists of APIs.
//!
//! The answers that diagnose a failure are in `queries`; these are lists, a log group's history page by page, and the only
//! three calls that change anything.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::aws::model::{AccessLogSettings, LoggedLine, Resource, Stage};
use crate::aws::reading::ReadError;
use crate::ids::{ApiId, Arn};

/// A subscription filter of a log group. A group has at most one of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    pub name: String,
    /// Which events it passes.
    pub pattern: String,
    /// Where they go.
    pub destination: Arn,
}

impl Filter {
    /// The name of our filter where none is configured.
    pub const DEFAULT_NAME: &'static str = "vpclink-responder";
}

/// A log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroup {
    pub name: String,
    /// Whether its class allows subscriptions: only the standard one does.
    pub subscribable: bool,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The log group, filter or API does not exist (any more).
    Gone,
    /// The log group has as many filters as it may have.
    Full,
    /// Another caller changes the same thing at this moment.
    Busy,
    /// Anything else that stands in the way.
    Other(ReadError),
}

impl CallError {
    /// Whether the same call may succeed a moment later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Full | Self::Busy | Self::Other(ReadError::Throttled | ReadError::TimedOut))
    }

    /// The same as an error of a read.
    pub fn why(self) -> ReadError {
        match self {
            Self::Gone => ReadError::Unreachable("it does not exist any more".to_owned()),
            Self::Full => ReadError::Unreachable("all of its subscription filters are taken".to_owned()),
            Self::Busy => ReadError::Unreachable("another caller changes it at the same time".to_owned()),
            Self::Other(why) => why,
        }
    }
}

/// An account's log groups and their subscription filters.
#[async_trait]
pub trait LogGroups: Send + Sync {
    /// All log groups whose names begin with the prefix.
    async fn groups(&self, prefix: &str) -> Result<Vec<LogGroup>, CallError>;
    /// The subscription filters of a group.
    async fn filters(&self, group: &str) -> Result<Vec<Filter>, CallError>;
    /// Makes a filter, or changes the one of its name.
    async fn put(&self, group: &str, filter: &Filter) -> Result<(), CallError>;
    /// Removes the filter of this name.
    async fn remove(&self, group: &str, name: &str) -> Result<(), CallError>;
}

/// A stretch of a log group's history.
#[derive(Clone, Debug)]
pub struct Stretch {
    pub group: String,
    pub from: Timestamp,
    pub to: Timestamp,
}

/// One page of a stretch.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Its lines, by time. It may be empty although there are more.
    pub lines: Vec<LoggedLine>,
    /// What asks for the next one; `None` on the last.
    pub next: Option<String>,
}

/// An API, as a list of them shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedApi {
    pub id: ApiId,
    pub name: String,
}

/// An HTTP or WebSocket API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpApi {
    pub api: ListedApi,
    /// Whether it is a WebSocket API, which does write execution logs.
    pub is_websocket: bool,
}

/// A stage of an HTTP or WebSocket API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedStage {
    pub name: String,
    pub access_log: Option<AccessLogSettings>,
}

/// A delivery of a stage's execution logs to a place of its owner's choice, which silences the group that API Gateway
/// made: <https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-create-log-delivery.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogDelivery {
    /// The name of its source.
    pub source: String,
    /// The stage's ARN.
    pub stage: Arn,
    /// A log group's ARN, a bucket's, or a Firehose stream's.
    pub destination: Arn,
}

/// An account's APIs, as far as coverage reads them.
#[async_trait]
pub trait Apis: Send + Sync {
    /// All REST APIs.
    async fn rest_apis(&self) -> Result<Vec<ListedApi>, CallError>;
    /// The stages of a REST API, by name.
    async fn stages(&self, api: &ApiId) -> Result<Vec<(String, Stage)>, CallError>;
    /// The resources of a REST API with their integrations.
    async fn resources(&self, api: &ApiId) -> Result<Vec<Resource>, CallError>;
    /// All HTTP and WebSocket APIs.
    async fn http_apis(&self) -> Result<Vec<HttpApi>, CallError>;
    /// The stages of an HTTP or WebSocket API.
    async fn http_stages(&self, api: &ApiId) -> Result<Vec<ListedStage>, CallError>;
    /// The deliveries of execution logs.
    async fn deliveries(&self) -> Result<Vec<LogDelivery>, CallError>;
    /// Whether an HTTP or WebSocket API uses a VPC link.
    async fn uses_link(&self, api: &ApiId) -> Result<bool, CallError>;
    /// Whether the account has a role with which API Gateway writes execution logs.
    async fn has_log_role(&self) -> Result<bool, CallError>;
}

/// A subscription to a topic. The address stays with AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// `email`, `https`, …
    pub protocol: String,
    /// Whether the owner of the address agreed.
    pub confirmed: bool,
}
