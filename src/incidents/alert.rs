//! What an alert says: its status, its reason, and everything that a message is rendered from.
//!

use crate::incidents::failure_group::FailureGroup;
use crate::incidents::incident::Incident;

use std::collections::BTreeMap;

use crate::causes::{Cause, MANY_INCIDENTS, Route};
use crate::checks::Assessment;
use crate::logs::Source;

/// What an alert says an incident is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Told for the first time.
    Open,
    /// Still failing, or quiet and still broken.
    Ongoing,
    /// It fails ten times as often as when it was told, or on more routes or APIs.
    Escalated,
    /// Quiet, and a fresh walk found the fault gone.
    Resolved,
    /// Back within a day of being resolved.
    Regressed,
    /// It goes on under another key.
    Merged,
    /// A labelled test: nothing failed.
    Test,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 7] = [
        Self::Open,
        Self::Ongoing,
        Self::Escalated,
        Self::Resolved,
        Self::Regressed,
        Self::Merged,
        Self::Test,
    ];

    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Ongoing => "ongoing",
            Self::Escalated => "escalated",
            Self::Resolved => "resolved",
            Self::Regressed => "regressed",
            Self::Merged => "merged",
            Self::Test => "test",
        }
    }

    /// What a pager has to do. A test opens nothing that an engineer would have to close.
    pub fn event_action(self) -> &'static str {
        match self {
            Self::Open | Self::Ongoing | Self::Escalated | Self::Regressed => "trigger",
            Self::Resolved | Self::Merged | Self::Test => "resolve",
        }
    }
}

/// The decision to tell: everything a message is rendered from.
#[derive(Clone, Debug)]
pub struct Alert {
    /// The incident.
    pub incident: Incident,
    /// What it is now.
    pub status: Status,
    /// Whether the same may be told again, since no store could be reached.
    pub may_repeat: bool,
    /// Whether its failures were more than an hour old when it was opened.
    pub is_late: bool,
    /// Why this message was sent.
    pub reason: String,
    /// The failures that made it news.
    pub news: FailureGroup,
    /// What live AWS says.
    pub judgement: Assessment,
    /// What else the same broken resource fails: incidents that share one root are told as one.
    pub also_hit: Vec<AlsoAffected>,
}

impl Alert {
    /// Whether this counts many incidents instead of describing one.
    pub fn is_digest(&self) -> bool {
        self.news.example.cause.slug == MANY_INCIDENTS.slug
    }
}

/// An API and stage that the same fault hits.
#[derive(Clone, Debug)]
pub struct AlsoAffected {
    /// Account, Region, API and stage.
    pub source: Source,
    /// The cause its log names.
    pub cause: &'static Cause,
    /// Failed requests so far.
    pub failed: u64,
    /// Failed requests a route.
    pub routes: BTreeMap<Route, u64>,
}
