//! Room `coverage`: which log groups are watched, and where a failure would leave no trace.
//!
//! [`change`] decides for one log group and [`blind_spots`] finds what is not watched; both are pure. [`Reconciler`] does what
//! was decided, slowly enough for the account's quotas, and [`scan`] reads stages and HTTP APIs.

mod gaps;
mod inventory;
mod plan;
mod reconcile;
mod sources;

pub use gaps::{BlindSpot, GapKind, blind_spots};
pub use inventory::{Inventory, InventoryStage, ProberPlace, ScanDepth, scan};
pub use plan::{Change, LONGEST_PATTERN, MOST_FILTERS, Scope, SkipReason, WIDE, WantedGroup, change, narrow};
pub use reconcile::{GroupStatus, Mode, RateLimiter, ReconcileReport, Reconciler, StartAt};
pub use sources::{FormatQuality, StageLog};
