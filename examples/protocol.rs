//! The protocol of incidents and alerts, checked exhaustively within bounds.
//!
//! `cargo run --release --no-default-features --example protocol`

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it is the tests' own code, run by hand, and prints"
)]

#[path = "../tests/it/incidents/protocol_model.rs"]
mod protocol_model;

// Every layer of the proof in one small program: `.ci/mutations.py` runs it as a test.
#[cfg(test)]
#[path = "../tests/it/losses/mod.rs"]
mod losses;
#[cfg(test)]
#[path = "../tests/it/incidents/sequences.rs"]
mod sequences;
#[cfg(test)]
#[path = "../tests/it/incidents/stores.rs"]
mod stores;

use std::process::ExitCode;

use protocol_model::{Bounds, Incidents};
use stateright::{Checker, Model};

fn main() -> ExitCode {
    let words: Vec<u8> = std::env::args().skip(1).map(|word| word.parse().expect("a small number")).collect();
    let bounds = match words[..] {
        [a, b, late, again, faults, repairs, silences, blind, short, quiet, long, responders, ahead] => {
            Bounds {
                deliveries: [a, b],
                late: late > 0,
                again,
                faults,
                repairs,
                silences,
                blind,
                steps: [short, quiet, long],
                responders: responders.into(),
                ahead,
            }
        }
        _ => Bounds::SMALL,
    };
    let checker = Incidents(bounds).checker().threads(2).spawn_bfs().join();
    println!("{bounds:?}");
    println!(
        "states {} unique {} depth {}",
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth()
    );
    let mut failed = false;
    for (name, path) in checker.discoveries() {
        if name.starts_with("every") {
            failed = true;
            println!("{name}: {}", path.last_state().verdict());
            for (state, action) in path.into_vec() {
                println!("{}", state.words());
                println!("  {action:?}");
            }
        } else {
            println!("{name}: found");
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
