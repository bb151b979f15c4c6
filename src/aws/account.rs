//! Subject → topology: one round of reading the account along the private path of the failed integration.
//!
//! Whoever answers implements [`Account`]: AWS itself, or a recorded account that ships with the product. Reads that do
//! not depend on one another run side by side, one deadline rules them all, and nothing here decides what is wrong.

use crate::aws::queries::Answer;
use crate::aws::queries::Query;
use crate::aws::reading::ReadError;

use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;

/// An answer and when it was given, or why there is none.
pub type Asked<'a> = Pin<Box<dyn Future<Output = Result<(Answer, Timestamp), ReadError>> + Send + 'a>>;

/// An AWS account that can be asked.
pub trait Account: Send + Sync {
    /// Asks one question. Retries, pages and partitions are the answerer's business; the deadline is not.
    fn ask<'a>(&'a self, question: &'a Query) -> Asked<'a>;
}
