//! CloudWatch Logs, as far as it is read, and subscription filters.

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

/// A subscription filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Its name.
    pub name: String,
    /// What it passes.
    pub pattern: String,
    /// Where to.
    pub destination: String,
}

impl Filter {
    /// A filter.
    pub fn new(name: &str, pattern: &str, destination: &str) -> Self {
        Self { name: name.to_owned(), pattern: pattern.to_owned(), destination: destination.to_owned() }
    }
}

/// What happens to a log group between two calls of somebody who works on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meanwhile {
    /// It is deleted after it was listed.
    VanishesOnceListed,
    /// It is deleted after its filters were described.
    VanishesOnceDescribed,
    /// Somebody else puts this filter after its filters were described.
    IsSubscribed(Filter),
    /// The next so many changes of its filters meet somebody else's.
    IsBusy(usize),
}

/// Filters that a log group can have.
const MOST_FILTERS: usize = 2;

fn no_group() -> Reply {
    Reply::error(400, "ResourceNotFoundException", "The specified log group does not exist.")
}

pub(crate) fn answer(account: &mut Account, call: &Call) -> Option<Reply> {
    let group = call.text("logGroupName").to_owned();
    match call.operation.as_str() {
        "FilterLogEvents" => events(account, call),
        "DescribeLogGroups" => groups(account, call),
        "DescribeDeliverySources" => Some(delivery_sources(account)),
        "DescribeDeliveries" => Some(deliveries(account)),
        "DescribeDeliveryDestinations" => Some(delivery_destinations(account)),
        "DescribeSubscriptionFilters" | "PutSubscriptionFilter" | "DeleteSubscriptionFilter"
            if !account.log_groups.contains_key(&group) =>
        {
            Some(no_group())
        }
        "DescribeSubscriptionFilters" => Some(described_filters(account, &group)),
        "PutSubscriptionFilter" | "DeleteSubscriptionFilter" if is_busy(account, &group) => {
            Some(Reply::error(
                400,
                "OperationAbortedException",
                "Multiple concurrent requests to update the same resource were in conflict.",
            ))
        }
        "PutSubscriptionFilter" => Some(put(account, call, group)),
        "DeleteSubscriptionFilter" => Some(delete(account, call, &group)),
        _ => None,
    }
}

fn delivery_sources(account: &Account) -> Reply {
    let source = |(place, (stage, _)): (usize, &(String, String))| {
        json!({
            "name": format!("source-{place}"), "resourceArns": [stage], "service": "apigateway",
            "logType": "EXECUTION_LOGS", "arn": account.arn("logs", &format!("delivery-source:source-{place}")),
        })
    };
    let other = json!({ "name": "cdn", "resourceArns": ["arn:aws:cloudfront::111122223333:distribution/E1"],
        "service": "cloudfront", "logType": "ACCESS_LOGS" });
    let sources = account.deliveries.iter().enumerate().map(source).chain([other]);
    Reply::Answer(json!({ "deliverySources": sources.collect::<Vec<Value>>() }))
}

fn deliveries(account: &Account) -> Reply {
    let delivery = |(place, _): (usize, &(String, String))| {
        json!({
            "id": format!("{place:016}"), "deliverySourceName": format!("source-{place}"),
            "deliveryDestinationArn": destination(account, place), "deliveryDestinationType": "CWL",
        })
    };
    let found: Vec<Value> = account.deliveries.iter().enumerate().map(delivery).collect();
    Reply::Answer(json!({ "deliveries": found }))
}

fn delivery_destinations(account: &Account) -> Reply {
    let destination = |(place, (_, to)): (usize, &(String, String))| {
        json!({
            "name": format!("destination-{place}"), "arn": destination(account, place),
            "deliveryDestinationConfiguration": { "destinationResourceArn": to },
        })
    };
    let found: Vec<Value> = account.deliveries.iter().enumerate().map(destination).collect();
    Reply::Answer(json!({ "deliveryDestinations": found }))
}

fn destination(account: &Account, place: usize) -> String {
    account.arn("logs", &format!("delivery-destination:destination-{place}"))
}

fn groups(account: &mut Account, call: &Call) -> Option<Reply> {
    let prefix = call.text("logGroupNamePrefix");
    let named = account.log_groups.keys().filter(|name| name.starts_with(prefix));
    let class = |name: &String| account.log_classes.get(name).map_or("STANDARD", String::as_str);
    let found: Vec<Value> =
        named.map(|name| json!({ "logGroupName": name, "logGroupClass": class(name) })).collect();
    let limit = call.params["limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(50);
    let reply = page(account, &found, limit, call.text("nextToken"), |groups, next| {
        let mut value = json!({ "logGroups": groups });
        if let Some(next) = next {
            value["nextToken"] = next.into();
        }
        value
    });
    let is_last = matches!(&reply, Some(Reply::Answer(value)) if value["nextToken"].is_null());
    if is_last {
        vanish(account, &Meanwhile::VanishesOnceListed);
    }
    reply
}

fn vanish(account: &mut Account, how: &Meanwhile) {
    let gone: Vec<String> =
        account.meanwhile.iter().filter(|(_, what)| *what == how).map(|(group, _)| group.clone()).collect();
    for group in gone {
        account.log_groups.remove(&group);
        account.filters.remove(&group);
    }
}

fn described_filters(account: &mut Account, group: &str) -> Reply {
    let filters = account.filters.get(group).into_iter().flatten();
    let filters: Vec<Value> = filters
        .map(|filter| {
            json!({
                "filterName": filter.name,
                "logGroupName": group,
                "filterPattern": filter.pattern,
                "destinationArn": filter.destination,
                "distribution": "ByLogStream",
            })
        })
        .collect();
    match account.meanwhile.get(group) {
        Some(Meanwhile::VanishesOnceDescribed) => {
            account.log_groups.remove(group);
            account.filters.remove(group);
        }
        Some(Meanwhile::IsSubscribed(filter)) => {
            account.filters.entry(group.to_owned()).or_default().push(filter.clone());
            account.meanwhile.remove(group);
        }
        _ => {}
    }
    Reply::Answer(json!({ "subscriptionFilters": filters }))
}

fn is_busy(account: &mut Account, group: &str) -> bool {
    match account.meanwhile.get_mut(group) {
        Some(Meanwhile::IsBusy(left @ 1..)) => {
            *left -= 1;
            true
        }
        _ => false,
    }
}

fn put(account: &mut Account, call: &Call, group: String) -> Reply {
    let (name, pattern) = (call.text("filterName"), call.text("filterPattern"));
    let filter = Filter::new(name, pattern, call.text("destinationArn"));
    let filters = account.filters.entry(group).or_default();
    match filters.iter().position(|known| known.name == name) {
        Some(place) => filters[place] = filter,
        None if filters.len() >= MOST_FILTERS => {
            return Reply::error(400, "LimitExceededException", "Resource limit exceeded.");
        }
        None => filters.push(filter),
    }
    Reply::Answer(json!({}))
}

fn delete(account: &mut Account, call: &Call, group: &str) -> Reply {
    let filters = account.filters.entry(group.to_owned()).or_default();
    let before = filters.len();
    filters.retain(|filter| filter.name != call.text("filterName"));
    if filters.len() == before {
        let message = "The specified subscription filter does not exist.";
        return Reply::error(400, "ResourceNotFoundException", message);
    }
    Reply::Answer(json!({}))
}

fn events(account: &Account, call: &Call) -> Option<Reply> {
    Some({
        let Some(events) = account.log_groups.get(call.text("logGroupName")) else {
            return Some(no_group());
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
