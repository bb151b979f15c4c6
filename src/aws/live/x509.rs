//! PEM → names, dates and issuers. Parsed with RustCrypto's `x509-cert`: maintained, and little beyond what `sha2` brings.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use x509_cert::Certificate;
use x509_cert::der::asn1::Any;
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::aws::model::X509;
use crate::aws::reading::ReadError;

/// The certificates of a PEM text, in its order: the listener's own first.
pub(crate) fn chain(pem: &str) -> Result<Vec<X509>, ReadError> {
    let malformed = |error| ReadError::Malformed(format!("not a certificate: {error}"));
    // Tools that import certificates may indent their lines.
    let lines: Vec<&str> = pem.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let chain = Certificate::load_pem_chain(lines.join("\n").as_bytes()).map_err(malformed)?;
    if chain.is_empty() {
        return Err(ReadError::Malformed("no certificate in the answer".to_owned()));
    }
    Ok(chain.iter().map(certificate).collect())
}

fn certificate(one: &Certificate) -> X509 {
    let body = one.tbs_certificate();
    let alternative = alternative_names(one);
    let name = |name: &GeneralName| match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        _ => None,
    };
    let address = |name: &GeneralName| match name {
        GeneralName::IpAddress(octets) => address(octets.as_bytes()).map(|address| address.to_string()),
        _ => None,
    };
    X509 {
        subject: body.subject().to_string(),
        issuer: body.issuer().to_string(),
        common_name: body.subject().common_name().ok().flatten().map(|name| name.value().into_owned()),
        names: alternative.iter().filter_map(name).collect(),
        addresses: alternative.iter().filter_map(address).collect(),
        not_before: time(body.validity().not_before.to_unix_duration()),
        not_after: time(body.validity().not_after.to_unix_duration()),
    }
}

/// The names that can be read: one that is written against the rules costs itself.
fn alternative_names(one: &Certificate) -> Vec<GeneralName> {
    let extensions = one.tbs_certificate().extensions().into_iter().flatten();
    let mut own = extensions.filter(|extension| extension.extn_id == SubjectAltName::OID);
    let names = own.next().and_then(|own| Vec::<Any>::from_der(own.extn_value.as_bytes()).ok());
    names.into_iter().flatten().filter_map(|name| GeneralName::from_der(&name.to_der().ok()?).ok()).collect()
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok()
}

/// X.509 times lie between 1950 and 9999, which a timestamp holds.
fn time(since_1970: Duration) -> Timestamp {
    let seconds = i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with `openssl req -x509` and `openssl x509 -req`; no key was kept.
    const PRIVATE: &str = include_str!("../../../tests/certificates/private-chain.pem");
    const SELF_SIGNED: &str = include_str!("../../../tests/certificates/self-signed-without-names.pem");

    #[test]
    fn names_addresses_and_issuers_are_read() {
        let chain = chain(PRIVATE).unwrap();
        let [leaf, root] = &chain[..] else { panic!("two certificates: {chain:?}") };
        assert_eq!(leaf.names, ["orders.example.com", "*.orders.example.com"]);
        assert_eq!(leaf.addresses, ["10.0.0.7", "fd00::7"]);
        assert_eq!(leaf.common_name.as_deref(), Some("orders.example.com"));
        assert_eq!(leaf.issuer, root.subject);
        assert!(root.issuer.contains("Example Root CA"), "{}", root.issuer);
        assert!(!leaf.is_self_signed() && root.is_self_signed());
        assert_eq!(leaf.not_before.to_string(), "2026-11-22T11:40:00Z");
        assert_eq!(leaf.not_after.to_string(), "2126-10-29T11:40:00Z");
    }

    #[test]
    fn a_certificate_without_extensions_has_no_names() {
        let chain = chain(SELF_SIGNED).unwrap();
        assert_eq!(chain.len(), 1);
        assert!(chain[0].is_self_signed() && chain[0].names.is_empty() && chain[0].addresses.is_empty());
        assert_eq!(chain[0].common_name.as_deref(), Some("orders.internal"));
    }

    #[test]
    fn what_is_no_certificate_is_malformed() {
        let cut = &PRIVATE[..PRIVATE.len() / 3];
        for text in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", cut, "hello"] {
            assert!(matches!(chain(text), Err(ReadError::Malformed(_))), "{text}");
        }
    }
}
