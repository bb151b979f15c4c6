//! Diagnosis → a richer one: the lines of a request that the batch did not hold.
//!
//! A subscription filter that passes failures alone delivers the line that fails and none that names route or endpoint. Once
//! an incident that has news, the rest of one request is read from its own log stream, and the whole is looked at afresh.

use crate::causes;
use crate::logs::delivered;

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Duration, Instant, timeout_at};

use crate::aws::model::{LinesOf, LoggedLine};
use crate::aws::{Account, NotRead, Query, ReadError};
use crate::causes::Diagnosis;
use crate::logs::{Batch, Execution, LogEvent, LogType, correlate};

/// How far from the failure the request's other lines may be: API Gateway waits 29 seconds by default.
const WITHIN: SignedDuration = SignedDuration::from_secs(30);

/// Time for it at most; reading the path needs the rest.
const AT_MOST: Duration = Duration::from_secs(3);

/// What became of looking.
#[derive(Clone, Debug)]
pub enum Context {
    /// The lines at hand say it all, or do not say where the others are.
    Enough,
    /// There are more, and this is what all of them say.
    Found(Box<Diagnosis>),
    /// Nothing was found that says more: it is not logged at this level, say.
    NoMore,
    /// The lines could not be read.
    Unread(NotRead),
}

/// Looks for the other lines of a diagnosis's request, until the deadline.
pub async fn context(account: &dyn Account, diagnosis: &Diagnosis, deadline: Instant) -> Context {
    let Some(of) = missing(diagnosis) else { return Context::Enough };
    let question = Query::RequestLines(of);
    let unread = |why| Context::Unread(NotRead::of(&question, why));
    match timeout_at(deadline.min(Instant::now() + AT_MOST), account.ask(&question)).await {
        Err(_) => unread(ReadError::TimedOut),
        Ok(Err(why)) => unread(why),
        Ok(Ok((answer, _))) => {
            match answer.take().and_then(|lines: Vec<LoggedLine>| whole(diagnosis, &lines)) {
                Some(richer) => Context::Found(Box::new(richer)),
                None => Context::NoMore,
            }
        }
    }
}

/// Where to look for the lines that would name route or endpoint; `None` where both are known, or the place is not.
fn missing(diagnosis: &Diagnosis) -> Option<LinesOf> {
    // One line is all that an access log has of a request.
    if diagnosis.source.log == LogType::Access || (diagnosis.route.is_some() && diagnosis.endpoint.is_some())
    {
        return None;
    }
    let (request, at) = (diagnosis.request_id.as_ref()?.as_str(), diagnosis.at?);
    // It becomes part of a filter pattern, in quotes.
    let plain = request.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
    plain.then(|| {
        Some(LinesOf {
            group: diagnosis.source.log_group.clone()?,
            stream: diagnosis.source.log_stream.clone()?,
            request: request.to_owned(),
            from: at.checked_sub(WITHIN).unwrap_or(Timestamp::MIN),
            to: at.checked_add(WITHIN).unwrap_or(Timestamp::MAX),
        })
    })?
}

/// What all lines of the request say together, where that is more.
fn whole(poor: &Diagnosis, lines: &[LoggedLine]) -> Option<Diagnosis> {
    let event = |(number, line): (usize, &LoggedLine)| LogEvent {
        number,
        id: None,
        at: line.at,
        message: line.message.clone().into(),
    };
    let events = (1..).zip(lines).map(event).collect();
    let batch = Batch { source: poor.source.clone(), events, ..Batch::default() };
    let batches = delivered::unpack(batch).ok()?;
    let executions = correlate(&batches);
    let named = poor.request_id.as_ref().map(|id| id.as_str());
    let of_id = |execution: &&Execution<'_>| {
        execution.request_id == named && execution.source.stage == poor.source.stage
    };
    let mut same = executions.iter().filter(of_id);
    // One id may be of several requests: then only the time of the failure tells them apart.
    let same = match (same.next(), same.next()) {
        (only, None) => only?,
        _ => {
            executions.iter().filter(of_id).find(|one| one.entries.iter().any(|entry| entry.at == poor.at))?
        }
    };
    let richer = causes::classify(same)?;
    let says_more = (poor.route.is_none() && richer.route.is_some())
        || (poor.endpoint.is_none() && richer.endpoint.is_some())
        || richer.context.len() > poor.context.len();
    says_more.then_some(richer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::Source;

    const AT: i64 = 1_772_446_530_000;

    fn of(messages: &[&str], request: &str) -> Diagnosis {
        let event = |(number, message): (usize, &&'static str)| LogEvent {
            number,
            id: None,
            at: Timestamp::from_millisecond(AT).ok(),
            message: (*message).into(),
        };
        let messages: Vec<&'static str> = messages
            .iter()
            .map(|message| &*Box::leak(format!("({request}) {message}").into_boxed_str()))
            .collect();
        let source = Source {
            log_stream: Some("stream".to_owned()),
            ..Source::of_group("API-Gateway-Execution-Logs_a1b2c3d4e5/prod")
        };
        let batch = Batch { source, events: (1..).zip(&messages).map(event).collect(), passed: 0 };
        let diagnosis = crate::causes::classify(&correlate(&[batch])[0]);
        diagnosis.expect("the lines fail")
    }

    fn line(message: &str) -> LoggedLine {
        LoggedLine { at: Timestamp::from_millisecond(AT).ok(), message: message.to_owned() }
    }

    const FAILURE: &str = "Execution failed due to a timeout error";

    #[test]
    fn only_a_request_without_route_or_endpoint_is_looked_up() {
        let asked = missing(&of(&[FAILURE], "r1")).expect("something is missing");
        assert_eq!((asked.request.as_str(), asked.stream.as_str()), ("r1", "stream"));
        assert_eq!(asked.to.duration_since(asked.from), SignedDuration::from_secs(60));
        let all = ["HTTP Method: GET, Resource Path: /x", "Endpoint request URI: http://x.example/", FAILURE];
        assert_eq!(missing(&of(&all, "r1")), None);
    }

    #[test]
    fn an_id_that_would_break_out_of_the_quotes_is_not_looked_up() {
        assert_eq!(missing(&of(&[FAILURE], "r\"1")), None);
    }

    #[test]
    fn the_whole_request_names_route_and_endpoint() {
        let poor = of(&[FAILURE], "r1");
        let lines = [
            line("(r1) HTTP Method: GET, Resource Path: /x"),
            line("(r1) Endpoint request URI: http://x.example/"),
            line("(r2) HTTP Method: PUT, Resource Path: /y quotes r1"),
            line(&format!("(r1) {FAILURE}")),
        ];
        let richer = whole(&poor, &lines).expect("there is more");
        assert_eq!(richer.route.clone().map(|route| route.path).as_deref(), Some("/x"));
        assert!(richer.endpoint.is_some());
        assert!(whole(&poor, &[line(&format!("(r1) {FAILURE}"))]).is_none(), "the same says no more");
        assert!(whole(&poor, &[]).is_none());
    }
}
