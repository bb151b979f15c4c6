//! `vpclink explain`: saved logs in, diagnoses out.

use crate::alerts::{escape, terminal};
use crate::cli::exit::{CliError, Exit};
use crate::cli::output::{Color, Format};
use crate::cli::{account, output};
use crate::{alerts, incidents};

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;

use crate::functions::{Explained, Explainer, ReadFrom, Unattributed, access_format};
use crate::ids::ApiId;
use crate::logs::AccessFormat;

#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// Saved logs or events, or folders of them; `-` is standard input
    #[arg(default_value = "-")]
    pub(crate) files: Vec<PathBuf>,
    /// The stage's own access-log format; access logs in JSON need none
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) access_log_format: Vec<String>,
    /// The access log's API; with --live or --account, its stage's format is read
    #[arg(long, value_name = "ID", requires = "stage")]
    pub(crate) api: Option<String>,
    /// The stage of that API
    #[arg(long, value_name = "NAME", requires = "api")]
    pub(crate) stage: Option<String>,
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
    let files = args.files.iter().map(files).collect::<Result<Vec<_>, _>>()?.concat();
    let mut formats: Vec<_> =
        args.access_log_format.iter().map(|format| AccessFormat::compile(format)).collect();
    let now = args.now.unwrap_or_else(output::now);
    let asked = account::open(args.account.as_deref(), args.live, args.record.as_deref()).await?;
    if let (Some(api), Some(stage)) = (&args.api, &args.stage) {
        let Some(asked) = &asked else {
            return Err(CliError::usage(anyhow::anyhow!("--api and --stage need --live or --account")));
        };
        formats.push(access_format(asked.account(), &ApiId::new(api), stage).await?);
    }
    let reading = asked.as_ref().map(|asked| ReadFrom { account: asked.account(), budget: BUDGET });
    let mut explainer = Explainer::new(&formats);
    read(&files, &mut explainer)?;
    let explained = explainer.finish(reading, now).await?;
    if let Some(asked) = asked {
        asked.keep()?;
    }
    let text = text(&explained, args);
    output::write(&text, args.output.as_deref())?;
    Ok(match (explained.alerts.is_empty(), explained.summary.read) {
        (false, _) => Exit::Diagnosed,
        (true, 0) => {
            output::complain(if explained.unattributed.is_empty() { NOTHING_READ } else { NOTHING_SURE });
            explained.unattributed.iter().for_each(point_out);
            Exit::NoExecutions
        }
        (true, _) if explained.unattributed.is_empty() => Exit::NothingFailed,
        // A sentence of a failure stands there: that nothing failed is more than can be said.
        (true, _) => {
            explained.unattributed.iter().for_each(point_out);
            Exit::NoExecutions
        }
    })
}

/// What was tried, and what would have been read.
const NOTHING_READ: &str = "no executions in the input: no line is in a format that API Gateway writes. Accepted: Lambda \
events, AWS CLI output, Logs Insights results, delivered records, access logs and execution logs, also gzipped or quoted. \
For access logs that are not JSON, give --access-log-format. An example of a line that is read: \
(0f0f0f0f-1111-4222-8333-444455556666) Execution failed due to a timeout error";

/// What is said where sentences of failures follow.
const NOTHING_SURE: &str = "no executions in the input: sentences of failures stand in it, but in no line of a request that \
could be read. For access logs that are no JSON, give --access-log-format";

/// Says where a sentence of a failure stands, and what it would mean.
fn point_out(found: &Unattributed) {
    let Unattributed { mention, cause } = found;
    let text = escape::terminal(&mention.text);
    let meaning = cause.map_or_else(
        || "a failure of API Gateway".to_owned(),
        |cause| format!("`{}` ({})", cause.slug, cause.title),
    );
    output::complain(&format!(
        "line {}: looks like {meaning}, but no request in the input contains it: {text}",
        mention.line
    ));
}

/// The files of a folder, and of its folders, in the order of their names; of a file, itself. CloudWatch Logs exports many
/// small files in folders.
fn files(path: &PathBuf) -> Result<Vec<PathBuf>, anyhow::Error> {
    if path.as_os_str() == "-" || !path.is_dir() {
        return Ok(vec![path.clone()]);
    }
    let entries = std::fs::read_dir(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let mut inside = entries
        .map(|entry| entry.map(|entry| (entry.path(), entry.file_type())))
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    inside.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut found = Vec::new();
    for (inner, kind) in inside {
        let hidden = inner.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        match kind.with_context(|| format!("cannot read `{}`", inner.display()))? {
            _ if hidden => {}
            // A link may lead back to where it stands.
            kind if kind.is_symlink() => {}
            kind if kind.is_dir() => found.extend(files(&inner)?),
            _ => found.push(inner),
        }
    }
    Ok(found)
}

/// Reads all files, and shows on a terminal how far that is.
fn read(files: &[PathBuf], explainer: &mut Explainer<'_>) -> Result<(), anyhow::Error> {
    let size = |file: &PathBuf| {
        std::fs::metadata(file).ok().filter(|found| found.is_file()).map(|found| found.len())
    };
    let all: u64 = files.iter().filter_map(size).sum();
    let mut bar = output::ProgressBar::new(all);
    for file in files {
        let progress = |bytes| bar.add(bytes);
        let taken = if file.as_os_str() == "-" {
            explainer.take(std::io::stdin().lock(), progress)
        } else {
            let opened =
                std::fs::File::open(file).with_context(|| format!("cannot read `{}`", file.display()))?;
            explainer.take(opened, progress)
        };
        taken.with_context(|| format!("cannot read `{}`", file.display()))?;
    }
    bar.end();
    Ok(())
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
