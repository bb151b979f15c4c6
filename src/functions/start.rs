//! What Lambda starts: the role that the function's `Handler` names, its wiring, and the word for an invocation that fails.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex};

use anyhow::Context;
use aws_lambda_events::streams::KinesisEventResponse;
use aws_types::SdkConfig;
use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio::time::{Duration, Instant};
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterFn, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::alerts::sns::Sns;
use crate::aws::live::assumed::AssumedAccount;
use crate::aws::live::logs::Logs;
use crate::aws::live::{LiveAccount, lambda_config};
use crate::aws::{Accounts, CachedAccount, Open};
use crate::functions::caretaker::Caretaker;
use crate::functions::config::{CaretakerConfig, Config};
use crate::functions::metrics::{Metric, Metrics};
use crate::functions::probe;
use crate::functions::respond::{Outcome, Responder};
use crate::incidents::store::Store;
use crate::incidents::store::dynamodb::DynamoStore;
use crate::incidents::store::memory::MemoryStore;
use crate::logs::DecodeError;
use crate::probe::{Limits, answer as answer_probe};

/// What a function with this executable may be.
const ROLES: [&str; 3] = ["responder", "caretaker", "prober"];

/// Runs the role that `_HANDLER` names until Lambda stops the process.
///
/// # Errors
///
/// A role or an environment that can't be used, with every fault, or a runtime that ended.
#[expect(clippy::disallowed_methods, reason = "Lambda names the role in the environment")]
pub async fn run() -> anyhow::Result<()> {
    let role = std::env::var("_HANDLER").unwrap_or_default();
    let ended = match role.as_str() {
        "responder" => run_responder(Config::from_env()?).await,
        "caretaker" => run_caretaker(CaretakerConfig::from_env()?).await,
        "prober" => run_prober(probe::limits(|name| std::env::var(name).ok())?).await,
        _ => anyhow::bail!(
            "cannot start: the function's Handler is `{role}`; this executable runs as {}",
            ROLES.join(", ")
        ),
    };
    ended.map_err(anyhow::Error::from_boxed).context("the runtime ended")
}

/// Everything that speaks with AWS is made at the first event: until then a start waits for nothing. What an invocation needs is
/// on the heap, and so no part of the stack that every start touches.
async fn run_responder(config: Config) -> Result<(), lambda_runtime::Error> {
    let made = OnceCell::new();
    // The payload is taken as it is: an undecodable one has to fail in the handler, which can publish an alert about it.
    let handler = service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        let responder = made.get_or_init(async || responder(&lambda_config(), config.clone())).await;
        let deadline = deadline(event.context.deadline);
        responder.accounts.set_own_account(&event.context.invoked_function_arn);
        let outcome = Box::pin(responder.respond(event.payload.get().as_bytes(), deadline)).await;
        let answer = outcome.map(|outcome| answer(&outcome)).map_err(InvocationError::of_responder);
        if let Err(InvocationError::UndecodableBatch(_)) = answer {
            responder.tally.count(Metric::Undecodable, "", 1);
        }
        write_metrics(&responder.tally);
        answer
    });
    lambda_runtime::run(handler).await
}

async fn run_caretaker(config: CaretakerConfig) -> Result<(), lambda_runtime::Error> {
    let made = OnceCell::new();
    let handler = service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        let caretaker = made.get_or_init(async || caretaker(lambda_config(), config.clone())).await;
        let deadline = deadline(event.context.deadline);
        caretaker.incidents.accounts.set_own_account(&event.context.invoked_function_arn);
        let summary = Box::pin(caretaker.handle(event.payload.get().as_bytes(), deadline)).await;
        write_metrics(&caretaker.tally);
        write_metrics(&caretaker.incidents.tally);
        summary.map_err(InvocationError::of_caretaker)
    });
    lambda_runtime::run(handler).await
}

/// It speaks with no service of AWS, so nothing is made first, and a refusal is an answer.
async fn run_prober(limits: Limits) -> Result<(), lambda_runtime::Error> {
    let limits = &limits;
    let handler = service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        let answer = Box::pin(answer_probe(event.payload.get().as_bytes(), limits, now())).await;
        match answer.get("refused").and_then(Value::as_str) {
            Some(why) => tracing::warn!(why, "refused to connect"),
            None => tracing::info!(addresses = answer["facts"].as_array().map_or(0, Vec::len), "probed"),
        }
        Ok::<_, InvocationError>(answer)
    });
    lambda_runtime::run(handler).await
}

/// A responder over live AWS.
fn responder(sdk: &SdkConfig, config: Config) -> Responder {
    let own = Arc::new(CachedAccount::new(LiveAccount::new(sdk, now)));
    let accounts = Accounts::new(own, open(&config, sdk));
    let store: Box<dyn Store> = match &config.incident_table {
        Some(table) => Box::new(DynamoStore::new(sdk, table)),
        None => Box::new(MemoryStore::default()),
    };
    let publisher = Box::new(Sns::new(sdk, config.alert_topic.clone()));
    Responder::new(config, accounts, store, publisher, Box::new(now), container())
}

/// A name that no other container has.
fn container() -> String {
    // The standard library seeds each map with random numbers of the system's.
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

/// How to open another account: through the role of the configured name in it.
fn open(config: &Config, sdk: &SdkConfig) -> Option<Open> {
    let (role, sdk) = (config.read_role.clone()?, sdk.clone());
    let partition = config.region.as_ref().map_or("aws", |region| region.partition().as_str());
    Some(Box::new(move |owner| {
        let arn = role.in_account(owner, partition);
        Arc::new(CachedAccount::new(AssumedAccount::new(&sdk, arn, role.external_id.clone(), now)))
    }))
}

/// A caretaker over live AWS.
fn caretaker(sdk: SdkConfig, config: CaretakerConfig) -> Caretaker {
    Caretaker {
        incidents: responder(&sdk, config.shared.clone()),
        groups: Logs::new(&sdk),
        apis: LiveAccount::new(&sdk, now),
        topic: Sns::new(&sdk, config.shared.alert_topic.clone()),
        alarm_topic: config.alarm_topic.clone().map(|topic| Sns::new(&sdk, topic)),
        tally: Metrics::default(),
        memory: Mutex::default(),
        sdk,
        now,
        config,
    }
}

/// Writes what was measured where CloudWatch reads it.
#[expect(clippy::print_stdout, reason = "metrics are lines of the log, in a form of their own")]
fn write_metrics(tally: &Metrics) {
    tally.lines(now()).iter().for_each(|line| println!("{line}"));
}

/// When an invocation ends, from Lambda's milliseconds since the epoch.
fn deadline(epoch_milliseconds: u64) -> Instant {
    let now = u64::try_from(now().as_millisecond()).unwrap_or(0);
    Instant::now() + Duration::from_millis(epoch_milliseconds.saturating_sub(now))
}

/// What the invocation answers: a summary, or for Kinesis the records to hand over again.
fn answer(outcome: &Outcome) -> Value {
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

/// Why an invocation fails. Runbooks and metric filters go by the variant's word, so the words never change.
#[derive(Debug, thiserror::Error)]
enum InvocationError {
    /// The payload could not be decoded: Lambda keeps it.
    #[error("{0:#}")]
    UndecodableBatch(anyhow::Error),
    /// An alert could not be published, or counted: Lambda keeps the payload and tries again.
    #[error("{0:#}")]
    AlertNotDelivered(anyhow::Error),
    /// The caretaker could not finish its work; the schedule starts it again.
    #[error("{0:#}")]
    CaretakerFailed(anyhow::Error),
}

impl InvocationError {
    fn of_responder(error: anyhow::Error) -> Self {
        tracing::error!(
            error = format!("{error:#}"),
            "the invocation fails, so that Lambda keeps the payload"
        );
        if error.is::<DecodeError>() { Self::UndecodableBatch(error) } else { Self::AlertNotDelivered(error) }
    }

    fn of_caretaker(error: anyhow::Error) -> Self {
        tracing::error!(error = format!("{error:#}"), "the invocation fails");
        Self::CaretakerFailed(error)
    }

    fn word(&self) -> &'static str {
        match self {
            Self::UndecodableBatch(_) => "UndecodableBatch",
            Self::AlertNotDelivered(_) => "AlertNotDelivered",
            Self::CaretakerFailed(_) => "CaretakerFailed",
        }
    }
}

impl From<InvocationError> for Diagnostic {
    fn from(error: InvocationError) -> Self {
        Self { error_type: error.word().to_owned(), error_message: error.to_string() }
    }
}

/// Structured log lines on standard output; `RUST_LOG` sets the level of this program's own, by target.
#[expect(
    clippy::disallowed_methods,
    reason = "the level is needed before a faulty environment can be reported"
)]
pub fn log_as_json() {
    let asked = std::env::var("RUST_LOG").ok().and_then(|text| text.parse::<Targets>().ok());
    let level = asked.unwrap_or_else(|| Targets::new().with_default(Level::INFO));
    // At lower levels the runtime, the SDK and the HTTP stack log whole payloads and requests, which no log may hold.
    let ours =
        |line: &Metadata<'_>| line.target().starts_with("vpclink_responder") || *line.level() <= Level::WARN;
    let lines = tracing_subscriber::fmt::layer().json().with_current_span(false).with_target(false);
    tracing_subscriber::registry().with(lines.with_filter(FilterFn::new(ours)).with_filter(level)).init();
}

#[expect(clippy::disallowed_methods, reason = "the Lambda's edge, where the clock is read")]
fn now() -> Timestamp {
    Timestamp::now()
}
