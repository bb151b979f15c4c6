//! The VPC link of either generation: is it there, and is it available?

use crate::aws::model::{Generation, Integration, VpcLink};
use crate::aws::{NotRead, QueryKind, ReadError, Reading};
use crate::causes::RouteContext;
use crate::checks::code::Code;
use crate::checks::finding::Finding;
use crate::ids::ApiKind;
use crate::path::{Link, PrivatePath};
use crate::text::shell_word;

pub(crate) fn check(subject: &RouteContext, path: &PrivatePath) -> Vec<Finding> {
    let Some(integration) = path.integration.value() else { return blocked(subject, path) };
    if !integration.private {
        return Vec::new();
    }
    let Some(link) = path.link.as_ref().map(Link::reading) else { return Vec::new() };
    match link {
        Reading::Known { value, .. } => {
            let status = status(link, value);
            let healthy = status.code == Code::VpcLinkAvailable;
            let other = wrong_generation(path, link, value).or_else(|| other_generation(integration, value));
            vec![other.filter(|_| healthy).unwrap_or(status)]
        }
        Reading::NotRead(unavailable) => vec![Finding::unknown(Code::VpcLinkFailed, unavailable)],
        Reading::Absent { .. } => missing(path, link),
    }
}

/// The link of an integration that could not be read: unknown, like all that lies behind it.
fn blocked(subject: &RouteContext, path: &PrivatePath) -> Vec<Finding> {
    if subject.spares_path() || subject.spares_link() {
        return Vec::new();
    }
    let unknown = |integration: &NotRead| {
        let why = match &integration.why {
            ReadError::NotAsked(why)
                if path.stage.unavailable().is_some_and(|stage| stage.why == integration.why) =>
            {
                why
            }
            _ => "what leads to it could not be read",
        };
        let link: Reading<()> = Reading::not_asked(QueryKind::VpcLinkV1, why);
        Finding::read(Code::VpcLinkFailed, &link, "")
    };
    path.integration.unavailable().map(unknown).into_iter().collect()
}

/// A link of the first generation, which no HTTP API goes through.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-vpc-links.html>
fn wrong_generation(path: &PrivatePath, reading: &Reading<VpcLink>, link: &VpcLink) -> Option<Finding> {
    if path.kind != ApiKind::Http || link.generation == Generation::V2 {
        return None;
    }
    let name = link.name.as_deref().unwrap_or(&link.id);
    let says = format!("VPC link `{name}` is V1; an HTTP API needs a V2 link");
    Some(Finding::read(Code::VpcLinkMissing, reading, says).of(&link.id).detail("generation", 1).remedy(
        "Point the integration at a V2 VPC link. Deploy the API unless auto-deploy is on. The command lists V2 links.",
        Some(LIST_V2.to_owned()),
        Some(show_command(link.generation, &link.id)),
    ))
}

/// A link that the integration names literally; one named by a stage variable is the stage's fault.
fn missing(path: &PrivatePath, link: &Reading<VpcLink>) -> Vec<Finding> {
    let Some(id) = path.link_id.as_ref().filter(|id| id.names.is_empty()) else { return Vec::new() };
    let says = format!("VPC link `{}`, which the integration names, does not exist as V1 or V2", id.text);
    vec![
        Finding::read(Code::VpcLinkMissing, link, says).of(&id.text).remedy(
            "Create a VPC link to the load balancer, set its id on the integration, and deploy the API. The command lists \
             existing links.",
            Some(list(path)),
            None,
        ),
    ]
}

/// A link of the generation that the integration is not written for. What API Gateway makes of it is documented nowhere.
fn other_generation(integration: &Integration, link: &VpcLink) -> Option<Finding> {
    let why = match (link.generation, &integration.target) {
        (Generation::V1, Some(_)) => "it is a V1 link, but the integration names a target, as for a V2 link",
        (Generation::V2, None) => "it is a V2 link, but the integration names no listener or load balancer",
        _ => return None,
    };
    let what =
        format!("whether VPC link `{}` serves the integration", link.name.as_deref().unwrap_or(&link.id));
    Some(Finding::unknown(Code::VpcLinkFailed, &NotRead::not_asked(what, None, why)).of(&link.id))
}

fn status(reading: &Reading<VpcLink>, link: &VpcLink) -> Finding {
    let because = link.message.as_deref().filter(|message| !message.is_empty());
    let because = because.map_or(String::new(), |message| format!(": {message}"));
    let name = link.name.as_deref().unwrap_or(&link.id);
    let (code, does) = match link.status.to_ascii_uppercase().as_str() {
        "AVAILABLE" => (Code::VpcLinkAvailable, "is available".to_owned()),
        "PENDING" => (Code::VpcLinkPending, format!("is still being created (PENDING){because}")),
        "DELETING" => (Code::VpcLinkDeleting, format!("is being deleted{because}")),
        "INACTIVE" => (Code::VpcLinkInactive, format!("is INACTIVE after 60 idle days{because}")),
        "FAILED" => (Code::VpcLinkFailed, format!("is FAILED{because}")),
        other => {
            let unclear =
                Finding::not_understood(Code::VpcLinkFailed, reading, &format!("VPC link `{name}`"), other);
            return unclear.of(&link.id);
        }
    };
    let finding = Finding::read(code, reading, format!("VPC link `{name}` {does}"))
        .of(&link.id)
        .detail("status", &link.status);
    match remedy(code) {
        Some(what) => finding.remedy(what, None, Some(show_command(link.generation, &link.id))),
        None => finding,
    }
}

fn remedy(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::VpcLinkFailed => {
            "A FAILED link does not recover. Create another to the same load balancer, point the integration or stage \
             variable at it, and deploy."
        }
        Code::VpcLinkPending => "Wait until it is AVAILABLE; that takes two to four minutes, at times ten.",
        Code::VpcLinkDeleting => "Point the integration at another VPC link and deploy the API.",
        Code::VpcLinkInactive => {
            "Keep sending requests: API Gateway reprovisions an INACTIVE link within minutes of new traffic."
        }
        _ => return None,
    })
}

const LIST_V1: &str = "aws apigateway get-vpc-links --query 'items[].[id,name,status]' --region {region}";
const LIST_V2: &str =
    "aws apigatewayv2 get-vpc-links --query 'Items[].[VpcLinkId,Name,VpcLinkStatus]' --region {region}";

/// Lists the links that the API could use.
pub(crate) fn list(path: &PrivatePath) -> String {
    let second = path.kind == ApiKind::Http || path.generation() == Some(Generation::V2);
    if second { LIST_V2.to_owned() } else { LIST_V1.to_owned() }
}

/// Shows one link.
pub(crate) fn show(path: &PrivatePath, id: &str) -> String {
    let second = path.kind == ApiKind::Http || path.generation() == Some(Generation::V2);
    show_command(if second { Generation::V2 } else { Generation::V1 }, id)
}

fn show_command(generation: Generation, id: &str) -> String {
    let service = match generation {
        Generation::V1 => "apigateway",
        Generation::V2 => "apigatewayv2",
    };
    format!("aws {service} get-vpc-link --vpc-link-id {} --region {{region}}", shell_word(id))
}
