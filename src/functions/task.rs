//! What an invocation asks of the caretaker.

use serde::Deserialize;

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

/// A request of CloudFormation's for its custom resource.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html>
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    pub(crate) request_type: String,
    #[serde(rename = "ResponseURL")]
    pub(crate) response_url: String,
    pub(crate) stack_id: String,
    pub(crate) request_id: String,
    pub(crate) logical_resource_id: String,
    /// The name of the filter that the resource stands for; none yet when it is made.
    pub(crate) physical_resource_id: Option<String>,
}

#[derive(Deserialize)]
struct Event {
    only: Option<String>,
    detail: Option<Detail>,
    #[serde(rename = "RequestType")]
    request_type: Option<String>,
}

#[derive(Deserialize)]
struct Detail {
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
        let Ok(found) = serde_json::from_slice::<Event>(event) else { return Ok(Self::ReconcileReport) };
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
