//! Which log groups are watched, and where a failure would go unseen.
//!
//! [`change`] decides for one log group, [`blind_spots`] names what nobody watches and what to do about it; both are pure.
//! [`Reconciler`] does what was decided, slowly enough for the account's quotas, and [`scan`] reads stages and HTTP APIs. Who
//! answers for AWS implements [`LogGroups`] and [`Apis`].

use std::future::Future;
use std::pin::Pin;

use crate::aws::model::{Resource, Stage};
use crate::aws::{QueryKind, ReadError};
use crate::ids::{ApiId, Arn};

/// A subscription filter of a log group. A group has at most one of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Its name.
    pub name: String,
    /// Which events it passes.
    pub pattern: String,
    /// Where they go.
    pub destination: Arn,
}

impl Filter {
    /// What our filter is called where nobody says otherwise.
    pub const DEFAULT_NAME: &'static str = "vpclink-responder";
}

/// A log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// Whether its class allows subscriptions: only the standard one does.
    pub subscribable: bool,
}

/// Why a call was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The log group, or the filter, is not there (any more).
    Gone,
    /// The log group has as many filters as it may have.
    Full,
    /// Somebody else changes the same thing at this moment.
    Busy,
    /// Anything else that stands in the way.
    ReadError(ReadError),
}

impl Refused {
    /// Whether the same call may succeed a moment later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Full | Self::Busy | Self::ReadError(ReadError::Throttled | ReadError::TimedOut))
    }

    /// As a reading says it.
    pub fn why(self) -> ReadError {
        match self {
            Self::Gone => ReadError::Unreachable("it is not there any more".to_owned()),
            Self::Full => ReadError::Unreachable("all of its subscription filters are taken".to_owned()),
            Self::Busy => ReadError::Unreachable("somebody else changes it at the same time".to_owned()),
            Self::ReadError(why) => why,
        }
    }
}

/// What a call comes to, when it is done.
pub type Done<'a, T> = Pin<Box<dyn Future<Output = Result<T, Refused>> + Send + 'a>>;

/// An account's log groups and their subscription filters.
pub trait LogGroups: Send + Sync {
    /// All log groups whose names begin so.
    fn groups<'a>(&'a self, prefix: &'a str) -> Done<'a, Vec<LogGroup>>;
    /// The subscription filters of a group.
    fn filters<'a>(&'a self, group: &'a str) -> Done<'a, Vec<Filter>>;
    /// Makes a filter, or changes the one of its name.
    fn put<'a>(&'a self, group: &'a str, filter: &'a Filter) -> Done<'a, ()>;
    /// Removes the filter of this name.
    fn remove<'a>(&'a self, group: &'a str, name: &'a str) -> Done<'a, ()>;
}

/// An API, as a list of them shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// Its id.
    pub id: ApiId,
    /// What it is called.
    pub name: String,
}

/// An API of the second control plane: none of them writes to a log group that is subscribed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpApi {
    /// The API.
    pub api: Api,
    /// Whether it is a WebSocket API, which does write execution logs.
    pub is_websocket: bool,
}

/// An account's APIs, as far as coverage reads them.
pub trait Apis: Send + Sync {
    /// All REST APIs.
    fn rest_apis(&self) -> Done<'_, Vec<Api>>;
    /// The stages of a REST API, by name.
    fn stages<'a>(&'a self, api: &'a ApiId) -> Done<'a, Vec<(String, Stage)>>;
    /// The resources of a REST API with their integrations.
    fn resources<'a>(&'a self, api: &'a ApiId) -> Done<'a, Vec<Resource>>;
    /// All HTTP and WebSocket APIs.
    fn http_apis(&self) -> Done<'_, Vec<HttpApi>>;
    /// Whether an HTTP or WebSocket API uses a VPC link.
    fn uses_link<'a>(&'a self, api: &'a ApiId) -> Done<'a, bool>;
    /// Whether the account has a role with which API Gateway writes execution logs.
    fn has_log_role(&self) -> Done<'_, bool>;
}

/// What coverage does in an account beyond a walk, each with its IAM action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// Lists log groups.
    DescribeLogGroups,
    /// Lists a group's subscription filters.
    DescribeSubscriptionFilters,
    /// Subscribes a group.
    PutSubscriptionFilter,
    /// Ends a subscription of ours.
    DeleteSubscriptionFilter,
    /// Reads APIs, stages, integrations and the account's own settings.
    ReadApis,
    /// Lists who is subscribed to the alert topic.
    ListSubscriptions,
}

impl Call {
    /// Each of them.
    pub const ALL: [Self; 6] = [
        Self::DescribeLogGroups,
        Self::DescribeSubscriptionFilters,
        Self::PutSubscriptionFilter,
        Self::DeleteSubscriptionFilter,
        Self::ReadApis,
        Self::ListSubscriptions,
    ];

    /// The IAM action that it needs.
    pub fn action(self) -> &'static str {
        match self {
            Self::DescribeLogGroups => "logs:DescribeLogGroups",
            Self::DescribeSubscriptionFilters => "logs:DescribeSubscriptionFilters",
            Self::PutSubscriptionFilter => "logs:PutSubscriptionFilter",
            Self::DeleteSubscriptionFilter => "logs:DeleteSubscriptionFilter",
            Self::ReadApis => QueryKind::Resources.action(),
            Self::ListSubscriptions => "sns:ListSubscriptionsByTopic",
        }
    }

    /// What is lost without it, as the end of "without it, …".
    pub fn without(self) -> &'static str {
        match self {
            Self::DescribeLogGroups => "no log group is found, so none is subscribed",
            Self::DescribeSubscriptionFilters => "nobody knows which log groups are subscribed, so none is",
            Self::PutSubscriptionFilter => "new log groups stay unwatched",
            Self::DeleteSubscriptionFilter => "filters are left behind when the stack is deleted",
            Self::ReadApis => "stages that log nothing, and HTTP APIs, are not named",
            Self::ListSubscriptions => "an e-mail subscription that nobody confirmed is not named",
        }
    }
}
