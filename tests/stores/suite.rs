//! What every store must do, whoever wrote the database behind it.

use vpclink_responder::incidents;

use std::collections::BTreeSet;

use futures_util::future::join_all;
use jiff::Timestamp;
use vpclink_responder::causes::{Diagnosis, classify};
use vpclink_responder::ids::{AccountId, ApiId, ApiKind, Region};
use vpclink_responder::incidents::coverage::Flapping;
use vpclink_responder::incidents::ledger::Charge;
use vpclink_responder::incidents::record::{AlertState, Lease};
use vpclink_responder::incidents::store::{Store, Written};
use vpclink_responder::incidents::{
    AlertId, AlertRecord, Coverage, CoverageChange, FailureGroup, Fingerprint, Incident, Matcher, Silence,
    group,
};
use vpclink_responder::logs::{Batch, LogEvent, LogType, LogWriter, LogWriters, Source, correlate};

/// Runs every case on one store. Each has an API of its own, so that they don't meet.
pub(crate) async fn run(store: &dyn Store) {
    counting_adds_up_and_knows_what_comes_again(store).await;
    writers_at_once_lose_nothing(store).await;
    one_of_many_opens_an_alert(store).await;
    an_alert_is_written_where_it_was_read(store).await;
    covered_is_changed_on_its_conditions(store).await;
    what_came_late_for_an_ended_time_needs_no_message(store).await;
    what_is_covered_and_over_is_forgotten(store).await;
    a_minute_ends_once_it_is_over(store).await;
    a_root_points_to_one_alert(store).await;
    an_hour_has_so_many_messages(store).await;
    a_failure_of_each_route_is_kept_whole(store).await;
    hostile_routes_grow_nothing_without_end(store).await;
    silences_are_changed_by_one_at_a_time(store).await;
    everything_is_listed_once(store).await;
    more_incidents_than_one_request_reads(store).await;
    who_writes_to_a_log_group_is_kept(store).await;
    a_stages_other_log_is_known(store).await;
}

/// `BatchGetItem` takes a hundred keys.
async fn more_incidents_than_one_request_reads(store: &dyn Store) {
    let mut opened = BTreeSet::new();
    for n in 0..130 {
        opened.insert(count(store, &format!("batch{n:05}"), 1, at(0)).await.fingerprint);
    }
    let asked: Vec<Fingerprint> = opened.iter().cloned().collect();
    let found = store.read(&asked, at(1)).await.unwrap();
    assert_eq!(found.len(), 130);
    assert_eq!(found.into_iter().map(|incident| incident.fingerprint).collect::<BTreeSet<_>>(), opened);
}

async fn who_writes_to_a_log_group_is_kept(store: &dyn Store) {
    let (group, now) = ("/aws/apigateway/suite", at(0));
    assert_eq!(store.log_writers(group).await.unwrap(), None);
    let writer = LogWriter {
        api: ApiId::new("writers001"),
        stage: "prod".to_owned(),
        kind: ApiKind::Http,
        log: LogType::Access,
        twice: false,
        format: Some("$context.requestId \"$context.status\"".to_owned()),
    };
    let writers = LogWriters { writers: vec![writer], subscribed: true };
    store.save_log_writers(group, Some(&writers), now).await.unwrap();
    assert_eq!(store.log_writers(group).await.unwrap().as_ref(), Some(&writers));
    assert_eq!(store.all_log_writers(now).await.unwrap().get(group), Some(&writers));
    store.save_log_writers(group, None, now).await.unwrap();
    assert_eq!(store.log_writers(group).await.unwrap(), None);
    assert!(store.all_log_writers(now).await.unwrap().is_empty());
}

async fn a_stages_other_log_is_known(store: &dyn Store) {
    let note_at = async |second, of_access_log, requests: &'static [u64]| {
        store.note_requests("twice00001/prod", of_access_log, requests, at(second)).await.unwrap()
    };
    let note = async |of_access_log, requests| note_at(0, of_access_log, requests).await;
    assert!(note(false, &[1, 2]).await.is_empty());
    assert!(note(false, &[2]).await.is_empty(), "the same log's own lines come again");
    assert_eq!(note(true, &[2, 3]).await, [2]);
    assert_eq!(note(false, &[3, 4]).await, [3]);
    assert!(note(true, &[3]).await.is_empty(), "it was the first, and its payload comes again");
    assert!(note(false, &[1, 2]).await.is_empty(), "so was this one");
    // A few minutes later it is known still.
    assert_eq!(note_at(599, false, &[3]).await, [3]);
    assert_eq!(note_at(599, true, &[1, 5]).await, [1]);
    assert!(store.note_requests("twice00002/prod", false, &[3], at(0)).await.unwrap().is_empty());
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

/// A failure of an API's route, as its lines tell it.
fn diagnosis(api: &str, route: &str, delivery: u64) -> Diagnosis {
    let lines = [
        format!("(r-{delivery}) HTTP Method: GET, Resource Path: {route}"),
        format!(
            "(r-{delivery}) Endpoint request URI: https://orders.internal.example:8443{route}?key=hunter2"
        ),
        format!("(r-{delivery}) Execution failed due to a timeout error"),
        format!("(r-{delivery}) Method completed with status: 504"),
    ];
    let events = (1..).zip(&lines).map(|(number, line)| LogEvent {
        number,
        id: None,
        at: Some(at(i64::try_from(number).unwrap())),
        message: line.as_str().into(),
    });
    let source = Source {
        account: Some(AccountId::new("111122223333")),
        region: Some(Region::new("eu-west-1")),
        log_stream: Some("s".to_owned()),
        delivery: Some(delivery),
        ..Source::of_group(&format!("API-Gateway-Execution-Logs_{api}/prod"))
    };
    let batches = [Batch { source, events: events.collect(), passed: 0 }];
    classify(&correlate(&batches)[0]).expect("the lines tell of a failure")
}

/// Failures on routes of its own, with paths of many bytes.
#[allow(dead_code, reason = "the shared table's suite uses it, and memory has no items")]
pub(crate) fn hostile_news(delivery: u64) -> FailureGroup {
    let route = |n: u64| format!("/{delivery}/{n}/{}", "\u{1f4a9}".repeat(300));
    group((0..12).map(|n| diagnosis("large00001", &route(n), delivery)).collect()).remove(0)
}

/// One failure in each of so many deliveries, all at once.
#[allow(dead_code, reason = "the shared table's suite uses it, and memory has no items")]
pub(crate) fn deliveries(many: u64) -> FailureGroup {
    group((0..many).map(|n| diagnosis("many000001", "/orders", n)).collect()).remove(0)
}

fn news(api: &str, route: &str, delivery: u64) -> FailureGroup {
    group(vec![diagnosis(api, route, delivery)]).remove(0)
}

async fn count(store: &dyn Store, api: &str, delivery: u64, now: Timestamp) -> Incident {
    store.count(&news(api, "/orders", delivery), now).await.unwrap()
}

async fn read(store: &dyn Store, incident: &Incident, now: Timestamp) -> Option<Incident> {
    store.read(std::slice::from_ref(&incident.fingerprint), now).await.unwrap().pop()
}

fn alert(incident: &Incident) -> AlertRecord {
    let id = incident.coverage.next_alert(&incident.fingerprint);
    AlertRecord::opening(id, incident.fingerprint.clone(), Flapping::default(), at(0))
}

async fn change(store: &dyn Store, incident: &Incident, change: CoverageChange) -> Option<Coverage> {
    let expected = read(store, incident, at(0)).await.and_then(|known| known.coverage.changed(&change));
    let changed = store.change(&incident.fingerprint, &change).await.unwrap();
    assert_eq!(changed, expected, "the table does what the pure step does: {change:?}");
    changed
}

/// Puts an incident on an alert that covers it, and ends that.
async fn ended(store: &dyn Store, incident: &Incident, second: i64) -> Coverage {
    let alert = incident.coverage.next_alert(&incident.fingerprint);
    let covered = Some(incident.coverage.failed);
    let attach =
        CoverageChange::Attach { generation: incident.coverage.generation, alert: alert.clone(), covered };
    assert!(change(store, incident, attach).await.is_some());
    let flapping = Flapping { times: 2, since: Some(at(-60)) };
    let prove = CoverageChange::Prove { alert: alert.clone(), covered: incident.coverage.failed, version: 9 };
    assert!(change(store, incident, prove).await.is_some());
    let end = CoverageChange::End { alert, at: at(second), flapping, version: 9 };
    change(store, incident, end).await.unwrap()
}

async fn counting_adds_up_and_knows_what_comes_again(store: &dyn Store) {
    let first = count(store, "counted001", 1, at(0)).await;
    assert_eq!((first.failed, first.routes.len(), first.coverage.covered), (1, 1, 0));
    assert_eq!(first.opened_at, Some(at(0)));
    assert_eq!(first.source.stage.as_deref(), Some("prod"));
    for delivery in 2..=60 {
        count(store, "counted001", delivery, at(1)).await;
    }
    for delivery in 1..=60 {
        assert_eq!(count(store, "counted001", delivery, at(2)).await.failed, 60, "{delivery} came again");
    }
    // A delivery that holds what is known and what is not.
    let both: Vec<Diagnosis> = [60, 61].map(|delivery| diagnosis("counted001", "/first", delivery)).into();
    let both = store.count(&group(both)[0], at(3)).await.unwrap();
    assert_eq!((both.failed, both.routes.len()), (61, 2), "`first` is a reserved word");
    assert_eq!(both.counted_at, Some(at(3)));
    assert_eq!(both.id, first.id);
    // More than a store remembers: the last 64 are known whichever of its sets they are in, again and again.
    for delivery in 62..=230 {
        let counted = count(store, "counted001", delivery, at(4)).await;
        assert_eq!(counted.failed, delivery, "{delivery} is new");
        for known in [delivery, delivery - 1, delivery - 30, delivery.saturating_sub(60).max(1)] {
            let again = count(store, "counted001", known, at(5)).await;
            assert_eq!(again.failed, delivery, "{known} came again after {delivery}");
        }
    }
    for delivery in 167..=230 {
        assert_eq!(count(store, "counted001", delivery, at(6)).await.failed, 230, "{delivery} came again");
    }
}

async fn writers_at_once_lose_nothing(store: &dyn Store) {
    let all: Vec<FailureGroup> = (0..32).map(|delivery| news("atonce0001", "/orders", delivery)).collect();
    join_all(all.iter().map(|news| async { store.count(news, at(0)).await.unwrap() })).await;
    let known = count(store, "atonce0001", 0, at(1)).await;
    assert_eq!(known.failed, 32);
    assert_eq!(known.routes.values().sum::<u64>(), 32);
}

async fn one_of_many_opens_an_alert(store: &dyn Store) {
    let incident = count(store, "leased0001", 1, at(0)).await;
    let alerts: Vec<AlertRecord> = (0..32)
        .map(|n| {
            alert(&incident)
                .with(|alert| alert.lease = Some(Lease { owner: format!("owner-{n}"), until: at(60) }))
        })
        .collect();
    let written = join_all(alerts.iter().map(|alert| store.write(None, alert))).await;
    let written: Vec<Written> = written.into_iter().map(Result::unwrap).collect();
    assert_eq!(written.iter().filter(|written| **written == Written::Done).count(), 1, "{written:?}");
    let winner = alerts.iter().zip(&written).find(|(_, written)| **written == Written::Done).unwrap().0;
    assert_eq!(store.alert(&winner.id).await.unwrap().as_ref(), Some(winner));
    // The losers see who was faster.
    assert!(written.contains(&Written::Refused(Some(winner.clone()))));
    // Counting does not wait for it.
    assert_eq!(count(store, "leased0001", 2, at(1)).await.failed, 2);
}

async fn an_alert_is_written_where_it_was_read(store: &dyn Store) {
    let incident = count(store, "version001", 1, at(0)).await;
    let first = alert(&incident);
    let open = first.with(|alert| alert.state = AlertState::Open);
    assert_eq!(store.write(Some(0), &open).await.unwrap(), Written::Refused(None), "there is none yet");
    assert_eq!(store.write(None, &first).await.unwrap(), Written::Done);
    assert_eq!(store.write(Some(first.version), &open).await.unwrap(), Written::Done);
    assert_eq!(store.write(Some(first.version), &first).await.unwrap(), Written::Refused(Some(open.clone())));
    store.delete(&open.id, first.version).await.unwrap();
    assert_eq!(store.alert(&open.id).await.unwrap(), Some(open.clone()));
    store.delete(&open.id, open.version).await.unwrap();
    assert_eq!(store.alert(&open.id).await.unwrap(), None);
}

async fn covered_is_changed_on_its_conditions(store: &dyn Store) {
    let incident = count(store, "covered001", 1, at(0)).await;
    let (a, b) = (AlertId("alert-a".to_owned()), AlertId("alert-b".to_owned()));
    let cover = |alert: &AlertId, covered| CoverageChange::Cover { alert: alert.clone(), covered };
    let attach = |generation, alert: &AlertId, covered| CoverageChange::Attach {
        generation,
        alert: alert.clone(),
        covered,
    };
    let end = |alert: &AlertId| CoverageChange::End {
        alert: alert.clone(),
        at: at(100),
        flapping: Flapping { times: 1, since: Some(at(50)) },
        version: 3,
    };
    let prove =
        |alert: &AlertId, covered, version| CoverageChange::Prove { alert: alert.clone(), covered, version };
    let leave = |alert: &AlertId, version| CoverageChange::Return { alert: alert.clone(), version };
    assert!(change(store, &incident, cover(&a, 1)).await.is_none(), "it is on no alert");
    assert!(change(store, &incident, attach(1, &a, Some(1))).await.is_none(), "of another generation");
    assert!(change(store, &incident, attach(0, &a, None)).await.is_some_and(|now| !now.named));
    assert!(change(store, &incident, attach(0, &b, Some(1))).await.is_none(), "it is on another");
    assert!(change(store, &incident, cover(&a, 1)).await.is_some_and(|now| now.named && now.covered == 1));
    count(store, "covered001", 2, at(1)).await;
    assert!(change(store, &incident, cover(&a, 2)).await.is_some());
    assert!(change(store, &incident, cover(&a, 1)).await.is_none(), "a late write never takes back");
    let moving = CoverageChange::Move { from: a.clone(), to: b.clone() };
    assert!(change(store, &incident, moving.clone()).await.is_some_and(|now| now.named));
    assert!(change(store, &incident, moving).await.is_none());
    assert!(change(store, &incident, end(&a)).await.is_none());
    assert!(change(store, &incident, end(&b)).await.is_none(), "its path was not read again");
    assert!(change(store, &incident, prove(&a, 2, 3)).await.is_none());
    assert!(change(store, &incident, prove(&b, 1, 3)).await.is_none(), "a late proof takes nothing back");
    assert!(change(store, &incident, prove(&b, 2, 2)).await.is_some_and(|now| now.proved == Some(2)));
    assert!(change(store, &incident, end(&b)).await.is_none(), "it was read for another end");
    assert!(change(store, &incident, prove(&b, 2, 3)).await.is_some());
    assert!(change(store, &incident, prove(&b, 2, 2)).await.is_none(), "a late proof is of an earlier end");
    assert!(change(store, &incident, leave(&b, 3)).await.is_none(), "the end covers it");
    let over = change(store, &incident, end(&b)).await.unwrap();
    assert_eq!((over.generation, over.ended_failed, over.ended), (1, 2, Some((b, at(100)))));
    assert!(change(store, &incident, attach(0, &a, Some(2))).await.is_none(), "its generation is over");
    assert!(change(store, &incident, attach(1, &a, Some(2))).await.is_some());
    let gone = change(store, &incident, CoverageChange::Detach { alert: a.clone() }).await.unwrap();
    assert_eq!((gone.generation, gone.ended.map(|(_, at)| at)), (1, Some(at(100))));
    // What joined after the readings is on no alert again, and due again.
    count(store, "covered001", 3, at(2)).await;
    assert!(change(store, &incident, attach(1, &a, Some(3))).await.is_some());
    let back = change(store, &incident, leave(&a, 7)).await.unwrap();
    assert_eq!((back.alert.clone(), back.generation, back.covered, back.uncovered()), (None, 2, 2, 1));
    let missing = Fingerprint::kept("1-missing");
    assert_eq!(store.change(&missing, &attach(0, &a, None)).await.unwrap(), None, "and opens nothing");
}

async fn what_came_late_for_an_ended_time_needs_no_message(store: &dyn Store) {
    let incident = count(store, "late000001", 1, at(0)).await;
    ended(store, &incident, 100).await;
    let late = count(store, "late000001", 2, at(10_000)).await;
    assert_eq!((late.coverage.failed, late.coverage.late, late.failed), (1, 1, 2));
    assert_eq!(count(store, "late000001", 2, at(10_001)).await.failed, 2, "it came again");
    // What failed a moment ago is no such thing.
    assert_eq!(count(store, "late000001", 3, at(60)).await.coverage.uncovered(), 1);
    // Nor is what failed after the end, or what was never told.
    let other = count(store, "late000002", 1, at(0)).await;
    ended(store, &other, 1).await;
    assert_eq!(count(store, "late000002", 2, at(10_000)).await.coverage.uncovered(), 1);
    assert_eq!(count(store, "late000003", 2, at(10_000)).await.coverage.uncovered(), 1);
}

async fn what_is_covered_and_over_is_forgotten(store: &dyn Store) {
    let incident = count(store, "over000001", 1, at(0)).await;
    let expire = |failed| CoverageChange::Expire { failed, at: at(1000) };
    assert!(change(store, &incident, expire(1)).await.is_none(), "a failure that no message covers is kept");
    ended(store, &incident, 100).await;
    assert!(change(store, &incident, expire(2)).await.is_none());
    assert!(change(store, &incident, expire(1)).await.is_some());
    assert!(read(store, &incident, at(999)).await.is_some());
    assert!(read(store, &incident, at(1000)).await.is_none());
    // TTL may take days: what comes before that opens anew, and what comes before it expires keeps it.
    let anew = count(store, "over000001", 2, at(1001)).await;
    assert_eq!((anew.failed, anew.coverage.generation, anew.opened_at), (1, 0, Some(at(1001))));
    assert_ne!(anew.id, incident.id);
    let kept = count(store, "over000002", 1, at(0)).await;
    ended(store, &kept, 100).await;
    assert!(change(store, &kept, expire(1)).await.is_some());
    let again = count(store, "over000002", 2, at(998)).await;
    assert_eq!((again.failed, again.coverage.expires_at), (2, None));
}

async fn a_minute_ends_once_it_is_over(store: &dyn Store) {
    for delivery in 0..10 {
        assert_eq!(count(store, "minute0001", delivery, at(30)).await.window.rate, None);
    }
    let over = count(store, "minute0001", 10, at(90)).await;
    assert_eq!((over.window.rate, over.window.base), (Some(11), Some(11)));
    assert_eq!((over.window.failed, over.window.since), (0, Some(at(90))));
    count(store, "minute0001", 11, at(91)).await;
    let next = count(store, "minute0001", 12, at(210)).await;
    assert_eq!((next.window.rate, next.window.base), (Some(1), Some(11)));
}

async fn a_root_points_to_one_alert(store: &dyn Store) {
    let root = Fingerprint::of_root(None, None, "arn:aws:lb");
    let (a, b) = (AlertId("root-a".to_owned()), AlertId("root-b".to_owned()));
    assert_eq!(store.root(&root).await.unwrap(), None);
    assert!(store.take_root(&root, None, &a, at(0)).await.unwrap());
    assert!(!store.take_root(&root, None, &b, at(0)).await.unwrap());
    assert!(store.take_root(&root, Some(&a), &b, at(0)).await.unwrap());
    assert_eq!(store.root(&root).await.unwrap(), Some(b));
}

async fn an_hour_has_so_many_messages(store: &dyn Store) {
    let one = count(store, "flood00001", 1, at(0)).await;
    let other = count(store, "flood00002", 1, at(0)).await;
    let mut taken = 0;
    while store.charge(&Charge::of(&one, 12, at(0)), at(0)).await.unwrap() {
        taken += 1;
    }
    assert_eq!(taken, 2, "one cause of one API has a sixth");
    assert!(store.charge(&Charge::of(&other, 12, at(0)), at(0)).await.unwrap(), "another is not behind it");
    assert!(store.charge(&Charge::of(&one, 12, at(3600)), at(3600)).await.unwrap(), "nor is the next hour");
}

async fn a_failure_of_each_route_is_kept_whole(store: &dyn Store) {
    let first = diagnosis("kept000001", "/orders", 7);
    let second = diagnosis("kept000001", "/refunds", 8);
    let third = diagnosis("kept000001", "/refunds", 9);
    let incident = store.count(&group(vec![first.clone(), second])[0], at(0)).await.unwrap();
    assert!(store.load_examples(&incident).await.unwrap().is_empty());
    for example in [&first, &third] {
        store.save_example(&incident.fingerprint, example, at(0)).await.unwrap();
    }
    let kept = store.load_examples(&incident).await.unwrap();
    assert_eq!(kept.len(), 2, "one a route");
    assert_eq!(kept[0].cause.slug, first.cause.slug);
    assert_eq!((&kept[0].route, &kept[0].endpoint, kept[0].at), (&first.route, &first.endpoint, first.at));
    assert_eq!((&kept[0].evidence, &kept[0].context), (&first.evidence, &first.context));
    assert_eq!(incidents::Fingerprint::of(&kept[1]), incident.fingerprint);
}

async fn hostile_routes_grow_nothing_without_end(store: &dyn Store) {
    let hostile = |n: u64| group((0..50).map(|m| diagnosis("hostile001", &format!("/{n}/{m}"), n)).collect());
    let mut known = None;
    for n in 0..10 {
        known = Some(store.count(&hostile(n)[0], at(0)).await.unwrap());
    }
    let known = known.unwrap();
    assert_eq!(known.failed, 500);
    assert!(known.routes.len() <= 2 * Incident::STORED_ROUTES, "{}", known.routes.len());
}

async fn silences_are_changed_by_one_at_a_time(store: &dyn Store) {
    let one = |n: u32| Silence {
        id: format!("s-{n}"),
        matcher: Matcher { api: Some("quiet00001".to_owned()), ..Matcher::default() },
        until: at(3600),
    };
    let add = |n: u32| {
        move |mut known: Vec<Silence>| {
            known.push(one(n));
            known
        }
    };
    let changes: Vec<_> = (0..4).map(add).collect();
    join_all(changes.iter().map(|change| async { store.change_silences(change).await.unwrap() })).await;
    let mut known = store.silences().await.unwrap();
    known.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(known, (0..4).map(one).collect::<Vec<_>>());
    let quiet = count(store, "quiet00001", 1, at(0)).await;
    let loud = count(store, "loud000001", 1, at(0)).await;
    assert!(known[0].holds(&quiet, at(3599)) && !known[0].holds(&quiet, at(3600)));
    assert!(!known[0].holds(&loud, at(0)));
    assert!(store.change_silences(&|_| Vec::new()).await.unwrap().is_empty());
}

async fn everything_is_listed_once(store: &dyn Store) {
    let contents = store.all(at(4)).await.unwrap();
    assert_eq!(contents.alerts.len(), 1, "{:?}", contents.alerts);
    let all = contents.incidents;
    let ids: BTreeSet<&str> = all.iter().map(|incident| incident.id.as_str()).collect();
    assert_eq!(ids.len(), all.len());
    let apis: BTreeSet<&str> =
        all.iter().filter_map(|incident| incident.source.api.as_ref()).map(|api| api.as_str()).collect();
    assert!(apis.contains("counted001") && apis.contains("kept000001"), "{apis:?}");
}
