//! The loss proof: failures with ids of their own go through the real pipeline against an emulated Lambda service on a
//! simulated clock, while every effect outside fails in every way. Nothing may be lost, invented or altered.
//!
//! The crate's tests run it small, `cargo run --no-default-features --example losses` in full.

#![allow(clippy::unwrap_used, reason = "it is the tests' own code, of which the examples are made too")]

mod access;
pub(crate) mod audit;
pub(crate) mod faults;
pub(crate) mod history;
pub(crate) mod lambda;
pub(crate) mod proof;
pub(crate) mod report;
pub(crate) mod storm;
#[cfg(test)]
mod tests;
mod wires;
pub(crate) mod world;
