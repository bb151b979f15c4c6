//! The catalogue: what the log text can prove, in the order in which causes are asked.
//!
//! One file a cause, named like its slug. The struct literal is the documentation: `vpclink causes`, `docs/causes.md` and
//! the alert print the same texts.

use crate::causes::{
    authorizer_failed, backend_error, certificate_expired, certificate_key_mismatch,
    certificate_name_mismatch, certificate_untrusted, endpoint_address_invalid, endpoint_not_tls,
    integration_role_not_assumable, integration_timeout, integration_unreachable, invalid_http_response,
    lambda_function_error, lambda_function_timeout, lambda_invocation_rejected, lambda_malformed_response,
    lambda_permission_missing, lambda_throttled, many_incidents, mapping_base64_failed,
    mapping_method_response_missing, mapping_no_match, mapping_request_failed, mapping_response_failed,
    network_error, response_too_large, target_reset, tls_handshake_failed, undecodable_batch,
    unrecognised_failure, vpc_link_error, vpc_link_id_invalid, waf_error,
};

use crate::causes::cause::Cause;
use crate::logs::AccessOutcome;

/// The cause that every fault along the private path explains.
pub static UNREACHABLE: &Cause = &integration_unreachable::CAUSE;

/// The cause of a payload that could not be read.
pub static UNDECODABLE: &Cause = &undecodable_batch::CAUSE;

/// A digest of incidents that are not published one by one.
pub static MANY_INCIDENTS: &Cause = &many_incidents::CAUSE;

/// All causes, in the order in which they win: the specific before the general, the last resort at the end.
pub static CATALOGUE: &[&Cause] = &[
    // An authorizer's failure repeats the words of what failed in it: it is asked before all others.
    &authorizer_failed::CAUSE,
    // Lambda's own refusals, before what API Gateway makes of them: a throttle was once logged as a malformed response.
    // The role and the permission name the fault; a refusal of Invoke only names a status. A timeout is a function error.
    &integration_role_not_assumable::CAUSE,
    &lambda_permission_missing::CAUSE,
    &lambda_throttled::CAUSE,
    &lambda_invocation_rejected::CAUSE,
    &lambda_function_timeout::CAUSE,
    &lambda_function_error::CAUSE,
    &lambda_malformed_response::CAUSE,
    // Certificates: dates before trust, both are PKIX texts.
    &certificate_expired::CAUSE,
    &certificate_key_mismatch::CAUSE,
    &certificate_name_mismatch::CAUSE,
    &certificate_untrusted::CAUSE,
    &endpoint_not_tls::CAUSE,
    // One text each.
    &endpoint_address_invalid::CAUSE,
    &integration_timeout::CAUSE,
    &integration_unreachable::CAUSE,
    &invalid_http_response::CAUSE,
    &mapping_base64_failed::CAUSE,
    &mapping_method_response_missing::CAUSE,
    &mapping_no_match::CAUSE,
    &mapping_request_failed::CAUSE,
    &mapping_response_failed::CAUSE,
    &network_error::CAUSE,
    &response_too_large::CAUSE,
    &target_reset::CAUSE,
    &vpc_link_error::CAUSE,
    &vpc_link_id_invalid::CAUSE,
    &waf_error::CAUSE,
    // Any other reason of TLS: recognised by words, which the texts above may quote from a backend.
    &tls_handshake_failed::CAUSE,
    // No text: nothing that failed in API Gateway, then everything that did.
    &backend_error::CAUSE,
    &undecodable_batch::CAUSE,
    &many_incidents::CAUSE,
    &unrecognised_failure::CAUSE,
];

/// The cause that the values of an access line prove, where it holds no sentence.
pub(super) fn of_outcome(outcome: AccessOutcome) -> &'static Cause {
    match outcome {
        AccessOutcome::Unreachable => &integration_unreachable::CAUSE,
        AccessOutcome::TimedOut => &integration_timeout::CAUSE,
        AccessOutcome::Broken => &network_error::CAUSE,
        AccessOutcome::BackendError => &backend_error::CAUSE,
        AccessOutcome::LambdaThrottled => &lambda_throttled::CAUSE,
        AccessOutcome::LambdaRejected => &lambda_invocation_rejected::CAUSE,
        AccessOutcome::AuthorizerFailed => &authorizer_failed::CAUSE,
    }
}

impl Cause {
    /// The entry of this slug.
    pub fn of_slug(slug: &str) -> Option<&'static Self> {
        CATALOGUE.iter().find(|cause| cause.slug == slug).copied()
    }

    /// The cause that takes every failure that no other knows.
    pub fn last_resort() -> &'static Self {
        &unrecognised_failure::CAUSE
    }

    /// Whether it takes every failure that no other cause knows.
    pub fn is_last_resort(&self) -> bool {
        self.slug == unrecognised_failure::CAUSE.slug
    }
}

/// Causes that the access log of an HTTP API can show; it writes no execution log, and for a private backend it seldom holds
/// more than a pair of statuses.
static OF_HTTP_APIS: &[&Cause] = &[
    &authorizer_failed::CAUSE,
    &backend_error::CAUSE,
    &integration_role_not_assumable::CAUSE,
    &integration_timeout::CAUSE,
    &integration_unreachable::CAUSE,
    &lambda_function_error::CAUSE,
    &lambda_function_timeout::CAUSE,
    &lambda_invocation_rejected::CAUSE,
    &lambda_permission_missing::CAUSE,
    &lambda_throttled::CAUSE,
    &network_error::CAUSE,
    &unrecognised_failure::CAUSE,
];

/// Which kinds of API a cause occurs in, and which of their logs shows it.
pub fn occurs_in(cause: &Cause) -> &'static str {
    let is = |one: &&Cause| std::ptr::eq(*one, cause);
    if is(&UNDECODABLE) || is(&MANY_INCIDENTS) {
        "in no API: this program itself reports it"
    } else if OF_HTTP_APIS.iter().any(is) {
        "in REST APIs, by execution or access log, and in HTTP APIs, by access log"
    } else {
        "in REST APIs, by execution or access log"
    }
}
