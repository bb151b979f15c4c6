//! Which stages write to a log group, and in which format: what the caretaker finds, the incident table keeps, and the
//! responder reads access lines by.

use serde::{Deserialize, Serialize};

use crate::ids::{ApiId, ApiKind};
use crate::logs::access_format::AccessFormat;
use crate::logs::batch::{LogType, Source};

/// A stage that writes to a log group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LogWriter {
    pub api: ApiId,
    pub stage: String,
    pub kind: ApiKind,
    pub log: LogType,
    /// Whether another watched log tells of some of the same requests.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub twice: bool,
    /// The format of its access log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// All stages that write to one group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogWriters {
    pub writers: Vec<LogWriter>,
    /// Whether a filter of ours was put on the group: it is to be removed once the group is not watched any more.
    #[serde(default)]
    pub subscribed: bool,
}

/// The form in which it is kept.
#[derive(Serialize, Deserialize)]
struct StoredWriters {
    version: u8,
    #[serde(flatten)]
    writers: LogWriters,
}

const VERSION: u8 = 1;

impl LogWriters {
    /// The text that the table keeps.
    pub fn to_text(&self) -> String {
        let stored = StoredWriters { version: VERSION, writers: self.clone() };
        serde_json::to_string(&stored).expect("texts and lists of them always serialise")
    }

    /// Reads what the table kept; `None` where another version kept something else.
    pub fn of_text(text: &str) -> Option<Self> {
        let stored: StoredWriters = serde_json::from_str(text).ok()?;
        (stored.version == VERSION).then_some(stored.writers)
    }

    /// Whether any stage writes this log there.
    pub fn has(&self, log: LogType) -> bool {
        self.writers.iter().any(|writer| writer.log == log)
    }

    /// Whether requests of the stage stand in two watched logs.
    pub fn tells_twice(&self, api: &str, stage: &str) -> bool {
        let is_of = |writer: &&LogWriter| writer.api.as_str() == api && writer.stage == stage;
        self.writers.iter().any(|writer| writer.twice && is_of(&writer))
    }

    /// The formats of the access logs, each with the stage that writes in it.
    pub fn formats(&self) -> Vec<AccessFormat> {
        let compiled = |writer: &LogWriter| {
            let format = AccessFormat::compile(writer.format.as_deref()?);
            Some(format.of_stage(writer.api.clone(), writer.stage.as_str()).of_kind(writer.kind))
        };
        self.writers.iter().filter(|writer| writer.log == LogType::Access).filter_map(compiled).collect()
    }

    /// Names the stage in the source of a group that only one stage writes to, where the group's own name does not.
    pub fn place(&self, source: &mut Source) {
        let mut stages = self.writers.iter().map(|writer| (&writer.api, &writer.stage, writer.kind));
        if source.api.is_some() {
            return;
        }
        if let Some((api, stage, kind)) = stages.next()
            && stages.all(|other| other == (api, stage, kind))
        {
            source.api = Some(api.clone());
            source.stage = Some(stage.clone());
            source.api_kind = Some(kind);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer(stage: &str) -> LogWriter {
        LogWriter {
            api: ApiId::new("a1b2c3d4e5"),
            stage: stage.to_owned(),
            kind: ApiKind::Http,
            log: LogType::Access,
            twice: false,
            format: Some("$context.requestId $context.status".to_owned()),
        }
    }

    #[test]
    fn what_this_version_keeps_is_read_by_the_next() {
        let kept = r#"{"version":1,"writers":[{"api":"a1b2c3d4e5","stage":"prod","kind":"http","log":"access","format":"$context.requestId $context.status"}],"subscribed":true}"#;
        let writers = LogWriters { writers: vec![writer("prod")], subscribed: true };
        assert_eq!(writers.to_text(), kept);
        assert_eq!(LogWriters::of_text(kept), Some(writers));
        assert_eq!(LogWriters::of_text(&kept.replace("\"version\":1", "\"version\":2")), None);
        assert_eq!(LogWriters::of_text("{}"), None);
    }

    #[test]
    fn only_a_group_of_one_stage_names_it() {
        let placed = |stages: &[&str]| {
            let writers =
                LogWriters { writers: stages.iter().map(|stage| writer(stage)).collect(), subscribed: true };
            let mut source = Source::of_group("/aws/apigateway/orders");
            writers.place(&mut source);
            source.stage
        };
        assert_eq!(placed(&["prod"]).as_deref(), Some("prod"));
        assert_eq!([placed(&["prod", "test"]), placed(&[])], [None, None]);
    }
}
