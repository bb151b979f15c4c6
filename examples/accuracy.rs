//! Prints how often the catalogue is right over `tests/logs`: `cargo run --no-default-features --example accuracy`.
//!
//! The table in `docs/reliability.md` is this output; a test fails where they differ.

#![allow(clippy::unwrap_used, reason = "it is the tests' own code, run by hand")]

#[path = "../tests/it/causes/accuracy.rs"]
mod accuracy;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/fixtures.rs"]
mod fixtures;

#[expect(clippy::print_stdout, reason = "printing is all it does")]
fn main() {
    print!("{}", accuracy::table());
}
