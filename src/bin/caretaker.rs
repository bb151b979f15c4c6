//! `caretaker`: the Lambda on a schedule that keeps log groups subscribed and says where nobody would see a failure.

use std::process::ExitCode;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;
use vpclink_responder::config::CaretakerConfig;
use vpclink_responder::lambda;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::log_as_json();
    let caretaker = match CaretakerConfig::from_env() {
        Ok(config) => lambda::caretaker(config).await,
        Err(error) => {
            tracing::error!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let handler = service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        let deadline = lambda::deadline(event.context.deadline);
        caretaker.incidents.accounts.lives_at(&event.context.invoked_function_arn);
        let summary = caretaker.handle(event.payload.get().as_bytes(), deadline).await;
        lambda::write_metrics(&caretaker.tally);
        lambda::write_metrics(&caretaker.incidents.tally);
        summary.map_err(lambda::Failed::from)
    });
    match lambda_runtime::run(handler).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "the runtime ended");
            ExitCode::FAILURE
        }
    }
}
