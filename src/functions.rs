//! Room `functions`: what the Lambda roles do.

mod accept;
#[cfg(feature = "live")]
pub mod caretaker;
pub mod config;
pub mod context;
mod explain;
mod group;
mod investigate;
mod log_map;
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
mod unstored;

pub use config::CaretakerConfig;
pub use explain::{Explained, Explainer, ReadFrom, Unattributed, access_format, check, explain};
pub use respond::{Outcome, Responder};
