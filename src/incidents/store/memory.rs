//! Incidents and alerts in the container's memory: each container alerts by itself.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::causes::{Diagnosis, Route};
use crate::incidents::coverage::{AlertId, Coverage, CoverageChange};
use crate::incidents::failure_group::{DeliveryId, FailureGroup, example_key};
use crate::incidents::fingerprint::Fingerprint;
use crate::incidents::incident::Incident;
use crate::incidents::ledger::{Charge, Ledger};
use crate::incidents::record::AlertRecord;
use crate::incidents::silence::Silence;
use crate::incidents::store::{Contents, Store, Stored, Written};
use crate::logs::LogWriters;

/// Incidents kept at a time; when there are more, those that failed longest ago are forgotten.
const MOST: usize = 4096;

/// Deliveries an incident remembers.
const MOST_SEEN: usize = 256;

/// A store that forgets when the container ends.
#[derive(Debug, Default)]
pub struct MemoryStore {
    kept: Mutex<StoredTable>,
}

#[derive(Debug, Default)]
struct StoredTable {
    entries: HashMap<Fingerprint, StoredIncident>,
    alerts: BTreeMap<AlertId, AlertRecord>,
    roots: HashMap<Fingerprint, AlertId>,
    ledgers: BTreeMap<String, Ledger>,
    silences: Vec<Silence>,
    log_writers: BTreeMap<String, LogWriters>,
    /// By stage and log.
    noted: BTreeMap<(String, bool), BTreeSet<u64>>,
}

#[derive(Debug)]
struct StoredIncident {
    incident: Incident,
    seen: VecDeque<DeliveryId>,
    examples: BTreeMap<String, Diagnosis>,
}

impl StoredTable {
    /// An incident, opened where none is kept or the one that is has expired.
    fn entry(&mut self, news: &FailureGroup, now: Timestamp) -> &mut StoredIncident {
        let fingerprint = &news.fingerprint;
        if self.entries.get(fingerprint).is_some_and(|entry| entry.incident.coverage.is_expired(now)) {
            self.entries.remove(fingerprint);
        }
        if !self.entries.contains_key(fingerprint) && self.entries.len() >= MOST {
            let oldest = self.entries.values().min_by_key(|entry| entry.incident.counted_at);
            if let Some(oldest) = oldest.map(|entry| entry.incident.fingerprint.clone()) {
                self.entries.remove(&oldest);
            }
        }
        let opened = || Incident::opened(fingerprint.clone(), &news.example.source, news.example.cause, now);
        self.entries.entry(fingerprint.clone()).or_insert_with(|| StoredIncident {
            incident: opened(),
            seen: VecDeque::new(),
            examples: BTreeMap::new(),
        })
    }
}

impl MemoryStore {
    /// Forgets an incident.
    pub fn forget(&self, fingerprint: &Fingerprint) {
        let mut kept = self.kept();
        kept.entries.remove(fingerprint);
        kept.alerts.retain(|_, alert| alert.leader != *fingerprint);
    }

    fn kept(&self) -> MutexGuard<'_, StoredTable> {
        // A panic elsewhere leaves whole incidents behind: each change is one assignment.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first bytes of a text: what a client writes may have characters of four.
fn start(text: &str, longest: usize) -> String {
    text[..text.floor_char_boundary(longest)].to_owned()
}

/// What the table keeps of routes: few, and short.
pub(crate) fn stored_routes(routes: &BTreeMap<Route, u64>) -> impl Iterator<Item = (Route, u64)> + '_ {
    let short = |route: &Route| Route {
        method: start(&route.method, 16),
        path: start(&route.path, Incident::STORED_PATH),
    };
    routes.iter().take(Incident::STORED_ROUTES).map(move |(route, failed)| (short(route), *failed))
}

impl Store for MemoryStore {
    fn is_private(&self) -> bool {
        true
    }

    fn count<'a>(&'a self, news: &'a FailureGroup, now: Timestamp) -> Stored<'a, Incident> {
        let mut kept = self.kept();
        let StoredIncident { incident, seen, .. } = kept.entry(news, now);
        for (id, delivery) in &news.deliveries {
            if !seen.contains(id) {
                let mut delivery = delivery.clone();
                delivery.routes = stored_routes(&delivery.routes)
                    .filter(|(route, _)| {
                        incident.routes.contains_key(route) || incident.routes.len() < Incident::STORED_ROUTES
                    })
                    .collect();
                incident.count(&delivery, now);
                seen.push_back(*id);
            }
        }
        while seen.len() > MOST_SEEN {
            seen.pop_front();
        }
        if let Some(window) = incident.window.turned(now) {
            incident.window = window;
        }
        Box::pin(ready(Ok(incident.clone())))
    }

    fn read<'a>(&'a self, fingerprints: &'a [Fingerprint], now: Timestamp) -> Stored<'a, Vec<Incident>> {
        let kept = self.kept();
        let found = fingerprints.iter().filter_map(|fingerprint| kept.entries.get(fingerprint));
        let found = found.map(|entry| entry.incident.clone());
        Box::pin(ready(Ok(found.filter(|incident| !incident.coverage.is_expired(now)).collect())))
    }

    fn all(&self, now: Timestamp) -> Stored<'_, Contents> {
        let mut kept = self.kept();
        kept.alerts.retain(|_, alert| alert.expires_at().is_none_or(|expires| expires > now));
        let mut incidents: Vec<Incident> =
            kept.entries.values().map(|entry| entry.incident.clone()).collect();
        incidents.retain(|incident| !incident.coverage.is_expired(now));
        incidents.sort_by(|a, b| a.fingerprint.cmp(&b.fingerprint));
        let alerts = kept.alerts.values().cloned().collect();
        Box::pin(ready(Ok(Contents { incidents, alerts, old: Vec::new() })))
    }

    fn alert<'a>(&'a self, id: &'a AlertId) -> Stored<'a, Option<AlertRecord>> {
        Box::pin(ready(Ok(self.kept().alerts.get(id).cloned())))
    }

    fn write<'a>(&'a self, seen: Option<u64>, alert: &'a AlertRecord) -> Stored<'a, Written> {
        let mut kept = self.kept();
        let known = kept.alerts.get(&alert.id);
        let written = if known.map(|known| known.version) == seen {
            kept.alerts.insert(alert.id.clone(), alert.clone());
            Written::Done
        } else {
            Written::Refused(known.cloned())
        };
        Box::pin(ready(Ok(written)))
    }

    fn delete<'a>(&'a self, id: &'a AlertId, version: u64) -> Stored<'a, ()> {
        let mut kept = self.kept();
        if kept.alerts.get(id).is_some_and(|alert| alert.version == version) {
            kept.alerts.remove(id);
        }
        Box::pin(ready(Ok(())))
    }

    fn change<'a>(
        &'a self,
        fingerprint: &'a Fingerprint,
        change: &'a CoverageChange,
    ) -> Stored<'a, Option<Coverage>> {
        let mut kept = self.kept();
        let entry = kept.entries.get_mut(fingerprint);
        let changed = entry.and_then(|entry| {
            let changed = entry.incident.coverage.changed(change)?;
            entry.incident.coverage = changed.clone();
            Some(changed)
        });
        Box::pin(ready(Ok(changed)))
    }

    fn root<'a>(&'a self, root: &'a Fingerprint) -> Stored<'a, Option<AlertId>> {
        Box::pin(ready(Ok(self.kept().roots.get(root).cloned())))
    }

    fn take_root<'a>(
        &'a self,
        root: &'a Fingerprint,
        seen: Option<&'a AlertId>,
        alert: &'a AlertId,
        _now: Timestamp,
    ) -> Stored<'a, bool> {
        let mut kept = self.kept();
        let is_free = kept.roots.get(root) == seen;
        if is_free {
            kept.roots.insert(root.clone(), alert.clone());
        }
        Box::pin(ready(Ok(is_free)))
    }

    fn charge<'a>(&'a self, charge: &'a Charge, _now: Timestamp) -> Stored<'a, bool> {
        let mut kept = self.kept();
        // An hour ago is over.
        kept.ledgers.retain(|hour, _| *hour >= charge.hour);
        let charged = kept.ledgers.entry(charge.hour.clone()).or_default().charge(charge);
        Box::pin(ready(Ok(charged)))
    }

    fn save_example<'a>(
        &'a self,
        fingerprint: &'a Fingerprint,
        example: &'a Diagnosis,
        _now: Timestamp,
    ) -> Stored<'a, ()> {
        if let Some(entry) = self.kept().entries.get_mut(fingerprint)
            && entry.examples.len() < 2 * Incident::STORED_ROUTES
        {
            entry.examples.insert(example_key(example.route.as_ref()), example.clone());
        }
        Box::pin(ready(Ok(())))
    }

    fn load_examples<'a>(&'a self, incident: &'a Incident) -> Stored<'a, Vec<Diagnosis>> {
        let kept = self.kept();
        let examples = kept.entries.get(&incident.fingerprint);
        let examples = examples.map(|entry| entry.examples.values().cloned().collect());
        Box::pin(ready(Ok(examples.unwrap_or_default())))
    }

    fn log_writers<'a>(&'a self, group: &'a str) -> Stored<'a, Option<LogWriters>> {
        let kept = self.kept().log_writers.get(group).cloned();
        Box::pin(ready(Ok(kept)))
    }

    fn all_log_writers(&self, _: Timestamp) -> Stored<'_, BTreeMap<String, LogWriters>> {
        let kept = self.kept().log_writers.clone();
        Box::pin(ready(Ok(kept)))
    }

    fn save_log_writers<'a>(
        &'a self,
        group: &'a str,
        writers: Option<&'a LogWriters>,
        _: Timestamp,
    ) -> Stored<'a, ()> {
        let mut kept = self.kept();
        match writers {
            Some(writers) => kept.log_writers.insert(group.to_owned(), writers.clone()),
            None => kept.log_writers.remove(group),
        };
        Box::pin(ready(Ok(())))
    }

    fn note_requests<'a>(
        &'a self,
        stage: &'a str,
        of_access_log: bool,
        requests: &'a [u64],
        _: Timestamp,
    ) -> Stored<'a, Vec<u64>> {
        let mut kept = self.kept();
        let other = kept.noted.get(&(stage.to_owned(), !of_access_log)).cloned().unwrap_or_default();
        let (known, own): (Vec<u64>, Vec<u64>) = requests.iter().partition(|request| other.contains(request));
        kept.noted.entry((stage.to_owned(), of_access_log)).or_default().extend(own);
        Box::pin(ready(Ok(known)))
    }

    fn silences(&self) -> Stored<'_, Vec<Silence>> {
        Box::pin(ready(Ok(self.kept().silences.clone())))
    }

    fn change_silences<'a>(
        &'a self,
        change: &'a (dyn Fn(Vec<Silence>) -> Vec<Silence> + Send + Sync),
    ) -> Stored<'a, Vec<Silence>> {
        let mut kept = self.kept();
        kept.silences = change(std::mem::take(&mut kept.silences));
        Box::pin(ready(Ok(kept.silences.clone())))
    }
}
