//! Which certificate a listener presents, and whether it covers the host, as API Gateway's HTTP client compares names.
//!
//! Its messages are those of Apache HttpClient, whose rules are: subject alternative names first, of the host's own kind;
//! the common name only where there is none; a wildcard stands within the left-most label and never for a dot; letter
//! case does not count. International names are compared in their ASCII form, which is the only one that a URI has.
//! Source: <https://github.com/apache/httpcomponents-client/blob/4.5.x/httpclient/src/main/java/org/apache/http/conn/ssl/DefaultHostnameVerifier.java>

use std::net::IpAddr;

use jiff::Timestamp;

use crate::aws::model::{AcmCertificate, ListenerCertificate, X509};
use crate::aws::{NotRead, Reading};
use crate::ids::Arn;
use crate::path::{CertificateReadings, Details};

/// A certificate of which enough is known to judge it.
pub(crate) struct Presented<'a> {
    pub(crate) arn: &'a Arn,
    pub(crate) names: Names<'a>,
    pub(crate) acm: Option<&'a AcmCertificate>,
    /// The certificate itself and those above it; empty where they could not be read.
    pub(crate) chain: &'a [X509],
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) not_after: Option<Timestamp>,
    /// The reading, of two, that could not be taken and may hide whose word the certificate is.
    pub(crate) unread: Option<&'a NotRead>,
    /// What it was read by.
    pub(crate) reading: Reading<()>,
    pub(crate) at: Timestamp,
}

/// What the listener presents.
pub(crate) enum Choice<'a> {
    /// One of these, to a client that asks for the host; several where several cover it, and the load balancer picks.
    One(Vec<Presented<'a>>),
    /// Which one can't be said.
    Unknown(Option<&'a NotRead>),
}

/// Chooses as the load balancer does: a certificate that covers the host, else the default one.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/tls-listener-certificates.html>
pub(crate) fn choose<'a>(details: &'a Details, listed: &'a [ListenerCertificate], host: &str) -> Choice<'a> {
    let read = |one: &'a ListenerCertificate| match details.certificates.get(&one.arn) {
        Some(readings) => (one.default, of_readings(&one.arn, readings)),
        None => (one.default, Err(None)),
    };
    let all: Vec<_> = listed.iter().map(read).collect();
    let unread = all.iter().find_map(|(_, read)| read.as_ref().err().copied());
    let vague = |(_, read): &(bool, Result<Presented<'a>, _>)| {
        read.as_ref().is_ok_and(|known| known.names.cover(host).is_none())
    };
    let by_name = sends_name(host);
    let (covering, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, read)| {
        by_name && read.as_ref().is_ok_and(|known| known.names.cover(host) == Some(true))
    });
    if !covering.is_empty() {
        return Choice::One(covering.into_iter().filter_map(|(_, read)| read.ok()).collect());
    }
    if by_name && let Some(why) = unread {
        return Choice::Unknown(why);
    }
    match rest.into_iter().find(|(default, _)| *default) {
        Some(default) if vague(&default) => Choice::Unknown(chain_of(details, &default.1)),
        Some((_, Ok(default))) => Choice::One(vec![default]),
        Some((_, Err(why))) => Choice::Unknown(why),
        None => Choice::Unknown(None),
    }
}

fn chain_of<'a>(details: &'a Details, read: &Result<Presented<'a>, Option<&NotRead>>) -> Option<&'a NotRead> {
    details.certificates.get(read.as_ref().ok()?.arn)?.chain.unavailable()
}

/// What both readings together say; where neither could be taken, why. ACM's description comes first; the PEM adds what it
/// leaves out.
fn of_readings<'a>(
    arn: &'a Arn,
    readings: &'a CertificateReadings,
) -> Result<Presented<'a>, Option<&'a NotRead>> {
    let chain = readings.chain.value().map(Vec::as_slice).unwrap_or_default();
    let (leaf, described) = (chain.first(), readings.acm.as_ref());
    let acm = described.and_then(Reading::value);
    let read = match described.filter(|described| described.value().is_some()) {
        Some(described) => Some(described.clone().map(|_| ())),
        None => leaf.map(|_| readings.chain.clone().map(|_| ())),
    };
    let unread = described.and_then(Reading::unavailable).or(readings.chain.unavailable());
    let Some((reading, at)) = read.and_then(|read| Some((read.clone(), read.at()?))) else {
        return Err(unread);
    };
    let amazon = acm.is_some_and(|acm| acm.kind == "AMAZON_ISSUED");
    // Amazon certifies no addresses.
    let addresses = leaf.map(|leaf| leaf.addresses.as_slice()).or(amazon.then_some(&[]));
    let listed = acm.map(|acm| acm.names.as_slice()).filter(|names| !names.is_empty());
    Ok(Presented {
        arn,
        names: Names {
            names: listed.or(leaf.map(|leaf| leaf.names.as_slice())).unwrap_or_default(),
            addresses,
            common_name: leaf.and_then(|leaf| leaf.common_name.as_deref()),
        },
        acm,
        chain,
        not_before: acm.and_then(|acm| acm.not_before).or(leaf.map(|leaf| leaf.not_before)),
        not_after: acm.and_then(|acm| acm.not_after).or(leaf.map(|leaf| leaf.not_after)),
        unread,
        reading,
        at,
    })
}

/// The names of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names<'a> {
    pub(crate) names: &'a [String],
    /// `None` where they could not be read: ACM's description leaves them out.
    pub(crate) addresses: Option<&'a [String]>,
    pub(crate) common_name: Option<&'a str>,
}

impl Names<'_> {
    /// Whether they cover the host; `None` where that can't be said.
    pub(crate) fn cover(&self, host: &str) -> Option<bool> {
        let unnamed = self.names.is_empty() && self.addresses.is_some_and(<[String]>::is_empty);
        if unnamed {
            return Some(self.common_name.is_some_and(|name| matches(name, host)));
        }
        let Some(address) = address(host) else {
            return Some(self.names.iter().any(|name| matches(name, host)));
        };
        self.addresses.map(|known| known.iter().any(|known| known.parse() == Ok(address)))
    }

    /// The names for people.
    pub(crate) fn list(&self) -> String {
        let known: Vec<&str> =
            self.names.iter().chain(self.addresses.unwrap_or_default()).map(String::as_str).collect();
        match (known.as_slice(), self.common_name) {
            ([], Some(name)) => name.to_owned(),
            ([], None) => "no name at all".to_owned(),
            (known, _) if known.len() > 6 => {
                format!("{} and {} more", known[..6].join(", "), known.len() - 6)
            }
            (known, _) => known.join(", "),
        }
    }
}

/// Whether a Java client names the host in its greeting: no address, nothing without a dot inside. Others are shown the
/// default certificate.
/// Source: <https://github.com/openjdk/jdk/blob/master/src/java.base/share/classes/sun/security/ssl/Utilities.java>
pub(crate) fn sends_name(host: &str) -> bool {
    address(host).is_none() && host.contains('.') && !host.ends_with('.')
}

/// The host as an address, without the brackets of a URI.
pub(crate) fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn matches(name: &str, host: &str) -> bool {
    let (name, host) = (name.to_ascii_lowercase(), host.to_ascii_lowercase());
    let Some((prefix, suffix)) = name.split_once('*') else { return name == host };
    let within = host.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
    !prefix.contains('.') && suffix.contains('.') && within.is_some_and(|label| !label.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(names: &[&str], host: &str, expected: bool) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let names = Names { names: &names, addresses: Some(&[]), common_name: None };
        assert_eq!(names.cover(host), Some(expected), "{names:?} {host}");
    }

    #[test]
    fn names_are_compared_whole_and_without_case() {
        check(&["orders.example.com"], "orders.example.com", true);
        check(&["Orders.Example.COM"], "orders.example.com", true);
        check(&["example.com"], "orders.example.com", false);
        check(&["orders.example.com"], "example.com", false);
        check(&["orders.example.com"], "orders.example.com.evil.test", false);
        check(&["a.example.com", "b.example.com"], "b.example.com", true);
        check(&["xn--bcher-kva.example"], "xn--bcher-kva.example", true);
        check(&["xn--bcher-kva.example"], "bucher.example", false);
    }

    #[test]
    fn a_wildcard_stands_for_one_label_at_the_left() {
        check(&["*.example.com"], "orders.example.com", true);
        check(&["*.example.com"], "v1.orders.example.com", false);
        check(&["*.example.com"], "example.com", false);
        check(&["orders-*.example.com"], "orders-blue.example.com", true);
        check(&["orders-*.example.com"], "stock-blue.example.com", false);
        check(&["orders.*.com"], "orders.example.com", false);
        check(&["*"], "localhost", false);
        check(&["*.example.com"], "xn--bcher-kva.example.com", true);
        check(&["*a.example.com"], "a.example.com", true);
    }

    #[test]
    fn an_address_is_covered_by_addresses_alone() {
        let dns = ["10.0.0.7".to_owned(), "*.0.0.7".to_owned()];
        let ips = ["10.0.0.7".to_owned(), "fd00:0:0::1".to_owned()];
        let with = |addresses| Names { names: &dns, addresses, common_name: Some("10.0.0.7") };
        assert_eq!(with(Some(&[])).cover("10.0.0.7"), Some(false));
        assert_eq!(with(Some(&ips)).cover("10.0.0.7"), Some(true));
        assert_eq!(with(Some(&ips)).cover("10.0.0.8"), Some(false));
        assert_eq!(with(Some(&ips)).cover("[fd00::1]"), Some(true));
        assert_eq!(with(None).cover("10.0.0.7"), None, "ACM's description does not list addresses");
        assert_eq!(with(None).cover("other.example"), Some(false));
    }

    #[test]
    fn the_common_name_counts_where_there_is_no_other() {
        let common = |names, common_name| Names { names, addresses: Some(&[]), common_name };
        assert_eq!(common(&[], Some("orders.example.com")).cover("orders.example.com"), Some(true));
        assert_eq!(common(&[], Some("*.example.com")).cover("orders.example.com"), Some(true));
        assert_eq!(common(&[], None).cover("orders.example.com"), Some(false));
        let other = ["other.example.com".to_owned()];
        assert_eq!(common(&other, Some("orders.example.com")).cover("orders.example.com"), Some(false));
    }

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = (0..9).map(|n| format!("n{n}.test")).collect();
        let names = Names { names: &names, addresses: None, common_name: None };
        assert_eq!(names.list(), "n0.test, n1.test, n2.test, n3.test, n4.test, n5.test and 3 more");
    }
}
