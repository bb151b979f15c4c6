//! The authorities that API Gateway's client trusts, by key: its published list against Mozilla's roots.
//!
//! The list gives fingerprints and no keys:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-supported-certificate-authorities-for-http-endpoints.html>.
//! So a root is *listed*, *not listed*, or *not known*. The list may lag behind what API Gateway really trusts: *not
//! listed* supports a verdict and never confirms one.

use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::der::Encode;

/// The first eight bytes of the SHA-256 of each key (the content of its SubjectPublicKeyInfo), and whether the list has
/// it. Mozilla's other roots were not compared.
const COMPARED: [(u64, bool); 44] = [
    (0xfa04_ef78_5cd6_989d, true),  // CN=ACCVRAIZ1
    (0x66ca_42f5_2f57_076b, true),  // CN=Actalis Authentication Root CA
    (0x3f9b_5c85_a22d_eafd, true),  // CN=Amazon Root CA 1
    (0xa192_75a5_622b_550a, true),  // CN=Amazon Root CA 2
    (0x24ae_c002_d0d8_3ad0, true),  // CN=Amazon Root CA 3
    (0xeaae_5ffa_9e9b_e177, true),  // CN=Amazon Root CA 4
    (0xf91f_89bc_cf09_9fd8, true),  // CN=COMODO ECC Certification Authority
    (0x5787_a9ae_f228_6820, true),  // CN=COMODO RSA Certification Authority
    (0x4cc1_e648_5de4_1b9f, false), // CN=Certainly Root E1
    (0x509b_a39a_b69c_9791, false), // CN=Certainly Root R1
    (0xcea9_ebee_9afd_5bad, false), // CN=D-TRUST BR Root CA 1 2020
    (0xacea_8ab7_4186_2684, false), // CN=D-TRUST BR Root CA 2 2023
    (0xbcdb_1c09_1567_78cd, false), // CN=D-TRUST EV Root CA 1 2020
    (0xac6e_6d45_e3e9_4a78, false), // CN=D-TRUST EV Root CA 2 2023
    (0x8f5d_bad9_e886_07ec, true),  // CN=DigiCert Global Root G2
    (0x5f13_b70d_af1a_7ef6, true),  // CN=DigiCert Global Root G3
    (0x524a_e1e8_f0de_d44e, false), // CN=DigiCert TLS ECC P384 Root G5
    (0xc0db_afcd_f53e_1311, false), // CN=DigiCert TLS RSA4096 Root G5
    (0x1634_378d_928f_de2a, true),  // CN=GTS Root R1
    (0x633a_95e8_6eef_ade3, true),  // CN=GTS Root R3
    (0x07b7_2935_a39e_c8bb, true),  // CN=GTS Root R4
    (0x4eb2_9a4a_4f14_96cc, false), // CN=GlobalSign Root E46
    (0x2a67_31b3_2542_c365, false), // CN=GlobalSign Root R46
    (0x0f0c_c345_1cbe_8cdf, true),  // CN=GlobalSign, OU=GlobalSign Root CA - R3
    (0x0b41_b37d_0c52_4bd5, true),  // CN=GlobalSign, OU=GlobalSign Root CA - R6
    (0x17b3_f79a_ac1f_8b3f, true),  // CN=Go Daddy Root Certificate Authority - G2
    (0xbc08_23fc_357c_07c6, false), // CN=HARICA TLS ECC Root CA 2021
    (0x6b03_401f_5a22_6b75, false), // CN=HARICA TLS RSA Root CA 2021
    (0xa3a3_ecdc_1a9d_6620, true),  // CN=ISRG Root X1
    (0x8cdb_3b12_264c_770a, false), // CN=ISRG Root X2
    (0xb4e9_5b62_42e0_d387, true),  // CN=IdenTrust Commercial Root CA 1
    (0xb6a3_49b1_9365_ae64, true),  // CN=IdenTrust Public Sector Root CA 1
    (0x569c_4ddd_ef7e_0f4f, false), // CN=Microsoft ECC Root Certificate Authority 2017
    (0xe353_c291_d461_ff31, false), // CN=Microsoft RSA Root Certificate Authority 2017
    (0x7981_fe1d_c726_f1be, false), // CN=SSL.com TLS ECC Root CA 2022
    (0x054a_ffdb_2ff9_15d8, false), // CN=SSL.com TLS RSA Root CA 2022
    (0x687b_7508_1cb0_0f61, false), // CN=Sectigo Public Server Authentication Root E46
    (0xc31d_de47_225c_fe33, false), // CN=Sectigo Public Server Authentication Root R46
    (0xafad_e74b_0910_1f1d, true),  // CN=Starfield Services Root Certificate Authority - G2
    (0x169b_26b5_1adb_47f1, false), // CN=Telekom Security TLS ECC Root 2020
    (0x2824_6c09_5079_8992, false), // CN=Telekom Security TLS RSA Root 2023
    (0xb935_f7b6_ca6d_138a, true),  // CN=USERTrust ECC Certification Authority
    (0xaf56_069d_f56b_9efb, true),  // CN=USERTrust RSA Certification Authority
    (0xa5b7_cf5f_9c3c_be8d, true),  // OU=AC RAIZ FNMT-RCM
];

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
    let digest = Sha256::digest(key);
    let short = digest.first_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))?;
    COMPARED.iter().find(|(known, _)| *known == short).map(|(_, listed)| *listed)
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
        let known = |short: u64| {
            webpki_roots::TLS_SERVER_ROOTS
                .iter()
                .any(|root| Sha256::digest(root.subject_public_key_info.as_ref())[..8] == short.to_be_bytes())
        };
        assert_eq!(COMPARED.iter().filter(|(short, _)| !known(*short)).count(), 0);
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
