//! The list of causes and checks in AWS's article on 500 errors of VPC links, each line by its name.
//!
//! Source: <https://repost.aws/knowledge-center/api-gateway-500-error-vpc>

use super::{Generation, told};

/// The rows of this name were told as this code, over every generation that has the fault.
#[track_caller]
fn check(row: &str, code: &str, on: &[Generation]) {
    let told: Vec<_> = told().iter().filter(|(fault, _)| fault.row.name == row).collect();
    let generations: Vec<Generation> = told.iter().map(|(fault, _)| fault.on).collect();
    assert_eq!(generations, on, "{row}");
    for (fault, told) in told {
        assert_eq!(told.code.as_deref(), Some(code), "{}: {told}", fault.label());
    }
}

use super::{BOTH, V1, V2};

#[test]
fn the_vpc_link_is_in_the_state_failed() {
    check("link FAILED", "vpc-link-failed", BOTH);
}

#[test]
fn the_endpoint_service_was_deleted() {
    check("endpoint service deleted", "endpoint-service-missing", V1);
}

#[test]
fn the_endpoint_connection_was_rejected() {
    check("endpoint connection Rejected", "endpoint-connection-rejected", V1);
}

#[test]
fn the_registered_target_is_unhealthy() {
    check("targets fail their health checks", "targets-unhealthy", BOTH);
}

#[test]
fn the_registered_target_is_not_in_use() {
    check("target group in use by no listener", "target-group-unused", BOTH);
}

#[test]
fn the_vpc_link_is_inactive_after_sixty_days() {
    check("link INACTIVE after 60 idle days", "vpc-link-inactive", V2);
}

#[test]
fn the_load_balancer_of_the_vpc_link_was_deleted() {
    check("load balancer deleted", "load-balancer-missing", BOTH);
    check("load balancer deleted with its endpoint service", "endpoint-service-missing", V1);
}

#[test]
fn the_vpc_link_is_not_available() {
    check("link PENDING", "vpc-link-pending", BOTH);
    check("link DELETING", "vpc-link-deleting", BOTH);
}

#[test]
fn the_integration_was_changed_and_not_deployed() {
    check("new link configured, deleted one deployed", "integration-not-deployed", BOTH);
}

#[test]
fn the_endpoint_connection_is_not_available() {
    check("endpoint connection pendingAcceptance", "endpoint-connection-pending", V1);
    check("endpoint connection expired", "endpoint-connection-expired", V1);
    check("endpoint connection gone", "endpoint-connection-missing", V1);
}

#[test]
fn the_stage_variable_names_a_wrong_vpc_link() {
    check("stage variable names a link that was deleted", "vpc-link-id-dangling", BOTH);
}

#[test]
fn the_load_balancer_does_not_listen_on_the_port() {
    check("listener on another port", "listener-missing", V1);
    check("named load balancer listens on another port", "listener-missing", V2);
    check("named listener deleted", "listener-missing", V2);
}

#[test]
fn the_target_does_not_listen_on_the_targets_port() {
    check("targets time out", "targets-unhealthy", BOTH);
}

#[test]
fn targets_reset_connections() {
    check("targets fail their health checks, reset", "targets-unhealthy", BOTH);
}

#[test]
fn the_load_balancer_encrypts_where_it_must_not() {
    check("http towards an HTTPS listener, not HTTP", "listener-protocol-mismatch", V2);
}

#[test]
fn security_groups_do_not_allow_the_traffic() {
    check("target's security group opens another port", "target-security-group-blocks", BOTH);
    check("load balancer's security group opens another port", "load-balancer-security-group-blocks", V2);
    check("link's security group lets another port out", "vpc-link-security-group-blocks", V2);
}

#[test]
fn the_network_acl_blocks_the_request() {
    check("targets' network ACL denies the port", "network-acl-blocks-request", BOTH);
}

#[test]
fn the_network_acl_blocks_the_answer() {
    check("targets' network ACL denies answers", "network-acl-blocks-response", BOTH);
}

#[test]
fn the_certificate_does_not_match_the_domain_name() {
    check("certificate of another name", "listener-certificate-name-mismatch", BOTH);
}

#[test]
fn the_root_authority_of_the_certificate_is_not_found() {
    check("certificate of a private authority", "listener-certificate-untrusted", BOTH);
}

#[test]
fn the_certificate_is_expired() {
    check("certificate expired", "listener-certificate-expired", BOTH);
}

#[test]
fn the_idle_timeout_of_the_target_is_shorter_than_the_load_balancers() {
    check("idle timeout longer than targets track", "idle-timeout-mismatch", V1);
    check("resets by targets rising", "target-resets-rising", V1);
}

#[test]
fn the_backend_answers_with_something_that_is_not_http() {
    check("proxy protocol before HTTP", "proxy-protocol-enabled", V1);
}
