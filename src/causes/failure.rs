//! A failed request and its cause, borrowed from its lines. In a storm nearly all failures are only counted: a diagnosis,
//! with its quotes, is made of the one that becomes an incident's example.
//!
//! Every cause of the catalogue may look at every failed execution; the first in the catalogue's order wins. Every 5xx gets a
//! cause: the last one takes what no other knows.

use crate::causes::{clue, endpoint, recognise, redact};
use crate::logs::line;
use crate::logs::line::Kind;

use jiff::Timestamp;

use crate::causes::catalogue;
use crate::causes::cause::{Cause, Proof};
use crate::causes::diagnosis::{BackendAnswer, Diagnosis, Evidence, Route, RouteContext};
use crate::causes::endpoint::Endpoint;
use crate::ids::{ApiId, RequestId};
use crate::logs::{Entry, Execution, LogType, Source};

/// Ids and names of AWS's own are shorter; a hostile line must not make a message that SNS refuses.
const LONGEST_ID: usize = 128;

/// A path beyond this says nothing more about the route.
const LONGEST_PATH: usize = 300;

/// A failed request and what its lines prove.
#[derive(Clone, Debug)]
pub struct Failure<'e> {
    /// The catalogue entry.
    pub cause: &'static Cause,
    proof: Proof,
    execution: &'e Execution<'e>,
    /// What was called, borrowed: whether by TLS, the host as it is written, the port.
    called: Option<(bool, &'e str, u16)>,
}

/// Failures with the same key belong to one incident: their fingerprints are the same. Some that differ may, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GroupKey<'e> {
    cause: &'static str,
    /// The number of its batch: hashing a source for each failure would hash the same names again and again.
    batch: usize,
    named: Option<(&'e str, &'e str)>,
    called: Option<(bool, &'e str, u16)>,
}

impl<'e> Failure<'e> {
    pub(crate) fn new(cause: &'static Cause, proof: Proof, execution: &'e Execution<'e>) -> Self {
        let called = execution.endpoint_uri.and_then(Endpoint::parts);
        Self { cause, proof, execution, called }
    }

    /// All that is known of it, quoted and redacted.
    pub fn diagnosis(&self) -> Diagnosis {
        let Self { cause, proof, execution, .. } = self;
        let failure = self.failure();
        let quote = |index: usize| Evidence::quote(&execution.entries[index]);
        let line = recognise::joined(&failure.line);
        let backend_status =
            execution.received.map_or_else(|| named_status(failure), |received| received.status);
        let subject = RouteContext {
            cause,
            source: self.source(),
            request_id: self.request_id(),
            at: failure.at,
            route: self.route(),
            endpoint: self.endpoint(),
            called_path: execution.endpoint_uri.and_then(endpoint::path),
            called_query: execution.endpoint_uri.and_then(endpoint::has_query),
            failed: true,
            answer: Some(BackendAnswer {
                status: backend_status,
                latency: execution.received.and_then(|received| received.latency),
                server: self.server(),
            }),
        };
        Diagnosis {
            subject,
            status: execution
                .completed
                .or(execution.gateway_response.and_then(|(_, status)| status))
                .or(cause.status),
            backend_status,
            phase: execution.phase(proof.line),
            clue: (cause.clue)(&clue::symptoms(execution, proof.line, &line)),
            evidence: quote(proof.line),
            context: self.context().into_iter().map(quote).collect(),
        }
    }

    /// What tells it from failures of other incidents, without a digest. Keys compare within one call of `correlate`.
    pub fn group_key(&self) -> GroupKey<'e> {
        let Self { cause, execution, called, .. } = *self;
        let source = execution.source;
        GroupKey {
            cause: cause.slug,
            batch: execution.batch,
            named: execution.api_stage.filter(|_| source.api.is_none() || source.stage.is_none()),
            called,
        }
    }

    /// Whether its lines say more than those of a diagnosis; see [`Diagnosis::detail`].
    pub fn says_more_than(&self, other: &Diagnosis) -> bool {
        let (route, called) = (self.execution.route.is_some(), self.called.is_some());
        let milestones = self.execution.milestones.iter().flatten().count();
        // Lines are counted only where there can be more of them.
        let may = (route, called, self.proof.also.len() + milestones) > other.detail();
        may && (route, called, self.context().len()) > other.detail()
    }

    /// Where its lines came from; API and stage may come from the lines themselves.
    pub fn source(&self) -> Source {
        let mut source = self.execution.source.clone();
        if let Some((api, stage)) = self.execution.api_stage {
            source.api.get_or_insert_with(|| ApiId::new(redact::bounded(api, LONGEST_ID)));
            source.stage.get_or_insert_with(|| redact::bounded(stage, LONGEST_ID));
        }
        source
    }

    /// Whether an access log alone tells of it.
    pub fn is_of_access_log(&self) -> bool {
        self.execution.source.log == LogType::Access
    }

    /// The delivery its lines came in.
    pub fn delivery(&self) -> Option<u64> {
        self.execution.source.delivery
    }

    /// The request.
    pub fn request_id(&self) -> Option<RequestId> {
        self.execution.request_id.map(|id| RequestId::new(redact::bounded(id, LONGEST_ID)))
    }

    /// When it failed.
    pub fn at(&self) -> Option<Timestamp> {
        self.failure().at
    }

    /// What the client asked for.
    pub fn route(&self) -> Option<Route> {
        self.execution.route.map(|route| Route {
            method: method(route.method),
            path: redact::bounded(&redact::uri(route.path), LONGEST_PATH),
        })
    }

    /// What API Gateway called.
    pub fn endpoint(&self) -> Option<Endpoint> {
        self.called.map(Endpoint::of_parts)
    }

    /// Whether these may be the last lines of a request whose first ones came elsewhere.
    pub fn is_tail(&self) -> bool {
        self.execution.is_tail()
    }

    /// The `Server` header of the last answer that was traced, where it looks like a product's name.
    fn server(&self) -> Option<String> {
        const LONGEST_PRODUCT: usize = 64;
        let traced = recognise::last(self.execution, |line| matches!(line.kind, Kind::ResponseHeaders(_)))?;
        let Kind::ResponseHeaders(headers) = self.execution.entries[traced].line.kind else { return None };
        let server = recognise::header(headers, "server")?.trim();
        let plain = |c: char| c.is_ascii_alphanumeric() || " ./_-()+".contains(c);
        let named = !server.is_empty() && server.len() <= LONGEST_PRODUCT && server.chars().all(plain);
        named.then(|| server.to_owned())
    }

    fn failure(&self) -> &'e Entry<'e> {
        &self.execution.entries[self.proof.line]
    }

    /// The lines beside the proof that say what was called and how it ended, each kind once.
    fn context(&self) -> Vec<usize> {
        let Self { proof, execution, .. } = self;
        let mut lines = proof.also.clone();
        lines.extend(execution.milestones.into_iter().flatten());
        lines.retain(|line| *line != proof.line);
        lines.sort_unstable();
        lines.dedup();
        lines
    }
}

/// Names the cause of a failed execution; `None` where nothing failed.
pub fn classify(execution: &Execution<'_>) -> Option<Diagnosis> {
    failure_of(execution).map(|failure| failure.diagnosis())
}

/// The same without copying or quoting a line: what is enough to count a failure.
pub fn failure_of<'e>(execution: &'e Execution<'e>) -> Option<Failure<'e>> {
    if !execution.is_failed() {
        return None;
    }
    let (cause, proof) = proofs(execution).next()?;
    // An access line without a sentence that the catalogue knows still has values that decide.
    let by_values = execution.outcome.filter(|_| cause.is_last_resort()).map(catalogue::of_outcome);
    Some(Failure::new(by_values.unwrap_or(cause), proof, execution))
}

/// Names the cause of a reason pasted alone; `None` where no catalogue entry knows it.
pub fn classify_pasted(execution: &Execution<'_>) -> Option<Diagnosis> {
    let (cause, proof) = proofs(execution).next()?;
    (!cause.is_last_resort()).then(|| Failure::new(cause, proof, execution).diagnosis())
}

/// Every cause that recognises the execution, the winner first: what the cross-firing matrix shows.
pub fn proofs<'e>(execution: &'e Execution<'_>) -> impl Iterator<Item = (&'static Cause, Proof)> + use<'e> {
    catalogue::CATALOGUE.iter().filter_map(|cause| Some((*cause, (cause.recognise)(execution)?)))
}

/// The backend's status where the failure itself names it: at level ERROR no other line does.
fn named_status(failure: &Entry<'_>) -> Option<u16> {
    let said = line::strip(
        failure.line.text,
        "Execution failed due to configuration error: No match for output mapping",
    )?;
    line::number(said.rsplit_once("Endpoint Response Status Code: ")?.1)
}

/// A method as it may be shown: a client can write any, and no method has other characters than these.
fn method(text: &str) -> String {
    let held = |c: char| if c.is_ascii_alphanumeric() || "-_$*".contains(c) { c } else { '?' };
    text.chars().take(16).map(held).collect()
}
