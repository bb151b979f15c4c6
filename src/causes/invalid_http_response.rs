//! `Not a valid protocol version: …` and the other parse failures of the HTTP library.

use crate::causes::commands;

use crate::causes::cause::{Blames, Cause, NextStep, Owner};
use crate::causes::recognise::reason;
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "invalid-http-response",
    title: "the backend answered with something that is not valid HTTP",
    severity: Severity::High,
    family: Blames::Protocol,
    recognise: |execution| {
        reason(
            execution,
            &[
                "Not a valid protocol version",
                "Invalid header:",
                "Invalid status line",
                "Status line contains invalid status code",
                "Unable to parse status code from status line",
                "Maximum line length limit exceeded",
                "Maximum header count exceeded",
                "Premature end of",
                "Truncated chunk",
                "Bad chunk header",
                "CRLF expected at end of chunk",
                "Unexpected content at the end of chunk",
                "Chunked stream ended",
                "Invalid content length",
                "Unsupported transfer encoding",
            ],
        )
    },
    text: "Execution failed due to configuration error: Not a valid protocol version: …",
    happened: "API Gateway received bytes from the backend and could not read them as an HTTP response.",
    why: "Something other than an HTTP server answered: TLS answered a plain request, bytes were encrypted \
          twice, the port is that of another protocol, or a header of proxy protocol got between. Or the \
          server itself sends a broken status line, header or body.",
    side: Owner::Backend,
    next_steps: &[
        NextStep {
            what: "Repeat the request the way API Gateway sends it: from a VPC endpoint to the same \
                   endpoint service, or with curl from inside the VPC. Capture packets to see the first \
                   bytes of the answer.",
            command: Some("curl -v --http1.1 http://{host}:{port}{path}"),
            verify: None,
        },
        NextStep {
            what: "Compare the scheme of the integration URI with listener and target group. Use a TLS or a \
                   TCP listener, whichever avoids encrypting twice.",
            command: Some(commands::LISTENERS),
            verify: None,
        },
        NextStep {
            what: "Check whether the target group sends proxy protocol v2 to a server that does not expect \
                   it.",
            command: Some(
                "aws elbv2 describe-target-group-attributes --target-group-arn {target_group} \
                 --region {region}",
            ),
            verify: None,
        },
        NextStep {
            what: "Where the backend's certificate is private, set tlsConfig.insecureSkipVerification to \
                   true on the integration, and deploy.",
            command: Some(commands::INTEGRATION),
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://repost.aws/knowledge-center/api-gateway-500-error-vpc",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html",
    ],
};
