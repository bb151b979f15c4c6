//! V1: the endpoint service that API Gateway made in front of the load balancer, and its own connection to it.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/grant-permissions-to-create-vpclink.html>

use crate::classify::Diagnosis;
use crate::judge::{Code, Finding};
use crate::survey::nouns::{EndpointConnection, EndpointService, Generation};
use crate::survey::{Reading, Topology};

const SERVICES: &str = "ec2:DescribeVpcEndpointServiceConfigurations";
const CONNECTIONS: &str = "ec2:DescribeVpcEndpointConnections";

pub(super) fn check(_: &Diagnosis, topology: &Topology) -> Vec<Finding> {
    let v1 = topology.link.value().is_some_and(|link| link.generation == Generation::V1);
    if !v1 {
        return Vec::new();
    }
    match &topology.endpoint_service {
        Reading::Known { value, .. } => {
            let mut findings = state(topology, value);
            findings.push(connection(topology, value));
            findings
        }
        Reading::Unavailable(unavailable) => {
            vec![Finding::unknown(Code::EndpointServiceMissing, unavailable)]
        }
        Reading::Absent { .. } => vec![missing(topology)],
    }
}

fn missing(topology: &Topology) -> Finding {
    let balancer = topology.link.value().and_then(|link| link.targets.first());
    let name = balancer.map_or("the load balancer", |arn| arn.resource());
    let says = format!(
        "no VPC endpoint service stands in front of `{name}`: the one that the VPC link made is gone"
    );
    Finding::read(Code::EndpointServiceMissing, SERVICES, &topology.endpoint_service, says).remedy(
        "Make a new VPC link to the load balancer (that makes the endpoint service), point the integration at it and \
         deploy the API.",
        None,
        None,
    )
}

fn state(topology: &Topology, service: &EndpointService) -> Vec<Finding> {
    if service.state.eq_ignore_ascii_case("available") {
        return Vec::new();
    }
    let says = format!("endpoint service `{}` is in the state {}", service.id, service.state);
    let show = format!(
        "aws ec2 describe-vpc-endpoint-service-configurations --service-ids {} --region {{region}}",
        service.id
    );
    vec![
        Finding::read(Code::EndpointServiceUnavailable, SERVICES, &topology.endpoint_service, says)
            .of(&service.id)
            .detail("state", &service.state)
            .remedy(
                "Wait if it is pending; else make a new VPC link to the load balancer.",
                None,
                Some(show),
            ),
    ]
}

fn connection(topology: &Topology, service: &EndpointService) -> Finding {
    let connections = match &topology.endpoint_connections {
        Reading::Known { value, .. } => value,
        Reading::Absent { .. } => {
            return Finding::read(
                Code::EndpointConnectionMissing,
                CONNECTIONS,
                &topology.endpoint_connections,
                format!("endpoint service `{}` is gone", service.id),
            );
        }
        Reading::Unavailable(unavailable) => {
            return Finding::unknown(Code::EndpointConnectionMissing, unavailable);
        }
    };
    let best =
        connections.iter().min_by_key(|connection| code(connection) != Code::EndpointConnectionAvailable);
    let (code, says) = match best {
        None => {
            let says =
                format!("endpoint service `{}` has no connection: API Gateway's own is gone", service.id);
            (Code::EndpointConnectionMissing, says)
        }
        Some(connection) => {
            let says = format!("the endpoint connection to `{}` is {}", service.id, connection.state);
            (code(connection), says)
        }
    };
    let mut finding = Finding::read(code, CONNECTIONS, &topology.endpoint_connections, says).of(&service.id);
    if let Some(connection) = best {
        finding = finding.detail("endpoint", &connection.endpoint_id).detail("state", &connection.state);
    }
    match remedy(code, best, service) {
        Some((what, command)) => finding.remedy(
            what,
            command,
            Some(format!(
                "aws ec2 describe-vpc-endpoint-connections --filters Name=service-id,Values={} --region {{region}}",
                service.id
            )),
        ),
        None => finding,
    }
}

/// AWS writes the states in Pascal case in answers and in camel case in filters.
fn code(connection: &EndpointConnection) -> Code {
    match connection.state.to_ascii_lowercase().as_str() {
        "available" | "partial" => Code::EndpointConnectionAvailable,
        "pendingacceptance" | "pending" => Code::EndpointConnectionPending,
        "rejected" => Code::EndpointConnectionRejected,
        "expired" => Code::EndpointConnectionExpired,
        "deleting" | "deleted" => Code::EndpointConnectionMissing,
        _ => Code::EndpointConnectionFailed,
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
            service.id, connection.endpoint_id
        )
    });
    match code {
        Code::EndpointConnectionAvailable => None,
        Code::EndpointConnectionPending | Code::EndpointConnectionRejected => {
            Some(("Accept API Gateway's connection to the endpoint service.", accept))
        }
        _ => Some((
            "Make a new VPC link to the load balancer, point the integration at it and deploy the API.",
            None,
        )),
    }
}
