//! Public keys and signature algorithms: which is which, and what ring can verify with them.

use ring::signature::{self, VerificationAlgorithm};
use x509_cert::der::asn1::ObjectIdentifier;

use super::roots::{content, split};

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
    pub(super) fn name(self) -> String {
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

/// The kind of a key, out of the same content.
pub(super) fn key(spki: &[u8]) -> Key {
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

pub(super) fn algorithm_name(algorithm: ObjectIdentifier) -> String {
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
