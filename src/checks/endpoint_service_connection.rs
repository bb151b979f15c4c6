//! API Gateway's own connection to the endpoint service: its state, and who has to act on it.

use crate::checks::endpoint_service_owners;

use crate::aws::Reading;
use crate::aws::model::{EndpointConnection, EndpointService};
use crate::checks::code::Code;
use crate::checks::finding::Finding;
use crate::path::PrivatePath;

const ACTION: &str = "ec2:DescribeVpcEndpointConnections";

pub(crate) fn connection(topology: &PrivatePath, service: &EndpointService) -> Finding {
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
        Reading::NotRead(unavailable) => {
            return Finding::unknown(Code::EndpointConnectionMissing, unavailable);
        }
    };
    let own = endpoint_service_owners::own(topology, connections);
    let best = own.iter().copied().min_by_key(|connection| standing(code(connection)));
    let strangers = connections.len() - own.len();
    let (code, says) = match best.map(|connection| (connection, code(connection))) {
        None if strangers > 0 => {
            let says = format!(
                "endpoint service `{}` has connections of others alone: API Gateway's own is gone",
                service.id
            );
            (Code::EndpointConnectionMissing, says)
        }
        None => {
            let says =
                format!("endpoint service `{}` has no connection: API Gateway's own is gone", service.id);
            (Code::EndpointConnectionMissing, says)
        }
        Some((connection, None)) => {
            let of = format!("the endpoint connection to `{}`", service.id);
            let unclear =
                Finding::not_understood(Code::EndpointConnectionFailed, ACTION, &of, &connection.state);
            return unclear.of(&service.id);
        }
        Some((connection, Some(code))) => {
            let says = format!("the endpoint connection to `{}` is {}", service.id, connection.state);
            (code, says)
        }
    };
    let mut finding = Finding::read(code, ACTION, &topology.endpoint_connections, says).of(&service.id);
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
                service.id
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
