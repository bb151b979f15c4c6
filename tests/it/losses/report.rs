//! What all runs came to, as tables; and one run told message by message.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;

use super::audit::Audit;
use super::faults::{Kind, Site};
use super::history::History;
use super::lambda::run;
use super::proof::{FULL, Plan, Run, all, pair, sites};

/// Messages that may tell nothing new, a call that a fault hit.
pub(crate) const BOUND: usize = 1;

/// What many runs came to.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    runs: usize,
    missing: usize,
    invented: usize,
    altered: usize,
    unsettled: usize,
    unproven: usize,
    unmuted: usize,
    flooded: usize,
    /// The most messages of a run that told nothing new, and the runs that had one.
    doubled: usize,
    doubling: usize,
}

impl Tally {
    fn add(&mut self, audit: &Audit, reminders: usize) {
        let doubled = audit.doubled.saturating_sub(reminders);
        self.runs += 1;
        self.missing += usize::from(!audit.missing.is_empty());
        self.invented += usize::from(!audit.invented.is_empty());
        self.altered += usize::from(!audit.altered.is_empty());
        self.unsettled += usize::from(!audit.unsettled.is_empty());
        self.unproven += usize::from(!audit.unproven.is_empty());
        self.unmuted += usize::from(!audit.unmuted.is_empty());
        self.flooded += usize::from(!audit.flooded.is_empty());
        self.doubled = self.doubled.max(doubled);
        self.doubling += usize::from(doubled > 0);
    }
}

/// All runs.
pub(crate) struct Proof {
    sites: BTreeMap<&'static str, usize>,
    by_effect: BTreeMap<&'static str, Tally>,
    by_kind: BTreeMap<Kind, Tally>,
    pairs: Tally,
    seeds: Option<(u64, u64)>,
    /// Messages that tell nothing new though nothing fails: reminders of what lasts, over days.
    reminders: usize,
    /// What must not be: a line each, with what it takes to see it again.
    pub(crate) faults: Vec<String>,
}

impl Proof {
    pub(crate) fn of(history: &History, sites: &[Site], singles: &[Plan], pairs: &[Plan]) -> Self {
        let calm = Plan { seed: FULL, strikes: Vec::new(), skew: Duration::ZERO };
        let mut proof = Self {
            sites: BTreeMap::new(),
            by_effect: BTreeMap::new(),
            by_kind: BTreeMap::new(),
            pairs: Tally::default(),
            seeds: pairs.first().zip(pairs.last()).map(|(first, last)| (first.seed, last.seed)),
            faults: Vec::new(),
            reminders: Audit::of(history, &run(history, &calm)).doubled,
        };
        sites.iter().for_each(|site| *proof.sites.entry(row(site.effect)).or_default() += 1);
        for run in all(history, singles) {
            let [strike] = run.plan.strikes[..] else { continue };
            proof.by_effect.entry(row(strike.site.effect)).or_default().add(&run.audit, proof.reminders);
            proof.by_kind.entry(strike.kind).or_default().add(&run.audit, proof.reminders);
            proof.complain(&run);
        }
        for run in all(history, pairs) {
            proof.pairs.add(&run.audit, proof.reminders);
            proof.complain(&run);
        }
        proof
    }

    fn complain(&mut self, run: &Run) {
        let Run { plan, audit } = run;
        let strikes: Vec<String> = plan.strikes.iter().map(ToString::to_string).collect();
        let strikes = format!("seed {}: {}", plan.seed, strikes.join(" and "));
        self.faults.extend(audit.faults().iter().map(|fault| format!("{strikes}: {fault}")));
        if audit.doubled > self.reminders + BOUND * audit.struck {
            let Audit { doubled, struck, .. } = audit;
            self.faults
                .push(format!("{strikes}: {doubled} messages told nothing new, {struck} calls were hit"));
        }
    }

    /// The tables of `docs/reliability.md`.
    pub(crate) fn markdown(&self) -> String {
        let mut out = String::from(
            "| effect | calls | runs | missing | invented | altered | unsettled | unproven | unmuted | flooded | runs with a doubled message | most in a run |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        );
        for (effect, tally) in &self.by_effect {
            write_row(&mut out, &format!("`{effect}` | {}", self.sites[effect]), tally);
        }
        out.push_str("\n| fault | runs | missing | invented | altered | unsettled | unproven | unmuted | flooded | runs with a doubled message | most in a run |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
        for (kind, tally) in &self.by_kind {
            write_row(&mut out, kind.words(), tally);
        }
        out.push_str(&self.pairs_row());
        out
    }

    /// The row of two faults at a time.
    pub(crate) fn pairs_row(&self) -> String {
        let mut out = String::new();
        if let Some((first, last)) = self.seeds {
            write_row(&mut out, &format!("two of them, seeds {first} to {last}"), &self.pairs);
        }
        out
    }
}

/// All readings of a path: they fail alike, whatever is read.
pub(crate) const READING: &str = "account: a reading";

/// The table's row of an effect.
pub(crate) fn row(effect: &'static str) -> &'static str {
    match effect {
        "apigateway:GetStages" | "apigatewayv2:GetStages" => "account: who writes a log",
        "lambda:Invoke" => "account: the prober",
        effect if effect.starts_with("store: ") || effect.starts_with("sns: ") => effect,
        _ => READING,
    }
}

fn write_row(out: &mut String, name: &str, tally: &Tally) {
    let Tally { runs, missing, invented, altered, unsettled, unproven, unmuted, flooded, doubled, doubling } =
        tally;
    writeln!(
        out,
        "| {name} | {runs} | {missing} | {invented} | {altered} | {unsettled} | {unproven} | {unmuted} | {flooded} | {doubling} | {doubled} |"
    )
    .expect("a String takes all text");
}

/// The run of a pair's seed, message by message; of seed 0, the run without faults.
pub(crate) fn show(history: &History, seed: u64) -> String {
    let plan = match seed {
        0 => Plan { seed: FULL, strikes: Vec::new(), skew: Duration::ZERO },
        seed => pair(&sites(history, FULL), seed),
    };
    show_plan(history, &plan)
}

/// A run, message by message.
pub(crate) fn show_plan(history: &History, plan: &Plan) -> String {
    let world = run(history, plan);
    let mut out = String::new();
    for strike in &plan.strikes {
        writeln!(out, "{strike}").expect("a String takes all text");
    }
    for sent in world.sent.lock().unwrap().iter() {
        let alert: Value =
            serde_json::from_str(&sent.message.bodies["sqs"]).expect("a machine alert is JSON");
        let also = alert["also_hit"].as_array().map_or(&[][..], Vec::as_slice);
        let also: Vec<&str> = also.iter().filter_map(|hit| hit["api"]["id"].as_str()).collect();
        let incident = &alert["incident"];
        writeln!(
            out,
            "{} {} {} {} ×{} {also:?} {}: {}",
            sent.at,
            incident["id"],
            incident["status"],
            alert["api"]["id"],
            alert["failed"],
            alert["verdict"]["code"],
            incident["reason"]
        )
        .expect("a String takes all text");
    }
    let audit = Audit::of(history, &world);
    audit.faults().iter().for_each(|fault| writeln!(out, "{fault}").expect("a String takes all text"));
    out
}
