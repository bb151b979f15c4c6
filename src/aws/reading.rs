//! What became of one read: an answer with its time, or why there is none.

use jiff::Timestamp;

use crate::aws::queries::{ASSUME_ROLE, Query, QueryKind};

/// One field of a path, and the query that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading<T> {
    /// AWS answered.
    Known {
        /// What it said.
        value: T,
        /// What was asked.
        query: QueryKind,
        /// When it said so.
        at: Timestamp,
    },
    /// AWS said, with that very error, that there is no such thing.
    Absent {
        /// What was asked.
        query: QueryKind,
        /// When it said so.
        at: Timestamp,
    },
    /// There is no answer. Never a fault of what was looked for.
    NotRead(NotRead),
}

/// Why a reading is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRead {
    /// What was looked for, for people.
    pub what: String,
    /// What would have to be asked; `None` where no query tells it.
    pub query: Option<QueryKind>,
    /// What stood in the way.
    pub why: ReadError,
}

impl NotRead {
    /// Says why a query has no answer.
    pub fn of(query: &Query, why: ReadError) -> Self {
        Self { what: query.about(), query: Some(query.kind()), why }
    }

    /// A read that was not tried: what leads to it is not known, or no query tells it.
    pub fn not_asked(what: impl Into<String>, query: Option<QueryKind>, why: impl Into<String>) -> Self {
        Self { what: what.into(), query, why: ReadError::NotAsked(why.into()) }
    }

    /// The IAM action that reading it needs; `None` where no permission helps.
    pub fn action(&self) -> Option<&'static str> {
        match self.why {
            ReadError::RoleRefused(_) => Some(ASSUME_ROLE),
            _ => self.query.map(QueryKind::action),
        }
    }
}

/// What can stand in the way of a reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// The role lacks the permission.
    Denied,
    /// AWS asked to slow down until the deadline.
    Throttled,
    /// The deadline of all reads passed.
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

impl ReadError {
    /// Whether the same question may well be answered a minute later.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Throttled | Self::TimedOut | Self::Unreachable(_))
    }
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
            Self::NotAsked(why) => f.write_str(why),
        }
    }
}

impl<T> Reading<T> {
    /// A reading that was not taken, since what leads to it is not known.
    pub fn not_asked(query: QueryKind, why: impl Into<String>) -> Self {
        Self::NotRead(NotRead::not_asked(query.noun(), Some(query), why))
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
            Self::Known { at, .. } | Self::Absent { at, .. } => Some(*at),
            Self::NotRead(_) => None,
        }
    }

    /// What it is a reading of; `None` where no query tells it.
    pub fn query(&self) -> Option<QueryKind> {
        match self {
            Self::Known { query, .. } | Self::Absent { query, .. } => Some(*query),
            Self::NotRead(not_read) => not_read.query,
        }
    }

    /// Whether AWS said that there is no such thing.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent { .. })
    }

    /// Why there is no answer.
    pub fn unavailable(&self) -> Option<&NotRead> {
        match self {
            Self::NotRead(unavailable) => Some(unavailable),
            Self::Known { .. } | Self::Absent { .. } => None,
        }
    }

    /// The reading of a part of what was read.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Reading<U> {
        self.and_then(|value| Some(f(value)))
    }

    /// The reading of a part that may not be there; what is not there is absent.
    pub fn and_then<U>(self, f: impl FnOnce(T) -> Option<U>) -> Reading<U> {
        match self {
            Self::Known { value, query, at } => match f(value) {
                Some(value) => Reading::Known { value, query, at },
                None => Reading::Absent { query, at },
            },
            Self::Absent { query, at } => Reading::Absent { query, at },
            Self::NotRead(unavailable) => Reading::NotRead(unavailable),
        }
    }
}
