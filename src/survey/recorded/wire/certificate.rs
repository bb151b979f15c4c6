//! How certificates are written. A certificate is public; keys are never read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::super::nouns::{AcmCertificate, ListenerCertificate, X509};
use super::Form;
use crate::vocabulary::Arn;

forms! {
    WireListenerCertificate is ListenerCertificate { arn: Arn, default: bool }
    WireAcmCertificate is AcmCertificate {
        kind: String,
        status: String,
        names: Vec<String>,
        issuer: Option<String>,
        not_before: Option<Timestamp>,
        not_after: Option<Timestamp>,
        renewal: Option<String>,
        renewal_reason: Option<String>,
    }
    WireX509 is X509 {
        subject: String,
        issuer: String,
        common_name: Option<String>,
        names: Vec<String>,
        addresses: Vec<String>,
        not_before: Timestamp,
        not_after: Timestamp,
    }
}
