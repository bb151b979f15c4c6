//! An incident as an item of the table, and back.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::causes::{Cause, Route};
use crate::ids::{AccountId, ApiId, Region};
use crate::incidents::alert::Status;
use crate::incidents::failure_group::DeliveryId;
use crate::incidents::fingerprint::Fingerprint;
use crate::incidents::incident::{Fault, Incident, LastAlert, Lease, Window};
use crate::incidents::store::dynamodb::{Item, Value};
use crate::logs::Source;

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

/// Reads an incident; `None` where the item is something else.
pub(crate) fn read(item: &Item) -> Option<Incident> {
    let fingerprint = Fingerprint::kept(text(item, "id")?);
    let opened_at = at(item, "opened_at");
    let source = Source {
        account: text(item, "account").map(AccountId::new),
        region: text(item, "region").map(Region::new),
        log_group: text(item, "log_group").map(str::to_owned),
        api: text(item, "api").map(ApiId::new),
        stage: text(item, "stage").map(str::to_owned),
        canary: matches!(item.get("canary"), Some(Value::Bool(true))),
        ..Source::default()
    };
    let lease = text(item, "lease_owner").zip(at(item, "lease_until"));
    let members = match item.get("members") {
        Some(Value::Ss(members)) => members.iter().map(Fingerprint::kept).collect(),
        _ => BTreeSet::new(),
    };
    Some(Incident {
        id: Incident::id_of(&fingerprint, opened_at?),
        // A cause that a later version named is one that this one does not know.
        cause: Cause::of_slug(text(item, "cause")?).unwrap_or_else(Cause::last_resort),
        source,
        opened_at,
        counted_at: at(item, "counted_at"),
        failed: count(item, "failed").unwrap_or(0),
        first_failure: at(item, "first_failure"),
        last_failure: at(item, "last_failure"),
        routes: routes(item),
        window: Window {
            since: at(item, "window_since"),
            failed: count(item, "window_failed").unwrap_or(0),
            rate: count(item, "rate"),
            base: count(item, "base"),
        },
        page: text(item, "page").map(Fingerprint::kept),
        members,
        told: text(item, "told").and_then(|told| serde_json::from_str::<WireTold>(told).ok()?.told()),
        lease: lease.map(|(owner, until)| Lease { owner: owner.to_owned(), until }),
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
        ("expires_at".to_owned(), number(now.as_second() + Incident::KEPT_OPEN.as_secs().cast_signed())),
    ])
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

/// What was told, as one attribute: it is always written whole.
#[derive(Serialize, Deserialize)]
pub(crate) struct WireTold {
    number: u64,
    at: Timestamp,
    status: String,
    rate: Option<u64>,
    routes: usize,
    members: usize,
    escalations: u32,
    quiet: bool,
    look_at: Option<Timestamp>,
    resolved_at: Option<Timestamp>,
    code: Option<String>,
    resource: Option<String>,
}

impl WireTold {
    pub(crate) fn of(told: &LastAlert) -> Self {
        let LastAlert {
            number,
            at,
            status,
            rate,
            routes,
            members,
            escalations,
            quiet,
            look_at,
            resolved_at,
            fault,
        } = told.clone();
        let (code, resource) = fault.map_or((None, None), |fault| (Some(fault.code), fault.resource));
        let status = status.as_str().to_owned();
        Self {
            number,
            at,
            status,
            rate,
            routes,
            members,
            escalations,
            quiet,
            look_at,
            resolved_at,
            code,
            resource,
        }
    }

    fn told(self) -> Option<LastAlert> {
        let Self {
            number,
            at,
            status,
            rate,
            routes,
            members,
            escalations,
            quiet,
            look_at,
            resolved_at,
            code,
            resource,
        } = self;
        let status = Status::ALL.into_iter().find(|known| known.as_str() == status)?;
        let fault = code.map(|code| Fault { code, resource });
        Some(LastAlert {
            number,
            at,
            status,
            rate,
            routes,
            members,
            escalations,
            quiet,
            look_at,
            resolved_at,
            fault,
        })
    }
}
