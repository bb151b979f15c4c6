//! Where a failure would go unseen, and what to do about it.

use crate::aws::{CoverageCall, Filter, HttpApi, ReadError, Subscription};
use crate::coverage::inventory::{Inventory, InventoryStage};
use crate::coverage::plan::SkipReason;
use crate::coverage::reconcile::GroupStatus;
use crate::text::shell_word;

/// What makes a place blind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GapKind {
    /// API Gateway has no role to write logs with, in the whole account and Region.
    LogRoleMissing,
    /// The alert topic has no subscription.
    TopicWithoutSubscriber,
    /// The topic of the alarms about the stack itself has no subscription.
    AlarmTopicWithoutSubscriber,
    /// A subscription to the alerts waits for its owner to confirm it.
    SubscriptionUnconfirmed,
    /// A stage logs nothing of some private routes.
    ExecutionLoggingOff,
    /// A stage logs, and has no log group.
    LogGroupMissing,
    /// All subscription filters of a log group are taken by others.
    LogGroupFull,
    /// A log group's class allows no subscription.
    LogGroupClass,
    /// A log group is left out by the settings.
    LogGroupExcluded,
    /// A log group is not subscribed, for another reason.
    NotSubscribed,
    /// A log group of delivered logs is not subscribed.
    DeliveredNotSubscribed,
    /// Another principal removed our filter; it is back.
    FilterRemoved,
    /// An HTTP or WebSocket API: there are no execution logs.
    HttpApi,
    /// It could not be looked at.
    NotRead,
}

impl GapKind {
    /// Each of them.
    pub const ALL: [Self; 14] = [
        Self::LogRoleMissing,
        Self::TopicWithoutSubscriber,
        Self::AlarmTopicWithoutSubscriber,
        Self::SubscriptionUnconfirmed,
        Self::ExecutionLoggingOff,
        Self::LogGroupMissing,
        Self::LogGroupFull,
        Self::LogGroupClass,
        Self::LogGroupExcluded,
        Self::NotSubscribed,
        Self::DeliveredNotSubscribed,
        Self::FilterRemoved,
        Self::HttpApi,
        Self::NotRead,
    ];

    /// Whether it is to be mended. What the settings leave out, and what AWS does not offer, is no reason for an alarm.
    pub fn is_to_mend(self) -> bool {
        !matches!(self, Self::LogGroupExcluded | Self::HttpApi)
    }

    /// The word by which logs, metrics and the command line know it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LogRoleMissing => "log-role-missing",
            Self::TopicWithoutSubscriber => "topic-without-subscriber",
            Self::AlarmTopicWithoutSubscriber => "alarm-topic-without-subscriber",
            Self::SubscriptionUnconfirmed => "subscription-unconfirmed",
            Self::ExecutionLoggingOff => "execution-logging-off",
            Self::LogGroupMissing => "log-group-missing",
            Self::LogGroupFull => "log-group-full",
            Self::LogGroupClass => "log-group-class",
            Self::LogGroupExcluded => "log-group-excluded",
            Self::NotSubscribed => "not-subscribed",
            Self::DeliveredNotSubscribed => "delivered-not-subscribed",
            Self::FilterRemoved => "filter-removed",
            Self::HttpApi => "http-api",
            Self::NotRead => "not-read",
        }
    }
}

/// A place where a failure would go unseen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlindSpot {
    /// What makes it blind.
    pub kind: GapKind,
    /// The stage, log group, API or topic.
    pub of: String,
    /// What is so, for people.
    pub says: String,
    /// What to do about it.
    pub remedy: String,
    /// The command that does it, or shows what has to be known first.
    pub command: Option<String>,
}

/// All blind spots in what was seen, in the order of their kinds.
pub fn blind_spots(seen: &Inventory) -> Vec<BlindSpot> {
    let mut spots = account(seen);
    for stage in &seen.stages {
        spots.extend(of_stage(seen, stage));
    }
    spots.extend(seen.delivered.iter().filter_map(|(group, status)| delivered(seen, group, status)));
    spots.extend(seen.report.statuses.iter().filter_map(|(group, status)| orphan(seen, group, status)));
    spots.extend(seen.lost.iter().map(|group| BlindSpot {
        kind: GapKind::FilterRemoved,
        of: group.clone(),
        says: "its subscription filter was removed after the last run, and is put back".to_owned(),
        remedy: "Find out who removes it: failures in between raised no alert.".to_owned(),
        command: Some(format!(
            "aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=DeleteSubscriptionFilter{}",
            region(seen)
        )),
    }));
    spots.extend(seen.http_apis.iter().map(http_api));
    spots.extend(unread(seen));
    spots.sort();
    spots.dedup();
    spots
}

fn region(seen: &Inventory) -> String {
    seen.region
        .as_ref()
        .map(|region| format!(" --region {}", shell_word(region.as_str())))
        .unwrap_or_default()
}

/// What concerns the whole account and Region.
fn account(seen: &Inventory) -> Vec<BlindSpot> {
    let mut spots = Vec::new();
    if seen.has_log_role == Some(false) {
        spots.push(BlindSpot {
            kind: GapKind::LogRoleMissing,
            of: "account".to_owned(),
            says: "API Gateway has no role to write logs with in this account and Region: no stage logs anything".to_owned(),
            remedy: "Make a role with the policy AmazonAPIGatewayPushToCloudWatchLogs for API Gateway, and set it."
                .to_owned(),
            command: Some(format!(
                "aws apigateway update-account --patch-operations op=replace,path=/cloudwatchRoleArn,value=ROLE_ARN{}",
                region(seen)
            )),
        });
    }
    if let Some(subscriptions) = &seen.subscriptions {
        spots.extend(topic(GapKind::TopicWithoutSubscriber, "alert", "alerts", subscriptions));
    }
    if let Some(subscriptions) = &seen.alarm_subscriptions {
        let what = "alarms about this stack";
        spots.extend(topic(GapKind::AlarmTopicWithoutSubscriber, "alarm", what, subscriptions));
    }
    spots
}

/// What is blind about a topic: no subscription, or one that waits.
fn topic(kind: GapKind, name: &str, what: &str, subscriptions: &[Subscription]) -> Vec<BlindSpot> {
    if subscriptions.is_empty() {
        return vec![BlindSpot {
            kind,
            of: format!("{name} topic"),
            says: format!("the {name} topic has no subscription: {what} reach no one"),
            remedy: "Subscribe the address of the people on call.".to_owned(),
            command: None,
        }];
    }
    let waiting = subscriptions.iter().filter(|subscription| !subscription.confirmed);
    let spot = |Subscription { protocol, .. }: &Subscription| BlindSpot {
        kind: GapKind::SubscriptionUnconfirmed,
        of: if kind == GapKind::TopicWithoutSubscriber {
            protocol.clone()
        } else {
            format!("{protocol} ({what})")
        },
        says: format!("a subscription by {protocol} waits to be confirmed, and gets no {what} until then"),
        remedy: "Confirm it by the link that was sent there; after three days it has to be made again."
            .to_owned(),
        command: None,
    };
    waiting.map(spot).collect()
}

/// What is blind about a stage: nothing where it has no private route.
fn of_stage(seen: &Inventory, stage: &InventoryStage) -> Option<BlindSpot> {
    let private = stage.private.as_ref().filter(|routes| !routes.is_empty())?;
    let silent = stage.silent();
    let of = format!("{}/{}", stage.api.id, stage.name);
    if !silent.is_empty() {
        let which = match silent.len() {
            all if all == private.len() => "nothing of its private routes".to_owned(),
            _ => {
                let routes: Vec<String> =
                    silent.iter().take(3).map(|(path, verb)| format!("{verb} {path}")).collect();
                format!(
                    "nothing of {} of its {} private routes ({})",
                    silent.len(),
                    private.len(),
                    routes.join(", ")
                )
            }
        };
        return Some(BlindSpot {
            kind: GapKind::ExecutionLoggingOff,
            says: format!("stage {} of {} logs {which}", stage.name, stage.api.name),
            remedy: "Switch execution logging on; INFO tells the route and the endpoint with a failure, ERROR the failure \
                     alone."
                .to_owned(),
            command: Some(format!(
                "aws apigateway update-stage --rest-api-id {} --stage-name {} --patch-operations \
                 'op=replace,path=/*/*/logging/loglevel,value=INFO'{}",
                shell_word(stage.api.id.as_str()),
                shell_word(&stage.name),
                region(seen)
            )),
            of,
        });
    }
    if !seen.report.is_complete() || seen.report.statuses.contains_key(&stage.log_group(&seen.prefix)) {
        return None;
    }
    Some(BlindSpot {
        kind: GapKind::LogGroupMissing,
        says: format!("stage {} of {} logs, and has no log group", stage.name, stage.api.name),
        remedy: "API Gateway makes the group when the stage is deployed: deploy it once more. Where its logs are delivered to a \
                 group of another name, put that into DELIVERED_LOG_GROUPS."
            .to_owned(),
        command: Some(format!(
            "aws apigateway create-deployment --rest-api-id {} --stage-name {}{}",
            shell_word(stage.api.id.as_str()),
            shell_word(&stage.name),
            region(seen)
        )),
        of,
    })
}

/// What is blind about an execution log group. One of a stage without private routes hides nothing of ours.
fn orphan(seen: &Inventory, group: &str, status: &GroupStatus) -> Option<BlindSpot> {
    let stage = seen.stages.iter().find(|stage| {
        let own = stage.log_group(&seen.prefix);
        group == own || group.strip_prefix(&own).is_some_and(|rest| rest == "/Canary")
    });
    match stage.map(|stage| stage.private.as_deref()) {
        Some(Some([])) => None,
        _ => of_group(seen, group, status),
    }
}

fn of_group(seen: &Inventory, group: &str, status: &GroupStatus) -> Option<BlindSpot> {
    let filters = || {
        Some(format!(
            "aws logs describe-subscription-filters --log-group-name {}{}",
            shell_word(group),
            region(seen)
        ))
    };
    let (kind, says, remedy, command) = match status {
        GroupStatus::Watched => return None,
        GroupStatus::Left(SkipReason::Full(names)) => (
            GapKind::LogGroupFull,
            format!("all of its subscription filters are taken, by {}", names.join(" and ")),
            "Remove one of them, or let one stream feed both readers: a log group has two filters and no more.",
            filters(),
        ),
        GroupStatus::Left(SkipReason::Class) => (
            GapKind::LogGroupClass,
            "its class allows no subscription".to_owned(),
            "Only groups of the standard class can be watched: delete it and deploy the stage once more.",
            None,
        ),
        GroupStatus::Left(SkipReason::OutOfScope) => (
            GapKind::LogGroupExcluded,
            "the settings leave it out".to_owned(),
            "Take it from EXCLUDE_LOG_GROUPS, or add it to INCLUDE_LOG_GROUPS, if it is to be watched.",
            None,
        ),
        GroupStatus::Unwatched => (
            GapKind::NotSubscribed,
            "it has no subscription filter that leads to the responder".to_owned(),
            "The caretaker subscribes it at its next run; where it does not, its log says why.",
            Some(put(seen, group)),
        ),
        GroupStatus::NotReached => (
            GapKind::NotSubscribed,
            "time was up before its turn".to_owned(),
            "The next run begins with it. Where that is never enough, raise the caretaker's time limit.",
            None,
        ),
        GroupStatus::Failed(call, why) => (
            GapKind::NotSubscribed,
            format!("{} failed: {why}", call.action()),
            failed(*call, why),
            filters(),
        ),
    };
    Some(BlindSpot { kind, of: group.to_owned(), says, remedy: remedy.to_owned(), command })
}

fn failed(call: CoverageCall, why: &ReadError) -> &'static str {
    match (call, why) {
        (_, ReadError::Denied) => "Allow the caretaker's role this action on the group.",
        (_, ReadError::Throttled | ReadError::TimedOut) => "The next run tries again.",
        (CoverageCall::PutSubscriptionFilter, _) => {
            "See whether the responder is there and lets CloudWatch Logs invoke it; the next run tries again."
        }
        _ => "The next run tries again.",
    }
}

/// A group of delivered logs is subscribed by hand.
fn delivered(seen: &Inventory, group: &str, status: &GroupStatus) -> Option<BlindSpot> {
    let says = match status {
        GroupStatus::Watched => return None,
        GroupStatus::Failed(call, why) => format!("{} failed: {why}", call.action()),
        _ => {
            "delivered execution logs go there, and it has no subscription filter that leads to the responder"
                .to_owned()
        }
    };
    Some(BlindSpot {
        kind: GapKind::DeliveredNotSubscribed,
        of: group.to_owned(),
        says,
        remedy: "Let the group's events invoke the responder, and subscribe it.".to_owned(),
        command: Some(put(seen, group)),
    })
}

fn http_api(HttpApi { api, is_websocket }: &HttpApi) -> BlindSpot {
    let (says, remedy) = if *is_websocket {
        (
            "a WebSocket API over a VPC link; its log groups have other names, and are not subscribed",
            "Subscribe its log group to the responder by hand, and name it in DELIVERED_LOG_GROUPS.",
        )
    } else {
        (
            "an HTTP API over a VPC link; those write no execution logs",
            "Watch its metric 5xx, and have `$context.integrationErrorMessage` in its access log.",
        )
    };
    BlindSpot {
        kind: GapKind::HttpApi,
        of: api.id.to_string(),
        says: format!("{} is {says}", api.name),
        remedy: remedy.to_owned(),
        command: None,
    }
}

/// The command that subscribes a group.
fn put(seen: &Inventory, group: &str) -> String {
    let (name, to) = seen.ours.as_ref().map_or((Filter::DEFAULT_NAME, "RESPONDER_ARN"), |ours| {
        (ours.name.as_str(), ours.destination.as_str())
    });
    format!(
        "aws logs put-subscription-filter --log-group-name {} --filter-name {} --filter-pattern '' \
         --destination-arn {}{}",
        shell_word(group),
        shell_word(name),
        shell_word(to),
        region(seen)
    )
}

fn unread(seen: &Inventory) -> Vec<BlindSpot> {
    let spot = |of: &str, says: String, remedy: String| BlindSpot {
        kind: GapKind::NotRead,
        of: of.to_owned(),
        says,
        remedy,
        command: None,
    };
    let mut spots = Vec::new();
    if let Some(why) = &seen.report.unlisted {
        let action = CoverageCall::DescribeLogGroups.action();
        let remedy = format!("Allow {action}, or try again.");
        spots.push(spot(
            "log groups",
            format!("the log groups could not be listed ({action}): {why}"),
            remedy,
        ));
    }
    for (call, what, why) in &seen.unread {
        let remedy = format!("Allow {}, or try again.", call.action());
        spots.push(spot(what, format!("{what} could not be read ({}): {why}", call.action()), remedy));
    }
    if seen.skipped > 0 {
        let says = format!("time was up before {} APIs were looked at", seen.skipped);
        spots.push(spot("APIs", says, "Raise the time limit.".to_owned()));
    }
    spots
}
