//! Room `functions`.

#[cfg(feature = "live")]
pub mod caretaker;
#[cfg(feature = "live")]
mod caretaker_report;
pub mod config;
mod config_caretaker;
pub mod context;
mod group;
mod investigate;
#[cfg(feature = "live")]
mod lazy;
pub mod metrics;
mod notify;
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

pub use config_caretaker::CaretakerConfig;
pub use respond::{Explained, Outcome, Reading, Responder, check, explain, explain_in};
pub use unattributed::Unattributed;
