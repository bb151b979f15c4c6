//! Exit codes, and the errors that lead to them.

use std::process::ExitCode;

/// What a command comes to. The numbers are the contract's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Nothing failed in the input.
    NothingFailed = 0,
    /// The tool itself failed.
    ToolFailed = 1,
    /// The command line was wrong.
    Usage = 2,
    /// The input holds no executions.
    NoExecutions = 3,
    /// At least one failed execution was diagnosed.
    Diagnosed = 10,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) struct CliError {
    pub(crate) exit: Exit,
    pub(crate) error: anyhow::Error,
}

impl CliError {
    pub(crate) fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Usage, error: error.into() }
    }
}

impl<E: Into<anyhow::Error>> From<E> for CliError {
    fn from(error: E) -> Self {
        Self { exit: Exit::ToolFailed, error: error.into() }
    }
}
