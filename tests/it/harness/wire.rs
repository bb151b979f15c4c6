//! An answer as AWS names its members, put on the wire as each protocol wants it.

pub mod cbor;
pub mod xml;

use serde_json::{Value, json};

use super::call::{Call, Protocol};
use super::http::Response;

/// What an account says to a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// The output's members, named as in the service's API reference.
    Answer(Value),
    /// An error with the service's own code and status.
    Error(Fault),
}

/// An error as AWS gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The code on the wire (`LoadBalancerNotFound`), which is not always the shape's name.
    pub code: String,
    /// The HTTP status.
    pub status: u16,
    /// The text.
    pub message: String,
}

impl Reply {
    /// An error.
    pub fn error(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self::Error(Fault { code: code.to_owned(), status, message: message.into() })
    }
}

/// The response to a call.
pub fn encode(call: &Call, reply: &Reply, request_id: &str) -> Response {
    let response = match reply {
        Reply::Answer(value) => answer(call, value, request_id),
        Reply::Error(fault) => error(call, fault, request_id),
    };
    let response = if call.protocol == Protocol::Cbor {
        response.with("smithy-protocol", "rpc-v2-cbor")
    } else {
        response
    };
    response.with("x-amzn-requestid", request_id)
}

fn answer(call: &Call, value: &Value, request_id: &str) -> Response {
    match call.protocol {
        Protocol::Query => Response::new(200, "text/xml", xml::query(call, value, request_id)),
        Protocol::Ec2 => Response::new(200, "text/xml;charset=UTF-8", xml::ec2(call, value, request_id)),
        Protocol::Json => Response::new(200, "application/x-amz-json-1.1", value.to_string()),
        Protocol::RestJson => Response::new(200, "application/json", value.to_string()),
        Protocol::Cbor => Response::new(200, "application/cbor", cbor::encode(value)),
    }
}

fn error(call: &Call, fault: &Fault, request_id: &str) -> Response {
    let Fault { code, status, message } = fault;
    let typed = |content, body: String| Response::new(*status, content, body).with("x-amzn-errortype", code);
    match call.protocol {
        Protocol::Query => Response::new(*status, "text/xml", xml::query_error(call, fault, request_id)),
        Protocol::Ec2 => Response::new(*status, "text/xml;charset=UTF-8", xml::ec2_error(fault, request_id)),
        Protocol::Json => {
            let body = json!({ "__type": code, "message": message });
            typed("application/x-amz-json-1.1", body.to_string())
        }
        Protocol::RestJson => typed("application/json", json!({ "message": message }).to_string()),
        Protocol::Cbor => {
            let kind = format!("com.amazonaws.{}#{code}", call.service);
            let body = cbor::encode(&json!({ "__type": kind, "message": message }));
            let side = if *status < 500 { "Sender" } else { "Receiver" };
            Response::new(*status, "application/cbor", body)
                .with("x-amzn-query-error", format!("{code};{side}"))
        }
    }
}
