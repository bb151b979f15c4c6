//! What nobody's failure sets off: overdue leases, reminders, growth that nobody told, and the end.
//!
//! The caretaker runs this every minute or so. It tells what a crash left untold, and resolves an incident only when a fresh
//! walk finds its fault gone.

use crate::incidents;

use tokio::time::{Duration, Instant};
use tracing::{error, info};

use crate::causes::Diagnosis;
use crate::functions::group::fault;
use crate::functions::notify::PendingAlert;
use crate::functions::respond::Responder;
use crate::incidents::store::{Release, StoreError};
use crate::incidents::{Decision, FailureGroup, Fingerprint, Incident, Recovery, Rollup, Status};

/// Below this, no other walk is begun: what was begun is told in time.
const LEFT: Duration = Duration::from_secs(10);

/// What a round of care did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Incidents that are open.
    pub open: usize,
    /// Messages published.
    pub alerts: usize,
    /// Incidents that are left for the next round, since the time was up.
    pub left: usize,
}

impl Responder {
    /// Looks after every incident once, before the invocation's deadline.
    ///
    /// # Errors
    ///
    /// A store that can't be reached, or an alert that could not be published: the schedule comes again.
    pub async fn care(&self, deadline: Instant) -> anyhow::Result<SweepReport> {
        let all = self.store.all((self.now)()).await?;
        let mut care = SweepReport::default();
        let mut failure = None;
        for incident in &all {
            care.open += usize::from(incident.is_open());
            let on_a_page = |page: &Fingerprint| all.iter().any(|other| other.fingerprint == *page);
            if incident.page.as_ref().is_some_and(on_a_page) {
                continue;
            }
            if deadline.saturating_duration_since(Instant::now()) < LEFT {
                care.left += 1;
                continue;
            }
            match self.care_for(incident, deadline).await {
                Ok(alerts) => care.alerts += alerts,
                Err(error) => {
                    error!(
                        error = format!("{error:#}"),
                        incident.id, "an incident could not be looked after"
                    );
                    failure.get_or_insert(error);
                }
            }
        }
        failure.map_or(Ok(care), Err)
    }

    async fn care_for(&self, page: &Incident, deadline: Instant) -> anyhow::Result<usize> {
        let now = (self.now)();
        let members = self.members(&*self.store, page, None, now).await?;
        let sum = Rollup::of(&members);
        if let Some(tell) = incidents::decide(page, &sum, now, self.policy()) {
            let Some(due) = self.due_again(page, members, tell, deadline).await? else { return Ok(0) };
            let told = self.tell(vec![due], deadline).await;
            return told.failure.map_or(Ok(told.alerts), Err);
        }
        if !incidents::is_quiet(page, &sum, now, self.policy()) {
            return Ok(0);
        }
        let tell = Decision { status: Status::Resolved, reason: String::new() };
        let Some(due) = self.due_again(page, members, tell, deadline).await? else { return Ok(0) };
        self.look_again(due, &sum, deadline).await
    }

    /// What a failure would set off, had one come: of the incident that was kept.
    async fn due_again(
        &self,
        page: &Incident,
        mut members: Vec<Incident>,
        tell: Decision,
        deadline: Instant,
    ) -> Result<Option<PendingAlert<'_>>, StoreError> {
        let mut example = None;
        for (place, member) in members.iter().enumerate() {
            if let Some(kept) = self.store.kept(&member.fingerprint).await? {
                example = Some((place, kept));
                break;
            }
        }
        if let Some((place, _)) = &example {
            members[..=*place].rotate_right(1);
        }
        let Some(first) = members.first() else { return Ok(None) };
        let lost = || {
            let says = "the lines of the failure were not kept; the log group has them";
            Diagnosis::noted(first.cause, first.source.clone(), first.last_failure, says)
        };
        let example = example.map_or_else(lost, |(_, kept)| kept);
        let news = FailureGroup::again(first.fingerprint.clone(), example);
        let (store, owner, page) = (&*self.store, self.owner(), page.clone());
        let due = PendingAlert { store, may_repeat: false, page, members, owner, tell, news };
        Ok(self.claim(&due, (self.now)(), deadline).await?.then_some(due))
    }

    /// Whether a quiet incident is over.
    async fn look_again(
        &self,
        mut due: PendingAlert<'_>,
        sum: &Rollup,
        deadline: Instant,
    ) -> anyhow::Result<usize> {
        let now = (self.now)();
        let subject = due.news.example.subject().later(now);
        let last = deadline.checked_sub(LEFT / 2).unwrap_or(deadline);
        let until = last.min(Instant::now() + self.config.investigation_budget);
        let judgement = self.read(&subject, None, until).await;
        let Some(before) = due.page.told.clone() else { return Ok(0) };
        let recovery = incidents::recovery(subject.cause, before.fault.as_ref(), &judgement);
        let quiet = incidents::words(self.config.resolve_after);
        let (status, reason) = match recovery {
            Recovery::Gone(how) => (Status::Resolved, format!("no failure for {quiet}, and {how}")),
            Recovery::Still(says) => {
                (Status::Ongoing, format!("no failure for {quiet}, but still broken: {says}"))
            }
            Recovery::Unseen(why) => (
                Status::Ongoing,
                format!("no failure for {quiet}; whether the fault is gone could not be seen: {why}"),
            ),
        };
        let again = self.store.read(std::slice::from_ref(&due.page.fingerprint), now).await?;
        let members = match again.first() {
            Some(page) => self.members(&*self.store, page, None, now).await?,
            None => Vec::new(),
        };
        if Rollup::of(&members).counted_at > sum.counted_at {
            // It failed again while somebody looked: that is for the next round.
            self.settle(&*self.store, &due.page.fingerprint, &due.owner, &Release::Retry).await;
            return Ok(0);
        }
        let mut told =
            incidents::told(&due.page, sum, status, fault(&judgement).or(before.fault.clone()), now);
        if status == Status::Ongoing {
            let look_at = now.checked_add(self.config.resolve_after).ok();
            told = incidents::LastAlert { quiet: true, look_at, ..told };
            if before.quiet {
                // Said once. It is looked at again, and told when something else is seen.
                let told = incidents::LastAlert { at: before.at, ..told };
                self.settle(&*self.store, &due.page.fingerprint, &due.owner, &Release::Alerted(told)).await;
                return Ok(0);
            }
        }
        info!(incident.id = due.page.id, status = status.as_str(), "looked whether the fault is gone");
        due.tell = Decision { status, reason };
        self.publish_as(due, judgement, told, deadline).await.map(|()| 1)
    }
}
