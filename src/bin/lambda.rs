//! `vpclink-lambda`: the one executable that Lambda runs. The function's `Handler` says in which role.

// The futures of one invocation nest deeper than the default limit.
#![recursion_limit = "256"]

use std::process::ExitCode;

use vpclink_responder::functions::start;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start::log_as_json();
    match start::run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
