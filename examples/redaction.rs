//! Prints what redaction misses and what it takes for nothing: `cargo run --no-default-features --example redaction`.
//!
//! The tables in `docs/reliability.md` are this output; a test fails where they differ.

#![allow(clippy::unwrap_used, reason = "it is the tests' own code, run by hand")]

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/attacks/secrets/measured.rs"]
mod measured;

#[expect(clippy::print_stdout, reason = "printing is all it does")]
fn main() {
    print!("{}", measured::tables());
}
