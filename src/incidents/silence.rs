//! Mutes: incidents that match are counted, and no message names them for a while.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::incidents::failure_group::template;
use crate::incidents::incident::Incident;
use crate::incidents::job::Member;

/// A silence: incidents that match are counted, not published, until it ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// What to name when it is taken back.
    pub id: String,
    /// What it holds for.
    #[serde(flatten)]
    pub matcher: Matcher,
    /// When it ends.
    pub until: Timestamp,
}

/// Which incidents a silence holds for: all that is given must match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matcher {
    /// One incident, by its id or fingerprint.
    pub incident: Option<String>,
    /// All of an API, by its id.
    pub api: Option<String>,
    /// All of a stage.
    pub stage: Option<String>,
    /// All of a cause, by its slug.
    pub cause: Option<String>,
}

impl Silence {
    /// Silences at a time.
    pub const MOST: usize = 100;

    /// Whether it holds for an incident now.
    pub fn holds(&self, incident: &Incident, now: Timestamp) -> bool {
        self.until > now && self.matcher.matches(incident)
    }
}

impl Matcher {
    /// Whether nothing is given: such a matcher matches nothing, since silence over all is a lost alert.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn matches(&self, incident: &Incident) -> bool {
        let is = |wanted: &Option<String>, actual: &[Option<&str>]| {
            wanted.as_deref().is_none_or(|wanted| actual.contains(&Some(wanted)))
        };
        let alert = incident.coverage.alert.as_ref().map(|alert| alert.0.as_str());
        !self.is_empty()
            && is(&self.incident, &[Some(&incident.id), Some(incident.fingerprint.as_str()), alert])
            && is(&self.api, &[incident.source.api.as_ref().map(|api| api.as_str())])
            && is(&self.stage, &[incident.source.stage.as_deref()])
            && is(&self.cause, &[Some(incident.cause.slug)])
    }
}

impl Incident {
    /// As the protocol sees it.
    pub fn member(&self, silences: &[Silence], now: Timestamp) -> Member {
        let templates: BTreeSet<(&str, String)> =
            self.routes.keys().map(|route| (route.method.as_str(), template(&route.path))).collect();
        Member {
            fingerprint: self.fingerprint.clone(),
            coverage: self.coverage.clone(),
            rate: self.window.rate,
            base: self.window.base,
            routes: templates.len(),
            silenced: silences.iter().any(|silence| silence.holds(self, now)),
        }
    }
}
