//! How log lines are written.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::aws::model::LoggedLine;
use crate::aws::wire::Form;

forms! {
    WireLoggedLine is LoggedLine { at: Option<Timestamp>, message: String }
}
