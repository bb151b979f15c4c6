//! Which log carries the failures of a stage, and so which groups are watched beside those that API Gateway names. Pure.
//!
//! An execution log that carries failures wins: its lines say more. Where a stage has none, or it goes elsewhere, its access
//! log is taken. One log of a stage is enough; two would count each failure twice.

use std::collections::BTreeMap;

use crate::aws::LogDelivery;
use crate::aws::model::log_group_of;
use crate::coverage::inventory::{Inventory, InventoryStage};
use crate::coverage::plan::{WIDE, WantedGroup};
use crate::coverage::reconcile::GroupStatus;
use crate::ids::ApiKind;
use crate::logs::access::Variable;
use crate::logs::{AccessFormat, LogType, LogWriter, LogWriters};

/// Where the failures of a stage are logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StageLog {
    /// In the group that API Gateway made for it.
    Execution,
    /// In a group that a delivery names.
    Delivered(String),
    /// In a group that its access log names.
    Access(String, FormatQuality),
    /// In no log group: its execution log is delivered to a bucket or a stream.
    Elsewhere(LogDelivery),
    /// In none at all; whether an access log goes where no filter can be put.
    Nowhere { access_log_elsewhere: bool },
}

/// How much an access log's format says of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatQuality {
    /// The reason, and whether the backend answered.
    Full,
    /// That a request failed, and not why.
    NoReason,
    /// Not even that: it has no status, or no request id.
    NoStatus,
}

impl FormatQuality {
    /// What a format says. One that is not known may be anything, so it counts as full.
    pub fn of(format: Option<&str>) -> Self {
        let Some(format) = format.map(AccessFormat::compile) else { return Self::Full };
        let logs = |variable| format.logs(variable);
        let has_id = logs(Variable::RequestId) || logs(Variable::ExtendedRequestId);
        let has_answer = logs(Variable::BackendStatus) || logs(Variable::EitherStatus);
        match (logs(Variable::Status) && has_id, logs(Variable::IntegrationError) && has_answer) {
            (false, _) => Self::NoStatus,
            (true, false) => Self::NoReason,
            (true, true) => Self::Full,
        }
    }
}

impl Inventory {
    /// Where the failures of a stage with private routes are logged.
    pub fn log_of(&self, stage: &InventoryStage) -> StageLog {
        let deliveries = self.deliveries_of(stage);
        let own = stage.log_group(&self.prefix);
        let groups: Vec<&str> =
            deliveries.iter().filter_map(|delivery| log_group_of(&delivery.destination)).collect();
        // A delivery may keep the group that API Gateway made as its destination.
        if groups.contains(&own.as_str()) {
            return StageLog::Execution;
        }
        if let Some(group) = groups.first() {
            return StageLog::Delivered((*group).to_owned());
        }
        let logs_all = stage.kind == ApiKind::Rest && stage.silent().is_empty();
        if logs_all && deliveries.is_empty() && self.has_log_role != Some(false) {
            return StageLog::Execution;
        }
        let access = stage.settings.access_log.as_ref().filter(|_| self.access_logs);
        match (access.and_then(|log| Some((log.log_group()?, log.format.as_deref()))), deliveries.first()) {
            (Some((group, format)), _) => StageLog::Access(group.to_owned(), FormatQuality::of(format)),
            (None, Some(delivery)) => StageLog::Elsewhere((*delivery).clone()),
            (None, None) if logs_all => StageLog::Execution,
            (None, None) => StageLog::Nowhere {
                access_log_elsewhere: access.is_some_and(|log| log.destination.is_some()),
            },
        }
    }

    /// Whether every failure of the stage's private routes is seen.
    pub fn watches(&self, stage: &InventoryStage) -> bool {
        let is_watched = |group: &str| self.report.statuses.get(group) == Some(&GroupStatus::Watched);
        match self.log_of(stage) {
            StageLog::Execution => is_watched(&stage.log_group(&self.prefix)),
            StageLog::Delivered(group) => is_watched(&group),
            StageLog::Access(group, quality) => quality != FormatQuality::NoStatus && is_watched(&group),
            StageLog::Elsewhere(_) | StageLog::Nowhere { .. } => false,
        }
    }

    fn deliveries_of(&self, stage: &InventoryStage) -> Vec<&LogDelivery> {
        let tail = format!("restapis/{}/stages/{}", stage.api.id, stage.name);
        let is_of = |arn: &str| arn.strip_suffix(&tail).is_some_and(|head| head.ends_with(['/', ':']));
        self.deliveries.iter().filter(|delivery| is_of(delivery.stage.as_str())).collect()
    }

    /// The groups to watch that are not named like an execution log's. `pattern` is that of execution logs.
    pub fn wanted_groups(&self, pattern: &str) -> BTreeMap<String, WantedGroup> {
        let mut wanted: BTreeMap<String, WantedGroup> = BTreeMap::new();
        for stage in self.stages.iter().filter(|stage| stage.is_private()) {
            let (group, log) = match self.log_of(stage) {
                StageLog::Delivered(group) => (group, LogType::Delivered),
                StageLog::Access(group, quality) if quality != FormatQuality::NoStatus => {
                    (group, LogType::Access)
                }
                _ => continue,
            };
            let format = stage.settings.access_log.as_ref().and_then(|log| log.format.clone());
            // Some of its routes write an execution log, too.
            let twice = log == LogType::Access && stage.logs_some();
            let writer = LogWriter {
                api: stage.api.id.clone(),
                stage: stage.name.clone(),
                kind: stage.kind,
                log,
                twice,
                format: format.filter(|_| log == LogType::Access),
            };
            if twice {
                let of_log = LogWriter { log: LogType::Execution, format: None, ..writer.clone() };
                let own = wanted.entry(stage.log_group(&self.prefix)).or_default();
                own.writers.writers.push(of_log);
            }
            wanted.entry(group).or_default().writers.writers.push(writer);
        }
        for name in &self.delivered {
            wanted.entry(name.clone()).or_default();
        }
        for (name, group) in &mut wanted {
            group.pattern = pattern_of(&group.writers, pattern, name.starts_with(&self.prefix));
            group.writers.writers.sort();
            group.writers.subscribed = true;
        }
        wanted
    }
}

/// A pattern that loses no failure: of one format that allows it, failures alone; of several, every line.
fn pattern_of(writers: &LogWriters, of_execution_logs: &str, named_like_one: bool) -> String {
    if !writers.has(LogType::Access) {
        return of_execution_logs.to_owned();
    }
    let mut patterns = writers.writers.iter().map(|writer| match (writer.log, &writer.format) {
        (LogType::Access, Some(format)) if !named_like_one => AccessFormat::compile(format).failures_only(),
        _ => None,
    });
    let first = patterns.next().flatten();
    let alike = patterns.all(|other| other == first);
    first.filter(|_| alike).unwrap_or_else(|| WIDE.to_owned())
}
