//! Room `functions`: what the Lambda roles do.

#[cfg(feature = "live")]
pub mod caretaker;
pub mod config;
pub mod context;
mod group;
mod investigate;
pub mod metrics;
mod notify;
pub mod probe;
pub mod replay;
mod respond;
#[cfg(feature = "live")]
mod stack;
#[cfg(feature = "live")]
pub mod start;
mod sweep;
#[cfg(feature = "live")]
mod task;
mod unattributed;

pub use config::CaretakerConfig;
pub use respond::{Explained, Outcome, Reading, Responder, check, explain, explain_in};
pub use unattributed::Unattributed;
