//! The failures of one batch, put together by fingerprint.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Fingerprint, Incident, Minutes};
use crate::classify::{Diagnosis, Route};
use crate::vocabulary::RequestId;

/// Request ids an alert names.
const MOST_REQUESTS: usize = 20;

/// Failures of one fingerprint that came together.
#[derive(Clone, Debug)]
pub struct News {
    /// What makes them one.
    pub fingerprint: Fingerprint,
    /// How many.
    pub failed: u64,
    /// How many a route; at most [`Incident::MOST_ROUTES`] routes.
    pub routes: BTreeMap<Route, u64>,
    /// The first of them.
    pub first_failure: Option<Timestamp>,
    /// The latest of them.
    pub last_failure: Option<Timestamp>,
    /// When they failed, by the minute.
    pub times: Minutes,
    /// Some of the requests.
    pub request_ids: Vec<RequestId>,
    /// The diagnosis that says most: the one whose lines name the most.
    pub example: Diagnosis,
}

/// Puts diagnoses together by fingerprint, in the order in which each fingerprint is first seen.
pub fn group(diagnoses: Vec<Diagnosis>) -> Vec<News> {
    let mut news: Vec<News> = Vec::new();
    let mut places: BTreeMap<Fingerprint, usize> = BTreeMap::new();
    for diagnosis in diagnoses {
        let fingerprint = Fingerprint::of(&diagnosis);
        let place = *places.entry(fingerprint.clone()).or_insert(news.len());
        match news.get_mut(place) {
            Some(known) => known.add(diagnosis),
            None => news.push(News::new(fingerprint, diagnosis)),
        }
    }
    news
}

impl News {
    fn new(fingerprint: Fingerprint, example: Diagnosis) -> Self {
        let mut times = Minutes::default();
        example.at.into_iter().for_each(|at| times.count(at));
        Self {
            times,
            fingerprint,
            failed: 1,
            routes: example.route.iter().map(|route| (route.clone(), 1)).collect(),
            first_failure: example.at,
            last_failure: example.at,
            request_ids: example.request_id.iter().cloned().collect(),
            example,
        }
    }

    fn add(&mut self, diagnosis: Diagnosis) {
        self.failed += 1;
        if let Some(route) = &diagnosis.route {
            count(&mut self.routes, route, 1);
        }
        diagnosis.at.into_iter().for_each(|at| self.times.count(at));
        self.first_failure = earliest(self.first_failure, diagnosis.at);
        self.last_failure = self.last_failure.max(diagnosis.at);
        if self.request_ids.len() < MOST_REQUESTS {
            self.request_ids.extend(diagnosis.request_id.clone());
        }
        if told(&diagnosis) > told(&self.example) {
            self.example = diagnosis;
        }
    }
}

/// Counts failures of a route, forgetting routes beyond the bound.
pub(super) fn count(routes: &mut BTreeMap<Route, u64>, route: &Route, failed: u64) {
    if let Some(known) = routes.get_mut(route) {
        *known += failed;
    } else if routes.len() < Incident::MOST_ROUTES {
        routes.insert(route.clone(), failed);
    }
}

/// The earlier of two times; one that is not known is later than any.
pub(super) fn earliest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (known, None) | (None, known) => known,
    }
}

/// How much a diagnosis can tell a survey and a reader.
fn told(diagnosis: &Diagnosis) -> (bool, bool, usize) {
    (diagnosis.route.is_some(), diagnosis.endpoint.is_some(), diagnosis.context.len())
}
