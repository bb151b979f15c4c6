//! Failures over time: what is one incident, and when somebody is told.
//!
//! [`group`] puts the failures of a batch together, [`fold`] adds such news to what is known of an incident and says
//! whether to tell. Both are pure; who keeps incidents is the [`store`]'s business.

mod fingerprint;
mod fold;
mod news;
mod recent;
pub mod store;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::classify::Route;
use crate::judge::Judgement;

pub use fingerprint::Fingerprint;
pub use fold::{Change, fold};
pub use news::{News, group};
pub use recent::Recent;

/// What an alert says an incident is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Told for the first time.
    Open,
    /// Still failing.
    Ongoing,
}

impl Status {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Ongoing => "ongoing",
        }
    }

    /// What a pager has to do.
    pub fn event_action(self) -> &'static str {
        "trigger"
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
}
