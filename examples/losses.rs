//! The loss proof in full: every fault at every effect, then pairs of faults by seed.
//!
//! `cargo run --release --no-default-features --example losses -- [--seed N] [--runs N] [--days RUNS] [--show SEED] [--strike "EFFECT #N of ACTOR: FAULT (EXTENT)"]`. The table in
//! `docs/reliability.md` is its output.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it is the tests' own code, run by hand, and prints"
)]

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/losses/mod.rs"]
mod losses;

use std::process::ExitCode;

use losses::{proof, report};

/// The number behind an option.
fn option(name: &str) -> Option<u64> {
    let mut words = std::env::args().skip_while(|word| word != name);
    words.nth(1).map(|number| number.parse().expect("a whole number"))
}

fn main() -> ExitCode {
    let days = option("--days");
    let history = if days.is_some() { losses::history::days(10, 130) } else { losses::history::history() };
    if let Some(seed) = option("--show") {
        print!("{}", report::show(&history, seed));
        return ExitCode::SUCCESS;
    }
    if let Some(strike) = std::env::args().skip_while(|word| word != "--strike").nth(1) {
        let sites = proof::sites(&history, proof::FULL);
        let plans = proof::singles(&sites).into_iter();
        for plan in plans.filter(|plan| plan.strikes[0].to_string() == strike) {
            print!("{}", report::show_plan(&history, &plan));
        }
        return ExitCode::SUCCESS;
    }
    let seed = option("--seed").unwrap_or(1);
    if let Some(runs) = days {
        let sites = proof::sites(&history, proof::FULL);
        let pairs: Vec<_> = (seed..seed + runs).map(|seed| proof::pair(&sites, seed)).collect();
        let proof = report::Proof::of(&history, &sites, &[], &pairs);
        print!("{}", proof.pairs_row());
        proof.faults.iter().for_each(|fault| println!("{fault}"));
        return if proof.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let sites = proof::sites(&history, proof::FULL);
    let singles = proof::singles(&sites);
    let pairs: Vec<_> = (seed..).take(option("--runs").unwrap_or(3_000).try_into().unwrap()).collect();
    let pairs: Vec<_> = pairs.into_iter().map(|seed| proof::pair(&sites, seed)).collect();
    let proof = report::Proof::of(&history, &sites, &singles, &pairs);
    print!("{}", proof.markdown());
    for fault in &proof.faults {
        println!("{fault}");
    }
    if proof.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
