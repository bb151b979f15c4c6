//! What the Lambda front doors share: wiring, the deadline, the answer, the word for an error.

mod lazy;

use aws_lambda_events::streams::KinesisEventResponse;
use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::Config;
use crate::decode::DecodeError;
use crate::incident::Recent;
use crate::incident::store::MemoryStore;
use crate::pipeline::{Outcome, Responder};
use crate::survey::CachedAccount;
use lazy::{LazyAccount, LazySns, Sdk};

/// A responder over live AWS.
pub fn responder(config: Config) -> Responder {
    let sdk = Sdk::default();
    Responder {
        account: Box::new(CachedAccount::new(LazyAccount::new(sdk.clone()))),
        store: Box::new(MemoryStore::new(config.repeat_interval)),
        publisher: Box::new(LazySns::new(sdk, config.alert_topic.clone())),
        recent: Recent::default(),
        now,
        config,
    }
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

/// Structured log lines on standard output; `RUST_LOG` sets their level.
#[expect(
    clippy::disallowed_methods,
    reason = "the level is needed before the configuration's faults can be told"
)]
pub fn log_as_json() {
    let asked = std::env::var("RUST_LOG").ok().and_then(|text| text.parse::<Targets>().ok());
    let level = asked
        .unwrap_or_else(|| Targets::new().with_default(tracing::Level::INFO))
        // The SDK and the HTTP stack log whole requests at lower levels; those may hold what a log must not.
        .with_target("aws_", tracing::Level::WARN);
    let lines = tracing_subscriber::fmt().json().with_max_level(tracing::Level::TRACE);
    lines.with_current_span(false).with_target(false).finish().with(level).init();
}

#[expect(clippy::disallowed_methods, reason = "the Lambda's edge, where the clock is read")]
fn now() -> Timestamp {
    Timestamp::now()
}
