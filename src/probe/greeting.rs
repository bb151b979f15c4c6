//! TLS in clear: what a server said before encryption began, and a greeting by hand with what the JDK would offer.
//!
//! In TLS 1.2 the certificates cross the wire in clear, so they are facts even where our TLS goes no further.

use super::names;

const HANDSHAKE: u8 = 22;
const ALERT: u8 = 21;
const CHANGE_CIPHER_SPEC: u8 = 20;
/// The JDK refuses a longer handshake message (`jdk.tls.maxHandshakeMessageSize`).
pub(super) const LONGEST_MESSAGE: usize = 32_768;

/// What can be read of a server's side without a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Clear {
    /// Version and cipher suite that the server chose.
    pub(super) chosen: Option<(u16, u16)>,
    /// Level and description of each alert.
    pub(super) alerts: Vec<(u8, u8)>,
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) certificate_requested: bool,
    /// Bytes of the modulus of finite-field Diffie-Hellman.
    pub(super) dh_bytes: Option<usize>,
    /// The server's flight is complete: it waits for us.
    pub(super) hello_done: bool,
    /// The length that a message announced, where the JDK would refuse it.
    pub(super) too_long: Option<usize>,
}

/// Whether the bytes can be TLS records.
pub(super) fn is_tls(bytes: &[u8]) -> bool {
    match bytes {
        [] => true,
        [kind] => (CHANGE_CIPHER_SPEC..=23).contains(kind),
        [kind, major, ..] => (CHANGE_CIPHER_SPEC..=23).contains(kind) && *major == 3,
    }
}

/// Reads records until encryption begins or the bytes end.
pub(super) fn read(mut bytes: &[u8]) -> Clear {
    let mut clear = Clear::default();
    let mut messages = Vec::new();
    while let [kind, 3, _, high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let body = &rest[..length.min(rest.len())];
        match (*kind, body) {
            (HANDSHAKE, body) => messages.extend_from_slice(body),
            // An encrypted alert is longer than two bytes.
            (ALERT, [level, description]) => clear.alerts.push((*level, *description)),
            _ => break,
        }
        bytes = &rest[body.len()..];
    }
    handshake(&messages, &mut clear);
    clear
}

fn handshake(mut bytes: &[u8], clear: &mut Clear) {
    while let [kind, a, b, c, rest @ ..] = bytes {
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        if length > LONGEST_MESSAGE {
            clear.too_long = Some(length);
            return;
        }
        let Some(body) = rest.get(..length) else { return };
        match kind {
            2 => clear.chosen = server_hello(body).or(clear.chosen),
            11 => clear.chain = chain(body),
            12 if clear.chosen.is_some_and(|(_, suite)| is_dhe(suite)) => {
                clear.dh_bytes = take16(body).map(|(modulus, _)| modulus.len());
            }
            13 => clear.certificate_requested = true,
            14 => clear.hello_done = true,
            _ => {}
        }
        bytes = &rest[length..];
    }
}

fn server_hello(body: &[u8]) -> Option<(u16, u16)> {
    let version = u16::from_be_bytes(body.get(..2)?.try_into().ok()?);
    let session = usize::from(*body.get(34)?);
    let after = body.get(35 + session..)?;
    let suite = u16::from_be_bytes(after.get(..2)?.try_into().ok()?);
    let mut extensions = after.get(3..).and_then(take16).map_or(&[][..], |(extensions, _)| extensions);
    while let [high, low, rest @ ..] = extensions {
        let Some((value, rest)) = take16(rest) else { break };
        // `supported_versions` says what a TLS 1.3 server really speaks.
        if let (43, [high, low]) = (u16::from_be_bytes([*high, *low]), value) {
            return Some((u16::from_be_bytes([*high, *low]), suite));
        }
        extensions = rest;
    }
    Some((version, suite))
}

fn chain(body: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = body.get(3..).unwrap_or_default();
    let mut chain = Vec::new();
    while let [a, b, c, after @ ..] = rest {
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        let Some(one) = after.get(..length) else { break };
        chain.push(one.to_vec());
        rest = &after[length..];
    }
    chain
}

/// What stands behind a length of two bytes, and the rest.
fn take16(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [high, low, rest @ ..] = bytes else { return None };
    rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))
}

/// Cipher suites of a JDK 17 below TLS 1.3, in its order, and their names.
const SUITES: [(u16, &str); 42] = [
    (0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    (0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    (0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0x00a3, "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384"),
    (0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0x00a2, "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256"),
    (0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"),
    (0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"),
    (0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
    (0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"),
    (0x006a, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA256"),
    (0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0x0040, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256"),
    (0xc02e, "TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384"),
    (0xc032, "TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384"),
    (0xc02d, "TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256"),
    (0xc031, "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256"),
    (0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    (0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
    (0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
    (0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
    (0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"),
    (0x0038, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA"),
    (0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"),
    (0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA"),
    (0xc005, "TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA"),
    (0xc00f, "TLS_ECDH_RSA_WITH_AES_256_CBC_SHA"),
    (0xc004, "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA"),
    (0xc00e, "TLS_ECDH_RSA_WITH_AES_128_CBC_SHA"),
    (0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"),
    (0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    (0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"),
    (0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"),
    (0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"),
    (0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"),
    (0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"),
];

/// Where the JDK's suites that use finite-field Diffie-Hellman stand.
fn is_dhe(suite: u16) -> bool {
    suite_name(suite).starts_with("TLS_DHE_")
}

pub(super) fn suite_name(suite: u16) -> String {
    let known = SUITES.iter().find(|(code, _)| *code == suite);
    known.map_or_else(|| format!("0x{suite:04x}"), |(_, name)| (*name).to_owned())
}

pub(super) fn version_name(version: u16) -> String {
    match version {
        0x0300 => "SSLv3".to_owned(),
        0x0301 => "TLSv1".to_owned(),
        0x0302 => "TLSv1.1".to_owned(),
        0x0303 => "TLSv1.2".to_owned(),
        0x0304 => "TLSv1.3".to_owned(),
        other => format!("0x{other:04x}"),
    }
}

/// A ClientHello of TLS 1.2 as a JDK 17 would send it, to see what the server chooses. Nothing follows it.
pub(super) fn client_hello(server_name: Option<&str>) -> Vec<u8> {
    /// x25519, P-256, P-384, P-521, x448, ffdhe2048 to ffdhe8192.
    const GROUPS: [u16; 10] = [29, 23, 24, 25, 30, 256, 257, 258, 259, 260];
    /// The JDK's signature schemes, SHA-1 last.
    const SCHEMES: [u16; 16] = [
        0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401,
        0x0501, 0x0601, 0x0203, 0x0201,
    ];
    let list = |codes: &[u16]| with16(codes.iter().flat_map(|code| code.to_be_bytes()).collect());
    let mut extensions = Vec::new();
    let mut extension = |kind: u16, value: Vec<u8>| {
        extensions.extend(kind.to_be_bytes());
        extensions.extend(with16(value));
    };
    if let Some(name) = server_name.and_then(names::sni) {
        let mut entry = vec![0];
        entry.extend(with16(name.as_bytes().to_vec()));
        extension(0, with16(entry));
    }
    extension(10, list(&GROUPS));
    extension(11, vec![1, 0]);
    extension(13, list(&SCHEMES));
    extension(23, Vec::new());
    let suites: Vec<u16> = SUITES.iter().map(|(code, _)| *code).collect();
    // The random part is fixed: no key is ever made of it.
    let mut body = vec![3, 3];
    body.extend([0x5a; 32]);
    body.push(0);
    body.extend(list(&suites));
    body.extend([1, 0]);
    body.extend(with16(extensions));
    let mut message = vec![1, 0];
    message.extend(with16(body));
    let mut record = vec![HANDSHAKE, 3, 1];
    record.extend(with16(message));
    record
}

/// The bytes behind their length. What is built here stays far below 64 KiB.
fn with16(bytes: Vec<u8>) -> Vec<u8> {
    let mut out = u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes().to_vec();
    out.extend(bytes);
    out
}

/// An alert's name, as RFC 8446 and the JDK write it.
pub(super) fn alert_name(description: u8) -> String {
    let name = match description {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        111 => "certificate_unobtainable",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        other => return format!("unknown ({other})"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_greeting_is_what_a_tls_library_takes() {
        let mut acceptor = rustls::server::Acceptor::default();
        acceptor.read_tls(&mut &client_hello(Some("orders.example.com"))[..]).unwrap();
        let accepted = acceptor.accept().unwrap().unwrap();
        let hello = accepted.client_hello();
        assert_eq!(hello.server_name(), Some("orders.example.com"));
        assert_eq!(hello.cipher_suites().len(), SUITES.len());
    }

    #[test]
    fn a_cut_flight_gives_what_it_holds() {
        let mut hello = vec![3, 3];
        hello.extend([7; 32]);
        hello.extend([0, 0x00, 0x2f, 0]);
        let mut flight = vec![2, 0, 0, u8::try_from(hello.len()).unwrap()];
        flight.extend(hello);
        flight.extend([11, 0, 0, 10, 0, 0, 7, 0, 0, 4, 1, 2, 3, 4, 13, 0, 0, 0, 14, 0, 0, 0]);
        let mut record = vec![22, 3, 3];
        record.extend(with16(flight));
        record.extend([21, 3, 3, 0, 2, 1, 112]);
        let clear = read(&record);
        assert_eq!(clear.chosen, Some((0x0303, 0x002f)));
        assert_eq!(clear.chain, [vec![1, 2, 3, 4]]);
        assert!(clear.certificate_requested && clear.hello_done);
        assert_eq!(clear.alerts, [(1, 112)]);
        for cut in 0..record.len() {
            let part = read(&record[..cut]);
            assert!(part.chain.len() <= 1 && part.alerts.is_empty());
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_can_make_it_fail(bytes: Vec<u8>, messages: Vec<u8>) {
            let _clear = read(&bytes);
            let mut record = vec![22, 3, 3];
            record.extend(with16(messages));
            let clear = read(&record);
            proptest::prop_assert!(clear.chain.len() < record.len());
            proptest::prop_assert!(is_tls(&record));
        }
    }

    #[test]
    fn a_message_that_the_jdk_refuses_is_known_by_its_length() {
        assert_eq!(read(&[22, 3, 3, 0, 4, 11, 1, 0, 0]).too_long, Some(65_536));
    }
}
