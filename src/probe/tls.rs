//! TLS as far as it goes: handshakes that record every fault and let go on, so that what comes after is seen too.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{
    AlertDescription, ClientConfig, ClientConnection, Error, ProtocolVersion, SupportedProtocolVersion,
};
use tokio::time::Instant;

use super::connect::{Channel, End, TcpConnection, feed, flush};
use super::facts::{ClientCertificate, Handshake, LooksLike, Offer, Tls, TlsFault};
use super::greeting::{self, Clear, alert_name, suite_name, version_name};
use super::http::{hex, looks_like};
use super::probing::Plan;
use super::recorder::{HandshakeRecord, HandshakeRecorder, Signature};
use super::{certificates, names};

/// In TLS 1.3 a server that misses a client certificate says so after the handshake.
const WAIT_FOR_ALERT: Duration = Duration::from_millis(800);

/// One offer and what came of it.
#[derive(Clone)]
struct Attempt {
    offered: &'static str,
    recorded: HandshakeRecord,
    clear: Clear,
    first_bytes: Vec<u8>,
    version: Option<String>,
    cipher: Option<String>,
    end: Option<End>,
}

impl Attempt {
    /// The fatal alert that ended it.
    fn alert(&self) -> Option<u8> {
        let told = match &self.end {
            Some(End::Alert(alert)) => Some(u8::from(*alert)),
            _ => None,
        };
        told.or_else(|| self.clear.alerts.iter().find(|(level, _)| *level == 2).map(|(_, alert)| *alert))
    }

    fn offer(&self) -> Offer {
        let handshake = if self.end.is_none() { Handshake::Completed } else { Handshake::Failed };
        let chosen = self.clear.chosen;
        Offer {
            offered: self.offered.to_owned(),
            handshake,
            version: self.version.clone().or_else(|| chosen.map(|(version, _)| version_name(version))),
            cipher: self.cipher.clone().or_else(|| chosen.map(|(_, suite)| suite_name(suite))),
            alert: self.alert().map(alert_name),
        }
    }

    fn chain(&self) -> &[Vec<u8>] {
        if self.recorded.chain.is_empty() { &self.clear.chain } else { &self.recorded.chain }
    }

    fn certificate_requested(&self) -> bool {
        self.recorded.certificate_requested || self.clear.certificate_requested
    }

    fn is_plaintext(&self) -> bool {
        !greeting::is_tls(&self.first_bytes)
    }
}

/// Makes the offers, and hands on the last session for a request.
pub(super) async fn probe(
    first: TcpConnection,
    address: SocketAddr,
    plan: &Plan,
    deadline: Instant,
    tls: &mut Tls,
) -> Option<Channel> {
    tls.sni = plan.server_name.as_deref().and_then(names::sni).is_some();
    let half = Instant::now() + deadline.saturating_duration_since(Instant::now()) * 2 / 5;
    let (old, _) = attempt(first, "TLSv1.2", &[&TLS12], plan, half).await;
    // The same bytes came without TLS; a second greeting would not change them.
    let again = if old.is_plaintext() { None } else { TcpConnection::connect(address, deadline).await.ok() };
    let (last, channel) = match again {
        Some(wire) => {
            let (last, channel) = attempt(wire, "TLSv1.2+TLSv1.3", &[&TLS13, &TLS12], plan, deadline).await;
            tls.offers.push(old.offer());
            (last, channel)
        }
        None => (old.clone(), None),
    };
    tls.offers.push(last.offer());
    write_down(&old, &last, tls);
    let greeted = match last.end {
        Some(_) if wants_jdk_offer(&last) => greet(address, plan, deadline).await,
        _ => None,
    };
    faults_of_end(&old, &last, greeted.as_ref(), tls);
    let by_hand = greeted.as_ref().map_or(&[][..], |clear| &clear.chain);
    let chain = [last.chain(), old.chain(), by_hand].into_iter().find(|chain| !chain.is_empty());
    if let Some(chain) = chain {
        certificates::judge(chain, plan.server_name.as_deref(), &plan.roots, plan.now, tls);
    }
    if let Some(greeted) = greeted {
        tls.offers.push(offer_by_hand(&greeted));
    }
    channel
}

async fn attempt(
    mut wire: TcpConnection,
    offered: &'static str,
    versions: &[&'static SupportedProtocolVersion],
    plan: &Plan,
    deadline: Instant,
) -> (Attempt, Option<Channel>) {
    let recorder = Arc::new(HandshakeRecorder::default());
    wire.wait_until(deadline);
    let (end, session) = match session(versions, plan, &recorder) {
        Err(error) => (Some(End::Broken(error)), None),
        Ok(mut session) => (handshake(&mut wire, &mut session).await.err(), Some(session)),
    };
    let version = session.as_ref().and_then(|session| session.protocol_version());
    let cipher = session.as_ref().and_then(|session| session.negotiated_cipher_suite());
    let attempt = Attempt {
        offered,
        recorded: recorder.with(|recorded| recorded.clone()),
        clear: greeting::read(&wire.received),
        first_bytes: wire.received.iter().take(64).copied().collect(),
        version: version.map(|version| match version {
            ProtocolVersion::TLSv1_3 => "TLSv1.3".to_owned(),
            _ => "TLSv1.2".to_owned(),
        }),
        cipher: cipher
            .and_then(|cipher| cipher.suite().as_str())
            .map(|name| name.replacen("TLS13_", "TLS_", 1)),
        end: end.clone(),
    };
    let channel = session.filter(|_| end.is_none()).map(|session| Channel::Tls(Box::new((wire, session))));
    (attempt, channel)
}

fn session(
    versions: &[&'static SupportedProtocolVersion],
    plan: &Plan,
    recorder: &Arc<HandshakeRecorder>,
) -> Result<ClientConnection, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::<HandshakeRecorder>::clone(recorder))
        .with_client_cert_resolver(Arc::<HandshakeRecorder>::clone(recorder));
    config.resumption = Resumption::disabled();
    let sni = plan.server_name.as_deref().and_then(names::sni);
    let name = sni.and_then(|name| ServerName::try_from(name.to_owned()).ok());
    // rustls sends no name for an address, whatever the address is.
    let name = name.unwrap_or_else(|| ServerName::from(std::net::IpAddr::from([192, 0, 2, 1])));
    ClientConnection::new(Arc::new(config), name)
}

async fn handshake(wire: &mut TcpConnection, session: &mut ClientConnection) -> Result<(), End> {
    loop {
        flush(wire, session).await;
        if !session.is_handshaking() {
            return Ok(());
        }
        feed(wire, session).await?;
    }
}

/// Facts that need no judgement.
fn write_down(old: &Attempt, last: &Attempt, tls: &mut Tls) {
    let best = last.offer();
    tls.handshake = best.handshake;
    tls.version = best.version;
    tls.cipher = best.cipher;
    tls.alert = best.alert;
    if old.certificate_requested() || last.certificate_requested() {
        tls.client_certificate = ClientCertificate::Requested;
    }
    if last.is_plaintext() {
        tls.looks_like = Some(looks_like_without_tls(&last.first_bytes));
        tls.offending = Some(hex(&last.first_bytes));
    }
    match last.recorded.signature.or(old.recorded.signature) {
        Some(Signature::Bad) => tls.fault(TlsFault::KeyMismatch),
        Some(Signature::Unverified) => {
            tls.note("whether key and certificate belong together: this program's library cannot verify such a key");
        }
        Some(Signature::Good) | None => {}
    }
}

/// A ClientHello is no request, so a text without a status line says nothing about the protocol.
fn looks_like_without_tls(bytes: &[u8]) -> LooksLike {
    match looks_like(bytes) {
        LooksLike::NoStatusLine | LooksLike::Amqp => LooksLike::Unknown,
        known => known,
    }
}

/// Whether the server refused what we offered, and may take what the JDK offers beyond that.
fn wants_jdk_offer(last: &Attempt) -> bool {
    let refused = matches!(last.alert(), Some(40 | 47 | 50 | 70 | 71 | 80));
    let incompatible = matches!(
        last.end,
        Some(End::Broken(Error::PeerIncompatible(_) | Error::PeerMisbehaved(_) | Error::InvalidMessage(_)))
    );
    !last.is_plaintext()
        && !last.certificate_requested()
        && (refused || incompatible || last.end == Some(End::Closed))
}

/// Says hello with the JDK's cipher suites, and reads the server's side as far as it is in clear.
async fn greet(address: SocketAddr, plan: &Plan, deadline: Instant) -> Option<Clear> {
    let mut wire = TcpConnection::connect(address, deadline).await.ok()?;
    wire.write(&greeting::client_hello(plan.server_name.as_deref())).await;
    loop {
        let ended = wire.read().await.is_err();
        let clear = greeting::read(&wire.received);
        if ended || clear.hello_done || clear.too_long.is_some() || !clear.alerts.is_empty() {
            return Some(clear);
        }
    }
}

fn offer_by_hand(clear: &Clear) -> Offer {
    Offer {
        offered: "TLSv1.2 with the JDK's cipher suites".to_owned(),
        handshake: Handshake::NotTried,
        version: clear.chosen.map(|(version, _)| version_name(version)),
        cipher: clear.chosen.map(|(_, suite)| suite_name(suite)),
        alert: clear.alerts.first().map(|(_, alert)| alert_name(*alert)),
    }
}

/// Why the handshake did not complete, in the contract's words.
fn faults_of_end(old: &Attempt, last: &Attempt, greeted: Option<&Clear>, tls: &mut Tls) {
    let chosen = last.clear.chosen.or_else(|| greeted.and_then(|clear| clear.chosen));
    // In TLS 1.3 the length is encrypted, so the other offers tell it.
    if [Some(&old.clear), Some(&last.clear), greeted]
        .into_iter()
        .flatten()
        .any(|clear| clear.too_long.is_some())
    {
        tls.fault(TlsFault::CertificateTooLarge);
        return;
    }
    // The JDK takes a warning about the name for a refusal.
    if last.clear.alerts.iter().any(|(_, alert)| *alert == 112) {
        tls.fault(TlsFault::SniRefused);
    }
    if last.recorded.chain.is_empty() && last.end.is_none() {
        tls.fault(TlsFault::HandshakeBroken);
    }
    let Some(end) = &last.end else { return };
    if last.is_plaintext() {
        tls.fault(TlsFault::PlaintextAnswer);
        return;
    }
    if chosen.is_some_and(|(version, _)| version < 0x0303) {
        tls.fault(TlsFault::ProtocolTooOld);
        return;
    }
    let flight_done = last.clear.hello_done || last.recorded.signature.is_some();
    if last.certificate_requested() && flight_done && matches!(end, End::Alert(_) | End::Closed | End::Reset)
    {
        tls.client_certificate = ClientCertificate::Required;
        tls.fault(TlsFault::ClientCertificateRequired);
        return;
    }
    // The server would talk with the JDK: what stopped us is our library.
    if let Some((_, suite)) = greeted.filter(|clear| clear.hello_done).and_then(|clear| clear.chosen) {
        if greeted.and_then(|clear| clear.dh_bytes).is_some_and(|bytes| bytes < 128) {
            tls.fault(TlsFault::WeakKey);
        }
        if greeted.is_some_and(|clear| clear.certificate_requested) {
            tls.client_certificate = ClientCertificate::Requested;
        }
        tls.note(format!(
            "whether the handshake completes: the server chose {}, which this program's library does not speak",
            suite_name(suite)
        ));
        return;
    }
    let fault = match (end, last.alert()) {
        (_, Some(112)) => TlsFault::SniRefused,
        (_, Some(116)) => TlsFault::ClientCertificateRequired,
        (_, Some(70)) => TlsFault::ProtocolTooOld,
        (_, Some(40 | 71)) if last.clear.chosen.is_none() => TlsFault::NoCommonCipher,
        (_, Some(_)) => TlsFault::Alert,
        (End::Closed, None) => TlsFault::Closed,
        (End::Reset, None) => TlsFault::Reset,
        (End::Timeout, None) => TlsFault::Timeout,
        (End::Limit, None) => {
            tls.note("the whole handshake: the server sent more than is read");
            return;
        }
        (End::Alert(_) | End::Broken(_), None) => TlsFault::HandshakeBroken,
    };
    if fault == TlsFault::ClientCertificateRequired {
        tls.client_certificate = ClientCertificate::Required;
    }
    tls.fault(fault);
}

/// After the handshake, without a request: whether the server objects to a missing client certificate.
pub(super) async fn wait_for_alert(channel: &mut Channel, tls: &mut Tls) {
    let Channel::Tls(both) = channel else { return };
    if tls.client_certificate == ClientCertificate::None {
        return;
    }
    let until = both.0.deadline().min(Instant::now() + WAIT_FOR_ALERT);
    both.0.wait_until(until);
    let end = channel.read(&mut Vec::new()).await.err();
    late_alert(end, tls);
}

/// What ended the session after its handshake.
pub(super) fn late_alert(end: Option<End>, tls: &mut Tls) {
    let requested = tls.client_certificate != ClientCertificate::None;
    match end {
        Some(End::Alert(AlertDescription::CloseNotify)) => {}
        Some(End::Alert(alert)) => {
            tls.alert = Some(alert_name(u8::from(alert)));
            let required = requested || alert == AlertDescription::CertificateRequired;
            if required {
                tls.client_certificate = ClientCertificate::Required;
            }
            tls.fault(if required { TlsFault::ClientCertificateRequired } else { TlsFault::Alert });
        }
        Some(End::Broken(_)) => tls.fault(TlsFault::HandshakeBroken),
        _ => {}
    }
}
