//! Incidents in the container's memory: each container tells for itself.

use std::collections::{HashMap, VecDeque};
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::causes::Diagnosis;
use crate::incidents::failure_group::{DeliveryId, FailureGroup};
use crate::incidents::fingerprint::Fingerprint;
use crate::incidents::incident::{Incident, Lease};
use crate::incidents::silence::Silence;
use crate::incidents::store::{Release, Store, Stored};

/// Incidents kept at a time; when there are more, those that failed longest ago are forgotten.
const MOST: usize = 4096;

/// Deliveries an incident remembers.
const MOST_SEEN: usize = 256;

/// A store that forgets when the container ends.
#[derive(Debug, Default)]
pub struct MemoryStore {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    entries: HashMap<Fingerprint, Entry>,
    silences: Vec<Silence>,
}

#[derive(Debug)]
struct Entry {
    incident: Incident,
    seen: VecDeque<DeliveryId>,
    example: Option<Diagnosis>,
}

impl Entry {
    fn of(incident: Incident) -> Self {
        Self { incident, seen: VecDeque::new(), example: None }
    }
}

impl Kept {
    /// An incident, opened where none is kept or the one that is has expired.
    fn entry(
        &mut self,
        fingerprint: &Fingerprint,
        now: Timestamp,
        opened: impl FnOnce() -> Incident,
    ) -> &mut Entry {
        if self.entries.get(fingerprint).is_some_and(|entry| entry.incident.is_expired(now)) {
            self.entries.remove(fingerprint);
        }
        if !self.entries.contains_key(fingerprint) && self.entries.len() >= MOST {
            self.forget_one();
        }
        self.entries.entry(fingerprint.clone()).or_insert_with(|| Entry::of(opened()))
    }

    fn forget_one(&mut self) {
        let oldest = self.entries.values().min_by_key(|entry| entry.incident.counted_at);
        if let Some(oldest) = oldest.map(|entry| entry.incident.fingerprint.clone()) {
            self.entries.remove(&oldest);
        }
    }
}

impl MemoryStore {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A panic elsewhere leaves whole incidents behind: each change is one assignment.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn count<'a>(&'a self, news: &'a FailureGroup, now: Timestamp) -> Stored<'a, Incident> {
        let mut kept = self.kept();
        let opened =
            || Incident::opened(news.fingerprint.clone(), &news.example.source, news.example.cause, now);
        let Entry { incident, seen, .. } = kept.entry(&news.fingerprint, now, opened);
        for (id, delivery) in &news.deliveries {
            if !seen.contains(id) {
                incident.count(delivery, now);
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
        let found: Vec<Incident> =
            found.map(|entry| entry.incident.clone()).filter(|incident| !incident.is_expired(now)).collect();
        Box::pin(ready(Ok(found)))
    }

    fn all(&self, now: Timestamp) -> Stored<'_, Vec<Incident>> {
        let kept = self.kept();
        let all = kept.entries.values().map(|entry| entry.incident.clone());
        let mut all: Vec<Incident> = all.filter(|incident| !incident.is_expired(now)).collect();
        all.sort_by(|a, b| a.fingerprint.cmp(&b.fingerprint));
        Box::pin(ready(Ok(all)))
    }

    fn claim<'a>(&'a self, seen: &'a Incident, lease: &'a Lease, now: Timestamp) -> Stored<'a, bool> {
        let mut kept = self.kept();
        let number = |incident: &Incident| incident.told.as_ref().map(|told| told.number);
        let free = |incident: &Incident| {
            number(incident) == number(seen) && !incident.lease.as_ref().is_some_and(|lease| lease.holds(now))
        };
        let entry = kept.entries.get_mut(&seen.fingerprint).filter(|entry| free(&entry.incident));
        let won = entry.map(|entry| entry.incident.lease = Some(lease.clone())).is_some();
        Box::pin(ready(Ok(won)))
    }

    fn settle<'a>(
        &'a self,
        fingerprint: &'a Fingerprint,
        owner: &'a str,
        settled: &'a Release,
    ) -> Stored<'a, ()> {
        let mut kept = self.kept();
        let held = |incident: &Incident| incident.lease.as_ref().is_some_and(|lease| lease.owner == owner);
        if let Some(entry) = kept.entries.get_mut(fingerprint).filter(|entry| held(&entry.incident)) {
            let incident = &mut entry.incident;
            incident.lease = None;
            match settled {
                Release::Alerted(told) => incident.told = Some(told.clone()),
                Release::Merged(page) => incident.page = Some(page.clone()),
                Release::Silenced(until) => {
                    incident.lease = Some(Lease { owner: Lease::SILENCE.to_owned(), until: *until });
                }
                Release::Retry => {}
            }
        }
        Box::pin(ready(Ok(())))
    }

    fn join<'a>(
        &'a self,
        page: &'a Fingerprint,
        member: &'a Incident,
        now: Timestamp,
    ) -> Stored<'a, Incident> {
        let mut kept = self.kept();
        let opened = || Incident::opened(page.clone(), &member.source, member.cause, now);
        let page = &mut kept.entry(page, now, opened).incident;
        page.join(member, now);
        Box::pin(ready(Ok(page.clone())))
    }

    fn keep<'a>(
        &'a self,
        fingerprint: &'a Fingerprint,
        example: &'a Diagnosis,
        _now: Timestamp,
    ) -> Stored<'a, ()> {
        if let Some(entry) = self.kept().entries.get_mut(fingerprint) {
            entry.example = Some(example.clone());
        }
        Box::pin(ready(Ok(())))
    }

    fn kept<'a>(&'a self, fingerprint: &'a Fingerprint) -> Stored<'a, Option<Diagnosis>> {
        let example = self.kept().entries.get(fingerprint).and_then(|entry| entry.example.clone());
        Box::pin(ready(Ok(example)))
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
