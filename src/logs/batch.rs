//! What was logged: events of one log group and stream, and where they come from.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::{AccountId, ApiId, ApiKind, Region};

/// The prefix of every execution-log group; the rest is `{api-id}/{stage}`.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html>
pub const EXECUTION_LOG_PREFIX: &str = "API-Gateway-Execution-Logs_";

/// The prefix of a WebSocket API's execution-log groups, as infrastructure code that manages them names them.
const WEBSOCKET_LOG_PREFIX: &str = "/aws/apigateway/";

/// Which of API Gateway's logs a line is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogType {
    /// Execution logs, in the groups that API Gateway makes.
    #[default]
    Execution,
    /// The same, in a group that a delivery names.
    Delivered,
    /// Access logs, in a group and a format of the stage owner's choice.
    Access,
}

impl LogType {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Execution => "execution-log",
            Self::Delivered => "delivered-log",
            Self::Access => "access-log",
        }
    }

    /// The type of this word.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Execution, Self::Delivered, Self::Access].into_iter().find(|log| log.as_str() == word)
    }
}

/// Where a batch came from. What the payload does not say is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The account that owns the log group.
    pub account: Option<AccountId>,
    /// The Region of the log group.
    pub region: Option<Region>,
    /// The log group's name.
    pub log_group: Option<String>,
    /// The log stream's name.
    pub log_stream: Option<String>,
    /// The API that wrote the lines.
    pub api: Option<ApiId>,
    /// Its stage, without the canary suffix.
    pub stage: Option<String>,
    /// Whether the lines are a canary release's own copy (`…/{stage}/Canary`).
    pub canary: bool,
    /// What kind of API it is, where that is known.
    pub api_kind: Option<ApiKind>,
    /// Which log they are of.
    pub log: LogType,
    /// Verb and resource, where delivered records name them beside their lines.
    pub route: Option<(String, String)>,
    /// Which delivery they came in: the same number for a batch that is delivered again.
    pub delivery: Option<u64>,
}

impl Source {
    /// Whether a log group's name alone says which API this is. A principal that may make log groups chooses it.
    pub fn is_named_by_group(&self) -> bool {
        self.log_group.as_deref().is_some_and(|group| group.starts_with(EXECUTION_LOG_PREFIX))
    }

    /// A source whose API and stage are read from an execution-log group's name, where it is one.
    pub fn of_group(log_group: &str) -> Self {
        let named = log_group
            .strip_prefix(EXECUTION_LOG_PREFIX)
            .or_else(|| log_group.strip_prefix(WEBSOCKET_LOG_PREFIX))
            .and_then(|rest| rest.split_once('/'))
            .filter(|(api, stage)| {
                !stage.is_empty() && !api.is_empty() && api.bytes().all(|b| b.is_ascii_alphanumeric())
            });
        let (stage, canary) = match named.map(|(_, stage)| stage) {
            Some(stage) => match stage.strip_suffix("/Canary") {
                Some(stage) => (Some(stage), true),
                None => (Some(stage), false),
            },
            None => (None, false),
        };
        Self {
            log_group: Some(log_group.to_owned()),
            api: named.map(|(api, _)| ApiId::new(api)),
            stage: stage.map(str::to_owned),
            canary,
            ..Self::default()
        }
    }
}

/// A number that stands for these bytes, the same wherever and whenever it is made.
pub fn digest(parts: &[&[u8]]) -> u64 {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    digest.finalize().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// One entry of a batch, as it was logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEvent<'a> {
    /// Its place in the batch or the line of the file, from 1; of delivered records, its place among all their lines.
    pub number: usize,
    /// CloudWatch Logs' id of the event; a delivery that repeats an event repeats its id.
    pub id: Option<Cow<'a, str>>,
    /// When it was logged.
    pub at: Option<Timestamp>,
    /// The text, possibly of several lines.
    pub message: Cow<'a, str>,
}

/// What one record holds: events of one log group and stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch<'a> {
    /// Where they came from.
    pub source: Source,
    /// The events, in the order of the delivery.
    pub events: Vec<LogEvent<'a>>,
    /// Requests that can't have failed and whose events were left out.
    pub passed: usize,
}

/// Events, or lines of delivered records, that are read of one payload. CloudWatch Logs sends some thousands; many more take
/// more memory than the function has, however small they are.
pub const MOST_EVENTS: usize = 80_000;

/// Why a payload could not be decoded, and whose it was where that can still be seen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot decode the batch{}: {fault}", match .log_group { Some(group) => format!(" of log group `{group}`"), None => String::new() })]
pub struct DecodeError {
    /// What is wrong with it.
    pub fault: DecodeFault,
    /// The log group, where the readable part of the payload names it.
    pub log_group: Option<String>,
}

/// What can be wrong with a payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeFault {
    /// `awslogs.data` or a Kinesis record's data is not base64.
    #[error("its data is not base64: {0}")]
    NotBase64(String),
    /// The base64 is sound but what it holds is not gzip.
    #[error("its data is not gzip")]
    NotGzip,
    /// The gzip stream ends early or its checksum is wrong.
    #[error("its gzip is torn after {inflated} bytes: {reason}")]
    TornGzip {
        /// Bytes that could be inflated.
        inflated: usize,
        /// The inflater's own words.
        reason: String,
    },
    /// More bytes than `MAX_BATCH_BYTES` allows; inflating stopped there.
    #[error("it inflates to more than {limit} bytes; raise MAX_BATCH_BYTES if such batches are real")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// More events than may be read, or more requests of them than memory has room for.
    #[error("it holds more than {limit} log events")]
    TooManyEvents {
        /// The limit.
        limit: usize,
    },
    /// The records before it used up what may be inflated of one payload: it can be read when it comes again.
    #[error("the records before it fill the limit of one payload")]
    Postponed,
    /// The document is not UTF-8.
    #[error("it is not UTF-8 after byte {valid_up_to}")]
    NotUtf8 {
        /// Bytes before the first bad one.
        valid_up_to: usize,
    },
    /// The document is not JSON, or a field has a type it must not have.
    #[error("it is not the JSON that CloudWatch Logs sends: {0}")]
    NotJson(String),
    /// A field that every delivery has is missing.
    #[error("its field `{0}` is missing")]
    MissingField(&'static str),
    /// A `messageType` that CloudWatch Logs does not document.
    #[error("its messageType is `{0}`, neither DATA_MESSAGE nor CONTROL_MESSAGE")]
    UnknownMessageType(String),
    /// Neither the table nor AWS could say which stage writes to the log group: the payload can be read when it comes again.
    #[error("neither the incident table nor AWS could say which stage writes to the log group")]
    UnknownGroup,
    /// The payload is JSON, but of no event that this program takes.
    #[error(
        "it is neither a CloudWatch Logs nor a Kinesis event (no `awslogs`, `Records`, `messageType` or `events`)"
    )]
    UnknownEvent,
}

impl From<DecodeFault> for DecodeError {
    fn from(fault: DecodeFault) -> Self {
        Self { fault, log_group: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_group(group: &str, expected: Option<(&str, &str, bool)>) {
        let source = Source::of_group(group);
        let found = source
            .api
            .as_ref()
            .zip(source.stage.as_deref())
            .map(|(api, stage)| (api.as_str(), stage, source.canary));
        assert_eq!(found, expected);
    }

    #[test]
    fn the_groups_name_tells_api_and_stage() {
        check_group("API-Gateway-Execution-Logs_a1b2c3d4e5/prod", Some(("a1b2c3d4e5", "prod", false)));
        check_group("API-Gateway-Execution-Logs_a1b2c3d4e5/prod/Canary", Some(("a1b2c3d4e5", "prod", true)));
        check_group("/aws/apigateway/a1b2c3d4e5/prod", Some(("a1b2c3d4e5", "prod", false)));
    }

    #[test]
    fn a_foreign_group_has_neither() {
        check_group("/aws/lambda/responder", None);
        check_group("/aws/apigateway/welcome", None);
        check_group("API-Gateway-Execution-Logs_a1b2c3d4e5", None);
        check_group("API-Gateway-Execution-Logs_/prod", None);
        check_group("API-Gateway-Execution-Logs_a1b2c3d4e5/", None);
        check_group("x-API-Gateway-Execution-Logs_a1b2c3d4e5/prod", None);
    }
}
