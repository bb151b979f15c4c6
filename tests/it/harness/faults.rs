//! What goes wrong on purpose, and the words each service has for it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::call::{Call, Protocol};
use super::wire::Reply;

/// What goes wrong at present. Operations are named `service:Operation`, `*` being any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    pub(crate) denied: BTreeSet<String>,
    pub(crate) throttled: BTreeMap<String, usize>,
    pub(crate) delayed: BTreeMap<String, Duration>,
    pub(crate) reset: BTreeSet<String>,
    pub(crate) garbled: BTreeSet<String>,
    pub(crate) failing: BTreeMap<String, (String, u16)>,
}

/// What happens to one call.
pub(crate) enum Fate {
    /// Nothing: it is answered.
    Answered,
    /// An error in place of the answer.
    Refused(Reply),
    /// A body that no parser takes.
    Garbled,
    /// The connection ends without an answer.
    Reset,
}

impl Faults {
    /// How long a call has to wait for whatever happens to it.
    pub(crate) fn delay(&self, call: &Call) -> Duration {
        keys(&call.name()).iter().find_map(|key| self.delayed.get(key).copied()).unwrap_or_default()
    }

    /// What happens to a call. Counts throttles down, so it is asked once a call.
    pub(crate) fn fate(&mut self, call: &Call) -> Fate {
        let keys = keys(&call.name());
        if !call.signed {
            return Fate::Refused(unsigned(call));
        }
        if keys.iter().any(|key| self.reset.contains(key)) {
            return Fate::Reset;
        }
        for key in &keys {
            if let Some(left @ 1..) = self.throttled.get_mut(key) {
                *left -= 1;
                return Fate::Refused(throttled(call));
            }
        }
        if self.denied.contains(&call.action()) {
            return Fate::Refused(denied(call));
        }
        if let Some((code, status)) = keys.iter().find_map(|key| self.failing.get(key)) {
            return Fate::Refused(Reply::error(*status, code, format!("{code}, as the test asked for")));
        }
        match keys.iter().any(|key| self.garbled.contains(key)) {
            true => Fate::Garbled,
            false => Fate::Answered,
        }
    }
}

fn keys(name: &str) -> [String; 2] {
    [name.to_owned(), "*".to_owned()]
}

/// The code and status with which a service says that the caller may not.
///
/// Source: the services' API references, "Common Errors"; EC2's is
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>
fn denied(call: &Call) -> Reply {
    let (status, code) = match call.service.as_str() {
        "apigateway" | "apigatewayv2" | "lambda" => (403, "AccessDeniedException"),
        "ec2" => (403, "UnauthorizedOperation"),
        "sns" => (403, "AuthorizationError"),
        "acm" | "logs" | "dynamodb" | "servicediscovery" => (400, "AccessDeniedException"),
        _ => (403, "AccessDenied"),
    };
    let message = match call.service.as_str() {
        "ec2" => format!("You are not authorized to perform this operation. {}", user(call)),
        _ => user(call),
    };
    Reply::error(status, code, message)
}

fn user(call: &Call) -> String {
    format!(
        "User: arn:aws:sts::111122223333:assumed-role/vpclink-responder/session is not authorized to perform: {} \
         because no identity-based policy allows the {} action",
        call.action(),
        call.action()
    )
}

/// The code and status with which a service says that it is asked too often.
fn throttled(call: &Call) -> Reply {
    let (status, code, message) = match call.service.as_str() {
        "apigateway" | "apigatewayv2" | "lambda" => (429, "TooManyRequestsException", "Too Many Requests"),
        "ec2" => (503, "RequestLimitExceeded", "Request limit exceeded."),
        "acm" | "logs" | "dynamodb" | "servicediscovery" => (400, "ThrottlingException", "Rate exceeded"),
        _ => (400, "Throttling", "Rate exceeded"),
    };
    Reply::error(status, code, message)
}

fn unsigned(call: &Call) -> Reply {
    let code = match call.protocol {
        Protocol::Query | Protocol::Ec2 => "MissingAuthenticationToken",
        Protocol::Json | Protocol::RestJson | Protocol::Cbor => "MissingAuthenticationTokenException",
    };
    Reply::error(403, code, "Request is missing Authentication Token")
}

/// What a service says to an operation that it, or this double, does not have.
pub(crate) fn unknown_operation(call: &Call) -> Reply {
    let (status, code) = match call.protocol {
        Protocol::Query | Protocol::Ec2 => (400, "InvalidAction"),
        Protocol::Json | Protocol::RestJson | Protocol::Cbor => (404, "UnknownOperationException"),
    };
    Reply::error(status, code, format!("The action {} is not valid for this web service.", call.name()))
}
