//! What the table keeps as one JSON text: a failure of each route for later readings, redacted when its evidence was made, and
//! the silences, which are few.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::causes::{BackendAnswer, Cause, Diagnosis, Endpoint, Evidence, Route, RouteContext};
use crate::ids::{AccountId, ApiId, ApiKind, Region, RequestId};
use crate::incidents::fingerprint::Fingerprint;
use crate::incidents::silence::Silence;
use crate::logs::{LogType, Phase, Source};
use crate::text::bounded;

/// What precedes the key of an example.
const EXAMPLE: &str = "e#";

/// The key of the silences.
pub(crate) const SILENCES: &str = "silences";

pub(crate) fn write_silences(silences: &[Silence]) -> String {
    serde_json::to_string(silences).expect("texts and times always serialise")
}

pub(crate) fn read_silences(body: &str) -> Option<Vec<Silence>> {
    serde_json::from_str(body).ok()
}

/// The key of an incident's failure on a route.
pub(crate) fn example_id(fingerprint: &Fingerprint, route: &str) -> String {
    let digest = Sha256::digest(route);
    let digest: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("{EXAMPLE}{fingerprint}#{digest}")
}

#[derive(Serialize, Deserialize)]
struct WireDiagnosis {
    cause: String,
    account: Option<String>,
    region: Option<String>,
    log_group: Option<String>,
    log_stream: Option<String>,
    api: Option<String>,
    stage: Option<String>,
    canary: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    api_kind: Option<ApiKind>,
    #[serde(default)]
    log: LogType,
    request_id: Option<String>,
    at: Option<Timestamp>,
    method: Option<String>,
    path: Option<String>,
    endpoint: Option<String>,
    called_path: Option<String>,
    #[serde(default)]
    called_query: Option<bool>,
    status: Option<u16>,
    backend_status: Option<u16>,
    #[serde(rename = "hint")]
    clue: Option<String>,
    evidence: WireEvidence,
    context: Vec<WireEvidence>,
}

#[derive(Serialize, Deserialize)]
struct WireEvidence {
    number: usize,
    at: Option<Timestamp>,
    text: String,
}

impl WireEvidence {
    fn of(evidence: &Evidence) -> Self {
        Self { number: evidence.number(), at: evidence.at(), text: evidence.text().to_owned() }
    }

    fn evidence(self) -> Evidence {
        Evidence::kept(self.number, self.at, &self.text)
    }
}

/// The longest text of an example: with its key and its end, the item stays below 4 kB.
const LONGEST: usize = 3_600;

/// An example as text: of what its request logged beside the failure, as much as there is room for.
pub(crate) fn write_example(diagnosis: &Diagnosis) -> String {
    let mut diagnosis = diagnosis.clone();
    loop {
        let text = written(&diagnosis);
        if text.len() <= LONGEST || diagnosis.context.pop().is_none() {
            return text;
        }
    }
}

fn written(diagnosis: &Diagnosis) -> String {
    let Source { account, region, log_group, log_stream, api, stage, canary, api_kind, log, .. } =
        &diagnosis.source;
    let text = |text: Option<&dyn std::fmt::Display>| text.map(ToString::to_string);
    let wire = WireDiagnosis {
        cause: diagnosis.cause.slug.to_owned(),
        account: text(account.as_ref().map(|account| account as _)),
        region: text(region.as_ref().map(|region| region as _)),
        log_group: log_group.clone(),
        log_stream: log_stream.clone(),
        api: text(api.as_ref().map(|api| api as _)),
        stage: stage.clone(),
        canary: *canary,
        api_kind: *api_kind,
        log: *log,
        request_id: text(diagnosis.request_id.as_ref().map(|id| id as _)),
        at: diagnosis.at,
        method: diagnosis.route.as_ref().map(|route| route.method.clone()),
        path: diagnosis.route.as_ref().map(|route| bounded(&route.path, 400)),
        endpoint: text(diagnosis.endpoint.as_ref().map(|endpoint| endpoint as _)),
        called_path: diagnosis.called_path.as_deref().map(|path| bounded(path, 400)),
        called_query: diagnosis.called_query,
        status: diagnosis.status,
        backend_status: diagnosis.backend_status,
        clue: diagnosis.clue.clone(),
        evidence: WireEvidence::of(&diagnosis.evidence),
        context: diagnosis.context.iter().map(WireEvidence::of).collect(),
    };
    serde_json::to_string(&wire).expect("texts, numbers and lists of them always serialise")
}

/// Reads a failure; `None` where another version kept something else.
pub(crate) fn read_example(body: &str) -> Option<Diagnosis> {
    let wire: WireDiagnosis = serde_json::from_str(body).ok()?;
    let subject = RouteContext {
        cause: Cause::of_slug(&wire.cause)?,
        source: Source {
            account: wire.account.map(AccountId::new),
            region: wire.region.map(Region::new),
            log_group: wire.log_group,
            log_stream: wire.log_stream,
            api: wire.api.map(ApiId::new),
            stage: wire.stage,
            canary: wire.canary,
            api_kind: wire.api_kind,
            log: wire.log,
            route: None,
            delivery: None,
        },
        request_id: wire.request_id.map(RequestId::new),
        at: wire.at,
        route: wire.method.zip(wire.path).map(|(method, path)| Route { method, path }),
        endpoint: wire.endpoint.as_deref().and_then(Endpoint::parse),
        called_path: wire.called_path,
        called_query: wire.called_query,
        failed: true,
        answer: Some(BackendAnswer { status: wire.backend_status, ..BackendAnswer::default() }),
    };
    Some(Diagnosis {
        subject,
        status: wire.status,
        backend_status: wire.backend_status,
        // How far it came has told what it tells: the hint.
        phase: Phase::Unknown,
        clue: wire.clue,
        evidence: wire.evidence.evidence(),
        context: wire.context.into_iter().map(WireEvidence::evidence).collect(),
    })
}
