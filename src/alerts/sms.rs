//! The text message: what and where, in 140 characters.

use crate::alerts::{escape, headline};

use crate::alerts::report::Report;

pub(crate) fn body(brief: &Report<'_>) -> String {
    let status = brief.alert.status.as_str().to_uppercase();
    escape::sms(&brief.sentence(&format!("{status} {}", headline::short(brief.alert))))
}
