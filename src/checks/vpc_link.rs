//! The VPC link of either generation: is it there, and is it available?

use crate::aws::model::{Generation, Integration, VpcLink};
use crate::aws::{NotRead, QueryKind, ReadError, Reading};
use crate::causes::RouteContext;
use crate::checks::code::{Code, HopKind};
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
            vec![wrong_generation(path, link, value).unwrap_or_else(|| status(link, value))]
        }
        Reading::NotRead(unavailable) => vec![Finding::unknown(Code::VpcLinkFailed, unavailable)],
        Reading::Absent { .. } => missing(path, link),
    }
}

/// The link of an integration that could not be read: unknown, like all that lies behind it.
fn blocked(subject: &RouteContext, path: &PrivatePath) -> Vec<Finding> {
    if subject.cause.blames.spares_path() {
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

/// A link that is there and that the integration cannot use: one with a target goes through a link of the second
/// generation, one without through the first, and an HTTP API through the second alone.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/private-integration.html>
fn wrong_generation(path: &PrivatePath, reading: &Reading<VpcLink>, link: &VpcLink) -> Option<Finding> {
    let integration = path.integration.value()?;
    // An export need not hold the target, so what is configured has to agree.
    let targeted = |integration: &Integration| integration.target.is_some();
    let untargeted = !targeted(integration) && !path.configured.value().is_some_and(targeted);
    let (needed, why) = match link.generation {
        Generation::V1 if path.kind == ApiKind::Http => ("second", "an HTTP API needs one"),
        Generation::V1 if targeted(integration) => ("second", "an integration with a target needs one"),
        Generation::V2 if untargeted && path.kind == ApiKind::Rest => {
            ("first", "an integration without a target needs one")
        }
        _ => return None,
    };
    let name = link.name.as_deref().unwrap_or(&link.id);
    let says = format!("VPC link `{name}` is not of the {needed} generation, and {why}");
    let by_variable = path.link_id.as_ref().is_some_and(|id| !id.names.is_empty());
    let code = if by_variable { Code::VpcLinkIdDangling } else { Code::VpcLinkMissing };
    let list = match needed {
        "first" => LIST_V1,
        _ => LIST_V2,
    };
    Some(
        Finding::read(code, reading, says)
            .at(HopKind::VpcLink)
            .of(&link.id)
            .detail("generation", u8::from(link.generation))
            .remedy(
                format!("Name a VPC link of the {needed} generation, and deploy the API. These exist:"),
                Some(list.to_owned()),
                Some(show_command(link.generation, &link.id)),
            ),
    )
}

/// A link that the integration names literally; one named by a stage variable is the stage's fault.
fn missing(path: &PrivatePath, link: &Reading<VpcLink>) -> Vec<Finding> {
    let Some(id) = path.link_id.as_ref().filter(|id| id.names.is_empty()) else { return Vec::new() };
    let says =
        format!("VPC link `{}`, which the integration names, does not exist in either generation", id.text);
    vec![
        Finding::read(Code::VpcLinkMissing, link, says).of(&id.text).remedy(
            "Make a VPC link to the load balancer, put its id into the integration and deploy the API. These links exist:",
            Some(list(path)),
            None,
        ),
    ]
}

fn status(reading: &Reading<VpcLink>, link: &VpcLink) -> Finding {
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
