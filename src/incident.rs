//! Failures over time: what is one incident, and when somebody is told.
//!
//! [`group`] puts the failures of a batch together, [`fold`] adds such news to what is known of an incident and says
//! whether to tell. Both are pure; who keeps incidents is the [`store`]'s business.

mod fingerprint;
mod fold;
mod minutes;
mod news;
mod recent;
pub mod store;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::classify::{Cause, Route};
use crate::decode::Source;
use crate::judge::Judgement;

pub use fingerprint::Fingerprint;
pub use fold::{Change, fold};
pub use minutes::{Bar, Minutes};
pub use news::{News, group};
pub use recent::Recent;

/// What an alert says an incident is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// A labelled test: nothing failed.
    Test,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Open, Self::Ongoing, Self::Escalated, Self::Resolved, Self::Regressed, Self::Test];

    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Ongoing => "ongoing",
            Self::Escalated => "escalated",
            Self::Resolved => "resolved",
            Self::Regressed => "regressed",
            Self::Test => "test",
        }
    }

    /// What a pager has to do. A test opens nothing that somebody would have to close.
    pub fn event_action(self) -> &'static str {
        match self {
            Self::Open | Self::Ongoing | Self::Escalated | Self::Regressed => "trigger",
            Self::Resolved | Self::Test => "resolve",
        }
    }
}

/// Failures with one fingerprint, as far as they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Its id: the fingerprint, and the minute in which it opened.
    pub id: String,
    /// What makes its failures one.
    pub fingerprint: Fingerprint,
    /// When it was first seen by this program.
    pub opened_at: Option<Timestamp>,
    /// When it was last told.
    pub told_at: Option<Timestamp>,
    /// Failed requests so far.
    pub failed: u64,
    /// The first failure.
    pub first_failure: Option<Timestamp>,
    /// The latest failure.
    pub last_failure: Option<Timestamp>,
    /// Failed requests a route; at most [`Incident::MOST_ROUTES`] routes.
    pub routes: BTreeMap<Route, u64>,
}

impl Incident {
    /// Routes an incident remembers; a storm over generated paths must not grow it without end.
    pub const MOST_ROUTES: usize = 50;
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
    /// Why this message was sent.
    pub reason: String,
    /// The failures that made it news.
    pub news: News,
    /// What live AWS says.
    pub judgement: Judgement,
    /// What else the same broken resource fails: incidents that share one root are told as one.
    pub also_hit: Vec<Hit>,
}

/// An API and stage that the same fault hits.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Account, Region, API and stage.
    pub source: Source,
    /// The cause its log names.
    pub cause: &'static Cause,
    /// Failed requests so far.
    pub failed: u64,
    /// Failed requests a route.
    pub routes: BTreeMap<Route, u64>,
}
