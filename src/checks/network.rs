//! The network: do security groups and network ACLs let requests through to the targets, and the answers back?
//!
//! The model is in [`reach`](crate::judge::reach); here its passages become findings, one for each thing that blocks, and
//! one that says *open* where every piece was read and lets everything through.

use crate::causes::RouteContext;
use crate::checks::finding::Finding;
use crate::checks::network_report::Report;
use crate::path::PrivatePath;
use crate::reachability::{behind, entry};

pub(crate) fn check(_: &RouteContext, topology: &PrivatePath) -> Vec<Finding> {
    let into = entry(topology);
    let mut findings = Report { topology, group: None }.findings(&into);
    for group in topology.targets.keys() {
        let passages = behind(topology, group);
        let report = Report { topology, group: Some(group) };
        match passages.is_empty() {
            true => {}
            false if report.open(&into, &passages) => findings.push(report.healthy(&passages)),
            false => findings.extend(report.findings(&passages)),
        }
    }
    // One reading that is missing leaves many passages unknown; it is told once.
    let mut told: Vec<String> = Vec::new();
    findings.retain(|finding| {
        let again = finding.why.is_some() && told.contains(&finding.says);
        told.push(finding.says.clone());
        !again
    });
    findings
}
