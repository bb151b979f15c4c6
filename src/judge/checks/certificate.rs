//! The certificate that the called listener presents: names, dates and authority, as API Gateway checks them.
//!
//! `insecureSkipVerification` leaves out the authority alone:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-extensions-integration-tls-config.html>

mod faults;
mod names;
mod presented;
mod said;
mod trust;

use crate::classify::{Diagnosis, Endpoint, Family};
use crate::judge::{Code, Finding, State};
use crate::survey::nouns::Listener;
use crate::survey::{Reading, Topology, Unavailable, Why};
use presented::Choice;

pub(super) fn check(diagnosis: &Diagnosis, topology: &Topology) -> Vec<Finding> {
    let private = topology.integration.value().is_some_and(|integration| integration.private);
    let Some(called) = topology.endpoint.as_ref().filter(|called| private && called.tls) else {
        return Vec::new();
    };
    let certificates_matter = matches!(diagnosis.cause.family, Family::Tls | Family::Any);
    match topology.called_listener() {
        Some(listener) if listener.ends_tls() => ended(diagnosis, topology, listener, called),
        Some(listener) if listener.protocol.starts_with("TCP") && certificates_matter => {
            vec![passed_through(topology, listener)]
        }
        None if certificates_matter && topology.listeners.unavailable().is_some() => {
            let why = "which listener is called is not known";
            vec![not_looked("the listener's certificate", Why::NotAsked(why.to_owned()))]
        }
        _ => Vec::new(),
    }
}

/// TLS ends at the listener: AWS knows the certificate.
fn ended(diagnosis: &Diagnosis, topology: &Topology, listener: &Listener, called: &Endpoint) -> Vec<Finding> {
    let details = &topology.details;
    let listed = match &details.listener_certificates {
        Reading::Known { value, .. } => value,
        // The listener went away between two readings; the listener's own check will say so next time.
        Reading::Absent { .. } => return Vec::new(),
        Reading::Unavailable(unavailable) => {
            let unknown = Finding::unknown(Code::ListenerCertificateNameMismatch, unavailable);
            return vec![unknown.of(&listener.arn)];
        }
    };
    match presented::choose(details, listed, &called.host) {
        Choice::One(presented) => {
            let several = presented.len() > 1;
            let of_one = |one| faults::weigh(diagnosis, topology, listener, called, &one);
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
            vec![not_looked("the listener's certificate", Why::NotAsked(why.to_owned())).of(&listener.arn)]
        }
    }
}

fn not_looked(what: &str, why: Why) -> Finding {
    let action = "elasticloadbalancing:DescribeListenerCertificates";
    let unavailable = Unavailable { what: what.to_owned(), action, why };
    Finding::unknown(Code::ListenerCertificateNameMismatch, &unavailable)
}

/// TLS passes through to the target: no call of AWS shows that certificate, so no permission would help.
fn passed_through(topology: &Topology, listener: &Listener) -> Finding {
    let groups = topology.called_target_groups();
    let balanced =
        groups.iter().filter_map(|arn| topology.target_group(arn)).any(|group| group.kind == "alb");
    let (who, why) = match balanced {
        true => (
            "application load balancer behind the listener",
            "TLS passes through the listener to an application load balancer, whose certificate is not read",
        ),
        false => (
            "target",
            "TLS passes through the listener to the target, and no AWS API shows a target's certificate",
        ),
    };
    let says = format!(
        "listener {}:{} passes TLS through: the certificate is the {who}'s own",
        listener.protocol, listener.port
    );
    Finding {
        state: State::Unknown,
        action: "",
        why: Some(Why::NotAsked(why.to_owned())),
        ..not_looked("", Why::NotRecorded)
    }
    .saying(says)
    .of(&listener.arn)
    .remedy(
        "From a machine in the VPC, read the names, dates and issuer of the certificate that the target presents.",
        Some(
            "openssl s_client -connect {host}:{port} -servername {host} -showcerts </dev/null | openssl x509 -noout \
             -subject -issuer -dates -ext subjectAltName"
                .to_owned(),
        ),
        None,
    )
}
