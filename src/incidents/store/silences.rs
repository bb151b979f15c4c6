//! The silences as one document of the table: there are few, and each container that publishes reads them all.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::incidents::silence::{Matcher, Silence};

/// The document's key.
pub(crate) const ID: &str = "silences";

#[derive(Serialize, Deserialize)]
struct WireSilence {
    id: String,
    incident: Option<String>,
    api: Option<String>,
    stage: Option<String>,
    cause: Option<String>,
    until: Timestamp,
}

pub(crate) fn write(silences: &[Silence]) -> String {
    let wire =
        |Silence { id, matcher: Matcher { incident, api, stage, cause }, until }: &Silence| WireSilence {
            id: id.clone(),
            incident: incident.clone(),
            api: api.clone(),
            stage: stage.clone(),
            cause: cause.clone(),
            until: *until,
        };
    let wire: Vec<WireSilence> = silences.iter().map(wire).collect();
    serde_json::to_string(&wire).expect("texts and times always serialise")
}

pub(crate) fn read(body: &str) -> Option<Vec<Silence>> {
    let wire: Vec<WireSilence> = serde_json::from_str(body).ok()?;
    let silence = |WireSilence { id, incident, api, stage, cause, until }: WireSilence| {
        let matcher = Matcher { incident, api, stage, cause };
        Silence { id, matcher, until }
    };
    Some(wire.into_iter().map(silence).collect())
}
