//! `vpclink check` over every account of the matrix: each sentence stands once, on the one hop that it is about.

use std::collections::BTreeSet;

use vpclink_responder::alerts::terminal::{Screen, walk as printed};
use vpclink_responder::causes::{Route, RouteContext};
use vpclink_responder::checks::State;
use vpclink_responder::ids::ApiId;
use vpclink_responder::logs::Source;

use super::{complain, decoys, log, walk};
use crate::harness::Account;

fn asked() -> RouteContext {
    let source =
        Source { api: Some(ApiId::new("a1b2c3d4e5")), stage: Some("prod".to_owned()), ..Source::default() };
    let route = Route { method: "GET".to_owned(), path: "/orders".to_owned() };
    RouteContext::asked(source, Some(route), walk::now())
}

fn faults_of(laptop: &walk::Laptop, label: &str, account: &Account) -> Vec<String> {
    let assessment = laptop.checked(account, &asked());
    let text = printed("a1b2c3d4e5/prod", &assessment, Screen { color: false, width: 120 });
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for line in text.lines().filter(|line| line.starts_with("      ")) {
        // One step may mend several faults.
        let step = line.trim_start().starts_with("next: ");
        if !step && !seen.insert(line) {
            wrong.push(format!("{label}: printed twice:{line}\n{text}"));
        }
    }
    for finding in assessment.findings.iter().filter(|finding| finding.state == State::Faulty) {
        let hops = assessment.path.iter().filter(|hop| hop.is_about(finding)).count();
        if hops != 1 {
            wrong.push(format!("{label}: on {hops} hops: {}\n{text}", finding.says));
        }
    }
    wrong
}

#[test]
fn each_sentence_stands_once_on_the_hop_that_it_is_about() {
    let broken = super::faults().into_iter().map(|fault| (fault.label(), fault.account()));
    let accounts: Vec<(String, Account)> = broken.chain(decoys::accounts()).collect();
    let wrong = walk::with_laptops(&accounts, |laptop, (label, account)| faults_of(laptop, label, account));
    complain(&wrong.into_iter().flatten().collect::<Vec<_>>());
}

#[test]
fn no_step_of_an_alert_asks_a_v2_link_for_what_only_v1_has() {
    let accounts: Vec<Account> = decoys::accounts()
        .into_iter()
        .filter(|(label, _)| label.ends_with("(V2)"))
        .map(|(_, account)| account)
        .collect();
    let texts = [log::UNREACHABLE, log::LINK_ERROR, log::LINK_ID, log::NETWORK, log::TIMEOUT];
    let wrong = walk::with_laptops(&accounts[..8], |laptop, account| {
        texts.map(|text| {
            let told = laptop.told(account, &walk::event(account, text, walk::Level::Info));
            let steps = told.alert["next_steps"].to_string();
            let v1 = ["aws apigateway get-vpc-link", "endpoint connection", "vpc-endpoint"];
            let found: Vec<&str> = v1.into_iter().filter(|words| steps.contains(words)).collect();
            assert!(steps.contains("aws "), "{text}: {steps}");
            (!found.is_empty()).then(|| format!("{text}: {found:?} in {steps}"))
        })
    });
    complain(&wrong.into_iter().flatten().flatten().collect::<Vec<_>>());
}
