//! An answer with its time, or why there is none.

use jiff::Timestamp;

use crate::aws::queries::{ASSUME_ROLE, Query};

/// One field of a topology.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading<T> {
    /// AWS answered.
    Known {
        /// What it said.
        value: T,
        /// When it said so.
        at: Timestamp,
    },
    /// AWS said, with that very error, that there is no such thing.
    Absent {
        /// When it said so.
        at: Timestamp,
    },
    /// Nobody could look. Never a fault of what was looked for.
    NotRead(NotRead),
}

/// Why a reading is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRead {
    /// What was looked for, for people.
    pub what: String,
    /// The IAM action that looking needs.
    pub action: &'static str,
    /// What stood in the way.
    pub why: ReadError,
}

impl NotRead {
    /// Says why a question has no answer, and with which permission it would have one.
    pub fn of(question: &Query, why: ReadError) -> Self {
        let action = if matches!(why, ReadError::RoleRefused(_)) { ASSUME_ROLE } else { question.action() };
        Self { what: question.about(), action, why }
    }
}

/// What can stand in the way of a reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// The role lacks the permission.
    Denied,
    /// AWS asked to slow down until the deadline.
    Throttled,
    /// The deadline of the survey passed.
    TimedOut,
    /// No answer came: DNS, connection, TLS, or an error of the service's own.
    Unreachable(String),
    /// An answer came that makes no sense.
    Malformed(String),
    /// The role that reads in the logs' own account could not be assumed: which, and why.
    RoleRefused(String),
    /// The recorded account does not hold the answer.
    NotRecorded,
    /// It was not asked, since what leads to it is not known.
    NotAsked(String),
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Denied => f.write_str("access denied"),
            Self::Throttled => f.write_str("throttled by AWS"),
            Self::TimedOut => f.write_str("not answered in time"),
            Self::Unreachable(why) => write!(f, "no answer: {why}"),
            Self::Malformed(why) => write!(f, "an answer that makes no sense: {why}"),
            Self::RoleRefused(why) => write!(f, "the role could not be assumed: {why}"),
            Self::NotRecorded => f.write_str("not in the recorded account"),
            Self::NotAsked(why) => write!(f, "not asked: {why}"),
        }
    }
}

impl<T> Reading<T> {
    /// A reading that was not taken, since what leads to it is not known.
    pub fn not_asked(what: impl Into<String>, action: &'static str, why: impl Into<String>) -> Self {
        Self::NotRead(NotRead { what: what.into(), action, why: ReadError::NotAsked(why.into()) })
    }

    /// What AWS said.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Known { value, .. } => Some(value),
            Self::Absent { .. } | Self::NotRead(_) => None,
        }
    }

    /// When AWS said so.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Self::Known { at, .. } | Self::Absent { at } => Some(*at),
            Self::NotRead(_) => None,
        }
    }

    /// Why nobody could look.
    pub fn unavailable(&self) -> Option<&NotRead> {
        match self {
            Self::NotRead(unavailable) => Some(unavailable),
            Self::Known { .. } | Self::Absent { .. } => None,
        }
    }

    /// The reading of a part of what was read.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::Known { value, at } => Reading::Known { value: f(value), at },
            Self::Absent { at } => Reading::Absent { at },
            Self::NotRead(unavailable) => Reading::NotRead(unavailable),
        }
    }

    /// The reading of a part that may not be there; what is not there is absent.
    pub fn and_then<U>(self, f: impl FnOnce(T) -> Option<U>) -> Reading<U> {
        match self {
            Self::Known { value, at } => match f(value) {
                Some(value) => Reading::Known { value, at },
                None => Reading::Absent { at },
            },
            Self::Absent { at } => Reading::Absent { at },
            Self::NotRead(unavailable) => Reading::NotRead(unavailable),
        }
    }
}
