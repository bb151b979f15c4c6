//! How metrics are written.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::aws::model::{Point, Series};
use crate::aws::wire::Form;
use crate::ids::Arn;

forms! {
    WireSeries is Series { name: String, target_group: Option<Arn>, points: Vec<Point> }
    WirePoint is Point { at: Timestamp, count: u64 }
}
