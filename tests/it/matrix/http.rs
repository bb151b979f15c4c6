//! HTTP APIs in the matrix: their faults, alone in an otherwise healthy account, in front of a load balancer and of a Cloud Map
//! service. Their access line tells of the failure, and of no sentence: only that the backend gave no answer.

use serde_json::{Value, json};

use super::faults::{balancer, clients, link, targets};
use super::{LastAlert, complain, walk};
use crate::harness::{Account, Aws, event_of, subscription_document_at};

/// What the integration names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Front {
    Balancer,
    CloudMap,
}

impl Front {
    fn healthy(self) -> Account {
        match self {
            Self::Balancer => Account::healthy_http(),
            Self::CloudMap => Account::healthy_cloud_map(),
        }
    }
}

/// A fault, as a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HttpRow {
    pub(crate) name: &'static str,
    pub(crate) of: &'static [Front],
    pub(crate) expect: &'static str,
    pub(crate) tier: &'static str,
    /// What it brings along, and is rightly told beside it.
    brings: &'static [&'static str],
    break_: fn(&mut Account),
}

const fn row(
    name: &'static str,
    of: &'static [Front],
    expect: &'static str,
    break_: fn(&mut Account),
) -> HttpRow {
    HttpRow { name, of, expect, tier: "confirmed", brings: &[], break_ }
}

impl HttpRow {
    /// What leaves some requests working, or what a load balancer that was reached would have answered itself.
    const fn likely(self) -> Self {
        Self { tier: "likely", ..self }
    }

    const fn bringing(self, brings: &'static [&'static str]) -> Self {
        Self { brings, ..self }
    }

    fn account(&self, front: Front) -> Account {
        let mut account = front.healthy();
        (self.break_)(&mut account);
        account
    }
}

const ANY: &[Front] = &[Front::Balancer, Front::CloudMap];
const BALANCER: &[Front] = &[Front::Balancer];
const CLOUD_MAP: &[Front] = &[Front::CloudMap];

pub(crate) const ROWS: &[HttpRow] = &[
    row("the stage variable of the link is not defined", ANY, "stage-variable-undefined", |a| {
        integration(a)["connectionId"] = json!("${stageVariables.link}");
    }),
    row("the route is gone", ANY, "integration-missing", |a| a.http_apis[0].routes.clear()),
    row("an undeployed change mends the link", ANY, "integration-not-deployed", undeployed)
        .bringing(&["vpc-link-missing"]),
    row("link INACTIVE after 60 idle days", ANY, "vpc-link-inactive", |a| link::status(a, "INACTIVE")),
    row("link FAILED", ANY, "vpc-link-failed", |a| link::status(a, "FAILED")),
    row("link PENDING", ANY, "vpc-link-pending", |a| link::status(a, "PENDING")),
    row("link DELETING", ANY, "vpc-link-deleting", |a| link::status(a, "DELETING")),
    row("link gone", ANY, "vpc-link-missing", |a| a.vpc_links_v2.clear()),
    row("link of the first generation", ANY, "vpc-link-missing", |a| {
        a.vpc_links_v2.clear();
        a.vpc_links = Account::healthy_v1().vpc_links;
        integration(a)["connectionId"] = json!("abc123");
    }),
    row("the link's group lets nothing out", ANY, "vpc-link-security-group-blocks", |a| {
        group(a, "sg-0link").outbound.clear();
    }),
    row("load balancer failed", BALANCER, "load-balancer-failed", |a| balancer::state(a, "failed")),
    row("load balancer provisioning", BALANCER, "load-balancer-provisioning", |a| {
        balancer::state(a, "provisioning");
    }),
    row("load balancer deleted", BALANCER, "load-balancer-missing", balancer::no_balancer)
        .bringing(&["listener-missing"]),
    row("listener deleted", BALANCER, "listener-missing", |a| a.listeners.clear()),
    row("plain HTTP towards an HTTPS listener", BALANCER, "listener-protocol-mismatch", |a| {
        integration(a).as_object_mut().expect("an object").remove("tlsConfig");
    })
    .likely(),
    row(
        "the listener's certificate is for another name, of which no HTTP API's log speaks",
        BALANCER,
        "listener-certificate-name-mismatch",
        |a| integration(a)["tlsConfig"] = json!({ "serverNameToVerify": "wrong.internal.test" }),
    )
    .likely(),
    row("the load balancer's group lets nothing in", BALANCER, "load-balancer-security-group-blocks", |a| {
        group(a, "sg-0balancer").inbound.clear();
    }),
    row("no target is registered", BALANCER, "target-group-empty", |a| {
        a.target_group("orders-blue").targets.clear();
    })
    .likely(),
    row("both targets fail their health check", BALANCER, "targets-unhealthy", |a| {
        targets::fail(a.target_group("orders-blue"));
    })
    .likely(),
    row(
        "a listener verifies clients, an HTTP API presents none",
        BALANCER,
        "client-certificate-missing",
        |a| {
            clients::verify(a, 8443);
        },
    ),
    row("service deleted", CLOUD_MAP, "cloud-map-service-missing", |a| a.services.clear()),
    row("service without instances", CLOUD_MAP, "cloud-map-no-instances", |a| {
        a.services[0].instances.clear();
    }),
    row("no instance has the attribute asked for", CLOUD_MAP, "cloud-map-no-instances", |a| {
        let uri = integration(a)["integrationUri"].as_str().map(|uri| format!("{uri}?stage=test"));
        integration(a)["integrationUri"] = json!(uri);
    }),
    row("every instance is unhealthy", CLOUD_MAP, "cloud-map-instances-unhealthy", |a| ill(a, 2)),
    row("one of two instances is unhealthy", CLOUD_MAP, "cloud-map-instances-unhealthy", |a| ill(a, 1))
        .likely(),
    row("the instances' group lets nothing in", CLOUD_MAP, "target-security-group-blocks", |a| {
        group(a, "sg-0target").inbound.clear();
    }),
];

/// A name, what it is in front of, and what is done to the account.
type Decoy = (&'static str, &'static [Front], fn(&mut Account));

/// Accounts with a fault that the failed request does not meet.
const DECOYS: &[Decoy] = &[
    ("nothing wrong", ANY, |_| {}),
    ("another route's link is gone", ANY, |a| {
        let mut other = integration(a).clone();
        other["connectionId"] = json!("gone99");
        let api = &mut a.http_apis[0];
        api.integrations.insert("int0002".to_owned(), other);
        api.routes.insert(0, ("GET /billing".to_owned(), "int0002".to_owned()));
    }),
    ("another link INACTIVE", ANY, |a| {
        let mut other = a.vpc_links_v2["v2link1"].clone();
        other.status = "INACTIVE".to_owned();
        a.vpc_links_v2.insert("v2link2".to_owned(), other);
    }),
    ("what is deployed agrees", ANY, |a| stage(a)["autoDeploy"] = json!(false)),
    ("another service has no instances", CLOUD_MAP, |a| {
        let mut other = a.services[0].clone();
        other.id = "srv-billing".to_owned();
        other.name = "billing".to_owned();
        other.instances.clear();
        a.services.insert(0, other);
    }),
    ("an instance without the attribute asked for is unhealthy", CLOUD_MAP, |a| {
        let uri = integration(a)["integrationUri"].as_str().map(|uri| format!("{uri}?stage=prod"));
        integration(a)["integrationUri"] = json!(uri);
        ill(a, 1);
        a.services[0].instances[0].attributes["stage"] = json!("test");
        let mut more = a.services[0].instances[1].clone();
        more.id = "three".to_owned();
        a.services[0].instances.push(more);
    }),
    ("a listener lets certificates through unverified", BALANCER, |a| {
        a.listener(8443).mutual_authentication = Some(json!({ "Mode": "passthrough" }));
    }),
    ("a group that no listener names is empty", BALANCER, |a| {
        let mut other = a.target_group("orders-blue").clone();
        other.arn = other.arn.replace("orders-blue", "orders-green");
        other.name = "orders-green".to_owned();
        other.targets.clear();
        a.target_groups.push(other);
    }),
];

fn integration(account: &mut Account) -> &mut Value {
    account.http_apis[0].integrations.get_mut("int0001").expect("the healthy account has it")
}

fn stage(account: &mut Account) -> &mut Value {
    account.http_apis[0].stages.get_mut("$default").expect("the healthy account has it")
}

fn group<'a>(account: &'a mut Account, id: &str) -> &'a mut crate::harness::ec2::SecurityGroup {
    account.security_groups.iter_mut().find(|group| group.id == id).expect("the healthy account has it")
}

fn ill(account: &mut Account, many: usize) {
    let instances = account.services[0].instances.iter_mut().take(many);
    instances.for_each(|instance| instance.health = "UNHEALTHY".to_owned());
}

fn undeployed(account: &mut Account) {
    stage(account)["autoDeploy"] = json!(false);
    let mut old = account.http_apis[0].export();
    for path in old["paths"].as_object_mut().expect("an export has paths").values_mut() {
        for verb in path.as_object_mut().expect("a path has verbs").values_mut() {
            verb["x-amazon-apigateway-integration"]["connectionId"] = json!("gone99");
        }
    }
    account.http_apis[0].deployed = Some(old);
}

/// The access line of one `GET /orders` that got no answer.
fn event() -> Value {
    let line = json!({
        "apiId": "a1b2c3d4e5", "stage": "$default", "requestId": "JKJaXmPLvHcESHA=", "extendedRequestId": "JKJaXmPLvHcESHA=",
        "httpMethod": "GET", "routeKey": "ANY /orders", "path": "/orders", "status": "503", "integrationStatus": "-",
        "integrationError": "-", "errorMessage": "Service Unavailable",
    });
    let at = walk::now().as_millisecond();
    event_of(&subscription_document_at("/aws/apigateway/orders", &[&line.to_string()], at))
}

/// Every row with what the real binary told of it.
pub(crate) fn told() -> Vec<(HttpRow, Front, LastAlert)> {
    let faults: Vec<(HttpRow, Front)> =
        ROWS.iter().flat_map(|row| row.of.iter().map(move |front| (*row, *front))).collect();
    let told = walk::side_by_side(&faults, |(row, front)| {
        walk::told_over(&Aws::start(row.account(*front)), &event())
    });
    faults.into_iter().zip(told).map(|((row, front), told)| (row, front, told)).collect()
}

#[test]
fn every_fault_of_an_http_api_is_the_verdict_and_the_only_one() {
    let wrong = told().into_iter().filter_map(|(row, front, told)| {
        let is_right = (told.code.as_deref(), told.tier.as_str()) == (Some(row.expect), row.tier);
        let also = |code: &&String| code.as_str() != row.expect && !row.brings.contains(&code.as_str());
        let alone = told.faulty.iter().filter(also).count() == 0;
        let kind = told.alert["api"]["kind"] == "http";
        let right = is_right && alone && kind;
        (!right)
            .then(|| format!("{} ({front:?}): expected {} {}, got {told}", row.name, row.tier, row.expect))
    });
    complain(&wrong.collect::<Vec<_>>());
}

#[test]
fn what_an_http_apis_request_does_not_meet_is_not_accused() {
    let decoys: Vec<_> =
        DECOYS.iter().flat_map(|decoy| decoy.1.iter().map(move |front| (decoy, *front))).collect();
    let wrong = walk::with_laptops(&decoys, |laptop, ((name, _, disguise), front)| {
        let mut account = front.healthy();
        disguise(&mut account);
        let told = laptop.told(&account, &event());
        (told.code.is_some() || !told.faulty.is_empty()).then(|| format!("{name} ({front:?}): {told}"))
    });
    complain(&wrong.into_iter().flatten().collect::<Vec<_>>());
}

#[test]
fn no_missing_permission_accuses_an_http_api_and_each_is_named() {
    let faults = ROWS.iter().flat_map(|row| row.of.iter().map(move |front| (row.name, row.account(*front))));
    let decoys = DECOYS.iter().flat_map(|(name, of, disguise)| {
        of.iter().map(move |front| {
            let mut account = front.healthy();
            disguise(&mut account);
            (*name, account)
        })
    });
    let cases: Vec<(&str, Account)> = faults.chain(decoys).collect();
    let wrong = walk::with_laptops(&cases, |laptop, (name, account)| {
        let (allowed, denied) = laptop.deny_each(account, &event());
        assert!(!denied.is_empty(), "{name}: nothing was asked for");
        let wrong = denied.iter().filter_map(|(action, told)| {
            Some(format!("{name} without {action}: {}", super::denied::wrong(false, &allowed, told, action)?))
        });
        wrong.collect::<Vec<_>>()
    });
    complain(&wrong.into_iter().flatten().collect::<Vec<_>>());
}
