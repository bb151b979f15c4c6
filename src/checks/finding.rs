//! A check's answer.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::aws::{NotRead, ReadError, Reading};
use crate::causes::redact::bounded;
use crate::checks::code::Code;
use crate::checks::hops::HopKind;
use crate::checks::placeholders::Placeholders;

/// Names and reasons are other people's; one of them must not fill a message by itself.
const LONGEST: usize = 500;

/// What a finding makes of its hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// A reading shows a fault.
    Faulty,
    /// Nobody could look.
    Unknown,
    /// A reading shows that all is well.
    Healthy,
}

impl State {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Faulty => "faulty",
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
        }
    }
}

/// What a check found out, and from which reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it says; for an unknown one, the fault that was looked for.
    pub code: Code,
    /// Whether that is so.
    pub state: State,
    /// The hop it speaks of: the code's, unless this finding lies elsewhere.
    pub hop: HopKind,
    /// What it speaks of: an ARN or id.
    pub resource: Option<String>,
    /// One sentence.
    pub says: String,
    /// Particulars for machines.
    pub detail: BTreeMap<&'static str, String>,
    /// The IAM action that the reading needed.
    pub action: &'static str,
    /// When it was read.
    pub read_at: Option<Timestamp>,
    /// Why nobody could look, where it is unknown.
    pub why: Option<ReadError>,
    /// Whether it explains some failures but not that every request fails.
    pub partial: bool,
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
    /// Whether nobody asked AWS: no answer would tell, or what leads to it is unread and has a finding of its own.
    pub fn is_unasked(&self) -> bool {
        matches!(self.why, Some(ReadError::NotAsked(_)))
    }

    /// A finding from a reading of this time; its state is the code's.
    pub(crate) fn read<T>(
        code: Code,
        action: &'static str,
        reading: &Reading<T>,
        says: impl Into<String>,
    ) -> Self {
        Self {
            code,
            state: code.state(),
            hop: code.hop(),
            resource: None,
            says: bounded(&says.into(), LONGEST),
            detail: BTreeMap::new(),
            action,
            read_at: reading.at(),
            why: None,
            partial: false,
            remedy: None,
        }
    }

    /// The finding of a check that could not look.
    pub(crate) fn unknown(code: Code, unavailable: &NotRead) -> Self {
        let NotRead { what, action, why } = unavailable;
        Self {
            code,
            state: State::Unknown,
            hop: code.hop(),
            resource: None,
            says: bounded(&format!("{what} could not be read: {why}"), LONGEST),
            detail: BTreeMap::new(),
            action,
            read_at: None,
            why: Some(why.clone()),
            partial: false,
            remedy: None,
        }
    }

    /// The finding of a check that read a state it does not know: one that AWS added, or none at all. No fault, by the rule
    /// that not being able to tell is never one.
    pub(crate) fn not_understood(code: Code, action: &'static str, of: &str, state: &str) -> Self {
        let why = if state.is_empty() { "no state is given" } else { state };
        let what = format!("the state of {of}");
        Self::unknown(code, &NotRead { what, action, why: ReadError::Malformed(why.to_owned()) })
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
