//! One integration binary: linking is the slow part of a test run.

mod catalogue;
mod fixtures;
mod network;
mod properties;
