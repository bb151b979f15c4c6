//! Mutual TLS: a listener that verifies its clients, and the certificate that the stage presents to it.
//!
//! Sources: <https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-backend-auth-overview.html>,
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/mutual-authentication.html>

use std::time::Duration;

use jiff::Timestamp;

use crate::aws::model::Listener;
use crate::aws::{ReadError, Reading};
use crate::causes::{Blames, RouteContext};
use crate::checks::code::Code;
use crate::checks::finding::Finding;
use crate::ids::ApiKind;
use crate::path::{HeldCertificate, OnPath};
use crate::text::shell_word;

/// As for the listener's own certificate.
const SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

pub(crate) fn check(subject: &RouteContext, on: OnPath<'_>) -> Vec<Finding> {
    let private = on.path.integration.value().is_some_and(|integration| integration.private);
    if !private || !on.called.as_ref().is_some_and(|called| called.tls) {
        return Vec::new();
    }
    let Some(listener) = on.called_listener() else { return Vec::new() };
    let verifies = listener.ends_tls() && listener.client_certificates.as_deref() == Some("verify");
    // Of HTTP APIs none can: <https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages-stagename.html>.
    if on.path.kind == ApiKind::Http {
        return if verifies { vec![missing(subject, on, listener)] } else { Vec::new() };
    }
    let stage = match &on.path.stage {
        Reading::Known { value, .. } => value,
        Reading::NotRead(unread) if verifies && !matches!(unread.why, ReadError::NotAsked(_)) => {
            return vec![Finding::unknown(Code::ClientCertificateMissing, unread).of(&listener.arn)];
        }
        _ => return Vec::new(),
    };
    match (&stage.client_certificate, &on.path.client_certificate) {
        (None, _) => {
            if verifies {
                vec![missing(subject, on, listener)]
            } else {
                Vec::new()
            }
        }
        (Some(id), Some(held)) => dates(subject, on, listener, id, held),
        (Some(_), None) => Vec::new(),
    }
}

fn missing(subject: &RouteContext, on: OnPath<'_>, listener: &Listener) -> Finding {
    let stage = subject.source.stage.as_deref();
    let http = on.path.kind == ApiKind::Http;
    let presents = match stage {
        _ if http => "an HTTP API can present none".to_owned(),
        Some(stage) => format!("stage {stage} presents none"),
        None => "the stage presents none".to_owned(),
    };
    let says = format!(
        "listener {}:{} requires a client certificate, and {presents}",
        listener.protocol, listener.port
    );
    let api = subject.source.api.as_ref().map_or("API".to_owned(), |api| shell_word(api.as_str()));
    let set = format!(
        "aws apigateway update-stage --rest-api-id {api} --stage-name {} --patch-operations \
         op=replace,path=/clientCertificateId,value=CERTIFICATE --region {{region}}",
        shell_word(stage.unwrap_or("STAGE"))
    );
    let show = format!(
        "aws elbv2 describe-listeners --listener-arns {} --query 'Listeners[].MutualAuthentication' --region {{region}}",
        shell_word(listener.arn.as_str())
    );
    let finding = Finding::read(Code::ClientCertificateMissing, &on.listeners, says).of(&listener.arn);
    if http {
        return finding.remedy(
            "Set the listener's mutual authentication to off or passthrough.",
            None,
            Some(show),
        );
    }
    finding.remedy(
        "Set a client certificate that the trust store accepts, and deploy. Or set the listener's mutual authentication to \
         off or passthrough.",
        Some(set),
        Some(show),
    )
}

/// A certificate that the stage holds: until when it is good, and whether anything asks for it.
fn dates(
    subject: &RouteContext,
    on: OnPath<'_>,
    listener: &Listener,
    id: &str,
    held: &HeldCertificate,
) -> Vec<Finding> {
    let verifies = listener.ends_tls() && listener.client_certificates.as_deref() == Some("verify");
    // What passes through may be asked for a certificate by the target.
    let passes = listener.protocol.starts_with("TCP") && on.next.is_none();
    if !verifies && !passes {
        return Vec::new();
    }
    let (reading, end, unusable) = match held {
        HeldCertificate::Generated(reading) => {
            (reading.clone().map(|_| ()), reading.value().and_then(|own| own.expires), None)
        }
        HeldCertificate::Acm(reading) => {
            let value = reading.value();
            let unusable =
                value.map(|own| own.status.as_str()).filter(|status| !["ISSUED", ""].contains(status));
            (reading.clone().map(|_| ()), value.and_then(|own| own.not_after), unusable)
        }
    };
    let at = match &reading {
        Reading::Known { at, .. } => *at,
        Reading::NotRead(unread) => {
            return vec![Finding::unknown(Code::ClientCertificateExpired, unread).of(id)];
        }
        Reading::Absent { .. } => {
            let says = format!("client certificate `{id}`, which the stage presents, no longer exists");
            return vec![broken(&reading, id, says, verifies)];
        }
    };
    let expired = end.filter(|end| *end < at);
    if expired.is_some() && listener.ignores_expiry && verifies {
        return Vec::new();
    }
    let speaks = verifies || matches!(subject.cause.blames, Blames::Tls(None) | Blames::Anything);
    match (expired, unusable) {
        (Some(end), _) if speaks => {
            let after = subject.at.is_some_and(|failed| failed <= end);
            let note = if after { ", after the failure" } else { "" };
            let says = format!("client certificate `{id}`, which the stage presents, expired at {end}{note}");
            vec![broken(&reading, id, says, verifies && !after)]
        }
        (None, Some(status)) if speaks => {
            let says = format!("client certificate `{id}`, which the stage presents, is {status} in ACM");
            vec![broken(&reading, id, says, verifies)]
        }
        (None, None) => soon(&reading, id, end, at).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn broken(reading: &Reading<()>, id: &str, says: String, surely: bool) -> Finding {
    let finding = Finding::read(Code::ClientCertificateExpired, reading, says).of(id).remedy(
        "Create a new client certificate, let the backend trust it, set it on the stage, and deploy the API.",
        Some("aws apigateway generate-client-certificate --region {region}".to_owned()),
        None,
    );
    if surely { finding } else { finding.partial() }
}

fn soon(reading: &Reading<()>, id: &str, end: Option<Timestamp>, at: Timestamp) -> Option<Finding> {
    let end = end.filter(|end| *end >= at)?;
    let left = end.duration_since(at).unsigned_abs();
    let says = format!(
        "client certificate `{id}`, which the stage presents, expires in {} days, at {end}",
        left.as_secs() / 86_400
    );
    (left <= SOON).then(|| Finding::read(Code::ClientCertificateExpiresSoon, reading, says).of(id))
}
