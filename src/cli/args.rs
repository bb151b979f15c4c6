//! The command line: what it takes, and what its exit codes mean.
//!
//! 0 nothing failed in the input · 1 the tool failed · 2 usage · 3 no executions in the input · 10 at least one failed
//! execution was diagnosed.

use crate::cli::{causes, check, coverage, explain, incidents, probe, replay, test_alert};
use crate::functions::config;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::coverage::Filter;

/// Nothing failed in the input.
pub const NOTHING_FAILED: u8 = 0;
/// The tool itself failed.
pub const TOOL_FAILED: u8 = 1;
/// The command line was wrong.
pub const USAGE: u8 = 2;
/// The input holds no executions.
pub const NO_EXECUTIONS: u8 = 3;
/// At least one failed execution was diagnosed.
pub const DIAGNOSED: u8 = 10;

/// Names the broken hop behind a 5xx of an Amazon API Gateway private integration.
#[derive(Debug, Parser)]
#[command(
    name = "vpclink",
    version,
    about,
    after_help = "Exit codes: 0 nothing failed, 1 the tool failed, 2 usage, \
    3 no executions in the input, 10 at least one failed execution was diagnosed."
)]
pub struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Diagnose saved logs or events: offline, unless --live
    Explain(ExplainArgs),
    /// Walk the live private path of a route, no log needed
    Check(CheckArgs),
    /// List the incidents that the table holds
    Incidents(IncidentsArgs),
    /// Count an incident, or all that match, without telling, for a time
    Silence(SilenceArgs),
    /// Tell again what was silenced
    Unsilence(UnsilenceArgs),
    /// Connect to targets as API Gateway would, from where you stand, and report facts
    Probe(probe::ProbeArgs),
    /// Say which stages with a private integration are watched, and which are blind
    Coverage(CoverageArgs),
    /// Read a stage's history from CloudWatch Logs and summarise it
    Replay(ReplayArgs),
    /// Publish a labelled test alert, so that a new deployment proves itself
    TestAlert(TestAlertArgs),
    /// List the catalogue of causes, or print one entry whole
    Causes(CausesArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// Saved logs or events, or folders of them; `-` is standard input
    #[arg(default_value = "-")]
    pub(crate) files: Vec<PathBuf>,
    /// The stage's own access-log format; access logs in JSON need none
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) access_log_format: Vec<String>,
    /// Ask this recorded account instead of AWS
    #[arg(long, value_name = "FILE", conflicts_with = "live")]
    pub(crate) account: Option<PathBuf>,
    /// Ask AWS, with the credentials and Region of the environment
    #[arg(long)]
    pub(crate) live: bool,
    /// Keep what AWS answers in this file, for --account
    #[arg(long, value_name = "FILE", requires = "live")]
    pub(crate) record: Option<PathBuf>,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    pub(crate) format: Format,
    /// Write the result to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Take this as the present time, for repeatable output
    #[arg(long, value_name = "RFC3339")]
    pub(crate) now: Option<jiff::Timestamp>,
    /// When to colour; NO_COLOR turns it off too
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// The REST API's id
    #[arg(long, value_name = "ID")]
    pub(crate) api: String,
    /// The stage
    #[arg(long, value_name = "NAME")]
    pub(crate) stage: String,
    /// The route's verb; without a route, the one way that all private integrations share
    #[arg(long, requires = "resource")]
    pub(crate) method: Option<String>,
    /// The route's resource, as a template or a path
    #[arg(long, value_name = "PATH", requires = "method")]
    pub(crate) resource: Option<String>,
    /// Ask this recorded account instead of AWS
    #[arg(long, value_name = "FILE")]
    pub(crate) account: Option<PathBuf>,
    /// Keep what AWS answers in this file, for --account
    #[arg(long, value_name = "FILE", conflicts_with = "account")]
    pub(crate) record: Option<PathBuf>,
    /// When to colour; NO_COLOR turns it off too
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
}

#[derive(Debug, clap::Args)]
pub(crate) struct IncidentsArgs {
    /// Resolved ones too
    #[arg(long)]
    pub(crate) all: bool,
    /// The DynamoDB table that holds the incidents
    #[arg(long, value_name = "NAME", env = "INCIDENT_TABLE")]
    pub(crate) table: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SilenceArgs {
    /// One incident, by the id that its alerts show
    #[arg(conflicts_with_all = ["api", "stage", "cause"])]
    pub(crate) id: Option<String>,
    /// All incidents of this REST API, by its id
    #[arg(long, value_name = "ID")]
    pub(crate) api: Option<String>,
    /// All incidents of this stage
    #[arg(long, value_name = "NAME")]
    pub(crate) stage: Option<String>,
    /// All incidents of this cause
    #[arg(long, value_name = "SLUG")]
    pub(crate) cause: Option<String>,
    /// For how long: 30m, 2h, 1d
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub(crate) duration: std::time::Duration,
    /// The DynamoDB table that holds the incidents
    #[arg(long, value_name = "NAME", env = "INCIDENT_TABLE")]
    pub(crate) table: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct UnsilenceArgs {
    /// The silence, by the id that `vpclink silence` printed
    pub(crate) id: String,
    /// The DynamoDB table that holds the incidents
    #[arg(long, value_name = "NAME", env = "INCIDENT_TABLE")]
    pub(crate) table: Option<String>,
}

fn duration(text: &str) -> Result<std::time::Duration, String> {
    config::duration(text)
}

#[derive(Debug, clap::Args)]
pub(crate) struct CoverageArgs {
    /// Name of the responder's subscription filters: the name of its stack
    #[arg(long, value_name = "NAME", default_value = Filter::DEFAULT_NAME)]
    pub(crate) filter_name: String,
    /// The responder, so that filters of other names which lead there count too
    #[arg(long, value_name = "ARN")]
    pub(crate) responder: Option<String>,
    /// Calls a second at most; the account's quota is five
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) calls_per_second: u32,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Form::Terminal)]
    pub(crate) format: Form,
    /// When to colour; NO_COLOR turns it off too
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    /// The REST API's id
    #[arg(long, value_name = "ID")]
    pub(crate) api: String,
    /// The stage
    #[arg(long, value_name = "NAME")]
    pub(crate) stage: String,
    /// How far back: 30m, 1h, 1d
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1h")]
    pub(crate) since: std::time::Duration,
    /// Take this as the present time, for repeatable output
    #[arg(long, value_name = "RFC3339")]
    pub(crate) now: Option<jiff::Timestamp>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TestAlertArgs {
    /// The SNS topic that alerts go to
    #[arg(long, value_name = "ARN", env = "ALERT_TOPIC_ARN")]
    pub(crate) topic: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CausesArgs {
    /// The cause to print whole
    pub(crate) slug: Option<String>,
    /// Print the whole catalogue as Markdown, as docs/causes.md holds it
    #[arg(long, conflicts_with = "slug")]
    pub(crate) markdown: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Terminal,
    Email,
    Chat,
    Json,
    Html,
}

/// What a list can be printed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    Terminal,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

impl Cli {
    /// Does what the command line asks for.
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
            Ok(code) => ExitCode::from(code),
            Err(CliError { code, error }) => {
                complain(&format!("error: {error:#}"));
                ExitCode::from(code)
            }
        }
    }
}

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) struct CliError {
    pub(crate) code: u8,
    pub(crate) error: anyhow::Error,
}

impl CliError {
    pub(crate) fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self { code: USAGE, error: error.into() }
    }
}

impl<E: Into<anyhow::Error>> From<E> for CliError {
    fn from(error: E) -> Self {
        Self { code: TOOL_FAILED, error: error.into() }
    }
}

#[expect(clippy::print_stderr, reason = "the command line's own voice; results go to standard output")]
pub(crate) fn complain(text: &str) {
    eprintln!("{text}");
}
