//! Every effect that a run without faults has × every fault × how long it lasts; then pairs by seed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::audit::Audit;
use super::faults::{Actor, Dice, Extent, Kind, Site, Strike};
use super::history::History;
use super::lambda::run;

/// The seed of all runs with one fault: they differ in the fault alone.
pub(crate) const FULL: u64 = 1;

/// The clocks of containers that meet pairs of faults are off by up to this.
const SKEW: Duration = Duration::from_secs(2);

/// What goes wrong in a run; the same plan gives the same run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Chooses containers, and how long each call takes.
    pub(crate) seed: u64,
    pub(crate) strikes: Vec<Strike>,
    /// How far the containers' clocks are off.
    pub(crate) skew: Duration,
}

/// A run and what came of it.
pub(crate) struct Run {
    pub(crate) plan: Plan,
    pub(crate) audit: Audit,
}

/// Every call of a run without faults. Of caretaker's rounds that do the same as the round before, one stands for all.
pub(crate) fn sites(history: &History, seed: u64) -> Vec<Site> {
    let world = run(history, &Plan { seed, strikes: Vec::new(), skew: Duration::ZERO });
    let mut by_actor: BTreeMap<Actor, Vec<Site>> = BTreeMap::new();
    for site in world.calls.lock().unwrap().iter() {
        by_actor.entry(site.actor).or_default().push(*site);
    }
    let mut sites = BTreeSet::new();
    let mut before = Vec::new();
    for (actor, calls) in by_actor {
        let done: Vec<_> = calls.iter().map(|site| (site.effect, site.nth)).collect();
        if matches!(actor, Actor::Payload(_)) || done != before {
            sites.extend(calls);
        }
        before = done;
    }
    sites.into_iter().collect()
}

/// Every fault at every site, for every extent, each alone.
pub(crate) fn singles(sites: &[Site]) -> Vec<Plan> {
    let strikes = sites.iter().flat_map(|site| {
        Kind::ALL.into_iter().flat_map(move |kind| {
            Extent::ALL.into_iter().map(move |extent| Strike { site: *site, kind, extent })
        })
    });
    strikes.map(|strike| Plan { seed: FULL, strikes: vec![strike], skew: Duration::ZERO }).collect()
}

/// Two faults anywhere, clocks that disagree, and another order of everything: by seed.
pub(crate) fn pair(sites: &[Site], seed: u64) -> Plan {
    let mut dice = Dice::new(seed);
    let mut one =
        || Strike { site: *dice.one(sites), kind: *dice.one(&Kind::ALL), extent: *dice.one(&Extent::ALL) };
    Plan { seed, strikes: vec![one(), one()], skew: SKEW }
}

/// Lets the history happen once for each plan, on all processors.
pub(crate) fn all(history: &History, plans: &[Plan]) -> Vec<Run> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = plans.len().div_ceil(threads).max(1);
    let one = |plan: &Plan| Run { plan: plan.clone(), audit: Audit::of(history, &run(history, plan)) };
    std::thread::scope(|scope| {
        let running: Vec<_> = plans
            .chunks(share)
            .map(|plans| scope.spawn(move || plans.iter().map(one).collect::<Vec<Run>>()))
            .collect();
        running.into_iter().flat_map(|thread| thread.join().expect("a run does not panic")).collect()
    })
}
