//! Diagnosis and topology → findings and a verdict: which broken hop explains the failure, and how surely.
//!
//! Pure: everything that was read is in the topology, with its time. Not having been able to look is a finding of its
//! own kind and never a fault.

mod checks;
mod code;
mod finding;
mod path;
mod verdict;

use crate::classify::Diagnosis;
use crate::survey::Topology;

pub use checks::{CHECKS, Check};
pub use code::{CODES, Code};
pub use finding::{Finding, Remedy, State};
pub use path::{Hop, HopKind};
pub use verdict::{Tier, Verdict};

/// What live AWS says about a diagnosis.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// Every check's answers, in the order of the path.
    pub findings: Vec<Finding>,
    /// The finding that explains the failure best.
    pub verdict: Verdict,
    /// The path, hop by hop.
    pub path: Vec<Hop>,
}

/// Runs every check and weighs the findings.
pub fn judge(diagnosis: &Diagnosis, topology: &Topology) -> Judgement {
    let mut findings: Vec<Finding> =
        CHECKS.iter().flat_map(|check| (check.run)(diagnosis, topology)).collect();
    // Stable: the checks' own order is kept within a hop.
    findings.sort_by_key(|finding| finding.code.hop());
    let path = path::path(topology, &findings);
    let verdict = verdict::verdict(diagnosis, &findings);
    Judgement { findings, verdict, path }
}
