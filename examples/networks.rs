//! Random networks judged packet by packet beside the program, as many as wanted.
//!
//! `cargo run --release --no-default-features --example networks -- [--from SEED] [--count N]`. The table in
//! `docs/reliability.md` is its output; exit code 1 where program and packets disagree.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    dead_code,
    unused_imports,
    reason = "it is the tests' own code, run by hand, and prints"
)]

#[path = "../tests/it/dice.rs"]
mod dice;
#[path = "../tests/it/fixtures.rs"]
mod fixtures;
#[path = "../tests/it/network.rs"]
mod network;
#[path = "../tests/it/oracle/mod.rs"]
mod oracle;

use std::process::ExitCode;

/// The number behind an option.
fn option(name: &str) -> Option<u64> {
    let mut words = std::env::args().skip_while(|word| word != name);
    words.nth(1).map(|number| number.parse().expect("a whole number"))
}

fn main() -> ExitCode {
    let (from, count) = (option("--from").unwrap_or(0), option("--count").unwrap_or(10_000));
    let (figures, wrong) = oracle::run(from..from + count);
    println!(
        "| path | accounts | something closed | a zone without targets | findings | commands applied | wrong |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (shape, f) in figures {
        let cells = [f.accounts, f.closed, f.empty_zones, f.findings, f.commands, f.wrong];
        println!("| {shape} | {} |", cells.map(|cell| cell.to_string()).join(" | "));
    }
    for why in &wrong {
        println!("{why}");
    }
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
