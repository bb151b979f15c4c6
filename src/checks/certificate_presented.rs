//! Which certificate a listener presents, and whether it covers the host, as API Gateway's HTTP client compares names.

use jiff::Timestamp;

use crate::aws::model::{AcmCertificate, ListenerCertificate, X509};
use crate::aws::{NotRead, Reading};
use crate::ids::Arn;
use crate::path::{CertificateReadings, Details};
use crate::probe;

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
    // A client names no address in its greeting: it is always shown the default.
    let by_name = probe::address(host).is_none();
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

/// What both readings together say; where neither could be taken, why. The certificate itself decides; where it could not be
/// read, ACM's description does.
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
            names: leaf.map(|leaf| leaf.names.as_slice()).or(listed).unwrap_or_default(),
            addresses,
            common_name: leaf.and_then(|leaf| leaf.common_name.as_deref()),
        },
        acm,
        chain,
        not_before: leaf.map(|leaf| leaf.not_before).or(acm.and_then(|acm| acm.not_before)),
        not_after: leaf.map(|leaf| leaf.not_after).or(acm.and_then(|acm| acm.not_after)),
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
        probe::covers(self.names, self.addresses, self.common_name, host)
    }

    /// The names for people.
    pub(crate) fn list(&self) -> String {
        probe::names_list(self.names, self.addresses.unwrap_or_default(), self.common_name)
    }
}
