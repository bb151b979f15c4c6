//! The word of an alert for what its incident is now, and what a pager does about it.

/// What an alert says an incident is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Published for the first time.
    Open,
    /// Still failing, or quiet and still broken.
    Ongoing,
    /// It fails ten times as often as when it was published, or on more routes or APIs.
    Escalated,
    /// Quiet, and fresh readings found the fault gone; or quiet for so long that it is closed without them.
    Resolved,
    /// Back within a day of being resolved.
    Regressed,
    /// It goes on under another key.
    Merged,
    /// A labelled test: nothing failed.
    Test,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 7] = [
        Self::Open,
        Self::Ongoing,
        Self::Escalated,
        Self::Resolved,
        Self::Regressed,
        Self::Merged,
        Self::Test,
    ];

    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Ongoing => "ongoing",
            Self::Escalated => "escalated",
            Self::Resolved => "resolved",
            Self::Regressed => "regressed",
            Self::Merged => "merged",
            Self::Test => "test",
        }
    }

    /// What a pager has to do. A test opens nothing that an engineer would have to close.
    pub fn event_action(self) -> &'static str {
        match self {
            Self::Open | Self::Ongoing | Self::Escalated | Self::Regressed => "trigger",
            Self::Resolved | Self::Merged | Self::Test => "resolve",
        }
    }
}
