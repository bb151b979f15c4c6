//! Settings of listener and target groups that break some connections: idle timeout and proxy protocol.
//!
//! Neither is a fault by itself, so each is said only beside a text that it can explain, and never more than likely.

use crate::aws::Reading;
use crate::aws::model::Attributes;
use crate::aws::model::Listener;
use crate::causes::{Blames, RouteContext};
use crate::checks::code::{Code, HopKind};
use crate::checks::finding::Finding;
use crate::ids::Arn;
use crate::path::OnPath;
use crate::text::shell_word;

const IDLE_TIMEOUT: &str = "tcp.idle_timeout.seconds";
/// Of an application load balancer: after how many silent seconds it gives up on a target, with a 504.
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#http-504-issues>
const BALANCER_IDLE_TIMEOUT: &str = "idle_timeout.timeout_seconds";
const PROXY_PROTOCOL: &str = "proxy_protocol_v2.enabled";

/// Seconds for which API Gateway keeps an idle connection: a listener that forgets it sooner resets the next request.
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
const KEPT_BY_API_GATEWAY: u32 = 310;

/// The default, and what TLS listeners always have. A target's connection tracking forgets an idle connection then too.
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/update-idle-timeout.html>
const DEFAULT: u32 = 350;

pub(crate) fn check(subject: &RouteContext, on: OnPath<'_>) -> Vec<Finding> {
    let blames = subject.cause.blames;
    let (listener, groups) = (on.called_listener(), &on.network.group_attributes);
    let mut findings = Vec::new();
    // A text that names a reset is the mark of a connection that one side has forgotten.
    let forgotten = subject.cause.names_reset;
    if let Some(listener) = listener.filter(|listener| listener.protocol == "TCP") {
        match &on.details.listener_attributes {
            Reading::NotRead(unavailable) => {
                findings.push(Finding::unknown(Code::IdleTimeoutMismatch, unavailable).of(&listener.arn));
            }
            reading => {
                findings.extend(idle_timeout(listener, reading).filter(|_| forgotten));
                let waits = waits(on).filter(|_| blames.is_lost());
                findings.extend(waits.and_then(|waits| silent_flow(listener, reading, waits)));
            }
        }
    }
    findings.extend(gives_up(subject, on));
    // Its header stands before the first byte of HTTP or TLS.
    let garbled = matches!(blames, Blames::Protocol | Blames::Anything | Blames::Tls(None));
    for (arn, reading) in groups.iter().filter(|_| on.is_network()) {
        match reading {
            Reading::NotRead(unavailable) => {
                findings.push(Finding::unknown(Code::ProxyProtocolEnabled, unavailable).of(arn));
            }
            reading => findings.extend(proxy_protocol(on, arn, reading).filter(|_| garbled)),
        }
    }
    findings
}

fn idle_timeout(listener: &Listener, reading: &Reading<Attributes>) -> Option<Finding> {
    let seconds: u32 = reading.value()?.get(IDLE_TIMEOUT)?.parse().ok()?;
    let (says, what) = if seconds < KEPT_BY_API_GATEWAY {
        (
            format!(
                "listener TCP:{} drops idle connections after {seconds} s, but API Gateway reuses them for up to \
                 {KEPT_BY_API_GATEWAY} s",
                listener.port
            ),
            "Restore the listener's default idle timeout.",
        )
    } else if seconds > DEFAULT {
        (
            format!(
                "listener TCP:{} keeps idle connections for {seconds} s. Targets and their connection tracking \
                 ({DEFAULT} s) must keep them longer",
                listener.port
            ),
            "Raise the target server's idle timeout and its connection tracking above the listener's, or restore the \
             listener's default.",
        )
    } else {
        return None;
    };
    let (arn, key) = (&listener.arn, IDLE_TIMEOUT);
    let word = shell_word(arn.as_str());
    let set = format!(
        "aws elbv2 modify-listener-attributes --listener-arn {word} --attributes Key={key},Value={DEFAULT} --region \
         {{region}}"
    );
    let show = format!("aws elbv2 describe-listener-attributes --listener-arn {word} --region {{region}}");
    let finding = Finding::read(Code::IdleTimeoutMismatch, reading, says).of(arn).partial();
    Some(finding.detail("idle_timeout", seconds).remedy(what, Some(set), Some(show)))
}

/// Seconds that API Gateway waits for an answer.
fn waits(on: OnPath<'_>) -> Option<u32> {
    let timeout = on.path.integration.value()?.timeout_ms?;
    u32::try_from(timeout / 1000).ok()
}

/// A listener that forgets a connection while API Gateway still waits on it: the answer never arrives.
fn silent_flow(listener: &Listener, reading: &Reading<Attributes>, waits: u32) -> Option<Finding> {
    let seconds: u32 = reading.value()?.get(IDLE_TIMEOUT)?.parse().ok()?;
    let says = format!(
        "listener TCP:{} drops a silent connection after {seconds} s, but the integration waits {waits} s for its response",
        listener.port
    );
    let what = "Give the listener an idle timeout above the integration's, or answer sooner.";
    let finding = Finding::read(Code::IdleTimeoutMismatch, reading, says).of(&listener.arn).partial();
    (seconds < waits).then(|| finding.detail("idle_timeout", seconds).remedy(what, None, None))
}

/// An application load balancer that gives up before API Gateway does.
fn gives_up(subject: &RouteContext, on: OnPath<'_>) -> Option<Finding> {
    let balancer = on.load_balancer.value().filter(|balancer| balancer.kind == "application")?;
    // Later on, whether it was mended counts, and not what was answered then.
    let answer = subject.answer.as_ref();
    let late = answer.is_none_or(|answer| answer.status == Some(504));
    if subject.cause.blames != Blames::BackendAnswer || !late {
        return None;
    }
    let reading = &on.network.balancer_attributes;
    if let Some(unavailable) = reading.unavailable() {
        return Some(
            Finding::unknown(Code::IdleTimeoutMismatch, unavailable)
                .of(&balancer.arn)
                .at(HopKind::LoadBalancer),
        );
    }
    let seconds: u32 = reading.value()?.get(BALANCER_IDLE_TIMEOUT)?.parse().ok()?;
    let waits = waits(on).filter(|waits| seconds < *waits)?;
    // An answer that came sooner or later was not made by this timeout.
    let took = answer.and_then(|answer| answer.latency).map(|latency| latency.as_secs_f64());
    if took.is_some_and(|took| (took - f64::from(seconds)).abs() > 2.0) {
        return None;
    }
    let says = format!(
        "load balancer `{}` gives up on a silent target after {seconds} s and answers 504, though the integration waits \
         {waits} s",
        balancer.name
    );
    let (arn, key) = (shell_word(balancer.arn.as_str()), BALANCER_IDLE_TIMEOUT);
    let set = format!(
        "aws elbv2 modify-load-balancer-attributes --load-balancer-arn {arn} --attributes Key={key},Value={} --region \
         {{region}}",
        waits + 1
    );
    let show =
        format!("aws elbv2 describe-load-balancer-attributes --load-balancer-arn {arn} --region {{region}}");
    let finding =
        Finding::read(Code::IdleTimeoutMismatch, reading, says).of(&balancer.arn).at(HopKind::LoadBalancer);
    let what =
        "Shorten what the application does before it answers, or raise the load balancer's idle timeout.";
    Some(finding.partial().detail("idle_timeout", seconds).remedy(what, Some(set), Some(show)))
}

fn proxy_protocol(on: OnPath<'_>, arn: &Arn, reading: &Reading<Attributes>) -> Option<Finding> {
    reading.value()?.get(PROXY_PROTOCOL).filter(|value| *value == "true")?;
    let name = on.target_group(arn).map_or(arn.resource(), |group| &group.name);
    let says = format!(
        "target group `{name}` sends PROXY protocol; a backend that does not expect it breaks the HTTP exchange"
    );
    let word = shell_word(arn.as_str());
    let set = format!(
        "aws elbv2 modify-target-group-attributes --target-group-arn {word} --attributes \
         Key={PROXY_PROTOCOL},Value=false --region {{region}}"
    );
    let show =
        format!("aws elbv2 describe-target-group-attributes --target-group-arn {word} --region {{region}}");
    let finding = Finding::read(Code::ProxyProtocolEnabled, reading, says).of(arn).partial();
    Some(finding.remedy(
        "Turn PROXY protocol off for the group, or make the backend expect it.",
        Some(set),
        Some(show),
    ))
}
