//! What no failure sets off: what a crash left half done, reminders, growth, merges, digests, and ends.
//!
//! The caretaker runs this every minute. It resolves an alert only when fresh readings find its fault gone.

use tokio::time::{Duration, Instant};
use tracing::{error, info};

use crate::causes::Diagnosis;
use crate::functions::notify::{Published, Work, lease};
use crate::functions::respond::Responder;
use crate::incidents::coverage::{AlertId, CoverageChange, Flapping};
use crate::incidents::plan::{Table, Todo, plan};
use crate::incidents::step::{AlertTask, Job, TaskOutcome};
use crate::incidents::store::{Contents, Store, StoreError};
use crate::incidents::{AlertRecord, FailureGroup, Fingerprint, Incident};

/// Below this, no other reading is begun: what was begun is published in time.
const LEFT: Duration = Duration::from_secs(10);

/// What a sweep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Alerts that are open.
    pub open: usize,
    /// Messages published.
    pub alerts: usize,
    /// Jobs that are left for the next sweep, since the time was up.
    pub left: usize,
}

impl Responder {
    /// Looks after every incident and alert once, before the invocation's deadline.
    ///
    /// # Errors
    ///
    /// A store that can't be reached, or an alert that could not be published: the schedule comes again.
    pub async fn care(&self, deadline: Instant) -> anyhow::Result<SweepReport> {
        let contents = self.store.all((self.now)()).await?;
        for old in &contents.old {
            let alert = old.id.to_string();
            info!(
                alert,
                "an earlier version opened this alert: it ends without evidence, or goes on under another key"
            );
            self.store.write(None, old).await?;
        }
        let mut report = SweepReport {
            open: contents.alerts.iter().filter(|alert| alert.is_joinable()).count(),
            ..SweepReport::default()
        };
        let (published, left) = self.sweep(&contents, |_| true, deadline).await?;
        report.alerts = published.alerts;
        report.left = left;
        published.failure.map_or(Ok(report), Err)
    }

    /// Does what a container must do that has no table, and so no caretaker: everything but ends.
    pub(crate) async fn update_alone(&self, mut published: Published, deadline: Instant) -> Published {
        let wanted = |job: &Job| !matches!(job, Job::Recover { .. });
        let contents = self.store.all((self.now)()).await.unwrap_or_default();
        if let Ok((more, _)) = self.sweep(&contents, wanted, deadline).await {
            published.alerts += more.alerts;
            published.failure = published.failure.or(more.failure);
        }
        published
    }

    async fn sweep(
        &self,
        contents: &Contents,
        wanted: impl Fn(&Job) -> bool,
        deadline: Instant,
    ) -> Result<(Published, usize), StoreError> {
        let (store, now) = (&*self.store, (self.now)());
        let silences = store.silences().await?;
        let members = contents.incidents.iter().map(|incident| incident.member(&silences, now));
        let table = Table {
            incidents: members.map(|member| (member.fingerprint.clone(), member)).collect(),
            alerts: contents.alerts.iter().map(|alert| (alert.id.clone(), alert.clone())).collect(),
        };
        let (mut published, mut left, mut withheld) = (Published::default(), 0, Vec::new());
        for todo in plan(&table, self.policy(), now).into_iter().filter(|todo| wanted(&todo.job)) {
            if deadline.saturating_duration_since(Instant::now()) < LEFT {
                left += 1;
                continue;
            }
            let opens = todo.job == Job::Open && todo.alert.is_unannounced();
            let needs = opens || matches!(todo.job, Job::Update { .. });
            let own = contents.incidents.iter().find(|one| needs && one.fingerprint == todo.alert.leader);
            if let Some(own) = own.filter(|own| !todo.alert.is_digest() && self.is_exhausted(own, now)) {
                // What is on an alert waits for an hour that has messages left; the rest a digest counts.
                withheld.extend(opens.then(|| own.clone()));
                continue;
            }
            let mut work = self.work(contents, todo, deadline).await?;
            self.finish(&mut work, last(deadline), deadline, &mut published).await;
            match work.task.outcome() {
                Some(TaskOutcome::Withheld) => withheld.append(&mut work.incidents),
                Some(TaskOutcome::Unreachable) => error!(
                    alert = work.task.alert.id.to_string(),
                    "the table failed; the next sweep goes on with this alert"
                ),
                _ => {}
            }
        }
        if !withheld.is_empty() {
            self.digest(&table, withheld, deadline, &mut published).await?;
        }
        Ok((published, left))
    }

    /// A job, with what its message is made of.
    async fn work(&self, contents: &Contents, todo: Todo, deadline: Instant) -> Result<Work<'_>, StoreError> {
        let Todo { job, alert, members } = todo;
        let known = |fingerprint: &Fingerprint| {
            contents.incidents.iter().find(|incident| incident.fingerprint == *fingerprint).cloned()
        };
        let mut incidents: Vec<Incident> =
            members.iter().filter_map(|member| known(&member.fingerprint)).collect();
        if incidents.is_empty() {
            incidents.extend(known(&alert.leader));
        }
        let speaks = !matches!(job, Job::Repair { .. } | Job::Expire { .. } | Job::Drop);
        let silenced = |one: &&Incident| {
            members.iter().any(|member| member.fingerprint == one.fingerprint && member.silenced)
        };
        let merges = matches!(job, Job::Merge { .. });
        let task = AlertTask::new(job, alert.clone(), members.clone(), self.owner(), lease(deadline));
        // What the message quotes has to be of an incident that it names.
        let named = |one: &&Incident| match task.alert.end() {
            _ if merges => one.coverage.covered > 0,
            Some(_) => task.ends(&one.coverage),
            None => !silenced(one),
        };
        let unsilenced = || incidents.iter().find(|one| !silenced(one));
        let first = incidents.iter().find(named).or_else(unsilenced).or(incidents.first());
        let news = self.again(&alert, first.filter(|_| speaks)).await?;
        Ok(Work { store: &*self.store, may_repeat: false, task, incidents, news, assessment: None })
    }

    /// The failure that was kept, as if it came again.
    async fn again(&self, alert: &AlertRecord, first: Option<&Incident>) -> Result<FailureGroup, StoreError> {
        let kept = match first {
            Some(first) => self.store.load_examples(first).await?,
            None => Vec::new(),
        };
        let example = kept.into_iter().max_by_key(|example| example.at).unwrap_or_else(|| {
            let says = "the lines of the failure were not kept; the log group has them";
            let cause = first.map_or(crate::causes::MANY_INCIDENTS, |first| first.cause);
            let source = first.map(|first| first.source.clone()).unwrap_or_default();
            Diagnosis::noted(cause, source, first.and_then(|first| first.last_failure), says)
        });
        let fingerprint = first.map_or(&alert.leader, |first| &first.fingerprint);
        Ok(FailureGroup::again(fingerprint.clone(), example))
    }

    /// Counts incidents in one message, for which the hour has no message of their own left.
    async fn digest(
        &self,
        table: &Table,
        withheld: Vec<Incident>,
        deadline: Instant,
        published: &mut Published,
    ) -> Result<(), StoreError> {
        let now = (self.now)();
        let known = table.alerts.values().find(|alert| alert.is_digest() && alert.is_joinable());
        if let Some(known) = known {
            for incident in withheld {
                let change = CoverageChange::Attach {
                    generation: incident.coverage.generation,
                    alert: known.id.clone(),
                    covered: None,
                };
                self.store.change(&incident.fingerprint, &change).await?;
            }
            return Ok(());
        }
        let id = AlertId(format!("many-incidents-{}", now.strftime("%Y%m%dT%H%M%S")));
        let leader = Fingerprint::kept(AlertRecord::DIGEST);
        let alert = AlertRecord::opening(id, leader, Flapping::default(), now);
        let news = self.again(&alert, withheld.first()).await?;
        let members = withheld.iter().map(|incident| incident.member(&[], now)).collect();
        let task = AlertTask::new(Job::Open, alert, members, self.owner(), lease(deadline));
        let store: &dyn Store = &*self.store;
        let mut work = Work { store, may_repeat: false, task, incidents: withheld, news, assessment: None };
        self.finish(&mut work, last(deadline), deadline, published).await;
        Ok(())
    }
}

/// When readings have to be over.
fn last(deadline: Instant) -> Instant {
    deadline.checked_sub(LEFT / 2).unwrap_or(deadline)
}
