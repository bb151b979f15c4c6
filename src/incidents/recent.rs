//! Requests whose failures were counted lately: CloudWatch Logs may deliver the last lines of a request in another batch.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::causes::Failure;
use crate::ids::ApiId;

/// Requests kept at a time; when there are more, those that were counted first are forgotten.
const MOST: usize = 10_000;

/// Lines of one request lie no further apart: a request's id may be the caller's choice, and so come back with another.
const LONGEST: SignedDuration = SignedDuration::from_mins(5);

/// A request: 64 bits of a keyed hash of its API, stage and id. The names themselves would take ten times the memory, and
/// no client that chooses an id can foresee which others it would be taken for.
type Request = u64;

/// When a request failed, and whether its access log named it.
type Counted = (Option<Timestamp>, bool);

/// Requests of one payload that failed, to be remembered once they are counted.
#[derive(Debug, Default)]
pub struct CountedRequests(Vec<(Request, Counted)>);

/// Requests that failed and were counted, in the container's memory.
#[derive(Debug, Default)]
pub struct RecentRequests {
    key: RandomState,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    failed_at: HashMap<Request, Counted>,
    in_order: VecDeque<Request>,
}

impl RecentRequests {
    /// Whether this request's failure was counted already: by the other one of its two logs, or by lines that came earlier, to
    /// which these add nothing. Of one log, a cause that was named is news of its own, even where a client chose the id.
    pub fn knows(&self, failure: &Failure<'_>) -> bool {
        let Some(request) = self.request(failure) else { return false };
        let adds_nothing = failure.is_tail() && failure.cause.is_last_resort();
        self.known().failed_at.get(&request).is_some_and(|(counted, of_access_log)| {
            let near = match (counted, failure.at()) {
                (Some(counted), Some(at)) => at.duration_since(*counted).abs() <= LONGEST,
                _ => true,
            };
            near && (adds_nothing || *of_access_log != failure.is_of_access_log())
        })
    }

    /// The requests of these failures, to be remembered once they are counted: the last of them, where they are too many.
    pub fn requests(&self, failures: &[Failure<'_>]) -> CountedRequests {
        let last = &failures[failures.len().saturating_sub(MOST)..];
        let counted = |failure: &Failure<'_>| (failure.at(), failure.is_of_access_log());
        CountedRequests(
            last.iter().filter_map(|failure| Some((self.request(failure)?, counted(failure)))).collect(),
        )
    }

    /// Remembers requests whose failures were counted.
    pub fn remember(&self, requests: CountedRequests) {
        let mut known = self.known();
        for (request, counted) in requests.0 {
            if known.failed_at.insert(request, counted).is_none() {
                known.in_order.push_back(request);
            }
            if known.in_order.len() > MOST
                && let Some(oldest) = known.in_order.pop_front()
            {
                known.failed_at.remove(&oldest);
            }
        }
    }

    fn request(&self, failure: &Failure<'_>) -> Option<Request> {
        let (id, source) = (failure.request_id()?, failure.source());
        let api = source.api.as_ref().map(ApiId::as_str);
        Some(self.key.hash_one((api, source.stage.as_deref(), id.as_str())))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // What a panic elsewhere leaves behind is a request more or less: it may be counted twice.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::causes::failure_of;
    use crate::logs::{Batch, LogEvent, Source, correlate};

    /// The one failure of a request `a`, whose only line was logged at this second.
    fn failure(group: &str, line: &str, second: i64) -> Failure<'static> {
        let batches: &'static _ = Box::leak(Box::new([Batch {
            source: Source::of_group(group),
            events: vec![LogEvent {
                number: 1,
                id: None,
                at: Timestamp::from_second(second).ok(),
                message: format!("(a) {line}").into(),
            }],
            passed: 0,
        }]));
        failure_of(&correlate(batches).leak()[0]).expect("the line tells of a failure")
    }

    const GROUP: &str = "API-Gateway-Execution-Logs_a1b2c3d4e5/prod";
    const FAILURE: &str = "Execution failed due to a timeout error";
    const END: &str = "Method completed with status: 504";

    #[track_caller]
    fn check(later: &Failure<'_>, known: bool) {
        let recent = RecentRequests::default();
        assert!(!recent.knows(later));
        recent.remember(recent.requests(&[failure(GROUP, FAILURE, 1000)]));
        assert_eq!(recent.knows(later), known);
    }

    #[test]
    fn the_end_of_a_told_request_is_no_news() {
        check(&failure(GROUP, END, 1001), true);
        check(
            &failure(GROUP, "Gateway response type: INTEGRATION_TIMEOUT with status code: 504", 1001),
            true,
        );
    }

    #[test]
    fn anything_else_is() {
        check(&failure("API-Gateway-Execution-Logs_a1b2c3d4e5/test", END, 1001), false);
        check(&failure(GROUP, END, 2000), false);
        check(&failure(GROUP, FAILURE, 1001), false);
    }

    #[test]
    fn it_forgets_the_first_of_many() {
        let recent = RecentRequests::default();
        let one = failure(GROUP, FAILURE, 1000);
        recent.remember(recent.requests(std::slice::from_ref(&one)));
        let others = (0..).take(MOST).map(|n| (n, (None, false)));
        recent.remember(CountedRequests(others.collect()));
        assert!(!recent.knows(&failure(GROUP, END, 1001)));
        assert_eq!(recent.known().failed_at.len(), MOST);
    }
}
