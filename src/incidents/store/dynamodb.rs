//! Incidents in a DynamoDB table that all containers share.
//!
//! Counting is one update without a reading before it, so that a hundred containers never wait for one another; what has to
//! be won (an alert, a root, an opening) is won by a condition. Besides incidents and alerts the table holds a failure of each
//! route (`e#…`), the broken resources' alerts (`r#…`), the hour's messages and the silences.
//!
//! An update costs a write unit for each kilobyte of the item, and one item takes a thousand units a second:
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>

use std::collections::{BTreeMap, BTreeSet};

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
use crate::incidents::store::table::{DynamoTable, Expression, Item, Updated, Value};
use crate::incidents::store::{Contents, Store, StoreError, Stored, Written, document, item, update};
use crate::logs::LogWriters;

/// Deliveries counted with one update: each adds two conditions, and an expression has at most 4 kB.
const AT_ONCE: usize = 20;

/// Tries to count one update's worth; each failed one teaches what the next has to leave out.
const TRIES: usize = 8;

/// Seconds whose requests in two logs are noted in one item.
const NOTED_TOGETHER: i64 = 600;

/// Keeps incidents in a table that all containers share.
pub struct DynamoStore {
    table: DynamoTable,
}

impl DynamoStore {
    /// Keeps incidents in this table.
    pub fn new(config: &SdkConfig, table: impl Into<String>) -> Self {
        Self { table: DynamoTable::new(config, table) }
    }

    /// Removes what expired, unless it was opened again meanwhile: TTL itself may take days.
    async fn forget(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        self.table.delete(id, update::expired(now)).await
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
            let item = match self.table.update(&id, update).await? {
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

    /// Ends a minute that is over. A second container finds it ended, which is as good.
    async fn turn(&self, incident: Incident, now: Timestamp) -> Result<Incident, StoreError> {
        let Some(window) = incident.window.turned(now) else { return Ok(incident) };
        match self.table.update(&key(&incident.fingerprint), update::turn(&incident.window, &window)).await? {
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
            let items = self.table.get_all(fingerprints.iter().map(key).collect()).await?;
            let mut incidents: Vec<Incident> = items.iter().filter_map(item::read).collect();
            incidents.retain(|incident| !incident.coverage.is_expired(now));
            Ok(incidents)
        })
    }

    fn all(&self, now: Timestamp) -> Stored<'_, Contents> {
        Box::pin(async move {
            let mut contents = Contents::default();
            self.table
                .scan(|item| {
                    contents.incidents.extend(item::read(&item));
                    contents.alerts.extend(item::read_alert(&item));
                    contents.old.extend(item::read_old(&item));
                })
                .await?;
            contents.old.retain(|old| !contents.alerts.iter().any(|alert| alert.id == old.id));
            contents.incidents.retain(|incident| !incident.coverage.is_expired(now));
            contents.alerts.retain(|alert| alert.expires_at().is_none_or(|expires| expires > now));
            contents.incidents.sort_by(|a, b| a.fingerprint.cmp(&b.fingerprint));
            contents.alerts.sort_by(|a, b| a.id.cmp(&b.id));
            Ok(contents)
        })
    }

    fn alert<'a>(&'a self, id: &'a AlertId) -> Stored<'a, Option<AlertRecord>> {
        Box::pin(async move {
            Ok(self.table.get(&format!("{ALERT}{id}")).await?.as_ref().and_then(item::read_alert))
        })
    }

    fn write<'a>(&'a self, seen: Option<u64>, alert: &'a AlertRecord) -> Stored<'a, Written> {
        Box::pin(async move {
            let id = format!("{ALERT}{}", alert.id);
            Ok(match self.table.update(&id, update::write(seen, alert)).await? {
                Updated::Done(_) => Written::Done,
                Updated::Refused(item) => Written::Refused(item.as_ref().and_then(item::read_alert)),
            })
        })
    }

    fn delete<'a>(&'a self, id: &'a AlertId, version: u64) -> Stored<'a, ()> {
        Box::pin(async move { self.table.delete(&format!("{ALERT}{id}"), update::unchanged(version)).await })
    }

    fn change<'a>(
        &'a self,
        fingerprint: &'a Fingerprint,
        change: &'a CoverageChange,
    ) -> Stored<'a, Option<Coverage>> {
        Box::pin(async move {
            Ok(match self.table.update(&key(fingerprint), update::change(change)).await? {
                Updated::Done(item) => Some(incident(&item)?.coverage),
                Updated::Refused(_) => None,
            })
        })
    }

    fn root<'a>(&'a self, root: &'a Fingerprint) -> Stored<'a, Option<AlertId>> {
        Box::pin(async move {
            Ok(self.table.get(&format!("{ROOT}{root}")).await?.as_ref().and_then(item::pointed))
        })
    }

    fn take_root<'a>(
        &'a self,
        root: &'a Fingerprint,
        seen: Option<&'a AlertId>,
        alert: &'a AlertId,
        now: Timestamp,
    ) -> Stored<'a, bool> {
        Box::pin(async move {
            let taken =
                self.table.update(&format!("{ROOT}{root}"), update::take_root(seen, alert, now)).await?;
            Ok(match taken {
                Updated::Done(_) => true,
                // A reply that was lost: it is taken all the same.
                Updated::Refused(item) => item.as_ref().and_then(item::pointed).as_ref() == Some(alert),
            })
        })
    }

    fn charge<'a>(&'a self, charge: &'a Charge, now: Timestamp) -> Stored<'a, bool> {
        Box::pin(async move {
            Ok(matches!(
                self.table.update(&charge.hour, update::charge(charge, now)).await?,
                Updated::Done(_)
            ))
        })
    }

    fn save_example<'a>(
        &'a self,
        fingerprint: &'a Fingerprint,
        example: &'a Diagnosis,
        now: Timestamp,
    ) -> Stored<'a, ()> {
        let id = document::example_id(fingerprint, &example_key(example.route.as_ref()));
        Box::pin(self.table.put(item::document(&id, document::write_example(example), now)))
    }

    fn load_examples<'a>(&'a self, incident: &'a Incident) -> Stored<'a, Vec<Diagnosis>> {
        Box::pin(async move {
            let keys = incident.routes.keys().map(|route| example_key(Some(route)));
            let keys: BTreeSet<String> = keys.chain([example_key(None)]).collect();
            let ids = keys.iter().map(|key| document::example_id(&incident.fingerprint, key)).collect();
            let items = self.table.get_all(ids).await?;
            let mut examples: Vec<Diagnosis> =
                items.iter().filter_map(|item| document::read_example(item::body(item)?)).collect();
            examples.sort_by_key(|example| example_key(example.route.as_ref()));
            Ok(examples)
        })
    }

    fn log_writers<'a>(&'a self, group: &'a str) -> Stored<'a, Option<LogWriters>> {
        Box::pin(async move {
            let item = self.table.get(&format!("{LOG_GROUP}{group}")).await?;
            Ok(item.and_then(|item| LogWriters::of_text(item::body(&item)?)))
        })
    }

    fn all_log_writers(&self, now: Timestamp) -> Stored<'_, BTreeMap<String, LogWriters>> {
        Box::pin(async move {
            let mut found = BTreeMap::new();
            let each = |item: Item| {
                let named =
                    item::named(&item, LOG_GROUP).zip(item::body(&item).and_then(LogWriters::of_text));
                found.extend(named.filter(|_| !item::is_expired(&item, now)));
            };
            self.table.scan(each).await?;
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
                Some(writers) => self.table.put(item::document(&id, writers.to_text(), now)).await,
                None => self.table.delete(&id, Expression::default()).await,
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
            // One item a stage and ten minutes, so that none grows without bound. What the other log noted just before
            // the turn of the ten minutes is in the item before.
            let turn = now.as_second() / NOTED_TOGETHER;
            let id = |turn: i64| format!("{REQUESTS}{stage}#{turn}");
            let (own, other) = if of_access_log { ("access", "execution") } else { ("execution", "access") };
            for _ in 0..TRIES {
                let items = self.table.get_all(vec![id(turn), id(turn - 1)]).await?;
                let noted = |item: &Item| -> Vec<Vec<u8>> {
                    match item.get(other) {
                        Some(Value::Bs(noted)) => noted.iter().map(|one| one.as_ref().to_vec()).collect(),
                        _ => Vec::new(),
                    }
                };
                let is_current =
                    |item: &&Item| matches!(item.get("id"), Some(Value::S(name)) if *name == id(turn));
                let seen = items.iter().find(is_current).map_or(0, |item| noted(item).len());
                let noted: BTreeSet<Vec<u8>> = items.iter().flat_map(noted).collect();
                let (known, left): (Vec<u64>, Vec<u64>) =
                    requests.iter().partition(|one| noted.contains(&one.to_be_bytes()[..]));
                if left.is_empty() {
                    return Ok(known);
                }
                let add = update::note_requests(own, (other, seen), &left, now);
                if let Updated::Done(_) = self.table.update(&id(turn), add).await? {
                    return Ok(known);
                }
            }
            Err(StoreError("the requests of a stage changed faster than they could be noted".to_owned()))
        })
    }

    fn silences(&self) -> Stored<'_, Vec<Silence>> {
        Box::pin(async move {
            let item = self.table.get(document::SILENCES).await?;
            Ok(item.and_then(|item| document::read_silences(item::body(&item)?)).unwrap_or_default())
        })
    }

    fn change_silences<'a>(
        &'a self,
        change: &'a (dyn Fn(Vec<Silence>) -> Vec<Silence> + Send + Sync),
    ) -> Stored<'a, Vec<Silence>> {
        Box::pin(async move {
            for _ in 0..TRIES {
                let before = self.table.get(document::SILENCES).await?;
                let before = before.as_ref().and_then(item::body);
                let known = before.and_then(document::read_silences).unwrap_or_default();
                let changed = change(known);
                let update = update::replace(before, &document::write_silences(&changed));
                if let Updated::Done(_) = self.table.update(document::SILENCES, update).await? {
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
