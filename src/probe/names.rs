//! Whether a certificate covers a host, compared as Apache's `DefaultHostnameVerifier` does, and whether the JDK sends SNI.
//!
//! Source: <https://github.com/apache/httpcomponents-client/blob/4.5.x/httpclient/src/main/java/org/apache/http/conn/ssl/DefaultHostnameVerifier.java>

use std::net::IpAddr;

use super::facts::CertificateNames;

/// Endings that are no public suffix, so that a wildcard may stand directly before them.
const PRIVATE_ENDINGS: [&str; 9] =
    ["corp", "example", "home", "internal", "intranet", "invalid", "lan", "local", "test"];

impl CertificateNames {
    /// Alternative names of the host's own kind; the common name only where there is no alternative name at all.
    pub(super) fn cover(&self, host: &str) -> bool {
        if self.dns.is_empty() && self.ip.is_empty() {
            return self.cn.as_deref().is_some_and(|cn| matches(cn, host));
        }
        match address(host) {
            Some(address) => self.ip.iter().any(|known| known.parse() == Ok(address)),
            None => self.dns.iter().any(|name| matches(name, host)),
        }
    }
}

/// The host as an address, without a URI's brackets.
pub(super) fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// The name that the JDK would send: with a dot inside, not ending in one, no address, letters, digits and hyphens only.
pub(super) fn sni(host: &str) -> Option<&str> {
    let inside = host.find('.').is_some_and(|at| at > 0) && !host.ends_with('.');
    let numeric = host.split('.').all(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    let plain = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (inside && !numeric && address(host).is_none() && host.split('.').all(plain)).then_some(host)
}

fn matches(name: &str, host: &str) -> bool {
    let (name, host) = (name.to_ascii_lowercase(), host.to_ascii_lowercase());
    let Some((prefix, suffix)) = name.split_once('*') else { return name == host };
    let Some(suffix) = suffix.strip_prefix('.').or_else(|| suffix.split_once('.').map(|(_, rest)| rest))
    else {
        return false;
    };
    // Its list of public suffixes keeps a wildcard from covering a whole ending. We carry no list: a single label is
    // taken for a public ending unless it is known for none.
    if !suffix.contains('.') && !PRIVATE_ENDINGS.contains(&suffix) {
        return false;
    }
    let behind = name.split_once('*').map_or("", |(_, behind)| behind);
    let within = host.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(behind));
    within.is_some_and(|label| !label.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(dns: &[&str], ip: &[&str], cn: Option<&str>, host: &str, expected: bool) {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let names = CertificateNames { cn: cn.map(str::to_owned), dns: own(dns), ip: own(ip) };
        assert_eq!(names.cover(host), expected, "{names:?} {host}");
    }

    #[test]
    fn names_are_compared_as_apache_compares_them() {
        check(&["Orders.Example.COM"], &[], None, "orders.example.com", true);
        check(&["example.com"], &[], None, "orders.example.com", false);
        check(&["*.example.com"], &[], None, "orders.example.com", true);
        check(&["*.example.com"], &[], None, "v1.orders.example.com", false);
        check(&["*.example.com"], &[], None, "example.com", false);
        check(&["back*.zoo.test"], &[], None, "backend.zoo.test", true);
        check(&["*.test"], &[], None, "backend.test", true);
        check(&["*.com"], &[], None, "example.com", false);
        check(&["*"], &[], None, "localhost", false);
        check(&["orders.*.com"], &[], None, "orders.example.com", false);
        check(&["orders.example.com"], &[], None, "orders.example.com.", false);
        check(&["orders_eu.example.com"], &[], None, "orders_eu.example.com", true);
    }

    #[test]
    fn the_common_name_counts_only_alone() {
        check(&[], &[], Some("orders.example.com"), "orders.example.com", true);
        check(&[], &[], Some("10.0.0.7"), "10.0.0.7", true);
        check(&["other.example.com"], &[], Some("orders.example.com"), "orders.example.com", false);
        check(&[], &["10.0.0.7"], Some("orders.example.com"), "orders.example.com", false);
        check(&["10.0.0.7"], &[], None, "10.0.0.7", false);
        check(&[], &["10.0.0.7"], None, "10.0.0.7", true);
        check(&[], &["fd00:0::1"], None, "[fd00::1]", true);
        check(&[], &[], None, "orders.example.com", false);
    }

    #[test]
    fn sni_is_sent_as_the_jdk_sends_it() {
        for host in ["orders.example.com", "a.b", "xn--bcher-kva.example"] {
            assert_eq!(sni(host), Some(host));
        }
        for host in
            ["orders", "10.0.0.7", "10.1", "[fd00::1]", "orders.example.", "or_ders.example", ".example", ""]
        {
            assert_eq!(sni(host), None, "{host}");
        }
    }
}
