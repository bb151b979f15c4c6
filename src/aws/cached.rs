//! Answers kept for a short time: several incidents of one container that lead over the same link ask once.
//!
//! API Gateway's control plane gives an account ten calls a second, shared with everybody's deployments, and
//! `GetResources` five in two seconds: <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::aws::account::{Account, Asked};
use crate::aws::queries::{Answer, Query};

/// How long an answer is good. Each carries the time at which AWS gave it, so an older one is said to be older.
const FRESH: Duration = Duration::from_secs(15);

/// Answers kept at most; beyond it all are dropped, which costs a few calls and bounds the memory.
const MOST: usize = 512;

/// An account whose answers are kept for a short time. What could not be read is asked again.
pub struct CachedAccount<A> {
    account: A,
    answers: Mutex<HashMap<Query, (Instant, Answer, Timestamp)>>,
}

impl<A: Account> CachedAccount<A> {
    /// Keeps this account's answers.
    pub fn new(account: A) -> Self {
        Self { account, answers: Mutex::default() }
    }

    fn answers(&self) -> MutexGuard<'_, HashMap<Query, (Instant, Answer, Timestamp)>> {
        // A panic elsewhere leaves whole answers behind: each is put in by one insert.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self, question: &Query) -> Option<(Answer, Timestamp)> {
        let answers = self.answers();
        let (kept, answer, at) = answers.get(question)?;
        (kept.elapsed() < FRESH).then(|| (answer.clone(), *at))
    }

    fn keep(&self, question: &Query, answer: &Answer, at: Timestamp) {
        let mut answers = self.answers();
        if answers.len() >= MOST {
            answers.clear();
        }
        answers.insert(question.clone(), (Instant::now(), answer.clone(), at));
    }
}

impl<A: Account> Account for CachedAccount<A> {
    fn ask<'a>(&'a self, question: &'a Query) -> Asked<'a> {
        Box::pin(async move {
            if let Some(kept) = self.kept(question) {
                return Ok(kept);
            }
            let (answer, at) = self.account.ask(question).await?;
            // Nobody asks for the same request twice, and its lines are long.
            if matches!(question, Query::RequestLines(_)) {
                return Ok((answer, at));
            }
            self.keep(question, &answer, at);
            Ok((answer, at))
        })
    }
}
