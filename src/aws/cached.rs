//! Answers shared for a short time: several incidents of one container that lead over the same link read it once, also
//! while the first of them still waits for the answer.
//!
//! API Gateway's control plane gives an account ten calls a second, which its deployments share, and `GetResources` five
//! in two seconds: <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::aws::accounts::{Account, Answered};
use crate::aws::queries::{Answer, Query};

/// How long an answer is good. Each carries the time at which AWS gave it, so an older one is said to be older.
const FRESH: Duration = Duration::from_secs(15);

/// Answers kept at most; beyond it all are dropped, which costs a few calls and bounds the memory.
const MOST: usize = 512;

/// An answer, once there is one; locked while it is being asked for.
type Slot = Arc<tokio::sync::Mutex<Option<(Instant, Answer, Timestamp)>>>;

/// An account whose answers are kept for a short time. What could not be read is asked again.
pub struct CachedAccount<A> {
    account: A,
    slots: Mutex<HashMap<Query, Slot>>,
}

impl<A: Account> CachedAccount<A> {
    /// Keeps this account's answers.
    pub fn new(account: A) -> Self {
        Self { account, slots: Mutex::default() }
    }

    fn slot(&self, query: &Query) -> Slot {
        // A panic elsewhere leaves whole slots behind.
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MOST && !slots.contains_key(query) {
            slots.clear();
        }
        Arc::clone(slots.entry(query.clone()).or_default())
    }
}

#[async_trait]
impl<A: Account> Account for CachedAccount<A> {
    async fn ask(&self, query: &Query) -> Answered {
        // The lines of one request are long, and read once.
        if matches!(query, Query::RequestLines(_)) {
            return self.account.ask(query).await;
        }
        let slot = self.slot(query);
        let mut kept = slot.lock().await;
        if let Some((since, answer, at)) = &*kept
            && since.elapsed() < FRESH
        {
            return Ok((answer.clone(), *at));
        }
        let (answer, at) = self.account.ask(query).await?;
        *kept = Some((Instant::now(), answer.clone(), at));
        Ok((answer, at))
    }
}
