//! Which authorities API Gateway trusts: its published list, compared with Mozilla's roots by key.
//!
//! The list gives fingerprints and no keys:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-supported-certificate-authorities-for-http-endpoints.html>.
//! So a root is *listed*, *not listed*, or *not known*. The list may lag behind what API Gateway really trusts: *not
//! listed* supports a verdict and never confirms one.

use sha2::{Digest, Sha256};

/// When the list was compared.
pub const COMPARED_ON: &str = "2026-11-24";

/// The first eight bytes of the SHA-256 of each key (the content of its SubjectPublicKeyInfo), whether the list has it,
/// and what tells its name from other roots'. Mozilla's other roots were not compared.
pub const COMPARED: [(u64, bool, &str); 44] = [
    (0xfa04_ef78_5cd6_989d, true, "CN=ACCVRAIZ1"),
    (0x66ca_42f5_2f57_076b, true, "CN=Actalis Authentication Root CA"),
    (0x3f9b_5c85_a22d_eafd, true, "CN=Amazon Root CA 1"),
    (0xa192_75a5_622b_550a, true, "CN=Amazon Root CA 2"),
    (0x24ae_c002_d0d8_3ad0, true, "CN=Amazon Root CA 3"),
    (0xeaae_5ffa_9e9b_e177, true, "CN=Amazon Root CA 4"),
    (0xf91f_89bc_cf09_9fd8, true, "CN=COMODO ECC Certification Authority"),
    (0x5787_a9ae_f228_6820, true, "CN=COMODO RSA Certification Authority"),
    (0x4cc1_e648_5de4_1b9f, false, "CN=Certainly Root E1"),
    (0x509b_a39a_b69c_9791, false, "CN=Certainly Root R1"),
    (0xcea9_ebee_9afd_5bad, false, "CN=D-TRUST BR Root CA 1 2020"),
    (0xacea_8ab7_4186_2684, false, "CN=D-TRUST BR Root CA 2 2023"),
    (0xbcdb_1c09_1567_78cd, false, "CN=D-TRUST EV Root CA 1 2020"),
    (0xac6e_6d45_e3e9_4a78, false, "CN=D-TRUST EV Root CA 2 2023"),
    (0x8f5d_bad9_e886_07ec, true, "CN=DigiCert Global Root G2"),
    (0x5f13_b70d_af1a_7ef6, true, "CN=DigiCert Global Root G3"),
    (0x524a_e1e8_f0de_d44e, false, "CN=DigiCert TLS ECC P384 Root G5"),
    (0xc0db_afcd_f53e_1311, false, "CN=DigiCert TLS RSA4096 Root G5"),
    (0x1634_378d_928f_de2a, true, "CN=GTS Root R1"),
    (0x633a_95e8_6eef_ade3, true, "CN=GTS Root R3"),
    (0x07b7_2935_a39e_c8bb, true, "CN=GTS Root R4"),
    (0x4eb2_9a4a_4f14_96cc, false, "CN=GlobalSign Root E46"),
    (0x2a67_31b3_2542_c365, false, "CN=GlobalSign Root R46"),
    (0x0f0c_c345_1cbe_8cdf, true, "CN=GlobalSign, OU=GlobalSign Root CA - R3"),
    (0x0b41_b37d_0c52_4bd5, true, "CN=GlobalSign, OU=GlobalSign Root CA - R6"),
    (0x17b3_f79a_ac1f_8b3f, true, "CN=Go Daddy Root Certificate Authority - G2"),
    (0xbc08_23fc_357c_07c6, false, "CN=HARICA TLS ECC Root CA 2021"),
    (0x6b03_401f_5a22_6b75, false, "CN=HARICA TLS RSA Root CA 2021"),
    (0xa3a3_ecdc_1a9d_6620, true, "CN=ISRG Root X1"),
    (0x8cdb_3b12_264c_770a, false, "CN=ISRG Root X2"),
    (0xb4e9_5b62_42e0_d387, true, "CN=IdenTrust Commercial Root CA 1"),
    (0xb6a3_49b1_9365_ae64, true, "CN=IdenTrust Public Sector Root CA 1"),
    (0x569c_4ddd_ef7e_0f4f, false, "CN=Microsoft ECC Root Certificate Authority 2017"),
    (0xe353_c291_d461_ff31, false, "CN=Microsoft RSA Root Certificate Authority 2017"),
    (0x7981_fe1d_c726_f1be, false, "CN=SSL.com TLS ECC Root CA 2022"),
    (0x054a_ffdb_2ff9_15d8, false, "CN=SSL.com TLS RSA Root CA 2022"),
    (0x687b_7508_1cb0_0f61, false, "CN=Sectigo Public Server Authentication Root E46"),
    (0xc31d_de47_225c_fe33, false, "CN=Sectigo Public Server Authentication Root R46"),
    (0xafad_e74b_0910_1f1d, true, "CN=Starfield Services Root Certificate Authority - G2"),
    (0x169b_26b5_1adb_47f1, false, "CN=Telekom Security TLS ECC Root 2020"),
    (0x2824_6c09_5079_8992, false, "CN=Telekom Security TLS RSA Root 2023"),
    (0xb935_f7b6_ca6d_138a, true, "CN=USERTrust ECC Certification Authority"),
    (0xaf56_069d_f56b_9efb, true, "CN=USERTrust RSA Certification Authority"),
    (0xa5b7_cf5f_9c3c_be8d, true, "OU=AC RAIZ FNMT-RCM"),
];

/// The part of a key's digest that stands for it.
pub fn short_key(key: &[u8]) -> u64 {
    let digest = Sha256::digest(key);
    digest.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// Whether the list has the root of this key; `None` where that is not known.
pub fn listed_key(key: u64) -> Option<bool> {
    COMPARED.iter().find(|(known, ..)| *known == key).map(|(_, listed, _)| *listed)
}

/// The same by the distinguished name of a root that was not sent; `None` where that is not known.
pub fn listed_name(name: &str) -> Option<bool> {
    let parts: Vec<&str> = name.split([',', '+']).map(str::trim).collect();
    let is_named = |known: &str| known.split(", ").all(|part| parts.contains(&part));
    COMPARED.iter().find(|(.., known)| is_named(known)).map(|(_, listed, _)| *listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_that_of_one_root_or_of_none() {
        assert_eq!(listed_name("CN=Amazon Root CA 1,O=Amazon,C=US"), Some(true));
        assert_eq!(listed_name("CN=ISRG Root X2,O=Internet Security Research Group,C=US"), Some(false));
        assert_eq!(listed_name("CN=GlobalSign,O=GlobalSign,OU=GlobalSign Root CA - R3"), Some(true));
        assert_eq!(listed_name("CN=R11,O=Let's Encrypt,C=US"), None);
        assert_eq!(listed_name("CN=My ISRG Root X2"), None);
        assert_eq!(listed_key(0), None);
    }
}
