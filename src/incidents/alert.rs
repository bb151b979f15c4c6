//! What an alert says: its status, its reason, and everything that a message is rendered from.
//!

use crate::incidents::failure_group::FailureGroup;
use crate::incidents::incident::Incident;
use crate::incidents::status::Status;

use std::collections::BTreeMap;

use crate::causes::{Cause, MANY_INCIDENTS, Route};
use crate::checks::Assessment;
use crate::logs::Source;

/// The decision to publish: everything a message is rendered from.
#[derive(Clone, Debug)]
pub struct Alert {
    /// The incident.
    pub incident: Incident,
    /// What it is now.
    pub status: Status,
    /// Whether the same may be published again, since no store could be reached.
    pub may_repeat: bool,
    /// Whether its failures were more than an hour old when it was opened.
    pub is_late: bool,
    /// Whether failures stopped, though no reading shows that the fault is gone.
    pub is_unconfirmed: bool,
    /// Why this message was sent.
    pub reason: String,
    /// The failures that made it news.
    pub news: FailureGroup,
    /// What live AWS says.
    pub judgement: Assessment,
    /// What else the same broken resource fails: incidents that share one root are published as one.
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
