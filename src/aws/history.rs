//! The history of a log group, as it is asked for and answered, page after page.

use jiff::Timestamp;

use crate::aws::model::LoggedLine;

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
    pub lines: Vec<LoggedLine>,
    /// What asks for the next one; `None` on the last.
    pub next: Option<String>,
}
