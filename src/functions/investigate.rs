//! One look at the account for what has to be told, and at the log where the batch holds too little.

use tokio::time::Instant;
use tracing::warn;

use crate::aws::NotRead;
use crate::causes::RouteContext;
use crate::checks::{Assessment, Finding, assess};
use crate::functions::context::{Context as Looked, context};
use crate::functions::metrics::Metric;
use crate::functions::notify::PendingAlert;
use crate::functions::respond::Responder;
use crate::path::read_path;

impl Responder {
    /// Looks at what happened: at the request's other lines, where the batch holds too few, and at the way it took.
    pub(crate) async fn walk<'a>(
        &self,
        mut due: PendingAlert<'a>,
        last: Instant,
    ) -> (PendingAlert<'a>, Assessment) {
        // Kept before anything can go wrong: whoever has to finish this knows what failed.
        self.keep(&due).await;
        let until = last.min(Instant::now() + self.config.investigation_budget);
        let account = self.accounts.of(due.news.example.source.account.as_ref());
        let mut unread = None;
        if self.config.context_lookup {
            match context(&*account, &due.news.example, until).await {
                Looked::Found(richer) => {
                    due.news.example = *richer;
                    self.keep(&due).await;
                }
                Looked::Unread(unavailable) => unread = Some(unavailable),
                Looked::Enough | Looked::NoMore => {}
            }
        }
        let judgement = self.read(&due.news.example.subject(), unread, until).await;
        (due, judgement)
    }

    /// Walks for a subject. `unread` is what could not be looked at before.
    pub(crate) async fn read(
        &self,
        subject: &RouteContext,
        unread: Option<NotRead>,
        until: Instant,
    ) -> Assessment {
        let began = Instant::now();
        let account = self.accounts.of(subject.source.account.as_ref());
        let mut topology = read_path(subject, &*account, until).await;
        topology.refused.extend(unread);
        let judgement = assess(subject, &topology);
        self.tally.took(Metric::WalkLatency, began.elapsed());
        let missing = judgement.findings.iter().filter_map(Finding::not_read).chain(&judgement.refused);
        missing
            .map(|missing| missing.action().unwrap_or_default())
            .for_each(|action| self.tally.count(Metric::Unknowns, action, 1));
        judgement
    }

    pub(crate) async fn keep(&self, due: &PendingAlert<'_>) {
        let kept = due.store.keep(&due.news.fingerprint, &due.news.example, (self.now)()).await;
        if let Err(error) = kept {
            warn!(error = error.to_string(), "the failure could not be kept for a later walk");
        }
    }
}
