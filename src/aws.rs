//! Room `aws`: what can be read of an account, and who answers.

#[macro_use]
mod queries;
mod account;
mod accounts;
pub mod authorities;
mod cached;
pub mod history;
#[cfg(feature = "live")]
pub mod live;
mod log_groups;
pub mod model;
mod reading;
pub mod recorded;
mod recorded_private;

pub use account::{Account, Answered};
pub use accounts::{Accounts, Open};
pub use cached::CachedAccount;
pub use log_groups::{
    Apis, CallError, CoverageCall, Filter, HttpApi, ListedApi, LogGroup, LogGroups, Subscription,
};
pub use queries::{Answer, Query, QueryKind};
pub use reading::{NotRead, ReadError, Reading};
