//! `Cannot verify ECDH ServerKeyExchange signature`: the key does not belong to the certificate.

use crate::causes::commands;

use crate::causes::cause::{Blames, Cause, CertificateFault, MaskedBy, NextStep, Owner, Symptoms};
use crate::causes::recognise::reason;
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "certificate-key-mismatch",
    title: "the backend's private key does not belong to its certificate",
    severity: Severity::Critical,
    status: Some(500),
    blames: Blames::Tls(Some(CertificateFault::Key)),
    clue: suggests,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise: |execution| {
        reason(
            execution,
            &[
                "Cannot verify ECDH ServerKeyExchange signature",
                "Invalid ECDH ServerKeyExchange signature",
                "Invalid signature on ECDH ServerKeyExchange",
                "Cannot verify DH ServerKeyExchange signature",
                "Invalid DH ServerKeyExchange signature",
                "Invalid signature on DH ServerKeyExchange",
                // TLS 1.3.
                "Cannot verify CertificateVerify signature",
                "Invalid CertificateVerify signature",
                "Invalid CertificateVerify message: invalid signature",
                // What lies beneath, where a key of another length signed.
                "Signature length not correct",
            ],
        )
    },
    text: "Execution failed due to configuration error: Cannot verify ECDH ServerKeyExchange signature",
    happened: "The server signed its part of the key exchange, and the signature does not fit the \
               certificate it sent.",
    why: "The server's private key and its certificate are of different pairs: one of the two files was \
          replaced without the other, or files of two servers were mixed up. A certificate on a curve that \
          API Gateway does not support (secp256k1, brainpool) can read the same with the right key.",
    owner: Owner::Backend,
    next_steps: &[
        NextStep {
            what: "Compare the public keys on the server that ends TLS. Both commands must print the same; \
                   if not, install the pair that belongs together.",
            command: Some(
                "openssl x509 -in CERTIFICATE.pem -noout -pubkey | sha256sum && openssl pkey -in \
                 KEY.pem -pubout | sha256sum",
            ),
            verify: None,
        },
        NextStep {
            what: "Check that the files for authority, certificate and key in the server's configuration \
                   are the ones you mean, then restart it.",
            command: None,
            verify: Some(commands::STILL_FAILING),
        },
        NextStep {
            what: "Find out which machines still serve the old pair: look at every target, not at one.",
            command: Some(commands::TARGET_HEALTH),
            verify: None,
        },
    ],
    references: &["https://repost.aws/knowledge-center/api-gateway-500-error-vpc"],
};

fn suggests(seen: &Symptoms<'_>) -> Option<String> {
    seen.line.to_ascii_lowercase().contains("cannot verify ecdh").then(|| {
        "the key may be the right one on a curve that is not supported (secp256k1, brainpool); `openssl x509 -noout -text` \
         names the curve"
            .to_owned()
    })
}
