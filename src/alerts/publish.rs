//! Message → out.

use std::future::Future;
use std::pin::Pin;

use crate::alerts::message::Message;

/// What publishing comes to, when it is done.
pub type Published<'a> = Pin<Box<dyn Future<Output = Result<(), PublishError>> + Send + 'a>>;

/// A message could not be handed over. It must not be reported as delivered.
#[derive(Debug, thiserror::Error)]
#[error("cannot publish to `{target}`: {reason}")]
pub struct PublishError {
    /// The topic or file.
    pub target: String,
    /// What stood in the way.
    pub reason: String,
}

/// Somewhere a message can go.
pub trait Publish: Send + Sync {
    /// Hands a message over; returns once it is there.
    fn publish<'a>(&'a self, message: &'a Message) -> Published<'a>;
}
