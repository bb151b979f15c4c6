//! The stack's custom resource: made, it subscribes; deleted, it leaves no filter behind.
//!
//! Its physical id is the filter's name. A filter that gets another name is a new resource to CloudFormation, which then has
//! the old one deleted: the filters of the old name go, and no others.

use crate::aws::live::reply;
use crate::functions::caretaker_report;

use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::{error, info};

use crate::coverage::{Filter, GroupStatus, ReconcileReport, Reconciler, Scope};
use crate::functions::caretaker::Caretaker;
use crate::functions::task::Request;

impl Caretaker {
    /// Does what CloudFormation asks for and answers it.
    pub(crate) async fn stack(&self, request: &Request, deadline: Instant) -> anyhow::Result<Value> {
        let ours = self.config.filter.name.as_str();
        let (round, id, fault) = if request.request_type == "Delete" {
            let name = request.physical_resource_id.as_deref().unwrap_or(ours);
            let round = self.unsubscribe(name, deadline).await;
            let fault = left_behind(&round);
            (round, name, fault)
        } else {
            // What can't be subscribed is a blind spot, and no reason to fail a deployment.
            (self.subscribe(deadline).await, ours, None)
        };
        self.answer(request, id, fault.as_deref()).await?;
        Ok(caretaker_report::summary(&round))
    }

    /// Removes the filters of this name from every group.
    async fn unsubscribe(&self, name: &str, deadline: Instant) -> ReconcileReport {
        let (scope, ours) = (Scope::ended(), Filter { name: name.to_owned(), ..self.config.filter.clone() });
        self.go_through(&Reconciler { ours: &ours, ..self.upkeep(&scope, deadline) }).await
    }

    async fn answer(&self, request: &Request, id: &str, fault: Option<&str>) -> anyhow::Result<()> {
        let document = json!({
            "Status": if fault.is_some() { "FAILED" } else { "SUCCESS" },
            "Reason": fault.unwrap_or("see the caretaker's log"),
            "PhysicalResourceId": id,
            "StackId": request.stack_id,
            "RequestId": request.request_id,
            "LogicalResourceId": request.logical_resource_id,
        });
        match reply::put(&self.sdk, &request.response_url, document.to_string()).await {
            Ok(()) => info!(request = request.request_type, fault, "answered CloudFormation"),
            Err(why) => {
                error!(why, "CloudFormation could not be answered");
                // Lambda runs it again: everything here may be done twice.
                anyhow::bail!("cannot answer CloudFormation: {why}");
            }
        }
        Ok(())
    }
}

/// What is wrong with a removal, where filters may be left.
fn left_behind(round: &ReconcileReport) -> Option<String> {
    if let Some(why) = &round.unlisted {
        return Some(format!("the log groups could not be listed: {why}"));
    }
    let left: Vec<&String> = round
        .standing
        .iter()
        .filter(|(_, standing)| matches!(standing, GroupStatus::Failed(..) | GroupStatus::NotReached))
        .map(|(group, _)| group)
        .collect();
    let first = left.first()?;
    Some(format!(
        "filters may be left in {} log groups, the first of them {first}; delete the stack once more to go on",
        left.len()
    ))
}
