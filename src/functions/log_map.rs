//! Who writes to a log group: what the caretaker keeps in the incident table, read once a container and again where lines
//! do not fit it. Where the table says nothing, AWS is asked once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Duration, Instant, timeout_at};
use tracing::warn;

use crate::aws::{Account, Query};
use crate::incidents::store::Store;
use crate::logs::{AccessFormat, LogWriter, LogWriters};

/// Groups that are remembered; beyond, all are forgotten and read again.
const MOST: usize = 1000;

/// Time for one look-up at most: alerts wait for it.
const AT_MOST: Duration = Duration::from_secs(4);

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
    /// The table has nothing, and AWS could not be asked, or not to the end.
    Unsure,
    /// The table could not be read, and AWS did not know either.
    Unread,
}

impl GroupOrigin {
    /// The formats in which access lines are written there, as far as they are known.
    pub(crate) fn formats(&self) -> &[AccessFormat] {
        match self {
            Self::Known(known) => &known.1,
            Self::Foreign | Self::Unsure | Self::Unread => &[],
        }
    }

    fn of(writers: LogWriters) -> Self {
        let formats = writers.formats();
        Self::Known(Arc::new((writers, formats)))
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
        let (origin, asked) = match (kept, account) {
            (Ok(Ok(Some(writers))), _) => (GroupOrigin::of(writers), false),
            (kept, Some(account)) => {
                let found = asked(account, group, deadline).await;
                let unread = !matches!(kept, Ok(Ok(None)));
                match found {
                    Some(writers) if !writers.is_empty() => {
                        (GroupOrigin::of(LogWriters { writers, subscribed: false }), true)
                    }
                    Some(_) if !unread => (GroupOrigin::Foreign, true),
                    None if !unread => (GroupOrigin::Unsure, true),
                    _ => (GroupOrigin::Unread, true),
                }
            }
            (Ok(Ok(None)), None) => (GroupOrigin::Foreign, false),
            (_, None) => (GroupOrigin::Unread, false),
        };
        // What was known is better than nothing, however old it is.
        let origin = match (origin, before) {
            (
                GroupOrigin::Unread | GroupOrigin::Unsure,
                Some(Remembered { origin: known @ GroupOrigin::Known(_), .. }),
            ) => known,
            (found, _) => found,
        };
        if let GroupOrigin::Unread = origin {
            warn!(log_group = group, "neither the table nor AWS could say which stage writes to a log group");
        }
        let mut known = self.known();
        if known.len() >= MOST {
            known.clear();
        }
        let remembered = Remembered { at: now, origin: origin.clone(), asked, in_doubt: false };
        known.insert(group.to_owned(), remembered);
        origin
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

/// The stages that name the group as the destination of their access logs; `None` where they could not all be read.
async fn asked(account: &dyn Account, group: &str, deadline: Instant) -> Option<Vec<LogWriter>> {
    let mut found = Vec::new();
    for query in [Query::HttpLogWriters(group.to_owned()), Query::RestLogWriters(group.to_owned())] {
        let answer = timeout_at(deadline, account.ask(&query)).await.ok()?.ok()?;
        let writers: Option<Vec<LogWriter>> = answer.0.take();
        found.extend(writers.unwrap_or_default());
        // A group of two kinds of API is rare, and the lines tell them apart.
        if !found.is_empty() {
            break;
        }
    }
    Some(found)
}
