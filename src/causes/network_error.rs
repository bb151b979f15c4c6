//! `Execution failed due to a network error communicating with endpoint`, with or without a reason.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner, Proof, Symptoms};
use crate::causes::recognise::{alone, bare_message, logged_reason, opening, opens};
use crate::ids::Severity;
use crate::logs::Execution;

pub(crate) static CAUSE: Cause = Cause {
    slug: "network-error",
    title: "the connection to the backend broke",
    severity: Severity::High,
    status: Some(504),
    blames: Blames::Path,
    clue: suggests,
    masked_by: MaskedBy::Nothing,
    names_reset: true,
    recognise,
    text: "Execution failed due to a network error communicating with endpoint: Connection reset by peer",
    happened: "API Gateway had a connection to the backend, or tried to open one, and it broke before a \
               response was complete.",
    why: "The peer reset or closed the connection: an idle connection was closed just as it was used again, \
          a server restarted, a firewall cut in. Behind a load balancer: an enabled zone without a healthy \
          target while cross-zone load balancing is off, or a security group that does not admit the \
          addresses of the load balancer. Plain HTTP sent to a port that wants TLS can end this way too. Over \
          https, a handshake that the server broke off reads the same: it wants a client certificate or a \
          header of proxy protocol.",
    owner: Owner::Undecided,
    next_steps: &[
        NextStep {
            what: "Check that every enabled zone of the load balancer has a healthy target, or switch \
                   cross-zone load balancing on.",
            command: Some(commands::TARGET_HEALTH),
            verify: Some(commands::TARGET_HEALTH),
        },
        NextStep {
            what: "Check that the security groups of the targets admit the private addresses of the load \
                   balancer on the target port.",
            command: Some(
                "aws elbv2 describe-load-balancers --load-balancer-arns {load_balancer} --region \
                 {region}",
            ),
            verify: None,
        },
        NextStep {
            what: "Make the server's keep-alive timeout longer than the load balancer's idle timeout, and \
                   see that it answers within the integration timeout.",
            command: Some(
                "aws elbv2 describe-listener-attributes --listener-arn {listener} --region \
                 {region}",
            ),
            verify: None,
        },
        NextStep {
            what: "Compare the failures with the resets sent by targets (metric TCP_Target_Reset_Count) and \
                   with the flow logs of the subnets.",
            command: Some(
                "aws cloudwatch list-metrics --namespace AWS/NetworkELB --metric-name \
                 TCP_Target_Reset_Count --region {region}",
            ),
            verify: None,
        },
        NextStep {
            what: "If it is rare, let clients retry requests that are safe to repeat, with back-off.",
            command: None,
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &["https://repost.aws/knowledge-center/api-gateway-network-endpoint-error"],
};

/// What the JVM says of a connection, where API Gateway takes it for a configuration error.
const OF_CONNECTIONS: [&str; 7] = [
    "Connection is closed",
    "Connection reset",
    "Connection refused",
    "No route to host",
    "Network is unreachable",
    "Timeout connecting to",
    "Broken pipe",
];

/// What plain HttpCore says of a server that closed the connection in place of an answer: `host:port failed to respond`.
fn is_unanswered(message: &str) -> bool {
    let host = message.trim_end_matches('.').strip_suffix(" failed to respond");
    host.is_some_and(|host| host == "The target server" || !host.contains(char::is_whitespace))
}

fn recognise(execution: &Execution<'_>) -> Option<Proof> {
    let openings = [
        "Execution failed due to a network error communicating with endpoint",
        // The client's body, as people paste it.
        "Network error communicating with endpoint",
    ];
    let is_of_connections = |reason: &str| {
        let message = bare_message(reason.trim());
        OF_CONNECTIONS.iter().any(|words| opens(message, words).is_some()) || is_unanswered(message)
    };
    opening(execution, &openings).or_else(|| logged_reason(execution, is_of_connections)).or_else(|| {
        alone(execution, &["Connection reset by peer", "Connection reset", "Connection is closed"])
    })
}

fn suggests(seen: &Symptoms<'_>) -> Option<String> {
    const CLOSED: &str = "over https this may be a failed handshake: client certificate, PROXY protocol or TLS version. Repeat \
                          it with openssl";
    let closed = seen.https && seen.line.to_ascii_lowercase().contains("connection is closed");
    let clues: Vec<String> =
        clue::broken(seen).into_iter().chain(closed.then(|| CLOSED.to_owned())).collect();
    (!clues.is_empty()).then(|| clues.join("; "))
}
