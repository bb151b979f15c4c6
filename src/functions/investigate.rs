//! One reading of the account for what has to be published, and of the log where the batch holds too little.

use crate::incidents;

use tokio::time::Instant;
use tracing::warn;

use crate::aws::NotRead;
use crate::causes::{Diagnosis, RouteContext};
use crate::checks::{Assessment, Finding};
use crate::functions::context::{Context as Looked, context};
use crate::functions::group::fault;
use crate::functions::metrics::Metric;
use crate::functions::notify::Work;
use crate::functions::probe::read_and_assess;
use crate::functions::respond::Responder;
use crate::incidents::job::{Recovered, Reply};
use crate::incidents::{FailureGroup, Fingerprint, Recovery};

/// Pairs of endpoint and route that are read before one end, in one round.
const READ_AT_A_TIME: usize = 8;

impl Responder {
    /// Reads what happened: the request's other lines, where the batch holds too few, and the path it took.
    pub(crate) async fn investigate(&self, work: &mut Work<'_>, last: Instant) -> Assessment {
        let until = last.min(Instant::now() + self.config.investigation_budget);
        let account = self.accounts.of(work.news.example.source.account.as_ref());
        let mut unread = None;
        if self.config.context_lookup {
            match context(&*account, &work.news.example, until).await {
                Looked::Found(richer) => {
                    work.news.example = *richer;
                    self.save(work).await;
                }
                Looked::Unread(unavailable) => unread = Some(unavailable),
                Looked::Enough | Looked::NoMore => {}
            }
        }
        self.read(&work.news.example.subject, unread, until).await
    }

    /// Reads again every endpoint and route of a quiet alert, a few at a time.
    pub(crate) async fn evidence(&self, work: &mut Work<'_>, until: Instant) -> anyhow::Result<Reply> {
        let unread = |why: &str| Reply::Evidence { recovery: Recovered::Unseen(why.to_owned()), fault: None };
        if work.task.alert.is_digest() {
            return Ok(unread("this digest only counts incidents; no path was read"));
        }
        let now = (self.now)();
        let mut examples: Vec<(Fingerprint, Diagnosis)> = Vec::new();
        for incident in &work.incidents {
            let kept = work.store.load_examples(incident).await?;
            if kept.is_empty() {
                let says = "the lines of the failure were not kept; the log group has them";
                let source = incident.source.clone();
                let lost = Diagnosis::noted(incident.cause, source, incident.last_failure, says);
                examples.push((incident.fingerprint.clone(), lost));
            }
            examples.extend(kept.into_iter().map(|example| (incident.fingerprint.clone(), example)));
        }
        let failed: u64 = work.incidents.iter().map(|incident| incident.coverage.failed).sum();
        let so_far = &work.task.alert.evidence;
        let read = if so_far.failed == failed { so_far.read as usize } else { 0 };
        let before = work.task.alert.last.as_ref().and_then(|last| last.fault.clone());
        let mut gone = None;
        for (fingerprint, example) in examples.iter().skip(read).take(READ_AT_A_TIME) {
            let subject = example.subject.clone().later(now);
            let until = until.min(Instant::now() + self.config.investigation_budget);
            let judgement = self.read(&subject, None, until).await;
            let recovery = incidents::recovery(example.cause, before.as_ref(), &judgement);
            let fault = fault(&judgement);
            let named = |says: String| match &example.route {
                Some(route) if examples.len() > 1 => {
                    let route = judgement.facts.templated(route);
                    format!("{} {}: {says}", route.method, route.path)
                }
                _ => says,
            };
            let recovery = match recovery {
                Recovery::Gone(how) => {
                    gone = Some((how, judgement));
                    continue;
                }
                Recovery::Still(says) => Recovered::Still(named(says)),
                Recovery::Unseen(why) => Recovered::Unseen(named(why)),
            };
            work.news = FailureGroup::again(fingerprint.clone(), example.clone());
            work.assessment = Some(judgement);
            return Ok(Reply::Evidence { recovery, fault });
        }
        let read = examples.len().min(read + READ_AT_A_TIME);
        if read < examples.len() {
            let read = u32::try_from(read).unwrap_or(u32::MAX);
            return Ok(Reply::Evidence { recovery: Recovered::SoFar(read), fault: None });
        }
        Ok(match gone {
            Some((how, judgement)) => {
                work.assessment = Some(judgement);
                let all = if examples.len() > 1 {
                    format!("{how}; all {} routes were read again", examples.len())
                } else {
                    how
                };
                Reply::Evidence { recovery: Recovered::Gone(all), fault: None }
            }
            None => unread("the incident table holds none of its failures"),
        })
    }

    /// Reads the path of a subject. `unread` is what could not be read before.
    pub(crate) async fn read(
        &self,
        subject: &RouteContext,
        unread: Option<NotRead>,
        until: Instant,
    ) -> Assessment {
        let began = Instant::now();
        let account = self.accounts.of(subject.source.account.as_ref());
        let prober = self.config.prober_prefix.as_deref();
        let judgement = read_and_assess(subject, &*account, unread, until, prober).await;
        self.tally.took(Metric::WalkLatency, began.elapsed());
        let missing = judgement.findings.iter().filter_map(Finding::not_read).chain(&judgement.refused);
        missing
            .map(|missing| missing.action().unwrap_or_default())
            .for_each(|action| self.tally.count(Metric::Unknowns, action, 1));
        judgement
    }

    async fn save(&self, work: &Work<'_>) {
        let (news, now) = (&work.news, (self.now)());
        if let Err(error) = work.store.save_example(&news.fingerprint, &news.example, now).await {
            warn!(error = error.to_string(), "the failure could not be kept for a later reading");
        }
    }
}
