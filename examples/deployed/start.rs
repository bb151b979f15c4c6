//! From the start of the process to its first request for an event, in turns with the least that a Lambda can be.

use std::time::{Duration, Instant};

use super::function;
use super::harness::{Account, Aws, Function, Start};

const TURNS: usize = 101;

pub(crate) fn measure(responder: &str, hello: &str) {
    let aws = Aws::start(Account::default());
    let (ours, least) = (function(responder, &aws), Function::new(hello));
    let (mut of_ours, mut of_least) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        of_ours.push(start(&ours));
        of_least.push(start(&least));
    }
    assert!(aws.calls().is_empty(), "a start makes no call");
    let (ours, least) = (median(of_ours), median(of_least));
    let ratio = ours.as_secs_f64() / least.as_secs_f64();
    println!("start, median of {TURNS}: {ours:.2?}; a hello-world {least:.2?}; {ratio:.2} times");
}

#[expect(clippy::disallowed_methods, reason = "it measures time")]
fn start(function: &Function) -> Duration {
    let began = Instant::now();
    let mut lambda = function.start();
    assert_eq!(lambda.started(), Start::Ready, "{}", lambda.log());
    began.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
