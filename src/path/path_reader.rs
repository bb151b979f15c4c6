//! Reads of one path: until one deadline, each query once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

use crate::aws::{Account, Answer, NotRead, Query, ReadError, Reading};

/// Target groups whose health is read for one path, so that a listener of a hundred groups can't eat the deadline.
pub(crate) const MOST_GROUPS: usize = 12;

/// The answer to a query, once there is one.
type Slot = Arc<OnceCell<Result<(Answer, Timestamp), ReadError>>>;

/// Asks an account until the deadline, and nothing twice.
pub(crate) struct PathReader<'a> {
    account: &'a dyn Account,
    deadline: Instant,
    /// When the request failed.
    pub(crate) failed: Option<Timestamp>,
    slots: Mutex<HashMap<Query, Slot>>,
    /// What the role may not read.
    refused: Mutex<Vec<NotRead>>,
}

impl<'a> PathReader<'a> {
    pub(crate) fn new(account: &'a dyn Account, deadline: Instant, failed: Option<Timestamp>) -> Self {
        Self { account, deadline, failed, slots: Mutex::default(), refused: Mutex::default() }
    }

    /// What the role may not read.
    pub(crate) fn into_refused(self) -> Vec<NotRead> {
        self.refused.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn read<T: 'static>(&self, query: Query) -> Reading<T> {
        let kind = query.kind();
        let slot = self.slot(&query);
        let ask = || async {
            let answered = timeout_at(self.deadline, self.account.ask(&query)).await;
            answered.unwrap_or(Err(ReadError::TimedOut))
        };
        match slot.get_or_init(ask).await.clone() {
            Err(why) => Reading::NotRead(self.not_read(&query, why)),
            Ok((Answer::Absent, at)) => Reading::Absent { query: kind, at },
            Ok((answer, at)) => match answer.take() {
                Some(value) => Reading::Known { value, query: kind, at },
                None => {
                    let why = ReadError::Malformed("an answer to another question".to_owned());
                    Reading::NotRead(self.not_read(&query, why))
                }
            },
        }
    }

    fn slot(&self, query: &Query) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(query.clone()).or_default())
    }

    fn not_read(&self, query: &Query, why: ReadError) -> NotRead {
        let not_read = NotRead::of(query, why);
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if not_read.why == ReadError::Denied && !refused.contains(&not_read) {
            refused.push(not_read.clone());
        }
        not_read
    }
}
