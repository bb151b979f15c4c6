//! `vpclink causes`: the catalogue.

use crate::alerts::{catalogue, stdout};

use crate::causes::Cause;
use crate::cli::args::{CausesArgs, CliError, NOTHING_FAILED};

pub(crate) fn run(args: &CausesArgs) -> Result<u8, CliError> {
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
    stdout::write(&text, None)?;
    Ok(NOTHING_FAILED)
}
