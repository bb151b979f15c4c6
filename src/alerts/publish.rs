//! Message → topic, or text → standard output.

use std::future::Future;
use std::pin::Pin;

use crate::alerts::message::Message;

/// The future of a publish.
pub type Published<'a> = Pin<Box<dyn Future<Output = Result<(), PublishError>> + Send + 'a>>;

/// A message could not be handed over. It must not be reported as delivered.
#[derive(Debug, thiserror::Error)]
#[error("cannot publish to `{target}`: {reason}")]
pub struct PublishError {
    /// The topic or file.
    pub target: String,
    /// The service's words.
    pub reason: String,
}

/// Takes messages for their readers.
pub trait Publish: Send + Sync {
    /// Hands a message over; returns once it is there.
    fn publish<'a>(&'a self, message: &'a Message) -> Published<'a>;
}
