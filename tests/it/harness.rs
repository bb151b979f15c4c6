//! What stands in for the cloud in tests: AWS's APIs over an account model, and Lambda's Runtime API, both on loopback.
//!
//! Real clients talk to real sockets in AWS's own wire formats; only the other end is ours.
//!
//! ```ignore
//! let aws = Aws::start(Account::healthy_v1());
//! aws.change(|account| account.target_group("orders-blue").targets[0].fails("Target.Timeout", "Request timed out"));
//! aws.deny("ec2:DescribeVpcEndpointConnections");
//! let mut lambda = Function::new(env!("CARGO_BIN_EXE_responder")).calling(&aws).env("TOPIC_ARN", "…").start();
//! let outcome = lambda.invoke(&subscription_event("API-Gateway-Execution-Logs_a1b2c3d4e5/prod", &lines));
//! assert_eq!(aws.published().len(), 1);
//! assert!(!lambda.stop().contains("payload"));
//! ```

mod account;
mod aws;
mod call;
mod events;
mod faults;
pub mod http;
mod lambda;
pub mod wire;

pub use account::{ASSUMED, Account, acm, apigateway, cloudwatch, ec2, elbv2, logs, sns};
pub use aws::{Aws, Published};
pub use call::{Call, Protocol};
pub use events::{
    event_of, kinesis_event, subscription_document, subscription_document_at, subscription_event,
};
pub use lambda::{Function, Lambda, Outcome, Start};
