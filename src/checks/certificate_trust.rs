//! Whose word a certificate is, and whether API Gateway takes it.

use crate::checks::certificate_presented::Presented;
use crate::checks::certificate_said::{Said, issuer};
use crate::checks::code::Code;

/// Organisations whose authorities API Gateway knows, the common ones:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-supported-certificate-authorities-for-http-endpoints.html>
const KNOWN: [&str; 10] = [
    "Amazon",
    "Comodo",
    "DigiCert",
    "Entrust",
    "GlobalSign",
    "GoDaddy",
    "Google Trust Services",
    "Let's Encrypt",
    "Sectigo",
    "Thawte",
];

/// Whose word the certificate is. Which authorities API Gateway knows, no API tells: of an imported certificate only a
/// text that already blames the authority makes its issuer suspect.
pub(crate) fn untrusted(one: &Presented<'_>, blamed: bool) -> Option<Said> {
    let kind = one.acm.map_or("", |acm| acm.kind.as_str());
    let issuer = issuer(one).unwrap_or_else(|| "an authority that is not known".to_owned());
    let says = if kind == "PRIVATE" {
        format!("is of a private authority ({issuer}), which API Gateway does not know")
    } else if one.chain.first().is_some_and(|leaf| leaf.is_self_signed()) {
        "is self-signed: no authority that API Gateway knows vouches for it".to_owned()
    } else if blamed && kind != "AMAZON_ISSUED" {
        let known = KNOWN.iter().any(|name| issuer.contains(name));
        let says = match (known, one.chain.len()) {
            (true, 1) => format!("is sent without the certificates of `{issuer}` above it"),
            (true, _) => return None,
            (false, _) => format!("is of `{issuer}`, which API Gateway may not know"),
        };
        return Some(Said { partial: true, ..Said::new(Code::ListenerCertificateUntrusted, says) });
    } else {
        return None;
    };
    Some(Said::new(Code::ListenerCertificateUntrusted, says))
}
