//! An incident as an item of the table, and back.
//!
//! The keys of this version begin with a letter and `#`. Items of the version before have none: of them only the keys are read
//! that are still open, so that they end. They expire by themselves within a week.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::causes::{Cause, Route};
use crate::ids::{AccountId, ApiId, ApiKind, Region};
use crate::incidents::coverage::{AlertId, Coverage, Flapping, KEPT};
use crate::incidents::failure_group::DeliveryId;
use crate::incidents::fingerprint::Fingerprint;
use crate::incidents::incident::{Incident, Window};
use crate::incidents::record::{AlertRecord, AlertState, LastAlert};
use crate::incidents::store::table::{Item, Value};
use crate::logs::{LogType, Source};

/// What precedes the key of an incident, an alert and a root.
pub(crate) const INCIDENT: &str = "i#";
/// See [`INCIDENT`].
pub(crate) const ALERT: &str = "a#";
/// See [`INCIDENT`].
pub(crate) const ROOT: &str = "r#";

/// What precedes the name of a log group whose writers are kept.
pub(crate) const LOG_GROUP: &str = "g#";

/// What precedes a stage whose failed requests two logs tell of.
pub(crate) const REQUESTS: &str = "q#";

/// What precedes a route in the name of the attribute that counts it.
pub(crate) const ROUTE: &str = "route ";

/// Deliveries that one set remembers; the older set remembers as many.
pub(crate) const MOST_SEEN: usize = 64;

pub(crate) fn number(number: impl ToString) -> Value {
    Value::N(number.to_string())
}

pub(crate) fn time(at: Timestamp) -> Value {
    number(at.as_millisecond())
}

pub(crate) fn route(route: &Route) -> String {
    format!("{ROUTE}{} {}", route.method, route.path)
}

/// A route's mark in the set that bounds how many there are: the names stand in the item already.
pub(crate) fn route_mark(route: &Route) -> String {
    let digest = Sha256::digest(format!("{} {}", route.method, route.path));
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Reads an alert; `None` where the item is something else.
pub(crate) fn read_alert(item: &Item) -> Option<AlertRecord> {
    text(item, "id").filter(|id| id.starts_with(ALERT))?;
    serde_json::from_str(body(item)?).ok()
}

/// An alert that the version before opened and did not resolve.
pub(crate) fn read_old(item: &Item) -> Option<AlertRecord> {
    #[derive(Deserialize)]
    struct Told {
        number: u64,
        at: Timestamp,
        status: String,
    }
    // Its key was the fingerprint.
    let id = text(item, "id").filter(|id| !id.contains('#') && item.contains_key("cause"))?;
    let told: Told =
        serde_json::from_str(text(item, "told")?).ok().filter(|told: &Told| told.status != "resolved")?;
    let opened_at = at(item, "opened_at").unwrap_or(told.at);
    let leader = Fingerprint::kept(id);
    let opening = AlertRecord::opening(AlertId(id.to_owned()), leader, Flapping::default(), opened_at);
    let last = LastAlert { number: told.number, ..LastAlert::first(told.at) };
    Some(AlertRecord { version: 1, state: AlertState::Open, last: Some(last), ..opening })
}

/// The alert that a root points to.
pub(crate) fn pointed(item: &Item) -> Option<AlertId> {
    text(item, "alert").map(|id| AlertId(id.to_owned()))
}

/// Reads an incident; `None` where the item is something else.
pub(crate) fn read(item: &Item) -> Option<Incident> {
    let fingerprint = Fingerprint::kept(text(item, "id")?.strip_prefix(INCIDENT)?);
    let opened_at = at(item, "opened_at");
    let (failed, late) = (count(item, "failed").unwrap_or(0), count(item, "late").unwrap_or(0));
    let source = Source {
        account: text(item, "account").map(AccountId::new),
        region: text(item, "region").map(Region::new),
        log_group: text(item, "log_group").map(str::to_owned),
        api: text(item, "api").map(ApiId::new),
        stage: text(item, "stage").map(str::to_owned),
        canary: matches!(item.get("canary"), Some(Value::Bool(true))),
        api_kind: text(item, "api_kind").and_then(ApiKind::of_word),
        log: text(item, "log").and_then(LogType::of_word).unwrap_or_default(),
        ..Source::default()
    };
    let ended = text(item, "ended_id").zip(at(item, "ended_at"));
    let coverage = Coverage {
        opened_at: opened_at?,
        counted_at: at(item, "counted_at").or(opened_at)?,
        failed,
        late,
        covered: count(item, "covered").unwrap_or(0),
        ended_failed: count(item, "ended_failed").unwrap_or(0),
        generation: count(item, "generation").unwrap_or(0),
        alert: text(item, "alert").map(|id| AlertId(id.to_owned())),
        named: matches!(item.get("named"), Some(Value::Bool(true))),
        proved: count(item, "proved"),
        ended: ended.map(|(id, at)| (AlertId(id.to_owned()), at)),
        flapping: Flapping {
            times: count(item, "flaps").and_then(|times| u32::try_from(times).ok()).unwrap_or(0),
            since: at(item, "flaps_since"),
        },
        expires_at: count(item, "expires_at")
            .and_then(|seconds| Timestamp::from_second(i64::try_from(seconds).ok()?).ok()),
    };
    Some(Incident {
        id: Incident::id_of(&fingerprint, opened_at?),
        // A cause that a later version named is one that this one does not know.
        cause: Cause::of_slug(text(item, "cause")?).unwrap_or_else(Cause::last_resort),
        source,
        opened_at,
        counted_at: at(item, "counted_at"),
        failed: failed + late,
        first_failure: at(item, "first_failure"),
        last_failure: at(item, "last_failure"),
        routes: routes(item),
        window: Window {
            since: at(item, "window_since"),
            failed: count(item, "window_failed").unwrap_or(0),
            rate: count(item, "rate"),
            base: count(item, "base"),
        },
        coverage,
        fingerprint,
    })
}

/// The deliveries that were counted lately.
pub(crate) fn seen(item: &Item) -> BTreeSet<DeliveryId> {
    let sets = ["seen", "older"].into_iter().filter_map(|name| match item.get(name) {
        Some(Value::Bs(set)) => Some(set),
        _ => None,
    });
    let ids = sets.flatten().filter_map(|id| <[u8; 8]>::try_from(id.as_ref()).ok());
    ids.map(|id| DeliveryId(u64::from_be_bytes(id))).collect()
}

/// Whether the newer set of deliveries is full.
pub(crate) fn is_full(item: &Item) -> bool {
    matches!(item.get("seen"), Some(Value::Bs(set)) if set.len() >= MOST_SEEN)
}

/// Whether it is over and forgotten, though TTL has not removed it yet.
pub(crate) fn is_expired(item: &Item, now: Timestamp) -> bool {
    match item.get("expires_at") {
        Some(Value::N(seconds)) => seconds.parse().is_ok_and(|seconds: i64| seconds <= now.as_second()),
        _ => false,
    }
}

/// A text that is kept under an id.
pub(crate) fn document(id: &str, body: String, now: Timestamp) -> Item {
    Item::from([
        ("id".to_owned(), Value::S(id.to_owned())),
        ("body".to_owned(), Value::S(body)),
        ("expires_at".to_owned(), number(now.as_second() + KEPT.as_secs())),
    ])
}

/// What the item's key names, behind this prefix.
pub(crate) fn named(item: &Item, prefix: &str) -> Option<String> {
    text(item, "id")?.strip_prefix(prefix).map(str::to_owned)
}

/// The text that is kept.
pub(crate) fn body(item: &Item) -> Option<&str> {
    text(item, "body")
}

fn routes(item: &Item) -> BTreeMap<Route, u64> {
    let counted = item.keys().filter_map(|name| {
        let (method, path) = name.strip_prefix(ROUTE)?.split_once(' ')?;
        Some((Route { method: method.to_owned(), path: path.to_owned() }, count(item, name)?))
    });
    counted.collect()
}

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

fn count(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

fn at(item: &Item, name: &str) -> Option<Timestamp> {
    Timestamp::from_millisecond(item.get(name)?.as_n().ok()?.parse().ok()?).ok()
}
