//! The account that a command reads: a recorded one, or AWS.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::aws::Account;
use crate::aws::recorded::{RecordedAccount, Recorder};
use crate::cli::exit::CliError;
use crate::cli::output::{self, now};

/// An account to read, and the file that saves its answers.
pub(crate) struct Asked {
    recorder: Recorder,
    keep_in: Option<PathBuf>,
}

/// Opens the account that the options name; `None` where they name none.
pub(crate) async fn open(
    recorded: Option<&Path>,
    live: bool,
    keep_in: Option<&Path>,
) -> Result<Option<Asked>, CliError> {
    let account: Box<dyn Account> = match recorded {
        Some(file) => {
            let text =
                std::fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
            let account =
                RecordedAccount::parse(&text).with_context(|| format!("cannot use `{}`", file.display()))?;
            Box::new(account)
        }
        None if live => self::live().await?,
        None => return Ok(None),
    };
    Ok(Some(Asked { recorder: Recorder::new(account, now), keep_in: keep_in.map(Path::to_owned) }))
}

#[cfg(feature = "live")]
async fn live() -> Result<Box<dyn Account>, CliError> {
    use crate::aws::live::{LiveAccount, sdk_config};
    Ok(Box::new(LiveAccount::new(&sdk_config().await, now)))
}

#[cfg(not(feature = "live"))]
async fn live() -> Result<Box<dyn Account>, CliError> {
    Err(cannot_ask())
}

#[cfg(not(feature = "live"))]
pub(crate) fn cannot_ask() -> CliError {
    CliError::usage(anyhow::anyhow!(
        "this build can't read AWS; build it with the feature `live`, which is on by default"
    ))
}

impl Asked {
    pub(crate) fn account(&self) -> &dyn Account {
        &self.recorder
    }

    /// Writes the answers to the file, where one was named.
    pub(crate) fn keep(self) -> Result<(), CliError> {
        if let Some(file) = self.keep_in {
            output::write(&self.recorder.into_account().to_text(), Some(&file))?;
        }
        Ok(())
    }
}
