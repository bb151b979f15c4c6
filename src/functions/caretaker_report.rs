//! What the caretaker says of a round: log lines for what is new, metrics, and the invocation's answer.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tracing::{info, warn};

use crate::coverage::{BlindSpot, GroupStatus, Inventory, Kind, ReconcileReport};
use crate::functions::caretaker::Caretaker;
use crate::functions::metrics::Metric;

/// Blind spots that the answer names; the log has all of them.
const MOST_NAMED: usize = 50;

impl Caretaker {
    /// Logs what is new about blind spots, counts them, and answers with a summary.
    pub(crate) fn report(&self, seen: &Inventory, spots: Vec<BlindSpot>) -> Value {
        let mut answer = summary(&seen.round);
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let watched = seen.round.count(|standing| *standing == GroupStatus::Watched);
        self.tally.count(Metric::GroupsWatched, "", count(watched));
        for kind in Kind::ALL {
            let of_kind = spots.iter().filter(|spot| spot.kind == kind).count();
            // CloudWatch charges for every metric that has a value in an hour, were it zero.
            if of_kind > 0 {
                self.tally.count(Metric::BlindSpots, kind.as_str(), count(of_kind));
            }
        }
        answer["blind_spots"] = json!(spots.len());
        answer["blind"] = spots
            .iter()
            .take(MOST_NAMED)
            .map(|spot| json!({ "kind": spot.kind.as_str(), "of": spot.of }))
            .collect();
        self.tell_changes(spots.into_iter().collect());
        answer
    }

    /// Logs blind spots that the last round of this container did not have, and those that are gone.
    fn tell_changes(&self, spots: BTreeSet<BlindSpot>) {
        let mut memory = self.remembered();
        for BlindSpot { kind, of, says, remedy, command } in spots.difference(&memory.spots) {
            let command = command.as_deref().unwrap_or_default();
            warn!(kind = kind.as_str(), of, says, remedy, command, "blind spot");
        }
        for BlindSpot { kind, of, .. } in memory.spots.difference(&spots) {
            info!(kind = kind.as_str(), of, "no blind spot any more");
        }
        memory.spots = spots;
    }
}

/// Logs which filters were changed.
pub(crate) fn changes(round: &ReconcileReport) {
    for (what, groups) in [
        ("subscribed", &round.subscribed),
        ("changed the filter of", &round.replaced),
        ("removed the filter of", &round.removed),
    ] {
        groups.iter().for_each(|log_group| info!(log_group, "{what} a log group"));
    }
    if let Some(why) = &round.unlisted {
        warn!(%why, "the log groups could not be listed");
    }
    for (log_group, standing) in &round.standing {
        if let GroupStatus::Failed(call, why) = standing {
            warn!(log_group, action = call.action(), %why, "a log group could not be looked after");
        }
    }
    if let Some(stopped_after) = &round.stopped_after {
        let left = round.count(|standing| *standing == GroupStatus::NotReached);
        warn!(
            left,
            stopped_after, "time was up before every log group had its turn; the next round goes on there"
        );
    }
}

/// A round in numbers.
pub(crate) fn summary(round: &ReconcileReport) -> Value {
    let standing = |wanted: fn(&GroupStatus) -> bool| round.count(wanted);
    json!({
        "groups": round.standing.len(),
        "watched": standing(|standing| *standing == GroupStatus::Watched),
        "subscribed": round.subscribed.len(),
        "replaced": round.replaced.len(),
        "removed": round.removed.len(),
        "vanished": round.vanished.len(),
        "left": standing(|standing| matches!(standing, GroupStatus::Left(_))),
        "failed": standing(|standing| matches!(standing, GroupStatus::Failed(..))),
        "not_reached": standing(|standing| *standing == GroupStatus::NotReached),
        "complete": round.is_complete(),
    })
}
