//! What stands in for the cloud in tests: AWS's APIs over an account model, and Lambda's Runtime API, both on loopback.
//!
//! Real clients talk to real sockets in AWS's own wire formats; only the other end is ours.

mod account;
mod aws;
mod call;
mod events;
mod faults;
pub mod http;
mod lambda;
pub mod wire;

pub use account::{Account, acm, apigateway, cloudwatch, ec2, elbv2, logs, sns};
pub use aws::{Aws, Published};
pub use call::{Call, Protocol};
pub use events::{kinesis_event, subscription_document, subscription_event};
pub use lambda::{Function, Lambda, Outcome, Start};
