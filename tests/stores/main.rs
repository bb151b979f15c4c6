//! The shared table against a DynamoDB that somebody else wrote: `.ci/run` starts one and runs this.
//!
//! By hand: `AWS_ENDPOINT_URL=http://127.0.0.1:PORT AWS_REGION=eu-west-1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
//! TABLE=NAME cargo test --features emulated --test stores`, where the table has the partition key `id` (S).

use vpclink_responder::aws::live::sdk_config;
use vpclink_responder::incidents::store::dynamodb::DynamoStore;

// `cfg(test)` is always true here; it tells Clippy that helpers beside the tests may unwrap as tests do.
#[cfg(test)]
mod suite;

#[expect(clippy::disallowed_methods, reason = "the emulator's address is the environment's to say")]
fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("`{name}` is not set; start a DynamoDB emulator and say where"))
}

#[test]
fn the_table_keeps_incidents() {
    assert!(variable("AWS_ENDPOINT_URL").starts_with("http://127.0.0.1"), "never a real account");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = DynamoStore::new(&sdk_config().await, variable("TABLE"));
        suite::run(&store).await;
    });
}
