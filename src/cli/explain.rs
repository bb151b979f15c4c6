//! `vpclink explain`: saved logs in, diagnoses out.

use crate::alerts::{stdout, terminal};
use crate::cli::account;
use crate::{alerts, incidents};

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;

use crate::cli::args::{CliError, DIAGNOSED, ExplainArgs, Format, NO_EXECUTIONS, NOTHING_FAILED, complain};
use crate::functions::{Explained, Reading, explain};

/// Wall time for the live reads of one incident. A person waits longer than a Lambda.
const BUDGET: Duration = Duration::from_secs(30);

pub(crate) async fn run(args: &ExplainArgs) -> Result<u8, CliError> {
    let inputs = args.files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let now = args.now.unwrap_or_else(account::now);
    let asked = account::open(args.account.as_deref(), args.live, args.record.as_deref()).await?;
    let reading = asked.as_ref().map(|asked| Reading { account: asked.account(), budget: BUDGET });
    let explained = explain(&inputs, reading, now).await?;
    if let Some(asked) = asked {
        asked.keep()?;
    }
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
            let screen = account::screen(args.color, args.output.is_none());
            let blocks: Vec<String> =
                explained.alerts.iter().map(|alert| terminal::block(alert, screen) + "\n").collect();
            blocks.concat() + &terminal::summary(explained.summary)
        }
    }
}
