//! Serves an account with a broken backend on loopback, for `./demo`: cargo run --no-default-features --example account
//!
//! No emulator knows VPC links, endpoint connections or unhealthy targets; the tests' own AWS does. It prints its URL, then
//! obeys one line of standard input after the other, and ends with it.

#![allow(clippy::unwrap_used, reason = "it is the tests' own code, run by hand")]

use std::collections::BTreeMap;
use std::io;

#[allow(dead_code, unused_imports, unreachable_pub, reason = "the tests use more of it")]
#[path = "../tests/it"]
mod it {
    pub(crate) mod harness;
}

#[cfg(feature = "probe")]
#[allow(dead_code, unreachable_pub, reason = "the tests use more of it")]
#[path = "../tests/it/probe"]
mod probe {
    pub(crate) mod zoo;
}

use it::harness;
use it::harness::{Account, Aws};

#[expect(clippy::print_stdout, reason = "it is how the demo hears of it")]
fn main() {
    let aws = Aws::start(Account::healthy_v1());
    println!("{}", aws.url());
    for line in io::stdin().lines() {
        let line = line.unwrap();
        let mut words = line.split_whitespace();
        match words.next() {
            Some("break") => aws.change(break_targets),
            Some("repair") => aws.change(repair_targets),
            // Denies these IAM actions and no others.
            Some("deny") => {
                aws.heal();
                words.for_each(|action| aws.deny(action));
            }
            // What was asked since the last time.
            Some("calls") => {
                println!("{}", serde_json::json!(calls(&aws)));
                aws.forget();
                continue;
            }
            _ => panic!("`{line}` is none of: break, repair, deny ACTION…, calls"),
        }
        println!("done");
    }
}

fn break_targets(account: &mut Account) {
    for target in &mut account.target_group("orders-blue").targets {
        target.fails("Target.FailedHealthChecks", "Health checks failed");
    }
}

fn repair_targets(account: &mut Account) {
    for target in &mut account.target_group("orders-blue").targets {
        target.state = "healthy".to_owned();
        (target.reason, target.description) = (None, None);
    }
}

/// How often each IAM action was needed.
fn calls(aws: &Aws) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for call in aws.calls() {
        *calls.entry(call.action()).or_default() += 1;
    }
    calls
}
