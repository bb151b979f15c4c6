//! V1: the endpoint service that API Gateway made in front of the load balancer, and its own connection to it.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/grant-permissions-to-create-vpclink.html>

use crate::checks::endpoint_service_connection::connection;

use crate::aws::Reading;
use crate::aws::model::{EndpointService, Generation};
use crate::causes::RouteContext;
use crate::checks::code::Code;
use crate::checks::finding::Finding;
use crate::path::PrivatePath;

const SERVICES: &str = "ec2:DescribeVpcEndpointServiceConfigurations";

const RELINK: &str = "Make a new VPC link to the load balancer (that makes the endpoint service), point the \
     integration at it and deploy the API.";

const REBUILD: &str = "Make the load balancer again, a new VPC link to it, point the integration at that link and deploy the API.";

pub(crate) fn check(_: &RouteContext, topology: &PrivatePath) -> Vec<Finding> {
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
        Reading::NotRead(unavailable) => {
            vec![Finding::unknown(Code::EndpointServiceMissing, unavailable)]
        }
        Reading::Absent { .. } => vec![missing(topology)],
    }
}

fn missing(topology: &PrivatePath) -> Finding {
    let balancer = topology.link.value().and_then(|link| link.targets.first());
    let name = balancer.map_or("the load balancer", |arn| arn.resource());
    // A load balancer that is deleted takes its endpoint service with it: a new link has nothing to lead to then.
    let (also, what) = match topology.load_balancer {
        Reading::Absent { .. } => (", together with the load balancer", REBUILD),
        _ => ("", RELINK),
    };
    let says = format!("the VPC endpoint service that the VPC link made in front of `{name}` is gone{also}");
    Finding::read(Code::EndpointServiceMissing, SERVICES, &topology.endpoint_service, says)
        .remedy(what, None, None)
}

fn state(topology: &PrivatePath, service: &EndpointService) -> Vec<Finding> {
    match service.state.to_ascii_lowercase().as_str() {
        "available" => return Vec::new(),
        "pending" | "deleting" | "deleted" | "failed" => {}
        other => {
            let (code, of) = (Code::EndpointServiceUnavailable, format!("endpoint service `{}`", service.id));
            return vec![Finding::not_understood(code, SERVICES, &of, other).of(&service.id)];
        }
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
