//! Bytes → executions: whatever a subscription, a stream, a terminal or a person hands over, by request.

pub mod access;
mod access_execution;
mod access_format;
mod access_keys;
mod access_pattern;
mod batch;
mod correlate;
pub mod delivered;
mod document;
mod events_reader;
mod execution;
mod exported;
pub mod line;
mod pasted;
mod reasons;
mod record;
mod run_together;
mod saved;
mod scan;
mod sieve;
mod utf16;
mod wrapping;
mod writers;

pub use access::AccessOutcome;
pub use access_execution::{
    AccessFailure, AccessLog, UnreadFailures, divide, is_distinct, join, names_its_stage, unread_failures,
};
pub use access_format::{AccessFormat, RECOMMENDED_FORMAT};
pub use batch::{
    Batch, DecodeError, DecodeFault, EXECUTION_LOG_PREFIX, LogEvent, LogType, MOST_EVENTS, Source, digest,
};
pub use correlate::{bare_reasons, correlate, of_sentence, pasted};
pub use events_reader::{EventsReader, is_list};
pub use execution::{Entry, Execution, Phase};
pub(crate) use line::FAILURES;
pub use pasted::{Mention, mention, mention_inside};
pub use record::{Record, inflated, of_string, open, sift, text_of};
pub use saved::{is_divisible, open_saved, open_saved_as};
pub use sieve::{Sieve, Sieved};
pub use utf16::{Unit, Utf16Reader, utf16_unit};
pub use writers::{LogWriter, LogWriters};
