//! Room `aws`.

#[macro_use]
mod wire;
mod account;
mod accounts;
mod cached;
pub mod history;
#[cfg(feature = "live")]
pub mod live;
pub mod model;
mod queries;
mod reading;
pub mod recorded;
mod recorded_private;
mod unsaid;
mod wire_certificate;
mod wire_lines;
mod wire_metric;
mod wire_network;

pub use account::{Account, Asked};
pub use accounts::{Accounts, Open};
pub use cached::CachedAccount;
pub use queries::{Answer, FromAnswer, Query};
pub use reading::{NotRead, ReadError, Reading};
