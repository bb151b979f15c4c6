//! `Not a valid protocol version: …` and the other parse failures of the HTTP library.

use crate::causes::commands;

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner, Symptoms};
use crate::causes::recognise::reason;
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "invalid-http-response",
    title: "the backend answered with something that is not valid HTTP",
    severity: Severity::High,
    status: Some(500),
    blames: Blames::Protocol,
    clue: suggests,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise: |execution| {
        reason(
            execution,
            &[
                "Not a valid protocol version",
                "Invalid protocol version number",
                "Invalid protocol major version number",
                "Invalid protocol minor version number",
                "Unexpected response:",
                "Invalid response:",
                "Invalid header:",
                "Invalid status line",
                "Status line contains invalid status code",
                "Unable to parse status code from status line",
                "Maximum line length limit exceeded",
                "Maximum header count exceeded",
                "Premature end of",
                "Truncated chunk",
                "Bad chunk header",
                "Negative chunk size",
                "newLimit < 0",
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
    owner: Owner::Backend,
    next_steps: &[
        NextStep {
            what: "Repeat the request the way API Gateway sends it: from a VPC endpoint to the same \
                   endpoint service, or with curl from inside the VPC. Capture packets to see the first \
                   bytes of the answer.",
            command: Some("curl -vk --http1.1 {scheme}://{host}:{port}/"),
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

/// What the quoted bytes are, where they can be told.
fn suggests(seen: &Symptoms<'_>) -> Option<String> {
    let line = seen.line.to_ascii_lowercase();
    let quoted = line.split_once("protocol version:").map(|(_, quoted)| quoted.trim());
    let says = if line.contains("unexpected response:") {
        "the backend answered with an interim status (1xx) that API Gateway refuses: switch early hints or processing \
         notices off"
    } else if line.contains("maximum line length") || line.contains("maximum header count") {
        "a header of the response is too long, or there are too many of them; the protocol itself is right"
    } else if line.contains("newlimit < 0") || line.contains("chunk") {
        "the length of a chunk in the body is wrong; the head of the response was read"
    } else if line.contains("premature end") {
        "the backend closed the connection before the body was as long as its Content-Length says"
    } else if line.contains("version number: http/")
        || quoted.is_some_and(|quoted| quoted.starts_with("http/2"))
    {
        "the status line names another version than HTTP/1.0 or HTTP/1.1; API Gateway speaks HTTP/1.1 only"
    } else {
        of_bytes(quoted?)?
    };
    Some(says.to_owned())
}

/// What answered, by its first bytes. HttpCore writes the place of a control character, not the character.
fn of_bytes(quoted: &str) -> Option<&'static str> {
    let places = quoted.matches("[0x").count();
    if quoted.is_empty() {
        Some(
            "nothing stands where the status line should: an empty line, or a header of proxy protocol v2, came before \
             the response",
        )
    } else if quoted.starts_with("[0x1e][0x1f][0x20][0x21][0x22][0x23]") && places == 6 {
        Some(
            "the bytes are a TLS alert: this port speaks TLS and was called with http; use https in the integration URI",
        )
    } else if quoted.starts_with("ssh-") {
        Some("an SSH server answered: the port is the wrong one")
    } else if quoted.starts_with("proxy ") {
        Some("a header of proxy protocol v1 came before the response")
    } else if places > 0 {
        Some("the bytes are binary: TLS, HTTP/2 frames or another protocol answered on this port")
    } else {
        None
    }
}
