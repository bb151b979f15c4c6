//! `Host name '…' does not match the certificate subject …`, and the JDK's own name checks.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, CertificateFault, MaskedBy, NextStep, Owner};
use crate::causes::recognise::reason;
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "certificate-name-mismatch",
    title: "the backend's certificate is for another name",
    severity: Severity::Critical,
    status: Some(500),
    blames: Blames::Tls(Some(CertificateFault::Name)),
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise: |execution| {
        reason(
            execution,
            &[
                "Host name '",
                "Host name does not match",
                "No subject alternative",
                "No name matching",
                "Certificate for <",
                "Hostname in certificate",
                "Certificate subject for",
            ],
        )
    },
    text: "Execution failed due to configuration error: Host name '…' does not match the certificate \
           subject provided by the peer (CN=…)",
    happened: "The TLS endpoint answered with a certificate that does not cover the host name in the \
               integration URI, so API Gateway hung up.",
    why: "In a private integration the URI does not route: it only sets the Host header and the name that \
          is checked. Often the URI still has the DNS name of the load balancer, while listener or target \
          present a certificate for a domain of yours. Or the listener has several certificates and the \
          default one was served.",
    owner: Owner::Api,
    next_steps: &[
        NextStep {
            what: "Read the certificate's subject alternative names. Where it has any, only they count: the \
                   subject at the end of the log line may be the very host and still not match.",
            command: Some(commands::CERTIFICATE_NAMES),
            verify: None,
        },
        NextStep {
            what: "Put a name that the certificate covers into the integration URI, then deploy the API. \
                   The URI's host decides the check, not the route.",
            command: Some(commands::INTEGRATION),
            verify: Some(commands::STILL_FAILING),
        },
        NextStep {
            what: "Or give the TLS listener (or the target, where TLS is passed through) a certificate that \
                   covers the host name {host}.",
            command: Some(
                "aws elbv2 describe-listener-certificates --listener-arn {listener} --region \
                 {region}",
            ),
            verify: Some(commands::STILL_FAILING),
        },
        NextStep {
            what: "Do not expect insecureSkipVerification to help: the host name is checked even then.",
            command: None,
            verify: None,
        },
    ],
    references: &[
        "https://repost.aws/knowledge-center/api-gateway-500-error-vpc",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-private-integration.html",
        "https://repost.aws/knowledge-center/api-gateway-ssl-certificate-errors",
    ],
};
