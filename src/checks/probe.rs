//! What a prober met at the load balancer and the targets, as far as its vantage proves it.
//!
//! Facts about certificates and protocols on the called host and port hold for API Gateway too. A connection that fails
//! holds only for who tried it: beside the balancer of a V1 link, silence proves nothing, and a refusal not for sure. Behind
//! a listener that ends TLS the client is the load balancer, which compares no certificate.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::aws::{NotRead, QueryKind, ReadError, Reading};
use crate::causes::{Blames, CertificateFault, RouteContext};
use crate::checks::code::{CODES, Code, HopKind, State};
use crate::checks::finding::Finding;
use crate::ids::Arn;
use crate::path::{OnPath, Probed, Spot, prober_site};
use crate::probe::{
    Facts, Handshake, HttpResult, ProberSite, Sentence, Tcp, TlsFault, Vantage, sentences, wake_command,
};

pub(crate) fn check(subject: &RouteContext, on: OnPath<'_>) -> Vec<Finding> {
    let own = on.path.probes.iter().filter(|probed| probed.balancer == on.position);
    let mut findings: Vec<Finding> = Vec::new();
    for probed in own {
        match &probed.facts {
            Reading::Known { value, at, .. } => findings.extend(met(subject, on, probed, value, *at)),
            Reading::Absent { .. } => {
                let site = prober_site(on.path);
                let none = format!("no prober is deployed in {}", probed.vpc);
                let not_read = NotRead::not_asked(WHAT, Some(QueryKind::Probe), &none);
                let unknown = Finding::unknown(looked_for(subject), &not_read);
                let what = format!(
                    "Deploy a prober in {}. Once deployed, it shows within seconds how the targets respond.",
                    probed.vpc
                );
                findings.push(unknown.remedy(what, site.as_ref().map(ProberSite::deploy_command), None));
            }
            // An older recording: no prober was asked when it was made.
            Reading::NotRead(not_read) if not_read.why == ReadError::NotRecorded => {}
            Reading::NotRead(not_read) => {
                let not_read = NotRead { what: WHAT.to_owned(), ..not_read.clone() };
                let region = on.balancer.arn.as_ref().and_then(Arn::region).map(|region| region.to_string());
                let wake = wake_command(&probed.function, region.as_deref());
                let unknown = Finding::unknown(looked_for(subject), &not_read);
                // Waking it grants no permission.
                findings.push(match not_read.why {
                    ReadError::Denied | ReadError::RoleRefused(_) => unknown,
                    _ => unknown.remedy(
                        "Invoke the prober to wake it; the command shows its answer.",
                        Some(wake),
                        None,
                    ),
                });
            }
        }
    }
    findings.dedup_by(|a, b| a.not_read().is_some() && a.not_read() == b.not_read());
    findings
}

/// What an alert says was not checked.
const WHAT: &str = "how the load balancer and targets respond to a connection";

/// Whether a prober was asked and met the certificates that API Gateway is shown.
pub(crate) fn shows_certificates(on: OnPath<'_>) -> bool {
    let own = on.path.probes.iter().filter(|probed| probed.balancer == on.position && probed.faithful);
    own.filter_map(|probed| probed.facts.value()).flatten().any(|facts| !facts.tls.certificates.is_empty())
}

/// The fault that a failure of this kind makes one look for.
fn looked_for(subject: &RouteContext) -> Code {
    match subject.cause.blames {
        Blames::Tls(Some(CertificateFault::Dates)) => Code::TargetCertificateExpired,
        Blames::Tls(Some(CertificateFault::Name)) => Code::TargetCertificateNameMismatch,
        Blames::Tls(Some(CertificateFault::Authority)) => Code::TargetCertificateUntrusted,
        Blames::Tls(Some(CertificateFault::Key)) => Code::TargetCertificateKeyMismatch,
        Blames::Tls(Some(CertificateFault::NonePresented)) => Code::TargetSpeaksPlaintext,
        Blames::Tls(None) => Code::TargetRefusesTls,
        Blames::Protocol => Code::TargetAnswersNotHttp,
        _ => Code::TargetNotListening,
    }
}

/// Which of the addresses say something, and what each says.
struct Saying<'a> {
    facts: &'a Facts,
    sentence: Sentence,
}

/// Addresses that must agree, and what they say.
fn met(
    subject: &RouteContext,
    on: OnPath<'_>,
    probed: &Probed,
    all: &[Facts],
    at: Timestamp,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Who connects to a node is the client; behind it, what one target presents may not be what another does.
    let mut apart: BTreeMap<Option<&Arn>, Vec<&Facts>> = BTreeMap::new();
    for facts in all {
        match probed.spot(facts.address) {
            Some(Spot::Node) => apart.entry(None).or_default().push(facts),
            Some(Spot::Target(group)) => apart.entry(Some(group)).or_default().push(facts),
            // An answer about what was not asked is none.
            None => {}
        }
    }
    for (group, facts) in &apart {
        findings.extend(connections(on, probed, *group, facts, at));
    }
    // What passes through shows the same server from either side.
    let passed = probed.faithful && apart.keys().any(Option::is_some);
    let together: Vec<(Option<&Arn>, Vec<&Facts>)> = match passed {
        true => vec![(apart.keys().flatten().next().copied(), apart.into_values().flatten().collect())],
        false => apart.into_iter().collect(),
    };
    for (group, facts) in together {
        let reached = facts.into_iter().filter(|facts| facts.tcp == Tcp::Connected).collect::<Vec<_>>();
        findings.extend(answers(subject, on, probed, group, &reached, at));
    }
    // Without the health check's path there was no request, whose answer might have shown more.
    findings.extend(
        on.target_groups.unavailable().map(|unread| Finding::unknown(Code::TargetAnswersNotHttp, unread)),
    );
    findings
}

/// What TCP answered.
fn connections(
    on: OnPath<'_>,
    probed: &Probed,
    group: Option<&Arn>,
    all: &[&Facts],
    at: Timestamp,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for code in [Code::TargetNotListening, Code::TargetSilent] {
        let failed = saying(all, |sentence| sentence.code == Some(code.slug()));
        let Some(first) = failed.first() else { continue };
        // The link's own subnets and groups, and the address that API Gateway itself connects to.
        let same = probed.vantage == Vantage::Link && group.is_none();
        if code == Code::TargetSilent && !same {
            let what = format!("whether API Gateway reaches {}", addresses(&failed));
            let why = "the prober got no answer, but rules may admit API Gateway and not the prober";
            let not_read = NotRead::not_asked(what, Some(QueryKind::Probe), why);
            findings.push(placed(Finding::unknown(code, &not_read), on, group));
            continue;
        }
        let says = told(&failed, all.len());
        let found = Finding::probed(code, (probed.vantage, first.facts.address, at), &says);
        let found = placed(found.detail("addresses", addresses(&failed)), on, group);
        let sure = failed.len() == all.len() && probed.vantage == Vantage::Link && probed.faithful;
        let found = if sure { found } else { found.partial() };
        findings.push(advised(found));
    }
    findings
}

/// What came after the connection: certificates, TLS, HTTP.
fn answers(
    subject: &RouteContext,
    on: OnPath<'_>,
    probed: &Probed,
    group: Option<&Arn>,
    all: &[&Facts],
    at: Timestamp,
) -> Vec<Finding> {
    let insecure = on.path.integration.value().and_then(|i| i.insecure_skip_verification) == Some(true);
    let mut findings = Vec::new();
    let codes = CODES.iter().copied().filter(|code| {
        let tcp = matches!(code, Code::TargetNotListening | Code::TargetSilent);
        code.slug().starts_with("target-") && !tcp && (probed.faithful || !code.is_certificate())
    });
    // Only whom a request was sent to can have answered it.
    let requested: Vec<&Facts> =
        all.iter().copied().filter(|facts| facts.http.result != HttpResult::NotTried).collect();
    for code in codes {
        let of_http = matches!(code, Code::TargetAnswersNotHttp | Code::TargetSpeaksTls);
        let all = if of_http && !requested.is_empty() { &requested[..] } else { all };
        for by_rule in [false, true] {
            let wanted = |sentence: &Sentence| {
                sentence.code == Some(code.slug())
                    && sentence.fault.is_some_and(TlsFault::is_refused_by_rule) == by_rule
            };
            let mut found = saying(all, wanted);
            found.retain(|one| !(insecure && is_waived(one)));
            let Some(first) = found.first() else { continue };
            let healthy = code.state() == State::Healthy;
            let unsure_root = found.iter().any(|one| !is_sure_of_root(one.facts));
            if healthy && (found.len() < all.len() || code == Code::TargetCertificateValid && unsure_root) {
                continue;
            }
            let says = told(&found, all.len());
            let mut finding = Finding::probed(code, (probed.vantage, first.facts.address, at), &says)
                .detail("addresses", addresses(&found));
            let faults: Vec<String> = found.iter().filter_map(|one| one.sentence.fault).map(word).collect();
            if let Some(fault) = faults.first() {
                finding = finding.detail("fault", fault);
            }
            finding = with_certificate(finding, first.facts);
            // A client of another TLS library, or of another kind, may be refused where API Gateway is not.
            let of_client = matches!(code, Code::TargetRefusesTls | Code::TargetDemandsClientCertificate);
            let unlisted =
                code == Code::TargetCertificateUntrusted && !by_rule && is_only_unlisted(first.facts);
            // Names, dates and authorities log texts of their own, so a text that names none speaks rather of the handshake.
            let unnamed = subject.cause.blames == Blames::Tls(None) && code.is_certificate() && !by_rule;
            let unsure = of_client || unlisted || unnamed || !probed.faithful;
            if !healthy && (found.len() < all.len() || unsure) {
                finding = finding.partial();
            }
            findings.push(advised(placed(finding, on, group)));
        }
        if code == Code::TargetCertificateUntrusted {
            findings.extend(unknown_root(on, group, all));
        }
    }
    findings
}

fn saying<'a>(all: &[&'a Facts], wanted: impl Fn(&Sentence) -> bool) -> Vec<Saying<'a>> {
    let of = |facts: &&'a Facts| {
        let sentence = sentences(facts).into_iter().find(|sentence| wanted(sentence))?;
        Some(Saying { facts, sentence })
    };
    all.iter().filter_map(of).collect()
}

/// The first address's own sentence, and which others say the same.
fn told(found: &[Saying<'_>], all: usize) -> String {
    let first = &found[0];
    let (address, says) = (first.facts.address, &first.sentence.says);
    let says =
        if says.starts_with(&address.to_string()) { says.clone() } else { format!("{address}: {says}") };
    match (found.len(), all) {
        (1, 1) => says,
        (some, all) if some == all => format!("{says} (all {all} probed addresses)"),
        (some, all) => {
            format!("{says} ({some} of the {all} probed addresses: {})", addresses(found))
        }
    }
}

fn addresses(found: &[Saying<'_>]) -> String {
    let all: Vec<String> = found.iter().map(|one| one.facts.address.to_string()).collect();
    all.join(", ")
}

/// Whether `insecureSkipVerification` waives it.
fn is_waived(one: &Saying<'_>) -> bool {
    let root = one.facts.tls.path.root.as_ref();
    one.sentence.fault.is_some_and(TlsFault::is_about_authority)
        && root.is_some_and(|root| root.sent && root.may_sign)
}

/// A public root that AWS's published list lacks; the list may lag behind what API Gateway trusts.
fn is_only_unlisted(facts: &Facts) -> bool {
    facts.tls.path.root.as_ref().is_some_and(|root| root.listed == Some(false))
}

fn is_sure_of_root(facts: &Facts) -> bool {
    facts.tls.path.root.as_ref().is_some_and(|root| root.listed == Some(true))
}

/// A public root that was not compared with the list: neither trusted nor not.
fn unknown_root(on: OnPath<'_>, group: Option<&Arn>, all: &[&Facts]) -> Option<Finding> {
    let facts = all.iter().find(|facts| {
        let root = facts.tls.path.root.as_ref();
        let sound = facts.tls.handshake == Handshake::Completed && facts.tls.faults.is_empty();
        sound && root.is_some_and(|root| root.listed.is_none())
    })?;
    let root = facts.tls.path.root.as_ref()?;
    let says = format!("the certificate at {} leads to `{}`", facts.address, root.subject);
    let why = "AWS's published list of authorities was not compared with this one";
    let not_read = NotRead::not_asked(&says, None, why);
    Some(placed(Finding::unknown(Code::TargetCertificateUntrusted, &not_read).saying(says), on, group))
}

/// At the hop and the resource that it speaks of.
fn placed(finding: Finding, on: OnPath<'_>, group: Option<&Arn>) -> Finding {
    match (group, on.balancer.called_listener()) {
        (Some(group), _) => finding.of(group),
        (None, Some(listener)) => finding.at(HopKind::Listener).of(&listener.arn),
        (None, None) => finding.at(HopKind::Listener),
    }
}

fn with_certificate(finding: Finding, facts: &Facts) -> Finding {
    if !finding.code.is_certificate() {
        return finding;
    }
    let tls = &facts.tls;
    let leaf = tls.certificates.first();
    let root = tls.path.root.as_ref().map(|root| root.subject.clone());
    let known = [
        ("issuer", leaf.map(|leaf| leaf.issuer.clone())),
        ("root", root),
        ("not_before", tls.not_before.map(|at| at.to_string())),
        ("not_after", tls.not_after.map(|at| at.to_string())),
    ];
    let finding = finding.detail("names", tls.names.list());
    known.into_iter().fold(finding, |finding, (key, value)| match value {
        Some(value) => finding.detail(key, value),
        None => finding,
    })
}

/// The contract's word of a fault.
fn word(fault: TlsFault) -> String {
    serde_json::to_value(fault).ok().and_then(|word| Some(word.as_str()?.to_owned())).unwrap_or_default()
}

/// What to do, and the command that shows the same from any machine of the VPC.
fn advised(finding: Finding) -> Finding {
    let what = match finding.code {
        Code::TargetNotListening => "Start the service, or register the port that it listens on.",
        Code::TargetSilent => {
            "Find the rule, route or host that drops the packets. The findings on security groups and network ACLs name \
             rules."
        }
        Code::TargetSpeaksTls => {
            "Call the backend by https in the integration's URI and deploy the API, or let it speak plain HTTP."
        }
        Code::TargetSpeaksPlaintext => {
            "Call the backend by http in the integration's URI and deploy the API, or turn TLS on there."
        }
        Code::TargetRefusesTls => {
            "Read the backend's own log of TLS; let it take TLS 1.2 with a common cipher suite."
        }
        Code::TargetDemandsClientCertificate => {
            "Give the stage a client certificate that the backend trusts and deploy the API, or let the backend do without."
        }
        Code::TargetAnswersNotHttp => {
            "Let a server that speaks HTTP/1.1 answer on this port, or call the port where one does."
        }
        Code::TargetCertificateNameMismatch => {
            "Put a name that the certificate covers into the integration's URI and deploy the API, or give the backend a \
             certificate for the URI's host."
        }
        Code::TargetCertificateExpired => {
            "Renew the backend's certificate, with those above it, and reload the server."
        }
        Code::TargetCertificateNotYetValid => {
            "Give the backend a certificate that is valid now, and check its clock."
        }
        Code::TargetCertificateChainIncomplete => {
            "Let the backend send its whole chain: the certificate, then each intermediate, in one file."
        }
        Code::TargetCertificateUntrusted => {
            "Give the backend a certificate of a public authority with its whole chain, or set insecureSkipVerification in \
             the integration's tlsConfig and deploy the API."
        }
        Code::TargetCertificateKeyMismatch => {
            "Give the backend the private key of the certificate that it presents."
        }
        _ => return finding,
    };
    let shows = match finding.code.is_certificate() || finding.code == Code::TargetRefusesTls {
        true => finding.detail.get("address").map(|address| {
            format!("openssl s_client -connect {address} -servername {{host}} -showcerts </dev/null")
        }),
        false => finding.detail.get("address").map(|address| {
            format!("curl -sv --max-time 5 --connect-to {{host}}:{{port}}:{address} {{scheme}}://{{host}}:{{port}}/ -o /dev/null")
        }),
    };
    finding.remedy(what, shows, None)
}

/// Whether what was met contradicts the failure's text, though its code could explain it: the JDK logs a path that leads to
/// no authority and a certificate that its rules refuse in different words.
pub(crate) fn contradicts(blames: Blames, finding: &Finding) -> bool {
    finding.code == Code::TargetCertificateUntrusted
        && blames == Blames::Tls(Some(CertificateFault::Authority))
        && is_by_rule(finding)
}

/// Whether what was met explains a text that names no fault: what the JDK refuses by rule is logged as a failed handshake.
pub(crate) fn explains_unnamed(finding: &Finding) -> bool {
    finding.code == Code::TargetCertificateUntrusted && is_by_rule(finding)
}

fn is_by_rule(finding: &Finding) -> bool {
    let fault = finding.detail.get("fault").map(|word| serde_json::Value::String(word.clone()));
    let fault = fault.and_then(|word| serde_json::from_value::<TlsFault>(word).ok());
    fault.is_some_and(TlsFault::is_refused_by_rule)
}

/// Whether it was met on the way to a request, which the text of an unreachable integration only may be about.
pub(crate) fn is_behind_connection(code: Code) -> bool {
    matches!(
        code,
        Code::TargetSpeaksTls
            | Code::TargetSpeaksPlaintext
            | Code::TargetRefusesTls
            | Code::TargetDemandsClientCertificate
            | Code::TargetAnswersNotHttp
    )
}
