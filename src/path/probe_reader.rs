//! What a prober in the VPC is asked about a path, and what it answered.
//!
//! Addresses come from readings, never from a name: the load balancer's nodes at the called port, and the targets at
//! theirs. The only request is the one that the backend has agreed to, its target group's health check.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use futures_util::future::join_all;
use tokio::time::{Duration, Instant};

use crate::aws::model::{Generation, Target, TargetGroup};
use crate::aws::{Account, NotRead, ProbeOf, Query, ReadError, Reading};
use crate::ids::Arn;
use crate::path::path_reader::PathReader;
use crate::path::private_path::{OnPath, PrivatePath};
use crate::path::probed::{Probed, Spot};
use crate::probe;
use crate::probe::{BUDGET, Facts, HealthCheck, MOST_ADDRESSES, ProbeRequest, ProberSite, Vantage};

/// Nodes of a load balancer that are asked: one a zone, as a rule.
const MOST_NODES: usize = 3;
/// Below this nothing can be learnt, and the alert must not wait.
const LEAST: Duration = Duration::from_millis(1_200);
/// For the way to the prober and back, and its start.
const AWAY: Duration = Duration::from_millis(700);

/// What is asked about one load balancer, before it is known which prober answers.
struct Question {
    balancer: usize,
    spots: Vec<(SocketAddr, Spot)>,
    faithful: bool,
    vpc: String,
    tls: bool,
    server_name: Option<String>,
    health: Option<HealthCheck>,
}

/// Whether TLS passes through to the targets, whose certificates no AWS API shows.
pub fn passes_tls_through(path: &PrivatePath) -> bool {
    path.balancers().any(|on| {
        let tls = on.called.as_ref().is_some_and(|called| called.tls);
        tls && on.next.is_none()
            && on.called_listener().is_some_and(|listener| listener.protocol.starts_with("TCP"))
    })
}

/// Where a prober of this path is to stand: in a V2 link's own subnets and groups, else beside the load balancer.
pub fn prober_site(path: &PrivatePath) -> Option<ProberSite> {
    let asked: Vec<Question> = path.balancers().flat_map(questions).collect();
    let vpc = asked.first()?.vpc.clone();
    let ports = asked.iter().flat_map(|question| &question.spots).map(|(address, _)| address.port());
    let ports: BTreeSet<u16> = ports.collect();
    let on = path.first_balancer()?;
    let region = on.arn.as_ref().and_then(Arn::region).map(|region| region.to_string());
    let link = path.vpc_link().filter(|link| link.generation == Generation::V2);
    let (serves, subnets, security_groups) = match link {
        Some(link) => (link.id.clone(), link.subnets.clone(), link.security_groups.clone()),
        None => {
            let zones = on.load_balancer.value().into_iter().flat_map(|balancer| &balancer.zones);
            (vpc.clone(), zones.filter_map(|zone| zone.subnet.clone()).collect(), Vec::new())
        }
    };
    Some(ProberSite { serves, vpc, subnets, security_groups, ports: ports.into_iter().collect(), region })
}

/// Asks the prober of the link, else the one of the VPC, until the deadline.
pub async fn read_probes(path: &mut PrivatePath, account: &dyn Account, deadline: Instant, prefix: &str) {
    let left = deadline.saturating_duration_since(Instant::now());
    let reader = PathReader::new(account, deadline, None);
    let link = path.vpc_link().filter(|link| link.generation == Generation::V2).map(|link| link.id.clone());
    let budget = left.checked_sub(AWAY).filter(|_| left >= LEAST).map(|left| left.min(BUDGET));
    let questions = path.balancers().flat_map(questions).collect::<Vec<_>>();
    let asked = questions.into_iter().map(|question| ask(&reader, question, link.as_deref(), prefix, budget));
    let probes = join_all(asked).await;
    path.probes = probes;
    path.refused.extend(reader.into_refused());
}

async fn ask(
    reader: &PathReader<'_>,
    question: Question,
    link: Option<&str>,
    prefix: &str,
    budget: Option<Duration>,
) -> Probed {
    let Question { balancer, spots, faithful, vpc, tls, server_name, health } = question;
    let addresses: Vec<String> = spots.iter().map(|(address, _)| address.to_string()).collect();
    let read = async |id: &str, vantage| {
        let (server_name, health) = (server_name.clone(), health.clone());
        let addresses = addresses.clone();
        let budget_ms = budget.and_then(|budget| u64::try_from(budget.as_millis()).ok());
        let request = ProbeRequest { addresses, tls, server_name, health, vantage, budget_ms };
        let function = format!("{prefix}{id}");
        let query = Query::Probe(ProbeOf { function: function.clone(), request });
        let facts = match budget {
            Some(_) => reader.read(query).await,
            None => Reading::NotRead(NotRead::of(&query, ReadError::TimedOut)),
        };
        (function, vantage, facts)
    };
    let of_link = match link {
        Some(id) => Some(read(id, Vantage::Link).await),
        None => None,
    };
    let missing = |facts: &Reading<Vec<Facts>>| {
        let unrecorded = facts.unavailable().is_some_and(|not_read| not_read.why == ReadError::NotRecorded);
        facts.is_absent() || unrecorded
    };
    let (function, vantage, facts) = match of_link {
        Some(found) if !missing(&found.2) => found,
        _ => read(&vpc, Vantage::Vpc).await,
    };
    Probed { balancer, spots, faithful, function, vantage, facts, vpc }
}

/// What a load balancer's nodes and targets are asked; both at once where the same is expected of both.
fn questions(on: OnPath<'_>) -> Vec<Question> {
    let (Some(called), Some(listener), Some(balancer)) =
        (&on.called, on.called_listener(), on.load_balancer.value())
    else {
        return Vec::new();
    };
    let Some(vpc) = balancer.vpc.clone() else { return Vec::new() };
    let question = |spots: Vec<(SocketAddr, Spot)>, faithful, tls, server_name, health| {
        let (balancer, vpc) = (on.position, vpc.clone());
        let asked = !spots.is_empty();
        asked.then_some(Question { balancer, spots, faithful, vpc, tls, server_name, health })
    };
    let host = probe::host(&called.host).is_ok().then(|| called.host.clone());
    // Behind another load balancer the client is that one, and what its nodes are shown is not what API Gateway is shown.
    let nodes = if on.position == 0 { nodes(on, listener.port) } else { Vec::new() };
    let passed = listener.protocol.starts_with("TCP");
    let mut asked = Vec::new();
    if passed && on.next.is_none() {
        let room = MOST_ADDRESSES - nodes.len();
        let targets = targets(on, room);
        let health = health(on, &targets, called.tls);
        let spots = nodes.into_iter().chain(targets).collect();
        asked.extend(question(spots, true, called.tls, host, health));
        return asked;
    }
    asked.extend(question(nodes, true, called.tls, host, None));
    if on.next.is_none() {
        for tls in [false, true] {
            let mut spots = targets(on, MOST_ADDRESSES);
            spots.retain(|(_, spot)| spot_tls(on, spot) == Some(tls));
            let health = health(on, &spots, tls);
            asked.extend(question(spots, false, tls, None, health));
        }
    }
    asked
}

/// The load balancer's nodes, at the called port.
fn nodes(on: OnPath<'_>, port: u16) -> Vec<(SocketAddr, Spot)> {
    let interfaces = on.network.balancer_interfaces.value().into_iter().flatten();
    let first =
        interfaces.filter_map(|interface| interface.addresses.iter().find(|ip| ip.is_ipv4()).copied());
    let sorted: BTreeSet<IpAddr> = first.collect();
    sorted.into_iter().take(MOST_NODES).map(|ip| (SocketAddr::new(ip, port), Spot::Node)).collect()
}

/// The targets that the request may have gone to, each group in turn.
fn targets(on: OnPath<'_>, most: usize) -> Vec<(SocketAddr, Spot)> {
    let of_group = |arn: &Arn| -> Vec<(SocketAddr, Spot)> {
        // What is registered with the PROXY protocol answers a load balancer alone.
        let attributes = on.network.group_attributes.get(arn).and_then(Reading::value);
        if attributes.and_then(|all| all.get("proxy_protocol_v2.enabled")) == Some("true") {
            return Vec::new();
        }
        let group = on.target_group(arn);
        let targets = on.targets.get(arn).and_then(Reading::value).into_iter().flatten();
        let used = targets.filter(|target| !["unused", "draining"].contains(&target.state.as_str()));
        let found: BTreeSet<SocketAddr> = used.filter_map(|target| address(on, target, group)).collect();
        found.into_iter().map(|address| (address, Spot::Target(arn.clone()))).collect()
    };
    let mut groups: Vec<_> = on.called_target_groups().iter().map(|arn| of_group(arn).into_iter()).collect();
    let mut chosen: Vec<(SocketAddr, Spot)> = Vec::new();
    loop {
        let row: Vec<_> = groups.iter_mut().filter_map(Iterator::next).collect();
        if row.is_empty() {
            return chosen;
        }
        for one in row {
            if chosen.len() == most {
                return chosen;
            }
            if chosen.iter().all(|(known, _)| *known != one.0) {
                chosen.push(one);
            }
        }
    }
}

fn address(on: OnPath<'_>, target: &Target, group: Option<&TargetGroup>) -> Option<SocketAddr> {
    let port = target.port.or_else(|| group?.port)?;
    let ip = target.id.parse::<IpAddr>().ok().or_else(|| {
        let instances = on.network.instances.value()?;
        instances.iter().find(|instance| instance.id == target.id)?.address
    })?;
    Some(SocketAddr::new(ip, port))
}

/// Whether the load balancer speaks TLS to this target.
fn spot_tls(on: OnPath<'_>, spot: &Spot) -> Option<bool> {
    let Spot::Target(arn) = spot else { return None };
    let protocol = on.target_group(arn)?.protocol.as_deref()?;
    Some(matches!(protocol, "TLS" | "HTTPS"))
}

/// The health check of the first group, where its targets speak what is asked.
fn health(on: OnPath<'_>, spots: &[(SocketAddr, Spot)], tls: bool) -> Option<HealthCheck> {
    let (address, group) = spots.iter().find_map(|(address, spot)| match spot {
        Spot::Target(arn) => Some((address, on.target_group(arn)?)),
        Spot::Node => None,
    })?;
    let protocol = group.health_protocol.as_deref()?;
    let fits = protocol == if tls { "HTTPS" } else { "HTTP" };
    let path = group.health_path.clone().filter(|path| fits && probe::path(path).is_ok())?;
    let port = match group.health_port.as_deref()? {
        "traffic-port" => address.port(),
        number => number.parse().ok()?,
    };
    Some(HealthCheck { path, port })
}
