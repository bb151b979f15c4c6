//! Subject → topology: one round of reading the account along the private path of the failed integration.
//!
//! Whoever answers implements [`Account`]: AWS itself, or a recorded account that ships with the product. Reads that do
//! not depend on one another run side by side, one deadline rules them all, and nothing here decides what is wrong.

mod accounts;
mod cached;
mod details;
pub mod history;
pub mod nouns;
mod questions;
mod reading;
pub mod recorded;
mod route;
mod rules;
mod topology;
mod variables;
mod walk;

use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;

pub use accounts::{Accounts, Open};
pub use cached::CachedAccount;
pub use details::{CertificateReadings, Details};
pub use questions::{Answer, FromAnswer, Question};
pub use reading::{Reading, Unavailable, Why};
pub use route::template;
pub use topology::{Network, Topology};
pub use variables::Filled;
use walk::Surveyor;
pub use walk::survey;

/// An answer and when it was given, or why there is none.
pub type Asked<'a> = Pin<Box<dyn Future<Output = Result<(Answer, Timestamp), Why>> + Send + 'a>>;

/// An AWS account that can be asked.
pub trait Account: Send + Sync {
    /// Asks one question. Retries, pages and partitions are the answerer's business; the deadline is not.
    fn ask<'a>(&'a self, question: &'a Question) -> Asked<'a>;
}
