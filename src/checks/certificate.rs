//! The certificate that the called listener presents: names, dates and authority, as API Gateway checks them.
//!
//! `insecureSkipVerification` leaves out the authority alone:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-extensions-integration-tls-config.html>

use std::time::Duration;

use jiff::Timestamp;

use crate::aws::model::{Listener, ListenerCertificate, X509};
use crate::aws::{NotRead, QueryKind, ReadError, Reading};
use crate::causes::{Blames, CertificateFault, Endpoint, RouteContext};
use crate::checks::certificate_presented::{Choice, Presented, choose, sends_name};
use crate::checks::code::Code;
use crate::checks::finding::Finding;
use crate::checks::probe;
use crate::path::OnPath;
use crate::probe::{address, authorities};
use crate::text::shell_word;

pub(crate) fn check(subject: &RouteContext, on: OnPath<'_>) -> Vec<Finding> {
    let private = on.path.integration.value().is_some_and(|integration| integration.private);
    let Some(called) = on.called.as_ref().filter(|called| private && called.tls) else {
        return Vec::new();
    };
    let certificates_matter = matches!(subject.cause.blames, Blames::Tls(_) | Blames::Anything);
    match on.called_listener() {
        Some(listener) if listener.ends_tls() => ended(subject, on, listener, called),
        // A prober met it.
        Some(_) if probe::shows_certificates(on) => Vec::new(),
        // The application load balancer behind it presents its own, which is judged there.
        Some(listener) if listener.protocol.starts_with("TCP") && on.next.is_some() => Vec::new(),
        Some(listener) if listener.protocol.starts_with("TCP") && certificates_matter => {
            vec![passed_through(on, listener)]
        }
        None if certificates_matter && on.listeners.unavailable().is_some() => {
            let why = "which listener is called is not known";
            vec![not_looked(why)]
        }
        _ => Vec::new(),
    }
}

/// TLS ends at the listener: AWS knows the certificate.
fn ended(subject: &RouteContext, on: OnPath<'_>, listener: &Listener, called: &Endpoint) -> Vec<Finding> {
    let details = &on.details;
    let listed = match &details.listener_certificates {
        Reading::Known { value, .. } => value,
        // The listener went away between two readings; the listener's own check will say so next time.
        Reading::Absent { .. } => return Vec::new(),
        Reading::NotRead(unavailable) => {
            let unknown = Finding::unknown(Code::ListenerCertificateNameMismatch, unavailable);
            return vec![unknown.of(&listener.arn)];
        }
    };
    let mut findings = chosen(subject, on, listener, called, listed);
    // Another certificate of the list, of which something could not be read, is none of those that were judged.
    let halves = details
        .certificates
        .values()
        .flat_map(|one| [one.acm.as_ref().and_then(Reading::unavailable), one.chain.unavailable()]);
    for unavailable in halves.flatten().filter(|half| half.why != ReadError::NotRecorded) {
        if !findings
            .iter()
            .any(|known| known.not_read().is_some_and(|not_read| not_read.query == unavailable.query))
        {
            let unknown = Finding::unknown(Code::ListenerCertificateNameMismatch, unavailable);
            findings.push(unknown.of(&listener.arn));
        }
    }
    findings
}

/// What is said of the certificate that the host is shown.
fn chosen(
    subject: &RouteContext,
    on: OnPath<'_>,
    listener: &Listener,
    called: &Endpoint,
    listed: &[ListenerCertificate],
) -> Vec<Finding> {
    let Some(name) = on.verified_name() else {
        let why = "the integration names no server name, so no name is compared, and which certificate is shown is not known";
        return vec![not_looked(why).of(&listener.arn)];
    };
    match choose(&on.details, listed, name) {
        Choice::One(presented) => {
            let several = presented.len() > 1;
            let of_one = |one| weigh(subject, on, listener, called, &one);
            let findings: Vec<Finding> = presented.into_iter().flat_map(of_one).collect();
            // Which of several is presented is the load balancer's choice.
            findings.into_iter().map(|finding| if several { finding.partial() } else { finding }).collect()
        }
        Choice::Unknown(Some(unavailable)) => {
            let unknown = Finding::unknown(Code::ListenerCertificateNameMismatch, unavailable);
            vec![unknown.of(&listener.arn)]
        }
        Choice::Unknown(None) => {
            let why = "the listener has more certificates than are read, or one of them is gone";
            vec![not_looked(why).of(&listener.arn)]
        }
    }
}

/// The finding of a check that had no certificate to look at.
fn not_looked(why: &str) -> Finding {
    let query = QueryKind::ListenerCertificates;
    let not_read = NotRead::not_asked("the listener's certificate", Some(query), why);
    Finding::unknown(Code::ListenerCertificateNameMismatch, &not_read)
}

/// No call of AWS shows a target's certificate, so no permission would help.
fn passed_through(on: OnPath<'_>, listener: &Listener) -> Finding {
    let groups = on.called_target_groups();
    let balanced = groups.iter().filter_map(|arn| on.target_group(arn)).any(|group| group.kind == "alb");
    let (owner, why) = match balanced {
        true => (
            "application load balancer behind the listener",
            "TLS passes through the listener to an application load balancer that could not be read",
        ),
        false => (
            "target",
            "TLS passes through the listener to the target, and no AWS API shows a target's certificate",
        ),
    };
    let says = format!(
        "listener {}:{} passes TLS through: the certificate is the {owner}'s own",
        listener.protocol, listener.port
    );
    Finding::unknown(Code::ListenerCertificateNameMismatch, &NotRead::not_asked(&says, None, why))
        .saying(says)
        .of(&listener.arn)
        .remedy(
            "From a machine in the VPC, read the names, dates and issuer of the certificate that the target presents.",
            Some(
                "openssl s_client -connect {host}:{port} -servername {host} -showcerts </dev/null | openssl x509 \
                 -noout -subject -issuer -dates -ext subjectAltName"
                    .to_owned(),
            ),
            None,
        )
}

/// ACM renews sixty days ahead; with half of that left, the renewal needs a person.
const SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What is wrong with a certificate that the listener presents to API Gateway; else that it is valid.
fn weigh(
    subject: &RouteContext,
    on: OnPath<'_>,
    listener: &Listener,
    called: &Endpoint,
    one: &Presented<'_>,
) -> Vec<Finding> {
    let insecure = on.path.integration.value().and_then(|i| i.insecure_skip_verification) == Some(true);
    let mut found: Vec<Said> = dates(one, subject.at);
    if one.names.cover(&called.host) == Some(false) {
        let unnamed = if sends_name(&called.host) || address(&called.host).is_some() {
            ""
        } else {
            ". API Gateway sends no SNI for a host without a dot, so the listener presents its default certificate"
        };
        let says = format!("covers {}, not `{}`{unnamed}", one.names.list(), called.host);
        found.push(Said::new(Code::ListenerCertificateNameMismatch, says));
    }
    let blamed = subject.cause.blames == Blames::Tls(Some(CertificateFault::Authority));
    found.extend(match insecure {
        true => rootless(one).filter(|_| blamed),
        false => untrusted(one, blamed),
    });
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
    let of_http = on.called_by.is_some();
    let findings = found.into_iter().map(|said| said.finding(listener, one, of_http));
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
            found.push(Said::new(
                Code::ListenerCertificateExpired,
                "has expired, according to ACM".to_owned(),
            ));
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
        let says = format!(
            "comes with an issuer certificate, `{}`, that expired at {}",
            above.subject, above.not_after
        );
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

/// Whose word the certificate is. Which authorities API Gateway knows, no API tells: of an imported certificate only a
/// text that already blames the authority makes its issuer suspect.
fn untrusted(one: &Presented<'_>, blamed: bool) -> Option<Said> {
    let kind = one.acm.map_or("", |acm| acm.kind.as_str());
    let issuer = issuer(one).unwrap_or_else(|| "an authority that is not known".to_owned());
    let says = if kind == "PRIVATE" {
        format!("is of a private authority ({issuer}), which API Gateway does not know")
    } else if one.chain.first().is_some_and(|leaf| leaf.is_self_signed()) {
        "is self-signed, so API Gateway does not trust it".to_owned()
    } else if blamed && kind != "AMAZON_ISSUED" {
        let says = unvouched(one.chain, &issuer)?;
        return Some(Said { partial: true, ..Said::new(Code::ListenerCertificateUntrusted, says) });
    } else {
        return None;
    };
    Some(Said::new(Code::ListenerCertificateUntrusted, says))
}

/// What `insecureSkipVerification` does not waive: the chain has to end in a root, sent or known.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-extensions-integration-tls-config.html>
fn rootless(one: &Presented<'_>) -> Option<Said> {
    let top = last_of(one.chain).filter(|top| !top.is_self_signed())?;
    if authorities::listed_name(&top.issuer) == Some(true) {
        return None;
    }
    let says =
        format!("is sent without the root `{}`, which insecureSkipVerification does not waive", top.issuer);
    Some(Said { partial: true, ..Said::new(Code::ListenerCertificateUntrusted, says) })
}

/// Why API Gateway may find no way from the certificate to an authority it trusts; `None` where the chain ends at one that
/// its published list has.
fn unvouched(chain: &[X509], issuer: &str) -> Option<String> {
    let Some(top) = last_of(chain) else {
        return Some(format!("is of `{issuer}`, which API Gateway may not know"));
    };
    let root = if top.is_self_signed() { &top.subject } else { &top.issuer };
    let listed = match top.key.filter(|_| top.is_self_signed()) {
        Some(key) => authorities::listed_key(key),
        None => authorities::listed_name(root),
    };
    match listed {
        Some(true) => None,
        Some(false) => Some(format!(
            "leads to `{root}`, which was not on API Gateway's published list of authorities on {}",
            authorities::COMPARED_ON
        )),
        None if top.is_self_signed() => {
            Some(format!("leads to `{root}`, a root that API Gateway may not know"))
        }
        None => Some(format!(
            "is sent without the issuer certificate `{root}`; API Gateway must already trust that issuer"
        )),
    }
}

/// The last certificate on the way up from the first, in whatever order they are sent.
fn last_of(chain: &[X509]) -> Option<&X509> {
    let mut top = chain.first()?;
    for _ in chain {
        match chain.iter().find(|above| above.subject == top.issuer && !top.is_self_signed()) {
            Some(above) => top = above,
            None => break,
        }
    }
    Some(top)
}

/// Half a sentence about the certificate, and its code.
struct Said {
    code: Code,
    says: String,
    partial: bool,
}

impl Said {
    fn new(code: Code, says: String) -> Self {
        Self { code, says, partial: false }
    }

    fn finding(self, listener: &Listener, one: &Presented<'_>, of_http: bool) -> Finding {
        let says = format!(
            "the certificate of listener {}:{} (`{}`) {}",
            listener.protocol,
            listener.port,
            one.arn.resource(),
            self.says
        );
        let mut finding = Finding::read(self.code, &one.reading, says)
            .of(&listener.arn)
            .detail("certificate", one.arn)
            .detail("names", one.names.list());
        let of_acm = one.acm.map(|acm| acm.kind.clone());
        for (key, value) in [
            ("kind", of_acm),
            ("issuer", issuer(one)),
            ("not_before", one.not_before.map(|at| at.to_string())),
            ("not_after", one.not_after.map(|at| at.to_string())),
            ("renewal", one.acm.and_then(|acm| acm.renewal.clone())),
            ("renewal_reason", one.acm.and_then(|acm| acm.renewal_reason.clone())),
        ] {
            finding = value.into_iter().fold(finding, |finding, value| finding.detail(key, value));
        }
        finding.partial = self.partial;
        let Some(what) = remedy(self.code, one, of_http) else { return finding };
        let show = format!(
            "aws elbv2 describe-listener-certificates --listener-arn {} --region {{region}}",
            shell_word(listener.arn.as_str())
        );
        finding.remedy(what, None, Some(show))
    }
}

/// Who vouches for it: its own word, else ACM's.
fn issuer(one: &Presented<'_>) -> Option<String> {
    let own = one.chain.first().map(|leaf| leaf.issuer.clone());
    own.or_else(|| one.acm.and_then(|acm| acm.issuer.clone()))
}

fn remedy(code: Code, one: &Presented<'_>, of_http: bool) -> Option<&'static str> {
    let kind = one.acm.map_or("", |acm| acm.kind.as_str());
    let amazon = kind == "AMAZON_ISSUED";
    Some(match code {
        Code::ListenerCertificateNameMismatch if of_http => {
            "Set the integration's tlsConfig serverNameToVerify to a name that the certificate covers, or give the \
             listener a certificate for it."
        }
        Code::ListenerCertificateUntrusted if of_http => {
            "Give the listener a certificate of a public authority, with its whole chain."
        }
        Code::ListenerCertificateNameMismatch => {
            "Put a name that the certificate covers into the integration's URI and deploy the API, or give the listener \
             a certificate for the URI's host."
        }
        Code::ListenerCertificateUntrusted => {
            "Give the listener a certificate of a public authority with its whole chain. Or send a chain with its private \
             root, set insecureSkipVerification in the integration's tlsConfig, and deploy the API."
        }
        Code::ListenerCertificateNotYetValid => "Give the listener a certificate that is valid now.",
        Code::ListenerCertificateExpired | Code::CertificateExpiresSoon if amazon => {
            "Complete the certificate's validation (its CNAME record) so that ACM can renew it, or request a new one."
        }
        Code::ListenerCertificateExpired | Code::CertificateExpiresSoon if kind == "PRIVATE" => {
            "See why ACM did not renew the private certificate, renew it, or give the listener a new one."
        }
        Code::ListenerCertificateExpired | Code::CertificateExpiresSoon if kind.is_empty() => {
            "Give the listener a new certificate; nothing renews this one."
        }
        Code::ListenerCertificateExpired | Code::CertificateExpiresSoon => {
            "Import the renewed certificate under the same ARN, or give the listener a new one; ACM does not renew it."
        }
        _ => return None,
    })
}
