//! How certificates are written. A certificate is public; keys are never read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::aws::model::{AcmCertificate, ListenerCertificate, X509};
use crate::aws::wire::Form;
use crate::ids::Arn;

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
