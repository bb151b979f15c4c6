//! `… validity check failed`, `NotAfter: …`: the certificate is out of its dates.

use super::recognise::{configuration_error, reason};
use super::{Cause, Family, NextStep, Side, Sighting, commands};
use crate::correlate::Execution;
use crate::vocabulary::Severity;

pub(super) static CAUSE: Cause = Cause {
    slug: "certificate-expired",
    title: "the backend's certificate has expired or is not valid yet",
    severity: Severity::Critical,
    family: Family::Tls,
    recognise,
    text: "Execution failed due to configuration error: PKIX path validation failed: \
           java.security.cert.CertPathValidatorException: validity check failed",
    happened: "API Gateway checked the dates of the backend's certificate chain and ended the handshake.",
    why: "The certificate, or one above it in the chain, has expired or is not valid yet. An expired \
          intermediate certificate that the server still sends does it too. Setting \
          insecureSkipVerification does not switch this check off.",
    side: Side::Backend,
    next_steps: &[
        NextStep {
            what: "Read the dates of every certificate in the chain.",
            command: Some(
                "openssl s_client -connect {host}:{port} -servername {host} </dev/null | openssl \
                 x509 -noout -dates -subject",
            ),
            verify: None,
        },
        NextStep {
            what: "For a TLS listener: see which certificate it has, and whether ACM could renew it.",
            command: Some(
                "aws elbv2 describe-listener-certificates --listener-arn {listener} --region \
                 {region}",
            ),
            verify: None,
        },
        NextStep {
            what: "Renew or replace the certificate. Where the target ends TLS itself, restart its server \
                   so that it loads the new one.",
            command: None,
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://repost.aws/knowledge-center/api-gateway-ssl-certificate-errors",
        "https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html",
    ],
};

fn recognise(execution: &Execution<'_>) -> Option<Sighting> {
    reason(execution, &["validity check failed", "timestamp check failed", "NotAfter:", "NotBefore:"])
        .or_else(|| configuration_error(execution, |reason| tail_of_path(reason).is_some_and(says_dates)))
}

/// What follows the JDK's opening; class names may stand before and after it, so the words come late.
fn tail_of_path(reason: &str) -> Option<&str> {
    let (head, tail) = reason.split_once("PKIX path ")?;
    (head.is_empty() || head.ends_with("Exception: ")).then_some(tail)
}

fn says_dates(tail: &str) -> bool {
    ["validity check failed", "timestamp check failed", "NotAfter:", "NotBefore:"]
        .iter()
        .any(|s| tail.contains(s))
}
