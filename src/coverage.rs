//! Room `coverage`.

mod gaps;
mod inventory;
pub mod pattern;
mod plan;
mod ports;
mod rate;
mod reconcile;
mod scope;

pub use gaps::{BlindSpot, Kind, blind_spots};
pub use inventory::{Inventory, InventoryStage, ScanDepth, Subscriber, scan};
pub use plan::{Change, MOST_FILTERS, SkipReason, change};
pub use ports::{Api, Apis, Call, Done, Filter, HttpApi, LogGroup, LogGroups, Refused};
pub use rate::RateLimiter;
pub use reconcile::{GroupStatus, Mode, ReconcileReport, Reconciler, StartAt};
pub use scope::Scope;
