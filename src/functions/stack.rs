//! The stack's custom resource: made, it subscribes; deleted, it leaves no filter behind.
//!
//! Its physical id is the filter's name, which is the stack's and never changes. CloudFormation makes up an id of its own
//! where a creation failed before it was answered, so an id alone is no reason to remove a filter, or to leave ours.

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::{error, info};

use crate::aws::Filter;
use crate::aws::live::reply;
use crate::coverage::{GroupStatus, ReconcileReport, Reconciler, Scope};
use crate::functions::caretaker::{Caretaker, summary};

/// A request of CloudFormation's for its custom resource.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html>
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Request {
    request_type: String,
    #[serde(rename = "ResponseURL")]
    response_url: String,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
    /// The name of the filter that the resource stands for, or an id that CloudFormation made up; none yet when it is made.
    physical_resource_id: Option<String>,
    #[serde(default)]
    resource_properties: Properties,
}

/// What the template gives the resource.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Properties {
    filter_name: Option<String>,
}

impl Request {
    /// A former name of our filter: the resource was made under it and has another now.
    fn former_name(&self, ours: &str) -> Option<&str> {
        let (id, made_as) =
            (self.physical_resource_id.as_deref()?, self.resource_properties.filter_name.as_deref()?);
        (id == made_as && id != ours).then_some(id)
    }
}

impl Caretaker {
    /// Does what CloudFormation asks for and answers it.
    pub(crate) async fn stack(&self, request: &Request, deadline: Instant) -> anyhow::Result<Value> {
        let ours = self.config.filter.name.as_str();
        let id = request.physical_resource_id.as_deref().unwrap_or(ours);
        if request.request_type != "Delete" {
            // A group that can't be subscribed is a gap to report, and no reason to fail a deployment.
            let report = self.subscribe(deadline).await;
            self.answer(request, ours, None).await?;
            return Ok(summary(&report));
        }
        let mut report = self.unsubscribe(ours, &Scope::ended(), deadline).await;
        let former = request.former_name(ours);
        if let Some(former) = former {
            let more = self.unsubscribe(former, &Scope::former(), deadline).await;
            report.absorb(more);
        }
        for group in self.named_groups(deadline).await {
            for (name, scope) in [(Some(ours), Scope::ended()), (former, Scope::former())] {
                let Some(name) = name else { continue };
                let ours = Filter { name: name.to_owned(), ..self.config.filter.clone() };
                let reconciler = Reconciler { ours: &ours, ..self.reconciler(&scope, deadline) };
                report.extend(self.unwatch(std::slice::from_ref(&group), &reconciler).await);
            }
        }
        self.answer(request, id, left_behind(&report).as_deref()).await?;
        Ok(summary(&report))
    }

    /// Removes the filters of this name from every group that is named like an execution log's.
    async fn unsubscribe(&self, name: &str, scope: &Scope, deadline: Instant) -> ReconcileReport {
        let ours = Filter { name: name.to_owned(), ..self.config.filter.clone() };
        self.go_through(&Reconciler { ours: &ours, ..self.reconciler(scope, deadline) }).await
    }

    async fn answer(&self, request: &Request, id: &str, fault: Option<&str>) -> anyhow::Result<()> {
        let document = json!({
            "Status": if fault.is_some() { "FAILED" } else { "SUCCESS" },
            "Reason": fault.unwrap_or("done; details are in the caretaker's log"),
            "PhysicalResourceId": id,
            "StackId": request.stack_id,
            "RequestId": request.request_id,
            "LogicalResourceId": request.logical_resource_id,
        });
        let sent = reply::put(&self.sdk, &request.response_url, document.to_string()).await;
        // Where this fails, Lambda runs the request again: everything here may be done twice.
        sent.inspect_err(|why| error!(why, "CloudFormation could not be answered"))
            .map_err(anyhow::Error::msg)
            .context("cannot answer CloudFormation")?;
        info!(request = request.request_type, fault, "answered CloudFormation");
        Ok(())
    }
}

/// What is wrong with a removal, where filters may be left.
fn left_behind(report: &ReconcileReport) -> Option<String> {
    if let Some(why) = &report.unlisted {
        return Some(format!("the log groups could not be listed: {why}"));
    }
    let left: Vec<&String> = report
        .statuses
        .iter()
        .filter(|(_, status)| matches!(status, GroupStatus::Failed(..) | GroupStatus::NotReached))
        .map(|(group, _)| group)
        .collect();
    let first = left.first()?;
    Some(format!(
        "filters may be left in {} log groups, the first of them {first}; delete the stack once more to go on",
        left.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(id: &str, filter_name: Option<&str>) -> Request {
        let request = json!({
            "RequestType": "Delete", "ResponseURL": "https://x", "StackId": "s", "RequestId": "r",
            "LogicalResourceId": "l", "PhysicalResourceId": id, "ResourceProperties": { "FilterName": filter_name },
        });
        serde_json::from_value(request).unwrap()
    }

    #[test]
    fn only_a_name_that_the_resource_had_is_a_former_name() {
        assert_eq!(request("old", Some("old")).former_name("ours"), Some("old"));
        assert_eq!(request("ours", Some("ours")).former_name("ours"), None);
        assert_eq!(request("siem", Some("ours")).former_name("ours"), None, "the id says nothing by itself");
        assert_eq!(request("made-up-1X2Y", None).former_name("ours"), None);
    }
}
