//! Recorded accounts of earlier versions: people keep such files, and attach them to bug reports.

use vpclink_responder::aws::recorded::RecordedAccount;
use vpclink_responder::aws::{Account, Query};
use vpclink_responder::ids::ApiId;

/// Written by the first version of the format, and never again.
const VERSION_1: &str = include_str!("recorded/version-1.account.json");

#[test]
fn an_account_of_the_first_version_is_read_whole() {
    let account = RecordedAccount::parse(VERSION_1).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (answer, _) = runtime.block_on(account.ask(&Query::RestApi(ApiId::new("a1b2c3d4e5")))).unwrap();
    let api: vpclink_responder::aws::model::RestApi = answer.take().unwrap();
    assert_eq!(api.name, "orders");
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(json(&account.to_text()), json(VERSION_1), "it is written as it was read");
}

#[test]
fn an_account_of_another_version_is_refused_with_what_to_do() {
    let later = VERSION_1.replace("vpclink-responder/account/1", "vpclink-responder/account/9");
    let refused = RecordedAccount::parse(&later).unwrap_err().to_string();
    assert!(refused.contains("vpclink-responder/account/9"), "{refused}");
    assert!(
        refused.contains("record the account again with `vpclink explain --live --record FILE`"),
        "{refused}"
    );
}

#[test]
fn every_row_of_the_table_is_kept_under_a_key_of_its_own() {
    let samples = Query::samples();
    let mut keys: Vec<_> = samples.iter().map(|query| (query.call(), query.subject())).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), samples.len());
}
