//! Failures are gathered without a diagnosis of each: every group must hold the failures of its fingerprint, and the example
//! whose lines say most. Of every log under `tests/logs`, and of generated traffic.

use vpclink_responder::{causes, incidents, logs};

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use vpclink_responder::incidents::Fingerprint;
use vpclink_responder::logs::{Batch, LogEvent, Source};

use crate::fixtures;
use crate::traffic::{ORDINARY, Traffic, payload};

/// How many failures, and of how many groups, once each group was found to hold the failures of its own fingerprint.
#[track_caller]
fn check(batches: &[Batch<'_>]) -> (usize, usize) {
    let executions = logs::correlate(batches);
    let failures: Vec<_> = executions.iter().filter_map(causes::failure_of).collect();
    let mut expected: BTreeMap<Fingerprint, (u64, (bool, bool, usize))> = BTreeMap::new();
    for diagnosis in executions.iter().filter_map(causes::classify) {
        let (failed, detail) = expected.entry(Fingerprint::of(&diagnosis)).or_default();
        *failed += 1;
        *detail = diagnosis.detail().max(*detail);
    }
    let groups = incidents::gather(&failures);
    let found = groups.iter().map(|group| {
        assert_eq!(Fingerprint::of(&group.example), group.fingerprint);
        (group.fingerprint.clone(), (group.failed(), group.example.detail()))
    });
    assert_eq!(found.collect::<BTreeMap<_, _>>(), expected);
    (failures.len(), groups.len())
}

#[test]
fn every_log_is_grouped_by_fingerprint() {
    let logs = fixtures::all();
    let texts: Vec<String> = logs.iter().map(fixtures::Fixture::text).collect();
    let records: Vec<_> = texts
        .iter()
        .flat_map(|text| logs::open_saved(text.as_bytes(), 1 << 20).expect("text opens"))
        .collect();
    let each: usize =
        records.iter().map(|record| check(&fixtures::batches(std::slice::from_ref(record))).0).sum();
    assert!(each >= logs.len() / 2, "{each} failures in {} logs", logs.len());
    // And all of them at once, as many deliveries.
    let mut batches = fixtures::batches(&records);
    (0..).zip(&mut batches).for_each(|(number, batch)| batch.source.delivery = Some(number));
    check(&batches);
}

#[test]
fn generated_traffic_is_grouped_by_fingerprint() {
    for failing in [0, 2, 100] {
        let (document, _) = Traffic { failing, ..ORDINARY }.document();
        let records = logs::open(&payload(&document), 1 << 24).expect("packed here");
        let Ok(Some(batch)) = records[0].read() else { panic!("generated documents read") };
        let (failures, incidents) = check(&[batch]);
        assert_eq!((failures, incidents > 0), (4 * failing, failing > 0));
    }
}

const PATHS: [&str; 8] = [
    "/orders",
    "/orders/7?email=a@b.c",
    "/orders/8f2f7a1e-0000-4000-8000-000000000001",
    "/reset/eyJhbGciOi",
    "/users/bob@example.com;jsessionid=1",
    "/AKIAIOSFODNN7EXAMPLE",
    "//",
    "/{proxy+}",
];

const CALLED: [&str; 7] = [
    "https://orders.internal:8443/orders",
    "HTTPS://Orders.internal:8443/items?page=1",
    "https://user:secret@orders.internal:8443/",
    "http://orders.internal",
    "https://orders.internal/a",
    "ftp://orders.internal",
    "https://orders:99999/",
];

const ENDS: [&str; 4] = [
    "Execution failed due to configuration error: There was an internal error while executing your request",
    "Execution failed due to a timeout error",
    "Method completed with status: 502",
    "Method completed with status: 200",
];

/// What one request logs; each part may be missing.
type Request = (Option<usize>, Option<usize>, usize, Option<i64>, bool);

fn request() -> impl Strategy<Value = Request> {
    let part = |parts: usize| proptest::option::of(0..parts);
    (part(PATHS.len()), part(CALLED.len()), 0..ENDS.len(), proptest::option::of(0..300_i64), any::<bool>())
}

fn batch(number: usize, group: &str, requests: &[Request]) -> Batch<'static> {
    let mut events = Vec::new();
    for (place, (path, called, end, second, named)) in (0..).zip(requests) {
        let lines = [
            named.then(|| {
                "Verifying Usage Plan for request: x. API Key:  API Stage: a1b2c3d4e5/prod".to_owned()
            }),
            path.map(|path| format!("HTTP Method: GET, Resource Path: {}", PATHS[path])),
            called.map(|called| format!("Endpoint request URI: {}", CALLED[called])),
            Some(ENDS[*end].to_owned()),
        ];
        events.extend(lines.into_iter().flatten().map(|line| LogEvent {
            number: place,
            id: None,
            at: second.and_then(|second| jiff::Timestamp::from_second(1_772_446_530 + second).ok()),
            message: format!("({number}-{place}) {line}").into(),
        }));
    }
    let delivery = u64::try_from(number % 2).ok();
    Batch { source: Source { delivery, ..Source::of_group(group) }, events, passed: 0 }
}

proptest! {
    #[test]
    fn any_failures_are_grouped_by_fingerprint(deliveries in vec((any::<bool>(), vec(request(), 0..70)), 1..4)) {
        let batches: Vec<_> = (0..)
            .zip(&deliveries)
            .map(|(number, (stage, requests))| {
                let group = if *stage { "API-Gateway-Execution-Logs_a1b2c3d4e5/prod" } else { "/orders/delivered" };
                batch(number, group, requests)
            })
            .collect();
        check(&batches);
    }
}
