//! API Gateway's own connection to the endpoint service: its state, and who has to act on it.

use crate::judge::{Code, Finding};
use crate::survey::nouns::{EndpointConnection, EndpointService};
use crate::survey::{Reading, Topology};

const ACTION: &str = "ec2:DescribeVpcEndpointConnections";

pub(super) fn connection(topology: &Topology, service: &EndpointService) -> Finding {
    let connections = match &topology.endpoint_connections {
        Reading::Known { value, .. } => value,
        Reading::Absent { .. } => {
            return Finding::read(
                Code::EndpointConnectionMissing,
                ACTION,
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
    let mut finding = Finding::read(code, ACTION, &topology.endpoint_connections, says).of(&service.id);
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
