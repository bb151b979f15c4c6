//! Which batches of a payload are ours to read: those of a log group that a stage writes to, and never our own.

use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::functions::log_map::GroupOrigin;
use crate::functions::metrics::Metric;
use crate::functions::respond::{Outcome, Refusal, Responder, count};
use crate::logs::{self, Batch, DecodeError, DecodeFault, LogType, MOST_EVENTS, Record, Source, delivered};

impl Responder {
    /// The batches that are ours to read, and the documents that could not be read.
    pub(crate) async fn batches<'a>(
        &self,
        records: &'a [Record],
        raw: &[u8],
        outcome: &mut Outcome,
        deadline: Instant,
    ) -> (Vec<AcceptedBatch<'a>>, Vec<Refusal>) {
        let (mut batches, mut refusals) = (Vec::new(), Vec::new());
        let mut room = MOST_EVENTS;
        for (record, read) in records.iter().zip(logs::sift(records)) {
            let ours = match read {
                Ok(Some(batch)) => self.ours(batch, record, outcome, deadline).await.map(Some),
                Ok(None) => Ok(None),
                Err(error) => Err(error),
            };
            match ours {
                Ok(None) => info!("control message: the subscription reaches this function"),
                Ok(Some(ours)) => {
                    let events =
                        ours.iter().map(|one| one.lines.events.len() + one.access.events.len()).sum();
                    match room.checked_sub(events) {
                        Some(left) => {
                            room = left;
                            batches.extend(ours);
                        }
                        None => {
                            refusals.extend(self.unread(DecodeFault::Postponed.into(), record, raw, outcome))
                        }
                    }
                }
                Err(error) => refusals.extend(self.unread(error, record, raw, outcome)),
            }
        }
        (batches, refusals)
    }

    /// A record's batch by API and stage, where it is of one of API Gateway's logs.
    async fn ours<'a>(
        &self,
        batch: Batch<'a>,
        record: &Record,
        outcome: &mut Outcome,
        deadline: Instant,
    ) -> Result<Vec<AcceptedBatch<'a>>, DecodeError> {
        outcome.batches += 1;
        let passed = batch.passed;
        let Some((batch, origin)) = self.accept(batch, deadline).await? else {
            outcome.refused += 1;
            return Ok(Vec::new());
        };
        let origin = self.renewed(&batch, origin, deadline).await?;
        outcome.executions += passed;
        let mut accepted = Vec::new();
        for mut batch in delivered::unpack(batch)? {
            batch.source.delivery = Some(record.delivery());
            let (mut lines, mut access) = match self.config.access_logs {
                true => logs::divide(batch, origin.formats()),
                false => (batch, Batch::default()),
            };
            if !self.is_execution_log(&lines.source) {
                // What is no access line there is another program's.
                self.pass_over(&lines.source, lines.events.len());
                lines.events.clear();
            }
            if let GroupOrigin::Known(known) = &origin {
                known.0.place(&mut access.source);
            }
            accepted.push(AcceptedBatch { lines, access, origin: origin.clone() });
        }
        Ok(accepted)
    }

    /// Counts lines of unknown shape. A format may have changed, so that the next look-up reads it afresh.
    pub(crate) fn pass_over(&self, source: &Source, lines: usize) {
        if lines > 0 {
            let log_group = source.log_group.as_deref().unwrap_or_default();
            warn!(log_group, lines, "passed over lines of unknown shape");
            self.tally.count(Metric::LinesPassedOver, "", count(lines));
            self.log_map.doubt(log_group);
        }
    }

    /// Hands a record back that could not be read. One that only found no room is tried again, and no alert says so.
    fn unread(
        &self,
        error: DecodeError,
        record: &Record,
        raw: &[u8],
        outcome: &mut Outcome,
    ) -> Option<Refusal> {
        error!(error = error.to_string(), record = record.id, "a document could not be read");
        let number = record.id.as_deref();
        if let (Some(failed), Some(number)) = (&mut outcome.failed_records, number) {
            failed.push(number.to_owned());
            if matches!(error.fault, DecodeFault::Postponed | DecodeFault::UnknownGroup) {
                return None;
            }
        }
        Some(Refusal { error, delivery: logs::digest(&[number.map_or(raw, str::as_bytes)]) })
    }

    /// Whether the lines are of an execution log: of a group that is named like one, or that receives delivered ones.
    fn is_execution_log(&self, source: &Source) -> bool {
        let group = source.log_group.as_deref().unwrap_or_default();
        source.log == LogType::Delivered
            || self.config.delivered_log_groups.iter().any(|name| name == group)
            || (Source::of_group(group).api.is_some() && group.starts_with(&self.config.log_group_prefix))
    }

    /// A batch of a group that a stage writes to, with what the function's own place adds to its source. A batch of any
    /// other group, and of the function's own above all, is refused: reading what one writes never ends.
    ///
    /// # Errors
    ///
    /// Where the table that would say whose group it is can't be read, and the lines don't: the payload comes again.
    async fn accept<'a>(
        &self,
        mut batch: Batch<'a>,
        deadline: Instant,
    ) -> Result<Option<(Batch<'a>, GroupOrigin)>, DecodeError> {
        let group = batch.source.log_group.clone().unwrap_or_default();
        let own = self.config.own_log_group.as_deref() == Some(&group) || group.starts_with(FUNCTIONS);
        batch.source.region = batch.source.region.take().or_else(|| self.config.region.clone());
        let origin = match (own, self.is_execution_log(&batch.source)) {
            (true, _) => GroupOrigin::Foreign,
            (false, true) if !self.config.access_logs || is_framed(&batch) => {
                return Ok(Some((batch, GroupOrigin::Foreign)));
            }
            // Such a group may hold access lines, too; of what format, the table knows.
            (false, true) => {
                let origin = self.log_map.of(&group, &*self.store, None, (self.now)(), deadline).await;
                return Ok(Some((batch, origin)));
            }
            (false, false) => self.origin(&group, &batch, deadline).await,
        };
        let wanted = match &origin {
            GroupOrigin::Known(known) => {
                let (writers, _) = &**known;
                if writers.has(LogType::Delivered) {
                    batch.source.log = LogType::Delivered;
                }
                writers.has(LogType::Delivered) || self.config.access_logs
            }
            _ if own || !self.config.access_logs => false,
            GroupOrigin::Foreign => logs::names_its_stage(&batch),
            GroupOrigin::Unsure { .. } | GroupOrigin::Unread if logs::names_its_stage(&batch) => true,
            // A filter leads here, the caretaker's or another. So nothing is thrown away while the table is out of reach,
            // or while AWS is where the table has nothing.
            GroupOrigin::Unread | GroupOrigin::Unsure { may_come_again: true }
                if self.config.incident_table.is_some() =>
            {
                return Err(DecodeError { fault: DecodeFault::UnknownGroup, log_group: Some(group) });
            }
            GroupOrigin::Unsure { .. } | GroupOrigin::Unread => logs::is_distinct(&batch),
        };
        if !wanted {
            warn!(log_group = group, "refused a batch of a log group that no stage is known to write to");
            return Ok(None);
        }
        Ok(Some((batch, origin)))
    }

    /// Who writes to a group, asked anew where lines that may tell of failures are of none of the formats known.
    ///
    /// # Errors
    ///
    /// Where AWS can't be asked now, and no line could be read: the payload comes again. Where some could, the others are
    /// another program's, as a rule.
    async fn renewed(
        &self,
        batch: &Batch<'_>,
        origin: GroupOrigin,
        deadline: Instant,
    ) -> Result<GroupOrigin, DecodeError> {
        let is_of_access = matches!(&origin, GroupOrigin::Known(known) if known.0.has(LogType::Access));
        if !is_of_access || !self.config.access_logs {
            return Ok(origin);
        }
        let unread = logs::unread_failures(batch, origin.formats());
        if unread.lines == 0 {
            return Ok(origin);
        }
        let group = batch.source.log_group.clone().unwrap_or_default();
        let account = self.accounts.of(batch.source.account.as_ref());
        let renewed = self.log_map.renewed(&group, origin.clone(), &*account, (self.now)(), deadline).await;
        match renewed {
            Ok(origin) => Ok(origin),
            Err(_) if unread.is_all => {
                Err(DecodeError { fault: DecodeFault::UnknownGroup, log_group: Some(group) })
            }
            Err(why) => {
                warn!(log_group = group, why, "the format of some lines is not known");
                Ok(origin)
            }
        }
    }

    /// Who writes to a group that is not named like an execution log's. AWS is asked where the lines are not clear.
    async fn origin(&self, group: &str, batch: &Batch<'_>, deadline: Instant) -> GroupOrigin {
        let account = self.accounts.of(batch.source.account.as_ref());
        // Lines that open as an execution log's are no access lines, and what names its stage needs no asking.
        let unclear = !is_framed(batch) && !logs::names_its_stage(batch);
        let account = Some(&*account).filter(|_| self.config.access_logs && unclear);
        self.log_map.of(group, &*self.store, account, (self.now)(), deadline).await
    }
}

/// Whether every line opens as one of an execution log does.
fn is_framed(batch: &Batch<'_>) -> bool {
    batch.events.iter().all(|event| event.message.starts_with('('))
}

/// What Lambda's own log groups begin with.
const FUNCTIONS: &str = "/aws/lambda/";

/// A batch that was accepted: lines of an execution log, access lines, and who writes them.
pub(crate) struct AcceptedBatch<'a> {
    pub(crate) lines: Batch<'a>,
    pub(crate) access: Batch<'a>,
    pub(crate) origin: GroupOrigin,
}
