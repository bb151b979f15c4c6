//! Servers that answer in every way a target can, broken and sound, on ports of this machine's loopback.
//!
//! The tests ask the prober about each; `examples/probe_zoo.rs` asks a JVM too.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, GeneralSubtree,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType,
};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use time::{Duration as Span, OffsetDateTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use x509_cert::der::Decode;

/// The host that every server is called by.
pub const HOST: &str = "orders.zoo.test";

pub struct Server {
    pub name: &'static str,
    /// Whether the client speaks TLS.
    pub tls: bool,
    pub serve: Serve,
    pub expect: Expect,
}

#[derive(Clone)]
pub enum Serve {
    /// Read what comes first, answer with these bytes, and end.
    Raw(Vec<u8>, After),
    Tls(Arc<ServerConfig>, Vec<u8>),
    /// Speak first, and answer nothing.
    First(Vec<u8>),
    /// Close, or reset, before a byte was read.
    AtOnce(After),
    /// Nothing listens.
    Nothing,
}

#[derive(Clone, Copy)]
pub enum After {
    Close,
    Reset,
    Hold,
}

#[derive(Clone, Copy)]
pub struct Expect {
    pub faults: &'static [&'static str],
    pub http: &'static str,
    pub strict: Option<bool>,
    pub insecure: Option<bool>,
}

const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

pub struct Zoo {
    /// Authorities that stand for API Gateway's, in PEM.
    pub roots: String,
    pub servers: Vec<Server>,
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
    pem: String,
}

type Change = fn(&mut CertificateParams);

fn params(common_name: &str, change: Change) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = OffsetDateTime::now_utc() - Span::days(30);
    params.not_after = OffsetDateTime::now_utc() + Span::days(30);
    params.distinguished_name.push(DnType::OrganizationName, "Zoo");
    params.distinguished_name.push(DnType::CommonName, common_name);
    change(&mut params);
    params
}

fn authority_params(common_name: &str, change: Change) -> CertificateParams {
    let mut params = params(common_name, |_| {});
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    change(&mut params);
    params
}

fn leaf_params(change: Change) -> CertificateParams {
    let mut params = params(HOST, |_| {});
    params.subject_alt_names = vec![SanType::DnsName(HOST.try_into().unwrap())];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    change(&mut params);
    params
}

fn root(common_name: &str, change: Change) -> Authority {
    let (params, key) = (authority_params(common_name, change), KeyPair::generate().unwrap());
    let certificate = params.self_signed(&key).unwrap();
    Authority { der: certificate.der().clone(), pem: certificate.pem(), issuer: Issuer::new(params, key) }
}

impl Authority {
    fn below(&self, common_name: &str, change: Change) -> Self {
        let (params, key) = (authority_params(common_name, change), KeyPair::generate().unwrap());
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Self { der: certificate.der().clone(), pem: certificate.pem(), issuer: Issuer::new(params, key) }
    }

    fn leaf(&self, change: Change) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let certificate = leaf_params(change).signed_by(&key, &self.issuer).unwrap();
        Leaf { der: certificate.der().clone(), key: key.serialize_der() }
    }
}

#[derive(Clone)]
struct Leaf {
    der: CertificateDer<'static>,
    key: Vec<u8>,
}

fn self_signed(change: Change) -> Leaf {
    let key = KeyPair::generate().unwrap();
    Leaf { der: leaf_params(change).self_signed(&key).unwrap().der().clone(), key: key.serialize_der() }
}

fn certified(chain: Vec<CertificateDer<'static>>, key: &[u8]) -> CertifiedKey {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.to_vec()));
    CertifiedKey::new(chain, default_provider().key_provider.load_private_key(key).unwrap())
}

/// Presents whatever it was given, matching or not.
#[derive(Debug)]
struct Presents(Arc<CertifiedKey>);

impl ResolvesServerCert for Presents {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

fn config(versions: &[&'static SupportedProtocolVersion], certified: CertifiedKey) -> ServerConfig {
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Presents(Arc::new(certified))))
}

fn mutual(
    versions: &[&'static SupportedProtocolVersion],
    clients: &Authority,
    optional: bool,
    certified: CertifiedKey,
) -> ServerConfig {
    let mut store = RootCertStore::empty();
    store.add(clients.der.clone()).unwrap();
    let provider = Arc::new(default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(store), Arc::clone(&provider));
    let verifier = if optional { verifier.allow_unauthenticated() } else { verifier };
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_cert_resolver(Arc::new(Presents(Arc::new(certified))))
}

fn sound(name: &'static str, serve: Serve) -> Server {
    expecting(name, serve, &[], "valid", Some(true), Some(true))
}

fn broken(name: &'static str, serve: Serve, faults: &'static [&'static str], http: &'static str) -> Server {
    expecting(name, serve, faults, http, Some(false), Some(false))
}

fn expecting(
    name: &'static str,
    serve: Serve,
    faults: &'static [&'static str],
    http: &'static str,
    strict: Option<bool>,
    insecure: Option<bool>,
) -> Server {
    let tls = name.starts_with("tls-");
    Server { name, tls, serve, expect: Expect { faults, http, strict, insecure } }
}

impl Zoo {
    pub fn new() -> Self {
        let trusted = root("Zoo Trusted Root", |_| {});
        let weak = include_str!("../../certificates/probe/root.pem");
        let roots = format!("{}{weak}", trusted.pem);
        let mut servers = certificates(&trusted);
        servers.extend(handshakes(&trusted));
        servers.extend(raw_tls());
        servers.extend(plain_http());
        servers.extend(http_in_tls(&trusted));
        Self { roots, servers }
    }
}

/// A certificate message of every kind.
fn certificates(trusted: &Authority) -> Vec<Server> {
    let private = root("Zoo Private Root", |_| {});
    let same_name = root("Zoo Trusted Root", |_| {});
    let middle = trusted.below("Zoo Intermediate", |_| {});
    let with = |leaf: Leaf, above: &[&Authority]| {
        let chain = std::iter::once(leaf.der).chain(above.iter().map(|one| one.der.clone())).collect();
        Serve::Tls(Arc::new(config(BOTH, certified(chain, &leaf.key))), GOOD.to_vec())
    };
    let plain = |_: &mut CertificateParams| {};
    let expired =
        |params: &mut CertificateParams| params.not_after = OffsetDateTime::now_utc() - Span::days(1);
    let early =
        |params: &mut CertificateParams| params.not_before = OffsetDateTime::now_utc() + Span::days(1);
    let old = trusted.below("Zoo Expired Intermediate", expired);
    let no_authority = trusted.below("Zoo No Authority", |params| params.is_ca = IsCa::ExplicitNoCa);
    let may_not_sign = trusted
        .below("Zoo May Not Sign", |params| params.key_usages = vec![KeyUsagePurpose::DigitalSignature]);
    let short =
        trusted.below("Zoo Short", |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let below_short = short.below("Zoo Below Short", plain);
    let constrained = trusted.below("Zoo Constrained", |params| {
        let only = vec![GeneralSubtree::DnsName("other.test".to_owned())];
        params.name_constraints =
            Some(NameConstraints { permitted_subtrees: only, excluded_subtrees: Vec::new() });
    });
    let permitted = trusted.below("Zoo Permitted", |params| {
        let only = vec![GeneralSubtree::DnsName("zoo.test".to_owned())];
        params.name_constraints =
            Some(NameConstraints { permitted_subtrees: only, excluded_subtrees: Vec::new() });
    });
    let critical = |params: &mut CertificateParams| {
        let mut unknown = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
        unknown.set_criticality(true);
        params.custom_extensions.push(unknown);
    };
    let names = |names: &'static [&'static str]| {
        let key = KeyPair::generate().unwrap();
        let mut params = leaf_params(plain);
        params.subject_alt_names =
            names.iter().map(|name| SanType::DnsName((*name).try_into().unwrap())).collect();
        Leaf { der: params.signed_by(&key, &trusted.issuer).unwrap().der().clone(), key: key.serialize_der() }
    };
    let mut long: Vec<Authority> = vec![trusted.below("Zoo Long 0", plain)];
    for n in 1..11 {
        long.push(long[n - 1].below(&format!("Zoo Long {n}"), plain));
    }
    let long_leaf = long[10].leaf(plain);
    let long: Vec<&Authority> = long.iter().rev().collect();
    let huge = |params: &mut CertificateParams| {
        let content = [vec![4, 0x82, 0x9c, 0x40], vec![0; 40_000]].concat();
        params
            .custom_extensions
            .push(CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 2], content));
    };
    let mut garbage = trusted.leaf(plain);
    garbage.der = CertificateDer::from(b"\x30\x03\x02\x01\x00".to_vec());
    let (one, other) = (trusted.leaf(plain), trusted.leaf(plain));
    let mixed = |versions| {
        let config = config(versions, certified(vec![one.der.clone()], &other.key));
        Serve::Tls(Arc::new(config), GOOD.to_vec())
    };
    let untrusted: &[&str] = &["untrusted-unknown-root"];
    vec![
        sound("tls-healthy", with(trusted.leaf(plain), &[])),
        sound("tls-healthy-intermediate", with(middle.leaf(plain), &[&middle])),
        sound("tls-healthy-root-sent", with(middle.leaf(plain), &[&middle, trusted])),
        sound("tls-chain-out-of-order", with(middle.leaf(plain), &[trusted, &private, &middle])),
        sound("tls-permitted-name", with(permitted.leaf(plain), &[&permitted])),
        sound("tls-wildcard", with(names(&["*.zoo.test"]), &[])),
        sound("tls-wildcard-in-label", with(names(&["ord*.zoo.test"]), &[])),
        sound("tls-wildcard-of-ending", with(names(&["other.test", "*.zoo.test"]), &[])),
        sound("tls-common-name-alone", with(names(&[]), &[])),
        broken("tls-name-mismatch", with(names(&["stock.zoo.test"]), &[]), &["name-mismatch"], "valid"),
        broken("tls-wildcard-two-labels", with(names(&["*.test"]), &[]), &["name-mismatch"], "valid"),
        broken("tls-expired", with(trusted.leaf(expired), &[]), &["expired"], "valid"),
        broken("tls-not-yet-valid", with(trusted.leaf(early), &[]), &["not-yet-valid"], "valid"),
        broken(
            "tls-expired-intermediate",
            with(old.leaf(plain), &[&old]),
            &["expired-intermediate"],
            "valid",
        ),
        expecting(
            "tls-private-root-sent",
            with(private.leaf(plain), &[&private]),
            untrusted,
            "valid",
            Some(false),
            Some(true),
        ),
        broken("tls-private-root-not-sent", with(private.leaf(plain), &[]), &["issuer-not-sent"], "valid"),
        broken("tls-intermediate-not-sent", with(middle.leaf(plain), &[]), &["issuer-not-sent"], "valid"),
        broken("tls-self-signed", with(self_signed(plain), &[]), &["untrusted-self-signed"], "valid"),
        expecting(
            "tls-self-signed-authority",
            with(
                self_signed(|params| {
                    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                    params.key_usages.push(KeyUsagePurpose::KeyCertSign);
                }),
                &[],
            ),
            &["untrusted-self-signed"],
            "valid",
            Some(false),
            Some(true),
        ),
        expecting(
            "tls-same-name-root-sent",
            with(same_name.leaf(plain), &[&same_name]),
            untrusted,
            "valid",
            Some(false),
            Some(true),
        ),
        broken("tls-same-name-root-not-sent", with(same_name.leaf(plain), &[]), &["bad-signature"], "valid"),
        broken(
            "tls-expired-and-untrusted",
            with(private.leaf(expired), &[]),
            &["expired", "issuer-not-sent"],
            "valid",
        ),
        broken(
            "tls-issuer-no-authority",
            with(no_authority.leaf(plain), &[&no_authority]),
            &["bad-chain"],
            "valid",
        ),
        broken(
            "tls-issuer-may-not-sign",
            with(may_not_sign.leaf(plain), &[&may_not_sign]),
            &["bad-chain"],
            "valid",
        ),
        broken(
            "tls-path-too-long",
            with(below_short.leaf(plain), &[&below_short, &short]),
            &["bad-chain"],
            "valid",
        ),
        broken(
            "tls-name-not-permitted",
            with(constrained.leaf(plain), &[&constrained]),
            &["bad-chain"],
            "valid",
        ),
        broken("tls-critical-extension", with(trusted.leaf(critical), &[]), &["bad-chain"], "valid"),
        broken(
            "tls-client-purpose",
            with(
                trusted.leaf(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]),
                &[],
            ),
            &["not-for-servers"],
            "valid",
        ),
        broken(
            "tls-key-usage",
            with(trusted.leaf(|params| params.key_usages = vec![KeyUsagePurpose::KeyAgreement]), &[]),
            &["not-for-servers"],
            "valid",
        ),
        broken("tls-chain-too-long", with(long_leaf, &long), &["chain-too-long"], "valid"),
        broken(
            "tls-certificate-too-large",
            with(trusted.leaf(huge), &[]),
            &["certificate-too-large"],
            "not-tried",
        ),
        broken("tls-certificate-unreadable", with(garbage, &[]), &["certificate-unreadable"], "valid"),
        broken("tls-key-mismatch", mixed(BOTH), &["key-mismatch"], "valid"),
        broken("tls-key-mismatch-1.2", mixed(&[&TLS12]), &["key-mismatch"], "valid"),
    ]
}

/// Handshakes with sound certificates.
fn handshakes(trusted: &Authority) -> Vec<Server> {
    let leaf = trusted.leaf(|_| {});
    let certified = || certified(vec![leaf.der.clone()], &leaf.key);
    let tls = |config: ServerConfig| Serve::Tls(Arc::new(config), GOOD.to_vec());
    let mut late = config(BOTH, certified());
    late.alpn_protocols = vec![b"h2".to_vec()];
    let demanded: &[&str] = &["client-certificate-required"];
    vec![
        sound("tls-1.2-only", tls(config(&[&TLS12], certified()))),
        sound("tls-1.3-only", tls(config(&[&TLS13], certified()))),
        sound("tls-server-with-alpn", tls(late)),
        sound("tls-client-certificate-requested", tls(mutual(BOTH, trusted, true, certified()))),
        broken(
            "tls-client-certificate-required-1.2",
            tls(mutual(&[&TLS12], trusted, false, certified())),
            demanded,
            "not-tried",
        ),
        broken(
            "tls-client-certificate-required-1.3",
            tls(mutual(&[&TLS13], trusted, false, certified())),
            demanded,
            "closed",
        ),
    ]
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, 3, 3], &length[..], body].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind], &length[1..], body].concat()
}

/// A server's side in clear, with an RSA key exchange: the certificate is committed, its key was thrown away.
fn flight(pem: &str) -> Vec<u8> {
    let certificate = x509_cert::Certificate::load_pem_chain(pem.as_bytes()).unwrap();
    let der = x509_cert::der::Encode::to_der(&certificate[0]).unwrap();
    assert!(x509_cert::Certificate::from_der(&der).is_ok());
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_be_bytes()[1..].to_vec();
    let one = [length(&der), der].concat();
    let list = [length(&one), one].concat();
    // `renegotiation_info`, which the JDK wants to see.
    let hello = [&[3, 3][..], &[7; 32], &[0, 0x00, 0x9c, 0, 0, 5, 0xff, 1, 0, 1, 0]].concat();
    record(22, &[message(2, &hello), message(11, &list), message(14, &[])].concat())
}

/// What answers a ClientHello.
fn raw_tls() -> Vec<Server> {
    let raw = |bytes: &[u8], after| Serve::Raw(bytes.to_vec(), after);
    let alert = |level: u8, description: u8| Serve::Raw(record(21, &[level, description]), After::Close);
    let plaintext: &[&str] = &["plaintext-answer"];
    let old_hello = message(2, &[&[3, 1][..], &[7; 32], &[0, 0x00, 0x2f, 0]].concat());
    let mut old = record(22, &old_hello);
    old[2] = 1;
    let weak = |pem| Serve::Raw(flight(pem), After::Hold);
    let unfinished = |name, serve, faults: &'static [&'static str]| broken(name, serve, faults, "not-tried");
    vec![
        unfinished("tls-weak-key", weak(include_str!("../../certificates/probe/rsa-512.pem")), &["weak-key"]),
        unfinished(
            "tls-weak-signature",
            weak(include_str!("../../certificates/probe/md5.pem")),
            &["weak-signature"],
        ),
        unfinished(
            "tls-unsupported-curve",
            weak(include_str!("../../certificates/probe/secp256k1.pem")),
            &["unsupported-key"],
        ),
        expecting(
            "tls-rsa-1024-sha1",
            weak(include_str!("../../certificates/probe/rsa-1024-sha1.pem")),
            &[],
            "not-tried",
            None,
            None,
        ),
        unfinished("tls-old-protocol", raw(&old, After::Close), &["protocol-too-old"]),
        unfinished("tls-alert-protocol-version", alert(2, 70), &["protocol-too-old"]),
        unfinished("tls-alert-handshake-failure", alert(2, 40), &["no-common-cipher"]),
        unfinished("tls-alert-insufficient-security", alert(2, 71), &["no-common-cipher"]),
        unfinished("tls-alert-internal-error", alert(2, 80), &["alert"]),
        unfinished("tls-alert-access-denied", alert(2, 49), &["alert"]),
        unfinished("tls-alert-unrecognized-name", alert(2, 112), &["sni-refused"]),
        unfinished("tls-alert-certificate-required", alert(2, 116), &["client-certificate-required"]),
        unfinished(
            "tls-warning-unrecognized-name",
            Serve::Raw(record(21, &[1, 112]), After::Hold),
            &["sni-refused", "timeout"],
        ),
        unfinished(
            "tls-broken-record",
            raw(&record(22, &message(2, &[9; 40])), After::Hold),
            &["handshake-broken"],
        ),
        unfinished(
            "tls-broken-type",
            raw(&record(22, &message(99, &[9; 40])), After::Hold),
            &["handshake-broken"],
        ),
        unfinished("tls-closed", Serve::AtOnce(After::Close), &["closed"]),
        unfinished("tls-closed-after-hello", raw(b"", After::Close), &["closed"]),
        unfinished("tls-reset", raw(b"", After::Reset), &["reset"]),
        unfinished("tls-silent", raw(b"", After::Hold), &["timeout"]),
        unfinished(
            "tls-on-http",
            raw(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", After::Close),
            plaintext,
        ),
        unfinished("tls-on-ssh", raw(b"SSH-2.0-OpenSSH_9.2p1\r\n", After::Close), plaintext),
        unfinished("tls-on-smtp", raw(b"220 mail.zoo.test ESMTP\r\n", After::Close), plaintext),
        unfinished("tls-on-redis", raw(b"-ERR unknown command\r\n", After::Close), plaintext),
        unfinished("tls-on-mysql", raw(b"\x4a\x00\x00\x00\x0a8.0.36\x00", After::Close), plaintext),
        unfinished("tls-on-postgres", raw(b"E\x00\x00\x00\x8bSFATAL\x00", After::Close), plaintext),
        unfinished(
            "tls-on-proxy-protocol",
            raw(b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n", After::Close),
            plaintext,
        ),
        unfinished("tls-on-h2", raw(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", After::Close), plaintext),
        unfinished("tls-on-something", raw(b"\x01\x02\x03\x04\x80\xff", After::Close), plaintext),
        unfinished("tls-nothing-listens", Serve::Nothing, &[]),
    ]
    .into_iter()
    .map(|mut server| {
        if server.name == "tls-nothing-listens" {
            server.expect.http = "not-tried";
        }
        server
    })
    .collect()
}

fn with_length(bytes: &[u8], length: usize) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out.resize(out.len() + length, b'x');
    out
}

/// What answers a request.
fn plain_http() -> Vec<Server> {
    let raw = |bytes: &[u8], after| Serve::Raw(bytes.to_vec(), after);
    let takes = |name, bytes: &[u8], http| {
        expecting(name, raw(bytes, After::Close), &[], http, Some(true), Some(true))
    };
    let refuses = |name, bytes: &[u8], http| broken(name, raw(bytes, After::Close), &[], http);
    let many = (0..9).map(|n| format!("X-{n}: {}\r\n", "a".repeat(100))).collect::<String>();
    vec![
        takes("http-healthy", GOOD, "valid"),
        takes("http-1.0", b"HTTP/1.0 200 OK\r\n\r\nbody until the end", "valid"),
        takes("http-no-reason", b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "valid"),
        takes("http-500", b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n", "valid"),
        takes(
            "http-chunked",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\n\r\n",
            "valid",
        ),
        // Its client loses the second answer where the server also closes in the same moment; API Gateway asks for no close.
        expecting(
            "http-continue-first",
            raw(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", After::Hold),
            &[],
            "odd",
            Some(true),
            Some(true),
        ),
        takes("http-folded-header", b"HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n", "valid"),
        takes("http-no-content", b"HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\n", "valid"),
        takes(
            "http-many-headers",
            format!("HTTP/1.1 200 OK\r\n{many}Content-Length: 0\r\n\r\n").as_bytes(),
            "valid",
        ),
        takes("http-negative-length", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nok", "valid"),
        takes("http-length-no-number", b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok", "valid"),
        takes("http-unknown-encoding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: magic\r\n\r\nok", "valid"),
        takes(
            "http-length-and-chunked",
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "valid",
        ),
        takes(
            "http-wants-https",
            b"HTTP/1.1 400 Bad Request\r\n\r\nThe plain HTTP request was sent to HTTPS port",
            "valid",
        ),
        takes("http-version-9.9", b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n", "odd"),
        takes("http-status-999", b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", "odd"),
        takes("http-blank-first", b" HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "odd"),
        takes("http-bare-line-feeds", b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "odd"),
        refuses(
            "http-early-hints",
            b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "interim",
        ),
        refuses("http-switching", b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "interim"),
        refuses("http-2-status-line", b"HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n", "invalid"),
        refuses("http-lower-case", b"http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "invalid"),
        refuses("http-empty-lines-first", b"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "invalid"),
        refuses("http-status-99", b"HTTP/1.1 99 Odd\r\nContent-Length: 0\r\n\r\n", "invalid"),
        refuses("http-status-word", b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n", "invalid"),
        refuses("http-status-cut", b"HTTP/1.1 20", "invalid"),
        refuses("http-header-without-colon", b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", "invalid"),
        refuses(
            "http-bad-chunk",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
            "invalid",
        ),
        refuses(
            "http-negative-chunk",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nok\r\n0\r\n\r\n",
            "invalid",
        ),
        refuses(
            "http-chunk-without-end",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokok\r\n0\r\n\r\n",
            "invalid",
        ),
        refuses(
            "http-cut-chunk",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok",
            "truncated",
        ),
        refuses("http-cut-body", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", "truncated"),
        refuses(
            "http-two-lengths",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\nok",
            "truncated",
        ),
        refuses(
            "http-too-large",
            &with_length(b"HTTP/1.1 200 OK\r\nContent-Length: 10485761\r\n\r\n", 2000),
            "too-large",
        ),
        refuses("http-tls-alert", &record(21, &[2, 70]), "invalid"),
        refuses("http-h2", b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80", "invalid"),
        refuses("http-ssh", b"SSH-2.0-OpenSSH_9.2p1\r\n", "invalid"),
        broken("http-ssh-first", Serve::First(b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec()), &[], "invalid"),
        refuses("http-smtp", b"220 mail.zoo.test ESMTP\r\n", "invalid"),
        refuses("http-redis", b"-ERR unknown command 'GET'\r\n", "invalid"),
        refuses("http-mysql", b"\x4a\x00\x00\x00\x0a8.0.36\x00", "invalid"),
        refuses("http-amqp", b"AMQP\x00\x00\x09\x01", "invalid"),
        refuses("http-proxy-v1", b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n", "invalid"),
        refuses("http-proxy-v2", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c", "invalid"),
        refuses("http-no-status-line", b"<html><body>It works</body></html>\n", "invalid"),
        refuses("http-something", b"\x01\x02\x03\x04\x80\xff", "invalid"),
        broken("http-closed", raw(b"", After::Close), &[], "closed"),
        broken("http-closed-at-once", Serve::AtOnce(After::Close), &[], "closed"),
        broken("http-reset", raw(b"", After::Reset), &[], "reset"),
        broken("http-silent", raw(b"", After::Hold), &[], "timeout"),
        broken("http-half-a-head", raw(b"HTTP/1.1 200 OK\r\nContent-Le", After::Hold), &[], "timeout"),
        broken("http-nothing-listens", Serve::Nothing, &[], "not-tried"),
    ]
}

/// A sound handshake, and then something else.
fn http_in_tls(trusted: &Authority) -> Vec<Server> {
    let leaf = trusted.leaf(|_| {});
    let tls = |answer: &[u8]| {
        let config = config(BOTH, certified(vec![leaf.der.clone()], &leaf.key));
        Serve::Tls(Arc::new(config), answer.to_vec())
    };
    vec![
        broken("tls-in-tls", tls(&record(21, &[2, 70])), &[], "invalid"),
        broken("tls-h2-inside", tls(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00"), &[], "invalid"),
        broken("tls-empty-answer", tls(b""), &[], "closed"),
        broken(
            "tls-early-hints",
            tls(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
            &[],
            "interim",
        ),
    ]
}

impl Serve {
    /// Opens a port and serves it until the runtime ends.
    pub async fn open(self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        if matches!(self, Self::Nothing) {
            return address;
        }
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serve = self.clone();
                tokio::spawn(async move {
                    let _ended = serve.one(stream).await;
                });
            }
        });
        address
    }

    async fn one(self, mut stream: TcpStream) -> io::Result<()> {
        match self {
            Self::Nothing => Ok(()),
            Self::AtOnce(after) => end(stream, after).await,
            Self::First(bytes) => {
                stream.write_all(&bytes).await?;
                end(stream, After::Hold).await
            }
            Self::Raw(bytes, after) => {
                let mut greeting = [0; 4096];
                let _read = stream.read(&mut greeting).await?;
                stream.write_all(&bytes).await?;
                end(stream, after).await
            }
            Self::Tls(config, answer) => {
                let mut session = rustls::ServerConnection::new(config).map_err(io::Error::other)?;
                serve_tls(&mut stream, &mut session, &answer).await?;
                end(stream, After::Close).await
            }
        }
    }
}

async fn end(mut stream: TcpStream, after: After) -> io::Result<()> {
    match after {
        After::Close => {
            stream.shutdown().await?;
            // What still comes is read, or the kernel would make a reset of the close.
            let mut sink = tokio::io::sink();
            let drained = tokio::io::copy(&mut stream, &mut sink);
            let _late = tokio::time::timeout(Duration::from_secs(5), drained).await;
            Ok(())
        }
        After::Reset => stream.set_zero_linger(),
        After::Hold => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(())
        }
    }
}

async fn serve_tls(
    stream: &mut TcpStream,
    session: &mut rustls::ServerConnection,
    answer: &[u8],
) -> io::Result<()> {
    use std::io::{Read, Write};
    let mut buffer = [0; 4096];
    loop {
        let mut out = Vec::new();
        while session.wants_write() {
            session.write_tls(&mut out)?;
        }
        stream.write_all(&out).await?;
        let mut request = [0; 4096];
        if let Ok(1..) = session.reader().read(&mut request) {
            session.writer().write_all(answer)?;
            session.send_close_notify();
            let mut out = Vec::new();
            while session.wants_write() {
                session.write_tls(&mut out)?;
            }
            return stream.write_all(&out).await;
        }
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        let mut rest = &buffer[..count];
        while !rest.is_empty() {
            session.read_tls(&mut rest)?;
            if session.process_new_packets().is_err() {
                let mut out = Vec::new();
                while session.wants_write() {
                    session.write_tls(&mut out)?;
                }
                return stream.write_all(&out).await;
            }
        }
    }
}
