//! Bytes → executions: whatever a subscription, a stream, a terminal or a person hands over, by request.

mod batch;
mod correlate;
pub mod delivered;
mod document;
mod execution;
pub mod line;
mod plain;
mod quick;
mod record;
mod saved;
mod scan;

pub use batch::{
    Batch, DecodeError, EXECUTION_LOG_PREFIX, Fault, LogEvent, MOST_EVENTS, Source, digest,
};
pub use correlate::{correlate, pasted};
pub use execution::{Entry, Execution, Phase};
pub use record::{Record, open, sift};
pub use saved::open_saved;
