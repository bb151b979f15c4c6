//! The shared table against a DynamoDB of another make: `.ci/run` starts one and runs this.
//!
//! By hand: `AWS_ENDPOINT_URL=http://127.0.0.1:PORT AWS_REGION=eu-west-1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
//! TABLE=NAME cargo test --test stores`, where the table has the partition key `id` (S).

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "all of it is tests, and the helpers beside them"
)]

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use vpclink_responder::aws::live::sdk_config;
use vpclink_responder::incidents::Incident;
use vpclink_responder::incidents::store::Store;
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
        large_items(&store).await;
        an_open_key_of_the_version_before_is_found(&store).await;
        every_item_is_small().await;
    });
}

/// What clients can make large: paths, hosts and lines of many bytes, and as many deliveries at once as one update takes.
async fn large_items(store: &DynamoStore) {
    for delivery in 0..140 {
        let news = suite::hostile_news(delivery);
        let incident = store.count(&news, suite::at(0)).await.unwrap();
        for example in news.examples.values() {
            store.save_example(&news.fingerprint, example, suite::at(0)).await.unwrap();
        }
        assert!(incident.routes.len() <= Incident::STORED_ROUTES);
    }
    let many = suite::deliveries(45);
    assert_eq!(store.count(&many, suite::at(0)).await.unwrap().failed, 45);
    assert_eq!(store.count(&many, suite::at(1)).await.unwrap().failed, 45, "each came again");
}

async fn an_open_key_of_the_version_before_is_found(store: &DynamoStore) {
    let client = Client::new(&sdk_config().await);
    for (id, status) in [("1-0ld0pen", "ongoing"), ("1-0ldended", "resolved")] {
        let told = format!(
            r#"{{"number":3,"at":"2026-11-20T10:00:00Z","status":"{status}","rate":null,"routes":1,"members":1,
            "escalations":0,"quiet":false,"look_at":null,"resolved_at":null,"code":null,"resource":null}}"#
        );
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let put =
            client.put_item().table_name(variable("TABLE")).item("id", text(id)).item("told", text(&told));
        let put = put.item("cause", text("integration-timeout"));
        put.item("opened_at", AttributeValue::N("1790000000000".to_owned())).send().await.unwrap();
    }
    let old = store.all(suite::at(0)).await.unwrap().old;
    assert_eq!(old.iter().map(|alert| alert.id.0.as_str()).collect::<Vec<_>>(), ["1-0ld0pen"]);
    store.write(None, &old[0]).await.unwrap();
    let all = store.all(suite::at(0)).await.unwrap();
    assert!(all.old.is_empty() && all.alerts.contains(&old[0]), "it is one of this version now");
}

/// A write costs a unit for each kilobyte of an item: none is larger than four, so a write costs at most four.
///
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
async fn every_item_is_small() {
    let client = Client::new(&sdk_config().await);
    let mut pages = client.scan().table_name(variable("TABLE")).into_paginator().items().send();
    let (mut items, mut largest) = (0, (0, String::new()));
    while let Some(item) = pages.next().await {
        let item = item.unwrap();
        let size: usize = item.iter().map(|(name, value)| name.len() + size(value)).sum();
        let id = item["id"].as_s().unwrap().clone();
        assert!(size <= 4096, "{id} has {size} bytes");
        items += 1;
        largest = largest.max((size, id));
    }
    assert!(items > 30, "{items}");
    println!("{items} items, the largest of {} bytes: {}", largest.0, largest.1);
}

/// As DynamoDB counts it, or a little more.
fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number.len() / 2 + 2,
        AttributeValue::Ss(set) => set.iter().map(|text| text.len() + 1).sum::<usize>() + 3,
        AttributeValue::Bs(set) => set.iter().map(|bytes| bytes.as_ref().len() + 1).sum::<usize>() + 3,
        AttributeValue::Bool(_) => 1,
        other => panic!("no item has {other:?}"),
    }
}
