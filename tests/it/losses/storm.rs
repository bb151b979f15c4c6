//! A storm: very many failures of one fault, seen by many containers at once; what it costs, counted.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep_until;

use super::faults::Actor;
use super::history::{FIRST, History, UNREACHABLE, Via, accounts};
use super::lambda::{Lambda, simulated};
use super::proof::Plan;
use super::world::World;

/// How hard it blows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Storm {
    pub(crate) failures: usize,
    /// Failures a delivery.
    pub(crate) batch: usize,
    pub(crate) apis: usize,
    pub(crate) routes: usize,
    pub(crate) containers: usize,
    /// Simulated seconds.
    pub(crate) seconds: u64,
}

/// A million failures of one route, through a hundred containers, in ten minutes.
pub(crate) const MILLION: Storm =
    Storm { failures: 1_000_000, batch: 500, apis: 1, routes: 1, containers: 100, seconds: 600 };

/// Fifty routes of ten APIs behind one load balancer that is dead.
pub(crate) const WIDE: Storm =
    Storm { failures: 100_000, batch: 50, apis: 10, routes: 5, containers: 100, seconds: 600 };

/// What it came to.
#[derive(Clone, Debug)]
pub(crate) struct Toll {
    pub(crate) deliveries: usize,
    pub(crate) counted: u64,
    /// Messages by status, in order.
    pub(crate) messages: Vec<(String, Duration)>,
    pub(crate) readings: usize,
    /// Calls of the store's methods.
    pub(crate) store: BTreeMap<&'static str, usize>,
}

impl Toll {
    /// Calls that write to the table.
    pub(crate) fn writes(&self) -> usize {
        let writes = [
            "store: count",
            "store: write",
            "store: delete",
            "store: change",
            "store: take root",
            "store: charge",
            "store: save example",
        ];
        writes.iter().filter_map(|effect| self.store.get(effect)).sum()
    }

    pub(crate) fn opened(&self) -> usize {
        self.messages.iter().filter(|(status, _)| status == "open").count()
    }
}

/// The APIs of a storm; the first is the account's own.
fn api(number: usize) -> String {
    if number == 0 { FIRST.to_owned() } else { format!("storm{number:05}") }
}

fn history(storm: Storm) -> History {
    let mut history = History::default();
    let names: Vec<String> = (0..storm.apis).map(api).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    history.accounts = Arc::new(accounts(&names));
    let batches = storm.failures / storm.batch;
    for number in 0..batches {
        let seconds = storm.seconds as f64 * number as f64 / batches as f64;
        let at = Duration::from_secs_f64(seconds);
        let route = format!("/orders/{}", number / storm.apis % storm.routes);
        let route = if storm.routes == 1 { "/orders".to_owned() } else { route };
        let document = history.fail(names[number % storm.apis], UNREACHABLE, &route, at, storm.batch);
        history.subscription(at, &document);
    }
    history
}

/// Lets it blow.
pub(crate) fn blow(storm: Storm) -> Toll {
    simulated(|| Box::pin(blowing(storm)))
}

async fn blowing(storm: Storm) -> Toll {
    let history = history(storm);
    let plan = Plan { seed: 1, strikes: Vec::new(), skew: Duration::ZERO };
    let world = Arc::new(World::new(Arc::clone(&history.accounts), Vec::new(), plan.seed));
    let lambda = Rc::new(Lambda::new(&world, &plan, storm.containers));
    lambda.start_all();
    let deliveries = history.payloads.len();
    let minutes = usize::try_from(storm.seconds / 60).unwrap();
    let care = Rc::clone(&lambda);
    let care = tokio::task::spawn_local(async move { care.care(minutes, &[]).await });
    // Containers take deliveries in turn, so that all of them see the fault at once.
    let mut running = Vec::new();
    for (number, payload) in history.payloads.into_iter().enumerate() {
        sleep_until(world.at(payload.at)).await;
        let lambda = Rc::clone(&lambda);
        let Via::Subscription(event) = payload.via else { continue };
        running.push(tokio::task::spawn_local(async move {
            let answer = lambda.respond_in(number, Actor::Payload(number), &event).await;
            assert!(answer.is_some(), "nothing fails in a storm");
        }));
    }
    for one in running {
        one.await.expect("the emulated service does not panic");
    }
    care.await.expect("the emulated service does not panic");
    toll(&world, deliveries)
}

fn toll(world: &World, deliveries: usize) -> Toll {
    let calls = world.calls.lock().unwrap();
    let (mut store, mut readings) = (BTreeMap::new(), 0);
    for call in calls.iter() {
        if call.effect.starts_with("store: ") {
            *store.entry(call.effect).or_default() += 1;
        } else if call.effect != "sns: publish" {
            readings += 1;
        }
    }
    let sent = world.sent.lock().unwrap();
    let start = super::world::time(Duration::ZERO);
    let messages = sent.iter().map(|sent| {
        let after = Duration::try_from(sent.at.duration_since(start)).expect("after the start");
        (sent.message.attributes["status"].clone(), after)
    });
    Toll { deliveries, counted: world.counted(), messages: messages.collect(), readings, store }
}

/// The lines of `docs/performance.md`.
pub(crate) fn markdown(storms: &[(&str, Storm)]) -> String {
    let mut out = String::from(
        "| storm | deliveries | counted | messages | readings of AWS | writes to the table | of them counts |\n| --- | ---: | ---: | --- | ---: | ---: | ---: |\n",
    );
    for (name, storm) in storms {
        let toll = blow(*storm);
        let messages: Vec<String> =
            toll.messages.iter().map(|(status, at)| format!("{status} after {} s", at.as_secs())).collect();
        writeln!(
            out,
            "| {name} | {} | {} | {} | {} | {} | {} |",
            toll.deliveries,
            toll.counted,
            messages.join(", "),
            toll.readings,
            toll.writes(),
            toll.store["store: count"],
        )
        .expect("a String takes all text");
    }
    out
}
