//! One request's lines, and what they say together.

use std::collections::HashSet;
use std::time::Duration;

use foldhash::fast::RandomState;
use jiff::Timestamp;

use crate::logs::access::AccessOutcome;
use crate::logs::batch::Source;
use crate::logs::line::{Kind, LogLine};

/// One line in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its place in the batch or the line of the file, from 1.
    pub number: usize,
    /// When it was logged.
    pub at: Option<Timestamp>,
    /// The line.
    pub line: LogLine<'a>,
}

/// What the client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoggedRoute<'a> {
    /// The verb.
    pub method: &'a str,
    /// The path, as it was logged.
    pub path: &'a str,
}

/// What came back from the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Its status; logs before 2020 do not say.
    pub status: Option<u16>,
    /// How long it took.
    pub latency: Option<Duration>,
}

/// How far a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The lines do not say: at level ERROR only the failure is logged.
    Unknown,
    /// It failed before anything was sent.
    BeforeSending,
    /// It was sent, and nothing came back until it failed.
    WaitingForAnswer {
        /// From sending to failing, where both are dated.
        waited: Option<Duration>,
    },
    /// The backend had answered.
    Answered,
}

/// All lines of one request.
#[derive(Clone, Debug)]
pub struct Execution<'a> {
    /// Where its lines came from.
    pub source: &'a Source,
    /// The number of the batch that `source` is of: equal numbers have equal sources.
    pub(crate) batch: usize,
    /// Its id, where the lines name one.
    pub request_id: Option<&'a str>,
    /// Its lines, by time.
    pub entries: Vec<Entry<'a>>,
    /// What the client asked for.
    pub route: Option<LoggedRoute<'a>>,
    /// API and stage as the lines themselves name them.
    pub api_stage: Option<(&'a str, &'a str)>,
    /// The URI that API Gateway called.
    pub endpoint_uri: Option<&'a str>,
    /// What the backend answered.
    pub received: Option<Received>,
    /// The status sent to the client.
    pub completed: Option<u16>,
    /// The gateway response sent instead of the backend's, and its status.
    pub gateway_response: Option<(&'a str, Option<u16>)>,
    /// The places of the lines that say what was called and how it ended: of each kind the last.
    pub milestones: [Option<usize>; 5],
    /// Whether an access line proves its failure, rather than lines of an execution log.
    pub from_access_log: bool,
    /// What that line's values prove where it holds no sentence.
    pub outcome: Option<AccessOutcome>,
    started: bool,
    ended: bool,
    succeeded: bool,
    failed: bool,
    /// Whether a failure line says that it failed: in some forms of a log a client's body can hold such a line.
    says_failed: bool,
    /// Lines that say that a request begins: two or more may be of two requests.
    beginnings: usize,
    routes: usize,
    /// Lines that say that a request ended.
    endings: usize,
    /// Whether a line was added that only stands after the beginning, or at the end: asked for each line of text without
    /// ids, so that it must not take a look at all lines before.
    begun: bool,
    completes: bool,
}

impl<'a> Execution<'a> {
    pub(crate) fn new(source: &'a Source, batch: usize, request_id: Option<&'a str>) -> Self {
        Self {
            source,
            batch,
            request_id,
            entries: Vec::new(),
            route: source.route.as_ref().map(|(method, path)| LoggedRoute { method, path }),
            api_stage: None,
            endpoint_uri: None,
            received: None,
            completed: None,
            gateway_response: None,
            milestones: [None; 5],
            from_access_log: false,
            outcome: None,
            started: false,
            ended: false,
            succeeded: false,
            failed: false,
            says_failed: false,
            beginnings: 0,
            routes: 0,
            endings: 0,
            begun: false,
            completes: false,
        }
    }

    /// Notes where a line was found: the canary's own group says more than the stage's.
    pub(crate) fn seen_in(&mut self, source: &'a Source, batch: usize) {
        if source.canary && !self.source.canary {
            (self.source, self.batch) = (source, batch);
        }
    }

    pub(crate) fn add(&mut self, entry: Entry<'a>) {
        match entry.line.kind {
            Kind::Starting(_) => (self.begun, self.beginnings) = (true, self.beginnings + 1),
            Kind::Route { .. } => (self.begun, self.routes) = (true, self.routes + 1),
            Kind::Completed { .. } => (self.completes, self.endings) = (true, self.endings + 1),
            _ => {}
        }
        self.entries.push(entry);
    }

    /// Orders the lines, divides them where one id is of several requests, and reads what they say; called once all are
    /// there.
    pub(crate) fn settle(mut self, settled: &mut Vec<Self>) {
        // Stable: lines of one millisecond keep the order of their delivery. Undated lines keep theirs altogether.
        if self.entries.iter().all(|entry| entry.at.is_some()) {
            self.entries.sort_by_key(|entry| entry.at);
        }
        self.forget_repeats();
        let entries = self.entries.len();
        let borders: Vec<usize> = self.undated_borders().into_iter().chain([entries]).collect();
        if borders.len() > 1 {
            let mut entries = self.entries.into_iter();
            let mut from = 0;
            for border in borders {
                let mut part = Self::new(self.source, self.batch, self.request_id);
                part.entries = entries.by_ref().take(border - from).collect();
                part.read();
                settled.push(part);
                from = border;
            }
            return;
        }
        while let Some(border) = self.border() {
            let mut first = Self::new(self.source, self.batch, self.request_id);
            let rest = self.entries.split_off(border);
            first.entries = std::mem::replace(&mut self.entries, rest);
            first.read();
            settled.push(first);
        }
        self.read();
        settled.push(self);
    }

    /// Where another request of the same id begins: a client may choose its id, and choose one that is in use.
    fn border(&self) -> Option<usize> {
        if self.beginnings < 2 && self.routes < 2 {
            return None;
        }
        // Undated lines are a person's copy, in which a body may hold what seems to begin a request.
        if self.entries.iter().any(|entry| entry.line.request.is_none() || entry.at.is_none()) {
            return None;
        }
        let (mut begun, mut completed) = (false, None);
        let beginning = self.entries.iter().position(|entry| match entry.line.kind {
            // Lines of one moment may stand in any order.
            Kind::Starting(_) => {
                std::mem::replace(&mut begun, true) || completed.is_some_and(|at| entry.at > at)
            }
            Kind::Route { .. } => completed.is_some_and(|at| entry.at > at),
            Kind::Completed { .. } => {
                completed = Some(entry.at);
                false
            }
            _ => false,
        })?;
        // What stands between one request's end and the next one's beginning is of the next: its authorizer's calls.
        let is_next =
            |entry: &Entry<'_>| completed.is_some_and(|at| entry.at > at) && entry.line.kind != Kind::Trailer;
        self.entries[..beginning].iter().position(is_next).or(Some(beginning))
    }

    /// Where other requests begin in a copy without times whose ids were masked. Not where a body may hold what seems to
    /// begin one.
    fn undated_borders(&self) -> Vec<usize> {
        let undated = |entry: &Entry<'_>| entry.at.is_none() && entry.line.request.is_some();
        let several = self.beginnings > 1 || self.endings > 1;
        if !several || !self.entries.iter().all(|entry| undated(entry) && !entry.line.quotes()) {
            return Vec::new();
        }
        let ends = |entry: &Entry<'_>| matches!(entry.line.kind, Kind::Completed { .. } | Kind::Trailer);
        let newest_first = self.entries.first().is_some_and(ends);
        let (mut begun, mut ended) = (false, newest_first);
        let is_border = |(place, entry): (usize, &Entry<'_>)| {
            let (begins, ends) = (matches!(entry.line.kind, Kind::Starting(_)), ends(entry));
            let was_ended = std::mem::replace(&mut ended, ends);
            let is_next = match newest_first {
                true => ends && !was_ended,
                false => !ends && (was_ended || (begins && begun)),
            };
            begun = begins || (begun && !is_next);
            is_next.then_some(place)
        };
        self.entries.iter().enumerate().filter_map(is_border).collect()
    }

    pub(crate) fn read(&mut self) {
        for index in 0..self.entries.len() {
            let kind = self.entries[index].line.kind.clone();
            self.learn(&kind);
            if let Some(milestone) = milestone(&kind) {
                self.milestones[milestone] = Some(index);
            }
        }
        // API Gateway ends a request in success or in a failure, never in both: what says otherwise stands in a body.
        let answered = self.succeeded && self.completed.is_some_and(|status| status < 500);
        self.failed = !answered && (self.says_failed || is_server_error(self.completed));
    }

    /// Leaves out lines that come twice: CloudWatch Logs repeats events, copies from its console show each one twice, and a
    /// canary's lines may stand in the stage's own group too. API Gateway never logs the same line of a request twice in one millisecond.
    fn forget_repeats(&mut self) {
        /// Lines that are compared each with each: sooner done than hashing them.
        const FEW: usize = 32;
        let said = |entry: &Entry<'a>| (entry.line.text, entry.line.rest, entry.at);
        let once = |place: usize| {
            let entry = said(&self.entries[place]);
            self.entries[..place].iter().all(|earlier| said(earlier) != entry)
        };
        if self.entries.len() <= FEW && (1..self.entries.len()).all(once) {
            return;
        }
        let mut known: HashSet<_, RandomState> = HashSet::default();
        self.entries
            .retain(|entry| entry.line.request.is_none() || entry.at.is_none() || known.insert(said(entry)));
    }

    fn learn(&mut self, kind: &Kind<'a>) {
        match *kind {
            Kind::LogOf(id) => self.name(id),
            Kind::Starting(id) => {
                self.name(id);
                self.started = true;
                // What was called until here was an authorizer, whose calls are logged in the same words.
                (self.endpoint_uri, self.received) = (None, None);
            }
            Kind::UsagePlan { api, stage } => self.api_stage = Some((api, stage)),
            Kind::Route { method, path } => self.route = Some(LoggedRoute { method, path }),
            Kind::EndpointUri(uri) => self.endpoint_uri = Some(uri),
            Kind::Sending(uri) => self.endpoint_uri = self.endpoint_uri.or(Some(uri)),
            Kind::Received { status, latency } => self.received = Some(Received { status, latency }),
            Kind::GatewayResponse { name, status } => {
                self.gateway_response = Some((name, status));
                self.says_failed |= is_server_error(status);
            }
            Kind::Completed { status } => {
                self.ended = true;
                self.completed = status;
            }
            Kind::Succeeded => self.succeeded = true,
            Kind::Failure | Kind::LambdaRejected { .. } => self.says_failed = true,
            Kind::ResponseHeaders(_) | Kind::Preamble | Kind::Payload | Kind::Trailer | Kind::Other => {}
        }
    }

    fn name(&mut self, id: &'a str) {
        self.request_id = self.request_id.or(Some(id).filter(|id| !id.is_empty()));
    }

    /// Whether a line without an id, of this kind, can only belong to the next request.
    pub(crate) fn ends_before(&self, kind: &Kind<'_>) -> bool {
        match kind {
            Kind::LogOf(_) => true,
            Kind::Trailer | Kind::GatewayResponse { .. } => false,
            _ if self.completes => true,
            Kind::Starting(_) | Kind::Preamble | Kind::UsagePlan { .. } => self.begun,
            _ => false,
        }
    }

    /// Whether it failed with a 5xx, by its own lines. A status that was mapped to another one does not hide a failure.
    pub fn is_failed(&self) -> bool {
        self.failed
    }

    /// Whether API Gateway itself says that all went well, whatever the backend's status.
    pub fn is_successful(&self) -> bool {
        self.succeeded
    }

    /// Whether some of its lines say that it failed, and others that it went well: it was called well.
    pub fn contradicts_itself(&self) -> bool {
        self.says_failed && !self.failed
    }

    /// Whether the lines stop before anything tells how it ended.
    pub fn is_cut_off(&self) -> bool {
        !self.failed && !self.ended && !self.succeeded
    }

    /// Whether these may be the last lines of a request whose first ones came elsewhere.
    pub fn is_tail(&self) -> bool {
        !self.started
    }

    /// Whether any line is one that API Gateway writes.
    pub fn is_recognised(&self) -> bool {
        self.entries.iter().any(|entry| entry.line.kind != Kind::Other)
    }

    /// Adds what an access line says of the same request. Where the execution log gives a reason, or what the backend
    /// answered, its own lines say more.
    pub(crate) fn complete_with(&mut self, access: Self) {
        let is_reason = |kind: &Kind<'_>| matches!(kind, Kind::Failure | Kind::LambdaRejected { .. });
        let has_reason =
            self.entries.iter().any(|entry| is_reason(&entry.line.kind)) || self.received.is_some();
        self.route = self.route.or(access.route);
        self.received = self.received.or(access.received);
        self.completed = self.completed.or(access.completed);
        if !(has_reason && self.failed) {
            self.entries.extend(access.entries);
            (self.from_access_log, self.outcome) = (true, access.outcome);
            self.gateway_response = self.gateway_response.or(access.gateway_response);
            self.failed = true;
        }
    }

    /// How far the request came before the line at this index.
    pub fn phase(&self, failure: usize) -> Phase {
        if self.last_before(failure, |kind| matches!(kind, Kind::Received { .. })).is_some() {
            return Phase::Answered;
        }
        if self.last_before(failure, is_sending).is_some() {
            let between = self.sent_and_failed(failure).map(|[sent, failed]| failed.duration_since(sent));
            return Phase::WaitingForAnswer {
                waited: between.and_then(|waited| Duration::try_from(waited).ok()),
            };
        }
        if self.started { Phase::BeforeSending } else { Phase::Unknown }
    }

    /// When the request was sent, and when the line at this index was logged, where both are dated.
    pub fn sent_and_failed(&self, failure: usize) -> Option<[Timestamp; 2]> {
        let sent = self.last_before(failure, is_sending)?.at?;
        Some([sent, self.entries.get(failure)?.at?])
    }

    fn last_before(&self, index: usize, wanted: impl Fn(&Kind<'_>) -> bool) -> Option<&Entry<'a>> {
        self.entries[..index.min(self.entries.len())].iter().rfind(|entry| wanted(&entry.line.kind))
    }
}

/// Which of the lines that say what was called and how it ended this kind is.
fn milestone(kind: &Kind<'_>) -> Option<usize> {
    match kind {
        Kind::Route { .. } => Some(0),
        Kind::EndpointUri(_) | Kind::Sending(_) => Some(1),
        Kind::Received { .. } => Some(2),
        Kind::GatewayResponse { .. } => Some(3),
        Kind::Completed { .. } => Some(4),
        _ => None,
    }
}

fn is_sending(kind: &Kind<'_>) -> bool {
    matches!(kind, Kind::Sending(_))
}

fn is_server_error(status: Option<u16>) -> bool {
    status.is_some_and(|status| (500..600).contains(&status))
}
