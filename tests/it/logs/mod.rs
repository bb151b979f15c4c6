//! Logs in, executions out: every shape that holds them.

mod access;
mod pasted;
mod properties;
mod scan;
mod streaming;
