//! What is wrong with the certificates that a server sent: everything, not the first fault, as a JDK would see it.
//!
//! Trust, dates, names and purpose are looked at apart from each other, so that an expired certificate of an unknown
//! authority is both. Signatures that ring cannot verify are taken for good and named in `not_looked_at`.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use x509_cert::Certificate;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName};

use super::chain;
use super::facts::{CertificateFacts, CertificateNames, Tls, TlsFault};
use super::keys::{Key, algorithm_name, key};
use super::roots::{Roots, content, split};

/// The JDK reads no longer chain.
const LONGEST_CHAIN: usize = 10;

const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
const ANY_PURPOSE: &str = "2.5.29.37.0";
/// Critical extensions that the JDK's path validation knows.
const KNOWN_EXTENSIONS: [&str; 9] = [
    "2.5.29.15",
    "2.5.29.17",
    "2.5.29.19",
    "2.5.29.30",
    "2.5.29.32",
    "2.5.29.33",
    "2.5.29.36",
    "2.5.29.37",
    "2.5.29.54",
];

/// A certificate, taken apart.
pub(super) struct One {
    pub(super) certificate: Certificate,
    /// What is signed.
    pub(super) signed: Vec<u8>,
    pub(super) subject: Vec<u8>,
    pub(super) issuer: Vec<u8>,
    pub(super) spki: Vec<u8>,
    pub(super) key: Key,
}

impl One {
    pub(super) fn parse(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::from_der(der).ok()?;
        let body = certificate.tbs_certificate();
        let inner = content(der);
        let (_, total) = split(inner)?;
        let spki = content(&body.subject_public_key_info().to_der().ok()?).to_vec();
        Some(Self {
            signed: inner[..total].to_vec(),
            subject: content(&body.subject().to_der().ok()?).to_vec(),
            issuer: content(&body.issuer().to_der().ok()?).to_vec(),
            key: key(&spki),
            spki,
            certificate,
        })
    }

    pub(super) fn extension<'a, T>(&'a self) -> Option<T>
    where
        T: Decode<'a> + x509_cert::der::oid::AssociatedOid,
    {
        self.certificate.tbs_certificate().get_extension::<T>().ok().flatten().map(|(_, value)| value)
    }

    pub(super) fn not_before(&self) -> Timestamp {
        time(self.certificate.tbs_certificate().validity().not_before.to_unix_duration())
    }

    pub(super) fn not_after(&self) -> Timestamp {
        time(self.certificate.tbs_certificate().validity().not_after.to_unix_duration())
    }

    pub(super) fn algorithm(&self) -> ObjectIdentifier {
        self.certificate.signature_algorithm().oid
    }

    pub(super) fn names(&self) -> CertificateNames {
        let alternative = self.extension::<SubjectAltName>().map(|names| names.0).unwrap_or_default();
        let subject = self.certificate.tbs_certificate().subject();
        let mut names = CertificateNames {
            cn: subject.common_name().ok().flatten().map(|name| bounded(&name.value())),
            ..CertificateNames::default()
        };
        for name in alternative {
            match name {
                GeneralName::DnsName(name) => names.dns.push(bounded(name.as_ref())),
                GeneralName::IpAddress(octets) => names.ip.extend(ip(octets.as_bytes())),
                _ => {}
            }
        }
        // A certificate of a content network has hundreds.
        names.dns.truncate(100);
        names.ip.truncate(100);
        names
    }

    pub(super) fn may_sign(&self) -> bool {
        self.extension::<BasicConstraints>().is_some_and(|basic| basic.ca)
            && self.extension::<KeyUsage>().is_none_or(|usage| usage.key_cert_sign())
    }

    /// Stricter than path validation: `insecureSkipVerification` wants the extension to be there.
    pub(super) fn is_declared_authority(&self) -> bool {
        self.may_sign() && self.extension::<KeyUsage>().is_some()
    }

    pub(super) fn facts(&self) -> CertificateFacts {
        let body = self.certificate.tbs_certificate();
        CertificateFacts {
            subject: bounded(&body.subject().to_string()),
            issuer: bounded(&body.issuer().to_string()),
            not_before: self.not_before(),
            not_after: self.not_after(),
            key: self.key.name(),
            signature: algorithm_name(self.algorithm()),
        }
    }

    pub(super) fn has_unknown_critical(&self) -> bool {
        let extensions = self.certificate.tbs_certificate().extensions();
        extensions.into_iter().flatten().any(|extension| {
            extension.critical && !KNOWN_EXTENSIONS.contains(&extension.extn_id.to_string().as_str())
        })
    }
}

/// Other people's names may be long.
fn bounded(text: &str) -> String {
    text.chars().take(256).collect()
}

fn ip(octets: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok().map(|address| address.to_string())
}

/// X.509 times lie between 1950 and 9999, which a timestamp holds.
fn time(since_1970: Duration) -> Timestamp {
    let seconds = i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

/// Looks at all of it and writes down facts and faults.
pub(super) fn judge(
    chain: &[Vec<u8>],
    server_name: Option<&str>,
    roots: &Roots,
    now: Timestamp,
    tls: &mut Tls,
) {
    if chain.len() > LONGEST_CHAIN {
        tls.fault(TlsFault::ChainTooLong);
    }
    let parsed: Vec<Option<One>> = chain.iter().take(2 * LONGEST_CHAIN).map(|der| One::parse(der)).collect();
    if parsed.iter().any(Option::is_none) {
        tls.fault(TlsFault::CertificateUnreadable);
    }
    let sent: Vec<One> = match parsed.split_first() {
        Some((Some(_), _)) => parsed.into_iter().flatten().collect(),
        _ => return,
    };
    let leaf = &sent[0];
    tls.chain = sent.iter().map(|one| one.facts().subject).collect();
    tls.certificates = sent.iter().map(One::facts).collect();
    tls.names = leaf.names();
    tls.not_before = Some(leaf.not_before());
    tls.not_after = Some(leaf.not_after());
    tls.path.in_order = Some(sent.windows(2).all(|pair| pair[0].issuer == pair[1].subject));
    match server_name {
        Some(host) if !tls.names.cover(host) => tls.fault(TlsFault::NameMismatch),
        Some(_) => {}
        None => tls.note("whether the certificate covers the host that is called: no server name was given"),
    }
    if leaf.not_after() < now {
        tls.fault(TlsFault::Expired);
    }
    if leaf.not_before() > now {
        tls.fault(TlsFault::NotYetValid);
    }
    purpose(leaf, tls);
    chain::authority(&sent, roots, now, tls);
}

fn purpose(leaf: &One, tls: &mut Tls) {
    let serves = |usage: &ExtendedKeyUsage| {
        usage.0.iter().any(|purpose| [SERVER_AUTH, ANY_PURPOSE].contains(&purpose.to_string().as_str()))
    };
    let wrong_purpose = leaf.extension::<ExtendedKeyUsage>().is_some_and(|usage| !serves(&usage));
    let may_not_sign = leaf.extension::<KeyUsage>().is_some_and(|usage| !usage.digital_signature());
    if wrong_purpose || may_not_sign {
        tls.fault(TlsFault::NotForServers);
    }
    if leaf.has_unknown_critical() {
        tls.fault(TlsFault::BadChain);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn der(pem: &str) -> Vec<Vec<u8>> {
        let chain = Certificate::load_pem_chain(pem.as_bytes()).unwrap();
        chain.iter().map(|one| one.to_der().unwrap()).collect()
    }

    fn told(chain: &[Vec<u8>], host: Option<&str>) -> Tls {
        let (mut tls, now) = (Tls::default(), "2026-12-01T12:00:00Z".parse().unwrap());
        judge(chain, host, &Roots::default(), now, &mut tls);
        tls
    }

    /// Made with OpenSSL; the keys were thrown away.
    const OLD: &str = include_str!("../../tests/certificates/probe/rsa-1024-sha1.pem");

    #[test]
    fn what_the_jdk_takes_is_no_fault() {
        let root = der(include_str!("../../tests/certificates/probe/root.pem"));
        let chain = [der(OLD), root].concat();
        let tls = told(&chain, Some("orders.zoo.test"));
        assert_eq!(tls.faults, [TlsFault::UntrustedUnknownRoot], "a key of 1024 bits and SHA-1 are not");
        let leaf = &tls.certificates[0];
        assert_eq!((leaf.key.as_str(), leaf.signature.as_str()), ("RSA 1024", "SHA1withRSA"));
        assert_eq!(
            tls.path.root.map(|root| (root.sent, root.may_sign, root.listed)),
            Some((true, true, None))
        );
        assert_eq!((tls.path.in_order, tls.path.complete), (Some(true), Some(true)));
    }

    #[test]
    fn a_public_root_is_known_by_its_key() {
        let root = |pem| {
            let tls = told(&der(pem), None);
            assert!(tls.not_looked_at.iter().any(|note| note.contains("no server name")));
            (tls.path.root.and_then(|root| root.listed), tls.faults.contains(&TlsFault::UntrustedUnknownRoot))
        };
        let amazon = include_str!("../../tests/certificates/probe/amazon-root-ca-1.pem");
        let isrg = include_str!("../../tests/certificates/probe/isrg-root-x2.pem");
        assert_eq!(root(amazon), (Some(true), false));
        assert_eq!(root(isrg), (Some(false), true), "public, and not in API Gateway's list");
        let of_amazons_name = include_str!("../../tests/certificates/amazon-issued.pem");
        assert!(
            told(&der(of_amazons_name), None).path.root.is_none_or(|root| root.listed.is_none()),
            "a name is no key"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_certificate_can_make_it_fail(chain: Vec<Vec<u8>>) {
            let tls = told(&chain, Some("orders.zoo.test"));
            prop_assert!(chain.is_empty() || !tls.faults.is_empty());
        }

        #[test]
        fn a_damaged_certificate_cannot_either(at in 0_usize..700, byte: u8, twice: bool) {
            let mut chain = der(OLD);
            let at = at % chain[0].len();
            chain[0][at] = byte;
            if twice {
                chain.push(chain[0].clone());
            }
            let tls = told(&chain, Some("orders.zoo.test"));
            prop_assert!(!tls.faults.is_empty());
        }
    }
}
