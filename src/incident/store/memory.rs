//! Incidents in the container's memory: each container tells for itself.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::{Store, Stored};
use crate::incident::{Change, Fingerprint, Incident, News, fold};

/// Incidents kept at a time; when there are more, those that failed longest ago are forgotten.
const MOST: usize = 4096;

/// A store that forgets when the container ends.
#[derive(Debug)]
pub struct MemoryStore {
    incidents: Mutex<HashMap<Fingerprint, Incident>>,
    repeat: Duration,
}

impl MemoryStore {
    /// An empty store that has a lasting incident told again after `repeat`.
    pub fn new(repeat: Duration) -> Self {
        Self { incidents: Mutex::default(), repeat }
    }

    fn incidents(&self) -> MutexGuard<'_, HashMap<Fingerprint, Incident>> {
        // A panic elsewhere leaves whole incidents behind: each is put in by one insert.
        self.incidents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn record<'a>(&'a self, news: &'a News, now: Timestamp) -> Stored<'a, Change> {
        let mut incidents = self.incidents();
        let change = fold(incidents.get(&news.fingerprint), news, now, self.repeat);
        incidents.insert(news.fingerprint.clone(), change.incident.clone());
        if incidents.len() > MOST {
            forget_one(&mut incidents);
        }
        Box::pin(ready(Ok(change)))
    }

    fn settle<'a>(&'a self, incident: &'a Incident, now: Timestamp) -> Stored<'a, ()> {
        if let Some(known) = self.incidents().get_mut(&incident.fingerprint) {
            known.told_at = Some(now);
        }
        Box::pin(ready(Ok(())))
    }
}

fn forget_one(incidents: &mut HashMap<Fingerprint, Incident>) {
    let oldest =
        incidents.values().min_by_key(|incident| incident.last_failure).map(|i| i.fingerprint.clone());
    if let Some(oldest) = oldest {
        incidents.remove(&oldest);
    }
}
