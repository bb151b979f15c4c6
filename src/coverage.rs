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
pub use inventory::{Depth, Seen, SeenStage, Subscriber, look};
pub use plan::{Leave, MOST_FILTERS, Step, step};
pub use ports::{Api, Apis, Call, Done, Filter, HttpApi, LogGroup, LogGroups, Refused};
pub use rate::Pace;
pub use reconcile::{Begin, Mode, Round, Standing, Upkeep};
pub use scope::Scope;
