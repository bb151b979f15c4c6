//! `vpclink replay`: what a stage's log group holds, read from CloudWatch Logs and summarised.

use crate::alerts::history;
use crate::cli::exit::{CliError, Exit};
use crate::cli::output;
use crate::functions::config::duration;

use std::io::IsTerminal;

use jiff::Timestamp;

use crate::aws::Stretch;
use crate::incidents::Tally;
use crate::logs::EXECUTION_LOG_PREFIX;

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

/// Exit codes as `explain` has them.
pub(crate) async fn run(args: &ReplayArgs) -> Result<Exit, CliError> {
    let to = args.now.unwrap_or_else(output::now);
    let from = to.checked_sub(args.since)?;
    let stretch = Stretch { group: format!("{EXECUTION_LOG_PREFIX}{}/{}", args.api, args.stage), from, to };
    let to_terminal = std::io::stderr().is_terminal();
    let progress = |tally: &Tally, latest: Option<Timestamp>| {
        if to_terminal {
            say(&format!("\r{}", reached(tally, latest)));
        }
    };
    let tally = read(&stretch, progress).await;
    if to_terminal {
        say("\n");
    }
    let tally = tally?;
    let day = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M");
    let title = format!("{}/{}, {} to {} UTC", args.api, args.stage, day(from), day(to));
    output::write(&history::table(&title, &tally), None)?;
    Ok(match (tally.failed, tally.read) {
        (0, 0) => {
            output::complain("no executions in this time: is execution logging on, at level ERROR or INFO?");
            Exit::NoExecutions
        }
        (0, _) => Exit::NothingFailed,
        _ => Exit::Diagnosed,
    })
}

/// "12000 lines, up to 14:03:22 UTC", padded, so that it covers the line before.
fn reached(tally: &Tally, latest: Option<Timestamp>) -> String {
    let latest = latest.map_or(String::new(), |at| format!(", up to {}", at.strftime("%m-%d %H:%M:%S UTC")));
    format!("{:60}", format!("reading: {} lines{latest}", tally.lines))
}

#[cfg(feature = "live")]
async fn read(stretch: &Stretch, progress: impl FnMut(&Tally, Option<Timestamp>)) -> Result<Tally, CliError> {
    use crate::aws::live::logs::Logs;
    use crate::aws::live::sdk_config;
    use crate::functions::replay::replay;

    let logs = Logs::new(&sdk_config().await);
    let page = async |stretch: &Stretch, token| logs.page(stretch, token).await;
    replay(stretch, page, progress).await.map_err(|why| {
        let group = &stretch.group;
        CliError::from(anyhow::anyhow!("cannot read log group `{group}`: {why} (needs logs:FilterLogEvents)"))
    })
}

#[cfg(not(feature = "live"))]
async fn read(_: &Stretch, _: impl FnMut(&Tally, Option<Timestamp>)) -> Result<Tally, CliError> {
    Err(crate::cli::account::cannot_ask())
}

#[expect(clippy::print_stderr, reason = "progress on a terminal, beside the result on standard output")]
fn say(text: &str) {
    eprint!("{text}");
}
