//! One thing that has to be done about an alert, step by step: what is needed next, and what an answer leads to.
//!
//! A task does nothing itself. Whatever ends it between two steps leaves a table from which `plan` goes on.

use std::time::Duration;

use jiff::Timestamp;

use crate::incidents::coverage::{AlertId, Coverage, CoverageChange, KnownFault, Policy, words};
use crate::incidents::fingerprint::Fingerprint;
use crate::incidents::job::{Job, Member, Need, Notice, Recovered, Reply, Same, TaskOutcome};
use crate::incidents::record::{AlertEnd, AlertRecord, AlertState, EvidenceSoFar, How, LastAlert, Lease};
use crate::incidents::status::Status;
use crate::text::bounded;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Claim,
    Budget,
    Read,
    Root(Fingerprint),
    TakeRoot {
        root: Fingerprint,
        seen: Option<AlertId>,
    },
    Join {
        alert: AlertId,
        covered: Option<u64>,
    },
    Forget,
    Withdraw,
    /// Notes that the first message may be published from now on: its key has to be ended.
    Announce,
    Publish,
    Record,
    /// Writes to the members, from this one on.
    Settle(usize),
    Move(usize),
    Reread,
    Cover(usize),
    Decide,
    Note,
    Release(TaskOutcome),
    Repair,
    Done(TaskOutcome),
}

/// A job under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlertTask {
    pub job: Job,
    pub alert: AlertRecord,
    pub members: Vec<Member>,
    owner: String,
    /// How long the invocation may still take, and a margin.
    lease: Duration,
    is_new: bool,
    notice: Option<Notice>,
    root: Option<Fingerprint>,
    fault: Option<KnownFault>,
    last: Option<LastAlert>,
    /// Whether it ends without a reading that proves it.
    unproven: bool,
    /// Whether another incident is about to be counted that it belongs to.
    waits: bool,
    stage: Step,
}

impl AlertTask {
    pub fn new(job: Job, alert: AlertRecord, members: Vec<Member>, owner: String, lease: Duration) -> Self {
        let stage = match &job {
            Job::Repair { .. } | Job::Expire { .. } => Step::Repair,
            Job::Drop => Step::Forget,
            _ => Step::Claim,
        };
        let is_new = job == Job::Open && alert.version == 0;
        let (notice, root, fault, last) = (None, None, None, None);
        Self {
            job,
            alert,
            members,
            owner,
            lease,
            is_new,
            notice,
            root,
            fault,
            last,
            unproven: false,
            waits: false,
            stage,
        }
    }

    /// Whether the end of its alert covers a member: what came after the readings is published anew.
    pub fn ends(&self, coverage: &Coverage) -> bool {
        match self.alert.end() {
            Some(AlertEnd { how: How::Merged(_), .. }) => coverage.covered > 0,
            Some(end) => end.covers(coverage),
            None => false,
        }
    }

    /// What it does next.
    pub fn need(&self, now: Timestamp) -> Need {
        let id = || self.alert.id.clone();
        let change = |place: usize, change| Need::Change {
            fingerprint: self.members[place].fingerprint.clone(),
            change,
        };
        match &self.stage {
            Step::Claim => {
                let seen = (!self.is_new).then_some(self.alert.version);
                Need::Write { seen, alert: self.claimed(now) }
            }
            Step::Budget => Need::Budget(self.alert.leader.clone()),
            Step::Read if matches!(self.job, Job::Recover { .. }) => Need::Evidence,
            Step::Read => Need::Path,
            Step::Root(root) => Need::Root(root.clone()),
            Step::TakeRoot { root, seen } => {
                Need::TakeRoot { root: root.clone(), seen: seen.clone(), alert: id() }
            }
            Step::Join { alert, covered } => {
                let generation = self.members[0].coverage.generation;
                change(0, CoverageChange::Attach { generation, alert: alert.clone(), covered: *covered })
            }
            Step::Forget => Need::Delete { alert: id(), version: self.alert.version },
            // The record stays: were it deleted and made anew, a late write could take one for the other.
            Step::Withdraw => Need::Write {
                seen: Some(self.alert.version),
                alert: self.alert.with(|alert| alert.lease = None),
            },
            Step::Announce => Need::Write { seen: Some(self.alert.version), alert: self.announced() },
            Step::Publish => match &self.notice {
                Some(notice) => Need::Publish(notice.clone()),
                None => Need::Nothing(TaskOutcome::Quiet),
            },
            Step::Record => Need::Write { seen: Some(self.alert.version), alert: self.recorded() },
            Step::Settle(place) => change(*place, self.settled(*place)),
            Step::Move(place) => {
                let to = match &self.job {
                    Job::Merge { into } => into.clone(),
                    _ => self.merged_into().unwrap_or_else(id),
                };
                change(*place, CoverageChange::Move { from: id(), to })
            }
            Step::Reread => Need::Members,
            Step::Cover(place) => {
                let (covered, version) = (self.members[*place].coverage.failed, self.alert.version);
                change(*place, CoverageChange::Prove { alert: id(), covered, version })
            }
            Step::Decide => Need::Write { seen: Some(self.alert.version), alert: self.decided(now) },
            Step::Note => Need::Write { seen: Some(self.alert.version), alert: self.noted() },
            Step::Release(_) => Need::Write {
                seen: Some(self.alert.version),
                alert: self.alert.with(|alert| alert.lease = None),
            },
            Step::Repair => match &self.job {
                Job::Repair { fingerprint, change } | Job::Expire { fingerprint, change } => {
                    Need::Change { fingerprint: fingerprint.clone(), change: change.clone() }
                }
                _ => Need::Nothing(TaskOutcome::Quiet),
            },
            Step::Done(outcome) => Need::Nothing(outcome.clone()),
        }
    }

    /// Goes on with the answer to what it needed.
    pub fn answer(&mut self, answer: Reply, policy: Policy, now: Timestamp) {
        let needed = self.need(now);
        self.answer_to(&needed, answer, policy, now);
    }

    /// The same, where time has passed since it was needed.
    pub fn answer_to(&mut self, needed: &Need, answer: Reply, policy: Policy, now: Timestamp) {
        if let (Need::Write { alert, .. }, Reply::Done) = (needed, &answer) {
            self.alert = alert.clone();
        }
        // A reply that was lost: the write is there all the same.
        let answer = match (needed, answer) {
            (Need::Write { alert, .. }, Reply::Refused(Some(known))) if *alert == known => {
                self.alert = known;
                Reply::Done
            }
            (_, answer) => answer,
        };
        self.stage = self.next(answer, policy, now);
    }

    /// Whether the next step is the message: what joined meanwhile can be named in it.
    pub fn is_publishing(&self) -> bool {
        self.stage == Step::Publish
    }

    pub fn outcome(&self) -> Option<&TaskOutcome> {
        if let Step::Done(outcome) = &self.stage { Some(outcome) } else { None }
    }

    fn next(&mut self, answer: Reply, policy: Policy, now: Timestamp) -> Step {
        if answer == Reply::Failed {
            return self.failed();
        }
        match (std::mem::replace(&mut self.stage, Step::Done(TaskOutcome::Quiet)), answer) {
            (Step::Claim, Reply::Done) => self.claimed_next(),
            (Step::Claim, Reply::Refused(Some(known))) if self.is_new && known.is_idle(now) => {
                // Another gave it up before it was published.
                self.alert = known;
                self.is_new = false;
                Step::Claim
            }
            (Step::Claim, _) => Step::Done(TaskOutcome::Lost),
            (Step::Budget, Reply::Done) if self.alert.is_unannounced() => Step::Announce,
            (Step::Budget, Reply::Done) => Step::Publish,
            (Step::Budget, _) if self.alert.is_unannounced() => Step::Withdraw,
            (Step::Budget, _) if matches!(self.job, Job::Recover { .. }) => {
                // What was read holds for a while; it is published when there is a message left for it.
                let look_at = now.checked_add(policy.resolve_after).ok();
                self.last = self.alert.last.clone().map(|before| LastAlert { look_at, ..before });
                Step::Note
            }
            (Step::Budget, _) => Step::Release(TaskOutcome::Quiet),
            (Step::Withdraw, _) if self.members[0].coverage.alert.is_some() => Step::Done(self.joined()),
            (Step::Withdraw, _) if self.waits => Step::Done(TaskOutcome::Quiet),
            (Step::Withdraw, _) => Step::Done(TaskOutcome::Withheld),
            (Step::Forget, _) => Step::Done(TaskOutcome::Quiet),
            (Step::Read, Reply::Path { same: Same::On { alert, named }, .. }) if self.may_join() => {
                let covered = named.then_some(self.members[0].coverage.failed);
                Step::Join { alert, covered }
            }
            (Step::Read, Reply::Path { same: Same::Soon, .. }) if self.may_join() => {
                self.waits = true;
                Step::Withdraw
            }
            (Step::Read, Reply::Path { root, fault, .. }) => self.read(root, fault, now),
            (Step::Read, Reply::Evidence { recovery, fault }) => self.seen(recovery, fault, policy, now),
            (Step::Root(root), Reply::Root { alert, kept }) => {
                let known = kept.filter(|kept| kept.is_joinable() && kept.id != self.alert.id);
                match known {
                    Some(known) if self.may_join() => Step::Join { alert: known.id, covered: None },
                    // A key that may have been published has to be ended: it opens, and is merged.
                    Some(_) => self.announce(),
                    None => Step::TakeRoot { root, seen: alert },
                }
            }
            (Step::TakeRoot { root, .. }, Reply::Refused(_)) => Step::Root(root),
            (Step::TakeRoot { .. }, _) => self.announce(),
            (Step::Announce, Reply::Done) => Step::Publish,
            (Step::Join { alert, .. }, Reply::Changed(Some(coverage))) => {
                self.members[0].coverage = coverage;
                debug_assert_eq!(self.members[0].coverage.alert.as_ref(), Some(&alert));
                Step::Withdraw
            }
            (Step::Join { .. }, _) => Step::Done(TaskOutcome::Lost),
            (Step::Publish, _) => Step::Record,
            (Step::Record, Reply::Done) => self.settle(0),
            // Another ended the key meanwhile: what was published after the end needs it again.
            (Step::Record, Reply::Refused(Some(known))) if known.end().is_some() && !self.says_end() => {
                self.alert = known;
                self.last = None;
                self.publish_end()
            }
            (Step::Settle(place), _) => self.settle(place + 1),
            (Step::Move(place), _) => self.moved(place + 1),
            (Step::Reread, Reply::Members(members)) => {
                let own = |fingerprint: &Fingerprint| {
                    self.members.iter().any(|member| member.fingerprint == *fingerprint)
                };
                let came = members.iter().any(|(fingerprint, coverage)| {
                    let on = coverage.as_ref().and_then(|coverage| coverage.alert.as_ref());
                    on == Some(&self.alert.id) && !own(fingerprint)
                });
                // What failed again or left meanwhile shows as each is covered.
                if came { Step::Release(TaskOutcome::Quiet) } else { self.cover(0) }
            }
            (Step::Cover(place), Reply::Changed(Some(coverage)))
                if coverage.failed == self.members[place].coverage.failed =>
            {
                self.members[place].coverage = coverage;
                self.cover(place + 1)
            }
            // It failed again while its path was read.
            (Step::Cover(_), _) => Step::Release(TaskOutcome::Quiet),
            (Step::Decide, Reply::Done) => Step::Publish,
            (Step::Note, _) => Step::Done(TaskOutcome::Quiet),
            (Step::Release(outcome), _) => Step::Done(outcome),
            (Step::Repair, _) => Step::Done(TaskOutcome::Quiet),
            (Step::Announce | Step::Record | Step::Decide | Step::Reread, _) => Step::Done(TaskOutcome::Lost),
            (stage @ Step::Done(_), _) => stage,
            (Step::Read | Step::Root(_), _) => self.failed(),
        }
    }

    /// What a step that failed leads to: before the message the next owner begins again, after it the sweep goes on.
    fn failed(&mut self) -> Step {
        match &self.stage {
            Step::Publish => Step::Release(TaskOutcome::Unpublished),
            // A root that can't be read costs a message more, which is merged later.
            Step::Root(_) | Step::TakeRoot { .. } => self.announce(),
            Step::Settle(place) => {
                let place = *place;
                self.settle(place + 1)
            }
            Step::Release(outcome) => Step::Done(outcome.clone()),
            Step::Record => Step::Done(TaskOutcome::Published),
            _ => Step::Done(TaskOutcome::Unreachable),
        }
    }

    fn claimed_next(&mut self) -> Step {
        match &self.job {
            Job::Open | Job::Update { .. } | Job::Recover { .. } => Step::Read,
            Job::Merge { .. } if self.merged_into().is_some() => self.moved(0),
            Job::Merge { .. } => self.publish_end(),
            Job::Finish if self.merged_into().is_some() => self.moved(0),
            Job::Finish => self.publish_end(),
            Job::Drop | Job::Repair { .. } | Job::Expire { .. } => Step::Done(TaskOutcome::Quiet),
        }
    }

    fn claimed(&self, now: Timestamp) -> AlertRecord {
        let until = now.checked_add(self.lease).unwrap_or(now);
        let lease = Some(Lease { owner: self.owner.clone(), until });
        self.alert.with(|alert| {
            alert.lease = lease;
            match &self.job {
                Job::Merge { into } if *into == alert.id => {
                    let reason = "closed: the incident table no longer holds its failures".to_owned();
                    alert.state =
                        AlertState::Ending(AlertEnd { how: How::Expired, at: now, reason, version: 0 });
                }
                Job::Merge { into } => {
                    let reason = format!("follow alert {into} instead");
                    let how = How::Merged(into.clone());
                    alert.state = AlertState::Ending(AlertEnd { how, at: now, reason, version: 0 });
                }
                _ => {}
            }
        })
    }

    fn read(&mut self, root: Option<Fingerprint>, fault: Option<KnownFault>, now: Timestamp) -> Step {
        self.fault = fault;
        let update = match &self.job {
            Job::Update { status, reason } => Notice::new(*status, reason.clone()),
            _ => Notice::opening(&self.alert, self.members.first(), now),
        };
        self.notice = Some(update);
        self.last = Some(self.message(now));
        match root {
            Some(root) if self.alert.root.is_none() && !self.alert.is_digest() => {
                self.root = Some(root.clone());
                Step::Root(root)
            }
            _ => self.announce(),
        }
    }

    fn may_join(&self) -> bool {
        self.job == Job::Open
            && self.alert.is_unannounced()
            && self.members.len() == 1
            && self.members[0].coverage.alert.is_none()
    }

    fn announce(&self) -> Step {
        // What joins another alert costs no message: only now is it certain that this is one.
        if self.alert.is_unannounced() || matches!(self.job, Job::Update { .. }) {
            Step::Budget
        } else {
            Step::Publish
        }
    }

    fn announced(&self) -> AlertRecord {
        self.alert.with(|alert| {
            alert.state = AlertState::Opening { announced: true };
            alert.root.clone_from(&self.root);
        })
    }

    /// What readings lead to.
    fn seen(
        &mut self,
        recovery: Recovered,
        fault: Option<KnownFault>,
        policy: Policy,
        now: Timestamp,
    ) -> Step {
        let Job::Recover { quiet, may_expire } = &self.job else { return Step::Done(TaskOutcome::Quiet) };
        let (quiet, may_expire) = (words(*quiet), *may_expire);
        self.fault = fault.or_else(|| self.alert.last.as_ref().and_then(|last| last.fault.clone()));
        let says = match recovery {
            Recovered::Gone(how) => {
                let reason = format!("no failure for {quiet}, and {how}");
                self.notice = Some(Notice::new(Status::Resolved, reason));
                return Step::Reread;
            }
            Recovered::Unseen(why) if may_expire => {
                self.unproven = true;
                let reason = format!("no failure for {quiet}; closed without confirming the repair: {why}");
                self.notice = Some(Notice::unconfirmed(Status::Resolved, reason));
                return Step::Reread;
            }
            Recovered::SoFar(read) => {
                let failed = self.members.iter().map(|member| member.coverage.failed).sum();
                self.alert.evidence = EvidenceSoFar { failed, read };
                return Step::Note;
            }
            Recovered::Still(says) => format!("no failure for {quiet}, but still broken: {says}"),
            Recovered::Unseen(why) => {
                format!("no failure for {quiet}, but the repair could not be confirmed: {why}")
            }
        };
        let said = self.alert.last.as_ref().is_some_and(|last| last.quiet);
        if self.members.iter().all(|member| member.silenced) {
            // It is read again, and said once the silence is over.
            let look_at = now.checked_add(policy.resolve_after).ok();
            self.last = self.alert.last.clone().map(|before| LastAlert { look_at, ..before });
            self.alert.evidence = EvidenceSoFar::default();
            return Step::Note;
        }
        let last = LastAlert {
            quiet: true,
            look_at: now.checked_add(policy.resolve_after).ok(),
            ..self.message(now)
        };
        self.alert.evidence = EvidenceSoFar::default();
        if said {
            // Said once. It is read again, and published when something else is seen.
            let at = self.alert.last.as_ref().map_or(last.at, |before| before.at);
            self.last = Some(LastAlert { at, ..last });
            return Step::Note;
        }
        self.last = Some(last);
        self.notice = Some(Notice::unconfirmed(Status::Ongoing, says));
        Step::Budget
    }

    /// What is to be remembered of the message.
    fn message(&self, now: Timestamp) -> LastAlert {
        let before = self.alert.last.as_ref();
        let escalated = matches!(&self.job, Job::Update { status: Status::Escalated, .. });
        let shown = || self.members.iter().filter(|member| !member.silenced);
        let rate = shown().filter_map(|member| member.rate).reduce(u64::saturating_add);
        LastAlert {
            number: before.map_or(1, |last| last.number + 1),
            at: now,
            leader_failed: self
                .members
                .iter()
                .find(|member| member.fingerprint == self.alert.leader)
                .map_or(0, |leader| leader.coverage.failed),
            rate: if escalated { rate } else { before.and_then(|last| last.rate) },
            members: shown().count(),
            routes: shown().map(|member| member.routes).sum(),
            escalations: before.map_or(0, |last| last.escalations) + u32::from(escalated),
            quiet: false,
            look_at: None,
            fault: self.fault.clone(),
        }
    }

    fn decided(&self, now: Timestamp) -> AlertRecord {
        // A reading may quote much; the item stays small.
        let reason = self.notice.as_ref().map_or(String::new(), |notice| bounded(&notice.reason, 600));
        let how = if self.unproven { How::Expired } else { How::Resolved };
        let version = self.alert.version;
        self.alert.with(|alert| alert.state = AlertState::Ending(AlertEnd { how, at: now, reason, version }))
    }

    fn noted(&self) -> AlertRecord {
        self.alert.with(|alert| {
            alert.lease = None;
            if let Some(last) = &self.last {
                alert.last = Some(last.clone());
            }
        })
    }

    /// The alert once its message is published.
    fn recorded(&self) -> AlertRecord {
        self.alert.with(|alert| {
            alert.lease = None;
            match &alert.state {
                AlertState::Ending(end) => alert.state = AlertState::Ended(end.clone()),
                AlertState::Opening { .. } => alert.state = AlertState::Open,
                AlertState::Open | AlertState::Ended(_) => {}
            }
            if let Some(last) = &self.last {
                alert.last = Some(last.clone());
            }
            if alert.root.is_none() {
                alert.root.clone_from(&self.root);
            }
        })
    }

    fn settled(&self, place: usize) -> CoverageChange {
        let Member { coverage, .. } = &self.members[place];
        let alert = self.alert.id.clone();
        match &self.alert.state {
            AlertState::Ended(end) => end.leaving(alert, self.alert.flapping, coverage),
            _ if coverage.alert.is_none() => CoverageChange::Attach {
                generation: coverage.generation,
                alert,
                covered: Some(coverage.failed),
            },
            _ => CoverageChange::Cover { alert, covered: coverage.failed },
        }
    }

    /// The next member to write to. What a message left out because of a silence stays uncovered.
    fn settle(&mut self, from: usize) -> Step {
        if self.merged_into().is_some() {
            return Step::Done(TaskOutcome::Published);
        }
        let ended = self.alert.end().is_some();
        let rest = self.members.iter().enumerate().skip(from);
        match rest.filter(|(_, member)| ended || !member.silenced).map(|(place, _)| place).next() {
            Some(place) => Step::Settle(place),
            None => Step::Done(TaskOutcome::Published),
        }
    }

    fn cover(&self, place: usize) -> Step {
        if place < self.members.len() { Step::Cover(place) } else { Step::Decide }
    }

    fn moved(&mut self, place: usize) -> Step {
        if place < self.members.len() { Step::Move(place) } else { self.publish_end() }
    }

    fn publish_end(&mut self) -> Step {
        self.notice = self.alert.end().map(|end| {
            let reason = end.reason.clone();
            match end.how {
                How::Resolved => Notice::new(Status::Resolved, reason),
                How::Expired => Notice::unconfirmed(Status::Resolved, reason),
                How::Merged(_) => Notice::new(Status::Merged, reason),
            }
        });
        Step::Publish
    }

    fn merged_into(&self) -> Option<AlertId> {
        self.alert.merged_into().cloned()
    }

    /// Whether the message under way is an end.
    fn says_end(&self) -> bool {
        self.notice.as_ref().is_some_and(|notice| notice.status.event_action() == "resolve")
    }

    fn joined(&self) -> TaskOutcome {
        let joined = self.members.first().and_then(|leader| leader.coverage.alert.clone());
        joined.map_or(TaskOutcome::Lost, TaskOutcome::Joined)
    }
}
