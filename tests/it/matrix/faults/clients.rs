//! Faults of client certificates: what the stage presents to a listener that verifies its clients.

use serde_json::json;

use super::{answered, beside};
use crate::harness::Account;
use crate::harness::acm::Certificate;
use crate::matrix::{BOTH, Row, V1, log, row};

pub(crate) const ROWS: &[Row] = &[
    row(
        "a listener verifies clients, the stage has no certificate",
        BOTH,
        "client-certificate-missing",
        |a| {
            verify(a, 8443);
        },
    )
    .logged(log::HANDSHAKE),
    row(
        "a listener verifies clients, and the text does not speak of TLS",
        BOTH,
        "client-certificate-missing",
        |a| {
            verify(a, 8443);
        },
    )
    .likely(),
    row("the listener behind both balancers verifies clients", V1, "client-certificate-missing", |a| {
        let port = answered::balanced(a);
        verify(a, port);
    })
    .logged(log::HANDSHAKE),
    row("the generated client certificate has expired", BOTH, "client-certificate-expired", |a| {
        verify(a, 8443);
        generated(a, beside::minutes_ago(90));
    })
    .logged(log::HANDSHAKE),
    row("the client certificate in ACM has expired", BOTH, "client-certificate-expired", |a| {
        verify(a, 8443);
        in_acm(a, "EXPIRED", beside::minutes_ago(90));
    })
    .logged(log::HANDSHAKE),
    row("the client certificate in ACM is revoked", BOTH, "client-certificate-expired", |a| {
        verify(a, 8443);
        in_acm(a, "REVOKED", beside::minutes_ago(-60 * 24 * 300));
    })
    .logged(log::HANDSHAKE),
];

/// The listener lets no client in without a certificate.
pub(crate) fn verify(account: &mut Account, port: u16) {
    account.listener(port).mutual_authentication = Some(json!({
        "Mode": "verify",
        "TrustStoreArn": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:truststore/orders/0123456789abcdef",
        "IgnoreClientCertificateExpiry": false,
    }));
}

/// The stage presents a certificate that API Gateway generated and that ends then.
pub(crate) fn generated(account: &mut Account, end: i64) {
    account.client_certificates.insert("a1b2c3".to_owned(), end);
    present(account, "a1b2c3");
}

fn in_acm(account: &mut Account, status: &str, end: i64) {
    let arn = account.arn("acm", "certificate/0a1b2c3d-0000-4000-8000-00000000c11e");
    let own = Certificate {
        arn: arn.clone(),
        status: status.to_owned(),
        not_after: end,
        ..account.certificates[0].clone()
    };
    account.certificates.push(own);
    present(account, &arn);
}

fn present(account: &mut Account, id: &str) {
    for stage in account.rest_apis.values_mut().flat_map(|api| api.stages.values_mut()) {
        stage.client_certificate = Some(id.to_owned());
    }
}
