//! Which finding explains the failure, by written rules.
//!
//! The text decides which findings *can* explain it; among those that do, the hop nearest the client wins. How surely:
//! confirmed where the reading by itself explains the text and is not much younger than the failure, likely where
//! something else could too, unknown where nothing faulty was found or could be looked at.

use std::time::Duration;

use jiff::Timestamp;

use super::{Code, Finding, HopKind, State};
use crate::classify::{Diagnosis, Family};

/// A reading this much younger than the failure may show another state than the one that failed it. CloudWatch Logs
/// usually delivers within three minutes, and Lambda's own two retries add three more.
const FRESH: Duration = Duration::from_secs(600);

/// How surely a finding explains the failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// The reading by itself explains the logged text.
    Confirmed,
    /// It fits, but something else could too, or the reading is much younger than the failure.
    Likely,
    /// Nothing faulty was found, or it could not be looked at.
    Unknown,
}

impl Tier {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Likely => "likely",
            Self::Unknown => "unknown",
        }
    }
}

/// The finding that explains the failure best.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How surely.
    pub tier: Tier,
    /// Its code; `None` where the tier is unknown.
    pub code: Option<Code>,
    /// One sentence.
    pub says: String,
    /// Its place among the findings.
    pub finding: Option<usize>,
}

/// Weighs the findings, which are in the order of the path.
pub(super) fn verdict(diagnosis: &Diagnosis, findings: &[Finding]) -> Verdict {
    let explains =
        |finding: &Finding| finding.state == State::Faulty && explains(diagnosis.cause.family, finding.code);
    let first = findings.iter().enumerate().filter(|(_, finding)| explains(finding));
    // On one hop, what explains every failure comes before what explains some.
    let best = first.min_by_key(|(_, finding)| (finding.hop, finding.partial));
    match best {
        Some((index, finding)) => Verdict {
            tier: tier(diagnosis, finding),
            code: Some(finding.code),
            says: finding.says.clone(),
            finding: Some(index),
        },
        None => Verdict {
            tier: Tier::Unknown,
            code: None,
            says: nothing_found(diagnosis, findings),
            finding: None,
        },
    }
}

fn tier(diagnosis: &Diagnosis, finding: &Finding) -> Tier {
    let vague = finding.partial
        || diagnosis.cause.family == Family::Any
        || finding.code == Code::ListenerProtocolMismatch;
    let fresh = diagnosis.at.zip(finding.read_at).is_some_and(|(failed, read)| is_fresh(failed, read));
    if !vague && fresh { Tier::Confirmed } else { Tier::Likely }
}

/// Whether a reading is close enough to the failure to speak for it. One taken before it is as old as it is early.
fn is_fresh(failed: Timestamp, read: Timestamp) -> bool {
    read.duration_since(failed).unsigned_abs() <= FRESH
}

fn nothing_found(diagnosis: &Diagnosis, findings: &[Finding]) -> String {
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    if diagnosis.cause.family == Family::Elsewhere {
        return "the text itself names the fault; nothing along the private path was read".to_owned();
    }
    match (count(State::Faulty), count(State::Unknown), count(State::Healthy)) {
        (0, 0, 0) => "nothing was read".to_owned(),
        (0, 0, _) => {
            "every hop that was read is healthy now; the fault may have passed, or lies where no check looks"
                .to_owned()
        }
        (0, _, 0) => "nothing could be read; see what was not checked".to_owned(),
        (0, _, _) => "nothing faulty was found, and not every hop could be read".to_owned(),
        _ => "the faults that were found do not explain this text".to_owned(),
    }
}

/// Whether a fault of this code can make API Gateway log a text of this family.
fn explains(family: Family, code: Code) -> bool {
    let hop = code.hop();
    match family {
        Family::Path | Family::Any => true,
        Family::LinkId => hop <= HopKind::VpcLink,
        Family::Tls | Family::Protocol => matches!(code, Code::ListenerProtocolMismatch),
        // Rules drop packets; they reset nothing.
        Family::Reset => (hop == HopKind::TargetGroup || hop == HopKind::Target) && !code.is_network(),
        Family::Elsewhere => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_fresh_for_ten_minutes() {
        let failed: Timestamp = "2026-11-22T14:03:22Z".parse().unwrap();
        let read = |text: &str| text.parse().unwrap();
        assert!(is_fresh(failed, read("2026-11-22T14:13:22Z")));
        assert!(!is_fresh(failed, read("2026-11-22T14:13:23Z")));
        assert!(is_fresh(failed, read("2026-11-22T14:03:20Z")));
        assert!(!is_fresh(failed, read("2026-11-21T14:03:22Z")));
    }

    #[test]
    fn certificates_and_paths_keep_to_their_own_texts() {
        assert!(explains(Family::Path, Code::TargetsUnhealthy));
        assert!(!explains(Family::Tls, Code::TargetsUnhealthy));
        assert!(!explains(Family::Elsewhere, Code::VpcLinkFailed));
        assert!(explains(Family::LinkId, Code::VpcLinkIdDangling));
        assert!(!explains(Family::LinkId, Code::ListenerMissing));
    }
}
