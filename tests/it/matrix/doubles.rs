//! Two faults at once: the one nearer the client is the verdict, the other is listed.

use super::faults::{balancer, beside, link, network, stage, targets};
use super::{BOTH, Break, Generation, V1, V2, complain, log, walk};
use crate::harness::Account;

type Named = (&'static str, Break);

const UNDEFINED: Named = ("stage-variable-undefined", stage::undefined_link_and_host);
const LINK_FAILED: Named = ("vpc-link-failed", |a| link::status(a, "FAILED"));
const LINK_INACTIVE: Named = ("vpc-link-inactive", |a| link::status(a, "INACTIVE"));
const NO_SERVICE: Named = ("endpoint-service-missing", link::no_service);
const REJECTED: Named = ("endpoint-connection-rejected", |a| link::connection(a, "rejected"));
const EXPIRED: Named = ("endpoint-connection-expired", |a| link::connection(a, "expired"));
const BALANCER_FAILED: Named = ("load-balancer-failed", |a| balancer::state(a, "failed"));
const PROVISIONING: Named = ("load-balancer-provisioning", |a| balancer::state(a, "provisioning"));
const NO_LISTENER: Named = ("listener-missing", |a| a.listeners.clear());
const OTHER_PORT: Named = ("listener-missing", |a| a.listener(8443).port = 9443);
const NOWHERE: Named = ("listener-forwards-nowhere", balancer::weightless);
const EMPTY: Named = ("target-group-empty", targets::empty);
const UNHEALTHY: Named = ("targets-unhealthy", targets::unhealthy);
const UNUSED: Named = ("targets-unused", |a| targets::all(a, "unused", Some("Target.InvalidState")));
const DRAINING: Named = ("targets-draining", |a| targets::all(a, "draining", None));

const TRAPPED: Named = ("target-security-group-blocks", |a| {
    network::group(a, network::TARGETS).inbound = vec![network::tcp_from(8080, network::BALANCER)];
});
const LINK_CLOSED: Named =
    ("vpc-link-security-group-blocks", |a| network::group(a, "sg-0link").outbound.clear());
const BALANCER_CLOSED: Named =
    ("load-balancer-security-group-blocks", |a| network::group(a, network::BALANCER).inbound.clear());
const EXPIRED_CERTIFICATE: Named = ("listener-certificate-expired", beside::expired);

/// The nearer one first.
const DOUBLES: &[(Named, Named, &[Generation])] = &[
    (UNDEFINED, ("stage-variable-undefined", stage::undefined_link), BOTH),
    (LINK_FAILED, UNHEALTHY, BOTH),
    (LINK_FAILED, NO_LISTENER, BOTH),
    (LINK_INACTIVE, EMPTY, V2),
    (LINK_FAILED, NO_SERVICE, V1),
    (NO_SERVICE, BALANCER_FAILED, V1),
    (NO_SERVICE, UNHEALTHY, V1),
    (REJECTED, OTHER_PORT, V1),
    (REJECTED, UNHEALTHY, V1),
    (EXPIRED, EMPTY, V1),
    (BALANCER_FAILED, NO_LISTENER, BOTH),
    (PROVISIONING, DRAINING, BOTH),
    (PROVISIONING, UNUSED, BOTH),
    (BALANCER_FAILED, NOWHERE, BOTH),
    (REJECTED, NOWHERE, V1),
    (LINK_FAILED, BALANCER_FAILED, BOTH),
    (LINK_FAILED, TRAPPED, V1),
    (REJECTED, TRAPPED, V1),
    (LINK_CLOSED, EMPTY, V2),
    (LINK_CLOSED, UNHEALTHY, V2),
    (BALANCER_CLOSED, UNHEALTHY, V2),
    (BALANCER_FAILED, EXPIRED_CERTIFICATE, BOTH),
];

/// Each pair with its account: the label, the nearer code, the other one.
pub(crate) fn accounts() -> Vec<(String, &'static str, &'static str, Account)> {
    let of_pair = |((near, break_near), (far, break_far), on): &(Named, Named, &'static [Generation])| {
        let (near, far, break_near, break_far) = (*near, *far, *break_near, *break_far);
        on.iter().map(move |on| {
            let mut account = on.healthy();
            break_far(&mut account);
            break_near(&mut account);
            (format!("{near} + {far} ({on:?})"), near, far, account)
        })
    };
    DOUBLES.iter().flat_map(of_pair).collect()
}

#[test]
fn of_two_faults_the_nearer_is_the_verdict_and_the_other_is_listed() {
    let accounts = accounts();
    assert!(DOUBLES.len() >= 12, "{} pairs", DOUBLES.len());
    let wrong = walk::side_by_side(&accounts, |(label, near, far, account)| {
        let told = walk::responder(account.clone(), log::UNREACHABLE);
        let right = told.code.as_deref() == Some(near) && told.faulty.contains(*far);
        (!right).then(|| format!("{label}: {told}"))
    });
    complain(&wrong.into_iter().flatten().collect::<Vec<_>>());
}
