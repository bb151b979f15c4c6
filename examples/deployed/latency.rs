//! How long an alert takes where every AWS call takes 50 ms, against the tests' own AWS.

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::harness::{Account, Aws, Outcome, Start};
use super::{function, harness};

/// What every call takes, in milliseconds.
const CALL: u64 = 50;

/// Seven calls one after the other, and the program's own work.
const MOST: u64 = 7 * CALL + 100;

pub(crate) fn measure(responder: &str) {
    for (generation, account) in [("v1", Account::healthy_v1()), ("v2", Account::healthy_v2())] {
        for round in 1..=3 {
            let (milliseconds, calls) = alert(responder, account.clone());
            println!(
                "latency, {generation}, container {round}: event to Publish {milliseconds} ms, {MOST} allowed; {calls} calls"
            );
        }
    }
}

/// The first alert of a container: the time from its event until `Publish` is called, and how many calls there were.
#[expect(clippy::disallowed_methods, reason = "it measures time, and what just failed is dated now")]
fn alert(program: &str, mut account: Account) -> (u128, usize) {
    for target in &mut account.target_group("orders-blue").targets {
        target.fails("Target.FailedHealthChecks", "Health checks failed");
    }
    let aws = Aws::start(account);
    aws.delay("*", CALL);
    let mut lambda = function(program, &aws).start();
    assert_eq!(lambda.started(), Start::Ready, "{}", lambda.log());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap();
    let lines = [
        "(8f2f7a1e-0000-4000-8000-000000000001) Starting execution for request: 8f2f7a1e-0000-4000-8000-000000000001",
        "(8f2f7a1e-0000-4000-8000-000000000001) HTTP Method: GET, Resource Path: /orders",
        "(8f2f7a1e-0000-4000-8000-000000000001) Sending request to https://orders.internal.example:8443/orders",
        "(8f2f7a1e-0000-4000-8000-000000000001) Execution failed due to configuration error: There was an internal error while executing your request",
        "(8f2f7a1e-0000-4000-8000-000000000001) Method completed with status: 500",
    ];
    let group = "API-Gateway-Execution-Logs_a1b2c3d4e5/prod";
    let event = harness::event_of(&harness::subscription_document_at(group, &lines, now));
    let began = Instant::now();
    let (outcome, took) = thread::scope(|scope| {
        let publish = scope.spawn(|| {
            while aws.calls_of("sns:Publish").is_empty() && began.elapsed().as_secs() < 30 {
                thread::sleep(Duration::from_millis(1));
            }
            began.elapsed().as_millis()
        });
        (lambda.invoke(&event), publish.join().unwrap())
    });
    assert!(matches!(outcome, Outcome::Response(_)), "{outcome:?}");
    assert_eq!(aws.published().len(), 1, "one alert");
    (took, aws.calls().len())
}
