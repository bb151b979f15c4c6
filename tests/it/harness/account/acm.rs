//! Certificate Manager.

use serde_json::{Value, json};

use super::Account;
use crate::harness::call::Call;
use crate::harness::wire::Reply;

/// A certificate.
#[derive(Clone, Debug, Default)]
pub struct Certificate {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub domain_name: String,
    /// All its names, the first one included.
    pub alternative_names: Vec<String>,
    /// `ISSUED`, `EXPIRED`, …
    pub status: String,
    /// `AMAZON_ISSUED`, `IMPORTED`, `PRIVATE`.
    pub kind: String,
    /// From when it is valid, in epoch seconds.
    pub not_before: i64,
    /// Until when, in epoch seconds.
    pub not_after: i64,
    /// The state of the managed renewal, where one is going on.
    pub renewal_status: Option<String>,
    /// The certificate and those above it, as PEM.
    pub pem: String,
}

pub(crate) fn answer(account: &Account, call: &Call) -> Option<Reply> {
    let arn = call.text("CertificateArn");
    ["DescribeCertificate", "GetCertificate"].contains(&call.operation.as_str()).then(|| {
        if !arn.starts_with("arn:aws:acm:") {
            return Reply::error(400, "InvalidArnException", format!("{arn} is not a valid certificate ARN"));
        }
        match account.certificates.iter().find(|certificate| certificate.arn == arn) {
            Some(certificate) if call.operation == "GetCertificate" => Reply::Answer(certificate.issued()),
            Some(certificate) => Reply::Answer(json!({ "Certificate": certificate.described() })),
            None => {
                Reply::error(400, "ResourceNotFoundException", format!("Could not find certificate {arn}."))
            }
        }
    })
}

impl Certificate {
    /// The certificate by itself, then those above it.
    fn issued(&self) -> Value {
        const END: &str = "-----END CERTIFICATE-----\n";
        let (leaf, above) = self.pem.split_once(END).unwrap_or((&self.pem, ""));
        let chain = Some(above).filter(|above| !above.is_empty());
        json!({ "Certificate": format!("{leaf}{END}"), "CertificateChain": chain })
    }

    fn described(&self) -> Value {
        let mut value = json!({
            "CertificateArn": self.arn,
            "DomainName": self.domain_name,
            "SubjectAlternativeNames": self.alternative_names,
            "Subject": format!("CN={}", self.domain_name),
            "Issuer": "Amazon",
            "Status": self.status,
            "Type": self.kind,
            "NotBefore": self.not_before,
            "NotAfter": self.not_after,
            "KeyAlgorithm": "RSA-2048",
            "RenewalEligibility": if self.kind == "AMAZON_ISSUED" { "ELIGIBLE" } else { "INELIGIBLE" },
        });
        if let Some(status) = &self.renewal_status {
            value["RenewalSummary"] = json!({ "RenewalStatus": status, "UpdatedAt": self.not_before });
        }
        value
    }
}
