//! A quiet incident and a fresh walk → whether its fault is gone *because the readings say so*.

use super::Fault;
use crate::classify::{Cause, Family};
use crate::judge::{Judgement, State, Tier};

/// What a fresh walk says of a fault that was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// It is gone; how that was seen.
    Gone(String),
    /// It is there still; what the reading says.
    Still(String),
    /// Nobody could look; why.
    Unseen(String),
}

/// Sets a fresh walk against what was told.
pub fn recovery(cause: &Cause, fault: Option<&Fault>, judgement: &Judgement) -> Recovery {
    if cause.family == Family::Elsewhere {
        return Recovery::Gone(
            "this cause lies in no reading: only the log tells, and it is quiet".to_owned(),
        );
    }
    if judgement.verdict.tier != Tier::Unknown {
        return Recovery::Still(judgement.verdict.says.clone());
    }
    let findings = &judgement.findings;
    let healthy = findings.iter().filter(|finding| finding.state == State::Healthy).count();
    let unknown = findings.iter().find(|finding| finding.state == State::Unknown);
    match fault {
        Some(fault) => {
            let same = |code: &str| code == fault.code;
            // Its own check has looked again: what it looks for is neither there nor out of sight.
            if let Some(blind) = findings.iter().find(|f| f.state == State::Unknown && same(f.code.slug())) {
                return Recovery::Unseen(blind.says.clone());
            }
            if let Some(there) = findings.iter().find(|f| f.state == State::Faulty && same(f.code.slug())) {
                return Recovery::Still(there.says.clone());
            }
        }
        None => {
            if let Some(blind) = unknown {
                return Recovery::Unseen(blind.says.clone());
            }
        }
    }
    match (healthy, &judgement.unread) {
        (_, Some(why)) => Recovery::Unseen(why.clone()),
        (0, _) => Recovery::Unseen("no hop could be read".to_owned()),
        (1, _) => Recovery::Gone("the one hop that was read is healthy".to_owned()),
        (n, _) => Recovery::Gone(format!("a fresh walk finds the fault gone: {n} readings are healthy")),
    }
}
