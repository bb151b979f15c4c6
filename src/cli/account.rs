//! What the commands share: the account that is asked, the clock, the screen.

use crate::alerts::stdout;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::Timestamp;

use crate::alerts::terminal::Screen;
use crate::aws::Account;
use crate::aws::recorded::{RecordedAccount, Recorder};
use crate::cli::args::{CliError, Color};

/// Columns where standard output is no terminal.
const WIDTH: usize = 160;

/// An account to ask, and the file that its answers are kept in.
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
        "this build can't ask AWS; build it with the feature `live`, which is on by default"
    ))
}

/// Shows on a terminal how far long work has come; elsewhere nothing.
#[cfg(feature = "live")]
#[expect(clippy::print_stderr, reason = "progress is for the person who waits, not for the result")]
pub(crate) fn progress(what: &str, done: usize, all: usize) {
    if std::io::stderr().is_terminal() {
        let end = if done == all { "\n" } else { "" };
        eprint!("\r{what}: {done} of {all}{end}");
    }
}

impl Asked {
    pub(crate) fn account(&self) -> &dyn Account {
        &self.recorder
    }

    /// Writes what was answered, where a file was named for it.
    pub(crate) fn keep(self) -> Result<(), CliError> {
        if let Some(file) = self.keep_in {
            stdout::write(&self.recorder.into_account().to_text(), Some(&file))?;
        }
        Ok(())
    }
}

/// What standard output can show.
pub(crate) fn screen(color: Color, to_stdout: bool) -> Screen {
    let to_terminal = to_stdout && std::io::stdout().is_terminal();
    let color = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => to_terminal && !no_color(),
    };
    let columns = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    Screen { color, width: columns.filter(|_| to_terminal).unwrap_or(WIDTH) }
}

/// <https://no-color.org>: set to anything but nothing.
#[expect(clippy::disallowed_methods, reason = "a convention of terminals, not a setting of this program")]
fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

#[expect(clippy::disallowed_methods, reason = "the command line is the edge where the clock is read")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
