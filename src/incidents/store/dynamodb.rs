//! Incidents in a DynamoDB table that all containers share.
//!
//! Counting is one update without a reading before it, so that a hundred containers never wait for one another; what has to
//! be won (a lease, a page, an opening) is won by a condition. Besides incidents the table holds a failure of each
//! (`…#example`) and the silences.
//!
//! An update costs a write unit for each kilobyte of the item, and one item takes a thousand units a second:
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>

use crate::incidents::store::{example, item, silences, update};

use std::collections::HashMap;
use std::future::{Future, ready};
use std::pin::Pin;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure};
use aws_types::SdkConfig;
use jiff::Timestamp;
use tokio::sync::OnceCell;

use crate::causes::Diagnosis;
use crate::incidents::failure_group::{DeliveryCount, DeliveryId, FailureGroup};
use crate::incidents::fingerprint::Fingerprint;
use crate::incidents::incident::{Incident, Lease};
use crate::incidents::silence::Silence;
use crate::incidents::store::update::Update;
use crate::incidents::store::{Release, Store, StoreError, Stored};

/// A value of an item, and what a set of bytes holds.
pub(crate) use aws_sdk_dynamodb::primitives::Blob;
pub(crate) use aws_sdk_dynamodb::types::AttributeValue as Value;

pub(crate) type Item = HashMap<String, Value>;

/// An answer that takes longer is not worth an alert's time.
const PATIENCE: Duration = Duration::from_secs(3);

/// Deliveries counted with one update: each adds two conditions, and an expression has at most 4 kB.
const AT_ONCE: usize = 20;

/// Tries to count one update's worth; each failed one teaches what the next has to leave out.
const TRIES: usize = 8;

/// Keys a `BatchGetItem` takes.
const KEYS: usize = 100;

/// A table with partition key `id` (S) and TTL attribute `expires_at` (N, seconds since the epoch).
pub struct DynamoStore {
    configured: Configured,
    client: OnceCell<Client>,
    table: String,
}

/// Hands over the SDK's configuration, when it is needed.
pub type Configured = Box<dyn Fn() -> Pin<Box<dyn Future<Output = SdkConfig> + Send>> + Send + Sync>;

/// What an update came to.
enum Updated {
    /// It was written; the item as it is now.
    Done(Item),
    /// A condition did not hold; the item as it is.
    Refused(Option<Item>),
}

impl DynamoStore {
    /// Keeps incidents in this table.
    pub fn new(config: &SdkConfig, table: impl Into<String>) -> Self {
        let config = config.clone();
        Self::once(Box::new(move || Box::pin(ready(config.clone()))), table)
    }

    /// Keeps incidents in this table, and connects when it is first asked.
    pub fn once(configured: Configured, table: impl Into<String>) -> Self {
        Self { configured, client: OnceCell::new(), table: table.into() }
    }

    async fn client(&self) -> &Client {
        let connect = async || {
            let timeouts =
                TimeoutConfig::builder().operation_timeout(PATIENCE).operation_attempt_timeout(PATIENCE / 2);
            let config = aws_sdk_dynamodb::config::Builder::from(&(self.configured)().await)
                .timeout_config(timeouts.build())
                .retry_config(RetryConfig::standard().with_max_attempts(3));
            Client::from_conf(config.build())
        };
        self.client.get_or_init(connect).await
    }

    async fn update(&self, id: &str, update: Update) -> Result<Updated, StoreError> {
        let (expression, condition) = (update.expression(), update.condition());
        let sent = self
            .client()
            .await
            .update_item()
            .table_name(&self.table)
            .key("id", Value::S(id.to_owned()))
            .update_expression(expression)
            .set_condition_expression(condition)
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(Some(update.values).filter(|values| !values.is_empty()))
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

    async fn get(&self, id: &str) -> Result<Option<Item>, StoreError> {
        let get = self.client().await.get_item().table_name(&self.table).key("id", Value::S(id.to_owned()));
        let got = get.consistent_read(true).send().await.map_err(unreachable)?;
        Ok(got.item)
    }

    async fn put(&self, item: Item) -> Result<(), StoreError> {
        let put = self.client().await.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map(|_| ()).map_err(unreachable)
    }

    /// Removes what expired, unless somebody has opened it anew meanwhile: TTL itself may take days.
    async fn forget(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        let delete =
            self.client().await.delete_item().table_name(&self.table).key("id", Value::S(id.to_owned()));
        let expired = delete
            .condition_expression("expires_at <= :now")
            .expression_attribute_values(":now", item::number(now.as_second()));
        match expired.send().await {
            Err(SdkError::ServiceError(refused)) if refused.err().is_conditional_check_failed_exception() => {
                Ok(())
            }
            done => done.map(|_| ()).map_err(unreachable),
        }
    }

    /// Counts some deliveries, each once.
    async fn count_some(
        &self,
        news: &FailureGroup,
        mut deliveries: Vec<(DeliveryId, &DeliveryCount)>,
        now: Timestamp,
    ) -> Result<Incident, StoreError> {
        let id = news.fingerprint.as_str();
        let (mut only_known, mut rotate) = (None, false);
        for _ in 0..TRIES {
            let update = update::count(news, &deliveries, only_known.as_ref(), rotate, now);
            let item = match self.update(id, update).await? {
                Updated::Done(item) => return self.turn(incident(&item)?, now).await,
                Updated::Refused(item) => item.unwrap_or_default(),
            };
            if item::is_expired(&item, now) {
                self.forget(id, now).await?;
                continue;
            }
            let seen = item::seen(&item);
            deliveries.retain(|(id, _)| !seen.contains(id));
            if deliveries.is_empty() {
                return incident(&item);
            }
            let incident = incident(&item)?;
            only_known = (incident.routes.len() >= Incident::MOST_ROUTES).then_some(incident.routes);
            rotate = item::is_full(&item);
        }
        Err(StoreError(format!("incident `{id}` changed faster than it could be counted")))
    }

    /// Ends a minute that is over. Whoever comes second finds it ended, which is as good.
    async fn turn(&self, incident: Incident, now: Timestamp) -> Result<Incident, StoreError> {
        let Some(window) = incident.window.turned(now) else { return Ok(incident) };
        match self.update(incident.fingerprint.as_str(), update::turn(&incident.window, &window)).await? {
            Updated::Done(item) => self::incident(&item),
            Updated::Refused(_) => Ok(incident),
        }
    }
}

impl Store for DynamoStore {
    fn count<'a>(&'a self, news: &'a FailureGroup, now: Timestamp) -> Stored<'a, Incident> {
        Box::pin(async move {
            let deliveries: Vec<_> = news.deliveries.iter().map(|(id, delivery)| (*id, delivery)).collect();
            let mut incident = None;
            for some in deliveries.chunks(AT_ONCE) {
                incident = Some(self.count_some(news, some.to_vec(), now).await?);
            }
            incident.ok_or_else(|| StoreError("news without a failure can't be counted".to_owned()))
        })
    }

    fn read<'a>(&'a self, fingerprints: &'a [Fingerprint], now: Timestamp) -> Stored<'a, Vec<Incident>> {
        Box::pin(async move {
            let mut incidents = Vec::new();
            for some in fingerprints.chunks(KEYS) {
                let keys = some.iter().map(|key| Item::from([("id".to_owned(), Value::S(key.to_string()))]));
                let mut keys: Vec<Item> = keys.collect();
                for _ in 0..TRIES {
                    if keys.is_empty() {
                        break;
                    }
                    let wanted =
                        KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
                    let wanted = wanted.expect("keys are set, which is all that the builder asks for");
                    let got = self.client().await.batch_get_item().request_items(&self.table, wanted);
                    let got = got.send().await.map_err(unreachable)?;
                    let items = got.responses.into_iter().flatten().flat_map(|(_, items)| items);
                    incidents.extend(items.filter_map(|item| item::read(&item)));
                    let left = got.unprocessed_keys.into_iter().flatten();
                    keys = left.flat_map(|(_, left)| left.keys).collect();
                }
                if !keys.is_empty() {
                    return Err(StoreError("the table is too busy to be read".to_owned()));
                }
            }
            incidents.retain(|incident| !incident.is_expired(now));
            Ok(incidents)
        })
    }

    fn all(&self, now: Timestamp) -> Stored<'_, Vec<Incident>> {
        Box::pin(async move {
            let mut incidents = Vec::new();
            let mut pages =
                self.client().await.scan().table_name(&self.table).into_paginator().items().send();
            while let Some(item) = pages.next().await {
                incidents.extend(item::read(&item.map_err(unreachable)?));
            }
            incidents.retain(|incident| !incident.is_expired(now));
            incidents.sort_by(|a, b| a.fingerprint.cmp(&b.fingerprint));
            Ok(incidents)
        })
    }

    fn claim<'a>(&'a self, seen: &'a Incident, lease: &'a Lease, now: Timestamp) -> Stored<'a, bool> {
        Box::pin(async move {
            let claim = update::claim(seen, lease, now);
            Ok(match self.update(seen.fingerprint.as_str(), claim).await? {
                Updated::Done(_) => true,
                // An answer that was lost on its way: the claim was made all the same.
                Updated::Refused(item) => item
                    .and_then(|item| item::read(&item)?.lease)
                    .is_some_and(|known| known.owner == lease.owner),
            })
        })
    }

    fn settle<'a>(
        &'a self,
        fingerprint: &'a Fingerprint,
        owner: &'a str,
        settled: &'a Release,
    ) -> Stored<'a, ()> {
        Box::pin(async move {
            // Refused where the lease is another's by now, or was settled and the answer lost.
            self.update(fingerprint.as_str(), update::settle(owner, settled)).await.map(|_| ())
        })
    }

    fn join<'a>(
        &'a self,
        page: &'a Fingerprint,
        member: &'a Incident,
        now: Timestamp,
    ) -> Stored<'a, Incident> {
        Box::pin(async move {
            for _ in 0..TRIES {
                match self.update(page.as_str(), update::join(page, member, now)).await? {
                    Updated::Done(item) => return incident(&item),
                    Updated::Refused(item) => match item.unwrap_or_default() {
                        item if item::is_expired(&item, now) => self.forget(page.as_str(), now).await?,
                        // The page is full. It tells what it can.
                        item => return incident(&item),
                    },
                }
            }
            Err(StoreError(format!("page `{page}` changed faster than it could be joined")))
        })
    }

    fn keep<'a>(
        &'a self,
        fingerprint: &'a Fingerprint,
        example: &'a Diagnosis,
        now: Timestamp,
    ) -> Stored<'a, ()> {
        Box::pin(self.put(item::document(&example::id(fingerprint), example::write(example), now)))
    }

    fn kept<'a>(&'a self, fingerprint: &'a Fingerprint) -> Stored<'a, Option<Diagnosis>> {
        Box::pin(async move {
            let item = self.get(&example::id(fingerprint)).await?;
            Ok(item.and_then(|item| example::read(item::body(&item)?)))
        })
    }

    fn silences(&self) -> Stored<'_, Vec<Silence>> {
        Box::pin(async move {
            let item = self.get(silences::ID).await?;
            Ok(item.and_then(|item| silences::read(item::body(&item)?)).unwrap_or_default())
        })
    }

    fn change_silences<'a>(
        &'a self,
        change: &'a (dyn Fn(Vec<Silence>) -> Vec<Silence> + Send + Sync),
    ) -> Stored<'a, Vec<Silence>> {
        Box::pin(async move {
            for _ in 0..TRIES {
                let before = self.get(silences::ID).await?;
                let before = before.as_ref().and_then(item::body);
                let known = before.and_then(silences::read).unwrap_or_default();
                let changed = change(known);
                let update = update::replace(before, &silences::write(&changed));
                if let Updated::Done(_) = self.update(silences::ID, update).await? {
                    return Ok(changed);
                }
            }
            Err(StoreError("the silences changed faster than they could be written".to_owned()))
        })
    }
}

fn incident(item: &Item) -> Result<Incident, StoreError> {
    item::read(item).ok_or_else(|| StoreError("an item of the table is no incident".to_owned()))
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
