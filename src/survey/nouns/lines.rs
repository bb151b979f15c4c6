//! Log lines, as CloudWatch Logs keeps them.

use jiff::Timestamp;

/// The lines of one request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinesOf {
    /// The log group.
    pub group: String,
    /// The log stream: all lines of a request are in one.
    pub stream: String,
    /// The request's id.
    pub request: String,
    /// Not before.
    pub from: Timestamp,
    /// Not after.
    pub to: Timestamp,
}

/// One line as it was logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedLine {
    /// When.
    pub at: Option<Timestamp>,
    /// What.
    pub message: String,
}
