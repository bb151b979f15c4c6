//! Harmless oddities, as real accounts are full of them: every fault and every account without one, again in their company.
//! No verdict may change. An oddity is one function.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::json;

use super::faults::{beside, network, rules, targets};
use super::walk::Level;
use super::{BOTH, Break, Generation, V1, V2, complain, decoys, integrations, log, walk};
use crate::harness::Account;
use crate::harness::apigateway::{Canary, Stage};
use crate::harness::cloudwatch::Metric;
use crate::harness::ec2::{
    AclEntry, EndpointConnection, EndpointService, Instance, NetworkAcl, NetworkInterface, SecurityGroup,
    Subnet,
};
use crate::harness::elbv2::{Action, Listener, LoadBalancer, Target, Zone};

/// A thing that breaks nothing, and the generations of link beside which it can stand.
pub(crate) struct Oddity {
    pub(crate) name: &'static str,
    on: &'static [Generation],
    add: Break,
    /// Whether it is there before the account is broken; drafts, and what depends on what is left, come after.
    first: bool,
}

const fn odd(name: &'static str, on: &'static [Generation], add: Break) -> Oddity {
    Oddity { name, on, add, first: true }
}

impl Oddity {
    const fn later(self) -> Self {
        Self { first: false, ..self }
    }
}

const NONE: &str = "0.0.0.0/0";

pub(crate) const ODDITIES: &[Oddity] = &[
    odd("network ACLs deny port 3389, as CIS asks", BOTH, |a| {
        for acl in &mut a.network_acls {
            [false, true]
                .into_iter()
                .for_each(|egress| entry(acl, 11, egress, false, NONE, Some((3389, 3389))));
        }
    }),
    odd("network ACLs deny a dozen ports of Windows and databases", BOTH, |a| {
        for acl in &mut a.network_acls {
            for (number, port) in
                (12..).zip([22, 23, 135, 139, 445, 1433, 1521, 3306, 3389, 5432, 5900, 6379])
            {
                entry(acl, number, false, false, NONE, Some((port, port)));
            }
        }
    }),
    odd("network ACLs deny networks of strangers", BOTH, |a| {
        for acl in &mut a.network_acls {
            for (number, cidr) in (31..).zip(["198.51.100.0/24", "203.0.113.0/24", "10.99.0.0/16"]) {
                [false, true].into_iter().for_each(|egress| entry(acl, number, egress, false, cidr, None));
            }
        }
    }),
    odd("another VPC and its network", BOTH, |a| {
        let vpc_id = "vpc-0other".to_owned();
        let subnet =
            Subnet { id: "subnet-0other".to_owned(), vpc_id: vpc_id.clone(), ..a.subnets[0].clone() };
        a.subnets.push(subnet);
        let entries = vec![];
        let subnets = vec!["subnet-0other".to_owned()];
        a.network_acls.push(NetworkAcl {
            id: "acl-0other".to_owned(),
            vpc_id: vpc_id.clone(),
            is_default: true,
            subnets,
            entries,
        });
        let same = a.network_interfaces.last().expect("a target's").clone();
        let (id, groups) = ("eni-0other".to_owned(), vec!["sg-0closed".to_owned()]);
        a.network_interfaces.insert(
            0,
            NetworkInterface { id, vpc_id, subnet_id: "subnet-0other".to_owned(), groups, ..same },
        );
    }),
    odd("interfaces of other services in the same subnets", BOTH, |a| {
        for place in 0..2 {
            let (subnet_id, vpc_id) = (a.subnets[place].id.clone(), a.subnets[place].vpc_id.clone());
            for (number, kind, description) in [
                (1, "interface", "RDSNetworkInterface"),
                (2, "lambda", "AWS Lambda VPC ENI-billing"),
                (3, "network_load_balancer", "ELB net/billing/0000000000000001"),
                (4, "interface", "ELB app/billing/0000000000000002"),
                (5, "vpc_endpoint", "VPC Endpoint Interface vpce-0dead"),
            ] {
                a.network_interfaces.push(NetworkInterface {
                    id: format!("eni-0odd{place}{number}"),
                    kind: kind.to_owned(),
                    description: description.to_owned(),
                    subnet_id: subnet_id.clone(),
                    vpc_id: vpc_id.clone(),
                    private_address: format!("10.0.{}.20{number}", place + 1),
                    groups: vec!["sg-0closed".to_owned()],
                });
            }
        }
        closed(a);
    }),
    odd("another V2 link's interfaces in the same subnets", V2, |a| {
        let own: Vec<NetworkInterface> =
            a.network_interfaces.iter().filter(|one| one.kind == "api_gateway_managed").cloned().collect();
        closed(a);
        a.network_interfaces.extend(own.into_iter().map(|one| NetworkInterface {
            id: one.id.replace("eni-0", "eni-9"),
            private_address: one.private_address.replace(".7", ".77"),
            groups: vec!["sg-0closed".to_owned()],
            ..one
        }));
    }),
    odd("a second security group on the load balancer that opens nothing", BOTH, |a| {
        closed(a);
        let groups = &mut a.load_balancers[0].security_groups;
        groups.push("sg-0closed".to_owned());
    }),
    odd("groups open ports to strangers, other protocols and prefix lists", BOTH, |a| {
        for group in &mut a.security_groups {
            group.inbound.push(network::tcp(22, "203.0.113.7/32"));
            group.inbound.push(network::tcp_from(9100, "sg-0monitoring"));
            let mut ping = network::tcp(1, NONE);
            (ping.protocol, ping.ports) = ("icmp".to_owned(), Some((8, 0)));
            group.inbound.push(ping);
        }
    }),
    odd("instances that are gone", BOTH, |a| {
        let (id, state, subnet_id) = ("i-0gone".to_owned(), "terminated".to_owned(), String::new());
        a.instances.push(Instance { id, state, subnet_id, ..Instance::default() });
    }),
    odd("a zone that the endpoint service does not serve, and no target is in", V1, |a| {
        let (subnet_id, name) = ("subnet-0cc9".to_owned(), "eu-west-1c".to_owned());
        let near = a.subnets[0].clone();
        a.subnets.push(Subnet {
            id: subnet_id.clone(),
            zone: name.clone(),
            cidr: "10.0.9.0/24".to_owned(),
            ..near
        });
        a.network_acls[0].subnets.push(subnet_id.clone());
        a.load_balancers[0].zones.push(Zone { name, subnet_id, private_address: None });
    }),
    odd("another load balancer, its listener and its group, all broken", BOTH, |a| {
        let other = LoadBalancer {
            arn: a.load_balancers[0].arn.replace("orders", "billing"),
            name: "billing".to_owned(),
            state: "failed".to_owned(),
            ..a.load_balancers[0].clone()
        };
        let listener = Listener {
            arn: other.arn.replace(":loadbalancer/", ":listener/") + "/0",
            load_balancer_arn: other.arn.clone(),
            actions: Vec::new(),
            ..a.listeners[0].clone()
        };
        a.load_balancers.push(other);
        a.listeners.push(listener);
    }),
    odd("another listener of the load balancer, without a group, its certificate expired", BOTH, |a| {
        let certificate = a.certificates[0].clone();
        let arn = certificate.arn.replace("00000001", "0000dead");
        let owner = a.load_balancers[0].arn.clone();
        a.listeners.push(Listener {
            arn: owner.replace(":loadbalancer/", ":listener/") + "/dead",
            load_balancer_arn: owner,
            port: 9998,
            protocol: a.listeners[0].protocol.clone(),
            certificates: vec![arn.clone()],
            ..Listener::default()
        });
        a.certificates.push(crate::harness::acm::Certificate {
            arn,
            not_after: 1_700_000_000,
            ..certificate
        });
    }),
    odd("certificates for other names on the listener", BOTH, |a| {
        for number in 0..3 {
            let certificate = a.certificates[0].clone();
            let arn = certificate.arn.replace("00000001", &format!("0000aaa{number}"));
            let name = format!("other{number}.internal.example");
            a.listeners[0].certificates.push(arn.clone());
            a.certificates.push(crate::harness::acm::Certificate {
                arn,
                domain_name: name.clone(),
                alternative_names: vec![name],
                ..certificate
            });
        }
    }),
    odd("rules for other hosts and paths to groups that are ill", V2, |a| {
        let mut dead = a.target_groups[0].clone();
        (dead.arn, dead.name) = (dead.arn.replace("orders", "billing"), "billing".to_owned());
        dead.targets.clear();
        let arn = dead.arn.clone();
        a.target_groups.push(dead);
        rules::rule(a, 901, rules::path("/billing*"), Action::Plain(arn.clone()));
        rules::rule(a, 902, rules::host("billing.*"), Action::FixedResponse(503));
        let method =
            json!({ "Field": "http-request-method", "HttpRequestMethodConfig": { "Values": ["PURGE"] } });
        rules::rule(a, 903, method, Action::Plain(arn.clone()));
        let query = json!({ "Field": "query-string",
            "QueryStringConfig": { "Values": [{ "Key": "version", "Value": "beta" }] } });
        rules::rule(a, 904, query, Action::Plain(arn.clone()));
        let source = json!({ "Field": "source-ip", "SourceIpConfig": { "Values": ["192.0.2.0/24"] } });
        rules::rule(a, 905, source, Action::Plain(arn));
    }),
    odd("target groups that no listener uses", BOTH, |a| {
        for (name, count) in [("spare", 0), ("old", 1)] {
            let mut spare = a.target_groups[0].clone();
            (spare.arn, spare.name) = (spare.arn.replace("orders", name), name.to_owned());
            spare.targets.truncate(count);
            targets::fail(&mut spare);
            a.target_groups.push(spare);
        }
    }),
    odd("a target that is being taken out, beside the others", BOTH, |a| {
        let in_use = |target: &Target| ["healthy", "unhealthy"].contains(&target.state.as_str());
        let group = a.target_groups.first_mut();
        if let Some(group) = group.filter(|group| group.kind == "ip" && group.targets.iter().any(in_use)) {
            let (id, state) = ("10.0.1.99".to_owned(), "draining".to_owned());
            let reason = Some("Target.DeregistrationInProgress".to_owned());
            let zone = group.targets[0].zone.clone();
            group.targets.push(Target { id, state, reason, zone, port: 8080, ..Target::default() });
        }
    })
    .later(),
    odd("attributes of no consequence", BOTH, |a| {
        for group in &mut a.target_groups {
            for (key, value) in [
                ("deregistration_delay.timeout_seconds", "5"),
                ("stickiness.enabled", "true"),
                ("target_health_state.unhealthy.connection_termination.enabled", "false"),
                ("an.attribute.of.tomorrow", "yes"),
            ] {
                group.attributes.insert(key.to_owned(), value.to_owned());
            }
        }
        a.load_balancers[0].attributes.insert("deletion_protection.enabled".to_owned(), "true".to_owned());
    }),
    odd("links that are broken, of either generation", BOTH, |a| {
        let (v1, v2) = (Account::healthy_v1().vpc_links, Account::healthy_v2().vpc_links_v2);
        let failed = |status: &mut String| *status = "FAILED".to_owned();
        for (number, mut link) in v1.into_values().enumerate() {
            failed(&mut link.status);
            a.vpc_links.insert(format!("zzfail{number}"), link);
        }
        for (number, mut link) in v2.into_values().enumerate() {
            failed(&mut link.status);
            a.vpc_links_v2.insert(format!("zzfail{number}"), link);
        }
    })
    .later(),
    odd("endpoint services and connections of others", BOTH, |a| {
        let id = "vpce-svc-0000000000000dead".to_owned();
        let other = a.load_balancers[0].arn.replace("orders", "billing");
        a.endpoint_services.push(EndpointService {
            id: id.clone(),
            state: "Failed".to_owned(),
            acceptance_required: true,
            load_balancers: vec![other.clone()],
            zones: vec!["eu-west-1a".to_owned()],
            ip_versions: vec!["ipv6".to_owned()],
        });
        a.endpoint_connections.push(EndpointConnection {
            service_id: id,
            endpoint_id: "vpce-0000000000000dead".to_owned(),
            owner: "444455556666".to_owned(),
            state: "rejected".to_owned(),
            load_balancers: vec![other],
        });
    }),
    odd("methods that were made in the console, whose answers hold nulls", BOTH, |a| a.nulls = true),
    odd("a canary of another deployment with variables of its own", BOTH, |a| {
        for stage in a.rest_apis.values_mut().flat_map(|api| api.stages.values_mut()) {
            stage.canary = Some(Canary {
                percent_traffic: 5.0,
                deployment_id: "dep0002".to_owned(),
                stage_variable_overrides: BTreeMap::from([("vpcLinkId".to_owned(), "gone99".to_owned())]),
            });
        }
    }),
    odd("a draft of another route", BOTH, |a| {
        for api in a.rest_apis.values_mut() {
            api.deployed.get_or_insert_with(|| api.resources.clone());
            for resource in api.resources.iter_mut().filter(|resource| resource.path == "/orders/{id}") {
                for integration in resource.methods.values_mut().flatten() {
                    integration.connection_id = Some("draft9".to_owned());
                }
            }
        }
    })
    .later(),
    odd("a draft that moves the link into a variable of the same id", BOTH, |a| {
        if a.rest_apis.values().any(|api| api.deployed.is_some()) {
            return;
        }
        let Some(id) = integrations(a).find_map(|one| one.connection_id.clone()) else { return };
        if id.contains("${") {
            return;
        }
        for api in a.rest_apis.values_mut() {
            api.deployed = Some(api.resources.clone());
            for stage in api.stages.values_mut() {
                stage.variables.insert("sameLink".to_owned(), id.clone());
            }
        }
        integrations(a).for_each(|one| one.connection_id = Some("${stageVariables.sameLink}".to_owned()));
    })
    .later(),
    odd("another stage whose variables are wrong", BOTH, |a| {
        let api = a.rest_apis.values_mut().next().expect("an API");
        let variables = BTreeMap::from([("vpcLinkId".to_owned(), "gone99".to_owned())]);
        api.stages.insert("test".to_owned(), Stage { variables, ..Stage::default() });
    }),
    odd("another load balancer's counts rise", BOTH, |a| {
        let names = [
            "TCP_Target_Reset_Count",
            "SecurityGroupBlockedFlowCount_Inbound_TCP",
            "PortAllocationErrorCount",
        ];
        for name in names {
            let dimensions =
                BTreeMap::from([("LoadBalancer".to_owned(), "net/billing/0000000000000001".to_owned())]);
            let datapoints = (0..15).map(|ago| (beside::minutes_ago(ago) / 60 * 60, 900.0)).collect();
            let namespace = "AWS/NetworkELB".to_owned();
            a.metrics.push(Metric { namespace, name: name.to_owned(), dimensions, datapoints });
        }
    }),
    odd("counts that are always as high", BOTH, |a| {
        for name in ["TCP_Target_Reset_Count", "TCP_ELB_Reset_Count", "ClientTLSNegotiationErrorCount"] {
            if !a.load_balancers.is_empty() && a.metrics.iter().all(|metric| metric.name != name) {
                beside::count_all_along(a, name, 40);
            }
        }
    })
    .later(),
];

fn entry(
    acl: &mut NetworkAcl,
    number: u16,
    egress: bool,
    allow: bool,
    cidr: &str,
    ports: Option<(u16, u16)>,
) {
    let protocol = if ports.is_some() { "6" } else { "-1" }.to_owned();
    acl.entries.insert(0, AclEntry { number, protocol, allow, egress, cidr: cidr.to_owned(), ports });
}

/// A security group that lets nothing in or out.
fn closed(account: &mut Account) {
    let (id, name) = ("sg-0closed".to_owned(), "closed".to_owned());
    let vpc_id = account.security_groups[0].vpc_id.clone();
    if account.security_groups.iter().all(|group| group.id != id) {
        account.security_groups.push(SecurityGroup {
            id,
            name,
            vpc_id,
            inbound: Vec::new(),
            outbound: Vec::new(),
        });
    }
}

/// A fault or an account without one, before an oddity comes in.
struct Case {
    label: String,
    on: Generation,
    disguise: Break,
    log: &'static str,
    expected: (Option<&'static str>, &'static str),
}

fn cases() -> Vec<Case> {
    let faults = super::faults().into_iter().map(|fault| Case {
        label: fault.label(),
        on: fault.on,
        disguise: fault.row.break_,
        log: fault.row.log,
        expected: (Some(fault.row.expect), fault.tier()),
    });
    let decoys = decoys::DECOYS.iter().flat_map(|decoy| decoy.on.iter().map(move |on| (decoy, *on)));
    let decoys = decoys.map(|(decoy, on)| Case {
        label: format!("{} ({on:?})", decoy.name),
        on,
        disguise: decoy.disguise,
        log: log::UNREACHABLE,
        expected: (None, "unknown"),
    });
    faults.chain(decoys).collect()
}

/// Each oddity, the accounts that it came into, and those whose verdict changed.
type Changes = Vec<(&'static Oddity, usize, Vec<String>)>;

/// One account in so many meets an oddity by itself; each meets all of them together.
const ONE_IN: usize = 17;

/// What the test and the published table say, brought about once.
pub(crate) fn changed() -> &'static (usize, Vec<String>, Changes) {
    static CHANGED: OnceLock<(usize, Vec<String>, Changes)> = OnceLock::new();
    CHANGED.get_or_init(|| changes(ONE_IN))
}

/// Brings oddities into accounts: all of them together into each, and each alone into one account in so many.
fn changes(one_in: usize) -> (usize, Vec<String>, Changes) {
    let cases = cases();
    let judge = |laptop: &walk::Laptop, case: &Case, oddities: &[&Oddity]| {
        let mut account = case.on.healthy();
        let own = || oddities.iter().filter(|oddity| oddity.on.contains(&case.on));
        own().filter(|oddity| oddity.first).for_each(|oddity| (oddity.add)(&mut account));
        (case.disguise)(&mut account);
        own().filter(|oddity| !oddity.first).for_each(|oddity| (oddity.add)(&mut account));
        let told = laptop.told(&account, &walk::event(&account, case.log, Level::Info));
        // Several at once may leave less certain what each leaves alone: a metric of all listeners, one target that drains.
        let sure = oddities.len() > 1 && told.tier == "likely" && case.expected.1 == "confirmed";
        let right = told.code.as_deref() == case.expected.0 && (sure || told.tier == case.expected.1);
        (!right).then(|| format!("{}: expected {:?}, got {told}", case.label, case.expected))
    };
    let all: Vec<&Oddity> = ODDITIES.iter().collect();
    let together = walk::with_laptops(&cases, |laptop, case| judge(laptop, case, &all));
    let pairs: Vec<(usize, &Case)> = (0..ODDITIES.len())
        .flat_map(|place| cases.iter().enumerate().map(move |(number, case)| (place, number, case)))
        .filter(|(place, number, case)| {
            (number + place) % one_in == 0 && ODDITIES[*place].on.contains(&case.on)
        })
        .map(|(place, _, case)| (place, case))
        .collect();
    let alone = walk::with_laptops(&pairs, |laptop, (place, case)| judge(laptop, case, &[&ODDITIES[*place]]));
    let of = |place: usize| {
        let own = pairs.iter().zip(&alone).filter(move |((of, _), _)| *of == place);
        let changed: Vec<String> = own.clone().filter_map(|(_, changed)| changed.clone()).collect();
        (&ODDITIES[place], own.count(), changed)
    };
    (cases.len(), together.into_iter().flatten().collect(), (0..ODDITIES.len()).map(of).collect())
}

#[test]
fn harmless_oddities_change_no_verdict() {
    let (accounts, together, alone) = changed();
    assert!(*accounts > 200, "{accounts}");
    let of_each = alone
        .iter()
        .flat_map(|(oddity, _, changed)| changed.iter().map(|why| format!("{}: {why}", oddity.name)));
    complain(&together.iter().map(|why| format!("all together: {why}")).chain(of_each).collect::<Vec<_>>());
}
