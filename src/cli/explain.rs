//! `vpclink explain`: saved logs in, diagnoses out.

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;

use super::{DIAGNOSED, ExplainArgs, Failure, Format, NO_EXECUTIONS, NOTHING_FAILED, account, complain};
use crate::pipeline::{Explained, Reading, explain};
use crate::publish::stdout;
use crate::render::{self, terminal};

/// Wall time for the live reads of one incident. A person waits longer than a Lambda.
const BUDGET: Duration = Duration::from_secs(30);

pub(super) async fn run(args: &ExplainArgs) -> Result<u8, Failure> {
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
    let each = |render: fn(&crate::incident::Alert) -> String, between: &str| {
        let texts: Vec<String> =
            explained.alerts.iter().map(|alert| render(alert).trim_end().to_owned() + "\n").collect();
        texts.join(between)
    };
    match args.format {
        Format::Email => each(render::email, &format!("\n{}\n\n", "=".repeat(72))),
        Format::Chat => each(render::chat, ""),
        Format::Json => each(render::machine, ""),
        Format::Html => render::html(&explained.alerts),
        Format::Terminal => {
            let screen = account::screen(args.color, args.output.is_none());
            let blocks: Vec<String> =
                explained.alerts.iter().map(|alert| terminal::block(alert, screen) + "\n").collect();
            blocks.concat() + &terminal::summary(explained.summary)
        }
    }
}
