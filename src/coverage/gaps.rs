//! Where a failure would go unseen, and what to do about it.

use serde_json::json;

use crate::aws::model::log_group_of;
use crate::aws::{CoverageCall, Filter, ListedApi, ReadError, Subscription};
use crate::coverage::inventory::{Inventory, InventoryStage};
use crate::coverage::plan::SkipReason;
use crate::coverage::reconcile::GroupStatus;
use crate::coverage::sources::{FormatQuality, StageLog};
use crate::ids::ApiKind;
use crate::logs::RECOMMENDED_FORMAT;
use crate::text::{counted, shell_word};

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
    /// The execution logs of a stage go to a bucket or a stream alone.
    DeliveredElsewhere,
    /// A stage of an HTTP API writes no access log, and so no log at all.
    AccessLoggingOff,
    /// An access log's format holds no reason of a failure, or not even its status.
    AccessLogWithoutReason,
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
    /// A WebSocket API: its logs are not read.
    WebSocketApi,
    /// It could not be looked at.
    NotRead,
}

impl GapKind {
    /// Each of them.
    pub const ALL: [Self; 17] = [
        Self::LogRoleMissing,
        Self::TopicWithoutSubscriber,
        Self::AlarmTopicWithoutSubscriber,
        Self::SubscriptionUnconfirmed,
        Self::ExecutionLoggingOff,
        Self::DeliveredElsewhere,
        Self::AccessLoggingOff,
        Self::AccessLogWithoutReason,
        Self::LogGroupMissing,
        Self::LogGroupFull,
        Self::LogGroupClass,
        Self::LogGroupExcluded,
        Self::NotSubscribed,
        Self::DeliveredNotSubscribed,
        Self::FilterRemoved,
        Self::WebSocketApi,
        Self::NotRead,
    ];

    /// Whether it is to be mended. What the settings leave out, and what AWS does not offer, is no reason for an alarm.
    pub fn is_to_mend(self) -> bool {
        !matches!(self, Self::LogGroupExcluded | Self::WebSocketApi)
    }

    /// The word by which logs, metrics and the command line know it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LogRoleMissing => "log-role-missing",
            Self::TopicWithoutSubscriber => "topic-without-subscriber",
            Self::AlarmTopicWithoutSubscriber => "alarm-topic-without-subscriber",
            Self::SubscriptionUnconfirmed => "subscription-unconfirmed",
            Self::ExecutionLoggingOff => "execution-logging-off",
            Self::DeliveredElsewhere => "execution-logs-delivered-elsewhere",
            Self::AccessLoggingOff => "access-logging-off",
            Self::AccessLogWithoutReason => "access-log-without-reason",
            Self::LogGroupMissing => "log-group-missing",
            Self::LogGroupFull => "log-group-full",
            Self::LogGroupClass => "log-group-class",
            Self::LogGroupExcluded => "log-group-excluded",
            Self::NotSubscribed => "not-subscribed",
            Self::DeliveredNotSubscribed => "delivered-not-subscribed",
            Self::FilterRemoved => "filter-removed",
            Self::WebSocketApi => "websocket-api",
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
    spots.extend(seen.report.statuses.iter().filter_map(|(group, status)| orphan(seen, group, status)));
    spots.extend(seen.lost.iter().map(|group| BlindSpot {
        kind: GapKind::FilterRemoved,
        of: group.clone(),
        says: "its subscription filter had been removed; the caretaker has restored it".to_owned(),
        remedy: "Find out who removes it: failures in between raised no alert.".to_owned(),
        command: Some(format!(
            "aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=DeleteSubscriptionFilter{}",
            region(seen)
        )),
    }));
    spots.extend(seen.web_sockets.iter().map(web_socket));
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
            remedy: "Create a role with the policy AmazonAPIGatewayPushToCloudWatchLogs for API Gateway, and set it."
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
        says: format!("an unconfirmed {protocol} subscription gets no {what}"),
        remedy:
            "Confirm it with the link in the message. After three days the link expires; subscribe again."
                .to_owned(),
        command: None,
    };
    waiting.map(spot).collect()
}

/// What is blind about a stage: nothing where it has no private route.
fn of_stage(seen: &Inventory, stage: &InventoryStage) -> Option<BlindSpot> {
    if !stage.is_private() {
        return None;
    }
    let of = format!("{}/{}", stage.api.id, stage.name);
    let (name, api) = (&stage.name, &stage.api.name);
    let (kind, says, remedy, command) = match seen.log_of(stage) {
        StageLog::Delivered(_) | StageLog::Access(_, FormatQuality::Full) => return None,
        StageLog::Execution => return without_group(seen, stage, of),
        StageLog::Access(_, quality) => (
            GapKind::AccessLogWithoutReason,
            match quality {
                FormatQuality::NoStatus => format!(
                    "the access log of stage {name} of {api} lacks status or request id, so failures can't be detected"
                ),
                _ => format!(
                    "the access log of stage {name} of {api} says that a request failed, but not why: alerts name no cause"
                ),
            },
            "Use the recommended format; it holds the reason and whether the backend answered.",
            set_access_log(seen, stage, false),
        ),
        StageLog::Elsewhere(delivery) => (
            GapKind::DeliveredElsewhere,
            format!(
                "stage {name} of {api} delivers its execution logs only to {}, which can't have subscription filters",
                delivery.destination
            ),
            "Deliver them to a log group, too; API Gateway writes nothing to its own group while a delivery exists.",
            format!(
                "aws logs create-delivery --delivery-source-name {} --delivery-destination-arn DESTINATION_ARN{}",
                shell_word(&delivery.source),
                region(seen)
            ),
        ),
        StageLog::Nowhere { access_log_elsewhere } if stage.kind == ApiKind::Http => (
            GapKind::AccessLoggingOff,
            match access_log_elsewhere {
                true => format!(
                    "stage {name} of {api} writes its access log where no subscription filter is possible"
                ),
                false => format!("stage {name} of {api} writes no access log; an HTTP API has no other log"),
            },
            "Create a log group and have the stage write its access log there, in the recommended format.",
            set_access_log(seen, stage, true),
        ),
        StageLog::Nowhere { .. } => return Some(silent(seen, stage, of)),
    };
    Some(BlindSpot { kind, of, says, remedy: remedy.to_owned(), command: Some(command) })
}

/// The command that gives a stage's access log the recommended format, and a log group where it has none.
fn set_access_log(seen: &Inventory, stage: &InventoryStage, with_group: bool) -> String {
    let (id, name) = (shell_word(stage.api.id.as_str()), shell_word(&stage.name));
    let settings = stage.settings.access_log.as_ref().and_then(|log| log.destination.as_ref());
    let group = settings.filter(|_| !with_group).map_or("LOG_GROUP_ARN", |arn| arn.as_str());
    let (command, option, value) = match stage.kind {
        ApiKind::Rest => {
            let replace = |path, value| json!({ "op": "replace", "path": path, "value": value });
            let mut patch = vec![replace("/accessLogSettings/format", RECOMMENDED_FORMAT)];
            if with_group {
                patch.push(replace("/accessLogSettings/destinationArn", group));
            }
            (format!("aws apigateway update-stage --rest-api-id {id}"), "patch-operations", json!(patch))
        }
        _ => (
            format!("aws apigatewayv2 update-stage --api-id {id}"),
            "access-log-settings",
            json!({ "DestinationArn": group, "Format": RECOMMENDED_FORMAT }),
        ),
    };
    format!("{command} --stage-name {name} --{option} {}{}", shell_word(&value.to_string()), region(seen))
}

/// A stage that logs nothing of some private routes, or of all.
fn silent(seen: &Inventory, stage: &InventoryStage, of: String) -> BlindSpot {
    let (silent, private) = (stage.silent(), stage.private.as_ref().map_or(0, Vec::len));
    let which = match silent.len() {
        all if all == private => "nothing of its private routes".to_owned(),
        _ => {
            let routes: Vec<String> =
                silent.iter().take(3).map(|(path, verb)| format!("{verb} {path}")).collect();
            format!("nothing of {} of its {private} private routes ({})", silent.len(), routes.join(", "))
        }
    };
    BlindSpot {
        kind: GapKind::ExecutionLoggingOff,
        says: format!("stage {} of {} logs {which}", stage.name, stage.api.name),
        remedy: "Turn execution logging on. At INFO, alerts name route and endpoint; at ERROR, only the failure. The command \
                 sets the level for the whole stage."
            .to_owned(),
        command: Some(format!(
            "aws apigateway update-stage --rest-api-id {} --stage-name {} --patch-operations \
             'op=replace,path=/*/*/logging/loglevel,value=INFO'{}",
            shell_word(stage.api.id.as_str()),
            shell_word(&stage.name),
            region(seen)
        )),
        of,
    }
}

/// A stage whose execution log has no group.
fn without_group(seen: &Inventory, stage: &InventoryStage, of: String) -> Option<BlindSpot> {
    if !seen.report.is_complete() || seen.report.statuses.contains_key(&stage.log_group(&seen.prefix)) {
        return None;
    }
    Some(BlindSpot {
        kind: GapKind::LogGroupMissing,
        says: format!("stage {} of {} has logging on, but no log group", stage.name, stage.api.name),
        remedy: "API Gateway creates the group when the stage is deployed: deploy it again.".to_owned(),
        command: Some(format!(
            "aws apigateway create-deployment --rest-api-id {} --stage-name {}{}",
            shell_word(stage.api.id.as_str()),
            shell_word(&stage.name),
            region(seen)
        )),
        of,
    })
}

/// What is blind about an execution log group. One of a stage without private routes, or whose failures
/// another log shows, hides nothing of ours.
fn orphan(seen: &Inventory, group: &str, status: &GroupStatus) -> Option<BlindSpot> {
    let stage = seen.stages.iter().find(|stage| {
        let own = stage.log_group(&seen.prefix);
        group == own || group.strip_prefix(&own).is_some_and(|rest| rest == "/Canary")
    });
    let watched = |stage: &InventoryStage| {
        matches!(seen.log_of(stage), StageLog::Delivered(_) | StageLog::Access(_, FormatQuality::Full))
    };
    match stage {
        Some(stage) if stage.private.as_deref() == Some(&[]) || watched(stage) => None,
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
    let is_delivered = seen.delivered.iter().any(|name| name == group)
        || seen.deliveries.iter().any(|delivery| log_group_of(&delivery.destination) == Some(group));
    let (kind, what) = match is_delivered {
        true => (GapKind::DeliveredNotSubscribed, "a delivery writes execution logs there, but the group"),
        false => (GapKind::NotSubscribed, "it"),
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
            "its log class allows no subscription filter".to_owned(),
            "Only Standard-class log groups take subscription filters. Export this group's logs, delete it, then deploy the \
             stage again.",
            None,
        ),
        GroupStatus::Left(SkipReason::OutOfScope) => (
            GapKind::LogGroupExcluded,
            "the settings leave it out".to_owned(),
            "Take it from EXCLUDE_LOG_GROUPS, or add it to INCLUDE_LOG_GROUPS, if it is to be watched.",
            None,
        ),
        GroupStatus::Unwatched => (
            kind,
            format!("{what} has no subscription filter that leads to the responder"),
            "The caretaker subscribes it at its next run; where it does not, its log says why.",
            Some(put(seen, group)),
        ),
        GroupStatus::Missing => (
            kind,
            format!("{what} does not exist, though a stage names it"),
            "Create the log group; the caretaker subscribes it at its next run.",
            Some(format!("aws logs create-log-group --log-group-name {}{}", shell_word(group), region(seen))),
        ),
        GroupStatus::NotReached => (
            kind,
            "time was up before its turn".to_owned(),
            "The next run begins with it. Where that is never enough, raise the caretaker's time limit.",
            None,
        ),
        GroupStatus::Failed(call, why) => (
            kind,
            format!("{} failed: {why}", call.action()),
            failed(*call, why),
            may_not_invoke(*call, why).then(|| add_permission(seen)).flatten().or_else(filters),
        ),
    };
    Some(BlindSpot { kind, of: group.to_owned(), says, remedy: remedy.to_owned(), command })
}

fn failed(call: CoverageCall, why: &ReadError) -> &'static str {
    match (call, why) {
        (_, ReadError::Denied) => "Allow the caretaker's role this action on the group.",
        (_, ReadError::Throttled | ReadError::TimedOut) => "The next run tries again.",
        (CoverageCall::PutSubscriptionFilter, _) => {
            "Check that the responder exists and lets CloudWatch Logs invoke it; the next run tries again."
        }
        _ => "The next run tries again.",
    }
}

/// Whether CloudWatch Logs says that it may not invoke the responder.
fn may_not_invoke(call: CoverageCall, why: &ReadError) -> bool {
    call == CoverageCall::PutSubscriptionFilter
        && matches!(why, ReadError::Unreachable(says) if says.contains("xecute the lambda function"))
}

/// The command that lets every log group of the account invoke the responder: one statement, since a function's policy
/// holds 20 kB, which some 48 statements fill.
fn add_permission(seen: &Inventory) -> Option<String> {
    let function = &seen.ours.as_ref()?.destination;
    let (account, region_of) = (function.account()?, function.region()?);
    Some(format!(
        "aws lambda add-permission --function-name {} --statement-id vpclink-log-groups --action lambda:InvokeFunction \
         --principal logs.amazonaws.com --source-account {account} --source-arn {}{}",
        shell_word(function.as_str()),
        shell_word(&format!("arn:{}:logs:{region_of}:{account}:log-group:*", region_of.partition().as_str())),
        region(seen)
    ))
}

fn web_socket(api: &ListedApi) -> BlindSpot {
    BlindSpot {
        kind: GapKind::WebSocketApi,
        of: api.id.to_string(),
        says: format!("{} is a WebSocket API over a VPC link; the caretaker does not subscribe its log groups", api.name),
        remedy: "Subscribe its execution-log group by hand and name it in DELIVERED_LOG_GROUPS: its lines are then read.".to_owned(),
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
        let says = format!("time was up before {} could be read", counted(seen.skipped, "API"));
        spots.push(spot("APIs", says, "Raise the time limit.".to_owned()));
    }
    spots
}
