//! Who writes to a log group: what the caretaker keeps in the incident table, read once a container and again where lines
//! do not fit it. Where the table says nothing, AWS is asked once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Duration, Instant, timeout_at};
use tracing::warn;

use crate::aws::{Account, Query, ReadError};
use crate::incidents::store::Store;
use crate::logs::{AccessFormat, LogWriter, LogWriters};

/// Groups that are remembered; beyond, all are forgotten and read again.
const MOST: usize = 1000;

/// Time for one look-up at most: alerts wait for it.
const AT_MOST: Duration = Duration::from_secs(4);

/// Formats that AWS named and the table does not know, a group.
const MOST_LEARNT: usize = 16;

/// Writers that are known hold for as long as a round of the caretaker takes to come again.
const HOLDS: SignedDuration = SignedDuration::from_mins(15);

/// What is not known, or did not fit the lines, is asked for again after this.
const HOLDS_IN_DOUBT: SignedDuration = SignedDuration::from_mins(1);

/// What is known of a group.
#[derive(Clone, Debug)]
pub(crate) enum GroupOrigin {
    /// The stages that write there, with their formats compiled.
    Known(Arc<(LogWriters, Vec<AccessFormat>)>),
    /// No stage does, as far as the table and AWS say.
    Foreign,
    /// The table has nothing, and AWS did not say. What it refuses, it refuses again.
    Unsure { may_come_again: bool },
    /// The table could not be read, and AWS did not know either.
    Unread,
}

impl GroupOrigin {
    /// The formats in which access lines are written there, as far as they are known.
    pub(crate) fn formats(&self) -> &[AccessFormat] {
        match self {
            Self::Known(known) => &known.1,
            Self::Foreign | Self::Unsure { .. } | Self::Unread => &[],
        }
    }

    fn of(writers: LogWriters) -> Self {
        let formats = writers.formats();
        Self::Known(Arc::new((writers, formats)))
    }

    /// The same with the formats of further writers, as far as it is known at all.
    fn with(self, further: &[LogWriter]) -> Self {
        let Self::Known(known) = &self else { return self };
        let is_new = |writer: &&LogWriter| {
            let same = |one: &LogWriter| {
                (&one.api, &one.stage, &one.format) == (&writer.api, &writer.stage, &writer.format)
            };
            !known.0.writers.iter().any(same)
        };
        let new: Vec<LogWriter> = further.iter().filter(is_new).cloned().collect();
        if new.is_empty() {
            return self;
        }
        let mut writers = known.0.clone();
        writers.writers.extend(new);
        Self::of(writers)
    }
}

/// What a container remembers of log groups.
#[derive(Debug, Default)]
pub(crate) struct LogMap {
    known: Mutex<HashMap<String, Remembered>>,
}

#[derive(Clone, Debug)]
struct Remembered {
    at: Timestamp,
    origin: GroupOrigin,
    /// Whether AWS was asked, and not the table alone.
    asked: bool,
    /// Whether the table could not be read.
    unread: bool,
    /// Writers that AWS named where lines did not fit what the table says, and when it was asked for them.
    learnt: Vec<LogWriter>,
    learnt_at: Option<Timestamp>,
    in_doubt: bool,
}

impl LogMap {
    /// Who writes to a group, by the table; and by AWS, where the table says nothing and `account` may be asked.
    pub(crate) async fn of(
        &self,
        group: &str,
        store: &dyn Store,
        account: Option<&dyn Account>,
        now: Timestamp,
        deadline: Instant,
    ) -> GroupOrigin {
        let before = self.known().get(group).cloned();
        if let Some(before) = &before {
            let is_known = matches!(before.origin, GroupOrigin::Known(_));
            // Where no line hangs on the answer, that there is none holds as long.
            let is_settled = is_known || (account.is_none() && matches!(before.origin, GroupOrigin::Foreign));
            let holds = if is_settled && !before.in_doubt { HOLDS } else { HOLDS_IN_DOUBT };
            let fresh = now.duration_since(before.at).abs() < holds;
            if fresh && (is_known || before.asked || account.is_none()) {
                return before.origin.clone();
            }
        }
        let deadline = deadline.min(Instant::now() + AT_MOST);
        let kept = timeout_at(deadline, store.log_writers(group)).await;
        let unread = !matches!(kept, Ok(Ok(_)));
        let (origin, asked) = match (kept, account) {
            (Ok(Ok(Some(writers))), _) => (GroupOrigin::of(writers), false),
            (_, Some(account)) => {
                let found = asked(account, group, deadline).await;
                match found {
                    Ok(writers) if !writers.is_empty() => {
                        (GroupOrigin::of(LogWriters { writers, subscribed: false }), true)
                    }
                    Ok(_) if !unread => (GroupOrigin::Foreign, true),
                    Err(why) if !unread => (GroupOrigin::Unsure { may_come_again: why.may_pass() }, true),
                    _ => (GroupOrigin::Unread, true),
                }
            }
            (Ok(Ok(None)), None) => (GroupOrigin::Foreign, false),
            (_, None) => (GroupOrigin::Unread, false),
        };
        let (learnt, learnt_at) =
            before.as_ref().map(|before| (before.learnt.clone(), before.learnt_at)).unwrap_or_default();
        // What was known is better than nothing, however old it is.
        let origin = match (origin, before) {
            (
                GroupOrigin::Unread | GroupOrigin::Unsure { .. },
                Some(Remembered { origin: known @ GroupOrigin::Known(_), .. }),
            ) => known,
            (found, _) => found,
        };
        if let GroupOrigin::Unread = origin {
            warn!(
                log_group = group,
                "could not read from the table or from AWS which stage writes to a log group"
            );
        }
        let origin = origin.with(&learnt);
        let mut known = self.known();
        if known.len() >= MOST {
            known.clear();
        }
        let origin_now = origin.clone();
        let remembered = Remembered { at: now, origin, asked, unread, learnt, learnt_at, in_doubt: unread };
        known.insert(group.to_owned(), remembered);
        origin_now
    }

    /// The same where lines that may tell of failures do not fit what is known: a format was changed, and the caretaker has not
    /// come by since. AWS says which format the stages write in now; the lines of before still have the old one.
    ///
    /// # Errors
    ///
    /// Where the table or AWS did not say, and may the next time.
    pub(crate) async fn renewed(
        &self,
        group: &str,
        origin: GroupOrigin,
        account: &dyn Account,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<GroupOrigin, String> {
        let before = self.known().get(group).map(|before| (before.unread, before.learnt_at));
        let (unread, learnt_at) = before.unwrap_or_default();
        // The table knows the format of before, where AWS was asked in its place.
        let unsaid = |origin| match unread {
            true => Err("the table could not be read".to_owned()),
            false => Ok(origin),
        };
        if learnt_at.is_some_and(|at| now.duration_since(at).abs() < HOLDS_IN_DOUBT) {
            return unsaid(origin);
        }
        let found = match asked(account, group, deadline.min(Instant::now() + AT_MOST)).await {
            Ok(found) => found,
            Err(why) if why.may_pass() => return Err(why.to_string()),
            Err(_) => Vec::new(),
        };
        let origin = origin.with(&found);
        if let Some(remembered) = self.known().get_mut(group) {
            for writer in found {
                if !remembered.learnt.contains(&writer) && remembered.learnt.len() < MOST_LEARNT {
                    remembered.learnt.push(writer);
                }
            }
            remembered.learnt_at = Some(now);
            remembered.origin = origin.clone();
            remembered.in_doubt |= unread;
        }
        unsaid(origin)
    }

    /// Notes that lines of a group did not fit what is known of it: a format may have changed.
    pub(crate) fn doubt(&self, group: &str) {
        if let Some(remembered) = self.known().get_mut(group) {
            remembered.in_doubt = true;
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Remembered>> {
        // A panic elsewhere leaves whole entries behind.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stages that name the group as the destination of their access logs.
///
/// # Errors
///
/// Where they could not all be read.
async fn asked(account: &dyn Account, group: &str, deadline: Instant) -> Result<Vec<LogWriter>, ReadError> {
    let mut found = Vec::new();
    for query in [Query::HttpLogWriters(group.to_owned()), Query::RestLogWriters(group.to_owned())] {
        let answer = timeout_at(deadline, account.ask(&query)).await.map_err(|_| ReadError::TimedOut)??;
        let writers: Option<Vec<LogWriter>> = answer.0.take();
        found.extend(writers.unwrap_or_default());
        // A group of two kinds of API is rare, and the lines tell them apart.
        if !found.is_empty() {
            break;
        }
    }
    Ok(found)
}
