//! What a task about an alert is, what it needs next, and what came of that.

use std::time::Duration;

use jiff::Timestamp;

use crate::incidents::coverage::{AlertId, Coverage, CoverageChange, DAY, KnownFault, words};
use crate::incidents::fingerprint::Fingerprint;
use crate::incidents::record::AlertRecord;
use crate::incidents::status::Status;

/// An incident as a message shows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    pub fingerprint: Fingerprint,
    pub coverage: Coverage,
    /// Failures a minute, and in the first minute, where they are known.
    pub rate: Option<u64>,
    pub base: Option<u64>,
    pub routes: usize,
    pub silenced: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Job {
    /// Publishes the first message, or joins the alert of the same broken resource.
    Open,
    /// Publishes that it lasts or grows.
    Update { status: Status, reason: String },
    /// Reads whether the fault of a quiet alert is gone.
    Recover { quiet: Duration, may_expire: bool },
    /// Ends a key that goes on under another.
    Merge { into: AlertId },
    /// Publishes an end that was decided.
    Finish,
    /// Forgets an alert that was never published.
    Drop,
    /// Makes good one write that a crash left out.
    Repair { fingerprint: Fingerprint, change: CoverageChange },
    /// Forgets an incident that is over.
    Expire { fingerprint: Fingerprint, change: CoverageChange },
}

impl Job {
    /// The alert that this one's members are moved to.
    pub fn merges_into(&self) -> Option<&AlertId> {
        if let Self::Merge { into } = self { Some(into) } else { None }
    }
}

/// What a task came to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TaskOutcome {
    Published,
    /// Its failures are on this alert now, and the next message of that one names them.
    Joined(AlertId),
    /// The hour's messages are used up: a digest counts it.
    Withheld,
    /// Nothing was to be published.
    Quiet,
    /// Another owner was faster.
    Lost,
    /// The table could not be reached.
    Unreachable,
    /// The message could not be published.
    Unpublished,
}

/// What a task needs next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// Writes an alert, where it still has this version; `None`: where there is none.
    Write {
        seen: Option<u64>,
        alert: AlertRecord,
    },
    /// Forgets an alert, where it still has this version.
    Delete {
        alert: AlertId,
        version: u64,
    },
    Change {
        fingerprint: Fingerprint,
        change: CoverageChange,
    },
    /// One of the hour's messages for this incident.
    Budget(Fingerprint),
    /// Reads the path of the failures.
    Path,
    /// Reads the path of everything on the alert, a few at a time, leaving out what was found healthy.
    Evidence,
    /// The alert that a root points to, and what is kept of it.
    Root(Fingerprint),
    /// Points a root to an alert, where it still points to what was seen.
    TakeRoot {
        root: Fingerprint,
        seen: Option<AlertId>,
        alert: AlertId,
    },
    /// Reads the members again.
    Members,
    Publish(Notice),
    Nothing(TaskOutcome),
}

/// A message, but for what live AWS says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Notice {
    pub status: Status,
    pub reason: String,
    /// Whether failures stopped, though no reading shows that the fault is gone.
    pub is_unconfirmed: bool,
}

impl Notice {
    pub fn new(status: Status, reason: String) -> Self {
        Self { status, reason, is_unconfirmed: false }
    }

    pub fn unconfirmed(status: Status, reason: String) -> Self {
        Self { is_unconfirmed: true, ..Self::new(status, reason) }
    }

    /// The first message of an alert: a fault comes back where its incident ended within a day.
    pub fn opening(alert: &AlertRecord, leader: Option<&Member>, now: Timestamp) -> Self {
        match leader.and_then(|leader| leader.coverage.ended.as_ref()) {
            _ if alert.is_digest() => {
                Self::new(Status::Open, "the hourly limit of messages was reached".to_owned())
            }
            Some((before, at)) if now.duration_since(*at) < DAY => {
                let since = words(Duration::try_from(now.duration_since(*at)).unwrap_or_default());
                let flapping = alert.flapping_words().map_or(String::new(), |words| format!("; {words}"));
                let reason = format!("failing again {since} after alert {before} closed{flapping}");
                Self::new(Status::Regressed, reason)
            }
            _ => Self::new(Status::Open, "first failure of this kind".to_owned()),
        }
    }
}

/// What came of a need.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    Done,
    /// A condition did not hold; the alert as it is.
    Refused(Option<AlertRecord>),
    Changed(Option<Coverage>),
    Path {
        root: Option<Fingerprint>,
        fault: Option<KnownFault>,
        same: Same,
    },
    Evidence {
        recovery: Recovered,
        fault: Option<KnownFault>,
    },
    Root {
        alert: Option<AlertId>,
        kept: Option<AlertRecord>,
    },
    Members(Vec<(Fingerprint, Option<Coverage>)>),
    /// It could not be had or done, or no reply came.
    Failed,
}

/// What the request's other lines say, where a batch border divided it: they are another incident's, and one alert is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Same {
    #[default]
    No,
    /// That incident is on this alert, whose message is published where `named`.
    On { alert: AlertId, named: bool },
    /// That incident is about to be counted.
    Soon,
}

/// What readings say of a quiet alert.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Recovered {
    Gone(String),
    /// So many pairs are healthy; the others are for the next round.
    SoFar(u32),
    Still(String),
    Unseen(String),
}
