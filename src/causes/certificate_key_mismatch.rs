//! `Cannot verify ECDH ServerKeyExchange signature`: the key does not belong to the certificate.

use crate::causes::commands;

use crate::causes::cause::{Blames, Cause, NextStep, Owner};
use crate::causes::recognise::reason;
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "certificate-key-mismatch",
    title: "the backend's private key does not belong to its certificate",
    severity: Severity::Critical,
    family: Blames::Tls,
    recognise: |execution| {
        reason(
            execution,
            &[
                "Cannot verify ECDH ServerKeyExchange signature",
                "Invalid ECDH ServerKeyExchange signature",
                "Cannot verify DH ServerKeyExchange signature",
                "Invalid DH ServerKeyExchange signature",
                "Invalid CertificateVerify signature",
            ],
        )
    },
    text: "Execution failed due to configuration error: Cannot verify ECDH ServerKeyExchange signature",
    happened: "The server signed its part of the key exchange, and the signature does not fit the \
               certificate it sent.",
    why: "The server's private key and its certificate are of different pairs: one of the two files was \
          replaced without the other, or files of two servers were mixed up.",
    side: Owner::Backend,
    next_steps: &[
        NextStep {
            what: "Compare the public keys on the server that ends TLS. Both commands must print the same; \
                   if not, install the pair that belongs together.",
            command: Some(
                "openssl x509 -in CERTIFICATE.pem -noout -pubkey | sha256sum; openssl pkey -in \
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
