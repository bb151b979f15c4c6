//! Where a packet goes when it leaves a subnet: the narrowest entry of the route table that holds its destination.
//!
//! Only the first gateway is decided. What lies beyond it, and the way back, are other tables, often of other accounts.
//! Source: <https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html>

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::aws::model::{PrefixList, RouteEntry, RouteTable};
use crate::aws::{NotRead, QueryKind, Reading};
use crate::reachability::flow::not_known;

/// What a route table makes of a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NextHop {
    /// It is in the same VPC.
    Local,
    /// No entry holds it, or none but one to the internet, which takes no private address.
    Missing,
    /// The narrowest entry leads through something that is gone.
    Blackhole {
        to: IpNet,
        via: String,
    },
    /// Through this gateway, connection or interface.
    Via {
        to: IpNet,
        via: String,
    },
    Unknown(NotRead),
}

/// The route tables of one VPC.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Routes<'a> {
    pub(crate) tables: &'a [RouteTable],
    pub(crate) lists: &'a BTreeMap<String, Reading<PrefixList>>,
}

impl<'a> Routes<'a> {
    /// The table that the subnet names, else the VPC's main one.
    pub(crate) fn table(self, subnet: &str) -> Option<&'a RouteTable> {
        let own = |table: &&RouteTable| table.subnets.iter().any(|id| id == subnet);
        self.tables.iter().find(own).or_else(|| self.tables.iter().find(|table| table.main))
    }

    pub(crate) fn next_hop(self, subnet: &str, address: IpAddr) -> NextHop {
        let Some(table) = self.table(subnet) else {
            let why = "no table is known to be its own";
            return NextHop::Unknown(not_known(
                format!("the route table of {subnet}"),
                Some(QueryKind::RouteTables),
                why,
            ));
        };
        let mut unread = None;
        let mut best: Option<(IpNet, &RouteEntry)> = None;
        for entry in &table.routes {
            let nets = match self.nets(entry) {
                Ok(nets) => nets,
                Err(list) => {
                    unread = unread.or(Some(list));
                    continue;
                }
            };
            for net in nets.into_iter().filter(|net| net.contains(&address)) {
                if best.is_none_or(|(known, _)| net.prefix_len() > known.prefix_len()) {
                    best = Some((net, entry));
                }
            }
        }
        match (best, unread) {
            (Some((_, entry)), _) if entry.via == "local" => NextHop::Local,
            (_, Some(list)) => NextHop::Unknown(list),
            (None, None) => NextHop::Missing,
            (Some((to, entry)), None) => beyond(to, entry, address),
        }
    }

    /// The networks of an entry; where it names a prefix list that is not known, why.
    fn nets(self, entry: &RouteEntry) -> Result<Vec<IpNet>, NotRead> {
        let Some(list) = &entry.prefix_list else { return Ok(entry.to.into_iter().collect()) };
        // A gateway endpoint's list holds the public addresses of one service.
        if entry.via.starts_with("vpce-") {
            return Ok(Vec::new());
        }
        match self.lists.get(list) {
            Some(Reading::Known { value, .. }) => Ok(value.0.clone()),
            Some(Reading::NotRead(not_read)) => Err(not_read.clone()),
            _ => Err(not_known(
                format!("the entries of {list}"),
                Some(QueryKind::PrefixList),
                "it was not read",
            )),
        }
    }
}

fn beyond(to: IpNet, entry: &RouteEntry, address: IpAddr) -> NextHop {
    let via = entry.via.clone();
    let internet = ["igw-", "eigw-"].iter().any(|gateway| via.starts_with(gateway));
    if entry.state.eq_ignore_ascii_case("blackhole") {
        NextHop::Blackhole { to, via }
    } else if internet && is_private(address) {
        NextHop::Missing
    } else {
        NextHop::Via { to, via }
    }
}

/// Addresses that the internet does not carry.
fn is_private(address: IpAddr) -> bool {
    const SHARED: [u8; 2] = [100, 64];
    match address {
        IpAddr::V4(v4) => {
            let octets = v4.octets();
            v4.is_private() || (octets[0] == SHARED[0] && octets[1] & 0xc0 == SHARED[1])
        }
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(to: &str, via: &str) -> RouteEntry {
        let list = to.starts_with("pl-").then(|| to.to_owned());
        RouteEntry { to: to.parse().ok(), prefix_list: list, via: via.to_owned(), state: "active".to_owned() }
    }

    fn table(id: &str, subnets: &[&str], routes: Vec<RouteEntry>) -> RouteTable {
        let subnets = subnets.iter().map(|id| (*id).to_owned()).collect();
        RouteTable { id: id.to_owned(), main: id == "main", subnets, routes }
    }

    fn tables() -> Vec<RouteTable> {
        let local = || entry("10.0.0.0/16", "local");
        let gone = RouteEntry { state: "blackhole".to_owned(), ..entry("10.8.1.0/24", "pcx-gone") };
        let listed = || entry("pl-own", "tgw-2");
        vec![
            table("main", &[], vec![local(), entry("0.0.0.0/0", "igw-1"), entry("10.9.0.0/16", "tgw-1")]),
            table(
                "a",
                &["subnet-a"],
                vec![local(), entry("10.8.0.0/16", "pcx-1"), gone, entry("pl-s3", "vpce-1")],
            ),
            table("b", &["subnet-b"], vec![local(), listed()]),
        ]
    }

    #[track_caller]
    fn check(subnet: &str, address: &str, expected: NextHop) {
        let at = jiff::Timestamp::UNIX_EPOCH;
        let own = PrefixList(vec!["10.7.0.0/16".parse().unwrap()]);
        let lists = [("pl-own".to_owned(), Reading::Known { value: own, query: QueryKind::PrefixList, at })];
        let (tables, lists) = (tables(), lists.into());
        let routes = Routes { tables: &tables, lists: &lists };
        assert_eq!(routes.next_hop(subnet, address.parse().unwrap()), expected, "{subnet} to {address}");
    }

    fn via(to: &str, via: &str) -> NextHop {
        NextHop::Via { to: to.parse().unwrap(), via: via.to_owned() }
    }

    #[test]
    fn the_narrowest_entry_decides() {
        check("subnet-a", "10.0.3.4", NextHop::Local);
        check("subnet-a", "10.8.0.7", via("10.8.0.0/16", "pcx-1"));
        let gone = NextHop::Blackhole { to: "10.8.1.0/24".parse().unwrap(), via: "pcx-gone".to_owned() };
        check("subnet-a", "10.8.1.7", gone);
        check("subnet-b", "10.7.1.1", via("10.7.0.0/16", "tgw-2"));
    }

    #[test]
    fn a_subnet_that_no_table_names_has_the_main_one() {
        check("subnet-z", "10.9.0.10", via("10.9.0.0/16", "tgw-1"));
    }

    #[test]
    fn the_internet_takes_no_private_address() {
        check("subnet-z", "10.10.0.10", NextHop::Missing);
        check("subnet-z", "100.100.0.1", NextHop::Missing);
        check("subnet-z", "8.8.8.8", via("0.0.0.0/0", "igw-1"));
        check("subnet-a", "192.168.0.1", NextHop::Missing);
    }

    #[test]
    fn a_list_that_is_not_known_may_hold_anything_but_what_is_local() {
        let tables = tables();
        let lists = BTreeMap::new();
        let routes = Routes { tables: &tables, lists: &lists };
        assert!(matches!(routes.next_hop("subnet-b", "10.7.1.1".parse().unwrap()), NextHop::Unknown(_)));
        assert_eq!(routes.next_hop("subnet-b", "10.0.1.1".parse().unwrap()), NextHop::Local);
        assert_eq!(routes.next_hop("subnet-a", "10.7.1.1".parse().unwrap()), NextHop::Missing);
        let none = Routes { tables: &[], lists: &lists };
        assert!(matches!(none.next_hop("subnet-b", "10.0.1.1".parse().unwrap()), NextHop::Unknown(_)));
    }
}
