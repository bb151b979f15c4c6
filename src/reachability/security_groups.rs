//! Security groups: what any rule of any group lets through passes, and replies pass by themselves.
//!
//! Source: <https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html>

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::aws::model::{GroupRule, PrefixList};
use crate::aws::{NotRead, QueryKind, Reading};
use crate::reachability::space::{Cover, cover};

/// The other end of a connection, as a rule sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer<'a> {
    /// Where its address lies: one address, or the subnet or the whole internet that it is somewhere in.
    pub(crate) net: IpNet,
    /// The security groups by which a rule means it.
    pub(crate) groups: &'a [String],
    /// Security groups of which no document tells whether a rule that names one means it.
    pub(crate) undocumented: &'a [String],
}

/// What rules make of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// A rule lets it through.
    Passes,
    /// No rule does.
    Blocks,
    /// Rules let part of the network through that the peer's address is somewhere in.
    Depends,
    /// No rule does that could be read; this prefix list could not.
    Unread(NotRead),
}

/// Whether the rules of all groups at one end let TCP with this port through to or from the other end.
pub(crate) fn admits<'a>(
    rules: impl IntoIterator<Item = &'a GroupRule>,
    peer: Peer<'_>,
    port: u16,
    lists: &BTreeMap<String, Reading<PrefixList>>,
) -> Admission {
    let (mut nets, mut unread) = (Vec::new(), None);
    for rule in rules.into_iter().filter(|rule| speaks_of(rule, port)) {
        if rule.groups.iter().any(|group| peer.groups.contains(group)) {
            return Admission::Passes;
        }
        if let Some(group) = rule.groups.iter().find(|group| peer.undocumented.contains(group)) {
            unread = Some(NotRead::not_asked(
                format!("whether a rule that names {group} means a client behind the load balancer"),
                None,
                "AWS documents it nowhere",
            ));
        }
        nets.extend(&rule.cidrs);
        for id in &rule.prefix_lists {
            match lists.get(id) {
                Some(Reading::Known { value, .. }) => nets.extend(&value.0),
                Some(Reading::Absent { .. }) => {}
                Some(Reading::NotRead(unavailable)) => unread = Some(unavailable.clone()),
                None => unread = unread.or_else(|| Some(not_read(id))),
            }
        }
    }
    match (cover(peer.net, &nets), unread) {
        (Cover::All, _) => Admission::Passes,
        (_, Some(unavailable)) => Admission::Unread(unavailable),
        (Cover::Part, None) => Admission::Depends,
        (Cover::Nothing, None) => Admission::Blocks,
    }
}

/// Protocols stand as names where they have ports, as numbers otherwise; both are tolerated.
pub(crate) fn is_tcp(protocol: &str) -> bool {
    matches!(protocol, "-1" | "6") || protocol.eq_ignore_ascii_case("tcp")
}

fn speaks_of(rule: &GroupRule, port: u16) -> bool {
    let every_port = rule.protocol == "-1";
    let from = rule.from_port.unwrap_or(0);
    let to = rule.to_port.unwrap_or(i32::from(u16::MAX));
    is_tcp(&rule.protocol) && (every_port || (from..=to).contains(&i32::from(port)))
}

fn not_read(id: &str) -> NotRead {
    NotRead::not_asked(
        format!("the entries of {id}"),
        Some(QueryKind::PrefixList),
        "its rule was read too late",
    )
}

#[cfg(test)]
mod tests {
    use crate::aws;
    use proptest::prelude::*;

    use super::*;

    fn rule(protocol: &str, ports: (i32, i32), peers: &[&str]) -> GroupRule {
        let mut rule = GroupRule {
            protocol: protocol.to_owned(),
            from_port: Some(ports.0),
            to_port: Some(ports.1),
            ..GroupRule::default()
        };
        for peer in peers {
            if peer.starts_with("sg-") {
                rule.groups.push(peer.to_string());
            } else if peer.starts_with("pl-") {
                rule.prefix_lists.push(peer.to_string());
            } else {
                rule.cidrs.push(peer.parse().unwrap());
            }
        }
        rule
    }

    fn lists() -> BTreeMap<String, Reading<PrefixList>> {
        let known = PrefixList(vec!["10.9.0.0/16".parse().unwrap()]);
        let denied = NotRead {
            what: "the entries of pl-denied".to_owned(),
            query: Some(QueryKind::PrefixList),
            why: aws::ReadError::Denied,
        };
        BTreeMap::from([
            (
                "pl-known".to_owned(),
                Reading::Known {
                    value: known,
                    query: QueryKind::PrefixList,
                    at: jiff::Timestamp::UNIX_EPOCH,
                },
            ),
            ("pl-denied".to_owned(), Reading::NotRead(denied)),
        ])
    }

    fn ask(rules: &[GroupRule], net: &str, groups: &[&str], port: u16) -> Admission {
        let groups: Vec<String> = groups.iter().map(|id| id.to_string()).collect();
        admits(rules, Peer { net: net.parse().unwrap(), groups: &groups, undocumented: &[] }, port, &lists())
    }

    #[track_caller]
    fn check(rules: &[GroupRule], net: &str, groups: &[&str], expected: Admission) {
        assert_eq!(ask(rules, net, groups, 8080), expected);
    }

    #[test]
    fn protocol_port_and_network_must_all_fit() {
        let peer = ("10.0.1.7/32", &[][..]);
        check(&[rule("tcp", (8080, 8080), &["10.0.0.0/16"])], peer.0, peer.1, Admission::Passes);
        check(&[rule("6", (8000, 9000), &["10.0.1.7/32"])], peer.0, peer.1, Admission::Passes);
        check(&[rule("tcp", (80, 443), &["10.0.0.0/16"])], peer.0, peer.1, Admission::Blocks);
        check(&[rule("udp", (8080, 8080), &["10.0.0.0/16"])], peer.0, peer.1, Admission::Blocks);
        check(&[rule("icmp", (-1, -1), &["0.0.0.0/0"])], peer.0, peer.1, Admission::Blocks);
        check(&[rule("tcp", (8080, 8080), &["10.1.0.0/16"])], peer.0, peer.1, Admission::Blocks);
        check(&[], peer.0, peer.1, Admission::Blocks);
    }

    #[test]
    fn every_protocol_means_every_port() {
        check(&[rule("-1", (-1, -1), &["10.0.0.0/16"])], "10.0.1.7/32", &[], Admission::Passes);
    }

    #[test]
    fn a_group_at_the_other_end_counts_where_rules_may_mean_it() {
        let rules = [rule("tcp", (8080, 8080), &["sg-lb"])];
        check(&rules, "10.0.1.7/32", &["sg-lb"], Admission::Passes);
        check(&rules, "10.0.1.7/32", &["sg-other"], Admission::Blocks);
        check(&rules, "10.0.1.7/32", &[], Admission::Blocks);
    }

    #[test]
    fn an_address_that_is_somewhere_in_a_network_may_depend() {
        check(&[rule("tcp", (8080, 8080), &["10.0.1.7/32"])], "10.0.1.0/24", &[], Admission::Depends);
        let all = rule("tcp", (8080, 8080), &["10.0.1.0/25", "10.0.1.128/25"]);
        check(&[all], "10.0.1.0/24", &[], Admission::Passes);
    }

    #[test]
    fn prefix_lists_count_as_what_they_hold() {
        check(&[rule("tcp", (8080, 8080), &["pl-known"])], "10.9.1.1/32", &[], Admission::Passes);
        check(&[rule("tcp", (8080, 8080), &["pl-known"])], "10.8.1.1/32", &[], Admission::Blocks);
    }

    #[test]
    fn an_unread_prefix_list_never_blocks() {
        let rules = [rule("tcp", (8080, 8080), &["pl-denied"])];
        assert!(matches!(ask(&rules, "10.8.1.1/32", &[], 8080), Admission::Unread(_)));
        let rules = [rule("tcp", (8080, 8080), &["pl-unheard-of"])];
        assert!(matches!(ask(&rules, "10.8.1.1/32", &[], 8080), Admission::Unread(_)));
        // What another rule lets through passes all the same.
        let rules = [rule("tcp", (8080, 8080), &["pl-denied", "10.8.0.0/16"])];
        assert_eq!(ask(&rules, "10.8.1.1/32", &[], 8080), Admission::Passes);
    }

    fn peers() -> impl Strategy<Value = &'static str> {
        proptest::sample::select(vec![
            "0.0.0.0/0",
            "10.0.0.0/8",
            "10.0.1.0/24",
            "10.0.1.7/32",
            "10.9.0.0/16",
            "::/0",
            "sg-lb",
            "sg-other",
            "pl-known",
            "pl-denied",
        ])
    }

    fn rules() -> impl Strategy<Value = Vec<GroupRule>> {
        let one = (
            proptest::sample::select(vec!["tcp", "6", "-1", "udp"]),
            (0..4i32, 0..4i32),
            proptest::collection::vec(peers(), 0..3),
        );
        let one = one.prop_map(|(protocol, (a, b), peers)| rule(protocol, (a.min(b), a.max(b)), &peers));
        proptest::collection::vec(one, 0..6)
    }

    fn networks() -> impl Strategy<Value = &'static str> {
        proptest::sample::select(vec![
            "10.0.1.7/32",
            "10.0.1.0/24",
            "10.9.3.4/32",
            "0.0.0.0/0",
            "2001:db8::1/128",
        ])
    }

    /// Blocked before unread before depends before passes.
    fn openness(admission: &Admission) -> u8 {
        match admission {
            Admission::Blocks => 0,
            Admission::Unread(_) | Admission::Depends => 1,
            Admission::Passes => 2,
        }
    }

    proptest! {
        #[test]
        fn a_rule_more_never_closes_and_a_rule_less_never_opens(
            rules in rules(), net in networks(), port in 0..4u16, without in 0..6usize,
        ) {
            let all = ask(&rules, net, &["sg-lb"], port);
            let mut fewer = rules.clone();
            if without < fewer.len() {
                fewer.remove(without);
            }
            prop_assert!(openness(&ask(&fewer, net, &["sg-lb"], port)) <= openness(&all));
        }

        #[test]
        fn the_order_of_rules_does_not_matter(rules in rules(), net in networks(), port in 0..4u16) {
            let mut reversed = rules.clone();
            reversed.reverse();
            let (one, other) = (ask(&rules, net, &["sg-lb"], port), ask(&reversed, net, &["sg-lb"], port));
            prop_assert_eq!(openness(&one), openness(&other));
        }

        #[test]
        fn a_narrower_peer_is_no_less_certain(rules in rules(), port in 0..4u16) {
            let (wide, narrow) = (ask(&rules, "10.0.1.0/24", &[], port), ask(&rules, "10.0.1.7/32", &[], port));
            match wide {
                Admission::Passes => prop_assert_eq!(narrow, Admission::Passes),
                Admission::Blocks => prop_assert_eq!(narrow, Admission::Blocks),
                _ => {}
            }
        }
    }
}
