//! What stands in for the cloud in tests: AWS's APIs over an account model, and Lambda's Runtime API, both on loopback.
//!
//! Real clients talk to real sockets in AWS's own wire formats; only the other end is ours.
//!
//! ```ignore
//! let aws = Aws::start(Account::healthy_v1());
//! aws.change(|account| account.target_group("orders-blue").targets[0].fails("Target.Timeout", "Request timed out"));
//! aws.deny("ec2:DescribeVpcEndpointConnections");
//! let mut lambda = Function::new(env!("CARGO_BIN_EXE_vpclink-lambda")).calling(&aws).env("TOPIC_ARN", "…").start();
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

pub use account::ASSUMED;
pub use account::Account;
pub use account::acm;
pub use account::apigateway;
pub use account::cloudwatch;
pub use account::ec2;
pub use account::elbv2;
#[cfg(feature = "probe")]
pub use account::lambda::Prober;
pub use account::logs;
pub use account::servicediscovery;
pub use account::sns;
pub use aws::Aws;
pub use aws::Published;
pub use call::Call;
pub use call::Protocol;
pub use events::event_of;
pub use events::kinesis_event;
pub use events::subscription_document;
pub use events::subscription_document_at;
pub use events::subscription_event;
pub use lambda::Function;
pub use lambda::Lambda;
pub use lambda::Outcome;
pub use lambda::Start;
