//! Settings of listener and target groups that break some connections: idle timeout and proxy protocol.
//!
//! Neither is a fault by itself, so each is said only beside a text that it can explain, and never more than likely.

use crate::aws::Reading;
use crate::aws::model::Attributes;
use crate::aws::model::Listener;
use crate::causes::{Blames, RouteContext};
use crate::checks::code::Code;
use crate::checks::finding::Finding;
use crate::ids::Arn;
use crate::path::OnPath;
use crate::text::shell_word;

const IDLE_TIMEOUT: &str = "tcp.idle_timeout.seconds";
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
            reading => findings.extend(idle_timeout(listener, reading).filter(|_| forgotten)),
        }
    }
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
                "listener TCP:{} forgets idle connections after {seconds} s, API Gateway uses them again for up to \
                 {KEPT_BY_API_GATEWAY} s",
                listener.port
            ),
            "Give the listener its default idle timeout back.",
        )
    } else if seconds > DEFAULT {
        (
            format!(
                "listener TCP:{} keeps idle connections for {seconds} s: targets, and the connection tracking before \
                 them ({DEFAULT} s), must keep them longer",
                listener.port
            ),
            "Set the idle timeout of the target's server above the listener's, and the connection tracking of its \
             network interface too; or give the listener its default back.",
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

fn proxy_protocol(on: OnPath<'_>, arn: &Arn, reading: &Reading<Attributes>) -> Option<Finding> {
    reading.value()?.get(PROXY_PROTOCOL).filter(|value| *value == "true")?;
    let name = on.target_group(arn).map_or(arn.resource(), |group| &group.name);
    let says = format!(
        "target group `{name}` puts a proxy protocol header before every connection: a backend that does not expect it \
         answers with something that is not HTTP"
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
        "Switch proxy protocol off for the group, or make the backend expect it.",
        Some(set),
        Some(show),
    ))
}
