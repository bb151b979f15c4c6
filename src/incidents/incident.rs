//! What is known of an incident: its counts, and what messages cover of it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::causes::{Cause, Route};
use crate::incidents::coverage::Coverage;
use crate::incidents::failure_group::{
    DeliveryCount, FailureGroup, MOST_ROUTES, STORED_ROUTES, count, earliest,
};
use crate::incidents::fingerprint::Fingerprint;
use crate::logs::Source;

/// Failures with one fingerprint over time.
#[derive(Clone, Debug)]
pub struct Incident {
    /// Its id: the fingerprint, and the minute in which it opened.
    pub id: String,
    /// What makes its failures one.
    pub fingerprint: Fingerprint,
    /// Account, Region, API and stage.
    pub source: Source,
    /// The cause that the log names.
    pub cause: &'static Cause,
    /// When it was first counted.
    pub opened_at: Option<Timestamp>,
    /// When failures were last counted.
    pub counted_at: Option<Timestamp>,
    /// Failed requests so far.
    pub failed: u64,
    /// The first failure.
    pub first_failure: Option<Timestamp>,
    /// The latest failure.
    pub last_failure: Option<Timestamp>,
    /// Failed requests a route; about [`Incident::MOST_ROUTES`] routes.
    pub routes: BTreeMap<Route, u64>,
    /// How often it fails.
    pub window: Window,
    /// What messages cover of it.
    pub coverage: Coverage,
}

/// How often an incident fails, by the minute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// When the minute that is being counted began.
    pub since: Option<Timestamp>,
    /// Failures in it so far.
    pub failed: u64,
    /// Failures a minute, as of the last one that was complete.
    pub rate: Option<u64>,
    /// The first that was complete: what an incident that was published in its first minute is set against.
    pub base: Option<u64>,
}

impl Window {
    /// Shorter than this, a rate says little.
    pub const LENGTH: Duration = Duration::from_secs(60);

    /// The window after this one, where it is complete.
    pub fn turned(&self, now: Timestamp) -> Option<Self> {
        let elapsed = now.duration_since(self.since?);
        if elapsed.is_negative() || elapsed.unsigned_abs() < Self::LENGTH {
            return None;
        }
        let rate = self.failed.saturating_mul(60) / elapsed.unsigned_abs().as_secs().max(1);
        Some(Self { since: Some(now), failed: 0, rate: Some(rate), base: self.base.or(Some(rate)) })
    }
}

impl Incident {
    /// Routes an incident remembers; a storm over generated paths must not grow it without end.
    pub const MOST_ROUTES: usize = MOST_ROUTES;

    /// Routes of it that the table keeps, and how long their paths may be: an item stays below 4 kB.
    pub const STORED_ROUTES: usize = STORED_ROUTES;
    /// See [`Incident::STORED_ROUTES`].
    pub const STORED_PATH: usize = 100;

    /// An incident that opens now, without failures as yet.
    pub fn opened(fingerprint: Fingerprint, source: &Source, cause: &'static Cause, now: Timestamp) -> Self {
        Self {
            id: Self::id_of(&fingerprint, now),
            fingerprint,
            source: Source { log_stream: None, delivery: None, ..source.clone() },
            cause,
            opened_at: Some(now),
            counted_at: None,
            failed: 0,
            first_failure: None,
            last_failure: None,
            routes: BTreeMap::new(),
            window: Window::default(),
            coverage: Coverage::opened(now),
        }
    }

    /// The id of what opens now. Two incidents of one kind never open within a minute: the first would be open still.
    pub fn id_of(fingerprint: &Fingerprint, now: Timestamp) -> String {
        format!("{fingerprint}-{}", now.strftime("%Y%m%dT%H%M"))
    }

    /// An incident of news alone.
    pub fn of_news(news: &FailureGroup, now: Timestamp) -> Self {
        let mut incident =
            Self::opened(news.fingerprint.clone(), &news.example.source, news.example.cause, now);
        news.deliveries.values().for_each(|delivery| incident.count(delivery, now));
        incident
    }

    /// Counts a delivery.
    pub fn count(&mut self, delivery: &DeliveryCount, now: Timestamp) {
        self.failed += delivery.failed;
        self.coverage.count(delivery.failed, delivery.last_failure, now);
        for (route, failed) in &delivery.routes {
            count(&mut self.routes, route, *failed);
        }
        self.first_failure = earliest(self.first_failure, delivery.first_failure);
        self.last_failure = self.last_failure.max(delivery.last_failure);
        self.counted_at = self.counted_at.max(Some(now));
        self.window.failed += delivery.failed;
        self.window.since.get_or_insert(now);
    }

    /// Failures since its last alert ended.
    pub fn failed_since(&self) -> u64 {
        self.coverage.failed.saturating_sub(self.coverage.ended_failed)
    }
}
