//! `… validity check failed`, `NotAfter: …`: the certificate is out of its dates.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, CertificateFault, MaskedBy, NextStep, Owner, Proof};
use crate::causes::recognise::{configuration_error, reason};
use crate::ids::Severity;
use crate::logs::Execution;
use crate::logs::line::strip;

pub(crate) static CAUSE: Cause = Cause {
    slug: "certificate-expired",
    title: "the backend's certificate has expired or is not valid yet",
    severity: Severity::Critical,
    status: Some(500),
    blames: Blames::Tls(Some(CertificateFault::Dates)),
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise,
    text: "Execution failed due to configuration error: PKIX path validation failed: \
           java.security.cert.CertPathValidatorException: validity check failed",
    happened: "API Gateway checked the dates of the backend's certificate chain and ended the handshake.",
    why: "The certificate, or one above it in the chain, has expired or is not valid yet. An expired \
          intermediate certificate that the server still sends does it too. Setting \
          insecureSkipVerification does not switch this check off.",
    owner: Owner::Backend,
    next_steps: &[
        NextStep {
            what: "Read the dates of every certificate in the chain.",
            command: Some(commands::CHAIN_DATES),
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

/// The JDK's words for a certificate out of its dates, in lower case.
const DATES: [&str; 4] = ["validity check failed", "timestamp check failed", "notafter:", "notbefore:"];

fn recognise(execution: &Execution<'_>) -> Option<Proof> {
    reason(execution, &DATES).or_else(|| {
        // Behind the opening, class names stand on both sides of it: the words come late.
        configuration_error(execution, |reason| {
            let path = path_error(reason).filter(|(head, _)| is_framing(&head.to_ascii_lowercase()));
            let tail = path.map(|(_, tail)| tail.to_ascii_lowercase());
            tail.is_some_and(|tail| DATES.iter().any(|words| tail.contains(words)))
        })
    })
}

/// What stands before and behind the words of an error of the certificates' path, in any letter case.
fn path_error(reason: &str) -> Option<(&str, &str)> {
    let mut places = memchr::memchr2_iter(b'p', b'P', reason.as_bytes());
    places.find_map(|place| Some((&reason[..place], strip(&reason[place..], "PKIX path ")?)))
}

fn is_framing(head: &str) -> bool {
    head.is_empty() || head.ends_with("exception: ") || head.ends_with(") ")
}
