//! The authorities that API Gateway's client trusts, by key: Mozilla's roots, each listed, not listed or not known.

use x509_cert::Certificate;
use x509_cert::der::Encode;

use crate::probe::authorities;

/// Authorities beyond API Gateway's own, which the caller trusts too.
#[derive(Clone, Debug, Default)]
pub struct Roots {
    own: Vec<Anchor>,
}

#[derive(Clone, Debug)]
pub(super) struct Anchor {
    /// The content of the subject's sequence, as a certificate's issuer names it.
    pub(super) subject: Vec<u8>,
    /// The content of the SubjectPublicKeyInfo's sequence.
    pub(super) key: Vec<u8>,
    pub(super) listed: Option<bool>,
}

impl Roots {
    /// # Errors
    /// A text that holds no certificate, or something that is none.
    pub fn from_pem(pem: &str) -> Result<Self, String> {
        let malformed = |error| format!("not a certificate: {error}");
        let chain = Certificate::load_pem_chain(pem.trim().as_bytes()).map_err(malformed)?;
        if chain.is_empty() {
            return Err("no certificate in it".to_owned());
        }
        let anchor = |one: &Certificate| {
            let body = one.tbs_certificate();
            Ok(Anchor {
                subject: content(&body.subject().to_der().map_err(malformed)?).to_vec(),
                key: content(&body.subject_public_key_info().to_der().map_err(malformed)?).to_vec(),
                listed: Some(true),
            })
        };
        Ok(Self { own: chain.iter().map(anchor).collect::<Result<_, String>>()? })
    }

    /// All authorities of this subject.
    pub(super) fn of(&self, subject: &[u8]) -> Vec<Anchor> {
        let public = webpki_roots::TLS_SERVER_ROOTS.iter().filter(|root| root.subject.as_ref() == subject);
        let public = public.map(|root| Anchor {
            subject: root.subject.as_ref().to_vec(),
            key: root.subject_public_key_info.as_ref().to_vec(),
            listed: listed(root.subject_public_key_info.as_ref()),
        });
        self.own.iter().filter(|root| root.subject == subject).cloned().chain(public).collect()
    }
}

/// Whether API Gateway's list has this key; `None` where that is not known.
fn listed(key: &[u8]) -> Option<bool> {
    authorities::listed_key(authorities::short_key(key))
}

/// Whether API Gateway's published list has this SubjectPublicKeyInfo (DER); `None` where that is not known.
pub fn listed_root(key: &[u8]) -> Option<bool> {
    listed(content(key))
}

/// What stands inside a DER value.
pub(super) fn content(der: &[u8]) -> &[u8] {
    split(der).map_or(&[], |(header, total)| &der[header..total])
}

/// Lengths of the header, and of header and content, of the first DER value.
pub(super) fn split(der: &[u8]) -> Option<(usize, usize)> {
    let [_, first, rest @ ..] = der else { return None };
    let (header, length) = match usize::from(*first) {
        short @ 0..=0x7f => (2, short),
        long => {
            let count = long & 0x7f;
            let bytes = rest.get(..count).filter(|_| (1..=4).contains(&count))?;
            (2 + count, bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
        }
    };
    let total = header.checked_add(length)?;
    (total <= der.len()).then_some((header, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchor(part: &str) -> Option<bool> {
        let mut found = webpki_roots::TLS_SERVER_ROOTS
            .iter()
            .filter(|root| String::from_utf8_lossy(root.subject.as_ref()).contains(part));
        let root = found.next().unwrap();
        assert!(found.next().is_none(), "{part} is one root");
        listed(root.subject_public_key_info.as_ref())
    }

    #[test]
    fn every_compared_key_is_a_root_of_mozilla() {
        let known = |key: u64| {
            let mut roots = webpki_roots::TLS_SERVER_ROOTS.iter();
            roots.any(|root| authorities::short_key(root.subject_public_key_info.as_ref()) == key)
        };
        assert_eq!(authorities::COMPARED.iter().filter(|(key, ..)| !known(*key)).count(), 0);
    }

    #[test]
    fn a_root_is_listed_or_not_or_not_known() {
        assert_eq!(anchor("Amazon Root CA 1"), Some(true));
        assert_eq!(anchor("ISRG Root X1"), Some(true));
        assert_eq!(anchor("ISRG Root X2"), Some(false));
        assert_eq!(anchor("Sectigo Public Server Authentication Root R46"), Some(false));
        assert_eq!(anchor("NAVER Global Root Certification Authority"), None);
        assert_eq!(listed_root(b"no key"), None);
    }
}
