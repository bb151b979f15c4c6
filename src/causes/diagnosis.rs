//! What is known of a failed request from its log lines alone.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::causes::cause::{Blames, Cause, MaskedBy};
use crate::causes::endpoint::Endpoint;
use crate::causes::redact;

use crate::causes::catalogue;

use jiff::Timestamp;

use crate::ids::RequestId;
use crate::logs::line::LogLine;
use crate::logs::{Entry, Phase, Source};

/// What is known of one failed request from its log lines alone.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// What failed, and where: all that reading its path needs.
    pub subject: RouteContext,
    /// The status of the client's answer: as a line says it, else as the failure's text stands for it.
    pub status: Option<u16>,
    /// The status of the backend's answer, where one came.
    pub backend_status: Option<u16>,
    /// How far the request came.
    pub phase: Phase,
    /// What the time between sending and failing suggests. Never proof.
    pub clue: Option<String>,
    /// The line that proves the cause.
    pub evidence: Evidence,
    /// Other lines that help, in the order of the log.
    pub context: Vec<Evidence>,
}

/// What a reading of the path is about: a failure, or a route that `check` names before anything failed.
#[derive(Clone, Debug)]
pub struct RouteContext {
    /// Which findings count: those that can explain this cause.
    pub cause: &'static Cause,
    /// Where it happened: account, Region, API and stage.
    pub source: Source,
    /// The request, where one failed.
    pub request_id: Option<RequestId>,
    /// When it failed, or is asked about.
    pub at: Option<Timestamp>,
    /// The route.
    pub route: Option<Route>,
    /// What API Gateway called, where that is known.
    pub endpoint: Option<Endpoint>,
    /// The path that was called.
    pub called_path: Option<String>,
    /// Whether the URI that was called has a query, for the load balancer's rules too.
    pub called_query: Option<bool>,
    /// Whether anything failed: logs prove that logging is on.
    pub failed: bool,
    /// What the backend answered the failed request; `None` where the path is read at another time than it failed.
    pub answer: Option<BackendAnswer>,
}

/// What came back from the backend, as far as lines say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackendAnswer {
    pub status: Option<u16>,
    /// From sending to the answer.
    pub latency: Option<Duration>,
    /// The `Server` header, which only data tracing logs.
    pub server: Option<String>,
}

impl RouteContext {
    /// A route that `check` names: every fault that would make its backend unreachable counts.
    pub fn asked(source: Source, route: Option<Route>, at: Timestamp) -> Self {
        let cause = catalogue::UNREACHABLE;
        let (endpoint, called_path, called_query, request_id, answer) = (None, None, None, None, None);
        let (at, failed) = (Some(at), false);
        Self { cause, source, request_id, at, route, endpoint, called_path, called_query, failed, answer }
    }

    /// The same later on, when it may have been repaired: what is read then is set against that time, and what a route calls
    /// is what is deployed then, not what the failed request called.
    pub fn later(self, at: Timestamp) -> Self {
        let endpoint = self.endpoint.filter(|_| self.route.is_none());
        Self { at: Some(at), endpoint, answer: None, ..self }
    }

    /// Whether nothing behind the integration can matter to it.
    pub fn spares_link(&self) -> bool {
        self.cause.blames == Blames::Configuration
    }

    /// Whether nothing on a private path can matter to it, so that the path need not be read.
    pub fn spares_path(&self) -> bool {
        let status = self.answer.as_ref().and_then(|answer| answer.status);
        match self.cause.blames {
            Blames::BackendAnswer if self.cause.masked_by == MaskedBy::BackendAnswer => {
                // Of what clients are answered as their own fault, load balancers make 460 to 464 alone.
                status.is_some_and(|status| status < 500 && !(460..=464).contains(&status))
            }
            // A service of AWS is called without a link.
            Blames::BackendAnswer => self.endpoint.as_ref().is_some_and(Endpoint::is_service),
            blames => blames.spares_path(),
        }
    }
}

impl Deref for Diagnosis {
    type Target = RouteContext;

    fn deref(&self) -> &RouteContext {
        &self.subject
    }
}

impl Diagnosis {
    /// A failure that no execution shows: what the program itself says of it is its evidence.
    pub fn noted(cause: &'static Cause, source: Source, at: Option<Timestamp>, says: &str) -> Self {
        let entry = Entry { number: 1, at, line: LogLine::parse(says) };
        let subject = RouteContext {
            cause,
            source,
            request_id: None,
            at,
            route: None,
            endpoint: None,
            called_path: None,
            called_query: None,
            failed: true,
            answer: None,
        };
        Self {
            subject,
            status: None,
            backend_status: None,
            phase: Phase::Unknown,
            clue: None,
            evidence: Evidence::quote(&entry),
            context: Vec::new(),
        }
    }

    /// How much its lines say: the greater, the more.
    pub fn detail(&self) -> (bool, bool, usize) {
        (self.route.is_some(), self.endpoint.is_some(), self.context.len())
    }
}

/// A route of an API, as it was logged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The verb.
    pub method: String,
    /// The path.
    pub path: String,
}

impl Diagnosis {
    /// What this failure hides: the error that the backend answered, where a mapping broke on it.
    pub fn masked_by(&self) -> Option<String> {
        let status = self.backend_status.filter(|status| (400..600).contains(status))?;
        // Where API Gateway never got that far, the backend gave no answer.
        let hides = self.cause.masked_by == MaskedBy::BackendAnswer && self.phase != Phase::BeforeSending;
        hides.then(|| format!("the backend itself answered {status}"))
    }
}

/// API Gateway cuts its own lines at 1,024 characters; a quote is never longer.
const LONGEST: usize = 1024;

/// One log line, quoted: redacted and bounded when it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    number: usize,
    at: Option<Timestamp>,
    /// Shared, since a diagnosis is kept more than once.
    text: Arc<str>,
}

impl Evidence {
    /// Quotes a line.
    pub fn quote(entry: &Entry<'_>) -> Self {
        Self { number: entry.number, at: entry.at, text: redact::line(&entry.line, LONGEST).into() }
    }

    /// A quote that was kept: it was redacted when it was made.
    pub fn kept(number: usize, at: Option<Timestamp>, text: &str) -> Self {
        Self { number, at, text: text.into() }
    }

    /// The line's place in its batch or file, from 1.
    pub fn number(&self) -> usize {
        self.number
    }

    /// When it was logged.
    pub fn at(&self) -> Option<Timestamp> {
        self.at
    }

    /// What it says, as far as it may be repeated.
    pub fn text(&self) -> &str {
        &self.text
    }
}
