//! What is wrong with the certificates that a server sent: everything, not the first fault, as a JDK would see it.
//!
//! Trust, dates, names and purpose are looked at apart from each other, so that an expired certificate of an unknown
//! authority is both. Signatures that ring cannot verify are taken for good and named in `not_looked_at`.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use x509_cert::Certificate;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, NameConstraints, SubjectAltName};

use super::facts::{CertificateFacts, Fault, Names, RootFacts, Tls};
use super::roots::{Anchor, Roots, content, split};

/// The JDK reads no longer chain.
const LONGEST_CHAIN: usize = 10;
/// Ways through the certificates that are tried; a hostile chain offers many.
const MOST_STEPS: usize = 200;

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

/// What a key is, as far as it decides what can be verified with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Bits of the modulus.
    Rsa(usize),
    RsaPss(usize),
    P256,
    P384,
    P521,
    Ed25519,
    Ed448,
    Dsa,
    /// A curve that no current JDK has.
    OtherCurve,
    Other,
}

impl Key {
    fn name(self) -> String {
        match self {
            Self::Rsa(bits) => format!("RSA {bits}"),
            Self::RsaPss(bits) => format!("RSA-PSS {bits}"),
            Self::P256 => "EC P-256".to_owned(),
            Self::P384 => "EC P-384".to_owned(),
            Self::P521 => "EC P-521".to_owned(),
            Self::Ed25519 => "Ed25519".to_owned(),
            Self::Ed448 => "Ed448".to_owned(),
            Self::Dsa => "DSA".to_owned(),
            Self::OtherCurve => "EC on another curve".to_owned(),
            Self::Other => "of an unknown kind".to_owned(),
        }
    }
}

/// A certificate, taken apart.
pub(super) struct One {
    certificate: Certificate,
    /// What is signed.
    signed: Vec<u8>,
    subject: Vec<u8>,
    issuer: Vec<u8>,
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

    fn extension<'a, T>(&'a self) -> Option<T>
    where
        T: Decode<'a> + x509_cert::der::oid::AssociatedOid,
    {
        self.certificate.tbs_certificate().get_extension::<T>().ok().flatten().map(|(_, value)| value)
    }

    fn not_before(&self) -> Timestamp {
        time(self.certificate.tbs_certificate().validity().not_before.to_unix_duration())
    }

    fn not_after(&self) -> Timestamp {
        time(self.certificate.tbs_certificate().validity().not_after.to_unix_duration())
    }

    fn algorithm(&self) -> ObjectIdentifier {
        self.certificate.signature_algorithm().oid
    }

    fn names(&self) -> Names {
        let alternative = self.extension::<SubjectAltName>().map(|names| names.0).unwrap_or_default();
        let subject = self.certificate.tbs_certificate().subject();
        let mut names = Names {
            cn: subject.common_name().ok().flatten().map(|name| bounded(&name.value())),
            ..Names::default()
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

    fn may_sign(&self) -> bool {
        self.extension::<BasicConstraints>().is_some_and(|basic| basic.ca)
            && self.extension::<KeyUsage>().is_none_or(|usage| usage.key_cert_sign())
    }

    /// Stricter than path validation: `insecureSkipVerification` wants the extension to be there.
    fn is_declared_authority(&self) -> bool {
        self.may_sign() && self.extension::<KeyUsage>().is_some()
    }

    fn facts(&self) -> CertificateFacts {
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

    fn has_unknown_critical(&self) -> bool {
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
        tls.fault(Fault::ChainTooLong);
    }
    let parsed: Vec<Option<One>> = chain.iter().take(2 * LONGEST_CHAIN).map(|der| One::parse(der)).collect();
    if parsed.iter().any(Option::is_none) {
        tls.fault(Fault::CertificateUnreadable);
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
        Some(host) if !tls.names.cover(host) => tls.fault(Fault::NameMismatch),
        Some(_) => {}
        None => tls.note("whether the certificate covers the host that is called: no server name was given"),
    }
    if leaf.not_after() < now {
        tls.fault(Fault::Expired);
    }
    if leaf.not_before() > now {
        tls.fault(Fault::NotYetValid);
    }
    purpose(leaf, tls);
    authority(&sent, roots, now, tls);
}

fn purpose(leaf: &One, tls: &mut Tls) {
    let serves = |usage: &ExtendedKeyUsage| {
        usage.0.iter().any(|purpose| [SERVER_AUTH, ANY_PURPOSE].contains(&purpose.to_string().as_str()))
    };
    let wrong_purpose = leaf.extension::<ExtendedKeyUsage>().is_some_and(|usage| !serves(&usage));
    let may_not_sign = leaf.extension::<KeyUsage>().is_some_and(|usage| !usage.digital_signature());
    if wrong_purpose || may_not_sign {
        tls.fault(Fault::NotForServers);
    }
    if leaf.has_unknown_critical() {
        tls.fault(Fault::BadChain);
    }
}

/// How a way through the certificates ends.
enum Root {
    Known(Anchor),
    /// The last certificate of the way signed itself.
    SelfSigned,
    Missing,
    /// An issuer of that name is there, and its key did not sign.
    WrongKey,
}

struct Way {
    certificates: Vec<usize>,
    root: Root,
}

fn authority(sent: &[One], roots: &Roots, now: Timestamp, tls: &mut Tls) {
    let mut search = Search { sent, roots, ways: Vec::new(), unverified: false, steps: 0 };
    search.extend(vec![0]);
    let faults = |way: &Way| {
        let mut faults = faults_of_way(way, sent, now);
        faults.sort_unstable();
        faults.dedup();
        faults
    };
    // The JDK looks for a way that holds, so the best one counts.
    let rank = |way: &Way| match way.root {
        Root::Known(Anchor { listed: Some(true), .. }) => 0,
        Root::Known(Anchor { listed: None, .. }) => 1,
        Root::Known(_) => 2,
        Root::SelfSigned => 3,
        Root::WrongKey => 4,
        Root::Missing => 5,
    };
    let Some((way, faults)) =
        (search.ways.iter().map(|way| (way, faults(way)))).min_by_key(|(way, faults)| {
            (faults.iter().filter(|fault| **fault != Fault::IssuerNotSent).count(), rank(way))
        })
    else {
        return;
    };
    for fault in faults {
        tls.fault(fault);
    }
    tls.path.complete = Some(!matches!(way.root, Root::Missing | Root::WrongKey));
    let last = &sent[way.certificates[way.certificates.len() - 1]];
    tls.path.root = match &way.root {
        Root::Known(anchor) => {
            let own = sent.iter().find(|one| one.subject == anchor.subject && one.spki == anchor.key);
            let name = own.map_or_else(|| last.facts().issuer, |own| own.facts().subject);
            Some(RootFacts {
                subject: name,
                sent: own.is_some(),
                may_sign: own.is_none_or(One::is_declared_authority),
                listed: anchor.listed,
            })
        }
        // Most likely private, but the list also has roots that Mozilla no longer has.
        Root::SelfSigned => Some(RootFacts {
            subject: last.facts().subject,
            sent: true,
            may_sign: last.is_declared_authority(),
            listed: None,
        }),
        Root::Missing | Root::WrongKey => None,
    };
    if matches!(&way.root, Root::Known(anchor) if anchor.listed.is_none()) {
        tls.note("whether API Gateway trusts this root: its published list was not compared with it");
    }
    if search.unverified {
        tls.note("some signatures in the chain, which this program's library cannot verify");
    }
}

struct Search<'a> {
    sent: &'a [One],
    roots: &'a Roots,
    ways: Vec<Way>,
    unverified: bool,
    steps: usize,
}

impl Search<'_> {
    fn extend(&mut self, way: Vec<usize>) {
        self.steps += 1;
        let Some(&last) = way.last().filter(|_| self.steps <= MOST_STEPS) else { return };
        let one = &self.sent[last];
        let mut wrong_key = false;
        let before = self.ways.len();
        let end = |root| Way { certificates: way.clone(), root };
        // The certificate itself may be one that is trusted, by its key.
        let itself = self.roots.of(&one.subject).into_iter().find(|root| root.key == one.spki);
        if let Some(root) = itself {
            self.ways.push(end(Root::Known(root)));
            return;
        }
        for root in self.roots.of(&one.issuer) {
            match signed_by(one, &root.key) {
                Some(false) => wrong_key = true,
                verified => {
                    self.unverified |= verified.is_none();
                    self.ways.push(end(Root::Known(root)));
                }
            }
        }
        if one.subject == one.issuer && signed_by(one, &one.spki) != Some(false) {
            self.ways.push(end(Root::SelfSigned));
        }
        for (at, issuer) in self.sent.iter().enumerate() {
            let same = way.iter().any(|before| self.sent[*before].spki == issuer.spki);
            if issuer.subject != one.issuer || way.contains(&at) || same {
                continue;
            }
            match signed_by(one, &issuer.spki) {
                Some(false) => wrong_key = true,
                verified => {
                    self.unverified |= verified.is_none();
                    let mut longer = way.clone();
                    longer.push(at);
                    self.extend(longer);
                }
            }
        }
        if self.ways.len() == before {
            self.ways.push(end(if wrong_key { Root::WrongKey } else { Root::Missing }));
        }
    }
}

fn faults_of_way(way: &Way, sent: &[One], now: Timestamp) -> Vec<Fault> {
    let mut faults = Vec::new();
    let leaf = &sent[way.certificates[0]];
    let alone = way.certificates.len() == 1;
    match &way.root {
        Root::Known(Anchor { listed: Some(false), .. }) => faults.push(Fault::UntrustedUnknownRoot),
        Root::Known(_) => {}
        Root::SelfSigned if alone => faults.push(Fault::UntrustedSelfSigned),
        Root::SelfSigned => faults.push(Fault::UntrustedUnknownRoot),
        Root::Missing => faults.push(Fault::IssuerNotSent),
        Root::WrongKey => faults.push(Fault::BadSignature),
    }
    // A trusted root is trusted as it is: neither its dates nor its own signature are looked at.
    let is_trust = |at: usize| {
        at > 0
            && at + 1 == way.certificates.len()
            && matches!(&way.root, Root::Known(root) if root.key == sent[way.certificates[at]].spki)
    };
    for (at, one) in way.certificates.iter().map(|at| &sent[*at]).enumerate() {
        if is_trust(at) {
            continue;
        }
        match one.key {
            Key::Rsa(bits) | Key::RsaPss(bits) if bits < 1024 => faults.push(Fault::WeakKey),
            Key::Dsa | Key::OtherCurve | Key::Other => faults.push(Fault::UnsupportedKey),
            _ => {}
        }
        let own_root = matches!(way.root, Root::SelfSigned) && at + 1 == way.certificates.len();
        if is_weak(one.algorithm()) && !own_root {
            faults.push(Fault::WeakSignature);
        }
        if at == 0 {
            continue;
        }
        if one.not_after() < now {
            faults.push(Fault::ExpiredIntermediate);
        }
        if one.not_before() > now {
            faults.push(Fault::NotYetValid);
        }
        let basic = one.extension::<BasicConstraints>();
        // Between this authority and the leaf stand this many others.
        let too_long =
            basic.and_then(|basic| basic.path_len_constraint).is_some_and(|most| usize::from(most) < at - 1);
        if !one.may_sign() || too_long || one.has_unknown_critical() || !allows(one, leaf) {
            faults.push(Fault::BadChain);
        }
    }
    faults
}

/// Whether an authority that may sign only some names may sign these. Kinds of names other than DNS are not compared.
fn allows(authority: &One, leaf: &One) -> bool {
    let Some(constraints) = authority.extension::<NameConstraints>() else { return true };
    let dns = |trees: Option<Vec<_>>| -> Vec<String> {
        let trees: Vec<x509_cert::ext::pkix::constraints::name::GeneralSubtree> = trees.unwrap_or_default();
        let name = |name: GeneralName| match name {
            GeneralName::DnsName(name) => Some(name.to_string().to_ascii_lowercase()),
            _ => None,
        };
        trees.into_iter().filter_map(|tree| name(tree.base)).collect()
    };
    let within = |name: &str, tree: &str| {
        let tree = tree.trim_start_matches('.');
        name.strip_suffix(tree).is_some_and(|rest| rest.is_empty() || rest.ends_with('.') || tree.is_empty())
    };
    let (permitted, excluded) = (dns(constraints.permitted_subtrees), dns(constraints.excluded_subtrees));
    leaf.names().dns.iter().map(|name| name.to_ascii_lowercase()).all(|name| {
        (permitted.is_empty() || permitted.iter().any(|tree| within(&name, tree)))
            && !excluded.iter().any(|tree| within(&name, tree))
    })
}

/// `None` where ring cannot verify such a signature.
fn signed_by(one: &One, spki: &[u8]) -> Option<bool> {
    let algorithm = algorithm(one, key(spki))?;
    let signature = one.certificate.signature().as_bytes()?;
    Some(UnparsedPublicKey::new(algorithm, public_key(spki)?).verify(&one.signed, signature).is_ok())
}

fn algorithm(one: &One, key: Key) -> Option<&'static dyn VerificationAlgorithm> {
    let name = one.algorithm().to_string();
    let hash = || {
        let parameters = one.certificate.signature_algorithm().parameters.as_ref()?.to_der().ok()?;
        // The hash's own number ends these bytes: 2.16.840.1.101.3.4.2.{1,2,3}.
        let number =
            parameters.windows(9).find(|part| part[..8] == [0x60, 0x86, 0x48, 0x01, 0x65, 3, 4, 2])?[8];
        [(1, 0x0804), (2, 0x0805), (3, 0x0806)]
            .iter()
            .find(|(hash, _)| *hash == number)
            .map(|(_, scheme)| *scheme)
    };
    match name.as_str() {
        "1.2.840.113549.1.1.5" => scheme(0x0201, key),
        "1.2.840.113549.1.1.11" => scheme(0x0401, key),
        "1.2.840.113549.1.1.12" => scheme(0x0501, key),
        "1.2.840.113549.1.1.13" => scheme(0x0601, key),
        "1.2.840.113549.1.1.10" => scheme(hash()?, key),
        "1.2.840.10045.4.3.2" => scheme(0x0403, key),
        "1.2.840.10045.4.3.3" => scheme(0x0503, key),
        "1.3.101.112" => scheme(0x0807, key),
        _ => None,
    }
}

/// ring's algorithm for a TLS signature scheme under this key; `None` where it has none.
pub(super) fn scheme(scheme: u16, key: Key) -> Option<&'static dyn VerificationAlgorithm> {
    let bits = match key {
        Key::Rsa(bits) | Key::RsaPss(bits) => bits,
        _ => 0,
    };
    let fits = |least: usize| (least..=8192).contains(&bits);
    Some(match (scheme, key) {
        (0x0201, Key::Rsa(_)) if fits(1024) => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        (0x0401, Key::Rsa(_)) if fits(1024) => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        (0x0501, Key::Rsa(_)) if fits(2048) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (0x0601, Key::Rsa(_)) if fits(1024) => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        (0x0804, Key::Rsa(_)) | (0x0809, Key::RsaPss(_)) if fits(2048) => {
            &signature::RSA_PSS_2048_8192_SHA256
        }
        (0x0805, Key::Rsa(_)) | (0x080a, Key::RsaPss(_)) if fits(2048) => {
            &signature::RSA_PSS_2048_8192_SHA384
        }
        (0x0806, Key::Rsa(_)) | (0x080b, Key::RsaPss(_)) if fits(2048) => {
            &signature::RSA_PSS_2048_8192_SHA512
        }
        (0x0403, Key::P256) => &signature::ECDSA_P256_SHA256_ASN1,
        (0x0503, Key::P256) => &signature::ECDSA_P256_SHA384_ASN1,
        (0x0403, Key::P384) => &signature::ECDSA_P384_SHA256_ASN1,
        (0x0503, Key::P384) => &signature::ECDSA_P384_SHA384_ASN1,
        (0x0807, Key::Ed25519) => &signature::ED25519,
        _ => return None,
    })
}

/// The key's bits, out of the content of a SubjectPublicKeyInfo.
pub(super) fn public_key(spki: &[u8]) -> Option<&[u8]> {
    let (_, total) = split(spki)?;
    // The first byte of a bit string counts unused bits.
    content(&spki[total..]).get(1..)
}

fn key(spki: &[u8]) -> Key {
    let Some((header, total)) = split(spki) else { return Key::Other };
    let (algorithm, rest) = (&spki[header..total], &spki[total..]);
    let bits = || {
        let numbers = content(content(rest).get(1..).unwrap_or_default());
        let modulus = content(numbers);
        let significant = modulus.iter().position(|byte| *byte != 0).unwrap_or(modulus.len());
        let first = modulus.get(significant).map_or(0, |byte| byte.leading_zeros() as usize);
        (modulus.len() - significant) * 8 - first
    };
    let Some((at, end)) = split(algorithm) else { return Key::Other };
    let Ok(oid) = ObjectIdentifier::from_bytes(&algorithm[at..end]) else { return Key::Other };
    match oid.to_string().as_str() {
        "1.2.840.113549.1.1.1" => Key::Rsa(bits()),
        "1.2.840.113549.1.1.10" => Key::RsaPss(bits()),
        "1.2.840.10040.4.1" => Key::Dsa,
        "1.3.101.112" => Key::Ed25519,
        "1.3.101.113" => Key::Ed448,
        "1.2.840.10045.2.1" => {
            let curve = ObjectIdentifier::from_bytes(content(&algorithm[end..])).map(|oid| oid.to_string());
            match curve.as_deref() {
                Ok("1.2.840.10045.3.1.7") => Key::P256,
                Ok("1.3.132.0.34") => Key::P384,
                Ok("1.3.132.0.35") => Key::P521,
                _ => Key::OtherCurve,
            }
        }
        _ => Key::Other,
    }
}

/// MD2 and MD5, which every current JDK refuses.
fn is_weak(algorithm: ObjectIdentifier) -> bool {
    ["1.2.840.113549.1.1.2", "1.2.840.113549.1.1.4"].contains(&algorithm.to_string().as_str())
}

fn algorithm_name(algorithm: ObjectIdentifier) -> String {
    let number = algorithm.to_string();
    let known = match number.as_str() {
        "1.2.840.113549.1.1.2" => "MD2withRSA",
        "1.2.840.113549.1.1.4" => "MD5withRSA",
        "1.2.840.113549.1.1.5" => "SHA1withRSA",
        "1.2.840.113549.1.1.10" => "RSASSA-PSS",
        "1.2.840.113549.1.1.11" => "SHA256withRSA",
        "1.2.840.113549.1.1.12" => "SHA384withRSA",
        "1.2.840.113549.1.1.13" => "SHA512withRSA",
        "1.2.840.10045.4.1" => "SHA1withECDSA",
        "1.2.840.10045.4.3.2" => "SHA256withECDSA",
        "1.2.840.10045.4.3.3" => "SHA384withECDSA",
        "1.2.840.10045.4.3.4" => "SHA512withECDSA",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        _ => return number,
    };
    known.to_owned()
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
        assert_eq!(tls.faults, [Fault::UntrustedUnknownRoot], "a key of 1024 bits and SHA-1 are not");
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
            (tls.path.root.and_then(|root| root.listed), tls.faults.contains(&Fault::UntrustedUnknownRoot))
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
