//! The load balancer: is it there, and is it active?

use crate::aws::Reading;
use crate::aws::model::{Generation, LoadBalancer};
use crate::causes::RouteContext;
use crate::checks::code::Code;
use crate::checks::finding::Finding;
use crate::path::OnPath;
use crate::text::shell_word;

pub(crate) fn check(_: &RouteContext, on: OnPath<'_>) -> Vec<Finding> {
    match &on.load_balancer {
        Reading::Known { value, .. } => vec![state(on, value)],
        Reading::NotRead(unavailable) => vec![Finding::unknown(Code::LoadBalancerMissing, unavailable)],
        Reading::Absent { .. } => vec![missing(on)],
    }
}

fn missing(on: OnPath<'_>) -> Finding {
    let named = on.arn.as_ref();
    let says = named.map_or("the load balancer behind this link no longer exists".to_owned(), |arn| {
        format!("load balancer `{}` no longer exists", arn.balancer_name())
    });
    let finding = Finding::read(Code::LoadBalancerMissing, &on.load_balancer, says);
    let finding = match named {
        Some(arn) => finding.of(arn),
        None => finding,
    };
    let what = match (on.position, on.path.generation()) {
        (0, Some(Generation::V2)) => {
            "Create the load balancer again, point the integration at its listener, and deploy the API."
        }
        (0, _) => {
            "Create the load balancer again and a new VPC link to it. Point the integration at that link, and deploy the \
             API."
        }
        _ => "Create the load balancer again, and register it in the target group of the one before it.",
    };
    finding.remedy(what, None, None)
}

fn state(on: OnPath<'_>, balancer: &LoadBalancer) -> Finding {
    let because = balancer.reason.as_deref().filter(|reason| !reason.is_empty());
    let because = because.map_or(String::new(), |reason| format!(": {reason}"));
    let (code, does) = match balancer.state.to_ascii_lowercase().as_str() {
        "active" => (Code::LoadBalancerActive, "is active"),
        "active_impaired" => {
            (Code::LoadBalancerImpaired, "is active but impaired: it lacks the resources to scale")
        }
        "provisioning" => (Code::LoadBalancerProvisioning, "is still being set up"),
        "failed" => (Code::LoadBalancerFailed, "could not be set up"),
        other => {
            let of = format!("load balancer `{}`", balancer.name);
            let unclear = Finding::not_understood(Code::LoadBalancerFailed, &on.load_balancer, &of, other);
            return unclear.of(&balancer.arn);
        }
    };
    let says = format!("load balancer `{}` {does}{because}", balancer.name);
    let mut finding =
        Finding::read(code, &on.load_balancer, says).of(&balancer.arn).detail("state", &balancer.state);
    // An impaired load balancer still passes traffic.
    finding.partial = code == Code::LoadBalancerImpaired;
    let what = match code {
        Code::LoadBalancerFailed => "Create another load balancer; a failed one does not recover.",
        Code::LoadBalancerProvisioning => "Wait until it is active.",
        Code::LoadBalancerImpaired => {
            "Free addresses in its subnets, or ask AWS Support; it may recover by itself."
        }
        _ => return finding,
    };
    let show = format!(
        "aws elbv2 describe-load-balancers --load-balancer-arns {} --query 'LoadBalancers[].State' --region {{region}}",
        shell_word(balancer.arn.as_str())
    );
    finding.remedy(what, None, Some(show))
}
