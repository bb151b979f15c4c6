//! Every other text of the Java TLS library: the handshake failed, the certificate is not proven to be at fault.

use crate::causes::commands;

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner, Proof, Symptoms};
use crate::causes::recognise::{logged_reason, reason};
use crate::ids::Severity;
use crate::logs::Execution;
use crate::logs::line::strip;

pub(crate) static CAUSE: Cause = Cause {
    slug: "tls-handshake-failed",
    title: "the TLS handshake with the backend failed",
    severity: Severity::High,
    status: Some(500),
    blames: Blames::Tls(None),
    clue: suggests,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise,
    text: "Execution failed due to configuration error: General SSLEngine problem; Received fatal alert: …; \
           Remote host terminated the handshake; … algorithm constraints …",
    happened: "API Gateway and the backend could not agree on a TLS connection.",
    why: "General SSLEngine problem is an old umbrella: an expired, incomplete or unsupported certificate. \
          A fatal alert means that the server refused: handshake_failure (no common cipher), \
          protocol_version (no common TLS version), unrecognized_name (unknown host name), bad_certificate \
          or certificate_required (it wants a client certificate). A closed connection often means the \
          wrong port or mutual TLS. Algorithm constraints mean a weak key or hash.",
    owner: Owner::Undecided,
    next_steps: &[
        NextStep {
            what: "Repeat the handshake from inside the VPC; read what version and cipher are offered.",
            command: Some(commands::HANDSHAKE_HELD),
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
const OPENINGS: [&str; 28] = [
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
    "DH ServerKeyExchange does not comply",
    "ECDH ServerKeyExchange does not comply",
    "KeyUsage does not allow",
    "Extended key usage does not permit",
    "Empty server certificate chain",
    "Failed to parse server certificates",
    "Received handshake warning",
    "The certificate chain length",
    "The size of the handshake message",
    "The server selected protocol version",
    "Server chose",
    "Unknown alert description",
    "Unsupported curve",
    "Curve not supported",
    "Insufficient buffer remaining for AEAD cipher fragment",
    "Tag mismatch",
    "Unexpected handshake message",
    "No negotiable cipher suite",
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

/// What each kind of text points at, the more specific first. Words are looked for in lower case.
const KINDS: [(&[&str], &str); 11] = [
    (
        &["certificate_required", "bad_certificate"],
        "the server demands a client certificate: give the stage one that the server trusts",
    ),
    (
        &["unknown_ca", "certificate_unknown", "access_denied"],
        "the server refused the client certificate of the stage: install its issuer in the server's trust store",
    ),
    (
        &["unrecognized_name"],
        "the server knows no site of this name: the host in the integration URI must be one that it serves",
    ),
    (
        &["protocol_version", "selected protocol version", "no appropriate protocol"],
        "the two share no TLS version: enable TLS 1.2 or 1.3 on the server",
    ),
    (
        &["bad_record_mac", "decrypt_error"],
        "the server could not decrypt what it was sent: its private key may not belong to its certificate",
    ),
    (
        &["key usage", "keyusage"],
        "the certificate is not made for TLS servers: issue one whose key usage allows digital signatures and serverAuth",
    ),
    (
        &[
            "chain length",
            "size of the handshake message",
            "empty server certificate",
            "failed to parse server",
        ],
        "the chain that the server sends is too long, empty or unreadable: install the leaf and its intermediates only",
    ),
    (
        &["basic constraints", "keycertsign", "pathlenconstraint", "name constraints", "critical extension"],
        "a certificate above the server's may not issue it: replace the intermediate certificate",
    ),
    (
        &["signature check failed"],
        "an issuer has the right name and another key: install the intermediate certificate that signed the server's",
    ),
    (
        &["constraints", "comply", "conform"],
        "a key, group or hash is too weak: use RSA 2048 or P-256 with SHA-256, and Diffie-Hellman groups of 2048 bits",
    ),
    (
        &["handshake_failure", "insufficient_security", "cipher suite"],
        "the two share no cipher suite, or the server demands a client certificate",
    ),
];

fn suggests(seen: &Symptoms<'_>) -> Option<String> {
    let line = seen.line.to_ascii_lowercase();
    // Since JDK 25 the alert stands in brackets before the text, which says more.
    let text = line.split_once(") ").map_or(&*line, |(_, text)| text);
    let kind = |text: &str| KINDS.iter().find(|(words, _)| words.iter().any(|words| text.contains(words)));
    kind(text).or_else(|| kind(&line)).map(|(_, says)| (*says).to_owned())
}
