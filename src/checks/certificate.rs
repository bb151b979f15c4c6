//! The certificate that the called listener presents: names, dates and authority, as API Gateway checks them.
//!
//! `insecureSkipVerification` leaves out the authority alone:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-extensions-integration-tls-config.html>

use crate::checks::{certificate_faults, certificate_passed_through, certificate_presented};

use crate::aws::model::Listener;
use crate::aws::model::ListenerCertificate;
use crate::aws::{NotRead, ReadError, Reading};
use crate::causes::{Blames, Endpoint, RouteContext};
use crate::checks::certificate_presented::Choice;
use crate::checks::code::Code;
use crate::checks::finding::{Finding, State};
use crate::path::PrivatePath;

pub(crate) fn check(subject: &RouteContext, topology: &PrivatePath) -> Vec<Finding> {
    let private = topology.integration.value().is_some_and(|integration| integration.private);
    let Some(called) = topology.endpoint.as_ref().filter(|called| private && called.tls) else {
        return Vec::new();
    };
    let certificates_matter = matches!(subject.cause.blames, Blames::Tls(_) | Blames::Anything);
    match topology.called_listener() {
        Some(listener) if listener.ends_tls() => ended(subject, topology, listener, called),
        Some(listener) if listener.protocol.starts_with("TCP") && certificates_matter => {
            vec![certificate_passed_through::finding(topology, listener)]
        }
        None if certificates_matter && topology.listeners.unavailable().is_some() => {
            let why = "which listener is called is not known";
            vec![not_looked("the listener's certificate", ReadError::NotAsked(why.to_owned()))]
        }
        _ => Vec::new(),
    }
}

/// TLS ends at the listener: AWS knows the certificate.
fn ended(
    subject: &RouteContext,
    topology: &PrivatePath,
    listener: &Listener,
    called: &Endpoint,
) -> Vec<Finding> {
    let details = &topology.details;
    let listed = match &details.listener_certificates {
        Reading::Known { value, .. } => value,
        // The listener went away between two readings; the listener's own check will say so next time.
        Reading::Absent { .. } => return Vec::new(),
        Reading::NotRead(unavailable) => {
            let unknown = Finding::unknown(Code::ListenerCertificateNameMismatch, unavailable);
            return vec![unknown.of(&listener.arn)];
        }
    };
    let mut findings = chosen(subject, topology, listener, called, listed);
    // Another certificate of the list, of which something could not be read, is none of those that were judged.
    let halves = details
        .certificates
        .values()
        .flat_map(|one| [one.acm.as_ref().and_then(Reading::unavailable), one.chain.unavailable()]);
    for unavailable in halves.flatten().filter(|half| half.why != ReadError::NotRecorded) {
        if findings.iter().all(|known| known.state != State::Unknown || known.action != unavailable.action) {
            let unknown = Finding::unknown(Code::ListenerCertificateNameMismatch, unavailable);
            findings.push(unknown.of(&listener.arn));
        }
    }
    findings
}

/// What is said of the certificate that the host is shown.
fn chosen(
    subject: &RouteContext,
    topology: &PrivatePath,
    listener: &Listener,
    called: &Endpoint,
    listed: &[ListenerCertificate],
) -> Vec<Finding> {
    match certificate_presented::choose(&topology.details, listed, &called.host) {
        Choice::One(presented) => {
            let several = presented.len() > 1;
            let of_one = |one| certificate_faults::weigh(subject, topology, listener, called, &one);
            let findings: Vec<Finding> = presented.into_iter().flat_map(of_one).collect();
            // Which of several is presented is the load balancer's choice.
            findings.into_iter().map(|finding| if several { finding.partial() } else { finding }).collect()
        }
        Choice::Unknown(Some(unavailable)) => {
            let unknown = Finding::unknown(Code::ListenerCertificateNameMismatch, unavailable);
            vec![unknown.of(&listener.arn)]
        }
        Choice::Unknown(None) => {
            let why = "the listener has more certificates than are read, or one of them is gone";
            vec![
                not_looked("the listener's certificate", ReadError::NotAsked(why.to_owned()))
                    .of(&listener.arn),
            ]
        }
    }
}

/// The finding of a check that had no certificate to look at.
pub(crate) fn not_looked(what: &str, why: ReadError) -> Finding {
    let action = "elasticloadbalancing:DescribeListenerCertificates";
    let unavailable = NotRead { what: what.to_owned(), action, why };
    Finding::unknown(Code::ListenerCertificateNameMismatch, &unavailable)
}
