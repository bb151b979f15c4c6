//! The prober against servers of every kind: what it says about each, and that no bytes can make it fail.

#[allow(unreachable_pub, dead_code, reason = "the example shares it")]
mod zoo;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::Value;
use vpclink_responder::probe::{self, Facts, Plan, Roots, Vantage, sentences};
use zoo::{After, HOST, Serve, Zoo};

fn plan(tls: bool, roots: &str) -> Plan {
    Plan {
        server_name: Some(HOST.to_owned()),
        tls,
        path: Some("/health".to_owned()),
        path_port: None,
        roots: Roots::from_pem(roots).unwrap(),
        vantage: Vantage::Here,
        budget: Duration::from_secs(5),
        now: Timestamp::now(),
    }
}

async fn ask(serve: Serve, plan: &Plan) -> Facts {
    let address = serve.open().await;
    probe::probe(&[address], plan).await.remove(0)
}

fn json(facts: &Facts) -> Value {
    serde_json::to_value(facts).unwrap()
}

#[tokio::test]
async fn every_server_of_the_zoo_is_told() {
    let zoo = Zoo::new();
    let roots = &zoo.roots;
    let probes = zoo.servers.into_iter().map(|server| async move {
        let mut plan = plan(server.tls, roots);
        // Only those that never answer take it all.
        if server.name.contains("silent") || server.name.contains("half") || server.name.contains("warning") {
            plan.budget = Duration::from_millis(900);
        }
        (ask(server.serve, &plan).await, server.name, server.expect)
    });
    let mut wrong = Vec::new();
    let (mut faults, mut results) = (BTreeSet::new(), BTreeSet::new());
    for (facts, name, expect) in futures_util::future::join_all(probes).await {
        let told = json(&facts);
        let mut told_faults: Vec<String> = serde_json::from_value(told["tls"]["faults"].clone()).unwrap();
        told_faults.sort();
        let http = told["http"]["result"].as_str().unwrap();
        let accepted = (facts.accepted.strict, facts.accepted.insecure_skip_verification);
        if told_faults != expect.faults || http != expect.http || accepted != (expect.strict, expect.insecure)
        {
            wrong.push(format!("{name}: {told_faults:?} {http} {accepted:?}\n    {told}"));
        }
        assert!(
            !sentences(&facts).is_empty() || !facts.tls.not_looked_at.is_empty(),
            "{name} is told in words"
        );
        faults.extend(told_faults);
        results.insert(http.to_owned());
    }
    assert!(wrong.is_empty(), "{} of the zoo:\n{}", wrong.len(), wrong.join("\n"));
    let contract = "name-mismatch expired not-yet-valid expired-intermediate untrusted-unknown-root \
        untrusted-self-signed issuer-not-sent bad-chain bad-signature not-for-servers chain-too-long \
        certificate-too-large certificate-unreadable weak-key weak-signature unsupported-key key-mismatch \
        protocol-too-old no-common-cipher handshake-broken alert client-certificate-required sni-refused \
        plaintext-answer closed reset timeout";
    assert_eq!(faults, contract.split_whitespace().map(str::to_owned).collect());
    let contract = "valid odd interim invalid truncated too-large closed reset timeout not-tried";
    assert_eq!(results, contract.split_whitespace().map(str::to_owned).collect());
}
