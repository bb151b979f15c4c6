//! Access lines → executions: what they prove about a failed request, and which request of an execution log it is.
//!
//! `$context.integration.error` repeats the execution log's own sentence, so that the catalogue reads it unchanged. Without
//! a sentence, two statuses decide: the one that the client got, and the one that the backend answered, if it did.

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::RandomState;
use jiff::Timestamp;

use super::access::{AccessLine, AccessOutcome, Variable, is_sentence};
use super::access_format::{self, AccessFormat};
use crate::ids::{ApiId, ApiKind};
use crate::logs::batch::{Batch, LogEvent, LogType, Source};
use crate::logs::execution::{Entry, Execution, LoggedRoute, Received};
use crate::logs::line::{Kind, LogLine, opening};

/// A failed request, as an access line tells of it.
#[derive(Clone, Debug)]
pub struct AccessFailure<'a> {
    number: usize,
    at: Option<Timestamp>,
    line: AccessLine<'a>,
    /// The line's own sentence, or its values in one line: what is quoted as evidence.
    proof: Cow<'a, str>,
    outcome: Option<AccessOutcome>,
    /// Its place in the log's sources.
    source: usize,
}

/// What one batch of access lines holds.
#[derive(Clone, Debug, Default)]
pub struct AccessLog<'a> {
    /// Where the lines come from: one a stage.
    sources: Vec<Source>,
    /// The requests that failed.
    pub failures: Vec<AccessFailure<'a>>,
    /// Lines that could be read.
    pub requests: usize,
    /// Lines of unknown shape, by their places in the batch: passed over.
    pub unread: Vec<usize>,
    /// What lines of requests say whose status is below 500, though API Gateway says of them that they failed: a gateway
    /// response changes the status. Each with the number of its event.
    pub remapped: Vec<(usize, String)>,
    /// Lines of requests whose stage neither the line nor the group tells.
    pub without_stage: usize,
}

/// Takes access lines out of a batch: JSON, and lines in one of the formats. Gives what is left, and the access lines.
///
/// Delivered execution logs are JSON, too: they are unpacked before.
pub fn divide<'a>(mut batch: Batch<'a>, formats: &[AccessFormat]) -> (Batch<'a>, Batch<'a>) {
    let is_access = |event: &LogEvent<'a>| {
        let message = body(&event.message);
        match message.as_bytes().first() {
            // A line of an execution log, as a rule.
            Some(b'(') => false,
            Some(b'{') => true,
            Some(_) => access_format::read(message, formats).is_some(),
            None => false,
        }
    };
    let mut access = Batch { source: batch.source.clone(), ..Batch::default() };
    if batch.events.iter().any(is_access) {
        let (of_access, rest) = std::mem::take(&mut batch.events).into_iter().partition(is_access);
        (access.events, batch.events) = (of_access, rest);
    }
    (batch, access)
}

/// Whether access lines of the batch say themselves which stage they are of.
pub fn names_its_stage(batch: &Batch<'_>) -> bool {
    some_line(batch, |line| line.text(Variable::ApiId).is_some() && line.text(Variable::Stage).is_some())
}

/// Whether the batch holds lines that only API Gateway's access logs have.
pub fn is_distinct(batch: &Batch<'_>) -> bool {
    some_line(batch, |line| line.is_distinct())
}

/// Lines that may tell of failures, and are neither of an execution log nor of any format known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnreadFailures {
    pub lines: usize,
    /// Whether no other line could be read.
    pub is_all: bool,
}

/// Counts the lines of a batch that hold the number of a 5xx status and could not be read.
pub fn unread_failures(batch: &Batch<'_>, formats: &[AccessFormat]) -> UnreadFailures {
    let is_read = |text: &str| text.starts_with('(') || access_format::read(text, formats).is_some();
    let texts = || batch.events.iter().map(|event| body(&event.message));
    let lines = texts().filter(|text| holds_5xx(text) && !is_read(text)).count();
    UnreadFailures { lines, is_all: lines > 0 && !texts().any(is_read) }
}

/// Whether a number between 500 and 599 stands by itself in a text.
fn holds_5xx(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'5', bytes).any(|at| {
        let ends = |place: Option<&u8>| place.is_none_or(|byte| !byte.is_ascii_alphanumeric());
        let digit = |place: usize| bytes.get(place).is_some_and(u8::is_ascii_digit);
        digit(at + 1)
            && digit(at + 2)
            && ends(bytes.get(at + 3))
            && ends(at.checked_sub(1).and_then(|at| bytes.get(at)))
    })
}

/// Whether one of the first access lines is so.
fn some_line(batch: &Batch<'_>, wanted: impl Fn(&AccessLine<'_>) -> bool) -> bool {
    const FIRST: usize = 50;
    let read = |event: &LogEvent<'_>| {
        access_format::read(body(&event.message), &[]).is_some_and(|line| wanted(&line))
    };
    batch.events.iter().take(FIRST).any(read)
}

impl<'a> AccessLog<'a> {
    /// Reads a batch of access lines.
    pub fn read(batch: &'a Batch<'a>, formats: &[AccessFormat]) -> Self {
        let mut log = Self::default();
        let mut places = HashMap::<_, usize, RandomState>::default();
        for (place, event) in batch.events.iter().enumerate() {
            let text = body(&event.message);
            let Some(line) = access_format::read(text, formats) else {
                log.unread.push(place);
                continue;
            };
            log.requests += 1;
            // Most lines are of requests that went well.
            if line.status().is_none_or(|status| status < 500) {
                if is_remapped(&line) {
                    log.remapped.push((event.number, proof(&line).into_owned()));
                }
                continue;
            }
            let api_stage = stage_of(&line, text, formats, &batch.source);
            log.without_stage += usize::from(api_stage.is_none());
            let source = *places.entry(api_stage.clone()).or_insert_with(|| {
                let kind = kind_of(api_stage.as_ref(), formats).or(batch.source.api_kind);
                log.sources.push(source(&batch.source, api_stage, kind.or_else(|| line.api_kind())));
                log.sources.len() - 1
            });
            log.failures.push(AccessFailure::new(event, line, source));
        }
        log
    }

    /// The failed requests as executions; `number` is the log's own, above all batches.
    pub fn executions<'e>(&'e self, number: usize) -> impl Iterator<Item = Execution<'e>>
    where
        'a: 'e,
    {
        self.failures
            .iter()
            .map(move |failure| failure.execution(&self.sources[failure.source], number + failure.source))
    }
}

/// Adds the failures of access logs to the executions of execution logs. Of a request that failed in both, the execution
/// log's lines say more, and it is one failure.
pub fn join<'e>(executions: &mut Vec<Execution<'e>>, logs: &'e [AccessLog<'_>]) {
    type Request<'r> = (Option<&'r str>, Option<&'r str>, &'r str);
    fn request<'e>(execution: &Execution<'e>) -> Option<Request<'e>> {
        let source = execution.source;
        let api = source.api.as_ref().map(ApiId::as_str);
        Some((api, source.stage.as_deref(), execution.request_id?))
    }
    if logs.iter().all(|log| log.failures.is_empty()) {
        return;
    }
    let known = executions.iter().enumerate();
    let mut known: HashMap<Request<'e>, usize, RandomState> =
        known.filter_map(|(place, execution)| Some((request(execution)?, place))).collect();
    // Numbers of sources, above those of the batches that the executions come from.
    let mut next = executions.iter().map(|execution| execution.batch + 1).max().unwrap_or(0);
    let numbers = logs.iter().map(|log| {
        let number = next;
        next += log.sources.len();
        number
    });
    let numbers: Vec<usize> = numbers.collect();
    for access in logs.iter().zip(numbers).flat_map(|(log, number)| log.executions(number)) {
        let place = request(&access).map(|request| *known.entry(request).or_insert(executions.len()));
        match place.and_then(|place| executions.get_mut(place)) {
            Some(execution) => execution.complete_with(access),
            None => executions.push(access),
        }
    }
}

/// The API and stage of a line: its own, or of the one stage that writes so, or the group's.
fn stage_of(
    line: &AccessLine<'_>,
    text: &str,
    formats: &[AccessFormat],
    group: &Source,
) -> Option<(String, String)> {
    let named = line.text(Variable::ApiId).zip(line.text(Variable::Stage));
    let of_format = || {
        let stage = |(api, stage): (&'_ ApiId, &'_ str)| (api.as_str().to_owned(), stage.to_owned());
        let mut stages =
            formats.iter().filter(|format| format.fits(text)).filter_map(|format| format.stage().map(stage));
        let first = stages.next()?;
        // Two stages that write alike into one group can't be told apart.
        stages.all(|other| other == first).then_some(first)
    };
    let of_format = if named.is_none() { of_format() } else { None };
    let of_format = || of_format.as_ref().map(|(api, stage)| (api.as_str(), stage.as_str()));
    let of_group = || group.api.as_ref().map(ApiId::as_str).zip(group.stage.as_deref());
    let fits = |(api, stage): &(&str, &str)| {
        // What a line names must agree with what the others do, where it names one of the two.
        line.text(Variable::ApiId).is_none_or(|named| named == *api)
            && line.text(Variable::Stage).is_none_or(|named| named == *stage)
    };
    let (api, stage) = named.or_else(|| of_format().filter(fits)).or_else(|| of_group().filter(fits))?;
    let sound = |text: &str| !text.is_empty() && text.len() <= 128;
    (sound(api) && sound(stage)).then(|| (api.to_owned(), stage.to_owned()))
}

/// What kind of API a stage is of, where its format says so.
fn kind_of(stage: Option<&(String, String)>, formats: &[AccessFormat]) -> Option<ApiKind> {
    let (api, stage) = stage?;
    let of_stage =
        |format: &&AccessFormat| format.stage().is_some_and(|(id, name)| id.as_str() == api && name == stage);
    formats.iter().find(of_stage)?.kind()
}

fn source(group: &Source, api_stage: Option<(String, String)>, api_kind: Option<ApiKind>) -> Source {
    // A group that is named like another stage's says nothing about this line.
    let (api, stage) = api_stage.unzip();
    Source { api: api.map(ApiId::new), stage, api_kind, log: LogType::Access, canary: false, ..group.clone() }
}

/// The line without the time that a copy may have put before it.
fn body(message: &str) -> &str {
    let trimmed = message.trim();
    if !trimmed.starts_with(|c: char| c.is_ascii_digit()) {
        return trimmed;
    }
    let opening = opening(trimmed.lines().next().unwrap_or(""));
    let copied = opening.at.is_some() && opening.request.is_none() && !opening.text.is_empty();
    if !copied {
        return trimmed;
    }
    let line = &trimmed[trimmed.find(opening.text).unwrap_or(0)..];
    // `aws logs tail` puts the stream's name there, which a delivery may choose.
    line.split_once(' ')
        .map(|(_, line)| line.trim_start())
        .filter(|line| line.starts_with('{'))
        .unwrap_or(line)
}

/// Whether a status below 500 stands for a failure of the integration.
fn is_remapped(line: &AccessLine<'_>) -> bool {
    const FAILED: [&str; 3] = ["INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", NETWORK_FAILURE];
    line.text(Variable::ResponseType).is_some_and(|name| FAILED.contains(&name))
        || line.text(Variable::IntegrationError).is_some_and(is_sentence)
}

/// The word of HTTP APIs for a VPC link's target that could not be reached, in whichever field it is.
const NETWORK_FAILURE: &str = "INTEGRATION_NETWORK_FAILURE";

impl<'a> AccessFailure<'a> {
    fn new(event: &LogEvent<'_>, line: AccessLine<'a>, source: usize) -> Self {
        let (proof, outcome) = (proof(&line), outcome(&line));
        Self { number: event.number, at: event.at.or_else(|| line.at()), line, proof, outcome, source }
    }

    /// The failure as an execution of one line.
    fn execution<'e>(&'e self, source: &'e Source, number: usize) -> Execution<'e> {
        let line = &self.line;
        let mut execution = Execution::new(source, number, line.request_id());
        execution.api_stage = line.text(Variable::ApiId).zip(line.text(Variable::Stage));
        execution.route = line.route().map(|(method, path)| LoggedRoute { method, path });
        execution.completed = line.status();
        execution.received = backend_status(line)
            .map(|status| Received { status: Some(status), latency: line.integration_latency() });
        execution.gateway_response = line.text(Variable::ResponseType).map(|name| (name, line.status()));
        (execution.from_access_log, execution.outcome) = (true, self.outcome);
        let (text, rest) = self.proof.split_once('\n').unwrap_or((&self.proof, ""));
        let proof = LogLine { request: line.request_id(), at: self.at, text, rest, kind: Kind::Failure };
        execution.add(Entry { number: self.number, at: self.at, line: proof });
        execution.read();
        execution
    }
}

fn backend_status(line: &AccessLine<'_>) -> Option<u16> {
    line.status_of(Variable::BackendStatus).or_else(|| line.status_of(Variable::EitherStatus))
}

/// The sentence that names the failure, or the values that do.
fn proof<'a>(line: &AccessLine<'a>) -> Cow<'a, str> {
    let text = |variable| match line.value(variable) {
        super::access::Value::Text(text) => Some(text),
        _ => None,
    };
    let reason =
        text(Variable::IntegrationError).filter(|reason| !reason.eq_ignore_ascii_case(NETWORK_FAILURE));
    let said = || {
        [Variable::WafError, Variable::ErrorMessage]
            .into_iter()
            .filter_map(text)
            .find(|said| is_sentence(said))
    };
    match reason.or_else(said) {
        Some(sentence) => sentence.clone(),
        None => Cow::Owned(summary(line)),
    }
}

/// The values that decide, under the names that AWS gives them.
fn summary(line: &AccessLine<'_>) -> String {
    const SHOWN: [(Variable, &str); 9] = [
        (Variable::Status, "status"),
        (Variable::BackendStatus, "integration.status"),
        (Variable::ServiceStatus, "integration.integrationStatus"),
        (Variable::EitherStatus, "integrationStatus"),
        (Variable::IntegrationLatency, "integration.latency"),
        (Variable::IntegrationError, "integration.error"),
        (Variable::ResponseType, "error.responseType"),
        (Variable::ErrorMessage, "error.message"),
        (Variable::AuthorizerError, "authorizer.error"),
    ];
    let shown = SHOWN.iter().filter_map(|(variable, name)| match line.value(*variable) {
        super::access::Value::NotLogged => None,
        super::access::Value::Nothing => Some(format!("{name} -")),
        super::access::Value::Text(text) => Some(format!("{name} {text}")),
    });
    format!("access log: {}", shown.collect::<Vec<_>>().join(", "))
}

/// What the values prove. A gateway response changes the status, not its type, so that the type is asked first.
fn outcome(line: &AccessLine<'_>) -> Option<AccessOutcome> {
    let is = |variable, word: &str| line.text(variable).is_some_and(|text| text.eq_ignore_ascii_case(word));
    let response = |name| is(Variable::ResponseType, name);
    let said = |sentence| is(Variable::ErrorMessage, sentence);
    let status = line.status()?;
    let called = line.status_of(Variable::ServiceStatus);
    if response(NETWORK_FAILURE) || is(Variable::IntegrationError, NETWORK_FAILURE) || said(NETWORK_FAILURE) {
        return Some(AccessOutcome::Unreachable);
    }
    if response("AUTHORIZER_FAILURE") || response("AUTHORIZER_CONFIGURATION_ERROR") {
        return Some(AccessOutcome::AuthorizerFailed);
    }
    if response("INTEGRATION_TIMEOUT") || said("Endpoint request timed out") {
        return Some(AccessOutcome::TimedOut);
    }
    if backend_status(line).is_some_and(|status| (500..600).contains(&status)) {
        return Some(AccessOutcome::BackendError);
    }
    match called {
        Some(429) => return Some(AccessOutcome::LambdaThrottled),
        Some(400..600) => return Some(AccessOutcome::LambdaRejected),
        _ => {}
    }
    let called_lambda = called.is_some() || line.text(Variable::IntegrationRequestId).is_some();
    // A status of the backend's below 500 is an answer; what failed then came after it.
    if backend_status(line).is_some() || called_lambda || !no_answer(line) {
        return None;
    }
    match status {
        504 if response("INTEGRATION_FAILURE") => Some(AccessOutcome::Broken),
        _ if said("Network error communicating with endpoint") => Some(AccessOutcome::Broken),
        500 if response("INTEGRATION_FAILURE") => Some(AccessOutcome::Broken),
        500 | 503 => Some(AccessOutcome::Unreachable),
        504 => Some(AccessOutcome::TimedOut),
        _ => None,
    }
}

/// Whether the line says that the backend gave no answer: its status is logged, and there was none.
fn no_answer(line: &AccessLine<'_>) -> bool {
    line.is_nothing(Variable::BackendStatus)
        || (*line.value(Variable::BackendStatus) == super::access::Value::NotLogged
            && line.is_nothing(Variable::EitherStatus))
}
