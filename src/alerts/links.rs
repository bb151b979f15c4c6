//! Links into the console, right for the partition of the Region.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::alerts::escape;
use crate::alerts::words::hop_label;
use crate::causes::RouteContext;
use crate::checks::HopKind;
use crate::ids::{ApiKind, Region};
use crate::incidents::Alert;

/// Minutes of log around the failures that a link shows.
const AROUND_SECONDS: i64 = 120;

/// CloudWatch Logs at the failing minutes and request.
pub(crate) fn logs(region: &Region, alert: &Alert) -> Option<String> {
    let Alert { incident, news, .. } = alert;
    let RouteContext { source, request_id, .. } = &news.example.subject;
    let group = source.log_group.as_ref()?;
    let first = news.first_failure().or(incident.last_failure)?;
    let last = news.last_failure().or(incident.last_failure)?;
    let (start, end) =
        ((first.as_second() - AROUND_SECONDS) * 1000, (last.as_second() + AROUND_SECONDS) * 1000);
    let pattern = request_id
        .as_ref()
        .filter(|id| escape::request_id(id.as_str()) == id.as_str())
        .map_or(String::new(), |id| format!("filterPattern={}&", percent(&format!("\"{id}\""))));
    let query = dollar(&format!("?{pattern}start={start}&end={end}"));
    let group = dollar(&percent(group));
    Some(format!(
        "{}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{group}/log-events{query}",
        console(region)
    ))
}

/// AWS's own runbook, whose three inputs stand beside the link.
///
/// Source: <https://docs.aws.amazon.com/systems-manager-automation-runbooks/latest/userguide/automation-awssupport-troubleshootapigatewayvpclinkintegration.html>
pub(crate) fn runbook(region: &Region) -> String {
    format!(
        "{}/systems-manager/automation/execute/AWSSupport-TroubleshootAPIGatewayVpcLinkIntegration?region={region}",
        console(region)
    )
}

/// The console's page of each hop that is broken, else of those that were not checked, else of all: label and address.
pub(crate) fn consoles(region: &Region, alert: &Alert) -> Vec<(String, String)> {
    let path = &alert.judgement.path;
    let worst = path.iter().map(|hop| hop.state).min();
    let api = alert.news.example.source.api.as_ref().map(ToString::to_string);
    let mut links: Vec<(String, String)> = Vec::new();
    for hop in path.iter().filter(|hop| Some(hop.state) == worst) {
        let (kind, resource) = (alert.judgement.facts.api_kind, hop.resource.as_deref());
        let page =
            of_http_api(kind, hop.kind, api.as_deref()).or_else(|| page(hop.kind, resource, api.as_deref()));
        let Some(page) = page else { continue };
        let link = format!("{}/{}", console(region), page.replace("REGION", &region.to_string()));
        if links.iter().all(|(_, known)| *known != link) {
            links.push((hop_label(hop), link));
        }
    }
    links
}

/// The pages that HTTP APIs have of their own.
fn of_http_api(kind: ApiKind, hop: HopKind, api: Option<&str>) -> Option<String> {
    let page = match hop {
        _ if kind != ApiKind::Http => return None,
        HopKind::Stage => "deploy/stages",
        HopKind::Integration => "develop/integrations/attach",
        _ => return None,
    };
    Some(format!("apigateway/main/{page}?api={}&region=REGION", percent(api?)))
}

/// A resource's page below the console's host.
fn page(kind: HopKind, resource: Option<&str>, api: Option<&str>) -> Option<String> {
    // The consoles of EC2 read an ARN as it stands.
    let as_it_stands = |arn: &str| percent(arn).replace("%3A", ":").replace("%2F", "/");
    let arn = resource.filter(|resource| resource.starts_with("arn:")).map(as_it_stands);
    Some(match kind {
        HopKind::Stage => format!("apigateway/main/apis/{0}/stages?api={0}&region=REGION", percent(api?)),
        HopKind::Integration => {
            format!("apigateway/main/apis/{0}/resources?api={0}&region=REGION", percent(api?))
        }
        HopKind::VpcLink => "apigateway/main/vpc-links/list?region=REGION".to_owned(),
        HopKind::EndpointService => format!(
            "vpcconsole/home?region=REGION#EndpointServiceDetails:vpcEndpointServiceId={}",
            percent(resource?)
        ),
        HopKind::CloudMapService => "cloudmap/home/namespaces?region=REGION".to_owned(),
        HopKind::LoadBalancer => format!("ec2/home?region=REGION#LoadBalancer:loadBalancerArn={}", arn?),
        HopKind::Listener => format!("ec2/home?region=REGION#ELBListenerV2:listenerArn={}", arn?),
        HopKind::TargetGroup | HopKind::Target => {
            format!("ec2/home?region=REGION#TargetGroup:targetGroupArn={}", arn?)
        }
    })
}

/// Whether a Region may stand in a link's host name: it can come from a log, which its clients can write to.
pub(crate) fn is_region(region: &Region) -> bool {
    let code = region.as_str();
    (5..=25).contains(&code.len())
        && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn console(region: &Region) -> String {
    format!("https://{region}.{}", region.partition().console_host())
}

/// The console's own encoding of its fragment: percent-encoded, then `%` written as `$25` or `$`.
fn dollar(text: &str) -> String {
    percent(text).replace('%', "$")
}

/// What no URL has to encode.
///
/// Source: <https://datatracker.ietf.org/doc/html/rfc3986#section-2.3>
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn percent(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_consoles_fragment_is_encoded_twice() {
        assert_eq!(dollar(&percent("API_a/prod")), "API_a$252Fprod");
        assert_eq!(dollar("?start=1"), "$3Fstart$3D1");
    }

    #[test]
    fn each_resource_has_its_page() {
        let arn = "arn:aws-cn:elasticloadbalancing:cn-north-1:111122223333:targetgroup/a/1";
        let link = page(HopKind::Target, Some(arn), None).unwrap();
        assert!(link.starts_with("ec2/home?region=REGION#TargetGroup:targetGroupArn=arn:aws-cn:"), "{link}");
        assert_eq!(page(HopKind::LoadBalancer, Some("orders"), None), None);
        assert_eq!(page(HopKind::Stage, Some("prod"), None), None);
    }

    #[test]
    fn no_log_chooses_a_links_host() {
        assert!(is_region(&Region::new("us-gov-west-1")));
        assert!(!is_region(&Region::new("evil.example/#")) && !is_region(&Region::new("")));
    }

    #[test]
    fn each_partition_has_its_own_console() {
        assert_eq!(console(&Region::new("eu-west-1")), "https://eu-west-1.console.aws.amazon.com");
        assert_eq!(console(&Region::new("cn-north-1")), "https://cn-north-1.console.amazonaws.cn");
        assert_eq!(
            console(&Region::new("us-gov-west-1")),
            "https://us-gov-west-1.console.amazonaws-us-gov.com"
        );
    }
}
