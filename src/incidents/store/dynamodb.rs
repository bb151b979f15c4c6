//! Incidents in a DynamoDB table that all containers share.
//!
//! Counting is one update without a reading before it, so that a hundred containers never wait for one another; what has to
//! be won (an alert, a root, an opening) is won by a condition. Besides incidents and alerts the table holds a failure of each
//! route (`e#…`), the broken resources' alerts (`r#…`), the hour's messages and the silences.
//!
//! An update costs a write unit for each kilobyte of the item, and one item takes a thousand units a second:
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>

use crate::incidents::store::{example, item, silences, update};

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure};
use aws_types::SdkConfig;
use jiff::Timestamp;

use crate::causes::Diagnosis;
use crate::incidents::coverage::{AlertId, Coverage, CoverageChange, is_late};
use crate::incidents::failure_group::{DeliveryCount, DeliveryId, FailureGroup, example_key};
use crate::incidents::fingerprint::Fingerprint;
use crate::incidents::incident::Incident;
use crate::incidents::ledger::Charge;
use crate::incidents::record::AlertRecord;
use crate::incidents::silence::Silence;
use crate::incidents::store::item::{ALERT, INCIDENT, LOG_GROUP, REQUESTS, ROOT};
use crate::incidents::store::update::Update;
use crate::incidents::store::{Contents, Store, StoreError, Stored, Written};
use crate::logs::LogWriters;

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
    client: Client,
    table: String,
}

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
        let timeouts =
            TimeoutConfig::builder().operation_timeout(PATIENCE).operation_attempt_timeout(PATIENCE / 2);
        let config = aws_sdk_dynamodb::config::Builder::from(config)
            .timeout_config(timeouts.build())
            .retry_config(RetryConfig::standard().with_max_attempts(3));
        Self { client: Client::from_conf(config.build()), table: table.into() }
    }

    async fn update(&self, id: &str, update: Update) -> Result<Updated, StoreError> {
        let (expression, condition) = (update.expression(), update.condition());
        let sent = self
            .client
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
        let get = self.client.get_item().table_name(&self.table).key("id", Value::S(id.to_owned()));
        let got = get.consistent_read(true).send().await.map_err(unreachable)?;
        Ok(got.item)
    }

    async fn put(&self, item: Item) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map(|_| ()).map_err(unreachable)
    }

    /// Removes what expired, unless it was opened again meanwhile: TTL itself may take days.
    async fn forget(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        let delete = self.client.delete_item().table_name(&self.table).key("id", Value::S(id.to_owned()));
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
        late: bool,
        now: Timestamp,
    ) -> Result<Incident, StoreError> {
        let id = key(&news.fingerprint);
        let (mut only_known, mut rotate, mut late) = (None, false, late);
        for _ in 0..TRIES {
            let update = update::count(news, &deliveries, only_known.as_ref(), rotate, late, now);
            let item = match self.update(&id, update).await? {
                Updated::Done(item) => return self.turn(incident(&item)?, now).await,
                Updated::Refused(item) => item.unwrap_or_default(),
            };
            if item::is_expired(&item, now) {
                self.forget(&id, now).await?;
                continue;
            }
            let Some(incident) = item::read(&item) else {
                // Nothing is kept: what is late opens it, as anything does.
                late = false;
                continue;
            };
            let seen = item::seen(&item);
            deliveries.retain(|(id, _)| !seen.contains(id));
            if deliveries.is_empty() {
                return Ok(incident);
            }
            let absorbs = |(_, delivery): &(DeliveryId, &DeliveryCount)| {
                incident.coverage.absorbs(delivery.last_failure, now)
            };
            late = late && deliveries.iter().all(absorbs);
            only_known = (incident.routes.len() >= Incident::STORED_ROUTES).then_some(incident.routes);
            rotate = item::is_full(&item);
        }
        Err(StoreError(format!("incident `{id}` changed faster than it could be counted")))
    }

    /// Items by their keys.
    async fn get_all(&self, ids: Vec<String>) -> Result<Vec<Item>, StoreError> {
        let mut found = Vec::new();
        for some in ids.chunks(KEYS) {
            let keys = some.iter().map(|id| Item::from([("id".to_owned(), Value::S(id.clone()))]));
            let mut keys: Vec<Item> = keys.collect();
            for _ in 0..TRIES {
                if keys.is_empty() {
                    break;
                }
                let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
                let wanted = wanted.expect("keys are set, which is all that the builder asks for");
                let got = self.client.batch_get_item().request_items(&self.table, wanted);
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

    /// Ends a minute that is over. A second container finds it ended, which is as good.
    async fn turn(&self, incident: Incident, now: Timestamp) -> Result<Incident, StoreError> {
        let Some(window) = incident.window.turned(now) else { return Ok(incident) };
        match self.update(&key(&incident.fingerprint), update::turn(&incident.window, &window)).await? {
            Updated::Done(item) => self::incident(&item),
            Updated::Refused(_) => Ok(incident),
        }
    }
}

impl Store for DynamoStore {
    fn count<'a>(&'a self, news: &'a FailureGroup, now: Timestamp) -> Stored<'a, Incident> {
        Box::pin(async move {
            let late =
                |delivery: &DeliveryCount| delivery.last_failure.is_some_and(|last| is_late(last, now));
            let mut counted = None;
            for is_late in [false, true] {
                let deliveries = news.deliveries.iter().filter(|(_, delivery)| late(delivery) == is_late);
                let deliveries: Vec<_> = deliveries.map(|(id, delivery)| (*id, delivery)).collect();
                for some in deliveries.chunks(if is_late { 1 } else { AT_ONCE }) {
                    counted = Some(self.count_some(news, some.to_vec(), is_late, now).await?);
                }
            }
            counted.ok_or_else(|| StoreError("news without a failure can't be counted".to_owned()))
        })
    }

    fn read<'a>(&'a self, fingerprints: &'a [Fingerprint], now: Timestamp) -> Stored<'a, Vec<Incident>> {
        Box::pin(async move {
            let items = self.get_all(fingerprints.iter().map(key).collect()).await?;
            let mut incidents: Vec<Incident> = items.iter().filter_map(item::read).collect();
            incidents.retain(|incident| !incident.coverage.is_expired(now));
            Ok(incidents)
        })
    }

    fn all(&self, now: Timestamp) -> Stored<'_, Contents> {
        Box::pin(async move {
            let mut contents = Contents::default();
            let scan = self.client.scan().table_name(&self.table).consistent_read(true);
            let mut pages = scan.into_paginator().items().send();
            while let Some(item) = pages.next().await {
                let item = item.map_err(unreachable)?;
                contents.incidents.extend(item::read(&item));
                contents.alerts.extend(item::read_alert(&item));
            }
            contents.incidents.retain(|incident| !incident.coverage.is_expired(now));
            contents.alerts.retain(|alert| alert.expires_at().is_none_or(|expires| expires > now));
            contents.incidents.sort_by(|a, b| a.fingerprint.cmp(&b.fingerprint));
            contents.alerts.sort_by(|a, b| a.id.cmp(&b.id));
            Ok(contents)
        })
    }

    fn alert<'a>(&'a self, id: &'a AlertId) -> Stored<'a, Option<AlertRecord>> {
        Box::pin(
            async move { Ok(self.get(&format!("{ALERT}{id}")).await?.as_ref().and_then(item::read_alert)) },
        )
    }

    fn write<'a>(&'a self, seen: Option<u64>, alert: &'a AlertRecord) -> Stored<'a, Written> {
        Box::pin(async move {
            let id = format!("{ALERT}{}", alert.id);
            Ok(match self.update(&id, update::write(seen, alert)).await? {
                Updated::Done(_) => Written::Done,
                Updated::Refused(item) => Written::Refused(item.as_ref().and_then(item::read_alert)),
            })
        })
    }

    fn delete<'a>(&'a self, id: &'a AlertId, version: u64) -> Stored<'a, ()> {
        Box::pin(async move {
            let key = Value::S(format!("{ALERT}{id}"));
            let delete = self.client.delete_item().table_name(&self.table).key("id", key);
            let same = delete
                .condition_expression("#v = :seen")
                .expression_attribute_names("#v", "version")
                .expression_attribute_values(":seen", item::number(version));
            match same.send().await {
                Err(SdkError::ServiceError(refused))
                    if refused.err().is_conditional_check_failed_exception() =>
                {
                    Ok(())
                }
                done => done.map(|_| ()).map_err(unreachable),
            }
        })
    }

    fn change<'a>(
        &'a self,
        fingerprint: &'a Fingerprint,
        change: &'a CoverageChange,
    ) -> Stored<'a, Option<Coverage>> {
        Box::pin(async move {
            Ok(match self.update(&key(fingerprint), update::change(change)).await? {
                Updated::Done(item) => Some(incident(&item)?.coverage),
                Updated::Refused(_) => None,
            })
        })
    }

    fn root<'a>(&'a self, root: &'a Fingerprint) -> Stored<'a, Option<AlertId>> {
        Box::pin(
            async move { Ok(self.get(&format!("{ROOT}{root}")).await?.as_ref().and_then(item::pointed)) },
        )
    }

    fn take_root<'a>(
        &'a self,
        root: &'a Fingerprint,
        seen: Option<&'a AlertId>,
        alert: &'a AlertId,
        now: Timestamp,
    ) -> Stored<'a, bool> {
        Box::pin(async move {
            let taken = self.update(&format!("{ROOT}{root}"), update::take_root(seen, alert, now)).await?;
            Ok(match taken {
                Updated::Done(_) => true,
                // A reply that was lost: it is taken all the same.
                Updated::Refused(item) => item.as_ref().and_then(item::pointed).as_ref() == Some(alert),
            })
        })
    }

    fn charge<'a>(&'a self, charge: &'a Charge, now: Timestamp) -> Stored<'a, bool> {
        Box::pin(async move {
            Ok(matches!(self.update(&charge.hour, update::charge(charge, now)).await?, Updated::Done(_)))
        })
    }

    fn save_example<'a>(
        &'a self,
        fingerprint: &'a Fingerprint,
        example: &'a Diagnosis,
        now: Timestamp,
    ) -> Stored<'a, ()> {
        let id = example::id(fingerprint, &example_key(example.route.as_ref()));
        Box::pin(self.put(item::document(&id, example::write(example), now)))
    }

    fn load_examples<'a>(&'a self, incident: &'a Incident) -> Stored<'a, Vec<Diagnosis>> {
        Box::pin(async move {
            let keys = incident.routes.keys().map(|route| example_key(Some(route)));
            let keys: BTreeSet<String> = keys.chain([example_key(None)]).collect();
            let ids = keys.iter().map(|key| example::id(&incident.fingerprint, key)).collect();
            let items = self.get_all(ids).await?;
            let mut examples: Vec<Diagnosis> =
                items.iter().filter_map(|item| example::read(item::body(item)?)).collect();
            examples.sort_by_key(|example| example_key(example.route.as_ref()));
            Ok(examples)
        })
    }

    fn log_writers<'a>(&'a self, group: &'a str) -> Stored<'a, Option<LogWriters>> {
        Box::pin(async move {
            let item = self.get(&format!("{LOG_GROUP}{group}")).await?;
            Ok(item.and_then(|item| LogWriters::of_text(item::body(&item)?)))
        })
    }

    fn all_log_writers(&self, now: Timestamp) -> Stored<'_, BTreeMap<String, LogWriters>> {
        Box::pin(async move {
            let scan =
                self.client.scan().table_name(&self.table).filter_expression("begins_with(id, :group)");
            let scan = scan.expression_attribute_values(":group", Value::S(LOG_GROUP.to_owned()));
            let mut pages = scan.into_paginator().items().send();
            let mut found = BTreeMap::new();
            while let Some(item) = pages.next().await {
                let item = item.map_err(unreachable)?;
                let named =
                    item::named(&item, LOG_GROUP).zip(item::body(&item).and_then(LogWriters::of_text));
                found.extend(named.filter(|_| !item::is_expired(&item, now)));
            }
            Ok(found)
        })
    }

    fn save_log_writers<'a>(
        &'a self,
        group: &'a str,
        writers: Option<&'a LogWriters>,
        now: Timestamp,
    ) -> Stored<'a, ()> {
        Box::pin(async move {
            let id = format!("{LOG_GROUP}{group}");
            match writers {
                Some(writers) => self.put(item::document(&id, writers.to_text(), now)).await,
                None => {
                    let delete = self.client.delete_item().table_name(&self.table).key("id", Value::S(id));
                    delete.send().await.map(|_| ()).map_err(unreachable)
                }
            }
        })
    }

    fn note_requests<'a>(
        &'a self,
        stage: &'a str,
        of_access_log: bool,
        requests: &'a [u64],
        now: Timestamp,
    ) -> Stored<'a, Vec<u64>> {
        Box::pin(async move {
            // One item a stage and ten minutes, so that none grows without bound.
            let id = format!("{REQUESTS}{stage}#{}", now.as_second() / 600);
            let (own, other) = if of_access_log { ("access", "execution") } else { ("execution", "access") };
            let blobs = requests.iter().map(|request| Blob::new(request.to_be_bytes()));
            let add = self
                .client
                .update_item()
                .table_name(&self.table)
                .key("id", Value::S(id))
                .update_expression("ADD #own :requests SET expires_at = :expires")
                .expression_attribute_names("#own", own)
                .expression_attribute_values(":requests", Value::Bs(blobs.collect()))
                .expression_attribute_values(":expires", item::number(now.as_second() + 3600))
                .return_values(ReturnValue::AllOld);
            let before = add.send().await.map_err(unreachable)?.attributes.unwrap_or_default();
            let Some(Value::Bs(known)) = before.get(other) else { return Ok(Vec::new()) };
            let known: BTreeSet<&[u8]> = known.iter().map(Blob::as_ref).collect();
            Ok(requests.iter().filter(|one| known.contains(&one.to_be_bytes()[..])).copied().collect())
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

fn key(fingerprint: &Fingerprint) -> String {
    format!("{INCIDENT}{fingerprint}")
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
