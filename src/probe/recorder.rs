//! A verifier for rustls that records what a server shows, and never says no.

use std::sync::{Arc, Mutex, PoisonError};

use ring::signature::UnparsedPublicKey;
use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

use super::certificates::One;
use super::keys::{self, Key};

/// What the JDK takes, in its order. Ours may be wider than what ring verifies: then the signature goes unverified.
const SCHEMES: [SignatureScheme; 16] = [
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED25519,
    SignatureScheme::ED448,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::Unknown(0x0809),
    SignatureScheme::Unknown(0x080a),
    SignatureScheme::Unknown(0x080b),
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
    SignatureScheme::ECDSA_SHA1_Legacy,
    SignatureScheme::RSA_PKCS1_SHA1,
];

/// What rustls shows on the way. It never says no.
#[derive(Debug, Default)]
pub(super) struct HandshakeRecorder(Mutex<HandshakeRecord>);

#[derive(Clone, Debug, Default)]
pub(super) struct HandshakeRecord {
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) signature: Option<Signature>,
    pub(super) certificate_requested: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signature {
    Good,
    Bad,
    Unverified,
}

impl HandshakeRecorder {
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut HandshakeRecord) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn signed(&self, message: &[u8], leaf: &CertificateDer<'_>, signed: &DigitallySignedStruct) {
        let verdict = One::parse(leaf).map_or(Signature::Unverified, |leaf| {
            verify(message, &leaf, u16::from(signed.scheme), signed.signature())
        });
        self.with(|recorded| recorded.signature = Some(verdict));
    }
}

fn verify(message: &[u8], leaf: &One, scheme: u16, signature: &[u8]) -> Signature {
    let is_rsa = matches!(scheme, 0x0201 | 0x0401 | 0x0501 | 0x0601 | 0x0804..=0x0806);
    let kinds_differ = match leaf.key {
        Key::Rsa(_) => !is_rsa,
        Key::P256 | Key::P384 | Key::P521 => is_rsa,
        _ => false,
    };
    if kinds_differ {
        return Signature::Bad;
    }
    match keys::scheme(scheme, leaf.key).zip(keys::public_key(&leaf.spki)) {
        None => Signature::Unverified,
        Some((algorithm, key)) => match UnparsedPublicKey::new(algorithm, key).verify(message, signature) {
            Ok(()) => Signature::Good,
            Err(_) => Signature::Bad,
        },
    }
}

impl ServerCertVerifier for HandshakeRecorder {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(leaf).chain(above).map(|one| one.to_vec()).collect();
        self.with(|recorded| recorded.chain = chain);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(message, leaf, signed);
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(message, leaf, signed);
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SCHEMES.to_vec()
    }
}

impl ResolvesClientCert for HandshakeRecorder {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.with(|recorded| recorded.certificate_requested = true);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}
