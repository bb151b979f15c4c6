//! `vpclink check`: the private path of a route as it is now, hop by hop.

use crate::alerts::{self, terminal};
use crate::cli::exit::{CliError, Exit};
use crate::cli::output::Color;
use crate::cli::{account, output};
use crate::functions;

use std::path::PathBuf;
use std::time::Duration;

use crate::causes::{Route, RouteContext};
use crate::checks::State;
use crate::functions::ReadFrom;
use crate::ids::ApiId;
use crate::logs::Source;

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// The id of a REST or HTTP API
    #[arg(long, value_name = "ID")]
    pub(crate) api: String,
    /// The stage
    #[arg(long, value_name = "NAME")]
    pub(crate) stage: String,
    /// The route's HTTP method. Without a route, reads the path shared by all private integrations
    #[arg(long, requires = "resource")]
    pub(crate) method: Option<String>,
    /// The route's resource, as a template or a path; `$default` for an HTTP API's route of that name
    #[arg(long, value_name = "PATH", requires = "method")]
    pub(crate) resource: Option<String>,
    /// Read this recorded account instead of AWS
    #[arg(long, value_name = "FILE")]
    pub(crate) account: Option<PathBuf>,
    /// Save AWS's answers in this file, for --account
    #[arg(long, value_name = "FILE", conflicts_with = "account")]
    pub(crate) record: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t = CheckFormat::Terminal)]
    pub(crate) format: CheckFormat,
    /// Write the result to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// When to colour; NO_COLOR turns it off too
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
}

/// Formats of a path that is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum CheckFormat {
    Terminal,
    Json,
    Html,
}

/// Wall time for all reads. A person waits longer than a Lambda.
const BUDGET: Duration = Duration::from_secs(30);

/// Exit code 10 where a fault was found, 0 where none was.
pub(crate) async fn run(args: &CheckArgs) -> Result<Exit, CliError> {
    let source =
        Source { api: Some(ApiId::new(&args.api)), stage: Some(args.stage.clone()), ..Source::default() };
    let route = args.method.clone().zip(args.resource.clone()).map(|(method, path)| Route { method, path });
    let subject = RouteContext::asked(source, route, output::now());
    let live = args.account.is_none();
    let Some(asked) = account::open(args.account.as_deref(), live, args.record.as_deref()).await? else {
        return Err(CliError::usage(anyhow::anyhow!("name a recorded account, or read AWS")));
    };
    let judgement = functions::check(&subject, &ReadFrom { account: asked.account(), budget: BUDGET }).await;
    asked.keep()?;
    let title = format!("{}/{}", args.api, args.stage);
    let text = match args.format {
        CheckFormat::Terminal => {
            terminal::walk(&title, &judgement, output::screen(args.color, args.output.is_none()))
        }
        CheckFormat::Json => alerts::check_document(&subject, &judgement),
        CheckFormat::Html => alerts::check_page(&title, &judgement),
    };
    output::write(&text, args.output.as_deref())?;
    let faulty = judgement.findings.iter().any(|finding| finding.state == State::Faulty);
    Ok(if faulty { Exit::Diagnosed } else { Exit::NothingFailed })
}
