//! A model of an incident's states, small enough to be right by reading, against the real function: random histories of
//! failures, redeliveries, silences and caretaker's rounds, over containers whose clocks disagree and go backwards.

use vpclink_responder::incidents::store;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::time::Instant;
use vpclink_responder::alerts::{Message, Publish, Published};
use vpclink_responder::aws::Accounts;
use vpclink_responder::aws::recorded::RecordedAccount;
use vpclink_responder::functions::Responder;
use vpclink_responder::functions::config::Config;
use vpclink_responder::incidents::store::Store;
use vpclink_responder::incidents::store::memory::MemoryStore;
use vpclink_responder::incidents::{Matcher, Silence};

use crate::losses::history::{History, MALFORMED, Via};
use crate::losses::world::time;

const SETTLING: u64 = 300;
const REPEAT: u64 = 3_600;
const RESOLVE_AFTER: u64 = 900;
const DAY: u64 = 86_400;

/// What happens next, to the only incident there is.
#[derive(Clone, Debug)]
enum Event {
    /// So many seconds pass.
    Wait(u64),
    /// A request of this route fails, and its lines reach this container.
    Fail { container: usize, route: u8 },
    /// The last delivery comes again.
    Again { container: usize },
    /// The caretaker's round.
    SweepReport,
    /// Nobody wants to hear of it for so many seconds.
    Silence(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let wait = prop_oneof![7..120u64, 200..1_200u64, 3_000..5_000u64, 80_000..100_000u64];
    prop_oneof![
        6 => wait.prop_map(Event::Wait),
        6 => (0..CONTAINERS, 0..4u8).prop_map(|(container, route)| Event::Fail { container, route }),
        1 => (0..CONTAINERS).prop_map(|container| Event::Again { container }),
        6 => Just(Event::SweepReport),
        1 => (60..3_000u64).prop_map(Event::Silence),
    ]
}

const CONTAINERS: usize = 3;

/// The model: what was told last, and what has happened since.
#[derive(Clone, Debug, Default)]
struct Model {
    known: Option<Known>,
    silenced_until: u64,
}

#[derive(Clone, Debug)]
struct Known {
    failed_at: u64,
    routes: BTreeSet<u8>,
    told: Option<LastAlert>,
    /// A silence that was met: until then nobody looks.
    held_until: u64,
}

#[derive(Clone, Debug)]
struct LastAlert {
    status: &'static str,
    at: u64,
    routes: usize,
    escalations: u32,
}

impl Model {
    fn fail(&mut self, now: u64, route: u8) -> Option<&'static str> {
        self.forget(now);
        let opened = || Known { failed_at: now, routes: BTreeSet::new(), told: None, held_until: 0 };
        let known = self.known.get_or_insert_with(opened);
        known.failed_at = now;
        known.routes.insert(route);
        self.news(now)
    }

    /// What expired is forgotten: a day after its end.
    fn forget(&mut self, now: u64) {
        let over = |known: &Known| {
            known.told.as_ref().is_some_and(|told| {
                told.status == "resolved" && known.failed_at <= told.at && told.at + DAY <= now
            })
        };
        if self.known.as_ref().is_some_and(over) {
            self.known = None;
        }
    }

    /// What has to be told of failures.
    fn news(&mut self, now: u64) -> Option<&'static str> {
        let known = self.known.as_mut()?;
        if known.held_until > now {
            return None;
        }
        let status = match &known.told {
            None => "open",
            Some(told) if known.failed_at <= told.at => return None,
            Some(told) if told.status == "resolved" => "regressed",
            Some(told) => {
                let since = now - told.at;
                let grown = known.routes.len() > told.routes;
                let patience = (SETTLING << told.escalations.min(8)).min(REPEAT);
                if grown && since >= patience {
                    "escalated"
                } else if since >= REPEAT {
                    "ongoing"
                } else {
                    return None;
                }
            }
        };
        self.tell(now, status)
    }

    fn care(&mut self, now: u64) -> Option<&'static str> {
        self.forget(now);
        let news = self.news(now);
        let known = self.known.as_ref()?;
        let open = known.told.as_ref().is_some_and(|told| told.status != "resolved");
        let free = known.held_until <= now;
        if news.is_none() && open && free && now >= known.failed_at + RESOLVE_AFTER {
            return self.tell(now, "resolved");
        }
        news
    }

    fn tell(&mut self, now: u64, status: &'static str) -> Option<&'static str> {
        let known = self.known.as_mut()?;
        if self.silenced_until > now {
            known.held_until = self.silenced_until;
            return None;
        }
        let before = known.told.as_ref().map_or(0, |told| told.escalations);
        let escalations = match status {
            "escalated" => before + 1,
            "ongoing" => before,
            _ => 0,
        };
        known.told = Some(LastAlert { status, at: now, routes: known.routes.len(), escalations });
        Some(status)
    }
}

/// Messages' statuses, and the true time of each.
type Sent = Arc<Mutex<Vec<(u64, String)>>>;

struct Topic {
    sent: Sent,
    clock: Arc<Mutex<u64>>,
}

impl Publish for Topic {
    fn publish<'a>(&'a self, message: &'a Message) -> Published<'a> {
        let status = message.attributes["status"].clone();
        self.sent.lock().unwrap().push((*self.clock.lock().unwrap(), status));
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A store that several containers share.
struct Shared(Arc<MemoryStore>);

macro_rules! share {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        impl Store for Shared {
            $(fn $name<'a>(&'a self, $($argument: $type),*) -> store::Stored<'a, $answer> {
                self.0.$name($($argument),*)
            })*
        }
    };
}

use vpclink_responder::causes::Diagnosis;
use vpclink_responder::incidents::store::Release;
use vpclink_responder::incidents::{FailureGroup, Fingerprint, Incident, Lease};

share! {
    count(news: &'a FailureGroup, now: Timestamp) -> Incident;
    read(fingerprints: &'a [Fingerprint], now: Timestamp) -> Vec<Incident>;
    all(now: Timestamp) -> Vec<Incident>;
    claim(seen: &'a Incident, lease: &'a Lease, now: Timestamp) -> bool;
    settle(fingerprint: &'a Fingerprint, owner: &'a str, settled: &'a Release) -> ();
    join(page: &'a Fingerprint, member: &'a Incident, now: Timestamp) -> Incident;
    keep(fingerprint: &'a Fingerprint, example: &'a Diagnosis, now: Timestamp) -> ();
    kept(fingerprint: &'a Fingerprint) -> Option<Diagnosis>;
    silences() -> Vec<Silence>;
    change_silences(change: &'a (dyn Fn(Vec<Silence>) -> Vec<Silence> + Send + Sync)) -> Vec<Silence>;
}

/// The real function: several containers, the last of them the caretaker's.
struct Real {
    clock: Arc<Mutex<u64>>,
    sent: Sent,
    store: Arc<MemoryStore>,
    containers: Vec<Responder>,
    history: History,
}

impl Real {
    /// Containers whose clocks are off by these seconds; each time it is read, a clock is off otherwise.
    fn new(skews: &'static [i64]) -> Self {
        let (clock, sent) = (Arc::new(Mutex::new(0)), Sent::default());
        let store = Arc::new(MemoryStore::default());
        let config = Config::read(|name| match name {
            "ALERT_TOPIC_ARN" => Some("arn:aws:sns:eu-west-1:111122223333:alerts".to_owned()),
            "REPEAT_INTERVAL" => Some(format!("{REPEAT}s")),
            "RESOLVE_AFTER" => Some(format!("{RESOLVE_AFTER}s")),
            _ => None,
        });
        let container = |number: usize| {
            let (clock, reads) = (Arc::clone(&clock), Mutex::new(number));
            let topic = Topic { sent: Arc::clone(&sent), clock: Arc::clone(&clock) };
            let now = move || {
                let mut reads = reads.lock().unwrap();
                *reads += 1;
                let skew = SignedDuration::from_secs(skews[*reads % skews.len()]);
                time(Duration::from_secs(*clock.lock().unwrap())).checked_add(skew).unwrap()
            };
            let accounts = Accounts::new(Arc::new(RecordedAccount::default()), None);
            let store = Box::new(Shared(Arc::clone(&store)));
            let name = format!("container-{number}");
            Responder::new(config.clone().unwrap(), accounts, store, Box::new(topic), Box::new(now), name)
        };
        let containers = (0..=CONTAINERS).map(container).collect();
        Self { clock, sent, store, containers, history: History::default() }
    }

    fn now(&self) -> u64 {
        *self.clock.lock().unwrap()
    }

    /// Lets an event happen; the statuses of the messages that it set off.
    async fn happen(&mut self, event: &Event) -> Vec<String> {
        let before = self.sent.lock().unwrap().len();
        let deadline = Instant::now() + Duration::from_secs(60);
        match event {
            Event::Wait(seconds) => *self.clock.lock().unwrap() += seconds,
            Event::Fail { container, route } => {
                let at = Duration::from_secs(self.now());
                let document = self.history.fail("a1b2c3d4e5", MALFORMED, &format!("/{route}"), at, 1);
                self.history.subscription(at, &document);
                self.deliver(*container, deadline).await;
            }
            Event::Again { container } => self.deliver(*container, deadline).await,
            Event::SweepReport => {
                self.containers[CONTAINERS].care(deadline).await.unwrap();
            }
            Event::Silence(seconds) => {
                let until = time(Duration::from_secs(self.now() + seconds));
                let matcher = Matcher { api: Some("a1b2c3d4e5".to_owned()), ..Matcher::default() };
                let silence = Silence { id: "s-1".to_owned(), matcher, until };
                self.store.change_silences(&|_| vec![silence.clone()]).await.unwrap();
            }
        }
        self.sent.lock().unwrap()[before..].iter().map(|(_, status)| status.clone()).collect()
    }

    async fn deliver(&self, container: usize, deadline: Instant) {
        let Some(payload) = self.history.payloads.last() else { return };
        let Via::Subscription(event) = &payload.via else { return };
        self.containers[container].respond(event, deadline).await.unwrap();
    }
}

fn in_time<T>(future: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(future)
}

/// The model's answer to an event.
fn expected(model: &mut Model, event: &Event, now: u64, last_route: &mut Option<u8>) -> Vec<String> {
    let told = match event {
        Event::Wait(_) => None,
        Event::Fail { route, .. } => {
            *last_route = Some(*route);
            model.fail(now, *route)
        }
        // It is not counted again, but what is overdue may be told; what was forgotten is new.
        Event::Again { .. } => match (*last_route, model.known.is_some()) {
            (Some(route), _)
                if {
                    model.forget(now);
                    model.known.is_none()
                } =>
            {
                model.fail(now, route)
            }
            (Some(_), true) => model.news(now),
            _ => None,
        },
        Event::SweepReport => model.care(now),
        Event::Silence(seconds) => {
            model.silenced_until = now + seconds;
            None
        }
    };
    told.into_iter().map(str::to_owned).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_function_does_what_the_model_does(events in vec(event(), 1..60)) {
        in_time(async {
            let (mut real, mut model, mut last_route) = (Real::new(&[0]), Model::default(), None);
            for (place, event) in events.iter().enumerate() {
                let sent = real.happen(event).await;
                let expected = expected(&mut model, event, real.now(), &mut last_route);
                prop_assert_eq!(&sent, &expected, "event {} of {:?}", place, &events[..=place]);
            }
            Ok(())
        })?;
    }

    #[test]
    fn clocks_that_disagree_break_no_promise(events in vec(event(), 1..60)) {
        const SKEWS: &[i64] = &[0, 4, -5, 2, -3, 5, -1];
        in_time(async {
            let mut real = Real::new(SKEWS);
            for event in &events {
                real.happen(event).await;
            }
            // Time goes on, and nothing fails any more.
            for _ in 0..120 {
                real.happen(&Event::Wait(60)).await;
                real.happen(&Event::SweepReport).await;
            }
            promises(&real)
        })?;
    }
}

/// What holds whatever the clocks say: seconds by which two of them may differ are the only tolerance.
fn promises(real: &Real) -> Result<(), TestCaseError> {
    const OFF: u64 = 10;
    let sent = real.sent.lock().unwrap();
    let mut before: Option<(u64, &str)> = None;
    for (at, status) in sent.iter() {
        let open = before.is_some_and(|(_, status)| status != "resolved");
        let since = before.map_or(u64::MAX, |(before, _)| at - before);
        match status.as_str() {
            "resolved" => prop_assert!(open, "resolved without open: {:?}", sent),
            "open" | "regressed" => prop_assert!(!open, "opened twice: {:?}", sent),
            "escalated" => prop_assert!(since + OFF >= SETTLING, "escalated too soon: {:?}", sent),
            "ongoing" => prop_assert!(since + OFF >= REPEAT, "reminded too soon: {:?}", sent),
            other => prop_assert!(false, "{} is no such status", other),
        }

        before = Some((*at, status));
    }
    let all = real.store.all(time(Duration::from_secs(real.now()))).now_or_never().unwrap().unwrap();
    for incident in &all {
        prop_assert!(!incident.is_open() && incident.told.is_some(), "left open: {:?}", incident);
        prop_assert!(incident.lease.is_none(), "held: {:?}", incident);
    }
    Ok(())
}
