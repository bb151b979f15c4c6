//! What a probe found, in the form that it leaves the program: `vpclink-responder/probe/1`.

use std::net::SocketAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub const SCHEMA: &str = "vpclink-responder/probe/1";

/// All about one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub schema: String,
    pub address: SocketAddr,
    pub server_name: Option<String>,
    pub vantage: Vantage,
    pub tcp: Tcp,
    /// From the first packet until TCP answered.
    pub ms: u64,
    pub tls: Tls,
    pub http: Http,
    pub accepted: Accepted,
}

/// Where the probe stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vantage {
    /// In the VPC link's own subnets and security groups.
    Link,
    /// Beside the load balancer: another client than API Gateway.
    Vpc,
    /// The command line.
    Here,
}

impl Vantage {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Vpc => "vpc",
            Self::Here => "here",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tcp {
    Connected,
    Refused,
    Timeout,
    Reset,
    Unreachable,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tls {
    pub handshake: Handshake,
    pub version: Option<String>,
    pub cipher: Option<String>,
    pub alpn: Option<String>,
    /// Whether a server name was sent: none for an address or a single label, as the JDK does.
    pub sni: bool,
    pub alert: Option<String>,
    pub names: CertificateNames,
    /// Subjects in the order in which the server sent its certificates.
    pub chain: Vec<String>,
    pub certificates: Vec<CertificateFacts>,
    /// How the certificates lead to a root.
    pub path: Chain,
    pub not_before: Option<Timestamp>,
    pub not_after: Option<Timestamp>,
    pub client_certificate: ClientCertificate,
    /// What answered where TLS was expected.
    pub looks_like: Option<LooksLike>,
    /// The first bytes of what was no TLS, in hex.
    pub offending: Option<String>,
    pub faults: Vec<TlsFault>,
    /// Why a fact could not be had. Never a fault.
    pub not_looked_at: Vec<String>,
    /// What each offer got.
    pub offers: Vec<Offer>,
}

#[cfg(feature = "probe")]
impl Tls {
    pub(super) fn fault(&mut self, fault: TlsFault) {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.not_looked_at.contains(&note) {
            self.not_looked_at.push(note);
        }
    }
}

/// One handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// `TLSv1.2`, `TLSv1.2+TLSv1.3`, or `TLSv1.2 with the JDK's cipher suites`, which is greeted and not finished.
    pub offered: String,
    pub handshake: Handshake,
    pub version: Option<String>,
    pub cipher: Option<String>,
    pub alert: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Handshake {
    Completed,
    Failed,
    #[default]
    NotTried,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CertificateNames {
    pub cn: Option<String>,
    pub dns: Vec<String>,
    pub ip: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateFacts {
    pub subject: String,
    pub issuer: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub key: String,
    pub signature: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chain {
    /// Whether each certificate is followed by its issuer. The JDK sorts them itself.
    pub in_order: Option<bool>,
    /// Whether nothing is missing between the certificate and a root.
    pub complete: Option<bool>,
    /// The root it ends in, sent or known.
    pub root: Option<RootFacts>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootFacts {
    pub subject: String,
    pub sent: bool,
    /// Whether it says `CA:TRUE` and `keyCertSign`, which `insecureSkipVerification` asks of a private root.
    pub may_sign: bool,
    /// Whether its key is in API Gateway's published list; `null` where that is not known.
    pub listed: Option<bool>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientCertificate {
    #[default]
    None,
    Requested,
    Required,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsFault {
    NameMismatch,
    Expired,
    NotYetValid,
    ExpiredIntermediate,
    UntrustedUnknownRoot,
    UntrustedSelfSigned,
    IssuerNotSent,
    BadChain,
    BadSignature,
    NotForServers,
    ChainTooLong,
    CertificateTooLarge,
    CertificateUnreadable,
    WeakKey,
    WeakSignature,
    UnsupportedKey,
    KeyMismatch,
    ProtocolTooOld,
    NoCommonCipher,
    HandshakeBroken,
    Alert,
    ClientCertificateRequired,
    SniRefused,
    PlaintextAnswer,
    Closed,
    Reset,
    Timeout,
}

impl TlsFault {
    /// What `insecureSkipVerification` waives, given that the private root is sent and may sign.
    pub fn is_about_authority(self) -> bool {
        matches!(self, Self::UntrustedUnknownRoot | Self::UntrustedSelfSigned)
    }

    /// What the JDK refuses whatever the authority; it logs a text of its own, not that no path to an authority was found.
    pub fn is_refused_by_rule(self) -> bool {
        matches!(
            self,
            Self::BadChain
                | Self::BadSignature
                | Self::NotForServers
                | Self::ChainTooLong
                | Self::CertificateTooLarge
                | Self::CertificateUnreadable
                | Self::WeakKey
                | Self::WeakSignature
                | Self::UnsupportedKey
        )
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LooksLike {
    Http,
    H2,
    Tls,
    HttpsPort,
    ProxyProtocol,
    Ssh,
    Smtp,
    Redis,
    Mysql,
    Postgres,
    Amqp,
    NoStatusLine,
    Unknown,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Http {
    pub result: HttpResult,
    pub status: Option<u32>,
    pub looks_like: Option<LooksLike>,
    /// The first bytes that are at fault, at most 16, in hex.
    pub offending: Option<String>,
    /// From the request until the first byte of the answer.
    pub first_byte_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HttpResult {
    Valid,
    /// API Gateway's client takes it, and others may not.
    Odd,
    /// A status below 200 that its client refuses, such as 103.
    Interim,
    Invalid,
    Truncated,
    TooLarge,
    Closed,
    Reset,
    Timeout,
    #[default]
    NotTried,
}

/// Whether API Gateway's own client would go on. `null` where the probe could not see enough to say, as everywhere in the
/// machine's forms: `false` would be a fault that no fact shows. `tls.not_looked_at`,
/// `tls.path.root.listed` or `http.result` says why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    pub strict: Option<bool>,
    pub insecure_skip_verification: Option<bool>,
}

#[cfg(feature = "probe")]
impl Facts {
    pub(super) fn new(address: SocketAddr, server_name: Option<String>, vantage: Vantage) -> Self {
        let refused = Some(false);
        Self {
            schema: SCHEMA.to_owned(),
            address,
            server_name,
            vantage,
            tcp: Tcp::Timeout,
            ms: 0,
            tls: Tls::default(),
            http: Http::default(),
            accepted: Accepted { strict: refused, insecure_skip_verification: refused },
        }
    }
}

#[cfg(feature = "probe")]
impl Accepted {
    /// `asked` tells whether TLS was.
    pub(super) fn of(facts: &Facts, asked: bool) -> Self {
        let tls = &facts.tls;
        // The greeting by hand got further than our TLS: the JVM may go on where we stopped.
        let unseen = asked && tls.handshake != Handshake::Completed;
        let root = tls.path.root.as_ref();
        let doubtful_root =
            asked && tls.handshake == Handshake::Completed && root.is_some_and(|root| root.listed.is_none());
        let http = match facts.http.result {
            HttpResult::Valid | HttpResult::Odd => Some(true),
            HttpResult::NotTried => Some(true).filter(|_| !unseen),
            HttpResult::TooLarge if facts.http.status.is_none() => None,
            _ => Some(false),
        };
        let verdict = |refused: bool, doubtful: bool| match (refused, http) {
            (true, _) | (false, Some(false)) => Some(false),
            (false, Some(true)) if !doubtful && !unseen => Some(true),
            _ => None,
        };
        let strict = verdict(!tls.faults.is_empty(), doubtful_root);
        let waivable = root.is_some_and(|root| root.sent && root.may_sign);
        let waived = |fault: &TlsFault| fault.is_about_authority() && waivable;
        let insecure = verdict(!tls.faults.iter().all(waived), doubtful_root && !waivable);
        Self { strict, insecure_skip_verification: insecure }
    }
}
