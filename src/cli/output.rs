//! Where results and remarks go, in which format, and what the terminal can show.

use std::io::{IsTerminal, Write};
use std::path::Path;

use anyhow::Context;
use clap::ValueEnum;
use jiff::Timestamp;

use crate::alerts::escape::terminal_command;
use crate::alerts::terminal::Screen;

/// Columns where standard output is no terminal.
const WIDTH: usize = 160;

/// Formats of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Terminal,
    Email,
    Chat,
    Json,
    Html,
}

/// Formats of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    Terminal,
    Json,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

/// Writes a text whole: to the file, or to standard output where none is named.
pub(crate) fn write(text: &str, file: Option<&Path>) -> anyhow::Result<()> {
    match file {
        Some(path) => {
            std::fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
        }
        None => {
            let mut out = std::io::stdout().lock();
            let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            written.context("cannot write to standard output")
        }
    }
}

/// What is no result goes to standard error.
#[expect(clippy::print_stderr, reason = "the command line's own voice; results go to standard output")]
pub(crate) fn complain(text: &str) {
    // A file's name, or what AWS answers, may hold what steers a terminal.
    eprintln!("{}", text.lines().map(terminal_command).collect::<Vec<_>>().join("\n"));
}

/// Shows on a terminal how far long work has come; elsewhere it shows nothing.
#[cfg(feature = "live")]
#[expect(clippy::print_stderr, reason = "progress is for the person who waits, not for the result")]
pub(crate) fn progress(what: &str, done: usize, all: usize) {
    if std::io::stderr().is_terminal() {
        let end = if done == all { "\n" } else { "" };
        eprint!("\r{what}: {done} of {all}{end}");
    }
}

/// How much of large files was read, on a terminal; elsewhere, and of small ones, it shows nothing.
pub(crate) struct ProgressBar {
    all: u64,
    read: u64,
    shown: u64,
}

impl ProgressBar {
    /// What takes no time needs no bar.
    const LEAST: u64 = 64 << 20;

    /// For so many bytes in all; standard input has a size that is not known.
    pub(crate) fn new(all: u64) -> Self {
        Self { all, read: 0, shown: 0 }
    }

    pub(crate) fn add(&mut self, bytes: usize) {
        self.read += bytes as u64;
        if self.read.max(self.all) >= Self::LEAST && self.read - self.shown >= Self::LEAST / 8 {
            self.show();
        }
    }

    #[expect(clippy::print_stderr, reason = "progress is for the person who waits, not for the result")]
    fn show(&mut self) {
        self.shown = self.read;
        if std::io::stderr().is_terminal() {
            let (read, all) = (self.read >> 20, self.all >> 20);
            if self.all >= self.read {
                let cells = usize::try_from(30 * self.read / self.all.max(1)).unwrap_or(30);
                eprint!("\r[{:30}] {read} of {all} MiB", "#".repeat(cells));
            } else {
                eprint!("\r{read} MiB read");
            }
        }
    }

    /// Takes the bar away.
    #[expect(clippy::print_stderr, reason = "progress is for the person who waits, not for the result")]
    pub(crate) fn end(&self) {
        if self.shown > 0 && std::io::stderr().is_terminal() {
            eprint!("\r{:60}\r", "");
        }
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
