//! Networks cut so that rules speak of a piece as a whole or not at all.

use ipnet::IpNet;

/// How much of a network others cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cover {
    All,
    Part,
    Nothing,
}

/// How much of a network these cover together.
pub(crate) fn cover(net: IpNet, by: &[IpNet]) -> Cover {
    let pieces = pieces(net, by);
    let covered = pieces.iter().filter(|piece| by.iter().any(|other| other.contains(*piece))).count();
    match covered {
        0 => Cover::Nothing,
        some if some == pieces.len() => Cover::All,
        _ => Cover::Part,
    }
}

/// Halves a network until each cut holds a piece whole or not at all.
pub(crate) fn pieces(net: IpNet, cuts: &[IpNet]) -> Vec<IpNet> {
    let divides = |cut: &&IpNet| net.contains(*cut) && net != **cut;
    let inner: Vec<IpNet> = cuts.iter().filter(divides).copied().collect();
    if inner.is_empty() {
        return vec![net.trunc()];
    }
    // A network with another inside it is no single address, so there are halves.
    let halves = net.subnets(net.prefix_len() + 1).into_iter().flatten();
    halves.flat_map(|half| pieces(half, &inner)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nets(texts: &[&str]) -> Vec<IpNet> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[track_caller]
    fn check(net: &str, by: &[&str], expected: Cover) {
        assert_eq!(cover(net.parse().unwrap(), &nets(by)), expected);
    }

    #[test]
    fn one_network_covers_another() {
        check("10.0.1.7/32", &["10.0.0.0/16"], Cover::All);
        check("10.0.1.7/32", &["10.1.0.0/16"], Cover::Nothing);
        check("10.0.1.0/24", &["10.0.1.7/32"], Cover::Part);
        check("10.0.1.0/24", &[], Cover::Nothing);
    }

    #[test]
    fn several_cover_together() {
        check("0.0.0.0/0", &["0.0.0.0/1", "128.0.0.0/1"], Cover::All);
        check("10.0.0.0/30", &["10.0.0.0/32", "10.0.0.1/32", "10.0.0.2/31"], Cover::All);
        check("10.0.0.0/30", &["10.0.0.0/32", "10.0.0.2/31"], Cover::Part);
    }

    #[test]
    fn versions_of_ip_do_not_mix() {
        check("10.0.0.1/32", &["::/0"], Cover::Nothing);
        check("2001:db8::1/128", &["2001:db8::/32"], Cover::All);
        check("2001:db8::1/128", &["0.0.0.0/0"], Cover::Nothing);
    }

    #[test]
    fn a_net_written_with_host_bits_is_its_network() {
        check("10.0.1.7/24", &["10.0.1.0/25", "10.0.1.128/25"], Cover::All);
    }
}
