//! What the built function does when Lambda starts and invokes it: how soon it is ready, how long an alert takes, and how
//! much memory it needs. Figures for `docs/performance.md`, printed and not judged.
//!
//! ```sh
//! cargo build --release --bin vpclink-lambda --example hello_lambda
//! cargo run --no-default-features --example deployed -- target/release/vpclink-lambda target/release/examples/hello_lambda
//! ```
//!
//! A third argument (`start`, `latency`, `memory` or `hostile`) measures that alone.

#![allow(clippy::unwrap_used, reason = "it is the tests' own code, run by hand")]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

mod latency;
mod memory;
mod start;
#[allow(dead_code, reason = "the benches use more of it")]
#[path = "../../benches/speed/traffic.rs"]
mod traffic;

#[allow(dead_code, unused_imports, unreachable_pub, reason = "the tests use more of it")]
#[path = "../../tests/it"]
mod it {
    pub(crate) mod harness;
}

#[cfg(feature = "probe")]
#[allow(dead_code, unreachable_pub, reason = "the tests use more of it")]
#[path = "../../tests/it/probe"]
mod probe {
    pub(crate) mod zoo;
}

use it::harness;

fn main() {
    let programs: Vec<String> = std::env::args().skip(1).collect();
    let (responder, hello, only) = match &programs[..] {
        [responder, hello] => (responder, hello, None),
        [responder, hello, only] => (responder, hello, Some(only.as_str())),
        _ => panic!("the arguments are vpclink-lambda and the hello-world"),
    };
    let wanted = |what| only.is_none_or(|only| only == what);
    if wanted("start") {
        start::measure(responder, hello);
    }
    if wanted("latency") {
        latency::measure(responder);
    }
    if wanted("memory") {
        memory::measure(responder);
    }
    if wanted("hostile") {
        memory::measure_hostile(responder);
    }
}

/// The responder as it is deployed, but for AWS.
fn function(program: &str, aws: &harness::Aws) -> harness::Function {
    let topic = "arn:aws:sns:eu-west-1:111122223333:alerts";
    harness::Function::new(program).env("ALERT_TOPIC_ARN", topic).calling(aws)
}
