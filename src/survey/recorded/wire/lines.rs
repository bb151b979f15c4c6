//! How log lines are written.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::super::nouns::LoggedLine;
use super::Form;

forms! {
    WireLoggedLine is LoggedLine { at: Option<Timestamp>, message: String }
}
