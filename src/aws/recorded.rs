//! Recorded accounts: answers kept in a file, asked instead of AWS.
//!
//! The second implementer of [`Account`], and part of the product: `vpclink explain --account FILE` diagnoses without an
//! AWS account, `--live --record FILE` writes such a file, and a bug report is one. Log lines and bodies are never in it:
//! only answers to [`Query`]s are, without what the reader does not need.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws::accounts::{Account, Answered};
use crate::aws::queries::{Answer, Query};
use crate::aws::reading::ReadError;
use crate::causes::redact;

/// The format's name and version.
const FORMAT: &str = "vpclink-responder/account/1";

/// An account in a file.
#[derive(Debug, Default)]
pub struct RecordedAccount {
    answers: BTreeMap<(String, String), Kept>,
}

type Kept = (Timestamp, Recorded);

#[derive(Clone, Debug)]
enum Recorded {
    Answer(Value),
    Absent,
    NotRead(ReadError),
}

/// Why a file is not a recorded account.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// The file is not JSON of this shape.
    #[error("it is not a recorded account: {0}")]
    NotAnAccount(#[from] serde_json::Error),
    /// The file is of another version, or something else altogether.
    #[error(
        "its format is `{0}`; this program reads `{FORMAT}`: record the account again with `vpclink explain --live --record FILE`"
    )]
    Format(String),
}

impl RecordedAccount {
    /// Reads a recorded account.
    ///
    /// # Errors
    ///
    /// [`RecordedError`] where the text is none.
    pub fn parse(text: &str) -> Result<Self, RecordedError> {
        let file: File = serde_json::from_str(text)?;
        if file.format != FORMAT {
            return Err(RecordedError::Format(file.format));
        }
        let keyed =
            file.answers.into_iter().map(|line| ((line.call, line.of), (line.read_at, line.outcome.into())));
        Ok(Self { answers: keyed.collect() })
    }

    /// Writes the account as text that [`RecordedAccount::parse`] reads, without what no reading needs.
    pub fn to_text(&self) -> String {
        let mut names = BTreeSet::new();
        for (_, recorded) in self.answers.values() {
            if let Recorded::Answer(answer) = recorded {
                named(answer, &mut names);
            }
        }
        let public = |recorded: &Recorded| match recorded {
            Recorded::Answer(answer) => Recorded::Answer(without(answer.clone(), &names)),
            other => other.clone(),
        };
        let answers = self.answers.iter().map(|((call, of), (read_at, recorded))| RecordedLine {
            call: call.clone(),
            of: of.clone(),
            read_at: *read_at,
            outcome: public(recorded).into(),
        });
        let file = File { format: FORMAT.to_owned(), answers: answers.collect() };
        let text =
            serde_json::to_string_pretty(&file).expect("a file of texts and JSON values always serialises");
        text + "\n"
    }

    fn answer(&self, question: &Query) -> Answered {
        let key = (question.call().to_owned(), question.subject());
        let Some((at, recorded)) = self.answers.get(&key) else { return Err(ReadError::NotRecorded) };
        match recorded {
            Recorded::Absent => Ok((Answer::Absent, *at)),
            Recorded::NotRead(why) => Err(why.clone()),
            Recorded::Answer(value) => question
                .parse(value.clone())
                .map(|answer| (answer, *at))
                .map_err(|error| ReadError::Malformed(error.to_string())),
        }
    }
}

#[async_trait]
impl Account for RecordedAccount {
    async fn ask(&self, query: &Query) -> Answered {
        self.answer(query)
    }
}

/// Asks another account and keeps what it answers.
pub struct Recorder {
    account: Box<dyn Account>,
    now: fn() -> Timestamp,
    kept: Mutex<RecordedAccount>,
}

impl Recorder {
    /// Records what this account answers; `now` dates answers that never came.
    pub fn new(account: Box<dyn Account>, now: fn() -> Timestamp) -> Self {
        Self { account, now, kept: Mutex::default() }
    }

    /// What was recorded.
    pub fn into_account(self) -> RecordedAccount {
        self.kept.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, question: &Query, answer: &Answered) {
        let kept = match answer {
            Ok((Answer::Absent, at)) => (*at, Recorded::Absent),
            Ok((answer, at)) => (*at, Recorded::Answer(answer.to_json())),
            Err(why) => ((self.now)(), Recorded::NotRead(why.clone())),
        };
        let key = (question.call().to_owned(), question.subject());
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).answers.insert(key, kept);
    }
}

#[async_trait]
impl Account for Recorder {
    async fn ask(&self, query: &Query) -> Answered {
        let answer = self.account.ask(query).await;
        self.keep(query, &answer);
        answer
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    answers: Vec<RecordedLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedLine {
    call: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    of: String,
    read_at: Timestamp,
    #[serde(flatten)]
    outcome: RecordedOutcome,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RecordedOutcome {
    Answer(Value),
    Absent(bool),
    #[serde(rename = "unavailable")]
    NotRead(String),
}

impl From<Recorded> for RecordedOutcome {
    fn from(recorded: Recorded) -> Self {
        match recorded {
            Recorded::Answer(value) => Self::Answer(value),
            Recorded::Absent => Self::Absent(true),
            Recorded::NotRead(why) => Self::NotRead(match why {
                ReadError::Denied => "denied".to_owned(),
                ReadError::Throttled => "throttled".to_owned(),
                ReadError::TimedOut => "timed out".to_owned(),
                ReadError::NotRecorded => "not recorded".to_owned(),
                other => other.to_string(),
            }),
        }
    }
}

impl From<RecordedOutcome> for Recorded {
    fn from(outcome: RecordedOutcome) -> Self {
        match outcome {
            RecordedOutcome::Answer(value) => Self::Answer(value),
            RecordedOutcome::Absent(_) => Self::Absent,
            RecordedOutcome::NotRead(why) => Self::NotRead(match why.as_str() {
                "denied" => ReadError::Denied,
                "throttled" => ReadError::Throttled,
                "timed out" => ReadError::TimedOut,
                "not recorded" => ReadError::NotRecorded,
                _ => ReadError::Unreachable(why),
            }),
        }
    }
}

/// What opens the name of a stage variable.
const REFERENCE: &str = "stageVariables.";

/// The names of the stage variables that an answer refers to.
fn named(answer: &Value, names: &mut BTreeSet<String>) {
    match answer {
        Value::String(text) => {
            let references = text.split(REFERENCE).skip(1).filter_map(|rest| rest.split('}').next());
            names.extend(references.map(str::to_owned));
        }
        Value::Array(items) => items.iter().for_each(|item| named(item, names)),
        Value::Object(fields) => fields.values().for_each(|field| named(field, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The answer without stage variables that no integration names, and without what an integration's URI has of users,
/// passwords and query values.
fn without(mut answer: Value, names: &BTreeSet<String>) -> Value {
    clean(&mut answer, names);
    answer
}

fn clean(answer: &mut Value, names: &BTreeSet<String>) {
    match answer {
        Value::Array(items) => items.iter_mut().for_each(|item| clean(item, names)),
        Value::Object(fields) => {
            for (field, value) in fields {
                match (field.as_str(), &mut *value) {
                    ("variables" | "canary_overrides", Value::Object(variables)) => {
                        variables.retain(|name, _| names.contains(name));
                    }
                    ("uri", Value::String(uri)) => *uri = redact::uri(uri),
                    _ => clean(value, names),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_stage_variables_those_stay_that_an_integration_names() {
        let mut names = BTreeSet::new();
        named(&json!([{"integrations": {"GET": {"connection_id": "${stageVariables.link}"}}}]), &mut names);
        let stage = json!({"variables": {"link": "abc123", "dbPassword": "x"}, "canary_overrides": {"dbPassword": "y"}});
        let kept = json!({"variables": {"link": "abc123"}, "canary_overrides": {}});
        assert_eq!(without(stage, &names), kept);
    }

    #[test]
    fn an_integrations_uri_keeps_what_leads_to_the_backend() {
        let api = json!({"uri": "https://me:pw@${stageVariables.host}:8443/orders/{id}?key=s3cr3t"});
        let kept = json!({"uri": "https://${stageVariables.host}:8443/orders/{id}?key=[redacted]"});
        assert_eq!(without(api, &BTreeSet::new()), kept);
    }
}
