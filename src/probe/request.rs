//! What the responder asks of the prober in a VPC, and where the prober refuses to go.
//!
//! Addresses, never names, so that there is nothing to resolve and nothing to rebind. An allow-list, not a deny-list: the
//! ranges that ELB takes for targets outside its VPC, and the VPC's own networks. Loopback, link-local, metadata and
//! Lambda's own runtime lie outside by construction.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::facts::{Facts, Vantage};
use super::roots::Roots;
use super::{BUDGET, MOST_ADDRESSES, Plan, http, probe};

/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html>
const TARGET_RANGES: [Ipv4Net; 4] = [
    Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 8),
    Ipv4Net::new_assert(Ipv4Addr::new(172, 16, 0, 0), 12),
    Ipv4Net::new_assert(Ipv4Addr::new(192, 168, 0, 0), 16),
    Ipv4Net::new_assert(Ipv4Addr::new(100, 64, 0, 0), 10),
];
/// Metadata, DNS and time of an instance, also where a VPC would claim the range:
/// <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html>
const SERVICES_OF_AN_INSTANCE: Ipv6Net =
    Ipv6Net::new_assert(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0), 32);
/// Lambda's runtime listens here. A target may too, where the prober is told so.
const RUNTIME_PORT: u16 = 9001;
const LONGEST_REQUEST: usize = 16 * 1024;

/// What the responder asks. No address: the prober only shows that it is awake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeRequest {
    pub addresses: Vec<String>,
    #[serde(default)]
    pub tls: bool,
    #[serde(default)]
    pub server_name: Option<String>,
    /// The target group's own health check: the one request that the backend has agreed to.
    #[serde(default)]
    pub health: Option<HealthCheck>,
    pub vantage: Vantage,
    /// What is left of the responder's deadline.
    #[serde(default)]
    pub budget_ms: Option<u64>,
}

/// A `GET`, sent to this port only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    pub path: String,
    pub port: u16,
}

/// What the prober's own configuration allows. The request can only narrow it.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// The VPC's own networks. IPv6 goes nowhere else.
    pub vpc: Vec<IpNet>,
    /// The only ports; any where it is empty, except the runtime's.
    pub ports: Vec<u16>,
}

/// Why nothing was connected, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeRefusal {
    pub refused: String,
}

impl fmt::Display for ProbeRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.refused)
    }
}

impl ProbeRefusal {
    fn new(why: impl Into<String>) -> Self {
        Self { refused: why.into() }
    }
}

/// Checks a request whole: one address that is not allowed refuses all of it.
///
/// # Errors
/// What is not allowed in it.
pub fn admit(
    request: &ProbeRequest,
    limits: &Limits,
    now: Timestamp,
) -> Result<(Vec<SocketAddr>, Plan), ProbeRefusal> {
    if request.addresses.len() > MOST_ADDRESSES {
        return Err(ProbeRefusal::new(format!("{MOST_ADDRESSES} addresses at most are probed at once")));
    }
    if request.vantage == Vantage::Here {
        return Err(ProbeRefusal::new("the vantage `here` is the command line's"));
    }
    let addresses = request.addresses.iter().map(|text| address(text, limits)).collect::<Result<_, _>>()?;
    if let Some(name) = &request.server_name {
        host(name).map_err(ProbeRefusal::new)?;
    }
    if let Some(health) = &request.health {
        http::path(&health.path).map_err(ProbeRefusal::new)?;
    }
    let budget = request.budget_ms.map_or(BUDGET, Duration::from_millis).min(BUDGET);
    let plan = Plan {
        server_name: request.server_name.clone(),
        tls: request.tls,
        path: request.health.as_ref().map(|health| health.path.clone()),
        path_port: request.health.as_ref().map(|health| health.port),
        roots: Roots::default(),
        vantage: request.vantage,
        budget,
        now,
    };
    Ok((addresses, plan))
}

fn address(text: &str, limits: &Limits) -> Result<SocketAddr, ProbeRefusal> {
    // The standard parser takes no octal, no short form, no name.
    let Ok(address) = text.parse::<SocketAddr>() else {
        let shown: String = text.chars().take(64).collect();
        return Err(ProbeRefusal::new(format!("`{}` is not an address with a port", shown.escape_default())));
    };
    let ip = address.ip();
    let allowed = match (ip, address) {
        (IpAddr::V4(ip), _) => {
            TARGET_RANGES.iter().any(|range| range.contains(&ip))
                || is_public(ip) && limits.vpc.iter().any(|network| network.contains(&IpAddr::V4(ip)))
        }
        // A zone would choose the interface; a mapped address is another address in disguise.
        (IpAddr::V6(ip), SocketAddr::V6(whole)) => {
            whole.scope_id() == 0
                && whole.flowinfo() == 0
                && is_unicast(ip)
                && limits.vpc.iter().any(|network| network.contains(&IpAddr::V6(ip)))
        }
        (IpAddr::V6(_), SocketAddr::V4(_)) => false,
    };
    if !allowed {
        return Err(ProbeRefusal::new(format!("{ip} is neither a private address nor one of this VPC")));
    }
    let port = address.port();
    let given = limits.ports.contains(&port);
    if port == 0 || !given && (port == RUNTIME_PORT || !limits.ports.is_empty()) {
        return Err(ProbeRefusal::new(format!("port {port} is not one that this prober was given")));
    }
    Ok(address)
}

/// A VPC may have public IPv4 space of its own, but none of these.
fn is_public(ip: Ipv4Addr) -> bool {
    !(ip.is_loopback()
        || ip.is_link_local()
        || ip.is_unspecified()
        || ip.is_multicast()
        || ip.is_broadcast()
        || ip.octets()[0] == 0
        || ip.octets()[0] >= 240)
}

/// Global or unique local, of this family only.
fn is_unicast(ip: Ipv6Addr) -> bool {
    let global = ip.segments()[0] & 0xe000 == 0x2000;
    // 6to4 and Teredo carry an IPv4 address inside.
    let tunnel = ip.segments()[0] == 0x2002 || ip.segments()[..2] == [0x2001, 0];
    (global && !tunnel || ip.is_unique_local()) && !SERVICES_OF_AN_INSTANCE.contains(&ip)
}

/// A name or an address as it stands in a URI; it becomes SNI and `Host`.
///
/// # Errors
/// Why it cannot be one.
pub fn host(name: &str) -> Result<(), String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    match name.len() {
        1..=253 if name.bytes().all(plain) => Ok(()),
        _ => Err("a server name has 1 to 253 letters, digits, dots and hyphens".to_owned()),
    }
}

/// The prober's whole work: a request in JSON, its facts or its refusal in JSON. It cannot fail.
pub async fn answer(request: &[u8], limits: &Limits, now: Timestamp) -> serde_json::Value {
    let admitted = match request.len() {
        0..=LONGEST_REQUEST => serde_json::from_slice(request)
            .map_err(|error| ProbeRefusal::new(format!("this is no request for a probe: {error}")))
            .and_then(|request| admit(&request, limits, now)),
        _ => Err(ProbeRefusal::new("the request is longer than any that the responder makes")),
    };
    let facts: Vec<Facts> = match admitted {
        Ok((addresses, plan)) => probe(&addresses, &plan).await,
        Err(refusal) => return serde_json::json!(refusal),
    };
    serde_json::json!({ "facts": facts })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            vpc: vec!["2600:1f18:1::/56".parse().unwrap(), "54.10.0.0/16".parse().unwrap()],
            ports: Vec::new(),
        }
    }

    fn request(address: &str) -> ProbeRequest {
        ProbeRequest {
            addresses: vec![address.to_owned()],
            tls: true,
            server_name: Some("orders.internal.example".to_owned()),
            health: Some(HealthCheck { path: "/health".to_owned(), port: 8443 }),
            vantage: Vantage::Link,
            budget_ms: None,
        }
    }

    fn admitted(request: &ProbeRequest, limits: &Limits) -> bool {
        admit(request, limits, Timestamp::UNIX_EPOCH).is_ok()
    }

    #[test]
    fn targets_of_a_load_balancer_are_allowed() {
        for address in [
            "10.0.0.0:1",
            "10.255.255.255:65535",
            "172.16.0.0:80",
            "172.31.255.255:80",
            "192.168.0.1:443",
            "100.64.0.0:443",
            "100.127.255.255:443",
            "54.10.1.1:443",
            "[2600:1f18:1::7]:443",
        ] {
            assert!(admitted(&request(address), &limits()), "{address}");
        }
    }

    #[test]
    fn nothing_else_is_connected() {
        for address in [
            "127.0.0.1:9001",
            "127.1.2.3:80",
            "0.0.0.0:80",
            "0.0.0.1:80",
            "169.254.169.254:80",
            "169.254.100.1:9001",
            "8.8.8.8:53",
            "9.255.255.255:80",
            "11.0.0.0:80",
            "100.63.255.255:80",
            "100.128.0.0:80",
            "172.15.255.255:80",
            "172.32.0.0:80",
            "192.167.255.255:80",
            "224.0.0.1:80",
            "255.255.255.255:80",
            "010.0.0.1:80",
            "10.1:80",
            "0x0a000001:80",
            "167772161:80",
            "10.0.0.1",
            "10.0.0.1:0",
            "10.0.0.1:9001",
            "10.0.0.1:65536",
            "10.0.0.1:+80",
            " 10.0.0.1:80",
            "10.0.0.1:80 ",
            "orders.internal:80",
            "localhost:80",
            "[::1]:80",
            "[::]:80",
            "[::ffff:10.0.0.1]:80",
            "[::ffff:127.0.0.1]:80",
            "[::10.0.0.1]:80",
            "[64:ff9b::10.0.0.1]:80",
            "[2002:a00:1::]:80",
            "[2001:0:a00::1]:80",
            "[fe80::1]:80",
            "[fe80::1%1]:80",
            "[2600:1f18:1::7%1]:443",
            "[fd00:ec2::254]:80",
            "[2600:1f18:2::7]:443",
            "[ff02::1]:80",
            "",
        ] {
            assert!(!admitted(&request(address), &limits()), "{address}");
        }
    }

    #[test]
    fn a_vpc_that_claims_everything_opens_nothing_of_the_runtime() {
        let all =
            Limits { vpc: vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()], ports: Vec::new() };
        for address in [
            "127.0.0.1:80",
            "169.254.169.254:80",
            "0.0.0.0:80",
            "[::1]:80",
            "[fe80::1]:80",
            "[fd00:ec2::254]:80",
        ] {
            assert!(!admitted(&request(address), &all), "{address}");
        }
        assert!(!admitted(&request("[::ffff:127.0.0.1]:80"), &all));
    }

    #[test]
    fn only_ports_that_were_given() {
        let limits = Limits { ports: vec![8443, 9001], ..limits() };
        assert!(admitted(&request("10.0.0.1:8443"), &limits));
        assert!(admitted(&request("10.0.0.1:9001"), &limits));
        assert!(!admitted(&request("10.0.0.1:22"), &limits));
        assert!(!admitted(&request("10.0.0.1:0"), &Limits { ports: vec![0], ..limits }));
    }

    #[test]
    fn one_bad_address_refuses_all() {
        let mut many = request("10.0.0.1:80");
        many.addresses.push("169.254.169.254:80".to_owned());
        assert!(!admitted(&many, &limits()));
        many.addresses = vec!["10.0.0.1:80".to_owned(); 9];
        assert!(!admitted(&many, &limits()));
    }

    #[test]
    fn no_line_of_a_request_can_be_forged() {
        for name in ["a\r\nX: y", "a b", "", "a/b", "ö.example", &"a".repeat(254)] {
            assert!(!admitted(
                &ProbeRequest { server_name: Some(name.to_owned()), ..request("10.0.0.1:80") },
                &limits()
            ));
        }
        for path in ["health", "/a b", "/a\r\nX: y", "/\u{7f}", "*", "", &format!("/{}", "a".repeat(1024))] {
            let health = Some(HealthCheck { path: path.to_owned(), port: 80 });
            assert!(!admitted(&ProbeRequest { health, ..request("10.0.0.1:80") }, &limits()), "{path:?}");
        }
        assert!(!admitted(&ProbeRequest { vantage: Vantage::Here, ..request("10.0.0.1:80") }, &limits()));
    }

    #[test]
    fn the_budget_only_shrinks() {
        let budget = |budget_ms| {
            admit(&ProbeRequest { budget_ms, ..request("10.0.0.1:80") }, &limits(), Timestamp::UNIX_EPOCH)
        };
        assert_eq!(budget(Some(u64::MAX)).unwrap().1.budget, BUDGET);
        assert_eq!(budget(Some(900)).unwrap().1.budget, Duration::from_millis(900));
    }

    #[tokio::test]
    async fn a_forged_request_is_refused_with_a_sentence() {
        let ask = async |text: &str| answer(text.as_bytes(), &limits(), Timestamp::UNIX_EPOCH).await;
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
