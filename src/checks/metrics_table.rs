//! The metrics that are told, with their codes and what to do about each.

use crate::checks::code::Code;

/// A metric, what its rise is called, and what it counts. Meanings:
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html>
pub(crate) const METRICS: [(&str, Code, &str); 7] = [
    ("TCP_Target_Reset_Count", Code::TargetResetsRising, "connections that targets reset"),
    ("TCP_ELB_Reset_Count", Code::LoadBalancerResetsRising, "connections that the load balancer reset"),
    (
        "SecurityGroupBlockedFlowCount_Inbound_TCP",
        Code::SecurityGroupDropsRising,
        "connections that its security groups kept out",
    ),
    (
        "SecurityGroupBlockedFlowCount_Outbound_TCP",
        Code::SecurityGroupDropsRising,
        "connections to targets that its security groups kept in",
    ),
    ("PortAllocationErrorCount", Code::PortAllocationErrors, "connections that found no free port"),
    (
        "ClientTLSNegotiationErrorCount",
        Code::TlsNegotiationErrorsRising,
        "TLS handshakes with clients that failed",
    ),
    (
        "TargetTLSNegotiationErrorCount",
        Code::TlsNegotiationErrorsRising,
        "TLS handshakes with targets that failed",
    ),
];

/// What to do about a rise.
pub(crate) fn advice(code: Code) -> &'static str {
    match code {
        Code::TargetResetsRising => {
            "Find out what made targets reset connections then: a restart, a full backlog, an idle timeout shorter than \
             the load balancer's."
        }
        Code::LoadBalancerResetsRising => {
            "Look for targets that turned unhealthy then, and for connections idle longer than the load balancer's \
             timeout."
        }
        Code::SecurityGroupDropsRising => {
            "Let the load balancer's security groups pass the called port and the targets' ports."
        }
        Code::PortAllocationErrors => {
            "Register more targets: each takes some 55,000 connections of one load balancer."
        }
        _ => "Compare certificates, protocols and ciphers on both ends of the handshake.",
    }
}
