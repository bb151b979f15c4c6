//! The command line: what it takes, and what its exit codes mean.
//!
//! 0 nothing failed in the input · 1 the tool failed · 2 usage · 3 no executions in the input · 10 at least one failed
//! execution was diagnosed.

mod account;
mod causes;
mod check;
mod explain;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

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
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Diagnose saved logs or events: offline, unless --live
    Explain(ExplainArgs),
    /// Walk the live private path of a route, no log needed
    Check(CheckArgs),
    /// List the catalogue of causes, or print one entry whole
    Causes(CausesArgs),
}

#[derive(Debug, clap::Args)]
struct ExplainArgs {
    /// Saved logs or events; `-` is standard input
    #[arg(default_value = "-")]
    files: Vec<PathBuf>,
    /// Ask this recorded account instead of AWS
    #[arg(long, value_name = "FILE", conflicts_with = "live")]
    account: Option<PathBuf>,
    /// Ask AWS, with the credentials and Region of the environment
    #[arg(long)]
    live: bool,
    /// Keep what AWS answers in this file, for --account
    #[arg(long, value_name = "FILE", requires = "live")]
    record: Option<PathBuf>,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    format: Format,
    /// Write the result to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Take this as the present time, for repeatable output
    #[arg(long, value_name = "RFC3339")]
    now: Option<jiff::Timestamp>,
    /// When to colour; NO_COLOR turns it off too
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    color: Color,
}

#[derive(Debug, clap::Args)]
struct CheckArgs {
    /// The REST API's id
    #[arg(long, value_name = "ID")]
    api: String,
    /// The stage
    #[arg(long, value_name = "NAME")]
    stage: String,
    /// The route's verb; without a route, the one way that all private integrations share
    #[arg(long, requires = "resource")]
    method: Option<String>,
    /// The route's resource, as a template or a path
    #[arg(long, value_name = "PATH", requires = "method")]
    resource: Option<String>,
    /// Ask this recorded account instead of AWS
    #[arg(long, value_name = "FILE")]
    account: Option<PathBuf>,
    /// Keep what AWS answers in this file, for --account
    #[arg(long, value_name = "FILE", conflicts_with = "account")]
    record: Option<PathBuf>,
    /// When to colour; NO_COLOR turns it off too
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    color: Color,
}

#[derive(Debug, clap::Args)]
struct CausesArgs {
    /// The cause to print whole
    slug: Option<String>,
    /// Print the whole catalogue as Markdown, as docs/causes.md holds it
    #[arg(long, conflicts_with = "slug")]
    markdown: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Terminal,
    Email,
    Chat,
    Json,
    Html,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
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
            Command::Causes(args) => causes::run(&args),
        };
        match done {
            Ok(code) => ExitCode::from(code),
            Err(Failure { code, error }) => {
                complain(&format!("error: {error:#}"));
                ExitCode::from(code)
            }
        }
    }
}

/// Why a command did not do what was asked.
#[derive(Debug)]
struct Failure {
    code: u8,
    error: anyhow::Error,
}

impl Failure {
    fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self { code: USAGE, error: error.into() }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { code: TOOL_FAILED, error: error.into() }
    }
}

#[expect(clippy::print_stderr, reason = "the command line's own voice; results go to standard output")]
fn complain(text: &str) {
    eprintln!("{text}");
}
