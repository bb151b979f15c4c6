//! The history of a log group, as it is asked for and answered, page after page.

use jiff::Timestamp;

/// A line of history.
#[derive(Clone, Debug)]
pub struct Line {
    /// When it was logged.
    pub at: Option<Timestamp>,
    /// What it says.
    pub message: String,
}

/// A stretch of a log group.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// The log group.
    pub group: String,
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

/// One page of a stretch.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Its lines, by time. It may be empty although there are more.
    pub lines: Vec<Line>,
    /// What asks for the next one; `None` on the last.
    pub next: Option<String>,
}
