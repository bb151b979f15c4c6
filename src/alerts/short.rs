//! The two shortest forms: the subject of an e-mail, and the text message.

use crate::alerts::report::Report;
use crate::alerts::{escape, words};

/// Status, severity and incident first, so that a mailbox sorts by them and a search finds all of one.
pub(crate) fn subject(report: &Report<'_>) -> String {
    let alert = report.alert;
    let (status, severity) = (alert.status.as_str(), words::severity(alert).as_str());
    let mark = format!("[{status}/{severity} {}]", words::short_id(alert));
    escape::subject(&words::sentence(alert, &format!("{mark} {}", words::short(alert))))
}

/// What and where, in 140 characters.
pub(crate) fn sms(report: &Report<'_>) -> String {
    let alert = report.alert;
    let status = alert.status.as_str().to_uppercase();
    escape::sms(&words::sentence(alert, &format!("{status} {}", words::short(alert))))
}
