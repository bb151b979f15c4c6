//! How metrics are written.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::super::nouns::{Point, Series};
use super::Form;
use crate::vocabulary::Arn;

forms! {
    WireSeries is Series { name: String, target_group: Option<Arn>, points: Vec<Point> }
    WirePoint is Point { at: Timestamp, count: u64 }
}
