//! `vpclink explain`: saved logs in, diagnoses out.

use crate::alerts::terminal;
use crate::cli::exit::{CliError, Exit};
use crate::cli::options::{Color, Format};
use crate::cli::{account, output};
use crate::{alerts, incidents};

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;

use crate::functions::{Explained, Reading, explain};

#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// Saved logs or events; `-` is standard input
    #[arg(default_value = "-")]
    pub(crate) files: Vec<PathBuf>,
    /// Read this recorded account instead of AWS
    #[arg(long, value_name = "FILE", conflicts_with = "live")]
    pub(crate) account: Option<PathBuf>,
    /// Read AWS, with the credentials and Region of the environment
    #[arg(long)]
    pub(crate) live: bool,
    /// Save AWS's answers in this file, for --account
    #[arg(long, value_name = "FILE", requires = "live")]
    pub(crate) record: Option<PathBuf>,
    /// Format of the result
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

/// Wall time for the live reads of one incident. A person waits longer than a Lambda.
const BUDGET: Duration = Duration::from_secs(30);

pub(crate) async fn run(args: &ExplainArgs) -> Result<Exit, CliError> {
    let inputs = args.files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let now = args.now.unwrap_or_else(output::now);
    let asked = account::open(args.account.as_deref(), args.live, args.record.as_deref()).await?;
    let reading = asked.as_ref().map(|asked| Reading { account: asked.account(), budget: BUDGET });
    let explained = explain(&inputs, reading, now).await?;
    if let Some(asked) = asked {
        asked.keep()?;
    }
    let text = text(&explained, args);
    output::write(&text, args.output.as_deref())?;
    Ok(match (explained.alerts.is_empty(), explained.summary.read) {
        (false, _) => Exit::Diagnosed,
        (true, 0) => {
            output::complain("no executions in the input: it holds no line that API Gateway writes");
            Exit::NoExecutions
        }
        (true, _) => Exit::NothingFailed,
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

fn text(explained: &Explained, args: &ExplainArgs) -> String {
    let each = |render: fn(&incidents::Alert) -> String, between: &str| {
        let texts: Vec<String> =
            explained.alerts.iter().map(|alert| render(alert).trim_end().to_owned() + "\n").collect();
        texts.join(between)
    };
    match args.format {
        Format::Email => each(alerts::email_body, &format!("\n{}\n\n", "=".repeat(72))),
        Format::Chat => each(alerts::chat_body, ""),
        Format::Json => each(alerts::machine_body, ""),
        Format::Html => alerts::html_page(&explained.alerts),
        Format::Terminal => {
            let screen = output::screen(args.color, args.output.is_none());
            let blocks: Vec<String> =
                explained.alerts.iter().map(|alert| terminal::block(alert, screen) + "\n").collect();
            blocks.concat() + &terminal::summary(explained.summary)
        }
    }
}
