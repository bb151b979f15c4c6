//! Known + news + now → what changes, and whether to tell.

use std::time::Duration;

use jiff::Timestamp;

use super::news::{count, earliest};
use super::{Incident, News, Status};

/// What news make of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The incident, with the news counted.
    pub incident: Incident,
    /// What to tell, and why; `None` where it is counted in silence.
    pub tell: Option<(Status, String)>,
}

/// Adds news to what is known of an incident. `repeat` is the time after which a lasting one is told again.
pub fn fold(known: Option<&Incident>, news: &News, now: Timestamp, repeat: Duration) -> Change {
    let mut incident = match known {
        Some(known) => known.clone(),
        None => opened(news, now),
    };
    incident.failed += news.failed;
    for (route, failed) in &news.routes {
        count(&mut incident.routes, route, *failed);
    }
    incident.first_failure = earliest(incident.first_failure, news.first_failure);
    incident.last_failure = incident.last_failure.max(news.last_failure);
    let tell = match incident.told_at {
        None => Some((Status::Open, "first failure of this kind".to_owned())),
        Some(told) if now.duration_since(told).unsigned_abs() >= repeat => Some((
            Status::Ongoing,
            format!(
                "still failing {} after it was last told",
                words(now.duration_since(told).unsigned_abs())
            ),
        )),
        Some(_) => None,
    };
    Change { incident, tell }
}

fn opened(news: &News, now: Timestamp) -> Incident {
    Incident {
        // Two incidents of one kind never open within a minute: the first would have been open still.
        id: format!("{}-{}", news.fingerprint, now.strftime("%Y%m%dT%H%M")),
        fingerprint: news.fingerprint.clone(),
        opened_at: Some(now),
        told_at: None,
        failed: 0,
        first_failure: None,
        last_failure: None,
        routes: Default::default(),
    }
}

fn words(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds if seconds < 7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}
