//! Versions of HTTP: API Gateway speaks HTTP/1.1 to every backend, so a group or listener that takes nothing else refuses it.
//!
//! Sources: <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#target-group-protocol-version>,
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html#alpn-policies>

use crate::aws::model::TargetGroup;
use crate::causes::{Blames, RouteContext};
use crate::checks::code::{Code, HopKind};
use crate::checks::finding::Finding;
use crate::path::OnPath;
use crate::text::shell_word;

pub(crate) fn check(subject: &RouteContext, on: OnPath<'_>) -> Vec<Finding> {
    let mut findings = groups(on);
    findings.extend(listener(subject, on));
    findings
}

/// An application load balancer answers 464 to a request of another version than the group's.
fn groups(on: OnPath<'_>) -> Vec<Finding> {
    if let Some(unread) = on.target_groups.unavailable() {
        return vec![Finding::unknown(Code::TargetGroupProtocolMismatch, unread)];
    }
    let called = on.called_target_groups();
    let known: Vec<&TargetGroup> = called.iter().filter_map(|arn| on.target_group(arn)).collect();
    let refuses = |group: &TargetGroup| matches!(group.version.as_deref(), Some("HTTP2" | "GRPC"));
    let all = known.len() == called.len() && known.iter().all(|group| refuses(group));
    let of_group = |group: &TargetGroup| {
        let version = match group.version.as_deref() {
            Some("GRPC") => "gRPC",
            _ => "HTTP/2",
        };
        let says = format!(
            "target group `{}` takes {version} only, and API Gateway speaks HTTP/1.1: the load balancer answers 464",
            group.name
        );
        let finding = Finding::read(Code::TargetGroupProtocolMismatch, &on.target_groups, says)
            .of(&group.arn)
            .detail("version", version);
        let finding = if all { finding } else { finding.partial() };
        let show = format!(
            "aws elbv2 describe-target-groups --target-group-arns {} --query 'TargetGroups[].ProtocolVersion' --region \
             {{region}}",
            shell_word(group.arn.as_str())
        );
        finding.remedy(
            "Create a target group of version HTTP1 and let the listener forward to it; a group's version can't be changed.",
            None,
            Some(show),
        )
    };
    known.into_iter().filter(|group| refuses(group)).map(of_group).collect()
}

/// A TLS listener that agrees on HTTP/2 alone stands before a backend that speaks it.
fn listener(subject: &RouteContext, on: OnPath<'_>) -> Option<Finding> {
    let garbled = matches!(subject.cause.blames, Blames::Protocol | Blames::Anything | Blames::Tls(None));
    let listener = on.called_listener().filter(|listener| garbled && listener.protocol == "TLS")?;
    listener.alpn.as_deref().filter(|alpn| *alpn == "HTTP2Only")?;
    let says = format!(
        "listener TLS:{} agrees on HTTP/2 only (ALPN policy HTTP2Only), and API Gateway speaks HTTP/1.1",
        listener.port
    );
    let set = format!(
        "aws elbv2 modify-listener --listener-arn {} --alpn-policy HTTP1Only --region {{region}}",
        shell_word(listener.arn.as_str())
    );
    let finding = Finding::read(Code::TargetGroupProtocolMismatch, &on.listeners, says).of(&listener.arn);
    let what = "Let the listener agree on HTTP/1.1, and the targets speak it.";
    Some(finding.at(HopKind::Listener).partial().remedy(what, Some(set), None))
}
