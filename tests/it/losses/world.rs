//! What containers share: the store, the topic, the account and the clock, and what goes wrong with each.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use vpclink_responder::alerts::Message;
use vpclink_responder::aws::recorded::RecordedAccount;
use vpclink_responder::incidents::store::Store;
use vpclink_responder::incidents::store::memory::MemoryStore;

use super::faults::{Actor, Dice, Kind, Site, Strike};

/// 2026-11-22T14:00:00Z.
pub(crate) const EPOCH: i64 = 1_795_356_000;

/// How long a throttle lasts.
const THROTTLED: Duration = Duration::from_secs(20);

/// What was published, and when.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) at: Timestamp,
    pub(crate) message: Message,
}

/// Everything outside the containers.
pub(crate) struct World {
    started: Instant,
    ended: Mutex<Option<Duration>>,
    pub(crate) store: MemoryStore,
    pub(crate) sent: Mutex<Vec<Sent>>,
    /// The account while it is broken, and when it was repaired.
    accounts: Arc<Vec<RecordedAccount>>,
    /// When the account is repaired: from, to; the second time as the third account has it, where there is one.
    pub(crate) whole: Vec<(Duration, Duration)>,
    plan: Vec<Strike>,
    throttled: Mutex<BTreeMap<&'static str, Instant>>,
    /// Every call, in order.
    pub(crate) calls: Mutex<Vec<Site>>,
    /// Calls that a fault hit.
    pub(crate) struck: Mutex<Vec<Site>>,
    pub(crate) dice: Mutex<Dice>,
}

impl World {
    pub(crate) fn new(accounts: Arc<Vec<RecordedAccount>>, plan: Vec<Strike>, seed: u64) -> Self {
        Self {
            started: Instant::now(),
            ended: Mutex::default(),
            store: MemoryStore::default(),
            sent: Mutex::default(),
            accounts,
            whole: Vec::new(),
            plan,
            throttled: Mutex::default(),
            calls: Mutex::default(),
            struck: Mutex::default(),
            dice: Mutex::new(Dice::new(seed)),
        }
    }

    fn elapsed(&self) -> Duration {
        self.ended.lock().unwrap().unwrap_or_else(|| self.started.elapsed())
    }

    /// Stops the clock: what is asked later is asked as of now.
    pub(crate) fn end(&self) {
        let elapsed = self.elapsed();
        *self.ended.lock().unwrap() = Some(elapsed);
    }

    pub(crate) fn now(&self) -> Timestamp {
        time(self.elapsed())
    }

    /// This long after the start.
    pub(crate) fn at(&self, since_start: Duration) -> Instant {
        self.started + since_start
    }

    pub(crate) fn roll(&self, below: u64) -> u64 {
        self.dice.lock().unwrap().below(below)
    }

    pub(crate) fn account(&self) -> &RecordedAccount {
        let now = self.elapsed();
        let whole = self.whole.iter().position(|(from, to)| (*from..*to).contains(&now));
        let last = self.accounts.len() - 1;
        &self.accounts[whole.map_or(0, |time| (time + 1).min(last))]
    }

    /// Failures that the store has counted.
    pub(crate) fn counted(&self) -> u64 {
        let all = self.store.all(self.now()).now_or_never().expect("memory answers at once");
        all.expect("memory can always be reached").incidents.iter().map(|incident| incident.failed).sum()
    }

    /// What happens to the next call of this effect.
    fn fate(&self, effect: &'static str, post: &Post) -> Option<Kind> {
        let (actor, attempt) = post.doing.lock().unwrap().expect("only invocations have effects");
        let nth = {
            let mut made = post.made.lock().unwrap();
            let made = made.entry(effect).or_default();
            *made += 1;
            *made
        };
        let site = Site { effect, actor, nth };
        self.calls.lock().unwrap().push(site);
        let kind = self.plan.iter().find(|strike| strike.hits(effect, actor, attempt, nth)).map(|s| s.kind);
        let mut throttled = self.throttled.lock().unwrap();
        if kind == Some(Kind::Throttled) {
            throttled.insert(effect, Instant::now() + THROTTLED);
        }
        let late = throttled.get(effect).is_some_and(|until| Instant::now() < *until);
        let kind = kind.or(late.then_some(Kind::Throttled));
        if kind.is_some() {
            self.struck.lock().unwrap().push(site);
        }
        kind
    }
}

/// A moment of the history.
pub(crate) fn time(since_start: Duration) -> Timestamp {
    let start = Timestamp::from_second(EPOCH).expect("a moment of our time");
    start.checked_add(since_start).expect("a moment of our time")
}

/// A container's place in the world: what it is doing, and whether it lives.
#[derive(Default)]
pub(crate) struct Post {
    pub(crate) doing: Mutex<Option<(Actor, usize)>>,
    pub(crate) made: Mutex<BTreeMap<&'static str, usize>>,
    pub(crate) killed: Notify,
    pub(crate) dead: AtomicBool,
    pub(crate) busy: AtomicBool,
    pub(crate) skew: SignedDuration,
}

impl Post {
    pub(crate) fn begin(&self, actor: Actor, attempt: usize) {
        *self.doing.lock().unwrap() = Some((actor, attempt));
        self.made.lock().unwrap().clear();
    }

    fn kill(&self) {
        self.dead.store(true, Ordering::Relaxed);
        self.killed.notify_one();
    }
}

/// One container's way to everything outside.
#[derive(Clone)]
pub(crate) struct Wire {
    pub(crate) world: Arc<World>,
    pub(crate) post: Arc<Post>,
}

impl Wire {
    /// Does something outside, or fails at it. What is slow is done when whoever asked is long gone.
    pub(crate) async fn through<T: Send + 'static, E: Send + 'static>(
        &self,
        effect: &'static str,
        act: impl FnOnce(&World) -> Result<T, E> + Send + 'static,
        error: impl FnOnce(String) -> E,
    ) -> Result<T, E> {
        let world = Arc::clone(&self.world);
        let kind = world.fate(effect, &self.post);
        sleep(Duration::from_millis(1 + world.roll(30))).await;
        match kind {
            None => act(&world),
            Some(Kind::Late) => {
                sleep(Duration::from_millis(50 + world.roll(4950))).await;
                act(&world)
            }
            Some(Kind::ErrorBefore) => Err(error("InternalServerError: try again".to_owned())),
            Some(Kind::Throttled) => Err(error("ThrottlingException: rate exceeded".to_owned())),
            Some(Kind::ErrorAfter) => {
                let _ = act(&world);
                Err(error("InternalServerError: try again".to_owned()))
            }
            Some(Kind::Slow) => {
                tokio::spawn(async move {
                    sleep(Duration::from_secs(70)).await;
                    let _ = act(&world);
                });
                std::future::pending().await
            }
            Some(Kind::Killed) => {
                self.post.kill();
                std::future::pending().await
            }
            Some(Kind::KilledAfter) => {
                let _ = act(&world);
                self.post.kill();
                std::future::pending().await
            }
            Some(Kind::ReplyLost) => {
                let _ = act(&world);
                std::future::pending().await
            }
        }
    }
}
