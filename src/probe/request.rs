//! What the responder asks of the prober in a VPC, and where the prober refuses to go.
//!
//! Addresses, never names, so that there is nothing to resolve and nothing to rebind. An allow-list, not a deny-list: the
//! ranges that ELB takes for targets outside its VPC, and the VPC's own networks. Loopback, link-local, metadata and
//! Lambda's own runtime lie outside by construction.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

use super::MOST_ADDRESSES;
use super::facts::Vantage;
use crate::text::shell_word;

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
#[cfg(feature = "probe")]
pub(super) const LONGEST_REQUEST: usize = 16 * 1024;

/// What the responder asks. No address: the prober only shows that it is awake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self { refused: why.into() }
    }
}

/// Checks a request whole: one address that is not allowed refuses all of it.
///
/// # Errors
/// What is not allowed in it.
pub fn admit(request: &ProbeRequest, limits: &Limits) -> Result<Vec<SocketAddr>, ProbeRefusal> {
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
        path(&health.path).map_err(ProbeRefusal::new)?;
    }
    Ok(addresses)
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

/// A path that may stand in a request line.
///
/// # Errors
/// Why not, in a sentence.
pub fn path(path: &str) -> Result<(), String> {
    if !path.starts_with('/') {
        return Err("a path begins with `/`".to_owned());
    }
    if path.len() > 1024 {
        return Err("a path has at most 1,024 characters".to_owned());
    }
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic());
    if plain { Ok(()) } else { Err("a path has no blanks and no control characters".to_owned()) }
}

/// Where a prober is to stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProberSite {
    /// The VPC, or the V2 link, whose prober it is.
    pub serves: String,
    pub vpc: String,
    pub subnets: Vec<String>,
    /// The link's own; none for a group that the stack makes.
    pub security_groups: Vec<String>,
    pub ports: Vec<u16>,
    pub region: Option<String>,
}

impl ProberSite {
    /// The one command that puts a prober there.
    pub fn deploy_command(&self) -> String {
        let or = |known: String, name: &str| if known.is_empty() { name.to_owned() } else { known };
        let ports: Vec<String> = self.ports.iter().map(u16::to_string).collect();
        let parameters = [
            ("Serves", self.serves.clone()),
            ("VpcId", or(self.vpc.clone(), "VPC")),
            ("SubnetIds", or(self.subnets.join(","), "SUBNETS")),
            ("SecurityGroupIds", self.security_groups.join(",")),
            ("Ports", or(ports.join(","), "PORTS")),
        ];
        let given = parameters.iter().filter(|(_, value)| !value.is_empty());
        let given: Vec<String> = given.map(|(name, value)| shell_word(&format!("{name}={value}"))).collect();
        let region = self
            .region
            .as_deref()
            .map_or(String::new(), |region| format!(" --region {}", shell_word(region)));
        format!(
            "sam build --template-file templates/prober.yaml && sam deploy --stack-name {} --resolve-s3 \
             --capabilities CAPABILITY_IAM{region} --parameter-overrides {}",
            shell_word(&format!("vpclink-prober-{}", self.serves)),
            given.join(" ")
        )
    }
}

/// What wakes a prober, and shows whether it is awake.
pub fn wake_command(function: &str, region: Option<&str>) -> String {
    let region = region.map_or(String::new(), |region| format!(" --region {}", shell_word(region)));
    format!(
        "aws lambda invoke --function-name {}{region} --cli-binary-format raw-in-base64-out \
         --payload '{{\"addresses\":[],\"vantage\":\"vpc\"}}' /dev/stdout",
        shell_word(function)
    )
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
        admit(request, limits).is_ok()
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
    fn a_path_holds_no_second_request() {
        assert_eq!(path("/health?deep=1"), Ok(()));
        for bad in ["", "health", "/a b", "/a\r\nHost: x", "/\u{e9}"] {
            assert!(path(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_command_that_deploys_is_one_line_for_a_shell() {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let site = ProberSite {
            serves: "v2link1".to_owned(),
            vpc: "vpc-1".to_owned(),
            subnets: own(&["subnet-a", "subnet-b"]),
            security_groups: own(&["sg-1"]),
            ports: vec![8080, 8443],
            region: Some("eu-west-1".to_owned()),
        };
        let command = site.deploy_command();
        for part in
            ["Serves=v2link1", "SubnetIds=subnet-a,subnet-b", "SecurityGroupIds=sg-1", "Ports=8080,8443"]
        {
            assert!(command.contains(part), "{command}");
        }
        let hostile = ProberSite { serves: "x; id".to_owned(), ..ProberSite::default() }.deploy_command();
        assert!(hostile.contains("'Serves=x; id'") && hostile.contains("SubnetIds=SUBNETS"), "{hostile}");
    }
}
