//! `Unsupported or unrecognized SSL message`: TLS was spoken to a port that does not speak it.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, CertificateFault, MaskedBy, NextStep, Owner};
use crate::causes::recognise::reason;
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "endpoint-not-tls",
    title: "API Gateway spoke TLS to a port that speaks plain text",
    severity: Severity::Critical,
    status: Some(500),
    blames: Blames::Tls(Some(CertificateFault::NonePresented)),
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise: |execution| {
        reason(
            execution,
            &[
                "Unsupported or unrecognized SSL message",
                "Unrecognized SSL message",
                "plaintext connection?",
                "not an SSL/TLS record",
            ],
        )
    },
    text: "Execution failed due to configuration error: Unsupported or unrecognized SSL message",
    happened: "API Gateway began a TLS handshake, and what came back was not TLS.",
    why: "The integration URI says https, but listener or target on that port speak plain HTTP; or a \
          listener ends TLS and the integration points at another port.",
    owner: Owner::Api,
    next_steps: &[
        NextStep {
            what: "Compare the URI's scheme and port with the listener's protocol on that port.",
            command: Some(commands::LISTENERS),
            verify: None,
        },
        NextStep {
            what: "Where a TCP listener passes bytes through, the target itself must speak TLS on its port.",
            command: Some(
                "aws elbv2 describe-target-groups --target-group-arns {target_group} --region \
                 {region}",
            ),
            verify: None,
        },
        NextStep {
            what: "Use http:// in the integration URI, or put TLS on listener or target. Deploy the API \
                   after changing the URI.",
            command: Some(commands::INTEGRATION),
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://repost.aws/knowledge-center/api-gateway-500-error-vpc",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html",
    ],
};
