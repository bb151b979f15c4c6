//! How often a healthy counter is called a rise, on as many random series as wanted, and how many faults are found.
//!
//! `cargo run --release --no-default-features --example rises -- [SERIES]`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    dead_code,
    reason = "it is the tests' own code, run by hand, and prints"
)]

#[path = "../tests/it/dice.rs"]
mod dice;
#[path = "../tests/it/rises.rs"]
mod rises;

fn main() {
    let series = std::env::args().nth(1).map_or(100_000, |number| number.parse().expect("a whole number"));
    print!("{}", rises::table(series));
}
