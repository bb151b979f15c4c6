//! What a JVM says first when a backend is broken: the messages of JSSE and of Apache HttpCore and HttpAsyncClient, from which
//! API Gateway's reasons come. Most were heard from JVMs of versions 11 to 25 that called servers broken on purpose; `.ci/jvm.sh`
//! repeats part of it. Sources: OpenJDK's `sun.security.ssl` and `sun.security.provider.certpath`
//! (<https://github.com/openjdk/jdk>), `org.apache.http` of HttpCore 4.4 and HttpAsyncClient 4.1
//! (<https://github.com/apache/httpcomponents-core>, <https://github.com/apache/httpcomponents-asyncclient>).

use crate::fixtures;
use crate::fixtures::{diagnoses, pasted_cause};

const OPENING: &str = "Execution failed due to configuration error: ";

const PKIX: &str = "PKIX path validation failed: java.security.cert.CertPathValidatorException: ";

/// Each reason, the cause it is of, and whether it is telling enough to be known without its opening.
const REASONS: &[(&str, &str, bool)] = &[
    ("Invalid ECDH ServerKeyExchange signature", "certificate-key-mismatch", true),
    ("Cannot verify ECDH ServerKeyExchange signature", "certificate-key-mismatch", true),
    ("Invalid signature on ECDH ServerKeyExchange message", "certificate-key-mismatch", true),
    ("Invalid signature on DH ServerKeyExchange message", "certificate-key-mismatch", true),
    ("Cannot verify DH ServerKeyExchange signature", "certificate-key-mismatch", true),
    ("Invalid CertificateVerify signature", "certificate-key-mismatch", true),
    ("Cannot verify CertificateVerify signature", "certificate-key-mismatch", true),
    (
        "PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target",
        "certificate-untrusted",
        true,
    ),
    ("Invalid DH ServerKeyExchange signature", "certificate-key-mismatch", true),
    ("PKIX validity check failed", "tls-handshake-failed", true),
    ("General SSLEngine problem", "tls-handshake-failed", true),
    ("Remote host terminated the handshake", "tls-handshake-failed", true),
    ("Received close_notify during handshake", "tls-handshake-failed", true),
    ("Received fatal alert: handshake_failure", "tls-handshake-failed", true),
    ("Received fatal alert: bad_record_mac", "tls-handshake-failed", true),
    ("Received fatal alert: protocol_version", "tls-handshake-failed", true),
    ("Received fatal alert: certificate_required", "tls-handshake-failed", true),
    ("Received fatal alert: unrecognized_name", "tls-handshake-failed", true),
    ("received handshake warning: unrecognized_name", "tls-handshake-failed", true),
    ("Extended key usage does not permit use for TLS server authentication", "tls-handshake-failed", true),
    ("KeyUsage does not allow digital signatures", "tls-handshake-failed", true),
    ("KeyUsage does not allow key encipherment", "tls-handshake-failed", true),
    ("DH ServerKeyExchange does not comply to algorithm constraints", "tls-handshake-failed", true),
    ("ECDH ServerKeyExchange does not comply to algorithm constraints", "tls-handshake-failed", true),
    ("Certificates do not conform to algorithm constraints", "tls-handshake-failed", true),
    (
        "The certificate chain length (11) exceeds the maximum allowed length (10)",
        "tls-handshake-failed",
        true,
    ),
    (
        "The size of the handshake message (47559) exceeds the maximum allowed size (32768)",
        "tls-handshake-failed",
        true,
    ),
    ("Empty server certificate chain", "tls-handshake-failed", true),
    ("Failed to parse server certificates", "tls-handshake-failed", true),
    (
        "The server selected protocol version TLS10 is not accepted by client preferences [TLS13, TLS12]",
        "tls-handshake-failed",
        true,
    ),
    ("Unknown alert description (-57)", "tls-handshake-failed", true),
    ("Unrecognized SSL message, plaintext connection?", "endpoint-not-tls", true),
    ("Unsupported or unrecognized SSL message", "endpoint-not-tls", true),
    ("not an SSL/TLS record: 485454502f312e31", "endpoint-not-tls", true),
    (
        "Host name 'a.example' does not match the certificate subject provided by the peer (CN=b.example)",
        "certificate-name-mismatch",
        true,
    ),
    ("Not a valid protocol version: [0x1e][0x1f][0x20][0x21][0x22][0x23]F", "invalid-http-response", true),
    ("Not a valid protocol version: ", "invalid-http-response", true),
    ("Unexpected response: HTTP/1.1 103 Early Hints", "invalid-http-response", true),
    ("Unexpected response: HTTP/1.1 102 Processing", "invalid-http-response", true),
    ("Unexpected response: HTTP/1.1 101 Switching Protocols", "invalid-http-response", true),
    ("Invalid protocol version number: HTTP/2 200 OK", "invalid-http-response", true),
    ("Invalid protocol version number: HTTP/1 200 OK", "invalid-http-response", true),
    ("Invalid protocol minor version number: HTTP/1.x 200 OK", "invalid-http-response", true),
    ("Invalid protocol major version number: HTTP/x.1 200 OK", "invalid-http-response", true),
    ("Invalid response: HTTP/1.1 99 Odd", "invalid-http-response", true),
    ("Invalid response: HTTP/1.1 20 ", "invalid-http-response", true),
    ("Maximum line length limit exceeded", "invalid-http-response", true),
    ("Bad chunk header: zz", "invalid-http-response", true),
    ("newLimit < 0: (-1 < 0)", "invalid-http-response", true),
    ("Not a valid protocol version: [0x1e][0x1f][0x20][0x21][0x22][0x23]P", "invalid-http-response", true),
    (
        "Premature end of Content-Length delimited message body (expected: 100; received: 10)",
        "invalid-http-response",
        true,
    ),
    ("Premature end of chunk coded message body: closing chunk expected", "invalid-http-response", true),
    ("Connection is closed", "network-error", true),
    ("Connection reset by peer", "network-error", true),
    ("Connection reset", "network-error", true),
    ("Connection refused", "network-error", false),
    ("No route to host", "network-error", false),
    ("Network is unreachable", "network-error", false),
    ("Timeout connecting to [orders.internal/10.0.1.10:443]", "network-error", false),
    ("29,000 milliseconds timeout on connection http-outgoing-1 [ACTIVE]", "integration-timeout", false),
    ("orders.internal: Name or service not known", "endpoint-address-invalid", false),
];

/// What other clients of Java say, and what lies beneath a first message: people paste it beside the line, and an access
/// log may repeat it. Whether it is known without its opening, too.
const BENEATH: &[(&str, &str, bool)] = &[
    ("unable to find valid certification path to requested target", "certificate-untrusted", true),
    ("NotAfter: Fri Jan 01 00:00:00 UTC 2021", "certificate-expired", true),
    ("NotBefore: Fri Jan 01 00:00:00 UTC 2031", "certificate-expired", true),
    ("Signature length not correct: got 256 but was expecting 384", "certificate-key-mismatch", true),
    ("Curve not supported: secp256k1 (1.3.132.0.10)", "tls-handshake-failed", true),
    ("Tag mismatch!", "tls-handshake-failed", true),
    (
        "Insufficient buffer remaining for AEAD cipher fragment (2). Needs to be more than tag size (16)",
        "tls-handshake-failed",
        true,
    ),
    ("No subject alternative names present", "certificate-name-mismatch", true),
    ("No subject alternative names matching IP address 10.0.1.10 found", "certificate-name-mismatch", true),
    ("No subject alternative DNS name matching orders.internal found.", "certificate-name-mismatch", true),
    ("No name matching orders.internal found", "certificate-name-mismatch", true),
    (
        "Certificate for <orders.internal> doesn't match any of the subject alternative names: [b.example]",
        "certificate-name-mismatch",
        true,
    ),
    ("orders.internal:443 failed to respond", "network-error", false),
    ("The target server failed to respond", "network-error", false),
    ("Broken pipe", "network-error", false),
    ("Name or service not known", "endpoint-address-invalid", false),
];

/// What the validator of certificate paths says behind [`PKIX`].
const OF_PATHS: [(&str, &str); 12] = [
    ("validity check failed", "certificate-expired"),
    (
        "Algorithm constraints check failed on keysize limits: RSA 512 bit key used with certificate: CN=a",
        "tls-handshake-failed",
    ),
    ("Algorithm constraints check failed on signature algorithm: MD5withRSA", "tls-handshake-failed"),
    ("Algorithm constraints check failed on disabled algorithm: secp256k1", "tls-handshake-failed"),
    (
        "Algorithm constraints check failed on disabled algorithm: MD5 used with certificate: CN=a",
        "tls-handshake-failed",
    ),
    ("basic constraints check failed: this is not a CA certificate", "tls-handshake-failed"),
    ("CA key usage check failed: keyCertSign bit is not set", "tls-handshake-failed"),
    (
        "basic constraints check failed: pathLenConstraint violated - this cert must be the last cert in the certification path",
        "tls-handshake-failed",
    ),
    ("name constraints check failed", "tls-handshake-failed"),
    ("unrecognized critical extension(s)", "tls-handshake-failed"),
    ("signature check failed", "tls-handshake-failed"),
    ("Path does not chain with any of the trust anchors", "certificate-untrusted"),
];

fn reasons() -> Vec<(String, &'static str, bool)> {
    let paths = OF_PATHS.iter().map(|(text, cause)| (format!("{PKIX}{text}"), *cause, true));
    REASONS
        .iter()
        .chain(BENEATH)
        .map(|(text, cause, alone)| ((*text).to_owned(), *cause, *alone))
        .chain(paths)
        .collect()
}

#[track_caller]
fn check(reason: &str, expected: &str) {
    let found = diagnoses(&format!("(a) {OPENING}{reason}\n"));
    assert_eq!(found.iter().map(|found| found.cause.slug).collect::<Vec<_>>(), [expected], "{reason}");
}

#[test]
fn first_messages_in_an_execution() {
    for (reason, expected, _) in reasons() {
        check(&reason, expected);
    }
}

#[test]
fn first_messages_of_jdk_25_with_the_alert_in_front() {
    for (reason, expected, _) in reasons() {
        for alert in ["handshake_failure", "certificate_unknown", "unexpected_message"] {
            check(&format!("({alert}) {reason}"), expected);
            check(&format!("javax.net.ssl.SSLHandshakeException: ({alert}) {reason}"), expected);
        }
    }
}

#[test]
fn first_messages_pasted_alone() {
    for (reason, expected, alone) in reasons() {
        assert_eq!(pasted_cause(&reason), alone.then_some(expected), "{reason}");
        if alone && !reason.trim().ends_with(':') {
            assert_eq!(pasted_cause(&format!("(handshake_failure) {reason}")), Some(expected), "{reason}");
        }
    }
}

#[test]
fn each_kind_of_text_has_a_clue_of_its_own() {
    for (uri, reason, clue) in [
        ("http", "Not a valid protocol version: [0x1e][0x1f][0x20][0x21][0x22][0x23]F", "TLS alert"),
        ("http", "Not a valid protocol version: ", "proxy protocol v2"),
        ("http", "Not a valid protocol version: SSH-2.0-OpenSSH_9.6", "SSH server"),
        ("http", "Invalid protocol version number: HTTP/2 200 OK", "HTTP/1.1 only"),
        ("http", "Unexpected response: HTTP/1.1 103 Early Hints", "early hints"),
        ("http", "Maximum line length limit exceeded", "too long"),
        ("https", "Received fatal alert: certificate_required", "demands a client certificate"),
        (
            "https",
            "(certificate_required) Received fatal alert: certificate_required",
            "demands a client certificate",
        ),
        ("https", "Received fatal alert: protocol_version", "TLS version"),
        ("https", "Received fatal alert: unknown_ca", "client certificate of the stage"),
        ("https", "DH ServerKeyExchange does not comply to algorithm constraints", "too weak"),
        ("https", "The certificate chain length (11) exceeds the maximum allowed length (10)", "too long"),
        ("https", "KeyUsage does not allow digital signatures", "key usage"),
        ("https", "Cannot verify ECDH ServerKeyExchange signature", "curve"),
        ("https", "Connection is closed", "failed handshake"),
    ] {
        let log = format!("(a) Endpoint request URI: {uri}://orders.internal/\n(a) {OPENING}{reason}\n");
        let found = diagnoses(&log);
        let said = found[0].clue.as_deref().unwrap_or("");
        assert!(said.contains(clue), "{reason}: {said}");
    }
    // Without TLS nothing can have failed in a handshake.
    let plain = diagnoses(&format!(
        "(a) Endpoint request URI: http://orders.internal/\n(a) {OPENING}Connection is closed\n"
    ));
    assert_eq!(plain[0].clue, None);
}

#[test]
fn the_same_reason_behind_a_network_error_is_a_network_error() {
    for (reason, ..) in reasons() {
        let line =
            format!("(a) Execution failed due to a network error communicating with endpoint: {reason}\n");
        fixtures::with_executions(&line, |executions| {
            let found = vpclink_responder::causes::classify(&executions[0]).map(|found| found.cause.slug);
            assert_eq!(found, Some("network-error"), "{reason}");
        });
    }
}
