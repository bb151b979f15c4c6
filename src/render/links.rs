//! Links into the console, right for the partition of the Region.

use crate::classify::Diagnosis;
use crate::incident::Alert;
use crate::vocabulary::Region;

/// Minutes of log around the failures that a link shows.
const AROUND_SECONDS: i64 = 120;

/// CloudWatch Logs at the failing minutes and request.
pub(super) fn logs(alert: &Alert) -> Option<String> {
    let Alert { incident, news, .. } = alert;
    let Diagnosis { source, request_id, .. } = &news.example;
    let (region, group) = (source.region.as_ref()?, source.log_group.as_ref()?);
    let first = news.first_failure().or(incident.last_failure)?;
    let last = news.last_failure().or(incident.last_failure)?;
    let (start, end) =
        ((first.as_second() - AROUND_SECONDS) * 1000, (last.as_second() + AROUND_SECONDS) * 1000);
    let pattern = request_id
        .as_ref()
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
pub(super) fn runbook(diagnosis: &Diagnosis) -> Option<String> {
    let region = diagnosis.source.region.as_ref()?;
    Some(format!(
        "{}/systems-manager/automation/execute/AWSSupport-TroubleshootAPIGatewayVpcLinkIntegration?region={region}",
        console(region)
    ))
}

fn console(region: &Region) -> String {
    format!("https://{region}.{}", region.partition().console_host())
}

/// The console's own encoding of its fragment: percent-encoded, then `%` written as `$25` or `$`.
fn dollar(text: &str) -> String {
    percent(text).replace('%', "$")
}

fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
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
    fn each_partition_has_its_own_console() {
        assert_eq!(console(&Region::new("eu-west-1")), "https://eu-west-1.console.aws.amazon.com");
        assert_eq!(console(&Region::new("cn-north-1")), "https://cn-north-1.console.amazonaws.cn");
        assert_eq!(
            console(&Region::new("us-gov-west-1")),
            "https://us-gov-west-1.console.amazonaws-us-gov.com"
        );
    }
}
