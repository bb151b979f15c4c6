//! `vpclink`: the pipeline on a laptop.

use std::process::ExitCode;

use clap::Parser;
use vpclink_responder::cli::args::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime on the current thread needs nothing that can be missing").block_on(cli.run())
}
