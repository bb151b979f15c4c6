//! Logs that tell of a failure beside execution logs: access lines, and texts as people save and paste them.

pub mod access;
mod access_execution;
mod access_format;
mod access_keys;

pub use access_execution::{AccessFailure, AccessLog, Outcome, divide, join};
pub use access_format::{AccessFormat, RECOMMENDED_FORMAT};
