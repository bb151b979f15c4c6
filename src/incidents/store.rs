//! Who keeps incidents and alerts, so that one fault is one alert.

#[cfg(feature = "live")]
mod document;
#[cfg(feature = "live")]
pub mod dynamodb;
#[cfg(feature = "live")]
mod item;
pub mod memory;
#[cfg(feature = "live")]
mod table;
#[cfg(feature = "live")]
mod update;

use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::pin::Pin;

use jiff::Timestamp;

use crate::causes::Diagnosis;
use crate::incidents::coverage::{AlertId, Coverage, CoverageChange};
use crate::incidents::failure_group::FailureGroup;
use crate::incidents::fingerprint::Fingerprint;
use crate::incidents::incident::Incident;
use crate::incidents::ledger::Charge;
use crate::incidents::record::AlertRecord;
use crate::incidents::silence::Silence;
use crate::logs::LogWriters;

/// What a store answers, when it is done.
pub type Stored<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A store could not be reached or did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("cannot reach the incident store: {0}")]
pub struct StoreError(pub String);

/// What became of the write of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    Done,
    /// It has another version than was seen; the alert as it is.
    Refused(Option<AlertRecord>),
}

/// Everything that is kept and has not expired.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    pub incidents: Vec<Incident>,
    pub alerts: Vec<AlertRecord>,
    /// Keys that the version before opened and that this one does not know yet.
    pub old: Vec<AlertRecord>,
}

/// What a container could not write to the table, to be written later.
#[derive(Debug)]
pub struct Unstored {
    pub news: FailureGroup,
    /// The alert that it publishes.
    pub alert: Option<AlertRecord>,
    /// Whether the table knows that alert as it is, so that it ends whatever becomes of the container.
    pub is_known: bool,
}

/// Keeps incidents and alerts for all containers. Counting never waits for an alert.
pub trait Store: Send + Sync {
    /// Whether no other container and no caretaker sees it.
    fn is_private(&self) -> bool {
        false
    }

    /// Counts failures, each delivery once, and answers with the incident as it is now.
    fn count<'a>(&'a self, news: &'a FailureGroup, now: Timestamp) -> Stored<'a, Incident>;

    /// The incidents that are kept under these fingerprints; what is not kept, or expired, is missing.
    fn read<'a>(&'a self, fingerprints: &'a [Fingerprint], now: Timestamp) -> Stored<'a, Vec<Incident>>;

    fn all(&self, now: Timestamp) -> Stored<'_, Contents>;

    fn alert<'a>(&'a self, id: &'a AlertId) -> Stored<'a, Option<AlertRecord>>;

    /// Writes an alert where it still has the version that was seen; `None`: where there is none.
    fn write<'a>(&'a self, seen: Option<u64>, alert: &'a AlertRecord) -> Stored<'a, Written>;

    /// Forgets an alert where it still has this version.
    fn delete<'a>(&'a self, id: &'a AlertId, version: u64) -> Stored<'a, ()>;

    /// Changes what is covered of an incident; `None` where the change's condition does not hold.
    fn change<'a>(
        &'a self,
        fingerprint: &'a Fingerprint,
        change: &'a CoverageChange,
    ) -> Stored<'a, Option<Coverage>>;

    /// The alert that a broken resource points to.
    fn root<'a>(&'a self, root: &'a Fingerprint) -> Stored<'a, Option<AlertId>>;

    /// Points a broken resource to an alert, where it still points to what was seen.
    fn take_root<'a>(
        &'a self,
        root: &'a Fingerprint,
        seen: Option<&'a AlertId>,
        alert: &'a AlertId,
        now: Timestamp,
    ) -> Stored<'a, bool>;

    /// Takes one of the hour's messages. `false` where none is left.
    fn charge<'a>(&'a self, charge: &'a Charge, now: Timestamp) -> Stored<'a, bool>;

    /// Keeps a failure of an incident, one a route, for later readings.
    fn save_example<'a>(
        &'a self,
        fingerprint: &'a Fingerprint,
        example: &'a Diagnosis,
        now: Timestamp,
    ) -> Stored<'a, ()>;

    /// The failures that were kept of an incident.
    fn load_examples<'a>(&'a self, incident: &'a Incident) -> Stored<'a, Vec<Diagnosis>>;

    /// The stages that write to a log group, as the caretaker found them.
    fn log_writers<'a>(&'a self, _group: &'a str) -> Stored<'a, Option<LogWriters>> {
        Box::pin(ready(Ok(None)))
    }

    /// The same of every group that is kept.
    fn all_log_writers(&self, _now: Timestamp) -> Stored<'_, BTreeMap<String, LogWriters>> {
        Box::pin(ready(Ok(BTreeMap::new())))
    }

    /// Keeps who writes to a group, or forgets it.
    fn save_log_writers<'a>(
        &'a self,
        _group: &'a str,
        _writers: Option<&'a LogWriters>,
        _now: Timestamp,
    ) -> Stored<'a, ()> {
        Box::pin(ready(Ok(())))
    }

    /// Notes requests of a stage whose failures one of its two logs tells of; answers with those of them that the other
    /// log's lines had noted before. Those are not noted again. So a container that noted a request
    /// first, and died before it counted the failure, still owns that request when the payload comes again.
    fn note_requests<'a>(
        &'a self,
        _stage: &'a str,
        _of_access_log: bool,
        _requests: &'a [u64],
        _now: Timestamp,
    ) -> Stored<'a, Vec<u64>> {
        Box::pin(ready(Ok(Vec::new())))
    }

    /// The silences, ended ones too.
    fn silences(&self) -> Stored<'_, Vec<Silence>>;

    /// Replaces the silences by what `change` makes of them; it may be called more than once where others change them too.
    fn change_silences<'a>(
        &'a self,
        change: &'a (dyn Fn(Vec<Silence>) -> Vec<Silence> + Send + Sync),
    ) -> Stored<'a, Vec<Silence>>;
}
