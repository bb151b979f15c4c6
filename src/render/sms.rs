//! The text message: what and where, in 140 characters.

use super::brief::Brief;
use super::{escape, headline};

pub(super) fn body(brief: &Brief<'_>) -> String {
    let status = brief.alert.status.as_str().to_uppercase();
    escape::sms(&brief.sentence(&format!("{status} {}", headline::short(brief.alert))))
}
