//! What the other end really answers: connect as API Gateway's client would, and report facts. Nothing here judges.
//!
//! One address takes one to three connections, one after the other: TLS 1.2 alone, then TLS 1.2 and 1.3 (with the HTTP
//! request, if there is one), and a greeting by hand where our TLS has nothing in common with the server.
//!
//! Requests, facts and their sentences are plain data and always there; what connects hangs on the feature `probe`.

#[cfg(feature = "probe")]
mod certificates;
#[cfg(feature = "probe")]
mod chain;
#[cfg(feature = "probe")]
mod connect;
mod facts;
#[cfg(feature = "probe")]
mod greeting;
#[cfg(feature = "probe")]
mod http;
#[cfg(feature = "probe")]
mod keys;
mod names;
#[cfg(feature = "probe")]
mod probing;
#[cfg(feature = "probe")]
mod recorder;
mod request;
#[cfg(feature = "probe")]
mod roots;
mod sentences;
#[cfg(feature = "probe")]
mod tls;

use std::time::Duration;

pub use facts::{
    Accepted, CertificateFacts, CertificateNames, Chain, ClientCertificate, Facts, Handshake, Http,
    HttpResult, LooksLike, Offer, RootFacts, SCHEMA, Tcp, Tls, TlsFault, Vantage,
};
pub use names::{address, covers, names_list};
#[cfg(feature = "probe")]
pub use probing::{Plan, answer, plan, probe};
pub use request::{
    HealthCheck, Limits, ProbeRefusal, ProbeRequest, ProberSite, admit, host, path, wake_command,
};
#[cfg(feature = "probe")]
pub use roots::{Roots, listed_root};
pub use sentences::{Sentence, sentences};

/// Addresses of one probe at most.
pub const MOST_ADDRESSES: usize = 8;
/// Bytes read from one connection at most.
pub const MOST_BYTES: usize = 16 * 1024;
/// Wall time for all addresses together.
pub const BUDGET: Duration = Duration::from_secs(5);
