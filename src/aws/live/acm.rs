//! AWS Certificate Manager: what it says of a certificate, and the certificate with those above it. Never a key.

use crate::aws::live::x509;

use aws_sdk_acm::Client;
use aws_sdk_acm::types::CertificateDetail;
use aws_smithy_types::DateTime;
use aws_types::SdkConfig;
use jiff::Timestamp;

use crate::aws::live::errors::{holding, outcome};
use crate::aws::model::{AcmCertificate, X509};
use crate::aws::reading::ReadError;
use crate::ids::Arn;

const ABSENT: [&str; 1] = ["ResourceNotFoundException"];

/// Reads from ACM.
pub(crate) struct Adapter {
    client: Client,
}

impl Adapter {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    pub(crate) async fn certificate(&self, arn: &Arn) -> Result<Option<AcmCertificate>, ReadError> {
        let found = self.client.describe_certificate().certificate_arn(arn.as_str()).send().await;
        holding("certificate", outcome(found, &ABSENT, |answer| answer.certificate.map(certificate)))
    }

    pub(crate) async fn chain(&self, arn: &Arn) -> Result<Option<Vec<X509>>, ReadError> {
        let found = self.client.get_certificate().certificate_arn(arn.as_str()).send().await;
        let pem = outcome(found, &ABSENT, |answer| {
            Some(answer.certificate? + "\n" + &answer.certificate_chain.unwrap_or_default())
        });
        match holding("certificate", pem)? {
            // Nothing is kept of it yet.
            Some(pem) if pem.trim().is_empty() => Ok(Some(Vec::new())),
            pem => pem.map(|pem| x509::chain(&pem)).transpose(),
        }
    }
}

fn certificate(wire: CertificateDetail) -> AcmCertificate {
    let renewal = wire.renewal_summary;
    let mut names = wire.subject_alternative_names.unwrap_or_default();
    if let (Some(domain), true) = (wire.domain_name, names.is_empty()) {
        names.push(domain);
    }
    AcmCertificate {
        kind: wire.r#type.map_or_else(String::new, |kind| kind.as_str().to_owned()),
        status: wire.status.map_or_else(String::new, |status| status.as_str().to_owned()),
        names,
        issuer: wire.issuer,
        not_before: wire.not_before.and_then(time),
        not_after: wire.not_after.and_then(time),
        renewal: renewal.as_ref().map(|renewal| renewal.renewal_status.as_str().to_owned()),
        renewal_reason: renewal.and_then(|renewal| Some(renewal.renewal_status_reason?.as_str().to_owned())),
    }
}

fn time(at: DateTime) -> Option<Timestamp> {
    Timestamp::from_second(at.secs()).ok()
}

#[cfg(test)]
mod tests {
    use aws_sdk_acm::types::{CertificateType, FailureReason, RenewalStatus, RenewalSummary};

    use super::*;

    #[test]
    fn a_description_keeps_what_checks_read() {
        let renewal = RenewalSummary::builder()
            .renewal_status(RenewalStatus::Failed)
            .renewal_status_reason(FailureReason::CaaError)
            .set_domain_validation_options(Some(Vec::new()))
            .updated_at(DateTime::from_secs(0))
            .build()
            .unwrap();
        let detail = CertificateDetail::builder()
            .domain_name("orders.example.com")
            .r#type(CertificateType::AmazonIssued)
            .not_after(DateTime::from_secs(1_795_356_202))
            .renewal_summary(renewal)
            .build();
        let read = certificate(detail);
        assert_eq!(read.names, ["orders.example.com"]);
        assert_eq!((read.kind.as_str(), read.status.as_str()), ("AMAZON_ISSUED", ""));
        assert_eq!(
            (read.renewal.as_deref(), read.renewal_reason.as_deref()),
            (Some("FAILED"), Some("CAA_ERROR"))
        );
        assert_eq!((read.not_before, read.not_after.is_some()), (None, true));
    }
}
