//! The probe itself: which address when, within one budget, and the prober's whole answer.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::connect::{Channel, TcpConnection};
use super::facts::{Accepted, Facts, Tcp, Vantage};
use super::request::{LONGEST_REQUEST, Limits, ProbeRefusal, ProbeRequest, admit};
use super::roots::Roots;
use super::{BUDGET, MOST_ADDRESSES, http, tls};

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
        match plan.tls {
            true => tls::wait_for_alert(channel, &mut facts.tls).await,
            // Where no request was agreed to, a server that speaks first still shows that it speaks no HTTP.
            false => facts.http = http::overhear(channel).await,
        }
    }
    facts.accepted = Accepted::of(&facts, plan.tls);
    facts
}

pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// What an admitted request asks for.
pub fn plan(request: &ProbeRequest, now: Timestamp) -> Plan {
    Plan {
        server_name: request.server_name.clone(),
        tls: request.tls,
        path: request.health.as_ref().map(|health| health.path.clone()),
        path_port: request.health.as_ref().map(|health| health.port),
        roots: Roots::default(),
        vantage: request.vantage,
        budget: request.budget_ms.map_or(BUDGET, Duration::from_millis).min(BUDGET),
        now,
    }
}

/// The prober's whole work: a request in JSON, its facts or its refusal in JSON. It cannot fail.
pub async fn answer(request: &[u8], limits: &Limits, now: Timestamp) -> serde_json::Value {
    let admitted = match request.len() {
        0..=LONGEST_REQUEST => serde_json::from_slice::<ProbeRequest>(request)
            .map_err(|error| ProbeRefusal::new(format!("this is no request for a probe: {error}")))
            .and_then(|request| Ok((admit(&request, limits)?, plan(&request, now)))),
        _ => Err(ProbeRefusal::new("the request is longer than any that the responder makes")),
    };
    match admitted {
        Ok((addresses, plan)) => serde_json::json!({ "facts": probe(&addresses, &plan).await }),
        Err(refusal) => serde_json::json!(refusal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_only_shrinks() {
        let budget = |budget_ms| {
            let request = ProbeRequest {
                addresses: Vec::new(),
                tls: true,
                server_name: None,
                health: None,
                vantage: Vantage::Link,
                budget_ms,
            };
            plan(&request, Timestamp::UNIX_EPOCH).budget
        };
        assert_eq!((budget(None), budget(Some(u64::MAX))), (BUDGET, BUDGET));
        assert_eq!(budget(Some(900)), Duration::from_millis(900));
    }

    #[tokio::test]
    async fn a_forged_request_is_refused_with_a_sentence() {
        let limits = Limits { vpc: Vec::new(), ports: vec![80] };
        let ask = async |text: &str| answer(text.as_bytes(), &limits, Timestamp::UNIX_EPOCH).await;
        for text in [
            "",
            "[]",
            r#"{"addresses":["10.0.0.1:80"]}"#,
            r#"{"addresses":["10.0.0.1:80"],"vantage":"link","redirects":9}"#,
            r#"{"addresses":["127.0.0.1:9001"],"vantage":"link"}"#,
            &format!(
                r#"{{"addresses":[],"vantage":"link","server_name":"{}"}}"#,
                "a".repeat(LONGEST_REQUEST)
            ),
        ] {
            let refused = ask(text).await["refused"].as_str().map(str::to_owned);
            assert!(refused.is_some_and(|why| why.len() > 20), "{text}");
        }
        assert_eq!(ask(r#"{"addresses":[],"vantage":"vpc"}"#).await, serde_json::json!({ "facts": [] }));
    }
}
