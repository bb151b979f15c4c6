//! What the time between sending and failing suggests. A clue is never proof: one published case shows the gap of ten
//! seconds, and only a packet capture would show what really happened.

use std::time::Duration;

use jiff::Timestamp;

use crate::causes::cause::Symptoms;
use crate::causes::endpoint::Endpoint;
use crate::logs::{Execution, Phase};

/// What the line at this index and its time show.
pub(crate) fn symptoms<'e>(execution: &Execution<'e>, failure: usize, line: &'e str) -> Symptoms<'e> {
    let waited = match execution.phase(failure) {
        // Lines of one delivered record share its time, so no gap was measured between them.
        Phase::WaitingForAnswer { waited } => waited.filter(|waited| !waited.is_zero()),
        _ => None,
    };
    // A stamp of whole seconds hides almost one second on either side: nothing quick can be read from it.
    let fine = execution.sent_and_failed(failure).is_some_and(|times| times.into_iter().any(is_fine));
    let https = execution.endpoint_uri.and_then(Endpoint::parts).is_some_and(|(tls, ..)| tls);
    Symptoms { line, waited, fine, https }
}

/// Of causes that neither the line nor its time says more about.
pub(crate) fn none(_: &Symptoms<'_>) -> Option<String> {
    None
}

/// Where API Gateway tried to open a connection.
pub(crate) fn connecting(seen: &Symptoms<'_>) -> Option<String> {
    let waited = seen.waited?;
    if is_gap(waited) {
        return Some(dropped(waited));
    }
    (seen.fine && is_quick(waited)).then(|| {
        format!(
            "it failed {} ms after sending, which suggests a refused or reset connection or no usable link, not dropped \
             packets",
            waited.as_millis()
        )
    })
}

/// Where the connection broke.
pub(crate) fn broken(seen: &Symptoms<'_>) -> Option<String> {
    let waited = seen.waited?;
    if is_gap(waited) {
        return Some(dropped(waited));
    }
    (seen.fine && is_quick(waited)).then(|| {
        format!(
            "the connection broke {} ms after sending, which suggests a refusal, or an idle connection that the peer had \
             closed",
            waited.as_millis()
        )
    })
}

/// Where no answer came in time.
pub(crate) fn waiting(seen: &Symptoms<'_>) -> Option<String> {
    let waited = seen.waited?;
    Some(format!(
        "no response for {}. If the backend never logged the request, it was lost on the way, or the backend speaks only \
         HTTP/2",
        seconds(waited)
    ))
}

fn dropped(waited: Duration) -> String {
    format!(
        "it failed {} after sending, which suggests dropped packets: a security group, network ACL or route",
        seconds(waited)
    )
}

/// About ten seconds, after which opening a connection seems to be given up.
fn is_gap(waited: Duration) -> bool {
    (Duration::from_millis(9_000)..=Duration::from_millis(11_000)).contains(&waited)
}

fn is_quick(waited: Duration) -> bool {
    waited < Duration::from_secs(1)
}

fn is_fine(at: Timestamp) -> bool {
    at.subsec_nanosecond() != 0
}

fn seconds(waited: Duration) -> String {
    format!("{:.0} s", waited.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use crate::causes::failure::classify;
    use crate::logs;
    use crate::logs::correlate;

    const UNREACHABLE: &str = "Execution failed due to configuration error: There was an internal error while executing your request";
    const BROKEN: &str =
        "Execution failed due to a network error communicating with endpoint: Connection reset by peer";
    const TIMEOUT: &str = "Execution failed due to a timeout error";

    #[track_caller]
    fn check(sent: &str, failed: &str, failure: &str, expected: Option<&str>) {
        let log = format!("{sent}(a) Sending request to https://x.example.com\n{failed}(a) {failure}\n");
        let records = logs::open(log.as_bytes(), 1 << 16).expect("text opens");
        let Ok(Some(batch)) = records[0].read() else { panic!("text reads") };
        let batches = [batch];
        let found = classify(&correlate(&batches)[0]).expect("it failed");
        match expected {
            Some(words) => {
                assert!(found.clue.as_ref().is_some_and(|clue| clue.contains(words)), "{:?}", found.clue)
            }
            None => assert_eq!(found.clue, None),
        }
    }

    fn at(time: &str) -> String {
        format!("2026-03-02T10:15:{time}Z ")
    }

    #[test]
    fn ten_seconds_suggest_dropped_packets() {
        check(&at("30.100"), &at("40.107"), UNREACHABLE, Some("failed 10 s after sending"));
        check(&at("30"), &at("40"), UNREACHABLE, Some("dropped"));
        check(&at("30.100"), &at("40.107"), BROKEN, Some("dropped"));
        check(&at("30.100"), &at("35.107"), UNREACHABLE, None);
        check(&at("30.100"), &at("44.107"), UNREACHABLE, None);
    }

    #[test]
    fn an_immediate_failure_suggests_a_refusal() {
        check(&at("30.100"), &at("30.112"), UNREACHABLE, Some("12 ms after sending"));
        check(&at("30.100"), &at("30.112"), BROKEN, Some("the peer had closed"));
    }

    #[test]
    fn whole_seconds_tell_nothing_quick() {
        check(&at("30"), &at("30"), UNREACHABLE, None);
        check(&at("30"), &at("31"), BROKEN, None);
    }

    #[test]
    fn undated_lines_tell_nothing() {
        check("", "", UNREACHABLE, None);
        check(&at("30.100"), "", UNREACHABLE, None);
    }

    #[test]
    fn one_time_for_both_lines_tells_nothing() {
        check(&at("30.100"), &at("30.100"), UNREACHABLE, None);
        check(&at("30.100"), &at("30.100"), TIMEOUT, None);
    }

    #[test]
    fn a_timeout_tells_how_long_it_was() {
        check(&at("00.100"), &at("29.103"), TIMEOUT, Some("no response for 29 s"));
    }
}
