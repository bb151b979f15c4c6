//! What is wrong with one certificate.

use crate::checks::certificate_trust;

use std::time::Duration;

use jiff::Timestamp;

use crate::aws::ReadError;
use crate::aws::model::Listener;
use crate::causes::{Blames, CertificateFault, Endpoint, RouteContext};
use crate::checks::certificate_presented::Presented;
use crate::checks::certificate_said::Said;
use crate::checks::code::Code;
use crate::checks::finding::Finding;
use crate::path::PrivatePath;

/// ACM renews sixty days ahead; half of that left means that somebody has to look.
const SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What is wrong with a certificate that the listener presents to API Gateway; else that it is valid.
pub(crate) fn weigh(
    subject: &RouteContext,
    topology: &PrivatePath,
    listener: &Listener,
    called: &Endpoint,
    one: &Presented<'_>,
) -> Vec<Finding> {
    let insecure = topology.integration.value().and_then(|i| i.insecure_skip_verification) == Some(true);
    let mut found: Vec<Said> = dates(one, subject.at);
    if one.names.cover(&called.host) == Some(false) {
        let says = format!("covers {}, not `{}`", one.names.list(), called.host);
        found.push(Said::new(Code::ListenerCertificateNameMismatch, says));
    }
    if !insecure {
        found.extend(certificate_trust::untrusted(
            one,
            subject.cause.blames == Blames::Tls(Some(CertificateFault::Authority)),
        ));
    }
    // A private authority is told by ACM's description, a self-signed certificate by its PEM alone; Amazon's own are
    // neither.
    let amazon = one.acm.is_some_and(|acm| acm.kind == "AMAZON_ISSUED");
    let unread = one.unread.filter(|unread| !(amazon && unread.why == ReadError::NotRecorded));
    if found.is_empty() && (insecure || amazon || unread.is_none()) {
        let since = one.not_before.map_or(String::new(), |at| format!(" since {at}"));
        let until = one.not_after.map_or(String::new(), |at| format!(" until {at}"));
        found.push(Said::new(
            Code::ListenerCertificateValid,
            format!("covers `{}` and is valid{since}{until}", called.host),
        ));
    }
    found.extend(soon(one));
    let unknown = unread.map(|unread| Finding::unknown(Code::ListenerCertificateUntrusted, unread));
    let findings = found.into_iter().map(|said| said.finding(listener, one));
    findings.chain(unknown.map(|unknown| unknown.of(&listener.arn))).collect()
}

/// Against the time of the reading, and against the time of the failure: a certificate that ran out since did not fail it.
fn dates(one: &Presented<'_>, failed: Option<Timestamp>) -> Vec<Said> {
    let mut found = Vec::new();
    let expired = one.not_after.filter(|end| *end < one.at);
    match (expired, one.acm.is_some_and(|acm| acm.status == "EXPIRED")) {
        (Some(end), _) => {
            let after = failed.is_some_and(|failed| failed <= end);
            let note = if after { ", after the failure" } else { "" };
            let says = format!("expired at {end}{note}");
            found.push(Said { partial: after, ..Said::new(Code::ListenerCertificateExpired, says) });
        }
        (None, true) => {
            found.push(Said::new(Code::ListenerCertificateExpired, "is expired, says ACM".to_owned()));
        }
        (None, false) => {}
    }
    if let Some(begin) = one.not_before.filter(|begin| *begin > one.at) {
        let says = format!("is not valid before {begin}");
        found.push(Said::new(Code::ListenerCertificateNotYetValid, says));
    }
    // A client that knows another way to a root does not mind an old certificate in the chain.
    let above = one.chain.iter().skip(1).find(|above| above.not_after < one.at);
    if let (Some(above), true) = (above, found.is_empty()) {
        let says =
            format!("is sent with one above it, `{}`, that expired at {}", above.subject, above.not_after);
        found.push(Said { partial: true, ..Said::new(Code::ListenerCertificateExpired, says) });
    }
    found
}

fn soon(one: &Presented<'_>) -> Option<Said> {
    let end = one.not_after.filter(|end| *end >= one.at)?;
    let left = end.duration_since(one.at).unsigned_abs();
    let failed = one.acm.is_some_and(|acm| acm.renewal.as_deref() == Some("FAILED"));
    let reason = one.acm.and_then(|acm| acm.renewal_reason.as_deref());
    let reason = reason.map_or(String::new(), |reason| format!(" ({reason})"));
    let renewal = if failed { format!("; ACM could not renew it{reason}") } else { String::new() };
    (failed || left <= SOON).then(|| {
        let says = format!("expires in {} days, at {end}{renewal}", left.as_secs() / 86_400);
        Said::new(Code::CertificateExpiresSoon, says)
    })
}
