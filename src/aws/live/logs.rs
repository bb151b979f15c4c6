//! CloudWatch Logs: log groups and their subscription filters, the lines of one request, and a group's history.

use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::LogGroupClass;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SdkConfig;
use jiff::Timestamp;

use crate::aws::live::errors::{outcome, why};
use crate::aws::log_groups::{CallError, Filter, LogDelivery, LogGroup, LogGroups, Page, Stretch};
use crate::aws::model::{LinesOf, LoggedLine};
use crate::aws::reading::ReadError;
use crate::ids::Arn;

/// Lines of one request that are read at most: one that streams or logs bodies has a few dozen.
const MOST_LINES: usize = 500;

/// Pages read at most for them: pages may be empty while the service goes on searching.
const MOST_PAGES: usize = 10;

/// Speaks with CloudWatch Logs.
pub struct Logs {
    client: Client,
}

impl Logs {
    /// Asks the account that the configuration's credentials belong to.
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    /// The lines that hold a request's id, from one stream, around the time of its failure.
    pub(crate) async fn lines(&self, of: &LinesOf) -> Result<Option<Vec<LoggedLine>>, ReadError> {
        let mut lines = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let page = self
                .client
                .filter_log_events()
                .log_group_name(&of.group)
                .log_stream_names(&of.stream)
                .start_time(of.from.as_millisecond())
                .end_time(of.to.as_millisecond())
                .filter_pattern(format!("\"{}\"", of.request))
                .set_next_token(token)
                .send()
                .await;
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    return outcome(Err(error), &["ResourceNotFoundException"], |()| Vec::new());
                }
            };
            let line = |event: aws_sdk_cloudwatchlogs::types::FilteredLogEvent| LoggedLine {
                at: event.timestamp.and_then(|at| Timestamp::from_millisecond(at).ok()),
                message: event.message.unwrap_or_default(),
            };
            let Some(events) = page.events else {
                return Err(ReadError::Malformed("it holds no list of events".to_owned()));
            };
            lines.extend(events.into_iter().map(line));
            token = page.next_token;
            if token.is_none() || lines.len() >= MOST_LINES {
                break;
            }
        }
        lines.truncate(MOST_LINES);
        Ok(Some(lines))
    }

    /// A page of a group's history: the one of this token, or the first.
    ///
    /// # Errors
    ///
    /// Why it could not be read.
    pub async fn page(&self, stretch: &Stretch, token: Option<String>) -> Result<Page, ReadError> {
        let page = self
            .client
            .filter_log_events()
            .log_group_name(&stretch.group)
            .start_time(stretch.from.as_millisecond())
            .end_time(stretch.to.as_millisecond())
            .set_next_token(token);
        let page = page.send().await.map_err(|error| why(&error))?;
        let lines = page.events.unwrap_or_default().into_iter().map(|event| {
            let at = event.timestamp.and_then(|at| Timestamp::from_millisecond(at).ok());
            LoggedLine { at, message: event.message.unwrap_or_default() }
        });
        Ok(Page { lines: lines.collect(), next: page.next_token })
    }
}

/// The log type of execution logs.
const EXECUTION_LOGS: &str = "EXECUTION_LOGS";

impl Logs {
    /// The deliveries of API Gateway's execution logs. Where no source is one of those, nothing else is asked.
    pub(crate) async fn deliveries(&self) -> Result<Vec<LogDelivery>, CallError> {
        let sources = self.client.describe_delivery_sources().into_paginator();
        let sources: Result<Vec<_>, _> = sources.items().send().collect().await;
        let mut sources = sources.map_err(|error| refused(&error))?;
        let of_stage = |arn: &String| arn.contains(":apigateway:") && arn.contains("/stages/");
        sources.retain(|source| {
            source.log_type.as_deref() == Some(EXECUTION_LOGS)
                && source.resource_arns.iter().flatten().any(of_stage)
        });
        if sources.is_empty() {
            return Ok(Vec::new());
        }
        let deliveries = self.client.describe_deliveries().into_paginator();
        let deliveries: Result<Vec<_>, _> = deliveries.items().send().collect().await;
        let deliveries = deliveries.map_err(|error| refused(&error))?;
        let destinations = self.client.describe_delivery_destinations().into_paginator();
        let destinations: Result<Vec<_>, _> = destinations.items().send().collect().await;
        let destinations = destinations.map_err(|error| refused(&error))?;
        let place = |arn: &str| {
            let found = destinations.iter().find(|destination| destination.arn.as_deref() == Some(arn))?;
            Some(found.delivery_destination_configuration.as_ref()?.destination_resource_arn.clone())
        };
        let mut found = Vec::new();
        for delivery in deliveries {
            let (Some(from), Some(to)) = (delivery.delivery_source_name, delivery.delivery_destination_arn)
            else {
                continue;
            };
            let named = sources.iter().filter(|source| source.name.as_deref() == Some(from.as_str()));
            let stages =
                named.flat_map(|source| source.resource_arns.iter().flatten()).filter(|arn| of_stage(arn));
            // A destination of another account is known by its own ARN alone.
            let destination = Arn::new(place(&to).unwrap_or(to));
            found.extend(stages.map(|stage| LogDelivery {
                source: from.clone(),
                stage: Arn::new(stage),
                destination: destination.clone(),
            }));
        }
        Ok(found)
    }
}

#[async_trait]
impl LogGroups for Logs {
    async fn groups(&self, prefix: &str) -> Result<Vec<LogGroup>, CallError> {
        let pages = self.client.describe_log_groups().log_group_name_prefix(prefix).into_paginator();
        let found: Result<Vec<_>, _> = pages.items().send().collect().await;
        let group = |group: aws_sdk_cloudwatchlogs::types::LogGroup| {
            // Where no class is named, it is the standard one.
            let subscribable = group.log_group_class.is_none_or(|class| class == LogGroupClass::Standard);
            Some(LogGroup { name: group.log_group_name?, subscribable })
        };
        Ok(found.map_err(|error| refused(&error))?.into_iter().filter_map(group).collect())
    }

    async fn filters(&self, group: &str) -> Result<Vec<Filter>, CallError> {
        let filters = self.client.describe_subscription_filters().log_group_name(group).send().await;
        // A group has two filters at most: there is no second page.
        let filters = filters.map_err(|error| refused(&error))?.subscription_filters.unwrap_or_default();
        let filter = |filter: aws_sdk_cloudwatchlogs::types::SubscriptionFilter| Filter {
            name: filter.filter_name.unwrap_or_default(),
            pattern: filter.filter_pattern.unwrap_or_default(),
            destination: Arn::new(filter.destination_arn.unwrap_or_default()),
        };
        Ok(filters.into_iter().map(filter).collect())
    }

    async fn put(&self, group: &str, filter: &Filter) -> Result<(), CallError> {
        let put = self
            .client
            .put_subscription_filter()
            .log_group_name(group)
            .filter_name(&filter.name)
            .filter_pattern(&filter.pattern)
            .destination_arn(filter.destination.as_str());
        put.send().await.map(|_| ()).map_err(|error| refused(&error))
    }

    async fn remove(&self, group: &str, name: &str) -> Result<(), CallError> {
        let remove = self.client.delete_subscription_filter().log_group_name(group).filter_name(name);
        remove.send().await.map(|_| ()).map_err(|error| refused(&error))
    }
}

/// Sources: the `Errors` of <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html>
/// and its neighbours.
fn refused<E, R>(error: &SdkError<E, R>) -> CallError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    match error.code() {
        Some("ResourceNotFoundException") => CallError::Gone,
        Some("LimitExceededException") => CallError::Full,
        Some("OperationAbortedException" | "ServiceUnavailableException") => CallError::Busy,
        Some(code @ ("InvalidParameterException" | "InvalidOperationException")) => {
            // What is wrong stands in the message alone: CloudWatch Logs may not invoke the function, say.
            let says: String = error.message().unwrap_or_default().chars().take(200).collect();
            CallError::Other(ReadError::Unreachable(format!("{code}: {says}")))
        }
        _ => CallError::Other(why(error)),
    }
}
