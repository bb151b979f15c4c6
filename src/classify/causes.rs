//! The catalogue: what the log text can prove, in the order in which causes are asked.
//!
//! One file a cause, named like its slug. The struct literal is the documentation: `vpclink causes`, `docs/causes.md` and
//! the alert print the same texts.

mod authorizer_failed;
mod backend_error;
mod certificate_expired;
mod certificate_key_mismatch;
mod certificate_name_mismatch;
mod certificate_untrusted;
mod commands;
mod endpoint_address_invalid;
mod endpoint_not_tls;
mod integration_role_not_assumable;
mod integration_timeout;
mod integration_unreachable;
mod invalid_http_response;
mod lambda_function_error;
mod lambda_function_timeout;
mod lambda_invocation_rejected;
mod lambda_malformed_response;
mod lambda_permission_missing;
mod lambda_throttled;
mod mapping_base64_failed;
mod mapping_method_response_missing;
mod mapping_no_match;
mod mapping_request_failed;
mod mapping_response_failed;
mod network_error;
mod recognise;
mod response_too_large;
mod target_reset;
mod tls_handshake_failed;
mod undecodable_batch;
mod unrecognised_failure;
mod vpc_link_error;
mod vpc_link_id_invalid;
mod waf_error;

use crate::correlate::Execution;
use crate::vocabulary::Severity;

/// One catalogue entry.
#[derive(Debug)]
pub struct Cause {
    /// The word on the screen, the file name and the documentation's anchor.
    pub slug: &'static str,
    /// What happened, in half a sentence: "API Gateway could not reach the backend".
    pub title: &'static str,
    /// How soon somebody has to look, as far as the text alone tells.
    pub severity: Severity,
    /// Which findings can explain it.
    pub family: Family,
    /// Finds the line that proves it; `None` where the execution shows no such line.
    pub recognise: fn(&Execution<'_>) -> Option<Sighting>,
    /// What the text looks like, for people: the sentence API Gateway writes.
    pub text: &'static str,
    /// What happened to the request.
    pub happened: &'static str,
    /// Why such a thing happens.
    pub why: &'static str,
    /// Whose move it is.
    pub side: Side,
    /// What to do, in order. `{placeholders}` are filled from what is known of the failure; see [`PLACEHOLDERS`].
    pub next_steps: &'static [NextStep],
    /// Pages that say more, each a URL.
    pub references: &'static [&'static str],
}

/// One thing to do.
#[derive(Clone, Copy, Debug)]
pub struct NextStep {
    /// An imperative sentence.
    pub what: &'static str,
    /// A command that does it or shows it; never one that destroys.
    pub command: Option<&'static str>,
    /// A command that proves that it worked.
    pub verify: Option<&'static str>,
}

/// What a next step may name; an unknown one is printed as its name in capitals.
pub const PLACEHOLDERS: [&str; 16] = [
    "account",
    "api",
    "endpoint_service",
    "host",
    "link",
    "listener",
    "load_balancer",
    "log_group",
    "method",
    "path",
    "port",
    "region",
    "request_id",
    "resource_id",
    "stage",
    "target_group",
];

/// Which live findings can explain a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Faults on the way: link, endpoint service, load balancer, listener, targets, network.
    Path,
    /// The link's id: which link the integration names, and whether it exists.
    LinkId,
    /// Certificates and the protocol of listeners.
    Tls,
    /// Resets, idle timeouts, targets.
    Reset,
    /// Protocols and proxy protocol.
    Protocol,
    /// Any fault, none of them for sure: the text does not tell.
    Any,
    /// Nothing along a private path: the fault is Lambda's, a mapping's, a policy's.
    Elsewhere,
}

/// Whose move it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Whoever runs the network between API Gateway and the backend.
    Platform,
    /// Whoever owns the backend.
    Backend,
    /// Whoever configured the API.
    Api,
    /// AWS.
    Aws,
    /// The text does not tell.
    Undecided,
}

impl Side {
    /// The words that end "this is a matter of …".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Platform => "the network path between API Gateway and the backend",
            Self::Backend => "the backend",
            Self::Api => "the API's own configuration",
            Self::Aws => "AWS",
            Self::Undecided => "either side; the text alone does not tell",
        }
    }
}

/// Where a cause was seen: indexes into the execution's entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The line that proves it.
    pub line: usize,
    /// Lines that add to the proof.
    pub also: Vec<usize>,
}

impl Sighting {
    /// A sighting in one line.
    pub fn at(line: usize) -> Self {
        Self { line, also: Vec::new() }
    }
}

/// The cause that every fault along the private path explains.
pub static UNREACHABLE: &Cause = &integration_unreachable::CAUSE;

/// The cause of a payload that nobody could read.
pub static UNDECODABLE: &Cause = &undecodable_batch::CAUSE;

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
    &unrecognised_failure::CAUSE,
];

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
