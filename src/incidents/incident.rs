//! What is known of an incident: its counts, and what has been told of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::causes::{Cause, Route};
use crate::incidents::alert::Status;
use crate::incidents::failure_group::{DeliveryCount, FailureGroup, count, earliest};
use crate::incidents::fingerprint::Fingerprint;
use crate::logs::Source;

/// Failures with one fingerprint over time; or, where a broken resource fails several of those, the page that tells them.
#[derive(Clone, Debug)]
pub struct Incident {
    /// Its id: the fingerprint, and the minute in which it opened.
    pub id: String,
    /// What makes its failures one.
    pub fingerprint: Fingerprint,
    /// Account, Region, API and stage; of a page, those of the incident that opened it.
    pub source: Source,
    /// The cause that the log names; of a page, that of the incident that opened it.
    pub cause: &'static Cause,
    /// When it was first counted.
    pub opened_at: Option<Timestamp>,
    /// When failures were last counted.
    pub counted_at: Option<Timestamp>,
    /// Failed requests so far; a page has none of its own.
    pub failed: u64,
    /// The first failure.
    pub first_failure: Option<Timestamp>,
    /// The latest failure.
    pub last_failure: Option<Timestamp>,
    /// Failed requests a route; about [`Incident::MOST_ROUTES`] routes.
    pub routes: BTreeMap<Route, u64>,
    /// How often it fails.
    pub window: Window,
    /// The page it is told on; `None` where it is told by itself.
    pub page: Option<Fingerprint>,
    /// The incidents that this page tells; empty where it is none.
    pub members: BTreeSet<Fingerprint>,
    /// What was last told; `None` where nobody was told yet.
    pub told: Option<LastAlert>,
    /// Who is telling it.
    pub lease: Option<Lease>,
}

/// What was told of an incident, and how it stood then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastAlert {
    /// How many messages this makes; two tellers can't both write the same number.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// As what.
    pub status: Status,
    /// Failures a minute, where they were known.
    pub rate: Option<u64>,
    /// Routes that failed.
    pub routes: usize,
    /// Incidents on the page.
    pub members: usize,
    /// How often it was escalated since it opened: each makes the next one wait twice as long.
    pub escalations: u32,
    /// Whether it was told that no failures come any more, though the fault could not be seen to be gone.
    pub quiet: bool,
    /// Before this, nobody looks again whether the fault is gone.
    pub look_at: Option<Timestamp>,
    /// When it was last resolved: what failed before that is none of its business any more.
    pub resolved_at: Option<Timestamp>,
    /// The code of the finding that explained it, and what was at fault.
    pub fault: Option<Fault>,
}

/// The finding that explained an incident when it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its code.
    pub code: String,
    /// What was at fault: an ARN or id.
    pub resource: Option<String>,
}

/// Somebody's right to tell an incident, until it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it.
    pub owner: String,
    /// When it ends.
    pub until: Timestamp,
}

impl Lease {
    /// The owner of the leases that keep silenced incidents from being looked at again and again.
    pub const SILENCE: &'static str = "silence";

    /// No invocation lasts longer than Lambda's 15 minutes: a lease that says more was written by a clock gone wrong.
    pub const LONGEST: Duration = Duration::from_secs(1000);

    /// Whether it still holds.
    pub fn holds(&self, now: Timestamp) -> bool {
        let left = self.until.duration_since(now);
        left.is_positive() && (self.owner == Self::SILENCE || left.unsigned_abs() <= Self::LONGEST)
    }
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
    /// The first that was complete: what an incident that was told in its first minute is set against.
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
    pub const MOST_ROUTES: usize = 50;

    /// Incidents a page names.
    pub const MOST_MEMBERS: usize = 100;

    /// How long an incident is remembered after its last failure, and after it was resolved: what returns within a day has
    /// regressed.
    pub const KEPT_OPEN: Duration = Duration::from_secs(7 * 86_400);
    /// See [`Incident::KEPT_OPEN`].
    pub const KEPT_RESOLVED: Duration = Duration::from_secs(86_400);

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
            page: None,
            members: BTreeSet::new(),
            told: None,
            lease: None,
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
        for (route, failed) in &delivery.routes {
            count(&mut self.routes, route, *failed);
        }
        self.first_failure = earliest(self.first_failure, delivery.first_failure);
        self.last_failure = self.last_failure.max(delivery.last_failure);
        self.counted_at = self.counted_at.max(Some(now));
        self.window.failed += delivery.failed;
        self.window.since.get_or_insert(now);
    }

    /// Puts an incident on this page.
    pub fn join(&mut self, member: &Self, now: Timestamp) {
        if self.members.len() < Self::MOST_MEMBERS {
            self.members.insert(member.fingerprint.clone());
        }
        self.counted_at = self.counted_at.max(Some(now));
    }

    /// Whether it was told and has not been resolved since.
    pub fn is_open(&self) -> bool {
        self.told.as_ref().is_some_and(|told| told.status != Status::Resolved)
    }

    /// When it is forgotten.
    pub fn expires_at(&self) -> Option<Timestamp> {
        let kept = |from: Option<Timestamp>, kept: Duration| from?.checked_add(kept).ok();
        match &self.told {
            Some(told) if told.status == Status::Resolved && self.counted_at <= Some(told.at) => {
                kept(Some(told.at), Self::KEPT_RESOLVED)
            }
            told => {
                let told = told.as_ref().map(|told| told.at);
                kept(self.counted_at.max(told).or(self.opened_at), Self::KEPT_OPEN)
            }
        }
    }

    /// Whether it was over for so long that its next failure is another incident's.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at().is_some_and(|expires| expires <= now)
    }
}
