//! Sequences that outside testing once found: alerts for what never happened, failures that no message named, keys that
//! never ended. Each runs the real responder and caretaker on a simulated clock, over days where it takes days.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::losses::faults::{Actor, Extent, Kind, Site, Strike};
use crate::losses::history::{
    FIRST, History, MALFORMED, UNREACHABLE, accounts, accounts_with, half_repaired, minutes,
};
use crate::losses::lambda::run;
use crate::losses::proof::Plan;
use crate::losses::world::time;

/// A message: minutes since the start, key, status, APIs with their causes, failed, and the alert whole.
struct Seen {
    minute: i64,
    key: String,
    status: String,
    apis: BTreeSet<String>,
    alert: Value,
}

fn play(history: &mut History, apis: &[&str]) -> Vec<Seen> {
    history.accounts = Arc::new(accounts(apis));
    play_with(history, &Plan { seed: 1, strikes: Vec::new(), skew: Duration::ZERO })
}

fn play_with(history: &History, plan: &Plan) -> Vec<Seen> {
    let world = run(history, plan);
    let sent = world.sent.lock().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let read = |sent: &crate::losses::world::Sent| {
        let alert: Value = serde_json::from_str(&sent.message.bodies["sqs"]).unwrap();
        let also = alert["also_hit"].as_array().cloned().unwrap_or_default();
        Seen {
            minute: sent.at.duration_since(time(Duration::ZERO)).as_mins(),
            key: text(&alert["incident"]["dedup_key"]),
            status: text(&alert["incident"]["status"]),
            apis: also.iter().chain([&alert]).map(|hit| text(&hit["api"]["id"])).collect(),
            alert,
        }
    };
    sent.iter().map(read).collect()
}

/// What was published, in short.
fn statuses(seen: &[Seen]) -> Vec<(i64, &str)> {
    seen.iter().map(|seen| (seen.minute, seen.status.as_str())).collect()
}

/// Every key that was triggered ends once, and is not triggered afterwards.
fn every_key_ends(seen: &[Seen]) {
    let keys: BTreeSet<&str> = seen.iter().map(|seen| seen.key.as_str()).collect();
    for key in keys {
        let of: Vec<&str> =
            seen.iter().filter(|seen| seen.key == key).map(|seen| seen.status.as_str()).collect();
        let is_end = |status: &&str| ["resolved", "merged"].contains(status);
        assert_eq!(of.iter().filter(|status| is_end(status)).count(), 1, "{key}: {of:?}");
        assert!(of.last().is_some_and(is_end), "{key}: {of:?}");
    }
}

const DAY: u64 = 24 * 60;

fn fails(history: &mut History, api: &str, minute: u64, route: &str, count: usize) {
    let document = history.fail(api, UNREACHABLE, route, minutes(minute), count);
    history.subscription(minutes(minute) + Duration::from_millis(300), &document);
}

#[test]
fn sequence_01_no_member_of_an_ended_alert_comes_back_as_a_ghost() {
    let whole = vec![(minutes(20), minutes(100 * DAY))];
    let mut history = History { whole, rounds: usize::try_from(18 * DAY).unwrap(), ..History::default() };
    fails(&mut history, FIRST, 0, "/orders", 2);
    fails(&mut history, "b2c3d4e5f6", 1, "/orders", 2);
    let seen = play(&mut history, &[FIRST, "b2c3d4e5f6"]);
    every_key_ends(&seen);
    assert!(seen.iter().all(|seen| seen.minute < 40), "{:?}", statuses(&seen));
}

#[test]
fn sequence_02_a_silence_of_one_api_mutes_no_other() {
    let mut history = History {
        whole: vec![(minutes(900), minutes(10 * DAY))],
        silenced: Some((FIRST.to_owned(), minutes(700))),
        rounds: 1_000,
        ..History::default()
    };
    (0..60).for_each(|n| fails(&mut history, FIRST, 1 + 10 * n, "/orders", 1));
    (0..6).for_each(|n| fails(&mut history, "b2c3d4e5f6", 300 + 10 * n, "/orders", 1));
    let seen = play(&mut history, &[FIRST, "b2c3d4e5f6"]);
    let first = seen.iter().find(|seen| seen.apis.contains("b2c3d4e5f6")).expect("B is alerted");
    assert!(first.minute <= 302, "{:?}", statuses(&seen));
    let triggers = seen.iter().filter(|seen| seen.status != "resolved" && seen.status != "merged");
    let muted = triggers.filter(|seen| seen.minute < 700 && seen.apis.contains(FIRST));
    assert_eq!(muted.count(), 0, "{:?}", statuses(&seen));
    // When the silence ends, what it held back is published.
    assert!(seen.iter().any(|seen| seen.minute >= 700 && seen.apis.contains(FIRST)));
}

/// A message of an alert covers no member that it leaves out, or the silence would last for ever.
#[test]
fn sequence_02_what_a_message_left_out_is_published_after_the_silence() {
    let other = "b2c3d4e5f6";
    let mut history = History {
        whole: vec![(minutes(1_200), minutes(10 * DAY))],
        silenced: Some((FIRST.to_owned(), minutes(700))),
        rounds: 1_400,
        ..History::default()
    };
    fails(&mut history, other, 0, "/orders", 1);
    fails(&mut history, FIRST, 5, "/orders", 1);
    // It is repeated for this, and for nothing else before the silence ends.
    fails(&mut history, other, 250, "/orders", 1);
    let seen = play(&mut history, &[FIRST, other]);
    every_key_ends(&seen);
    let repeated = |seen: &&Seen| (241..600).contains(&seen.minute) && !seen.apis.contains(FIRST);
    assert!(seen.iter().any(|seen| repeated(&seen)), "{:?}", statuses(&seen));
    let heard = |seen: &&Seen| (700..1_200).contains(&seen.minute) && seen.apis.contains(FIRST);
    assert!(seen.iter().any(|seen| heard(&seen)), "{:?}", statuses(&seen));
}

#[test]
fn sequence_03_what_is_half_repaired_is_not_resolved() {
    let other = "b2c3d4e5f6";
    // The targets are well again, but the other API still calls a port that no listener has.
    let mut history = History {
        accounts: Arc::new(half_repaired(&[FIRST, other], other, "/orders")),
        whole: vec![(minutes(10), minutes(300)), (minutes(300), minutes(10 * DAY))],
        rounds: 400,
        ..History::default()
    };
    fails(&mut history, FIRST, 0, "/orders", 1);
    fails(&mut history, other, 1, "/orders", 1);
    let seen = play_with(&history, &Plan { seed: 1, strikes: Vec::new(), skew: Duration::ZERO });
    every_key_ends(&seen);
    let ended = seen.iter().filter(|seen| seen.status == "resolved" && seen.apis.contains(other));
    assert!(ended.clone().all(|seen| seen.minute >= 300), "{:?}", statuses(&seen));
    assert_eq!(ended.count(), 1, "{:?}", statuses(&seen));
}

#[test]
fn sequence_04_a_key_opened_before_its_fault_was_seen_ends_too() {
    let mut history = History {
        whole: vec![(minutes(0), minutes(1)), (minutes(30), minutes(10 * DAY))],
        rounds: 120,
        ..History::default()
    };
    fails(&mut history, FIRST, 0, "/orders", 1);
    fails(&mut history, "b2c3d4e5f6", 2, "/orders", 1);
    fails(&mut history, FIRST, 8, "/refunds", 1);
    let seen = play(&mut history, &[FIRST, "b2c3d4e5f6"]);
    every_key_ends(&seen);
    assert!(seen.iter().any(|seen| seen.status == "merged"), "{:?}", statuses(&seen));
}

/// A failure whose count takes seconds while the caretaker reads and resolves, by clocks that are minutes apart.
#[test]
fn sequence_05_a_slow_count_beside_an_end_is_published() {
    for seed in 0..24 {
        let mut history = History {
            whole: vec![(minutes(5), minutes(16)), (minutes(40), minutes(10 * DAY))],
            rounds: 240,
            ..History::default()
        };
        history.accounts = Arc::new(accounts(&[FIRST]));
        fails(&mut history, FIRST, 0, "/orders", 2);
        let at = minutes(16) - Duration::from_millis(2_400) + Duration::from_millis(150 * seed);
        let document = history.fail(FIRST, UNREACHABLE, "/orders", at, 3);
        history.subscription(at, &document);
        let site = Site { effect: "store: count", actor: Actor::Payload(1), nth: 1 };
        let strike = Strike { site, kind: Kind::Late, extent: Extent::Once };
        let skew = if seed % 2 == 0 { Duration::ZERO } else { minutes(2) };
        let seen = play_with(&history, &Plan { seed: seed + 1, strikes: vec![strike], skew });
        every_key_ends(&seen);
        // Its own message, or the end that counts it.
        let covers =
            |seen: &&Seen| seen.minute >= 15 && (seen.status != "resolved" || seen.alert["failed"] == 5);
        assert!(seen.iter().any(|seen| covers(&seen)), "seed {seed}: {:?}", statuses(&seen));
    }
}

#[test]
fn sequence_06_of_130_apis_behind_one_root_each_is_covered() {
    let names: Vec<String> = (0..130).map(|n| format!("many{n:06}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).chain([FIRST]).collect();
    let mut history =
        History { whole: vec![(minutes(120), minutes(DAY))], rounds: 200, ..History::default() };
    fails(&mut history, FIRST, 0, "/orders", 1);
    for (n, api) in (0..).zip(&names[..130]) {
        fails(&mut history, api, 1 + n / 10, "/orders", 1);
    }
    let seen = play(&mut history, &names);
    every_key_ends(&seen);
    let last = seen.iter().rfind(|seen| seen.status == "escalated").expect("it grew");
    let counted = last.alert["also_hit"].as_array().unwrap().len();
    let more = last.alert["also_hit_more"].as_u64().expect("it is always there");
    assert!(seen.len() < 10, "one fault, few messages: {:?}", statuses(&seen));
    assert!(
        counted as u64 + more >= 129 || last.alert["truncated"] == true,
        "{counted} and {more} more: {:?}",
        statuses(&seen)
    );
}

#[test]
fn sequence_07_flapping_comes_to_few_messages_a_day() {
    let mut history =
        History { whole: vec![(minutes(0), minutes(10 * DAY))], rounds: 2 * 1440, ..History::default() };
    // One failure every twenty minutes: once, each was a *regressed* and a *resolved*.
    (0..72).for_each(|n| fails(&mut history, FIRST, 20 * n, "/orders", 1));
    let seen = play(&mut history, &[FIRST]);
    every_key_ends(&seen);
    assert!(seen.len() <= 20, "{:?}", statuses(&seen));
}

#[test]
fn sequence_08_ids_are_no_routes() {
    let mut history = History { whole: vec![(minutes(60), minutes(DAY))], rounds: 120, ..History::default() };
    (0..4).for_each(|n| fails(&mut history, FIRST, 7 * n, &format!("/orders/{}", 1000 + n), 1));
    let seen = play(&mut history, &[FIRST]);
    assert!(seen.iter().all(|seen| seen.status != "escalated"), "{:?}", statuses(&seen));
}

/// The line that fails and the line with the status come in two batches, to two containers, in either order.
#[test]
fn sequence_09_a_batch_border_inside_a_request_opens_one_alert() {
    // Where no resource is at fault, none can lead the one to the other's alert.
    let every = [60, 0].into_iter().flat_map(|broken| [false, true].map(|tail_first| (broken, tail_first)));
    for (seed, (broken, tail_first)) in (1..).zip(every.clone().chain(every)) {
        let mut history =
            History { whole: vec![(minutes(broken), minutes(DAY))], rounds: 120, ..History::default() };
        let whole = history.fail(FIRST, UNREACHABLE, "/orders", minutes(1), 1);
        let events = whole["logEvents"].as_array().unwrap().clone();
        let part = |events: &[Value]| {
            let mut part = whole.clone();
            part["logEvents"] = events.to_vec().into();
            part
        };
        let (head, tail) = events.split_at(3);
        let lines = json!(
            events
                .iter()
                .map(|event| json!({ "at": "2026-11-22T14:01:00Z", "message": event["message"] }))
                .collect::<Vec<_>>()
        );
        let accounts = accounts_with(&[FIRST], |_, answers| {
            let id = &history.failures[0].id;
            let of = format!("API-Gateway-Execution-Logs_{FIRST}/prod/{id}@2026-11-22T14:00:30Z");
            answers.push(json!({ "call": "logs:FilterLogEvents", "of": of, "answer": lines,
                "read_at": "2026-11-22T14:01:00Z" }));
        });
        history.accounts = Arc::new(accounts);
        let later = minutes(1) + Duration::from_millis(if seed > 4 { 2_000 } else { 3 });
        let (first, second) = if tail_first { (tail, head) } else { (head, tail) };
        history.subscription(minutes(1), &part(first));
        history.subscription(later, &part(second));
        let seen = play_with(&history, &Plan { seed, strikes: Vec::new(), skew: Duration::ZERO });
        every_key_ends(&seen);
        let opened: Vec<&Seen> = seen.iter().filter(|seen| seen.status == "open").collect();
        let case = format!("seed {seed}, broken for {broken} minutes, tail first {tail_first}");
        assert_eq!(opened.len(), 1, "{case}: {:?}", statuses(&seen));
        assert_eq!(opened[0].alert["cause"]["slug"], UNREACHABLE);
    }
}

/// The item of a busy incident takes no write for minutes, though it can be read.
#[test]
fn sequence_10_a_throttled_item_makes_no_alert_a_container() {
    // Its incident opened the alert, or joined that of another API.
    for busy in [FIRST, "b2c3d4e5f6"] {
        let mut history =
            History { whole: vec![(minutes(30), minutes(DAY))], rounds: 120, ..History::default() };
        history.accounts = Arc::new(accounts(&[FIRST, "b2c3d4e5f6"]));
        fails(&mut history, FIRST, 0, "/orders", 1);
        fails(&mut history, "b2c3d4e5f6", 1, "/orders", 1);
        let mut strikes = Vec::new();
        for number in 2..10 {
            let at = minutes(2) + Duration::from_millis(20 * number);
            let document = history.fail(busy, UNREACHABLE, "/orders", at, 1);
            history.subscription(at, &document);
            let actor = Actor::Payload(usize::try_from(number).unwrap());
            let site = Site { effect: "store: count", actor, nth: 1 };
            strikes.push(Strike { site, kind: Kind::Throttled, extent: Extent::Attempts(2) });
        }
        let seen = play_with(&history, &Plan { seed: 1, strikes, skew: Duration::ZERO });
        every_key_ends(&seen);
        let opened = seen.iter().filter(|seen| seen.status == "open").count();
        assert_eq!(opened, 1, "{busy}: {:?}", statuses(&seen));
        let end = seen.last().expect("an end");
        let counted = end.alert["failed"].as_u64().unwrap()
            + end.alert["also_hit"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|hit| hit["failed"].as_u64())
                .sum::<u64>();
        assert_eq!((end.status.as_str(), counted), ("resolved", 10), "{busy}: all were counted");
    }
}

#[test]
fn sequence_11_what_the_queue_hands_over_two_days_later_opens_nothing_that_has_ended() {
    let mut history =
        History { whole: vec![(minutes(20), minutes(10 * DAY))], rounds: 3 * 1440, ..History::default() };
    fails(&mut history, FIRST, 0, "/orders", 2);
    let late = history.fail(FIRST, UNREACHABLE, "/orders", minutes(1), 3);
    history.subscription(minutes(2 * DAY), &late);
    // Of another API nothing was ever published: that is told, as late.
    let other = history.fail("b2c3d4e5f6", UNREACHABLE, "/orders", minutes(1), 3);
    history.subscription(minutes(2 * DAY), &other);
    let seen = play(&mut history, &[FIRST, "b2c3d4e5f6"]);
    every_key_ends(&seen);
    let late: Vec<&Seen> = seen.iter().filter(|seen| seen.minute >= 60).collect();
    assert!(late.iter().all(|seen| !seen.apis.contains(FIRST)), "{:?}", statuses(&seen));
    assert_eq!(late[0].status, "open");
    assert_ne!(late[0].alert["severity"], "critical");
    let reason = late[0].alert["incident"]["reason"].as_str().unwrap();
    assert!(reason.contains("it came late"), "{reason}");
}

#[test]
fn sequence_12_what_was_silenced_for_ten_days_is_published_then() {
    let mut history = History {
        silenced: Some((FIRST.to_owned(), minutes(10 * DAY))),
        whole: vec![(minutes(11 * DAY), minutes(100 * DAY))],
        rounds: usize::try_from(12 * DAY).unwrap(),
        ..History::default()
    };
    fails(&mut history, FIRST, 5, "/orders", 1);
    let seen = play(&mut history, &[FIRST]);
    every_key_ends(&seen);
    assert_eq!(seen[0].minute, i64::try_from(10 * DAY).unwrap(), "{:?}", statuses(&seen));
}

#[test]
fn sequence_13_a_flood_is_a_digest_and_hides_no_other_cause() {
    let mut history = History { whole: vec![(minutes(0), minutes(DAY))], rounds: 240, ..History::default() };
    let mut document = history.fail(FIRST, UNREACHABLE, "/orders", minutes(1), 1500);
    for (n, event) in document["logEvents"].as_array_mut().unwrap().iter_mut().enumerate() {
        let message =
            event["message"].as_str().unwrap().replace("orders.internal", &format!("host{}.internal", n / 4));
        event["message"] = message.into();
    }
    history.subscription(minutes(1), &document);
    let other = history.fail("c3d4e5f6a7", MALFORMED, "/orders", minutes(2), 1);
    history.subscription(minutes(2), &other);
    let seen = play(&mut history, &[FIRST]);
    let hour = seen.iter().filter(|seen| seen.minute < 30).count();
    assert!(hour <= 60, "{hour} messages in half an hour");
    let other = seen.iter().find(|seen| seen.apis.contains("c3d4e5f6a7")).expect("the other is alerted");
    assert!(other.minute <= 3, "{}", other.minute);
    let is_digest =
        |seen: &&Seen| seen.alert["cause"]["slug"] == "many-incidents" && seen.status != "resolved";
    let digest = seen.iter().rfind(is_digest).expect("a digest");
    assert!(
        digest.alert["failed"].as_u64().unwrap() > 1_400,
        "{:?} {} {:?}",
        digest.minute,
        digest.alert["failed"],
        statuses(&seen)
    );
    every_key_ends(&seen);
}
