//! The store, the account and the topic as a container reaches them: over wires that fail.

use futures_util::FutureExt;
use jiff::Timestamp;
use vpclink_responder::alerts::{Message, Publish, PublishError, Published};
use vpclink_responder::aws::{Account, Asked, Query, ReadError};
use vpclink_responder::causes::Diagnosis;
use vpclink_responder::incidents::store::memory::MemoryStore;
use vpclink_responder::incidents::store::{Release, Store, StoreError, Stored};
use vpclink_responder::incidents::{FailureGroup, Fingerprint, Incident, Lease, Silence};

use super::world::{EPOCH, Sent, Wire, World};

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

    fn all(&self, now: Timestamp) -> Stored<'_, Vec<Incident>> {
        self.store("store: all", move |store| done(store.all(now)))
    }

    fn claim<'a>(&'a self, seen: &'a Incident, lease: &'a Lease, now: Timestamp) -> Stored<'a, bool> {
        let (seen, lease) = (seen.clone(), lease.clone());
        self.store("store: claim", move |store| done(store.claim(&seen, &lease, now)))
    }

    fn settle<'a>(
        &'a self,
        fingerprint: &'a Fingerprint,
        owner: &'a str,
        settled: &'a Release,
    ) -> Stored<'a, ()> {
        let (fingerprint, owner, settled) = (fingerprint.clone(), owner.to_owned(), settled.clone());
        self.store("store: settle", move |store| done(store.settle(&fingerprint, &owner, &settled)))
    }

    fn join<'a>(
        &'a self,
        page: &'a Fingerprint,
        member: &'a Incident,
        now: Timestamp,
    ) -> Stored<'a, Incident> {
        let (page, member) = (page.clone(), member.clone());
        self.store("store: join", move |store| done(store.join(&page, &member, now)))
    }

    fn keep<'a>(
        &'a self,
        fingerprint: &'a Fingerprint,
        example: &'a Diagnosis,
        now: Timestamp,
    ) -> Stored<'a, ()> {
        let (fingerprint, example) = (fingerprint.clone(), example.clone());
        self.store("store: keep", move |store| done(store.keep(&fingerprint, &example, now)))
    }

    fn kept<'a>(&'a self, fingerprint: &'a Fingerprint) -> Stored<'a, Option<Diagnosis>> {
        let fingerprint = fingerprint.clone();
        self.store("store: kept", move |store| done(store.kept(&fingerprint)))
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

impl Account for Wire {
    fn ask<'a>(&'a self, question: &'a Query) -> Asked<'a> {
        let mut asked = question.clone();
        if let Query::Metrics(of) = &mut asked {
            // The file holds the metrics of one minute, in which nothing was counted; so it is in every other.
            of.failed = Timestamp::from_second(EPOCH + 180).expect("a moment of our time");
        }
        let act = move |world: &World| {
            let answer = world.account().ask(&asked).now_or_never().expect("a file answers at once");
            answer.map(|(answer, _)| (answer, world.now()))
        };
        Box::pin(self.through(question.call(), act, ReadError::Unreachable))
    }
}

impl Publish for Wire {
    fn publish<'a>(&'a self, message: &'a Message) -> Published<'a> {
        let message = message.clone();
        let act = move |world: &World| {
            world.sent.lock().unwrap().push(Sent { at: world.now(), message });
            Ok(())
        };
        let error = |reason| PublishError { target: "the topic".to_owned(), reason };
        Box::pin(self.through("sns: publish", act, error))
    }
}
