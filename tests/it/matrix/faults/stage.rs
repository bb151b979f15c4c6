//! Faults of stage and integration: variables, dangling ids, what was never deployed.

use crate::harness::Account;
use crate::harness::apigateway::{Integration, Stage};
use crate::matrix::{BOTH, Row, V1, V2, integrations, log, readdress, row};

pub(crate) const ROWS: &[Row] = &[
    row("stage variable in the link id undefined", BOTH, "stage-variable-undefined", undefined_link),
    row(
        "stage variable in the link id undefined, link id refused",
        BOTH,
        "stage-variable-undefined",
        undefined_link,
    )
    .logged(log::LINK_ID),
    row("stage variable in the URI undefined", BOTH, "stage-variable-undefined", undefined_host),
    row("second stage variable of the URI undefined", BOTH, "stage-variable-undefined", half_defined),
    row("stage variable names a link that was deleted", BOTH, "vpc-link-id-dangling", dangling),
    row(
        "stage variable names a link that was deleted, link id refused",
        BOTH,
        "vpc-link-id-dangling",
        dangling,
    )
    .logged(log::LINK_ID),
    row("stage variable is part of a dangling link id", BOTH, "vpc-link-id-dangling", half_dangling),
    row("integration names a link that was deleted", BOTH, "vpc-link-missing", no_link),
    row("integration names a link that was deleted, link id refused", BOTH, "vpc-link-missing", no_link)
        .logged(log::LINK_ID),
    row("integration names a link that was deleted, link error", BOTH, "vpc-link-missing", no_link)
        .logged(log::LINK_ERROR),
    row("integration names a link that was deleted, timeout", BOTH, "vpc-link-missing", no_link)
        .logged(log::TIMEOUT)
        .likely(),
    row("method deleted", BOTH, "integration-missing", no_method),
    row("method without an integration", BOTH, "integration-missing", no_integration),
    row("new link configured, deleted one deployed", BOTH, "integration-not-deployed", link_not_deployed),
    row("new link configured, failed one deployed", V1, "integration-not-deployed", failed_link_deployed),
    row("port corrected, wrong one deployed", V1, "integration-not-deployed", port_not_deployed),
    row("new link configured, one to dead targets deployed", BOTH, "integration-not-deployed", |a| {
        link_to_elsewhere(a);
        super::targets::unhealthy(a);
    })
    .likely(),
    row("new link configured, nothing wrong with the deployed one", BOTH, "integration-not-deployed", |a| {
        link_to_elsewhere(a);
    })
    .likely(),
    row("host changed in vain, link FAILED", BOTH, "vpc-link-failed", |a| {
        deployed_before(a, "orders.internal.example", "orders.old.example");
        super::link::status(a, "FAILED");
    }),
    row("host changed in vain, targets unhealthy", BOTH, "targets-unhealthy", |a| {
        deployed_before(a, "orders.internal.example", "orders.old.example");
        super::targets::unhealthy(a);
    }),
    row(
        "stage variable in the URI's host undefined, address refused",
        BOTH,
        "stage-variable-undefined",
        undefined_host,
    )
    .logged(log::ADDRESS),
    row(
        "stage variable in the URI's port undefined, address refused",
        BOTH,
        "stage-variable-undefined",
        |a| {
            readdress(a, ":8443", ":${stageVariables.port}");
        },
    )
    .logged(log::ADDRESS),
    row(
        "stage variable in the URI's path undefined, address refused",
        BOTH,
        "stage-variable-undefined",
        |a| {
            readdress(a, "8443/orders", "8443/${stageVariables.base}");
        },
    )
    .logged(log::ADDRESS)
    .likely(),
    row("stage variable in a mock's template undefined", V1, "stage-variable-undefined", mocked)
        .logged(log::MOCK)
        .likely(),
    row("listener corrected, deleted one deployed", V2, "integration-not-deployed", listener_not_deployed),
];

/// The failed route is a mock whose status comes from a stage variable.
fn mocked(account: &mut Account) {
    let integration = account.integration("/orders", "GET");
    let template = r#"{"statusCode": $stageVariables.get('mockStatus')}"#.to_owned();
    *integration = Integration {
        kind: "MOCK".to_owned(),
        request_templates: [("application/json".to_owned(), template)].into(),
        ..Integration::default()
    };
}

fn stage(account: &mut Account) -> &mut Stage {
    account.rest_apis.values_mut().flat_map(|api| api.stages.values_mut()).next().expect("a stage")
}

fn define(account: &mut Account, name: &str, value: &str) {
    stage(account).variables.insert(name.to_owned(), value.to_owned());
}

pub(crate) fn link_by_variable(account: &mut Account, id: &str) {
    for integration in integrations(account) {
        integration.connection_id = Some("${stageVariables.vpcLinkId}".to_owned());
    }
    define(account, "vpcLinkId", id);
}

pub(crate) fn undefined_link(account: &mut Account) {
    link_by_variable(account, "unused");
    stage(account).variables.clear();
    define(account, "other", "abc123");
}

/// Both variables, of which the stage defines none.
pub(crate) fn undefined_link_and_host(account: &mut Account) {
    undefined_link(account);
    undefined_host(account);
}

fn undefined_host(account: &mut Account) {
    readdress(account, "orders.internal.example", "${stageVariables.host}");
}

fn half_defined(account: &mut Account) {
    readdress(account, "orders.internal.example:8443", "${stageVariables.host}:${stageVariables.port}");
    define(account, "host", "orders.internal.example");
}

pub(crate) fn dangling(account: &mut Account) {
    link_by_variable(account, "gone99");
}

fn half_dangling(account: &mut Account) {
    for integration in integrations(account) {
        integration.connection_id = Some("${stageVariables.color}99".to_owned());
    }
    define(account, "color", "gone");
}

pub(crate) fn no_link(account: &mut Account) {
    account.vpc_links.clear();
    account.vpc_links_v2.clear();
}

fn no_method(account: &mut Account) {
    for resource in account.rest_apis.values_mut().flat_map(|api| &mut api.resources) {
        resource.methods.clear();
    }
}

fn no_integration(account: &mut Account) {
    for resource in account.rest_apis.values_mut().flat_map(|api| &mut api.resources) {
        resource.methods.values_mut().for_each(|integration| *integration = None);
    }
}

/// What is configured now stays; the stage runs over what it was changed from.
pub(crate) fn deployed(account: &mut Account, before: impl FnOnce(&mut Account)) {
    let now = account.rest_apis.clone();
    before(account);
    for (id, api) in now {
        let was = account.rest_apis.insert(id.clone(), api).expect("the API is still there");
        account.rest_apis.get_mut(&id).expect("it was just put in").deployed = Some(was.resources);
    }
}

/// Another link is configured, of the same state; the stage still runs over the first one.
fn link_to_elsewhere(account: &mut Account) {
    let v1 = account.vpc_links.values().next().cloned();
    account.vpc_links.extend(v1.map(|link| ("new456".to_owned(), link)));
    let v2 = account.vpc_links_v2.values().next().cloned();
    account.vpc_links_v2.extend(v2.map(|link| ("new456".to_owned(), link)));
    deployed(account, |_| {});
    integrations(account).for_each(|integration| integration.connection_id = Some("new456".to_owned()));
}

/// The stage still runs over URIs with the second text in the place of the first.
fn deployed_before(account: &mut Account, now: &str, before: &str) {
    deployed(account, |account| readdress(account, now, before));
}

fn old_link(account: &mut Account) {
    integrations(account).for_each(|integration| integration.connection_id = Some("old123".to_owned()));
}

fn link_not_deployed(account: &mut Account) {
    deployed(account, old_link);
}

fn failed_link_deployed(account: &mut Account) {
    let mut failed = account.vpc_links["abc123"].clone();
    failed.status = "FAILED".to_owned();
    account.vpc_links.insert("old123".to_owned(), failed);
    deployed(account, old_link);
}

fn port_not_deployed(account: &mut Account) {
    deployed(account, |account| readdress(account, ":8443", ":9443"));
}

fn listener_not_deployed(account: &mut Account) {
    deployed(account, |account| {
        for integration in integrations(account) {
            let arn = integration.integration_target.as_mut().expect("a V2 integration names its listener");
            *arn = arn.replace("f2f7dc8efc522ab2", "0000000000000000");
        }
    });
}
