//! `responder`: the Lambda that log groups and streams are subscribed to.

use vpclink_responder::functions::start;

use std::process::ExitCode;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;
use vpclink_responder::functions::config::Config;
use vpclink_responder::functions::start::Refusal;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start::log_as_json();
    let responder = match Config::from_env() {
        Ok(config) => start::responder(config),
        Err(error) => {
            tracing::error!("{error}");
            return ExitCode::FAILURE;
        }
    };
    // The payload is taken as it is: what can't be decoded has to fail in the handler, where it can be told.
    let handler = service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        let deadline = start::deadline(event.context.deadline);
        responder.accounts.set_own_account(&event.context.invoked_function_arn);
        let outcome = responder.respond(event.payload.get().as_bytes(), deadline).await;
        start::write_metrics(&responder.tally);
        outcome.map(|outcome| start::answer(&outcome)).map_err(Refusal::from)
    });
    match lambda_runtime::run(handler).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "the runtime ended");
            ExitCode::FAILURE
        }
    }
}
