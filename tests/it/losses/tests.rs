//! The loss proof and the storms, small.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use super::audit::Audit;
use super::faults::Kind;
use super::history::{days, history};
use super::lambda::run;
use super::proof::{FULL, Plan, pair, singles, sites};
use super::report::{Proof, READING, row};
use super::storm::{Storm, blow};

#[test]
fn without_faults_everything_is_told_once() {
    let history = history();
    let world = run(&history, &Plan { seed: FULL, strikes: Vec::new(), skew: Duration::ZERO });
    let audit = Audit::of(&history, &world);
    assert_eq!(audit.faults(), Vec::<String>::new());
    assert_eq!((audit.doubled, audit.struck), (0, 0));
    let sent = world.sent.lock().unwrap();
    let mut statuses: BTreeMap<&str, usize> = BTreeMap::new();
    sent.iter().for_each(|sent| *statuses.entry(&sent.message.attributes["status"]).or_default() += 1);
    // Open and resolved: the page, the cause of another API, the record that nobody can read; and the page once more.
    let expected = [("escalated", 3), ("open", 3), ("regressed", 1), ("resolved", 4)];
    assert_eq!(statuses, BTreeMap::from(expected));
}

/// Of each effect and fault a few, at other places and for other times each, and twenty pairs: the example runs them all. What
/// the document shows is this sample, so that it is always of this program.
#[test]
fn no_fault_at_any_effect_loses_an_alert() {
    let history = history();
    let sites = sites(&history, FULL);
    let mut known: BTreeMap<(&str, Kind), usize> = BTreeMap::new();
    let mut plans = singles(&sites);
    plans.retain(|plan| {
        let strike = plan.strikes[0];
        let seen = known.entry((row(strike.site.effect), strike.kind)).or_default();
        *seen += 1;
        // Readings are half of all effects, and fail alike.
        *seen % if row(strike.site.effect) == READING { 499 } else { 97 } == 1
    });
    let effects: BTreeSet<&str> = sites.iter().map(|site| row(site.effect)).collect();
    assert!(effects.len() > 10 && plans.len() >= effects.len() * Kind::ALL.len(), "{effects:?}");
    let pairs: Vec<Plan> = (1..=20).map(|seed| pair(&sites, seed)).collect();
    let proof = Proof::of(&history, &sites, &plans, &pairs);
    assert!(proof.faults.is_empty(), "{}", proof.faults.join("\n"));
    published(&proof.markdown());
}

/// Holds the table of the document to this one, or renews it.
#[expect(clippy::disallowed_methods, reason = "the wish to renew it is the environment's to say")]
fn published(table: &str) {
    let (path, begin, end) = ("docs/reliability.md", "<!-- losses -->", "<!-- /losses -->");
    let document = fs::read_to_string(path).unwrap();
    let (before, rest) = document.split_once(begin).expect("the table's mark");
    let (_, after) = rest.split_once(end).expect("the table's mark");
    let fresh = format!("{before}{begin}\n\n{table}\n{end}{after}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path, fresh).unwrap();
    } else {
        assert_eq!(
            document, fresh,
            "renew it: UPDATE_DOCS=1 cargo test --no-default-features --test it no_fault"
        );
    }
}

#[test]
fn days_without_faults_keep_every_promise() {
    let history = days(4, 20);
    let world = run(&history, &Plan { seed: FULL, strikes: Vec::new(), skew: Duration::ZERO });
    let audit = Audit::of(&history, &world);
    assert_eq!(audit.faults(), Vec::<String>::new());
    assert!(audit.messages < 40, "{} messages in four days", audit.messages);
}

#[test]
fn a_storm_is_one_page_however_hard_it_blows() {
    let calm = Storm { failures: 2_000, batch: 50, apis: 1, routes: 1, containers: 20, seconds: 240 };
    let (calm, wild) = (blow(calm), blow(Storm { failures: 20_000, batch: 500, ..calm }));
    for toll in [&calm, &wild] {
        assert_eq!((toll.opened(), toll.messages.len()), (1, 1), "{:?}", toll.messages);
        assert_eq!(toll.store["store: count"], toll.deliveries, "one count a delivery and incident");
    }
    assert_eq!((calm.counted, wild.counted), (2_000, 20_000));
    assert_eq!(calm.readings, wild.readings, "readings do not grow with the failures");
    assert_eq!(calm.writes() - calm.deliveries, wild.writes() - wild.deliveries, "nor do other writes");
}

#[test]
fn a_storm_over_many_apis_is_one_page_and_one_line() {
    let toll = blow(Storm { failures: 2_000, batch: 10, apis: 10, routes: 5, containers: 20, seconds: 420 });
    let statuses: Vec<&str> = toll.messages.iter().map(|(status, _)| status.as_str()).collect();
    assert_eq!(statuses, ["open", "escalated"], "{:?}", toll.messages);
    assert!(toll.messages[1].1 >= Duration::from_secs(300), "{:?}", toll.messages);
    assert_eq!(toll.counted, 2_000);
}
