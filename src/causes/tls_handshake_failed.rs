//! Every other text of the Java TLS library: the handshake failed, the certificate is not proven to be at fault.

use crate::causes::commands;

use crate::causes::cause::{Blames, Cause, NextStep, Owner, Proof};
use crate::causes::recognise::{logged_reason, reason};
use crate::ids::Severity;
use crate::logs::Execution;
use crate::logs::line::strip;

pub(crate) static CAUSE: Cause = Cause {
    slug: "tls-handshake-failed",
    title: "the TLS handshake with the backend failed",
    severity: Severity::High,
    family: Blames::Tls,
    recognise,
    text: "Execution failed due to configuration error: General SSLEngine problem; Received fatal alert: …; \
           Remote host terminated the handshake; … algorithm constraints …",
    happened: "API Gateway and the backend could not agree on a TLS connection.",
    why: "General SSLEngine problem is an old umbrella: an expired, incomplete or unsupported certificate. \
          A fatal alert means that the server refused: handshake_failure (no common cipher), \
          protocol_version (no common TLS version), unrecognized_name (unknown host name), bad_certificate \
          or certificate_required (it wants a client certificate). A closed connection often means the \
          wrong port or mutual TLS. Algorithm constraints mean a weak key or hash.",
    side: Owner::Undecided,
    next_steps: &[
        NextStep {
            what: "Repeat the handshake from inside the VPC; read what version and cipher are offered.",
            command: Some(commands::HANDSHAKE),
            verify: None,
        },
        NextStep {
            what: "For a TLS listener, check that its security policy offers TLS 1.2 or later.",
            command: Some(commands::LISTENERS),
            verify: None,
        },
        NextStep {
            what: "If the server wants a client certificate, check that the stage has one it trusts.",
            command: Some(
                "aws apigateway get-stage --rest-api-id {api} --stage-name {stage} --query \
                 clientCertificateId --region {region}",
            ),
            verify: None,
        },
        NextStep {
            what: "Check the chain: complete, not expired, of a supported authority, keys and hashes not weak.",
            command: None,
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://repost.aws/knowledge-center/api-gateway-ssl-error",
        "https://repost.aws/knowledge-center/api-gateway-ssl-certificate-errors",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/getting-started-client-side-ssl-authentication.html",
    ],
};

/// What the library is known to open its messages with. The set is open; see [`WORDS`].
const OPENINGS: [&str; 10] = [
    "Certificates do not conform",
    "General SSLEngine problem",
    "Received fatal alert",
    "Received close_notify",
    "Remote host closed connection during handshake",
    "Remote host terminated the handshake",
    "SSL peer shut down incorrectly",
    "No appropriate protocol",
    "Algorithm constraints check failed",
    "PKIX",
];

/// Words that begin like these make any other logged reason one of TLS.
const WORDS: [&str; 5] = ["certificate", "close_notify", "handshake", "ssl", "tls"];

fn recognise(execution: &Execution<'_>) -> Option<Proof> {
    reason(execution, &OPENINGS).or_else(|| logged_reason(execution, names_tls))
}

fn names_tls(reason: &str) -> bool {
    let mut words = reason.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.any(|found| WORDS.iter().any(|word| strip(found, word).is_some()))
}
