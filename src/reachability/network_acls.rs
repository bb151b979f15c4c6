//! Network ACLs: ordered entries, the first that matches decides, replies are judged on their own.
//!
//! Source: <https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html>

use std::ops::RangeInclusive;

use ipnet::IpNet;

use crate::aws::model::{AclEntry, NetworkAcl};
use crate::reachability::security_groups::is_tcp;
use crate::reachability::space::pieces;

/// The ports that connections of load balancers come from, and that replies go to.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-register-targets.html>
pub(crate) const EPHEMERAL: RangeInclusive<u16> = 1024..=65535;

/// The last entry of every network ACL, which denies what no other matches; the one for IPv6 comes right after it.
pub(crate) const LAST: i32 = 32767;

/// What a network ACL makes of packets in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Crossing<'a> {
    /// All pass.
    Open,
    /// Those to so many of the ports do not; this entry stops them.
    Partly(Option<&'a AclEntry>, u32),
    /// None passes; this entry stops them, or none allows them.
    Closed(Option<&'a AclEntry>),
    /// It depends on the address, which is somewhere in the network.
    Depends,
}

/// Whether TCP packets with these destination ports cross the ACL's subnets' edge, to or from this network.
pub(crate) fn crosses(
    acl: &NetworkAcl,
    egress: bool,
    net: IpNet,
    ports: RangeInclusive<u16>,
) -> Crossing<'_> {
    let mut entries: Vec<&AclEntry> =
        acl.entries.iter().filter(|entry| entry.egress == egress && is_tcp(&entry.protocol)).collect();
    entries.sort_by_key(|entry| entry.number);
    let cuts: Vec<IpNet> = entries.iter().map(|entry| entry.cidr).collect();
    let stretches = stretches(&entries, &ports);
    let answers = pieces(net, &cuts).into_iter().map(|piece| {
        let stops: Vec<_> = stretches
            .iter()
            .filter_map(|(first, length)| Some((stopped(&entries, piece, *first)?, *length)))
            .collect();
        // The first that stops anything: what is allowed before it is allowed before the others.
        let first = stops.iter().map(|(entry, _)| *entry).min_by_key(|entry| number(*entry));
        match first {
            None => Crossing::Open,
            Some(entry) if stops.len() == stretches.len() => Crossing::Closed(entry),
            Some(entry) => Crossing::Partly(entry, stops.iter().map(|(_, length)| length).sum()),
        }
    });
    let answers: Vec<Crossing<'_>> = answers.collect();
    let kind = std::mem::discriminant::<Crossing<'_>>;
    let alike = answers.windows(2).all(|pair| kind(&pair[0]) == kind(&pair[1]));
    let first = answers.into_iter().min_by_key(|answer| match answer {
        Crossing::Partly(entry, _) | Crossing::Closed(entry) => number(*entry),
        Crossing::Open | Crossing::Depends => 0,
    });
    first.filter(|_| alike).unwrap_or(Crossing::Depends)
}

fn number(entry: Option<&AclEntry>) -> i32 {
    entry.map_or(LAST, |entry| entry.number)
}

/// Stretches of ports that no entry's range divides: the first port of each, and how many they are.
fn stretches(entries: &[&AclEntry], ports: &RangeInclusive<u16>) -> Vec<(u16, u32)> {
    let edges = entries.iter().map(|entry| range(entry)).flat_map(|range| [*range.start(), range.end() + 1]);
    let inside = edges.filter_map(|edge| u16::try_from(edge).ok()).filter(|edge| ports.contains(edge));
    let mut firsts: Vec<u16> = inside.chain([*ports.start()]).collect();
    firsts.sort_unstable();
    firsts.dedup();
    let ends = firsts.iter().skip(1).map(|port| u32::from(*port)).chain([u32::from(*ports.end()) + 1]);
    firsts.iter().zip(ends).map(|(first, end)| (*first, end - u32::from(*first))).collect()
}

/// The entry that stops a packet; `Some(None)` where no entry allows it, `None` where it passes.
fn stopped<'a>(entries: &[&'a AclEntry], piece: IpNet, port: u16) -> Option<Option<&'a AclEntry>> {
    let matches = |entry: &&&AclEntry| entry.cidr.contains(&piece) && range(entry).contains(&i32::from(port));
    match entries.iter().find(matches) {
        Some(entry) if entry.allow => None,
        Some(entry) => Some(Some(entry)),
        None => Some(None),
    }
}

fn range(entry: &AclEntry) -> RangeInclusive<i32> {
    match (entry.protocol.as_str(), entry.from_port, entry.to_port) {
        ("-1", ..) | (_, None, _) | (_, _, None) => 0..=i32::from(u16::MAX),
        (_, Some(from), Some(to)) => from..=to,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(number: i32, allow: bool, cidr: &str, ports: (i32, i32)) -> AclEntry {
        AclEntry {
            number,
            egress: false,
            protocol: "6".to_owned(),
            allow,
            cidr: cidr.parse().unwrap(),
            from_port: Some(ports.0),
            to_port: Some(ports.1),
        }
    }

    fn last() -> AclEntry {
        let all = entry(LAST, false, "0.0.0.0/0", (0, 0));
        AclEntry { protocol: "-1".to_owned(), from_port: None, to_port: None, ..all }
    }

    fn acl(entries: Vec<AclEntry>) -> NetworkAcl {
        NetworkAcl { id: "acl-1".to_owned(), subnets: Vec::new(), entries }
    }

    /// The word and the number of the entry that stops.
    fn ask(entries: Vec<AclEntry>, net: &str, ports: RangeInclusive<u16>) -> (&'static str, i32) {
        let acl = acl(entries);
        let number = |entry: Option<&AclEntry>| entry.map_or(0, |entry| entry.number);
        match crosses(&acl, false, net.parse().unwrap(), ports) {
            Crossing::Open => ("open", 0),
            Crossing::Partly(entry, _) => ("partly", number(entry)),
            Crossing::Closed(entry) => ("closed", number(entry)),
            Crossing::Depends => ("depends", 0),
        }
    }

    #[track_caller]
    fn check(entries: &[AclEntry], net: &str, ports: RangeInclusive<u16>, expected: (&str, i32)) {
        assert_eq!(ask(entries.to_vec(), net, ports), expected);
    }

    #[test]
    fn the_lowest_number_decides_whatever_the_order() {
        let (deny, allow) =
            (entry(90, false, "10.0.1.0/24", (8080, 8080)), entry(100, true, "0.0.0.0/0", (0, 65535)));
        check(&[allow.clone(), deny.clone()], "10.0.1.7/32", 8080..=8080, ("closed", 90));
        check(&[allow.clone(), deny.clone()], "10.0.2.7/32", 8080..=8080, ("open", 0));
        check(&[allow, deny], "10.0.1.7/32", 8081..=8081, ("open", 0));
        let (allow, deny) =
            (entry(90, true, "10.0.1.0/24", (8080, 8080)), entry(100, false, "0.0.0.0/0", (0, 65535)));
        check(&[deny, allow], "10.0.1.7/32", 8080..=8080, ("open", 0));
    }

    #[test]
    fn what_nothing_allows_is_denied() {
        check(&[], "10.0.1.7/32", 8080..=8080, ("closed", 0));
        check(&[last()], "10.0.1.7/32", 8080..=8080, ("closed", LAST));
        check(&[entry(100, true, "::/0", (0, 65535)), last()], "10.0.1.7/32", 80..=80, ("closed", LAST));
    }

    #[test]
    fn other_directions_and_protocols_do_not_count() {
        let out = AclEntry { egress: true, ..entry(100, true, "0.0.0.0/0", (0, 65535)) };
        check(&[out, last()], "10.0.1.7/32", 80..=80, ("closed", LAST));
        let udp = AclEntry { protocol: "17".to_owned(), ..entry(100, true, "0.0.0.0/0", (0, 65535)) };
        check(&[udp, last()], "10.0.1.7/32", 80..=80, ("closed", LAST));
        let every = AclEntry {
            protocol: "-1".to_owned(),
            from_port: None,
            to_port: None,
            ..entry(100, true, "0.0.0.0/0", (0, 0))
        };
        check(&[every, last()], "10.0.1.7/32", 80..=80, ("open", 0));
    }

    #[test]
    fn a_reply_needs_every_ephemeral_port() {
        let linux = entry(100, true, "0.0.0.0/0", (32768, 65535));
        check(&[linux, last()], "10.0.1.7/32", EPHEMERAL, ("partly", LAST));
        check(&[entry(100, true, "0.0.0.0/0", (1024, 65535)), last()], "10.0.1.7/32", EPHEMERAL, ("open", 0));
        check(
            &[entry(100, true, "0.0.0.0/0", (80, 443)), last()],
            "10.0.1.7/32",
            EPHEMERAL,
            ("closed", LAST),
        );
        let (hole, all) =
            (entry(90, false, "0.0.0.0/0", (3389, 3389)), entry(100, true, "0.0.0.0/0", (0, 65535)));
        check(&[hole, all], "10.0.1.7/32", EPHEMERAL, ("partly", 90));
    }

    #[test]
    fn a_peer_somewhere_in_a_subnet_depends_where_an_entry_divides_it() {
        let (deny, allow) =
            (entry(90, false, "10.0.1.7/32", (0, 65535)), entry(100, true, "0.0.0.0/0", (0, 65535)));
        check(&[deny.clone(), allow.clone()], "10.0.1.0/24", 80..=80, ("depends", 0));
        check(&[deny, allow], "10.0.2.0/24", 80..=80, ("open", 0));
    }

    #[test]
    fn both_versions_of_ip_are_judged() {
        check(&[entry(100, true, "2001:db8::/32", (443, 443))], "2001:db8::1/128", 443..=443, ("open", 0));
        check(&[entry(100, true, "0.0.0.0/0", (443, 443))], "2001:db8::1/128", 443..=443, ("closed", 0));
    }

    fn entries() -> impl Strategy<Value = Vec<AclEntry>> {
        let nets = vec!["0.0.0.0/0", "10.0.0.0/30", "10.0.0.0/31", "10.0.0.1/32", "10.0.0.3/32", "::/0"];
        let one = (0..9i32, any::<bool>(), any::<bool>(), proptest::sample::select(nets), (0..6i32, 0..6i32));
        let one = one.prop_map(|(number, egress, allow, cidr, (a, b))| AclEntry {
            egress,
            ..entry(number, allow, cidr, (a.min(b), a.max(b)))
        });
        proptest::collection::vec(one, 0..8).prop_map(|mut entries| {
            // AWS keeps numbers unique in each direction.
            entries.sort_by_key(|entry| (entry.egress, entry.number));
            entries.dedup_by_key(|entry| (entry.egress, entry.number));
            entries.reverse();
            entries
        })
    }

    /// What AWS's words say, one packet at a time.
    fn naive(entries: &[AclEntry], egress: bool, address: &str, port: u16) -> bool {
        let address: std::net::IpAddr = address.parse().unwrap();
        let mut sorted: Vec<&AclEntry> = entries.iter().filter(|entry| entry.egress == egress).collect();
        sorted.sort_by_key(|entry| entry.number);
        for entry in sorted {
            let in_ports =
                entry.from_port.unwrap() <= i32::from(port) && i32::from(port) <= entry.to_port.unwrap();
            if entry.cidr.contains(&address) && in_ports {
                return entry.allow;
            }
        }
        false
    }

    proptest! {
        #[test]
        fn first_match_equals_a_naive_reading(
            entries in entries(), egress: bool, host in 0..4u8, (a, b) in (0..6u16, 0..6u16),
        ) {
            let (address, ports) = (format!("10.0.0.{host}"), a.min(b)..=a.max(b));
            let passing = ports.clone().filter(|port| naive(&entries, egress, &address, *port)).count();
            let acl = acl(entries);
            let crossing = crosses(&acl, egress, format!("{address}/32").parse().unwrap(), ports.clone());
            let expected = match passing {
                0 => matches!(crossing, Crossing::Closed(_)),
                some if some == ports.clone().count() => crossing == Crossing::Open,
                some => matches!(crossing, Crossing::Partly(_, denied) if denied as usize == ports.count() - some),
            };
            prop_assert!(expected, "{crossing:?}, {passing} pass");
        }

        #[test]
        fn a_network_is_as_open_as_its_addresses(entries in entries(), port in 0..6u16) {
            let acl = acl(entries);
            let ask = |net: String| crosses(&acl, false, net.parse().unwrap(), port..=port);
            let whole = ask("10.0.0.0/30".to_owned());
            let each: Vec<bool> = (0..4).map(|host| ask(format!("10.0.0.{host}/32")) == Crossing::Open).collect();
            match whole {
                Crossing::Open => prop_assert!(each.iter().all(|open| *open)),
                Crossing::Closed(_) => prop_assert!(each.iter().all(|open| !open)),
                _ => prop_assert!(each.contains(&true) && each.contains(&false)),
            }
        }
    }
}
