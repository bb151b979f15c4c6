//! One thing that has to be done about an alert, step by step: what is needed next, and what an answer leads to.
//!
//! A task does nothing itself. Whatever ends it between two steps leaves a table from which [`super::sweep`] goes on.

use std::time::Duration;

use jiff::Timestamp;

use super::alert::{Alert, End, Evidence, How, LastAlert, Lease, State};
use super::coverage::{AlertId, Change, Coverage};
use super::sweep::Policy;
use crate::incident::{Fingerprint, Status};

/// An incident as a message shows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    pub fingerprint: Fingerprint,
    pub coverage: Coverage,
    /// Failures a minute, and in the first minute, where they are known.
    pub rate: Option<u64>,
    pub base: Option<u64>,
    pub routes: usize,
    pub silenced: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Job {
    /// Publishes the first message, or joins the alert of the same broken resource.
    Open,
    /// Publishes that it lasts or grows.
    Update { status: Status, reason: String },
    /// Reads whether the fault of a quiet alert is gone.
    Recover { quiet: Duration, may_expire: bool },
    /// Ends a key that goes on under another.
    Merge { into: AlertId },
    /// Publishes an end that was decided.
    Finish,
    /// Forgets an alert that was never published.
    Drop,
    /// Makes good one write that a crash left out.
    Repair { fingerprint: Fingerprint, change: Change },
    /// Forgets an incident that is over.
    Expire { fingerprint: Fingerprint, change: Change },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Claim,
    Budget,
    Read,
    Root(Fingerprint),
    TakeRoot { root: Fingerprint, seen: Option<AlertId> },
    Join(AlertId),
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
    Release(Outcome),
    Repair,
    Done(Outcome),
}

/// What a task came to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    Published,
    /// Its failures are on this alert now, and the next message of that one names them.
    Joined(AlertId),
    /// The hour's messages are used up: a digest counts it.
    Withheld,
    /// Nothing was to be published.
    Quiet,
    /// Another owner was faster.
    Lost,
    /// The table could not be reached.
    Unreachable,
    /// The message could not be published.
    Unpublished,
}

/// What a task needs next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// Writes an alert, where it still has this version; `None`: where there is none.
    Write { seen: Option<u64>, alert: Alert },
    /// Forgets an alert, where it still has this version.
    Delete { alert: AlertId, version: u64 },
    Change { fingerprint: Fingerprint, change: Change },
    /// One of the hour's messages for this incident.
    Budget(Fingerprint),
    /// Reads the path of the failures.
    Path,
    /// Reads the path of everything on the alert, a few at a time, leaving out what was found healthy.
    Evidence,
    /// The alert that a root points to, and what is kept of it.
    Root(Fingerprint),
    /// Points a root to an alert, where it still points to what was seen.
    TakeRoot { root: Fingerprint, seen: Option<AlertId>, alert: AlertId },
    /// Reads the members again.
    Members,
    Publish(Notice),
    Nothing(Outcome),
}

/// A message, but for what live AWS says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Notice {
    pub status: Status,
    pub reason: String,
}

/// What came of a need.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    Done,
    /// A condition did not hold; the alert as it is.
    Refused(Option<Alert>),
    Changed(Option<Coverage>),
    Path { root: Option<Fingerprint>, fault: Option<(String, Option<String>)> },
    Evidence { recovery: Recovered, fault: Option<(String, Option<String>)> },
    Root { alert: Option<AlertId>, kept: Option<Alert> },
    Members(Vec<(Fingerprint, Option<Coverage>)>),
    /// It could not be had or done, or no reply came.
    Failed,
}

/// What readings say of a quiet alert.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Recovered {
    Gone(String),
    /// So many pairs are healthy; the others are for the next round.
    SoFar(u32),
    Still(String),
    Unseen(String),
}

/// A job under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Task {
    pub job: Job,
    pub alert: Alert,
    pub members: Vec<Member>,
    owner: String,
    /// How long the invocation may still take, and a margin.
    lease: Duration,
    is_new: bool,
    notice: Option<Notice>,
    root: Option<Fingerprint>,
    fault: Option<(String, Option<String>)>,
    last: Option<LastAlert>,
    /// Whether it ends without a reading that proves it.
    unproven: bool,
    stage: Stage,
}

impl Task {
    pub fn new(job: Job, alert: Alert, members: Vec<Member>, owner: String, lease: Duration) -> Self {
        let stage = match &job {
            Job::Repair { .. } | Job::Expire { .. } => Stage::Repair,
            Job::Drop => Stage::Forget,
            _ => Stage::Claim,
        };
        let is_new = job == Job::Open && alert.version == 0;
        let (notice, root, fault, last) = (None, None, None, None);
        Self { job, alert, members, owner, lease, is_new, notice, root, fault, last, unproven: false, stage }
    }

    /// What it does next.
    pub fn need(&self, now: Timestamp) -> Need {
        let id = || self.alert.id.clone();
        let change = |place: usize, change| Need::Change {
            fingerprint: self.members[place].fingerprint.clone(),
            change,
        };
        match &self.stage {
            Stage::Claim => {
                let seen = (!self.is_new).then_some(self.alert.version);
                Need::Write { seen, alert: self.claimed(now) }
            }
            Stage::Budget => Need::Budget(self.alert.leader.clone()),
            Stage::Read if matches!(self.job, Job::Recover { .. }) => Need::Evidence,
            Stage::Read => Need::Path,
            Stage::Root(root) => Need::Root(root.clone()),
            Stage::TakeRoot { root, seen } => {
                Need::TakeRoot { root: root.clone(), seen: seen.clone(), alert: id() }
            }
            Stage::Join(alert) => {
                let generation = self.members[0].coverage.generation;
                change(0, Change::Attach { generation, alert: alert.clone(), covered: None })
            }
            Stage::Forget | Stage::Withdraw => Need::Delete { alert: id(), version: self.alert.version },
            Stage::Announce => Need::Write { seen: Some(self.alert.version), alert: self.announced() },
            Stage::Publish => match &self.notice {
                Some(notice) => Need::Publish(notice.clone()),
                None => Need::Nothing(Outcome::Quiet),
            },
            Stage::Record => Need::Write { seen: Some(self.alert.version), alert: self.recorded() },
            Stage::Settle(place) => change(*place, self.settled(*place)),
            Stage::Move(place) => {
                let to = match &self.job {
                    Job::Merge { into } => into.clone(),
                    _ => self.merged_into().unwrap_or_else(id),
                };
                change(*place, Change::Move { from: id(), to })
            }
            Stage::Reread => Need::Members,
            Stage::Cover(place) => {
                let covered = self.members[*place].coverage.failed;
                change(*place, Change::Cover { alert: id(), covered })
            }
            Stage::Decide => Need::Write { seen: Some(self.alert.version), alert: self.decided(now) },
            Stage::Note => Need::Write { seen: Some(self.alert.version), alert: self.noted() },
            Stage::Release(_) => {
                Need::Write { seen: Some(self.alert.version), alert: self.alert.with(|alert| alert.lease = None) }
            }
            Stage::Repair => match &self.job {
                Job::Repair { fingerprint, change } | Job::Expire { fingerprint, change } => {
                    Need::Change { fingerprint: fingerprint.clone(), change: change.clone() }
                }
                _ => Need::Nothing(Outcome::Quiet),
            },
            Stage::Done(outcome) => Need::Nothing(outcome.clone()),
        }
    }

    /// Goes on with the answer to what it needed.
    pub fn answer(&mut self, answer: Answer, policy: Policy, now: Timestamp) {
        let needed = self.need(now);
        if let (Need::Write { alert, .. }, Answer::Done) = (&needed, &answer) {
            self.alert = alert.clone();
        }
        // A reply that was lost: the write is there all the same.
        let answer = match (&needed, answer) {
            (Need::Write { alert, .. }, Answer::Refused(Some(known))) if *alert == known => {
                self.alert = known;
                Answer::Done
            }
            (_, answer) => answer,
        };
        self.stage = self.next(answer, policy, now);
    }

    /// Whether the next step is the message: what joined meanwhile can be named in it.
    pub fn is_publishing(&self) -> bool {
        self.stage == Stage::Publish
    }

    pub fn outcome(&self) -> Option<&Outcome> {
        if let Stage::Done(outcome) = &self.stage { Some(outcome) } else { None }
    }

    fn next(&mut self, answer: Answer, policy: Policy, now: Timestamp) -> Stage {
        if answer == Answer::Failed {
            return self.failed();
        }
        match (std::mem::replace(&mut self.stage, Stage::Done(Outcome::Quiet)), answer) {
            (Stage::Claim, Answer::Done) => self.claimed_next(),
            (Stage::Claim, _) => Stage::Done(Outcome::Lost),
            (Stage::Budget, Answer::Done) => Stage::Read,
            (Stage::Budget, _) => Stage::Withdraw,
            (Stage::Withdraw, _) => Stage::Done(Outcome::Withheld),
            (Stage::Forget, _) => match &self.job {
                Job::Open => Stage::Done(self.joined()),
                _ => Stage::Done(Outcome::Quiet),
            },
            (Stage::Read, Answer::Path { root, fault }) => self.read(root, fault, now),
            (Stage::Read, Answer::Evidence { recovery, fault }) => self.seen(recovery, fault, policy, now),
            (Stage::Root(root), Answer::Root { alert, kept }) => {
                let known = kept.filter(|kept| kept.is_joinable() && kept.id != self.alert.id);
                match known {
                    Some(known) if self.may_join() => Stage::Join(known.id),
                    // A key that may have been published has to be ended: it opens, and is merged.
                    Some(_) => self.announce(),
                    None => Stage::TakeRoot { root, seen: alert },
                }
            }
            (Stage::TakeRoot { .. }, _) => self.announce(),
            (Stage::Announce, Answer::Done) => Stage::Publish,
            (Stage::Join(alert), Answer::Changed(Some(coverage))) => {
                self.members[0].coverage = coverage;
                debug_assert_eq!(self.members[0].coverage.alert.as_ref(), Some(&alert));
                Stage::Forget
            }
            (Stage::Join(_), _) => Stage::Done(Outcome::Lost),
            (Stage::Publish, _) => Stage::Record,
            (Stage::Record, Answer::Done) => self.settle(0),
            (Stage::Settle(place), _) => self.settle(place + 1),
            (Stage::Move(place), _) => self.moved(place + 1),
            (Stage::Reread, Answer::Members(members)) => {
                let still = |member: &Member| {
                    members.iter().any(|(fingerprint, coverage)| {
                        *fingerprint == member.fingerprint
                            && coverage.as_ref().is_some_and(|now| {
                                now.failed == member.coverage.failed && now.alert == member.coverage.alert
                            })
                    })
                };
                if self.members.iter().all(still) { self.cover(0) } else { Stage::Release(Outcome::Quiet) }
            }
            (Stage::Cover(place), Answer::Changed(Some(coverage)))
                if coverage.failed == self.members[place].coverage.failed =>
            {
                self.members[place].coverage = coverage;
                self.cover(place + 1)
            }
            // It failed again while its path was read.
            (Stage::Cover(_), _) => Stage::Release(Outcome::Quiet),
            (Stage::Decide, Answer::Done) => Stage::Publish,
            (Stage::Note, _) => Stage::Done(Outcome::Quiet),
            (Stage::Release(outcome), _) => Stage::Done(outcome),
            (Stage::Repair, _) => Stage::Done(Outcome::Quiet),
            (Stage::Announce | Stage::Record | Stage::Decide | Stage::Reread, _) => Stage::Done(Outcome::Lost),
            (stage @ Stage::Done(_), _) => stage,
            (Stage::Read | Stage::Root(_), _) => self.failed(),
        }
    }

    /// What a step that failed leads to. Before the message, it is for whoever comes next; after it, for the sweep.
    fn failed(&mut self) -> Stage {
        match &self.stage {
            Stage::Publish => Stage::Release(Outcome::Unpublished),
            // A root that can't be read costs a message more, which is merged later.
            Stage::Root(_) | Stage::TakeRoot { .. } => self.announce(),
            Stage::Settle(place) => {
                let place = *place;
                self.settle(place + 1)
            }
            Stage::Release(outcome) => Stage::Done(outcome.clone()),
            Stage::Record => Stage::Done(Outcome::Published),
            _ => Stage::Done(Outcome::Unreachable),
        }
    }

    fn claimed_next(&mut self) -> Stage {
        match &self.job {
            Job::Open if self.is_new => Stage::Budget,
            Job::Open | Job::Update { .. } | Job::Recover { .. } => Stage::Read,
            Job::Merge { .. } => self.moved(0),
            Job::Finish if self.merged_into().is_some() => self.moved(0),
            Job::Finish => self.publish_end(),
            Job::Drop | Job::Repair { .. } | Job::Expire { .. } => Stage::Done(Outcome::Quiet),
        }
    }

    fn claimed(&self, now: Timestamp) -> Alert {
        let until = now.checked_add(self.lease).unwrap_or(now);
        let lease = Some(Lease { owner: self.owner.clone(), until });
        self.alert.with(|alert| {
            alert.lease = lease;
            match &self.job {
                Job::Merge { into } => {
                    let reason = format!("continues as #{into}");
                    alert.state = State::Ending(End { how: How::Merged(into.clone()), at: now, reason });
                }
                _ => {}
            }
        })
    }

    fn read(
        &mut self,
        root: Option<Fingerprint>,
        fault: Option<(String, Option<String>)>,
        now: Timestamp,
    ) -> Stage {
        self.fault = fault;
        let update = match &self.job {
            Job::Update { status, reason } => Notice { status: *status, reason: reason.clone() },
            _ => self.opening(now),
        };
        self.notice = Some(update);
        self.last = Some(self.message(now));
        match root {
            Some(root) if self.alert.root.is_none() && !self.alert.is_digest() => {
                self.root = Some(root.clone());
                Stage::Root(root)
            }
            _ => self.announce(),
        }
    }

    fn may_join(&self) -> bool {
        self.job == Job::Open
            && self.alert.state == State::Opening { announced: false }
            && self.members.len() == 1
            && self.members[0].coverage.alert.is_none()
    }

    fn announce(&self) -> Stage {
        if self.alert.state == (State::Opening { announced: false }) { Stage::Announce } else { Stage::Publish }
    }

    fn announced(&self) -> Alert {
        self.alert.with(|alert| {
            alert.state = State::Opening { announced: true };
            alert.root.clone_from(&self.root);
        })
    }

    fn opening(&self, now: Timestamp) -> Notice {
        let words = |since: Timestamp| {
            crate::incident::words(Duration::try_from(now.duration_since(since)).unwrap_or_default())
        };
        let ended = self.members.first().and_then(|leader| leader.coverage.ended.as_ref());
        match ended {
            Some((before, at)) if now.duration_since(*at) < super::coverage::DAY => {
                let flapping = self.alert.flapping_words().map_or(String::new(), |words| format!("; {words}"));
                let reason = format!("failing again {} after it ended as #{before}{flapping}", words(*at));
                Notice { status: Status::Regressed, reason }
            }
            _ => Notice { status: Status::Open, reason: "first failure of this kind".to_owned() },
        }
    }

    /// What readings lead to.
    fn seen(
        &mut self,
        recovery: Recovered,
        fault: Option<(String, Option<String>)>,
        policy: Policy,
        now: Timestamp,
    ) -> Stage {
        let Job::Recover { quiet, may_expire } = &self.job else { return Stage::Done(Outcome::Quiet) };
        let (quiet, may_expire) = (crate::incident::words(*quiet), *may_expire);
        self.fault = fault.or_else(|| self.alert.last.as_ref().and_then(|last| last.fault.clone()));
        let says = match recovery {
            Recovered::Gone(how) => {
                let reason = format!("no failure for {quiet}, and {how}");
                self.notice = Some(Notice { status: Status::Resolved, reason });
                return Stage::Reread;
            }
            Recovered::Unseen(why) if may_expire => {
                self.unproven = true;
                let reason = format!(
                    "no failure for {quiet}: closed without evidence that the fault is gone, since {why}"
                );
                self.notice = Some(Notice { status: Status::Resolved, reason });
                return Stage::Reread;
            }
            Recovered::SoFar(read) => {
                let failed = self.members.iter().map(|member| member.coverage.failed).sum();
                self.alert.evidence = Evidence { failed, read };
                return Stage::Note;
            }
            Recovered::Still(says) => format!("no failure for {quiet}, but still broken: {says}"),
            Recovered::Unseen(why) => {
                format!("no failure for {quiet}; whether the fault is gone could not be seen: {why}")
            }
        };
        let said = self.alert.last.as_ref().is_some_and(|last| last.quiet);
        let last = LastAlert {
            quiet: true,
            look_at: now.checked_add(policy.resolve_after).ok(),
            ..self.message(now)
        };
        self.alert.evidence = Evidence::default();
        if said {
            // Said once. It is read again, and published when something else is seen.
            let at = self.alert.last.as_ref().map_or(last.at, |before| before.at);
            self.last = Some(LastAlert { at, ..last });
            return Stage::Note;
        }
        self.last = Some(last);
        self.notice = Some(Notice { status: Status::Ongoing, reason: says });
        Stage::Publish
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
            routes: shown().map(|member| member.routes).sum(),
            escalations: before.map_or(0, |last| last.escalations) + u32::from(escalated),
            quiet: false,
            look_at: None,
            fault: self.fault.clone(),
        }
    }

    fn decided(&self, now: Timestamp) -> Alert {
        let reason = self.notice.as_ref().map_or(String::new(), |notice| notice.reason.clone());
        let how = if self.unproven { How::Expired } else { How::Resolved };
        self.alert.with(|alert| alert.state = State::Ending(End { how, at: now, reason }))
    }

    fn noted(&self) -> Alert {
        self.alert.with(|alert| {
            alert.lease = None;
            if let Some(last) = &self.last {
                alert.last = Some(last.clone());
            }
        })
    }

    /// The alert once its message is published.
    fn recorded(&self) -> Alert {
        self.alert.with(|alert| {
            alert.lease = None;
            match &alert.state {
                State::Ending(end) => alert.state = State::Ended(end.clone()),
                State::Opening { .. } => alert.state = State::Open,
                State::Open | State::Ended(_) => {}
            }
            if let Some(last) = &self.last {
                alert.last = Some(last.clone());
            }
            if alert.root.is_none() {
                alert.root.clone_from(&self.root);
            }
        })
    }

    fn settled(&self, place: usize) -> Change {
        let Member { coverage, .. } = &self.members[place];
        let alert = self.alert.id.clone();
        match &self.alert.state {
            State::Ended(end) => Change::End { alert, at: end.at, flapping: self.alert.flapping },
            _ if coverage.alert.is_none() => {
                Change::Attach { generation: coverage.generation, alert, covered: Some(coverage.failed) }
            }
            _ => Change::Cover { alert, covered: coverage.failed },
        }
    }

    /// The next member to write to. What a message left out because of a silence stays uncovered.
    fn settle(&mut self, from: usize) -> Stage {
        if self.merged_into().is_some() {
            return Stage::Done(Outcome::Published);
        }
        let ended = self.alert.end().is_some();
        let rest = self.members.iter().enumerate().skip(from);
        match rest.filter(|(_, member)| ended || !member.silenced).map(|(place, _)| place).next() {
            Some(place) => Stage::Settle(place),
            None => Stage::Done(Outcome::Published),
        }
    }

    fn cover(&self, place: usize) -> Stage {
        if place < self.members.len() { Stage::Cover(place) } else { Stage::Decide }
    }

    fn moved(&mut self, place: usize) -> Stage {
        if place < self.members.len() { Stage::Move(place) } else { self.publish_end() }
    }

    fn publish_end(&mut self) -> Stage {
        self.notice = self.alert.end().map(|end| Notice {
            status: if matches!(end.how, How::Merged(_)) { Status::Merged } else { Status::Resolved },
            reason: end.reason.clone(),
        });
        Stage::Publish
    }

    fn merged_into(&self) -> Option<AlertId> {
        match &self.alert.end()?.how {
            How::Merged(into) => Some(into.clone()),
            _ => None,
        }
    }

    fn joined(&self) -> Outcome {
        let joined = self.members.first().and_then(|leader| leader.coverage.alert.clone());
        joined.map_or(Outcome::Lost, Outcome::Joined)
    }
}
