//! The VPC link of either generation: is it there, and is it available?

use crate::aws::model::{Generation, VpcLink};
use crate::aws::{NotRead, Reading};
use crate::causes::RouteContext;
use crate::checks::code::Code;
use crate::checks::finding::Finding;
use crate::path::PrivatePath;

const ACTION: &str = "apigateway:GET";

pub(crate) fn check(subject: &RouteContext, topology: &PrivatePath) -> Vec<Finding> {
    let Some(integration) = topology.integration.value() else { return blocked(subject, topology) };
    if !integration.private {
        return Vec::new();
    }
    match &topology.link {
        Reading::Known { value, .. } => vec![status(topology, value)],
        Reading::NotRead(unavailable) => vec![Finding::unknown(Code::VpcLinkFailed, unavailable)],
        Reading::Absent { .. } => missing(topology),
    }
}

/// The link of an integration that could not be read: unknown, like all that lies behind it.
fn blocked(subject: &RouteContext, topology: &PrivatePath) -> Vec<Finding> {
    if subject.cause.blames.spares_path() {
        return Vec::new();
    }
    let unknown = |unavailable: &NotRead| Finding::unknown(Code::VpcLinkFailed, unavailable);
    topology.integration.unavailable().and(topology.link.unavailable()).map(unknown).into_iter().collect()
}

/// A link that the integration names literally; one named by a stage variable is the stage's fault.
fn missing(topology: &PrivatePath) -> Vec<Finding> {
    let Some(id) = topology.link_id.as_ref().filter(|id| id.names.is_empty()) else { return Vec::new() };
    let says =
        format!("VPC link `{}`, which the integration names, does not exist in either generation", id.text);
    vec![
        Finding::read(Code::VpcLinkMissing, ACTION, &topology.link, says).of(&id.text).remedy(
            "Make a VPC link to the load balancer, put its id into the integration and deploy the API. These links exist:",
            Some("aws apigateway get-vpc-links --query 'items[].[id,name,status]' --region {region}".to_owned()),
            None,
        ),
    ]
}

fn status(topology: &PrivatePath, link: &VpcLink) -> Finding {
    let because = link.message.as_deref().filter(|message| !message.is_empty());
    let because = because.map_or(String::new(), |message| format!(": {message}"));
    let name = link.name.as_deref().unwrap_or(&link.id);
    let (code, does) = match link.status.to_ascii_uppercase().as_str() {
        "AVAILABLE" => (Code::VpcLinkAvailable, "is available".to_owned()),
        "PENDING" => (Code::VpcLinkPending, format!("is still being made (PENDING){because}")),
        "DELETING" => (Code::VpcLinkDeleting, format!("is being deleted{because}")),
        "INACTIVE" => (Code::VpcLinkInactive, format!("is INACTIVE after 60 idle days{because}")),
        "FAILED" => (Code::VpcLinkFailed, format!("is FAILED{because}")),
        other => {
            let unclear =
                Finding::not_understood(Code::VpcLinkFailed, ACTION, &format!("VPC link `{name}`"), other);
            return unclear.of(&link.id);
        }
    };
    let finding = Finding::read(code, ACTION, &topology.link, format!("VPC link `{name}` {does}"))
        .of(&link.id)
        .detail("status", &link.status);
    match remedy(code) {
        Some(what) => finding.remedy(what, None, Some(show(link))),
        None => finding,
    }
}

fn remedy(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::VpcLinkFailed => {
            "A FAILED link does not recover: make a new one to the same load balancer, point the integration (or its \
             stage variable) at it and deploy the API."
        }
        Code::VpcLinkPending => "Wait until it is AVAILABLE; that takes two to four minutes, at times ten.",
        Code::VpcLinkDeleting => "Point the integration at another VPC link and deploy the API.",
        Code::VpcLinkInactive => {
            "Send requests until it answers: traffic makes API Gateway set the link up again within minutes."
        }
        _ => return None,
    })
}

fn show(link: &VpcLink) -> String {
    let service = match link.generation {
        Generation::V1 => "apigateway",
        Generation::V2 => "apigatewayv2",
    };
    format!("aws {service} get-vpc-link --vpc-link-id {} --region {{region}}", link.id)
}
