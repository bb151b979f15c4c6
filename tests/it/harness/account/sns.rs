//! SNS: publishing, refused where AWS refuses it.

use serde_json::{Value, json};

use super::Account;
use crate::harness::call::Call;
use crate::harness::wire::Reply;

/// The most bytes a message may have, all protocols' bodies together.
///
/// Source: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
pub const MAX_MESSAGE_BYTES: usize = 262_144;

/// The first number of characters that is too many for a subject.
const SUBJECT_CHARACTERS: usize = 100;

pub(crate) fn answer(account: &Account, call: &Call) -> Option<Reply> {
    if call.operation == "ListSubscriptionsByTopic" {
        let arn =
            |confirmed: bool| if confirmed { "arn:aws:sns:subscription" } else { "PendingConfirmation" };
        let one = |(protocol, confirmed): &(String, bool)| json!({ "SubscriptionArn": arn(*confirmed), "Protocol": protocol, "Endpoint": "somebody@example.com" });
        let all: Vec<Value> = account.subscriptions.iter().map(one).collect();
        return Some(Reply::Answer(json!({ "Subscriptions": all })));
    }
    (call.operation == "Publish").then(|| {
        if let Some(message) = refusal(call) {
            return Reply::error(400, "InvalidParameter", message);
        }
        if !account.topics.contains(call.text("TopicArn")) {
            return Reply::error(404, "NotFound", "Topic does not exist");
        }
        Reply::Answer(json!({ "MessageId": "f3a5bbd2-0000-4000-8000-000000000001" }))
    })
}

/// Why AWS would not take the parameters, in its words.
fn refusal(call: &Call) -> Option<String> {
    let (subject, message) = (call.text("Subject"), call.text("Message"));
    if !call.text("TopicArn").starts_with("arn:aws:sns:") {
        return Some("Invalid parameter: TopicArn".to_owned());
    }
    if message.is_empty() {
        return Some("Invalid parameter: Empty message".to_owned());
    }
    if size(call) > MAX_MESSAGE_BYTES {
        return Some("Invalid parameter: Message too long".to_owned());
    }
    if call.params.get("Subject").is_some() && !is_subject(subject) {
        return Some("Invalid parameter: Subject".to_owned());
    }
    if call.text("MessageStructure") == "json" {
        return match serde_json::from_str::<Value>(message)
            .ok()
            .and_then(|bodies| bodies.as_object().cloned())
        {
            None => {
                Some("Invalid parameter: Message Structure - JSON message body failed to parse".to_owned())
            }
            Some(bodies) if !bodies.get("default").is_some_and(Value::is_string) => Some(
                "Invalid parameter: Message Structure - No default entry in JSON message body".to_owned(),
            ),
            Some(_) => None,
        };
    }
    None
}

/// Attributes count like the message.
fn size(call: &Call) -> usize {
    let attributes = call.params["MessageAttributes"].as_array().into_iter().flatten();
    let texts = attributes.flat_map(|attribute| {
        [&attribute["Name"], &attribute["Value"]["DataType"], &attribute["Value"]["StringValue"]]
    });
    call.text("Message").len() + texts.filter_map(Value::as_str).map(str::len).sum::<usize>()
}

/// Under 100 characters, no line breaks or control characters, not empty.
fn is_subject(subject: &str) -> bool {
    let length = subject.chars().count();
    length > 0 && length < SUBJECT_CHARACTERS && !subject.chars().any(char::is_control)
}
