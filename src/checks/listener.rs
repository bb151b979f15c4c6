//! The listener: is there one on the called port, does it speak what is called, and does it forward anywhere?

use crate::aws::Reading;
use crate::aws::model::{Action, Listener, Rule, target_groups};
use crate::causes::{Endpoint, RouteContext};
use crate::checks::code::Code;
use crate::checks::code::State;
use crate::checks::finding::Finding;
use crate::path::OnPath;
use crate::text::shell_word;

pub(crate) fn check(_: &RouteContext, on: OnPath<'_>) -> Vec<Finding> {
    match &on.listeners {
        Reading::NotRead(unavailable) => vec![Finding::unknown(Code::ListenerMissing, unavailable)],
        // The load balancer itself is gone; that check says so, unless a listener was named.
        Reading::Absent { .. } => match &on.named_listener {
            Some(arn) => {
                let says =
                    format!("listener `{}`, which the integration names, does not exist", arn.resource());
                vec![missing(on, says).of(arn)]
            }
            None => Vec::new(),
        },
        Reading::Known { value, .. } => known(on, value),
    }
}

fn known(on: OnPath<'_>, listeners: &[Listener]) -> Vec<Finding> {
    let Some(listener) = on.called_listener() else {
        let Some(called) = &on.called else {
            // Neither log nor configuration tells the port, so no listener can be called missing.
            return Vec::new();
        };
        let ports: Vec<String> = listeners.iter().map(|l| format!("{}:{}", l.protocol, l.port)).collect();
        let has = if ports.is_empty() {
            "no listener at all".to_owned()
        } else {
            format!("only {}", ports.join(", "))
        };
        let says = match on.position {
            0 => format!(
                "no listener on port {} for calls to {called}: the load balancer has {has}",
                called.port
            ),
            _ => format!(
                "no listener on port {}, where the first load balancer sends requests: this one has {has}",
                called.port
            ),
        };
        return vec![missing(on, says).detail("port", called.port)];
    };
    let mut findings: Vec<Finding> =
        on.called.as_ref().and_then(|called| mismatch(on, listener, called)).into_iter().collect();
    findings.extend(forwarding(on, listener));
    if findings.iter().all(|finding| finding.state == State::Unknown) {
        let says = format!("listener {}:{} exists and forwards requests", listener.protocol, listener.port);
        findings.push(Finding::read(Code::ListenerFound, &on.listeners, says).of(&listener.arn));
    }
    findings
}

fn missing(on: OnPath<'_>, says: String) -> Finding {
    let show = on.load_balancer.value().map(|balancer| {
        format!(
            "aws elbv2 describe-listeners --load-balancer-arn {} --query 'Listeners[].[Protocol,Port]' --region {{region}}",
            shell_word(balancer.arn.as_str())
        )
    });
    let what = match on.position {
        0 if on.named_listener.is_some() => {
            "Point the integration at a listener that the load balancer has, or at a new one, and deploy the API."
        }
        0 => "Add a listener on that port, or correct the port in the integration's URI and deploy the API.",
        _ => "Add a listener on that port, or register the load balancer with the port of one that it has.",
    };
    Finding::read(Code::ListenerMissing, &on.listeners, says).remedy(what, None, show)
}

/// https needs a listener that passes or ends TLS, http one that does not expect it; neither needs another protocol.
fn mismatch(on: OnPath<'_>, listener: &Listener, called: &Endpoint) -> Option<Finding> {
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
            return Some(Finding::not_understood(code, &on.listeners, &of, other).of(&listener.arn));
        }
    }
    let says = format!(
        "the integration calls {scheme} on port {}, but the listener there speaks {protocol}",
        listener.port
    );
    let what = match on.called_by.is_some() {
        // An HTTP API speaks TLS where the integration has a tlsConfig.
        true => {
            "Set the integration's tlsConfig for a TLS listener, or remove it for a plain one; deploy the API."
        }
        false => {
            "Make the scheme of the integration's URI agree with the listener's protocol, and deploy the API."
        }
    };
    Some(
        Finding::read(Code::ListenerProtocolMismatch, &on.listeners, says)
            .of(&listener.arn)
            .detail("called", scheme)
            .detail("listener", protocol)
            .remedy(what, None, None),
    )
}

/// A finding where the request goes nowhere, or where that cannot be known.
fn forwarding(on: OnPath<'_>, listener: &Listener) -> Option<Finding> {
    let default = || listener.target_groups().is_empty().then(|| by_default(on, listener));
    if !on.is_ruled() {
        return default();
    }
    match (&on.rules, on.taking_rules()) {
        (Reading::NotRead(unavailable), _) => {
            // A rule may forward what the default action does not.
            Some(Finding::unknown(Code::ListenerForwardsNowhere, unavailable).of(&listener.arn))
        }
        (_, Some(rules)) => by_rules(on, listener, &rules),
        _ => default(),
    }
}

fn by_default(on: OnPath<'_>, listener: &Listener) -> Finding {
    let says = format!(
        "listener {}:{} forwards to no target group by default (its default action: {})",
        listener.protocol,
        listener.port,
        kinds(&listener.actions)
    );
    let nowhere = Finding::read(Code::ListenerForwardsNowhere, &on.listeners, says);
    nowhere.of(&listener.arn).remedy(
        "Let the listener's default action forward to the backend's target group.",
        None,
        Some(format!(
            "aws elbv2 describe-listeners --listener-arns {} --region {{region}}",
            shell_word(listener.arn.as_str())
        )),
    )
}

/// Every rule that may have taken the request leads nowhere. Where only some do, the request may have matched another.
fn by_rules(on: OnPath<'_>, listener: &Listener, rules: &[&Rule]) -> Option<Finding> {
    if rules.is_empty() || rules.iter().any(|rule| !target_groups(&rule.actions).is_empty()) {
        return None;
    }
    let rule = rules[0];
    let which = rule.priority.map_or("the default rule".to_owned(), |priority| format!("rule {priority}"));
    let says = format!(
        "listener {}:{} forwards the request to no target group: {which} takes it ({})",
        listener.protocol,
        listener.port,
        kinds(&rule.actions)
    );
    let nowhere = Finding::read(Code::ListenerForwardsNowhere, &on.rules, says);
    let nowhere = match rules.iter().find_map(|rule| rule.actions.iter().find_map(|action| action.status)) {
        Some(status) => nowhere.detail("answers", status),
        None => nowhere,
    };
    Some(nowhere.of(&listener.arn).detail("rule", which).remedy(
        "Add a rule that forwards this request to the backend's target group, with priority over the current one.",
        None,
        Some(format!("aws elbv2 describe-rules --listener-arn {} --region {{region}}", shell_word(listener.arn.as_str()))),
    ))
}

fn kinds(actions: &[Action]) -> String {
    let kinds: Vec<&str> = actions.iter().map(|action| action.kind.as_str()).collect();
    if kinds.is_empty() { "no action".to_owned() } else { kinds.join(", ") }
}
