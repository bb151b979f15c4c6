//! The fault matrix: named faults, each alone in an otherwise healthy account, over both generations of link. The real
//! binary reads each account through the real SDK, and its verdict has to name that fault.
//!
//! Beside the faults: accounts that look broken and are not, pairs of faults, and every fault with every permission
//! denied in turn. `UPDATE_DOCS=1 cargo test --test it matrix` publishes the table in `docs/reliability.md`.

mod article;
mod certainty;
mod checked;
mod decoys;
mod denied;
mod doubles;
mod faults;
mod hostile;
mod http;
mod oddities;
mod published;
mod recovered;
mod strange;
mod told;
mod walk;

use std::sync::OnceLock;

use vpclink_responder::checks::{CODES, Code, HopKind, State};

use crate::harness::Account;
use crate::harness::apigateway::Integration;

pub(crate) use told::LastAlert;

/// The failure texts that the faults are told by.
mod log {
    pub(crate) const UNREACHABLE: &str = "Execution failed due to configuration error: There was an internal error while executing your request";
    pub(crate) const LINK_ID: &str =
        "Execution failed due to configuration error: Invalid VpcLink Id abc123 referenced in integration";
    pub(crate) const LINK_ERROR: &str = "Execution failed due to an vpc link error";
    pub(crate) const NETWORK: &str = "Execution failed due to a network error communicating with endpoint";
    pub(crate) const TIMEOUT: &str = "Execution failed due to a timeout error";
    pub(crate) const RESET: &str = "Execution failed due to an internal error";
    pub(crate) const NOT_TLS: &str =
        "Execution failed due to configuration error: Unsupported or unrecognized SSL message";
    pub(crate) const NOT_HTTP: &str =
        "Execution failed due to configuration error: Not a valid protocol version: SSH-2.0-OpenSSH_9.6";
    pub(crate) const NAME: &str = "Execution failed due to configuration error: Host name 'orders.internal.example' \
         does not match the certificate subject provided by the peer (CN=orders.example.net)";
    pub(crate) const HANDSHAKE: &str =
        "Execution failed due to configuration error: General SSLEngine problem";
    pub(crate) const UNTRUSTED: &str = "Execution failed due to configuration error: PKIX path building failed: \
         sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to \
         requested target";
    pub(crate) const ADDRESS: &str = "Execution failed due to configuration error: Invalid endpoint address";
    pub(crate) const MOCK: &str = "Execution failed due to configuration error: statusCode should be an integer which defined in request template";
    /// What came over the path: the answer's status, and its headers where they are traced.
    pub(crate) const ANSWERED_502: &str =
        "Received response. Status: 502, Integration latency: 41 ms\nSuccessfully completed execution";
    pub(crate) const ANSWERED_503: &str =
        "Received response. Status: 503, Integration latency: 4 ms\nSuccessfully completed execution";
    pub(crate) const ANSWERED_504: &str =
        "Received response. Status: 504, Integration latency: 10004 ms\nSuccessfully completed execution";
    pub(crate) const ANSWERED_504_LATE: &str =
        "Received response. Status: 504, Integration latency: 20011 ms\nSuccessfully completed execution";
    pub(crate) const TRACED_BALANCER: &str = "Received response. Status: 503, Integration latency: 4 ms\n\
         Endpoint response headers: {Server=awselb/2.0, Date=Mon, 30 Nov 2026 01:00:00 GMT, Content-Type=text/html}\n\
         Successfully completed execution";
    pub(crate) const TRACED_APPLICATION: &str = "Received response. Status: 503, Integration latency: 4 ms\n\
         Endpoint response headers: {Date=Mon, 30 Nov 2026 01:00:00 GMT, Server=nginx/1.27.1}\n\
         Successfully completed execution";
    pub(crate) const UNMAPPED_464: &str = "Received response. Status: 464, Integration latency: 4 ms\n\
         Execution failed due to configuration error: No match for output mapping and no default output mapping \
         configured. Endpoint Response Status Code: 464";
    pub(crate) const EXPIRED: &str = "Execution failed due to configuration error: PKIX path validation failed: \
         java.security.cert.CertPathValidatorException: validity check failed";
}

/// Which generation of VPC link a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Generation {
    V1,
    V2,
}

impl Generation {
    fn healthy(self) -> Account {
        match self {
            Self::V1 => Account::healthy_v1(),
            Self::V2 => Account::healthy_v2(),
        }
    }
}

const V1: &[Generation] = &[Generation::V1];
const V2: &[Generation] = &[Generation::V2];
const BOTH: &[Generation] = &[Generation::V1, Generation::V2];

type Break = fn(&mut Account);

/// A fault, as a row of the matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    name: &'static str,
    on: &'static [Generation],
    /// The failure line that API Gateway logs.
    log: &'static str,
    /// The code of the verdict.
    expect: &'static str,
    tier: &'static str,
    /// Whether it lies behind the listener, though its code does not say so.
    behind: bool,
    /// Whether no application load balancer can answer in its place, in either generation.
    unanswered: bool,
    break_: Break,
}

/// A row of a fault that is confirmed and logged as an internal error while executing the request.
const fn row(name: &'static str, on: &'static [Generation], expect: &'static str, break_: Break) -> Row {
    Row {
        name,
        on,
        log: log::UNREACHABLE,
        expect,
        tier: "confirmed",
        behind: false,
        unanswered: false,
        break_,
    }
}

impl Row {
    /// A fault that leaves some requests working, or that something else could explain too.
    const fn likely(self) -> Self {
        Self { tier: "likely", ..self }
    }

    const fn behind(self) -> Self {
        Self { behind: true, ..self }
    }

    const fn unanswered(self) -> Self {
        Self { unanswered: true, ..self }
    }

    const fn logged(self, log: &'static str) -> Self {
        Self { log, ..self }
    }

    /// One fault for each generation.
    fn faults(self) -> impl Iterator<Item = Fault> {
        self.on.iter().map(move |on| Fault { row: self, on: *on })
    }
}

/// A fault over one generation of link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    row: Row,
    on: Generation,
}

impl Fault {
    /// The healthy account with this fault in it.
    fn account(self) -> Account {
        let mut account = self.on.healthy();
        (self.row.break_)(&mut account);
        account
    }

    fn label(self) -> String {
        format!("{} ({:?})", self.row.name, self.on)
    }

    /// Whether its text is an answer that came over the path.
    fn is_answer(self) -> bool {
        self.row.log.starts_with("Received")
    }

    /// Whether it lies behind the listener.
    fn is_behind(self) -> bool {
        let behind = self.hop() >= HopKind::TargetGroup || self.row.behind;
        behind || self.row.expect == Code::ListenerForwardsNowhere.slug()
    }

    fn hop(self) -> HopKind {
        CODES.iter().find(|code| code.slug() == self.row.expect).expect("a code of the contract").hop()
    }

    /// What only a prober meets: at the node that is called, or behind a network load balancer.
    fn is_probed(self) -> bool {
        const MET: [&str; 7] =
            ["certificate-", "speaks-", "answers-", "refuses-", "demands-", "not-listening", "silent"];
        let met = self.row.expect.strip_prefix("target-");
        met.is_some_and(|met| MET.iter().any(|kind| met.starts_with(kind)))
    }

    /// What lies behind an application load balancer, it answers itself: that alone makes no text of API Gateway's own.
    fn tier(self) -> &'static str {
        let answered =
            self.on == Generation::V2 && self.is_behind() && !self.is_answer() && !self.is_probed();
        let answered = answered && !self.row.unanswered;
        if answered { "likely" } else { self.row.tier }
    }
}

/// All faults, along the path.
fn faults() -> Vec<Fault> {
    faults::ROWS.iter().flat_map(|rows| rows.iter().flat_map(|row| row.faults())).collect()
}

/// What the real binary told of each fault.
fn told() -> &'static [(Fault, LastAlert)] {
    static TOLD: OnceLock<Vec<(Fault, LastAlert)>> = OnceLock::new();
    TOLD.get_or_init(|| {
        let faults = faults();
        let told = walk::side_by_side(&faults, |fault| walk::responder(fault.account(), fault.row.log));
        faults.into_iter().zip(told).collect()
    })
}

/// The integrations of the API, all of them.
fn integrations(account: &mut Account) -> impl Iterator<Item = &mut Integration> {
    let resources = account.rest_apis.values_mut().flat_map(|api| &mut api.resources);
    resources.flat_map(|resource| resource.methods.values_mut()).flatten()
}

/// Every integration's URI with one text in the place of another.
fn readdress(account: &mut Account, from: &str, to: &str) {
    for uri in integrations(account).filter_map(|integration| integration.uri.as_mut()) {
        *uri = uri.replace(from, to);
    }
}

/// Every V2 integration names the load balancer in the place of its listener.
fn name_the_balancer(account: &mut Account) {
    let balancer = account.load_balancers[0].arn.clone();
    integrations(account).for_each(|integration| integration.integration_target = Some(balancer.clone()));
}

fn complain(wrong: &[String]) {
    // Enough to see what it is, and not so many that the first is out of sight.
    let first: Vec<&str> = wrong.iter().take(30).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} wrong, of them:\n{}", wrong.len(), first.join("\n"));
}

#[test]
fn every_fault_alone_is_the_verdict() {
    let wrong: Vec<String> = told()
        .iter()
        .filter(|(fault, told)| {
            (told.code.as_deref(), told.tier.as_str()) != (Some(fault.row.expect), fault.tier())
        })
        .map(|(fault, told)| {
            let (expect, tier) = (fault.row.expect, fault.tier());
            format!("{}: expected {tier} {expect}, got {told}", fault.label())
        })
        .collect();
    complain(&wrong);
}

#[test]
fn the_verdict_is_the_only_fault_that_one_fault_shows() {
    // What one fault brings along: a load balancer that is deleted takes its endpoint service with it.
    let also = |told: &LastAlert, fault: &Fault| -> Vec<String> {
        let alone = |code: &&String| {
            code.as_str() != fault.row.expect && !faults::brings(&fault.row).contains(&code.as_str())
        };
        told.faulty.iter().filter(alone).cloned().collect()
    };
    let wrong: Vec<String> = told()
        .iter()
        .map(|(fault, told)| (fault, also(told, fault)))
        .filter(|(_, also)| !also.is_empty())
        .map(|(fault, also)| format!("{}: accuses {} too", fault.label(), also.join(", ")))
        .collect();
    complain(&wrong);
}

#[test]
fn the_matrix_is_large_and_every_row_has_a_name_of_its_own() {
    let mut labels: Vec<String> = faults().into_iter().map(Fault::label).collect();
    let all = labels.len();
    labels.sort();
    labels.dedup();
    assert_eq!(labels.len(), all, "two rows share a name");
    assert!(all >= 60, "{all} faults");
}

#[test]
fn every_code_of_a_fault_is_some_faults_verdict() {
    let mut expected: Vec<&str> = faults().iter().map(|fault| fault.row.expect).collect();
    expected.extend(http::ROWS.iter().map(|row| row.expect));
    let unshown: Vec<String> = CODES
        .iter()
        .filter(|code| code.state() == State::Faulty)
        .filter(|code| !expected.contains(&code.slug()) && !explains_nothing(**code))
        .map(|code| code.slug().to_owned())
        .collect();
    complain(&unshown);
}

#[test]
fn neither_small_pages_nor_a_log_at_error_level_change_a_verdict() {
    walk::same_verdicts(|fault| Account { page_size: 1, ..fault.account() }, walk::Level::Error);
}

/// A certificate that expires soon breaks nothing yet, and where logging is off no log was written to explain.
fn explains_nothing(code: Code) -> bool {
    matches!(code, Code::ExecutionLoggingOff)
}
