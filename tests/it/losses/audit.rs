//! What must hold once faults have stopped: nothing missing, nothing invented, nothing altered, all settled.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::FutureExt;
use jiff::Timestamp;
use serde_json::Value;
use vpclink_responder::incidents::Incident;
use vpclink_responder::incidents::store::{Contents, Store};

use super::history::{Failure, History, UNDECODABLE, host};
use super::wires::NOTE;
use super::world::{Sent, World, time};

/// What is wrong after a run, and how often something was told again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Audit {
    /// Failures that no message named, or that were not counted.
    pub(crate) missing: Vec<String>,
    /// What was told or counted and never happened.
    pub(crate) invented: Vec<String>,
    /// What was told otherwise than it happened.
    pub(crate) altered: Vec<String>,
    /// Incidents that are still open or held, and ends without a beginning.
    pub(crate) unsettled: Vec<String>,
    /// Ends by evidence while a fault of what they name was there.
    pub(crate) unproven: Vec<String>,
    /// Messages that name what is muted.
    pub(crate) unmuted: Vec<String>,
    /// Hours with more messages than a deployment may have.
    pub(crate) flooded: Vec<String>,
    /// Messages that told nothing new.
    pub(crate) doubled: usize,
    pub(crate) messages: usize,
    /// Calls that a fault hit.
    pub(crate) struck: usize,
}

impl Audit {
    pub(crate) fn of(history: &History, world: &World) -> Self {
        let sent = world.sent.lock().unwrap();
        let told: Vec<LastAlert> = sent.iter().map(LastAlert::read).collect();
        let struck = world.struck.lock().unwrap();
        let mut audit = Self { messages: told.len(), struck: struck.len(), ..Self::default() };
        let all = world.store.all(world.now()).now_or_never().expect("memory answers at once").unwrap();
        audit.told(history, &told);
        let was_noted = !struck.iter().any(|site| site.effect == NOTE);
        audit.counted(history, &all.incidents, was_noted);
        told.iter().for_each(|told| audit.facts(history, told));
        audit.settled(&all, &told);
        audit.kept(history, &told);
        audit.doubled = doubled(&told, time(history.back));
        audit
    }

    /// Everything that must never be, in words.
    pub(crate) fn faults(&self) -> Vec<String> {
        let named = [
            ("missing", &self.missing),
            ("invented", &self.invented),
            ("altered", &self.altered),
            ("unsettled", &self.unsettled),
            ("unproven", &self.unproven),
            ("unmuted", &self.unmuted),
            ("flooded", &self.flooded),
        ];
        named.iter().flat_map(|(name, what)| what.iter().map(move |what| format!("{name}: {what}"))).collect()
    }

    /// Every failure is told by a message that names its API, stage, cause and endpoint, of this outbreak.
    fn told(&mut self, history: &History, told: &[LastAlert]) {
        let mut unnamed: BTreeMap<Name, String> = BTreeMap::new();
        for failure in &history.failures {
            // What comes back is told anew, unless it was open still.
            let before =
                |told: &&LastAlert| told.at < time(history.back) && told.names.contains(&name(failure));
            let over = told.iter().rfind(before).is_some_and(|told| told.status == "resolved");
            let anew = over && failure.at >= history.back;
            let since = time(if anew { history.back } else { Duration::ZERO });
            if !told.iter().any(|told| told.at >= since && told.tells(&name(failure))) {
                unnamed.insert(name(failure), failure.id.clone());
            }
        }
        // A message has room for so many names, and says how many more it stands for.
        let more = told.iter().filter_map(|told| told.alert["also_hit_more"].as_u64()).max().unwrap_or(0);
        if unnamed.len() as u64 > more {
            let missing = unnamed.iter().map(|(name, id)| format!("no message named {id} of {name:?}"));
            self.missing.extend(missing);
        }
        if !history.is_readable
            && !told.iter().any(|told| told.names.iter().any(|name| name.2 == UNDECODABLE))
        {
            self.missing.push("no message named the record that could not be read".to_owned());
        }
    }

    /// The store's counts. A request of which both logs tell is counted once, unless what one of them noted of it was hit.
    fn counted(&mut self, history: &History, all: &[Incident], was_noted: bool) {
        let mut happened: BTreeMap<Name, u64> = BTreeMap::new();
        for failure in &history.failures {
            *happened.entry(name(failure)).or_default() += 1;
        }
        let of_both = |name: &Name| {
            let joined =
                history.joined.iter().filter(|place| self::name(&history.failures[**place]) == *name);
            if was_noted { 0 } else { joined.count() as u64 }
        };
        for (name, happened) in &happened {
            let counted = all.iter().filter(|one| name_of(one) == *name).map(|one| one.failed).sum::<u64>();
            if counted > *happened + of_both(name) {
                self.invented.push(format!("{counted} failures of {name:?} counted, {happened} happened"));
            }
            if counted < *happened {
                self.missing.push(format!("{counted} failures of {name:?} counted, {happened} happened"));
            }
        }
    }

    /// What a message says against what happened.
    fn facts(&mut self, history: &History, told: &LastAlert) {
        for name in told.names.iter().filter(|name| name.2 != UNDECODABLE) {
            if !history.failures.iter().any(|failure| self::name(failure) == *name) {
                self.invented.push(format!("{name:?} never failed"));
            }
        }
        let own: Vec<&Failure> = history.failures.iter().filter(|f| name(f) == told.names[0]).collect();
        if told.names[0].2 == UNDECODABLE {
            return;
        }
        let (alert, at) = (&told.alert, |failure: &&Failure| time(failure.at).to_string());
        let times: BTreeSet<String> = own.iter().map(at).collect();
        let routes: BTreeSet<&str> = own.iter().map(|failure| failure.route.as_str()).collect();
        let ids: BTreeSet<&str> = own.iter().map(|failure| failure.id.as_str()).collect();
        let lines: BTreeSet<String> = own.iter().flat_map(|failure| failure.lines()).collect();
        let mut unless = |is: bool, what: String| {
            if !is {
                self.altered.push(what);
            }
        };
        for field in ["first_failure", "last_failure"] {
            let said = text(&alert[field]);
            unless(times.contains(said), format!("{field} is {said}, not one of {times:?}"));
        }
        let failed = alert["failed"].as_u64().unwrap_or(0);
        let most = own.len() + history.joined.len();
        unless((1..=most as u64).contains(&failed), format!("{failed} failed, of {}", own.len()));
        for route in list(&alert["routes"]) {
            unless(routes.contains(text(&route["resource"])), format!("route {route}"));
        }
        for id in list(&alert["request_ids"]) {
            unless(ids.contains(text(id)), format!("request {id}"));
        }
        for evidence in list(&alert["evidence"]) {
            let line = text(&evidence["line"]);
            unless(lines.contains(line) || line == NOT_KEPT, format!("evidence {line}"));
        }
        let verdict = (text(&alert["verdict"]["tier"]), text(&alert["verdict"]["code"]));
        let of_half =
            history.half.as_ref().is_some_and(|half| told.names.iter().any(|name| name.0 == half.0));
        let sound =
            ["targets-unhealthy", ""].contains(&verdict.1) || (of_half && verdict.1 == "listener-missing");
        unless(sound, format!("the verdict {verdict:?}"));
        unless(text(&alert["account"]) == "111122223333", format!("account {}", alert["account"]));
    }

    /// The promises that each message can break by itself.
    fn kept(&mut self, history: &History, told: &[LastAlert]) {
        let mut hours: BTreeMap<i64, usize> = BTreeMap::new();
        for told in told {
            let at = Duration::try_from(told.at.duration_since(time(Duration::ZERO))).unwrap_or_default();
            let is_end = ["resolved", "merged"].contains(&told.status.as_str());
            let failing = |name: &&Name| history.is_broken(&name.0, &name.2, &name.3, at);
            let by_evidence =
                !text(&told.alert["incident"]["reason"]).contains("without confirming the repair");
            if told.status == "resolved" && by_evidence {
                let broken = told.names.iter().find(failing);
                self.unproven.extend(broken.map(|name| format!("{} ended, {name:?} is broken", told.key)));
            }
            let muted = history.silenced.as_ref().filter(|(_, until)| at < *until);
            if let Some((api, _)) = muted.filter(|(api, _)| told.names.iter().any(|name| name.0 == *api)) {
                self.unmuted
                    .extend((!is_end).then(|| format!("{api} is named by {} at {}", told.key, told.at)));
            }
            *hours.entry(told.at.as_second() / 3600).or_default() += usize::from(!is_end);
        }
        let flooded = hours.values().filter(|messages| **messages > 61);
        self.flooded.extend(flooded.map(|messages| format!("{messages} messages in an hour")));
    }

    /// Nothing is left open, uncovered or half done; every key that was triggered ends once, and none before or again.
    fn settled(&mut self, all: &Contents, told: &[LastAlert]) {
        for alert in all.alerts.iter().filter(|alert| alert.expires_at().is_none()) {
            self.unsettled.push(format!("{} is not over: {:?}", alert.id, alert.state));
        }
        for one in &all.incidents {
            if one.coverage.uncovered() > 0 || one.coverage.alert.is_some() {
                self.unsettled.push(format!("{} is not covered: {:?}", one.id, one.coverage));
            }
        }
        let mut keys: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        for told in told {
            let known = keys.get(told.key.as_str()).copied();
            match (told.status.as_str(), known) {
                // A crash between the announcement of a key and its message leaves both possible.
                ("merged", None) if self.struck > 0 => {}
                ("resolved" | "merged", None) => {
                    self.unsettled.push(format!("{} ended before it was opened", told.key))
                }
                (status @ ("resolved" | "merged"), Some(Some(before))) if status != before => {
                    self.unsettled.push(format!("{} ended twice: {before}, {status}", told.key));
                }
                (status @ ("resolved" | "merged"), _) => {
                    keys.insert(&told.key, Some(status));
                }
                (status, Some(Some(_))) => {
                    self.unsettled.push(format!("{} was triggered as {status} after its end", told.key));
                }
                (_, _) => {
                    keys.insert(&told.key, None);
                }
            }
        }
        for (key, _) in keys.iter().filter(|(_, end)| end.is_none()) {
            self.unsettled.push(format!("{key} never ended"));
        }
    }
}

/// What an alert quotes where a crash came before the lines were kept.
const NOT_KEPT: &str = "the lines of the failure were not kept; the log group has them";

/// API, stage, cause, and the host that is called: messages name it by its routes.
type Name = (String, String, String, String);

fn name(failure: &Failure) -> Name {
    let host = host(&failure.route).to_owned();
    (failure.api.clone(), "prod".to_owned(), failure.cause.to_owned(), host)
}

fn name_of(incident: &Incident) -> Name {
    let api = incident.source.api.as_ref().map(ToString::to_string).unwrap_or_default();
    let host = incident.routes.keys().next().map_or("", |route| host(&route.path)).to_owned();
    (api, incident.source.stage.clone().unwrap_or_default(), incident.cause.slug.to_owned(), host)
}

/// A message, read as a machine reads it.
struct LastAlert {
    at: Timestamp,
    key: String,
    status: String,
    /// What it names, its own first.
    names: Vec<Name>,
    routes: BTreeSet<String>,
    alert: Value,
}

impl LastAlert {
    fn read(sent: &Sent) -> Self {
        let alert: Value =
            serde_json::from_str(&sent.message.bodies["sqs"]).expect("a machine alert is JSON");
        let name = |of: &Value, cause: &Value| {
            let api = &of["api"];
            let host = list(&of["routes"]).first().map_or("", |route| host(text(&route["resource"])));
            let [id, stage] = [&api["id"], &api["stage"]].map(|part| text(part).to_owned());
            (id, stage, text(cause).to_owned(), host.to_owned())
        };
        let also = list(&alert["also_hit"]).iter().map(|hit| name(hit, &hit["cause"]));
        let names = [name(&alert, &alert["cause"]["slug"])].into_iter().chain(also).collect();
        let routes = list(&alert["routes"]).iter().map(|route| text(&route["resource"]).to_owned());
        Self {
            at: sent.at,
            key: text(&alert["incident"]["dedup_key"]).to_owned(),
            status: text(&alert["incident"]["status"]).to_owned(),
            names,
            routes: routes.collect(),
            alert,
        }
    }

    /// Whether it names this as failing. An end names what joined its alert; what the alert was opened for was named before.
    fn tells(&self, name: &Name) -> bool {
        let also = usize::from(self.status == "resolved");
        self.status != "merged" && self.names[also..].contains(name)
    }
}

/// Messages that name nothing which an earlier one of the same outbreak has not named, and ends told again.
fn doubled(told: &[LastAlert], back: Timestamp) -> usize {
    let mut known: BTreeSet<(bool, &Name, &str)> = BTreeSet::new();
    let mut ended: BTreeSet<(bool, &str)> = BTreeSet::new();
    let mut doubled = 0;
    for told in told {
        let again = told.at >= back;
        let news = if ["resolved", "merged"].contains(&told.status.as_str()) {
            ended.insert((again, told.key.as_str()))
        } else {
            let routes = told.routes.iter().map(|route| (again, &told.names[0], route.as_str()));
            let names = told.names.iter().map(|name| (again, name, ""));
            let named: Vec<_> = names.chain(routes).collect();
            named.into_iter().filter(|named| known.insert(*named)).count() > 0
        };
        doubled += usize::from(!news);
    }
    doubled
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
