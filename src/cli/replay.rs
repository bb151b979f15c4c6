//! `vpclink replay`: what a stage's log group holds, read from CloudWatch Logs and summarised.

use crate::alerts::{history, stdout};
use crate::cli::account;

use std::io::IsTerminal;

use jiff::Timestamp;

use crate::aws::history::Stretch;
use crate::cli::args::{CliError, DIAGNOSED, NO_EXECUTIONS, NOTHING_FAILED, ReplayArgs, complain};
use crate::incidents::Tally;
use crate::logs::EXECUTION_LOG_PREFIX;

/// Exit codes as `explain` has them.
pub(crate) async fn run(args: &ReplayArgs) -> Result<u8, CliError> {
    let to = args.now.unwrap_or_else(account::now);
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
    stdout::write(&history::table(&title, &tally), None)?;
    Ok(match (tally.failed, tally.read) {
        (0, 0) => {
            complain("no executions in this time: is execution logging on, at level ERROR or INFO?");
            NO_EXECUTIONS
        }
        (0, _) => NOTHING_FAILED,
        _ => DIAGNOSED,
    })
}

/// "12000 lines, up to 14:03:22 UTC", always as long, so that it covers what was said before.
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
    Err(account::cannot_ask())
}

#[expect(clippy::print_stderr, reason = "progress on a terminal, beside the result on standard output")]
fn say(text: &str) {
    eprint!("{text}");
}
