//! `PKIX path building failed …`: no way from the certificate to a root that API Gateway trusts.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, CertificateFault, MaskedBy, NextStep, Owner};
use crate::causes::recognise::reason;
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "certificate-untrusted",
    title: "API Gateway does not trust the backend's certificate",
    severity: Severity::Critical,
    status: Some(500),
    blames: Blames::Tls(Some(CertificateFault::Authority)),
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise: |execution| {
        reason(
            execution,
            &[
                "PKIX path building failed",
                "unable to find valid certification path",
                "No trusted certificate found",
                "Path does not chain with any of the trust anchors",
                "PKIX path validation failed: java.security.cert.CertPathValidatorException: Path does not chain",
            ],
        )
    },
    text: "Execution failed due to configuration error: PKIX path building failed: \
           sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification \
           path to requested target",
    happened: "API Gateway could not build a chain from the backend's certificate to a root it knows, so it \
               ended the handshake.",
    why: "The certificate is self-signed, comes from a private authority or from one that API Gateway does \
          not list, or the server sends it without its intermediate certificates. All of these give the \
          same text.",
    owner: Owner::Backend,
    next_steps: &[
        NextStep {
            what: "Look at the chain that the endpoint sends. If an intermediate certificate is missing, \
                   install the whole chain.",
            command: Some(commands::HANDSHAKE),
            verify: None,
        },
        NextStep {
            what: "Use a certificate of a public authority that API Gateway supports: for a load balancer, \
                   one issued by ACM.",
            command: Some("aws acm list-certificates --region {region}"),
            verify: Some(commands::STILL_FAILING),
        },
        NextStep {
            what: "For a private authority, set tlsConfig.insecureSkipVerification on the integration and \
                   deploy. Expiry, host name and the presence of a root authority are checked even then, \
                   so the chain must be sent whole.",
            command: Some(
                "aws apigateway update-integration --rest-api-id {api} --resource-id \
                 {resource_id} --http-method {method} --patch-operations \
                 op=replace,path=/tlsConfig/insecureSkipVerification,value=true --region {region}",
            ),
            verify: Some(commands::INTEGRATION),
        },
    ],
    references: &[
        "https://repost.aws/knowledge-center/api-gateway-ssl-certificate-errors",
        "https://repost.aws/knowledge-center/api-gateway-500-error-vpc",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-supported-certificate-authorities-for-http-endpoints.html",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-extensions-integration-tls-config.html",
    ],
};
