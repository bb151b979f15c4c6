//! An emulated Lambda service: containers that are reused, die and are replaced; retries, time-outs, checkpoints of a
//! stream, a failure queue; and a caretaker on a schedule.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use vpclink_responder::aws::{Accounts, CachedAccount};
use vpclink_responder::functions::config::Config;
use vpclink_responder::functions::{Outcome, Responder};
use vpclink_responder::incidents::store::Store;
use vpclink_responder::incidents::{Matcher, Silence};
use vpclink_responder::logs::LogWriters;

use super::faults::Actor;
use super::history::{History, Payload, Via};
use super::proof::Plan;
use super::world::{Post, Wire, World, time};

/// The function's time-out, as the template sets it.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Waits before the second and third attempt of an asynchronous invocation.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
const RETRIES: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];

/// Attempts for records of a stream, as long as none of them gets through.
const STREAM_ATTEMPTS: usize = 4;

/// Containers at a time.
const CONTAINERS: usize = 4;

struct Container {
    responder: Responder,
    post: Arc<Post>,
}

/// The service, with the containers that it has started.
pub(crate) struct Lambda {
    world: Arc<World>,
    most: usize,
    containers: RefCell<Vec<Rc<Container>>>,
    made: RefCell<usize>,
    /// The longest that a container's clock is off.
    skew: Duration,
    failure_queue: RefCell<Vec<(usize, Via)>>,
}

/// What an invocation answers; `None` where it failed, timed out or died.
pub(crate) type Answer<T> = Option<T>;

impl Lambda {
    pub(crate) fn new(world: &Arc<World>, plan: &Plan, most: usize) -> Self {
        Self {
            world: Arc::clone(world),
            most,
            containers: RefCell::default(),
            made: RefCell::default(),
            skew: plan.skew,
            failure_queue: RefCell::default(),
        }
    }

    /// Starts as many containers as there may be.
    pub(crate) fn start_all(&self) {
        let all = (0..self.most).map(|_| self.container()).collect();
        self.containers.replace(all);
    }

    /// Hands an event to the container whose turn it is, once that is free.
    pub(crate) async fn respond_in(&self, turn: usize, actor: Actor, event: &[u8]) -> Answer<Outcome> {
        let container = Rc::clone(&self.containers.borrow()[turn % self.most]);
        while container.post.busy.swap(true, Ordering::Relaxed) {
            sleep(Duration::from_millis(10)).await;
        }
        let respond = async |responder: &Responder, deadline| responder.respond(event, deadline).await;
        self.invoke(actor, 1, &container, respond).await
    }

    fn container(&self) -> Rc<Container> {
        let number = self.made.replace_with(|made| *made + 1);
        let skew = i64::try_from(self.world.roll(2 * self.skew.as_millis() as u64 + 1)).unwrap();
        let skew = SignedDuration::from_millis(skew - i64::try_from(self.skew.as_millis()).unwrap());
        let post = Arc::new(Post { skew, ..Post::default() });
        let wire = Wire { world: Arc::clone(&self.world), post: Arc::clone(&post) };
        let config = Config::read(|name| match name {
            "ALERT_TOPIC_ARN" => Some("arn:aws:sns:eu-west-1:111122223333:alerts".to_owned()),
            "AWS_REGION" => Some("eu-west-1".to_owned()),
            "INCIDENT_TABLE" => Some("incidents".to_owned()),
            _ => None,
        });
        let world = Arc::clone(&self.world);
        let now = Box::new(move || world.now().checked_add(skew).unwrap());
        let accounts = Accounts::new(Arc::new(CachedAccount::new(wire.clone())), None);
        let responder = Responder::new(
            config.unwrap(),
            accounts,
            Box::new(wire.clone()),
            Box::new(wire),
            now,
            format!("container-{number}"),
        );
        Rc::new(Container { responder, post })
    }

    /// A container that is free, as Lambda chooses: any; a new one where all are busy.
    async fn free(&self) -> Rc<Container> {
        loop {
            self.containers.borrow_mut().retain(|one| !one.post.dead.load(Ordering::Relaxed));
            let free: Vec<_> =
                self.containers.borrow().iter().filter(|one| !one.is_busy()).cloned().collect();
            let all = self.containers.borrow().len();
            let chosen = if free.is_empty() { 0 } else { self.world.roll(free.len() as u64) };
            let container = match free.get(usize::try_from(chosen).unwrap()) {
                Some(container) => Rc::clone(container),
                None if all < self.most => {
                    let container = self.container();
                    self.containers.borrow_mut().push(Rc::clone(&container));
                    container
                }
                None => {
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            container.post.busy.store(true, Ordering::Relaxed);
            return container;
        }
    }

    async fn invoke<T>(
        &self,
        actor: Actor,
        attempt: usize,
        container: &Container,
        run: impl AsyncFnOnce(&Responder, Instant) -> anyhow::Result<T>,
    ) -> Answer<T> {
        container.post.begin(actor, attempt);
        let deadline = Instant::now() + TIMEOUT;
        let lived = async {
            tokio::select! {
                biased;
                () = container.post.killed.notified() => None,
                answer = run(&container.responder, deadline) => answer.ok(),
            }
        };
        let answered = timeout_at(deadline, lived).await;
        if answered.is_err() {
            // A container that timed out is reset.
            container.post.dead.store(true, Ordering::Relaxed);
        }
        container.post.busy.store(false, Ordering::Relaxed);
        answered.ok().flatten()
    }

    async fn respond(&self, actor: Actor, attempt: usize, event: &[u8]) -> Answer<Outcome> {
        let container = self.free().await;
        self.invoke(actor, attempt, &container, async |responder, deadline| {
            responder.respond(event, deadline).await
        })
        .await
    }

    /// Delivers a payload until it is taken, or gives it to the failure queue.
    async fn deliver(&self, number: usize, via: Via, first_attempt: usize) {
        let left = match via {
            Via::Subscription(event) => self.deliver_event(number, event, first_attempt).await,
            Via::Stream(records) => self.deliver_records(number, records, first_attempt).await,
        };
        if let Some(left) = left {
            self.failure_queue.borrow_mut().push((number, left));
        }
    }

    async fn deliver_event(&self, number: usize, event: Vec<u8>, first_attempt: usize) -> Option<Via> {
        for (attempt, pause) in (first_attempt..).zip([Duration::ZERO, RETRIES[0], RETRIES[1]]) {
            sleep(pause).await;
            if self.respond(Actor::Payload(number), attempt, &event).await.is_some() {
                return None;
            }
        }
        Some(Via::Subscription(event))
    }

    /// A stream's checkpoint moves to the first record that failed; a batch whose invocation failed comes again whole.
    async fn deliver_records(&self, number: usize, records: Vec<Value>, first_attempt: usize) -> Option<Via> {
        let mut records = records;
        for attempt in (first_attempt..).take(STREAM_ATTEMPTS) {
            let event = json!({ "Records": records }).to_string().into_bytes();
            let outcome = self.respond(Actor::Payload(number), attempt, &event).await;
            if let Some(outcome) = outcome {
                let failed = outcome.failed_records.unwrap_or_default();
                let number = |record: &Value| record["kinesis"]["sequenceNumber"].as_str().map(str::to_owned);
                let first = records
                    .iter()
                    .position(|record| failed.iter().any(|f| number(record).as_ref() == Some(f)));
                records.drain(..first?);
            }
            sleep(Duration::from_secs(1 << attempt.min(5))).await;
        }
        Some(Via::Stream(records))
    }

    /// The caretaker's rounds, one a minute; a round that is still running is let be, as its concurrency of one has it.
    pub(crate) async fn care(&self, rounds: usize, kept: &[(usize, Vec<(String, LogWriters)>)]) {
        let mut container = self.container();
        for round in 0..rounds {
            sleep_until(self.world.at(Duration::from_secs(60 * (round as u64 + 1)))).await;
            if container.post.dead.load(Ordering::Relaxed) {
                container = self.container();
            }
            if let Some((_, writers)) = kept.iter().find(|(at, _)| *at == round) {
                self.invoke(Actor::ReconcileReport(round), 1, &container, async |responder, _| {
                    for (group, writers) in writers {
                        let now = (responder.now)();
                        // What could not be kept is kept the next time.
                        let _ = responder.store.save_log_writers(group, Some(writers), now).await;
                    }
                    Ok(())
                })
                .await;
            }
            if container.post.dead.load(Ordering::Relaxed) {
                container = self.container();
            }
            self.invoke(Actor::ReconcileReport(round), 1, &container, async |responder, deadline| {
                responder.care(deadline).await
            })
            .await;
        }
    }

    async fn redrive(self: &Rc<Self>, at: Duration) {
        sleep_until(self.world.at(at)).await;
        let queue = self.failure_queue.take();
        for (number, via) in queue {
            self.deliver(number, via, 10).await;
        }
    }
}

impl Container {
    fn is_busy(&self) -> bool {
        self.post.busy.load(Ordering::Relaxed)
    }
}

/// Lets a history happen, with these faults.
pub(crate) fn run(history: &History, plan: &Plan) -> Arc<World> {
    simulated(|| Box::pin(happen(history, plan)))
}

/// Runs a future on a simulated clock. Without optimisation the whole pipeline is more than a test's own stack takes.
pub(crate) fn simulated<T: Send, F: Future<Output = T>>(make: impl FnOnce() -> F + Send) -> T {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        LocalSet::new().block_on(&runtime.unwrap(), make())
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(32 << 20).spawn_scoped(scope, run);
        thread.unwrap().join().expect("a run does not panic")
    })
}

async fn happen(history: &History, plan: &Plan) -> Arc<World> {
    let mut world = World::new(Arc::clone(&history.accounts), plan.strikes.clone(), plan.seed);
    world.whole.clone_from(&history.whole);
    let world = Arc::new(world);
    if let Some((api, until)) = &history.silenced {
        let matcher = Matcher { api: Some(api.clone()), ..Matcher::default() };
        let silence = Silence { id: "s-1".to_owned(), matcher, until: time(*until) };
        let silences = world.store.change_silences(&|_| vec![silence.clone()]).await;
        assert_eq!(silences.map(|silences| silences.len()).ok(), Some(1));
    }
    for (group, writers) in &history.writers {
        let kept = world.store.save_log_writers(group, Some(writers), world.now()).await;
        kept.expect("memory can always be reached");
    }
    let lambda = Rc::new(Lambda::new(&world, plan, CONTAINERS));
    let mut tasks = Vec::new();
    for (number, Payload { at, via }) in history.payloads.iter().cloned().enumerate() {
        let lambda = Rc::clone(&lambda);
        tasks.push(tokio::task::spawn_local(async move {
            sleep(at).await;
            lambda.deliver(number, via, 1).await;
        }));
    }
    for at in history.redriven.iter().copied() {
        let lambda = Rc::clone(&lambda);
        tasks.push(tokio::task::spawn_local(async move { lambda.redrive(at).await }));
    }
    lambda.care(history.rounds, &history.kept).await;
    for task in tasks {
        task.await.expect("the emulated service does not panic");
    }
    world.end();
    world
}
