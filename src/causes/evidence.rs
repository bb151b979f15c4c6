//! A quoted line. It cannot exist without the line, and nothing private survives its making.

use crate::causes::redact;

use jiff::Timestamp;

use crate::logs::Entry;

/// API Gateway cuts its own lines at 1,024 characters; a quote is never longer.
const LONGEST: usize = 1024;

/// One log line, quoted: redacted and bounded when it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    number: usize,
    at: Option<Timestamp>,
    text: String,
}

impl Evidence {
    /// Quotes a line.
    pub fn quote(entry: &Entry<'_>) -> Self {
        Self { number: entry.number, at: entry.at, text: redact::line(&entry.line, LONGEST) }
    }

    /// A quote that was kept: it was redacted when it was made.
    pub fn kept(number: usize, at: Option<Timestamp>, text: String) -> Self {
        Self { number, at, text }
    }

    /// The line's place in its batch or file, from 1.
    pub fn number(&self) -> usize {
        self.number
    }

    /// When it was logged.
    pub fn at(&self) -> Option<Timestamp> {
        self.at
    }

    /// What it says, as far as it may be repeated.
    pub fn text(&self) -> &str {
        &self.text
    }
}
