//! The memory store keeps what every store must keep; `tests/stores` holds the shared table to the same.

use vpclink_responder::incidents::store::memory::MemoryStore;

#[path = "../../stores/suite.rs"]
mod suite;

#[test]
fn memory_keeps_incidents() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(suite::run(&MemoryStore::default()));
}
