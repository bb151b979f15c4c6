//! An alert: one key, from its first message to its one end.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::incidents::coverage::{AlertId, Coverage, CoverageChange, DAY, Flapping, KEPT, KnownFault};
use crate::incidents::fingerprint::Fingerprint;

/// An alert as the table keeps it. Every write is on condition of the version that was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AlertRecord {
    pub id: AlertId,
    pub version: u64,
    /// The incident whose failure opened it; of a digest, [`AlertRecord::DIGEST`].
    pub leader: Fingerprint,
    /// The broken resource that it is of, once a reading has named one.
    pub root: Option<Fingerprint>,
    pub state: AlertState,
    pub lease: Option<Lease>,
    pub opened_at: Timestamp,
    pub last: Option<LastAlert>,
    pub flapping: Flapping,
    pub evidence: EvidenceSoFar,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AlertState {
    /// It has an owner, and once it is `announced` its first message may or may not have been published.
    Opening {
        announced: bool,
    },
    Open,
    /// Its end is decided, and may or may not have been published.
    Ending(AlertEnd),
    Ended(AlertEnd),
}

/// How an alert ends, as decided.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AlertEnd {
    pub how: How,
    pub at: Timestamp,
    pub reason: String,
    /// The version at which the members were read again: the end covers those that bear it. None, where it merged.
    #[serde(default)]
    pub version: u64,
}

impl AlertEnd {
    /// Whether it covers an incident that is on its alert.
    pub fn covers(&self, coverage: &Coverage) -> bool {
        coverage.proved == Some(self.version) && !matches!(self.how, How::Merged(_))
    }

    /// How an incident leaves the alert that ended.
    pub fn leaving(&self, alert: AlertId, flapping: Flapping, coverage: &Coverage) -> CoverageChange {
        let version = self.version;
        if self.covers(coverage) {
            CoverageChange::End { alert, at: self.at, flapping, version }
        } else {
            CoverageChange::Return { alert, version }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum How {
    /// Quiet, and a reading of all of it found its fault gone.
    Resolved,
    /// Quiet for so long that it is closed without such a reading.
    Expired,
    /// It goes on under another key.
    Merged(AlertId),
}

/// Exclusive right to publish for an alert, until it expires with the invocation that took it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Lease {
    pub owner: String,
    pub until: Timestamp,
}

impl Lease {
    /// No invocation lasts longer than Lambda's 15 minutes: a lease that says much more was written by a clock gone wrong.
    pub const LONGEST: Duration = Duration::from_secs(1300);

    /// Clocks may be apart by this much before a lease is taken from an owner that still runs.
    pub const CLOCKS_APART: Duration = Duration::from_secs(120);

    pub fn holds(&self, now: Timestamp) -> bool {
        let until = self.until.checked_add(Self::CLOCKS_APART).unwrap_or(self.until);
        let left = until.duration_since(now);
        left.is_positive() && left.unsigned_abs() <= Self::LONGEST
    }
}

/// The last message of an alert, and how things stood.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LastAlert {
    pub number: u64,
    pub at: Timestamp,
    /// What it covered of the incident that leads: so that a crash before this was noted there invents nothing.
    pub leader_failed: u64,
    pub rate: Option<u64>,
    /// Members that it named, and their routes.
    pub members: usize,
    pub routes: usize,
    /// Escalations so far; each doubles the wait for the next.
    pub escalations: u32,
    /// Whether it said that failures stopped, though the fault was not seen to be gone.
    pub quiet: bool,
    /// Before this, the fault is not read again.
    pub look_at: Option<Timestamp>,
    /// The finding that explained it: its code, and what was at fault.
    pub fault: Option<KnownFault>,
}

impl LastAlert {
    /// A first message of which nothing else is known.
    pub fn first(at: Timestamp) -> Self {
        Self {
            number: 1,
            at,
            leader_failed: 0,
            rate: None,
            members: 1,
            routes: 1,
            escalations: 0,
            quiet: false,
            look_at: None,
            fault: None,
        }
    }
}

/// How far the readings before an end have come: they are a few at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EvidenceSoFar {
    /// Failures of all members when it began: more make it begin again.
    pub failed: u64,
    /// Pairs of endpoint and route that were read and found healthy.
    pub read: u32,
}

impl AlertRecord {
    /// The leader of a digest, which is no incident.
    pub const DIGEST: &'static str = "many-incidents";

    /// Longest quiet time that flapping makes an alert wait for.
    const LONGEST_QUIET: Duration = Duration::from_secs(12 * 3600);

    pub fn opening(id: AlertId, leader: Fingerprint, flapping: Flapping, now: Timestamp) -> Self {
        Self {
            id,
            version: 0,
            leader,
            root: None,
            state: AlertState::Opening { announced: false },
            lease: None,
            opened_at: now,
            last: None,
            flapping,
            evidence: EvidenceSoFar::default(),
        }
    }

    pub fn is_digest(&self) -> bool {
        self.leader.as_str() == Self::DIGEST
    }

    /// Whether failures can still join it.
    pub fn is_joinable(&self) -> bool {
        matches!(self.state, AlertState::Opening { .. } | AlertState::Open)
    }

    /// Whether no message of it was ever about to be published.
    pub fn is_unannounced(&self) -> bool {
        self.state == AlertState::Opening { announced: false }
    }

    pub fn is_open(&self) -> bool {
        self.state == AlertState::Open
    }

    pub fn is_free(&self, now: Timestamp) -> bool {
        !self.lease.as_ref().is_some_and(|lease| lease.holds(now))
    }

    /// Whether it was never published, and has no owner: the next task that needs the key takes it.
    pub fn is_idle(&self, now: Timestamp) -> bool {
        self.is_unannounced() && self.is_free(now)
    }

    pub fn end(&self) -> Option<&AlertEnd> {
        match &self.state {
            AlertState::Ending(end) | AlertState::Ended(end) => Some(end),
            _ => None,
        }
    }

    /// The alert that it goes on under.
    pub fn merged_into(&self) -> Option<&AlertId> {
        match &self.end()?.how {
            How::Merged(into) => Some(into),
            _ => None,
        }
    }

    pub fn expires_at(&self) -> Option<Timestamp> {
        match &self.state {
            AlertState::Ended(end) => end.at.checked_add(KEPT).ok(),
            _ => None,
        }
    }

    /// The next version of it.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut after = self.clone();
        after.version += 1;
        change(&mut after);
        after
    }

    /// How long it must be quiet: regressions within a day double it.
    pub fn quiet_time(&self, resolve_after: Duration) -> Duration {
        let doubled = resolve_after.saturating_mul(1 << self.flapping.times.min(10));
        doubled.min(Self::LONGEST_QUIET.max(resolve_after))
    }

    /// "flapping: 6 times since 09:12".
    pub fn flapping_words(&self) -> Option<String> {
        let since = self.flapping.since?;
        let day = if self.opened_at.duration_since(since) < DAY { "%H:%M" } else { "%Y-%m-%d %H:%M" };
        (self.flapping.times > 1)
            .then(|| format!("flapping: {} times since {} UTC", self.flapping.times, since.strftime(day)))
    }
}
