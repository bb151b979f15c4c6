//! Room `aws`: what can be read of an account, and who answers.

#[macro_use]
mod queries;
mod accounts;
mod cached;
#[cfg(feature = "live")]
pub mod live;
mod load_balancing;
mod log_groups;
pub mod model;
mod reading;
pub mod recorded;
mod subjects;
mod vpc;

pub use accounts::{Account, Accounts, Answered, Open};
pub use cached::CachedAccount;
pub use log_groups::{
    Apis, CallError, Filter, HttpApi, ListedApi, ListedStage, LogDelivery, LogGroup, LogGroups, Page,
    Stretch, Subscription,
};
pub use queries::{Answer, CoverageCall, Query, QueryKind};
pub use reading::{NotRead, ReadError, Reading};
pub use subjects::ProbeOf;
