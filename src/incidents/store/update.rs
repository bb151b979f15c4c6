//! The updates of an incident's item: what each sets, adds and removes, and on which condition.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;

use crate::causes::{Cause, Route};
use crate::incidents::alert::Status;
use crate::incidents::failure_group::{DeliveryCount, DeliveryId, FailureGroup};
use crate::incidents::fingerprint::Fingerprint;
use crate::incidents::incident::{Incident, Lease, Window};
use crate::incidents::store::Release;
use crate::incidents::store::dynamodb::{Blob, Item, Value};
use crate::incidents::store::item::{MOST_SEEN, WireTold, number, route, time};
use crate::logs::Source;

/// An update expression, clause by clause. Every name goes by an alias: DynamoDB reserves some six hundred words.
///
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html>
#[derive(Default)]
pub(crate) struct Update {
    set: Vec<String>,
    add: Vec<String>,
    remove: Vec<String>,
    conditions: Vec<String>,
    pub(crate) names: HashMap<String, String>,
    pub(crate) values: Item,
}

impl Update {
    /// What it does.
    pub(crate) fn expression(&self) -> String {
        let clause = |word: &str, parts: &[String]| {
            if parts.is_empty() { String::new() } else { format!("{word} {} ", parts.join(", ")) }
        };
        format!("{}{}{}", clause("SET", &self.set), clause("ADD", &self.add), clause("REMOVE", &self.remove))
    }

    /// When it does it.
    pub(crate) fn condition(&self) -> Option<String> {
        (!self.conditions.is_empty()).then(|| self.conditions.join(" AND "))
    }

    fn name(&mut self, attribute: &str) -> String {
        if let Some((known, _)) = self.names.iter().find(|(_, name)| *name == attribute) {
            return known.clone();
        }
        let name = format!("#n{}", self.names.len());
        self.names.insert(name.clone(), attribute.to_owned());
        name
    }

    fn value(&mut self, value: Value) -> String {
        let name = format!(":v{}", self.values.len());
        self.values.insert(name.clone(), value);
        name
    }

    fn set(&mut self, attribute: &str, value: Value) {
        let (name, value) = (self.name(attribute), self.value(value));
        self.set.push(format!("{name} = {value}"));
    }

    fn set_once(&mut self, attribute: &str, value: Option<Value>) {
        let Some(value) = value else { return };
        let (name, value) = (self.name(attribute), self.value(value));
        self.set.push(format!("{name} = if_not_exists({name}, {value})"));
    }

    fn add(&mut self, attribute: &str, value: Value) {
        let (name, value) = (self.name(attribute), self.value(value));
        self.add.push(format!("{name} {value}"));
    }

    fn remove(&mut self, attribute: &str) {
        let name = self.name(attribute);
        self.remove.push(name);
    }

    fn require(&mut self, condition: String) {
        self.conditions.push(format!("({condition})"));
    }

    /// What has expired is another incident's.
    fn require_unexpired(&mut self, now: Timestamp) {
        let (name, now) = (self.name("expires_at"), self.value(number(now.as_second())));
        self.require(format!("attribute_not_exists({name}) OR {name} > {now}"));
    }

    fn keep_until(&mut self, from: Timestamp, kept: Duration) {
        self.set("expires_at", number(from.as_second().saturating_add(kept.as_secs().cast_signed())));
    }

    /// What an incident says of itself from its first update on.
    fn open(&mut self, source: &Source, cause: &Cause, now: Timestamp) {
        let text = |text: &str| Value::S(text.to_owned());
        self.set_once("opened_at", Some(time(now)));
        self.set_once("cause", Some(text(cause.slug)));
        self.set_once("account", source.account.as_ref().map(|account| text(account.as_str())));
        self.set_once("region", source.region.as_ref().map(|region| text(region.as_str())));
        self.set_once("api", source.api.as_ref().map(|api| text(api.as_str())));
        self.set_once("stage", source.stage.as_deref().map(text));
        self.set_once("log_group", source.log_group.as_deref().map(text));
        self.set_once("canary", source.canary.then_some(Value::Bool(true)));
    }
}

/// Counts deliveries that were not counted yet. Of routes, only those of `only_known` where that is given; the older
/// deliveries are forgotten where it is time to `rotate`.
pub(crate) fn count(
    news: &FailureGroup,
    deliveries: &[(DeliveryId, &DeliveryCount)],
    only_known: Option<&BTreeMap<Route, u64>>,
    rotate: bool,
    now: Timestamp,
) -> Update {
    let mut update = Update::default();
    let mut sum = Incident::opened(news.fingerprint.clone(), &news.example.source, news.example.cause, now);
    deliveries.iter().for_each(|(_, delivery)| sum.count(delivery, now));
    update.open(&news.example.source, news.example.cause, now);
    update.set("counted_at", time(now));
    update.set_once("first_failure", sum.first_failure.map(time));
    if let Some(last) = sum.last_failure {
        update.set("last_failure", time(last));
    }
    update.set_once("window_since", Some(time(now)));
    update.keep_until(now, Incident::KEPT_OPEN);
    update.add("failed", number(sum.failed));
    update.add("window_failed", number(sum.failed));
    sum.routes.retain(|route, _| only_known.is_none_or(|known| known.contains_key(route)));
    count_routes(&mut update, &sum.routes, only_known.is_none());
    remember(&mut update, deliveries, rotate);
    update.require_unexpired(now);
    update
}

fn count_routes(update: &mut Update, routes: &BTreeMap<Route, u64>, may_add: bool) {
    for (known, failed) in routes {
        update.add(&route(known), number(failed));
    }
    if may_add && !routes.is_empty() {
        update.add("routes", Value::Ss(routes.keys().map(route).collect()));
        let (name, most) = (update.name("routes"), update.value(number(Incident::MOST_ROUTES)));
        update.require(format!("attribute_not_exists({name}) OR size({name}) < {most}"));
    }
}

/// Notes deliveries, on condition that none of them was noted.
fn remember(update: &mut Update, deliveries: &[(DeliveryId, &DeliveryCount)], rotate: bool) {
    let ids: Vec<Blob> = deliveries.iter().map(|(id, _)| Blob::new(id.0.to_be_bytes().to_vec())).collect();
    let (seen, older) = (update.name("seen"), update.name("older"));
    for id in &ids {
        let id = update.value(Value::B(id.clone()));
        update.require(format!("NOT contains({seen}, {id}) AND NOT contains({older}, {id})"));
    }
    let most = update.value(number(MOST_SEEN));
    let ids = Value::Bs(ids);
    if rotate {
        update.require(format!("size({seen}) >= {most}"));
        let ids = update.value(ids);
        update.set.push(format!("{older} = {seen}"));
        update.set.push(format!("{seen} = {ids}"));
    } else {
        update.require(format!("attribute_not_exists({seen}) OR size({seen}) < {most}"));
        update.add("seen", ids);
    }
}

/// Begins another minute, keeping what was counted in it meanwhile.
pub(crate) fn turn(before: &Window, after: &Window) -> Update {
    let mut update = Update::default();
    if let (Some(before), Some(after)) = (before.since, after.since) {
        let (since, known) = (update.name("window_since"), update.value(time(before)));
        update.require(format!("{since} = {known}"));
        update.set("window_since", time(after));
    }
    update.add("window_failed", number(-i128::from(before.failed)));
    update.set("rate", number(after.rate.unwrap_or(0)));
    update.set_once("base", after.base.map(number));
    update
}

/// Takes the lease of what stands as it was seen.
pub(crate) fn claim(seen: &Incident, lease: &Lease, now: Timestamp) -> Update {
    let mut update = Update::default();
    let told = update.name("told_number");
    match &seen.told {
        Some(known) => {
            let known = update.value(number(known.number));
            update.require(format!("{told} = {known}"));
        }
        None => update.require(format!("attribute_not_exists({told})")),
    }
    let id = update.name("id");
    update.require(format!("attribute_exists({id})"));
    let (until, owner) = (update.name("lease_until"), update.name("lease_owner"));
    let now_value = update.value(time(now));
    let longest = update.value(time(now.checked_add(Lease::LONGEST).unwrap_or(now)));
    let silence = update.value(Value::S(Lease::SILENCE.to_owned()));
    update.require(format!(
        "attribute_not_exists({until}) OR {until} <= {now_value} OR ({until} > {longest} AND {owner} <> {silence})"
    ));
    update.set("lease_owner", Value::S(lease.owner.clone()));
    update.set("lease_until", time(lease.until));
    update
}

/// Ends the lease of this owner.
pub(crate) fn settle(owner: &str, settled: &Release) -> Update {
    let mut update = Update::default();
    let (name, owner) = (update.name("lease_owner"), update.value(Value::S(owner.to_owned())));
    update.require(format!("{name} = {owner}"));
    match settled {
        Release::Alerted(told) => {
            let json =
                serde_json::to_string(&WireTold::of(told)).expect("texts and numbers always serialise");
            update.set("told", Value::S(json));
            update.set("told_number", number(told.number));
            let resolved = told.status == Status::Resolved;
            update.keep_until(told.at, if resolved { Incident::KEPT_RESOLVED } else { Incident::KEPT_OPEN });
        }
        Release::Merged(page) => update.set("page", Value::S(page.to_string())),
        Release::Silenced(until) => {
            update.set("lease_owner", Value::S(Lease::SILENCE.to_owned()));
            update.set("lease_until", time(*until));
            return update;
        }
        Release::Retry => {}
    }
    update.remove("lease_owner");
    update.remove("lease_until");
    update
}

/// Puts an incident on a page, opening it where there is none.
pub(crate) fn join(page: &Fingerprint, member: &Incident, now: Timestamp) -> Update {
    debug_assert_ne!(*page, member.fingerprint, "a page is none of its own members");
    let mut update = Update::default();
    update.open(&member.source, member.cause, now);
    update.set("counted_at", time(now));
    update.keep_until(now, Incident::KEPT_OPEN);
    let fingerprint = member.fingerprint.to_string();
    update.add("members", Value::Ss(vec![fingerprint.clone()]));
    let (name, most) = (update.name("members"), update.value(number(Incident::MOST_MEMBERS)));
    let known = update.value(Value::S(fingerprint));
    update.require(format!(
        "attribute_not_exists({name}) OR size({name}) < {most} OR contains({name}, {known})"
    ));
    update.require_unexpired(now);
    update
}

/// Replaces a document that stands as it was read.
pub(crate) fn replace(before: Option<&str>, after: &str) -> Update {
    let mut update = Update::default();
    let body = update.name("body");
    match before {
        Some(before) => {
            let before = update.value(Value::S(before.to_owned()));
            update.require(format!("{body} = {before}"));
        }
        None => update.require(format!("attribute_not_exists({body})")),
    }
    update.set("body", Value::S(after.to_owned()));
    update
}
