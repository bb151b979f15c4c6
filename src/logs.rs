//! Room `logs`.

mod correlate;
pub mod delivered;
mod delivered_payload;
mod delivered_source;
mod envelope;
mod execution;
pub mod line;
mod opening;
mod plain;
mod quick;
mod record;
mod saved;
mod scan;
mod scan_event;

pub use correlate::{correlate, pasted};
pub use envelope::open;
pub use execution::{Entry, Execution, Phase};
pub use record::{
    DecodeError, Document, EXECUTION_LOG_PREFIX, Fault, LogBatch, LogEvent, Parcel, Source, digest, sift,
};
pub use saved::open_saved;
pub use scan::Sifted;
