//! The most memory that was resident: over large batches, and over ten thousand invocations of one process.

use super::function;
use super::harness::{Account, Aws, Outcome, Start};
use super::traffic::{ORDINARY, Traffic, payload};

/// After so many invocations it is read.
const READ_AFTER: [u64; 5] = [1, 10, 100, 1_000, 10_000];

pub(crate) fn measure(responder: &str) {
    for failing in [0, 2, 100] {
        let large = Traffic { requests: 2_000, failing, ..ORDINARY };
        let (document, _) = large.document();
        let payload = payload(&document);
        let says = format!("{failing} % of a batch of {:.1} MB failing", document.len() as f64 / 1e6);
        invoke(responder, &says, &[1, 2, 3], |_| payload.clone());
    }
    invoke(responder, "20 requests a batch, 5 % failing", &READ_AFTER, |number| {
        payload(&Traffic { requests: 20, failing: 5, seed: number, ..ORDINARY }.document().0)
    });
}

/// Invokes one process again and again, and prints the peak along the way.
fn invoke(responder: &str, says: &str, read_after: &[u64], event: impl Fn(u64) -> Vec<u8>) {
    let aws = Aws::start(Account::healthy_v1());
    let mut lambda = function(responder, &aws).start();
    assert_eq!(lambda.started(), Start::Ready, "{}", lambda.log());
    for number in 1..=read_after.iter().copied().max().unwrap_or_default() {
        let outcome = lambda.invoke_raw(&event(number));
        assert!(matches!(outcome, Outcome::Response(_)), "{outcome:?}");
        if read_after.contains(&number) {
            let peak = lambda.peak_memory_kib() as f64 / 1024.0;
            println!("memory, {says}: at most {peak:.1} MiB after {number} invocations");
        }
    }
}
