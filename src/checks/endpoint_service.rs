//! V1: the endpoint service that API Gateway created in front of the load balancer, and its own connection to it.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/grant-permissions-to-create-vpclink.html>

use crate::aws::Reading;
use crate::aws::model::{EndpointConnection, EndpointService};
use crate::causes::RouteContext;
use crate::checks::code::Code;
use crate::checks::finding::Finding;
use crate::ids::Arn;
use crate::path::{Link, PrivatePath};
use crate::text::shell_word;

const RELINK: &str = "Create a new VPC link to the load balancer (that creates the endpoint service), point the \
     integration at it, and deploy the API.";

const REBUILD: &str = "Create the load balancer again and a new VPC link to it. Point the integration at that link, and \
     deploy the API.";

pub(crate) fn check(_: &RouteContext, path: &PrivatePath) -> Vec<Finding> {
    let Some(Link::V1 { link, service, connections }) = &path.link else { return Vec::new() };
    if link.value().is_none() {
        return Vec::new();
    }
    match service {
        Reading::Known { value, .. } => {
            let mut findings = state(service, value);
            findings.push(connection(path, value, connections));
            findings
        }
        Reading::NotRead(unavailable) => {
            vec![Finding::unknown(Code::EndpointServiceMissing, unavailable)]
        }
        Reading::Absent { .. } => vec![missing(path, service)],
    }
}

fn missing(path: &PrivatePath, service: &Reading<EndpointService>) -> Finding {
    let balancer = path.vpc_link().and_then(|link| link.targets.first());
    let name = balancer.map_or("the load balancer", |arn| arn.resource());
    // A load balancer that is deleted takes its endpoint service with it: a new link has nothing to lead to then.
    let gone = path.balancer.as_ref().is_some_and(|balancer| balancer.load_balancer.is_absent());
    let (also, what) = if gone { (", together with the load balancer", REBUILD) } else { ("", RELINK) };
    let says =
        format!("the VPC endpoint service that the VPC link created in front of `{name}` is gone{also}");
    Finding::read(Code::EndpointServiceMissing, service, says).remedy(what, None, None)
}

fn state(reading: &Reading<EndpointService>, service: &EndpointService) -> Vec<Finding> {
    match service.state.to_ascii_lowercase().as_str() {
        "available" => return Vec::new(),
        "pending" | "deleting" | "deleted" | "failed" => {}
        other => {
            let (code, of) = (Code::EndpointServiceUnavailable, format!("endpoint service `{}`", service.id));
            return vec![Finding::not_understood(code, reading, &of, other).of(&service.id)];
        }
    }
    let says = format!("endpoint service `{}` is in the state {}", service.id, service.state);
    let show = format!(
        "aws ec2 describe-vpc-endpoint-service-configurations --service-ids {} --region {{region}}",
        shell_word(&service.id)
    );
    vec![
        Finding::read(Code::EndpointServiceUnavailable, reading, says)
            .of(&service.id)
            .detail("state", &service.state)
            .remedy(
                "Wait if it is pending; else create a new VPC link to the load balancer.",
                None,
                Some(show),
            ),
    ]
}

fn connection(
    path: &PrivatePath,
    service: &EndpointService,
    reading: &Reading<Vec<EndpointConnection>>,
) -> Finding {
    let connections = match reading {
        Reading::Known { value, .. } => value,
        Reading::Absent { .. } => {
            return Finding::read(
                Code::EndpointConnectionMissing,
                reading,
                format!("endpoint service `{}` is gone", service.id),
            );
        }
        Reading::NotRead(unavailable) => {
            return Finding::unknown(Code::EndpointConnectionMissing, unavailable);
        }
    };
    let ours = own(path, connections);
    let best = ours.iter().copied().min_by_key(|connection| standing(code(connection)));
    let strangers = connections.len() - ours.len();
    let (code, says) = match best.map(|connection| (connection, code(connection))) {
        None if strangers > 0 => {
            let says =
                format!("endpoint service `{}` has connections, but none from API Gateway", service.id);
            (Code::EndpointConnectionMissing, says)
        }
        None => {
            let says =
                format!("endpoint service `{}` has no connection, though API Gateway needs one", service.id);
            (Code::EndpointConnectionMissing, says)
        }
        Some((connection, None)) => {
            let of = format!("the endpoint connection to `{}`", service.id);
            let unclear =
                Finding::not_understood(Code::EndpointConnectionFailed, reading, &of, &connection.state);
            return unclear.of(&service.id);
        }
        Some((connection, Some(code))) => {
            let says = format!("the endpoint connection to `{}` is {}", service.id, connection.state);
            (code, says)
        }
    };
    let mut finding = Finding::read(code, reading, says).of(&service.id);
    // Whose connections AWS's documents call API Gateway's may have changed since.
    finding.partial = best.is_none() && strangers > 0;
    if let Some(connection) = best {
        finding = finding.detail("endpoint", &connection.endpoint_id).detail("state", &connection.state);
    }
    match remedy(code, best, service) {
        Some((what, command)) => finding.remedy(
            what,
            command,
            Some(format!(
                "aws ec2 describe-vpc-endpoint-connections --filters Name=service-id,Values={} --region {{region}}",
                shell_word(&service.id)
            )),
        ),
        None => finding,
    }
}

/// AWS writes the states in Pascal case in answers and in camel case in filters. `None` is a state that AWS added.
fn code(connection: &EndpointConnection) -> Option<Code> {
    Some(match connection.state.to_ascii_lowercase().as_str() {
        "available" | "partial" => Code::EndpointConnectionAvailable,
        "pendingacceptance" | "pending" => Code::EndpointConnectionPending,
        "rejected" => Code::EndpointConnectionRejected,
        "expired" => Code::EndpointConnectionExpired,
        "failed" => Code::EndpointConnectionFailed,
        "deleting" | "deleted" => Code::EndpointConnectionMissing,
        _ => return None,
    })
}

/// Which of several connections counts: one that works, one that may, one that is at fault, one that was there once.
fn standing(code: Option<Code>) -> u8 {
    match code {
        Some(Code::EndpointConnectionAvailable) => 0,
        None => 1,
        Some(Code::EndpointConnectionMissing) => 3,
        Some(_) => 2,
    }
}

fn remedy(
    code: Code,
    connection: Option<&EndpointConnection>,
    service: &EndpointService,
) -> Option<(&'static str, Option<String>)> {
    let accept = connection.map(|connection| {
        format!(
            "aws ec2 accept-vpc-endpoint-connections --service-id {} --vpc-endpoint-ids {} --region {{region}}",
            shell_word(&service.id),
            shell_word(&connection.endpoint_id)
        )
    });
    match code {
        Code::EndpointConnectionAvailable => None,
        Code::EndpointConnectionPending | Code::EndpointConnectionRejected => {
            Some(("Accept API Gateway's connection to the endpoint service.", accept))
        }
        _ => Some((
            "Create a new VPC link to the load balancer, point the integration at it, and deploy the API.",
            None,
        )),
    }
}

/// API Gateway's own account in each Region.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-api-with-vpclink-accounts.html>
const OWNERS: [(&str, &str); 26] = [
    ("ap-east-1", "174803364771"),
    ("ap-northeast-1", "969236854626"),
    ("ap-northeast-2", "020402002396"),
    ("ap-northeast-3", "360671645888"),
    ("ap-south-1", "507069717855"),
    ("ap-south-2", "644042651268"),
    ("ap-southeast-1", "195145609632"),
    ("ap-southeast-2", "798376113853"),
    ("ap-southeast-3", "652364314486"),
    ("ap-southeast-4", "849137399833"),
    ("ca-central-1", "796887884028"),
    ("eu-central-1", "474240146802"),
    ("eu-central-2", "166639821150"),
    ("eu-north-1", "394634713161"),
    ("eu-south-1", "753362059629"),
    ("eu-south-2", "359345898052"),
    ("eu-west-1", "631144002099"),
    ("eu-west-2", "544388816663"),
    ("eu-west-3", "061510835048"),
    ("me-central-1", "614065512851"),
    ("me-south-1", "855739686837"),
    ("sa-east-1", "287228555773"),
    ("us-east-1", "392220576650"),
    ("us-east-2", "718770453195"),
    ("us-west-1", "968246515281"),
    ("us-west-2", "109351309407"),
];

/// The connections that are API Gateway's; all of them where its account in the Region is not published, or where a
/// connection does not say whose it is.
fn own<'a>(path: &PrivatePath, connections: &'a [EndpointConnection]) -> Vec<&'a EndpointConnection> {
    let balancer = path.vpc_link().and_then(|link| link.targets.first());
    let region = balancer.and_then(Arn::region);
    let owner = region.and_then(|region| OWNERS.iter().find(|(of, _)| *of == region.as_str()));
    let is_own = |connection: &&EndpointConnection| match (owner, &connection.owner) {
        (Some((_, owner)), Some(held)) => held == owner,
        _ => true,
    };
    connections.iter().filter(is_own).collect()
}
