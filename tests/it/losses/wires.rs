//! The store, the account and the topic as a container reaches them: over wires that fail.

use async_trait::async_trait;
use futures_util::FutureExt;
use jiff::Timestamp;
use vpclink_responder::alerts::{Message, Publish, PublishError, Published};
use vpclink_responder::aws::{Account, Answered, Query, ReadError};
use vpclink_responder::causes::Diagnosis;
use vpclink_responder::incidents::ledger::Charge;
use vpclink_responder::incidents::store::memory::MemoryStore;
use vpclink_responder::incidents::store::{Contents, Store, StoreError, Stored, Written};
use vpclink_responder::incidents::{
    AlertId, AlertRecord, Coverage, CoverageChange, FailureGroup, Fingerprint, Incident, Silence,
};
use vpclink_responder::logs::LogWriters;

use super::access;
use super::world::{EPOCH, Sent, Wire, World};

/// Where it fails, a request of both logs may be counted twice.
pub(crate) const NOTE: &str = "store: note requests";

impl Wire {
    /// Asks the store; memory answers at once.
    fn store<'a, T: Send + 'static>(
        &'a self,
        effect: &'static str,
        act: impl FnOnce(&MemoryStore) -> Result<T, StoreError> + Send + 'static,
    ) -> Stored<'a, T> {
        Box::pin(self.through(effect, move |world| act(&world.store), StoreError))
    }
}

impl Store for Wire {
    fn count<'a>(&'a self, news: &'a FailureGroup, now: Timestamp) -> Stored<'a, Incident> {
        let news = news.clone();
        self.store("store: count", move |store| done(store.count(&news, now)))
    }

    fn read<'a>(&'a self, fingerprints: &'a [Fingerprint], now: Timestamp) -> Stored<'a, Vec<Incident>> {
        let fingerprints = fingerprints.to_vec();
        self.store("store: read", move |store| done(store.read(&fingerprints, now)))
    }

    fn all(&self, now: Timestamp) -> Stored<'_, Contents> {
        self.store("store: all", move |store| done(store.all(now)))
    }

    fn alert<'a>(&'a self, id: &'a AlertId) -> Stored<'a, Option<AlertRecord>> {
        let id = id.clone();
        self.store("store: alert", move |store| done(store.alert(&id)))
    }

    fn write<'a>(&'a self, seen: Option<u64>, alert: &'a AlertRecord) -> Stored<'a, Written> {
        let alert = alert.clone();
        self.store("store: write", move |store| done(store.write(seen, &alert)))
    }

    fn delete<'a>(&'a self, id: &'a AlertId, version: u64) -> Stored<'a, ()> {
        let id = id.clone();
        self.store("store: delete", move |store| done(store.delete(&id, version)))
    }

    fn change<'a>(
        &'a self,
        fingerprint: &'a Fingerprint,
        change: &'a CoverageChange,
    ) -> Stored<'a, Option<Coverage>> {
        let (fingerprint, change) = (fingerprint.clone(), change.clone());
        self.store("store: change", move |store| done(store.change(&fingerprint, &change)))
    }

    fn root<'a>(&'a self, root: &'a Fingerprint) -> Stored<'a, Option<AlertId>> {
        let root = root.clone();
        self.store("store: root", move |store| done(store.root(&root)))
    }

    fn take_root<'a>(
        &'a self,
        root: &'a Fingerprint,
        seen: Option<&'a AlertId>,
        alert: &'a AlertId,
        now: Timestamp,
    ) -> Stored<'a, bool> {
        let (root, seen, alert) = (root.clone(), seen.cloned(), alert.clone());
        self.store("store: take root", move |store| done(store.take_root(&root, seen.as_ref(), &alert, now)))
    }

    fn charge<'a>(&'a self, charge: &'a Charge, now: Timestamp) -> Stored<'a, bool> {
        let charge = charge.clone();
        self.store("store: charge", move |store| done(store.charge(&charge, now)))
    }

    fn save_example<'a>(
        &'a self,
        fingerprint: &'a Fingerprint,
        example: &'a Diagnosis,
        now: Timestamp,
    ) -> Stored<'a, ()> {
        let (fingerprint, example) = (fingerprint.clone(), example.clone());
        self.store("store: save example", move |store| done(store.save_example(&fingerprint, &example, now)))
    }

    fn load_examples<'a>(&'a self, incident: &'a Incident) -> Stored<'a, Vec<Diagnosis>> {
        let incident = incident.clone();
        self.store("store: load examples", move |store| done(store.load_examples(&incident)))
    }

    fn log_writers<'a>(&'a self, group: &'a str) -> Stored<'a, Option<LogWriters>> {
        let group = group.to_owned();
        self.store("store: log writers", move |store| done(store.log_writers(&group)))
    }

    fn save_log_writers<'a>(
        &'a self,
        group: &'a str,
        writers: Option<&'a LogWriters>,
        now: Timestamp,
    ) -> Stored<'a, ()> {
        let (group, writers) = (group.to_owned(), writers.cloned());
        self.store("store: save log writers", move |store| {
            done(store.save_log_writers(&group, writers.as_ref(), now))
        })
    }

    fn note_requests<'a>(
        &'a self,
        stage: &'a str,
        of_access_log: bool,
        requests: &'a [u64],
        now: Timestamp,
    ) -> Stored<'a, Vec<u64>> {
        let (stage, requests) = (stage.to_owned(), requests.to_vec());
        self.store(NOTE, move |store| done(store.note_requests(&stage, of_access_log, &requests, now)))
    }

    fn silences(&self) -> Stored<'_, Vec<Silence>> {
        self.store("store: silences", |store| done(store.silences()))
    }

    fn change_silences<'a>(
        &'a self,
        change: &'a (dyn Fn(Vec<Silence>) -> Vec<Silence> + Send + Sync),
    ) -> Stored<'a, Vec<Silence>> {
        // People change silences, by the command line; containers only read them.
        self.world.store.change_silences(change)
    }
}

fn done<T>(stored: Stored<'_, T>) -> Result<T, StoreError> {
    stored.now_or_never().expect("memory answers at once")
}

#[async_trait]
impl Account for Wire {
    async fn ask(&self, question: &Query) -> Answered {
        let mut asked = question.clone();
        if let Query::Metrics(of) = &mut asked {
            // The file holds the metrics of one minute, in which nothing was counted; so it is in every other.
            of.failed = Timestamp::from_second(EPOCH + 180).expect("a moment of our time");
        }
        if let Query::HttpLogWriters(group) = &mut asked {
            *group = access::asked_then(group, self.world.now());
        }
        let act = move |world: &World| {
            let answer = world.account().ask(&asked).now_or_never().expect("a file answers at once");
            answer.map(|(answer, _)| (answer, world.now()))
        };
        self.through(question.call(), act, ReadError::Unreachable).await
    }
}

/// More than any history has: what sends them would go on for days.
const MOST_MESSAGES: usize = 2_000;

impl Publish for Wire {
    fn publish<'a>(&'a self, message: &'a Message) -> Published<'a> {
        let message = message.clone();
        let act = move |world: &World| {
            let mut sent = world.sent.lock().unwrap();
            assert!(sent.len() < MOST_MESSAGES, "messages without end");
            sent.push(Sent { at: world.now(), message });
            Ok(())
        };
        let error = |reason| PublishError { target: "the topic".to_owned(), reason, is_final: false };
        Box::pin(self.through("sns: publish", act, error))
    }
}
