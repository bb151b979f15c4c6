//! Failures that the table did not take: they are published from memory, and stored once it can be reached.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::functions::notify::{OVERDUE, Work, lease};
use crate::functions::respond::Responder;
use crate::incidents::coverage::{AlertId, Coverage, CoverageChange};
use crate::incidents::record::{AlertState, LastAlert, Lease};
use crate::incidents::store::{Store, StoreError, Unstored, Written};
use crate::incidents::{AlertRecord, FailureGroup, Incident};

/// Incidents, and deliveries of each, that one container remembers while the table is gone, to write them once it is back.
const MOST_UNSTORED: usize = 256;

impl Responder {
    /// What the table could not take. What it has counted is the table's to publish: the caretaker does, and so does the
    /// payload, which comes again. What it can't count, or has not published for so long, this container publishes from its
    /// memory alone. A duplicate alert beats a lost one.
    pub(crate) async fn without_table(
        &self,
        news: FailureGroup,
        counted: Option<Incident>,
        deadline: Instant,
    ) -> Option<Work<'_>> {
        let (now, fingerprint) = ((self.now)(), news.fingerprint.clone());
        let age = |last: Timestamp| Duration::try_from(now.duration_since(last)).unwrap_or_default();
        if counted.is_some() && news.last_failure().is_some_and(|last| age(last) < OVERDUE) {
            warn!("the table failed once a failure was counted; the next sweep opens its alert");
            return None;
        }
        // A busy item can still be read, and an alert is another item.
        let known = match counted {
            Some(counted) => Ok(Some(counted)),
            None => {
                let known = self.store.read(std::slice::from_ref(&fingerprint), now).await;
                known.map(|mut known| known.pop())
            }
        };
        self.remember_unstored(&news);
        let id = match &known {
            Ok(Some(known)) if known.coverage.alert.is_some() => {
                warn!(
                    "could not count a failure; its incident already has an alert, and Lambda will retry the payload"
                );
                return None;
            }
            Ok(Some(known)) => known.coverage.next_alert(&fingerprint),
            Ok(None) => Coverage::opened(now).next_alert(&fingerprint),
            // One key for all containers that know nothing.
            Err(_) => AlertId(format!("{fingerprint}-{}-alone", now.strftime("%Y%m%dT%H"))),
        };
        error!(alert = id.to_string(), "cannot write to the incident table; publishing without it");
        let remembered = self.fallback.count(&news, now).await.expect("memory can always be reached");
        let work = self.opened(&self.fallback, news, remembered, deadline).await;
        let mut work = work.expect("memory can always be reached")?;
        work.task.alert.id = id;
        let announced = AlertRecord {
            state: AlertState::Opening { announced: true },
            lease: Some(Lease {
                owner: self.owner(),
                until: now.checked_add(lease(deadline)).unwrap_or(now),
            }),
            version: 1,
            ..work.task.alert.clone()
        };
        // Announced in the table, if it takes that: then the key ends, whatever becomes of this container.
        match self.store.write(None, &announced).await {
            Ok(Written::Done) => self.know(&work, &announced),
            Ok(Written::Refused(Some(known))) if known.end().is_none() && !known.is_idle(now) => {
                info!(alert = known.id.to_string(), "another container publishes under this key");
                return None;
            }
            Ok(Written::Refused(_)) | Err(_) => {}
        }
        Some(work)
    }

    pub(crate) fn unstored(&self) -> MutexGuard<'_, Vec<Unstored>> {
        // A panic elsewhere leaves whole entries behind.
        self.unstored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember_unstored(&self, news: &FailureGroup) {
        let mut unstored = self.unstored();
        let place = unstored.iter().position(|one| one.news.fingerprint == news.fingerprint);
        if let Some(Unstored { news: known, .. }) = place.and_then(|place| unstored.get_mut(place)) {
            let room = MOST_UNSTORED.saturating_sub(known.deliveries.len());
            let more = news.deliveries.iter().take(room);
            known.deliveries.extend(more.map(|(id, delivery)| (*id, delivery.clone())));
        } else if unstored.len() < MOST_UNSTORED {
            unstored.push(Unstored { news: news.clone(), alert: None, is_known: true });
        }
    }

    /// Remembers the alert that this container publishes, to write it to the table.
    pub(crate) fn know(&self, work: &Work<'_>, alert: &AlertRecord) {
        let mut unstored = self.unstored();
        let own = unstored.iter_mut().find(|one| one.news.fingerprint == work.news.fingerprint);
        if let Some(own) = own {
            own.is_known = !alert.is_open();
            own.alert = Some(alert.clone());
        }
    }

    /// Writes what failed while the table was gone: the caretaker ends its alerts.
    pub(crate) async fn store_unstored(&self) {
        let unstored = std::mem::take(&mut *self.unstored());
        let mut left = Vec::new();
        for mut one in unstored {
            if let Err(error) = self.store_one(&mut one).await {
                warn!(error = error.to_string(), "the incident table is still unreachable");
                left.push(one);
            } else {
                // From here on the table knows more than this container.
                self.fallback.forget(&one.news.fingerprint);
            }
        }
        self.unstored().extend(left);
    }

    async fn store_one(&self, Unstored { news, alert, is_known }: &mut Unstored) -> Result<(), StoreError> {
        let now = (self.now)();
        if let Some(alert) = alert.as_ref().filter(|_| !*is_known) {
            // What the message covered, this container counted, not the table.
            let last = alert.last.clone().map(|last| LastAlert { leader_failed: 0, ..last });
            let mut open = AlertRecord { lease: None, last, ..alert.clone() };
            let mut seen = None;
            while let Written::Refused(Some(known)) = self.store.write(seen, &open).await? {
                if known.is_open() {
                    break;
                }
                (seen, open.version) = (Some(known.version), known.version + 1);
            }
            *is_known = true;
        }
        let incident = self.store.count(news, now).await?;
        self.save_new(&*self.store, news, &incident, now).await;
        let is_free = incident.coverage.alert.is_none();
        let Some(alert) = alert.as_ref().filter(|alert| is_free && alert.is_open()) else { return Ok(()) };
        let change = CoverageChange::Attach {
            generation: incident.coverage.generation,
            alert: alert.id.clone(),
            covered: Some(incident.coverage.covered),
        };
        self.store.change(&news.fingerprint, &change).await?;
        Ok(())
    }
}
