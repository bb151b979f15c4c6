//! The command line: one command a file, and what its exit code says.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::cli::exit::CliError;
use crate::cli::output::complain;
use crate::cli::{causes, check, coverage, explain, incidents, probe, replay, test_alert};

/// Names the broken hop behind a 5xx of an Amazon API Gateway private integration.
#[derive(Debug, Parser)]
#[command(
    name = "vpclink",
    version,
    about,
    after_help = "Exit codes: 0 no fault found, 1 the tool failed, 2 usage, 3 no executions, \
    10 a failure, fault or gap was found."
)]
pub struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Diagnose saved logs or events: offline, unless --live
    Explain(explain::ExplainArgs),
    /// Read the live private path of a route; needs no log
    #[command(
        after_help = "The exit code is 10 if a fault was found. It is 0 otherwise, even if nothing could be read."
    )]
    Check(check::CheckArgs),
    /// List the incidents in the table
    Incidents(incidents::IncidentsArgs),
    /// Mute alerts for matching incidents for a while; failures are still counted
    Silence(incidents::SilenceArgs),
    /// End a silence: alerts go out again
    Unsilence(incidents::UnsilenceArgs),
    /// Connect to targets from this machine as API Gateway's client would, and report what they answer
    Probe(probe::ProbeArgs),
    /// Show which stages are monitored and which would fail unnoticed
    Coverage(coverage::CoverageArgs),
    /// Read a stage's history from CloudWatch Logs and summarise it
    Replay(replay::ReplayArgs),
    /// Publish a labelled test alert to prove that a new deployment delivers
    TestAlert(test_alert::TestAlertArgs),
    /// List the catalogue of causes, or print one entry whole
    Causes(causes::CausesArgs),
}

impl Cli {
    /// Runs the command.
    pub async fn run(self) -> ExitCode {
        let done = match self.command {
            Command::Explain(args) => explain::run(&args).await,
            Command::Check(args) => check::run(&args).await,
            Command::Incidents(args) => incidents::list(&args).await,
            Command::Silence(args) => incidents::silence(&args).await,
            Command::Unsilence(args) => incidents::unsilence(&args).await,
            Command::Probe(args) => probe::run(&args).await,
            Command::Coverage(args) => coverage::run(&args).await,
            Command::Replay(args) => replay::run(&args).await,
            Command::TestAlert(args) => test_alert::run(&args).await,
            Command::Causes(args) => causes::run(&args),
        };
        match done {
            Ok(exit) => exit.into(),
            Err(CliError { exit, error }) => {
                complain(&format!("error: {error:#}"));
                exit.into()
            }
        }
    }
}
