//! Whether a certificate covers a host, compared as Apache's `DefaultHostnameVerifier` does, and whether the JDK sends SNI.
//!
//! Alternative names come first, of the host's own kind; the common name counts only where there is none; a wildcard stands
//! within the left-most label and never for a dot. International names are compared in their ASCII form.
//! Source: <https://github.com/apache/httpcomponents-client/blob/4.5.x/httpclient/src/main/java/org/apache/http/conn/ssl/DefaultHostnameVerifier.java>

use std::net::IpAddr;

use super::facts::CertificateNames;

/// Public endings of one label, the common ones; those of countries have two letters.
const PUBLIC_ENDINGS: [&str; 8] = ["app", "biz", "com", "dev", "edu", "gov", "net", "org"];

impl CertificateNames {
    /// Whether they cover the host.
    pub fn cover(&self, host: &str) -> bool {
        covers(&self.dns, Some(&self.ip), self.cn.as_deref(), host) == Some(true)
    }

    /// The names for people.
    pub fn list(&self) -> String {
        names_list(&self.dns, &self.ip, self.cn.as_deref())
    }
}

/// Alternative names of the host's own kind; the common name only where there is no alternative name at all. `None` where
/// the addresses would decide and could not be read.
pub fn covers(dns: &[String], ip: Option<&[String]>, cn: Option<&str>, host: &str) -> Option<bool> {
    if dns.is_empty() && ip.is_some_and(<[String]>::is_empty) {
        return Some(cn.is_some_and(|cn| matches(cn, host)));
    }
    match address(host) {
        Some(address) => ip.map(|ip| ip.iter().any(|known| known.parse() == Ok(address))),
        None => Some(dns.iter().any(|name| matches(name, host))),
    }
}

/// Names for people, the first few of many.
pub fn names_list(dns: &[String], ip: &[String], cn: Option<&str>) -> String {
    let known: Vec<&str> = dns.iter().chain(ip).map(String::as_str).collect();
    match (known.as_slice(), cn) {
        ([], Some(cn)) => cn.to_owned(),
        ([], None) => "no name at all".to_owned(),
        (known, _) if known.len() > 6 => format!("{} and {} more", known[..6].join(", "), known.len() - 6),
        (known, _) => known.join(", "),
    }
}

/// The host as an address, without a URI's brackets.
pub fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// The name that the JDK would send: with a dot inside, not ending in one, no address, letters, digits and hyphens only.
#[cfg_attr(not(feature = "probe"), allow(dead_code, reason = "what connects sends it"))]
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
    // Its list of public suffixes keeps a wildcard from covering a whole ending. Endings that it does not list, as networks
    // of one's own have, are covered; we carry the common ones alone, since a wrong *no* would accuse a sound certificate.
    if !suffix.contains('.') && (suffix.len() <= 2 || PUBLIC_ENDINGS.contains(&suffix)) {
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
        check(&["*.acme"], &[], None, "backend.acme", true);
        check(&["*.com"], &[], None, "example.com", false);
        check(&["*.io"], &[], None, "example.io", false);
        check(&["*"], &[], None, "localhost", false);
        check(&["orders.*.com"], &[], None, "orders.example.com", false);
        check(&["orders.example.com"], &[], None, "orders.example.com.", false);
        check(&["orders_eu.example.com"], &[], None, "orders_eu.example.com", true);
        check(&["orders.example.com"], &[], None, "orders.example.com.evil.test", false);
        check(&["a.example.com", "b.example.com"], &[], None, "b.example.com", true);
        check(&["xn--bcher-kva.example"], &[], None, "bucher.example", false);
        check(&["orders-*.example.com"], &[], None, "orders-blue.example.com", true);
        check(&["orders-*.example.com"], &[], None, "stock-blue.example.com", false);
        check(&["*a.example.com"], &[], None, "a.example.com", true);
    }

    #[test]
    fn unread_addresses_decide_nothing_and_long_lists_are_cut() {
        let dns = ["10.0.0.7".to_owned(), "*.0.0.7".to_owned()];
        assert_eq!(covers(&dns, None, Some("10.0.0.7"), "10.0.0.7"), None);
        assert_eq!(covers(&dns, None, Some("10.0.0.7"), "other.example"), Some(false));
        let names: Vec<String> = (0..9).map(|n| format!("n{n}.test")).collect();
        assert_eq!(
            names_list(&names, &[], None),
            "n0.test, n1.test, n2.test, n3.test, n4.test, n5.test and 3 more"
        );
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
