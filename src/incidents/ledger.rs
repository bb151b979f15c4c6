//! How many messages an hour has left: for the deployment, for an API, and for one cause of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::incidents::incident::Incident;

/// The messages of one hour, counted as they are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    pub counts: BTreeMap<String, u64>,
}

/// One message of an incident, with what it is counted under and the most that each may come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The hour's key.
    pub hour: String,
    pub limits: Vec<(String, u64)>,
}

impl Charge {
    /// An API has a third of the messages, and one cause of it half of those: a flood leaves room for what is new.
    pub fn of(incident: &Incident, most: u64, now: Timestamp) -> Self {
        let api = incident.source.api.as_ref().map_or("?", |api| api.as_str());
        let name = |kind: &str, of: &str| {
            let digest = Sha256::digest(of);
            format!("{kind}{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3])
        };
        let share = |part: u64| (most / part).max(1);
        let cause = format!("{api}/{}", incident.cause.slug);
        Self {
            hour: format!("messages#{}", now.strftime("%Y%m%dT%H")),
            limits: vec![("all".to_owned(), most), (name("a", api), share(3)), (name("c", &cause), share(6))],
        }
    }

    /// A message that goes out however many there were: an end, or the digest.
    pub fn always(now: Timestamp) -> Self {
        Self {
            hour: format!("messages#{}", now.strftime("%Y%m%dT%H")),
            limits: vec![("all".to_owned(), u64::MAX)],
        }
    }

    /// What a refusal of it holds for: the hour, and the cause of the API.
    pub fn key(&self) -> String {
        let cause = self.limits.last().map_or("", |(name, _)| name.as_str());
        format!("{} {cause}", self.hour)
    }
}

impl Ledger {
    /// Counts a message, where every limit has room for it.
    pub fn charge(&mut self, charge: &Charge) -> bool {
        let has_room = |(name, most): &(String, u64)| self.counts.get(name).is_none_or(|used| used < most);
        if !charge.limits.iter().all(has_room) {
            return false;
        }
        for (name, _) in &charge.limits {
            *self.counts.entry(name.clone()).or_default() += 1;
        }
        true
    }
}
