//! Names that are commands: every fault's commands, over an account whose ids, ARNs and names a shell would run.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use vpclink_responder::alerts;
use vpclink_responder::aws::live::LiveAccount;
use vpclink_responder::aws::recorded::{RecordedAccount, Recorder};
use vpclink_responder::aws::{Account, Answered, Query};
use vpclink_responder::incidents::Alert;

use super::{complain, faults, walk};

/// What stands in a healthy account, and what an enemy would like to stand there.
const NAMES: [(&str, &str); 8] = [
    ("sg-0", "sg-'$(id);0"),
    ("acl-0", "acl-`id`'|sh 0"),
    ("vpce-svc-", "vpce-svc-&&id #"),
    ("vpce-0", "vpce-'>x 0"),
    (":targetgroup/", ":targetgroup/'; id; '"),
    ("/net/", "/net/$IFS' a "),
    ("/app/", "/app/~*?[a]{b,c}"),
    ("abc123", "abc'$(x)123"),
];

/// The live account, as a recorder takes it.
pub(crate) struct Shared(pub(crate) Arc<LiveAccount>);

#[async_trait]
impl Account for Shared {
    async fn ask(&self, query: &Query) -> Answered {
        self.0.ask(query).await
    }
}

fn renamed(text: &str) -> String {
    NAMES.iter().fold(text.to_owned(), |text, (name, hostile)| text.replace(name, hostile))
}

/// The words of every command, as a shell reads them.
fn words(alert: &Alert) -> Vec<Vec<String>> {
    let machine: Value = serde_json::from_str(&alerts::machine_body(alert)).unwrap();
    let steps = machine["next_steps"].as_array().unwrap();
    let both = steps.iter().flat_map(|step| [&step["command"], &step["verify"]]);
    both.filter_map(Value::as_str).map(|text| shlex::split(text).expect("a command")).collect()
}

/// The same words with the same names, whatever a shell makes of what stands outside of quotes.
#[test]
fn every_command_is_exactly_its_words() {
    let faults = faults();
    let found = walk::with_laptops(&faults, |laptop, fault| {
        let account = fault.account();
        let event = walk::event(&account, fault.row.log, walk::Level::Info);
        let recorder = Recorder::new(Box::new(laptop.shared()), walk::now);
        let healthy = words(&laptop.over(&account, &event, &recorder));
        let hostile = RecordedAccount::parse(&renamed(&recorder.into_account().to_text())).unwrap();
        let told = laptop.explained(&serde_json::from_str(&renamed(&event.to_string())).unwrap(), &hostile);
        let expected: Vec<Vec<String>> =
            healthy.iter().map(|words| words.iter().map(|word| renamed(word)).collect()).collect();
        let told = words(&told);
        let differs = told.iter().zip(&expected).find(|(told, expected)| told != expected);
        let differs =
            differs.map(|(told, expected)| format!("{}: {told:?} is not {expected:?}", fault.label()));
        differs.or_else(|| {
            let (told, expected) = (told.len(), expected.len());
            (told != expected).then(|| format!("{}: {told} commands, not {expected}", fault.label()))
        })
    });
    complain(&found.into_iter().flatten().collect::<Vec<_>>());
}
