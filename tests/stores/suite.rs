//! What every store must do, whoever wrote the database behind it.

use vpclink_responder::incidents;

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use vpclink_responder::causes::{Diagnosis, classify, failure_of};
use vpclink_responder::ids::{AccountId, Region};
use vpclink_responder::incidents::store::{Release, Store};
use vpclink_responder::incidents::{
    FailureGroup, Fault, Incident, LastAlert, Lease, Matcher, Rollup, Silence, Status, gather,
};
use vpclink_responder::logs::{Batch, LogEvent, Source, correlate};

/// Runs every case on one store. Each has an API of its own, so that they don't meet.
pub(crate) async fn run(store: &dyn Store) {
    counting_adds_up_and_knows_what_comes_again(store).await;
    writers_at_once_lose_nothing(store).await;
    one_of_many_wins_the_lease(store).await;
    a_lease_that_ended_is_anothers(store).await;
    what_was_told_is_not_claimed_again(store).await;
    a_minute_ends_once_it_is_over(store).await;
    a_page_names_its_members(store).await;
    what_is_over_for_a_day_opens_anew(store).await;
    a_failure_is_kept_whole(store).await;
    hostile_routes_grow_nothing_without_end(store).await;
    silences_are_changed_by_one_at_a_time(store).await;
    everything_is_listed_once(store).await;
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

/// A failed request of an API's route; one route fails once a delivery.
fn failed(api: &str, route: &str, delivery: u64) -> Batch<'static> {
    let id = format!("r-{delivery}{}", if route.matches('/').count() > 1 { route } else { "" });
    let lines = [
        format!("({id}) HTTP Method: GET, Resource Path: {route}"),
        format!("({id}) Endpoint request URI: https://orders.internal.example:8443{route}?key=hunter2"),
        format!("({id}) Execution failed due to a timeout error"),
        format!("({id}) Method completed with status: 504"),
    ];
    let events = (1..).zip(lines).map(|(number, line)| LogEvent {
        number,
        id: None,
        at: Some(at(i64::try_from(number).unwrap())),
        message: line.into(),
    });
    let source = Source {
        account: Some(AccountId::new("111122223333")),
        region: Some(Region::new("eu-west-1")),
        log_stream: Some("s".to_owned()),
        delivery: Some(delivery),
        ..Source::of_group(&format!("API-Gateway-Execution-Logs_{api}/prod"))
    };
    Batch { source, events: events.collect(), passed: 0 }
}

fn diagnosis(api: &str, route: &str, delivery: u64) -> Diagnosis {
    classify(&correlate(&[failed(api, route, delivery)])[0]).expect("its lines say that it failed")
}

/// The one group of these requests.
fn group(batches: &[Batch<'_>]) -> FailureGroup {
    let executions = correlate(batches);
    let failures: Vec<_> = executions.iter().filter_map(failure_of).collect();
    gather(&failures).remove(0)
}

fn news(api: &str, route: &str, delivery: u64) -> FailureGroup {
    group(&[failed(api, route, delivery)])
}

async fn count(store: &dyn Store, api: &str, delivery: u64, now: Timestamp) -> Incident {
    store.count(&news(api, "/orders", delivery), now).await.unwrap()
}

fn lease(owner: &str, until: Timestamp) -> Lease {
    Lease { owner: owner.to_owned(), until }
}

fn told(incident: &Incident, status: Status, now: Timestamp) -> LastAlert {
    let fault = Fault { code: "targets-unhealthy".to_owned(), resource: Some("arn:aws:tg".to_owned()) };
    incidents::told(incident, &Rollup::of([incident]), status, Some(fault), now)
}

async fn read(store: &dyn Store, incident: &Incident, now: Timestamp) -> Option<Incident> {
    store.read(std::slice::from_ref(&incident.fingerprint), now).await.unwrap().pop()
}

async fn counting_adds_up_and_knows_what_comes_again(store: &dyn Store) {
    let first = count(store, "counted001", 1, at(0)).await;
    assert_eq!((first.failed, first.routes.len(), first.told.clone()), (1, 1, None));
    assert_eq!(first.opened_at, Some(at(0)));
    assert_eq!(first.source.stage.as_deref(), Some("prod"));
    for delivery in 2..=60 {
        count(store, "counted001", delivery, at(1)).await;
    }
    for delivery in 1..=60 {
        assert_eq!(count(store, "counted001", delivery, at(2)).await.failed, 60, "{delivery} came again");
    }
    // A delivery that holds what is known and what is not.
    let both = [60, 61].map(|delivery| failed("counted001", "/first", delivery));
    let both = store.count(&group(&both), at(3)).await.unwrap();
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

async fn one_of_many_wins_the_lease(store: &dyn Store) {
    let incident = count(store, "leased0001", 1, at(0)).await;
    let leases: Vec<Lease> = (0..32).map(|n| lease(&format!("owner-{n}"), at(60))).collect();
    let won = join_all(leases.iter().map(|lease| store.claim(&incident, lease, at(0)))).await;
    let won: Vec<bool> = won.into_iter().map(Result::unwrap).collect();
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?}");
    let winner = leases.iter().zip(&won).find(|(_, won)| **won).unwrap().0;
    assert_eq!(read(store, &incident, at(1)).await.unwrap().lease.as_ref(), Some(winner));
    // Counting does not wait for the lease.
    assert_eq!(count(store, "leased0001", 2, at(1)).await.failed, 2);
}

async fn a_lease_that_ended_is_anothers(store: &dyn Store) {
    let incident = count(store, "ended00001", 1, at(0)).await;
    assert!(store.claim(&incident, &lease("dead", at(30)), at(0)).await.unwrap());
    assert!(!store.claim(&incident, &lease("early", at(60)), at(29)).await.unwrap());
    assert!(store.claim(&incident, &lease("late", at(90)), at(31)).await.unwrap());
    // The first comes back to life and settles what is no longer its own.
    let settled = Release::Alerted(told(&incident, Status::Open, at(31)));
    store.settle(&incident.fingerprint, "dead", &settled).await.unwrap();
    let known = read(store, &incident, at(32)).await.unwrap();
    assert_eq!((known.told, known.lease.unwrap().owner.as_str()), (None, "late"));
    // Whoever gives up leaves it to the next.
    store.settle(&incident.fingerprint, "late", &Release::Retry).await.unwrap();
    assert!(store.claim(&incident, &lease("next", at(90)), at(32)).await.unwrap());
    // A lease for longer than any invocation lasts was written by a clock gone wrong.
    store.settle(&incident.fingerprint, "next", &Release::Retry).await.unwrap();
    assert!(store.claim(&incident, &lease("astray", at(900_000)), at(33)).await.unwrap());
    assert!(store.claim(&incident, &lease("sane", at(90)), at(34)).await.unwrap());
    // But silence lasts as long as it was asked to.
    store.settle(&incident.fingerprint, "sane", &Release::Silenced(at(900_000))).await.unwrap();
    assert!(!store.claim(&incident, &lease("next", at(90)), at(35)).await.unwrap());
    store.settle(&incident.fingerprint, Lease::SILENCE, &Release::Retry).await.unwrap();
    assert!(store.claim(&incident, &lease("next", at(90)), at(36)).await.unwrap());
}

async fn what_was_told_is_not_claimed_again(store: &dyn Store) {
    let seen = count(store, "told000001", 1, at(0)).await;
    assert!(store.claim(&seen, &lease("a", at(30)), at(0)).await.unwrap());
    let said = told(&seen, Status::Open, at(1));
    store.settle(&seen.fingerprint, "a", &Release::Alerted(said.clone())).await.unwrap();
    let known = read(store, &seen, at(1)).await.unwrap();
    assert_eq!((known.told.as_ref(), known.lease.as_ref()), (Some(&said), None));
    // Somebody who saw it before it was told is too late; who has seen it now is not.
    assert!(!store.claim(&seen, &lease("b", at(30)), at(2)).await.unwrap());
    assert!(store.claim(&known, &lease("c", at(30)), at(2)).await.unwrap());
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

async fn a_page_names_its_members(store: &dyn Store) {
    let page = incidents::Fingerprint::of_root(None, None, "arn:aws:lb");
    let mut members = Vec::new();
    for api in ["member0001", "member0002", "member0003"] {
        members.push(count(store, api, 1, at(0)).await);
    }
    join_all(members.iter().map(|member| async { store.join(&page, member, at(1)).await.unwrap() })).await;
    let known = store.join(&page, &members[0], at(2)).await.unwrap();
    let named: BTreeSet<_> = members.iter().map(|member| member.fingerprint.clone()).collect();
    assert_eq!((known.members.clone(), known.failed, known.told.clone()), (named, 0, None));
    assert!(store.claim(&members[0], &lease("m", at(30)), at(2)).await.unwrap());
    store.settle(&members[0].fingerprint, "m", &Release::Merged(page.clone())).await.unwrap();
    let member = read(store, &members[0], at(3)).await.unwrap();
    assert_eq!((member.page, member.lease, member.told), (Some(page), None, None));
}

async fn what_is_over_for_a_day_opens_anew(store: &dyn Store) {
    let incident = count(store, "over000001", 1, at(0)).await;
    assert!(store.claim(&incident, &lease("a", at(30)), at(0)).await.unwrap());
    let over = told(&incident, Status::Resolved, at(100));
    store.settle(&incident.fingerprint, "a", &Release::Alerted(over)).await.unwrap();
    let day = i64::try_from(Incident::KEPT_RESOLVED.as_secs()).unwrap();
    let back = read(store, &incident, at(99 + day)).await.unwrap();
    assert_eq!(back.told.unwrap().status, Status::Resolved);
    assert!(read(store, &incident, at(100 + day)).await.is_none());
    let anew = count(store, "over000001", 1, at(101 + day)).await;
    assert_eq!((anew.failed, anew.told.as_ref(), anew.opened_at), (1, None, Some(at(101 + day))));
    assert_ne!(anew.id, incident.id);
}

async fn a_failure_is_kept_whole(store: &dyn Store) {
    let diagnosis = diagnosis("kept000001", "/orders", 7);
    let incident = count(store, "kept000001", 7, at(0)).await;
    assert!(store.kept(&incident.fingerprint).await.unwrap().is_none());
    store.keep(&incident.fingerprint, &diagnosis, at(0)).await.unwrap();
    let kept = store.kept(&incident.fingerprint).await.unwrap().unwrap();
    assert_eq!(kept.cause.slug, diagnosis.cause.slug);
    assert_eq!((&kept.route, &kept.endpoint, kept.at), (&diagnosis.route, &diagnosis.endpoint, diagnosis.at));
    assert_eq!((&kept.evidence, &kept.context), (&diagnosis.evidence, &diagnosis.context));
    assert_eq!(incidents::Fingerprint::of(&kept), incident.fingerprint);
}

async fn hostile_routes_grow_nothing_without_end(store: &dyn Store) {
    let hostile = |n: u64| {
        let batches: Vec<_> = (0..50).map(|m| failed("hostile001", &format!("/{n}/{m}"), n)).collect();
        group(&batches)
    };
    let mut known = None;
    for n in 0..10 {
        known = Some(store.count(&hostile(n), at(0)).await.unwrap());
    }
    let known = known.unwrap();
    assert_eq!(known.failed, 500);
    assert!(known.routes.len() <= 2 * Incident::MOST_ROUTES, "{}", known.routes.len());
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
    let all = store.all(at(4)).await.unwrap();
    let ids: BTreeSet<&str> = all.iter().map(|incident| incident.id.as_str()).collect();
    assert_eq!(ids.len(), all.len());
    let apis: BTreeSet<&str> =
        all.iter().filter_map(|incident| incident.source.api.as_ref()).map(|api| api.as_str()).collect();
    assert!(apis.contains("counted001") && apis.contains("member0003"), "{apis:?}");
    let late = at(4 + i64::try_from(Duration::from_secs(30 * 86_400).as_secs()).unwrap());
    assert!(store.all(late).await.unwrap().is_empty(), "what is over is not listed");
}
