//! Failures over time: what is one incident, what its alert says, and when.
//!
//! An *incident* counts failures and remembers up to which count messages cover them, and on which alert it is. An *alert*
//! has one key from its first message to its one end ([`record`]). [`plan`] finds what has to be done, and an
//! [`step::AlertTask`] does one such thing: it says what it needs next, and takes the reply. All but the stores is pure, and
//! a model checker runs the same steps through every order of events.

mod alert;
pub mod coverage;
mod failure_group;
mod fingerprint;
mod histogram;
mod history_summary;
mod incident;
pub mod job;
pub mod ledger;
pub mod plan;
mod recent;
pub mod record;
mod recovery;
mod silence;
mod status;
pub mod step;
pub mod store;

pub use alert::{Alert, AlsoAffected};
pub use coverage::{AlertId, Coverage, CoverageChange, KnownFault, Policy, words};
pub use failure_group::{FailureGroup, FailureGroups, gather, group};
pub use fingerprint::Fingerprint;
pub use histogram::Bucket;
pub use history_summary::{Row, Tally};
pub use incident::Incident;
pub use recent::{CountedRequests, RecentRequests};
pub use record::AlertRecord;
pub use recovery::{Recovery, recovery};
pub use silence::{Matcher, Silence};
pub use status::Status;
