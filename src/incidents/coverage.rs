//! How much of an incident the messages so far cover, and which alert it is on.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::incidents::fingerprint::Fingerprint;

/// How often people want to hear of the same thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    pub repeat: Duration,
    pub resolve_after: Duration,
}

/// The finding that explained an incident when its alert was published.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KnownFault {
    /// Its code.
    pub code: String,
    /// What was at fault: an ARN or id.
    pub resource: Option<String>,
}

/// The key of an alert from its first message to its end: `dedup_key` in every message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AlertId(pub String);

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Failures that arrive later than this are late: they say so, and open nothing that has ended for their time.
pub const LATE: SignedDuration = SignedDuration::from_hours(1);

/// A message may be delivered again for this long: Lambda's retries, a stream, and the failure queue, which keeps 14 days.
pub const KEPT: SignedDuration = SignedDuration::from_hours(15 * 24);

/// What fails again so soon after its end has regressed; before, it is flapping.
pub const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What the protocol keeps of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Coverage {
    pub opened_at: Timestamp,
    /// When failures were last counted. It says when to act, never whether.
    pub counted_at: Timestamp,
    /// Failures that some message has to cover.
    pub failed: u64,
    /// Failures that came late, for a time whose alert had ended. No message has to cover them.
    pub late: u64,
    /// Of `failed`, those up to this count are covered: a message named them, or an open alert's end is sure to.
    pub covered: u64,
    /// Of `failed`, those that the last end covered: what a later message counts comes after them.
    pub ended_failed: u64,
    /// Alerts that ended for it.
    pub generation: u64,
    /// The alert it is on.
    pub alert: Option<AlertId>,
    /// Whether a message of that alert has named it, or of one that was merged into it.
    pub named: bool,
    /// The version of the alert at which its path was read again. Only an end of that version covers it.
    pub proved: Option<u64>,
    /// The alert that ended last, and when.
    pub ended: Option<(AlertId, Timestamp)>,
    pub flapping: Flapping,
    /// Set only where everything is covered and ended; counting takes it away.
    pub expires_at: Option<Timestamp>,
}

/// How often something came back within a day of its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Flapping {
    pub times: u32,
    pub since: Option<Timestamp>,
}

/// One conditional write to an incident.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CoverageChange {
    /// Puts it on an alert, where it is on none, and no other alert of it ended since it was read.
    Attach { generation: u64, alert: AlertId, covered: Option<u64> },
    /// Puts it on the alert that its own was merged into.
    Move { from: AlertId, to: AlertId },
    /// Remembers what the alert's messages cover.
    Cover { alert: AlertId, covered: u64 },
    /// Remembers, before an end is decided, that its path was read again, and up to which count the end covers it.
    Prove { alert: AlertId, covered: u64, version: u64 },
    /// Takes it off the alert, whose end covers it.
    End { alert: AlertId, at: Timestamp, flapping: Flapping, version: u64 },
    /// Takes it off an alert whose end does not cover it: it came there after the readings. It opens another.
    Return { alert: AlertId, version: u64 },
    /// Takes it off an alert that was given up before it was published.
    Detach { alert: AlertId },
    /// Forgets it later, where everything is covered and ended.
    Expire { failed: u64, at: Timestamp },
}

impl Coverage {
    pub fn opened(now: Timestamp) -> Self {
        Self {
            opened_at: now,
            counted_at: now,
            failed: 0,
            late: 0,
            covered: 0,
            ended_failed: 0,
            generation: 0,
            alert: None,
            named: false,
            proved: None,
            ended: None,
            flapping: Flapping::default(),
            expires_at: None,
        }
    }

    /// Whether failures that came this late belong to a time whose alert has ended: they are counted, and open nothing.
    pub fn absorbs(&self, last_failure: Option<Timestamp>, now: Timestamp) -> bool {
        let Some(last) = last_failure.filter(|last| is_late(*last, now)) else { return false };
        self.alert.is_none() && self.ended.as_ref().is_some_and(|(_, at)| last <= *at)
    }

    /// Counts failures.
    pub fn count(&mut self, failed: u64, last_failure: Option<Timestamp>, now: Timestamp) {
        if self.absorbs(last_failure, now) {
            self.late += failed;
            return;
        }
        self.failed += failed;
        self.counted_at = self.counted_at.max(now);
        self.expires_at = None;
    }

    /// Failures that no message covers yet.
    pub fn uncovered(&self) -> u64 {
        self.failed.saturating_sub(self.covered)
    }

    /// Whether it is over and forgotten, though the table may remove it days later.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// The key of the next alert of which this is the leader: the same for every container that opens it.
    pub fn next_alert(&self, fingerprint: &Fingerprint) -> AlertId {
        // By the day: a container that can't reach the table still finds the key of an incident that opens now. An incident
        // is kept for longer than a day after its last end, so no key comes twice.
        let opened = self.opened_at.strftime("%Y%m%d");
        AlertId(format!("{fingerprint}-{opened}-{}", self.generation + 1))
    }

    /// How the next alert flaps.
    pub fn flaps(&self, now: Timestamp) -> Flapping {
        match &self.ended {
            Some((_, ended)) if now.duration_since(*ended) < DAY => {
                Flapping { times: self.flapping.times + 1, since: self.flapping.since.or(Some(*ended)) }
            }
            _ => Flapping::default(),
        }
    }

    /// Makes a change; `None` where its condition does not hold.
    pub fn changed(&self, change: &CoverageChange) -> Option<Self> {
        let on = |alert: &AlertId| self.alert.as_ref() == Some(alert);
        let mut after = self.clone();
        match change {
            CoverageChange::Attach { generation, alert, covered } => {
                let less = covered.is_some_and(|covered| covered < self.covered);
                if self.alert.is_some() || self.generation != *generation || less {
                    return None;
                }
                after.alert = Some(alert.clone());
                after.named = covered.is_some();
                after.covered = covered.unwrap_or(self.covered);
                after.proved = None;
            }
            CoverageChange::Move { from, to } => {
                if !on(from) {
                    return None;
                }
                after.alert = Some(to.clone());
                after.proved = None;
            }
            CoverageChange::Cover { alert, covered } => {
                // What is covered never becomes less, whatever write is late.
                if !on(alert) || *covered < self.covered {
                    return None;
                }
                after.covered = *covered;
                after.named = true;
            }
            CoverageChange::Prove { alert, covered, version } => {
                let later = self.proved.is_some_and(|proved| proved > *version);
                if !on(alert) || *covered < self.covered || later {
                    return None;
                }
                after.covered = *covered;
                after.proved = Some(*version);
            }
            CoverageChange::Return { alert, version } => {
                if !on(alert) || self.proved == Some(*version) {
                    return None;
                }
                after.alert = None;
                after.named = false;
                after.generation += 1;
                // What its messages covered has no end yet: the next alert has to carry it to one.
                after.covered = self.ended_failed;
            }
            CoverageChange::End { alert, at, flapping, version } => {
                if !on(alert) || self.proved != Some(*version) {
                    return None;
                }
                after.alert = None;
                after.named = false;
                after.generation += 1;
                after.ended_failed = self.covered;
                after.ended = Some((alert.clone(), *at));
                after.flapping = *flapping;
            }
            CoverageChange::Detach { alert } => {
                if !on(alert) {
                    return None;
                }
                after.alert = None;
                after.named = false;
                // No alert has ended: its own next key stays the same, which another may have announced by now.
            }
            CoverageChange::Expire { failed, at } => {
                if self.alert.is_some() || self.failed != *failed || self.uncovered() > 0 {
                    return None;
                }
                after.expires_at = Some(*at);
            }
        }
        Some(after)
    }
}

/// Whether a failure came so late that its message has to say so.
pub fn is_late(failed_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(failed_at) > LATE
}

/// "45 s", "20 min", "4 h".
pub fn words(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds if seconds < 7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}
