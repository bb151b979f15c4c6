//! Faults of the VPC link, of the endpoint service in front of the load balancer, and of API Gateway's connection to it.

use crate::harness::Account;
use crate::matrix::{BOTH, Row, V1, V2, log, row};

pub(crate) const LINKS: &[Row] = &[
    row("link FAILED", BOTH, "vpc-link-failed", |a| status(a, "FAILED")),
    row("link FAILED, link error", BOTH, "vpc-link-failed", |a| status(a, "FAILED")).logged(log::LINK_ERROR),
    row("link FAILED, link id refused", BOTH, "vpc-link-failed", |a| status(a, "FAILED"))
        .logged(log::LINK_ID),
    row("link FAILED, network error", BOTH, "vpc-link-failed", |a| status(a, "FAILED")).logged(log::NETWORK),
    row("link FAILED with a message", BOTH, "vpc-link-failed", failed_with_a_message),
    row("link failed, in lower case", BOTH, "vpc-link-failed", |a| status(a, "failed")),
    row("link PENDING", BOTH, "vpc-link-pending", |a| status(a, "PENDING")),
    row("link DELETING", BOTH, "vpc-link-deleting", |a| status(a, "DELETING")),
    row("link INACTIVE after 60 idle days", V2, "vpc-link-inactive", |a| status(a, "INACTIVE")),
    row("link of the stage variable FAILED", BOTH, "vpc-link-failed", failed_by_variable),
];

pub(crate) const SERVICES: &[Row] = &[
    row("endpoint service deleted", V1, "endpoint-service-missing", no_service),
    row("endpoint service of another load balancer alone", V1, "endpoint-service-missing", anothers_service),
    row("endpoint service Pending", V1, "endpoint-service-unavailable", |a| service(a, "Pending")),
    row("endpoint service Failed", V1, "endpoint-service-unavailable", |a| service(a, "Failed")),
    row("endpoint service Deleting", V1, "endpoint-service-unavailable", |a| service(a, "Deleting")),
    row("endpoint service Deleted", V1, "endpoint-service-unavailable", |a| service(a, "Deleted")),
    row("endpoint service failed, in lower case", V1, "endpoint-service-unavailable", |a| {
        service(a, "failed")
    }),
    row("endpoint connection rejected", V1, "endpoint-connection-rejected", |a| connection(a, "rejected")),
    row("endpoint connection Rejected", V1, "endpoint-connection-rejected", |a| connection(a, "Rejected")),
    row("endpoint connection pendingAcceptance", V1, "endpoint-connection-pending", |a| {
        connection(a, "pendingAcceptance");
    }),
    row("endpoint connection PendingAcceptance", V1, "endpoint-connection-pending", |a| {
        connection(a, "PendingAcceptance");
    }),
    row("endpoint connection pending", V1, "endpoint-connection-pending", |a| connection(a, "pending")),
    row("endpoint connection failed", V1, "endpoint-connection-failed", |a| connection(a, "failed")),
    row("endpoint connection Failed", V1, "endpoint-connection-failed", |a| connection(a, "Failed")),
    row("endpoint connection expired", V1, "endpoint-connection-expired", |a| connection(a, "expired")),
    row("endpoint connection Expired", V1, "endpoint-connection-expired", |a| connection(a, "Expired")),
    row("endpoint connection deleting", V1, "endpoint-connection-missing", |a| connection(a, "deleting")),
    row("endpoint connection deleted", V1, "endpoint-connection-missing", |a| connection(a, "deleted")),
    row("endpoint connection Deleted", V1, "endpoint-connection-missing", |a| connection(a, "Deleted")),
    row("endpoint connection gone", V1, "endpoint-connection-missing", |a| a.endpoint_connections.clear()),
    row("endpoint connection gone, a stranger's there", V1, "endpoint-connection-missing", a_strangers_alone)
        .likely(),
    row(
        "endpoint connection rejected, a stranger's there",
        V1,
        "endpoint-connection-rejected",
        rejected_beside,
    ),
];

pub(crate) fn status(account: &mut Account, status: &str) {
    account.vpc_links.values_mut().for_each(|link| link.status = status.to_owned());
    account.vpc_links_v2.values_mut().for_each(|link| link.status = status.to_owned());
}

fn failed_with_a_message(account: &mut Account) {
    status(account, "FAILED");
    let why = Some("NLB is already associated with another VPC Endpoint Service".to_owned());
    account.vpc_links.values_mut().for_each(|link| link.status_message.clone_from(&why));
    account.vpc_links_v2.values_mut().for_each(|link| link.status_message.clone_from(&why));
}

fn failed_by_variable(account: &mut Account) {
    let id = account.vpc_links.keys().chain(account.vpc_links_v2.keys()).next().expect("a link").clone();
    super::stage::link_by_variable(account, &id);
    status(account, "FAILED");
}

pub(crate) fn no_service(account: &mut Account) {
    account.endpoint_services.clear();
    account.endpoint_connections.clear();
}

fn anothers_service(account: &mut Account) {
    for service in &mut account.endpoint_services {
        service.load_balancers = vec![service.load_balancers[0].replace("orders-nlb", "billing-nlb")];
    }
}

fn service(account: &mut Account, state: &str) {
    account.endpoint_services.iter_mut().for_each(|service| service.state = state.to_owned());
}

pub(crate) fn connection(account: &mut Account, state: &str) {
    account.endpoint_connections.iter_mut().for_each(|connection| connection.state = state.to_owned());
}

fn a_strangers_alone(account: &mut Account) {
    account
        .endpoint_connections
        .iter_mut()
        .for_each(|connection| connection.owner = "444455556666".to_owned());
}

fn rejected_beside(account: &mut Account) {
    let mut strangers = account.endpoint_connections[0].clone();
    strangers.owner = "444455556666".to_owned();
    strangers.endpoint_id = "vpce-0000000000000aaaa".to_owned();
    connection(account, "rejected");
    account.endpoint_connections.insert(0, strangers);
}
