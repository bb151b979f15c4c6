//! Room `incidents`.

mod alert;
mod decide;
mod failure_group;
mod fingerprint;
mod histogram;
mod history_summary;
mod incident;
mod recent;
mod recovery;
mod silence;
pub mod store;

pub use alert::{Alert, AlsoAffected, Status};
pub use decide::{Decision, Policy, Rollup, decide, is_quiet, is_settling, told, words};
pub use failure_group::{FailureGroup, gather};
pub use fingerprint::Fingerprint;
pub use histogram::Bucket;
pub use history_summary::{Row, Tally};
pub use incident::{Fault, Incident, LastAlert, Lease};
pub use recent::RecentRequests;
pub use recovery::{Recovery, recovery};
pub use silence::{Matcher, Silence};
