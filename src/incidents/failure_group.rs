//! The failures of one batch, put together by fingerprint.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;
use jiff::Timestamp;

use crate::causes::{Diagnosis, Failure, Route};
use crate::ids::RequestId;
use crate::incidents::fingerprint::Fingerprint;
use crate::incidents::histogram::Histogram;
use crate::logs::Source;

/// Routes that a delivery counts.
pub(crate) const MOST_ROUTES: usize = 50;

/// Routes that an incident keeps.
pub(crate) const STORED_ROUTES: usize = 8;

/// Request ids an alert names.
const MOST_REQUESTS: usize = 20;

/// Failures of one fingerprint that came together.
#[derive(Clone, Debug)]
pub struct FailureGroup {
    /// What makes them one.
    pub fingerprint: Fingerprint,
    /// How many, by the delivery they came in: one that comes again is not counted again.
    pub deliveries: BTreeMap<DeliveryId, DeliveryCount>,
    /// When they failed, by the minute.
    pub times: Histogram,
    /// Some of the requests.
    pub request_ids: Vec<RequestId>,
    /// The diagnosis that says most: the one whose lines name the most.
    pub example: Diagnosis,
    /// One failure of each route, by the route's template: what an end has to read again. A few.
    pub examples: BTreeMap<String, Diagnosis>,
}

/// What distinguishes one delivery of log lines from another, and knows one that comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(pub u64);

/// The failures of one delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryCount {
    /// How many.
    pub failed: u64,
    /// How many a route; at most [`MOST_ROUTES`] routes.
    pub routes: BTreeMap<Route, u64>,
    /// The first of them.
    pub first_failure: Option<Timestamp>,
    /// The latest of them.
    pub last_failure: Option<Timestamp>,
}

/// Groups of one batch. Their number depends on what clients and backends write into the log, so it is bounded: beyond it,
/// failures are grouped by their cause alone.
const MOST_GROUPS: usize = 4_000;

/// Puts failures together by fingerprint, in the order in which each fingerprint is first seen. The same as [`group`] of their
/// diagnoses; but a diagnosis is made only where it becomes an example, and a fingerprint once for failures that are alike.
pub fn gather(failures: &[Failure<'_>]) -> Vec<FailureGroup> {
    let mut news: Vec<FailureGroup> = Vec::new();
    let mut places: BTreeMap<Fingerprint, usize> = BTreeMap::new();
    let mut alike: HashMap<_, usize, RandomState> = HashMap::default();
    for failure in failures {
        let place = *alike.entry(failure.group_key()).or_insert_with(|| {
            let (source, endpoint) = (failure.source(), failure.endpoint());
            let own = Fingerprint::of_parts(&source, failure.cause, endpoint.as_ref());
            let fingerprint = if places.len() < MOST_GROUPS || places.contains_key(&own) {
                own
            } else {
                Fingerprint::of_parts(&Source::default(), failure.cause, None)
            };
            *places.entry(fingerprint.clone()).or_insert_with(|| {
                news.push(FailureGroup::of(fingerprint, failure.diagnosis()));
                news.len() - 1
            })
        });
        let (known, route) = (&mut news[place], failure.route());
        if known.count(failure.delivery(), failure.at(), route.as_ref()) {
            // The first of a group is its example already: the quotes are made once.
            let first = Some(&known.example).filter(|_| known.examples.is_empty()).cloned();
            known.show(route.as_ref(), || first.unwrap_or_else(|| failure.diagnosis()));
        }
        known.name(|| failure.request_id());
        if failure.says_more_than(&known.example) {
            known.example = failure.diagnosis();
        }
    }
    news
}

/// Puts diagnoses together by fingerprint, in the order in which each fingerprint is first seen.
pub fn group(diagnoses: Vec<Diagnosis>) -> Vec<FailureGroup> {
    let mut groups = FailureGroups::default();
    diagnoses.into_iter().for_each(|diagnosis| groups.add(diagnosis));
    groups.news
}

/// Groups that grow as failures are read.
#[derive(Debug, Default)]
pub struct FailureGroups {
    /// In the order in which each fingerprint was first seen.
    pub news: Vec<FailureGroup>,
    places: BTreeMap<Fingerprint, usize>,
}

impl FailureGroups {
    /// Counts a failure.
    pub fn add(&mut self, diagnosis: Diagnosis) {
        let fingerprint = Fingerprint::of(&diagnosis);
        let place = *self.places.entry(fingerprint.clone()).or_insert(self.news.len());
        if place == self.news.len() {
            self.news.push(FailureGroup::of(fingerprint, diagnosis.clone()));
        }
        let known = &mut self.news[place];
        if known.count(diagnosis.source.delivery, diagnosis.at, diagnosis.route.as_ref()) {
            known.show(diagnosis.route.as_ref(), || diagnosis.clone());
        }
        known.name(|| diagnosis.request_id.clone());
        if diagnosis.detail() > known.example.detail() {
            known.example = diagnosis;
        }
    }
}

impl FailureGroup {
    /// News of which nothing is counted yet.
    fn of(fingerprint: Fingerprint, example: Diagnosis) -> Self {
        let (deliveries, times, request_ids) = (BTreeMap::new(), Histogram::default(), Vec::new());
        Self { fingerprint, deliveries, times, request_ids, example, examples: BTreeMap::new() }
    }

    /// News of which nothing came but an example: an incident that was kept is published again.
    pub fn again(fingerprint: Fingerprint, example: Diagnosis) -> Self {
        let request_ids = example.request_id.iter().cloned().collect();
        Self { request_ids, ..Self::of(fingerprint, example) }
    }

    /// Counts a failure. Whether its delivery had none of this route before.
    fn count(&mut self, delivery: Option<u64>, at: Option<Timestamp>, route: Option<&Route>) -> bool {
        let delivery = self.deliveries.entry(DeliveryId(delivery.unwrap_or(0))).or_default();
        delivery.failed += 1;
        at.into_iter().for_each(|at| self.times.count(at));
        let routes = delivery.routes.len();
        route.into_iter().for_each(|route| count(&mut delivery.routes, route, 1));
        let is_new = delivery.failed == 1 || delivery.routes.len() > routes;
        delivery.first_failure = earliest(delivery.first_failure, at);
        delivery.last_failure = delivery.last_failure.max(at);
        is_new
    }

    /// Keeps one failure of a route, while there is room.
    fn show(&mut self, route: Option<&Route>, example: impl FnOnce() -> Diagnosis) {
        if self.examples.len() < STORED_ROUTES {
            self.examples.entry(example_key(route)).or_insert_with(example);
        }
    }

    /// Keeps a request's id while there is room for it.
    fn name(&mut self, request_id: impl FnOnce() -> Option<RequestId>) {
        if self.request_ids.len() < MOST_REQUESTS {
            self.request_ids.extend(request_id());
        }
    }

    /// How many failed.
    pub fn failed(&self) -> u64 {
        self.deliveries.values().map(|delivery| delivery.failed).sum()
    }

    /// The latest failure.
    pub fn last_failure(&self) -> Option<Timestamp> {
        self.deliveries.values().filter_map(|delivery| delivery.last_failure).max()
    }

    /// The first failure.
    pub fn first_failure(&self) -> Option<Timestamp> {
        self.deliveries.values().filter_map(|delivery| delivery.first_failure).min()
    }
}

/// Counts failures of a route, forgetting routes beyond the bound.
pub(crate) fn count(routes: &mut BTreeMap<Route, u64>, route: &Route, failed: u64) {
    if let Some(known) = routes.get_mut(route) {
        *known += failed;
    } else if routes.len() < MOST_ROUTES {
        routes.insert(route.clone(), failed);
    }
}

/// The earlier of two times; one that is not known is later than any.
pub(crate) fn earliest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (known, None) | (None, known) => known,
    }
}

/// What distinguishes the examples of one incident: the method, and the route by its template.
pub(crate) fn example_key(route: Option<&Route>) -> String {
    route.map_or_else(|| "-".to_owned(), |route| format!("{} {}", route.method, template(&route.path)))
}

/// A path with its ids left out: `/orders/17` and `/orders/18` are one route.
pub(crate) fn template(path: &str) -> String {
    let is_id = |part: &str| {
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        let plain = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        plain && digits > 0 && (digits == part.len() || digits >= 3 || part.len() >= 16)
    };
    let parts = path.split('/').map(|part| if is_id(part) { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}
