//! The updates of an incident's item: what each sets, adds and removes, and on which condition.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;

use crate::causes::{Cause, Route};
use crate::incidents::coverage::{AlertId, CoverageChange, KEPT, is_late};
use crate::incidents::failure_group::{DeliveryCount, DeliveryId, FailureGroup};
use crate::incidents::incident::{Incident, Window};
use crate::incidents::ledger::Charge;
use crate::incidents::record::AlertRecord;

use crate::incidents::store::item::{MOST_SEEN, number, route, route_mark, time};
use crate::incidents::store::memory::stored_routes;
use crate::incidents::store::table::{Blob, Expression, Item, Value};
use crate::logs::{LogType, Source};

/// An update expression, clause by clause. Every name goes by an alias: DynamoDB reserves some six hundred words.
///
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html>
#[derive(Default)]
struct Update {
    set: Vec<String>,
    add: Vec<String>,
    remove: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: Item,
}

impl Update {
    fn expression(self) -> Expression {
        let clause = |word: &str, parts: &[String]| {
            if parts.is_empty() { String::new() } else { format!("{word} {} ", parts.join(", ")) }
        };
        let (set, add, remove) =
            (clause("SET", &self.set), clause("ADD", &self.add), clause("REMOVE", &self.remove));
        let condition = (!self.conditions.is_empty()).then(|| self.conditions.join(" AND "));
        Expression {
            update: format!("{set}{add}{remove}"),
            condition,
            names: self.names,
            values: self.values,
        }
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

    /// What is covered never becomes less, whatever write is late.
    fn cover(&mut self, covered: u64) {
        let (name, value) = (self.name("covered"), self.value(number(covered)));
        self.require(format!("attribute_not_exists({name}) OR {name} <= {value}"));
        self.set.push(format!("{name} = {value}"));
    }

    fn require_on(&mut self, alert: &AlertId) {
        let (name, alert) = (self.name("alert"), self.value(Value::S(alert.0.clone())));
        self.require(format!("{name} = {alert}"));
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
        self.set_once("api_kind", source.api_kind.map(|kind| Value::S(kind.as_str().to_owned())));
        let log = Some(source.log).filter(|log| *log != LogType::default());
        self.set_once("log", log.map(|log| Value::S(log.as_str().to_owned())));
    }
}

/// Counts deliveries that were not counted yet. Of routes, only those of `only_known` where that is given; the older
/// deliveries are forgotten where it is time to `rotate`. What is `late` is counted on condition that its time has ended.
pub(crate) fn count(
    news: &FailureGroup,
    deliveries: &[(DeliveryId, &DeliveryCount)],
    only_known: Option<&BTreeMap<Route, u64>>,
    rotate: bool,
    late: bool,
    now: Timestamp,
) -> Expression {
    let mut update = Update::default();
    let mut sum = Incident::opened(news.fingerprint.clone(), &news.example.source, news.example.cause, now);
    deliveries.iter().for_each(|(_, delivery)| sum.count(delivery, now));
    update.open(&news.example.source, news.example.cause, now);
    update.set_once("first_failure", sum.first_failure.map(time));
    if late {
        update.add("late", number(sum.failed));
        update.set_once("last_failure", sum.last_failure.map(time));
        let (ended, alert) = (update.name("ended_at"), update.name("alert"));
        let last = update.value(time(sum.last_failure.unwrap_or(now)));
        update.require(format!("{ended} >= {last} AND attribute_not_exists({alert})"));
    } else {
        update.set("counted_at", time(now));
        update.remove("expires_at");
        update.add("failed", number(sum.failed));
        update.add("window_failed", number(sum.failed));
        update.set_once("window_since", Some(time(now)));
        match sum.last_failure {
            Some(last) if is_late(last, now) => update.set_once("last_failure", Some(time(last))),
            Some(last) => update.set("last_failure", time(last)),
            None => {}
        }
    }
    let mut routes: BTreeMap<Route, u64> = stored_routes(&sum.routes).collect();
    routes.retain(|route, _| only_known.is_none_or(|known| known.contains_key(route)));
    count_routes(&mut update, &routes, only_known.is_none());
    remember(&mut update, deliveries, rotate);
    update.require_unexpired(now);
    update.expression()
}

fn count_routes(update: &mut Update, routes: &BTreeMap<Route, u64>, may_add: bool) {
    for (known, failed) in routes {
        update.add(&route(known), number(failed));
    }
    if may_add && !routes.is_empty() {
        update.add("routes", Value::Ss(routes.keys().map(route_mark).collect()));
        let (name, most) = (update.name("routes"), update.value(number(Incident::STORED_ROUTES)));
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
pub(crate) fn turn(before: &Window, after: &Window) -> Expression {
    let mut update = Update::default();
    if let (Some(before), Some(after)) = (before.since, after.since) {
        let (since, known) = (update.name("window_since"), update.value(time(before)));
        update.require(format!("{since} = {known}"));
        update.set("window_since", time(after));
    }
    update.add("window_failed", number(-i128::from(before.failed)));
    update.set("rate", number(after.rate.unwrap_or(0)));
    update.set_once("base", after.base.map(number));
    update.expression()
}

/// Changes what is covered of an incident, on the conditions that [`Coverage::changed`] has.
///
/// [`Coverage::changed`]: crate::incidents::coverage::Coverage::changed
pub(crate) fn change(change: &CoverageChange) -> Expression {
    let mut update = Update::default();
    let text = |id: &AlertId| Value::S(id.0.clone());
    let id = update.name("id");
    update.require(format!("attribute_exists({id})"));
    match change {
        CoverageChange::Attach { generation, alert, covered } => {
            let (on, ended) = (update.name("alert"), update.name("generation"));
            let known = update.value(number(generation));
            let same =
                if *generation == 0 { format!("attribute_not_exists({ended}) OR ") } else { String::new() };
            update.require(format!("attribute_not_exists({on})"));
            update.require(format!("{same}{ended} = {known}"));
            update.set("alert", text(alert));
            update.set("named", Value::Bool(covered.is_some()));
            update.remove("proved");
            if let Some(covered) = covered {
                update.cover(*covered);
            }
        }
        CoverageChange::Move { from, to } => {
            update.require_on(from);
            update.set("alert", text(to));
            update.remove("proved");
        }
        CoverageChange::Cover { alert, covered } => {
            update.require_on(alert);
            update.cover(*covered);
            update.set("named", Value::Bool(true));
        }
        CoverageChange::Prove { alert, covered, version } => {
            update.require_on(alert);
            update.cover(*covered);
            let (proved, known) = (update.name("proved"), update.value(number(version)));
            update.require(format!("attribute_not_exists({proved}) OR {proved} <= {known}"));
            update.set("proved", number(version));
        }
        CoverageChange::Return { alert, version } => {
            update.require_on(alert);
            let (proved, version) = (update.name("proved"), update.value(number(version)));
            update.require(format!("attribute_not_exists({proved}) OR {proved} <> {version}"));
            update.remove("alert");
            update.remove("named");
            update.add("generation", number(1));
            let (covered, ended, none) =
                (update.name("covered"), update.name("ended_failed"), update.value(number(0)));
            update.set.push(format!("{covered} = if_not_exists({ended}, {none})"));
        }
        CoverageChange::End { alert, at, flapping, version } => {
            update.require_on(alert);
            let (proved, version) = (update.name("proved"), update.value(number(version)));
            update.require(format!("{proved} = {version}"));
            update.remove("alert");
            update.remove("named");
            update.add("generation", number(1));
            update.set("ended_id", text(alert));
            update.set("ended_at", time(*at));
            let (ended, covered, none) =
                (update.name("ended_failed"), update.name("covered"), update.value(number(0)));
            update.set.push(format!("{ended} = if_not_exists({covered}, {none})"));
            update.set("flaps", number(flapping.times));
            match flapping.since {
                Some(since) => update.set("flaps_since", time(since)),
                None => update.remove("flaps_since"),
            }
        }
        CoverageChange::Detach { alert } => {
            update.require_on(alert);
            update.remove("alert");
            update.remove("named");
        }
        CoverageChange::Expire { failed, at } => {
            let (alert, counted, covered) =
                (update.name("alert"), update.name("failed"), update.name("covered"));
            let known = update.value(number(failed));
            update.require(format!("attribute_not_exists({alert})"));
            update.require(format!("{counted} = {known} AND {covered} >= {known}"));
            update.set("expires_at", number(at.as_second()));
        }
    }
    update.expression()
}

/// Writes an alert where it still has the version that was seen.
pub(crate) fn write(seen: Option<u64>, alert: &AlertRecord) -> Expression {
    let mut update = Update::default();
    match seen {
        Some(seen) => {
            let (version, seen) = (update.name("version"), update.value(number(seen)));
            update.require(format!("{version} = {seen}"));
        }
        None => {
            let id = update.name("id");
            update.require(format!("attribute_not_exists({id})"));
        }
    }
    update.set("version", number(alert.version));
    update.set("body", Value::S(serde_json::to_string(alert).expect("texts and numbers always serialise")));
    match alert.expires_at() {
        Some(at) => update.set("expires_at", number(at.as_second())),
        None => update.remove("expires_at"),
    }
    update.expression()
}

/// Points a root to an alert, where it still points to what was seen.
pub(crate) fn take_root(seen: Option<&AlertId>, alert: &AlertId, now: Timestamp) -> Expression {
    let mut update = Update::default();
    let name = update.name("alert");
    match seen {
        Some(seen) => {
            let seen = update.value(Value::S(seen.0.clone()));
            update.require(format!("{name} = {seen}"));
        }
        None => update.require(format!("attribute_not_exists({name})")),
    }
    update.set("alert", Value::S(alert.0.clone()));
    update.keep_until(now, KEPT.unsigned_abs());
    update.expression()
}

/// Counts a message, where every limit has room for it.
pub(crate) fn charge(charge: &Charge, now: Timestamp) -> Expression {
    let mut update = Update::default();
    for (name, most) in &charge.limits {
        let (known, most) = (update.name(name), update.value(number(most)));
        update.require(format!("attribute_not_exists({known}) OR {known} < {most}"));
        update.add(name, number(1));
    }
    update.keep_until(now, Duration::from_secs(2 * 3600));
    update.expression()
}

/// Notes requests that one log of a stage tells of, as long as the other log has noted no more than was seen.
pub(crate) fn note_requests(
    log: &str,
    (other, seen): (&str, usize),
    requests: &[u64],
    now: Timestamp,
) -> Expression {
    let mut update = Update::default();
    let other = update.name(other);
    match seen {
        0 => update.require(format!("attribute_not_exists({other})")),
        // A set only grows.
        seen => {
            let seen = update.value(Value::N(seen.to_string()));
            update.require(format!("size({other}) = {seen}"));
        }
    }
    let blobs = requests.iter().map(|request| Blob::new(request.to_be_bytes().to_vec()));
    update.add(log, Value::Bs(blobs.collect()));
    update.keep_until(now, Duration::from_secs(3600));
    update.expression()
}

/// Replaces a document that stands as it was read.
pub(crate) fn replace(before: Option<&str>, after: &str) -> Expression {
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
    update.expression()
}

/// A condition: it has expired.
pub(crate) fn expired(now: Timestamp) -> Expression {
    let mut condition = Update::default();
    let (name, now) = (condition.name("expires_at"), condition.value(number(now.as_second())));
    condition.require(format!("{name} <= {now}"));
    condition.expression()
}

/// A condition: it still has this version.
pub(crate) fn unchanged(version: u64) -> Expression {
    let mut condition = Update::default();
    let (name, version) = (condition.name("version"), condition.value(number(version)));
    condition.require(format!("{name} = {version}"));
    condition.expression()
}
