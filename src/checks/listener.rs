//! The listener: is there one on the called port, does it speak what is called, and does it forward anywhere?

use crate::checks::listener_rules;

use crate::aws::Reading;
use crate::aws::model::Listener;
use crate::causes::{Endpoint, RouteContext};
use crate::checks::code::Code;
use crate::checks::finding::{Finding, State};
use crate::path::PrivatePath;

const ACTION: &str = "elasticloadbalancing:DescribeListeners";

pub(crate) fn check(_: &RouteContext, topology: &PrivatePath) -> Vec<Finding> {
    if !topology.continues() {
        return Vec::new();
    }
    match &topology.listeners {
        Reading::NotRead(unavailable) => vec![Finding::unknown(Code::ListenerMissing, unavailable)],
        // The load balancer itself is gone; that check says so, unless a listener was named.
        Reading::Absent { .. } => match &topology.named_listener {
            Some(arn) => {
                let says =
                    format!("listener `{}`, which the integration names, does not exist", arn.resource());
                vec![missing(topology, says).of(arn)]
            }
            None => Vec::new(),
        },
        Reading::Known { value, .. } => known(topology, value),
    }
}

fn known(topology: &PrivatePath, listeners: &[Listener]) -> Vec<Finding> {
    let Some(listener) = topology.called_listener() else {
        let Some(called) = &topology.endpoint else {
            // Neither log nor configuration tells the port, so no listener can be called missing.
            return Vec::new();
        };
        let ports: Vec<String> = listeners.iter().map(|l| format!("{}:{}", l.protocol, l.port)).collect();
        let has = if ports.is_empty() {
            "no listener at all".to_owned()
        } else {
            format!("only {}", ports.join(", "))
        };
        let says =
            format!("no listener on port {} for calls to {called}: the load balancer has {has}", called.port);
        return vec![missing(topology, says).detail("port", called.port)];
    };
    let mut findings: Vec<Finding> = topology
        .endpoint
        .as_ref()
        .and_then(|called| mismatch(topology, listener, called))
        .into_iter()
        .collect();
    findings.extend(listener_rules::check(topology, listener));
    if findings.iter().all(|finding| finding.state == State::Unknown) {
        let says = format!("listener {}:{} is there and forwards", listener.protocol, listener.port);
        findings
            .push(Finding::read(Code::ListenerFound, ACTION, &topology.listeners, says).of(&listener.arn));
    }
    findings
}

fn missing(topology: &PrivatePath, says: String) -> Finding {
    let show = topology.load_balancer.value().map(|balancer| {
        format!(
            "aws elbv2 describe-listeners --load-balancer-arn {} --query 'Listeners[].[Protocol,Port]' --region {{region}}",
            balancer.arn
        )
    });
    Finding::read(Code::ListenerMissing, ACTION, &topology.listeners, says).remedy(
        "Add a listener on that port, or correct the port in the integration's URI and deploy the API.",
        None,
        show,
    )
}

/// https needs a listener that passes or ends TLS, http one that does not expect it; neither needs another protocol.
fn mismatch(topology: &PrivatePath, listener: &Listener, called: &Endpoint) -> Option<Finding> {
    let protocol = listener.protocol.as_str();
    let scheme = if called.tls { "https" } else { "http" };
    match protocol {
        "TCP" | "TCP_UDP" | "TCP_QUIC" => return None,
        "TLS" | "HTTPS" if called.tls => return None,
        "HTTP" if !called.tls => return None,
        "TLS" | "HTTPS" | "HTTP" | "UDP" | "QUIC" | "GENEVE" => {}
        other => {
            let (code, of) =
                (Code::ListenerProtocolMismatch, format!("listener {}", listener.arn.resource()));
            return Some(Finding::not_understood(code, ACTION, &of, other).of(&listener.arn));
        }
    }
    let says = format!(
        "the integration calls {scheme} on port {}, but the listener there speaks {protocol}",
        listener.port
    );
    let what =
        "Make the scheme of the integration's URI agree with the listener's protocol, and deploy the API.";
    Some(
        Finding::read(Code::ListenerProtocolMismatch, ACTION, &topology.listeners, says)
            .of(&listener.arn)
            .detail("called", scheme)
            .detail("listener", protocol)
            .remedy(what, None, None),
    )
}
