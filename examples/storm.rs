//! What a storm costs, counted: `cargo run --release --no-default-features --example storm`.
//!
//! The table in `docs/performance.md` is its output.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it is the tests' own code, run by hand, and prints"
)]

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/losses/mod.rs"]
mod losses;

use losses::storm;

fn main() {
    print!(
        "{}",
        storm::markdown(&[("one route", storm::MILLION), ("fifty routes of ten APIs", storm::WIDE)])
    );
}
