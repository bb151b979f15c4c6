//! What the facts mean, as codes of the contract with a sentence each. Where it matters for which failure, checks decide.

use super::facts::{ClientCertificate, Facts, Handshake, HttpResult, LooksLike, Tcp, Tls, TlsFault};

/// One thing that a probe found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// A finding's code, contract §6; a fact that is no finding has none.
    pub code: Option<&'static str>,
    pub healthy: bool,
    pub says: String,
    /// The fault of TLS or of a certificate that it tells, where it tells one.
    pub fault: Option<TlsFault>,
}

/// All of it, what stops a request first.
pub fn sentences(facts: &Facts) -> Vec<Sentence> {
    let mut found = Vec::new();
    let (address, ms) = (facts.address, facts.ms);
    match facts.tcp {
        Tcp::Connected => {}
        Tcp::Refused => faulty(
            &mut found,
            "target-not-listening",
            format!("{address} refused the connection after {ms} ms: nothing listens there"),
        ),
        Tcp::Reset => faulty(
            &mut found,
            "target-not-listening",
            format!("{address} reset the connection after {ms} ms"),
        ),
        Tcp::Unreachable => faulty(&mut found, "target-silent", format!("there is no route to {address}")),
        Tcp::Timeout => faulty(
            &mut found,
            "target-silent",
            format!("{address} did not answer within {ms} ms: packets are dropped on the way there or back"),
        ),
    }
    if facts.tcp != Tcp::Connected {
        return found;
    }
    if facts.tls.handshake != Handshake::NotTried {
        tls(facts, &mut found);
    }
    http(facts, &mut found);
    found
}

fn faulty(found: &mut Vec<Sentence>, code: &'static str, says: String) {
    found.push(Sentence { code: Some(code), healthy: false, says, fault: None });
}

fn tls(facts: &Facts, found: &mut Vec<Sentence>) {
    let (address, tls) = (facts.address, &facts.tls);
    for fault in &tls.faults {
        let (code, says) = fault_sentence(*fault, facts);
        // Several faults may be one sentence, as where alert and client certificate are told together.
        if !found.iter().any(|known| known.says == says) {
            found.push(Sentence { code: Some(code), healthy: false, says, fault: Some(*fault) });
        }
    }
    if tls.client_certificate == ClientCertificate::Requested {
        let says = format!("{address} asks for a client certificate and goes on without one");
        found.push(Sentence { code: None, healthy: true, says, fault: None });
    }
    let only_new = tls.offers.first().is_some_and(|old| old.handshake == Handshake::Failed);
    if only_new && tls.handshake == Handshake::Completed {
        let says = format!(
            "{address} refuses TLS 1.2 and speaks TLS 1.3; AWS does not say whether API Gateway offers that"
        );
        found.push(Sentence { code: None, healthy: true, says, fault: None });
    }
    if tls.faults.is_empty() && tls.handshake == Handshake::Completed {
        let until = tls.not_after.map_or(String::new(), |at| format!(", until {at}"));
        let host = facts.server_name.as_deref().map_or(String::new(), |host| format!(" for `{host}`"));
        let version = tls.version.as_deref().unwrap_or("TLS");
        let says = format!("{address} speaks {version} and presents a valid certificate{host}{until}");
        found.push(Sentence { code: Some("target-certificate-valid"), healthy: true, says, fault: None });
    }
}

fn fault_sentence(fault: TlsFault, facts: &Facts) -> (&'static str, String) {
    certificate_sentence(fault, facts).unwrap_or_else(|| handshake_sentence(fault, facts))
}

/// What is wrong with the certificates.
fn certificate_sentence(fault: TlsFault, facts: &Facts) -> Option<(&'static str, String)> {
    let tls = &facts.tls;
    let host = facts.server_name.as_deref().unwrap_or("the host that is called");
    Some(match fault {
        TlsFault::NameMismatch => (
            "target-certificate-name-mismatch",
            format!("the certificate covers {}, not `{host}`", tls.names.list()),
        ),
        TlsFault::Expired => {
            let at = tls.not_after.map_or(String::new(), |at| format!(" at {at}"));
            ("target-certificate-expired", format!("the certificate expired{at}"))
        }
        TlsFault::ExpiredIntermediate => {
            ("target-certificate-expired", format!("a certificate above it has expired: {}", oldest(tls)))
        }
        TlsFault::NotYetValid => {
            let at = tls.certificates.iter().map(|one| one.not_before).max();
            let at = at.map_or(String::new(), |at| format!(" before {at}"));
            (
                "target-certificate-not-yet-valid",
                format!("the certificate, or one above it, is not valid{at}"),
            )
        }
        TlsFault::UntrustedUnknownRoot => {
            let root = tls.path.root.as_ref();
            let name = root.map_or("an authority", |root| &root.subject);
            let says = match root.and_then(|root| root.listed) {
                Some(false) => {
                    format!("the chain ends in `{name}`, which API Gateway's published list does not have")
                }
                _ => format!("the chain ends in `{name}`, which is no public authority"),
            };
            ("target-certificate-untrusted", says)
        }
        TlsFault::UntrustedSelfSigned => {
            ("target-certificate-untrusted", "the certificate is self-signed".to_owned())
        }
        TlsFault::IssuerNotSent => (
            "target-certificate-chain-incomplete",
            format!(
                "the chain stops below `{}`: an intermediate is missing, or a private root was not sent",
                tls.certificates.last().map_or("an issuer", |one| &one.issuer)
            ),
        ),
        TlsFault::KeyMismatch => (
            "target-certificate-key-mismatch",
            "the server's private key does not belong to the certificate that it presents".to_owned(),
        ),
        other => ("target-certificate-untrusted", refused(other)?.to_owned()),
    })
}

/// What the JDK refuses whatever the authority.
fn refused(fault: TlsFault) -> Option<&'static str> {
    Some(match fault {
        TlsFault::BadChain => "a certificate in the chain is not allowed to issue the next one",
        TlsFault::BadSignature => {
            "the issuer's key did not sign the certificate: an authority of the same name has another key"
        }
        TlsFault::NotForServers => "the certificate's purpose or key usage is not a server's",
        TlsFault::ChainTooLong => "the server sends more than 10 certificates, which the JDK does not read",
        TlsFault::CertificateTooLarge => {
            "the server's certificates are larger than 32,768 bytes, which the JDK does not read"
        }
        TlsFault::CertificateUnreadable => "a certificate that the server sends cannot be read",
        TlsFault::WeakKey => "a key is too short for the JDK",
        TlsFault::WeakSignature => "a certificate is signed with MD5 or MD2, which the JDK refuses",
        TlsFault::UnsupportedKey => "a key is of a kind or curve that the JDK does not have",
        _ => return None,
    })
}

/// Where the handshake ends.
fn handshake_sentence(fault: TlsFault, facts: &Facts) -> (&'static str, String) {
    let (address, tls) = (facts.address, &facts.tls);
    let host = facts.server_name.as_deref().unwrap_or("the host that is called");
    let alert = tls.alert.as_deref().map_or(String::new(), |alert| format!(" with the alert `{alert}`"));
    match fault {
        TlsFault::ProtocolTooOld => (
            "target-refuses-tls",
            format!("{address} refuses modern TLS{alert}: it speaks nothing newer than TLS 1.1"),
        ),
        TlsFault::NoCommonCipher => {
            ("target-refuses-tls", format!("{address} refuses modern TLS{alert}: no cipher suite in common"))
        }
        TlsFault::HandshakeBroken => (
            "target-refuses-tls",
            format!("{address} breaks off the TLS handshake with bytes that make no sense"),
        ),
        TlsFault::Timeout => (
            "target-refuses-tls",
            format!("{address} accepts the connection and is silent in the TLS handshake"),
        ),
        TlsFault::ClientCertificateRequired => {
            ("target-demands-client-certificate", format!("{address} demands a client certificate{alert}"))
        }
        TlsFault::SniRefused => {
            ("target-refuses-tls", format!("{address} does not serve the name `{host}`{alert}"))
        }
        TlsFault::PlaintextAnswer => (
            "target-speaks-plaintext",
            format!(
                "{address} does not speak TLS: it answers with {}",
                describe(tls.looks_like, tls.offending.as_deref())
            ),
        ),
        TlsFault::Closed => {
            ("target-refuses-tls", format!("{address} closes the connection in the TLS handshake"))
        }
        TlsFault::Reset => {
            ("target-refuses-tls", format!("{address} resets the connection in the TLS handshake"))
        }
        _ => ("target-refuses-tls", format!("{address} ends the TLS handshake{alert}")),
    }
}

fn oldest(tls: &Tls) -> String {
    let first = tls.certificates.iter().skip(1).min_by_key(|one| one.not_after);
    first.map_or_else(String::new, |one| format!("`{}` at {}", one.subject, one.not_after))
}

fn describe(looks_like: Option<LooksLike>, offending: Option<&str>) -> String {
    let what = match looks_like {
        Some(LooksLike::Http) => "plain HTTP",
        Some(LooksLike::H2) => "HTTP/2",
        Some(LooksLike::Tls) => "TLS",
        Some(LooksLike::HttpsPort) => "a request for HTTPS",
        Some(LooksLike::ProxyProtocol) => "a PROXY protocol header",
        Some(LooksLike::Ssh) => "SSH",
        Some(LooksLike::Smtp) => "SMTP",
        Some(LooksLike::Redis) => "Redis",
        Some(LooksLike::Mysql) => "MySQL",
        Some(LooksLike::Postgres) => "PostgreSQL",
        Some(LooksLike::Amqp) => "AMQP",
        Some(LooksLike::NoStatusLine) => "text without a status line",
        Some(LooksLike::Unknown) | None => "an unknown protocol",
    };
    offending.map_or_else(|| what.to_owned(), |bytes| format!("{what} (first bytes {bytes})"))
}

fn http(facts: &Facts, found: &mut Vec<Sentence>) {
    let (address, http) = (facts.address, &facts.http);
    let status = http.status.map_or(String::new(), |status| format!(" {status}"));
    let not_http = "target-answers-not-http";
    match http.result {
        HttpResult::NotTried => {}
        HttpResult::Valid | HttpResult::Odd if http.looks_like == Some(LooksLike::HttpsPort) => {
            faulty(
                found,
                "target-speaks-tls",
                format!("{address} answers{status}: it expects HTTPS on this port"),
            );
        }
        HttpResult::Valid | HttpResult::Odd => {
            let odd =
                if http.result == HttpResult::Odd { " in an odd form that its client takes" } else { "" };
            let says = format!("{address} answers HTTP{status}{odd}");
            found.push(Sentence { code: Some("target-answers-http"), healthy: true, says, fault: None });
        }
        HttpResult::Interim => faulty(
            found,
            not_http,
            format!("{address} answers{status} first, which API Gateway's client refuses"),
        ),
        HttpResult::Invalid if http.looks_like == Some(LooksLike::Tls) => {
            let inside = facts.tls.handshake == Handshake::Completed;
            let says = if inside {
                format!("{address} speaks TLS inside TLS: a hop before it already ended TLS")
            } else {
                format!("{address} speaks TLS where plain HTTP was sent")
            };
            faulty(found, "target-speaks-tls", says);
        }
        HttpResult::Invalid => {
            let says = match (http.looks_like, http.offending.as_deref()) {
                (None, bytes) => {
                    let bytes = bytes.map_or(String::new(), |bytes| format!(" (from these bytes: {bytes})"));
                    format!(
                        "{address} answers{status} in a form that API Gateway's client cannot read{bytes}"
                    )
                }
                (looks_like, bytes) => {
                    format!("{address} does not answer in HTTP/1.1 but with {}", describe(looks_like, bytes))
                }
            };
            faulty(found, not_http, says);
        }
        HttpResult::Truncated => {
            faulty(found, not_http, format!("{address} closes before its answer{status} is whole"));
        }
        HttpResult::TooLarge => {
            faulty(
                found,
                not_http,
                format!("{address} sends more than API Gateway takes, or than a probe reads"),
            );
        }
        HttpResult::Closed if facts.tls.client_certificate == ClientCertificate::Required => {}
        HttpResult::Closed => faulty(found, not_http, format!("{address} closes without an answer")),
        HttpResult::Reset => {
            faulty(found, not_http, format!("{address} resets the connection instead of an answer"))
        }
        HttpResult::Timeout => {
            faulty(found, not_http, format!("{address} is silent after the request until the probe ends"));
        }
    }
}
