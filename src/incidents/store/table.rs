//! The one place that speaks with DynamoDB: an item read, put, updated or deleted, and what a refusal looks like.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure};
use aws_types::SdkConfig;

use crate::incidents::store::StoreError;

/// A value of an item, and what a set of bytes holds.
pub(crate) use aws_sdk_dynamodb::primitives::Blob;
pub(crate) use aws_sdk_dynamodb::types::AttributeValue as Value;

pub(crate) type Item = HashMap<String, Value>;

/// An answer that takes longer is not worth an alert's time.
const PATIENCE: Duration = Duration::from_secs(3);

/// Keys a `BatchGetItem` takes.
const KEYS: usize = 100;

/// Rounds of a batch that the table was too busy to read whole.
const ROUNDS: usize = 8;

/// A table with partition key `id` (S) and TTL attribute `expires_at` (N, seconds since the epoch).
pub(crate) struct DynamoTable {
    client: Client,
    name: String,
}

/// What an update or a deletion does, and on which condition.
#[derive(Default)]
pub(crate) struct Expression {
    pub(crate) update: String,
    pub(crate) condition: Option<String>,
    pub(crate) names: HashMap<String, String>,
    pub(crate) values: Item,
}

/// What an update came to.
pub(crate) enum Updated {
    /// It was written; the item as it is now.
    Done(Item),
    /// A condition did not hold; the item as it is.
    Refused(Option<Item>),
}

impl DynamoTable {
    pub(crate) fn new(config: &SdkConfig, name: impl Into<String>) -> Self {
        let timeouts =
            TimeoutConfig::builder().operation_timeout(PATIENCE).operation_attempt_timeout(PATIENCE / 2);
        let config = aws_sdk_dynamodb::config::Builder::from(config)
            .timeout_config(timeouts.build())
            .retry_config(RetryConfig::standard().with_max_attempts(3));
        Self { client: Client::from_conf(config.build()), name: name.into() }
    }

    pub(crate) async fn update(&self, id: &str, expression: Expression) -> Result<Updated, StoreError> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.name)
            .key("id", Value::S(id.to_owned()))
            .update_expression(expression.update)
            .set_condition_expression(expression.condition)
            .set_expression_attribute_names(Some(expression.names))
            .set_expression_attribute_values(Some(expression.values).filter(|values| !values.is_empty()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match sent {
            Ok(output) => Ok(Updated::Done(output.attributes.unwrap_or_default())),
            Err(SdkError::ServiceError(refused)) if refused.err().is_conditional_check_failed_exception() => {
                use aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException;
                let ConditionalCheckFailedException(refused) = refused.into_err() else {
                    return Ok(Updated::Refused(None));
                };
                Ok(Updated::Refused(refused.item))
            }
            Err(error) => Err(unreachable(error)),
        }
    }

    pub(crate) async fn get(&self, id: &str) -> Result<Option<Item>, StoreError> {
        let get = self.client.get_item().table_name(&self.name).key("id", Value::S(id.to_owned()));
        let got = get.consistent_read(true).send().await.map_err(unreachable)?;
        Ok(got.item)
    }

    pub(crate) async fn put(&self, item: Item) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        put.send().await.map(|_| ()).map_err(unreachable)
    }

    /// Deletes an item where the condition holds.
    pub(crate) async fn delete(&self, id: &str, condition: Expression) -> Result<(), StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.name)
            .key("id", Value::S(id.to_owned()))
            .set_condition_expression(condition.condition)
            .set_expression_attribute_names(Some(condition.names).filter(|names| !names.is_empty()))
            .set_expression_attribute_values(Some(condition.values).filter(|values| !values.is_empty()));
        match delete.send().await {
            Err(SdkError::ServiceError(refused)) if refused.err().is_conditional_check_failed_exception() => {
                Ok(())
            }
            done => done.map(|_| ()).map_err(unreachable),
        }
    }

    /// Items by their keys.
    pub(crate) async fn get_all(&self, ids: Vec<String>) -> Result<Vec<Item>, StoreError> {
        let mut found = Vec::new();
        for some in ids.chunks(KEYS) {
            let keys = some.iter().map(|id| Item::from([("id".to_owned(), Value::S(id.clone()))]));
            let mut keys: Vec<Item> = keys.collect();
            for _ in 0..ROUNDS {
                if keys.is_empty() {
                    break;
                }
                let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
                let wanted = wanted.expect("keys are set, which is all that the builder asks for");
                let got = self.client.batch_get_item().request_items(&self.name, wanted);
                let got = got.send().await.map_err(unreachable)?;
                found.extend(got.responses.into_iter().flatten().flat_map(|(_, items)| items));
                let left = got.unprocessed_keys.into_iter().flatten();
                keys = left.flat_map(|(_, left)| left.keys).collect();
            }
            if !keys.is_empty() {
                return Err(StoreError("the table is too busy to be read".to_owned()));
            }
        }
        Ok(found)
    }

    /// Hands over every item.
    pub(crate) async fn scan(&self, mut each: impl FnMut(Item)) -> Result<(), StoreError> {
        let scan = self.client.scan().table_name(&self.name).consistent_read(true);
        let mut pages = scan.into_paginator().items().send();
        while let Some(item) = pages.next().await {
            each(item.map_err(unreachable)?);
        }
        Ok(())
    }
}

/// What AWS says, without the answer's headers and body: those fill a page.
fn unreachable<E, R>(error: SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    StoreError(match error.code() {
        Some(code) => format!("{code}: {}", error.message().unwrap_or("no reason given")),
        None => DisplayErrorContext(error).to_string().chars().take(200).collect(),
    })
}
