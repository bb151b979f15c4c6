//! Where the listener sends the request: by its default action, or by the rule of an application load balancer that takes it.

use crate::aws::Reading;
use crate::aws::model::{Action, Listener, Rule, target_groups};
use crate::checks::code::Code;
use crate::checks::finding::Finding;
use crate::path::PrivatePath;

const LISTENERS: &str = "elasticloadbalancing:DescribeListeners";
const RULES: &str = "elasticloadbalancing:DescribeRules";

/// A finding where the request goes nowhere, or where nobody can tell.
pub(crate) fn check(topology: &PrivatePath, listener: &Listener) -> Option<Finding> {
    let default = || listener.target_groups().is_empty().then(|| by_default(topology, listener));
    if !listener.has_rules() {
        return default();
    }
    match (&topology.rules, topology.taking_rules()) {
        (Reading::NotRead(unavailable), _) => {
            // A rule may forward what the default action does not.
            Some(Finding::unknown(Code::ListenerForwardsNowhere, unavailable).of(&listener.arn))
        }
        (_, Some(rules)) => by_rules(topology, listener, &rules),
        _ => default(),
    }
}

fn by_default(topology: &PrivatePath, listener: &Listener) -> Finding {
    let says = format!(
        "listener {}:{} forwards to no target group by default (its default action: {})",
        listener.protocol,
        listener.port,
        kinds(&listener.actions)
    );
    let nowhere = Finding::read(Code::ListenerForwardsNowhere, LISTENERS, &topology.listeners, says);
    nowhere.of(&listener.arn).remedy(
        "Let the listener's default action forward to the backend's target group.",
        None,
        Some(format!("aws elbv2 describe-listeners --listener-arns {} --region {{region}}", listener.arn)),
    )
}

/// Every rule that may have taken the request leads nowhere. Where only some do, nobody can say that it was one of them.
fn by_rules(topology: &PrivatePath, listener: &Listener, rules: &[&Rule]) -> Option<Finding> {
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
    let nowhere = Finding::read(Code::ListenerForwardsNowhere, RULES, &topology.rules, says);
    Some(nowhere.of(&listener.arn).detail("rule", which).remedy(
        "Give the request a rule that forwards to the backend's target group, before the one that takes it now.",
        None,
        Some(format!("aws elbv2 describe-rules --listener-arn {} --region {{region}}", listener.arn)),
    ))
}

fn kinds(actions: &[Action]) -> String {
    let kinds: Vec<&str> = actions.iter().map(|action| action.kind.as_str()).collect();
    if kinds.is_empty() { "no action".to_owned() } else { kinds.join(", ") }
}
