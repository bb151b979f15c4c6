//! A check's answer.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use jiff::Timestamp;

use crate::aws::{NotRead, QueryKind, ReadError, Reading};
use crate::causes::redact::bounded;
use crate::checks::code::{Code, HopKind, State};
use crate::checks::placeholders::Placeholders;
use crate::probe::Vantage;

/// Names and reasons are other people's; one of them must not fill a message by itself.
const LONGEST: usize = 500;

/// How a finding knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Basis {
    /// From the answer to a query.
    Read {
        /// What was asked.
        query: QueryKind,
        /// When AWS answered.
        at: Timestamp,
    },
    /// From what a prober met at an address.
    Probe { vantage: Vantage, address: SocketAddr, at: Timestamp },
    /// It does not: what it needs could not be read.
    NotRead(NotRead),
}

/// What a check found out, and from which reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it says; for an unknown one, the fault that was looked for.
    pub code: Code,
    /// Whether that is so: unknown where the basis is no reading, else the code's own state.
    pub state: State,
    /// How it knows.
    pub basis: Basis,
    /// Which load balancer of the path it speaks of: 0 for the first, 1 for the one behind it. 0 for hops before both.
    pub balancer: usize,
    /// The hop it speaks of: the code's, unless this finding lies elsewhere.
    pub hop: HopKind,
    /// What it speaks of: an ARN or id.
    pub resource: Option<String>,
    /// One sentence.
    pub says: String,
    /// Particulars for machines.
    pub detail: BTreeMap<&'static str, String>,
    /// Whether it explains some failures but not that every request fails.
    pub partial: bool,
    /// Whether an application load balancer answers such a fault itself: no text of API Gateway's own comes of it.
    pub answered: bool,
    /// What to do about it.
    pub remedy: Option<Remedy>,
}

/// What to do about a finding, with the reader's own ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remedy {
    /// An imperative sentence.
    pub what: String,
    /// A command that helps.
    pub command: Option<String>,
    /// A command that proves that it worked.
    pub verify: Option<String>,
}

impl Remedy {
    /// Fills in the placeholders of its commands.
    pub(crate) fn fill(&mut self, facts: &Placeholders) {
        for command in [&mut self.command, &mut self.verify].into_iter().flatten() {
            *command = facts.fill_command(command);
        }
        self.what = bounded(&self.what, LONGEST);
    }
}

impl Finding {
    /// The same as a warning: it has not failed this request.
    pub(crate) fn warning(self) -> Self {
        Self { state: State::Warning, ..self }
    }

    /// Why it could not be read, where it is unknown.
    pub fn not_read(&self) -> Option<&NotRead> {
        match &self.basis {
            Basis::NotRead(not_read) => Some(not_read),
            Basis::Read { .. } | Basis::Probe { .. } => None,
        }
    }

    /// When it was read.
    pub fn read_at(&self) -> Option<Timestamp> {
        match self.basis {
            Basis::Read { at, .. } | Basis::Probe { at, .. } => Some(at),
            Basis::NotRead(_) => None,
        }
    }

    /// The IAM action that its reading needs; `None` where no permission helps.
    pub fn action(&self) -> Option<&'static str> {
        match &self.basis {
            Basis::Read { query, .. } => Some(query.action()),
            Basis::Probe { .. } => Some(QueryKind::Probe.action()),
            Basis::NotRead(not_read) => not_read.action(),
        }
    }

    /// Whether AWS was not asked: no answer would tell, or what leads to it is unread and has a finding of its own. A prober
    /// that does not answer leaves no reading of the account undone.
    pub fn is_unasked(&self) -> bool {
        self.not_read().is_some_and(|not_read| {
            matches!(not_read.why, ReadError::NotAsked(_)) || not_read.query == Some(QueryKind::Probe)
        })
    }

    /// Whether its remedy is a prober that is not deployed: of use at the next failure rather than at this one.
    pub fn wants_prober(&self) -> bool {
        let by_prober = self.not_read().is_some_and(|not_read| {
            not_read.query == Some(QueryKind::Probe) && matches!(not_read.why, ReadError::NotAsked(_))
        });
        by_prober && self.remedy.is_some()
    }

    /// A finding from a reading; its state is the code's. From a reading that could not be taken it is unknown.
    pub(crate) fn read<T>(code: Code, reading: &Reading<T>, says: impl Into<String>) -> Self {
        match reading {
            Reading::Known { query, at, .. } | Reading::Absent { query, at } => {
                Self::new(code, code.state(), Basis::Read { query: *query, at: *at }, &says.into())
            }
            Reading::NotRead(not_read) => Self::unknown(code, not_read),
        }
    }

    /// A finding from what a prober met at an address.
    pub(crate) fn probed(
        code: Code,
        (vantage, address, at): (Vantage, SocketAddr, Timestamp),
        says: &str,
    ) -> Self {
        Self::new(code, code.state(), Basis::Probe { vantage, address, at }, says)
            .detail("vantage", vantage.as_str())
            .detail("address", address)
    }

    /// The finding of a check that could not look.
    pub(crate) fn unknown(code: Code, not_read: &NotRead) -> Self {
        let NotRead { what, why, .. } = not_read;
        let says = format!("could not check {what}: {why}");
        Self::new(code, State::Unknown, Basis::NotRead(not_read.clone()), &says)
    }

    /// The finding of a check that read a state it does not know: one that AWS added, or none at all. No fault, by the rule
    /// that not being able to tell is never one.
    pub(crate) fn not_understood<T>(code: Code, reading: &Reading<T>, of: &str, state: &str) -> Self {
        let why = if state.is_empty() { "no state is given" } else { state };
        let (what, why) = (format!("the state of {of}"), ReadError::Malformed(why.to_owned()));
        Self::unknown(code, &NotRead { what, query: reading.query(), why })
    }

    /// The same as unknown, whatever it found: something that decides whether it concerns the request could not be read.
    pub(crate) fn doubted(self, unread: &NotRead) -> Self {
        Self { resource: self.resource, balancer: self.balancer, ..Self::unknown(self.code, unread) }
    }

    fn new(code: Code, state: State, basis: Basis, says: &str) -> Self {
        Self {
            code,
            state,
            basis,
            balancer: 0,
            hop: code.hop(),
            resource: None,
            says: bounded(says, LONGEST),
            detail: BTreeMap::new(),
            partial: false,
            answered: false,
            remedy: None,
        }
    }

    pub(crate) fn of(mut self, resource: impl ToString) -> Self {
        self.resource = Some(bounded(&resource.to_string(), LONGEST));
        self
    }

    pub(crate) fn saying(mut self, says: String) -> Self {
        self.says = says;
        self
    }

    pub(crate) fn detail(mut self, key: &'static str, value: impl ToString) -> Self {
        self.detail.insert(key, bounded(&value.to_string(), LONGEST));
        self
    }

    pub(crate) fn remedy(
        mut self,
        what: impl Into<String>,
        command: Option<String>,
        verify: Option<String>,
    ) -> Self {
        self.remedy = Some(Remedy { what: what.into(), command, verify });
        self
    }

    /// Moves it to another hop than its code's.
    pub(crate) fn at(mut self, hop: HopKind) -> Self {
        self.hop = hop;
        self
    }

    pub(crate) fn partial(mut self) -> Self {
        self.partial = true;
        self
    }
}
