//! The port to an account: AWS itself answers, or a recorded account that ships with the product.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::aws::queries::{Answer, Query};
use crate::aws::reading::ReadError;

/// An answer and when it was given, or why there is none.
pub type Answered = Result<(Answer, Timestamp), ReadError>;

/// An AWS account that can be read.
#[async_trait]
pub trait Account: Send + Sync {
    /// Asks one query. Retries, pages and partitions are the implementer's business; the deadline is the caller's.
    async fn ask(&self, query: &Query) -> Answered;
}
