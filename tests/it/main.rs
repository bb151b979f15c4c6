//! One integration binary: linking is the slow part of a test run.

mod beside;
mod catalogue;
mod fixtures;
mod properties;
