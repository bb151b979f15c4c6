//! `vpclink explain`: saved logs in, diagnoses out.

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;

use super::{Color, DIAGNOSED, ExplainArgs, Failure, Format, NO_EXECUTIONS, NOTHING_FAILED, complain};
use crate::pipeline::{Explained, Reading, explain};
use crate::publish::stdout;
use crate::render::{self, terminal};
use crate::survey::recorded::RecordedAccount;

/// Wall time for the live reads of one incident. A person waits longer than a Lambda.
const BUDGET: Duration = Duration::from_secs(30);

/// Columns where standard output is no terminal.
const WIDTH: usize = 160;

pub(super) async fn run(args: &ExplainArgs) -> Result<u8, Failure> {
    let inputs = args.files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let now = args.now.unwrap_or_else(now);
    let explained = match (&args.account, args.live) {
        (Some(file), _) => {
            let account = recorded(file)?;
            explain(&inputs, Some(Reading { account: &account, budget: BUDGET }), now).await?
        }
        (None, true) => live(args, &inputs, now).await?,
        (None, false) => explain(&inputs, None, now).await?,
    };
    let text = text(&explained, args);
    stdout::write(&text, args.output.as_deref())?;
    Ok(match (explained.alerts.is_empty(), explained.summary.read) {
        (false, _) => DIAGNOSED,
        (true, 0) => {
            complain("no executions in the input: it holds no line that API Gateway writes");
            NO_EXECUTIONS
        }
        (true, _) => NOTHING_FAILED,
    })
}

fn read(file: &PathBuf) -> Result<Vec<u8>, anyhow::Error> {
    if file.as_os_str() != "-" {
        return std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()));
    }
    let mut input = Vec::new();
    std::io::stdin().lock().read_to_end(&mut input).context("cannot read standard input")?;
    Ok(input)
}

fn recorded(file: &Path) -> Result<RecordedAccount, Failure> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let account =
        RecordedAccount::parse(&text).with_context(|| format!("cannot use `{}`", file.display()))?;
    Ok(account)
}

#[cfg(feature = "live")]
async fn live(args: &ExplainArgs, inputs: &[Vec<u8>], now: Timestamp) -> Result<Explained, Failure> {
    use crate::aws::{LiveAccount, sdk_config};
    use crate::survey::recorded::Recorder;

    let account = LiveAccount::new(&sdk_config().await, self::now);
    let Some(file) = &args.record else {
        return Ok(explain(inputs, Some(Reading { account: &account, budget: BUDGET }), now).await?);
    };
    let recorder = Recorder::new(&account, self::now);
    let explained = explain(inputs, Some(Reading { account: &recorder, budget: BUDGET }), now).await?;
    stdout::write(&recorder.into_account().to_text(), Some(file))?;
    Ok(explained)
}

#[cfg(not(feature = "live"))]
async fn live(_: &ExplainArgs, _: &[Vec<u8>], _: Timestamp) -> Result<Explained, Failure> {
    Err(Failure::usage(anyhow::anyhow!(
        "this build can't ask AWS; build it with the feature `live`, which is on by default"
    )))
}

fn text(explained: &Explained, args: &ExplainArgs) -> String {
    let each = |render: fn(&crate::incident::Alert) -> String, between: &str| {
        let texts: Vec<String> =
            explained.alerts.iter().map(|alert| render(alert).trim_end().to_owned() + "\n").collect();
        texts.join(between)
    };
    match args.format {
        Format::Email => each(render::email, &format!("\n{}\n\n", "=".repeat(72))),
        Format::Chat => each(render::chat, ""),
        Format::Json => each(render::machine, ""),
        Format::Terminal => {
            let screen = screen(args);
            let blocks: Vec<String> =
                explained.alerts.iter().map(|alert| terminal::block(alert, screen) + "\n").collect();
            blocks.concat() + &terminal::summary(explained.summary)
        }
    }
}

fn screen(args: &ExplainArgs) -> terminal::Screen {
    let to_terminal = args.output.is_none() && std::io::stdout().is_terminal();
    let color = match args.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => to_terminal && !no_color(),
    };
    let columns = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    terminal::Screen { color, width: columns.filter(|_| to_terminal).unwrap_or(WIDTH) }
}

/// <https://no-color.org>: set to anything but nothing.
#[expect(clippy::disallowed_methods, reason = "a convention of terminals, not a setting of this program")]
fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

#[expect(clippy::disallowed_methods, reason = "the command line is the edge where the clock is read")]
fn now() -> Timestamp {
    Timestamp::now()
}
