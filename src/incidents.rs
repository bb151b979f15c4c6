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

pub use alert::{Alert, Hit, Status};
pub use decide::{Policy, Sum, Tell, decide, is_quiet, is_settling, told, words};
pub use failure_group::{News, gather, group};
pub use fingerprint::Fingerprint;
pub use histogram::Bar;
pub use history_summary::{Row, Tally};
pub use incident::{Fault, Incident, Lease, Told};
pub use recent::Recent;
pub use recovery::{Recovery, recovery};
pub use silence::{Matcher, Silence};
