//! `caretaker`: the Lambda on a schedule that keeps log groups subscribed and says where nobody would see a failure.

use vpclink_responder::functions::start;

use std::process::ExitCode;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;
use vpclink_responder::functions::CaretakerConfig;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start::log_as_json();
    let caretaker = match CaretakerConfig::from_env() {
        Ok(config) => start::caretaker(config).await,
        Err(error) => {
            tracing::error!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let handler = service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        let deadline = start::deadline(event.context.deadline);
        caretaker.incidents.accounts.set_own_account(&event.context.invoked_function_arn);
        let summary = caretaker.handle(event.payload.get().as_bytes(), deadline).await;
        start::write_metrics(&caretaker.tally);
        start::write_metrics(&caretaker.incidents.tally);
        summary.map_err(start::Failed::from)
    });
    match lambda_runtime::run(handler).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "the runtime ended");
            ExitCode::FAILURE
        }
    }
}
