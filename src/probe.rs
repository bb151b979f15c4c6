//! What the other end really answers: connect as API Gateway's client would, and report facts. Nothing here judges.
//!
//! One address takes one to three connections, one after the other: TLS 1.2 alone, then TLS 1.2 and 1.3 (with the HTTP
//! request, if there is one), and a greeting by hand where our TLS has nothing in common with the server.

mod certificates;
mod chain;
mod connect;
mod facts;
mod greeting;
mod http;
mod keys;
mod names;
mod recorder;
mod request;
mod roots;
mod sentences;
mod tls;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

pub use facts::{
    Accepted, CertificateFacts, CertificateNames, Chain, ClientCertificate, Facts, Handshake, Http,
    HttpResult, LooksLike, Offer, RootFacts, SCHEMA, Tcp, Tls, TlsFault, Vantage,
};
/// Whether a `GET` may have this path.
pub use http::path;
pub use request::{HealthCheck, Limits, ProbeRefusal, ProbeRequest, admit, answer, host};
pub use roots::{Roots, listed_root};
pub use sentences::{Sentence, sentences};

use connect::{Channel, TcpConnection};

/// Addresses of one probe at most.
pub const MOST_ADDRESSES: usize = 8;
/// Bytes read from one connection at most.
pub const MOST_BYTES: usize = 16 * 1024;
/// Wall time for all addresses together.
pub const BUDGET: Duration = Duration::from_secs(5);

/// What to say to every address.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The host of the integration's URI: sent as SNI as the JDK does, compared with the certificate, sent as `Host`.
    pub server_name: Option<String>,
    pub tls: bool,
    /// The path of a `GET`; no request without it.
    pub path: Option<String>,
    /// The only port that the request goes to; every port without it.
    pub path_port: Option<u16>,
    /// Authorities to trust besides API Gateway's.
    pub roots: Roots,
    pub vantage: Vantage,
    /// Never more than [`BUDGET`].
    pub budget: Duration,
    /// Dates of certificates are compared with this.
    pub now: Timestamp,
}

impl Plan {
    fn path_for(&self, port: u16) -> Option<&str> {
        self.path.as_deref().filter(|_| self.path_port.is_none_or(|only| only == port))
    }
}

/// Probes each address, at most [`MOST_ADDRESSES`] of them, and answers in their order.
///
/// Different hosts are probed at the same time. One host never sees two connections at once.
pub async fn probe(addresses: &[SocketAddr], plan: &Plan) -> Vec<Facts> {
    let deadline = Instant::now() + plan.budget.min(BUDGET);
    let mut hosts: BTreeMap<IpAddr, Vec<(usize, SocketAddr)>> = BTreeMap::new();
    for (at, address) in addresses.iter().take(MOST_ADDRESSES).enumerate() {
        hosts.entry(address.ip()).or_default().push((at, *address));
    }
    let of_one_host = |targets: Vec<(usize, SocketAddr)>| async move {
        let mut done = Vec::new();
        for (place, (at, address)) in targets.iter().enumerate() {
            // What is left is shared, so that a silent port does not take the next one's time.
            let share = u32::try_from(targets.len() - place).unwrap_or(1);
            let left = deadline.saturating_duration_since(Instant::now()) / share;
            done.push((*at, one(*address, plan, Instant::now() + left).await));
        }
        done
    };
    let mut done: Vec<(usize, Facts)> = futures_util::future::join_all(hosts.into_values().map(of_one_host))
        .await
        .into_iter()
        .flatten()
        .collect();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, facts)| facts).collect()
}

async fn one(address: SocketAddr, plan: &Plan, deadline: Instant) -> Facts {
    let mut facts = Facts::new(address, plan.server_name.clone(), plan.vantage);
    let begun = Instant::now();
    let connected = TcpConnection::connect(address, deadline).await;
    facts.ms = milliseconds(begun.elapsed());
    let wire = match connected {
        Ok(wire) => wire,
        Err(tcp) => {
            facts.tcp = tcp;
            return facts;
        }
    };
    facts.tcp = Tcp::Connected;
    let mut channel = if plan.tls {
        tls::probe(wire, address, plan, deadline, &mut facts.tls).await
    } else {
        Some(Channel::Plain(wire))
    };
    if let (Some(channel), Some(path)) = (channel.as_mut(), plan.path_for(address.port())) {
        let host = plan.server_name.clone().unwrap_or_else(|| address.to_string());
        let (http, end) = http::probe(channel, &host, path).await;
        facts.http = http;
        tls::late_alert(end, &mut facts.tls);
    } else if let Some(channel) = channel.as_mut() {
        tls::wait_for_alert(channel, &mut facts.tls).await;
    }
    facts.accepted = Accepted::of(&facts, plan);
    facts
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
