//! Who keeps incidents, so that one fault is told once.

#[cfg(feature = "live")]
pub mod dynamodb;
#[cfg(feature = "live")]
mod example;
#[cfg(feature = "live")]
mod item;
pub mod memory;
#[cfg(feature = "live")]
mod silences;
#[cfg(feature = "live")]
mod update;

use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;

use crate::causes::Diagnosis;
use crate::incidents::failure_group::FailureGroup;
use crate::incidents::fingerprint::Fingerprint;
use crate::incidents::incident::{Incident, LastAlert, Lease};
use crate::incidents::silence::Silence;

/// What a store answers, when it is done.
pub type Stored<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A store could not be reached or did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("cannot reach the incident store: {0}")]
pub struct StoreError(pub String);

/// What becomes of an incident once its teller is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Release {
    /// It was told.
    Alerted(LastAlert),
    /// It is told on the page of the resource that broke it, from now on.
    Merged(Fingerprint),
    /// It was not told, and nobody is to try before this: it is silenced.
    Silenced(Timestamp),
    /// It was not told, and whoever comes next may try.
    Retry,
}

/// A keeper of incidents, shared by everybody who tells.
///
/// Counting never waits for telling. Who tells takes a lease first ([`Store::claim`]), tells, and settles: what was not
/// settled when the lease ends is told by whoever comes next, so that a message is rather doubled than lost.
pub trait Store: Send + Sync {
    /// Counts news, each delivery once, and answers with the incident as it is now.
    fn count<'a>(&'a self, news: &'a FailureGroup, now: Timestamp) -> Stored<'a, Incident>;

    /// The incidents that are kept under these fingerprints; what is not kept, or expired, is missing.
    fn read<'a>(&'a self, fingerprints: &'a [Fingerprint], now: Timestamp) -> Stored<'a, Vec<Incident>>;

    /// Everything that is kept and has not expired.
    fn all(&self, now: Timestamp) -> Stored<'_, Vec<Incident>>;

    /// Takes the right to tell an incident that still stands as it was seen: told no more, leased by nobody. `false` where
    /// another was faster.
    fn claim<'a>(&'a self, seen: &'a Incident, lease: &'a Lease, now: Timestamp) -> Stored<'a, bool>;

    /// Ends the lease of this owner; does nothing where another holds it by now.
    fn settle<'a>(
        &'a self,
        fingerprint: &'a Fingerprint,
        owner: &'a str,
        settled: &'a Release,
    ) -> Stored<'a, ()>;

    /// Puts an incident on the page of the resource that broke it, opening the page where there is none, and answers with
    /// the page.
    fn join<'a>(
        &'a self,
        page: &'a Fingerprint,
        member: &'a Incident,
        now: Timestamp,
    ) -> Stored<'a, Incident>;

    /// Keeps a failure of an incident, for whoever has to tell it later.
    fn keep<'a>(
        &'a self,
        fingerprint: &'a Fingerprint,
        example: &'a Diagnosis,
        now: Timestamp,
    ) -> Stored<'a, ()>;

    /// The failure that was kept.
    fn kept<'a>(&'a self, fingerprint: &'a Fingerprint) -> Stored<'a, Option<Diagnosis>>;

    /// The silences, ended ones too.
    fn silences(&self) -> Stored<'_, Vec<Silence>>;

    /// Replaces the silences by what `change` makes of them; it may be called more than once where others change them too.
    fn change_silences<'a>(
        &'a self,
        change: &'a (dyn Fn(Vec<Silence>) -> Vec<Silence> + Send + Sync),
    ) -> Stored<'a, Vec<Silence>>;
}
