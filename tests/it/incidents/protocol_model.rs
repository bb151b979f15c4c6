//! The shipped steps of incidents and alerts, in every order: two responders, the caretaker, two APIs behind one resource,
//! crashes between any two effects, lost replies, late and doubled deliveries, repairs, silences, and time.
//!
//! `cargo test` checks it to a small depth, `cargo run --release --no-default-features --example protocol` in full.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use stateright::{Model, Property};
use vpclink_responder::incidents::Policy;
use vpclink_responder::incidents::job::{Member, Need, Recovered, Reply, Same, TaskOutcome};
use vpclink_responder::incidents::plan::{Table, Todo, opening, plan};
use vpclink_responder::incidents::record::{AlertRecord, AlertState, How};
use vpclink_responder::incidents::step::AlertTask;
use vpclink_responder::incidents::{AlertId, Coverage, CoverageChange};
use vpclink_responder::incidents::{Fingerprint, Status};

/// As shipped by default.
const POLICY: Policy =
    Policy { repeat: Duration::from_secs(4 * 3600), resolve_after: Duration::from_secs(900) };

/// It outlasts the invocation.
const LEASE: Duration = Duration::from_secs(65);

/// Time passes in steps that matter: a lease ends, an alert is quiet, an incident is forgotten.
const STEPS: [i64; 3] = [190, 1_000, 17 * 86_400];

const CARETAKER: usize = 2;

/// States without processes from which everything ends well, by their hash.
static KNOWN_TO_END_WELL: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

const PROMISE: &str = "every promise is kept, whatever happens next";

/// How much of each thing may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Bounds {
    /// Deliveries of each API's failures.
    pub(crate) deliveries: [u8; 2],
    /// A delivery that comes two hours after its failures.
    pub(crate) late: bool,
    pub(crate) again: u8,
    /// Crashes, lost replies, refused calls and slow commits.
    pub(crate) faults: u8,
    pub(crate) repairs: u8,
    pub(crate) silences: u8,
    /// Readings that find no resource at fault, though one is.
    pub(crate) blind: u8,
    pub(crate) steps: [u8; 3],
    pub(crate) responders: usize,
    /// Minutes that the caretaker's clock is ahead.
    pub(crate) ahead: u8,
}

impl Bounds {
    /// What may still happen does not matter once nothing more happens.
    fn spent(self) -> Self {
        Self { ahead: self.ahead, ..Self::NOTHING }
    }

    const NOTHING: Self = Self {
        deliveries: [0, 0],
        late: false,
        again: 0,
        faults: 0,
        repairs: 0,
        silences: 0,
        blind: 0,
        steps: [0, 0, 0],
        responders: 0,
        ahead: 0,
    };

    /// For a test.
    #[allow(dead_code, reason = "the test and the example share this file, and each uses its own bounds")]
    pub(crate) const TINY: Self = Self {
        deliveries: [1, 1],
        late: false,
        again: 0,
        faults: 1,
        repairs: 1,
        silences: 1,
        blind: 1,
        steps: [1, 1, 0],
        responders: 2,
        ahead: 0,
    };

    #[allow(dead_code, reason = "the test and the example share this file, and each uses its own bounds")]
    pub(crate) const SMALL: Self = Self {
        deliveries: [2, 1],
        late: false,
        again: 0,
        faults: 1,
        repairs: 1,
        silences: 0,
        blind: 1,
        steps: [1, 1, 0],
        responders: 2,
        ahead: 0,
    };
}

/// A delivery: the API whose failures it holds, and whether it comes late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Delivery {
    api: u8,
    number: u8,
    late: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Process {
    Counting(Delivery),
    /// A task; the rest of the sweep; the delivery it is for.
    Running(Box<AlertTask>, Vec<Todo>, Option<Delivery>),
}

/// What people have seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Seen {
    /// Keys that were triggered, and how each ended.
    keys: BTreeMap<AlertId, (bool, Option<&'static str>)>,
    /// Failures that messages covered.
    told: BTreeMap<Fingerprint, u64>,
    /// Failures that ends covered.
    ended: BTreeMap<Fingerprint, u64>,
    /// Keys whose first message was about to be published when its process ended: it may be published, or not.
    doubtful: BTreeSet<AlertId>,
    wrong: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    now: i64,
    incidents: BTreeMap<Fingerprint, Coverage>,
    alerts: BTreeMap<AlertId, AlertRecord>,
    roots: BTreeMap<Fingerprint, AlertId>,
    counted: BTreeSet<Delivery>,
    pending: BTreeSet<Delivery>,
    processes: [Option<Process>; 3],
    /// Writes whose sender is gone.
    flying: Vec<Need>,
    broken: [bool; 2],
    silenced: bool,
    left: Bounds,
    seen: Seen,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Deliver(Delivery, usize),
    Again(Delivery),
    Step(usize),
    Blind(usize),
    Refuse(usize),
    Lose(usize),
    Crash(usize),
    Slow(usize),
    Land,
    Sweep,
    Wait(usize),
    Repair(usize),
    Silence(bool),
}

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_356_000 + second).unwrap()
}

fn api(number: u8) -> Fingerprint {
    Fingerprint::kept(format!("1-{number}"))
}

fn root() -> Fingerprint {
    Fingerprint::kept("1r-0")
}

impl State {
    fn is_silenced(&self, fingerprint: &Fingerprint) -> bool {
        self.silenced && *fingerprint == api(0)
    }

    fn member(&self, fingerprint: &Fingerprint, coverage: &Coverage) -> Member {
        Member {
            fingerprint: fingerprint.clone(),
            coverage: coverage.clone(),
            rate: None,
            base: None,
            routes: 1,
            silenced: self.is_silenced(fingerprint),
        }
    }

    fn view(&self) -> Table {
        let incidents = self.incidents.iter().filter(|(_, coverage)| !coverage.is_expired(time(self.now)));
        Table {
            incidents: incidents.map(|(f, coverage)| (f.clone(), self.member(f, coverage))).collect(),
            alerts: self.alerts.clone(),
        }
    }

    fn count(&mut self, delivery: Delivery) {
        let now = time(self.now);
        let fingerprint = api(delivery.api);
        if self.incidents.get(&fingerprint).is_some_and(|coverage| coverage.is_expired(now)) {
            self.incidents.remove(&fingerprint);
        }
        let coverage = self.incidents.entry(fingerprint).or_insert_with(|| Coverage::opened(now));
        if self.counted.insert(delivery) {
            let failed_at = if delivery.late { now - SignedDuration::from_hours(2) } else { now };
            coverage.count(1, Some(failed_at), now);
        }
    }

    fn task(todo: Todo, process: usize, now: i64) -> AlertTask {
        AlertTask::new(todo.job, todo.alert, todo.members, format!("{process}@{now}"), LEASE)
    }

    /// Does what a task needs, and answers.
    fn perform(&mut self, need: &Need, blind: bool, alert: &AlertId, members: &[Member]) -> Reply {
        match need {
            Need::Write { seen, alert } => {
                let known = self.alerts.get(&alert.id);
                if known.map(|known| known.version) == *seen {
                    self.alerts.insert(alert.id.clone(), alert.clone());
                    return Reply::Done;
                }
                Reply::Refused(known.cloned())
            }
            Need::Delete { alert, version } => {
                if self.alerts.get(alert).is_some_and(|known| known.version == *version) {
                    self.alerts.remove(alert);
                }
                Reply::Done
            }
            Need::Change { fingerprint, change } => {
                self.judge(fingerprint, change);
                let changed = self.incidents.get(fingerprint).and_then(|coverage| coverage.changed(change));
                if let Some(changed) = &changed {
                    self.incidents.insert(fingerprint.clone(), changed.clone());
                }
                Reply::Changed(changed)
            }
            Need::Budget(_) if blind => Reply::Refused(None),
            Need::Budget(_) => Reply::Done,
            Need::Path => {
                let broken = self.broken.iter().any(|broken| *broken) && !blind;
                Reply::Path { root: broken.then(root), fault: None, same: Same::No }
            }
            Need::Evidence => {
                let still = members.iter().any(|member| {
                    (0..2).any(|n| api(n) == member.fingerprint && self.broken[usize::from(n)])
                });
                let recovery = if blind {
                    Recovered::Unseen("denied".to_owned())
                } else if still {
                    Recovered::Still("still".to_owned())
                } else {
                    Recovered::Gone("gone".to_owned())
                };
                Reply::Evidence { recovery, fault: None }
            }
            Need::Root(root) => {
                let alert = self.roots.get(root).cloned();
                let kept = alert.as_ref().and_then(|alert| self.alerts.get(alert).cloned());
                Reply::Root { alert, kept }
            }
            Need::TakeRoot { root, seen, alert } => {
                if self.roots.get(root) != seen.as_ref() {
                    return Reply::Refused(None);
                }
                self.roots.insert(root.clone(), alert.clone());
                Reply::Done
            }
            Need::Members => {
                let on = self.incidents.iter().filter(|(_, coverage)| coverage.alert.as_ref() == Some(alert));
                Reply::Members(on.map(|(own, coverage)| (own.clone(), Some(coverage.clone()))).collect())
            }
            Need::Publish(_) => Reply::Done,
            Need::Nothing(_) => Reply::Done,
        }
    }

    fn is_broken(&self, fingerprint: &Fingerprint) -> bool {
        (0..2).any(|n| api(n) == *fingerprint && self.broken[usize::from(n)])
    }

    /// No end by evidence takes an incident off its alert while its fault is there.
    fn judge(&mut self, fingerprint: &Fingerprint, change: &CoverageChange) {
        let CoverageChange::End { alert, .. } = change else { return };
        let by_evidence = self.alerts.get(alert).and_then(AlertRecord::end);
        let by_evidence = by_evidence.is_some_and(|end| end.how == How::Resolved);
        let holds = self.incidents.get(fingerprint).is_some_and(|known| known.changed(change).is_some());
        if by_evidence && holds && self.is_broken(fingerprint) {
            self.seen.wrong = self.seen.wrong.or(Some("an end covers an incident though its fault is there"));
        }
    }

    /// A message reaches people.
    fn publish(&mut self, task: &AlertTask, status: Status) {
        let id = &task.alert.id;
        let key = self.seen.keys.entry(id.clone()).or_default();
        let is_end = matches!(status, Status::Resolved | Status::Merged);
        let how = task.alert.end().map(|end| end.how.clone());
        let mut wrong = None;
        if is_end {
            match key.1 {
                // A crash between the note that a key is about to be published and its message leaves both possible.
                _ if !key.0 && status == Status::Merged && self.seen.doubtful.contains(id) => {}
                _ if !key.0 => wrong = Some("an end of what was never triggered"),
                Some(before) if before != status.as_str() => wrong = Some("two different ends of one key"),
                _ => key.1 = Some(status.as_str()),
            }
            let too_soon = how == Some(How::Expired) && self.now < 7 * 86_400;
            if too_soon && !task.members.is_empty() {
                wrong = Some("an end without evidence before a week is over");
            }
            let ended = |member: &&Member| task.ends(&member.coverage) && how == Some(How::Resolved);
            if task.members.iter().filter(ended).any(|member| self.is_broken(&member.fingerprint)) {
                wrong = Some("an end though the fault of a member is there");
            }
        } else {
            if key.1.is_some() {
                wrong = Some("a key was triggered after its end");
                // Beyond what clocks may be apart, its end has to come again.
                if self.left.ahead > 2 {
                    (wrong, key.1) = (None, None);
                }
            }
            key.0 = true;
            let news = |member: &Member| {
                member.coverage.failed > self.seen.ended.get(&member.fingerprint).copied().unwrap_or(0)
            };
            if !task.members.iter().any(news) {
                wrong = Some("a message out of nothing");
            }
            if task.members.iter().all(|member| member.silenced) {
                wrong = Some("a message of what is silenced");
            }
        }
        self.seen.wrong = self.seen.wrong.or(wrong);
        if status == Status::Merged {
            return;
        }
        for member in &task.members {
            if if is_end { !task.ends(&member.coverage) } else { member.silenced } {
                continue;
            }
            // An end counts what was covered when it was decided.
            let failed = if is_end { member.coverage.covered } else { member.coverage.failed };
            let told = self.seen.told.entry(member.fingerprint.clone()).or_default();
            *told = (*told).max(failed);
            if is_end {
                let ended = self.seen.ended.entry(member.fingerprint.clone()).or_default();
                *ended = (*ended).max(failed);
            }
        }
    }

    /// What the time is by the clock of a process.
    fn clock(&self, process: usize) -> i64 {
        self.now + if process == CARETAKER { 60 * i64::from(self.left.ahead) } else { 0 }
    }

    /// One step of a process; whether it is still there.
    fn step(&mut self, process: usize, blind: bool, lost: bool) {
        let Some(running) = self.processes[process].take() else { return };
        let now = time(self.clock(process));
        match running {
            Process::Counting(delivery) => {
                self.count(delivery);
                if lost {
                    self.pending.insert(delivery);
                    return;
                }
                let fingerprint = api(delivery.api);
                let coverage = self.incidents[&fingerprint].clone();
                let member = self.member(&fingerprint, &coverage);
                if let Some(todo) = opening(&Table::default(), &member, now) {
                    let task = Self::task(todo, process, self.now);
                    self.processes[process] =
                        Some(Process::Running(Box::new(task), Vec::new(), Some(delivery)));
                }
            }
            Process::Running(mut task, mut rest, delivery) => {
                let need = task.need(now);
                if let Need::Publish(notice) = &need {
                    self.publish(&task, notice.status);
                }
                let answer = self.perform(&need, blind, &task.alert.id, &task.members);
                task.answer(if lost { Reply::Failed } else { answer }, POLICY, now);
                if task.outcome().is_none() {
                    self.processes[process] = Some(Process::Running(task, rest, delivery));
                    return;
                }
                let failed =
                    matches!(task.outcome(), Some(TaskOutcome::Unpublished | TaskOutcome::Unreachable));
                if let (true, Some(delivery)) = (failed, delivery) {
                    self.pending.insert(delivery);
                }
                if !rest.is_empty() {
                    let task = Self::task(rest.remove(0), process, self.now);
                    self.processes[process] = Some(Process::Running(Box::new(task), rest, delivery));
                }
            }
        }
    }

    fn sweep(&mut self) -> bool {
        let mut todo = plan(&self.view(), POLICY, time(self.clock(CARETAKER)));
        if todo.is_empty() {
            return false;
        }
        let task = Self::task(todo.remove(0), CARETAKER, self.now);
        self.processes[CARETAKER] = Some(Process::Running(Box::new(task), todo, None));
        true
    }

    /// The caretaker goes on until nothing is left to do. `false` where it never is.
    fn settle(&mut self) -> bool {
        for _ in 0..24 {
            if !self.sweep() {
                return true;
            }
            let mut steps = 0;
            while self.processes[CARETAKER].is_some() {
                self.step(CARETAKER, false, false);
                steps += 1;
                if steps > 400 {
                    return false;
                }
            }
            self.now += STEPS[0];
        }
        false
    }

    /// What goes wrong once no more goes wrong: faults stop, what is in flight lands, everything is repaired, silences end.
    fn aftermath(&self) -> Option<&'static str> {
        let mut after = self.clone();
        after.left = self.left.spent();
        (0..3).for_each(|process| after.crash(process));
        // Many states are the same once their processes have ended.
        let mut hasher = DefaultHasher::new();
        after.hash(&mut hasher);
        if KNOWN_TO_END_WELL.lock().unwrap().contains(&hasher.finish()) {
            return None;
        }
        let wrong = after.outlives();
        if wrong.is_none() {
            KNOWN_TO_END_WELL.lock().unwrap().insert(hasher.finish());
        }
        wrong
    }

    fn outlives(&mut self) -> Option<&'static str> {
        let after = self;
        if after.seen.wrong.is_some() {
            return after.seen.wrong;
        }
        (0..3).for_each(|process| after.crash(process));
        for need in std::mem::take(&mut after.flying) {
            after.land(&need);
        }
        // Lambda delivers again what was not taken.
        after.now += STEPS[0];
        for delivery in std::mem::take(&mut after.pending) {
            after.count(delivery);
        }
        if !after.settle() {
            return Some("the sweep never ends");
        }
        if let Some(wrong) = after.missing() {
            return Some(wrong);
        }
        after.broken = [false, false];
        for hours in [1, 13, 25] {
            after.now += hours * 3600;
            if !after.settle() {
                return Some("the sweep never ends after the repair");
            }
        }
        after.silenced = false;
        if !after.settle() {
            return Some("the sweep never ends after the silence");
        }
        for hours in [1, 13, 25] {
            after.now += hours * 3600;
            if !after.settle() {
                return Some("the sweep never ends at all");
            }
        }
        if after.seen.wrong.is_some() {
            return after.seen.wrong;
        }
        if let Some(wrong) = after.missing() {
            return Some(wrong);
        }
        if after.seen.keys.values().any(|(triggered, ended)| *triggered && ended.is_none()) {
            return Some("a key never ends");
        }
        if after.alerts.values().any(|alert| alert.expires_at().is_none()) {
            return Some("an alert is left over");
        }
        None
    }

    /// Failures that no message covers.
    fn missing(&self) -> Option<&'static str> {
        let uncovered = |(fingerprint, coverage): (&Fingerprint, &Coverage)| {
            !self.is_silenced(fingerprint)
                && self.seen.told.get(fingerprint).copied().unwrap_or(0) < coverage.failed
                && coverage.alert.as_ref().is_none_or(|alert| {
                    // The next message of an open alert, its end at the latest, covers it.
                    self.alerts.get(alert).is_none_or(|alert| alert.end().is_some())
                })
        };
        self.incidents.iter().any(uncovered).then_some("a failure is covered by no message")
    }
}

/// The model, bounded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incidents(pub(crate) Bounds);

impl Model for Incidents {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut pending = BTreeSet::new();
        for (api, count) in (0..).zip(self.0.deliveries) {
            pending.extend((0..count).map(|number| Delivery { api, number, late: false }));
        }
        if self.0.late {
            pending.insert(Delivery { api: 0, number: 9, late: true });
        }
        vec![State {
            now: 0,
            incidents: BTreeMap::new(),
            alerts: BTreeMap::new(),
            roots: BTreeMap::new(),
            counted: BTreeSet::new(),
            pending,
            processes: [None, None, None],
            flying: Vec::new(),
            broken: [true, true],
            silenced: false,
            left: self.0,
            seen: Seen::default(),
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let free = (0..self.0.responders).find(|process| state.processes[*process].is_none());
        if let Some(free) = free {
            actions.extend(state.pending.iter().map(|delivery| Action::Deliver(*delivery, free)));
        }
        if state.left.again > 0 {
            actions.extend(state.counted.difference(&state.pending).map(|delivery| Action::Again(*delivery)));
        }
        for process in 0..3 {
            let Some(running) = &state.processes[process] else { continue };
            actions.push(Action::Step(process));
            if let Process::Running(task, ..) = running {
                let need = task.need(time(state.now));
                if state.left.blind > 0 && matches!(need, Need::Path | Need::Evidence | Need::Budget(_)) {
                    actions.push(Action::Blind(process));
                }
                if state.left.faults > 0 {
                    actions.push(Action::Refuse(process));
                    let writes = matches!(
                        need,
                        Need::Write { .. }
                            | Need::Delete { .. }
                            | Need::Change { .. }
                            | Need::TakeRoot { .. }
                    );
                    if writes {
                        actions.push(Action::Slow(process));
                    }
                }
            }
            if state.left.faults > 0 {
                actions.extend([Action::Lose(process), Action::Crash(process)]);
            }
        }
        if !state.flying.is_empty() {
            actions.push(Action::Land);
        }
        if state.processes[CARETAKER].is_none() {
            actions.push(Action::Sweep);
        }
        actions.extend((0..3).filter(|step| state.left.steps[*step] > 0).map(Action::Wait));
        if state.left.repairs > 0 {
            actions.extend((0..2).filter(|n| state.broken[*n]).map(Action::Repair));
        }
        if state.left.silences > 0 {
            actions.push(Action::Silence(!state.silenced));
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Deliver(delivery, process) => {
                state.pending.remove(&delivery);
                state.processes[process] = Some(Process::Counting(delivery));
            }
            Action::Again(delivery) => {
                state.left.again -= 1;
                state.pending.insert(delivery);
            }
            Action::Step(process) => state.step(process, false, false),
            Action::Blind(process) => {
                state.left.blind -= 1;
                state.step(process, true, false);
            }
            Action::Refuse(process) => {
                state.left.faults -= 1;
                state.doubt(process);
                let Some(Process::Running(task, ..)) = &mut state.processes[process] else { return None };
                task.answer(Reply::Failed, POLICY, time(state.now));
            }
            Action::Lose(process) => {
                state.left.faults -= 1;
                state.step(process, false, true);
            }
            Action::Crash(process) => {
                state.left.faults -= 1;
                state.crash(process);
            }
            Action::Slow(process) => {
                state.left.faults -= 1;
                let Some(Process::Running(task, ..)) = &state.processes[process] else { return None };
                let need = task.need(time(state.now));
                state.flying.push(need);
                state.crash(process);
            }
            Action::Land => {
                let need = state.flying.remove(0);
                state.land(&need);
            }
            Action::Sweep => {
                if !state.sweep() {
                    return None;
                }
            }
            Action::Wait(step) => {
                state.left.steps[step] -= 1;
                state.now += STEPS[step];
                // Every invocation has timed out by then.
                (0..3).for_each(|process| state.crash(process));
            }
            Action::Repair(n) => {
                state.left.repairs -= 1;
                state.broken[n] = false;
            }
            Action::Silence(silenced) => {
                state.left.silences -= 1;
                state.silenced = silenced;
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(PROMISE, |_, state: &State| state.aftermath().is_none()),
            Property::sometimes("a key ends by a merge", |_, state: &State| {
                state.seen.keys.values().any(|(_, ended)| *ended == Some("merged"))
            }),
            Property::sometimes("a key ends by evidence", |_, state: &State| {
                state.seen.keys.values().any(|(_, ended)| *ended == Some("resolved"))
            }),
        ]
    }
}

impl State {
    /// A write whose sender is gone: what needs no members.
    fn land(&mut self, need: &Need) {
        self.perform(need, false, &AlertId(String::new()), &[]);
    }

    /// Whether its message is published, a process that ends here leaves open.
    fn doubt(&mut self, process: usize) {
        let Some(Process::Running(task, ..)) = &self.processes[process] else { return };
        if task.is_publishing() && task.alert.state == (AlertState::Opening { announced: true }) {
            self.seen.doubtful.insert(task.alert.id.clone());
        }
    }

    fn crash(&mut self, process: usize) {
        self.doubt(process);
        match self.processes[process].take() {
            Some(Process::Counting(delivery)) | Some(Process::Running(_, _, Some(delivery))) => {
                self.pending.insert(delivery);
            }
            _ => {}
        }
    }

    /// What is wrong with it, for people.
    pub(crate) fn verdict(&self) -> String {
        let mut after = self.clone();
        let wrong = after.outlives();
        format!("{wrong:?}\n{}then\n{}", self.words(), after.words())
    }

    pub(crate) fn words(&self) -> String {
        let mut out = format!("{:?}\nin flight {:?}\n", self.seen, self.flying);
        for process in self.processes.iter().flatten() {
            out += &match process {
                Process::Running(task, ..) => {
                    format!("{:?} of {} needs {:?}\n", task.job, task.alert.id, task.need(time(self.now)))
                }
                other => format!("{other:?}\n"),
            };
        }
        for (fingerprint, c) in &self.incidents {
            out += &format!(
                "{fingerprint}: failed {} covered {} gen {} alert {:?} ended {:?}\n",
                c.failed, c.covered, c.generation, c.alert, c.ended
            );
        }
        for alert in self.alerts.values() {
            out += &format!(
                "{}: v{} {:?} root {:?} lease {:?}\n",
                alert.id, alert.version, alert.state, alert.root, alert.lease
            );
        }
        out
    }
}

#[cfg(test)]
mod checked {
    use stateright::Checker;

    use super::*;

    fn of(api: u8) -> Delivery {
        Delivery { api, number: 0, late: false }
    }

    /// Everything that a responder does for a delivery, and more.
    fn taken(api: u8, process: usize) -> Vec<Action> {
        [vec![Action::Deliver(of(api), process)], vec![Action::Step(process); 14]].concat()
    }

    fn swept(steps: usize) -> Vec<Action> {
        [vec![Action::Sweep], vec![Action::Step(CARETAKER); steps]].concat()
    }

    /// Plays actions one by one; from each state everything ends well.
    #[track_caller]
    fn play(bounds: Bounds, actions: Vec<Action>) -> State {
        let model = Incidents(bounds);
        let mut state = model.init_states().remove(0);
        for action in actions {
            if let Some(next) = model.next_state(&state, action.clone()) {
                state = next;
            }
            // Clocks further apart than a lease allows for, and a crash besides, are two faults at once.
            if bounds.ahead <= 2 {
                assert_eq!(state.aftermath(), None, "after {action:?}: {}", state.verdict());
            }
        }
        assert_eq!(state.aftermath(), None, "{}", state.verdict());
        state
    }

    /// A failure joins an alert once its end is read and before it is decided: the end does not cover it.
    #[test]
    fn what_joins_after_the_readings_is_published_anew() {
        let bounds = Bounds { faults: 0, silences: 0, blind: 0, steps: [0, 1, 0], ..Bounds::TINY };
        let mut actions = taken(0, 0);
        actions.extend([Action::Wait(1), Action::Sweep, Action::Step(CARETAKER), Action::Repair(0)]);
        // The readings, and the members once more.
        actions.extend(vec![Action::Step(CARETAKER); 2]);
        actions.extend(taken(1, 0));
        actions.extend(vec![Action::Step(CARETAKER); 8]);
        (0..4).for_each(|_| actions.extend(swept(12)));
        let state = play(bounds, actions);
        assert_eq!(state.seen.keys.len(), 2, "{}", state.words());
    }

    /// The caretaker's clock is ahead, and it takes an alert for abandoned that is about to be published.
    #[test]
    fn clocks_that_are_apart_leave_no_key_open() {
        for ahead in [1, 2, 5] {
            let bounds = Bounds { faults: 0, silences: 0, steps: [0, 0, 0], ahead, ..Bounds::TINY };
            let mut actions = taken(0, 0);
            actions.extend([Action::Deliver(of(1), 0), Action::Step(0), Action::Step(0), Action::Blind(0)]);
            actions.extend(vec![Action::Step(0); 2]);
            (0..4).for_each(|_| actions.extend(swept(12)));
            actions.extend(vec![Action::Step(0); 8]);
            let state = play(bounds, actions);
            let merged = state.seen.keys.values().filter(|(_, ended)| *ended == Some("merged")).count();
            assert_eq!(merged, usize::from(ahead > 2), "{ahead}: {}", state.words());
        }
    }

    #[track_caller]
    fn holds(bounds: Bounds, depth: usize, least: usize) {
        let mut checker = Incidents(bounds).checker().threads(2);
        if depth > 0 {
            checker = checker.target_max_depth(depth);
        }
        let checker = checker.spawn_bfs().join();
        let states = checker.unique_state_count();
        assert!(states > least, "{states} states");
        if let Some(path) = checker.discovery(PROMISE) {
            panic!("{} after {:?}", path.last_state().verdict(), path.clone().into_actions());
        }
    }

    /// The example checks far more; this is what a test has time for.
    #[test]
    fn every_promise_is_kept_in_every_order() {
        holds(Bounds { faults: 0, silences: 0, ..Bounds::TINY }, 16, 1_000);
        let one =
            Bounds { deliveries: [1, 0], blind: 0, responders: 1, repairs: 0, silences: 0, ..Bounds::TINY };
        holds(Bounds { steps: [1, 0, 0], ..one }, 0, 300);
        holds(Bounds { faults: 0, steps: [1, 1, 0], silences: 1, again: 1, late: true, ..one }, 14, 300);
    }

    /// Two alerts of one fault; in one sweep one was merged into the other, and that one ended by readings of before.
    #[test]
    fn what_is_merged_into_an_alert_is_read_before_its_end() {
        let bounds = Bounds { faults: 0, silences: 0, steps: [0, 1, 0], ..Bounds::TINY };
        let mut actions = vec![Action::Deliver(of(1), 0), Action::Step(0), Action::Step(0), Action::Blind(0)];
        actions.extend([Action::Step(0), Action::Step(0), Action::Wait(1), Action::Deliver(of(0), 0)]);
        actions.extend(vec![Action::Step(0); 9]);
        actions.push(Action::Sweep);
        actions.extend(vec![Action::Step(CARETAKER); 7]);
        actions.push(Action::Sweep);
        actions.extend(vec![Action::Step(CARETAKER); 5]);
        actions.push(Action::Repair(1));
        actions.extend(vec![Action::Step(CARETAKER); 30]);
        let state = play(bounds, actions);
        assert!(state.seen.keys.values().any(|(_, ended)| *ended == Some("merged")), "{}", state.words());
    }

    /// The caretaker opens by what it read before, an alert for what joined another meanwhile; that one ends, and the caretaker
    /// dies with its message under way. The failure then joins what it left behind.
    #[test]
    fn what_joins_an_alert_of_its_own_that_a_crash_left_is_published() {
        let bounds = Bounds { faults: 1, silences: 0, blind: 0, steps: [0, 1, 0], ..Bounds::TINY };
        let mut actions = taken(0, 0);
        actions.extend([Action::Wait(1), Action::Deliver(of(1), 0), Action::Step(0), Action::Sweep]);
        actions.extend(vec![Action::Step(0); 3]);
        actions.extend([
            Action::Step(CARETAKER),
            Action::Repair(0),
            Action::Step(CARETAKER),
            Action::Step(CARETAKER),
        ]);
        actions.extend(vec![Action::Step(0); 2]);
        actions.extend(vec![Action::Step(CARETAKER); 12]);
        actions.push(Action::Crash(CARETAKER));
        (0..4).for_each(|_| actions.extend(swept(12)));
        let state = play(bounds, actions);
        assert!(state.seen.doubtful.len() == 1, "{}", state.words());
    }

    /// It fails again while the path is read: an end must not be published over it.
    #[test]
    fn what_fails_while_its_path_is_read_has_not_ended() {
        let bounds =
            Bounds { deliveries: [2, 0], faults: 0, silences: 0, blind: 0, steps: [0, 1, 0], ..Bounds::TINY };
        let mut actions = taken(0, 0);
        actions.extend([Action::Wait(1), Action::Sweep, Action::Step(CARETAKER), Action::Repair(0)]);
        // The readings, and the members once more.
        actions.extend(vec![Action::Step(CARETAKER); 2]);
        let again = Delivery { api: 0, number: 1, late: false };
        actions.extend([Action::Deliver(again, 1), Action::Step(1)]);
        actions.extend(vec![Action::Step(CARETAKER); 12]);
        let state = play(bounds, actions);
        assert!(state.seen.keys.values().all(|(_, ended)| ended.is_none()), "{}", state.words());
        assert_eq!(state.incidents[&api(0)].failed, 2, "{}", state.words());
    }

    /// It joined an alert before it was silenced: what is published meanwhile leaves it out, and covers it not.
    #[test]
    fn what_a_silence_left_out_of_a_message_is_published_once_it_ends() {
        let bounds = Bounds { faults: 0, blind: 0, repairs: 0, steps: [1, 1, 0], ..Bounds::TINY };
        let mut actions = taken(1, 0);
        actions.push(Action::Wait(0));
        actions.extend(taken(0, 1));
        actions.extend([Action::Silence(true), Action::Wait(1)]);
        actions.extend(swept(14));
        let state = play(bounds, actions);
        assert_eq!(state.alerts.len(), 2, "{}", state.words());
        assert_eq!(state.incidents[&api(0)].uncovered(), 1, "{}", state.words());
        assert!(state.alerts.values().any(|alert| alert.last.as_ref().is_some_and(|last| last.quiet)));
    }
}
