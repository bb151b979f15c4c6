//! What a stretch of history holds: requests, failures by cause, and when.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::causes::{Cause, Diagnosis, Route};
use crate::incidents::failure_group::{count, earliest};
use crate::incidents::histogram::Histogram;

/// A count of history.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Log lines read.
    pub lines: u64,
    /// Requests found in them.
    pub read: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that end before anything tells how.
    pub cut_off: u64,
    /// Failures by the slug of their cause.
    pub causes: BTreeMap<&'static str, Row>,
    /// When they failed, by the minute.
    pub times: Histogram,
}

/// The failures of one cause.
#[derive(Clone, Debug)]
pub struct Row {
    /// The cause.
    pub cause: &'static Cause,
    /// How many.
    pub failed: u64,
    /// How many a route; at most [`super::Incident::MOST_ROUTES`] routes.
    pub routes: BTreeMap<Route, u64>,
    /// The first of them.
    pub first_failure: Option<Timestamp>,
    /// The latest of them.
    pub last_failure: Option<Timestamp>,
}

impl Tally {
    /// Counts a failure.
    pub fn add(&mut self, diagnosis: &Diagnosis) {
        self.failed += 1;
        diagnosis.at.into_iter().for_each(|at| self.times.count(at));
        let row = self.causes.entry(diagnosis.cause.slug).or_insert_with(|| Row {
            cause: diagnosis.cause,
            failed: 0,
            routes: BTreeMap::new(),
            first_failure: None,
            last_failure: None,
        });
        row.failed += 1;
        if let Some(route) = &diagnosis.route {
            count(&mut row.routes, route, 1);
        }
        row.first_failure = earliest(row.first_failure, diagnosis.at);
        row.last_failure = row.last_failure.max(diagnosis.at);
    }

    /// The causes, the most frequent first.
    pub fn rows(&self) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.causes.values().collect();
        rows.sort_by_key(|row| (std::cmp::Reverse(row.failed), row.cause.slug));
        rows
    }
}
