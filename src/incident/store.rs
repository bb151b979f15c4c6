//! Who keeps incidents, so that one fault is told once.

mod memory;

use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;

use super::{Change, Incident, News};

pub use memory::MemoryStore;

/// What a store answers, when it is done.
pub type Stored<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A store could not be reached or did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("cannot reach the incident store: {0}")]
pub struct StoreError(pub String);

/// A keeper of incidents.
///
/// Telling comes before settling: what [`Store::record`] says to tell stays to be told until [`Store::settle`], so that a
/// message that failed on its way is told by the next failure or a retry.
pub trait Store: Send + Sync {
    /// Adds news to its incident, and says whether the caller has to tell.
    fn record<'a>(&'a self, news: &'a News, now: Timestamp) -> Stored<'a, Change>;

    /// Marks an incident as told.
    fn settle<'a>(&'a self, incident: &'a Incident, now: Timestamp) -> Stored<'a, ()>;
}
