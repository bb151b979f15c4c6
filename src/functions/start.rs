//! What the Lambda front doors share: wiring, the deadline, the answer, the word for an error.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex};

use aws_lambda_events::streams::KinesisEventResponse;
use aws_types::SdkConfig;
use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterFn, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::alerts::sns::Sns;
use crate::aws::live::LiveAccount;
use crate::aws::live::assumed::AssumedAccount;
use crate::aws::live::logs::Logs;
use crate::aws::{Account, Accounts, CachedAccount, Open};
use crate::functions::caretaker::Caretaker;
use crate::functions::config::Config;
use crate::functions::config_caretaker::CaretakerConfig;
use crate::functions::lazy::{LazyAccount, LazySns, Sdk};
use crate::functions::metrics::{Metric, Tally};
use crate::functions::respond::{Outcome, Responder};
use crate::incidents::store::Store;
use crate::incidents::store::dynamodb::DynamoStore;
use crate::incidents::store::memory::MemoryStore;
use crate::logs::DecodeError;

/// A responder over live AWS.
pub fn responder(config: Config) -> Responder {
    responder_on(Sdk::default(), config)
}

fn responder_on(sdk: Sdk, config: Config) -> Responder {
    let own = LazyAccount::new(sdk.clone(), |sdk| Box::new(LiveAccount::new(sdk, now)));
    let accounts = Accounts::new(Arc::new(CachedAccount::new(own)), open(&config, &sdk));
    let store: Box<dyn Store> = match &config.incident_table {
        Some(table) => Box::new(DynamoStore::once(sdk.when_needed(), table)),
        None => Box::new(MemoryStore::default()),
    };
    let publisher = Box::new(LazySns::new(sdk, config.alert_topic.clone()));
    Responder::new(config, accounts, store, publisher, Box::new(now), container())
}

/// A name that no other container has.
fn container() -> String {
    // The standard library seeds each map with random numbers of the system's.
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

/// How to open another account: through the role of the configured name in it.
fn open(config: &Config, sdk: &Sdk) -> Option<Open> {
    let (role, sdk) = (config.read_role.clone()?, sdk.clone());
    let partition = config.region.as_ref().map_or("aws", |region| region.partition().as_str());
    Some(Box::new(move |owner| {
        let (arn, external_id) = (role.in_account(owner, partition), role.external_id.clone());
        let assumed = move |sdk: &SdkConfig| -> Box<dyn Account> {
            Box::new(AssumedAccount::new(sdk, arn.clone(), external_id.clone(), now))
        };
        Arc::new(CachedAccount::new(LazyAccount::new(sdk.clone(), assumed)))
    }))
}

/// A caretaker over live AWS.
pub async fn caretaker(config: CaretakerConfig) -> Caretaker {
    let lazy = Sdk::default();
    let sdk = lazy.config().await.clone();
    Caretaker {
        incidents: responder_on(lazy, config.shared.clone()),
        groups: Logs::new(&sdk),
        apis: LiveAccount::new(&sdk, now),
        topic: Sns::new(&sdk, config.shared.alert_topic.clone()),
        tally: Tally::default(),
        memory: Mutex::default(),
        sdk,
        now,
        config,
    }
}

/// Writes what was measured where CloudWatch reads it.
#[expect(clippy::print_stdout, reason = "metrics are lines of the log, in a form of their own")]
pub fn write_metrics(tally: &Tally) {
    tally.lines(now()).iter().for_each(|line| println!("{line}"));
}

/// When an invocation ends, from Lambda's milliseconds since the epoch.
pub fn deadline(epoch_milliseconds: u64) -> Instant {
    let now = u64::try_from(now().as_millisecond()).unwrap_or(0);
    Instant::now() + Duration::from_millis(epoch_milliseconds.saturating_sub(now))
}

/// What the invocation answers: a summary, or for Kinesis the records to hand over again.
pub fn answer(outcome: &Outcome) -> Value {
    let Some(records) = &outcome.failed_records else {
        let Outcome { batches, executions, failed, alerts, refused, .. } = outcome;
        return json!({
            "batches": batches, "executions": executions, "failed": failed, "alerts": alerts, "refused": refused,
        });
    };
    let mut response = KinesisEventResponse::default();
    for number in records {
        response.add_failure(number);
    }
    serde_json::to_value(response).expect("a list of texts always serialises")
}

/// An error as Lambda reports it: a stable word of ours, and the whole chain.
#[derive(Debug)]
pub struct Refusal(anyhow::Error);

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        if error.is::<DecodeError>() {
            let tally = Tally::default();
            tally.count(Metric::Undecodable, "", 1);
            write_metrics(&tally);
        }
        tracing::error!(
            error = format!("{error:#}"),
            "the invocation fails, so that Lambda keeps the payload"
        );
        Self(error)
    }
}

impl From<Refusal> for Diagnostic {
    fn from(Refusal(error): Refusal) -> Self {
        let error_type = if error.is::<DecodeError>() { "UndecodableBatch" } else { "AlertNotDelivered" };
        Self { error_type: error_type.to_owned(), error_message: format!("{error:#}") }
    }
}

/// An invocation of the caretaker that failed.
#[derive(Debug)]
pub struct Failed(anyhow::Error);

impl From<anyhow::Error> for Failed {
    fn from(error: anyhow::Error) -> Self {
        tracing::error!(error = format!("{error:#}"), "the invocation fails");
        Self(error)
    }
}

impl From<Failed> for Diagnostic {
    fn from(Failed(error): Failed) -> Self {
        Self { error_type: "CareFailed".to_owned(), error_message: format!("{error:#}") }
    }
}

/// Structured log lines on standard output; `RUST_LOG` sets the level of this program's own, by target.
#[expect(
    clippy::disallowed_methods,
    reason = "the level is needed before the configuration's faults can be told"
)]
pub fn log_as_json() {
    let asked = std::env::var("RUST_LOG").ok().and_then(|text| text.parse::<Targets>().ok());
    let level = asked.unwrap_or_else(|| Targets::new().with_default(Level::INFO));
    // The runtime, the SDK and the HTTP stack log whole payloads and requests at lower levels, which hold what no log must.
    let ours =
        |said: &Metadata<'_>| said.target().starts_with("vpclink_responder") || *said.level() <= Level::WARN;
    let lines = tracing_subscriber::fmt::layer().json().with_current_span(false).with_target(false);
    tracing_subscriber::registry().with(lines.with_filter(FilterFn::new(ours)).with_filter(level)).init();
}

#[expect(clippy::disallowed_methods, reason = "the Lambda's edge, where the clock is read")]
fn now() -> Timestamp {
    Timestamp::now()
}
