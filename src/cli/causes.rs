//! `vpclink causes`: the catalogue.

use crate::alerts::catalogue;
use crate::cli::exit::{CliError, Exit};
use crate::cli::output;

use crate::causes::Cause;

#[derive(Debug, clap::Args)]
pub(crate) struct CausesArgs {
    /// The cause to print whole
    pub(crate) slug: Option<String>,
    /// Print the whole catalogue as Markdown, as docs/causes.md holds it
    #[arg(long, conflicts_with = "slug")]
    pub(crate) markdown: bool,
}

pub(crate) fn run(args: &CausesArgs) -> Result<Exit, CliError> {
    let text = match args.slug.as_deref() {
        Some(slug) => match Cause::of_slug(slug) {
            Some(cause) => catalogue::page(cause),
            None => {
                let unknown = anyhow::anyhow!("there is no cause `{slug}`; `vpclink causes` lists them");
                return Err(CliError::usage(unknown));
            }
        },
        None if args.markdown => catalogue::markdown(),
        None => catalogue::list(),
    };
    output::write(&text, None)?;
    Ok(Exit::NothingFailed)
}
