//! CloudWatch Logs, as far as it is read.

use serde_json::{Value, json};

use super::{Account, page};
use crate::harness::call::Call;
use crate::harness::wire::Reply;

/// An event of a log group.
#[derive(Clone, Debug, Default)]
pub struct Event {
    /// Its stream.
    pub stream: String,
    /// When, in epoch milliseconds.
    pub timestamp: i64,
    /// What.
    pub message: String,
}

pub(super) fn answer(account: &Account, call: &Call) -> Option<Reply> {
    (call.operation == "FilterLogEvents").then(|| {
        let Some(events) = account.log_groups.get(call.text("logGroupName")) else {
            let message = "The specified log group does not exist.";
            return Reply::error(400, "ResourceNotFoundException", message);
        };
        let found: Vec<Value> =
            events.iter().enumerate().filter(|(_, event)| event.wanted(call)).map(described).collect();
        let limit =
            call.params["limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(10_000);
        page(account, &found, limit, call.text("nextToken"), |events, next| {
            let mut value = json!({ "events": events, "searchedLogStreams": [] });
            if let Some(next) = next {
                value["nextToken"] = next.into();
            }
            value
        })
        .unwrap_or_else(|| {
            Reply::error(400, "InvalidParameterException", "The specified nextToken is invalid.")
        })
    })
}

impl Event {
    /// Whether streams, times and the pattern allow it. Of the pattern language only one quoted phrase is understood.
    fn wanted(&self, call: &Call) -> bool {
        let streams = call.texts("logStreamNames");
        let from = call.params["startTime"].as_i64().unwrap_or(i64::MIN);
        let to = call.params["endTime"].as_i64().unwrap_or(i64::MAX);
        (streams.is_empty() || streams.contains(&self.stream.as_str()))
            && (from..=to).contains(&self.timestamp)
            && self.message.contains(call.text("filterPattern").trim_matches('"'))
    }
}

fn described((place, event): (usize, &Event)) -> Value {
    json!({
        "logStreamName": event.stream,
        "timestamp": event.timestamp,
        "message": event.message,
        "ingestionTime": event.timestamp,
        "eventId": format!("{place:056}"),
    })
}
