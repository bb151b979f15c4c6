//! Which finding explains the failure, by written rules.
//!
//! The text decides which findings *can* explain it; among those that do, the hop nearest the client wins. How surely:
//! confirmed where the reading by itself explains the text and is not much younger than the failure, likely where
//! something else could too, unknown where nothing faulty was found or could be looked at.

use std::time::Duration;

use jiff::Timestamp;

use crate::causes::{Blames, Cause, CertificateFault, RouteContext};
use crate::checks::code::{Code, FindingKind};
use crate::checks::code::{HopKind, State};
use crate::checks::finding::Finding;
use crate::checks::network::HEALTH_CHECKS_ALONE;
use crate::checks::stage::CALLED_AS_CONFIGURED;
use crate::checks::{answered, probe};
use crate::ids::ApiKind;

/// A reading this much younger than the failure may show another state than the one that failed it. CloudWatch Logs
/// usually delivers within three minutes, and Lambda's own two retries add three more.
const FRESH: Duration = Duration::from_secs(600);

/// How surely a finding explains the failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// The reading by itself explains the logged text.
    Confirmed,
    /// It fits, but something else could too, or the reading is much younger than the failure.
    Likely,
    /// Nothing faulty was found, or it could not be looked at.
    Unknown,
}

impl Confidence {
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
    pub tier: Confidence,
    /// Its code; `None` where the tier is unknown.
    pub code: Option<Code>,
    /// One sentence.
    pub says: String,
    /// Its place among the findings.
    pub finding: Option<usize>,
}

/// Weighs the findings, which are in the order of the path.
pub(crate) fn verdict(subject: &RouteContext, findings: &[Finding]) -> Verdict {
    let of_http = subject.source.api_kind == Some(ApiKind::Http);
    let explains = |finding: &Finding| {
        let can = match subject.cause.blames {
            Blames::BackendAnswer => answered::explains(findings, finding),
            // An HTTP API logs no text of its own where TLS fails.
            blames if blames.is_lost() && of_http && finding.code.is_certificate() => blames == Blames::Path,
            Blames::Delay if finding.answered && fails_at_once(finding.code) => false,
            _ => explains(subject.cause, finding.code),
        };
        finding.state == State::Faulty && can && !probe::contradicts(subject.cause.blames, finding)
    };
    let explaining: Vec<&Finding> = findings.iter().filter(|finding| explains(finding)).collect();
    let first = findings.iter().enumerate().filter(|(_, finding)| explains(finding));
    let first = first.filter(|(_, finding)| !in_vain(finding, &explaining));
    let sure = |finding: &Finding| !is_vague(subject, findings, finding);
    let total = explaining.iter().any(|finding| sure(finding) && !finding.code.is_metric());
    // Why targets that are a load balancer fail their checks is seen at that load balancer.
    let inner = explaining.iter().any(|finding| finding.balancer > 0 && sure(finding));
    // What the text itself names comes first, what was only counted last. What explains the failure by itself comes before
    // what fits beside other things, near or far.
    let named = |code| named(subject.cause.blames).is_some_and(|codes| codes.contains(&code));
    let best = first.min_by_key(|(_, finding)| {
        let code = finding.code;
        let marginal = total && !sure(finding);
        let symptom = inner && finding.balancer == 0 && code == Code::TargetsUnhealthy;
        // What was counted comes before an ACL that stops some of the answer ports.
        let hole = finding.detail.contains_key("closed_ports");
        // That a load balancer answered is said where nothing behind it is found.
        let alone = code == Code::LoadBalancerAnswered;
        let far = hole || finding.answered;
        let place = (finding.balancer, finding.hop, finding.partial);
        (alone, !named(code), far || symptom, code.is_metric(), marginal, place)
    });
    // What requests ran over could not be read: the fault may stand in the draft alone. Where the request's lines name the
    // configured endpoint, only its link may.
    let unread = findings
        .iter()
        .find(|finding| finding.code == Code::IntegrationNotDeployed && finding.state == State::Unknown);
    let called = unread.is_some_and(|finding| finding.detail.contains_key(CALLED_AS_CONFIGURED.0));
    let draft = |finding: &Finding| unread.is_some() && (!called || finding.hop <= HopKind::EndpointService);
    match best {
        Some((index, finding)) => Verdict {
            tier: match tier(subject, findings, finding) {
                Confidence::Confirmed if draft(finding) || unproven(finding, &explaining) => {
                    Confidence::Likely
                }
                tier => tier,
            },
            code: Some(finding.code),
            says: finding.says.clone(),
            finding: Some(index),
        },
        None => Verdict {
            tier: Confidence::Unknown,
            code: None,
            says: nothing_found(subject, findings),
            finding: None,
        },
    }
}

fn tier(subject: &RouteContext, findings: &[Finding], finding: &Finding) -> Confidence {
    let fresh = subject.at.zip(finding.read_at()).is_some_and(|(failed, read)| is_fresh(failed, read));
    let sure = !is_vague(subject, findings, finding);
    if sure && (fresh || answered::is_dated(finding)) { Confidence::Confirmed } else { Confidence::Likely }
}

/// Whether something else could as well explain the text, whenever the finding was read.
fn is_vague(subject: &RouteContext, findings: &[Finding], finding: &Finding) -> bool {
    let answer = subject.cause.blames == Blames::BackendAnswer;
    // A REST API logs its own text where TLS fails; of an HTTP API no log says that it did.
    let is_told_of_tls = subject.cause.blames == Blames::Tls(None)
        || (subject.source.api_kind == Some(ApiKind::Http) && subject.cause.blames == Blames::Path);
    // A listener of another protocol presents no certificate of which a text could speak.
    let names_certificate = named(subject.cause.blames).is_some()
        && subject.cause.blames != Blames::Tls(Some(CertificateFault::NonePresented));
    // Targets that only their health checks do not reach still get requests.
    let checked_alone = finding.code == Code::TargetsUnhealthy
        && findings.iter().any(|other| {
            other.detail.contains_key(HEALTH_CHECKS_ALONE)
                && other.detail.get("target_group") == finding.resource.as_ref()
        });
    // Without a link nothing is connected: no connection breaks, and no time passes.
    let unlinked =
        matches!(finding.code, Code::StageVariableUndefined | Code::VpcLinkMissing | Code::VpcLinkIdDangling);
    finding.partial
        || checked_alone
        || (unlinked && (subject.cause.names_reset || subject.cause.blames == Blames::Delay))
        || (finding.code.is_client_certificate() && !is_told_of_tls)
        || (answer && !answered::is_sure(subject, findings, finding))
        || (finding.answered && !answer)
        || subject.cause.blames == Blames::Anything
        || (finding.code == Code::ListenerProtocolMismatch
            && (subject.cause.blames.is_lost() || names_certificate))
        || (probe::is_behind_connection(finding.code)
            && (subject.cause.blames.is_lost() || subject.cause.blames == Blames::Reset))
        || (finding.code.is_certificate()
            && named(subject.cause.blames).is_none()
            && !probe::explains_unnamed(finding))
}

/// Whether a reading is close enough to the failure to speak for it. One taken before it is as old as it is early.
fn is_fresh(failed: Timestamp, read: Timestamp) -> bool {
    read.duration_since(failed).unsigned_abs() <= FRESH
}

fn nothing_found(subject: &RouteContext, findings: &[Finding]) -> String {
    if let Some(says) = contradiction(subject.cause, findings) {
        return says;
    }
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    if subject.spares_path() {
        return "the log line names the fault, so no private path was read".to_owned();
    }
    match (count(State::Faulty), count(State::Unknown), count(State::Healthy)) {
        (0, 0, 0) if subject.cause.blames == Blames::BackendAnswer => {
            "the backend itself answered, and the integration uses no VPC link".to_owned()
        }
        (0, 0, 0) => "nothing was read".to_owned(),
        (0, 0, _) if !subject.failed => "no fault was found; every hop read is healthy".to_owned(),
        (0, 0, _) => "every hop read is healthy now; the fault may have cleared, or lie outside these checks"
            .to_owned(),
        (0, _, 0) => "nothing could be read; see what was not checked".to_owned(),
        (0, _, _) => "nothing faulty was found, and not every hop could be read".to_owned(),
        _ => "the faults found do not explain this log line".to_owned(),
    }
}

/// The findings that a text names outright; `None` where it does not name the fault of a certificate.
fn named(blames: Blames) -> Option<&'static [Code]> {
    let Blames::Tls(fault) = blames else { return None };
    Some(match fault? {
        CertificateFault::Dates => &[
            Code::ListenerCertificateExpired,
            Code::ListenerCertificateNotYetValid,
            Code::TargetCertificateExpired,
            Code::TargetCertificateNotYetValid,
        ],
        CertificateFault::Name => {
            &[Code::ListenerCertificateNameMismatch, Code::TargetCertificateNameMismatch]
        }
        CertificateFault::Authority => &[
            Code::ListenerCertificateUntrusted,
            Code::TargetCertificateUntrusted,
            Code::TargetCertificateChainIncomplete,
        ],
        // A key shows only in a handshake.
        CertificateFault::Key => &[Code::TargetCertificateKeyMismatch],
        CertificateFault::NonePresented => &[Code::TargetSpeaksPlaintext],
    })
}

/// What to say where the text blames a certificate and the live one is not to blame.
fn contradiction(cause: &Cause, findings: &[Finding]) -> Option<String> {
    let blames = match cause.blames {
        Blames::Tls(Some(CertificateFault::Dates)) => "the certificate's dates",
        Blames::Tls(Some(CertificateFault::Name)) => "the certificate's name",
        Blames::Tls(Some(CertificateFault::Authority)) => "the certificate's authority",
        _ => return None,
    };
    let live = findings.iter().find(|finding| {
        finding.code.is_certificate() && matches!(finding.state, State::Faulty | State::Healthy)
    })?;
    let then = match (live.state, live.detail.get("not_before")) {
        (State::Healthy, Some(since)) => {
            format!("the current certificate passes that check and is valid since {since}")
        }
        (State::Healthy, None) => "the current certificate passes that check".to_owned(),
        _ => format!("the current certificate has a different fault: {}", live.says),
    };
    Some(format!(
        "the log blames {blames}; {then}. The certificate at fault was replaced, or another listener presents it"
    ))
}

/// Whether a fault of this code can make API Gateway log the text of this cause.
pub(crate) fn explains(cause: &Cause, code: Code) -> bool {
    use Code::{
        IdleTimeoutMismatch, ListenerProtocolMismatch, LoadBalancerResetsRising, PortAllocationErrors,
        ProxyProtocolEnabled, TargetAnswersNotHttp, TargetDemandsClientCertificate,
        TargetGroupProtocolMismatch, TargetNotListening, TargetRefusesTls, TargetSpeaksPlaintext,
        TargetSpeaksTls, TlsNegotiationErrorsRising,
    };
    let hop = code.hop();
    match cause.blames {
        // A warning is of what will fail, and logs are not on the request's way.
        _ if code.state() == State::Warning || code.kind() == FindingKind::Logging => false,
        // Certificates log their own text, and a load balancer that answers 464 was reached.
        Blames::Path => !code.is_certificate() && !is_answer(code),
        // So do handshakes that fail, and at once.
        Blames::Delay => {
            let of_tls = code.is_client_certificate() || code == TlsNegotiationErrorsRising;
            !code.is_certificate() && !is_answer(code) && !of_tls
        }
        Blames::Anything => true,
        Blames::Link => hop <= HopKind::VpcLink && !code.is_network(),
        Blames::Tls(_) => match code {
            ListenerProtocolMismatch | TlsNegotiationErrorsRising => true,
            ProxyProtocolEnabled
            | TargetGroupProtocolMismatch
            | TargetRefusesTls
            | TargetDemandsClientCertificate => named(cause.blames).is_none(),
            TargetSpeaksPlaintext => named(cause.blames).is_none_or(|codes| codes.contains(&code)),
            _ if code.is_client_certificate() => named(cause.blames).is_none(),
            _ => code.is_certificate() && named(cause.blames).is_none_or(|codes| codes.contains(&code)),
        },
        // The link's id is none of the address; where in the URI a variable stands, the finding says.
        Blames::Configuration => {
            matches!(code, Code::StageVariableUndefined | Code::IntegrationNotDeployed)
        }
        Blames::Protocol => matches!(
            code,
            ListenerProtocolMismatch
                | ProxyProtocolEnabled
                | TargetGroupProtocolMismatch
                | TargetSpeaksTls
                | TargetAnswersNotHttp
        ),
        Blames::Reset => {
            // Rules drop packets; they reset nothing.
            let met = code.kind() == FindingKind::Probe || code.is_certificate();
            let target =
                (hop == HopKind::TargetGroup || hop == HopKind::Target) && !code.is_network() && !met;
            target
                || matches!(code, IdleTimeoutMismatch | LoadBalancerResetsRising | PortAllocationErrors)
                || matches!(code, TargetNotListening | TargetRefusesTls | TargetAnswersNotHttp)
        }
        // Which of them explain an answer depends on who made it; counts of handshakes with targets always may.
        Blames::BackendAnswer => code == TlsNegotiationErrorsRising,
        Blames::Elsewhere => false,
    }
}

/// Whether an application load balancer that has this fault answers within milliseconds.
fn fails_at_once(code: Code) -> bool {
    use Code::{ListenerForwardsNowhere, TargetGroupEmpty, TargetGroupUnused, TargetsUnused};
    matches!(code, ListenerForwardsNowhere | TargetGroupEmpty | TargetGroupUnused | TargetsUnused)
}

/// Whether it is of an answer that API Gateway got.
fn is_answer(code: Code) -> bool {
    matches!(code, Code::LoadBalancerAnswered | Code::TargetAnswered5xx | Code::TargetGroupProtocolMismatch)
}

// A change that waits to be deployed breaks nothing by itself: requests run over what was deployed before, and fail only
// through what is broken there. So it is set against the faults that were found on that path.

/// Whether a change that waits would not mend what is broken: the fault that it leaves alone explains the failure.
fn in_vain(waiting: &Finding, explaining: &[&Finding]) -> bool {
    let changed = changed(waiting);
    changed.is_some_and(|changed| others(explaining).any(|fault| !mends(changed, fault.code.hop())))
}

/// Whether the change may as well have nothing to do with the failure: nothing is broken in the very thing it changes.
fn unproven(waiting: &Finding, explaining: &[&Finding]) -> bool {
    let changed = changed(waiting);
    changed.is_some_and(|changed| !others(explaining).any(|fault| is_part(changed, fault.code.hop())))
}

/// What a finding says was changed; `None` where it speaks of something else.
fn changed(finding: &Finding) -> Option<&str> {
    let waits = finding.code == Code::IntegrationNotDeployed;
    finding.detail.get("changed").map(String::as_str).filter(|_| waits)
}

fn others<'a>(explaining: &'a [&Finding]) -> impl Iterator<Item = &'a Finding> {
    let faults = explaining.iter().copied().filter(|finding| finding.code != Code::IntegrationNotDeployed);
    faults.filter(|finding| !finding.code.is_metric())
}

/// Whether a change of this moves requests away from this hop. Another link leads to whatever load balancer it has.
fn mends(changed: &str, hop: HopKind) -> bool {
    match changed {
        "URI" => hop == HopKind::Listener,
        "target" => hop >= HopKind::LoadBalancer,
        _ => hop >= HopKind::VpcLink,
    }
}

/// Whether the hop is what was changed.
fn is_part(changed: &str, hop: HopKind) -> bool {
    match changed {
        "URI" => hop == HopKind::Listener,
        "target" => hop == HopKind::LoadBalancer || hop == HopKind::Listener,
        _ => hop == HopKind::VpcLink || hop == HopKind::EndpointService,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::causes;

    #[test]
    fn a_reading_is_fresh_for_ten_minutes() {
        let failed: Timestamp = "2026-11-22T14:03:22Z".parse().unwrap();
        let read = |text: &str| text.parse().unwrap();
        assert!(is_fresh(failed, read("2026-11-22T14:13:22Z")));
        assert!(!is_fresh(failed, read("2026-11-22T14:13:23Z")));
        assert!(is_fresh(failed, read("2026-11-22T14:03:20Z")));
        assert!(!is_fresh(failed, read("2026-11-21T14:03:22Z")));
    }

    #[track_caller]
    fn check(slug: &str, code: Code, expected: bool) {
        let cause = Cause::of_slug(slug).unwrap();
        assert_eq!(explains(cause, code), expected, "{slug} by {code:?}");
    }

    #[test]
    fn certificates_and_paths_keep_to_their_own_texts() {
        check("integration-unreachable", Code::TargetsUnhealthy, true);
        check("integration-unreachable", Code::ListenerCertificateExpired, false);
        check("tls-handshake-failed", Code::TargetsUnhealthy, false);
        check("tls-handshake-failed", Code::ListenerCertificateExpired, true);
        check("lambda-throttled", Code::VpcLinkFailed, false);
        check("vpc-link-id-invalid", Code::VpcLinkIdDangling, true);
        check("vpc-link-id-invalid", Code::ListenerMissing, false);
    }

    #[test]
    fn a_text_that_names_a_certificates_fault_takes_no_other() {
        check("certificate-expired", Code::ListenerCertificateExpired, true);
        check("certificate-expired", Code::ListenerCertificateNotYetValid, true);
        check("certificate-expired", Code::ListenerCertificateNameMismatch, false);
        check("certificate-name-mismatch", Code::ListenerCertificateNameMismatch, true);
        check("certificate-name-mismatch", Code::ListenerCertificateExpired, false);
        check("certificate-untrusted", Code::ListenerCertificateUntrusted, true);
        check("endpoint-not-tls", Code::ListenerCertificateUntrusted, false);
        check("endpoint-not-tls", Code::ListenerProtocolMismatch, true);
    }

    #[test]
    fn a_warning_explains_nothing() {
        for cause in causes::CATALOGUE {
            assert!(!explains(cause, Code::CertificateExpiresSoon), "{}", cause.slug);
        }
    }

    #[test]
    fn settings_and_counts_keep_to_their_own_texts() {
        check("target-reset", Code::IdleTimeoutMismatch, true);
        check("target-reset", Code::TargetResetsRising, true);
        check("target-reset", Code::SecurityGroupDropsRising, false);
        check("invalid-http-response", Code::ProxyProtocolEnabled, true);
        check("invalid-http-response", Code::TargetResetsRising, false);
        check("integration-unreachable", Code::SecurityGroupDropsRising, true);
        check("certificate-expired", Code::ProxyProtocolEnabled, false);
    }
}
