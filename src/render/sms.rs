//! The text message: what and where, in 140 characters.

use super::brief::Brief;
use super::escape;

pub(super) fn body(brief: &Brief<'_>) -> String {
    let status = brief.alert.status.as_str().to_uppercase();
    escape::sms(&format!("{status} {}: {}", brief.headline, brief.fault))
}
