//! Room `logs`.

pub mod access;
mod access_execution;
mod access_format;
mod access_keys;
mod correlate;
pub mod delivered;
mod delivered_payload;
mod delivered_source;
mod envelope;
mod execution;
mod exported;
pub mod line;
mod opening;
mod pasted;
mod plain;
mod quick;
mod record;
mod saved;
mod scan;
mod scan_event;

pub use access::AccessOutcome;
pub use access_execution::{AccessFailure, AccessLog, divide, join};
pub use access_format::{AccessFormat, RECOMMENDED_FORMAT};
pub use correlate::{bare_reasons, correlate, of_sentence, pasted};
pub use envelope::open;
pub use execution::{Entry, Execution, Phase};
pub(crate) use line::FAILURES;
pub use pasted::{Mention, mention};
pub use record::{
    DecodeError, Document, EXECUTION_LOG_PREFIX, Fault, LogBatch, LogEvent, Parcel, Source, digest, sift,
};
pub use saved::open_saved;
pub use scan::Sifted;
