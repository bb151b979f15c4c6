//! What an invocation asks of the caretaker, and the order in which it is done.

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Duration, Instant};

use crate::functions::caretaker::Caretaker;
use crate::functions::stack::Request;

/// Time kept for the report and for CloudFormation's answer.
const MARGIN: Duration = Duration::from_secs(10);

impl Caretaker {
    /// Does what an event asks for, before the invocation's deadline; answers with a summary.
    ///
    /// # Errors
    ///
    /// A request of CloudFormation's that can't be read or answered.
    pub async fn handle(&self, event: &[u8], deadline: Instant) -> anyhow::Result<Value> {
        let deadline = deadline.checked_sub(MARGIN).unwrap_or(deadline);
        match Task::of(event).context("cannot read the request of CloudFormation")? {
            Task::Incidents => self.care(deadline).await,
            Task::ReconcileReport => {
                // Incidents first: people may wait for them. A failure there must not keep the rest from being done.
                let care = self.care(deadline).await;
                let mut answer = self.round(deadline).await;
                answer["incidents"] = care?;
                Ok(answer)
            }
            Task::NewGroup(name) => Ok(self.new_group(name, deadline).await),
            Task::Stack(request) => self.stack(&request, deadline).await,
        }
    }
}

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// The round that the schedule asks for: incidents and coverage.
    ReconcileReport,
    /// A look after incidents alone, which is due more often.
    Incidents,
    /// A log group has just been made.
    NewGroup(String),
    /// The stack is made, changed or deleted.
    Stack(Request),
}

#[derive(Deserialize)]
struct CaretakerEvent {
    only: Option<String>,
    detail: Option<EventDetail>,
    #[serde(rename = "RequestType")]
    request_type: Option<String>,
}

#[derive(Deserialize)]
struct EventDetail {
    #[serde(rename = "eventName")]
    name: Option<String>,
    #[serde(rename = "requestParameters")]
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    #[serde(rename = "logGroupName")]
    log_group: Option<String>,
}

impl Task {
    /// Reads an event. One that is neither of the others is the schedule's, whatever it holds.
    pub(crate) fn of(event: &[u8]) -> Result<Self, serde_json::Error> {
        let Ok(found) = serde_json::from_slice::<CaretakerEvent>(event) else {
            return Ok(Self::ReconcileReport);
        };
        if found.request_type.is_some() {
            return serde_json::from_slice(event).map(Self::Stack);
        }
        if found.only.as_deref() == Some("incidents") {
            return Ok(Self::Incidents);
        }
        let created = found.detail.filter(|detail| detail.name.as_deref() == Some("CreateLogGroup"));
        let group = created.and_then(|detail| detail.parameters?.log_group);
        Ok(group.map_or(Self::ReconcileReport, Self::NewGroup))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(event: &serde_json::Value, expected: &Task) {
        assert_eq!(&Task::of(event.to_string().as_bytes()).unwrap(), expected);
    }

    #[test]
    fn events_are_told_apart() {
        let group = "API-Gateway-Execution-Logs_a1b2c3d4e5/prod";
        check(
            &json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}),
            &Task::ReconcileReport,
        );
        check(&json!({}), &Task::ReconcileReport);
        check(&json!({"only": "incidents"}), &Task::Incidents);
        check(&json!("anything"), &Task::ReconcileReport);
        let created = json!({"source": "aws.logs", "detail": {
            "eventName": "CreateLogGroup", "requestParameters": {"logGroupName": group},
        }});
        check(&created, &Task::NewGroup(group.to_owned()));
    }

    #[test]
    fn a_request_of_cloudformations_that_misses_something_is_no_round() {
        assert!(Task::of(br#"{"RequestType":"Delete"}"#).is_err());
    }
}
